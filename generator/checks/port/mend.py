# SPDX-License-Identifier: GPL-2.0-only
"""What could stand in the place of an edit that does not hold in a tree of another version.

What another base does instead; the same change in another function of the file, or in another file,
where the thing has moved to; with parameters that were added at the end. Nothing is decided here:
an alternative has to hold, and to be the only one of its kind that does, and then a person looks at
it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from generator import csource
from generator.checks.port.remains import functions_in
from generator.errors import UserError
from generator.model import edits as model
from generator.model.edits import Edit
from generator.plan import Plan
from generator.tree.acquire import Source
from generator.tree.places import WorkingTree

FOLDERS = ("include", "kernel", "mm", "arch/x86")
_MOST = 40  # files that a name may stand in
_WORD = re.compile(r"\w+")
_ADDED = 3  # parameters that a function may have got


class Places:
    """Where the things stand that a plan's edits are about: one look at the tree for all of them.

    Args:
        plan: of the edits.
        source: the unmodified tree.
    """

    def __init__(self, plan: Plan, source: Source) -> None:
        groups = (plan.baseline, *(planned.edits for planned in plan.patches))
        edits = (piece for group in groups for edit in group for piece in model.single_edits(edit))
        self._words = frozenset(map(thing_of, edits)) - {""}
        self._source = source

    @cached_property
    def _paths(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for path, line in self._source.lines(FOLDERS, tuple(sorted(self._words))):
            for word in self._words.intersection(_WORD.findall(line)):
                found[word].add(path)
        return found

    def other_than(self, edit: Edit) -> tuple[str, ...]:
        """Return the other files that name what an edit is about; none, where they are too many."""
        paths = self._paths.get(thing_of(edit), set()) - {edit.path}
        return tuple(sorted(paths)) if len(paths) <= _MOST else ()


def alternatives(
    places: Places, others: tuple[Edit, ...], edit: Edit, tree: WorkingTree
) -> Iterator[Iterable[Edit]]:
    """Yield groups of edits that would do what ``edit`` does; the likeliest first.

    Args:
        places: where the edits' things stand in the unmodified tree.
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
    moved = [replace(edit, path=path) for path in places.other_than(edit)]
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
