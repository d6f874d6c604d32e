# SPDX-License-Identifier: GPL-2.0-only
"""Bring a change of rendered C back to the line of a template, or the place in the model.

Works on a copy of the program (``Draft``): what is decided here is a proposal, and the caller
renders the copy to see whether it gives the edited C. Every hunk ends as a ``Brought`` with its
place, or as one without.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generator.model.decl import Function, Param
from generator.model.edits import (
    Edit,
    InsertLines,
    InsertStatement,
    ReplaceDeclaration,
    ReplaceTokens,
)
from generator.model.interface import INTERFACE
from generator.render.env import Scope, Templates
from generator.render.source import Origin, trace_template, with_expressions

COPIED = ("generator", "templates")


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A hunk: its file and line (from 1) in the edited C, and the place it went to, "" for none."""

    path: str
    line: int
    place: str


@dataclass
class Draft:
    """A copy of the program and its templates in which changes are tried."""

    root: Path
    base: str = ""
    templates: dict[str, _Lines] = field(default_factory=dict)

    @classmethod
    def of(cls, program: Path, place: Path, base: str) -> Draft:
        """Copy a checkout, to be changed for a base."""
        for name in COPIED:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(program / name, place / name, ignore=ignored, dirs_exist_ok=True)
        return cls(place, base)

    def lines(self, template: str) -> _Lines:
        """Return the lines of a template, to be changed."""
        if template not in self.templates:
            text = (self.root / "templates" / template).read_text(errors="surrogateescape")
            self.templates[template] = _Lines(text.split("\n"))
        return self.templates[template]

    def write(self) -> None:
        """Write the templates that were changed."""
        for name, lines in self.templates.items():
            path = self.root / "templates" / name
            path.write_text(lines.text(), errors="surrogateescape")

    def replace_node(self, file: Path, node: ast.expr, by: str) -> None:
        """Replace an expression of a module; other nodes of the same module lose their place."""
        data = file.read_bytes()
        starts = [0]
        for line in data.split(b"\n"):
            starts.append(starts[-1] + len(line) + 1)
        first = starts[node.lineno - 1] + node.col_offset
        last = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        file.write_bytes(data[:first] + by.encode() + data[last:])


@dataclass
class _Lines:
    """The lines of a template as they were, and what becomes of each."""

    old: list[str]
    changed: dict[int, str | None] = field(default_factory=dict)
    behind: dict[int, list[str]] = field(default_factory=dict)

    def put(self, line: int, rows: Sequence[str]) -> None:
        """Put lines behind a line; -1 is the start."""
        self.behind.setdefault(line, []).extend(rows)

    def text(self) -> str:
        rows = list(self.behind.get(-1, []))
        for number, line in enumerate(self.old):
            now = self.changed.get(number, line)
            rows += [] if now is None else [now]
            rows += self.behind.get(number, [])
        return "\n".join(rows)

    def outermost(self, first: int, last: int) -> int:
        """Return behind which line from ``first`` to ``last`` the fewest conditionals are open."""
        depth, least, place = 0, 0, first
        for number in range(first + 1, last):
            line = self.old[number]
            depth += len(re.findall(r"\{%-?\s*(?:if|for)\b", line))
            depth -= len(re.findall(r"\{%-?\s*end(?:if|for)\b", line))
            if depth < least:
                least, place = depth, number
        return place


@dataclass
class _Text:
    """A text of the model within a file: the edit, its attribute, and its lines there."""

    source: str
    rendered: str
    start: int
    rows: list[str]
    now: list[str | None] = field(default_factory=list)
    more: dict[int, list[str]] = field(default_factory=dict)


def bring_file(
    draft: Draft,
    path: str,
    old: str,
    new: str,
    *,
    blocks: Mapping[str, str],
    edits: Sequence[Edit],
    scope: Scope,
) -> list[Brought]:
    """Bring what somebody has changed in a file into the draft.

    Args:
        draft: what is changed.
        path: the file of the kernel.
        old: its text as rendered.
        new: its text as edited.
        blocks: the templates that were inserted into it, and what they render to.
        edits: the edits of the file.
        scope: base and patches that ``old`` was rendered with.
    """
    work = _File(draft, path, old.split("\n"), new.split("\n"), scope)
    for template, text in blocks.items():
        work.own_block(template, text)
    templates = Templates(scope)
    for edit in edits:
        for source in _texts(edit):
            work.own_text(source, templates.text(source))
    return work.run()


