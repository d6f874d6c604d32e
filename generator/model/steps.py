# SPDX-License-Identifier: GPL-2.0-only
"""The steps of the state machine: what each is called, and what it says in a trace.

``checks.states`` makes these steps in every order. Each one of the kernel has its statements in the
C, with a mark above them in the template: ``{% mark step="arm" %}``. The rendered C must have them,
and nothing of their kind without a mark (``SENSITIVE``). So machine and C cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from generator.model.guards import RSEQ


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step.

    Attributes:
        name: what the machine calls it, and the mark.
        says: for a trace: what happens.
        callee, path: what an edit of the base makes it call, and a part of the path where edits of
            several files do.
        needs: a fact in ``Base.has`` with which it is there.
    """

    name: str
    says: str
    callee: str = ""
    path: str = ""
    needs: str = ""

    def on(self, has: Collection[str]) -> bool:
        """Tell whether a base with these properties has it."""
        return not self.needs or self.needs in has


_RCU = "uprobe_rcu"
_RSEQ = "rseq"

OUTSIDE_STEPS = (
    # the program and the processor
    Step(name="again", says="the program comes to the probed instruction again"),
    Step(name="breakpoint", says="the task executes the breakpoint"),
    Step(name="unprobed", says="the task executes the instruction, without a probe"),
    Step(name="page-fault", says="the copy waits for memory"),
    Step(name="memory-comes", says="the memory is there"),
    Step(name="fault-interrupted", says="a signal interrupts the wait for memory"),
    Step(name="raise", says="the copy faults: the task gets a signal of its own"),
    Step(name="oops", says="the kernel stops the task in the middle of the step"),
    Step(name="return", says="the function returns to the trampoline"),
    Step(name="call-exit", says="the program calls exit()"),
    Step(name="call-exec", says="the program calls exec(), the other threads get SIGKILL"),
    Step(name="killed-in-exec", says="SIGKILL ends the wait for the other threads"),
    # signals
    Step(name="send", says="somebody queues a signal, under siglock"),
    Step(name="send-kill", says="somebody queues SIGKILL, under siglock"),
    Step(name="set-sigpending", says="the sender sets TIF_SIGPENDING and drops siglock"),
    Step(name="wake-up", says="the freezer sets TIF_SIGPENDING, and queues no signal"),
    Step(name="freeze", says="get_signal() sees what the wake-up was for"),
    Step(name="interrupt", says="an interrupt: the task sees its flags"),
    Step(name="deliver", says="get_signal() takes a signal, the handler runs"),
    Step(name="die", says="get_signal() takes a deadly signal"),
    Step(name="to-user", says="the task goes to user space"),
    # restartable sequences
    Step(
        name="preempt",
        says="another task runs on the CPU; the sequence is not to go on",
        needs=_RSEQ,
    ),
    # who registers
    Step(name="remove", says="unregister: the breakpoint is removed from an address space"),
    Step(name="delete", says="unregister: the probe is out of the tree"),
    Step(
        name="grace-period",
        says="no reader is left: the probe is freed",
        needs=_RCU,
    ),
    Step(name="insert", says="register: a new probe is in the tree"),
    Step(name="analyse", says="register: the probe is analysed"),
    Step(name="install", says="register: the breakpoint is installed in an address space"),
    Step(name="new-memory", says="the new program begins"),
)
"""What the program, the processor and the rest of the kernel do."""

