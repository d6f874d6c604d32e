# SPDX-License-Identifier: GPL-2.0-only
"""Count which lines of the templates all bases share, and which belong to some of them.

Reads the templates as Jinja parses them, and the edits that use them; renders nothing. A line
belongs to a base when some prefix of the series can put it into a file of that base: the base's
edits use the template, and no condition on the base (``base.has``, ``base.name``) rules it out.
Conditions on anything else, such as ``has(patch)``, count as open. Lines of nothing but white
space, tags and comments of Jinja are not counted, nor are the commit messages.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import jinja2
from jinja2 import nodes

from generator.errors import UserError
from generator.model.bases import Base
from generator.model.bases.base import hook_statement
from generator.model.edits import template_of
from generator.model.series import Series
from generator.render.env import environment
from generator.render.marks import is_mark


@dataclass(frozen=True, kw_only=True)
class TemplateLines:
    """The lines of one template by the bases that they belong to.

    Attributes:
        template: its name, relative to ``templates/`` without ``.j2``.
        bases: the bases whose edits use it.
        counts: number of lines by the names of the bases that have them, joined by a blank.
        unfinished: lines that only unfinished bases have.
        dead: lines (from 1) that no base has.
    """

    template: str
    bases: tuple[str, ...]
    counts: Mapping[str, int]
    unfinished: int
    dead: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class LineShare:
    """The lines of all templates together.

    Attributes:
        bases: all bases, in their order.
        total: lines counted.
        shared: lines that every base has.
        own: by base, lines that it alone has.
        several: lines of more than one base and not of all.
        unfinished: lines that only unfinished bases have; they are not in the total.
        templates: the same, template by template.
    """

    bases: tuple[str, ...]
    total: int
    shared: int
    own: Mapping[str, int]
    several: int
    unfinished: int
    templates: tuple[TemplateLines, ...]


def count_lines(
    bases: Sequence[Base], unfinished: Sequence[Base] = (), series: Sequence[Series] = ()
) -> LineShare:
    """Count the lines of the templates that ``bases`` use.

    Args:
        bases: whose lines are counted.
        unfinished: bases that are being made: their own lines are counted apart.
        series: whose patches have edits of their own; what the bases say counts anyway.

    Raises:
        UserError: a template is missing or wrong, or includes one by a name that is computed.
    """
    owners: dict[str, set[str]] = defaultdict(set)
    lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for base in (*bases, *unfinished):
        for template in sorted(_used(base, series)):
            for name, line, reached in _Walk(base).template(template):
                owners[name].add(base.name)
                belongs = lines[name][line]
                if reached:
                    belongs.add(base.name)
    order = tuple(base.name for base in bases)
    rows = tuple(_row(name, order, owners[name], lines[name]) for name in sorted(lines))
    every: Counter[str] = Counter()
    for row in rows:
        every.update(row.counts)
    own = {base: every[base] if len(order) > 1 else 0 for base in order}
    shared = every[" ".join(order)]
    total = sum(every.values()) + sum(len(row.dead) for row in rows)
    several = sum(every.values()) - shared - sum(own.values())
    return LineShare(
        bases=order,
        total=total,
        shared=shared,
        own=own,
        several=several,
        unfinished=sum(row.unfinished for row in rows),
        templates=rows,
    )


def _row(
    name: str, order: Sequence[str], owners: set[str], lines: Mapping[int, set[str]]
) -> TemplateLines:
    counts = Counter(_key(order, held) for held in lines.values() if held)
    return TemplateLines(
        template=name,
        bases=tuple(base for base in order if base in owners),
        unfinished=counts.pop("", 0),
        counts=dict(counts),
        dead=tuple(sorted(line for line, held in lines.items() if not held)),
    )


def _key(order: Sequence[str], belongs: Iterable[str]) -> str:
    held = set(belongs)
    return " ".join(base for base in order if base in held)


def _used(base: Base, every: Sequence[Series]) -> set[str]:
    """Return the templates of a base: of its edits, of patches that it has, and how it spells."""
    edits = [*base.baseline, *(edit for group in base.edits.values() for edit in group)]
    for series in every:
        if not series.bases or base.name in series.bases:
            edits += [edit for patch in series.patches for edit in patch.edits]
    edits += map(hook_statement, base.hooks)
    spelled = {each.template for each in base.spelled.values()}
    return {template_of(edit) for edit in edits} - {""} | spelled


class _Unknown(Exception):  # noqa: N818 - nothing is wrong
    """A condition does not depend on the base alone."""


class _Walk:
    """Goes through a template for one base; yields template, line, and whether it is reached."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._variables: dict[str, object] = {"base": base, "names": base.names}

    def template(self, name: str, *, reached: bool = True) -> Iterator[tuple[str, int, bool]]:
        loader = environment().loader
        if loader is None:
            raise TypeError("the environment has no loader")
        try:
            source = loader.get_source(environment(), f"{name}.j2")[0]
            parsed = environment().parse(source, name)
        except jinja2.TemplateNotFound as error:
            raise UserError(f"the template '{name}' is missing", where="templates") from error
        except jinja2.TemplateSyntaxError as error:
            raise UserError(
                str(error.message), where=f"templates/{name}.j2:{error.lineno}"
            ) from error
        yield from self._nodes(name, parsed.body, reached)

    def _nodes(
        self, name: str, body: Iterable[nodes.Node], reached: bool
    ) -> Iterator[tuple[str, int, bool]]:
        for node in body:
            if isinstance(node, nodes.If):
                yield from self._branches(name, node, reached)
            elif isinstance(node, nodes.Output):
                for part in node.nodes:
                    yield from ((name, line, reached) for line in _lines(part))
            elif isinstance(node, nodes.Include):
                if not isinstance(node.template, nodes.Const):
                    raise UserError(
                        "includes a template by a computed name",
                        where=f"templates/{name}.j2:{node.lineno}",
                    )
                inner = str(node.template.value).removesuffix(".j2")
                yield from self.template(inner, reached=reached)
            else:
                self._remember(node)
                yield from self._nodes(name, _inner(node), reached)

    def _remember(self, node: nodes.Node) -> None:
        """Keep what ``{% set %}`` gives a name; a value that is open takes it away."""
        if not isinstance(node, nodes.Assign) or not isinstance(node.target, nodes.Name):
            return
        self._variables.pop(node.target.name, None)
        try:
            self._variables[node.target.name] = self._value(node.node)
        except _Unknown:
            return

    def _branches(
        self, name: str, node: nodes.If, reached: bool
    ) -> Iterator[tuple[str, int, bool]]:
        for test, body in [(node.test, node.body), *((e.test, e.body) for e in node.elif_)]:
            try:
                holds: bool | None = bool(self._value(test))
            except _Unknown:
                holds = None
            yield from self._nodes(name, body, reached and holds is not False)
            reached = reached and holds is not True
        yield from self._nodes(name, node.else_, reached)

    def _value(self, node: nodes.Node) -> object:
        """Return the value of an expression, as far as it depends on the base alone."""
        match node:
            case nodes.Const():
                return node.value
            case nodes.Name() if node.name in self._variables:
                return self._variables[node.name]
            case nodes.Getattr():
                return getattr(self._value(node.node), node.attr)
            case nodes.Not():
                return not self._value(node.node)
            case nodes.And():
                return self._either(node, decided=False)
            case nodes.Or():
                return self._either(node, decided=True)
            case nodes.Compare():
                return self._compared(node)
        raise _Unknown

    def _either(self, node: nodes.And | nodes.Or, *, decided: bool) -> bool:
        """Return the value of ``and`` and ``or``: one side may decide whatever the other is."""
        open_side = False
        for side in (node.left, node.right):
            try:
                if bool(self._value(side)) is decided:
                    return decided
            except _Unknown:
                open_side = True
        if open_side:
            raise _Unknown
        return not decided

    def _compared(self, node: nodes.Compare) -> bool:
        left = self._value(node.expr)
        for operand in node.ops:
            right = self._value(operand.expr)
            if not _COMPARISONS[operand.op](left, right):
                return False
            left = right
        return True


_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "in": lambda left, right: left in right,  # type: ignore[operator]
    "notin": lambda left, right: left not in right,  # type: ignore[operator]
}


def _inner(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield the statements inside of a loop or another block."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Stmt):
            yield child


def _lines(part: nodes.Node) -> Iterator[int]:
    """Yield the lines on which a part of the output puts something."""
    if isinstance(part, nodes.Const) and is_mark(part.value):
        return
    if not isinstance(part, nodes.TemplateData):
        yield part.lineno
        return
    for offset, text in enumerate(part.data.split("\n")):
        if text.strip():
            yield part.lineno + offset
