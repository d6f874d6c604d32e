# SPDX-License-Identifier: GPL-2.0-only
"""The files of a tree with the changes made to them, and the places that edits name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from generator import csource
from generator.csource import Span
from generator.errors import UserError
from generator.model import edits as model

Loader = Callable[[str], str]
"""Returns the text of a file of the unmodified tree; raises ``UserError`` when there is none."""
Renderer = Callable[[str], str]
"""Renders a template by name."""
TextRenderer = Callable[[model.Text], str]
"""Renders the text of an edit."""


@dataclass
class WorkingTree:
    """The files of a tree as far as they were looked at, with the changes made to them.

    ``load`` and ``search`` reach the unmodified tree: ``search(folder, word)`` lists the C files
    below a folder that contain a word. ``blocks`` remembers the inserted templates by path and
    name, ``created`` the files that the unmodified tree does not have.
    """

    load: Loader
    search: Callable[[str, str], tuple[str, ...]]
    files: dict[str, str] = field(default_factory=dict)
    blocks: dict[tuple[str, str], str] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)

    def read(self, path: str) -> str:
        """Return the present text of ``path``."""
        if path not in self.files:
            self.files[path] = self.load(path)
        return self.files[path]

    def write(self, path: str, text: str) -> None:
        """Make ``text`` the present text of ``path``."""
        self.files[path] = text


def lost(path: str, what: str, *, function: str = "") -> UserError:
    """Return the error of an edit that does not find its place."""
    return UserError(
        what,
        where=f"{path}: {function}()" if function else path,
        hint="the base's data (generator/model/bases) does not fit this tree",
    )


def cut_out(text: str, span: Span) -> str:
    """Take ``span`` out with one of the blank lines around it, and a conditional left empty."""
    before, after = text[: span.start], text[span.end :]
    if before.endswith("\n\n") and after.startswith("\n"):
        after = after[1:]
    opening = re.search(r"^[ \t]*#[ \t]*if[^\n]*\n\s*\Z", before, re.M)
    closing = re.match(r"\s*#[ \t]*endif[^\n]*\n", after)
    if opening and closing:
        return cut_out(
            text,
            Span(opening.start(), span.end + len(text[span.end :]) - len(after) + closing.end()),
        )
    if before.endswith("{\n") and after.startswith("\n"):
        after = after[1:]
    if before.endswith("\n\n") and re.match(r"[ \t]*\}", after):
        before = before[:-1]
    return before + after


def one_function(tree: WorkingTree, path: str, name: str) -> csource.Function:
    """Return the one definition of a function.

    Of two in different branches of the same conditional the first is meant: the other is what is
    left of it where the feature is off.
    """
    text = tree.read(path)
    found = csource.find_functions(text, name)
    if not found:
        raise lost(path, f"the function '{name}' is not defined here")
    for other in found[1:]:
        if not csource.are_alternatives(text, found[0].whole, other.whole):
            line = csource.line_of(text, other.head.start)
            raise lost(path, f"the function '{name}' is defined a second time in line {line}")
    return found[0]


def find_anchor(text: str, anchor: model.Anchor) -> Span | None:
    """Return the span of the first thing that ``anchor`` names in a file, functions apart."""
    kind = "struct" if anchor.kind in ("body", "member") else anchor.kind
    match anchor.kind:
        case "declaration":
            return csource.find_declaration(text, anchor.name)
        case "macro":
            return csource.find_macro(text, anchor.name)
        case "include":
            return csource.find_include(text, anchor.name)
        case "conditional":
            return csource.find_conditional(text, anchor.name)
        case "line":
            return csource.find_line(text, anchor.name)
    aggregate = csource.find_aggregate(text, kind, anchor.within or anchor.name)
    if aggregate is None:
        return None
    whole, body = aggregate
    if anchor.kind == "member":
        return csource.find_member(text, body, anchor.name)
    if anchor.kind == "body":
        return Span(whole.start, text.find("\n", body.start) + 1)
    return whole


def one_place(tree: WorkingTree, path: str, anchor: model.Anchor) -> Span:
    """Return the span of the one thing that ``anchor`` names; alternatives as ``one_function``."""
    if anchor.kind == "function":
        return one_function(tree, path, anchor.name).whole
    text = tree.read(path)
    found = find_anchor(text, anchor)
    inside = f" in struct {anchor.within}" if anchor.within else ""
    if found is None:
        raise lost(path, f"the {anchor.kind} '{anchor.name}' is not found{inside}")
    hidden = "\n" * found.of(text).count("\n")
    blank = " " * (found.end - found.start - len(hidden))
    other = find_anchor(text[: found.start] + blank + hidden + text[found.end :], anchor)
    if other and not csource.are_alternatives(text, found, other):
        line = csource.line_of(text, other.start)
        raise lost(
            path, f"the {anchor.kind} '{anchor.name}' is found a second time{inside} in line {line}"
        )
    return found


def with_export(text: str, span: Span, name: str) -> Span:
    """Return the span of a function together with the EXPORT_SYMBOL lines behind it."""
    export = re.compile(rf"(?:(?:EXPORT_SYMBOL\w*|NOKPROBE_SYMBOL)\({name}\);?\n)+").match(
        text, span.end
    )
    return Span(span.start, export.end() if export else span.end)


def cut_all(tree: WorkingTree, path: str, spans: list[Span]) -> None:
    """Take out places that were all found in the present text, the last one first."""
    text = tree.read(path)
    for span in sorted(spans, key=lambda s: s.start, reverse=True):
        text = cut_out(text, span)
    tree.write(path, text)


def innermost_statements(text: str, function: csource.Function, name: str) -> list[Span]:
    """List the smallest statements that mention ``name``; an ``if`` goes whole by its condition."""
    found = [s for s in csource.find_statements(text, function) if csource.mentions(text, s, name)]
    chosen: list[Span] = []
    for span in found:
        inner = [s for s in found if s != span and span.start <= s.start and s.end <= span.end]
        condition_end = min((s.start for s in inner), default=span.end)
        by_condition = csource.mentions(text, Span(span.start, condition_end), name)
        if any(c.start <= span.start and span.end <= c.end for c in chosen):
            continue
        if not inner or by_condition:
            chosen.append(span)
    return chosen


def whole_lines(path: str, text: str, span: Span, function: str) -> Span:
    """Return the lines of a statement, which it must not share with other code."""
    start = text.rfind("\n", 0, span.start) + 1
    end = csource.end_of_lines(text, span.end)
    masked = csource.mask(text)
    if masked[start : span.start].strip() or masked[span.end : end].strip():
        line = csource.line_of(text, span.start)
        raise lost(path, f"the statement in line {line} shares it with others", function=function)
    return Span(start, end)


def body_within(tree: WorkingTree, path: str, name: str) -> Span:
    """Return the span of the function or macro ``name``; of the whole file without a name."""
    text = tree.read(path)
    if not name:
        return Span(0, len(text))
    function = csource.find_function(text, name)
    if function:
        return Span(function.head.start, function.body.end)
    macro = csource.find_macro(text, name)
    if macro is None:
        raise lost(path, f"neither a function nor a macro '{name}' is defined here")
    return macro


def last_statement(path: str, text: str, function: csource.Function) -> Span:
    """Return the last statement of a function, behind which another one is executed."""
    found = csource.find_statements(text, function)
    if not found:
        raise lost(path, "the body is empty", function=function.name)
    last = max(found, key=lambda span: span.end)
    if re.match(r"(?:return|goto)\b", last.of(text)):
        raise lost(path, f"the body ends with '{last.of(text)}'", function=function.name)
    return last
