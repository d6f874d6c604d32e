# SPDX-License-Identifier: GPL-2.0-only
"""Show a fault to the levels of the proof that need no kernel: which of them notice it?

The levels, from cheap to dear: the compiler (W=1, the kernel's own command line), libclang against
the model, the tables read by pycparser, the points of the review, the machine of a task's states
held against the C, the execution in an emulator, and that of the core in every order of a few
threads.
That the patches are not what the model renders (drift) would be noticed of every fault; it is not
asked, a fault in a template or in the model has it as well.

A fault after which the objects are the same bytes is none: the compiler says that both mean the
same.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from generator.checks.interface.ast import Check, ParseError, Unit, parse
from generator.checks.interface.declarations import check_units
from generator.checks.interface.tables import check_tables
from generator.checks.mutation.fault import AnyFault
from generator.checks.proof.build import FROM_TIP, load_decoder
from generator.checks.proof.cases import Case
from generator.checks.proof.child import failure_in_child
from generator.checks.review.run import check_review
from generator.checks.schedules.run import explore_schedules
from generator.checks.states.correspond import check_correspondence
from generator.errors import CheckFailed, InfraError
from generator.kbuild.objects import Compiled, compile_object, depends_on
from generator.model.files import ARCH, CORE, CORE_H
from generator.plan import Plan

COMPILE, INTERFACE, TABLES, REVIEW = "compile", "interface", "tables", "review"
STATES, PROOF, SCHEDULES = "states", "proof", "schedules"
BY_TEXT = frozenset((REVIEW, STATES))
"""They only read: C that says the same in another place passes. Alone they do not count."""
LEVELS = (COMPILE, INTERFACE, TABLES, REVIEW, STATES, PROOF, SCHEDULES)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the levels say about a fault.

    Attributes:
        fault: the fault.
        caught: what each level that noticed it says.
        same: it is none, the objects are the same.
    """

    fault: AnyFault
    caught: Mapping[str, str] = field(default_factory=dict)
    same: bool = False


@dataclass(frozen=True, kw_only=True)
class JudgeRequest:
    """What the faults are put into.

    Attributes:
        plan: the series for its base.
        tree, build_dir: source and build directory of the tip.
        load: returns the text of a file of the unmodified tree.
        tip: the files that the series touches, after its last patch.
        patches: the mail form, by file name.
        place: a directory of our own.
        cases: instructions that the proof tries.
        seed: of the proof.
        limit: seconds for the proof of one fault.
        jobs: faults at a time.
    """

    plan: Plan
    tree: Path
    build_dir: Path
    load: Callable[[str], str]
    tip: Mapping[str, str]
    patches: Mapping[str, bytes]
    place: Path
    cases: Sequence[Case]
    seed: int = 1
    limit: float = 120.0
    jobs: int = 2


def judge_faults(
    request: JudgeRequest, faults: Sequence[AnyFault], tell: Callable[[Judged], None]
) -> tuple[Judged, ...]:
    """Show each fault to all levels; ``tell`` gets each verdict when it is there.

    Raises:
        InfraError: a tool is missing, or a level finds something without any fault.
    """
    judge = _Judge(request, faults)
    judge.check_tip()

    def one(fault: AnyFault) -> Judged:
        verdict = judge.judge(fault)
        tell(verdict)
        return verdict

    with ThreadPoolExecutor(request.jobs) as pool:
        return tuple(pool.map(one, faults))


