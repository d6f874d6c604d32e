# SPDX-License-Identifier: GPL-2.0-only
"""Look things up in a state, and make the state that differs from it in one of them."""

from __future__ import annotations

from generator.checks.states.state import GONE, NONE, Memory, Probe, State, Task, Utask

Move = tuple[str, int, State]
"""The name of a step, the task that makes it (-1: somebody else), and the state behind it."""


def utask_of(state: State, task: Task) -> Utask | None:
    """Return the uprobe_task of a task, if it has one."""
    return state.utasks[task.utask] if task.utask != NONE else None


def active_of(state: State, task: Task) -> int:
    """Return the probe that a task steps, or NONE."""
    utask = utask_of(state, task)
    return utask.active if utask is not None else NONE


def sharing(state: State, index: int) -> list[int]:
    """List the other tasks of the same address space that are there."""
    memory = state.tasks[index].memory
    return [
        n
        for n, task in enumerate(state.tasks)
        if n != index and task.memory == memory and task.pc not in GONE
    ]


def with_task(state: State, index: int, task: Task) -> State:
    """Return the state with another task in the place of one."""
    tasks = state.tasks
    return state._replace(tasks=(*tasks[:index], task, *tasks[index + 1 :]))


def set_utask(state: State, index: int, utask: Utask | None) -> State:
    """Return the state with another uprobe_task, or none, in a place."""
    utasks = state.utasks
    return state._replace(utasks=(*utasks[:index], utask, *utasks[index + 1 :]))


def set_memory(state: State, index: int, memory: Memory) -> State:
    """Return the state with another address space in a place."""
    memories = state.memories
    return state._replace(memories=(*memories[:index], memory, *memories[index + 1 :]))


def set_probe(state: State, index: int, probe: Probe) -> State:
    """Return the state with another probe in a place."""
    probes = state.probes
    return state._replace(probes=(*probes[:index], probe, *probes[index + 1 :]))


def get_probe(state: State, index: int) -> State:
    """Return the state with one more reference to a probe."""
    probe = state.probes[index]
    return set_probe(state, index, probe._replace(refs=probe.refs + 1))


def put_probe(state: State, index: int, rcu: bool) -> State:
    """Give a reference back; the last one frees the probe, or dooms it under RCU."""
    probe = state.probes[index]
    refs = probe.refs - 1
    last = refs == 0
    return set_probe(
        state,
        index,
        probe._replace(
            refs=refs, doomed=probe.doomed or last, freed=probe.freed or (last and not rcu)
        ),
    )
