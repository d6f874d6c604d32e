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

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from generator import csource
from generator.errors import UserError
from generator.jsonfile import read_json
from generator.model.bases import Base
from generator.model.edits import Edit, ReplaceDeclaration, piece_in, text_of
from generator.model.interface import INTERFACE
from generator.paths import write_atomic
from generator.render.env import BASELINE, Templates
from generator.render.places import place_of, place_of_text
from generator.render.problems import Problem, raise_all
from generator.render.whence import place_in_template
from generator.tree.acquire import Source
from generator.tree.places import WorkingTree
from generator.tree.uses import (
    Call,
    all_words,
    declared_in,
    find_holders,
    inserted_lines,
    members_in,
    read_uses,
    structs_in,
    tags_in,
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
    """

    base: Base
    source: Source
    later: tuple[str, ...]
    _asked: list[_Asked] = field(default_factory=list)
    _problems: list[Problem] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _words: set[str] = field(default_factory=set)
    _in_code: set[str] = field(default_factory=set)
    _counted: set[int] = field(default_factory=set)
    _comments: dict[str, Callable[[str], str]] = field(default_factory=dict)
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
            if id(text) not in self._counted:
                self._counted.add(id(text))
                self._words |= all_words(text)
                self._in_code |= all_words(csource.without_comments(text))
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
            look.text(text, partial(place_in_template, template, beside=beside))
        for edit in edits:
            text = _text(edit) if edit.path.endswith((".c", ".h")) else ""
            look.text(templates.text(text), partial(_place_of_edit, text))

    def message(self, template: str, text: str) -> None:
        """Keep a commit message; its names are looked at when all prefixes are known."""
        self._messages.append((template, text))

    def comment(self, name: str, place: Callable[[str], str]) -> None:
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
                asked.name in declared_in(text)
                for path, text in base_files.items()
                if path not in asked.loaded
            )
        ]
        wanted = {name for asked in self._asked for name in (asked.name, asked.other)}
        if wanted and self._has_headers():
            found = _in_headers(self.source, wanted, frozenset(touched), cache)
            for asked in self._asked:
                if found.isdisjoint((asked.name, asked.other)):
                    self._problems.append(asked.problem())
        raise_all(self._problems)

    def _read_messages(self, touched: Iterable[str]) -> None:
        """Ask for the names that messages have; ``touched`` are the files that the series has."""
        parts = "_\n_".join(["", *sorted(self._words), ""])
        for template, text in self._messages:
            for called, named in dict.fromkeys(_SAID.findall(_DENIED.sub("", text))):
                name = called or named
                # a part of names, as in "pre_xol and post_xol", is said without brackets
                known = name in self._words or (named and f"_{named.strip('_')}_" in parts)
                if not known and name not in _OF_PROGRAMS:
                    # a message calls a system call as its users do
                    self.ask(name, partial(_said, template, name), other=f"sys_{name}")
            for path in dict.fromkeys(_FILES.findall(text)) if self._has_headers() else ():
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


def _line_at(text: str, position: int) -> str:
    """Return the line of a text that has a position, without the white space around it."""
    return text[text.rfind("\n", 0, position) + 1 :].partition("\n")[0].strip()


def _place_of_edit(text: str, word: str, *, line: str) -> str:
    template = piece_in(text)
    return place_in_template(template, word) if template else place_of_text(text)


def _said(template: str, name: str) -> Problem:
    return Problem(
        where=place_in_template(template, name),
        what=f"the message names '{name}', which neither the series nor the tree has",
        hint="was it renamed?",
    )


def _commented(name: str, place: Callable[[str], str]) -> Problem:
    what = f"a comment names {name}(), which is declared nowhere"
    return Problem(where=place(name), what=what, hint="was it renamed?")


def _text(edit: Edit) -> str:
    return edit.text if isinstance(edit, ReplaceDeclaration) else text_of(edit)


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
        self._resolved = {
            resolved.name: (function.patch, len(resolved.params))
            for function in INTERFACE.functions
            if ours and check.base.brings(function)
            for resolved in [templates.resolved(function)]
        }
        self._later = {
            name: patch
            for name, (patch, _) in self._resolved.items()
            if patch != BASELINE and not templates.has(patch)
        }
        self._later |= {
            macro.name: macro.patch
            for macro in INTERFACE.macros
            if ours and macro.patch and not templates.has(macro.patch)
        }
        self._has = templates.has
        self._fields = {
            struct.name: {member.name: member.patch for member in struct.members}
            for struct in (INTERFACE.structs if ours else ())
        }
        self._tags = frozenset(name for text in tree.files.values() for name in tags_in(text))
        # what the model does not have, the C brings: all of it in a template, so in one piece
        self._defined = frozenset(
            name for text in tree.blocks.values() for name in structs_in(text)
        ) - frozenset(self._fields)
        inserted = inserted_lines(check.base, templates)
        self._late_fields = {
            match[1]: ident
            for ident, text in inserted
            if ident in check.later and not templates.has(ident)
            for match in re.finditer(r"^\t(?:struct\s+)?\w+\s*\**\s*\**(\w+);", text, re.M)
        }
        self._holders = find_holders(inserted, self._defined | self._fields.keys())

    def text(self, text: str, place: Callable[..., str]) -> None:
        """Look at a piece of C; ``place`` says where a word of a ``line`` of it comes from."""
        uses = read_uses(text, self._holders, self._defined)

        def at(position: int) -> Callable[[str], str]:
            # of thousands of names few are a problem: the line is looked for then
            return lambda word: place(word, line=_line_at(text, position))

        for call in uses.calls:
            self._call(call, at(call.position))
        for name in self._later.keys() & uses.words.keys():
            self._too_early(name, at(uses.words[name]))
        for name, position in uses.constants.items():
            if name not in self._declared and name not in self._later:
                self._unknown(name, at(position), f"'{name}' is not defined")
        for name, position in uses.installed.items():
            if name not in self._declared and name not in self._later:
                self._unknown(name, at(position), f"'{name}' is declared nowhere")
        for name, position in uses.tags.items():
            if name not in self._tags:
                self._unknown(name, at(position), f"the type '{name}' is declared nowhere")
        for struct, member, position in uses.members:
            self._member(struct, member, at(position))
        for name in self._late_fields.keys() & uses.reached.keys():
            self._early(name, self._late_fields[name], at(uses.reached[name]))
        for name, position in uses.commented.items():
            if name not in self._declared:
                self._check.comment(name, at(position))

    def _call(self, call: Call, place: Callable[[str], str]) -> None:
        name = call.name
        if name in self._declared and name in self._resolved and name not in self._later:
            count = self._resolved[name][1]
            if count != call.count:
                self._check.report(
                    (name, f"{call.count}"),
                    lambda: Problem(
                        where=place(name),
                        what=f"{name}() takes {count} arguments, and gets {call.count}",
                        hint=f"its parameters stand in {place_of('Function', name)}",
                    ),
                )
        if name not in self._declared and name not in self._later:
            self._unknown(name, place, f"{name}() is called and declared nowhere")

    def _too_early(self, name: str, place: Callable[[str], str]) -> None:
        self._early(name, self._later[name], place)

    def _early(self, name: str, patch: str, place: Callable[[str], str]) -> None:
        self._check.report(
            (name, "early"),
            lambda: Problem(
                where=place(name),
                what=f"'{name}' is used before the patch '{patch}', which brings it",
                hint=f'put it behind {{% if has("{patch}") %}}, or bring it earlier',
            ),
        )

    def _unknown(self, name: str, place: Callable[[str], str], what: str) -> None:
        if (name, "asked") in self._check._seen:
            return
        self._check._seen.add((name, "asked"))
        self._check.ask(name, lambda: Problem(where=place(name), what=what, hint="was it renamed?"))

    def _member(self, struct: str, member: str, place: Callable[[str], str]) -> None:
        fields = self._fields.get(struct, {})
        if not fields and struct not in self._defined:
            return
        if member in fields:
            patch = fields[member]
            if patch and not self._has(patch):
                self._early(member, patch, place)
            return
        if any(member in members_in(text, struct) for text in self._tree.files.values()):
            return
        self._check.report(
            (struct, member),
            lambda: Problem(
                where=place(member),
                what=f"struct {struct} has no member '{member}'",
                hint="was it renamed?"
                if struct in self._defined
                else f"its members stand in {place_of('Struct', struct)}",
            ),
        )


def _in_headers(
    source: Source, wanted: set[str], touched: frozenset[str], cache: Path
) -> frozenset[str]:
    """Return which names the headers of the tree have; those of touched files do not count."""
    known: dict[str, list[str]] = defaultdict(list)
    identity = f"{source.identity} {' '.join(sorted(touched))}"
    try:
        kept = read_json(cache)
        if kept["identity"] == identity:
            known["names"] = [str(name) for name in kept["names"]]
    except (ValueError, KeyError, TypeError):
        pass
    found = set(known["names"])
    missing = sorted(wanted - found)
    if missing:
        found |= {name for path, name in source.header_words(tuple(missing)) if path not in touched}
        data = {"identity": identity, "names": sorted(found)}
        write_atomic(cache, (json.dumps(data, indent=0) + "\n").encode())
    return frozenset(found)
