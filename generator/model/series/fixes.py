# SPDX-License-Identifier: GPL-2.0-only
"""The series ``fixes``: the faults of the catalogue, mended in the unmodified tree, a patch each.

Those of a few lines first, then what changes more, then steps that are saved. Each patch is as
small as its fault allows, and moves the entries of the catalogue that ``mends`` names; ``uprobekit
mended`` makes the table of what each prefix has. Its C stands in ``templates/fixes``, pieces of
statements included.

Length: a table of patches and of their edits.
"""

from __future__ import annotations

from generator.model.bases.base import DELETE_BUSY, GET_TRAP_ADDR, JOINED, UNLESS_CHANGED
from generator.model.bases.edits_v6 import EDITS, MREMAP_ARM, MREMAP_FLAG, unarmed
from generator.model.edits import (
    Anchor,
    Edit,
    InsertBlock,
    InsertLines,
    InsertStatement,
    RemoveFunctions,
    RemoveStatements,
    ReplaceDeclaration,
    ReplaceTokens,
    piece,
)
from generator.model.files import ARCH, ARCH_H, CORE, CORE_H, TRACE
from generator.model.identity import Identity
from generator.model.series.kinds import Patch, Series, Start
from generator.model.trailers import Trailer

_FOLDER = "fixes"
_RSEQ = "kernel/rseq.c"
_CALLCHAIN = "kernel/events/callchain.c"
_UMIP = "arch/x86/kernel/umip.c"
_FIXUP = "fixup_uretprobe_trampoline_entries"
_FIRST = Trailer(
    "Fixes", '0326f5a94dde ("uprobes/core: Handle breakpoint and singlestep exceptions")'
)
"""The commit since which instructions are executed out of line at all."""
_RSEQ_CAME = Trailer("Fixes", 'd7822b1e24f2 ("rseq: Introduce restartable sequences system call")')
_READ_AS_TASK = Trailer(
    "Fixes",
    '300b05621a3f ("uprobes: is_trap_at_addr: don\'t use get_user_pages_remote()")',
)
_INSTALL = Trailer(
    "Fixes",
    '2b1444983508 ("uprobes, mm, x86: Add the ability to install and remove uprobes breakpoints")',
)
_UMIP_CAME = Trailer("Fixes", '1e5db223696a ("x86/umip: Add emulation code for UMIP instructions")')
_STABLE = Trailer("Cc", "stable@vger.kernel.org")


def _function(path: str, name: str, before: str) -> Edit:
    """Return the edit that inserts a function in front of another one."""
    return InsertBlock(
        path=path,
        template=f"{_FOLDER}/{path}/{name}.c",
        before=Anchor(kind="function", name=before),
    )


def _refusal(name: str) -> tuple[Edit, ...]:
    """Return the edits that refuse what a function tells of a decoded instruction."""
    return (
        _function(ARCH, f"{name}-function", "uprobe_init_insn"),
        InsertStatement(
            path=ARCH,
            function="uprobe_init_insn",
            text=piece(_FOLDER, ARCH, f"{name}-call"),
            before="insn_masking_exception",
            blank=True,
        ),
    )