def _texts(edit: Edit) -> tuple[str, ...]:
    match edit:
        case InsertStatement() | InsertLines() | ReplaceDeclaration():
            return (edit.text,)
        case ReplaceTokens():
            return () if "$" in edit.by else (edit.by,)
    return ()


class _File:
    """One file on its way: who owns each line of it."""

    def __init__(
        self, draft: Draft, path: str, old: list[str], new: list[str], scope: Scope
    ) -> None:
        self._draft, self._path, self._scope = draft, path, scope
        self._old, self._new = old, new
        self._origin: dict[int, Origin] = {}
        self._text: dict[int, _Text] = {}
        self._heads: dict[str, str] = {}

    def own_block(self, template: str, text: str) -> None:
        rows = text.split("\n")[:-1]
        for start in range(len(self._old) - len(rows) + 1):
            if self._old[start : start + len(rows)] == rows:
                break
        else:
            return
        origins = trace_template(template, self._scope)
        if [origin.text for origin in origins] == rows:
            self._origin.update(enumerate(origins, start))

    def own_text(self, source: str, rendered: str) -> None:
        wanted = [row.strip() for row in rendered.rstrip("\n").split("\n")]
        have = [row.strip() for row in self._old]
        places = [
            start
            for start in range(len(have) - len(wanted) + 1)
            if have[start : start + len(wanted)] == wanted
            and not any(start + n in self._origin for n in range(len(wanted)))
        ]
        if len(places) != 1 or not any(wanted):
            return
        rows = self._old[places[0] : places[0] + len(wanted)]
        text = _Text(source, rendered, places[0], rows, list(rows))
        self._text.update({places[0] + n: text for n in range(len(wanted))})

    def run(self) -> list[Brought]:
        matcher = difflib.SequenceMatcher(None, self._old, self._new, autojunk=False)
        codes = matcher.get_opcodes()
        found = []
        for tag, i1, i2, j1, j2 in codes:
            if tag == "equal":
                continue
            rows = self._new[j1:j2]
            place = self._insert(i1, rows) if tag == "insert" else self._replace(i1, i2, rows)
            found.append(Brought(path=self._path, line=j1 + 1, place=place))
        for text in {id(t): t for t in self._text.values()}.values():
            self._write_text(text)
        for name in self._heads:
            self._write_head(name, codes)
        return found

    def _insert(self, at: int, rows: list[str]) -> str:
        for _ in range(3):
            place = self._put(at, rows)
            if place or not rows or at == 0 or rows[-1] != self._old[at - 1]:
                return place
            # the same change, one line further up
            rows = [self._old[at - 1], *rows[:-1]]
            at -= 1
        return ""

    def _put(self, at: int, rows: list[str]) -> str:
        before, behind = self._origin.get(at - 1), self._origin.get(at)
        if before and behind and (before.template, before.line) == (behind.template, behind.line):
            return self._generated(before)
        if before and not (self._text.get(at) and not before.literal):
            lines = self._draft.lines(before.template)
            place = before.line
            if behind and behind.template == before.template:
                place = lines.outermost(before.line, behind.line)
            lines.put(place, rows)
            return f"templates/{before.template}:{place + 1}"
        if behind:
            lines = self._draft.lines(behind.template)
            lines.put(behind.line - 1, rows)
            return f"templates/{behind.template}:{behind.line + 1}"
        for number, text in ((at - 1, self._text.get(at - 1)), (at, self._text.get(at))):
            if text:
                text.more.setdefault(number - text.start + (number == at - 1), []).extend(rows)
                return place_of_constant(self._draft, text.source)
        return ""

    def _replace(self, first: int, last: int, rows: list[str]) -> str:
        old = range(first, last)
        if not any(n in self._origin or n in self._text for n in old):
            return ""
        pairs: list[str | None] = [None] * len(old)
        if len(rows) == len(old):
            pairs, rows = list(rows), []
        place = ""
        for number, new in zip(old, pairs, strict=True):
            place = self._change(number, new) or place
        if rows:
            origin, text = self._origin.get(first), self._text.get(first)
            if origin and origin.literal:
                lines = self._draft.lines(origin.template)
                lines.put(origin.line, rows)
            elif text:
                text.more.setdefault(first - text.start, []).extend(rows)
        return place

    def _change(self, number: int, new: str | None) -> str:
        origin, text = self._origin.get(number), self._text.get(number)
        if origin and origin.literal:
            lines = self._draft.lines(origin.template)
            source = lines.old[origin.line]
            now = new
            if new is not None and "{{" in source:
                kept = with_expressions(source, origin.text, new)
                now = new if kept is None else kept
            lines.changed[origin.line] = now
            return f"templates/{origin.template}:{origin.line + 1}"
        if origin:
            return self._generated(origin)
        if text:
            text.now[number - text.start] = new
            return place_of_constant(self._draft, text.source)
        return ""

    def _generated(self, origin: Origin) -> str:
        """Remember that what an expression has made was changed, if it is a definition."""
        source = self._draft.lines(origin.template).old[origin.line]
        called = re.search(r"\b(?:head|signature)\(\s*[\"'](\w+)", source)
        if not called:
            return ""
        self._heads.setdefault(called[1], f"{origin.template}:{origin.line}")
        return f"generator/model/interface.py: {called[1]}()"

    def _write_text(self, text: _Text) -> None:
        """Write a changed text of the model."""
        rows: list[str] = []
        for number in range(len(text.now) + 1):
            rows += text.more.get(number, [])
            now = text.now[number] if number < len(text.now) else None
            rows += [] if now is None else [now]
        if rows == text.rows:
            return
        indent = re.match(r"[ \t]*", text.rows[0])
        own = re.match(r"[ \t]*", text.rendered)
        cut = len(indent.group()) - len(own.group()) if indent and own else 0
        bare = [row[min(cut, len(row) - len(row.lstrip())) :] for row in rows]
        sources = text.source.rstrip("\n").split("\n")
        if "{{" in text.source:
            rendered = text.rendered.rstrip("\n").split("\n")
            for number, row in enumerate(bare):
                for source, value in zip(sources, rendered, strict=False):
                    kept = with_expressions(source, value, row) if "{{" in source else None
                    if kept is not None:
                        bare[number] = kept
        tail = text.source[len(text.source.rstrip("\n")) :]
        write_constant(self._draft, text.source, "\n".join(bare) + tail)

    def _write_head(self, key: str, codes: Sequence[tuple[str, int, int, int, int]]) -> None:
        """Write a changed definition of a function into the model."""
        template, _, line = self._heads[key].rpartition(":")
        owned = [
            number
            for number, origin in self._origin.items()
            if (origin.template, origin.line) == (template, int(line))
        ]
        first, last = min(owned), max(owned) + 1
        rows = self._new[_moved(first, codes, start=True) : _moved(last, codes, start=False)]
        names = (key, f"{{{{ names.{key} }}}}")
        function = next(f for f in INTERFACE.functions if f.name in names)
        write_function(self._draft, function, Templates(self._scope), "\n".join(rows))


