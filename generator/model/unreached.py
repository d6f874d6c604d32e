# SPDX-License-Identifier: GPL-2.0-only
"""Lines of the series that no self-test reaches, each with its reason.

``coverage.gcov`` counts what the booted kernel executes, ``report.coverage`` compares: a line
without a reason is an error, and so is a reason whose line is reached.
"""

from __future__ import annotations

from dataclasses import dataclass

CORE = "kernel/events/uprobes.c"
ARCH = "arch/x86/kernel/uprobes.c"


@dataclass(frozen=True, kw_only=True)
class Unreached:
    """A line that is not reached, or several of one function for the same reason.

    Attributes:
        function: as rendered.
        text: a piece of the line as rendered; "": every line of the function.
        reason: why not, a sentence without a full stop.
        sometimes: whether it is reached is a matter of chance.
        when, unless: properties of the base for which this holds, or does not.
    """

    function: str
    text: str
    reason: str
    sometimes: bool = False
    when: str = ""
    unless: str = ""


_WEAK = "x86 has its own; this one is for other architectures"
_RACE = "another thread has to take the stack away between the step and the correction"
_SHADOW = "a shadow stack has to be there, and broken: QEMU has none, the proof has such a one"

_HYPERVISOR = "a hypervisor, or UMIP, has to execute the copy: this kernel has neither"

UNREACHED = (
    *(
        Unreached(function="uprobe_end_is_int3", text=text, reason=_HYPERVISOR)
        for text in (
            "!uprobe_post_sstep_notifier(regs))",
            "regs->ip = utask->autask.copy_end;",
            "current->thread.virtual_dr6 = DR_STEP;",
            "return true;",
        )
    ),
    Unreached(
        function="arch_uretprobe_forget",
        text="goto out;",
        reason="the page of a stack that another one has followed has to be out of memory",
        sometimes=True,
    ),
    Unreached(
        function="move_return_chain",
        text="continue;",
        reason="a function has to be pending on another stack, amid a chain that is carried along",
    ),
    Unreached(
        function="uprobe_reads_unopened",
        text="FUSE_SUPER_MAGIC",
        reason="the guest has no file system on a disk",
    ),
    Unreached(function="uprobe_fix_stack", text="return -EFAULT;", reason=_RACE, sometimes=True),
    Unreached(
        function="arch_uprobe_post_xol", text="regs->sp = autask", reason=_RACE, sometimes=True
    ),
    Unreached(
        function="arch_uprobe_post_xol",
        text="arch_uprobe_abort_xol(auprobe, regs);",
        reason=_RACE,
        sometimes=True,
    ),
    Unreached(function="arch_uprobe_post_xol", text="return 0;", reason=_RACE, sometimes=True),
    *(
        Unreached(
            function="arch_uretprobe_hijack_return_addr", text=text, reason=_SHADOW, when="shstk"
        )
        for text in ("uprobe_put_word(regs, ret_addr);", "return -1;")
    ),
    Unreached(
        function="arch_uprobe_abort_xol",
        text="set_task_blockstep(current, true);",
        reason="a copy has to fault while a debugger goes from branch to branch: the proof has it",
    ),
    Unreached(function="arch_uprobe_get_xol_area", text="__weak", reason=_WEAK),
    Unreached(function="arch_uprobe_get_xol_area", text="get_unmapped_area(NULL", reason=_WEAK),
    *(
        Unreached(
            function="arch_uprobe_trampoline", text=text, reason=_WEAK, when="uretprobe_syscall"
        )
        for text in ("__weak", "*psize =", "return &bp_insn;")
    ),
    *(
        Unreached(function="arch_uprobe_signal_bp", text=text, reason=_WEAK)
        for text in ("__weak", "force_sig(SIGTRAP", "}")
    ),
    *(
        Unreached(function=function, text=text, reason=_WEAK)
        for function, last in (
            ("arch_uretprobe_stack", "return user_stack_pointer(regs);"),
            ("arch_uretprobe_forget", "return !arch_uretprobe_is_alive("),
            ("arch_uprobe_insn_len", "return UPROBE_SWBP_INSN_SIZE;"),
        )
        for text in ("__weak", last)
    ),
    Unreached(function="arch_uretprobe_is_alive", text="__weak", reason=_WEAK),
    Unreached(function="arch_uretprobe_is_alive", text="return true;", reason=_WEAK),
    Unreached(function="arch_uprobe_check_insn", text="__weak", reason=_WEAK),
    Unreached(function="arch_uprobe_check_insn", text="return 0;", reason=_WEAK),
    Unreached(
        function="xol_map_area",
        text="return -EALREADY;",
        reason="another thread has to map the area at the same time",
        sometimes=True,
    ),
    Unreached(
        function="prepare_uretprobe",
        text="goto free;",
        reason="the probe has to go, with all who have it, between the lookup and this line",
        sometimes=True,
        when="uprobe_rcu",
    ),
    Unreached(
        function="uprobe_free_utask",
        text="put_uprobe(utask->active_uprobe);",
        reason="SIGKILL and exit_group() end a step first: a task dies within one by an oops only",
    ),
    Unreached(
        function="handle_singlestep",
        text="WARN_ON_ONCE(1);",
        reason="a step ends in no other state; `uprobekit states` explores that",
    ),
    Unreached(function="handle_singlestep", text="break;", reason="belongs to WARN_ON_ONCE()"),
    Unreached(
        function="handle_singlestep",
        text='uprobe_warn(current, "fix up a probed instruction");',
        reason="the fixups of x86 do not fail: what cannot be fixed up is executed again",
    ),
    Unreached(
        function="handle_singlestep",
        text="force_sig(SIGILL);",
        reason="belongs to the message above it",
    ),
)
