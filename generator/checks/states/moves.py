# SPDX-License-Identifier: GPL-2.0-only
"""What can happen next: every step of the C that others can see, and everything else that moves.

One method for each place where a task can stand (``Task.pc``). A step that only the task itself can
see goes with the next one: between a lock and its release nothing else needs to be tried. What a
step is in C stands in ``model.steps`` under the name that is given here. ``without`` names guards
that are left out. ``hit``, ``ended`` and ``signals`` have what the kernel does with a task that was
hit, ``family`` fork, exec and exit, ``registrar`` what registers and unregisters.

Taken from the base as it is, and not shown here: who sends a signal holds siglock over the queue
and the flag; a breakpoint is written under mmap_lock and its write waits for CPUs that are in the
exception with interrupts off; unregistering removes breakpoints first and the probe then.
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.checks.states.change import (
    Move,
    active_of,
    set_utask,
    sharing,
    utask_of,
    with_task,
)
from generator.checks.states.ended import Ended
from generator.checks.states.family import Family
from generator.checks.states.hit import Hit
from generator.checks.states.registrar import Registrar
from generator.checks.states.signals import Signals
from generator.checks.states.state import (
    ACK,
    BEHIND,
    BREAKPOINT,
    COPY,
    COPY_END,
    KILL,
    NEXT,
    NONE,
    OWN,
    SSTEP,
    TRAMPOLINE,
    State,
    Task,
    World,
)


class Machine:
    """The moves of a world.

    Args:
        world: what exists.
        rcu: the base looks probes up under RCU and takes the reference later.
        without: guards that are left out.
    """

    def __init__(self, world: World, *, rcu: bool, without: frozenset[str] = frozenset()) -> None:
        self.world = world
        self._rcu = rcu
        self._without = without
        self._family = Family(self._has, rcu=rcu)
        self._registrar = Registrar(self._has, rcu=rcu)
        self._hit = Hit(world, self._has, rcu=rcu, family=self._family)
        self._ended = Ended(self._has, rcu=rcu)
        self._signals = Signals(world, self._has)
        self._places = {
            "user": self._user,
            "int3": self._int3,
            "loop": self._loop,
            "resume": self._resume,
            "lookup": self._hit.lookup,
            "byte": self._hit.byte,
            "run": self._hit.run,
            "handlers": self._hit.handlers,
            "slot": self._hit.slot,
            "queue": self._hit.queue,
            "find": self._hit.find,
            "set": self._hit.set,
            "sleep": self._hit.sleep,
            "arm": self._hit.arm,
            "drop": self._hit.drop,
            "end": self._ended.end,
            "clear": self._ended.clear,
            "wake": self._ended.wake,
            "put": self._ended.put,
            "again": self._ended.again,
            "signal": self._signals.signal,
            "notify": self._ended.notify,
            "fault": self._signals.fault,
            "exec": self._family.exec,
            "exit": self._family.exit,
            "free": self._family.free,
        }

    def moves(self, state: State) -> Iterator[Move]:
        """Yield everything that can happen next."""
        for index, task in enumerate(state.tasks):
            place = self._places.get(task.pc)
            if place:
                yield from place(state, index, task)
                yield from self._signals.sent(state, index, task)
                if self.world.sequence:
                    yield from self._preempt(state, index, task)
        if self.world.registrar:
            yield from self._registrar.register(state)
        if self._rcu:
            yield from self._registrar.reclaim(state)

    def _has(self, guard: str) -> bool:
        return guard not in self._without

    # user space

    def _user(self, state: State, index: int, task: Task) -> Iterator[Move]:
        if task.sigpending or task.uprobe:
            yield "interrupt", index, with_task(state, index, task._replace(pc="loop"))
        stepping = active_of(state, task) != NONE
        if stepping and task.ip == COPY:
            yield from self._step(state, index, task)
        elif task.ip == BREAKPOINT and state.memories[task.memory].breakpoint:
            hit = task._replace(pc="int3", ip=BEHIND)
            yield "breakpoint", index, with_task(state, index, hit)
        elif task.ip == BREAKPOINT:
            if task.stale:
                yield "unprobed", index, state._replace(broken="sequence")
                return
            done = task._replace(ip=NEXT, done=True)
            yield "unprobed", index, with_task(state, index, done)
            if self.world.debugger:
                yield self._debug_trap(state, index, done)
        elif task.ip == NEXT:
            yield from self._program(state, index, task)

    def _step(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Execute the copy: what it does was settled when the step was begun."""
        if task.fate == "runs":
            if task.done:
                yield "execute", index, state._replace(broken="place")
                return
            if task.stale:
                yield "execute", index, state._replace(broken="sequence")
                return
            yield self._debug_trap(state, index, task._replace(ip=COPY_END, done=True))
        elif task.fate == "waits":
            yield "page-fault", index, with_task(state, index, task._replace(pc="fault"))
        elif not task.siglock:
            if task.fate == "int3" and not self._has("pre-active"):
                raised = task._replace(uprobe=True, pc="loop")
                yield "hit", index, with_task(state, index, raised)
                return
            raised = task._replace(marked=False, queue=task.queue | OWN, sigpending=True, pc="loop")
            yield "raise", index, with_task(state, index, raised)
        if self.world.oops:
            yield "oops", index, with_task(state, index, task._replace(pc="exit"))

    def _debug_trap(self, state: State, index: int, task: Task) -> Move:
        """A single step is done: the notifier tells whether it is one of ours."""
        utask = utask_of(state, task)
        ours = utask is not None and utask.active != NONE and utask.state == SSTEP
        if ours or not self._has("post-active"):
            after = with_task(state, index, task._replace(uprobe=True, pc="loop"))
            if utask is not None:
                after = set_utask(after, task.utask, utask._replace(state=ACK))
            return "trap", index, after
        if utask is not None and utask.active != NONE:
            return "foreign-trap", index, state._replace(broken="sigtrap")
        return "foreign-trap", index, with_task(state, index, task._replace(pc="loop"))

    def _program(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """What the program does behind the probed instruction."""
        utask = utask_of(state, task)
        if utask is not None and utask.returns != NONE:
            back = task._replace(pc="int3", ip=TRAMPOLINE)
            yield "return", index, with_task(state, index, back)
        else:
            again = task._replace(ip=BREAKPOINT, done=False)
            yield "again", index, with_task(state, index, again)
        if self.world.exits:
            yield "call-exit", index, with_task(state, index, task._replace(pc="exit"))
        yield from self._family.fork(state, index, task)
        if self.world.executes:
            yield from self._call_exec(state, index, task)

    def _call_exec(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """The other threads get SIGKILL; a system call is not made in a step."""
        others = sharing(state, index)
        if any(state.tasks[other].siglock for other in others):
            return
        after = with_task(state, index, task._replace(pc="exec"))
        for other in others:
            killed = after.tasks[other]
            killed = killed._replace(queue=killed.queue | KILL, sigpending=True)
            after = with_task(after, other, killed)
        yield "call-exec", index, after

    # the exceptions and the way back to user space

    def _int3(self, state: State, index: int, task: Task) -> Iterator[Move]:
        utask = utask_of(state, task)
        returns = utask is not None and utask.returns != NONE and self._has("notifier-returns")
        if not state.memories[task.memory].has and not returns:
            yield "no-hit", index, state._replace(broken="sigtrap")
            return
        yield "hit", index, with_task(state, index, task._replace(uprobe=True, pc="loop"))

    def _loop(self, state: State, index: int, task: Task) -> Iterator[Move]:
        if task.uprobe and self._has("resume-hook"):
            yield "work-uprobe", index, with_task(state, index, task._replace(pc="resume"))
        elif task.sigpending:
            yield "work-signal", index, with_task(state, index, task._replace(pc="signal"))
        elif task.event:
            yield from self._ended.notify(state, index, task)
        elif not task.uprobe:
            yield "to-user", index, with_task(state, index, task._replace(pc="user"))

    def _resume(self, state: State, index: int, task: Task) -> Iterator[Move]:
        pc = "end" if active_of(state, task) != NONE else "lookup"
        uprobe = task.uprobe and not self._has("clear-uprobe")
        yield "resume", index, with_task(state, index, task._replace(pc=pc, uprobe=uprobe))

    # restartable sequences

    def _preempt(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Run another task: in user space an interrupt comes first."""
        if task.event or task.pc in ("exit", "free"):
            return
        pc = "loop" if task.pc == "user" else task.pc
        preempted = task._replace(pc=pc, event=True, stale=task.stale or not task.done)
        yield "preempt", index, with_task(state, index, preempted)

    # the slot

    # signals
