# SPDX-License-Identifier: GPL-2.0-only
"""Linux 6.19, from a tree of the user's: made of the base 6.12 for 6.19.9.

What differs from 6.12: breakpoints are written by the mapping, consumers have data of their own
from the call to the return, restartable sequences and the end of an interrupt are inline, mremap()
is in pieces. What its core has besides goes out with the baseline and does not come back: probes
that are found without the lock, a faster way to the same result. What makes a call of a NOP stays
in the tree as it is, and a patch of the series has it called.
"""

from __future__ import annotations

from dataclasses import replace

from generator.model.bases import v6
from generator.model.bases.base import (
    GET_TRAP_ADDR,
    MM_FLAGS,
    Hook,
    core_block,
    hook_statement,
    spelled,
)
from generator.model.bases.derive import Changes, derive
from generator.model.bases.erase import REMOVE_ERROR, erases
from generator.model.bases.v6_12 import BASE as LIKE
from generator.model.decl import Param
from generator.model.edits import (
    Anchor,
    CreateFile,
    Edit,
    InsertBlock,
    InsertLines,
    InsertStatement,
    MovePart,
    Remove,
    RemoveFunctions,
    RemoveStatements,
    ReorderParameters,
    ReplaceTokens,
    Text,
    piece,
    text_of,
)
from generator.model.files import ARCH, ARCH_CALL, CORE, CORE_H, MREMAP

_ENTRY = "kernel/entry/common.c"
_ENTRY_LOOP = "__exit_to_user_mode_loop"
_IRQ_ENTRY_H = "include/linux/irq-entry-common.h"
_TIF_H = "include/asm-generic/thread_info_tif.h"
_RSEQ_H = "include/linux/rseq_entry.h"
_RSEQ_FUNCTIONS = ("rseq_update_user_cs", "rseq_debug_update_user_cs")


def _macro(path: str, name: str) -> Remove:
    return Remove(path=path, anchors=(Anchor(kind="macro", name=name),))


def _write_opcode(path: str) -> ReorderParameters:
    return ReorderParameters(path=path, function="uprobe_write_opcode", order=(1, 0, 2, 3))


_OUT: Changes = (
    # called otherwise, or another thing by now
    (RemoveFunctions(path=CORE, names=("arch_uprobe_trampoline",)), ()),
    (RemoveFunctions(path=CORE, names=("xol_take_insn_slot",)), ()),
    (
        Remove(path=CORE_H, anchors=(Anchor(kind="declaration", name="arch_uprobe_trampoline"),)),
        (),
    ),
    # in the file of the architecture, which is written anew
    *(
        (RemoveStatements(path=v6.PERF, function="is_uprobe_at_func_entry", mentioning=word), ())
        for word in ("utask", "auprobe")
    ),
    (
        RemoveStatements(path=_ENTRY, function="exit_to_user_mode_loop", mentioning="_TIF_UPROBE"),
        (RemoveStatements(path=_ENTRY, function=_ENTRY_LOOP, mentioning="_TIF_UPROBE"),),
    ),
    *(
        (_macro(v6.THREAD_INFO_H, name), (_macro(_TIF_H, name),))
        for name in ("TIF_UPROBE", "_TIF_UPROBE")
    ),
    *(
        (_write_opcode(path), (replace(_write_opcode(path), order=(1, 0, 2, 3, 4)),))
        for path in (CORE, CORE_H)
    ),
)
"""What the baseline takes out or turns around."""


def _edit(patch: str, path: str, word: Text) -> Edit:
    """Return the edit of 6.12 whose text is a template, or begins with a word, in a patch."""
    edits = [edit for edit in LIKE.edits[patch] if edit.path == path]
    return next(
        edit
        for edit in edits
        if (text := text_of(edit)) == word or (isinstance(text, str) and text.startswith(str(word)))
    )


def _work(pattern: str, by: str) -> ReplaceTokens:
    return ReplaceTokens(path=v6.ENTRY_H, within="EXIT_TO_USER_MODE_WORK", pattern=pattern, by=by)


_NAMED = (
    _work("_TIF_NOTIFY_RESUME | _TIF_UPROBE", "_TIF_NOTIFY_RESUME"),
    _work("_TIF_NOTIFY_RESUME", "_TIF_NOTIFY_RESUME | _TIF_UPROBE"),
)


def _hook(callee: str, path: str) -> InsertStatement:
    return next(
        hook_statement(hook) for hook in LIKE.hooks if (hook.callee, hook.path) == (callee, path)
    )


_RESUME = _hook("uprobe_notify_resume", _ENTRY)
_ENTER = _edit("return", _ENTRY, piece(_ENTRY, "trampoline-syscall"))
_TIF = _edit("hit", v6.THREAD_INFO_H, "#define TIF_UPROBE")
_STACK = _edit("hit", CORE, "#include <linux/sched/task_stack.h>")

