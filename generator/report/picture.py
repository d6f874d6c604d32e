# SPDX-License-Identifier: GPL-2.0-only
"""The states of a probed task as a picture, from the model.

States stand in columns, by how many transitions they are away from the first one. An arrow has a
number, which a table explains; arrows that lead back bend below. Drawn here, since a report is made
where nobody has graphviz; ``docs/states.svg``, which a maintainer draws, is its work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.model.states import State, Transition

WIDTH, HEIGHT = 230, 54
_COLUMN, _LINE, _MARGIN = 350, 120, 24


@dataclass(frozen=True, kw_only=True)
class Box:
    """A state: its upper left corner."""

    state: State
    x: int
    y: int


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """A transition: its number, the SVG path, and where the number stands."""

    number: int
    transition: Transition
    path: str
    x: int
    y: int


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The picture and its size."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: int
    height: int
    box_width: int = WIDTH


def draw_states(
    states: Sequence[State], transitions: Sequence[Transition], initial: str
) -> Picture:
    """Lay states and transitions out.

    Args:
        states: all of them; one that cannot be reached stands in the last column.
        transitions: between them.
        initial: where a task begins.
    """
    columns = _columns(states, transitions, initial)
    most = max(sum(c == column for c in columns.values()) for column in columns.values())
    seen: dict[int, int] = {}
    boxes = {}
    for state in states:
        column = columns[state.enumerator]
        row = seen.get(column, 0)
        seen[column] = row + 1
        count = sum(c == column for c in columns.values())
        top = _MARGIN + (most - count) * _LINE // 2
        boxes[state.enumerator] = Box(
            state=state, x=_MARGIN + column * _COLUMN, y=top + row * _LINE
        )
    back = sum(columns[t.target] <= columns[t.source] for t in transitions)
    arrows, bent = [], 0
    floor = 2 * _MARGIN + most * _LINE - (_LINE - HEIGHT)
    for number, transition in enumerate(transitions, 1):
        source, target = boxes[transition.source], boxes[transition.target]
        if source.x < target.x:
            arrows.append(_forward(number, transition, source, target))
        else:
            arrows.append(_back(number, transition, source, target, floor + 34 * bent, bent))
            bent += 1
    return Picture(
        boxes=tuple(boxes.values()),
        arrows=tuple(arrows),
        width=2 * _MARGIN + max(columns.values()) * _COLUMN + WIDTH + 24 * back,
        height=floor + 34 * back + _MARGIN,
    )


def _columns(
    states: Sequence[State], transitions: Sequence[Transition], initial: str
) -> dict[str, int]:
    found = {initial: 0}
    waiting = [initial]
    for name in waiting:
        for transition in transitions:
            if transition.source == name and transition.target not in found:
                found[transition.target] = found[name] + 1
                waiting.append(transition.target)
    last = max(found.values()) + 1
    return {state.enumerator: found.get(state.enumerator, last) for state in states}


def _forward(number: int, transition: Transition, source: Box, target: Box) -> Arrow:
    x1, y1 = source.x + WIDTH, source.y + HEIGHT // 2
    x2, y2 = target.x, target.y + HEIGHT // 2
    middle = (x1 + x2) // 2
    return Arrow(
        number=number,
        transition=transition,
        path=f"M {x1} {y1} C {middle} {y1}, {middle} {y2}, {x2 - 2} {y2}",
        x=middle,
        y=(y1 + y2) // 2,
    )


def _back(
    number: int, transition: Transition, source: Box, target: Box, floor: int, place: int
) -> Arrow:
    """Lead below the boxes; each such arrow has a line of its own."""
    x1, y1 = source.x + WIDTH, source.y + HEIGHT // 2
    x2, y2 = target.x + WIDTH // 2 - 24 * place, target.y + HEIGHT
    edge = x1 + 24 + 24 * place
    return Arrow(
        number=number,
        transition=transition,
        path=f"M {x1} {y1} L {edge} {y1} L {edge} {floor} L {x2} {floor} L {x2} {y2 + 2}",
        x=(edge + x2) // 2,
        y=floor,
    )
