# SPDX-License-Identifier: GPL-2.0-only
"""The end of a step: the slot and the probe are given back, and what was denied is set again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.checks.states.change import (
    Move,
    put_probe,
    set_memory,
    set_utask,
    sharing,
    utask_of,
    with_task,
)
from generator.checks.states.state import (
    ACK,
    ASTRAY,
    BREAKPOINT,
    COPY_END,
    NEXT,
    NONE,
    RUNNING,
    TRAPPED,
    State,
    Task,
)


class Ended:
    """The moves after a step.

    Args:
        has: tells whether a guard is there.
        rcu: probes are looked up under RCU, and the reference is taken later.
    """

    def __init__(self, has: Callable[[str], bool], *, rcu: bool) -> None:
        self._has = has
        self._rcu = rcu

    def notify(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Tell rseq that the task was preempted."""
        yield self._judge(state, index, task._replace(pc="loop", event=False))

    def _judge(self, state: State, index: int, task: Task) -> Move:
        """Abort the sequence if the task is in it: its abort handler begins it again."""
        utask = utask_of(state, task)
        stepping = utask is not None and utask.active != NONE
        address = BREAKPOINT if stepping and self._has("rseq-address") else task.ip
        if address != BREAKPOINT:
            return "judge", index, with_task(state, index, task)
        task = task._replace(stale=False)
        if utask is None or not stepping or not self._has("rseq-abort"):
            restarted = with_task(state, index, task._replace(ip=BREAKPOINT))
            return "abort-sequence", index, restarted
        uprobe = task.uprobe and not self._has("rseq-uprobe")
        after = set_utask(state, task.utask, utask._replace(state=TRAPPED))
        for _, _, ended in self.end(after, index, task._replace(uprobe=uprobe)):
            return "abort-sequence", index, ended
        raise AssertionError("a step that is aborted ends")

    def end(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """End the step: it was executed, or it has trapped."""
        utask = utask_of(state, task)
        assert utask is not None
        probe = utask.active
        if state.probes[probe].freed:
            yield "finish", index, state._replace(broken="freed")
            return
        trapped = utask.state == TRAPPED and self._has("case-trapped")
        if not trapped and utask.state != ACK:
            yield "unexpected", index, state._replace(broken="states")
            return
        ip = task.ip
        if utask.state == ACK:
            ip = NEXT if task.ip == COPY_END else ASTRAY
        elif self._has("abort-ip"):
            ip = BREAKPOINT
        after = set_utask(state, task.utask, utask._replace(active=NONE, state=RUNNING))
        ended = task._replace(
            pc="clear" if self._has("slot-end") else "put",
            then="put",
            ip=ip,
            marked=False,
            fate="",
            probe=probe,
            held=True,
        )
        yield "abort" if trapped else "finish", index, with_task(after, index, ended)

    def clear(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Give the slot back; without the barrier the look at the queue can come first."""
        utask = utask_of(state, task)
        if utask is None or utask.slot == NONE:
            yield "no-slot", index, with_task(state, index, task._replace(pc=task.then, then=""))
            return
        if not self._has("barrier") and not task.saw:
            sleeper = any(state.tasks[n].waiting for n in sharing(state, index))
            after = task._replace(saw=True, pc="clear", slot=1 if sleeper else 0)
            yield "look", index, with_task(state, index, after)
            return
        memory = state.memories[task.memory]
        bit = 1 << utask.slot
        if not memory.busy & bit:
            yield "clear", index, state._replace(broken="slot")
            return
        after_memory = set_memory(state, task.memory, memory._replace(busy=memory.busy & ~bit))
        after_utask = set_utask(after_memory, task.utask, utask._replace(slot=NONE))
        yield "clear", index, with_task(after_utask, index, task._replace(pc="wake"))

    def wake(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Wake those that wait for a slot."""
        wakes = self._has("wake") and (not task.saw or task.slot == 1)
        after = with_task(state, index, task._replace(pc=task.then, then="", saw=False, slot=NONE))
        for other in sharing(state, index) if wakes else ():
            if after.tasks[other].waiting:
                after = with_task(after, other, after.tasks[other]._replace(waiting=False))
        yield "wake", index, after

    def put(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Drop the reference to the probe."""
        after = put_probe(state, task.probe, self._rcu) if self._has("put-end") else state
        yield (
            "put",
            index,
            with_task(after, index, task._replace(pc="again", probe=NONE, held=False)),
        )

    def again(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Set TIF_SIGPENDING where it was denied; without the guard, as the queue has it."""
        utask = utask_of(state, task)
        assert utask is not None
        after = set_utask(state, task.utask, utask._replace(denied=False))
        sigpending = task.sigpending
        if not self._has("not-the-queue"):
            sigpending = bool(task.queue)
        elif utask.denied and self._has("set-again"):
            sigpending = True
        flagged = task._replace(pc="loop", sigpending=sigpending)
        yield "set-again", index, with_task(after, index, flagged)
