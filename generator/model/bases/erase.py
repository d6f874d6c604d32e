# SPDX-License-Identifier: GPL-2.0-only
"""The edits by which a uprobe leaves the tree with its last consumer.

For bases that free one when its last reference is gone, and keep it in the tree until then: 6.12
and later.
"""

from __future__ import annotations

from generator.model.edits import (
    Anchor,
    Edit,
    InsertBlock,
    InsertLines,
    InsertStatement,
    RemoveStatements,
    ReplaceTokens,
    piece,
)
from generator.model.files import CORE

_UNREGISTER = "uprobe_unregister_nosync"

REMOVE_ERROR = InsertStatement(
    path=CORE,
    function="remove_breakpoint",
    text=piece(CORE, "remove-error"),
    before="MMF_RECALC_UPROBES",
    blank=True,
)
"""The variables for what taking a breakpoint away returns."""

_COMES: tuple[Edit, ...] = (
    InsertStatement(
        path=CORE,
        function="__insert_uprobe",
        text=piece(CORE, "tree-reference"),
        before="return uprobe",
    ),
    InsertBlock(
        path=CORE,
        template="kernel/events/uprobes.c/lock-uprobe.c",
        before=Anchor(kind="function", name="uprobe_register"),
    ),
    ReplaceTokens(path=CORE, within="uprobe_register", pattern="alloc_uprobe", by="lock_uprobe"),
    RemoveStatements(path=CORE, function="uprobe_register", mentioning="down_write"),
)
"""The tree has a reference; who registers makes sure that the uprobe is in it."""

_GOES: tuple[Edit, ...] = (
    InsertBlock(
        path=CORE,
        template="kernel/events/uprobes.c/erase.c",
        before=Anchor(kind="function", name=_UNREGISTER),
    ),
    InsertStatement(
        path=CORE,
        function=_UNREGISTER,
        text=piece(CORE, "erase-last"),
        after="register_for_each_vma",
    ),
    ReplaceTokens(
        path=CORE,
        within=_UNREGISTER,
        pattern='if (unlikely(err)) { uprobe_warn(current, "unregister, leaking uprobe");'
        " return; }",
        by=piece(CORE, "still-armed"),
    ),
)
"""The last consumer takes it out."""

_TELLS_FILES: tuple[Edit, ...] = (
    InsertLines(
        path=CORE,
        text=piece(CORE, "file-identity-members"),
        after=Anchor(kind="member", name="inode", within="uprobe"),
    ),
    InsertStatement(
        path=CORE, function="alloc_uprobe", text=piece(CORE, "file-identity"), after="inode"
    ),
)
"""What tells a file from one that gets its inode: returns are for a successor in the same one."""

_READ: tuple[Edit, ...] = (
    InsertLines(
        path=CORE,
        text=piece(CORE, "peek-prototype"),
        before=Anchor(kind="function", name="remove_breakpoint"),
        blank=True,
    ),
    ReplaceTokens(
        path=CORE,
        within="remove_breakpoint",
        pattern="return set_orig_insn($insn, $space, $where);",
        by=piece(CORE, "remove-where-read"),
    ),
)
"""Where nothing can be read there is no breakpoint."""


def erases(freed: str, error: InsertStatement = REMOVE_ERROR) -> tuple[Edit, ...]:
    """Return the edits by which the tree has a reference, and drops it with the last consumer.

    Args:
        freed: the function of the core that takes it out when its last reference is gone.
        error: declares the variables for what taking a breakpoint away returns.
    """
    in_tree = ("uprobes_treelock", "uprobe_is_active")
    delayed = ("delayed_uprobe_lock", "delayed_uprobe_remove")
    return (
        *(
            RemoveStatements(path=CORE, function=freed, mentioning=word)
            for word in (*in_tree, *delayed)
        ),
        error,
        *_READ,
        *_COMES,
        *_GOES,
        *_TELLS_FILES,
    )
