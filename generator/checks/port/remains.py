# SPDX-License-Identifier: GPL-2.0-only
"""What the baseline leaves behind in a tree: functions without a caller, and uses of what is gone.

The edits of the baseline that hold are carried out in memory. A static function that only what was
taken out has called is an orphan: it belongs out as well. What still names a function, a type, a
macro or a member that was taken out does not compile: a person has to say what becomes of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from generator import csource
from generator.checks.port.item import Item, Work
from generator.checks.port.uses import FOLDERS, Needs
from generator.model import edits as model
from generator.plan import Plan
from generator.tree.acquire import Source
from generator.tree.places import WorkingTree

EVERYWHERE = (*FOLDERS, "fs")
"""Where something may use uprobes; other architectures are left alone by the series."""

_HEAD = re.compile(r"^(?![\s#/])[^\n;={}]*?\b(\w+)[ \t]*\(", re.M)
_THING = re.compile(
    r"^(?:struct|union|enum)\s+(?P<tag>\w+)\s*\{"
    r"|^[ \t]*#[ \t]*define[ \t]+(?P<macro>\w+)"
    r"|^(?:static\s|extern\s|const\s|struct\s)[^\n(){};=]*?\b(?P<variable>\w+)\s*(?:\[[^]\n]*\]\s*)*[=;]",
    re.M,
)
_ASKS = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif|undef|include)\b[^\n]*", re.M)


@lru_cache(maxsize=256)
def functions_in(text: str) -> Mapping[str, csource.Function]:
    """Return the functions that a file defines, by name: the first of several."""
    found = {}
    for name in dict.fromkeys(_HEAD.findall(csource.code(text))):
        function = csource.find_function(text, name)
        if function:
            found[name] = function
    return found


@lru_cache(maxsize=256)
def things_in(text: str) -> Mapping[str, int]:
    """Return what a file defines or declares, functions included, with its line."""
    masked = csource.mask(text)
    found = {
        name: csource.line_of(text, match.start())
        for match in _THING.finditer(masked)
        for name in match.groups()
        if name
    }
    for match in re.finditer(r"^enum\b[^;{}()]*\{([^}]*)\}", masked, re.M):
        for name in re.findall(r"\b[A-Z]\w+", match.group(1)):
            found[name] = csource.line_of(text, match.start())
    for match in _HEAD.finditer(csource.code(text)):
        found.setdefault(match.group(1), csource.line_of(text, match.start(1)))
    return found


def enclosing(text: str, position: int) -> str:
    """Return the function whose definition holds ``position``, or ""."""
    spans = sorted((f.head.start, f.body.end, name) for name, f in functions_in(text).items())
    place = bisect_right(spans, (position, len(text), "")) - 1
    return spans[place][2] if place >= 0 and position < spans[place][1] else ""


@dataclass(frozen=True)
class _Use:
    """A use of a name: where, in which function."""

    path: str
    line: int
    function: str
    name: str


class Remains:
    """The tree after the baseline.

    Args:
        plan: its baseline was carried out.
        source: the unmodified tree.
        tree: the files that the baseline has looked at, as it leaves them.
        needs: what the C of the series needs is not an orphan, what it defines must be gone.
    """

    def __init__(self, plan: Plan, source: Source, tree: WorkingTree, needs: Needs) -> None:
        self._source = source
        self._used = needs.words - needs.own
        self._own = needs.own
        self._after = {p: t for p, t in tree.files.items() if p.endswith((".c", ".h"))}
        self._before = {p: "" if p in tree.created else source.load(p) for p in self._after}
        # what is moved waits for a patch that has it compiled
        self._written = {
            edit.path if isinstance(edit, model.WriteFile) else edit.to
            for edit in plan.baseline
            if isinstance(edit, model.WriteFile | model.MovePart)
        }
        renamed = _renamed(plan.baseline)
        kept = {name for text in self._after.values() for name in things_in(text)}
        self._gone = {
            path: {
                name
                for name in things_in(text)
                if name not in kept and name not in renamed and not name.startswith("__LINE")
            }
            for path, text in self._before.items()
        }
        self._members = {
            anchor.name
            for edit in plan.baseline
            if isinstance(edit, model.Remove)
            for anchor in edit.anchors
            if anchor.kind == "member"
        }

    def gone_from(self, path: str) -> frozenset[str]:
        """Return what the baseline takes out of a file."""
        return frozenset(self._gone.get(path, ()))

    def orphans(self) -> Iterator[Item]:
        """Yield functions of edited files that nothing calls any more, and what called them."""
        for path, name in sorted(self._orphans):
            callers = sorted(self._callers(path, name))
            yield Item(
                work=Work.NAME,
                kind="orphan",
                name=f"{name}()",
                where=self._where(path, name),
                problem=f"nothing in the baseline uses it; before, {', '.join(callers)}",
            )

    def orphan_names(self, path: str) -> tuple[str, ...]:
        """Return the orphans of one file in the order in which it defines them."""
        names = [name for where, name in self._orphans if where == path]
        found = functions_in(self._before[path])
        return tuple(sorted(names, key=lambda name: found[name].head.start))

    def dangling(self) -> Iterator[Item]:
        """Yield what still uses something that was taken out, orphans apart."""
        by_place: dict[tuple[str, str], list[_Use]] = defaultdict(list)
        for use in (*self._inside(), *self._outside()):
            if (use.path, use.function) not in self._orphans:
                by_place[use.path, use.function or f"line {use.line}"].append(use)
        for (path, function), uses in sorted(by_place.items()):
            names = ", ".join(dict.fromkeys(use.name for use in uses))
            yield Item(
                work=Work.DECIDE,
                kind="remains",
                name=f"{function}()" if uses[0].function else function,
                where=f"{path}:{self._line(path, uses[0])}",
                problem=f"uses {names}, which the baseline takes out",
            )

    def _line(self, path: str, use: _Use) -> int:
        """Return the line of the unmodified tree where the function of a use stands."""
        text = self._before.get(path)
        if text is None or not use.function:
            return use.line
        function = functions_in(text).get(use.function)
        return csource.line_of(text, function.head.start) if function else use.line

    @cached_property
    def _orphans(self) -> frozenset[tuple[str, str]]:
        """The functions whose callers are gone, those of orphans included."""
        found: set[tuple[str, str]] = set()
        lost = self._lost_words()
        while True:
            new = {
                (path, name)
                for path, text in self._edited()
                for name in lost & functions_in(text).keys()
                if name not in self._used
                and name in functions_in(self._before[path])
                and (path, name) not in found
                and not self._is_used(path, name, found)
            }
            if not new:
                return frozenset(found)
            found |= new
            lost |= {
                word
                for path, name in new
                for word in _words(
                    functions_in(self._after[path])[name].whole.of(self._after[path])
                )
            }

    def _edited(self) -> Iterator[tuple[str, str]]:
        """Yield the C files that edits have changed, as they are now, with their path."""
        for path, text in self._after.items():
            if path.endswith(".c") and path not in self._written:
                yield path, text

    def _lost_words(self) -> set[str]:
        """Return the words that stand less often in the files than before."""
        before = Counter(word for text in self._before.values() for word in _words(text))
        after = Counter(word for text in self._after.values() for word in _words(text))
        return set(before - after)

    def _is_used(self, path: str, name: str, orphans: set[tuple[str, str]]) -> bool:
        """Tell whether something that is left names a function: in its file, or in the tree."""
        text = self._after[path]
        function = functions_in(text)[name]
        static = _is_static(text, function)
        for where, other in self._edited():
            if static and where != path:
                continue
            spans = [functions_in(other)[n].whole for p, n in orphans if p == where]
            if _used_elsewhere(_without(other, spans), name, function, where == path):
                return True
        if static:
            return False
        if any(_named(self._after[where], name) for where in self._written if where[-2:] == ".c"):
            return True
        return name in self._named_elsewhere

    @cached_property
    def _named_elsewhere(self) -> frozenset[str]:
        """The functions of edited files that others can call and that a file besides names."""
        names = {
            name
            for _, text in self._edited()
            for name, function in functions_in(text).items()
            if name not in self._used and not _is_static(text, function)
        }
        return frozenset(
            word
            for path, line in self._source.lines(EVERYWHERE, tuple(sorted(names)))
            if path not in self._after and path.endswith(".c")
            for word in names.intersection(re.findall(r"\w+", line))
            if _named(line, word)
        )

    def _callers(self, path: str, name: str) -> set[str]:
        """Return what named a function in the unmodified files that the baseline edits."""
        found = set()
        static = _is_static(self._before[path], functions_in(self._before[path])[name])
        for where, text in self._before.items():
            if where.endswith(".c") and (where == path or not static):
                for position in csource.words(csource.code(text), name):
                    caller = enclosing(text, position) or _thing_at(text, position)
                    found.add(caller or ("" if where == path else where))
        return found - {name, ""}

    def clashes(self) -> Iterator[Item]:
        """Yield functions that are left, and that the series brings under the same name."""
        for path, text in self._edited():
            for name in sorted(self._own & functions_in(text).keys()):
                if (path, name) not in self._orphans and name in functions_in(self._before[path]):
                    yield Item(
                        work=Work.NAME,
                        kind="orphan",
                        name=f"{name}()",
                        where=self._where(path, name),
                        problem="stays in the baseline, and the series brings its own",
                    )

    def _where(self, path: str, name: str) -> str:
        text = self._before[path]
        return f"{path}:{csource.line_of(text, functions_in(text)[name].head.start)}"

    def _inside(self) -> Iterator[_Use]:
        """Yield uses of what is gone in the files that the baseline edits."""
        shared = self._shared()
        for path, text in self._after.items():
            if path not in self._written:
                yield from self._uses(path, text, self._gone[path] | shared)

    def _shared(self) -> set[str]:
        """Return the names that are gone and that other files can see."""
        found = set()
        for path, names in self._gone.items():
            before = self._before[path]
            for name in names:
                function = functions_in(before).get(name)
                if path.endswith(".h") or (function and not _is_static(before, function)):
                    found.add(name)
        return found

    def _outside(self) -> Iterator[_Use]:
        """Yield uses of what is gone in the rest of the tree."""
        names = self._shared()
        rows = self._source.lines(EVERYWHERE, tuple(sorted(names | self._members)))
        for path in sorted({path for path, _ in rows} - self._after.keys()):
            if path.endswith((".c", ".h")):
                yield from self._uses(path, self._source.load(path), names)

    def _uses(self, path: str, text: str, names: Iterable[str]) -> Iterator[_Use]:
        masked = _ASKS.sub(lambda match: " " * len(match.group()), csource.mask(text))
        for name in names:
            for position in csource.words(masked, name):
                if masked[:position].rstrip().endswith(("->", ".")):
                    continue
                yield _Use(path, csource.line_of(text, position), enclosing(text, position), name)
        for name in self._members:
            for match in re.finditer(rf"(?:->|\.)\s*({name})\b", masked):
                yield _Use(
                    path, csource.line_of(text, match.start()), enclosing(text, match.start()), name
                )


def _thing_at(text: str, position: int) -> str:
    """Return the variable whose value holds ``position``, or ""."""
    start = csource.code(text).rfind("\n}", 0, position) + 1
    names = [m["variable"] for m in _THING.finditer(csource.mask(text), start, position)]
    return names[-1] or "" if names and names[-1] else ""


def _is_static(text: str, function: csource.Function) -> bool:
    return bool(re.search(r"\bstatic\b", function.head.of(text)))


def _named(text: str, name: str) -> bool:
    return any(True for _ in csource.words(csource.mask(text), name))


@lru_cache(maxsize=256)
def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[A-Za-z_]\w*", csource.code(text)))


def _without(text: str, spans: Iterable[csource.Span]) -> str:
    """Return the code of a file with functions blanked."""
    code = csource.code(text)
    for span in spans:
        code = code[: span.start] + " " * (span.end - span.start) + code[span.end :]
    return code


def _used_elsewhere(code: str, name: str, function: csource.Function, home: bool) -> bool:
    """Tell whether a function is named outside of its own definition and its prototypes."""
    for position in csource.words(code, name):
        if home and function.whole.start <= position < function.whole.end:
            continue
        line = code[code.rfind("\n", 0, position) + 1 : position]
        if not line[:1].isspace() and line.strip() and re.match(r"[^;{]*;", code[position:]):
            continue
        return True
    return False


def _renamed(edits: Iterable[model.Edit]) -> set[str]:
    """Return the names that edits rename."""
    found = set()
    for edit in edits:
        if isinstance(edit, model.RenameIdentifiers):
            found |= {old for old, _ in edit.renames}
    return found
