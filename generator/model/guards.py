# SPDX-License-Identifier: GPL-2.0-only
"""What must hold whatever happens to a probed task, and what in the C holds it.

A guard is a line of C without which a property breaks: ``checks.states`` leaves it out and shows
how. ``text`` are the tokens of the line as it is rendered, in ``function``; a name may be one of
the base's.
"""

from __future__ import annotations

from dataclasses import dataclass

CORE = "kernel/events/uprobes.c"
RSEQ = "kernel/rseq.c"
ARCH = "arch/x86/kernel/uprobes.c"


@dataclass(frozen=True, kw_only=True)
class Property:
    """Something that holds in every state; ``meaning`` is a sentence."""

    name: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A line of C that keeps a property.

    Attributes:
        name: short name.
        function: where it stands; as rendered, templates' names allowed.
        text: its tokens; ``$x`` stands for any expression.
        breaks: the property that does not hold without it.
        world: where that is seen.
        review: the point of the review that it answers.
        path: its file.
        when, unless: properties of the base that it needs, or that make it unnecessary.
        instead: what the search puts in its place, "" where it is left out.
    """

    name: str
    function: str
    text: str
    breaks: str
    world: str
    review: str = ""
    path: str = CORE
    when: str = ""
    unless: str = ""
    instead: str = ""


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
        function="uprobe_deny_signal",
        text="utask->signal_denied = true;",
        breaks="signal",
        world="race",
        review="R20",
    ),
    Guard(
        name="set-again",
        function="end_step",
        text="set_thread_flag(TIF_SIGPENDING);",
        breaks="signal",
        world="race",
        review="R20",
    ),
    Guard(
        name="not-the-queue",
        function="end_step",
        text="if (utask->signal_denied)",
        breaks="signal",
        world="race",
        review="R20",
        instead="a look at the queue, recalc_sigpending()",
    ),
    Guard(
        name="deny",
        function="{{ names.get_signal }}",
        path="kernel/signal.c",
        text="if (unlikely(uprobe_deny_signal())) return {{ names.no_signal }};",
        breaks="frame",
        world="race",
        review="R20",
    ),
    Guard(
        name="deny-idle",
        function="uprobe_deny_signal",
        text="if (likely(!utask || !utask->active_uprobe)) return false;",
        breaks="signal",
        world="race",
        review="R20",
    ),
    Guard(
        name="clear-sigpending",
        function="uprobe_deny_signal",
        text="clear_tsk_thread_flag(t, TIF_SIGPENDING);",
        breaks="exit",
        world="race",
        review="R20",
    ),
    Guard(
        name="fatal",
        function="uprobe_deny_signal",
        text="__fatal_signal_pending(t)",
        breaks="kill",
        world="signals",
    ),
    Guard(
        name="trapped",
        function="uprobe_deny_signal",
        text="arch_uprobe_xol_was_trapped(t)",
        breaks="exit",
        world="signals",
    ),
    Guard(
        name="retrap",
        function="uprobe_deny_signal",
        text="set_tsk_thread_flag(t, TIF_UPROBE);",
        breaks="sigtrap",
        world="signals",
    ),
    Guard(
        name="mark",
        function="arch_uprobe_pre_xol",
        path=ARCH,
        text="current->thread.trap_nr = UPROBE_TRAP_NR;",
        breaks="kept",
        world="signals",
    ),
    Guard(
        name="abort-ip",
        function="arch_uprobe_abort_xol",
        path=ARCH,
        text="regs->ip = utask->vaddr;",
        breaks="frame",
        world="signals",
    ),
    # the way into a step and out of it
    Guard(
        name="case-trapped",
        function="handle_singlestep",
        text="case UTASK_SSTEP_TRAPPED:",
        breaks="states",
        world="signals",
    ),
    Guard(
        name="clear-uprobe",
        function="uprobe_notify_resume",
        text="clear_thread_flag(TIF_UPROBE);",
        breaks="states",
        world="signals",
    ),
    Guard(
        name="resume-hook",
        function="{{ names.resume }}",
        path="{{ names.resume_file }}",
        text="if ({{ names.resume_work }} & _TIF_UPROBE) uprobe_notify_resume(regs);",
        breaks="frame",
        world="signals",
    ),
    Guard(
        name="pre-active",
        function="{{ names.pre_notifier }}",
        text="if (utask && utask->active_uprobe && "
        "!has_left_slot(utask, {{ names.get_bp_addr }}(regs))) return 0;",
        breaks="states",
        world="signals",
    ),
    Guard(
        name="post-active",
        function="{{ names.post_notifier }}",
        text="if (!utask || !utask->active_uprobe || utask->state != UTASK_SSTEP) return 0;",
        breaks="place",
        world="registrar",
    ),
    Guard(
        name="ip-found",
        function="{{ names.handle_bp }}",
        text="if (uprobe) { instruction_pointer_set(regs, bp_vaddr);",
        breaks="place",
        world="signals",
    ),
    Guard(
        name="ip-restart",
        function="{{ names.handle_bp }}",
        text="else { instruction_pointer_set(regs, bp_vaddr);",
        breaks="place",
        world="registrar",
    ),
    # slots
    Guard(
        name="slot-end",
        function="end_step",
        text="xol_free_insn_slot(utask, current->mm);",
        breaks="slot",
        world="signals",
    ),
    Guard(
        name="slot-error",
        function="pre_ssout",
        text="xol_free_insn_slot(utask, current->mm);",
        breaks="slot",
        world="signals",
    ),
    Guard(
        name="slot-exit",
        function="uprobe_free_utask",
        text="xol_free_insn_slot(utask, t->mm);",
        breaks="slot",
        world="signals",
    ),
    Guard(
        name="killable",
        function="xol_get_insn_slot",
        text="wait_event_killable($queue, xol_try_slot(area, &slot))",
        breaks="kill",
        world="slots",
        instead="wait_event()",
    ),
    Guard(
        name="wake",
        function="xol_free_insn_slot",
        text="wake_up(&area->wq);",
        breaks="exit",
        world="slots",
    ),
    Guard(
        name="barrier",
        function="xol_free_insn_slot",
        text="wq_has_sleeper(&area->wq)",
        breaks="exit",
        world="slots",
        instead="waitqueue_active()",
    ),
    Guard(
        name="atomic",
        function="xol_try_slot",
        text="while (test_and_set_bit(*slot, area->busy));",
        breaks="slot",
        world="atomic",
        instead="set_bit()",
    ),
    # references
    Guard(
        name="put-end",
        function="end_step",
        text="put_uprobe(uprobe);",
        breaks="reference",
        world="signals",
    ),
    Guard(
        name="put-unstepped",
        function="{{ names.handle_bp }}",
        text="if (!run_uprobe(uprobe, regs, bp_vaddr)) put_uprobe(uprobe);",
        breaks="reference",
        world="signals",
        unless="uprobe_rcu",
    ),
    Guard(
        name="put-unstepped",
        function="pre_ssout",
        text="put_uprobe(uprobe);",
        breaks="reference",
        world="signals",
        when="uprobe_rcu",
    ),
    Guard(
        name="put-exit",
        function="uprobe_free_utask",
        text="if (utask->active_uprobe) put_uprobe(utask->active_uprobe);",
        breaks="reference",
        world="signals",
    ),
    Guard(
        name="returns-exit",
        function="uprobe_free_utask",
        text="free_return_chain(utask, utask->return_instances);",
        breaks="reference",
        world="family",
    ),
    Guard(
        name="dup-get",
        function="dup_return_instances",
        text="{{ names.ref_inc }}(&ri->uprobe->ref);",
        breaks="reference",
        world="family",
    ),
    Guard(
        name="copy-null",
        function="uprobe_copy_process",
        text="t->utask = NULL;",
        breaks="utask",
        world="family",
    ),
    Guard(
        name="release-hook",
        function="mm_release",
        path="kernel/fork.c",
        text="uprobe_free_utask(tsk);",
        breaks="utask",
        world="family",
    ),
    Guard(
        name="rcu",
        function="{{ names.handle_bp }}",
        text="rcu_read_lock_trace();",
        breaks="freed",
        world="registrar",
        when="uprobe_rcu",
    ),
    Guard(
        name="try-get",
        function="pre_ssout",
        text="if (!try_get_uprobe(uprobe)) return -ENOENT;",
        breaks="freed",
        world="registrar",
        when="uprobe_rcu",
        instead="get_uprobe()",
    ),
    # restartable sequences
    Guard(
        name="rseq-address",
        function="rseq_ip_fixup",
        path=RSEQ,
        text="unsigned long ip = uprobe_get_trap_addr(regs);",
        breaks="sequence",
        world="sequence",
        when="rseq",
        instead="instruction_pointer()",
    ),
    Guard(
        name="rseq-abort",
        function="rseq_ip_fixup",
        path=RSEQ,
        text="uprobe_abort_step(regs);",
        breaks="place",
        world="sequence",
        when="rseq",
    ),
    Guard(
        name="rseq-uprobe",
        function="uprobe_abort_step",
        text="clear_thread_flag(TIF_UPROBE);",
        breaks="frame",
        world="sequence",
        when="rseq",
    ),
    Guard(
        name="rseq-emulate",
        function="uprobe_emulate_atomic",
        path=ARCH,
        text="!test_thread_flag(TIF_NOTIFY_RESUME)",
        breaks="sequence",
        world="sequence",
        when="rseq",
    ),
    # a probe that goes and comes back
    Guard(
        name="analysed",
        function="run_uprobe",
        text="if (unlikely(!test_bit(UPROBE_COPY_INSN, &uprobe->flags))) return false;",
        breaks="analysed",
        world="registrar",
    ),
    Guard(
        name="mmap-lock",
        function="find_active_uprobe",
        text="mmap_read_lock(mm);",
        breaks="sigtrap",
        world="registrar",
    ),
    Guard(
        name="is-bp",
        function="{{ names.handle_bp }}",
        text="else if (is_bp > 0)",
        breaks="sigtrap",
        world="registrar",
    ),
    Guard(
        name="notifier-returns",
        function="{{ names.pre_notifier }}",
        text="(!utask || !utask->return_instances)",
        breaks="sigtrap",
        world="registrar",
    ),
)
