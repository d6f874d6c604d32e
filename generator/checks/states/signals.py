# SPDX-License-Identifier: GPL-2.0-only
"""Signals for a task that steps: sent, denied, delivered; and memory that is waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.checks.states.change import (
    Move,
    active_of,
    set_utask,
    utask_of,
    with_task,
)
from generator.checks.states.state import (
    BREAKPOINT,
    KILL,
    NEXT,
    NONE,
    OWN,
    SIGNAL,
    TRAPPED,
    State,
    Task,
    World,
)


class Signals:
    """The moves of signals.

    Args:
        world: what exists.
        has: tells whether a guard is there.
    """

    def __init__(self, world: World, has: Callable[[str], bool]) -> None:
        self._world = world
        self._has = has

    def signal(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Deny a signal, or deliver the first of the queue."""
        stepping = active_of(state, task) != NONE
        if self._has("deny") and (stepping or not self._has("deny-idle")):
            yield self._deny(state, index, task)
            return
        if task.siglock:
            return
        if task.kicked:
            told = task._replace(pc="loop", kicked=False, sigpending=bool(task.queue))
            yield "freeze", index, with_task(state, index, told)
            return
        if not task.queue:
            none = task._replace(pc="loop", sigpending=False)
            yield "dequeue-nothing", index, with_task(state, index, none)
            return
        if task.queue & KILL:
            yield "die", index, with_task(state, index, task._replace(pc="exit"))
            return
        if task.ip not in (BREAKPOINT, NEXT):
            yield "deliver", index, state._replace(broken="frame")
            return
        for signal in (SIGNAL, OWN):
            if task.queue & signal:
                rest = task.queue & ~signal
                handled = task._replace(pc="loop", queue=rest, sigpending=bool(rest))
                yield "deliver", index, with_task(state, index, handled)
                if signal == OWN:
                    yield "die", index, with_task(state, index, task._replace(pc="exit"))

    def _deny(self, state: State, index: int, task: Task) -> Move:
        utask = utask_of(state, task)
        sigpending = task.sigpending and not self._has("clear-sigpending")
        # the flags that are looked at next were read before
        pc = "notify" if task.event else "loop"
        after = task._replace(pc=pc, sigpending=sigpending)
        fatal = bool(task.queue & KILL) and self._has("fatal")
        trapped = not task.marked and self._has("trapped")
        if utask is None:
            return "deny", index, with_task(state, index, after)
        utask = utask._replace(denied=utask.denied or self._has("denied"))
        denied = set_utask(state, task.utask, utask)
        if not (fatal or trapped):
            return "deny", index, with_task(denied, index, after)
        if not task.queue & (KILL | OWN):
            return "trap-step", index, state._replace(broken="kept")
        after = after._replace(uprobe=self._has("retrap") or task.uprobe)
        moved = set_utask(state, task.utask, utask._replace(state=TRAPPED))
        return "trap-step", index, with_task(moved, index, after)

    def sent(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Somebody sends a signal: into the queue first, then the flag, under one lock.

        The freezer sets the flag alone, under the same lock.
        """
        if task.siglock == "send":
            sent = task._replace(siglock="", sigpending=True)
            yield "set-sigpending", index, with_task(state, index, sent)
            return
        if task.siglock or task.pc == "exit" or task.fate == "free":
            return
        if self._world.freezer and not task.kicked:
            kicked = task._replace(kicked=True, sigpending=True)
            yield "wake-up", index, with_task(state, index, kicked)
        for signal in (SIGNAL, KILL):
            if self._world.signals & signal and not task.queue & signal:
                sending = task._replace(siglock="send", queue=task.queue | signal)
                name = "send-kill" if signal == KILL else "send"
                yield name, index, with_task(state, index, sending)

    def fault(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Wait for memory in the copy: it comes, or a signal does."""
        pc = "loop" if task.event else "user"
        yield "memory-comes", index, with_task(state, index, task._replace(pc=pc, fate="runs"))
        if task.sigpending:
            yield "fault-interrupted", index, with_task(state, index, task._replace(pc="loop"))
