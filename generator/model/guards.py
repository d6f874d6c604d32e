# SPDX-License-Identifier: GPL-2.0-only
"""What must hold whatever happens to a probed task, and what in the C holds it.

A guard is a statement of C without which a property breaks: ``checks.states`` leaves it out and
shows how. A mark of its name stands above it in the template: ``{% mark guard="wake" %}``; what
stands in a file of the base is known by the function that is called there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

RSEQ = "/rseq"


@dataclass(frozen=True, kw_only=True)
class Property:
    """Something that holds in every state; ``meaning`` is a sentence."""

    name: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A statement of C that keeps a property.

    Attributes:
        name: short name, that of the mark.
        part: the identifier in the statement that it is about, "" when it is all of it.
        callee, path: what an edit of the base makes it call, and a part of the path where edits of
            several files do.
        breaks: the property that does not hold without it.
        world: where that is seen.
        review: the point of the review that it answers.
        needs: a fact in ``Base.has`` with which it is there.
        instead: what the search puts in its place, "" where it is left out.
    """

    name: str
    part: str = ""
    callee: str = ""
    path: str = ""
    breaks: str
    world: str
    review: str = ""
    needs: str = ""
    instead: str = ""

    def on(self, has: Collection[str]) -> bool:
        """Tell whether a base with these properties has it."""
        return not self.needs or self.needs in has


PROPERTIES = (
    Property(
        name="exit",
        meaning="every state has an exit: the task comes to rest without help from outside",
    ),
    Property(name="kill", meaning="SIGKILL ends a task, whatever it waits for"),
    Property(
        name="signal",
        meaning="no signal and no wake-up is lost: there is a flag when the task is in user space",
    ),
    Property(
        name="frame",
        meaning="signal frames and core dumps have the address that they have without the probe",
    ),
    Property(
        name="place",
        meaning="the task is where it is without the probe; the instruction is executed once",
    ),
    Property(
        name="kept",
        meaning="only SIGKILL, the copy's own signal and the end of its restartable sequence end a "
        "step before its time",
    ),
    Property(
        name="sequence",
        meaning="a restartable sequence that was preempted is aborted, not gone on with",
    ),
    Property(name="states", meaning="a step ends from SSTEP_ACK or SSTEP_TRAPPED"),
    Property(
        name="slot", meaning="a busy slot belongs to one uprobe_task: none leaks, none is shared"
    ),
    Property(name="reference", meaning="a probe has as many references as holders: none leaks"),
    Property(name="freed", meaning="no probe is used after it was freed"),
    Property(name="utask", meaning="a uprobe_task belongs to one task, and goes with it"),
    Property(name="sigtrap", meaning="no SIGTRAP that the program has not caused"),
    Property(name="analysed", meaning="only a probe that was analysed is stepped"),
)

GUARDS = (
    # R20: a signal that comes right after
    Guard(
        name="denied",
        breaks="signal",
        world="race",
        review="R20",
    ),
    Guard(
        name="set-again",
        breaks="signal",
        world="race",
        review="R20",
    ),
    Guard(
        name="not-the-queue",
        breaks="signal",
        world="race",
        review="R20",
        instead="a look at the queue, recalc_sigpending()",
    ),
    Guard(
        name="deny",
        callee="uprobe_deny_signal",
        breaks="frame",
        world="race",
        review="R20",
    ),
    Guard(
        name="deny-idle",
        breaks="signal",
        world="race",
        review="R20",
    ),
    Guard(
        name="clear-sigpending",
        breaks="exit",
        world="race",
        review="R20",
    ),
    Guard(
        name="fatal",
        part="__fatal_signal_pending",
        breaks="kill",
        world="signals",
    ),
    Guard(
        name="trapped",
        part="arch_uprobe_xol_was_trapped",
        breaks="exit",
        world="signals",
    ),
    Guard(
        name="retrap",
        breaks="sigtrap",
        world="signals",
    ),
    Guard(
        name="mark",
        breaks="kept",
        world="signals",
    ),
    Guard(
        name="abort-ip",
        breaks="frame",
        world="signals",
    ),
    # the way into a step and out of it
    Guard(
        name="case-trapped",
        breaks="states",
        world="signals",
    ),
    Guard(
        name="clear-uprobe",
        breaks="states",
        world="signals",
    ),
    Guard(
        name="resume-hook",
        callee="uprobe_notify_resume",
        breaks="frame",
        world="signals",
    ),
    Guard(
        name="pre-active",
        breaks="states",
        world="signals",
    ),
    Guard(
        name="post-active",
        breaks="place",
        world="registrar",
    ),
    Guard(
        name="ip-found",
        breaks="place",
        world="signals",
    ),
    Guard(
        name="ip-restart",
        breaks="place",
        world="registrar",
    ),
    # slots
    Guard(
        name="slot-end",
        breaks="slot",
        world="signals",
    ),
    Guard(
        name="slot-error",
        breaks="slot",
        world="signals",
    ),
    Guard(
        name="slot-exit",
        breaks="slot",
        world="signals",
    ),
    Guard(
        name="killable",
        part="wait_event_killable",
        breaks="kill",
        world="slots",
        instead="wait_event()",
    ),
    Guard(
        name="wake",
        breaks="exit",
        world="slots",
    ),
    Guard(
        name="barrier",
        part="wq_has_sleeper",
        breaks="exit",
        world="slots",
        instead="waitqueue_active()",
    ),
    Guard(
        name="atomic",
        part="test_and_set_bit",
        breaks="slot",
        world="atomic",
        instead="set_bit()",
    ),
    # references
    Guard(
        name="put-end",
        breaks="reference",
        world="signals",
    ),
    Guard(
        name="put-unstepped",
        breaks="reference",
        world="signals",
    ),
    Guard(
        name="put-exit",
        breaks="reference",
        world="signals",
    ),
    Guard(
        name="returns-exit",
        breaks="reference",
        world="family",
    ),
    Guard(
        name="dup-get",
        breaks="reference",
        world="family",
    ),
    Guard(
        name="copy-null",
        breaks="utask",
        world="family",
    ),
    Guard(
        name="release-hook",
        callee="uprobe_free_utask",
        breaks="utask",
        world="family",
    ),
    Guard(
        name="rcu",
        breaks="freed",
        world="registrar",
        needs="uprobe_rcu",
    ),
    Guard(
        name="try-get",
        breaks="freed",
        world="registrar",
        needs="uprobe_rcu",
        instead="get_uprobe()",
    ),
    # restartable sequences
    Guard(
        name="rseq-address",
        callee="uprobe_get_trap_addr",
        path=RSEQ,
        breaks="sequence",
        world="sequence",
        needs="rseq",
        instead="instruction_pointer()",
    ),
    Guard(
        name="rseq-abort",
        callee="uprobe_abort_step",
        breaks="place",
        world="sequence",
        needs="rseq",
    ),
    Guard(
        name="rseq-uprobe",
        breaks="frame",
        world="sequence",
        needs="rseq",
    ),
    Guard(
        name="rseq-emulate",
        part="test_thread_flag",
        breaks="sequence",
        world="sequence",
        needs="rseq",
    ),
    # a probe that goes and comes back
    Guard(
        name="analysed",
        breaks="analysed",
        world="registrar",
    ),
    Guard(
        name="mmap-lock",
        breaks="sigtrap",
        world="registrar",
    ),
    Guard(
        name="is-bp",
        part="is_bp",
        breaks="sigtrap",
        world="registrar",
    ),
    Guard(
        name="notifier-returns",
        part="return_instances",
        breaks="sigtrap",
        world="registrar",
    ),
)
