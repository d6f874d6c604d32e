# SPDX-License-Identifier: GPL-2.0-only
"""The states of a probed task and the transitions between them.

The C enumeration, the comment above ``uprobe_notify_resume()`` and the consistency checks are made
from this. ``RUNNING`` and the breakpoint hit have no step in progress (no ``active_uprobe``); the
hit itself needs no state of its own in C: it is TIF_UPROBE without an active uprobe.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class State:
    """A state; ``enumerator`` is its name in C, ``active`` tells whether a step is in progress."""

    enumerator: str
    meaning: str
    active: bool


@dataclass(frozen=True, kw_only=True)
class Transition:
    """``function`` moves a task from ``source`` to ``target`` when ``cause`` happens."""

    source: str
    target: str
    cause: str
    function: str


STATES = (
    State(
        enumerator="UTASK_RUNNING",
        meaning="not single-stepping",
        active=False,
    ),
    State(
        enumerator="UTASK_SSTEP",
        meaning="single-stepping in the XOL slot",
        active=True,
    ),
    State(
        enumerator="UTASK_SSTEP_ACK",
        meaning="the step has completed",
        active=True,
    ),
    State(
        enumerator="UTASK_SSTEP_TRAPPED",
        meaning="the copy trapped, or SIGKILL",
        active=True,
    ),
)

TRANSITIONS = (
    Transition(
        source="UTASK_RUNNING",
        target="UTASK_SSTEP",
        cause="a probe is hit and its instruction has to be stepped",
        function="pre_ssout",
    ),
    Transition(
        source="UTASK_SSTEP",
        target="UTASK_SSTEP_ACK",
        cause="the debug trap behind the copy",
        function="post_notifier",
    ),
    Transition(
        source="UTASK_SSTEP",
        target="UTASK_SSTEP_TRAPPED",
        cause="a signal that the copy raised itself, or SIGKILL",
        function="uprobe_deny_signal",
    ),
    Transition(
        source="UTASK_SSTEP_ACK",
        target="UTASK_RUNNING",
        cause="the results are fixed up",
        function="end_step",
    ),
    Transition(
        source="UTASK_SSTEP_TRAPPED",
        target="UTASK_RUNNING",
        cause="the registers are as before the hit",
        function="end_step",
    ),
)

INITIAL = "UTASK_RUNNING"

# What a task is beside its state in C, and how it gets there: for the picture, and for the search,
# which must find these changes and those of TRANSITIONS, and no others.

HIT, DEAD = "hit", "dead"

OUTSIDE = (
    State(enumerator=HIT, meaning="a breakpoint was hit: TIF_UPROBE is set", active=False),
    State(enumerator=DEAD, meaning="the task has left its address space", active=False),
)

OUTSIDE_TRANSITIONS = (
    Transition(
        source=INITIAL,
        target=HIT,
        cause="a breakpoint",
        function="pre_notifier",
    ),
    Transition(
        source=HIT,
        target=INITIAL,
        cause="on the way back to user space",
        function="uprobe_notify_resume",
    ),
    Transition(
        source="UTASK_SSTEP",
        target=INITIAL,
        cause="the kernel stops the task in the middle of a step",
        function="uprobe_free_utask",
    ),
    Transition(
        source=INITIAL,
        target=DEAD,
        cause="exit, exec or SIGKILL",
        function="uprobe_free_utask",
    ),
)
