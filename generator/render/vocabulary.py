# SPDX-License-Identifier: GPL-2.0-only
"""The words of a template, as Jinja parses it: what it asks for is known to the model or to Jinja.

Branches that no base takes are looked at as well.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache

from jinja2 import nodes

from generator.model.bases import BASES, UNFINISHED
from generator.model.bases.facts import FACTS
from generator.model.guards import GUARDS
from generator.model.interface import INTERFACE
from generator.model.steps import LEFT_OUT, OUR_STEPS
from generator.model.unnoticed import UNNOTICED
from generator.model.unreached import UNREACHED
from generator.plan import Scope
from generator.render.env import Templates, environment, known_patches, meant
from generator.render.marks import is_mark, split_marks

MESSAGE_FACTS = frozenset(("source_version", "overview", "numbers"))
"""What messages may ask for besides."""

_MARKED = {
    "step": frozenset(step.name for step in OUR_STEPS),
    "guard": frozenset(guard.name for guard in GUARDS),
    "aside": frozenset(left.name for left in LEFT_OUT),
    "unreached": frozenset(reason.name for reason in UNREACHED),
    "fault": frozenset(entry.name for entry in UNNOTICED),
}
"""The names of the model that a mark may have, by kind."""

Found = tuple[int, str, str]
"""Line, what is wrong, and a hint."""


class Words:
    """What a template may say, for any base.

    Args:
        idents: the patches of the series.
        has, names: the facts and the names of the base that is rendered for.
        templates: all that there are.
    """

    def __init__(
        self,
        idents: tuple[str, ...],
        has: frozenset[str],
        names: frozenset[str],
        templates: frozenset[str],
    ) -> None:
        self._patches = known_patches(idents)
        self._facts = frozenset(fact.ident for fact in FACTS) | has
        self._names = names.union(*((*base.names, *base.spelled) for base in (*BASES, *UNFINISHED)))
        self._globals = frozenset(environment().globals)
        self._templates = templates
        self._context = Templates(Scope(base=BASES[0], patches=idents)).context
        entries = {
            "struct": [entry.name for entry in INTERFACE.structs],
            "enum": [entry.name for entry in INTERFACE.enums],
            "macros": [entry.name for entry in INTERFACE.macros],
        }
        self._things = {
            **{name: frozenset(known) for name, known in entries.items()},
            **{
                name: frozenset(INTERFACE.by_name)
                for name in ("head", "name", "prototype", "signature")
            },
        }

    def _mark(self, part: nodes.Const) -> Iterator[Found]:
        """Yield names of a mark that the model does not have."""
        for kind, name, _ in split_marks(part.value)[1]:
            if name not in _MARKED[kind]:
                yield part.lineno, f"there is no {kind} '{name}'", meant(name, _MARKED[kind])

    def check(self, parsed: nodes.Template) -> Iterator[Found]:
        """Yield what is wrong with a template."""
        every = _nodes(parsed)
        names = [node for node in every if isinstance(node, nodes.Name)]
        own = {node.name for node in names if node.ctx in ("store", "param")}
        called = {id(node.node) for node in every if isinstance(node, nodes.Call)}
        asked = {id(node.expr) for node in every if isinstance(node, nodes.Operand)}
        for node in every:
            match node:
                case nodes.Name() if id(node) not in called and callable(self._known(node)):
                    what = f"{node.name}() is not called here: it is true, whatever it would say"
                    yield node.lineno, what, ""
                case nodes.Name():
                    yield from self._name(node, own)
                case nodes.Getattr() if _is_facts(node) and id(node) not in asked:
                    what = 'base.has is asked for a word: "word" in base.has'
                    yield node.lineno, what, ""
                case nodes.Getattr():
                    yield from self._attribute(node, node.attr)
                case nodes.Getitem(arg=nodes.Const(value=str(key))):
                    yield from self._attribute(node, key)
                case nodes.Include():
                    yield from self._include(node)
                case nodes.Filter() | nodes.Test():
                    yield from self._filter(node)
                case nodes.Call():
                    yield from self._call(node)
                case nodes.Compare():
                    yield from self._compare(node)
        for output in every:
            for part in output.nodes if isinstance(output, nodes.Output) else ():
                if isinstance(part, nodes.Const) and is_mark(part.value):
                    yield from self._mark(part)
                elif not isinstance(part, nodes.TemplateData) and _is_c(part):
                    yield (
                        part.lineno,
                        "Jinja takes these braces of C for its own, and renders what is in them",
                        "in C, put a blank between the two braces",
                    )

    def _name(self, node: nodes.Name, own: set[str]) -> Iterator[Found]:
        known = own | self._globals | self._context.keys() | MESSAGE_FACTS | {"loop"}
        if node.ctx == "load" and node.name not in known:
            yield node.lineno, f"'{node.name}' is undefined", meant(node.name, known)

    def _known(self, node: nodes.Name) -> object:
        return self._context.get(node.name) if node.ctx == "load" else None

    def _attribute(self, node: nodes.Getattr | nodes.Getitem, word: str) -> Iterator[Found]:
        if not isinstance(node.node, nodes.Name):
            return
        held = node.node.name
        if held == "names" and word not in self._names:
            yield node.lineno, f"no base's names have '{word}'", meant(word, self._names)
        elif held == "numbers" and word not in self._patches:
            yield node.lineno, f"no patch is called '{word}'", meant(word, self._patches)
        elif held in ("base", "opcodes", "emulation") and not hasattr(self._context[held], word):
            yield node.lineno, f"'{held}' has no '{word}'", ""

    def _include(self, node: nodes.Include) -> Iterator[Found]:
        name = node.template.value if isinstance(node.template, nodes.Const) else None
        if name is not None and name not in self._templates:
            what = f"the template '{name}' is missing"
            yield node.lineno, what, meant(str(name), self._templates)

    def _filter(self, node: nodes.Filter | nodes.Test) -> Iterator[Found]:
        environ = environment()
        kind, known = "filter", frozenset(environ.filters)
        if isinstance(node, nodes.Test):
            kind, known = "test", frozenset(environ.tests)
        if node.name not in known:
            yield node.lineno, f"no {kind} is called '{node.name}'", meant(node.name, known)

    def _call(self, node: nodes.Call) -> Iterator[Found]:
        if not isinstance(node.node, nodes.Name):
            return
        called = node.node.name
        values = [arg.value for arg in node.args if isinstance(arg, nodes.Const)]
        if called == "has":
            if node.kwargs or len(values) != len(node.args):
                yield node.lineno, "has() takes the identifier of a patch, in quotation marks", ""
            for word in values:
                if word not in self._patches:
                    what = f"no patch is called '{word}'"
                    yield node.lineno, what, meant(str(word), self._patches)
        elif called in self._things:
            known = self._things[called]
            for word in values if called == "macros" else values[:1]:
                if word not in known:
                    yield (
                        node.lineno,
                        f"{called}(): the model has no '{word}'",
                        meant(str(word), known),
                    )
        yield from self._arguments(node, called)

    def _arguments(self, node: nodes.Call, called: str) -> Iterator[Found]:
        """Yield what is wrong with the number and the names of arguments."""
        function = self._context.get(called)
        if not callable(function) or node.dyn_args or node.dyn_kwargs:
            return
        try:
            inspect.signature(function).bind(
                *(None for _ in node.args), **{each.key: None for each in node.kwargs}
            )
        except TypeError as error:
            takes = ", ".join(
                str(p).split(":")[0] for p in inspect.signature(function).parameters.values()
            )
            yield node.lineno, f"{called}(): {error}; it takes ({takes})", ""

    def _compare(self, node: nodes.Compare) -> Iterator[Found]:
        for operand in node.ops:
            if not _is_facts(operand.expr):
                continue
            word = node.expr.value if isinstance(node.expr, nodes.Const) else None
            if operand.op not in ("in", "notin") or word is None:
                yield node.lineno, 'a fact is asked for by its word: "word" in base.has', ""
            elif word not in self._facts:
                yield node.lineno, f"no fact is called '{word}'", meant(str(word), self._facts)


@cache
def _nodes(parsed: nodes.Template) -> tuple[nodes.Node, ...]:
    """Return every part of a template, walked through once."""
    return tuple(parsed.find_all(nodes.Node))


def _is_facts(node: nodes.Node) -> bool:
    """Tell whether a part of a template is ``base.has``."""
    return (
        isinstance(node, nodes.Getattr)
        and node.attr == "has"
        and (isinstance(node.node, nodes.Name) and node.node.name == "base")
    )


def _is_c(node: nodes.Node) -> bool:
    """Tell whether what stands in double braces is nothing that a template would ask for.

    The text of two braces is: so a template says that it means them (``source.escaped``).
    """
    if isinstance(node, nodes.Const) and node.value in ("{{", "{%", "{#"):
        return False
    if isinstance(node, (nodes.Const, nodes.Tuple, nodes.List, nodes.Dict)):
        return True
    return next(node.find_all(nodes.Name), None) is None and not isinstance(node, nodes.Name)
