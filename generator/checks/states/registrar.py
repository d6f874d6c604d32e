# SPDX-License-Identifier: GPL-2.0-only
"""Who takes the probe away and puts it back, and who frees it under RCU."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.checks.states.change import Move, put_probe, set_memory, set_probe
from generator.checks.states.state import NONE, Memory, Probe, State

# in this order; the walks go through the address spaces one by one
_REGISTRAR = ("remove", "remove", "delete", "insert", "analyse", "install", "install")


class Registrar:
    """The moves of the registrar.

    Args:
        has: tells whether a guard is there.
        rcu: probes are freed after a grace period.
    """

    def __init__(self, has: Callable[[str], bool], *, rcu: bool) -> None:
        self._has = has
        self._rcu = rcu

    def register(self, state: State) -> Iterator[Move]:
        """Make the next step of unregistering and registering again."""
        if state.registrar >= len(_REGISTRAR):
            return
        step = _REGISTRAR[state.registrar]
        after = state._replace(registrar=state.registrar + 1)
        if step in ("remove", "install"):
            space = state.registrar - _REGISTRAR.index(step)
            if space < len(state.memories) and self._is_busy(state, space):
                return
            if space < len(state.memories):
                after = set_memory(after, space, _walked(after.memories[space], step))
            yield step, NONE, after
            return
        old, new = after.probes
        if step == "delete":
            after = after._replace(probes=(old._replace(tree=False), new))
            yield step, NONE, put_probe(after, 0, self._rcu)
        elif step == "insert":
            yield step, NONE, after._replace(probes=(old, Probe(refs=1, tree=True)))
        else:
            yield step, NONE, after._replace(probes=(old, new._replace(analysed=True)))

    def _is_busy(self, state: State, space: int) -> bool:
        """Tell whether the walk waits: for mmap_lock, or for a CPU in the exception."""
        waits_for = {"int3", "byte"} if self._has("mmap-lock") else {"int3"}
        return any(task.memory == space and task.pc in waits_for for task in state.tasks)

    def reclaim(self, state: State) -> Iterator[Move]:
        """Free a probe whose last reference is gone, when no reader is left."""
        for number, probe in enumerate(state.probes):
            if not probe.doomed or probe.freed:
                continue
            if self._has("rcu") and any(task.probe == number for task in state.tasks):
                continue
            yield "grace-period", NONE, set_probe(state, number, probe._replace(freed=True))


def _walked(memory: Memory, step: str) -> Memory:
    if step == "remove":
        return memory._replace(breakpoint=False, recalc=True)
    return memory._replace(breakpoint=True, has=True)
