# SPDX-License-Identifier: GPL-2.0-only
"""Check the words of model and templates before anything is rendered.

A word that nobody knows renders to nothing without an error: a misspelt ``patch=`` takes a member
out of every patch, a misspelt ``has()`` is false. Both sides are looked at here: the words that the
model's objects use, and the templates as Jinja parses them, branches that no base takes included.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, partial

import jinja2
from jinja2 import nodes

from generator.errors import UserError
from generator.model.bases import BASES, UNFINISHED, Base
from generator.model.bases.facts import FACTS
from generator.model.decl import Function
from generator.model.edits import InsertHook
from generator.model.guards import GUARDS
from generator.model.interface import INTERFACE
from generator.model.series import Series
from generator.model.steps import LEFT_OUT, OUR_STEPS
from generator.model.trailers import problems as trailer_problems
from generator.model.unreached import UNREACHED
from generator.render.env import BASELINE, Scope, Templates, environment, known_patches, meant
from generator.render.marks import is_mark, split_marks
from generator.render.places import place_of, place_of_text
from generator.render.source import escaped

MESSAGE_FACTS = frozenset(("source_version", "overview", "numbers"))
"""What messages may ask for besides."""

_MARKER = re.compile(r"^(<{7}|>{7}|\|{7}|={7})(?: .*)?$", re.M)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong: place, what, and perhaps what to do."""

    where: str
    what: str
    hint: str = ""


def check_words(base: Base, series: Series) -> None:
    """Check the model and every template.

    Args:
        base: the base that is rendered for.
        series: the series; its patches are known words.

    Raises:
        UserError: all problems, the place of the first in front.
    """
    raise_all([*_model(base, series), *_templates(base, series)])


def raise_all(problems: Iterable[Problem]) -> None:
    """Raise an error with all of ``problems``, if there are any.

    Raises:
        UserError: names the place of the first, and each other one in a line of its own.
    """
    found = list(dict.fromkeys(problems))
    if not found:
        return
    first, *others = found
    rows = [f"\n  {each.where}: {each.what}" for each in others[:20]]
    if len(others) > 20:
        rows.append(f"\n  and {len(others) - 20} more")
    raise UserError(first.what + "".join(rows), where=first.where, hint=first.hint)


def _model(base: Base, series: Series) -> Iterator[Problem]:
    known = known_patches(patch.ident for patch in series.patches)
    facts = frozenset(fact.ident for fact in FACTS)
    for function in INTERFACE.functions:
        yield from _patch("Function", function.name, function.patch, known)
        for word in (function.needs, function.unless):
            if word and word not in facts:
                where = place_of("Function", function.name)
                yield Problem(where=where, what=f"no fact is called '{word}'")
        for param in function.params:
            if param.patch:
                yield from _patch("Param", param.name, param.patch, known)
    for struct in INTERFACE.structs:
        for member in struct.members:
            if member.patch:
                yield from _patch("Member", member.name, member.patch, known)
    for macro in INTERFACE.macros:
        if macro.patch:
            yield from _patch("Macro", macro.name, macro.patch, known)
    for patch in series.patches:
        if patch.needs and patch.needs not in facts:
            where = place_of("Patch", patch.ident)
            what = f"no fact is called '{patch.needs}': '{patch.ident}' is in no base"
            yield Problem(where=where, what=what, hint=meant(patch.needs, facts))
    for ident, what in trailer_problems(known):
        where = place_of_text(ident) if ident not in known else "generator/model/trailers.py"
        yield Problem(where=where, what=what)
    yield from _base(base, known, facts)


def _patch(kind: str, name: str, word: str, known: frozenset[str]) -> Iterator[Problem]:
    if word not in known:
        yield Problem(
            where=place_of(kind, name, holds=word),
            what=f"no patch is called '{word}': '{name}' is in none",
            hint=meant(word, known),
        )


def _base(base: Base, known: frozenset[str], facts: frozenset[str]) -> Iterator[Problem]:
    for word in sorted(base.has - facts):
        yield Problem(
            where=place_of_text(word),
            what=f"no fact is called '{word}', which the base {base.name} has",
            hint=meant(word, facts) or "generator/model/bases/facts.py says what the words mean",
        )
    for ident in base.edits:
        if ident not in known:
            yield Problem(
                where=place_of_text(ident),
                what=f"no patch is called '{ident}': the base {base.name} has edits for it",
                hint=meant(ident, known),
            )
    inserted = {
        (edit.hook, edit.path)
        for group in base.edits.values()
        for edit in group
        if isinstance(edit, InsertHook)
    }
    for hook in base.hooks:
        if hook.patch not in known:
            yield Problem(
                where=place_of("Hook", hook.callee, holds=hook.patch),
                what=f"no patch is called '{hook.patch}': the call of '{hook.callee}' is in none",
                hint=meant(hook.patch, known),
            )
        elif (hook.callee, hook.path) not in inserted:
            where = place_of("Hook", hook.callee, holds=hook.patch)
            what = f"the hook '{hook.callee}' in {hook.path} is inserted by no edit"
            yield Problem(where=where, what=what)