_ELSEWHERE: Changes = (
    *((edit, (replace(edit, path=_IRQ_ENTRY_H),)) for edit in _NAMED),
    (_RESUME, (replace(_RESUME, function=_ENTRY_LOOP),)),
    (_ENTER, (replace(_ENTER, path="kernel/entry/syscall-common.c"),)),
    (
        _TIF,
        (
            InsertLines(
                path=_TIF_H,
                text="#define TIF_UPROBE\t\t8\t// hit a probe, or stepped over one\n"
                "#define _TIF_UPROBE\t\tBIT(TIF_UPROBE)\n\n",
                before=Anchor(kind="macro", name="TIF_PATCH_PENDING"),
            ),
        ),
    ),
    (_edit("hit", v6.THREAD_INFO_H, "#define _TIF_UPROBE"), ()),
    (_edit("utask", v6.PERF, piece(v6.PERF, "func-entry")), ()),
    (
        _STACK,
        (
            InsertLines(
                path=CORE,
                text="#include <linux/sched/task_stack.h>\n",
                after=Anchor(kind="include", name="linux/sched/mm.h"),
            ),
        ),
    ),
)
"""What has moved to another file or function."""

_LEFT = _edit("move", MREMAP, piece(MREMAP, "left"))
_START = _hook("uprobe_start_mremap", MREMAP)
_END = _hook("uprobe_end_mremap", MREMAP)

_MOVES: Changes = (
    (
        _edit("move", v6.COREDUMP_H, "#define MMF_UPROBES_MREMAP"),
        (
            InsertLines(
                path="include/linux/mm_types.h",
                # the bits below 32 are taken, and there are 64
                text="#define MMF_UPROBES_MREMAP\t32\t/* arm nothing now */\n",
                after=Anchor(kind="macro", name="MMF_TOPDOWN_MASK"),
            ),
        ),
    ),
    (
        _edit("move", MREMAP, piece(MREMAP, "grown")),
        (
            InsertStatement(
                path=MREMAP,
                function="copy_vma_and_data",
                text=piece(MREMAP, "grown"),
                after="mremap_userfaultfd_prep",
            ),
        ),
    ),
    (
        _LEFT,
        (
            InsertStatement(
                path=MREMAP,
                function="dontunmap_complete",
                text=piece(MREMAP, "left-6.19"),
                after="unlink_anon_vmas",
                blank=True,
            ),
        ),
    ),
    (_START, (replace(_START, function="unmap_source_vma"),)),
    (_END, (replace(_END, function="unmap_source_vma"),)),
)
"""mremap(), which is in pieces."""

_ABORT = _hook("uprobe_abort_step", v6.RSEQ)
_ABORTS = tuple(
    ReplaceTokens(
        path=_RSEQ_H,
        within=function,
        pattern="if (unlikely(abort_ip)) rseq_trace_ip_fixup(ip, start_ip, offset, abort_ip);",
        # not where user memory is open, which ends before a function is called
        by=piece(_RSEQ_H, "abort-step"),
    )
    for function in _RSEQ_FUNCTIONS
)

_SEQUENCES: Changes = (
    (
        _edit("rseq", v6.RSEQ, "#include <linux/uprobes.h>"),
        (
            InsertLines(
                path=_RSEQ_H,
                text="#include <linux/uprobes.h>\n",
                after=Anchor(kind="include", name="linux/uaccess.h"),
            ),
        ),
    ),
    (
        _edit("rseq", v6.RSEQ, GET_TRAP_ADDR),
        tuple(
            ReplaceTokens(
                path=_RSEQ_H,
                within=function,
                pattern="instruction_pointer(regs)",
                by=GET_TRAP_ADDR,
            )
            for function in _RSEQ_FUNCTIONS
        ),
    ),
    (_ABORT, ()),
)
"""Restartable sequences, two functions in a header."""

_ERASES: Changes = tuple(
    (before, (after,))
    for before, after in zip(
        erases("put_uprobe"),
        erases(
            "uprobe_free_deferred", replace(REMOVE_ERROR, before="", after="vm_mm", blank=False)
        ),
        strict=True,
    )
    if before != after
)
"""A worker takes a uprobe out of the tree; the mm of a breakpoint is found by its mapping."""

_FASTER = (
    *("hprobe_init_leased", "hprobe_init_stable", "hprobe_consume", "hprobe_finalize"),
    *("hprobe_expire", "ri_pool_push", "ri_pool_pop", "ri_free", "ri_timer", "alloc_utask"),
    *("alloc_return_instance", "dup_return_instance", "find_active_uprobe_speculative"),
    *("xol_mremap", "xol_get_slot_nr", "arch_uretprobe_trampoline", "push_consumer"),
    *("return_consumer_find", "ignore_ret_handler", "handle_syscall_uprobe"),
)
"""Functions of the core that 6.12 does not have, and that are part of what the series brings."""

