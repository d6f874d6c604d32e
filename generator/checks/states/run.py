# SPDX-License-Identifier: GPL-2.0-only
"""Judge the state machine of a base: every world, every guard, the model, and the C.

The worlds as they are must keep every property. Without any one guard the property that the model
names must break: a guard whose loss nobody notices is none, or the search is blind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from generator.checks.interface.ast import Check
from generator.checks.marks import Mark, find_marks
from generator.checks.states.correspond import check_correspondence
from generator.checks.states.moves import Machine
from generator.checks.states.search import Exploration, explore
from generator.checks.states.state import LARGE_WORLDS, SIGNAL_NAMES, WORLDS, Task, World
from generator.errors import UserError
from generator.model.bases import Base
from generator.model.guards import GUARDS, PROPERTIES, Guard
from generator.model.states import OUTSIDE_TRANSITIONS, TRANSITIONS
from generator.model.steps import BROKEN_STEPS, STEPS
from generator.plan import Plan

_SAYS = {step.name: step.says for step in (*STEPS, *BROKEN_STEPS)}
_MEANINGS = {found.name: found.meaning for found in PROPERTIES}
_TASKS = "ABCDEFGH-"  # the last one, -1: somebody else
RCU = "uprobe_rcu"


@dataclass(frozen=True, kw_only=True)
class WorldResult:
    """A world with all guards: what the search found."""

    world: World
    found: Exploration


@dataclass(frozen=True, kw_only=True)
class GuardResult:
    """A world without a guard: what the search found."""

    guard: Guard
    found: Exploration

    @property
    def noticed(self) -> bool:
        """Tell whether the property breaks that the model names."""
        return self.found.broken == self.guard.breaks


@dataclass(frozen=True, kw_only=True)
class StatesResult:
    """Everything: worlds, guards, the comparison with the C, and what is not as it should be."""

    worlds: tuple[WorldResult, ...]
    guards: tuple[GuardResult, ...]
    checks: tuple[Check, ...]
    problems: tuple[str, ...]


def find_guards(base: Base, names: tuple[str, ...] = ()) -> tuple[Guard, ...]:
    """Return the guards of a base: all, or those that are asked for.

    Raises:
        UserError: there is no such guard.
    """
    there = tuple(guard for guard in GUARDS if guard.on(base.has))
    known = {guard.name for guard in there}
    for name in names:
        if name not in known:
            raise UserError(
                f"the base {base.name} has no guard '{name}'",
                where="--guard",
                hint="known: " + ", ".join(sorted(known)),
            )
    return tuple(guard for guard in there if not names or guard.name in names)


def guard_mark(base: Base, guard: Guard) -> Mark:
    """Return the statement of the C that a guard is, on a base that has it."""
    return next(
        mark for mark in find_marks(base.name) if mark.kind == "guard" and mark.name == guard.name
    )


def check_guards(
    base: Base, guards: tuple[Guard, ...], tell: Callable[[str], None] = lambda text: None
) -> tuple[GuardResult, ...]:
    """Leave each guard out and explore its world."""
    worlds = {world.name: world for world in WORLDS}
    results = []
    for guard in guards:
        tell(f"without {guard.name}")
        machine = Machine(worlds[guard.world], rcu=RCU in base.has, without=frozenset({guard.name}))
        results.append(GuardResult(guard=guard, found=explore(machine)))
    return tuple(results)


def check_worlds(
    base: Base, worlds: tuple[World, ...], tell: Callable[[str], None] = lambda text: None
) -> tuple[WorldResult, ...]:
    """Explore worlds with all guards."""
    results = []
    for world in worlds:
        if world.needs and world.needs not in base.has:
            continue
        tell(f"world {world.name}: {world.meaning}")
        found = explore(Machine(world, rcu=RCU in base.has))
        results.append(WorldResult(world=world, found=found))
    return tuple(results)


def check_states(
    plan: Plan,
    tip: Mapping[str, str],
    tell: Callable[[str], None] = lambda text: None,
    *,
    large: bool = False,
) -> StatesResult:
    """Judge everything for a base.

    Args:
        plan: the series for its base.
        tip: the files that the series touches, after its last patch.
        tell: gets a line about what is looked at next.
        large: explore the large worlds as well.

    Raises:
        InfraError: a world is too large.
    """
    checks = check_correspondence(plan, tip)
    worlds = check_worlds(plan.base, (*WORLDS, *LARGE_WORLDS) if large else WORLDS, tell)
    guards = check_guards(plan.base, find_guards(plan.base), tell)
    return StatesResult(
        worlds=worlds,
        guards=guards,
        checks=checks,
        problems=tuple(_problems(plan.base, worlds, guards, checks)),
    )


def _problems(
    base: Base,
    worlds: tuple[WorldResult, ...],
    guards: tuple[GuardResult, ...],
    checks: tuple[Check, ...],
) -> Iterator[str]:
    for check in checks:
        yield from (f"{difference.place}: {difference.what}" for difference in check.differences)
    for result in worlds:
        if result.found.broken:
            yield "\n    ".join((f"world {result.world.name}:", *describe(base, result.found)))
    for guard in guards:
        if not guard.noticed:
            yield (
                f"without guard {guard.guard.name} '{guard.guard.breaks}' must break, "
                f"found: {guard.found.broken or 'nothing'}"
            )
    if not any(result.found.broken for result in worlds):
        yield from _never_made(base, worlds)
        yield from _other_changes(worlds)


def _never_made(base: Base, worlds: tuple[WorldResult, ...]) -> Iterator[str]:
    """A step that no world makes is not checked; one without a name says nothing."""
    made = frozenset().union(*(result.found.steps for result in worlds))
    there = {step.name for step in STEPS if step.on(base.has)}
    for name in sorted(there - made):
        yield f"step {name}: no world makes it"
    for name in sorted(made - {step.name for step in STEPS}):
        yield f"step {name}: generator/model/steps.py does not know it"


def _other_changes(worlds: tuple[WorldResult, ...]) -> Iterator[str]:
    """What the machine does to the states is what the model says, and the model's is done."""
    done = {(old, new) for result in worlds for old, new, _ in result.found.edges}
    said = {(move.source, move.target) for move in (*TRANSITIONS, *OUTSIDE_TRANSITIONS)}
    for old, new in sorted(done - said):
        yield f"{old} -> {new}: generator/model/states.py has no such transition"
    for old, new in sorted(said - done):
        yield f"{old} -> {new}: no world makes this transition of generator/model/states.py"