def _templates(base: Base, series: Series) -> Iterator[Problem]:
    idents = tuple(patch.ident for patch in series.patches)
    words = _Words(base, idents)
    loader = environment().loader
    if loader is None:
        raise TypeError("the environment has no loader")
    for name in sorted(loader.list_templates()):
        if not name.endswith(".j2"):
            continue
        text = loader.get_source(environment(), name)[0]
        yield from _markers(name, text)
        if name.startswith("messages/"):
            yield from _mail_starts(name, text)
        yield from _checked(words, text, partial(_template_line, name))
    for text in sorted(set(_strings((INTERFACE, base, series.patches)))):
        if "{" in text:
            yield from _checked(words, text, partial(_text_line, text))


def _template_line(name: str, line: int) -> str:
    return f"templates/{name}:{line}"


def _text_line(text: str, _line: int) -> str:
    return place_of_text(text)


def _markers(name: str, text: str) -> Iterator[Problem]:
    for found in _MARKER.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Problem(
            where=f"templates/{name}:{line}",
            what=f"a mark of a merge is left: {found.group(1)}",
            hint="merge it",
        )


def _mail_starts(name: str, text: str) -> Iterator[Problem]:
    """Yield where a paragraph of a message begins as a mail does in an mbox."""
    for found in re.finditer(r"(?:\A|^(?:[ \t]*|\{%.*%\})\n)From ", text, re.M):
        yield Problem(
            where=f"templates/{name}:{text.count(chr(10), 0, found.end()) + 1}",
            what="a paragraph begins with 'From ', which programs that read mails take for the "
            "start of the next one",
            hint="begin it with another word",
        )


def _checked(words: _Words, text: str, where: Callable[[int], str]) -> Iterator[Problem]:
    """Check a template, or a piece of text of the model."""
    eaten = text.replace(escaped("{#"), "").find("{#")
    if eaten >= 0:
        yield Problem(
            where=where(text.count("\n", 0, eaten) + 1),
            what="Jinja takes '{#' for the start of a comment, up to '#}'",
            hint="in C, put a blank between them",
        )
        return
    try:
        parsed = _parsed(text)
    except jinja2.TemplateSyntaxError as error:
        yield Problem(where=where(error.lineno), what=str(error.message))
        return
    for line, what, hint in words.check(parsed):
        yield Problem(where=where(line), what=what, hint=hint)


@cache
def _parsed(text: str) -> nodes.Template:
    return environment().parse(text)


