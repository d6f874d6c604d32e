# SPDX-License-Identifier: GPL-2.0-only
"""Check the words of model and templates before anything is rendered.

A word that nobody knows renders to nothing without an error: a misspelt ``patch=`` takes a member
out of every patch, a misspelt ``has()`` is false. Both sides are looked at here: the words that the
model's objects use, and the templates as Jinja parses them, branches that no base takes included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

import jinja2
from jinja2 import nodes

from generator.model.bases import Base
from generator.model.bases.base import hook_statement
from generator.model.bases.facts import FACTS
from generator.model.catalogue import CATALOGUE
from generator.model.decl import Function, When
from generator.model.edits import template_of
from generator.model.emulation import EMULATION
from generator.model.interface import INTERFACE
from generator.model.review import RULES
from generator.model.series import Patch, Series
from generator.model.trailers import ORDER, wrong_among
from generator.model.trailers import problems as trailer_problems
from generator.plan import Scope, patch_of
from generator.render.env import environment, known_patches, meant
from generator.render.places import place_of, place_of_piece, place_of_text
from generator.render.problems import Problem, raise_all
from generator.render.source import escaped
from generator.render.vocabulary import Words

_MARKER = re.compile(r"^(<{7}|>{7}|\|{7}|={7})(?: .*)?$", re.M)


def check_words(base: Base, series: Series) -> None:
    """Check the model and every template.

    Args:
        base: the base that is rendered for.
        series: the series; its patches are known words.

    Raises:
        UserError: all problems, the place of the first in front.
    """
    raise_all([*_model(base, series), *_templates(base, series)])


def _model(base: Base, series: Series) -> Iterator[Problem]:
    known = known_patches(patch.ident for patch in series.patches)
    facts = frozenset(fact.ident for fact in FACTS)
    for function in INTERFACE.functions:
        yield from _patch("Function", function.name, function.patch, known)
        for word in (function.needs, function.unless):
            if word and word not in facts:
                where = place_of("Function", function.name)
                yield Problem(where=where, what=f"no fact is called '{word}'")
        yield from _documented(function, known, facts)
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
        yield from _patch_words(patch, facts)
    for text, what in trailer_problems(known):
        yield Problem(where=place_of_text(text, within="trailers.py"), what=what)
    for operation in (*EMULATION.operations, *EMULATION.operands, *EMULATION.arithmetic):
        yield from _patch("Operation", operation.name, operation.patch, known)
    for form in EMULATION.forms:
        yield from _patch("EmulatedForm", form.pattern, form.patch, known)
    yield from _base(base, known, facts)
    yield from _brought(base, series)


def _brought(base: Base, series: Series) -> Iterator[Problem]:
    """Yield the templates that edits and spellings name, and that are missing."""
    groups = (base.baseline, *base.edits.values(), *(patch.edits for patch in series.patches))
    edits = (*(edit for group in groups for edit in group), *map(hook_statement, base.hooks))
    there = frozenset(environment().list_templates())
    named = {*map(template_of, edits), *(each.template for each in base.spelled.values())} - {""}
    for name in sorted(named):
        if f"{name}.j2" not in there:
            yield Problem(
                where=place_of_piece(name.removesuffix(".c")) or "generator/model",
                what=f"the template '{name}.j2' is missing",
                hint=meant(f"{name}.j2", there),
            )


def _patch_words(patch: Patch, facts: frozenset[str]) -> Iterator[Problem]:
    """Yield the words of a patch that nobody knows, and what is wrong with its trailers."""
    for kind, words, known in (
        ("fact", (patch.needs,), facts),
        ("point of the review", patch.review, frozenset(rule.ident for rule in RULES)),
        ("entry of the catalogue", patch.mends, frozenset(entry.ident for entry in CATALOGUE)),
    ):
        for word in words:
            if word and word not in known:
                yield Problem(
                    where=place_of("Patch", patch.ident),
                    what=f"no {kind} is called '{word}', which '{patch.ident}' names",
                    hint=meant(word, known),
                )
    for trailer, what in wrong_among(patch.trailers):
        yield Problem(where=place_of_text(trailer.value), what=f"{trailer}: {what}")


def _documented(
    function: Function, known: frozenset[str], facts: frozenset[str]
) -> Iterator[Problem]:
    """Yield what the text above a function depends on, and nobody has: patches, facts."""
    for paragraph in function.doc:
        for part in (paragraph,) if isinstance(paragraph, str) else paragraph:
            if isinstance(part, When):
                yield from _condition(part, known, facts)


def _condition(words: When, known: frozenset[str], facts: frozenset[str]) -> Iterator[Problem]:
    """Yield the patch or the fact that words of a comment depend on, and nobody has."""
    kind, word, those = ("patch", words.patch, known)
    if not words.patch:
        kind, word, those = ("fact", words.fact, facts)
    if word not in those:
        yield Problem(
            where=place_of_text(word),
            what=f"no {kind} is called '{word}'",
            hint=meant(word, those),
        )


def _patch(kind: str, name: str, word: str, known: frozenset[str]) -> Iterator[Problem]:
    if word not in known:
        place = place_of(kind, name, holds=word)
        yield Problem(
            # it may stand in a constant of the model
            where=place if ":" in place else place_of_text(word),
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
    for hook in base.hooks:
        if patch_of(hook) not in known:
            yield Problem(
                where=place_of("Hook", hook.callee, holds=hook.patch),
                what=f"no patch is called '{hook.patch}': the call of '{hook.callee}' is in none",
                hint=meant(hook.patch, known),
            )


def _templates(base: Base, series: Series) -> Iterator[Problem]:
    loader = environment().loader
    if loader is None:
        raise TypeError("the environment has no loader")
    names = sorted(loader.list_templates())
    idents = tuple(patch.ident for patch in series.patches)
    words = _vocabulary(idents, base.has, frozenset((*base.names, *base.spelled)), frozenset(names))
    for name in names:
        if name.endswith(".j2"):
            yield from _template(words, name, loader.get_source(environment(), name)[0])


@lru_cache(maxsize=16)
def _vocabulary(
    idents: tuple[str, ...], has: frozenset[str], names: frozenset[str], templates: frozenset[str]
) -> Words:
    return Words(idents, has, names, templates)


@lru_cache(maxsize=4096)
def _template(words: Words, name: str, text: str) -> tuple[Problem, ...]:
    """Return what is wrong with a template."""
    message = "messages/" in name
    return (
        *_markers(name, text),
        *(_mail_starts(name, text) if message else ()),
        *(_trailers(name, text) if message else ()),
        *_checked(words, name, text),
    )


def _markers(name: str, text: str) -> Iterator[Problem]:
    for found in _MARKER.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Problem(
            where=f"templates/{name}:{line}",
            what=f"a mark of a merge is left: {found.group(1)}",
            hint="merge it",
        )


_MAIL = (
    (r"From ", "take for the start of the next one"),
    (r"---(?:\s|$)", "take for the end of the message"),
    (r"diff -|Index: ", "take for the start of the patch"),
    (r"\s*(?:>8|8<|>%|%<)?\s*-+\s*(?:>8|8<|>%|%<)\s*-", "take for the start of the message"),
)
"""How a paragraph must not begin, and what programs that read mails, as git am does, do then."""


def _mail_starts(name: str, text: str) -> Iterator[Problem]:
    """Yield where a paragraph of a message begins as a part of a mail does."""
    for start in re.finditer(r"(?:\A|^(?:[ \t]*|\{%.*%\})\n)", text, re.M):
        for begins, meaning in _MAIL:
            if found := re.match(begins, text[start.end() :].partition("\n")[0]):
                yield Problem(
                    where=f"templates/{name}:{text.count(chr(10), 0, start.end()) + 1}",
                    what=f"a paragraph begins with '{found[0]}', which programs that read mails "
                    f"{meaning}",
                    hint="begin it with another word",
                )


_TRAILER = re.compile(rf"^(?:{'|'.join(ORDER)}): .*$", re.M)


def _trailers(name: str, text: str) -> Iterator[Problem]:
    """Yield trailers that stand in a message, and a message without a word."""
    for found in _TRAILER.finditer(text):
        yield Problem(
            where=f"templates/{name}:{text.count(chr(10), 0, found.start()) + 1}",
            what=f"a trailer stands in the message: {found[0]}",
            hint="trailers stand in generator/model/trailers.py, who sends it signs it",
        )
    if not text.strip():
        yield Problem(where=f"templates/{name}:1", what="the message is empty")


def _checked(words: Words, name: str, text: str) -> Iterator[Problem]:
    """Yield what is wrong with the words of a template."""
    eaten = text.replace(escaped("{#"), "").find("{#")
    if eaten >= 0:
        yield Problem(
            where=f"templates/{name}:{text.count(chr(10), 0, eaten) + 1}",
            what="Jinja takes '{#' for the start of a comment, up to '#}'",
            hint="in C, put a blank between them",
        )
        return
    try:
        parsed = _parsed(text)
    except jinja2.TemplateSyntaxError as error:
        yield Problem(where=f"templates/{name}:{error.lineno}", what=str(error.message))
        return
    for line, what, hint in words.check(parsed):
        yield Problem(where=f"templates/{name}:{line}", what=what, hint=hint)


@cache
def _parsed(text: str) -> nodes.Template:
    return environment().parse(text)


def check_definitions(defined: Mapping[str, str], scope: Scope, patch: str) -> None:
    """Check that the functions which the patches so far bring are defined, and no other ones.

    Args:
        defined: the functions whose definitions were placed, and the templates that did.
        scope: base and patches.
        patch: the patch that was rendered last, or the baseline.

    Raises:
        UserError: a prototype has no definition, or a definition comes before its prototype.
    """
    own = {name: f for name, f in scope.own.items() if name not in defined}
    early = {name: f for name, f in scope.later.items() if name in defined}
    raise_all(
        [
            *(_missing(name, function, scope, patch) for name, function in own.items()),
            *(_early(name, function, defined, patch) for name, function in early.items()),
        ]
    )


def _missing(name: str, function: Function, scope: Scope, patch: str) -> Problem:
    """Return what is wrong with a function whose definition is missing."""
    return Problem(
        where=place_of("Function", name),
        what=f"'{name}' is brought by the patch '{function.patch}', and no template "
        f"has its definition for {scope.base.name}, as of '{patch}'",
        hint=f'a template places it with {{{{ head("{name}") }}}}',
    )


def _early(name: str, function: Function, defined: Mapping[str, str], patch: str) -> Problem:
    """Return what is wrong with a function that is defined before its patch."""
    return Problem(
        where=_place_of_call(defined[name], name),
        what=f"'{name}' is defined in '{patch}', before the patch "
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