class _Judge:
    """The levels, and what they say about the tip as it is."""

    def __init__(self, request: JudgeRequest, faults: Sequence[AnyFault]) -> None:
        self._request = request
        hooks = {hook.path for hook in request.plan.base.hooks}
        changed = {path for fault in faults for path in fault.paths if path.endswith(".c")}
        self._sources = sorted({CORE, ARCH, *hooks, *changed})
        self._units: dict[str, Unit] = {}
        self._plain: dict[str, Compiled] = {}

    def check_tip(self) -> None:
        """Look at the tip without a fault: nothing may be found."""
        request = self._request
        place = request.place / "tip"
        for source in self._sources:
            self._units[source] = parse(request.tree, request.build_dir, source, request.tip)
            self._plain[source] = self._compile(source, request.tip, place)
        found = [
            *(f"{path} does not compile" for path, made in self._plain.items() if not made.object),
            self._interface(self._units),
            self._tables(request.tip),
            self._review(request.tip),
            self._states(request.tip),
            self._proof(request.tip, place),
            self._schedules(request.tip, place),
        ]
        wrong = [text for text in found if text]
        if wrong:
            raise InfraError(f"without any fault: {wrong[0]}", hint="run: uprobekit verify")

    def judge(self, fault: AnyFault) -> Judged:
        """Show a fault to the levels."""
        request = self._request
        place = request.place / fault.ident
        tip = {**request.tip, **fault.changed(request.tip)}
        try:
            made = {source: self._compile(source, tip, place) for source in self._seeing(fault)}
            said = self._compared(made)
            if not said and all(self._plain[s].object == made[s].object for s in made):
                return Judged(fault=fault, same=True)
            caught = {COMPILE: said} if said else {}
            caught |= self._look(fault, tip, tuple(made), parses=not _failed(made))
            if not _failed(made) and set(fault.paths) & set(FROM_TIP):
                caught[PROOF] = self._proof(tip, place)
            if not _failed(made) and set(fault.paths) & {CORE, CORE_H}:
                caught[SCHEDULES] = self._schedules(tip, place)
            return Judged(
                fault=fault, caught={level: text for level, text in caught.items() if text}
            )
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _seeing(self, fault: AnyFault) -> list[str]:
        """Return the sources whose objects a fault can change."""
        build_dir = self._request.build_dir
        return [
            source
            for source in self._sources
            if any(
                path == source or (path.endswith(".h") and depends_on(build_dir, source, path))
                for path in fault.paths
            )
        ]

    def _compile(self, source: str, tip: Mapping[str, str], place: Path) -> Compiled:
        request = self._request
        return compile_object(request.tree, request.build_dir, source, tip, place)

    def _compared(self, made: Mapping[str, Compiled]) -> str:
        """Return the first message that the tip does not have, lines left aside."""
        for source, compiled in made.items():
            known = {words for _, words in self._plain[source].messages}
            for line, words in compiled.messages:
                if words not in known:
                    return f"{source}:{line}: {words}"
        return ""

    def _look(
        self, fault: AnyFault, tip: Mapping[str, str], sources: tuple[str, ...], *, parses: bool
    ) -> dict[str, str]:
        """Return what the levels say that only read."""
        found = {TABLES: self._tables(tip), REVIEW: self._review(tip), STATES: self._states(tip)}
        if parses:
            found[INTERFACE] = self._parsed(tip, sources)
        return found

    def _parsed(self, tip: Mapping[str, str], sources: tuple[str, ...]) -> str:
        """Return what libclang says that reads the sources anew."""
        request = self._request
        try:
            changed = {s: parse(request.tree, request.build_dir, s, tip) for s in sources}
        except ParseError as error:
            return error.what
        return self._interface({**self._units, **changed})

    def _interface(self, units: Mapping[str, Unit]) -> str:
        return _first(check_units(self._request.plan, self._request.tree, units))

    def _tables(self, tip: Mapping[str, str]) -> str:
        return _first(check_tables(self._request.plan.tip, tip))

    def _review(self, tip: Mapping[str, str]) -> str:
        points = check_review(self._request.plan, tip, self._request.patches)
        return next((f"{p.rule.ident}: {p.problems[0]}" for p in points if p.problems), "")

    def _states(self, tip: Mapping[str, str]) -> str:
        checks = check_correspondence(self._request.plan, tip)
        return next((f"{d.place}: {d.what}" for c in checks for d in c.differences), "")

    def _proof(self, tip: Mapping[str, str], place: Path) -> str:
        request = self._request
        sources = {path: tip[path] for path in FROM_TIP}
        sources |= load_decoder(request.load)
        return failure_in_child(
            sources, place / "proof", request.cases, seed=request.seed, limit=request.limit
        )

    def _schedules(self, tip: Mapping[str, str], place: Path) -> str:
        try:
            found = explore_schedules(tip, place / "schedules", limit=self._request.limit)
        except CheckFailed:
            # it asks for more of a kernel than the shim has: nothing has been executed
            return ""
        return found.problem


def _first(checks: Iterable[Check]) -> str:
    """Return the first difference of checks, with its place, or ""."""
    return next((f"{d.place}: {d.what}" for c in checks for d in c.differences), "")


def _failed(made: Mapping[str, Compiled]) -> bool:
    return any(not compiled.object for compiled in made.values())
