# SPDX-License-Identifier: GPL-2.0-only
"""Bring a change of rendered C back to the line of a template, or the place in the model.

Works on a copy of the program (``Draft``): what is decided here is a proposal, and the caller
renders the copy to see whether it gives the edited C. Every hunk ends as a ``Brought`` with its
place, or as one without.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from generator.model.edits import Edit, InsertStatement, Piece, Text, written_by
from generator.model.interface import INTERFACE
from generator.patches.definition import write_function
from generator.patches.draft import Draft, place_of_constant, write_constant
from generator.plan import Scope
from generator.render.env import Templates
from generator.render.source import Origin, escaped, trace_template, with_expressions

_HEADS = "generator/model/interface"
"""The place of a hunk in what the model makes of a function: its comment, type and parameters."""


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A hunk: its file and line (from 1) in the edited C, and the place it went to, "" for none.

    Line 0 is a call that follows one in a hunk, and ``path`` says so.
    """

    path: str
    line: int
    place: str


@dataclass
class _Text:
    """A text of the model within a file, and its lines there."""

    source: str
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
        source = written_by(edit)
        work.own_text(source, templates.text(source), edit)
    return work.run()


class _File:
    """One file on its way: who owns each line of it."""

    def __init__(
        self, draft: Draft, path: str, old: list[str], new: list[str], scope: Scope
    ) -> None:
        self._draft, self._path, self._scope = draft, path, scope
        self._old, self._new = old, new
        self._origin: dict[int, Origin] = {}
        self._indent: dict[int, str] = {}
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

    def own_text(self, source: Text, rendered: str, edit: Edit) -> None:
        wanted = [row.strip() for row in rendered.strip("\n").split("\n")]
        have = [row.strip() for row in self._old]
        places = [
            start
            for start in range(len(have) - len(wanted) + 1)
            if have[start : start + len(wanted)] == wanted
            and not any(start + n in self._origin for n in range(len(wanted)))
        ]
        places = self._beside_anchor(edit, places)
        if len(places) != 1 or not any(wanted):
            return
        if isinstance(source, Piece):
            self._own_piece(source.template, places[0])
        elif isinstance(source, str):
            rows = self._old[places[0] : places[0] + len(wanted)]
            text = _Text(source, places[0], rows, list(rows))
            self._text.update({places[0] + n: text for n in range(len(wanted))})

    def _beside_anchor(self, edit: Edit, places: list[int]) -> list[int]:
        """Return, of several places of the same lines, those nearest to the edit's statement."""
        name = (edit.before or edit.after) if isinstance(edit, InsertStatement) else ""
        if len(places) < 2 or not name or not isinstance(edit, InsertStatement):
            return places
        found = [n for n, row in enumerate(self._old) if re.search(rf"\b{name}\b", row)]
        away = {
            place: min(abs(n - place) for n in found if (n > place) == bool(edit.before))
            for place in places
            if any((n > place) == bool(edit.before) for n in found)
        }
        return [place for place in places if away.get(place) == min(away.values(), default=None)]

    def _own_piece(self, template: str, start: int) -> None:
        """Note which line of a template each line of a piece is of, which an edit has indented."""
        for number, origin in enumerate(trace_template(template, self._scope), start):
            self._origin[number] = origin
            self._indent[number] = self._old[number].removesuffix(origin.text)

    def _bare(self, row: str, number: int) -> str:
        """Return a line as its template has it beside a line of the old text."""
        return escaped(row.removeprefix(self._indent.get(number, "")))

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
            lines.put(place, [self._bare(row, at - 1) for row in rows])
            return f"templates/{before.template}:{place + 1}"
        if behind:
            lines = self._draft.lines(behind.template)
            lines.put(behind.line - 1, [self._bare(row, at) for row in rows])
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
                lines.put(origin.line, [self._bare(row, first) for row in rows])
            elif text:
                text.more.setdefault(first - text.start, []).extend(rows)
        return place

    def _change(self, number: int, new: str | None) -> str:
        origin, text = self._origin.get(number), self._text.get(number)
        if origin and origin.literal:
            lines = self._draft.lines(origin.template)
            source = lines.old[origin.line]
            kept = None
            bare = None if new is None else new.removeprefix(self._indent.get(number, ""))
            if bare is not None and "{{" in source:
                kept = with_expressions(source, origin.text, bare)
            lines.changed[origin.line] = kept if kept or bare is None else escaped(bare)
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
        return f"{_HEADS}: {called[1]}()"

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
        own = re.match(r"[ \t]*", text.source)
        cut = len(indent.group()) - len(own.group()) if indent and own else 0
        bare = [row[min(cut, len(row) - len(row.lstrip())) :] for row in rows]
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
        # one that the model makes in another way stays as it is, and is named
        with suppress(LookupError):
            write_function(
                self._draft, INTERFACE.by_name[key], Templates(self._scope), "\n".join(rows)
            )


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
