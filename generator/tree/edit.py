# SPDX-License-Identifier: GPL-2.0-only
"""Carry out the edits of ``model.edits`` on the text of files in memory.

Reads files through a loader (a directory, an archive, git objects: see ``acquire``), keeps what
it changed, writes nothing. ``series`` calls it once per patch. An edit that does not find its
place raises ``UserError`` with file, function and what was looked for; it never guesses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import singledispatch

from generator import csource
from generator.csource import Span
from generator.errors import UserError
from generator.model import edits as model
from generator.tree.members import rename_uses
from generator.tree.places import (
    Renderer,
    TextRenderer,
    WorkingTree,
    body_within,
    cut_all,
    cut_out,
    innermost_statements,
    last_statement,
    lost,
    one_function,
    one_place,
    whole_lines,
    with_export,
)


def apply_edits(
    tree: WorkingTree,
    edits: tuple[model.Edit, ...],
    *,
    render_text: TextRenderer,
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
            raise lost(path, f"the block '{template}' is not as it was inserted")
        tree.write(path, text.replace(old, new))
        tree.blocks[path, template] = new
    for edit in edits:
        _apply(edit, tree, render_text, render_template)


@singledispatch
def _apply(edit: model.Edit, tree: WorkingTree, text: TextRenderer, template: Renderer) -> None:
    raise TypeError(f"no way to carry out {type(edit).__name__}")


@_apply.register
def _(edit: model.RemoveFunctions, tree: WorkingTree, _t: TextRenderer, _r: Renderer) -> None:
    text = tree.read(edit.path)
    whole = {name: one_function(tree, edit.path, name).whole for name in edit.names}
    cut_all(tree, edit.path, [with_export(text, span, name) for name, span in whole.items()])


@_apply.register
def _(edit: model.Remove, tree: WorkingTree, _t: TextRenderer, _r: Renderer) -> None:
    cut_all(tree, edit.path, [one_place(tree, edit.path, anchor) for anchor in edit.anchors])


@_apply.register
def _(edit: model.RemoveStatements, tree: WorkingTree, _t: TextRenderer, _r: Renderer) -> None:
    text = tree.read(edit.path)
    chosen = innermost_statements(
        text, one_function(tree, edit.path, edit.function), edit.mentioning
    )
    if not chosen:
        raise lost(edit.path, f"no statement mentions '{edit.mentioning}'", function=edit.function)
    for span in sorted(chosen, key=lambda s: s.start, reverse=True):
        line = whole_lines(edit.path, text, span, edit.function)
        text = cut_out(text, Span(csource.comment_start(text, line.start), line.end))
    tree.write(edit.path, text)
    left = one_function(tree, edit.path, edit.function)
    if csource.mentions(text, left.body, edit.mentioning):
        raise lost(
            edit.path,
            f"'{edit.mentioning}' is left in a place that is no statement of its own",
            function=edit.function,
        )


def _filled(by: str, captured: Mapping[str, str]) -> str:
    """Return ``by`` with each ``$x`` replaced by what it has captured."""
    return re.sub(r"\$(\w+)", lambda match: captured[match.group(1)], by)


def _indented(by: str, text: str, place: int) -> str:
    """Return ``by`` with its further lines indented like the line of ``place`` in ``text``."""
    line = text[text.rfind("\n", 0, place) + 1 :]
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return re.sub(r"\n(?=[^\n#])", f"\n{indent}", by)


@_apply.register
def _(edit: model.ReplaceTokens, tree: WorkingTree, render: TextRenderer, _r: Renderer) -> None:
    text = tree.read(edit.path)
    span = body_within(tree, edit.path, edit.within)
    found = list(csource.match_tokens(text, span, edit.pattern))
    if not found or (edit.count and len(found) != edit.count):
        wanted = f"{edit.count} time(s)" if edit.count else "at least once"
        raise lost(
            edit.path,
            f"'{edit.pattern}' is found {len(found)} time(s), expected {wanted}",
            function=edit.within,
        )
    by = render(edit.by).removesuffix("\n")
    for place, captured in reversed(found):
        new = _filled(_indented(by, text, place.start), captured)
        text = text[: place.start] + new + text[place.end :]
    tree.write(edit.path, text)


@_apply.register
def _(edit: model.RenameIdentifiers, tree: WorkingTree, _t: TextRenderer, _r: Renderer) -> None:
    text = tree.read(edit.path)
    renames = dict(edit.renames)
    masked = csource.mask(text)
    for old, new in renames.items():
        if next(csource.words(text, old), None) is None:
            if not edit.optional:
                raise lost(edit.path, f"the identifier '{old}' is not found")
        elif new not in renames and next(csource.words(masked, new), None) is not None:
            raise lost(edit.path, f"'{old}' cannot become '{new}', which is there already")
    pattern = rf"\b(?:{'|'.join(renames)})\b"
    tree.write(edit.path, re.sub(pattern, lambda match: renames[match.group()], text))


@_apply.register
def _(edit: model.RenameMember, tree: WorkingTree, _t: TextRenderer, _r: Renderer) -> None:
    definition = csource.find_aggregate(tree.read(edit.path), "struct", edit.struct)
    if (
        definition is None
        or csource.find_member(tree.read(edit.path), definition[1], edit.old) is None
    ):
        raise lost(edit.path, f"struct {edit.struct} has no member '{edit.old}'")
    text = tree.read(edit.path)
    body = definition[1]
    if csource.find_member(text, body, edit.new):
        raise lost(edit.path, f"struct {edit.struct} has a member '{edit.new}' already")
    for path in edit.also:
        new = re.sub(
            rf"\b{edit.holder}\.{edit.old}\b", f"{edit.holder}.{edit.new}", tree.read(path)
        )
        if new == tree.read(path):
            raise lost(path, f"'{edit.holder}.{edit.old}' is not found")
        tree.write(path, new)
    renamed = re.sub(rf"\b{edit.old}\b", edit.new, body.of(text))
    tree.write(edit.path, text[: body.start] + renamed + text[body.end :])
    touched = {path for path in tree.files if path.startswith(edit.below + "/")}
    for path in sorted(touched | set(tree.search(edit.below, edit.old))):
        new = rename_uses(tree.read(path), edit)
        if new != tree.read(path):
            tree.write(path, new)


@_apply.register
def _(edit: model.ReorderParameters, tree: WorkingTree, _t: TextRenderer, _r: Renderer) -> None:
    text = tree.read(edit.path)
    name = edit.function
    places = [m.end() - 1 for m in re.finditer(rf"\b{name}\s*\(", csource.mask(text))]
    if not places:
        raise lost(edit.path, f"no '{name}' with {len(edit.order)} parameters is found")
    for opening in reversed(places):
        spans, _end = csource.call_arguments(text, opening)
        if len(spans) != len(edit.order):
            line = csource.line_of(text, opening)
            raise lost(
                edit.path,
                f"'{name}' has {len(spans)} parameters in line {line}, not {len(edit.order)}",
            )
        pieces = [span.of(text) for span in spans]
        for position in range(len(spans) - 1, -1, -1):
            span = spans[position]
            text = text[: span.start] + pieces[edit.order[position]] + text[span.end :]
    tree.write(edit.path, text)


@_apply.register
def _(edit: model.EmptyFunction, tree: WorkingTree, _t: TextRenderer, _r: Renderer) -> None:
    body = one_function(tree, edit.path, edit.function).body
    text = tree.read(edit.path)
    tree.write(edit.path, f"{text[: body.start]}{{\n}}{text[body.end :]}")


@_apply.register
def _(edit: model.ReplaceDeclaration, tree: WorkingTree, text: TextRenderer, _r: Renderer) -> None:
    span = one_place(tree, edit.path, model.Anchor(kind="declaration", name=edit.name))
    old = tree.read(edit.path)
    tree.write(edit.path, old[: span.start] + text(edit.text) + old[span.end :])


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
    span = one_place(tree, edit.path, anchor)
    text = tree.read(edit.path)
    if anchor.kind == "function":
        span = with_export(text, span, anchor.name)
    tree.write(edit.path, _insert(text, span, new, after=edit.after is not None, blank=blank))


@_apply.register
def _(edit: model.InsertBlock, tree: WorkingTree, _t: TextRenderer, render: Renderer) -> None:
    new = render(edit.template)
    if not new:
        raise lost(edit.path, f"the template '{edit.template}' renders to nothing")
    _anchored(tree, edit, new, blank=edit.blank)
    tree.blocks[edit.path, edit.template] = new


@_apply.register
def _(edit: model.InsertLines, tree: WorkingTree, render: TextRenderer, _r: Renderer) -> None:
    _anchored(tree, edit, render(edit.text), blank=edit.blank)


@_apply.register
def _(edit: model.InsertStatement, tree: WorkingTree, render: TextRenderer, _r: Renderer) -> None:
    function = one_function(tree, edit.path, edit.function)
    text = tree.read(edit.path)
    name = edit.after or edit.before
    if name:
        found = innermost_statements(text, function, name)
        if not found:
            raise lost(edit.path, f"no statement mentions '{name}'", function=edit.function)
        span = found[-1 if edit.last else 0]
    else:
        span = last_statement(edit.path, text, function)
    whole = whole_lines(edit.path, text, span, edit.function)
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
def _(edit: model.WriteFile, tree: WorkingTree, _t: TextRenderer, render: Renderer) -> None:
    tree.read(edit.path)
    tree.write(edit.path, render(edit.template))
    tree.blocks[edit.path, edit.template] = tree.read(edit.path)


@_apply.register
def _(edit: model.CreateFile, tree: WorkingTree, _t: TextRenderer, render: Renderer) -> None:
    try:
        tree.read(edit.path)
    except UserError:
        text = render(edit.template)
        tree.write(edit.path, text)
        tree.created.add(edit.path)
        tree.blocks[edit.path, edit.template] = text
    else:
        raise lost(edit.path, "the file is there already")


@_apply.register
def _(edit: model.MovePart, tree: WorkingTree, _t: TextRenderer, _r: Renderer) -> None:
    first, last = (one_place(tree, edit.path, anchor) for anchor in (edit.first, edit.last))
    if last.end <= first.start:
        raise lost(edit.path, f"'{edit.last.name}' is not behind '{edit.first.name}'")
    part = Span(first.start, last.end)
    text = tree.read(edit.path)
    tree.write(edit.to, f"{tree.read(edit.to)}\n{part.of(text)}")
    tree.write(edit.path, cut_out(text, part))


def changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Return the files of ``after`` whose text differs from ``before``."""
    return {path: text for path, text in after.items() if before.get(path) != text}