OUR_STEPS = (
    Step(
        name="work-signal",
        says="the exit loop sees TIF_SIGPENDING",
        callee="uprobe_deny_signal",
    ),
    Step(
        name="work-uprobe",
        says="the exit loop sees TIF_UPROBE",
        callee="uprobe_notify_resume",
    ),
    Step(name="deny", says="the signal has to wait"),
    Step(name="trap-step", says="the signal ends the step: SSTEP_TRAPPED"),
    # restartable sequences
    Step(
        name="judge",
        says="the task is in no restartable sequence",
        callee="uprobe_get_trap_addr",
        path=RSEQ,
        needs=_RSEQ,
    ),
    Step(
        name="abort-sequence",
        says="the restartable sequence is aborted, and the step with it",
        callee="uprobe_abort_step",
        needs=_RSEQ,
    ),
    # the exceptions
    Step(name="hit", says="the notifier takes the breakpoint: TIF_UPROBE"),
    Step(
        name="trap",
        says="the copy is executed, the notifier takes the trap: SSTEP_ACK, TIF_UPROBE",
    ),
    Step(name="foreign-trap", says="a debugger's step: the notifier leaves it alone"),
    Step(name="resume", says="TIF_UPROBE is being handled"),
    # a breakpoint
    Step(name="lookup", says="there is a probe"),
    Step(name="not-found", says="there is no probe"),
    Step(name="restart", says="and no breakpoint any more: the instruction is tried again"),
    Step(name="run", says="the probe is analysed, the task has its uprobe_task"),
    Step(name="not-analysed", says="the probe is not analysed yet"),
    Step(name="no-utask", says="there is no memory for a uprobe_task"),
    Step(name="handlers", says="the handlers run"),
    Step(name="prepare-return", says="the handlers run, the return address is replaced"),
    Step(name="skip", says="the instruction needs no step"),
    # a slot
    Step(name="take", says="the step begins"),
    Step(
        name="too-late",
        says="the probe is on its way out",
        needs=_RCU,
    ),
    Step(name="no-area", says="there is no area"),
    Step(name="wait", says="the task stands in the queue"),
    Step(name="killed-waiting", says="SIGKILL ends the wait for a slot"),
    Step(name="woken", says="the task wakes up"),
    Step(name="find", says="the task looks for a slot"),
    Step(name="slot-lost", says="another task was faster"),
    Step(name="slot", says="the slot is taken"),
    Step(name="arm", says="ip is at the copy: SSTEP"),
    Step(
        name="refuse",
        says="the instruction cannot be stepped in this mode: its breakpoint is removed here",
    ),
    Step(name="drop", says="there is no step: back to the exit loop"),
    # the end of a step
    Step(name="finish", says="the results are fixed up: RUNNING"),
    Step(name="abort", says="the step is undone: RUNNING"),
    Step(name="clear", says="the slot is free"),
    Step(name="no-slot", says="there is no slot to free"),
    Step(name="wake", says="the queue for slots is looked at, who waits is woken"),
    Step(name="put", says="the step's reference is given back"),
    Step(name="set-again", says="TIF_SIGPENDING is set again, if it was denied"),
    # fork, exec, exit
    Step(name="clone-thread", says="the program makes a thread"),
    Step(name="fork", says="the program forks"),
    Step(name="fork-returns", says="the program forks while a function has yet to return"),
    Step(name="trampoline", says="the function goes on where it was called from"),
    Step(
        name="release",
        says="the task leaves its address space: uprobe_free_utask()",
        callee="uprobe_free_utask",
    ),
    Step(name="dead", says="the task is dead"),
)
"""What the C of the series does: each has its place there."""

STEPS = OUTSIDE_STEPS + OUR_STEPS

BROKEN_STEPS = (
    Step(name="dequeue-nothing", says="get_signal() finds nothing"),
    Step(name="execute", says="the copy is executed again"),
    Step(name="unexpected", says="the step ends in a state that it must not have"),
    Step(name="own-breakpoint", says="a breakpoint without a probe: SIGTRAP"),
    Step(name="no-hit", says="the notifier refuses the breakpoint: SIGTRAP"),
    Step(name="look", says="the task looks for waiting tasks before the slot is free"),
)
"""Steps that are made without a guard only."""

SENSITIVE = (
    r"->state\s*=(?!=)",
    r"->active_uprobe\s*=(?!=)",
    r"->xol_vaddr\s*=(?!=)",
    r"->utask\s*=(?!=)",
    r"WRITE_ONCE\([^,]*->utask,",
    r"\b(?:set|clear)_(?:tsk_)?thread_flag\(",
    r"\b(?:put|get|try_get)_uprobe\(",
    r"\brefcount_\w+\(",
    r"\b(?:test_and_)?(?:set|clear)_bit\(",
    r"\brecalc_sigpending\(",
    r"\bspin_(?:un)?lock\w*\(",
    r"\bforce_sig\w*\(",
    r"\bsend_sig\w*\(",
    r"\binstruction_pointer_set\(",
    r"\bmmap_read_(?:un)?lock\w*\(",
    r"\brcu_read_(?:un)?lock(?:_trace)?\(",
    r"\bwake_up\w*\(",
    r"\bwait_event\w*\(",
    r"\bkfree\(utask\)",
)
"""Patterns of C that have an effect on the machine: each place must belong to a step."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Statements with such an effect that the machine does not have, and why that does not matter.

    Attributes:
        name: that of the mark, of the kind ``aside``.
        why: the reason.
        needs: a fact in ``Base.has`` with which it is there.
    """

    name: str
    why: str
    needs: str = ""

    def on(self, has: Collection[str]) -> bool:
        """Tell whether a base with these properties has it."""
        return not self.needs or self.needs in has


LEFT_OUT = (
    LeftOut(
        name="own-breakpoint",
        why="a breakpoint of the program's own; without one the property sigtrap forbids it",
    ),
    LeftOut(name="not-fixed-up", why="behind the step; a signal like any other"),
    LeftOut(name="lost-return", why="a jump to the trampoline that the program makes itself"),
    LeftOut(
        name="return-error",
        why="the error path of the reference that prepare-return takes",
        needs=_RCU,
    ),
    LeftOut(
        name="return-handlers",
        why="the return instance holds a reference meanwhile",
        needs=_RCU,
    ),
    LeftOut(
        name="return-stack",
        why="whether the stack of a pending return is mapped; the list is the task's own",
    ),
    LeftOut(name="trampoline-slot", why="the slot of the trampoline, before others see the area"),
)
