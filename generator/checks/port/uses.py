# SPDX-License-Identifier: GPL-2.0-only
"""What the C of the series asks of a kernel, and whether a tree of another version has it.

Needs no build: the templates are rendered for a base, and what they call, which members of the
kernel's structures they read and which constants they name is looked up in the tree as it is read
by ``csource.scan``. The number of arguments of each call is compared with the declaration. Types
are not: ``uprobekit build`` and ``verify`` do that, once the edits hold.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from generator.csource import scan as csource
from generator.errors import UserError
from generator.model.bases import Base
from generator.model.bases.facts import FACTS, Fact
from generator.model.edits import Anchor, InsertLines, RenameIdentifiers, Templated
from generator.model.interface import INTERFACE
from generator.model.series import Series
from generator.render.env import Scope, Templates
from generator.tree.acquire import Source

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
        kind: ``function`` (or a macro like one), ``member``, ``constant`` or ``fact``.
        name: its name; of a member, ``struct.member``; of a fact, the word of ``Base.has``.
        where: the templates that use it; of a fact, the file that shows it.
        problem: why the tree does not have it like this, "" when it does.
    """

    kind: str
    name: str
    where: str
    problem: str = ""


@dataclass
class Needs:
    """What rendered C asks for; each with the templates that do."""

    calls: dict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    members: dict[tuple[str, str], str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)


def find_needs(base: Base, series: Series) -> Needs:
    """Return what the series' C, rendered for ``base``, asks of the kernel."""
    templates = Templates(Scope(base=base, patches=tuple(p.ident for p in series.patches)))
    edits = [*base.baseline, *(edit for group in base.edits.values() for edit in group)]
    names = sorted({e.template for e in edits if isinstance(e, Templated)})
    names = [name for name in names if name.endswith((".c", ".h"))]
    texts = {name: csource.mask(templates.file(name)) for name in names}
    inserted = "".join(edit.text for edit in edits if isinstance(edit, InsertLines))
    own = _own(templates, series, [*texts.values(), inserted])
    own |= {
        name
        for e in edits
        if isinstance(e, RenameIdentifiers)
        for pair in e.renames
        for name in pair
    }
    needs = Needs()
    for name, text in texts.items():
        _collect(needs, name, text, own)
    brought = set(re.findall(r"(\w+);", inserted))
    needs.members = {key: where for key, where in needs.members.items() if key[1] not in brought}
    return needs


def _own(templates: Templates, series: Series, texts: Iterable[str]) -> set[str]:
    """Return what the series itself defines."""
    brought = {patch.ident for patch in series.patches}
    names = {templates.name(f.name) for f in INTERFACE.functions if f.patch in brought}
    names |= {struct.name for struct in INTERFACE.structs}
    names |= {macro.name for macro in INTERFACE.macros}
    for text in texts:
        names |= set(re.findall(r"^\s*#\s*define\s+(\w+)", text, re.M))
        names |= set(re.findall(r"^[^\s#][^\n;{}=]*?\b(\w+)\s*\([^;{}]*\)\s*\{", text, re.M))
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


def check_uses(base: Base, series: Series, source: Source) -> tuple[Use, ...]:
    """Look up in ``source`` what the series for ``base`` needs; facts of ``has`` come last."""
    needs = find_needs(base, series)
    tree = _Tree(source, needs)
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
    return (*uses, *(_fact(base, fact, source) for fact in FACTS))


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
    match anchor.kind:
        case "function":
            return csource.find_function(text, anchor.name) is not None
        case "macro":
            return csource.find_macro(text, anchor.name) is not None
        case "member":
            aggregate = csource.find_aggregate(text, "struct", anchor.within)
            return bool(aggregate and csource.find_member(text, aggregate[1], anchor.name))
    return csource.find_declaration(text, anchor.name) is not None


def _fact(base: Base, fact: Fact, source: Source) -> Use:
    problem = ""
    if holds(fact, source) != (fact.ident in base.has):
        said = "says" if fact.ident in base.has else "does not say"
        shown = "does not show" if fact.ident in base.has else "shows"
        problem = f"the base {said} that {fact.what}; the tree {shown} it"
    return Use(kind="fact", name=fact.ident, where=fact.path, problem=problem)


class _Tree:
    """The tree's declarations of what is needed."""

    def __init__(self, source: Source, needs: Needs) -> None:
        self._source = source
        self._needs = needs

    @cache  # noqa: B019 - lives as long as one check
    def _load(self, path: str) -> str:
        return self._source.load(path)

    @cached_property
    def _lines(self) -> Mapping[str, list[tuple[str, str]]]:
        """File and text of the lines that may declare something, by its name."""
        needs = self._needs
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
        declares = _declares(name)
        for path, line in self._lines.get(name, []):
            if not declares.match(line):
                continue
            text = self._load(path)
            match = declares.match(text, text.find(f"\n{line}\n") + 1)
            if match:
                yield _range(match, text)

    def member(self, struct: str, member: str) -> str:
        """Return what is wrong with a member of a structure."""
        opening = re.compile(rf"^[^;()\n]*\bstruct\s+{struct}\s*\{{", re.M)
        first = re.compile(rf"[^;()]*\bstruct\s+{struct}\s*(?:\{{|$)")
        paths = [path for path, line in self._lines.get(struct, []) if first.match(line)]
        for path in dict.fromkeys(paths):
            text = self._load(path)
            for match in opening.finditer(text):
                body = text[match.end() : text.find("\n}", match.end())]
                if re.search(rf"\b{member}\b", csource.mask(body)):
                    return ""
        if not paths:
            return f"struct {struct} is not defined"
        return f"struct {struct} has no member '{member}'"

    def constant(self, name: str) -> str:
        """Return what is wrong with a constant."""
        return "" if self._lines.get(name) else "is not defined"


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