_MODE_CORE: tuple[Edit, ...] = (
    InsertLines(
        path=CORE,
        text=piece(_FOLDER, CORE, "mode-member"),
        after=Anchor(kind="member", name="arch", within="uprobe"),
    ),
    _function(CORE, "mode-function", "prepare_uprobe"),
    InsertStatement(
        path=CORE,
        function="prepare_uprobe",
        text=piece(_FOLDER, CORE, "mode-other"),
        before="arch_uprobe_analyze_insn",
    ),
    InsertStatement(
        path=CORE,
        function="prepare_uprobe",
        text=piece(_FOLDER, CORE, "mode-analyze"),
        before="smp_wmb",
    ),
    ReplaceTokens(
        path=CORE,
        pattern="xol_get_insn_slot(struct uprobe *uprobe)",
        by=piece(_FOLDER, CORE, "mode-slot-head"),
    ),
    ReplaceTokens(
        path=CORE,
        within="xol_get_insn_slot",
        pattern="&uprobe->arch.ixol, sizeof(uprobe->arch.ixol)",
        by=piece(_FOLDER, CORE, "mode-slot-copy"),
    ),
    ReplaceTokens(
        path=CORE,
        within="pre_ssout",
        pattern="struct uprobe_task *utask;",
        by=piece(_FOLDER, CORE, "mode-local"),
    ),
    ReplaceTokens(
        path=CORE,
        within="pre_ssout",
        pattern="xol_get_insn_slot(uprobe)",
        by=piece(_FOLDER, CORE, "mode-slot-call"),
    ),
    ReplaceTokens(
        path=CORE,
        within="pre_ssout",
        pattern="arch_uprobe_pre_xol(&uprobe->arch, regs)",
        by=piece(_FOLDER, CORE, "mode-pre-xol"),
    ),
    InsertStatement(
        path=CORE,
        function="pre_ssout",
        text=piece(_FOLDER, CORE, "mode-unapply"),
        after="xol_free_insn_slot",
    ),
    InsertStatement(
        path=CORE,
        function="pre_ssout",
        text=piece(_FOLDER, CORE, "mode-set-stepped"),
        after="active_uprobe",
    ),
    ReplaceTokens(
        path=CORE,
        within="handle_singlestep",
        pattern="&uprobe->arch",
        by=piece(_FOLDER, CORE, "mode-get-stepped"),
        count=2,
    ),
    ReplaceTokens(
        path=CORE,
        within="handle_swbp",
        pattern="if (arch_uprobe_skip_sstep(&uprobe->arch, regs))",
        by=piece(_FOLDER, CORE, "mode-skip"),
    ),
    InsertLines(
        path=CORE_H,
        text=piece(_FOLDER, CORE_H, "mode-stepped"),
        after=Anchor(kind="member", name="active_uprobe", within="uprobe_task"),
    ),
    InsertLines(
        path=CORE_H,
        text=piece(_FOLDER, CORE_H, "mode-prototypes"),
        after=Anchor(kind="declaration", name="arch_uprobe_insn_len"),
    ),
)
"""What the core has of two analyses of an instruction."""

_MODE_ARCH: tuple[Edit, ...] = (
    InsertLines(
        path=ARCH,
        text="#include <linux/sched/task_stack.h>\n",
        after=Anchor(kind="include", name="linux/sched.h"),
    ),
    InsertLines(
        path=ARCH_H,
        text=piece(_FOLDER, ARCH_H, "mode-members"),
        after=Anchor(kind="member", name="ops", within="arch_uprobe"),
    ),
    ReplaceTokens(
        path=ARCH,
        within="arch_uprobe_analyze_insn",
        pattern="ret = uprobe_init_insn(auprobe, &insn, is_64bit_mm(mm));",
        by=piece(_FOLDER, ARCH, "mode-analyze"),
    ),
    _function(ARCH, "mode-function", "arch_uprobe_pre_xol"),
    InsertStatement(
        path=ARCH,
        function="arch_uprobe_pre_xol",
        text=piece(_FOLDER, ARCH, "mode-reach"),
        before="pre_xol",
        blank=True,
    ),
    ReplaceTokens(
        path=ARCH,
        within="__skip_sstep",
        pattern="if (auprobe->ops->emulate)",
        by=piece(_FOLDER, ARCH, "mode-emulate"),
    ),
    InsertStatement(
        path=ARCH,
        function="arch_uretprobe_hijack_return_addr",
        text=piece(_FOLDER, ARCH, "mode-return"),
        before="copy_from_user",
        blank=True,
    ),
    ReplaceTokens(
        path=ARCH,
        within="arch_uprobe_get_xol_area",
        pattern="unsigned long vaddr;",
        by=piece(_FOLDER, ARCH, "mode-area-local"),
    ),
    ReplaceTokens(
        path=ARCH,
        within="arch_uprobe_get_xol_area",
        pattern="if (test_thread_flag(TIF_ADDR32)) ti->status |= TS_COMPAT; "
        "vaddr = get_unmapped_area(NULL, TASK_SIZE - PAGE_SIZE, PAGE_SIZE, 0, 0);",
        by=piece(_FOLDER, ARCH, "mode-area"),
    ),
)
"""What x86 makes of both."""

