# SPDX-License-Identifier: GPL-2.0-only
"""What the C of the series asks of a kernel, and whether a tree of another version has it.

Needs no build: the templates are rendered for a base, and what they call, which members of the
kernel's structures they read and which constants they name is looked up in the tree as it is read
by ``csource``. The number of arguments of each call is compared with the declaration; types
are compared by ``types``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from generator import csource
from generator.csource.declared import list_definitions
from generator.errors import UserError
from generator.model.bases import Base
from generator.model.bases.facts import Fact
from generator.model.edits import Anchor, InsertLines, RenameIdentifiers, Templated
from generator.model.interface import INTERFACE
from generator.model.series import Series
from generator.plan import plan_series
from generator.render.env import Templates
from generator.tree.acquire import Source
from generator.tree.places import find_anchor

FOLDERS = ("include", "arch/x86/include", "kernel", "mm", "lib", "arch/x86", "security")
"""Where things that the series uses are declared; nearer ones first."""

_KEYWORDS = frozenset(
    (
        "if",
        "for",
        "while",
        "switch",
        "return",
        "sizeof",
        "typeof",
        "__typeof__",
        "defined",
        "volatile",
        "do",
        "case",
        "else",
    )
)


@dataclass(frozen=True, kw_only=True)
class Use:
    """A thing that the series uses.

    Attributes:
        kind: ``function`` (or a macro like one), ``member`` or ``constant``.
        name: its name; of a member, ``struct.member``.
        where: the template that uses it.
        problem: why the tree does not have it like this, "" when it does.
    """

    kind: str
    name: str
    where: str
    problem: str = ""


@dataclass
class Needs:
    """What rendered C asks for, each with the templates that do; all its words; what it defines."""

    calls: dict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    members: dict[tuple[str, str], str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)


def find_needs(base: Base, series: Series) -> Needs:
    """Return what the series' C, rendered for ``base``, asks of the kernel."""
    templates = Templates(plan_series(base, series).tip)
    edits = [*base.baseline, *(e for p in series.patches for e in base.edits.get(p.ident, ()))]
    names = sorted({e.template for e in edits if isinstance(e, Templated)})
    names = [name for name in names if name.endswith((".c", ".h"))]
    texts = {name: csource.mask(templates.file(name)) for name in names}
    inserted = "".join(templates.text(e.text) for e in edits if isinstance(e, InsertLines))
    own = _own(templates, [*texts.values(), inserted])
    own |= {
        name
        for e in edits
        if isinstance(e, RenameIdentifiers)
        for pair in e.renames
        for name in pair
    }
    needs = Needs(own=own)
    for name, text in texts.items():
        _collect(needs, name, text, own)
        needs.words.update(re.findall(r"\w+", text))
    brought = set(re.findall(r"(\w+);", inserted))
    needs.members = {key: where for key, where in needs.members.items() if key[1] not in brought}
    return needs


def _own(templates: Templates, texts: Iterable[str]) -> set[str]:
    """Return what the series itself defines."""
    names = {function.name for function in templates.scope.own.values()}
    names |= {struct.name for struct in INTERFACE.structs}
    names |= {macro.name for macro in INTERFACE.macros}
    for text in texts:
        names |= set(re.findall(r"^\s*#\s*define\s+(\w+)", text, re.M))
        names |= {head.name for head in list_definitions(text)}
        names |= set(re.findall(r"\b(?:struct|union|enum)\s+(\w+)\s*\{", text))
        for body in re.findall(r"\benum\b[^;{}()]*\{([^}]*)\}", text):
            names |= set(re.findall(r"\b[A-Z]\w+", body))
    return names


