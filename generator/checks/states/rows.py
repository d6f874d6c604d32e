# SPDX-License-Identifier: GPL-2.0-only
"""What exploring the states has found, as rows for JSON and for the report."""

from __future__ import annotations

from dataclasses import dataclass

from generator.checks.interface.ast import Check
from generator.checks.states.run import GuardResult, StatesResult, describe, guard_mark
from generator.model.bases import Base


@dataclass(frozen=True, kw_only=True)
class WorldRow:
    """A world with all guards.

    Attributes:
        world, meaning: its name and what it has.
        states, steps: how many there are.
        seconds: how long the search took.
        broken: the property that does not hold, "" when all do.
    """

    world: str
    meaning: str
    states: int
    steps: int
    seconds: float
    broken: str


@dataclass(frozen=True, kw_only=True)
class GuardRow:
    """A world without a guard.

    Attributes:
        guard, function, text: its name, the function in C, the line of C.
        instead: what stands in its place, "" for nothing.
        review: the point of the review, if one is about it.
        world: where it was left out.
        breaks, found: the property that must break, and the one that does.
        states: how many were looked at.
        trace: how to get there, a line a step.
    """

    guard: str
    function: str
    text: str
    instead: str
    review: str
    world: str
    breaks: str
    found: str
    states: int
    trace: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StatesRows:
    """Everything that ``uprobekit states`` finds for a base; no problem is good."""

    base: str
    checks: tuple[Check, ...]
    worlds: tuple[WorldRow, ...]
    guards: tuple[GuardRow, ...]
    problems: tuple[str, ...]


def make_rows(base: Base, result: StatesResult) -> StatesRows:
    """Return what was found as rows."""
    worlds = tuple(
        WorldRow(
            world=world.world.name,
            meaning=world.world.meaning,
            states=world.found.states,
            steps=world.found.moves,
            seconds=round(world.found.seconds, 3),
            broken=world.found.broken,
        )
        for world in result.worlds
    )
    return StatesRows(
        base=base.name,
        checks=result.checks,
        worlds=worlds,
        guards=tuple(make_guard_row(base, guard) for guard in result.guards),
        problems=result.problems,
    )


def make_guard_row(base: Base, result: GuardResult) -> GuardRow:
    """Return what happens without one guard."""
    guard = result.guard
    mark = guard_mark(base, guard)
    return GuardRow(
        guard=guard.name,
        function=mark.function,
        text=mark.text,
        instead=guard.instead,
        review=guard.review,
        world=guard.world,
        breaks=guard.breaks,
        found=result.found.broken,
        states=result.found.states,
        trace=tuple(describe(base, result.found)),
    )
