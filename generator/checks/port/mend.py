# SPDX-License-Identifier: GPL-2.0-only
"""What could stand in the place of an edit that does not hold in a tree of another version.

What another base does instead; the same change in another function of the file, or in another file,
where the thing has moved to; with parameters that were added at the end. Nothing is decided here:
an alternative has to hold, and to be the only one of its kind that does, and then a person looks at
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from generator.checks.port.remains import functions_in
from generator.csource import scan as csource
from generator.errors import UserError
from generator.model import edits as model
from generator.model.edits import Edit
from generator.tree.acquire import Source
from generator.tree.edit import WorkingTree

FOLDERS = ("include", "kernel", "mm", "arch/x86")
_MOST = 40  # files that a name may stand in
_ADDED = 3  # parameters that a function may have got


def alternatives(
    source: Source, others: tuple[Edit, ...], edit: Edit, tree: WorkingTree
) -> Iterator[Iterable[Edit]]:
    """Yield groups of edits that would do what ``edit`` does; the likeliest first.

    Args:
        source: the unmodified tree.
        others: the edits of other bases.
        edit: what does not hold.
        tree: the tree as the edits before it leave it.
    """
    yield tuple(other for other in others if other != edit and _alike(other, edit))
    if isinstance(edit, model.ReorderParameters):
        count = len(edit.order)
        yield tuple(
            replace(edit, order=(*edit.order, *range(count, count + more)))
            for more in range(1, _ADDED + 1)
        )
        return
    yield tuple(_in_functions(edit, tree))
    word = thing_of(edit)
    paths = {path for path, _ in source.lines(FOLDERS, (word,))} - {edit.path} if word else set()
    if len(paths) <= _MOST:
        moved = [replace(edit, path=path) for path in sorted(paths)]
        yield moved
        yield (other for one in moved for other in _in_functions(one, tree))


def _alike(one: Edit, other: Edit) -> bool:
    """Tell whether two edits bring the same text into the same file."""
    if type(one) is not type(other) or one.path != other.path:
        return False
    match one, other:
        case model.InsertStatement(), model.InsertStatement():
            return one.text == other.text
        case model.ReplaceTokens(), model.ReplaceTokens():
            return one.by == other.by and one.within == other.within
        case model.InsertLines(), model.InsertLines():
            return one.text == other.text
    return False


def _in_functions(edit: Edit, tree: WorkingTree) -> Iterator[Edit]:
    """Yield the same edit in every other function of its file that has what it looks for."""
    match edit:
        case model.RemoveStatements():
            word = edit.mentioning
        case model.InsertStatement() if edit.after or edit.before:
            word = (edit.after or edit.before).split()[0]
        case _:
            return
    try:
        text = tree.read(edit.path)
    except UserError:
        return
    for name, function in functions_in(text).items():
        if name != edit.function and csource.mentions(text, function.body, word):
            yield replace(edit, function=name)


def thing_of(edit: Edit) -> str:
    """Return the identifier whose file an edit is about, or ""."""
    match edit:
        case model.RemoveFunctions():
            return edit.names[0]
        case model.Remove():
            return edit.anchors[0].within or edit.anchors[0].name
        case model.RemoveStatements() | model.InsertStatement() | model.EmptyFunction():
            return edit.function
        case model.ReplaceTokens():
            return edit.within
        case model.InsertLines() | model.InsertBlock():
            anchor = edit.after or edit.before
            return anchor.name if anchor and anchor.kind in ("macro", "function", "struct") else ""
    return ""