_RETURN: tuple[Edit, ...] = (
    _function(CORE, "return-function", "prepare_uretprobe"),
    RemoveFunctions(path=CORE, names=("cleanup_return_instances", "find_next_ret_chain")),
    ReplaceTokens(
        path=CORE,
        within="prepare_uretprobe",
        pattern="cleanup_return_instances(utask, true, regs);",
        by=piece(_FOLDER, CORE, "return-room"),
    ),
    ReplaceTokens(
        path=CORE,
        within="prepare_uretprobe",
        pattern="struct return_instance *ri;",
        by=piece(_FOLDER, CORE, "return-local"),
    ),
    ReplaceTokens(
        path=CORE,
        within="prepare_uretprobe",
        pattern="cleanup_return_instances(utask, chained, regs);",
        by=piece(_FOLDER, CORE, "return-drop"),
    ),
    ReplaceTokens(
        path=CORE,
        within="prepare_uretprobe",
        pattern="if (!utask->return_instances)",
        by=piece(_FOLDER, CORE, "return-chained"),
    ),
    ReplaceTokens(
        path=CORE,
        within="prepare_uretprobe",
        pattern="utask->return_instances->orig_ret_vaddr",
        by=piece(_FOLDER, CORE, "return-other"),
    ),
    ReplaceTokens(
        path=CORE,
        within="prepare_uretprobe",
        pattern="ri->stack = user_stack_pointer(regs);",
        by=piece(_FOLDER, CORE, "return-stack"),
    ),
    InsertLines(
        path=CORE_H,
        text=piece(_FOLDER, CORE_H, "returns-full"),
        after=Anchor(kind="member", name="depth", within="uprobe_task"),
    ),
    InsertLines(
        path=CORE_H,
        text=piece(_FOLDER, CORE_H, "return-prototypes"),
        after=Anchor(kind="declaration", name="arch_uretprobe_is_alive"),
    ),
    InsertBlock(
        path=ARCH,
        template=f"{_FOLDER}/{ARCH}/return-function.c",
        after=Anchor(kind="function", name="arch_uretprobe_is_alive"),
    ),
)
"""Pending returns are found by the place of their address, in any order."""

_SYSCALL_RETURN: tuple[Edit, ...] = (
    _function(CORE, "syscall-return-function", "prepare_uretprobe"),
    ReplaceTokens(
        path=CORE,
        within="handle_swbp",
        pattern="if (bp_vaddr == uprobe_get_trampoline_vaddr())",
        by=piece(_FOLDER, CORE, "syscall-return-hit"),
    ),
    InsertLines(
        path=CORE_H,
        text=piece(_FOLDER, CORE_H, "syscall-return"),
        after=Anchor(kind="declaration", name="uprobe_get_trampoline_vaddr"),
    ),
    ReplaceTokens(
        path=_CALLCHAIN,
        within=_FIXUP,
        pattern="*last_ip, tramp_addr;",
        by=piece(_FOLDER, _CALLCHAIN, "syscall-return-local"),
    ),
    RemoveStatements(path=_CALLCHAIN, function=_FIXUP, mentioning="uprobe_get_trampoline_vaddr"),
    ReplaceTokens(
        path=_CALLCHAIN,
        within=_FIXUP,
        pattern="if (*cur_ip == tramp_addr)",
        by=piece(_FOLDER, _CALLCHAIN, "syscall-return-entry"),
    ),
    ReplaceTokens(
        path=ARCH,
        pattern='"retq\\n" ".global uretprobe_trampoline_end\\n"',
        by=piece(_FOLDER, ARCH, "syscall-return-int3"),
    ),
    ReplaceTokens(
        path=ARCH,
        within="arch_uprobe_trampoline",
        pattern="user_64bit_mode(regs)",
        by=piece(_FOLDER, ARCH, "syscall-return-mode"),
    ),
    RemoveStatements(path=ARCH, function="arch_uprobe_trampoline", mentioning="task_pt_regs"),
    _function(ARCH, "syscall-return-function", "arch_uretprobe_hijack_return_addr"),
    ReplaceTokens(
        path=ARCH,
        within="arch_uretprobe_hijack_return_addr",
        pattern="if (orig_ret_vaddr == trampoline_vaddr) return orig_ret_vaddr;",
        by=piece(_FOLDER, ARCH, "syscall-return-hijack"),
    ),
)
"""A breakpoint behind the trampoline, for whom a system call is not the way."""


