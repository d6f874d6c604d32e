# SPDX-License-Identifier: GPL-2.0-only
"""Which objects a change of headers reaches: fewer than make compiles, which looks at times only.

Each patch of the series touches a header that nearly every object includes, mostly to declare a
function that two of them call. Here the changed declarations of a header are found, and the
objects that can see the difference: those with a dependency (by kbuild's ``.cmd`` files) that
mentions what was declared. Where the layout of a structure changes, these are the ones that have
it by value, take its size, or go through a pointer to it; when objects are compiled for what the
compiler says of them, and not for a kernel, those that mention a member that has changed. What
cannot be told reaches everything that includes the header. Conditions on ``CONFIG_`` are those of
the configuration.

Called by ``matrix.follow``. That a build directory led by this has the same objects as one that
began with nothing is a test (``tests/checks/matrix/test_matrix.py``, marked ``build``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from generator.checks.matrix.pieces import NAME, QUALIFIERS, Kind, Load, Piece, split_pieces
from generator.checks.matrix.reach import Reach, find_reach
from generator.kbuild.cmdfile import cmd_file, find_made, sources_in


@dataclass(frozen=True)
class Target:
    """A file that kbuild has made, and the files of the tree that went into it."""

    path: Path
    files: frozenset[str]


@dataclass
class Change:
    """A step of the tree from one ref to another.

    Attributes:
        options: of the configuration.
        load: the files as they will be.
        headers: text before and after of each header that changes, by path.
        layout: as for ``find_reach``.
    """

    options: Mapping[str, str]
    load: Load
    headers: Mapping[str, tuple[str, str]]
    layout: bool = True
    _texts: dict[str, str] = field(default_factory=dict)
    _pieces: dict[str, tuple[Piece, ...]] = field(default_factory=dict)

    def text(self, path: str) -> str:
        """Return a file as it will be."""
        if path not in self._texts:
            self._texts[path] = self.load(path)
        return self._texts[path]

    def pieces(self, path: str) -> tuple[Piece, ...]:
        """Return what a file declares, without what changes in it."""
        if path not in self._pieces:
            found = split_pieces(self.text(path), self.options)
            if path in self.headers:
                same = set(split_pieces(self.headers[path][0], self.options))
                found = tuple(piece for piece in found if piece in same)
            self._pieces[path] = found
        return self._pieces[path]


def find_affected(targets: tuple[Target, ...], change: Change) -> frozenset[Path]:
    """Return the targets that a change of headers reaches."""
    affected: set[Path] = set()
    for header, (old, new) in change.headers.items():
        users = [target for target in targets if header in target.files]
        reach = find_reach(old, new, change.options, layout=change.layout)
        if reach.everything:
            affected |= {target.path for target in users}
        elif users and reach != Reach():
            seeing = _seeing(reach, users, change)
            affected |= {target.path for target in users if target.files & seeing}
    return frozenset(affected)


def _seeing(reach: Reach, users: list[Target], change: Change) -> set[str]:
    """Return the files that see a change, those first that most objects include."""
    counts = Counter(path for target in users for path in target.files)
    texts = {path: change.text(path) for path, _ in counts.most_common()}
    found = set()
    for words, sees in ((reach.names, _mentions), (reach.members, _takes)):
        wanted = _any_of(words)
        for path, text in texts.items() if words else ():
            # most texts have none, which is faster to see without the pattern
            likely = any(word in text for word in words) and wanted.search(text)
            if likely and sees(change.pieces(path), wanted):
                found.add(path)
    for tag in reach.structs:
        found |= _knowing(tag, texts, counts, len(users), change)
    return found


def _any_of(names: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, names)))})\b")


def _mentions(pieces: tuple[Piece, ...], wanted: re.Pattern[str]) -> bool:
    return any(
        wanted.fullmatch(word)
        for piece in pieces
        for place, word in enumerate(piece.words)
        if not (piece.kind is Kind.PROTOTYPE and _names_parameter(piece.words, place))
    )


def _takes(pieces: tuple[Piece, ...], wanted: re.Pattern[str]) -> bool:
    """Tell whether a member is taken of a structure, set in an initialiser, or asked its place."""
    return any(
        piece.words[place - 1] in (">", ".", ",") and wanted.fullmatch(word)
        for piece in pieces
        for place, word in enumerate(piece.words)
    )


def _names_parameter(words: tuple[str, ...], place: int) -> bool:
    """Tell whether a word of a prototype is the name of a parameter: nobody else knows it."""
    before, after = words[place - 1], words[place + 1 : place + 2]
    typed = before == "*" or (bool(NAME.fullmatch(before)) and before not in QUALIFIERS)
    return place > 0 and typed and after[:1] in ((",",), (")",), ("[",))


def _knowing(
    tag: str, texts: Mapping[str, str], counts: Counter[str], total: int, change: Change
) -> set[str]:
    """Return the files that have a structure by value, or something that points to it."""
    found: set[str] = set()
    carriers: set[str] = set()
    word = _any_of(frozenset({tag}))
    pointer = re.compile(rf"\bstruct {tag} (?:const )?(?:\* ?)+(?:const )?(\w+)?")
    for path, text in texts.items():
        if not word.search(text):
            continue
        for piece in change.pieces(path):
            if piece.kind in (Kind.FORWARD, Kind.PROTOTYPE) or tag not in piece.words:
                if piece.kind is Kind.PROTOTYPE and tag in piece.words:
                    carriers |= {piece.name} if _returns(piece, tag) else set()
                continue
            plain = " ".join(piece.words)
            carriers |= {name for name in pointer.findall(plain) if name}
            if word.search(pointer.sub(" ", plain)):
                found.add(path)
                if counts[path] == total:
                    return found
    if carriers:
        wanted = _any_of(frozenset(carriers))
        for path, text in texts.items():
            if path not in found and wanted.search(text):
                rest = (
                    pointer.sub(" ", " ".join(piece.words))
                    for piece in change.pieces(path)
                    if piece.kind is not Kind.PROTOTYPE
                )
                if any(wanted.search(plain) for plain in rest):
                    found.add(path)
    return found


def _returns(piece: Piece, tag: str) -> bool:
    return tag in piece.words[: piece.words.index("(")] if "(" in piece.words else False


def read_targets(
    build_dir: Path, wanted: frozenset[str], only: Iterable[str] | None = None
) -> tuple[Target, ...]:
    """Return what kbuild has made in ``build_dir`` with one of the files ``wanted``.

    Args:
        build_dir: the build directory.
        wanted: files of the tree.
        only: look at these objects, relative to ``build_dir``; None: at everything.
    """
    found = []
    for made in find_made(build_dir) if only is None else map(build_dir.joinpath, only):
        command = cmd_file(made)
        if not (made.is_file() and command.is_file()):
            continue
        text = command.read_text(errors="replace")
        if any(path in text for path in wanted):
            files = frozenset(sources_in(text))
            if files & wanted:
                found.append(Target(made, files))
    return tuple(found)
