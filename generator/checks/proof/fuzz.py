# SPDX-License-Identifier: GPL-2.0-only
"""Fuzz the analysis: libFuzzer, guided by coverage, with sanitizers on (``shim/fuzz.c``).

What libFuzzer finds interesting is kept beside the program: the next run begins with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generator import tools
from generator.checks.proof.cases import Case
from generator.checks.proof.library import INSN_BYTES
from generator.errors import CheckFailed, InfraError
from generator.paths import ensure_dir, write_atomic

_DONE = re.compile(r"^Done (\d+) runs", re.M)
_COVERED = re.compile(r"\bcov: (\d+)")
_FOUND = re.compile(r"(?:ERROR|SUMMARY): (.*)|runtime error: (.*)")

# libFuzzer ends by itself, this is for one that does not
_GRACE = 60


@dataclass(frozen=True, kw_only=True)
class FuzzResult:
    """How many inputs were tried, how many edges of the code they have taken, and in how long."""

    runs: int
    covered: int
    seconds: int
    kept: int


def fuzz_analysis(
    program: Path, seeds: Sequence[Case], *, seconds: int, seed: int, place: Path
) -> FuzzResult:
    """Run the fuzzer.

    Args:
        program: see ``build_fuzzer``.
        seeds: instructions to begin with.
        seconds: how long.
        seed: chooses the inputs.
        place: a directory of our own, for what was interesting and for what crashes.

    Raises:
        CheckFailed: an input is analysed in a way that must not be; says which.
        InfraError: the program cannot be run, or does not end.
    """
    corpus = ensure_dir(place / "corpus")
    for number, case in enumerate(seeds):
        data = bytes([case.bits == 64]) + case.code[:INSN_BYTES]
        write_atomic(corpus / f"seed-{number:05}", data)
    crash = place / "crash-"
    command = [
        *(str(program), str(corpus), f"-max_total_time={seconds}", f"-seed={seed}"),
        *(f"-max_len={INSN_BYTES + 1}", "-print_final_stats=1", f"-artifact_prefix={crash}"),
    ]
    try:
        done = tools.run(command, limit=seconds + _GRACE)
    except InfraError as error:
        raise InfraError(f"the fuzzer: {error.what}", where=str(program)) from error
    if done.returncode:
        raise _failure(done.stderr, place)
    runs = _DONE.search(done.stderr)
    if not runs:
        raise InfraError("the fuzzer says nothing about what it has done", where=str(program))
    covered = _COVERED.findall(done.stderr)
    return FuzzResult(
        runs=int(runs[1]),
        covered=int(covered[-1]) if covered else 0,
        seconds=seconds,
        kept=sum(1 for _ in corpus.iterdir()),
    )


def _failure(said: str, place: Path) -> CheckFailed:
    """Return the error for what the fuzzer has found."""
    match = _FOUND.search(said)
    what = (match[1] or match[2]) if match else said.strip()[-200:]
    inputs = sorted(place.glob("crash-*"), key=lambda path: path.stat().st_mtime)
    if not inputs:
        return CheckFailed(f"the fuzzer has ended: {what}", where=str(place))
    data = inputs[-1].read_bytes()
    mode = 64 if data[:1] and data[0] & 1 else 32
    return CheckFailed(
        f"the analysis must not do this: {what}",
        where=f"{mode}-bit code {data[1:].hex(' ')}",
        hint=f"the input is {inputs[-1]}",
    )
