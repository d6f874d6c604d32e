# SPDX-License-Identifier: GPL-2.0-only
"""Check the names that rendered C and commit messages use: declared by then, and not of the past.

A compiler would find most of it, minutes later and for one prefix. Here every prefix is looked at
as it is rendered: what the inserted C calls, reads of the series' own structures and names as a
constant is declared in the files that the series touches, as they are at that prefix, or in the
headers of the tree. Types are left to the compiler.

What the headers of a source declare is remembered in the work area, so that a rendering looks for
new names only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from generator import csource
from generator.errors import UserError
from generator.model.bases import Base
from generator.model.edits import Edit, Piece, Prototype, Text, written_by
from generator.model.interface import INTERFACE
from generator.render.env import Templates
from generator.render.places import place_of, place_of_text
from generator.render.problems import Problem, raise_all
from generator.render.whence import place_in_template
from generator.tree.acquire import Source
from generator.tree.brought import Brought
from generator.tree.headers import find_in_headers
from generator.tree.heads import known_heads, wrong_params
from generator.tree.places import WorkingTree
from generator.tree.uses import (
    Call,
    Uses,
    all_words,
    declared_in,
    find_holders,
    inserted_lines,
    members_in,
    read_uses,
    structs_in,
    tags_in,
    words_of_code,
)

WHOLE = "include/linux/compiler.h"
"""A tree without it has no headers to look into, as a part of a tree that somebody has cut out."""

_SAID = re.compile(r"\b([A-Za-z_]\w*)\(\)|(?<![\w./%-])([A-Za-z]\w*_\w+)\b(?![./-]\w)")
_FILES = re.compile(
    r"(?<![\w/.-])(?:arch|block|drivers|fs|include|init|kernel|lib|mm|security|tools)/"
    r"[\w/.-]*\w\.[chS]\b"
)
_DENIED = re.compile(r"\bthere\s+is\s+no\s+\w+")  # may well be nowhere
_OF_PROGRAMS = frozenset(("longjmp", "setjmp", "makecontext", "swapcontext"))
"""What programs call, and is neither of the kernel nor a system call."""


@dataclass
class _Asked:
    """A name that has to be found in the tree, or another one, and what to say when neither is."""

    name: str
    other: str
    problem: Callable[[], Problem]
    loaded: frozenset[str]


@dataclass
class NameCheck:
    """Looks at each prefix as it is rendered; ``finish`` looks into the tree and raises.

    Args:
        base, source: what is rendered for.
        later: for each patch of the series, its identifier, in order.
        brought: the functions that they bring.
    """

    base: Base
    source: Source
    later: tuple[str, ...]
    brought: Mapping[str, Brought]
    _asked: list[_Asked] = field(default_factory=list)
    _problems: list[Problem] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _words: set[str] = field(default_factory=set)
    _in_code: set[str] = field(default_factory=set)
    _counted: set[str] = field(default_factory=set)
    _comments: dict[str, Callable[[], str]] = field(default_factory=dict)
    _messages: list[tuple[str, str]] = field(default_factory=list)
    _loaded: frozenset[str] = frozenset()

    def step(self, tree: WorkingTree, templates: Templates, edits: tuple[Edit, ...]) -> None:
        """Look at a prefix.

        Args:
            tree: the files as the prefix leaves them.
            templates: its scope.
            edits: those that have made its last step.
        """
        declared: set[str] = set()
        for text in tree.files.values():
            declared |= declared_in(text)
            if text not in self._counted:
                self._counted.add(text)
                self._words |= all_words(text)
                self._in_code |= words_of_code(text)
        look = _Prefix(self, tree, templates, frozenset(declared))
        self._loaded = frozenset(tree.files)
        for (path, template), text in tree.blocks.items():
            if not template.endswith((".c", ".h")):
                continue
            whole = tree.files[path]
            if text not in whole:
                # a later edit has changed a part of it: what we have made is looked at as it is
                text = whole if path in tree.created else ""
            beside = tuple(other for where, other in tree.blocks if where == path)
            place = partial(place_in_template, template, beside=beside)
            look.text(text, place)
            for function, word in wrong_params(text):
                what = f"{function}() has no parameter '{word}'"
                self.report((word, what), partial(Problem, where=place(word), what=what))
        for edit in edits:
            if edit.path.endswith((".c", ".h")):
                brought = written_by(edit)
                look.text(templates.text(brought), partial(_place_of_edit, brought))

    def message(self, template: str, text: str) -> None:
        """Keep a commit message; its names are looked at when all prefixes are known."""
        self._messages.append((template, text))

    def comment(self, name: str, place: Callable[[], str]) -> None:
        """Keep a function that a comment names: a later patch may bring it."""
        self._comments.setdefault(name, place)

    def ask(self, name: str, problem: Callable[[], Problem], *, other: str = "") -> None:
        """Want a name in the tree, or the ``other``; the problem is made when neither is there."""
        self._asked.append(_Asked(name, other or name, problem, self._loaded))

    def report(self, key: tuple[str, str], problem: Callable[[], Problem]) -> None:
        """Keep a problem, the first one of its key."""
        if key not in self._seen:
            self._seen.add(key)
            self._problems.append(problem())

    def finish(self, base_files: Mapping[str, str], touched: Iterable[str], cache: Path) -> None:
        """Look up what is left in the tree.

        Args:
            base_files: the unmodified files that the series touches.
            touched: all files that it touches; they were looked at as they are rendered.
            cache: where names that were found are remembered.

        Raises:
            UserError: all problems.
        """
        self._read_messages(touched)
        for name, place in self._comments.items():
            if name not in self._in_code and name not in _OF_PROGRAMS:
                self.ask(name, partial(_commented, name, place), other=f"sys_{name}")
        # a file that was opened later has been as the base has it
        self._asked = [
            asked
            for asked in self._asked
            if not self._is_symbol(asked.name, base_files)
            and not any(
                asked.name in declared_in(text) or asked.name in tags_in(text)
                for path, text in base_files.items()
                if path not in asked.loaded
            )
        ]
        wanted = [frozenset((asked.name, asked.other)) for asked in self._asked]
        if wanted and self._has_headers():
            found = find_in_headers(self.source, wanted, frozenset(touched), cache)
            for asked in self._asked:
                if found.isdisjoint((asked.name, asked.other)):
                    self._problems.append(asked.problem())
        raise_all(self._problems)

    def _read_messages(self, touched: Iterable[str]) -> None:
        """Ask for the names that messages have; ``touched`` are the files that the series has."""
        parts = "_\n_".join(["", *sorted(self._words), ""])
        whole = self._has_headers()
        for template, text in self._messages:
            for called, named in dict.fromkeys(_SAID.findall(_DENIED.sub("", text))):
                name = called or named
                # a part of names, as in "pre_xol and post_xol", is said without brackets
                known = name in self._words or (named and f"_{named.strip('_')}_" in parts)
                if not known and name not in _OF_PROGRAMS:
                    # a message calls a system call as its users do
                    self.ask(name, partial(_said, template, name), other=f"sys_{name}")
            for path in dict.fromkeys(_FILES.findall(text)) if whole else ():
                if path not in touched and not self._has(path):
                    self._problems.append(_said(template, path))

    def _is_symbol(self, name: str, base_files: Mapping[str, str]) -> bool:
        """Tell whether Kconfig declares a name: unmodified files ask for it, or we bring it."""
        symbol = name.removeprefix("CONFIG_")
        return symbol != name and (
            symbol in self._words or any(name in all_words(text) for text in base_files.values())
        )

    def _has_headers(self) -> bool:
        return self._has(WHOLE)

    def _has(self, path: str) -> bool:
        try:
            self.source.load(path)
        except UserError:
            return False
        return True


_Where = Callable[[str, int], str]
"""Says where a word comes from that a piece of C has at a position."""


def _where(place: Callable[..., str], piece: str, word: str, position: int) -> str:
    # of thousands of names few are a problem: the line is looked for then
    line = piece[piece.rfind("\n", 0, position) + 1 :].partition("\n")[0].strip()
    return place(word, line=line)


def _place_of_edit(text: Text, word: str, *, line: str) -> str:
    match text:
        case Piece():
            return place_in_template(text.template, word)
        case Prototype():
            return place_of("Function", text.function)
    return place_of_text(text)


def _said(template: str, name: str) -> Problem:
    return Problem(
        where=place_in_template(template, name),
        what=f"the message names '{name}', which neither the series nor the tree has",
        hint="was it renamed?",
    )


def _commented(name: str, place: Callable[[], str]) -> Problem:
    what = f"a comment names {name}(), which is declared nowhere"
    return Problem(where=place(), what=what, hint="was it renamed?")


class _Prefix:
    """One prefix: what is declared there, and what the series has brought so far."""

    def __init__(
        self,
        check: NameCheck,
        tree: WorkingTree,
        templates: Templates,
        declared: frozenset[str],
    ) -> None:
        self._check = check
        self._tree = tree
        self._declared = declared
        # a series of somebody else's has none of our functions, and a base for it not their names
        ours = any(function.patch in check.later for function in INTERFACE.functions)
        scope = templates.scope
        self._heads = known_heads(tree.blocks, scope.functions if ours else {})
        self._later = {
            name: brought.patch
            for name, brought in check.brought.items()
            if name not in declared and not scope.has(brought.patch)
        }
        self._later |= {
            macro.name: macro.patch
            for macro in INTERFACE.macros
            if ours and macro.patch and not scope.has(macro.patch)
        }
        self._has = scope.has
        self._fields = {
            struct.name: {member.name: member.patch for member in struct.members}
            for struct in (INTERFACE.structs if ours else ())
        }
        self._tags = frozenset(name for text in tree.files.values() for name in tags_in(text))
        # what the model does not have, the C brings: all of it in a template, so in one piece
        brought = frozenset[str]().union(*map(structs_in, tree.blocks.values()))
        self._defined = brought - self._fields.keys()
        inserted = inserted_lines(check.base, templates)
        self._late_fields = {
            match[1]: ident
            for ident, text in inserted
            if ident in check.later and not scope.has(ident)
            for match in re.finditer(r"^\t(?:struct\s+)?\w+\s*\**\s*\**(\w+);", text, re.M)
        }
        self._own = self._defined | self._fields.keys()
        self._holders = find_holders(inserted, self._own)

    def text(self, text: str, place: Callable[..., str]) -> None:
        """Look at C; ``place`` says where a word of a ``line`` of it comes from."""
        pieces = csource.pieces(text)
        uses = tuple(map(read_uses, pieces))
        pointers = frozenset[str]().union(*(used.pointers for used in uses))
        for piece, used in zip(pieces, uses, strict=True):
            where = partial(_where, place, piece)
            for call in used.calls:
                if call.name not in pointers:
                    self._call(call, where)
            self._names(used, where)
            self._members(used, where)
            for name, position in used.installed.items():
                if sum(name in other.words for other in uses) == 1:
                    self._unknown(name, where, position, f"'{name}' is declared nowhere")

    def _names(self, uses: Uses, where: _Where) -> None:
        """Look at the names of a piece but for calls and members."""
        for name in self._later.keys() & uses.words:
            position = next(csource.words(uses.code, name), 0)
            self._early(name, self._later[name], where, position)
        for name, position in uses.constants.items():
            self._unknown(name, where, position, f"'{name}' is not defined")
        for name, position in uses.tags.items():
            if name not in self._tags:
                self._ask(name, where, position, f"the type '{name}' is declared nowhere")
        for name, position in uses.commented.items():
            if name not in self._declared:
                self._check.comment(name, partial(where, name, position))

    def _members(self, uses: Uses, where: _Where) -> None:
        """Look at the members that a piece reaches."""
        for struct, member, position in uses.members(self._holders, self._own):
            self._member(struct, member, where, position)
        for name in self._late_fields.keys() & uses.words:
            if reached := re.search(rf"(?:->|\.)\s*({name})\b", uses.code):
                self._early(name, self._late_fields[name], where, reached.start(1))

    def _call(self, call: Call, where: _Where) -> None:
        name = call.name
        if name in self._declared and name in self._heads:
            count, place = self._heads[name]
            if count != call.count:
                self._check.report(
                    (name, f"{call.count}"),
                    lambda: Problem(
                        where=where(name, call.position),
                        what=f"{name}() takes {count} arguments, and gets {call.count}",
                        hint=f"its parameters stand in {place()}",
                    ),
                )
        self._unknown(name, where, call.position, f"{name}() is called and declared nowhere")

    def _early(self, name: str, patch: str, where: _Where, position: int) -> None:
        self._check.report(
            (name, "early"),
            lambda: Problem(
                where=where(name, position),
                what=f"'{name}' is used before the patch '{patch}', which brings it",
                hint=f'put it behind {{% if has("{patch}") %}}, or bring it earlier',
            ),
        )

    def _unknown(self, name: str, where: _Where, position: int, what: str) -> None:
        """Ask for a name unless the files have it, or a later patch brings it."""
        if name not in self._declared and name not in self._later:
            self._ask(name, where, position, what)

    def _ask(self, name: str, where: _Where, position: int, what: str) -> None:
        if (name, "asked") in self._check._seen:
            return
        self._check._seen.add((name, "asked"))
        self._check.ask(
            name, lambda: Problem(where=where(name, position), what=what, hint="was it renamed?")
        )

    def _member(self, struct: str, member: str, where: _Where, position: int) -> None:
        fields = self._fields.get(struct, {})
        if member in fields:
            patch = fields[member]
            if patch and not self._has(patch):
                self._early(member, patch, where, position)
            return
        if not fields and struct not in self._defined:
            return
        if any(member in members_in(text, struct) for text in self._tree.files.values()):
            return
        self._check.report(
            (struct, member),
            lambda: Problem(
                where=where(member, position),
                what=f"struct {struct} has no member '{member}'",
                hint="was it renamed?"
                if struct in self._defined
                else f"its members stand in {place_of('Struct', struct)}",
            ),
        )