_ALSO_OUT: tuple[Edit, ...] = (
    RemoveFunctions(path=CORE, names=_FASTER),
    Remove(
        path=CORE,
        anchors=(
            Anchor(kind="macro", name="RI_TIMER_PERIOD"),
            Anchor(kind="macro", name="for_each_ret_instance_rcu"),
        ),
    ),
    Remove(
        path=CORE_H,
        anchors=(
            *(
                Anchor(kind="declaration", name=name)
                for name in _FASTER
                if name.startswith("arch_") or name == "handle_syscall_uprobe"
            ),
            Anchor(kind="enum", name="hprobe_state"),
            Anchor(kind="struct", name="hprobe"),
            Anchor(kind="struct", name="return_consumer"),
        ),
    ),
)


_CALL_KEPT: tuple[Edit, ...] = (
    CreateFile(path=ARCH_CALL, template="arch/x86/kernel/uprobes_call.c/head.c"),
    MovePart(
        path=ARCH,
        to=ARCH_CALL,
        first=Anchor(kind="function", name="tramp_mremap"),
        last=Anchor(kind="function", name="arch_uprobe_optimize"),
    ),
)
"""What turns a NOP into a call stays as it is; the file that it is in is written anew."""


_CALL_BUILT: tuple[Edit, ...] = (
    InsertLines(
        path="arch/x86/kernel/Makefile",
        text="\tobj-$(CONFIG_UPROBES)\t\t+= uprobes_call.o\n",
        before=Anchor(kind="line", name="obj-$(CONFIG_AUDIT)\t\t+= audit_64.o"),
        blank=True,
    ),
    InsertBlock(
        path=ARCH_CALL,
        template="arch/x86/kernel/uprobes_call.c/is-call.c",
        after=Anchor(kind="function", name="arch_uprobe_optimize"),
    ),
    core_block("call.c"),
    # a forked child has the calls, and has to have what they call
    ReplaceTokens(
        path=ARCH_CALL,
        within="create_uprobe_trampoline",
        pattern="VM_READ|VM_EXEC|VM_MAYEXEC|VM_MAYREAD|VM_DONTCOPY|VM_IO",
        by="VM_READ | VM_EXEC | VM_MAYEXEC | VM_MAYREAD | VM_IO",
    ),
    # what a probe is in the current process was asked, when another registers or removes it
    RemoveFunctions(path=ARCH_CALL, names=("__is_optimized", "is_optimized")),
    InsertBlock(
        path=ARCH_CALL,
        template="arch/x86/kernel/uprobes_call.c/is-optimized.c",
        before=Anchor(kind="function", name="should_optimize"),
    ),
)
"""From then on it is compiled."""


def _writes(function: str) -> tuple[Param, ...]:
    """Return the parameters of a function that writes an opcode: by the mapping, not by the mm."""
    return (
        Param(type="struct arch_uprobe *", name="auprobe"),
        Param(type="struct vm_area_struct *", name="vma"),
        Param(type="unsigned long", name="vaddr"),
        *(
            (Param(type="uprobe_opcode_t", name="opcode"), Param(type="bool", name="is_register"))
            if function == "uprobe_write_opcode"
            else ()
        ),
    )


BASE = derive(
    LIKE,
    name="6.19",
    has=LIKE.has | {"consumer_data", "func_entry", "nop_call", "rseq_flag"},
    names={
        "copy_from_page": "uprobe_copy_from_page",
        "insn_is_avx": "insn_is_avx_or_xop",
        "probed": "vma",
    },
    spelled=spelled(*MM_FLAGS, of="6.19"),
    params={
        **{name: _writes(name) for name in ("set_bp", "set_orig_insn", "uprobe_write_opcode")},
        "prepare_uretprobe": (
            Param(type="struct uprobe *", name="uprobe"),
            Param(type="struct pt_regs *", name="regs"),
            Param(type="struct return_instance *", name="ri"),
        ),
    },
    baseline=_ALSO_OUT,
    first=_CALL_KEPT,
    edits={
        "param-order": (
            # its prototype calls it so
            ReplaceTokens(
                path=CORE,
                within="uprobe_write_opcode",
                pattern="opcode_vaddr",
                by="vaddr",
                count=0,
            ),
        ),
        "rseq": _ABORTS,
        "call-nop": _CALL_BUILT,
    },
    hooks=(
        Hook(
            callee="uprobe_before_mremap",
            path=MREMAP,
            function="copy_vma_and_data",
            text=piece(MREMAP, "before"),
            before="copy_vma",
            blank=True,
        ),
    ),
    changed=(*_OUT, *_ELSEWHERE, *_MOVES, *_SEQUENCES, *_ERASES),
)
