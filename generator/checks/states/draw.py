# SPDX-License-Identifier: GPL-2.0-only
"""The picture of the state machine, in Graphviz's language, from the model's data.

The graph's ``id`` is a hash of its text: Graphviz copies it into the SVG, where a test finds it. So
a picture that was made from other data is noticed without comparing drawings.
"""

from __future__ import annotations

import hashlib

from generator.model.bases import BASES
from generator.model.states import (
    DEAD,
    HIT,
    OUTSIDE,
    OUTSIDE_TRANSITIONS,
    STATES,
    TRANSITIONS,
    State,
    Transition,
)

_NODE = '\t"{name}" [label="{label}"{more}];'
_EDGE = '\t"{source}" -> "{target}" [label="{label}"{more}];'


def to_dot() -> str:
    """Return the picture: states, and for each transition the function that makes it."""
    body = [
        '\tgraph [fontname="sans-serif", nodesep=0.9, ranksep=0.7];',
        '\tnode [fontname="sans-serif", shape=box, style=rounded];',
        '\tedge [fontname="sans-serif", fontsize=10];',
        *(_node(state) for state in (*STATES, *OUTSIDE)),
        *(_edge(move) for move in (*TRANSITIONS, *OUTSIDE_TRANSITIONS)),
    ]
    text = "\n".join(body)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f'digraph states {{\n\tid="states_{digest}";\n{text}\n}}\n'


def picture_id(dot: str) -> str:
    """Return the ``id`` of a picture's source; an SVG made from it has the same one."""
    return dot.split('id="', 1)[1].split('"', 1)[0]


def _node(state: State) -> str:
    outside = state.enumerator in (HIT, DEAD)
    name = "" if outside else f"{state.enumerator}\\n"
    more = ', style="rounded,filled", fillcolor="#e8eef8"' if state.active else ""
    more = ', style="rounded,dashed"' if outside else more
    return _NODE.format(name=state.enumerator, label=f"{name}{state.meaning}", more=more)


def _edge(move: Transition) -> str:
    more = ", style=dashed" if move in OUTSIDE_TRANSITIONS else ""
    return _EDGE.format(
        source=move.source,
        target=move.target,
        label=f"{move.cause}\\n{BASES[0].name_of(move.function)}()",
        more=more,
    )
