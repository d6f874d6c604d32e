# SPDX-License-Identifier: GPL-2.0-only
"""The series: its patches in their order, their subjects and trailers, author and date.

The text of each commit is ``templates/messages/<ident>.txt.j2``; the cover letter is
``templates/messages/cover.txt.j2``. The order is the one that links at every prefix.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A patch of the series.

    Attributes:
        ident: identifier, used by ``patch=`` in the model and by ``has()`` in templates.
        subject: first line of the commit message; may use the base's names.
        review: points of the review that the patch answers (``model.review``).
        unchanged: it changes no object code, names and the order of parameters left aside.
        changed: C files whose code it changes nevertheless: written in another way, to the same
            effect.
        gist: what it does, as the cover letter says behind "Patch 7"; without it, its subject.
        needs: a fact in ``Base.has`` without which a base does not have the patch.
    """

    ident: str
    subject: str
    review: tuple[str, ...]
    unchanged: bool = False
    changed: tuple[str, ...] = ()
    gist: str = ""
    needs: str = ""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who and when: the same for every patch, so that rendering twice gives the same bytes.

    ``date`` is in git's raw form, seconds since 1970 and the offset from UTC.
    """

    name: str
    email: str
    date: str


@dataclass(frozen=True, kw_only=True)
class Series:
    """An ordered list of patches on top of a baseline; ``link`` is the mail that asked for it."""

    name: str
    title: str
    patches: tuple[Patch, ...]
    author: Identity
    link: str


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
    ),
)

SERIES: tuple[Series, ...] = (REVIEW,)
