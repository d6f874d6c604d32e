# SPDX-License-Identifier: GPL-2.0-only
"""What a change of a header can be seen by: names, members, or everything that includes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from generator.checks.matrix.pieces import (
    DECLARATOR_ENDS,
    DECLARED,
    DIRECTIVE,
    NAME,
    Kind,
    Piece,
    split_pieces,
)


@dataclass(frozen=True)
class Reach:
    """What a change of a header can be seen by.

    Attributes:
        names: whoever mentions one of them.
        members: whoever takes one of them of a structure.
        structs: whoever knows the layout of one of them.
        everything: whoever includes the header.
    """

    names: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    structs: frozenset[str] = frozenset()
    everything: bool = False

    def __or__(self, other: Reach) -> Reach:
        return Reach(
            self.names | other.names,
            self.members | other.members,
            self.structs | other.structs,
            self.everything or other.everything,
        )


def find_reach(old: str, new: str, options: Mapping[str, str], *, layout: bool = True) -> Reach:
    """Return what the change of a header from ``old`` to ``new`` can be seen by.

    Args:
        old: the text of the header before.
        new: the text behind the change.
        options: of the configuration.
        layout: where members of a structure are counts, not only which they are.
    """
    before, after = split_pieces(old, options), split_pieces(new, options)
    reach = Reach()
    gone, come = Counter(before) - Counter(after), Counter(after) - Counter(before)
    for piece in {*gone, *come}:
        if piece.kind is Kind.FORWARD:
            continue
        if not piece.name or piece.kind is Kind.OTHER:
            return Reach(everything=True)
        reach |= _reach_of(piece, gone, come, layout=layout)
    return reach


def _reach_of(piece: Piece, gone: Counter[Piece], come: Counter[Piece], *, layout: bool) -> Reach:
    if piece.kind is Kind.ENUM:
        return Reach(names=frozenset(filter(NAME.fullmatch, piece.words)) - {"enum"})
    if piece.kind is not Kind.STRUCT:
        return Reach(names=frozenset({piece.name}))
    sides = [
        [one for one in side if one.kind is Kind.STRUCT and one.name == piece.name]
        for side in (gone, come)
    ]
    if [len(side) for side in sides] != [1, 1]:
        # it was not there, or is not any more: whoever uses it says its name
        return Reach(names=frozenset({piece.name}))
    old, new = sides[0][0].words, sides[1][0].words
    if renamed := _renamed(old, new):
        return Reach(names=renamed)
    if layout:
        return Reach(structs=frozenset({piece.name}))
    return Reach(members=_changed_members(old, new))


def _changed_members(old: tuple[str, ...], new: tuple[str, ...]) -> frozenset[str]:
    """Return the names that declarations of members give which have come or gone."""
    before, after = (Counter(DIRECTIVE.sub("", " ".join(s)).split(" ;")) for s in (old, new))
    texts = {*(before - after), *(after - before)}
    return frozenset(name for text in texts for name in DECLARED.findall(text))


def _renamed(old: tuple[str, ...], new: tuple[str, ...]) -> frozenset[str]:
    """Return old and new names when members of a structure have other names, and no more."""
    if len(old) != len(new):
        return frozenset()
    found: set[str] = set()
    for place, (a, b) in enumerate(zip(old, new, strict=True)):
        if a != b:
            ends = old[place + 1 : place + 2]
            if not (NAME.fullmatch(a) and NAME.fullmatch(b) and ends[0] in DECLARATOR_ENDS):
                return frozenset()
            found |= {a, b}
    return frozenset(found)