FIXES = Series(
    name="fixes",
    title="uprobes: Fix wrong results, lost programs and wrong signals",
    start=Start.UNMODIFIED,
    folder=_FOLDER,
    bases=("6.1", "6.12"),
    author=Identity(
        name="uprobekit",
        email="uprobekit@example.org",
        # Sun, 29 Nov 2026 12:00:00 UTC
        date="1795953600 +0000",
    ),
    patches=(
        Patch(
            ident="fix-vex",
            subject="uprobes/x86: Do not execute AVX instructions as branches",
            gist="lets AVX instructions be what they are",
            mends=("vex-as-branch",),
            trailers=(_FIRST, _STABLE),
            edits=(
                ReplaceTokens(
                    path=ARCH,
                    within="branch_setup_xol_ops",
                    pattern="switch (opc1)",
                    by=piece(_FOLDER, ARCH, "vex-setup"),
                ),
                ReplaceTokens(
                    path=ARCH,
                    within="arch_uprobe_analyze_insn",
                    pattern="switch (OPCODE1(&insn))",
                    by=piece(_FOLDER, ARCH, "vex-fixups"),
                ),
            ),
        ),
        Patch(
            ident="fix-xchg",
            subject="uprobes/x86: Do not skip xchg %r8, %rax as a NOP",
            gist="executes xchg %r8, %rax",
            mends=("xchg-as-nop",),
            edits=(
                ReplaceTokens(
                    path=ARCH,
                    within="branch_setup_xol_ops",
                    pattern="goto setup;",
                    by=piece(_FOLDER, ARCH, "xchg"),
                ),
            ),
        ),
        Patch(
            ident="fix-pushf",
            subject="uprobes/x86: Do not let pushf push the TF of the single step",
            gist="keeps the trap flag of a step out of what pushf pushes",
            mends=("pushf",),
            trailers=(_FIRST, _STABLE),
            edits=(
                InsertLines(
                    path=ARCH,
                    text=piece(_FOLDER, ARCH, "pushf-macro"),
                    after=Anchor(kind="macro", name="UPROBE_FIX_RIP_MASK"),
                    blank=True,
                ),
                _function(ARCH, "pushf-function", "default_post_xol_op"),
                InsertStatement(
                    path=ARCH,
                    function="default_post_xol_op",
                    text=piece(_FOLDER, ARCH, "pushf-call"),
                    before="UPROBE_FIX_SETF",
                ),
                ReplaceTokens(
                    path=ARCH,
                    within="arch_uprobe_analyze_insn",
                    pattern="case 0x9d:",
                    by=piece(_FOLDER, ARCH, "pushf-case"),
                ),
            ),
        ),
        Patch(
            ident="fix-syscall",
            subject="uprobes/x86: Refuse to probe syscall and sysenter",
            gist="refuses system calls",
            mends=("syscall-in-slot",),
            edits=_refusal("syscall"),
        ),
        Patch(
            ident="fix-far",
            subject="uprobes/x86: Refuse to probe far calls, jumps and returns",
            gist="refuses far branches",
            mends=("far-in-slot",),
            trailers=(_FIRST, _STABLE),
            edits=_refusal("far"),
        ),
        Patch(
            ident="fix-left-step",
            subject="uprobes: End the step of a task that has left its slot",
            gist="ends the step of a task that has gone elsewhere",
            mends=("left-step", "step-warns"),
            edits=(
                InsertLines(
                    path=CORE,
                    text="#include <linux/sched/task_stack.h>\n",
                    after=Anchor(kind="include", name="linux/sched/coredump.h"),
                ),
                _function(CORE, "left-function", "uprobe_get_trap_addr"),
                ReplaceTokens(
                    path=CORE,
                    within="uprobe_get_trap_addr",
                    pattern="if (unlikely(utask && utask->active_uprobe))",
                    by=piece(_FOLDER, CORE, "left-trap-addr"),
                ),
                _function(CORE, "left-forget-function", "uprobe_deny_signal"),
                InsertStatement(
                    path=CORE,
                    function="uprobe_deny_signal",
                    text=piece(_FOLDER, CORE, "left-deny"),
                    before="WARN_ON_ONCE",
                    blank=True,
                ),
                InsertStatement(
                    path=CORE,
                    function="uprobe_notify_resume",
                    text=piece(_FOLDER, CORE, "left-resume"),
                    before="handle_singlestep",
                    blank=True,
                ),
                InsertStatement(
                    path=CORE,
                    function="uprobe_pre_sstep_notifier",
                    text=piece(_FOLDER, CORE, "left-notify"),
                    before="set_thread_flag",
                    blank=True,
                ),
            ),
        ),
        Patch(
            ident="fix-freezer",
            subject="uprobes: Let a task be frozen that has been in a step",
            gist="has a task frozen behind its step",
            mends=("freezer",),
            edits=(
                InsertLines(
                    path=CORE,
                    text="#include <linux/freezer.h>\n",
                    after=Anchor(kind="include", name="linux/kdebug.h"),
                ),
                InsertStatement(
                    path=CORE,
                    function="handle_singlestep",
                    text=piece(_FOLDER, CORE, "freezer-resume"),
                    after="spin_unlock_irq",
                ),
            ),
        ),
        Patch(
            ident="fix-int3-unreadable",
            subject="uprobes: See a breakpoint in memory that must not be read",
            gist="sees a program's own breakpoint in execute-only memory",
            needs="trap_as_task",
            mends=("int3-unreadable",),
            trailers=(_READ_AS_TASK, _STABLE),
            edits=(
                ReplaceTokens(
                    path=CORE,
                    within="is_trap_at_addr",
                    pattern="result = get_user_pages(vaddr, 1, FOLL_FORCE, &page);",
                    by=piece(_FOLDER, CORE, "int3-unreadable"),
                ),
            ),
        ),
        Patch(
            ident="fix-fault-number",
            subject="uprobes/x86: Keep the trap number of a fault of a probed instruction",
            gist="keeps the trap number of a fault",
            mends=("fault-trap-number",),
            trailers=(_FIRST,),
            edits=(
                ReplaceTokens(
                    path=ARCH,
                    within="arch_uprobe_abort_xol",
                    pattern="current->thread.trap_nr = utask->autask.saved_trap_nr;",
                    by=piece(_FOLDER, ARCH, "fault-number"),
                ),
            ),
        ),
        Patch(
            ident="fix-long-int3",
            subject="uprobes/x86: Leave the two-byte int 3 to its program",
            gist="leaves the two-byte int 3 alone",
            mends=("int3-two-bytes",),
            trailers=(_FIRST,),
            edits=(
                _function(ARCH, "long-int3-function", "arch_uprobe_exception_notify"),
                ReplaceTokens(
                    path=ARCH,
                    within="arch_uprobe_exception_notify",
                    pattern="if (uprobe_pre_sstep_notifier(regs))",
                    by=piece(_FOLDER, ARCH, "long-int3-call"),
                ),
            ),
        ),
        Patch(
            ident="fix-step-code",
            subject="uprobes/x86: Report a step over a probe as TRAP_TRACE",
            gist="gives SIGTRAP of a step its code",
            mends=("step-sicode",),
            edits=(
                ReplaceTokens(
                    path=ARCH,
                    within="arch_uprobe_post_xol",
                    pattern="send_sigtrap",
                    by="trace",
                    count=0,
                ),
                ReplaceTokens(
                    path=ARCH,
                    pattern="send_sig(SIGTRAP, current, 0);",
                    by=piece(_FOLDER, ARCH, "step-code"),
                    count=2,
                ),
            ),
        ),
        Patch(
            ident="fix-step-dr6",
            subject="uprobes/x86: Set DR6.BS after a step over an emulated instruction",
            gist="tells a debugger of its step",
            mends=("step-dr6",),
            edits=(
                ReplaceTokens(
                    path=ARCH,
                    within="arch_uprobe_skip_sstep",
                    pattern="if (ret && (regs->flags & X86_EFLAGS_TF)) "
                    "send_sigtrap(regs, 0, TRAP_TRACE);",
                    by=piece(_FOLDER, ARCH, "step-dr6"),
                ),
            ),
        ),
        Patch(
            ident="fix-longjmp",
            subject="uprobes: Report returns again after longjmp() from a deep recursion",
            gist="gives back the places of returns that longjmp() has left",
            mends=("return-lost",),
            edits=(
                InsertStatement(
                    path=CORE,
                    function="prepare_uretprobe",
                    text=piece(_FOLDER, CORE, "longjmp-limit"),
                    before="MAX_URETPROBE_DEPTH",
                    blank=True,
                ),
            ),
        ),
        Patch(
            ident="fix-rseq",
            subject="uprobes: Restart sequences that are left in a step",
            gist="restarts restartable sequences",
            mends=("rseq-lost-update",),
            trailers=(_RSEQ_CAME, _STABLE),
            edits=(
                InsertLines(
                    path=CORE_H,
                    text=piece(_FOLDER, CORE_H, "abort-step"),
                    after=Anchor(kind="declaration", name="uprobe_clear_state"),
                ),
                InsertLines(
                    path=CORE_H,
                    text=piece(_FOLDER, CORE_H, "abort-step-stub"),
                    after=Anchor(kind="function", name="uprobe_clear_state"),
                ),
                _function(CORE, "rseq-function", "uprobe_notify_resume"),
                InsertLines(
                    path=_RSEQ,
                    text="#include <linux/uprobes.h>\n",
                    after=Anchor(kind="include", name="linux/types.h"),
                ),
                ReplaceTokens(
                    path=_RSEQ,
                    within="rseq_ip_fixup",
                    pattern="instruction_pointer(regs)",
                    by=GET_TRAP_ADDR,
                ),
                InsertStatement(
                    path=_RSEQ,
                    function="rseq_ip_fixup",
                    text=piece(_RSEQ, "abort-step"),
                    before="instruction_pointer_set",
                ),
            ),
        ),
        Patch(
            ident="fix-int3-number",
            subject="uprobes: Report int3 of a program with its trap number",
            gist="gives a program's own int3 its trap number",
            mends=("int3-trap-number",),
            trailers=(_FIRST,),
            edits=(
                InsertLines(
                    path=CORE_H,
                    text=piece(_FOLDER, CORE_H, "signal-swbp"),
                    after=Anchor(kind="declaration", name="arch_uprobe_ignore"),
                ),
                _function(CORE, "int3-number-function", "handle_swbp"),
                ReplaceTokens(
                    path=CORE,
                    within="handle_swbp",
                    pattern="force_sig(SIGTRAP);",
                    by=piece(_FOLDER, CORE, "signal-swbp"),
                ),
                InsertLines(
                    path=ARCH,
                    text="#include <asm/trapnr.h>\n",
                    after=Anchor(kind="include", name="asm/mmu_context.h"),
                ),
                _function(ARCH, "int3-number-function", "arch_uprobe_exception_notify"),
            ),
        ),
        Patch(
            ident="fix-delete-busy",
            subject="tracing/uprobes: Keep all probes of an event that is enabled",
            gist="does not free a probe of an event that is enabled",
            mends=("busy-event-freed",),
            edits=DELETE_BUSY,
        ),
        Patch(
            ident="fix-stale",
            subject="uprobes: Put no breakpoint into code that has changed",
            gist="leaves code alone that is not what was analysed",
            mends=("stale-instruction",),
            trailers=(_INSTALL, _STABLE),
            edits=(
                InsertLines(
                    path=CORE,
                    text=piece(_FOLDER, CORE, "stale-member"),
                    after=Anchor(kind="member", name="arch", within="uprobe"),
                ),
                InsertStatement(
                    path=CORE,
                    function="prepare_uprobe",
                    text=piece(_FOLDER, CORE, "stale-prepare"),
                    before="arch_uprobe_analyze_insn",
                ),
                ReplaceTokens(
                    path=CORE,
                    within="set_orig_insn",
                    pattern="return uprobe_write_opcode(auprobe, mm, vaddr, "
                    "*(uprobe_opcode_t *)&auprobe->insn);",
                    by=piece(_FOLDER, CORE, "stale-restore"),
                ),
                _function(CORE, "stale-function", "install_breakpoint"),
                UNLESS_CHANGED,
                InsertLines(
                    path=CORE_H,
                    text=piece(_FOLDER, CORE_H, "insn-len"),
                    after=Anchor(kind="declaration", name="arch_uprobe_analyze_insn"),
                ),
                _function(ARCH, "stale-function", "arch_uprobe_pre_xol"),
            ),
        ),
        Patch(
            ident="fix-mode",
            subject="uprobes/x86: Execute code of the other mode as what it is",
            gist="analyses an instruction for both modes",
            mends=("other-mode",),
            trailers=(_FIRST,),
            edits=(*_MODE_CORE, *_MODE_ARCH),
        ),
        Patch(
            ident="fix-return",
            subject="uprobes: Find a return by the address of its stack",
            gist="finds a return by its stack",
            mends=("return-other-stack", "return-moved-stack"),
            edits=_RETURN,
        ),
        Patch(
            ident="fix-syscall-return",
            subject="uprobes/x86: Do not return by a system call that others see",
            gist="keeps the system call of a return from those who handle the program's",
            needs="uretprobe_syscall",
            mends=("return-by-syscall",),
            edits=_SYSCALL_RETURN,
        ),
        Patch(
            ident="fix-move-join",
            subject="uprobes: Arm no mapping whose pages mremap() has yet to move",
            gist="arms nothing that pages are moved over",
            lacks="moves_unarmed",
            mends=("move-corrupts-mm",),
            trailers=(_INSTALL, _STABLE),
            edits=(
                *MREMAP_FLAG,
                *unarmed("join-not", "copy_vma"),
            ),
        ),
        Patch(
            ident="fix-move-split",
            subject="uprobes: Do not count a breakpoint that mremap() has moved away",
            gist="counts no breakpoint that has been moved away",
            mends=("semaphore-leak",),
        ),
        Patch(
            ident="fix-moved",
            subject="uprobes: Arm what mremap() makes and what it leaves",
            gist="arms what grows while it moves, and what stays",
            mends=("moved-not-armed",),
            trailers=(_INSTALL,),
            edits=MREMAP_ARM,
        ),
        Patch(
            ident="fix-signals",
            subject="uprobes: Let signals end a step that does not get on",
            gist="gives a step up that keeps signals waiting",
            mends=("signals-wait",),
            trailers=(_FIRST,),
            edits=(
                _function(CORE, "signals-function", "uprobe_deny_signal"),
                ReplaceTokens(
                    path=CORE,
                    within="uprobe_deny_signal",
                    pattern="if (__fatal_signal_pending(t) || arch_uprobe_xol_was_trapped(t))",
                    by=piece(_FOLDER, CORE, "signals-deny"),
                ),
                InsertStatement(
                    path=CORE,
                    function="pre_ssout",
                    text=piece(_FOLDER, CORE, "signals-began"),
                    after="active_uprobe",
                ),
                InsertLines(
                    path=CORE_H,
                    text=piece(_FOLDER, CORE_H, "signals-member"),
                    after=Anchor(kind="member", name="xol_vaddr", within="uprobe_task"),
                ),
            ),
        ),
        Patch(
            ident="fix-refusal",
            subject="uprobes: Refuse an instruction when its probe is armed",
            gist="refuses an instruction when its probe is armed",
            mends=("silent-refusal", "errno-524"),
            trailers=(_INSTALL,),
            edits=(
                *EDITS["refuse"],
                InsertStatement(
                    path=TRACE,
                    function="trace_uprobe_enable",
                    text=piece(TRACE, "check-insn"),
                    before="consumer",
                    blank=True,
                ),
                InsertLines(
                    path=CORE_H,
                    text=piece(_FOLDER, CORE_H, "refusal"),
                    after=Anchor(kind="declaration", name="arch_uprobe_in_mode"),
                ),
                _function(ARCH, "refusal-function", "arch_uprobe_pre_xol"),
            ),
        ),
        Patch(
            ident="fix-joined",
            subject="tracing/uprobes: Leave out a probe that is not registered",
            gist="leaves a probe out that has joined an event of perf",
            mends=("joined-event",),
            edits=JOINED,
        ),
        Patch(
            ident="fix-operands",
            subject="uprobes/x86: Refuse instructions whose operands are not seen",
            gist="refuses what has operands that the decoder does not see",
            mends=("rip-unseen",),
            edits=_refusal("operands"),
        ),
        Patch(
            ident="fix-umip-step",
            subject="uprobes/x86: End a step that the kernel has executed itself",
            gist="ends a step that the kernel has executed (UMIP)",
            mends=("umip-step",),
            trailers=(_UMIP_CAME, _STABLE),
            edits=(
                InsertLines(
                    path=CORE_H,
                    text=piece(_FOLDER, CORE_H, "step-stub"),
                    after=Anchor(kind="function", name="uprobe_clear_state"),
                ),
                InsertLines(
                    path=_UMIP,
                    text="#include <linux/uprobes.h>\n",
                    after=Anchor(kind="include", name="linux/uaccess.h"),
                ),
                InsertStatement(
                    path=_UMIP,
                    function="fixup_umip_exception",
                    text=piece(_FOLDER, _UMIP, "step"),
                    after="insn.length",
                    blank=True,
                ),
            ),
        ),
        Patch(
            ident="fix-branch-size",
            subject="uprobes/x86: Refuse near branches of 16 bits",
            gist="refuses near branches of 16 bits",
            mends=("jmp-operand-size",),
            edits=_refusal("size"),
        ),
        Patch(
            ident="fix-nop",
            subject="uprobes/x86: Skip the single step of all NOPs",
            gist="skips NOPs of every length, and endbr",
            mends=("gain-endbr",),
            edits=(
                _function(ARCH, "nop-function", "branch_setup_xol_ops"),
                InsertStatement(
                    path=ARCH,
                    function="branch_setup_xol_ops",
                    text=piece(_FOLDER, ARCH, "nop-setup"),
                    before="switch",
                    blank=True,
                ),
                ReplaceTokens(
                    path=ARCH,
                    within="branch_setup_xol_ops",
                    pattern="case 0x90: if (X86_REX_B(insn->rex_prefix.value)) return -ENOSYS; "
                    "goto setup; case 0xe8:",
                    by="case 0xe8:",
                ),
            ),
        ),
        Patch(
            ident="fix-ret",
            subject="uprobes/x86: Emulate leave and ret",
            gist="emulates what functions end with",
            mends=("gain-return",),
            edits=(
                InsertLines(
                    path=ARCH,
                    text="#include <asm/debugreg.h>\n",
                    after=Anchor(kind="include", name="linux/kdebug.h"),
                ),
                ReplaceTokens(
                    path=ARCH_H,
                    pattern="u8 fixups;",
                    by=piece(_FOLDER, ARCH_H, "return-pops"),
                ),
                InsertBlock(
                    path=ARCH,
                    template=f"{_FOLDER}/{ARCH}/return-ops.c",
                    before=Anchor(kind="function", name="arch_uprobe_analyze_insn"),
                ),
                InsertStatement(
                    path=ARCH,
                    function="arch_uprobe_analyze_insn",
                    text=piece(_FOLDER, ARCH, "return-setup"),
                    after="default_xol_ops",
                ),
            ),
        ),
        Patch(
            ident="fix-notifier",
            subject="uprobes: Take exceptions before tracing looks at them",
            gist="takes exceptions before tracing compares strings for them",
            needs="die_panic_notifier",
            edits=(
                ReplaceDeclaration(
                    path=CORE,
                    name="uprobe_exception_nb",
                    text=piece(CORE, "notifier"),
                ),
            ),
        ),
        Patch(
            ident="fix-mov",
            subject="uprobes/x86: Emulate mov, lea and cmov",
            gist="emulates what functions begin with",
            mends=("gain-load",),
            edits=(
                ReplaceTokens(
                    path=ARCH,
                    pattern="static bool check_jmp_cond("
                    "struct arch_uprobe *auprobe, struct pt_regs *regs)",
                    by=piece(_FOLDER, ARCH, "mov-condition"),
                ),
                ReplaceTokens(
                    path=ARCH,
                    within="check_jmp_cond",
                    pattern="auprobe->branch.opc1",
                    by="opcode",
                ),
                ReplaceTokens(
                    path=ARCH,
                    within="branch_emulate_op",
                    pattern="check_jmp_cond(auprobe, regs)",
                    by=piece(_FOLDER, ARCH, "mov-taken"),
                ),
                ReplaceTokens(
                    path=ARCH_H,
                    pattern="u8 fixups;",
                    by=piece(_FOLDER, ARCH_H, "mov-members"),
                ),
                InsertBlock(
                    path=ARCH,
                    template=f"{_FOLDER}/{ARCH}/mov-ops.c",
                    before=Anchor(kind="function", name="arch_uprobe_analyze_insn"),
                ),
                InsertStatement(
                    path=ARCH,
                    function="arch_uprobe_analyze_insn",
                    text=piece(_FOLDER, ARCH, "mov-setup"),
                    after="return_setup_xol_ops",
                ),
            ),
        ),
    ),
)