def _strings(value: object) -> Iterator[str]:
    """Yield every text that an object of the model holds."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _strings(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, (tuple, list, frozenset)):
        for each in value:
            yield from _strings(each)


_MARKED = {
    "step": frozenset(step.name for step in OUR_STEPS),
    "guard": frozenset(guard.name for guard in GUARDS),
    "aside": frozenset(left.name for left in LEFT_OUT),
    "unreached": frozenset(reason.name for reason in UNREACHED),
}
"""The names of the model that a mark may have, by kind."""

Found = tuple[int, str, str]
"""Line, what is wrong, and a hint."""


class _Words:
    """What a template may say, for any base; ``_word_*`` look at one kind of node each."""

    def __init__(self, base: Base, idents: tuple[str, ...]) -> None:
        self._patches = known_patches(idents)
        self._facts = frozenset(fact.ident for fact in FACTS) | base.has
        bases = (base, *BASES, *UNFINISHED)
        self._names = frozenset(name for each in bases for name in each.names)
        self._globals = frozenset(environment().globals)
        context = Templates(Scope(base=base, patches=idents)).context
        self._context = context
        entries = {
            "struct": [entry.name for entry in INTERFACE.structs],
            "enum": [entry.name for entry in INTERFACE.enums],
            "macros": [entry.name for entry in INTERFACE.macros],
        }
        functions = [f.name for f in INTERFACE.functions]
        keys = [re.sub(r"^\{\{ names\.(\w+) \}\}$", r"\1", name) for name in functions]
        self._things = {
            **{name: frozenset(known) for name, known in entries.items()},
            **{name: frozenset(keys) for name in ("head", "name", "prototype", "signature")},
        }

    def _mark(self, part: nodes.Const) -> Iterator[Found]:
        """Yield names of a mark that the model does not have."""
        for kind, name, _ in split_marks(part.value)[1]:
            if name not in _MARKED[kind]:
                yield part.lineno, f"there is no {kind} '{name}'", meant(name, _MARKED[kind])

    def check(self, parsed: nodes.Template) -> Iterator[Found]:
        """Yield what is wrong with a template."""
        own = {node.name for node in parsed.find_all(nodes.Name) if node.ctx in ("store", "param")}
        for node in parsed.find_all((nodes.Name, nodes.Getattr, nodes.Call, nodes.Compare)):
            match node:
                case nodes.Name():
                    yield from self._name(node, own)
                case nodes.Getattr():
                    yield from self._attribute(node)
                case nodes.Call():
                    yield from self._call(node)
                case nodes.Compare():
                    yield from self._compare(node)
        for output in parsed.find_all(nodes.Output):
            for part in output.nodes:
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

    def _attribute(self, node: nodes.Getattr) -> Iterator[Found]:
        if not isinstance(node.node, nodes.Name):
            return
        held = node.node.name
        if held == "names" and node.attr not in self._names:
            what = f"no base's names have '{node.attr}'"
            yield node.lineno, what, meant(node.attr, self._names)
        elif held == "numbers" and node.attr not in self._patches:
            yield node.lineno, f"no patch is called '{node.attr}'", meant(node.attr, self._patches)
        elif held in ("base", "opcodes", "emulation") and not hasattr(
            self._context[held], node.attr
        ):
            yield node.lineno, f"'{held}' has no '{node.attr}'", ""

    def _call(self, node: nodes.Call) -> Iterator[Found]:
        if not isinstance(node.node, nodes.Name):
            return
        called = node.node.name
        values = [arg.value for arg in node.args if isinstance(arg, nodes.Const)]
        if called == "has":
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
        if not isinstance(node.expr, nodes.Const):
            return
        word = node.expr.value
        for operand in node.ops:
            asked = operand.expr
            if not isinstance(asked, nodes.Getattr) or asked.attr != "has":
                continue
            if operand.op in ("in", "notin") and word not in self._facts:
                yield node.lineno, f"no fact is called '{word}'", meant(str(word), self._facts)


def _is_c(node: nodes.Node) -> bool:
    """Tell whether what stands in double braces is nothing that a template would ask for.

    The text of two braces is: so a template says that it means them (``source.escaped``).
    """
    if isinstance(node, nodes.Const) and node.value in ("{{", "{%", "{#"):
        return False
    if isinstance(node, (nodes.Const, nodes.Tuple, nodes.List, nodes.Dict)):
        return True
    return next(node.find_all(nodes.Name), None) is None and not isinstance(node, nodes.Name)


def check_definitions(defined: Mapping[str, str], scope: Scope, patch: str) -> None:
    """Check that the functions which the patches so far bring are defined, and no other ones.

    Args:
        defined: the functions whose definitions were placed, and the templates that did.
        scope: base and patches.
        patch: the patch that was rendered last, or the baseline.

    Raises:
        UserError: a prototype has no definition, or a definition comes before its prototype.
    """
    raise_all(
        problem
        for function in INTERFACE.functions
        if function.patch != BASELINE and scope.base.brings(function)
        for problem in _defined(function, defined.get(function.name), scope, patch)
    )


def _defined(
    function: Function, template: str | None, scope: Scope, patch: str
) -> Iterator[Problem]:
    """Yield what is wrong with the definition of a function: it is missing, or it is early."""
    brought = function.patch in scope.patches
    if brought and template is None:
        yield Problem(
            where=place_of("Function", function.name),
            what=f"'{function.name}' is brought by the patch '{function.patch}', and no template "
            f"has its definition for {scope.base.name}, as of '{patch}'",
            hint=f'a template places it with {{{{ head("{_key(function)}") }}}}',
        )
    if not brought and template is not None:
        yield Problem(
            where=_place_of_call(template, _key(function)),
            what=f"'{function.name}' is defined in '{patch}', before the patch "
            f"'{function.patch}', which brings it",
            hint=f'put the definition behind {{% if has("{function.patch}") %}}',
        )


def _place_of_call(template: str, key: str) -> str:
    """Return the line of a template, or of one that it includes, that places a definition."""
    loader = environment().loader
    text = loader.get_source(environment(), f"{template}.j2")[0] if loader else ""
    for number, line in enumerate(text.split("\n"), 1):
        if re.search(rf"\b(?:head|signature)\(\s*[\"']{re.escape(key)}[\"']", line):
            return f"templates/{template}.j2:{number}"
    for inner in re.findall(r"\{%-?\s*include\s+[\"']([^\"']+)\.j2", text):
        found = _place_of_call(inner, key)
        if found:
            return found
    return ""


def _key(function: Function) -> str:
    return re.sub(r"^\{\{ names\.(\w+) \}\}$", r"\1", function.name)
