# SPDX-License-Identifier: GPL-2.0-only
"""Hold the machine against the rendered C: every step is there, and nothing beside them.

Three ways: the tokens of each step and guard stand in their function, as often as it says; each
transition of ``model.states`` sets its target in its function; and every place of the C that could
change what the machine follows belongs to a step, or is left out with a reason. Reads the text of
the tip, needs no build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from generator.checks.interface.ast import Check, Difference
from generator.csource import scan as csource
from generator.model.bases import Base, name_on
from generator.model.guards import GUARDS
from generator.model.interface import INTERFACE
from generator.model.states import TRANSITIONS
from generator.model.steps import LEFT_OUT, SENSITIVE, STEPS, Effect
from generator.plan import Plan
from generator.render.env import Scope, Templates

CORE = "kernel/events/uprobes.c"
_PATCHES = frozenset({"utask", "xol", "hit", "skip-nop", "return", "rseq"})
_SENSITIVE = re.compile("|".join(SENSITIVE))


def check_correspondence(plan: Plan, tip: Mapping[str, str]) -> tuple[Check, ...]:
    """Compare the machine with the C of a base.

    Args:
        plan: the series for its base.
        tip: the files that the series touches, after its last patch.
    """
    look = _Look(plan, tip)
    return (
        look.check("steps of the machine, in the C", _step_effects()),
        look.check("guards of the machine, in the C", _guard_effects()),
        look.transitions(),
        look.unclaimed(),
    )


def applies(base: Base, when: str, unless: str) -> bool:
    """Tell whether something that needs or avoids a property of the base is there."""
    return (not when or when in base.has) and (not unless or unless not in base.has)


def _step_effects() -> Iterator[tuple[str, Effect]]:
    for step in STEPS:
        for effect in step.effects:
            yield f"step {step.name}", effect
    for left in LEFT_OUT:
        yield "left out", left.effect


def _guard_effects() -> Iterator[tuple[str, Effect]]:
    for guard in GUARDS:
        yield (
            f"guard {guard.name}",
            Effect(
                function=guard.function,
                text=guard.text,
                path=guard.path,
                when=guard.when,
                unless=guard.unless,
            ),
        )


class _Look:
    """The C, and the functions that were found in it."""

    def __init__(self, plan: Plan, tip: Mapping[str, str]) -> None:
        self._base = plan.base
        self._tip = tip
        applied = tuple(planned.patch.ident for planned in plan.patches)
        self._templates = Templates(Scope(base=plan.base, patches=applied))
        self._claimed: dict[str, list[csource.Span]] = {}

    def check(self, what: str, wanted: Iterator[tuple[str, Effect]]) -> Check:
        """Find each effect in its function."""
        count, found = 0, []
        for label, effect in wanted:
            if applies(self._base, effect.when, effect.unless):
                count += 1
                found += list(self._find(label, effect))
        return Check(what=what, checked=count, differences=tuple(found))

    def _find(self, label: str, effect: Effect) -> Iterator[Difference]:
        name = self._templates.text(effect.function)
        path = self._templates.text(effect.path)
        text = self._tip.get(path, "")
        function = csource.find_function(text, name)
        if function is None:
            yield Difference(place=path, what=f"{label}: there is no {name}()")
            return
        wanted = self._templates.text(effect.text)
        spans = [span for span, _ in csource.match_tokens(text, function.body, wanted)]
        self._claimed.setdefault(path, []).extend(spans)
        if len(spans) != effect.count:
            line = csource.line_of(text, function.head.start)
            yield Difference(
                place=f"{path}:{line}",
                what=f"{label}: {name}() has {len(spans)} times, the machine {effect.count} "
                f"times: {wanted}",
            )

    def transitions(self) -> Check:
        """Find where each transition sets its target, and nothing else that sets a state."""
        text = self._tip[CORE]
        found = []
        for move in TRANSITIONS:
            name = name_on(self._base, move.function)
            function = csource.find_function(text, name)
            wanted = f"->state = {move.target};"
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
        """Yield the functions of the core that the series brings."""
        for function in INTERFACE.functions:
            if function.patch not in _PATCHES or not self._base.brings(function):
                continue
            name = self._templates.resolved(function).name
            found = csource.find_function(text, name)
            if found is not None:
                yield name, found.body