def _moved(number: int, codes: Sequence[tuple[str, int, int, int, int]], *, start: bool) -> int:
    """Return where a line of the old text is in the new one."""
    for tag, i1, i2, j1, j2 in codes:
        if tag == "equal" and i1 <= number < i2:
            return j1 + number - i1
        if tag != "equal" and i1 < number < i2:
            return j1 if start else j2
        if tag != "equal" and number == i1 and i1 < i2:
            return j1
    return codes[-1][4] if codes else number


def _constants(draft: Draft, value: str) -> Iterator[tuple[Path, ast.Constant]]:
    """Yield where the model has a text, in the base's own module first and in no other base's."""
    own = f"v{draft.base.replace('.', '_')}"
    ranks = {own: 0, own.partition("_")[0]: 1}
    paths = [
        path
        for path in (draft.root / "generator/model").rglob("*.py")
        if path.parent.name != "bases" or path.stem in ranks or not re.match(r"v\d", path.stem)
    ]
    for path in sorted(paths, key=lambda p: (ranks.get(p.stem, 2), p)):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Constant) and node.value == value:
                yield path, node


def place_of_constant(draft: Draft, text: str) -> str:
    """Return ``file:line`` of a text of the model, "" when it is made up of several."""
    for path, node in _constants(draft, text):
        return f"{path.relative_to(draft.root)}:{node.lineno}"
    return ""


def write_constant(draft: Draft, old: str, new: str) -> None:
    """Write a text of the model in place of another one."""
    for path, node in _constants(draft, old):
        rows = new.split("\n")
        pieces = [json.dumps(row + "\n", ensure_ascii=False) for row in rows[:-1]]
        pieces += [json.dumps(rows[-1], ensure_ascii=False)] if rows[-1] or not pieces else []
        draft.replace_node(path, node, f"\n{' ' * 12}".join(pieces))
        return


