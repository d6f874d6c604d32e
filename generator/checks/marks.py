# SPDX-License-Identifier: GPL-2.0-only
"""Which statement of the C a mark of a template stands for.

Reads what the templates render to after the last patch, and the edits of the base for the calls
that the model knows by callee. Needs no tree.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from generator import csource
from generator.csource.declared import list_definitions
from generator.errors import UserError
from generator.model.edits import InsertStatement, ReplaceTokens, Templated, text_of
from generator.model.guards import GUARDS, Guard
from generator.model.series import SERIES
from generator.model.steps import OUR_STEPS, Step
from generator.plan import Plan, find_base, plan_series
from generator.render.env import Templates
from generator.render.marks import UNREACHED, Placed, split_marks


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What has a name in the C.

    Attributes:
        kind, name: of the mark.
        path, function: where it stands.
        text: its C in one line, without comments.
        place: how many times the same tokens stand before it in the function.
        times: how many times they stand in the whole function.
    """

    kind: str
    name: str
    path: str
    function: str
    text: str
    place: int = 0
    times: int = 1


@cache
def find_marks(base: str) -> tuple[Mark, ...]:
    """Return the marks of the series on a base, in the order of the C.

    Statements with the same mark that follow each other are one.

    Raises:
        UserError: there is no such base, a mark stands outside of the functions of the series, a
            call is not found.
    """
    plan = plan_series(find_base(base), SERIES[0])
    return (*_in_templates(plan), *_in_edits(plan))


def _in_templates(plan: Plan) -> Iterator[Mark]:
    seen = set()
    for edit in (*plan.baseline, *(edit for one in plan.patches for edit in one.edits)):
        if isinstance(edit, Templated) and (edit.path, edit.template) not in seen:
            seen.add((edit.path, edit.template))
            templates = Templates(plan.tip)
            text, placed = split_marks(templates.marked_file(edit.template))
            if placed:
                yield from _marks(edit.path, text, placed)


def _marks(path: str, text: str, placed: tuple[Placed, ...]) -> Iterator[Mark]:
    """Yield the marks of a rendered template."""
    names = [definition.name for definition in list_definitions(text)]
    functions = [found for name in names if (found := csource.find_function(text, name))]
    runs: dict[tuple[str, str, str], list[csource.Span]] = defaultdict(list)
    bodies: dict[str, csource.Span] = {}
    masked = csource.code(text)
    for mark in placed:
        inside = [f for f in functions if f.body.start < mark.position < f.body.end]
        if not inside:
            line = csource.line_of(text, mark.position)
            raise UserError(
                f"the mark {mark.kind} '{mark.name}' is not in a function",
                where=f"{path}, line {line} of what the template renders to",
            )
        bodies[inside[0].name] = inside[0].body
        span = _span(text, mark, inside[0].body.end - 1)
        spans = runs[mark.kind, mark.name, inside[0].name]
        if spans and mark.kind != UNREACHED and not masked[spans[-1].end : span.start].strip():
            span = csource.Span(spans.pop().start, span.end)
        spans.append(span)
    for (kind, name, function), spans in runs.items():
        for span in spans:
            words = _line(text, span)
            same = [found.start for found, _ in csource.match_tokens(text, bodies[function], words)]
            yield Mark(
                kind=kind,
                name=name,
                path=path,
                function=function,
                text=words,
                place=same.index(span.start),
                times=len(same),
            )


def _span(text: str, mark: Placed, end: int) -> csource.Span:
    """Return what a mark stands for: a line of a statement, or the whole of it."""
    if mark.kind != UNREACHED:
        return csource.statement_at(text, mark.position, end)
    line = re.compile(r"\s*(.*)").match(text, mark.position)
    return csource.Span(line.start(1), line.end(1)) if line else csource.Span(0, 0)


def _in_edits(plan: Plan) -> Iterator[Mark]:
    """Yield the calls that steps and guards know by callee: they stand in files of the base."""
    templates = Templates(plan.tip)
    for kind, entries in (("step", OUR_STEPS), ("guard", GUARDS)):
        for item in entries:
            if item.callee and item.on(plan.base.has):
                yield _call(plan, templates, kind, item)


def _call(plan: Plan, templates: Templates, kind: str, item: Step | Guard) -> Mark:
    """Return the call that an edit brings for a step or a guard."""
    for edit in (edit for one in plan.patches for edit in one.edits):
        if isinstance(edit, InsertStatement):
            function = edit.function
        elif isinstance(edit, ReplaceTokens):
            function = edit.within
        else:
            continue
        text = templates.text(text_of(edit)) if item.path in edit.path else ""
        if next(csource.words(text, item.callee), None) is not None:
            whole = csource.Span(0, len(text))
            return Mark(
                kind=kind,
                name=item.name,
                path=edit.path,
                function=function,
                text=_line(text, whole),
            )
    raise UserError(
        f"no edit of the base {plan.base.name} calls {item.callee}()", where=f"{kind} {item.name}"
    )


def _line(text: str, span: csource.Span) -> str:
    """Return a piece of C as one line, without its comments."""
    return " ".join(span.of(csource.without_comments(text)).split())


def span_in(tip: Mapping[str, str], mark: Mark) -> csource.Span | str:
    """Return where a mark's statement stands in the tip, or a sentence that says why nowhere.

    Args:
        tip: the files that the series touches, after its last patch.
        mark: the mark.
    """
    text = tip.get(mark.path, "")
    function = csource.find_function(text, mark.function)
    if function is None:
        return f"there is no {mark.function}()"
    spans = [span for span, _ in csource.match_tokens(text, function.body, mark.text)]
    if len(spans) != mark.times:
        return (
            f"{mark.function}() has {len(spans)} times, the template {mark.times} times: "
            f"{mark.text}"
        )
    return spans[mark.place]
