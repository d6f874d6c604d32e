# SPDX-License-Identifier: GPL-2.0-only
"""What the search follows: tasks, their uprobe_tasks, address spaces and probes; and the worlds.

Everything is a tuple of small values, so that a state is its own key. Of the C only what matters
for the properties is kept: flags, references, slots, locks, and where a task stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from generator.model.states import STATES

# in the order of the model
RUNNING, SSTEP, ACK, TRAPPED = (state.enumerator for state in STATES)

NONE = -1
"""No uprobe_task, no probe, no slot."""

SIGNAL, KILL, OWN = 1, 2, 4
"""Signals in a queue: an ordinary one, SIGKILL, and one that the task has raised itself."""

SIGNAL_NAMES = {SIGNAL: "a signal", KILL: "SIGKILL", OWN: "its own signal"}

# where the instruction pointer stands: at the probed instruction, behind the breakpoint's byte, at
# the copy, behind the copy, at the next instruction, or somewhere else
BREAKPOINT, BEHIND, COPY, COPY_END, NEXT = "bp", "bp+1", "slot", "slot+", "next"
TRAMPOLINE, ASTRAY = "trampoline", "astray"

GONE = frozenset({"dead", "unborn"})
"""Places of a task that is not there."""


class Task(NamedTuple):
    """A task.

    Attributes:
        pc: "user", or the step of the kernel that is next.
        ip: where the program stands.
        done: the probed instruction has had its effect since the program came to it.
        memory: its address space.
        utask: its uprobe_task, as task_struct.utask.
        sigpending, uprobe: TIF_SIGPENDING and TIF_UPROBE.
        queue: the signals that wait, bits.
        kicked: it was woken up without a signal, to freeze, and has not been told yet.
        siglock: who holds the lock of the signals: "" or "send".
        marked: thread.trap_nr is UPROBE_TRAP_NR.
        fate: what the copy will do: "runs", "faults", "waits" for memory, "int3"; "" without one.
        probe, held: the local variable ``uprobe``, and whether it has a reference.
        slot: a slot that looked free.
        waiting: stands in the queue for slots.
        then: what follows when the slot is free again.
        saw: what it has read and acts on next.
        event: the task was preempted: TIF_NOTIFY_RESUME.
        stale: it was in a restartable sequence then, which must be aborted.
    """

    pc: str = "user"
    ip: str = BREAKPOINT
    done: bool = False
    memory: int = 0
    utask: int = NONE
    sigpending: bool = False
    uprobe: bool = False
    queue: int = 0
    kicked: bool = False
    siglock: str = ""
    marked: bool = False
    fate: str = ""
    probe: int = NONE
    held: bool = False
    slot: int = NONE
    waiting: bool = False
    then: str = ""
    saw: bool = False
    event: bool = False
    stale: bool = False


class Utask(NamedTuple):
    """A uprobe_task: as in C, with ``returns`` for the probe of a return instance."""

    state: str
    active: int = NONE
    slot: int = NONE
    returns: int = NONE
    denied: bool = False


class Memory(NamedTuple):
    """An address space: the breakpoint, MMF_HAS_UPROBES, MMF_RECALC_UPROBES, the busy slots."""

    breakpoint: bool
    has: bool
    recalc: bool = False
    busy: int = 0


class Probe(NamedTuple):
    """A struct uprobe: its references, whether the tree has it, analysed, on its way out, freed."""

    refs: int = 0
    tree: bool = False
    analysed: bool = False
    doomed: bool = False
    freed: bool = False


class State(NamedTuple):
    """All of it; ``registrar`` counts the steps of who unregisters and registers again."""

    tasks: tuple[Task, ...]
    utasks: tuple[Utask | None, ...]
    memories: tuple[Memory, ...]
    probes: tuple[Probe, ...]
    registrar: int = 0
    broken: str = ""


@dataclass(frozen=True, kw_only=True)
class World:
    """What exists and what may happen; the search tries every order of it.

    Attributes:
        name: short name.
        meaning: for people.
        tasks: threads at the beginning.
        unborn: tasks that fork() can make.
        slots: of each area.
        signals: which can be sent to any task at any time, bits.
        freezer: it wakes tasks at any time, without a signal.
        fates: what a copy can do beside running.
        registrar: the probe is unregistered and registered again.
        returns: the return of the function is probed as well.
        oops: the kernel can stop a task in the middle of a step.
        failures: memory is short, the mode of the CPU is another one.
        debugger: unprobed instructions are single-stepped.
        exits, executes: the program can call exit() and exec().
        sequence: the instruction commits a restartable sequence; tasks are preempted.
        needs: a fact in ``Base.has`` without which there is no such world.
    """

    name: str
    meaning: str
    tasks: int = 1
    unborn: int = 0
    slots: int = 1
    signals: int = 0
    freezer: bool = False
    fates: tuple[str, ...] = ()
    registrar: bool = False
    returns: bool = False
    oops: bool = False
    failures: bool = False
    debugger: bool = False
    exits: bool = False
    executes: bool = False
    sequence: bool = False
    needs: str = ""


WORLDS = (
    World(
        name="race",
        meaning="one task; an ordinary signal, and a wake-up without one, at any point",
        signals=SIGNAL,
        freezer=True,
    ),
    World(
        name="signals",
        meaning="one task; signals and SIGKILL at any point, faults, a debugger",
        signals=SIGNAL | KILL,
        fates=("faults", "waits", "int3"),
        oops=True,
        failures=True,
        debugger=True,
        exits=True,
    ),
    World(
        name="slots",
        meaning="two threads and one slot; SIGKILL at any point, memory that does not come",
        tasks=2,
        signals=KILL,
        fates=("waits",),
        oops=True,
    ),
    World(
        name="atomic",
        meaning="two threads and two slots; the kernel stops one of them",
        tasks=2,
        slots=2,
        signals=SIGNAL,
        oops=True,
        failures=True,
    ),
    World(
        name="registrar",
        meaning="two threads; the probe goes and comes back at any point",
        tasks=2,
        slots=2,
        registrar=True,
        returns=True,
        debugger=True,
        failures=True,
    ),
    World(
        name="family",
        meaning="fork, thread, exec, exit and returns; SIGKILL at any point",
        unborn=1,
        signals=KILL,
        returns=True,
        exits=True,
        executes=True,
    ),
    World(
        name="sequence",
        meaning="one task, preempted in a restartable sequence at any point; SIGKILL, faults",
        signals=KILL,
        fates=("faults", "waits"),
        sequence=True,
        needs="rseq",
    ),
)


LARGE_WORLDS = (
    World(
        name="crowd",
        meaning="three threads and one slot",
        tasks=3,
    ),
    World(
        name="all",
        meaning="two threads, one slot; SIGKILL, the probe goes and comes back, at any point",
        tasks=2,
        signals=KILL,
        registrar=True,
        oops=True,
    ),
)
"""Too large for every day: most of a million states, a minute or two."""


def initial_state(world: World) -> State:
    """Return where a world begins: the probe is registered, every task is in front of it."""
    count = world.tasks + world.unborn
    return State(
        tasks=tuple(
            Task() if number < world.tasks else Task(pc="unborn") for number in range(count)
        ),
        utasks=(None,) * count,
        memories=(Memory(breakpoint=True, has=True),) + (Memory(False, False),) * world.unborn,
        probes=(
            Probe(refs=1, tree=True, analysed=True),
            *((Probe(),) if world.registrar else ()),
        ),
    )
