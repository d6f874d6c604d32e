# SPDX-License-Identifier: GPL-2.0-only
"""Make a base of another one: what differs is said, everything else is as it is there.

Edits are addressed by what they are: an edit that the other base does not have is an error, so that
a change there is noticed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generator.model.bases.base import Base, Hook, hook_statement
from generator.model.decl import Param
from generator.model.edits import Edit, InsertStatement, Piece, single_edits

Changes = tuple[tuple[Edit, tuple[Edit, ...]], ...]
"""Edits of the other base, or one name of theirs, each with what stands in its place: perhaps
nothing."""


def derive(
    like: Base,
    *,
    name: str,
    has: frozenset[str] | None = None,
    names: dict[str, str] | None = None,
    spelled: dict[str, Piece] | None = None,
    params: dict[str, tuple[Param, ...]] | None = None,
    changed: Changes = (),
    first: tuple[Edit, ...] = (),
    baseline: tuple[Edit, ...] = (),
    edits: dict[str, tuple[Edit, ...]] | None = None,
    hooks: tuple[Hook, ...] = (),
    undecided: tuple[str, ...] = (),
) -> Base:
    """Return a base whose source is a tree of the user's.

    Args:
        like: the base that it is made of.
        name: its own name.
        has: its facts, where they are others.
        names: the names that are others.
        spelled: the C that is another.
        params: the parameters that are others.
        changed: edits of ``like`` that are others, or are not there.
        first: further edits of the baseline, before those of ``like``.
        baseline: further edits of the baseline, after those of ``like``.
        edits: further edits by patch, after those of ``like``.
        hooks: further hooks.
        undecided: what a person still has to decide.

    Raises:
        ValueError: ``like`` does not have an edit that ``changed`` names, or that is named twice.
    """
    new = _Changed(changed)
    done = Base(
        name=name,
        package="",
        names={**like.names, **(names or {})},
        spelled={**like.spelled, **(spelled or {})},
        has=like.has if has is None else has,
        baseline=(*first, *new.edits(like.baseline), *baseline),
        edits={
            patch: (*new.edits(like.edits.get(patch, ())), *(edits or {}).get(patch, ()))
            for patch in {**like.edits, **(edits or {})}
        },
        hooks=(*new.hooks(like.hooks), *hooks),
        params={**like.params, **(params or {})},
        undecided=undecided,
    )
    new.check(like.name)
    return done


class _Changed:
    """Which edits become which, and which of them were met."""

    def __init__(self, changed: Changes) -> None:
        self._changed = changed
        self._met: set[int] = set()

    def _find(self, edit: Edit) -> tuple[Edit, ...] | None:
        for number, (old, new) in enumerate(self._changed):
            if old == edit:
                self._met.add(number)
                return new
        return None

    def edits(self, group: tuple[Edit, ...]) -> tuple[Edit, ...]:
        """Return edits as they have become."""
        return tuple(new for edit in group for new in self._one(edit))

    def _one(self, edit: Edit) -> Iterator[Edit]:
        parts = list(single_edits(edit))
        found = [self._find(part) for part in parts]
        if all(new is None for new in found):
            yield edit
            return
        for part, new in zip(parts, found, strict=True):
            yield from (part,) if new is None else new

    def hooks(self, hooks: tuple[Hook, ...]) -> tuple[Hook, ...]:
        """Return hooks as they have become; one that stands nowhere is left out."""
        return tuple(new for hook in hooks for new in self._moved(hook))

    def _moved(self, hook: Hook) -> Iterator[Hook]:
        found = self._find(hook_statement(hook))
        if found is None:
            yield hook
        for new in found or ():
            if isinstance(new, InsertStatement):
                yield replace(
                    hook,
                    path=new.path,
                    function=new.function,
                    text=new.text,
                    after=new.after,
                    before=new.before,
                    last=new.last,
                    blank=new.blank,
                )

    def check(self, like: str) -> None:
        """Raise for an edit that was not met."""
        for number, (old, _) in enumerate(self._changed):
            if number not in self._met:
                raise ValueError(f"the base {like} has no such edit: {old}")
