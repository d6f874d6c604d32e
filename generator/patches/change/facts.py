# SPDX-License-Identifier: GPL-2.0-only
"""Read the functions that patches bring, from their C, parts of which are unknown.

What the interface is says ``interface.txt``; the bodies, by which a renamed function is known, are
in the patches alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from generator.csource import pieces
from generator.csource.declared import Definition, list_definitions
from generator.patches.partial import Cell
from generator.tree.facts import Facts, FunctionFact, name_functions


def read_functions(tip: Mapping[str, Sequence[Cell]]) -> dict[str, FunctionFact]:
    """Return the functions in lines that patches bring, with their bodies, by path and name."""
    found = []
    for path in sorted(tip):
        if not path.endswith((".c", ".h")):
            continue
        cells = _known(tip[path])
        text = "\n".join([_line(cell.text) for cell in cells])
        found += [
            FunctionFact(
                name=definition.name,
                path=path,
                front=definition.front,
                params=definition.params,
                body=definition.body,
            )
            for start, definition in _definitions(text)
            if cells[start + definition.line].ours
        ]
    return name_functions(found)


def add_bodies(facts: Facts, tip: Mapping[str, Sequence[Cell]]) -> Facts:
    """Return ``facts`` with the bodies of the functions, as far as the patches show them."""
    bodies: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for fact in read_functions(tip).values():
        bodies.setdefault((fact.path, fact.signature), []).append(fact.body)
    functions = {}
    for key, fact in facts.functions.items():
        known = bodies.get((fact.path, fact.signature))
        functions[key] = replace(fact, body=known.pop(0)) if known else fact
    return replace(facts, functions=functions)


def _known(cells: Sequence[Cell]) -> list[Cell]:
    """Return the lines that are known, and of each run of others one."""
    before = [None, *(cell.text for cell in cells[:-1])]
    return [
        cell
        for cell, above in zip(cells, before, strict=True)
        if cell.text is not None or above is not None
    ]


def _line(text: str | None) -> str:
    return "\0" if text is None else text.replace("\0", "\ufffd")


def _definitions(text: str) -> Iterator[tuple[int, Definition]]:
    """Yield the functions in a text, each with the line that it is counted from.

    NUL is what is not known. Most functions are the same on both sides, so each is read once.
    """
    start = 0
    for piece in pieces(text):
        yield from ((start, definition) for definition in _in_piece(piece))
        start += piece.count("\n")


@lru_cache(maxsize=4096)
def _in_piece(piece: str) -> tuple[Definition, ...]:
    return tuple(list_definitions(piece))