def write_function(draft: Draft, function: Function, templates: Templates, text: str) -> None:
    """Write what a definition says into the model: parameters, what it returns, its comment.

    Args:
        draft: what is changed.
        function: the function of the model.
        templates: the scope that its old text was rendered in.
        text: the comment above the definition and its first lines, as edited.
    """
    comment, _, code = text.rpartition("*/")
    head = " ".join(code.split())
    match = re.fullmatch(r"(.*?)\b(\w+)\s*\((.*)\)", head)
    resolved = templates.resolved(function)
    if match is None or match[2] != resolved.name:
        return
    words = [function.storage, "__weak" if function.weak else ""]
    returns = " ".join(w for w in match[1].split() if w not in " ".join(words).split())
    if match[1].rstrip().endswith("*"):
        returns = re.sub(r"\s*\*$", " *", returns)
    params = [_param(piece) for piece in match[3].split(",") if piece.strip() not in ("", "void")]
    if [(p.type, p.name) for p in params] != [(p.type, p.name) for p in resolved.params]:
        _rewrite(draft, function, "params", _params(draft, function, templates, params))
    if returns != function.returns and not re.search(r"\b__init\b|\bnotrace\b", returns):
        _rewrite(draft, function, "returns", json.dumps(returns))
    if comment.strip():
        _write_doc(draft, function, templates, comment)


def _param(text: str) -> Param:
    match = re.fullmatch(r"(.*?)(\w+)", text.strip())
    if match is None:
        return Param(text.strip(), "")
    return Param(re.sub(r"\s*(\*+)$", r" \1", match[1].strip()), match[2])


def _keyword(draft: Draft, function: Function, name: str) -> tuple[Path, ast.Call, ast.expr | None]:
    """Return module and call that make a function of the model, and one of its arguments.

    Raises:
        LookupError: it is made in another way.
    """
    for path in sorted((draft.root / "generator/model").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            named = given.get("name")
            if node.func.id != "Function" or not isinstance(named, ast.Constant):
                continue
            if named.value == function.name:
                return path, node, given.get(name)
    raise LookupError(function.name)


def _rewrite(draft: Draft, function: Function, name: str, by: str) -> None:
    path, call, node = _keyword(draft, function, name)
    if node is not None:
        draft.replace_node(path, node, by)
        return
    behind = next(k.value for k in call.keywords if k.arg == "returns")
    text = ast.get_source_segment(path.read_text(), behind)
    draft.replace_node(path, behind, f"{text},\n        {name}={by}")


def _params(draft: Draft, function: Function, templates: Templates, params: Sequence[Param]) -> str:
    """Return the Python of parameters; those that stay keep theirs."""
    path, _, node = _keyword(draft, function, "params")
    text = path.read_text()
    elements = node.elts if isinstance(node, ast.Tuple) else []
    have = [
        (param, ast.get_source_segment(text, element) or "")
        for param, element in zip(function.params, elements, strict=True)
    ]
    pieces = []
    for param in params:
        same = [(p, code) for p, code in have if p.name == param.name]
        if same and same[0][0].type == param.type:
            pieces.append(same[0][1])
        else:
            doc = f", {json.dumps(same[0][0].doc)}" if same and same[0][0].doc else ""
            pieces.append(f"Param({json.dumps(param.type)}, {json.dumps(param.name)}{doc})")
    # a later patch's own
    pieces += [code for p, code in have if p.patch and not templates.has(p.patch)]
    return f"({', '.join(pieces)}{',' if len(pieces) == 1 else ''})"


def _write_doc(draft: Draft, function: Function, templates: Templates, comment: str) -> None:
    """Write the paragraphs of a comment that have changed, where they are plain text."""
    rows = [re.sub(r"^\s*\*? ?", "", row) for row in comment.strip().split("\n")]
    rows = rows[1:] if rows and rows[0].startswith("/*") else rows
    paragraphs = [
        " ".join(piece.split()) for piece in re.split(r"\n\s*\n", "\n".join(rows)) if piece.strip()
    ]
    if paragraphs and paragraphs[0].startswith(f"{templates.resolved(function).name}() - "):
        first = paragraphs[0].split("() - ", 1)[1]
        paragraphs[0] = re.split(r" @\w+: ", first)[0]
    if len(paragraphs) != len(function.doc):
        return
    for old, new in zip(function.doc, paragraphs, strict=True):
        if "{" not in old and not old.startswith("@") and " ".join(old.split()) != new:
            write_constant(draft, old, new)
