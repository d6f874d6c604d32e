# SPDX-License-Identifier: GPL-2.0-only
"""Linux 6.12, as in Debian 12's linux-source-6.12.

What differs from 6.1: probes are looked up under RCU tasks trace and not with a reference,
consumers are a list, uprobe_warn() is there already, and more of the tree looks at return probes.
"""

from __future__ import annotations

from generator.model.bases import v6
from generator.model.bases.base import Base
from generator.model.edits import (
    Anchor,
    Edit,
    EmptyFunction,
    Remove,
    ReplaceTokens,
)
from generator.model.files import CORE, CORE_H

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

_BASELINE: tuple[Edit, ...] = (
    Remove(path=CORE, anchors=(Anchor(kind="declaration", name="xol_mapping"),)),
    Remove(path=CORE_H, anchors=(Anchor(kind="macro", name="UPROBE_NO_TRAMPOLINE_VADDR"),)),
    EmptyFunction(path="kernel/events/callchain.c", function="fixup_uretprobe_trampoline_entries"),
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
        by="if (run_ctx->is_uprobe) {\n"
        "\t\tstruct uprobe_dispatch_data *udd;\n\n"
        "\t\tudd = (void *)current->utask->vaddr;\n"
        "\t\treturn udd->bp_addr;\n"
        "\t}",
    ),
)

_RETURN: tuple[Edit, ...] = (
    ReplaceTokens(
        path="kernel/events/callchain.c",
        within="fixup_uretprobe_trampoline_entries",
        pattern="{ }",
        by="{\n"
        "#ifdef CONFIG_UPROBES\n"
        "\tstruct uprobe_task *utask = current->utask;\n"
        "\tstruct return_instance *ri;\n"
        "\tstruct pt_regs *regs = task_pt_regs(current);\n"
        "\tunsigned long stack;\n"
        "\tint i;\n\n"
        "\tif (likely(!utask || !utask->return_instances))\n"
        "\t\treturn;\n\n"
        "\tri = utask->return_instances;\n"
        "\tfor (i = start_entry_idx; i < entry->nr; i++) {\n"
        "\t\tif (!uprobe_is_trampoline(entry->ip[i]))\n"
        "\t\t\tcontinue;\n\n"
        "\t\t/* Pass over functions on other stacks, or left by longjmp(). */\n"
        "\t\twhile (ri && !arch_uretprobe_is_alive(ri, RP_CHECK_RET, regs))\n"
        "\t\t\tri = ri->next;\n"
        "\t\tif (!ri)\n"
        "\t\t\treturn;\n\n"
        "\t\t/* Functions of one chain have one return address. */\n"
        "\t\tentry->ip[i] = ri->orig_ret_vaddr;\n"
        "\t\tstack = ri->stack;\n"
        "\t\twhile (ri && ri->stack == stack)\n"
        "\t\t\tri = ri->next;\n"
        "\t}\n"
        "#endif\n"
        "}",
    ),
)

_ENTRY = "kernel/entry/common.c"

_SYSCALL: tuple[Edit, ...] = (
    ReplaceTokens(
        path=_ENTRY,
        within="syscall_trace_enter",
        pattern="long ret = 0;",
        by="long ret = 0;\n\n"
        "\t/* A probed function that returns makes this call, not the program. */\n"
        "\tif (unlikely(work & (SYSCALL_WORK_SYSCALL_USER_DISPATCH |\n"
        "\t\t\t     SYSCALL_WORK_SYSCALL_EMU)) &&\n"
        "\t    arch_uretprobe_is_syscall(regs, syscall))\n"
        "\t\twork &= ~(SYSCALL_WORK_SYSCALL_USER_DISPATCH |\n"
        "\t\t\t  SYSCALL_WORK_SYSCALL_EMU);",
    ),
)

_REFUSE: tuple[Edit, ...] = (
    ReplaceTokens(
        path=v6.TRACE,
        within="trace_uprobe_enable",
        pattern="struct uprobe *uprobe;",
        by="struct uprobe *uprobe;\n\tint ret;",
    ),
)

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
        "names": (
            *v6.EDITS["names"],
            ReplaceTokens(
                path=CORE, within="__insert_uprobe", pattern="u", by="cur_uprobe", count=0
            ),
        ),
        "utask": (*v6.EDITS["utask"], *_UTASK),
        "return": (*v6.EDITS["return"], *_RETURN, *_SYSCALL),
        "refuse": (*v6.EDITS["refuse"], *_REFUSE),
        "move": (*v6.EDITS["move"], *v6.mremap_edits()),
    },
    baseline=v6.baseline(functions=_FUNCTIONS, prototypes=_PROTOTYPES, extra=_BASELINE),
)
