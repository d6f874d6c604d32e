# SPDX-License-Identifier: GPL-2.0-only
"""Explore a world whole, and look for a state in which a property does not hold.

Breadth first: what is found first is reached in the fewest steps, so a trace has no detours. What
must never be is looked for in each state; that a state has an exit, and that SIGKILL ends a task,
is looked for backwards, from the states that are good, when all are known.
"""

from __future__ import annotations

import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from generator.checks.states.moves import Machine
from generator.checks.states.state import (
    BREAKPOINT,
    COPY,
    GONE,
    KILL,
    NEXT,
    NONE,
    State,
    Task,
    initial_state,
)
from generator.errors import InfraError
from generator.model.states import DEAD, HIT, INITIAL

LIMIT = 4_000_000
"""States of one world; more would not fit into memory."""

# steps that nobody has to make: a state must have an exit without them
_OPTIONAL = frozenset(
    {
        *("send", "send-kill", "wake-up", "oops", "again", "call-exit", "call-exec", "return"),
        *("fork", "fork-returns", "clone-thread", "breakpoint"),
    }
)
# what a task that gets SIGKILL cannot wait for
_HELP = frozenset({"memory-comes"})


@dataclass(frozen=True, kw_only=True)
class TraceStep:
    """A step of a trace: its name, the task (-1: somebody else), and the state behind it."""

    name: str
    task: int
    state: State


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """What a search has found.

    Attributes:
        states, moves: how many.
        seconds: how long.
        steps: the names of all steps that were made.
        edges: state of a task before and after, and the step, wherever one changed.
        broken: the property that does not hold, "" when all do.
        trace: how to get there.
        circle: for a state without an exit: the steps that are all that is left.
    """

    states: int
    moves: int
    seconds: float
    steps: frozenset[str]
    edges: frozenset[tuple[str, str, str]]
    broken: str = ""
    trace: tuple[TraceStep, ...] = ()
    circle: tuple[str, ...] = ()


def explore(machine: Machine, *, limit: int = LIMIT) -> Exploration:
    """Explore the world of ``machine``, up to the first state that breaks a property.

    Raises:
        InfraError: the world has more than ``limit`` states.
    """
    return _Search(machine, limit).run()


class _Search:
    def __init__(self, machine: Machine, limit: int) -> None:
        self._machine = machine
        self._limit = limit
        self._known: dict[State, int] = {}
        self._states: list[State] = []
        self._parents = array("l")
        self._names: list[tuple[str, int]] = []
        self._sources = array("l")
        self._targets = array("l")
        self._helped = array("b")
        self._steps: set[str] = set()
        self._edges: set[tuple[str, str, str]] = set()
        self._moves = 0
        self._started = time.monotonic()

    def run(self) -> Exploration:
        start = initial_state(self._machine.world)
        self._add(start, NONE, ("", NONE))
        todo = deque([0])
        while todo:
            index = todo.popleft()
            for name, task, state in self._machine.moves(self._states[index]):
                self._moves += 1
                self._steps.add(name)
                new = self._known.get(state)
                if new is None:
                    new = self._add(state, index, (name, task))
                    broken = state.broken or first_broken(state)
                    if broken:
                        return self._result(broken, new)
                    todo.append(new)
                self._note_edge(self._states[index], state, name, task)
                if name not in _OPTIONAL:
                    self._sources.append(index)
                    self._targets.append(new)
                    self._helped.append(name in _HELP)
        return self._stuck() or self._result("", NONE)

    def _add(self, state: State, parent: int, step: tuple[str, int]) -> int:
        index = len(self._states)
        if index >= self._limit:
            raise InfraError(
                f"the world has more than {self._limit} states",
                where=f"world {self._machine.world.name}",
                hint="make it smaller in generator/checks/states/state.py",
            )
        self._known[state] = index
        self._states.append(state)
        self._parents.append(parent)
        self._names.append(step)
        return index

    def _note_edge(self, before: State, after: State, name: str, task: int) -> None:
        if task != NONE:
            old, new = place_of(before, task), place_of(after, task)
            if old != new:
                self._edges.add((old, new, name))

    def _stuck(self) -> Exploration | None:
        """Look for states without an exit, and for tasks that SIGKILL does not end."""
        backwards = self._backwards(lambda helped: True)
        bad = self._not_reaching(backwards, _at_rest, lambda state: True)
        if bad is not None:
            return self._result("exit", bad, self._circle(bad, _OPTIONAL))
        backwards = self._backwards(lambda helped: not helped)
        for number in range(len(self._states[0].tasks)):
            bad = self._not_reaching(backwards, partial(_is_dead, number), partial(_killed, number))
            if bad is not None:
                return self._result("kill", bad, self._circle(bad, _OPTIONAL | _HELP))
        return None

    def _circle(self, index: int, without: frozenset[str]) -> tuple[str, ...]:
        """Name the steps that can be made from a state on, in the order they are found."""
        seen, todo, names = {index}, deque([index]), dict[str, None]()
        while todo:
            for name, _, state in self._machine.moves(self._states[todo.popleft()]):
                if name not in without:
                    names[name] = None
                    new = self._known[state]
                    if new not in seen:
                        seen.add(new)
                        todo.append(new)
        return tuple(names)

    def _backwards(self, wanted: Callable[[int], bool]) -> tuple[array[int], array[int]]:
        """Return the edges by their target: where those of a state begin, and their sources."""
        count = len(self._states)
        begins = array("l", bytes(array("l").itemsize * (count + 1)))
        for target, helped in zip(self._targets, self._helped, strict=True):
            if wanted(helped):
                begins[target + 1] += 1
        for index in range(count):
            begins[index + 1] += begins[index]
        place = array("l", begins)
        sources = array("l", bytes(array("l").itemsize * begins[count]))
        for source, target, helped in zip(self._sources, self._targets, self._helped, strict=True):
            if wanted(helped):
                sources[place[target]] = source
                place[target] += 1
        return begins, sources

    def _not_reaching(
        self,
        backwards: tuple[array[int], array[int]],
        good: Callable[[State], bool],
        asked: Callable[[State], bool],
    ) -> int | None:
        """Return the first state that is ``asked`` about and cannot reach a ``good`` one."""
        begins, sources = backwards
        reaches = bytearray(map(good, self._states))
        todo = [index for index, value in enumerate(reaches) if value]
        while todo:
            index = todo.pop()
            for place in range(begins[index], begins[index + 1]):
                source = sources[place]
                if not reaches[source]:
                    reaches[source] = 1
                    todo.append(source)
        return next(
            (n for n, state in enumerate(self._states) if not reaches[n] and asked(state)), None
        )

    def _result(self, broken: str, last: int, circle: tuple[str, ...] = ()) -> Exploration:
        return Exploration(
            states=len(self._states),
            moves=self._moves,
            seconds=time.monotonic() - self._started,
            steps=frozenset(self._steps),
            edges=frozenset(self._edges),
            broken=broken,
            trace=tuple(self._way_to(last))[::-1],
            circle=circle,
        )

    def _way_to(self, index: int) -> Iterator[TraceStep]:
        while index > 0:
            name, task = self._names[index]
            yield TraceStep(name=name, task=task, state=self._states[index])
            index = self._parents[index]


