# SPDX-License-Identifier: GPL-2.0-only
"""Carry out the edits of ``model.edits`` on the text of files in memory.

Reads files through a loader (a directory, an archive, git objects: see ``acquire``), keeps what
it changed, writes nothing. ``series`` calls it once per patch. An edit that does not find its
place raises ``UserError`` with file, function and what was looked for; it never guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch

from generator.csource import scan as csource
from generator.csource.scan import Span
from generator.errors import UserError
from generator.model import edits as model

Loader = Callable[[str], str]
"""Returns the text of a file of the unmodified tree; raises ``UserError`` when there is none."""

Renderer = Callable[[str], str]
"""Renders a template by name, or a piece of text."""


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


def _lost(path: str, what: str, *, function: str = "") -> UserError:
    return UserError(
        what,
        where=f"{path}: {function}()" if function else path,
        hint="the base's data (generator/model/bases) does not fit this tree",
    )


def apply_edits(
    tree: WorkingTree,
    edits: tuple[model.Edit, ...],
    *,
    render_text: Renderer,
    render_template: Renderer,
) -> None:
    """Carry out ``edits`` in their order, then bring the blocks inserted before up to date.

    Raises:
        UserError: an edit does not find its place, or a block was changed by somebody else.
    """
    for (path, template), old in list(tree.blocks.items()):
        new = render_template(template)
        if new == old:
            continue
        text = tree.read(path)
        if text.count(old) != 1:
            raise _lost(path, f"the block '{template}' is not as it was inserted")
        tree.write(path, text.replace(old, new))
        tree.blocks[path, template] = new
    for edit in edits:
        _apply(edit, tree, render_text, render_template)


@singledispatch
def _apply(edit: model.Edit, tree: WorkingTree, text: Renderer, template: Renderer) -> None:
    raise TypeError(f"no way to carry out {type(edit).__name__}")


def _cut(text: str, span: Span) -> str:
    """Take ``span`` out with one of the blank lines around it, and a conditional left empty."""
    before, after = text[: span.start], text[span.end :]
    if before.endswith("\n\n") and after.startswith("\n"):
        after = after[1:]
    opening = re.search(r"^[ \t]*#[ \t]*if[^\n]*\n\s*\Z", before, re.M)
    closing = re.match(r"\s*#[ \t]*endif[^\n]*\n", after)
    if opening and closing:
        return _cut(
            text,
            Span(opening.start(), span.end + len(text[span.end :]) - len(after) + closing.end()),
        )
    if before.endswith("{\n") and after.startswith("\n"):
        after = after[1:]
    if before.endswith("\n\n") and re.match(r"[ \t]*\}", after):
        before = before[:-1]
    return before + after


def _function(tree: WorkingTree, path: str, name: str) -> csource.Function:
    """Return the one definition of a function.

    Of two in different branches of the same conditional the first is meant: the other is what is
    left of it where the feature is off.
    """
    text = tree.read(path)
    found = csource.find_functions(text, name)
    if not found:
        raise _lost(path, f"the function '{name}' is not defined here")
    for other in found[1:]:
        if not csource.are_alternatives(text, found[0].whole, other.whole):
            line = csource.line_of(text, other.head.start)
            raise _lost(path, f"the function '{name}' is defined a second time in line {line}")
    return found[0]


def _find(text: str, anchor: model.Anchor) -> Span | None:
    """Return the span of the first thing that ``anchor`` names, functions apart."""
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


def _place(tree: WorkingTree, path: str, anchor: model.Anchor) -> Span:
    """Return the span of the one thing that ``anchor`` names; see ``_function`` on alternatives."""
    if anchor.kind == "function":
        return _function(tree, path, anchor.name).whole
    text = tree.read(path)
    found = _find(text, anchor)
    inside = f" in struct {anchor.within}" if anchor.within else ""
    if found is None:
        raise _lost(path, f"the {anchor.kind} '{anchor.name}' is not found{inside}")
    hidden = "\n" * found.of(text).count("\n")
    blank = " " * (found.end - found.start - len(hidden))
    other = _find(text[: found.start] + blank + hidden + text[found.end :], anchor)
    if other and not csource.are_alternatives(text, found, other):
        line = csource.line_of(text, other.start)
        raise _lost(
            path, f"the {anchor.kind} '{anchor.name}' is found a second time{inside} in line {line}"
        )
    return found


def _with_export(text: str, span: Span, name: str) -> Span:
    """Return the span of a function together with the EXPORT_SYMBOL lines behind it."""
    export = re.compile(rf"(?:(?:EXPORT_SYMBOL\w*|NOKPROBE_SYMBOL)\({name}\);?\n)+").match(
        text, span.end
    )
    return Span(span.start, export.end() if export else span.end)


@_apply.register
def _(edit: model.RemoveFunctions, tree: WorkingTree, _t: Renderer, _r: Renderer) -> None:
    text = tree.read(edit.path)
    whole = {name: _function(tree, edit.path, name).whole for name in edit.names}
    _cut_all(tree, edit.path, [_with_export(text, span, name) for name, span in whole.items()])


@_apply.register
def _(edit: model.Remove, tree: WorkingTree, _t: Renderer, _r: Renderer) -> None:
    _cut_all(tree, edit.path, [_place(tree, edit.path, anchor) for anchor in edit.anchors])


def _cut_all(tree: WorkingTree, path: str, spans: list[Span]) -> None:
    """Take out places that were all found in the present text, the last one first."""
    text = tree.read(path)
    for span in sorted(spans, key=lambda s: s.start, reverse=True):
        text = _cut(text, span)
    tree.write(path, text)


def _innermost(text: str, function: csource.Function, name: str) -> list[Span]:
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


@_apply.register
def _(edit: model.RemoveStatements, tree: WorkingTree, _t: Renderer, _r: Renderer) -> None:
    text = tree.read(edit.path)
    chosen = _innermost(text, _function(tree, edit.path, edit.function), edit.mentioning)
    if not chosen:
        raise _lost(edit.path, f"no statement mentions '{edit.mentioning}'", function=edit.function)
    for span in sorted(chosen, key=lambda s: s.start, reverse=True):
        line = _whole_lines(edit.path, text, span, edit.function)
        text = _cut(text, Span(csource.comment_start(text, line.start), line.end))
    tree.write(edit.path, text)
    left = _function(tree, edit.path, edit.function)
    if csource.mentions(text, left.body, edit.mentioning):
        raise _lost(
            edit.path,
            f"'{edit.mentioning}' is left in a place that is no statement of its own",
            function=edit.function,
        )


def _whole_lines(path: str, text: str, span: Span, function: str) -> Span:
    """Return the lines of a statement, which it must not share with other code."""
    start = text.rfind("\n", 0, span.start) + 1
    end = csource.end_of_lines(text, span.end)
    masked = csource.mask(text)
    if masked[start : span.start].strip() or masked[span.end : end].strip():
        line = csource.line_of(text, span.start)
        raise _lost(path, f"the statement in line {line} shares it with others", function=function)
    return Span(start, end)


def _within(tree: WorkingTree, path: str, name: str) -> Span:
    """Return the span of the function or macro ``name``; of the whole file without a name."""
    text = tree.read(path)
    if not name:
        return Span(0, len(text))
    function = csource.find_function(text, name)
    if function:
        return Span(function.head.start, function.body.end)
    macro = csource.find_macro(text, name)
    if macro is None:
        raise _lost(path, f"neither a function nor a macro '{name}' is defined here")
    return macro


def _filled(by: str, captured: Mapping[str, str]) -> str:
    """Return ``by`` with each ``$x`` replaced by what it has captured."""
    return re.sub(r"\$(\w+)", lambda match: captured[match.group(1)], by)


@_apply.register
def _(edit: model.ReplaceTokens, tree: WorkingTree, render: Renderer, _r: Renderer) -> None:
    text = tree.read(edit.path)
    span = _within(tree, edit.path, edit.within)
    found = list(csource.match_tokens(text, span, render(edit.pattern)))
    if not found or (edit.count and len(found) != edit.count):
        wanted = f"{edit.count} time(s)" if edit.count else "at least once"
        raise _lost(
            edit.path,
            f"'{edit.pattern}' is found {len(found)} time(s), expected {wanted}",
            function=edit.within,
        )
    by = render(edit.by)
    for place, captured in reversed(found):
        text = text[: place.start] + _filled(by, captured) + text[place.end :]
    tree.write(edit.path, text)


@_apply.register
def _(edit: model.RenameIdentifiers, tree: WorkingTree, render: Renderer, _r: Renderer) -> None:
    text = tree.read(edit.path)
    renames = {render(old): render(new) for old, new in edit.renames}
    masked = csource.mask(text)
    for old, new in renames.items():
        if next(csource.words(text, old), None) is None:
            if not edit.optional:
                raise _lost(edit.path, f"the identifier '{old}' is not found")
        elif new not in renames and next(csource.words(masked, new), None) is not None:
            raise _lost(edit.path, f"'{old}' cannot become '{new}', which is there already")
    pattern = rf"\b(?:{'|'.join(renames)})\b"
    tree.write(edit.path, re.sub(pattern, lambda match: renames[match.group()], text))


@_apply.register
def _(edit: model.RenameMember, tree: WorkingTree, _t: Renderer, _r: Renderer) -> None:
    definition = csource.find_aggregate(tree.read(edit.path), "struct", edit.struct)
    if (
        definition is None
        or csource.find_member(tree.read(edit.path), definition[1], edit.old) is None
    ):
        raise _lost(edit.path, f"struct {edit.struct} has no member '{edit.old}'")
    text = tree.read(edit.path)
    body = definition[1]
    if csource.find_member(text, body, edit.new):
        raise _lost(edit.path, f"struct {edit.struct} has a member '{edit.new}' already")
    for path in edit.also:
        new = re.sub(
            rf"\b{edit.holder}\.{edit.old}\b", f"{edit.holder}.{edit.new}", tree.read(path)
        )
        if new == tree.read(path):
            raise _lost(path, f"'{edit.holder}.{edit.old}' is not found")
        tree.write(path, new)
    renamed = re.sub(rf"\b{edit.old}\b", edit.new, body.of(text))
    tree.write(edit.path, text[: body.start] + renamed + text[body.end :])
    touched = {path for path in tree.files if path.startswith(edit.below + "/")}
    for path in sorted(touched | set(tree.search(edit.below, edit.old))):
        new = _rename_uses(tree.read(path), edit)
        if new != tree.read(path):
            tree.write(path, new)


_HOLDER = re.compile(r"\b(\w+)\s*(?:->|\.)\s*\Z")
_NEAR = 200  # characters within which a member stands behind its holder


def _rename_uses(text: str, edit: model.RenameMember) -> str:
    """Rename the uses of a member whose type is known to be the structure.

    Comments that spell out ``holder.member`` follow.
    """
    if next(csource.words(text, edit.old), None) is None:
        return text
    masked = csource.mask(text)
    pointers = _pointers(masked, edit.struct) if edit.struct in masked else []
    places = []
    for position in csource.words(masked, edit.old):
        held = _HOLDER.search(masked, max(0, position - _NEAR), position)
        if held and (
            held.group(1) == edit.holder
            or any(
                name == held.group(1) and span.start <= held.start() < span.end
                for name, span in pointers
            )
        ):
            places.append(position)
    if edit.struct in masked:
        offset = re.compile(rf"\bstruct\s+{edit.struct}\s*,\s*({edit.old})\b")
        places += [match.start(1) for match in offset.finditer(masked)]
    commented = re.compile(rf"\b{edit.holder}(?:->|\.)({edit.old})\b")
    if any(masked[match.start()].isspace() for match in commented.finditer(text)):
        for span in csource.comments(text):
            places += [match.start(1) for match in commented.finditer(text, span.start, span.end)]
    for start in sorted(set(places), reverse=True):
        text = text[:start] + edit.new + text[start + len(edit.old) :]
    return text


def _pointers(masked: str, struct: str) -> list[tuple[str, Span]]:
    """List the variables of a structure's type, pointers or not, with where they are seen.

    A local variable or a parameter is seen to the end of its function, another variable to the
    end of the file, a parameter of a prototype nowhere.
    """
    found = []
    for match in re.finditer(rf"\bstruct\s+{struct}\b(?=[\s*]+\w)", masked):
        last = masked.rfind("\n}", 0, match.start())
        inside = masked.count("{", max(last, 0), match.start()) > masked.count(
            "}", last + 2, match.start()
        )
        stop = re.compile(r"[;{]").search(masked, match.end())
        closing = masked.find("\n}", match.end())
        end = closing if closing >= 0 else len(masked)
        if not inside and stop and stop.group() == ";":
            if ")" in masked[match.end() : stop.start()].partition("=")[0]:
                continue
            end = len(masked)
        declared = masked[match.end() : stop.start() if stop else end]
        names = re.findall(r"(?:\A|,)[\s*]*(\w+)", re.sub(r"\([^()]*\)", "", declared))
        # behind the first one of a parameter list stand other types
        if not inside and stop and stop.group() == "{":
            names = names[:1]
        found += [(name, Span(match.start(), end)) for name in names]
    return found


@_apply.register
def _(edit: model.ReorderParameters, tree: WorkingTree, render: Renderer, _r: Renderer) -> None:
    text = tree.read(edit.path)
    name = render(edit.function)
    places = [m.end() - 1 for m in re.finditer(rf"\b{name}\s*\(", csource.mask(text))]
    if not places:
        raise _lost(edit.path, f"no '{name}' with {len(edit.order)} parameters is found")
    for opening in reversed(places):
        spans, _end = csource.call_arguments(text, opening)
        if len(spans) != len(edit.order):
            line = csource.line_of(text, opening)
            raise _lost(
                edit.path,
                f"'{name}' has {len(spans)} parameters in line {line}, not {len(edit.order)}",
            )
        pieces = [span.of(text) for span in spans]
        for position in range(len(spans) - 1, -1, -1):
            span = spans[position]
            text = text[: span.start] + pieces[edit.order[position]] + text[span.end :]
    tree.write(edit.path, text)


@_apply.register
def _(edit: model.EmptyFunction, tree: WorkingTree, _t: Renderer, _r: Renderer) -> None:
    body = _function(tree, edit.path, edit.function).body
    text = tree.read(edit.path)
    tree.write(edit.path, f"{text[: body.start]}{{\n}}{text[body.end :]}")


@_apply.register
def _(edit: model.ReplaceDeclaration, tree: WorkingTree, render: Renderer, _r: Renderer) -> None:
    span = _place(tree, edit.path, model.Anchor(kind="declaration", name=render(edit.name)))
    text = tree.read(edit.path)
    tree.write(edit.path, text[: span.start] + render(edit.text) + text[span.end :])


def _insert(text: str, span: Span, new: str, *, after: bool, blank: bool) -> str:
    if after and not text[: span.end].endswith("\n"):
        new = "\n" + new
    if not blank:
        place = span.end if after else span.start
        return text[:place] + new + text[place:]
    if after:
        return text[: span.end] + "\n" + new + text[span.end :]
    return text[: span.start] + new + "\n" + text[span.start :]


def _anchored(
    tree: WorkingTree, edit: model.InsertBlock | model.InsertLines, new: str, *, blank: bool
) -> None:
    anchor = edit.after or edit.before
    if anchor is None:
        raise TypeError(f"{edit} has no anchor")
    span = _place(tree, edit.path, anchor)
    text = tree.read(edit.path)
    if anchor.kind == "function":
        span = _with_export(text, span, anchor.name)
    tree.write(edit.path, _insert(text, span, new, after=edit.after is not None, blank=blank))


@_apply.register
def _(edit: model.InsertBlock, tree: WorkingTree, _t: Renderer, render: Renderer) -> None:
    new = render(edit.template)
    if not new:
        raise _lost(edit.path, f"the template '{edit.template}' renders to nothing")
    _anchored(tree, edit, new, blank=edit.blank)
    tree.blocks[edit.path, edit.template] = new


@_apply.register
def _(edit: model.InsertLines, tree: WorkingTree, render: Renderer, _r: Renderer) -> None:
    _anchored(tree, edit, render(edit.text), blank=False)


def _last_statement(path: str, text: str, function: csource.Function) -> Span:
    """Return the last statement of a function, behind which another one is executed."""
    found = csource.find_statements(text, function)
    if not found:
        raise _lost(path, "the body is empty", function=function.name)
    last = max(found, key=lambda span: span.end)
    if re.match(r"(?:return|goto)\b", last.of(text)):
        raise _lost(path, f"the body ends with '{last.of(text)}'", function=function.name)
    return last


@_apply.register
def _(edit: model.InsertStatement, tree: WorkingTree, render: Renderer, _r: Renderer) -> None:
    function = _function(tree, edit.path, edit.function)
    text = tree.read(edit.path)
    name = edit.after or edit.before
    if name:
        found = _innermost(text, function, name)
        if not found:
            raise _lost(edit.path, f"no statement mentions '{name}'", function=edit.function)
        span = found[-1 if edit.last else 0]
    else:
        span = _last_statement(edit.path, text, function)
    whole = _whole_lines(edit.path, text, span, edit.function)
    indent = text[whole.start : span.start]
    line = csource.comment_start(text, whole.start)
    new = "".join(
        f"{indent}{row}\n" if row else "\n" for row in render(edit.text).rstrip("\n").split("\n")
    )
    if edit.before:
        place, new = line, new + ("\n" if edit.blank else "")
    else:
        place, new = whole.end, ("\n" if edit.blank else "") + new
    tree.write(edit.path, text[:place] + new + text[place:])


@_apply.register
def _(edit: model.WriteFile, tree: WorkingTree, _t: Renderer, render: Renderer) -> None:
    tree.read(edit.path)
    tree.write(edit.path, render(edit.template))
    tree.blocks[edit.path, edit.template] = tree.read(edit.path)


@_apply.register
def _(edit: model.CreateFile, tree: WorkingTree, _t: Renderer, render: Renderer) -> None:
    try:
        tree.read(edit.path)
    except UserError:
        text = render(edit.template)
        tree.write(edit.path, text)
        tree.created.add(edit.path)
        tree.blocks[edit.path, edit.template] = text
    else:
        raise _lost(edit.path, "the file is there already")


def changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Return the files of ``after`` whose text differs from ``before``."""
    return {path: text for path, text in after.items() if before.get(path) != text}
