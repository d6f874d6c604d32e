# SPDX-License-Identifier: GPL-2.0-only
"""Hold the machine against the rendered C: every step is there, and nothing beside them.

Three ways: each step and guard has its mark in the templates, and the statement of each mark stands
in the tip, as often as in its template; each transition of ``model.states`` sets its target in its
function; and every place of the C that could change what the machine follows belongs to a step, or
is left out with a reason. Reads the text of the tip, needs no build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from generator import csource
from generator.checks.interface.ast import Check, Difference
from generator.checks.marks import Mark, find_marks, span_in
from generator.model.files import CORE
from generator.model.guards import GUARDS, Guard
from generator.model.interface import INTERFACE
from generator.model.states import TRANSITIONS
from generator.model.steps import LEFT_OUT, OUR_STEPS, SENSITIVE, LeftOut, Step
from generator.plan import Plan
from generator.tree.brought import brought_functions

_PATCHES = frozenset({"utask", "xol", "hit", "skip-nop", "return", "rseq"})
_SENSITIVE = re.compile("|".join(SENSITIVE))
_STATE = next(
    member.name
    for struct in INTERFACE.structs
    for member in struct.members
    if member.type == "enum uprobe_task_state"
)
"""The member that has the state of a task."""


def check_correspondence(plan: Plan, tip: Mapping[str, str]) -> tuple[Check, ...]:
    """Compare the machine with the C of a base.

    Args:
        plan: the series for its base.
        tip: the files that the series touches, after its last patch.
    """
    look = _Look(plan, tip)
    return (
        look.check("steps of the machine, in the C", {"step": OUR_STEPS, "aside": LEFT_OUT}),
        look.check("guards of the machine, in the C", {"guard": GUARDS}),
        look.transitions(),
        look.unclaimed(),
    )


def _words(mark: Mark, name: str) -> list[int]:
    """Return where an identifier stands in the text of a mark."""
    return list(csource.words(mark.text, name))


class _Look:
    """The C, and the functions that were found in it."""

    def __init__(self, plan: Plan, tip: Mapping[str, str]) -> None:
        self._base = plan.base
        self._brought = brought_functions(plan)
        self._tip = tip
        self._claimed: dict[str, list[csource.Span]] = {}

    def check(self, what: str, known: Mapping[str, Sequence[Step | LeftOut | Guard]]) -> Check:
        """Find the statement of each mark, and a mark for each entry of the model, by kind."""
        count, found = 0, []
        for kind, entries in known.items():
            items = {item.name: item for item in entries if item.on(self._base.has)}
            marks = [mark for mark in find_marks(self._base.name) if mark.kind == kind]
            count += len(marks)
            for mark in marks:
                found += list(self._find(mark, items.get(mark.name)))
            for name in sorted(items.keys() - {mark.name for mark in marks}):
                found.append(Difference(place="templates", what=f"{kind} {name}: has no mark"))
        return Check(what=what, checked=count, differences=tuple(found))

    def _find(self, mark: Mark, item: Step | LeftOut | Guard | None) -> Iterator[Difference]:
        label = f"{mark.kind} {mark.name}"
        if item is None:
            yield Difference(place=mark.path, what=f"{label}: the model does not know it")
            return
        if isinstance(item, Guard) and item.part and len(_words(mark, item.part)) != 1:
            yield Difference(
                place=mark.path, what=f"{label}: '{item.part}' is not once in: {mark.text}"
            )
        span = span_in(self._tip, mark)
        if isinstance(span, str):
            yield Difference(place=self._place(mark), what=f"{label}: {span}")
        else:
            self._claimed.setdefault(mark.path, []).append(span)

    def _place(self, mark: Mark) -> str:
        """Return file and line of the function that a mark is in, the file where it is not."""
        text = self._tip.get(mark.path, "")
        function = csource.find_function(text, mark.function)
        if function is None:
            return mark.path
        return f"{mark.path}:{csource.line_of(text, function.head.start)}"

    def transitions(self) -> Check:
        """Find where each transition sets its target, and nothing else that sets a state."""
        text = self._tip[CORE]
        found = []
        for move in TRANSITIONS:
            name = self._base.name_of(move.function)
            function = csource.find_function(text, name)
            wanted = f"->{_STATE} = {move.target};"
            if function is None or not any(csource.match_tokens(text, function.body, wanted)):
                found.append(Difference(place=CORE, what=f"{name}() does not set {move.target}"))
        return Check(
            what="transitions of the model, in the C",
            checked=len(TRANSITIONS),
            differences=tuple(found),
        )

    def unclaimed(self) -> Check:
        """Find what has an effect on the machine and belongs to no step."""
        text = self._tip[CORE]
        masked = csource.code(text)
        claimed = self._claimed.get(CORE, [])
        count, found = 0, []
        for name, span in self._functions(text):
            for match in _SENSITIVE.finditer(masked, span.start, span.end):
                count += 1
                if not any(c.start <= match.start() < c.end for c in claimed):
                    line = csource.line_of(text, match.start())
                    said = text.splitlines()[line - 1].strip()
                    found.append(
                        Difference(
                            place=f"{CORE}:{line}", what=f"{name}(): no step does this: {said}"
                        )
                    )
        return Check(
            what="places of the C that belong to a step",
            checked=count,
            differences=tuple(found),
        )

    def _functions(self, text: str) -> Iterator[tuple[str, csource.Span]]:
        """Yield the functions of the core that handle a hit, as the series brings them."""
        for name, brought in self._brought.items():
            found = csource.find_function(text, name)
            if found is not None and brought.patch in _PATCHES:
                yield name, found.body