def _collect(needs: Needs, template: str, text: str, own: set[str]) -> None:
    for match in re.finditer(r"(?<![\w.>])(\w+)\s*\(", text):
        name = match.group(1)
        if name in own or name in _KEYWORDS or name.isdigit() or _in_directive(text, match.start()):
            continue
        spans, _ = csource.call_arguments(text, match.end() - 1)
        count = 0 if len(spans) == 1 and spans[0].start >= spans[0].end else len(spans)
        needs.calls[name].setdefault(count, template)
    for function in re.split(r"^\}", text, flags=re.M):
        for struct, variable in re.findall(r"\bstruct\s+(\w+)\s*\*+\s*(\w+)\b(?!\s*\()", function):
            if struct in own:
                continue
            for member in re.findall(rf"(?<![\w.>]){variable}->(\w+)", function):
                needs.members.setdefault((struct, member), template)
    for name in re.findall(r"\b[A-Z][A-Z0-9_]{3,}\b(?!\s*\()", text):
        if name not in own and not name.startswith("CONFIG_"):
            needs.constants.setdefault(name, template)


def _in_directive(text: str, position: int) -> bool:
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return bool(re.match(r"\s*#\s*(?:if|elif|include|define)\b", line))


def check_uses(tree: Declarations) -> tuple[Use, ...]:
    """Look up in a tree what the series needs, as ``find_needs`` has found it."""
    needs = tree.needs
    uses = [
        Use(kind="function", name=name, where=_first(by_count), problem=tree.call(name, by_count))
        for name, by_count in sorted(needs.calls.items())
    ]
    uses += [
        Use(kind="member", name=f"{struct}.{member}", where=where, problem=problem)
        for (struct, member), where in sorted(needs.members.items())
        for problem in [tree.member(struct, member)]
    ]
    uses += [
        Use(kind="constant", name=name, where=where, problem=tree.constant(name))
        for name, where in sorted(needs.constants.items())
    ]
    return tuple(uses)


def _first(by_count: Mapping[int, str]) -> str:
    return next(iter(by_count.values()))


def holds(fact: Fact, source: Source) -> bool:
    """Tell whether a tree shows a fact; one without the file shows none."""
    try:
        text = source.load(fact.path)
    except UserError:
        return False
    return _defines(text, fact.anchor) != fact.absent


def _defines(text: str, anchor: Anchor) -> bool:
    if anchor.kind == "function":
        return csource.find_function(text, anchor.name) is not None
    return find_anchor(text, anchor) is not None


def right_calls(texts: Iterable[str], source: Source) -> frozenset[str]:
    """Return those of many pieces of C whose calls a tree has: one look at it for all of them."""
    asked = {text: Needs() for text in texts}
    needs = Needs()
    for text, own in asked.items():
        _collect(own, "a name", csource.mask(text), set())
        for name, by_count in own.calls.items():
            needs.calls[name].update(by_count)
    tree = Declarations(source, needs)
    return frozenset(
        text
        for text, own in asked.items()
        if not any(tree.call(name, by_count) for name, by_count in own.calls.items())
    )


