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
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from generator.csource import scan as csource
from generator.errors import UserError
from generator.model.bases import Base
from generator.model.edits import (
    Edit,
    InsertLines,
    InsertStatement,
    ReplaceDeclaration,
    ReplaceTokens,
)
from generator.model.interface import INTERFACE
from generator.paths import write_atomic
from generator.render.env import BASELINE, Templates, environment
from generator.render.places import place_of, place_of_text, place_of_word
from generator.render.words import Problem, raise_all
from generator.tree.acquire import Source
from generator.tree.edit import WorkingTree

WHOLE = "include/linux/compiler.h"
"""A tree without it has no headers to look into, as a part of a tree that somebody has cut out."""

_KEYWORDS = frozenset(
    (
        *("if", "for", "while", "switch", "return", "sizeof", "typeof", "__typeof__", "defined"),
        *("volatile", "do", "case", "else", "asm", "__attribute__", "__aligned", "__maybe_unused"),
    )
)
_DECLARED = re.compile(
    r"^(?:[ \t]*#[ \t]*define[ \t]+(\w+)"
    r"|(?!(?:return|else|EXPORT\w*)\b)(?:[A-Za-z_][^\n;={}()]*?)?\b(\w+)[ \t]*\()",
    re.M,
)
_CALL = re.compile(r"(?<![\w.>])([A-Za-z_]\w*)[ \t]*\(")
_CONSTANT = re.compile(r"(?<![\w#])([A-Z][A-Z0-9_]{3,})\b(?![ \t]*\()")
_SAID = re.compile(r"\b([A-Za-z_]\w*)\(\)|(?<![\w./%-])([A-Za-z]\w*_\w+)\b(?![./-]\w)")
_DENIED = re.compile(r"\bthere\s+is\s+no\s+\w+")  # may well be nowhere
_STRUCT = re.compile(r"^struct (\w+) \{", re.M)
_COMMENTED = re.compile(r"\b([a-z_]\w*)\(\)")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call: what is called, with how many arguments, from which line of the text."""

    name: str
    count: int
    position: int


@dataclass(frozen=True, kw_only=True)
class Uses:
    """What a piece of C uses.

    Attributes:
        calls: functions and macros like them.
        constants: names in capitals, by the position of their first use.
        members: structure, member and position, where the type is known.
        reached: every word behind ``->`` or ``.``, by its first position.
        commented: names that comments have with brackets behind them.
        pointers: names that are called and are variables.
    """

    calls: tuple[Call, ...]
    constants: Mapping[str, int]
    members: tuple[tuple[str, str, int], ...]
    reached: Mapping[str, int]
    commented: Mapping[str, int]


@lru_cache(maxsize=512)
def read_uses(
    text: str, holders: tuple[tuple[str, str], ...], defined: frozenset[str] = frozenset()
) -> Uses:
    """Return what a piece of C uses.

    Args:
        text: the C.
        holders: members that hold one of the series' structures, and the name of that structure.
        defined: structures of the series that only its C defines.
    """
    masked = csource.code(text)
    pointers = set(re.findall(r"\(\s*\*\s*(\w+)\s*\)\s*\(", masked))
    calls = []
    for match in _CALL.finditer(masked):
        name = match.group(1)
        line = masked[masked.rfind("\n", 0, match.start()) + 1 : match.start()]
        if name in _KEYWORDS or name in pointers or re.match(r"\s*#\s*(?:if|elif|include)\b", line):
            continue
        spans, _ = csource.call_arguments(masked, match.end() - 1)
        empty = len(spans) == 1 and spans[0].of(masked).strip() in ("", "void")
        calls.append(Call(name=name, count=0 if empty else len(spans), position=match.start()))
    constants: dict[str, int] = {}
    for match in _CONSTANT.finditer(masked):
        constants.setdefault(match.group(1), match.start())
    commented: dict[str, int] = {}
    for span in csource.comments(text):
        for match in _COMMENTED.finditer(text, span.start, span.end):
            commented.setdefault(match.group(1), match.start())
    reached: dict[str, int] = {}
    for match in re.finditer(r"(?:->|\.)\s*(\w+)", masked):
        reached.setdefault(match.group(1), match.start(1))
    return Uses(
        calls=tuple(calls),
        constants=constants,
        members=tuple(_members(masked, dict(holders), defined)),
        reached=reached,
        commented=commented,
    )


def _members(
    masked: str, holders: Mapping[str, str], defined: frozenset[str]
) -> Iterator[tuple[str, str, int]]:
    """Yield structure, member and position of each use whose structure is one of the series."""
    own = set(holders.values()) | {struct.name for struct in INTERFACE.structs} | defined
    start = 0
    for part in re.split(r"(?<=^\})", masked, flags=re.M):
        variables = {
            variable: struct
            for struct, variable in re.findall(
                r"\bstruct\s+(\w+)\s*\**\s*(?:const\s+)?(\w+)\b(?!\s*\()", part
            )
        }
        for match in re.finditer(r"(?<![\w.>])(\w+)((?:\s*(?:->|\.)\s*\w+)+)", part):
            struct = variables.get(match.group(1), "")
            for member in re.finditer(r"(?:->|\.)\s*(\w+)", match.group(2)):
                name = member.group(1)
                if struct in own:
                    yield struct, name, start + match.start(2) + member.start(1)
                struct = holders.get(name, "")
        start += len(part)


@lru_cache(maxsize=512)
def declared_in(text: str) -> frozenset[str]:
    """Return what a file declares: functions, macros, structures, enumerators, constants."""
    masked = csource.mask(text)
    found = {name for match in _DECLARED.finditer(masked) for name in match.groups() if name}
    for body in re.findall(r"\benum\b[^;{}()]*\{([^}]*)\}", masked):
        found |= set(re.findall(r"\b[A-Za-z_]\w*", body))
    return frozenset(found)


@lru_cache(maxsize=512)
def _all_words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[A-Za-z_]\w*", text))


@lru_cache(maxsize=512)
def _structs_in(text: str) -> frozenset[str]:
    return frozenset(_STRUCT.findall(csource.mask(text)))


@lru_cache(maxsize=512)
def _members_in(text: str, struct: str) -> frozenset[str]:
    found = csource.find_aggregate(text, "struct", struct)
    body = csource.code(found[1].of(text)) if found else ""
    return frozenset(
        name
        for names in re.findall(
            r"\b(\w+)\s*(?:\[[^]]*\]\s*)*(?::\s*\w+\s*)?[;,]|\(\s*\*\s*(\w+)\s*\)\s*\(", body
        )
        for name in names
        if name
    )


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
    _counted: set[int] = field(default_factory=set)
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
                self._words |= _all_words(text)
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
            look.text(text, partial(_place_in_template, template, beside=beside))
        for edit in edits:
            for text in _texts(edit) if edit.path.endswith((".c", ".h")) else ():
                look.text(templates.text(text), partial(_place_of_edit, text))

    def message(self, ident: str, text: str) -> None:
        """Keep a commit message; its names are looked at when all prefixes are known."""
        self._messages.append((ident, text))

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
        everything = "\n".join(sorted(self._words))
        for ident, text in self._messages:
            for called, named in dict.fromkeys(_SAID.findall(_DENIED.sub("", text))):
                name = called or named
                # a part of names, as in "pre_xol and post_xol", is said without brackets
                known = name in self._words or (named and named.strip("_") in everything)
                if not known and not name.startswith("CONFIG_"):
                    # a message calls a system call as its users do
                    self.ask(name, partial(_said, ident, name), other=f"sys_{name}")
        # a file that was opened later has been as the base has it
        self._asked = [
            asked
            for asked in self._asked
            if not any(
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

    def _has_headers(self) -> bool:
        try:
            self.source.load(WHOLE)
        except UserError:
            return False
        return True


def _place_of_edit(text: str, _word: str) -> str:
    return place_of_text(text)


def _said(ident: str, name: str) -> Problem:
    return Problem(
        where=_place_in_template(f"messages/{ident}.txt", name),
        what=f"the message names '{name}', which neither the series nor the tree has",
        hint="was it renamed?",
    )


def _texts(edit: Edit) -> tuple[str, ...]:
    match edit:
        case InsertStatement() | InsertLines() | ReplaceDeclaration():
            return (edit.text,)
        case ReplaceTokens():
            return (edit.by,)
    return ()


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
            if macro.patch and not templates.has(macro.patch)
        }
        self._has = templates.has
        self._fields = {
            struct.name: {member.name: member.patch for member in struct.members}
            for struct in INTERFACE.structs
        }
        # what the model does not have, the C brings: all of it in a template, so in one piece
        self._defined = frozenset(
            name for text in tree.blocks.values() for name in _structs_in(text)
        ) - frozenset(self._fields)
        brought = [
            (match[1], match[2])
            for group in check.base.edits.values()
            for edit in group
            if isinstance(edit, InsertLines)
            for match in re.finditer(r"\bstruct\s+(\w+)\s*\**\s*\**(\w+);", edit.text)
        ]
        self._late_fields = {
            match[1]: ident
            for ident, group in check.base.edits.items()
            if ident in check.later and not templates.has(ident)
            for edit in group
            if isinstance(edit, InsertLines)
            for match in re.finditer(r"^\t(?:struct\s+)?\w+\s*\**\s*\**(\w+);", edit.text, re.M)
        }
        own = self._defined | self._fields.keys()
        holders = {name: struct for struct, name in brought if struct in own}
        for struct in INTERFACE.structs:
            for member in struct.members:
                held = re.fullmatch(r"struct (\w+)\s*\**", member.type)
                if held and held[1] in own:
                    holders[member.name] = held[1]
        self._holders = tuple(sorted(holders.items()))

    def text(self, text: str, place: Callable[[str], str]) -> None:
        """Look at a piece of C; ``place`` says where a word of it comes from."""
        uses = read_uses(text, self._holders, self._defined)
        for call in uses.calls:
            self._call(call, place)
        for name in uses.constants:
            if name in self._later:
                self._too_early(name, place)
            elif name not in self._declared and not name.startswith("CONFIG_"):
                self._unknown(name, place, f"'{name}' is not defined")
        for struct, member, _ in uses.members:
            self._member(struct, member, place)
        for name, patch in self._late_fields.items():
            if name in uses.reached:
                self._early(name, patch, place)
        for name in uses.commented:
            if name not in self._declared and name not in self._check._words:
                self._unknown(name, place, f"a comment names {name}(), which is declared nowhere")

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
        if name in self._declared:
            return
        if name in self._later:
            self._too_early(name, place)
        else:
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
        if any(member in _members_in(text, struct) for text in self._tree.files.values()):
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


def _place_in_template(template: str, word: str, *, beside: tuple[str, ...] = ()) -> str:
    """Return ``file:line`` of the first use of ``word`` in a template or in one it includes.

    Args:
        template: its name, without the suffix.
        word: an identifier.
        beside: the other templates that were inserted into the same file so far.
    """
    wanted = re.compile(rf"\b{re.escape(word)}\b")
    names = (template, *(other for other in beside if other != template))
    for name, text in (each for one in names for each in _included(f"{one}.j2")):
        for number, line in enumerate(text.split("\n"), 1):
            if wanted.search(line):
                return f"templates/{name}:{number}"
    where = place_of_word(word)
    return where if ":" in where else f"templates/{template}.j2"


def _included(name: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of a template, and of those that it includes."""
    loader = environment().loader
    if loader is None or name not in loader.list_templates():
        return
    text = loader.get_source(environment(), name)[0]
    yield name, text
    for inner in re.findall(r"\{%-?\s*include\s+[\"']([^\"']+)", text):
        yield from _included(inner)


def _in_headers(
    source: Source, wanted: set[str], touched: frozenset[str], cache: Path
) -> frozenset[str]:
    """Return which names the headers of the tree have; those of touched files do not count."""
    known: dict[str, list[str]] = defaultdict(list)
    identity = f"{source.identity} {' '.join(sorted(touched))}"
    try:
        kept = json.loads(cache.read_bytes())
        if kept["identity"] == identity:
            known["names"] = [str(name) for name in kept["names"]]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = set(known["names"])
    missing = sorted(wanted - found)
    if missing:
        found |= {name for path, name in source.header_words(tuple(missing)) if path not in touched}
        data = {"identity": identity, "names": sorted(found)}
        write_atomic(cache, (json.dumps(data, indent=0) + "\n").encode())
    return frozenset(found)
