# SPDX-License-Identifier: GPL-2.0-only
"""The series ``fixes``: the faults of the catalogue, mended in the unmodified tree, a patch each.

The gravest first. Each patch is as small as its fault allows, and moves the entries of the
catalogue that ``mends`` names; ``uprobekit mended`` makes the table of what each prefix has.
Its C stands in ``templates/fixes``, pieces of statements included.
"""

from __future__ import annotations

from generator.model.bases.base import DELETE_BUSY
from generator.model.edits import (
    Anchor,
    Edit,
    InsertBlock,
    InsertLines,
    InsertStatement,
    ReplaceTokens,
    piece,
)
from generator.model.files import ARCH, CORE, CORE_H
from generator.model.identity import Identity
from generator.model.series.kinds import Patch, Series, Start
from generator.model.trailers import Trailer

_FOLDER = "fixes"
_RSEQ = "kernel/rseq.c"
_FIRST = Trailer(
    "Fixes", '0326f5a94dde ("uprobes/core: Handle breakpoint and singlestep exceptions")'
)
"""The commit since which instructions are executed out of line at all."""
_RSEQ_CAME = Trailer("Fixes", 'd7822b1e24f2 ("rseq: Introduce restartable sequences system call")')
_READ_AS_TASK = Trailer(
    "Fixes",
    '300b05621a3f ("uprobes: is_trap_at_addr: don\'t use get_user_pages_remote()")',
)
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
                    text="\n" + piece(_FOLDER, ARCH, "pushf-macro"),
                    after=Anchor(kind="macro", name="UPROBE_FIX_RIP_MASK"),
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
                _function(CORE, "left-function", "uprobe_deny_signal"),
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
                    by="uprobe_get_trap_addr(regs)",
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
    ),
)
