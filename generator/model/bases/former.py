# SPDX-License-Identifier: GPL-2.0-only
"""What was called or ordered otherwise before the patches ``names`` and ``param-order``.

Which function that is, and how, stands in the interface (``former_name``, ``former_order``); here
it becomes edits of a base.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.model.decl import Function
from generator.model.edits import Edit, Prototype, ReorderParameters, ReplaceDeclaration
from generator.model.files import CORE_H
from generator.model.interface import ARCH_FUNCTIONS, BASELINE_FUNCTIONS

_FUNCTIONS = (*BASELINE_FUNCTIONS, *ARCH_FUNCTIONS)


def renamed_functions(names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return former name and name of each function that is renamed.

    Args:
        names: how the base spells keys of the model.
    """
    return tuple(
        (function.former_name, names.get(function.name, function.name))
        for function in _FUNCTIONS
        if function.former_name
    )


def renamed_prototypes() -> tuple[Edit, ...]:
    """Return the edits that bring prototypes with a former name up to date."""
    return tuple(
        _prototype(function, function.former_name)
        for function in _FUNCTIONS
        if function.former_name
    )


def reordered_prototypes(names: Mapping[str, str]) -> tuple[Edit, ...]:
    """Return the edits that bring prototypes with a former order up to date.

    Args:
        names: how the base spells keys of the model.
    """
    return tuple(
        _prototype(function, names.get(function.name, function.name))
        for function in _FUNCTIONS
        if function.former_order
    )


def _prototype(function: Function, name: str) -> Edit:
    return ReplaceDeclaration(path=CORE_H, name=name, text=Prototype(function.name))


def reorder(path: str, names: Mapping[str, str], *, former: bool = False) -> tuple[Edit, ...]:
    """Return the edits that swap parameters; an order is its own inverse.

    Args:
        path: the file.
        names: how the base spells keys of the model.
        former: the functions have their former names there.
    """
    return tuple(
        ReorderParameters(
            path=path,
            function=(former and function.former_name) or names.get(function.name, function.name),
            order=function.former_order,
        )
        for function in _FUNCTIONS
        if function.former_order
    )