def describe(base: Base, found: Exploration) -> list[str]:
    """Return a trace as lines: who does what, in which function, and what is left at the end."""
    alone = not found.trace or len(found.trace[0].state.tasks) == 1
    lines = []
    for number, step in enumerate(found.trace, 1):
        who = "" if alone else f"{_TASKS[step.task]}: "
        lines.append(f"{number:3} {who}{_SAYS[step.name]}{_where(base, step.name)}")
    if found.broken:
        lines.append(f"    broken: {_MEANINGS[found.broken]}")
    for number, task in enumerate(found.trace[-1].state.tasks if found.trace else ()):
        lines.append(f"    {'' if alone else _TASKS[number] + ': '}{_describe_task(task)}")
    if found.circle:
        lines.append(f"    all that is left: {'; '.join(_SAYS[name] for name in found.circle)}")
    elif found.broken in ("exit", "kill"):
        lines.append("    nothing is left that could happen")
    return lines


def _where(base: Base, name: str) -> str:
    """Return the function of a step on a base, in brackets; nothing for what is not ours."""
    there = [m for m in find_marks(base.name) if m.kind == "step" and m.name == name]
    return f"  [{there[-1].function}()]" if there else ""


def _describe_task(task: Task) -> str:
    queue = [name for bit, name in SIGNAL_NAMES.items() if task.queue & bit]
    flags = [
        name
        for name, value in (("TIF_SIGPENDING", task.sigpending), ("TIF_UPROBE", task.uprobe))
        if value
    ]
    return (
        f"at {task.pc}, ip {task.ip}, flags {' '.join(flags) or 'none'}, "
        f"queued {' '.join(queue) or 'nothing'}"
    )
