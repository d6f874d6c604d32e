# SPDX-License-Identifier: GPL-2.0-only
"""From the breakpoint to the copy: the probe is looked up, its handlers run, a slot is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.checks.states.change import (
    Move,
    get_probe,
    put_probe,
    set_memory,
    set_utask,
    utask_of,
    with_task,
)
from generator.checks.states.family import Family
from generator.checks.states.state import (
    ASTRAY,
    BEHIND,
    BREAKPOINT,
    COPY,
    KILL,
    NEXT,
    NONE,
    RUNNING,
    SSTEP,
    TRAMPOLINE,
    State,
    Task,
    Utask,
    World,
)


class Hit:
    """The moves of a hit.

    Args:
        world: what exists.
        has: tells whether a guard is there.
        rcu: probes are looked up under RCU, and the reference is taken later.
        family: the moves around a task.
    """

    def __init__(
        self, world: World, has: Callable[[str], bool], *, rcu: bool, family: Family
    ) -> None:
        self._world = world
        self._has = has
        self._rcu = rcu
        self._family = family

    def lookup(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Look the probe up, or find that there is none any more."""
        if task.ip == TRAMPOLINE:
            yield from self._family.trampoline(state, index, task)
            return
        if task.ip != BEHIND:
            yield "lookup", index, with_task(state, index, task._replace(pc="loop", ip=ASTRAY))
            return
        found = next((n for n, probe in enumerate(state.probes) if probe.tree), NONE)
        if found == NONE:
            memory = state.memories[task.memory]
            if memory.recalc:
                memory = memory._replace(recalc=False, has=False)
            after = with_task(state, index, task._replace(pc="byte"))
            yield "not-found", index, set_memory(after, task.memory, memory)
            return
        ip = BREAKPOINT if self._has("ip-found") else BEHIND
        after = with_task(
            state, index, task._replace(pc="run", ip=ip, probe=found, held=not self._rcu)
        )
        if not self._rcu:
            after = get_probe(after, found)
        yield "lookup", index, after

    def byte(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Look whether the breakpoint is the program's own."""
        if state.memories[task.memory].breakpoint or not self._has("is-bp"):
            yield "own-breakpoint", index, state._replace(broken="sigtrap")
            return
        ip = BREAKPOINT if self._has("ip-restart") else BEHIND
        yield "restart", index, with_task(state, index, task._replace(pc="loop", ip=ip))

    def run(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Run the probe if it was analysed; the task gets a uprobe_task."""
        probe = state.probes[task.probe]
        if probe.freed:
            yield "run", index, state._replace(broken="freed")
            return
        if self._has("analysed") and not probe.analysed:
            yield "not-analysed", index, with_task(state, index, task._replace(pc="drop"))
            return
        after = with_task(state, index, task._replace(pc="handlers"))
        if task.utask == NONE:
            if self._world.failures:
                yield "no-utask", index, with_task(state, index, task._replace(pc="drop"))
            free = state.utasks.index(None)
            after = with_task(state, index, task._replace(pc="handlers", utask=free))
            after = set_utask(after, free, Utask(RUNNING))
        yield "run", index, after

    def handlers(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Call the handlers: a return is taken over, or the instruction is skipped."""
        probe = state.probes[task.probe]
        if probe.freed:
            yield "handlers", index, state._replace(broken="freed")
            return
        after = with_task(state, index, task._replace(pc="slot"))
        utask = utask_of(state, task)
        if self._world.returns and utask is not None and utask.returns == NONE and probe.refs:
            hijacked = set_utask(after, task.utask, utask._replace(returns=task.probe))
            yield "prepare-return", index, get_probe(hijacked, task.probe)
        else:
            yield "handlers", index, after
        settled = not task.event or not self._has("rseq-emulate")
        if self._world.failures or (self._world.sequence and settled):
            skipped = task._replace(pc="drop", ip=NEXT, done=True)
            broken = "sequence" if task.stale else ""
            yield "skip", index, with_task(state, index, skipped)._replace(broken=broken)

    def slot(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Take the slot: before it, the reference."""
        probe = state.probes[task.probe]
        if probe.freed:
            yield "take", index, state._replace(broken="freed")
            return
        if self._rcu and not probe.refs and self._has("try-get"):
            yield "too-late", index, with_task(state, index, task._replace(pc="drop"))
            return
        after = state
        if self._rcu:
            task = task._replace(held=True)
            after = get_probe(state, task.probe)
        yield "take", index, with_task(after, index, task._replace(pc="queue"))
        if self._world.failures:
            yield "no-area", index, with_task(after, index, task._replace(pc="drop"))

    def queue(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Wait for a slot, unless killed."""
        if self._has("killable") and task.sigpending and task.queue & KILL:
            gone = task._replace(pc="drop", waiting=False)
            yield "killed-waiting", index, with_task(state, index, gone)
        yield "wait", index, with_task(state, index, task._replace(pc="find", waiting=True))

    def find(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Look for a slot that is free."""
        busy = state.memories[task.memory].busy
        slot = next((n for n in range(self._world.slots) if not busy >> n & 1), NONE)
        pc = "sleep" if slot == NONE else "set"
        yield "find", index, with_task(state, index, task._replace(pc=pc, slot=slot))

    def set(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Set its bit, if nobody was faster."""
        memory = state.memories[task.memory]
        if memory.busy >> task.slot & 1 and self._has("atomic"):
            again = task._replace(pc="find", slot=NONE)
            yield "slot-lost", index, with_task(state, index, again)
            return
        utask = utask_of(state, task)
        assert utask is not None
        after = set_memory(state, task.memory, memory._replace(busy=memory.busy | 1 << task.slot))
        after = set_utask(after, task.utask, utask._replace(slot=task.slot))
        armed = task._replace(pc="arm", slot=NONE, waiting=False)
        yield "slot", index, with_task(after, index, armed)

    def sleep(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Sleep until a slot is given back."""
        killed = self._has("killable") and task.sigpending and task.queue & KILL
        if not task.waiting or killed:
            yield "woken", index, with_task(state, index, task._replace(pc="queue"))

    def arm(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Copy the instruction, and go to the copy."""
        probe = state.probes[task.probe]
        if probe.freed or not probe.analysed:
            broken = "freed" if probe.freed else "analysed"
            yield "arm", index, state._replace(broken=broken)
            return
        if self._world.failures and not task.siglock:
            pc = "clear" if self._has("slot-error") else "drop"
            memory = state.memories[task.memory]._replace(breakpoint=False, recalc=True)
            refused = with_task(state, index, task._replace(pc=pc, then="drop"))
            yield "refuse", index, set_memory(refused, task.memory, memory)
        utask = utask_of(state, task)
        assert utask is not None
        begun = utask._replace(active=task.probe, state=SSTEP)
        after = set_utask(state, task.utask, begun)
        for fate in ("runs", *self._world.fates):
            stepping = task._replace(
                pc="loop",
                ip=COPY,
                marked=self._has("mark"),
                fate=fate,
                probe=NONE,
                held=False,
            )
            yield "arm", index, with_task(after, index, stepping)

    def drop(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Give up: the breakpoint is hit again."""
        after = state
        if task.held and self._has("put-unstepped"):
            after = put_probe(state, task.probe, self._rcu)
        yield (
            "drop",
            index,
            with_task(after, index, task._replace(pc="loop", probe=NONE, held=False)),
        )
