# SPDX-License-Identifier: GPL-2.0-only
"""Prove the tip of a series: compile, make the cases, compare them in two processes, count."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from generator.checks.proof.build import ProofBuild, build_proof
from generator.checks.proof.cases import Case, make_cases
from generator.checks.proof.compare import Prover
from generator.checks.proof.families import families
from generator.checks.proof.library import INSN_BYTES, Library
from generator.checks.proof.returns import check_returns
from generator.checks.proof.sanitize import analyze_checked, bad_inputs
from generator.checks.proof.summary import Summary, stepped_forms, summarize
from generator.checks.proof.verdict import Outcome, Result
from generator.errors import CheckFailed, InfraError
from generator.model.opcodes import OPCODES
from generator.workers import die_with_parent

EVERYDAY = 20_000

_CHUNK = 500

# a crash of the emulator takes the process along: a file says at which case
_CURRENT = "current-"


@dataclass(frozen=True, kw_only=True)
class ProofRequest:
    """What is to be proved.

    Attributes:
        load: returns the text of a file of the unmodified tree.
        tip: the files that the series touches, after its last patch.
        place: a directory of our own for what is compiled.
        cases: how many instructions are tried, see ``make_cases``.
        seed: chooses encodings and states.
        jobs: processes, 0 for one a core.
    """

    load: Callable[[str], str]
    tip: Mapping[str, str]
    place: Path
    cases: int = EVERYDAY
    seed: int = 1
    jobs: int = 0


@dataclass(frozen=True, kw_only=True)
class ProofResult:
    """The figures, and how many inputs the analysis with sanitizers has had."""

    summary: Summary
    checked_inputs: int


def prove_series(request: ProofRequest) -> ProofResult:
    """Run the proof; a case that is unequal is in the result and no error.

    Raises:
        CheckFailed: the C does not compile, a sanitizer reports something, or a return probe takes
            the return address from another place.
        InfraError: a tool is missing, or the emulator has crashed.
    """
    made = build_proof(request.load, request.tip, request.place)
    listed = families(OPCODES)
    cases = make_cases(OPCODES, wanted=request.cases, seed=request.seed)
    checked = _check_inputs(made.library, made.filter, cases, request)
    results = _compare(made, cases, request)
    wrong = check_returns(Library(made.library))
    if wrong:
        raise CheckFailed("a return probe is not as it should be: " + "; ".join(wrong))
    return ProofResult(summary=summarize(results, listed), checked_inputs=checked)


def first_failure(request: ProofRequest, cases: Sequence[Case]) -> str:
    """Run the proof in this process up to the first thing that is wrong, for a broken tip.

    Args:
        request: what is to be proved; ``cases`` and ``jobs`` of it are not used.
        cases: what is tried, see ``make_cases``.

    Returns:
        What is wrong, "" when nothing is.

    Raises:
        InfraError: a tool is missing.
    """
    try:
        made = build_proof(request.load, request.tip, request.place, checked=False)
        found = _first_unequal(made, request, cases)
        if not found:
            # to compile for the sanitizers takes longer than to look at most cases
            made = build_proof(request.load, request.tip, request.place)
            _check_inputs(made.library, made.filter, cases, request)
    except CheckFailed as error:
        return error.what
    return found


def _first_unequal(made: ProofBuild, request: ProofRequest, cases: Sequence[Case]) -> str:
    """Return the first case that is not as without a probe."""
    library = Library(made.library)
    prover = Prover(library, made.native, seed=request.seed)
    results = []
    for case in cases:
        result = prover.prove(case)
        results.append(result)
        if result.outcome == Outcome.UNEQUAL:
            what = result.reason or ", ".join(result.differences)
            return f"{case.code.hex(' ')} ({case.bits}-bit) {result.text}: {what}"
    stepped = stepped_forms(results, families(OPCODES))
    if stepped:
        return f"nothing is emulated any more of: {stepped[0]}"
    return next(iter(check_returns(library)), "")


def _check_inputs(
    library: Path, program: Path, cases: Sequence[Case], request: ProofRequest
) -> int:
    """Have all cases, and as many strings of bad input, analysed with sanitizers."""
    inputs = [(case.bits, case.code[:INSN_BYTES].ljust(INSN_BYTES, b"\xcc")) for case in cases]
    inputs += bad_inputs(number=request.cases, seed=request.seed)
    plain = Library(library)
    answers = analyze_checked(program, inputs)
    for (bits, code), answer in zip(inputs, answers, strict=True):
        if plain.analyze(code, bits=bits).ret != answer:
            raise CheckFailed(
                "the analysis depends on how it is compiled", where=f"{bits}-bit {code.hex(' ')}"
            )
    return len(inputs)


def _compare(made: ProofBuild, cases: Sequence[Case], request: ProofRequest) -> list[Result]:
    """Compare the cases in processes of their own, in order."""
    jobs = request.jobs or len(os.sched_getaffinity(0))
    chunks = [cases[start : start + _CHUNK] for start in range(0, len(cases), _CHUNK)]
    # a fresh interpreter each: the emulator has threads
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(
            jobs,
            mp_context=context,
            initializer=_start,
            initargs=(made, request.seed, request.place, os.getpid()),
        ) as pool:
            return list(chain.from_iterable(pool.map(_prove, chunks)))
    except BrokenProcessPool as error:
        last = [path.read_text().strip() for path in sorted(request.place.glob(_CURRENT + "*"))]
        raise InfraError(
            "the emulator has crashed", where=" or ".join(last), hint="it belongs into known.py"
        ) from error
    finally:
        for path in request.place.glob(_CURRENT + "*"):
            path.unlink(missing_ok=True)


_prover: Prover
_current: int


def _start(made: ProofBuild, seed: int, place: Path, parent: int) -> None:
    """Make the prover of this process, and the file that says what it is at."""
    global _prover, _current
    die_with_parent(parent)
    _prover = Prover(Library(made.library), made.native, seed=seed)
    _current = os.open(place / f"{_CURRENT}{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)


def _prove(cases: Sequence[Case]) -> list[Result]:
    results = []
    for case in cases:
        os.pwrite(_current, f"{case.bits}-bit {case.code.hex(' ')}".ljust(60).encode(), 0)
        results.append(_prover.prove(case))
    return results
