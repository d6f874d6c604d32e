# SPDX-License-Identifier: GPL-2.0-only
"""The steps of the state machine, and where each of them stands in the C.

``checks.states`` makes these steps in every order. Each one of the kernel names functions and the
tokens in them that have its effect; the rendered C must have them, and nothing of their kind that
no step claims (``SENSITIVE``). So machine and C cannot drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.guards import CORE, RSEQ

ARCH = "arch/x86/kernel/uprobes.c"
FORK = "kernel/fork.c"
SIGNAL = "kernel/signal.c"
ENTRY = "{{ names.resume_file }}"


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Tokens of a function, as rendered; ``count`` times. The base's names are allowed."""

    function: str
    text: str
    path: str = CORE
    count: int = 1
    when: str = ""
    unless: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step.

    Attributes:
        name: what the machine calls it.
        says: for a trace: what happens.
        effects: where it stands; empty for what is not in our C.
    """

    name: str
    says: str
    effects: tuple[Effect, ...] = ()


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
    Step(name="preempt", says="another task runs on the CPU; the sequence is not to go on"),
    # who registers
    Step(name="remove", says="unregister: the breakpoint is removed from an address space"),
    Step(name="delete", says="unregister: the probe is out of the tree"),
    Step(name="grace-period", says="no reader is left: the probe is freed"),
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
        effects=(
            Effect(
                path=SIGNAL,
                function="{{ names.get_signal }}",
                text="if (unlikely(uprobe_deny_signal())) return {{ names.no_signal }};",
            ),
        ),
    ),
    Step(
        name="work-uprobe",
        says="the exit loop sees TIF_UPROBE",
        effects=(
            Effect(
                path=ENTRY,
                function="{{ names.resume }}",
                text="if ({{ names.resume_work }} & _TIF_UPROBE) uprobe_notify_resume(regs);",
            ),
        ),
    ),
    Step(
        name="deny",
        says="the signal has to wait",
        effects=(
            Effect(
                function="uprobe_deny_signal",
                text="utask->signal_denied = true; clear_tsk_thread_flag(t, TIF_SIGPENDING);",
            ),
        ),
    ),
    Step(
        name="trap-step",
        says="the signal ends the step: SSTEP_TRAPPED",
        effects=(
            Effect(
                function="uprobe_deny_signal",
                text="if (__fatal_signal_pending(t) || arch_uprobe_xol_was_trapped(t)) { "
                "utask->state = UTASK_SSTEP_TRAPPED; set_tsk_thread_flag(t, TIF_UPROBE); }",
            ),
        ),
    ),
    # restartable sequences
    Step(
        name="judge",
        says="the task is in no restartable sequence",
        effects=(
            Effect(
                path=RSEQ,
                function="rseq_ip_fixup",
                text="unsigned long ip = uprobe_get_trap_addr(regs);",
                when=_RSEQ,
            ),
        ),
    ),
    Step(
        name="abort-sequence",
        says="the restartable sequence is aborted, and the step with it",
        effects=(
            Effect(
                path=RSEQ,
                function="rseq_ip_fixup",
                text="uprobe_abort_step(regs); "
                "instruction_pointer_set(regs, (unsigned long)rseq_cs.abort_ip);",
                when=_RSEQ,
            ),
            Effect(
                function="uprobe_abort_step",
                text="if (likely(!utask || !utask->active_uprobe)) return; "
                "clear_thread_flag(TIF_UPROBE); utask->state = UTASK_SSTEP_TRAPPED; "
                "handle_singlestep(utask, regs);",
                when=_RSEQ,
            ),
        ),
    ),
    # the exceptions
    Step(
        name="hit",
        says="the notifier takes the breakpoint: TIF_UPROBE",
        effects=(
            Effect(
                function="{{ names.pre_notifier }}",
                text="if (utask && utask->active_uprobe && "
                "!has_left_slot(utask, {{ names.get_bp_addr }}(regs))) return 0; "
                "set_thread_flag(TIF_UPROBE); return 1;",
            ),
        ),
    ),
    Step(
        name="trap",
        says="the copy is executed, the notifier takes the trap: SSTEP_ACK, TIF_UPROBE",
        effects=(
            Effect(
                function="{{ names.post_notifier }}",
                text="utask->state = UTASK_SSTEP_ACK; set_thread_flag(TIF_UPROBE); return 1;",
            ),
        ),
    ),
    Step(
        name="foreign-trap",
        says="a debugger's step: the notifier leaves it alone",
        effects=(
            Effect(
                function="{{ names.post_notifier }}",
                text="if (!utask || !utask->active_uprobe || utask->state != UTASK_SSTEP) "
                "return 0;",
            ),
        ),
    ),
    Step(
        name="resume",
        says="TIF_UPROBE is being handled",
        effects=(
            Effect(
                function="uprobe_notify_resume",
                text="clear_thread_flag(TIF_UPROBE); if (utask && utask->active_uprobe && "
                "!has_left_slot(utask, {{ names.get_bp_addr }}(regs))) { "
                "handle_singlestep(utask, regs); return; } "
                "if (unlikely(utask && utask->active_uprobe)) forget_step(utask, regs); "
                "{{ names.handle_bp }}(regs);",
            ),
        ),
    ),
    # a breakpoint
    Step(
        name="lookup",
        says="there is a probe",
        effects=(
            Effect(function="find_active_uprobe", text="mmap_read_lock(mm);"),
            Effect(
                function="find_active_uprobe",
                text="uprobe = {{ names.find_uprobe }}(inode, offset);",
            ),
            Effect(function="find_active_uprobe", text="mmap_read_unlock(mm);"),
            Effect(
                function="{{ names.handle_bp }}",
                text="if (uprobe) { instruction_pointer_set(regs, bp_vaddr);",
            ),
            Effect(function="{{ names.handle_bp }}", text="rcu_read_lock_trace();", when=_RCU),
        ),
    ),
    Step(
        name="not-found",
        says="there is no probe",
        effects=(
            Effect(
                function="find_active_uprobe",
                text="if (!uprobe) { if (vma) *is_bp = is_trap_at_addr(bp_vaddr); "
                "if (test_and_clear_bit(MMF_RECALC_UPROBES, &mm->flags)) "
                "mmf_recalc_uprobes(mm); } mmap_read_unlock(mm); return uprobe;",
            ),
            Effect(function="mmf_recalc_uprobes", text="clear_bit(MMF_HAS_UPROBES, &mm->flags);"),
        ),
    ),
    Step(
        name="restart",
        says="and no breakpoint any more: the instruction is tried again",
        effects=(
            Effect(function="find_active_uprobe", text="*is_bp = is_trap_at_addr(bp_vaddr);"),
            Effect(
                function="{{ names.handle_bp }}",
                text="else { instruction_pointer_set(regs, bp_vaddr); }",
            ),
        ),
    ),
    Step(
        name="run",
        says="the probe is analysed, the task has its uprobe_task",
        effects=(
            Effect(
                function="get_utask",
                text="if (!current->utask) "
                "current->utask = kzalloc(sizeof(*current->utask), GFP_KERNEL);",
            ),
        ),
    ),
    Step(
        name="not-analysed",
        says="the probe is not analysed yet",
        effects=(
            Effect(
                function="run_uprobe",
                text="if (unlikely(!test_bit(UPROBE_COPY_INSN, &uprobe->flags))) return false;",
            ),
        ),
    ),
    Step(
        name="no-utask",
        says="there is no memory for a uprobe_task",
        effects=(
            Effect(
                function="run_uprobe",
                text="if (unlikely(!test_bit(UPROBE_COPY_INSN, &uprobe->flags))) return false; "
                "smp_rmb(); if (!get_utask()) return false;",
            ),
        ),
    ),
    Step(
        name="handlers",
        says="the handlers run",
        effects=(
            Effect(
                function="run_uprobe",
                text="handler_chain(uprobe, regs); "
                "if (instruction_pointer(regs) != bp_vaddr) return false;",
            ),
        ),
    ),
    Step(
        name="prepare-return",
        says="the handlers run, the return address is replaced",
        effects=(
            Effect(
                function="prepare_uretprobe",
                text="ri->uprobe = get_uprobe(uprobe);",
                unless=_RCU,
            ),
            Effect(
                function="prepare_uretprobe",
                text="if (!try_get_uprobe(uprobe)) goto free;",
                when=_RCU,
            ),
        ),
    ),
    Step(
        name="skip",
        says="the instruction needs no step",
        effects=(
            Effect(
                function="run_uprobe",
                text="if (arch_uprobe_skip_sstep(&uprobe->arch, regs)) return false;",
            ),
            Effect(
                path=ARCH,
                function="uprobe_emulate_atomic",
                text="local_irq_disable(); done = !test_thread_flag(TIF_NOTIFY_RESUME) && "
                "uprobe_emulate(mode, regs); local_irq_enable();",
                when=_RSEQ,
            ),
        ),
    ),
    # a slot
    Step(
        name="take",
        says="the step begins",
        effects=(
            Effect(function="run_uprobe", text="return !pre_ssout(uprobe, regs, bp_vaddr);"),
            Effect(
                function="pre_ssout",
                text="if (!try_get_uprobe(uprobe)) return -ENOENT;",
                when=_RCU,
            ),
        ),
    ),
    Step(
        name="too-late",
        says="the probe is on its way out",
        effects=(
            Effect(
                function="pre_ssout",
                text="if (!try_get_uprobe(uprobe)) return -ENOENT;",
                when=_RCU,
            ),
        ),
    ),
    Step(
        name="no-area",
        says="there is no area",
        effects=(
            Effect(
                function="xol_get_insn_slot", text="if (!area) return 0; if (wait_event_killable("
            ),
        ),
    ),
    Step(
        name="wait",
        says="the task stands in the queue",
        effects=(
            Effect(
                function="xol_get_insn_slot",
                text="if (wait_event_killable(area->wq, xol_try_slot(area, &slot))) return 0;",
            ),
        ),
    ),
    Step(
        name="killed-waiting",
        says="SIGKILL ends the wait for a slot",
        effects=(
            Effect(
                function="xol_get_insn_slot",
                text="if (wait_event_killable(area->wq, xol_try_slot(area, &slot))) return 0;",
            ),
        ),
    ),
    Step(
        name="woken",
        says="the task wakes up",
        effects=(
            Effect(
                function="xol_get_insn_slot",
                text="wait_event_killable(area->wq, xol_try_slot(area, &slot))",
            ),
        ),
    ),
    Step(
        name="find",
        says="the task looks for a slot",
        effects=(
            Effect(
                function="xol_try_slot",
                text="*slot = data_race(find_first_zero_bit(area->busy, UPROBE_XOL_SLOTS)); "
                "if (*slot >= UPROBE_XOL_SLOTS) return false; } "
                "while (test_and_set_bit(*slot, area->busy)); return true;",
            ),
        ),
    ),
    Step(
        name="slot-lost",
        says="another task was faster",
        effects=(
            Effect(function="xol_try_slot", text="while (test_and_set_bit(*slot, area->busy));"),
        ),
    ),
    Step(
        name="slot",
        says="the slot is taken",
        effects=(
            Effect(function="xol_try_slot", text="while (test_and_set_bit(*slot, area->busy));"),
            Effect(
                function="pre_ssout",
                text="utask->vaddr = bp_vaddr; "
                "utask->xol_vaddr = xol_get_insn_slot(uprobe); if (!utask->xol_vaddr) {",
            ),
        ),
    ),
    Step(
        name="arm",
        says="ip is at the copy: SSTEP",
        effects=(
            Effect(
                path=ARCH,
                function="arch_uprobe_pre_xol",
                text="current->thread.trap_nr = UPROBE_TRAP_NR;",
            ),
            Effect(path=ARCH, function="arch_uprobe_pre_xol", text="regs->ip = utask->xol_vaddr;"),
            Effect(
                function="pre_ssout",
                text="utask->active_uprobe = uprobe; utask->state = UTASK_SSTEP;",
            ),
        ),
    ),
    Step(
        name="refuse",
        says="the instruction cannot be stepped in this mode: its breakpoint is removed here",
        effects=(
            Effect(function="pre_ssout", text="unapply_uprobe(uprobe, current->mm);"),
            Effect(function="pre_ssout", text="free_slot: xol_free_insn_slot(utask, current->mm);"),
        ),
    ),
    Step(
        name="drop",
        says="there is no step: back to the exit loop",
        effects=(
            Effect(
                function="{{ names.handle_bp }}",
                text="if (!run_uprobe(uprobe, regs, bp_vaddr)) put_uprobe(uprobe);",
                unless=_RCU,
            ),
            Effect(function="pre_ssout", text="put_uprobe: put_uprobe(uprobe);", when=_RCU),
            Effect(function="{{ names.handle_bp }}", text="rcu_read_unlock_trace();", when=_RCU),
        ),
    ),
    # the end of a step
    Step(
        name="finish",
        says="the results are fixed up: RUNNING",
        effects=(
            Effect(
                function="handle_singlestep",
                text="case UTASK_SSTEP_ACK: err = arch_uprobe_post_xol(&uprobe->arch, regs);",
            ),
            Effect(
                function="end_step",
                text="utask->active_uprobe = NULL; utask->state = UTASK_RUNNING; "
                "xol_free_insn_slot(utask, current->mm); put_uprobe(uprobe);",
            ),
        ),
    ),
    Step(
        name="abort",
        says="the step is undone: RUNNING",
        effects=(
            Effect(
                function="handle_singlestep",
                text="case UTASK_SSTEP_TRAPPED: arch_uprobe_abort_xol(&uprobe->arch, regs);",
            ),
            Effect(path=ARCH, function="arch_uprobe_abort_xol", text="regs->ip = utask->vaddr;"),
        ),
    ),
    Step(
        name="clear",
        says="the slot is free",
        effects=(
            Effect(
                function="xol_free_insn_slot",
                text="area = mm->uprobes_state.xol_area; "
                "clear_bit((utask->xol_vaddr - area->vaddr) / UPROBE_XOL_SLOT_BYTES, area->busy); "
                "utask->xol_vaddr = 0; if (wq_has_sleeper(&area->wq)) wake_up(&area->wq);",
            ),
        ),
    ),
    Step(
        name="no-slot",
        says="there is no slot to free",
        effects=(Effect(function="xol_free_insn_slot", text="if (!utask->xol_vaddr) return;"),),
    ),
    Step(
        name="wake",
        says="the queue for slots is looked at, who waits is woken",
        effects=(
            Effect(
                function="xol_free_insn_slot",
                text="if (wq_has_sleeper(&area->wq)) wake_up(&area->wq);",
            ),
        ),
    ),
    Step(
        name="put",
        says="the step's reference is given back",
        effects=(Effect(function="end_step", text="put_uprobe(uprobe);"),),
    ),
    Step(
        name="set-again",
        says="TIF_SIGPENDING is set again, if it was denied",
        effects=(
            Effect(
                function="end_step",
                text="if (utask->signal_denied) { utask->signal_denied = false; "
                "set_thread_flag(TIF_SIGPENDING); }",
            ),
        ),
    ),
    # fork, exec, exit
    Step(
        name="clone-thread",
        says="the program makes a thread",
        effects=(Effect(function="uprobe_copy_process", text="t->utask = NULL;"),),
    ),
    Step(
        name="fork",
        says="the program forks",
        effects=(Effect(function="uprobe_copy_process", text="t->utask = NULL;"),),
    ),
    Step(
        name="fork-returns",
        says="the program forks while a function has yet to return",
        effects=(
            Effect(
                function="uprobe_copy_process",
                text="t->utask = NULL; if (likely(!utask || !utask->return_instances)) return; "
                "if ((flags & CLONE_VM) && !(flags & CLONE_VFORK)) return; "
                "t->utask = kzalloc(sizeof(*t->utask), GFP_KERNEL); "
                "if (t->utask && dup_return_instances(t->utask)) "
                "{ free_return_chain(t->utask, t->utask->return_instances); "
                "t->utask->return_instances = NULL; }",
            ),
            Effect(function="dup_return_instances", text="{{ names.ref_inc }}(&ri->uprobe->ref);"),
        ),
    ),
    Step(
        name="trampoline",
        says="the function goes on where it was called from",
        effects=(
            Effect(
                function="uprobe_handle_trampoline",
                text="instruction_pointer_set(regs, ri->orig_ret_vaddr);",
            ),
            Effect(function="free_return_instance", text="put_uprobe(ri->uprobe);"),
        ),
    ),
    Step(
        name="release",
        says="the task leaves its address space: uprobe_free_utask()",
        effects=(
            Effect(path=FORK, function="mm_release", text="uprobe_free_utask(tsk);"),
            Effect(
                function="uprobe_free_utask",
                text="if (!utask) return; WRITE_ONCE(t->utask, NULL); "
                "if (utask->active_uprobe) put_uprobe(utask->active_uprobe); "
                "free_return_chain(utask, utask->return_instances); "
                "xol_free_insn_slot(utask, t->mm);",
            ),
        ),
    ),
    Step(
        name="dead",
        says="the task is dead",
        effects=(Effect(function="uprobe_free_utask", text="kfree(utask);"),),
    ),
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
    """Sensitive tokens that the machine does not have, and why that does not matter."""

    effect: Effect
    why: str


LEFT_OUT = (
    LeftOut(
        effect=Effect(function="arch_uprobe_signal_bp", text="{{ names.force_sigtrap }};"),
        why="a breakpoint of the program's own; without one the property sigtrap forbids it",
    ),
    LeftOut(
        effect=Effect(function="handle_singlestep", text="{{ names.force_sigill }};"),
        why="behind the step; a signal like any other",
    ),
    LeftOut(
        effect=Effect(function="uprobe_handle_trampoline", text="{{ names.force_sigill }};"),
        why="a jump to the trampoline that the program makes itself",
    ),
    LeftOut(
        effect=Effect(function="prepare_uretprobe", text="put: put_uprobe(uprobe);", when=_RCU),
        why="the error path of the reference that prepare-return takes",
    ),
    LeftOut(
        effect=Effect(function="handle_uretprobe_chain", text="rcu_read_lock_trace();", when=_RCU),
        why="the return instance holds a reference meanwhile",
    ),
    LeftOut(
        effect=Effect(
            function="handle_uretprobe_chain", text="rcu_read_unlock_trace();", when=_RCU
        ),
        why="the return instance holds a reference meanwhile",
    ),
    LeftOut(
        effect=Effect(function="make_room_for_return", text="mmap_read_lock(mm);"),
        why="whether the stack of a pending return is mapped; the list is the task's own",
    ),
    LeftOut(
        effect=Effect(function="make_room_for_return", text="mmap_read_unlock(mm);"),
        why="whether the stack of a pending return is mapped; the list is the task's own",
    ),
    LeftOut(
        effect=Effect(function="xol_alloc_area", text="__set_bit(0, area->busy);"),
        why="the slot of the trampoline, before others see the area",
    ),
)
