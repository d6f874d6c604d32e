# SPDX-License-Identifier: GPL-2.0-only
"""Decide what is done: the edits of the baseline and of each patch, for one base.

Reads the model, resolves hooks to the base's places, returns plain tuples; renders nothing and
touches no file. Which functions there are after a patch, under which names and with which
parameters, is a ``Scope``, and worked out nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from generator.errors import UserError
from generator.model.bases import BASES, UNFINISHED, Base, numbers
from generator.model.bases.base import Hook, hook_statement
from generator.model.decl import BASELINE, Function, Paragraph, Struct, When
from generator.model.edits import CreateFile, Edit
from generator.model.interface import INTERFACE
from generator.model.series import SERIES, Patch, Series


def former_order(function: Function, count: int) -> tuple[int, ...]:
    """Return ``Function.former_order`` for ``count`` parameters: what a base adds stays last."""
    return (*function.former_order, *range(len(function.former_order), count))


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A place in a series: a base, and the patches that are applied (identifiers, in order)."""

    base: Base
    patches: tuple[str, ...]

    def has(self, patch: str) -> bool:
        """Tell whether the patch of that identifier is applied."""
        return patch == BASELINE or patch in self.patches

    def resolved(self, function: Function) -> Function:
        """Return a function under the name and with the parameters that it has here."""
        name = function.c_name or self.base.name_of(function.name)
        if function.former_name and not self.has("names"):
            name = function.former_name
        params = self.base.params_of(function)
        if function.former_order and not self.has("param-order"):
            params = tuple(params[place] for place in former_order(function, len(params)))
        params = tuple(param for param in params if not param.patch or self.has(param.patch))
        if (name, params) == (function.name, function.params):
            return function
        return replace(function, name=name, params=params)

    def said(self, paragraph: Paragraph) -> str:
        """Return a paragraph of a comment as it is here."""
        parts = (paragraph,) if isinstance(paragraph, str) else paragraph
        return "".join(part if isinstance(part, str) else self._chosen(part) for part in parts)

    def _chosen(self, words: When) -> str:
        holds = self.has(words.patch) if words.patch else words.fact in self.base.has
        return words.then if holds else words.otherwise

    @cached_property
    def functions(self) -> Mapping[str, Function]:
        """The functions that are there, as they are here, by what the model calls them."""
        return self._resolved(there=True)

    @cached_property
    def structs(self) -> Mapping[str, Struct]:
        """The structures of the interface by name, each with the members that are there."""
        return {
            struct.name: replace(
                struct,
                members=tuple(m for m in struct.members if not m.patch or self.has(m.patch)),
            )
            for struct in INTERFACE.structs
        }

    @cached_property
    def own(self) -> Mapping[str, Function]:
        """Those of ``functions`` that a patch has brought."""
        return {name: f for name, f in self.functions.items() if f.patch != BASELINE}

    @cached_property
    def later(self) -> Mapping[str, Function]:
        """The functions that patches which are not applied bring, as ``functions`` has them."""
        return self._resolved(there=False)

    def _resolved(self, *, there: bool) -> Mapping[str, Function]:
        return {
            function.name: self.resolved(function)
            for function in INTERFACE.functions
            if self.base.brings(function) and self.has(function.patch) is there
        }


@dataclass(frozen=True, kw_only=True)
class PlannedPatch:
    """A patch with its number (from 1) and the edits that make it."""

    number: int
    patch: Patch
    edits: tuple[Edit, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is done to the tree of a base.

    ``baseline`` is what happens before the first patch: nothing where the series starts from the
    unmodified tree.
    """

    base: Base
    series: Series
    baseline: tuple[Edit, ...]
    patches: tuple[PlannedPatch, ...]

    def at(self, number: int) -> Scope:
        """Return what is there after the first ``number`` patches; 0: the baseline."""
        return self._scopes[number]

    @cached_property
    def _scopes(self) -> tuple[Scope, ...]:
        idents = [planned.patch.ident for planned in self.patches]
        ends = range(len(idents) + 1)
        return tuple(Scope(base=self.base, patches=tuple(idents[:end])) for end in ends)

    @property
    def paths(self) -> frozenset[str]:
        """The files of the base that are edited, as far as the edits name them."""
        edits = (*self.baseline, *(edit for one in self.patches for edit in one.edits))
        return frozenset(edit.path for edit in edits if not isinstance(edit, CreateFile))

    @property
    def tip(self) -> Scope:
        """What is there after the last patch."""
        return self.at(len(self.patches))


def all_bases() -> tuple[Base, ...]:
    """Return the bases in their order."""
    return BASES


def all_series() -> tuple[Series, ...]:
    """Return the series, the review's first."""
    return SERIES


def unfinished_bases() -> tuple[Base, ...]:
    """Return the bases that are being made."""
    return UNFINISHED


def find_base(name: str) -> Base:
    """Return the base of that name, also one that is being made.

    Raises:
        UserError: there is none; the message lists those there are.
    """
    for base in (*BASES, *UNFINISHED):
        if base.name == name:
            return base
    known = ", ".join(base.name for base in BASES)
    raise UserError(f"there is no base '{name}'", hint=f"the bases are: {known}")


def nearest_base(version: str) -> Base:
    """Return the last base that is not newer than a kernel release, else the oldest one."""
    ordered = sorted(BASES, key=lambda base: numbers(base.name))
    older = [base for base in ordered if numbers(base.name) <= numbers(version)]
    return older[-1] if older else ordered[0]


def find_series(name: str) -> Series:
    """Return the series of that name.

    Raises:
        UserError: there is none; the message lists those there are.
    """
    for series in SERIES:
        if series.name == name:
            return series
    known = ", ".join(series.name for series in SERIES)
    raise UserError(f"there is no series '{name}'", hint=f"the series are: {known}")


def plan_series(base: Base, series: Series) -> Plan:
    """Resolve a series for a base.

    Raises:
        UserError: the series is not made for the base, or the base's data does not fit it.
    """
    if series.bases and base.name not in series.bases:
        raise UserError(
            f"there is no series '{series.name}' for {base.name}",
            hint=f"it is made for: {', '.join(series.bases)}",
        )
    return Plan(
        base=base,
        series=series,
        baseline=base.baseline if series.modelled else (),
        patches=tuple(
            PlannedPatch(
                number=number,
                patch=patch,
                edits=_edits(base, patch),
            )
            for number, patch in enumerate(_patches(base, series), 1)
        ),
    )


def _patches(base: Base, series: Series) -> tuple[Patch, ...]:
    """Return the patches that the base has."""
    return tuple(
        patch
        for patch in series.patches
        if (not patch.needs or patch.needs in base.has) and patch.lacks not in base.has
    )


def _edits(base: Base, patch: Patch) -> tuple[Edit, ...]:
    """Return the edits of a patch, its hooks last: none, where templates alone make it."""
    hooks = (hook_statement(hook) for hook in base.hooks if patch_of(hook) == patch.ident)
    return (*patch.edits, *base.edits.get(patch.ident, ()), *hooks)


def patch_of(hook: Hook) -> str:
    """Return the identifier of the patch that inserts a hook: the one that brings its callee.

    Raises:
        UserError: the model does not have the callee, and the hook names no patch.
    """
    if hook.patch:
        return hook.patch
    if hook.callee not in INTERFACE.by_name:
        raise UserError(
            f"a hook calls {hook.callee}(), which the model does not have",
            where=f"{hook.path}: {hook.function}()",
        )
    return INTERFACE.by_name[hook.callee].patch
