# SPDX-License-Identifier: GPL-2.0-only
"""What a base is: where its source comes from, its names, its hooks, its baseline."""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.model.decl import Function, Param
from generator.model.edits import (
    Anchor,
    Edit,
    InsertBlock,
    InsertLines,
    InsertStatement,
    Piece,
    ReplaceTokens,
    Text,
    piece,
)
from generator.model.files import CORE, CORE_H, MREMAP, TRACE


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A place in the base where a function of the series gets called.

    Attributes:
        callee: the function that is called.
        path, function: where the call stands.
        text: the statement.
        after, before: an identifier that the neighbouring statement mentions.
        last: the last such statement of the function, not the first.
        blank: a blank line separates the call from its neighbour.
        patch: identifier of the patch that inserts it, where it is not the one that brings callee.
    """

    callee: str
    path: str
    function: str
    text: Text
    after: str = ""
    before: str = ""
    last: bool = False
    blank: bool = False
    patch: str = ""


def hook_statement(hook: Hook) -> InsertStatement:
    """Return the edit that inserts the call of a hook."""
    return InsertStatement(
        path=hook.path,
        function=hook.function,
        text=hook.text,
        after=hook.after,
        before=hook.before,
        last=hook.last,
        blank=hook.blank,
    )


MM_FLAGS = ("test_mm_flag", "set_mm_flag", "clear_mm_flag", "test_and_clear_mm_flag")
"""What templates ask of the flags of a process, and do with them."""


def spelled(*keys: str, of: str = "") -> dict[str, Piece]:
    """Return how bases write what templates ask for by a key: ``{{ names.access_ok }}``.

    Args:
        keys: each has a template, ``spellings/KEY.c.j2``.
        of: the base that has its own, ``spellings/KEY-BASE.c.j2``.
    """
    return {key: piece("spellings", f"{key}-{of}" if of else key) for key in keys}


def core_block(name: str) -> Edit:
    """Return the edit that inserts a template of the core in front of ``uprobes_init()``."""
    return InsertBlock(
        path=CORE,
        template=f"kernel/events/uprobes.c/{name}",
        before=Anchor(kind="function", name="uprobes_init"),
    )


INSTALL_EDITS: tuple[Edit, ...] = (
    ReplaceTokens(
        path=CORE,
        within="install_breakpoint",
        pattern="if (!$err) $forget; else if ($first)",
        by=piece(CORE, "install-failed"),
    ),
)
"""Only who makes what was remembered outdated may clear MMF_RECALC_UPROBES."""

TREE_EDITS: tuple[Edit, ...] = (
    *INSTALL_EDITS,
    InsertLines(
        path=CORE,
        text=piece(CORE, "deleted-count"),
        before=Anchor(kind="function", name="delete_uprobe"),
        blank=True,
    ),
    InsertStatement(
        path=CORE,
        function="delete_uprobe",
        text=piece(CORE, "count-deleted"),
        after="rb_erase",
    ),
)
"""Without RCU: the tree counts what leaves it."""

UNLESS_CHANGED = InsertStatement(
    path=CORE,
    function="install_breakpoint",
    text=piece(CORE, "unless-changed"),
    before="MMF_HAS_UPROBES",
    blank=True,
)
"""Code that has changed since it was analysed gets no breakpoint."""

COMPARE_EDITS: tuple[Edit, ...] = (
    core_block("compare.c"),
    InsertLines(
        path=CORE,
        text=piece(CORE, "has-changed-prototype"),
        before=Anchor(kind="function", name="install_breakpoint"),
        blank=True,
    ),
    UNLESS_CHANGED,
)
"""The whole of that patch."""

DECLARE_EDITS: tuple[Edit, ...] = (
    InsertBlock(
        path=CORE_H,
        template="include/linux/uprobes.h/prototypes.h",
        after=Anchor(kind="declaration", name="uprobe_dup_mmap"),
        blank=False,
    ),
    InsertBlock(
        path=CORE_H,
        template="include/linux/uprobes.h/stubs.h",
        after=Anchor(kind="function", name="uprobe_dup_mmap"),
    ),
)
"""What the series declares, and what stands there for a kernel without uprobes."""

TRAP_ADDR = InsertLines(
    path=CORE_H,
    text=piece(CORE_H, "trap-addr"),
    before=Anchor(kind="function", name="uprobe_register"),
    blank=True,
)
"""What ``uprobe_get_trap_addr()`` is where an architecture has no other."""

GET_TRAP_ADDR = piece(CORE_H, "get-trap-addr")
"""What the series asks for in place of the address at which a task has trapped."""

JOIN_EDITS: tuple[Edit, ...] = (
    InsertStatement(
        path=MREMAP,
        function="move_vma",
        text=piece(MREMAP, "copy-start"),
        before="copy_vma",
    ),
    InsertStatement(
        path=MREMAP, function="move_vma", text=piece(MREMAP, "copy-end"), after="copy_vma"
    ),
)
"""For a base that arms a mapping when it is joined with the one that pages come to."""

HANDLE_TRAMPOLINE = InsertBlock(
    path=CORE,
    template="fixes/kernel/events/uprobes.c/return-trampoline.c",
    before=Anchor(kind="function", name="arch_uprobe_ignore"),
)
"""What a function that has returned goes through, in the series of fixes."""

DELETE_BUSY: tuple[Edit, ...] = (
    InsertStatement(
        path=TRACE,
        function="unregister_trace_uprobe",
        text=piece(TRACE, "delete-busy"),
        before="trace_probe_has_sibling",
        blank=True,
    ),
)
"""A probe of an enabled event is not freed, whatever siblings it has."""

JOINED: tuple[Edit, ...] = tuple(
    InsertStatement(
        path=TRACE,
        function=function,
        text=piece(TRACE, "joined"),
        before="uprobe_apply",
        blank=True,
    )
    for function in ("uprobe_perf_close", "uprobe_perf_open")
)
"""A probe that is not registered is left out where perf opens or closes its event."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """A base kernel.

    Attributes:
        name: as in ``kernel_patches/<name>/``; also the version prefix of its releases.
        package: the Debian source package, "" where there is none.
        names: the identifiers that differ per base, by the model's own key ("bp_insn", ...).
        spelled: the C that differs per base, by key as well: templates in ``spellings``.
        has: facts about the base that templates ask for (``uprobe_rcu``, ``uprobe_warn`` ...).
        hooks: where the series' functions are called.
        edits: further edits per patch identifier, for what stands in files of the base alone.
        baseline: the edits that make the baseline of the unmodified base.
        params: the parameters of functions that the base declares otherwise than the model, by the
            model's own key ("set_bp", ...), in the order that the series gives them.
        undecided: what a person still has to decide, a sentence each: such a base is being made.
    """

    name: str
    package: str
    names: dict[str, str]
    spelled: dict[str, Piece] = field(default_factory=dict)
    has: frozenset[str]
    hooks: tuple[Hook, ...]
    edits: dict[str, tuple[Edit, ...]] = field(default_factory=dict)
    baseline: tuple[Edit, ...]
    params: dict[str, tuple[Param, ...]] = field(default_factory=dict)
    undecided: tuple[str, ...] = ()

    def params_of(self, function: Function) -> tuple[Param, ...]:
        """Return the parameters that ``function`` has on this base."""
        return self.params.get(function.name, function.params)

    def name_of(self, function: str) -> str:
        """Return what this base calls a function of the model."""
        return self.names.get(function, function)

    def brings(self, function: Function) -> bool:
        """Tell whether the series brings ``function`` on this base."""
        needed = not function.needs or function.needs in self.has
        return needed and not (function.unless and function.unless in self.has)

    def supports(self, version: str) -> bool:
        """Tell whether a kernel release such as ``6.1.192`` belongs to this base."""
        return version == self.name or version.startswith(self.name + ".")
