# SPDX-License-Identifier: GPL-2.0-only
"""Decide what is done: the edits of the baseline and of each patch, for one base.

Reads the model, resolves hooks to the base's places, returns plain tuples; renders nothing and
touches no file.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.errors import UserError
from generator.model.bases import BASES, UNFINISHED, Base, numbers
from generator.model.bases.base import Hook, hook_statement
from generator.model.edits import Edit
from generator.model.interface import INTERFACE
from generator.model.series import SERIES, Patch, Series


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
    return tuple(patch for patch in series.patches if not patch.needs or patch.needs in base.has)


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