class Declarations:
    """The declarations, in a tree, of what is needed."""

    def __init__(self, source: Source, needs: Needs) -> None:
        self.needs = needs
        self._source = source

    @cache  # noqa: B019 - lives as long as one check
    def _load(self, path: str) -> str:
        return self._source.load(path)

    @cached_property
    def _lines(self) -> Mapping[str, list[tuple[str, str]]]:
        """File and text of the lines that may declare something, by its name."""
        needs = self.needs
        wanted = {*needs.calls, *needs.constants, *(struct for struct, _ in needs.members)}
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for path, line in self._source.lines(FOLDERS, tuple(sorted(wanted))):
            if line.lstrip().startswith(("*", "/*", "//")):
                continue
            for word in wanted.intersection(re.findall(r"\w+", line)):
                found[word].append((path, line))
        for rows in found.values():
            rows.sort(key=lambda row: _nearness(row[0]))
        return found

    @cache  # noqa: B019 - lives as long as one check
    def named_type(self, name: str) -> str:
        """Return what a name for a type (``vm_flags_t``) stands for, or ""."""
        if not re.fullmatch(r"\w+_t", name):
            return ""
        for _, line in self._source.lines(("include",), (name,)):
            match = re.match(rf"\s*typedef\s+([\w ]+?)\s+(?:__\w+\s+)?{name}\s*;", line)
            if match:
                return match.group(1)
        return ""

    def call(self, name: str, by_count: Mapping[int, str]) -> str:
        """Return what is wrong with the calls of a function, or of a macro like one."""
        have: set[tuple[int, int]] = set()
        missing = dict(by_count)
        for low, high in self._counts(name):
            have.add((low, high))
            missing = {n: template for n, template in missing.items() if not low <= n <= high}
            if not missing:
                return ""
        if not have:
            return "is not declared"
        count, template = next(iter(missing.items()))
        takes = " or ".join(str(low) for low in sorted({low for low, _ in have}))
        return f"takes {takes} arguments, {template} gives {count}"

    def _counts(self, name: str) -> Iterator[tuple[int, int]]:
        """Yield how many arguments the declarations of a name take, at least and at most."""
        for _, text, match in self.places(name):
            yield _range(match, text)

    def places(self, name: str) -> Iterator[tuple[str, str, re.Match[str]]]:
        """Yield file, its text and the start of each declaration of a function or macro."""
        declares = _declares(name)
        for path, line in self._lines.get(name, []):
            if not declares.match(line):
                continue
            text = self._load(path)
            match = declares.match(text, text.find(f"\n{line}\n") + 1)
            if match:
                yield path, text, match

    def structs(self, struct: str) -> Iterator[tuple[str, str, csource.Span]]:
        """Yield file, its text and the body of each definition of a structure."""
        opening = re.compile(rf"^[^;()\n]*\bstruct\s+{struct}\s*\{{", re.M)
        first = re.compile(rf"[^;()]*\bstruct\s+{struct}\s*(?:\{{|$)")
        paths = [path for path, line in self._lines.get(struct, []) if first.match(line)]
        for path in dict.fromkeys(paths):
            text = self._load(path)
            for match in opening.finditer(text):
                yield path, text, csource.Span(match.end() - 1, text.find("\n}", match.end()) + 2)

    def member(self, struct: str, member: str) -> str:
        """Return what is wrong with a member of a structure."""
        paths = []
        for path, text, body in self.structs(struct):
            paths.append(path)
            if re.search(rf"\b{member}\b", csource.mask(body.of(text))):
                return ""
        if not paths:
            return f"struct {struct} is not defined"
        return f"struct {struct} has no member '{member}'"

    def constant(self, name: str) -> str:
        """Return what is wrong with a constant."""
        return "" if self._lines.get(name) else "is not defined"

    def line(self, name: str) -> str:
        """Return file, line and text of the first line that has a name, or ""."""
        for path, line in self._lines.get(name, [])[:1]:
            number = self._load(path).split("\n").index(line) + 1
            return f"{path}:{number}: {' '.join(line.split())}"
        return ""


_PARAMETERS = 3000  # characters that a list of parameters is read in


def _declares(name: str) -> re.Pattern[str]:
    """Return a pattern for the start of declarations, definitions and macros of a name."""
    return re.compile(
        rf"^(?:[ \t]*#[ \t]*define[ \t]+(?P<macro>{name})\b"
        rf"|(?!(?:return|else|EXPORT\w*)\b)(?:[^\s#/*][^\n;={{}}]*?)?\b{name}[ \t]*\()",
        re.M,
    )


def _range(match: re.Match[str], text: str) -> tuple[int, int]:
    """Return how many arguments a declaration takes; an alias takes any number."""
    place = match.end() if match.group("macro") else match.end() - 1
    if text[place : place + 1] != "(":
        return 0, _ANY
    window = text[place : place + _PARAMETERS]
    spans, _ = csource.call_arguments(window, 0)
    parts = [span.of(window) for span in spans]
    if parts in ([""], ["void"]):
        return 0, 0
    if "..." in parts[-1]:
        return len(parts) - 1, _ANY
    return len(parts), len(parts)


_ANY = 99


def _nearness(path: str) -> tuple[int, str]:
    for number, folder in enumerate(FOLDERS):
        if path.startswith(folder + "/"):
            return number, path
    return len(FOLDERS), path
