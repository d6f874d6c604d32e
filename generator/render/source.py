# SPDX-License-Identifier: GPL-2.0-only
"""Which line of a template each rendered line comes from.

The template is rendered a second time with a mark at the start of each of its lines. Lines of
nothing but tags get none: Jinja takes them out. What an expression renders to several lines has the
mark on its first one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import jinja2

from generator.errors import UserError
from generator.plan import Scope
from generator.render.env import Templates, environment
from generator.render.marks import without_marks

_MARK = re.compile("\ue000([0-9]+),([0-9]+)\ue001")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a rendered line comes from.

    Attributes:
        text: the rendered line, without the newline.
        template: name of the template, with ``.j2``.
        line: its line (from 0) that has brought this one.
        literal: the line stands there as it is, names of the base apart; no expression has brought
            several lines.
    """

    text: str
    template: str
    line: int
    literal: bool


def trace_template(name: str, scope: Scope) -> tuple[Origin, ...]:
    """Return the origin of each line that a template renders to.

    Args:
        name: as in an edit, without ``.j2``.
        scope: base and patches.

    Raises:
        UserError: there is no such template.
    """
    loader = environment().loader
    if loader is None:
        raise TypeError("the environment has no loader")
    files: list[str] = []
    sources: list[list[str]] = []

    def load(wanted: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        text = loader.get_source(environment(), wanted)[0]
        if wanted not in files:
            files.append(wanted)
            sources.append(text.split("\n"))
        return _marked(text, files.index(wanted)), None, None

    marked = environment().overlay(loader=jinja2.FunctionLoader(load), bytecode_cache=None)
    # an overlay shares the cache of templates: its own one
    marked.cache = {}
    try:
        text = without_marks(marked.get_template(f"{name}.j2").render(Templates(scope).context))
    except jinja2.TemplateNotFound as error:
        raise UserError(f"the template '{error.name}' is missing", where="templates") from error
    rows = text.split("\n")
    if rows and not _MARK.sub("", rows[-1]):
        rows.pop()
    found: list[Origin] = []
    file, line = 0, 0
    for row in rows:
        marks = _MARK.findall(row)
        bare = _MARK.sub("", row)
        if marks:
            # the last one: those before it stand in front of what has rendered to nothing
            file, line = (int(number) for number in marks[-1])
        fits = bool(marks) and _fits(sources[file][line], bare)
        found.append(Origin(text=bare, template=files[file], line=line, literal=fits))
    return tuple(found)


def _fits(source: str, rendered: str) -> bool:
    """Tell whether a line is the rendered one but for expressions in it."""
    pieces = re.split(r"\{\{.*?\}\}", source)
    if len(pieces) > 1 and not "".join(pieces).strip():
        return False
    return re.fullmatch("(.*)".join(map(re.escape, pieces)), rendered) is not None


def _marked(text: str, file: int) -> str:
    """Put a mark in front of each line that is not inside of a tag and is not only tags."""
    lines = text.split("\n")
    inside = _inside(text)
    found = []
    for number, line in enumerate(lines):
        tag = line.lstrip().startswith(("{%", "{#"))
        last = number == len(lines) - 1 and not line
        mark = "" if tag or last or number in inside else f"\ue000{file},{number}\ue001"
        found.append(mark + line)
    return "\n".join(found)


def _inside(text: str) -> set[int]:
    """Return the lines (from 0) that begin within a tag or an expression."""
    found: set[int] = set()
    for match in re.finditer(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", text, re.S):
        first = text.count("\n", 0, match.start())
        found |= set(range(first + 1, first + match.group().count("\n") + 1))
    return found


def escaped(text: str) -> str:
    """Return the text of a template that renders to ``text``, braces that Jinja knows included."""
    return re.sub(r"\{[{%#]", lambda found: f'{{{{ "{found[0]}" }}}}', text)


def with_expressions(source: str, old: str, new: str) -> str | None:
    """Return the line of a template that renders to ``new`` where ``source`` renders to ``old``.

    Expressions stay where their values do; None when a value is not in ``new`` any more.
    """
    pieces = re.split(r"(\{\{.*?\}\})", source)
    pattern = "".join("(.*)" if n % 2 else re.escape(piece) for n, piece in enumerate(pieces))
    match = re.fullmatch(pattern, old)
    if match is None:
        return None
    made, rest = "", new
    for value, expression in zip(match.groups(), pieces[1::2], strict=True):
        before, found, rest = rest.partition(value) if value else (rest, "", "")
        if not found:
            return None
        made += escaped(before) + expression
    return made + escaped(rest)
