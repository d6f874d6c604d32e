# SPDX-License-Identifier: GPL-2.0-only
"""Read the functions that patches bring, from their C, parts of which are unknown.

What the interface is says ``interface.txt``; the bodies, by which a renamed function is known, are
in the patches alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

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
            for definition in _definitions(text)
            if cells[definition.line].ours
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


@lru_cache(maxsize=1024)
def _definitions(text: str) -> tuple[Definition, ...]:
    """Return the functions in a text, in which NUL is what is not known.

    Most files are the same on both sides, and after most patches.
    """
    return tuple(list_definitions(text))
