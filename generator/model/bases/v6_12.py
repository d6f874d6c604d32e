# SPDX-License-Identifier: GPL-2.0-only
"""Linux 6.12, as in Debian 12's linux-source-6.12.

What differs from 6.1: probes are looked up under RCU tasks trace and not with a reference,
consumers are a list, uprobe_warn() is there already, and more of the tree looks at return probes.
"""

from __future__ import annotations

from generator.model.bases import v6
from generator.model.bases.base import HANDLE_TRAMPOLINE, Base
from generator.model.edits import (
    Anchor,
    Edit,
    EmptyFunction,
    InsertBlock,
    InsertStatement,
    Remove,
    RemoveFunctions,
    ReplaceTokens,
    piece,
)
from generator.model.files import CORE, CORE_H, TRACE

_FUNCTIONS = (
    "unapply_uprobe",
    "xol_fault",
    "arch_uprobe_get_xol_area",
    "xol_add_vma",
    "arch_uprobe_trampoline",
    "__create_xol_area",
    "get_xol_area",
    "xol_take_insn_slot",
    "xol_get_insn_slot",
    "xol_free_insn_slot",
    "arch_uprobe_copy_ixol",
    "uprobe_get_swbp_addr",
    "uprobe_get_trap_addr",
    "free_ret_instance",
    "uprobe_free_utask",
    "get_utask",
    "dup_utask",
    "dup_xol_work",
    "uprobe_copy_process",
    "uprobe_get_trampoline_vaddr",
    "cleanup_return_instances",
    "prepare_uretprobe",
    "pre_ssout",
    "uprobe_deny_signal",
    "mmf_recalc_uprobes",
    "is_trap_at_addr",
    "find_active_uprobe_rcu",
    "find_uprobe_rcu",
    "get_uprobe",
    "handler_chain",
    "handle_uretprobe_chain",
    "find_next_ret_chain",
    "uprobe_handle_trampoline",
    "arch_uprobe_ignore",
    "arch_uretprobe_is_alive",
    "handle_swbp",
    "handle_singlestep",
    "uprobe_notify_resume",
    "uprobe_pre_sstep_notifier",
    "uprobe_post_sstep_notifier",
)

_PROTOTYPES = (
    *v6.PROTOTYPES,
    "uprobe_handle_trampoline",
    "arch_uprobe_trampoline",
    "uprobe_get_trampoline_vaddr",
)

_BPF = "kernel/trace/bpf_trace.c"
_CALLCHAIN = "kernel/events/callchain.c"

_BASELINE: tuple[Edit, ...] = (
    Remove(path=CORE, anchors=(Anchor(kind="declaration", name="xol_mapping"),)),
    Remove(path=CORE_H, anchors=(Anchor(kind="macro", name="UPROBE_NO_TRAMPOLINE_VADDR"),)),
    EmptyFunction(path=_CALLCHAIN, function="fixup_uretprobe_trampoline_entries"),
    ReplaceTokens(
        path=_BPF,
        pattern="((struct uprobe_dispatch_data *)current->utask->vaddr)->bp_addr",
        by="0",
    ),
)

_UTASK: tuple[Edit, ...] = (
    ReplaceTokens(
        path=_BPF,
        pattern="if (run_ctx->is_uprobe) return 0;",
        by=piece(_BPF, "func-ip"),
    ),
)

_RETURN: tuple[Edit, ...] = (
    ReplaceTokens(
        path=_CALLCHAIN,
        within="fixup_uretprobe_trampoline_entries",
        pattern="{ }",
        by=piece(_CALLCHAIN, "trampolines"),
    ),
)

_ENTRY = "kernel/entry/common.c"

_SYSCALL: tuple[Edit, ...] = (
    ReplaceTokens(
        path=_ENTRY,
        within="syscall_trace_enter",
        pattern="long ret = 0;",
        by=piece(_ENTRY, "trampoline-syscall"),
    ),
)

_TRACE_H = "kernel/trace/trace.h"
_EVENTS = "kernel/trace/trace_events.c"
_GROUPS = "__ftrace_set_clr_event_nolock"

_GROUP: tuple[Edit, ...] = (
    InsertBlock(
        path=_TRACE_H,
        template="kernel/trace/trace.h/group.h",
        before=Anchor(kind="declaration", name="event_mutex"),
    ),
    InsertStatement(
        path=_EVENTS,
        function=_GROUPS,
        text=piece(_EVENTS, "start-group"),
        before="list_for_each_entry",
        blank=True,
    ),
    InsertStatement(
        path=_EVENTS,
        function=_GROUPS,
        text=piece(_EVENTS, "end-group"),
        before="return ret",
        blank=True,
    ),
    InsertBlock(
        path=TRACE,
        template="kernel/trace/trace_uprobe.c/group.c",
        before=Anchor(kind="function", name="__probe_event_disable"),
    ),
    ReplaceTokens(
        path=TRACE,
        within="__probe_event_disable",
        pattern="if (sync)",
        by="if (sync && !uprobe_group)",
    ),
    *(
        ReplaceTokens(
            path=TRACE,
            within=function,
            pattern="uprobe_buffer_disable();",
            by="uprobe_buffer_release();",
        )
        for function in ("probe_event_enable", "probe_event_disable")
    ),
)

_REFUSE: tuple[Edit, ...] = (
    ReplaceTokens(
        path=TRACE,
        within="trace_uprobe_enable",
        pattern="struct uprobe *uprobe;",
        by=piece(TRACE, "enable-ret"),
    ),
)

_HIT: tuple[Edit, ...] = (
    ReplaceTokens(path=CORE, within="uprobe_warn", pattern="pr_warn", by="pr_warn_ratelimited"),
)
"""What a program can bring about at each hit must not fill the log."""

BASE = Base(
    name="6.12",
    package="linux-source-6.12",
    names={
        **v6.NAMES,
        "find_uprobe": "find_uprobe_rcu",
        "get_page": "get_user_pages_remote(mm, vaddr, 1, flags | FOLL_FORCE, &page,\n"
        "\t\t\t\t    NULL)",
    },
    has=frozenset(
        (
            *("event_siblings", "moves_unarmed", "rseq", "shstk", "trap_as_task"),
            *("uprobe_rcu", "uprobe_warn", "uretprobe_syscall"),
        )
    ),
    hooks=(*v6.HOOKS, *v6.mremap_hooks("do_vmi_munmap")),
    edits={
        **v6.EDITS,
        "fix-refusal": _REFUSE,
        "fix-move-split": (*v6.MREMAP_FLAG, *v6.unarmed("split-not", "do_vmi_munmap")),
        "fix-return": (
            RemoveFunctions(path=CORE, names=("uprobe_handle_trampoline",)),
            HANDLE_TRAMPOLINE,
        ),
        "names": (
            *v6.EDITS["names"],
            ReplaceTokens(
                path=CORE, within="__insert_uprobe", pattern="u", by="cur_uprobe", count=0
            ),
        ),
        "utask": (*v6.EDITS["utask"], *_UTASK),
        "hit": (*v6.EDITS["hit"], *_HIT),
        "return": (*v6.EDITS["return"], *_RETURN, *_SYSCALL),
        "refuse": (*v6.EDITS["refuse"], *_REFUSE),
        "group": _GROUP,
    },
    baseline=v6.baseline(functions=_FUNCTIONS, prototypes=_PROTOTYPES, extra=_BASELINE),
)
