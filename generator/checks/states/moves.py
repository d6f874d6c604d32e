# SPDX-License-Identifier: GPL-2.0-only
"""What can happen next: every step of the C that others can see, and everything else that moves.

One method for each place where a task can stand (``Task.pc``). A step that only the task itself can
see goes with the next one: between a lock and its release nothing else needs to be tried. What a
step is in C stands in ``model.steps`` under the name that is given here. ``without`` names guards
that are left out. ``family`` has fork, exec and exit, ``registrar`` who takes the probe away.

Taken from the base as it is, and not shown here: who sends a signal holds siglock over the queue
and the flag; a breakpoint is written under mmap_lock and its write waits for CPUs that are in the
exception with interrupts off; unregistering removes breakpoints first and the probe then.
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.checks.states.change import (
    Move,
    active_of,
    get_probe,
    put_probe,
    set_memory,
    set_utask,
    sharing,
    utask_of,
    with_task,
)
from generator.checks.states.family import Family
from generator.checks.states.registrar import Registrar
from generator.checks.states.state import (
    ASTRAY,
    BEHIND,
    BREAKPOINT,
    COPY,
    COPY_END,
    KILL,
    NEXT,
    NONE,
    OWN,
    SIGNAL,
    TRAMPOLINE,
    State,
    Task,
    Utask,
    World,
)

RUNNING, SSTEP, ACK, TRAPPED = (
    "UTASK_RUNNING",
    "UTASK_SSTEP",
    "UTASK_SSTEP_ACK",
    "UTASK_SSTEP_TRAPPED",
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
        self._places = {
            "user": self._user,
            "int3": self._int3,
            "loop": self._loop,
            "resume": self._resume,
            "lookup": self._lookup,
            "byte": self._byte,
            "run": self._run,
            "handlers": self._handlers,
            "slot": self._slot,
            "queue": self._queue,
            "find": self._find,
            "set": self._set,
            "sleep": self._sleep,
            "arm": self._arm,
            "drop": self._drop,
            "end": self._end,
            "clear": self._clear,
            "wake": self._wake,
            "put": self._put,
            "again": self._again,
            "signal": self._signal,
            "notify": self._notify,
            "fault": self._fault,
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
                yield from self._sent(state, index, task)
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
            yield from self._notify(state, index, task)
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

    def _notify(self, state: State, index: int, task: Task) -> Iterator[Move]:
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
        for _, _, ended in self._end(after, index, task._replace(uprobe=uprobe)):
            return "abort-sequence", index, ended
        raise AssertionError("a step that is aborted ends")

    # a breakpoint

    def _lookup(self, state: State, index: int, task: Task) -> Iterator[Move]:
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

    def _byte(self, state: State, index: int, task: Task) -> Iterator[Move]:
        if state.memories[task.memory].breakpoint or not self._has("is-bp"):
            yield "own-breakpoint", index, state._replace(broken="sigtrap")
            return
        ip = BREAKPOINT if self._has("ip-restart") else BEHIND
        yield "restart", index, with_task(state, index, task._replace(pc="loop", ip=ip))

    def _run(self, state: State, index: int, task: Task) -> Iterator[Move]:
        probe = state.probes[task.probe]
        if probe.freed:
            yield "run", index, state._replace(broken="freed")
            return
        if self._has("analysed") and not probe.analysed:
            yield "not-analysed", index, with_task(state, index, task._replace(pc="drop"))
            return
        after = with_task(state, index, task._replace(pc="handlers"))
        if task.utask == NONE:
            if self.world.failures:
                yield "no-utask", index, with_task(state, index, task._replace(pc="drop"))
            free = state.utasks.index(None)
            after = with_task(state, index, task._replace(pc="handlers", utask=free))
            after = set_utask(after, free, Utask(RUNNING))
        yield "run", index, after

    def _handlers(self, state: State, index: int, task: Task) -> Iterator[Move]:
        probe = state.probes[task.probe]
        if probe.freed:
            yield "handlers", index, state._replace(broken="freed")
            return
        after = with_task(state, index, task._replace(pc="slot"))
        utask = utask_of(state, task)
        if self.world.returns and utask is not None and utask.returns == NONE and probe.refs:
            hijacked = set_utask(after, task.utask, utask._replace(returns=task.probe))
            yield "prepare-return", index, get_probe(hijacked, task.probe)
        else:
            yield "handlers", index, after
        settled = not task.event or not self._has("rseq-emulate")
        if self.world.failures or (self.world.sequence and settled):
            skipped = task._replace(pc="drop", ip=NEXT, done=True)
            broken = "sequence" if task.stale else ""
            yield "skip", index, with_task(state, index, skipped)._replace(broken=broken)

    # the slot

    def _slot(self, state: State, index: int, task: Task) -> Iterator[Move]:
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
        if self.world.failures:
            yield "no-area", index, with_task(after, index, task._replace(pc="drop"))

    def _queue(self, state: State, index: int, task: Task) -> Iterator[Move]:
        if self._has("killable") and task.sigpending and task.queue & KILL:
            gone = task._replace(pc="drop", waiting=False)
            yield "killed-waiting", index, with_task(state, index, gone)
        yield "wait", index, with_task(state, index, task._replace(pc="find", waiting=True))

    def _find(self, state: State, index: int, task: Task) -> Iterator[Move]:
        busy = state.memories[task.memory].busy
        slot = next((n for n in range(self.world.slots) if not busy >> n & 1), NONE)
        pc = "sleep" if slot == NONE else "set"
        yield "find", index, with_task(state, index, task._replace(pc=pc, slot=slot))

    def _set(self, state: State, index: int, task: Task) -> Iterator[Move]:
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

    def _sleep(self, state: State, index: int, task: Task) -> Iterator[Move]:
        killed = self._has("killable") and task.sigpending and task.queue & KILL
        if not task.waiting or killed:
            yield "woken", index, with_task(state, index, task._replace(pc="queue"))

    def _arm(self, state: State, index: int, task: Task) -> Iterator[Move]:
        probe = state.probes[task.probe]
        if probe.freed or not probe.analysed:
            broken = "freed" if probe.freed else "analysed"
            yield "arm", index, state._replace(broken=broken)
            return
        if self.world.failures and not task.siglock:
            pc = "clear" if self._has("slot-error") else "drop"
            memory = state.memories[task.memory]._replace(breakpoint=False, recalc=True)
            refused = with_task(state, index, task._replace(pc=pc, then="drop"))
            yield "refuse", index, set_memory(refused, task.memory, memory)
        utask = utask_of(state, task)
        assert utask is not None
        begun = utask._replace(active=task.probe, state=SSTEP)
        after = set_utask(state, task.utask, begun)
        for fate in ("runs", *self.world.fates):
            stepping = task._replace(
                pc="loop",
                ip=COPY,
                marked=self._has("mark"),
                fate=fate,
                probe=NONE,
                held=False,
            )
            yield "arm", index, with_task(after, index, stepping)

    def _drop(self, state: State, index: int, task: Task) -> Iterator[Move]:
        after = state
        if task.held and self._has("put-unstepped"):
            after = put_probe(state, task.probe, self._rcu)
        yield (
            "drop",
            index,
            with_task(after, index, task._replace(pc="loop", probe=NONE, held=False)),
        )

    # the end of a step

    def _end(self, state: State, index: int, task: Task) -> Iterator[Move]:
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

    def _clear(self, state: State, index: int, task: Task) -> Iterator[Move]:
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

    def _wake(self, state: State, index: int, task: Task) -> Iterator[Move]:
        wakes = self._has("wake") and (not task.saw or task.slot == 1)
        after = with_task(state, index, task._replace(pc=task.then, then="", saw=False, slot=NONE))
        for other in sharing(state, index) if wakes else ():
            if after.tasks[other].waiting:
                after = with_task(after, other, after.tasks[other]._replace(waiting=False))
        yield "wake", index, after

    def _put(self, state: State, index: int, task: Task) -> Iterator[Move]:
        after = put_probe(state, task.probe, self._rcu) if self._has("put-end") else state
        yield (
            "put",
            index,
            with_task(after, index, task._replace(pc="again", probe=NONE, held=False)),
        )

    def _again(self, state: State, index: int, task: Task) -> Iterator[Move]:
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

    # signals

    def _signal(self, state: State, index: int, task: Task) -> Iterator[Move]:
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

    def _sent(self, state: State, index: int, task: Task) -> Iterator[Move]:
        """Somebody sends a signal: into the queue first, then the flag, under one lock.

        The freezer sets the flag alone, under the same lock.
        """
        if task.siglock == "send":
            sent = task._replace(siglock="", sigpending=True)
            yield "set-sigpending", index, with_task(state, index, sent)
            return
        if task.siglock or task.pc == "exit" or task.fate == "free":
            return
        if self.world.freezer and not task.kicked:
            kicked = task._replace(kicked=True, sigpending=True)
            yield "wake-up", index, with_task(state, index, kicked)
        for signal in (SIGNAL, KILL):
            if self.world.signals & signal and not task.queue & signal:
                sending = task._replace(siglock="send", queue=task.queue | signal)
                name = "send-kill" if signal == KILL else "send"
                yield name, index, with_task(state, index, sending)

    def _fault(self, state: State, index: int, task: Task) -> Iterator[Move]:
        pc = "loop" if task.event else "user"
        yield "memory-comes", index, with_task(state, index, task._replace(pc=pc, fate="runs"))
        if task.sigpending:
            yield "fault-interrupted", index, with_task(state, index, task._replace(pc="loop"))
