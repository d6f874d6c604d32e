# SPDX-License-Identifier: GPL-2.0-only
"""Linux 6.1, as in Debian's linux-source-6.1."""

from __future__ import annotations

from generator.model.bases import edits_v6, v6
from generator.model.bases.base import HANDLE_TRAMPOLINE, JOIN_EDITS, TREE_EDITS, Base
from generator.model.edits import RemoveFunctions, ReplaceTokens
from generator.model.files import CORE

_FUNCTIONS = (
    "unapply_uprobe",
    "arch_uprobe_get_xol_area",
    "xol_add_vma",
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
    "uprobe_warn",
    "dup_xol_work",
    "uprobe_copy_process",
    "get_trampoline_vaddr",
    "cleanup_return_instances",
    "prepare_uretprobe",
    "pre_ssout",
    "uprobe_deny_signal",
    "mmf_recalc_uprobes",
    "is_trap_at_addr",
    "find_active_uprobe",
    "handler_chain",
    "handle_uretprobe_chain",
    "find_next_ret_chain",
    "handle_trampoline",
    "arch_uprobe_ignore",
    "arch_uretprobe_is_alive",
    "handle_swbp",
    "handle_singlestep",
    "uprobe_notify_resume",
    "uprobe_pre_sstep_notifier",
    "uprobe_post_sstep_notifier",
)

BASE = Base(
    name="6.1",
    package="linux-source-6.1",
    names=v6.NAMES,
    spelled=v6.SPELLED,
    has=frozenset({"event_siblings", "rseq"}),
    hooks=(*v6.HOOKS, *v6.mremap_hooks("do_munmap")),
    edits={
        **edits_v6.EDITS,
        "fix-move-split": edits_v6.unarmed("split-not", "do_munmap"),
        "fix-return": (RemoveFunctions(path=CORE, names=("handle_trampoline",)), HANDLE_TRAMPOLINE),
        "names": (
            *edits_v6.EDITS["names"],
            ReplaceTokens(path=CORE, within="consumer_del", pattern="con", by="link", count=0),
        ),
        "move": (*edits_v6.EDITS["move"], *JOIN_EDITS),
        "known": TREE_EDITS,
    },
    baseline=v6.baseline(functions=_FUNCTIONS, prototypes=v6.PROTOTYPES),
)
