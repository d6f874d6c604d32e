# SPDX-License-Identifier: GPL-2.0-only
"""Run the proof of C that is likely to be wrong: in a process of its own, up to the first failure.

What is wrong may make it crash, or go on for ever.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from generator.checks.proof.cases import Case
from generator.checks.proof.run import ProofRequest, first_failure
from generator.errors import InfraError, UprobekitError


def failure_in_child(
    sources: Mapping[str, str],
    place: Path,
    cases: Sequence[Case],
    *,
    seed: int = 1,
    limit: float = 120.0,
) -> str:
    """Return the first thing that is wrong, "" when nothing is.

    Args:
        sources: what ``build.load_decoder()`` returns, and the text of the files in
            ``build.FROM_TIP``.
        place: a directory of our own.
        cases: what is tried, see ``make_cases``.
        seed: chooses the states.
        limit: seconds; a proof that has no end by then is wrong.

    Raises:
        InfraError: a tool is missing.
    """
    # a fresh interpreter: the emulator has threads, and so has this process
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_prove, args=(dict(sources), place, tuple(cases), seed, theirs))
    child.start()
    theirs.close()
    try:
        if not ours.poll(limit):
            return f"no end after {limit:.0f} s"
        answer, fine = ours.recv()
    except EOFError:
        return "the proof has crashed"
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid or 0, signal.SIGKILL)
        child.kill()
        child.join()
        ours.close()
    if not fine:
        raise InfraError(str(answer))
    return str(answer)


def _prove(
    sources: dict[str, str], place: Path, cases: Sequence[Case], seed: int, pipe: Connection
) -> None:
    """Run the proof and send what it says, and whether it could be run."""
    os.setsid()
    proof = ProofRequest(
        load=sources.__getitem__, tip=sources, place=place, cases=len(cases), seed=seed
    )
    try:
        pipe.send((first_failure(proof, cases), True))
    except UprobekitError as error:
        pipe.send((str(error), False))
