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
began with nothing is a test (``tests/test_matrix.py``, marked ``build``).
"""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from pathlib import Path

from generator.csource import scan as csource

Load = Callable[[str], str]
"""Returns the text of a file of the tree, "" when there is none."""

_STRING = re.compile(r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""")
_CONDITION = re.compile(r"\s*#\s*(ifdef|ifndef|if|elif|else|endif)\b\s*(.*)", re.S)
_DEFINED = re.compile(r"(!?)\s*(?:defined\s*\(?\s*|IS_ENABLED\s*\(\s*)(CONFIG_\w+)\s*\)?")
_OPTION = re.compile(r"\bCONFIG_\w+")
_DEFINE = re.compile(r"\s*#\s*(?:define|undef)\s+(\w+)")
_NAME = re.compile(r"[A-Za-z_]\w*")
_SIGN = re.compile(r"[(){}\[\];]")
_WORD = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|[^\s\w]")
_AGGREGATE = re.compile(r"^(?:typedef\s+)?(struct|union|enum)\s+(\w+)\s*\{(.*)\}", re.S)
_FORWARD = re.compile(r"^(?:struct|union|enum)\s+\w+\s*;$")
_ATTRIBUTE = re.compile(r"\b__\w+\s*\([^()]*(?:\([^()]*\)[^()]*)*\)")
_QUALIFIERS = frozenset(("const", "volatile", "struct", "union", "enum", "unsigned", "signed"))
_DECLARATOR_ENDS = frozenset(";,[:")
_DIRECTIVE = re.compile(r" # (?:endif|else|ifn?def \w+)")
_DECLARED = re.compile(r"([A-Za-z_]\w*)\s*(?=[,\[:)]|$)")


class Kind(Enum):
    """What a piece of a header declares."""

    MACRO = "macro"
    STRUCT = "struct"
    ENUM = "enum"
    PROTOTYPE = "prototype"
    BODY = "function"
    NAME = "name"
    FORWARD = "forward"
    OTHER = "other"


@dataclass(frozen=True)
class Piece:
    """One declaration or directive of a file.

    Attributes:
        kind: what it is.
        name: what it declares; "" when that is not known.
        words: its tokens, blanks and comments left aside.
        where: conditions around it that the configuration does not decide.
    """

    kind: Kind
    name: str
    words: tuple[str, ...]
    where: tuple[str, ...] = ()


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


def split_pieces(text: str, options: Mapping[str, str]) -> tuple[Piece, ...]:
    """Return the declarations and directives of a C file, without what ``options`` leave out."""
    asked = set(_OPTION.findall(text))
    return _split(text, frozenset((name, options[name]) for name in asked if name in options))


@lru_cache(maxsize=512)
def _split(text: str, chosen: frozenset[tuple[str, str]]) -> tuple[Piece, ...]:
    """Split a file, once: most are the same in the next step, and in other configurations."""
    options = dict(chosen)
    open_text = _OpenText()
    pieces: list[Piece] = []
    conditions: list[str | bool] = []
    for line in _lines(_STRING.sub(_as_number, csource.without_comments(text))):
        if match := _CONDITION.match(line):
            following = _next_conditions(conditions, match[1], match[2].strip(), options)
            # inside of a declaration, one that is not decided belongs to its text
            decided = max(conditions, following, key=len)[-1:]
            if open_text and False not in conditions and isinstance(decided[0], str):
                open_text.add(line)
            conditions = following
        elif False in conditions:
            continue
        elif line.lstrip().startswith("#") and not open_text:
            pieces.append(_directive(line, conditions))
        else:
            open_text.add(line)
            pieces += (_declaration(one, conditions) for one in open_text.take_complete())
    if open_text:
        pieces.append(_declaration(open_text.text, conditions))
    return tuple(pieces)


def _as_number(match: re.Match[str]) -> str:
    """Return a word that stands for a string: no name, and no bracket in it."""
    return f" 0{match[0].encode().hex()} "


def _lines(masked: str) -> Iterator[str]:
    """Yield lines, those continued by a backslash as one."""
    whole = ""
    for line in masked.splitlines(keepends=True):
        whole += line
        if not line.rstrip("\n").endswith("\\"):
            yield whole
            whole = ""
    if whole:
        yield whole


def _next_conditions(
    now: list[str | bool], word: str, condition: str, options: Mapping[str, str]
) -> list[str | bool]:
    """Return the stack of conditions after a directive; True and False are decided ones."""
    if word == "endif":
        return now[:-1]
    if word == "else":
        top = now[-1] if now else ""
        return [*now[:-1], not top if isinstance(top, bool) else f"not ({top})"]
    if word == "elif":
        top = now[-1] if now else ""
        return [*now[:-1], False if top is True else _decide("if", condition, options)]
    return [*now, _decide(word, condition, options)]


def _decide(word: str, condition: str, options: Mapping[str, str]) -> str | bool:
    if word in ("ifdef", "ifndef"):
        if not condition.startswith("CONFIG_"):
            return f"{word} {condition}"
        return (options.get(condition.split()[0], "n") in ("n", "m")) is (word == "ifndef")
    if match := _DEFINED.fullmatch(condition):
        return (options.get(match[2], "n") == "n") is bool(match[1])
    return " ".join(condition.split())