def place_of(state: State, index: int) -> str:
    """Return where a task is in the terms of the C: its state, or what it has instead of one."""
    task = state.tasks[index]
    if task.pc in GONE:
        return DEAD
    utask = state.utasks[task.utask] if task.utask != NONE else None
    if utask is not None and utask.active != NONE:
        return utask.state
    return HIT if task.uprobe else INITIAL


def _at_rest(state: State) -> bool:
    return all(
        task.pc in GONE
        or (task.pc == "user" and task.ip != COPY and not (task.queue or task.sigpending))
        for task in state.tasks
    )


def _is_dead(number: int, state: State) -> bool:
    return state.tasks[number].pc == "dead"


def _killed(number: int, state: State) -> bool:
    task = state.tasks[number]
    return bool(task.queue & KILL) and task.pc not in GONE


def first_broken(state: State) -> str:
    """Return the property that does not hold in a state, or ""."""
    return next(_broken(state), "")


def _broken(state: State) -> Iterator[str]:
    for task in state.tasks:
        if task.pc == "user":
            yield from _user_broken(state, task)
    yield from _slots_broken(state)
    yield from _references_broken(state)
    owners = [task.utask for task in state.tasks if task.utask != NONE]
    live = [number for number, utask in enumerate(state.utasks) if utask is not None]
    if sorted(owners) != live:
        yield "utask"


def _user_broken(state: State, task: Task) -> Iterator[str]:
    utask = state.utasks[task.utask] if task.utask != NONE else None
    if utask is not None and utask.active != NONE:
        if task.ip != COPY or task.done:
            yield "place"
        return
    if utask is not None and utask.slot != NONE:
        yield "slot"
    if task.ip not in (BREAKPOINT, NEXT) or task.done != (task.ip == NEXT):
        yield "place"
    waits = task.kicked or (task.queue and task.siglock != "send")
    if waits and not task.sigpending:
        yield "signal"


def _slots_broken(state: State) -> Iterator[str]:
    busy = [0] * len(state.memories)
    for task in state.tasks:
        utask = state.utasks[task.utask] if task.utask != NONE else None
        if utask is not None and utask.slot != NONE:
            bit = 1 << utask.slot
            if busy[task.memory] & bit:
                yield "slot"
            busy[task.memory] |= bit
    if busy != [memory.busy for memory in state.memories]:
        yield "slot"


def _references_broken(state: State) -> Iterator[str]:
    for number, probe in enumerate(state.probes):
        owners = int(probe.tree)
        owners += sum(task.held and task.probe == number for task in state.tasks)
        for utask in state.utasks:
            if utask is not None:
                owners += (utask.active == number) + (utask.returns == number)
        if owners != probe.refs:
            yield "reference"
