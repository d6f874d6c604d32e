# SPDX-License-Identifier: GPL-2.0-only
"""The typed edits: one change to one existing file each, addressed by what it means.

Pure data. ``plan`` chooses them for a base, ``tree.edit`` carries them out. No edit knows a line
number or a column; one that does not find its place fails with file, function and what it
looked for.

C that an edit brings stands in a template, and ``piece`` names it; names that differ from base to
base are found when that is rendered. A text that stands here is what goes into the file: a token,
an ``#include`` or a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class Piece:
    """Text that a template renders to; ``template`` is its name, without ``.j2``."""

    template: str


@dataclass(frozen=True)
class Prototype:
    """The prototype of a function of the interface, as it is at that prefix."""

    function: str


Text = str | Piece | Prototype
"""What an edit brings: as it stands, or rendered."""


def piece(*path: str) -> Piece:
    """Return the text of an edit that is a template: ``piece("mm/mremap.c", "grown")``.

    Args:
        path: folders and name below ``templates/``, without ``.c.j2``; the file that the text goes
            into gives the folders.
    """
    return Piece(f"{'/'.join(path)}.c")


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A change to the file at ``path``, relative to the top of the tree."""

    path: str


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """A thing in a file that others are placed beside.

    ``kind`` says what ``name`` is; a ``declaration`` is a prototype or a variable, a
    ``body`` the opening line of a structure, a ``conditional`` the #if line that asks for a macro,
    a ``line`` the whole text of one line, for files that are not C.
    ``within`` narrows a ``member`` down to its structure.
    """

    kind: Literal[
        "function",
        "declaration",
        "macro",
        "include",
        "struct",
        "enum",
        "member",
        "body",
        "conditional",
        "line",
    ]
    name: str
    within: str = ""


@dataclass(frozen=True, kw_only=True)
class RemoveFunctions(Edit):
    """Take out function definitions with their comments and their EXPORT_SYMBOL lines."""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Remove(Edit):
    """Take out anything an anchor can name, with its comment."""

    anchors: tuple[Anchor, ...]


@dataclass(frozen=True, kw_only=True)
class RemoveStatements(Edit):
    """Take out every statement of ``function`` that mentions the identifier ``mentioning``.

    The smallest complete statement goes; an ``if`` whose condition mentions it goes whole.
    """

    function: str
    mentioning: str


@dataclass(frozen=True, kw_only=True)
class ReplaceTokens(Edit):
    """Replace a token pattern; ``$x`` in it captures an expression and may be used in ``by``.

    Further lines of ``by`` are indented like the line that the pattern begins in.
    ``within`` names the function or macro it is looked for in; empty means the whole file.
    ``count`` is how often it must be found; 0 means once or more.
    """

    pattern: str
    by: Text
    within: str = ""
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class RenameIdentifiers(Edit):
    """Rename whole identifiers, comments included, everywhere in one file.

    ``optional`` lets a file be without some of them.
    """

    renames: tuple[tuple[str, str], ...]
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class RenameMember(Edit):
    """Rename the member ``old`` of ``struct struct`` (defined in ``path``) and its every use.

    Only uses whose type is known are touched: behind ``->`` or ``.`` of ``holder``, the member of
    that type in another structure, or of a variable declared as ``struct struct *``. Files are
    looked for below ``below``; ``also`` lists other files (debugger macros) in which
    ``holder.old`` is spelled out.
    """

    struct: str
    holder: str
    old: str
    new: str
    below: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReorderParameters(Edit):
    """Reorder the parameters of a function: prototypes, definitions and calls in one file.

    ``order`` gives, for each new position, the old one (from 0).
    """

    function: str
    order: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class EmptyFunction(Edit):
    """Take everything out of the body of ``function``; whoever calls it still can."""

    function: str


@dataclass(frozen=True, kw_only=True)
class ReplaceDeclaration(Edit):
    """Replace the declaration of ``name`` by ``text``, the comment above it included."""

    name: str
    text: Text


@dataclass(frozen=True, kw_only=True)
class InsertBlock(Edit):
    """Insert a rendered template beside an anchor, a blank line between.

    The block stays known under its template's name: when a later patch makes the template
    render differently, the block is brought up to date by that patch.
    """

    template: str
    after: Anchor | None = None
    before: Anchor | None = None
    blank: bool = True


@dataclass(frozen=True, kw_only=True)
class InsertLines(Edit):
    """Insert whole lines beside an anchor; ``blank`` puts a blank line between."""

    text: Text
    after: Anchor | None = None
    before: Anchor | None = None
    blank: bool = False


@dataclass(frozen=True, kw_only=True)
class InsertStatement(Edit):
    """Insert a statement into ``function``, indented like its neighbour.

    Exactly one of ``after`` and ``before`` names an identifier that the neighbour mentions, or two
    words as they stand there (``return error``); ``last`` takes the last such statement instead of
    the first. Neither means: at the end of the body.
    """

    function: str
    text: Text
    after: str = ""
    before: str = ""
    last: bool = False
    blank: bool = False


@dataclass(frozen=True, kw_only=True)
class WriteFile(Edit):
    """Make ``path`` what a template renders to."""

    template: str


@dataclass(frozen=True, kw_only=True)
class CreateFile(Edit):
    """Add the file ``path``, which the base does not have, as a template renders to."""

    template: str


@dataclass(frozen=True, kw_only=True)
class MovePart(Edit):
    """Move what stands from ``first`` to ``last``, with both, as it is, to the end of ``to``."""

    to: str
    first: Anchor
    last: Anchor


Templated = InsertBlock | WriteFile | CreateFile
"""The edits that bring a template into a file."""


def text_of(edit: Edit) -> Text:
    """Return the text that an edit brings, not rendered; "" for one that brings none, or a block.

    A declaration that is replaced is not new: see ``written_by``.
    """
    match edit:
        case InsertStatement() | InsertLines():
            return edit.text
        case ReplaceTokens():
            return edit.by
    return ""


def written_by(edit: Edit) -> Text:
    """Return the text that an edit writes: what ``text_of`` does, or a declaration."""
    return edit.text if isinstance(edit, ReplaceDeclaration) else text_of(edit)


def template_of(edit: Edit) -> str:
    """Return the template that an edit brings, a block or a piece; "" for one that brings none."""
    if isinstance(edit, Templated):
        return edit.template
    text = text_of(edit)
    return text.template if isinstance(text, Piece) else ""


def single_edits(edit: Edit) -> Iterator[Edit]:
    """Yield the edits of one name each that an edit of several names consists of."""
    match edit:
        case RemoveFunctions():
            yield from (replace(edit, names=(name,)) for name in edit.names)
        case Remove():
            yield from (replace(edit, anchors=(anchor,)) for anchor in edit.anchors)
        case RenameIdentifiers():
            yield from (replace(edit, renames=(rename,)) for rename in edit.renames)
        case _:
            yield edit
