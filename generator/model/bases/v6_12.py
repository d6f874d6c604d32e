# SPDX-License-Identifier: GPL-2.0-only
"""Linux 6.12, as in Debian 12's linux-source-6.12.

What differs from 6.1: probes are looked up under RCU tasks trace and not with a reference,
consumers are a list, uprobe_warn() is there already, and more of the tree looks at return probes.
"""

from __future__ import annotations

from generator.model.bases import edits_v6, v6
from generator.model.bases.base import HANDLE_TRAMPOLINE, Base, spelled
from generator.model.bases.erase import erases
from generator.model.edits import (
    Anchor,
    Edit,
    EmptyFunction,
    InsertBlock,
    InsertLines,
    InsertStatement,
    Remove,
    RemoveFunctions,
    RemoveStatements,
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
        by=piece(TRACE, "sync-unless-group"),
    ),
    *(
        ReplaceTokens(
            path=TRACE,
            within=function,
            pattern="uprobe_buffer_disable();",
            by=piece(TRACE, "buffer-release"),
        )
        for function in ("probe_event_enable", "probe_event_disable")
    ),
)

_PERF = "kernel/trace/trace_event_perf.c"
_UNREG = "perf_trace_event_unreg"

_CLOSE_PERF: tuple[Edit, ...] = (
    InsertStatement(
        path=_PERF,
        function="perf_trace_event_reg",
        text=piece(_PERF, "wait"),
        before="alloc_percpu",
        blank=True,
    ),
    InsertStatement(
        path=_PERF,
        function=_UNREG,
        text=piece(_PERF, "unreg-uprobe"),
        after="TRACE_REG_PERF_UNREGISTER",
        blank=True,
    ),
    RemoveStatements(path=_PERF, function=_UNREG, mentioning="perf_events"),
    RemoveStatements(path=_PERF, function=_UNREG, mentioning="total_ref_count"),
    RemoveStatements(path=_PERF, function=_UNREG, mentioning="i"),
    InsertStatement(path=_PERF, function=_UNREG, text=piece(_PERF, "free-call")),
    InsertBlock(
        path=_PERF,
        template="kernel/trace/trace_event_perf.c/free.c",
        before=Anchor(kind="function", name=_UNREG),
    ),
    ReplaceTokens(
        path=_PERF,
        within="perf_uprobe_destroy",
        pattern="mutex_unlock(&event_mutex); destroy_local_trace_uprobe(p_event->tp_event);",
        by=piece(_PERF, "destroy"),
    ),
)
"""What perf has of an event is freed by the event, which is closed under its lock."""

_CLOSE: tuple[Edit, ...] = (
    InsertBlock(
        path=_TRACE_H,
        template="kernel/trace/trace.h/close.h",
        before=Anchor(kind="declaration", name="event_mutex"),
    ),
    *_CLOSE_PERF,
    InsertLines(
        path=TRACE,
        text=piece(TRACE, "closed-members"),
        before=Anchor(kind="member", name="tp", within="trace_uprobe"),
    ),
    InsertStatement(
        path=TRACE,
        function="alloc_trace_uprobe",
        text=piece(TRACE, "init-closed"),
        after="dyn_event_init",
    ),
    InsertStatement(
        path=TRACE,
        function="unregister_trace_uprobe",
        text=piece(TRACE, "wait-delete"),
        before="trace_probe_has_sibling",
        blank=True,
    ),
    ReplaceTokens(
        path=TRACE,
        pattern="static void __probe_event_disable(struct trace_probe *tp)",
        by=piece(TRACE, "disable-head"),
    ),
    ReplaceTokens(
        path=TRACE,
        within="__probe_event_disable",
        pattern="if (sync && !uprobe_group) uprobe_unregister_sync();",
        by=piece(TRACE, "return-sync"),
    ),
    *(
        ReplaceTokens(
            path=TRACE,
            within=function,
            pattern="__probe_event_disable(tp);",
            by=piece(TRACE, "disable"),
        )
        for function in ("probe_event_enable", "probe_event_disable")
    ),
    InsertStatement(
        path=TRACE,
        function="probe_event_enable",
        text=piece(TRACE, "wait"),
        before="trace_probe_is_enabled",
    ),
    InsertBlock(
        path=TRACE,
        template="kernel/trace/trace_uprobe.c/close.c",
        before=Anchor(kind="function", name="probe_event_enable"),
    ),
    InsertStatement(
        path=TRACE,
        function="uprobe_perf_close",
        text=piece(TRACE, "close-last"),
        after="trace_uprobe_filter_remove",
        blank=True,
    ),
    ReplaceTokens(
        path=TRACE,
        within="trace_uprobe_register",
        pattern="probe_event_disable(event, NULL);",
        by=piece(TRACE, "close-event"),
    ),
    ReplaceTokens(
        path=TRACE,
        within="destroy_local_trace_uprobe",
        pattern="free_trace_uprobe(tu);",
        by=piece(TRACE, "destroy"),
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
    names={**v6.NAMES, "find_uprobe": "find_uprobe_rcu"},
    spelled={**v6.SPELLED, **spelled("get_page", of="6.12")},
    has=frozenset(
        (
            *("die_panic_notifier", "event_siblings", "moves_unarmed", "rseq", "shstk"),
            "trap_as_task",
            *("uprobe_rcu", "uprobe_warn", "uretprobe_syscall"),
        )
    ),
    hooks=(*v6.HOOKS, *v6.mremap_hooks("do_vmi_munmap")),
    edits={
        **edits_v6.EDITS,
        "fix-refusal": _REFUSE,
        "fix-move-split": (*edits_v6.MREMAP_FLAG, *edits_v6.unarmed("split-not", "do_vmi_munmap")),
        "fix-return": (
            RemoveFunctions(path=CORE, names=("uprobe_handle_trampoline",)),
            HANDLE_TRAMPOLINE,
        ),
        "names": (
            *edits_v6.EDITS["names"],
            ReplaceTokens(
                path=CORE, within="__insert_uprobe", pattern="u", by="cur_uprobe", count=0
            ),
        ),
        "utask": (*edits_v6.EDITS["utask"], *_UTASK),
        "hit": (*edits_v6.EDITS["hit"], *_HIT),
        "return": (*edits_v6.EDITS["return"], *_RETURN, *_SYSCALL),
        "refuse": (*edits_v6.EDITS["refuse"], *_REFUSE),
        "group": _GROUP,
        "close": _CLOSE,
        "erase": erases("put_uprobe"),
    },
    baseline=v6.baseline(functions=_FUNCTIONS, prototypes=_PROTOTYPES, extra=_BASELINE),
)