def _directive(line: str, conditions: list[str | bool]) -> Piece:
    match = _DEFINE.match(line)
    kind, name = (Kind.MACRO, match[1]) if match else (Kind.OTHER, "")
    return Piece(kind, name, tuple(_WORD.findall(line.replace("\\\n", " "))), _open(conditions))


def _open(conditions: list[str | bool]) -> tuple[str, ...]:
    return tuple(condition for condition in conditions if isinstance(condition, str))


class _OpenText:
    """What was read of a declaration that is not complete yet; each sign is looked at once."""

    def __init__(self) -> None:
        self.text = ""
        self._seen = 0
        self._depth = 0

    def __bool__(self) -> bool:
        return bool(self.text.strip())

    def add(self, line: str) -> None:
        """Read a line more."""
        self.text += line

    def take_complete(self) -> list[str]:
        """Return the declarations that are complete now, and forget them."""
        done: list[str] = []
        start = 0
        for match in _SIGN.finditer(self.text, self._seen):
            sign, end = match[0], match.end()
            if sign in "({[":
                self._depth += 1
            elif sign in ")}]":
                self._depth -= 1
            if self._depth:
                continue
            if sign == ";" or (sign == "}" and _is_body(self.text[start:end])):
                done.append(self.text[start:end])
                start = end
        self.text = self.text[start:]
        self._seen = len(self.text)
        return done


def _is_body(text: str) -> bool:
    """Tell whether what ends with a brace is a function with its body."""
    head = text.split("{", 1)[0]
    return ")" in head and "=" not in head


def _declaration(text: str, conditions: list[str | bool]) -> Piece:
    words = tuple(_WORD.findall(text))
    plain = " ".join(text.split())
    kind, name = _classify(plain)
    return Piece(kind, name, words, _open(conditions))


def _classify(text: str) -> tuple[Kind, str]:
    if text in ("", ";", "}", 'extern "C" {'):
        return Kind.FORWARD, ""
    if _FORWARD.match(text):
        return Kind.FORWARD, ""
    if match := _AGGREGATE.match(text):
        return (Kind.ENUM if match[1] == "enum" else Kind.STRUCT), match[2]
    head = _ATTRIBUTE.sub(" ", text.split("{", 1)[0])
    if "(" in head.split("=", 1)[0] and not head.startswith("typedef"):
        before = _NAME.findall(head.split("(", 1)[0])
        kind = Kind.BODY if "{" in text else Kind.PROTOTYPE
        # one word and a bracket is a macro that declares something
        return (kind, before[-1]) if len(before) > 1 else (Kind.OTHER, "")
    names = _NAME.findall(re.split(r"[=\[;]", head, maxsplit=1)[0])
    if (head.startswith(("typedef", "extern")) or "=" in head) and names:
        return Kind.NAME, names[-1]
    return Kind.OTHER, ""


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
        return Reach(names=frozenset(filter(_NAME.fullmatch, piece.words)) - {"enum"})
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
    before, after = (Counter(_DIRECTIVE.sub("", " ".join(s)).split(" ;")) for s in (old, new))
    texts = {*(before - after), *(after - before)}
    return frozenset(name for text in texts for name in _DECLARED.findall(text))


def _renamed(old: tuple[str, ...], new: tuple[str, ...]) -> frozenset[str]:
    """Return old and new names when members of a structure have other names, and no more."""
    if len(old) != len(new):
        return frozenset()
    found: set[str] = set()
    for place, (a, b) in enumerate(zip(old, new, strict=True)):
        if a != b:
            ends = old[place + 1 : place + 2]
            if not (_NAME.fullmatch(a) and _NAME.fullmatch(b) and ends[0] in _DECLARATOR_ENDS):
                return frozenset()
            found |= {a, b}
    return frozenset(found)


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
    typed = before == "*" or (bool(_NAME.fullmatch(before)) and before not in _QUALIFIERS)
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
    for made in _everything(build_dir) if only is None else map(build_dir.joinpath, only):
        command = made.with_name(f".{made.name}.cmd")
        if not (made.is_file() and command.is_file()):
            continue
        text = command.read_text(errors="replace")
        if any(path in text for path in wanted):
            files = frozenset(_sources(text))
            if files & wanted:
                found.append(Target(made, files))
    return tuple(found)


def _everything(build_dir: Path) -> Iterator[Path]:
    """Yield what has a ``.cmd`` file, faster than ``rglob`` does."""
    for folder, _, names in os.walk(build_dir):
        for name in names:
            if name.startswith(".") and name.endswith(".cmd"):
                yield Path(folder, name[1 : -len(".cmd")])


def _sources(text: str) -> Iterator[str]:
    """Yield the files of the tree, relative to it, that a ``.cmd`` file names."""
    for word in text.replace("\\\n", " ").split():
        if word.startswith("../"):
            yield posixpath.normpath(word[3:])
