# SPDX-License-Identifier: GPL-2.0-only
"""What stands before the bodies of the functions that templates bring."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial

from generator import csource
from generator.csource.declared import list_definitions
from generator.model.decl import Function
from generator.render.places import place_of
from generator.render.whence import place_in_template

_KEPT = 4096
"""Texts and pieces of which it is remembered what was read: prefixes have most of them again."""


def known_heads(
    blocks: Mapping[tuple[str, str], str], functions: Mapping[str, Function]
) -> dict[str, tuple[int, Callable[[], str]]]:
    """Return how many parameters functions have, each with what says where these stand.

    Args:
        blocks: what was inserted, by file and template.
        functions: those of the model, by what it calls them.
    """
    found: dict[str, tuple[int, Callable[[], str]]] = {
        name: (count, partial(place_in_template, template, name, line=line))
        for (_, template), text in blocks.items()
        for name, count, line in _heads(text)
    }
    return found | {
        function.name: (len(function.params), partial(place_of, "Function", key))
        for key, function in functions.items()
    }


@lru_cache(maxsize=_KEPT)
def _heads(text: str) -> tuple[tuple[str, int, str], ...]:
    """Return the functions that a text defines: name, number of parameters, line of the name.

    Those that take any number are left out.
    """
    lines = text.split("\n")
    return tuple(
        (found.name, len([p for p in found.params if p != "void"]), lines[found.line].strip())
        for found in list_definitions(text)
        if "..." not in found.params
    )


def wrong_params(text: str) -> Iterator[tuple[str, str]]:
    """Yield what comments above functions take for a parameter, each after its function."""
    for piece in csource.pieces(text):
        yield from _wrong_params(piece)


@lru_cache(maxsize=_KEPT)
def _wrong_params(piece: str) -> tuple[tuple[str, str], ...]:
    found = []
    for definition in list_definitions(piece):
        function = csource.find_function(piece, definition.name)
        comment = piece[function.whole.start : function.head.start] if function else ""
        known = {word for param in definition.params for word in re.findall(r"\w+", param)}
        found += [
            (definition.name, word)
            for word in re.findall(r"(?<!\w)@(\w+)", comment)
            if word not in known
        ]
    return tuple(found)
