# SPDX-License-Identifier: GPL-2.0-only
"""The series that the review asked for: its patches in their order, their subjects and points.

The order is the one that links at every prefix. What a patch changes is said by ``patch=`` in
``model.interface``, by ``has()`` in the templates, and by the ``edits`` of each base.
"""

from __future__ import annotations

from generator.model.identity import Identity
from generator.model.series.kinds import Patch, Series

REVIEW = Series(
    name="review",
    title="uprobes: Handle the breakpoint and the single step",
    author=Identity(
        name="uprobekit",
        email="uprobekit@example.org",
        # Wed, 29 Feb 2012 12:00:00 UTC: the day after the review
        date="1330516800 +0000",
    ),
    link="https://lore.kernel.org/r/20120228132601.GC32211@linux.vnet.ibm.com",
    patches=(
        Patch(
            ident="trap-nr",
            subject="x86: Rename trap_no to trap_nr in thread_struct",
            review=("R02", "R29"),
            unchanged=True,
        ),
        Patch(
            ident="is-32bit-app",
            subject="x86: Add is_32bit_app() to asm/compat.h and use it",
            review=("R05", "R06", "R29"),
            unchanged=True,
            # they have the registers at hand; is_32bit_app() finds them by the task
            changed=("arch/x86/kernel/perf_regs.c", "arch/x86/kernel/step.c"),
        ),
        Patch(
            ident="names",
            subject="uprobes: Make macro and function names consistent",
            review=("R07", "R11", "R29"),
            unchanged=True,
        ),
        Patch(
            ident="param-order",
            subject="uprobes: Make the order of function parameters consistent",
            review=("R03", "R29"),
            unchanged=True,
        ),
        Patch(
            ident="errno",
            subject="uprobes: Return EOPNOTSUPP if an instruction cannot be probed",
            review=("R29",),
        ),
        Patch(
            ident="analyse",
            subject="uprobes/x86: Analyse instructions: the opcode table and the fixups",
            gist="analyses instructions: what may be probed, what is fixed up afterwards",
            review=("R04", "R13", "R25"),
        ),
        Patch(
            ident="utask",
            subject="uprobes/core: Add uprobe_copy_process() and the life of a uprobe_task",
            gist="brings a task's data, and what becomes of it in fork and exit",
            review=("R09", "R16", "R28"),
        ),
        Patch(
            ident="xol",
            subject="uprobes/core: Execute out of line: XOL area and slots",
            gist="brings the area for execution out of line, and its slots",
            review=("R26",),
        ),
        Patch(
            ident="arch-xol",
            subject="uprobes/x86: Add pre_xol, post_xol, abort_xol and xol_was_trapped",
            gist="brings what the architecture does around the single step",
            review=("R08", "R09", "R13"),
        ),
        Patch(
            ident="hit",
            subject="uprobes/core: Handle breakpoint and singlestep exceptions",
            gist="is the main one: the notifiers, the states of a task, its signals",
            review=(
                "R10",
                "R12",
                "R17",
                "R18",
                "R19",
                "R20",
                "R21",
                "R22",
                "R23",
                "R24",
                "R26",
                "R27",
            ),
        ),
        Patch(
            ident="skip-nop",
            subject="uprobes/x86: Skip the single step of NOPs",
            gist="saves the single step of NOPs",
            review=("R01", "R14", "R15"),
        ),
        Patch(
            ident="return",
            subject="uprobes/core: Add return probes",
            gist="adds return probes",
            review=("R16",),
        ),
        Patch(
            ident="emulate-mov",
            subject="uprobes/x86: Emulate moves: mov, lea, xchg, cmov and setcc",
            gist="emulates moves, and brings the frame for emulation",
            review=("R01",),
        ),
        Patch(
            ident="emulate-stack",
            subject="uprobes/x86: Emulate push, pop and leave",
            gist="emulates push, pop and leave",
            review=("R01",),
        ),
        Patch(
            ident="emulate-branch",
            subject="uprobes/x86: Emulate call, ret, jmp and jcc",
            gist="emulates calls, returns and branches",
            review=("R01",),
        ),
        Patch(
            ident="emulate-alu",
            subject="uprobes/x86: Emulate arithmetic and logical instructions",
            gist="emulates arithmetic and logic",
            review=("R01",),
        ),
        Patch(
            ident="refuse",
            subject="uprobes/core: Refuse an instruction when its probe is armed",
            gist="tells who arms a probe that its instruction is refused",
            review=("R03",),
        ),
        Patch(
            ident="move",
            subject="uprobes/core: Follow a mapping that mremap() moves",
            gist="takes care of mappings that are moved",
            review=("R01",),
        ),
        Patch(
            ident="compare",
            subject="uprobes/core: Put no breakpoint into code that has changed",
            gist="leaves code alone that is not what was analysed",
            review=("R13",),
        ),
        Patch(
            ident="rseq",
            subject="uprobes/core: Do not break restartable sequences",
            gist="judges a task in a step by the probed address: restartable sequences",
            review=("R01",),
            needs="rseq",
        ),
        Patch(
            ident="known",
            subject="uprobes/core: Remember the probes that a task has hit",
            gist="finds a probe again without mmap_lock and the two trees",
            review=("R01",),
        ),
        Patch(
            ident="call-nop",
            subject="uprobes/x86: Turn a NOP of five bytes into a call",
            gist="has the base turn a NOP of five bytes into a call of a trampoline",
            review=("R01",),
            needs="nop_call",
        ),
        Patch(
            ident="delete-busy",
            subject="tracing/uprobes: Keep all probes of an event that is enabled",
            gist="does not free a probe of an event that is enabled",
            review=("R13",),
            needs="event_siblings",
        ),
        Patch(
            ident="joined",
            subject="tracing/uprobes: Leave out a probe that is not registered",
            gist="leaves a probe out that has joined an event of perf",
            review=("R13",),
            needs="event_siblings",
        ),
        Patch(
            ident="group",
            subject="tracing/uprobes: Wait once for events that are disabled together",
            gist="waits once for the handlers of events that are disabled together",
            review=("R13",),
            needs="uprobe_rcu",
        ),
        Patch(
            ident="close",
            subject="tracing/uprobes: Do not wait when an event of perf is closed",
            gist="lets a worker wait for the handlers of events that perf closes",
            review=("R13",),
            needs="uprobe_rcu",
        ),
        Patch(
            ident="erase",
            subject="uprobes/core: Take a probe out of the tree with its last consumer",
            gist="lets nobody find a probe that only pending returns keep",
            review=("R13",),
            needs="uprobe_rcu",
        ),
    ),
)
