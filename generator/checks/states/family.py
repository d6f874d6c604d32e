# SPDX-License-Identifier: GPL-2.0-only
"""What can happen around a task: fork and threads, exec, exit, and the return of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.checks.states.change import (
    Move,
    get_probe,
    put_probe,
    set_memory,
    set_utask,
    sharing,
    utask_of,
    with_task,
)
from generator.checks.states.state import GONE, KILL, NEXT, NONE, Memory, State, Task, Utask
from generator.model.states import INITIAL


class Family:
    """The moves around a task.

    Args:
        has: tells whether a guard is there.
        rcu: probes are freed after a grace period.
    """

    def __init__(self, has: Callable[[str], bool], *, rcu: bool) -> None:
        self._has = has
        self._rcu = rcu

    def fork(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Make a thread, or a process of its own; with a return pending it gets a uprobe_task."""
        child = next((n for n, other in enumerate(state.tasks) if other.pc == "unborn"), NONE)
        if child == NONE:
            return
        utask = NONE if self._has("copy-null") else task.utask
        thread = Task(ip=NEXT, done=True, memory=task.memory, utask=utask)
        yield "clone-thread", index, with_task(state, child, thread)
        used = {other.memory for other in state.tasks if other.pc not in GONE}
        space = next((n for n in range(len(state.memories)) if n not in used), NONE)
        if space == NONE:
            return
        memory = state.memories[task.memory]._replace(busy=0)
        after = with_task(state, child, thread._replace(memory=space))
        after = set_memory(after, space, memory)
        mine = utask_of(state, task)
        if mine is None or mine.returns == NONE or not self._has("copy-null"):
            yield "fork", index, after
            return
        own = after.utasks.index(None)
        after = with_task(after, child, after.tasks[child]._replace(utask=own))
        after = set_utask(after, own, Utask(INITIAL, returns=mine.returns))
        if self._has("dup-get"):
            after = get_probe(after, mine.returns)
        yield "fork-returns", index, after

    def trampoline(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """A function has returned to the first slot."""
        utask = utask_of(state, task)
        assert utask is not None
        if state.probes[utask.returns].freed:
            yield "trampoline", index, state._replace(broken="freed")
            return
        after = set_utask(state, task.utask, utask._replace(returns=NONE))
        after = put_probe(after, utask.returns, self._rcu)
        yield "trampoline", index, with_task(after, index, task._replace(pc="loop", ip=NEXT))

    def exec(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Wait until the other threads are dead, then leave the address space."""
        if task.sigpending and task.queue & KILL:
            yield "killed-in-exec", index, with_task(state, index, task._replace(pc="loop"))
        if not sharing(state, index):
            yield from self._free_utask(state, index, task, "reset")

    def exit(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Leave the address space for good."""
        if task.siglock == "send":
            return
        yield from self._free_utask(state, index, task, "free")

    def _free_utask(self, state: State, index: int, task: Task, then: str) -> Iterator[Move]:
        utask = utask_of(state, task)
        if utask is None or not self._has("release-hook"):
            left = task._replace(pc="free", fate=then)
            yield "release", index, with_task(state, index, left)
            return
        after = state
        for probe, guard in ((utask.active, "put-exit"), (utask.returns, "returns-exit")):
            if probe != NONE and state.probes[probe].freed:
                yield "release", index, state._replace(broken="freed")
                return
            if probe != NONE and self._has(guard):
                after = put_probe(after, probe, self._rcu)
        after = set_utask(after, task.utask, utask._replace(active=NONE, returns=NONE))
        pc = "clear" if self._has("slot-exit") else "free"
        left = task._replace(pc=pc, then="free", saw=False, fate=then)
        yield "release", index, with_task(after, index, left)

    def free(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """The uprobe_task goes; then the task, or with exec() its address space."""
        after = state
        if self._has("release-hook") and task.utask != NONE:
            after = set_utask(after, task.utask, None)
        if task.fate != "reset":
            yield "dead", index, with_task(after, index, Task(pc="dead", memory=task.memory))
            return
        if after.memories[task.memory].busy:
            yield "new-memory", index, after._replace(broken="slot")
            return
        known = any(probe.tree and probe.analysed for probe in state.probes)
        fresh = Memory(breakpoint=known, has=known)
        program = Task(
            memory=task.memory,
            sigpending=task.sigpending,
            queue=task.queue,
            siglock=task.siglock,
            utask=task.utask if not self._has("release-hook") else NONE,
        )
        after = set_memory(after, task.memory, fresh)
        yield "new-memory", index, with_task(after, index, program)
