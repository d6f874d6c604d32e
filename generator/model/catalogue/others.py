# SPDX-License-Identifier: GPL-2.0-only
"""What is no fault: limits that need not be, and steps and waits that could be left out."""

from __future__ import annotations

from generator.model.catalogue.kinds import Entry, Kind

LIMITS: tuple[Entry, ...] = (
    Entry(
        ident="refused-vex",
        title="AVX instructions are refused for what another opcode means",
        wrong="Loads (vmovdqu), vpxor, vpaddq and others cannot be probed: error 524.",
        who="Whoever probes addresses of AVX code.",
        tests=("avx-as-itself",),
        kind=Kind.LIMIT,
    ),
    Entry(
        ident="refused-lock",
        title="lock is refused",
        wrong="Atomic instructions cannot be probed: error 524.",
        who="Whoever probes addresses inside of functions.",
        tests=("rip-lock", "prefixes"),
        kind=Kind.LIMIT,
    ),
    Entry(
        ident="refused-prefix",
        title="Segment prefixes are refused",
        wrong="NOPs of ten bytes and more, and notrack jumps, cannot be probed: error 524.",
        who="Whoever probes padding or jump tables.",
        tests=("nop-cs", "prefixes"),
        kind=Kind.LIMIT,
    ),
    Entry(
        ident="errno-524",
        title="A refusal is error 524",
        wrong="An instruction that cannot be probed is refused with ENOTSUPP, which is no errno "
        "of user space: 'Unknown error 524'.",
        who="Whoever reads error messages.",
        tests=("mm-int3-errno",),
        kind=Kind.LIMIT,
    ),
    Entry(
        ident="slot-tail",
        title="The copy is followed by the instructions behind the probed one",
        wrong="An instruction that is not what it is taken for goes on in copies of others, which "
        "hides what went wrong.",
        who="Nobody, as long as each instruction is taken for what it is.",
        tests=("mm-slot-tail",),
        kind=Kind.LIMIT,
    ),
    Entry(
        ident="jmp-operand-size",
        title="Near branches with a 16-bit operand can be probed",
        wrong="Processors of different vendors do not agree on what 66 before a near jump means, "
        "so that no copy of it is right on all of them.",
        who="Nobody's compiler makes such code; hand-written code may have it.",
        tests=("refuse-jmp-66",),
        code=r"\b66 (4[0-9a-f] )?ff [0-9a-f]{2}[0-9a-f ]*: (?!trap: )",
        kind=Kind.LIMIT,
    ),
    Entry(
        ident="alignment-check",
        title="A probed push is not checked for alignment",
        wrong="A push that is emulated does not raise SIGBUS where the program has asked for "
        "alignment checks (AC).",
        who="Programs that set AC to find unaligned accesses.",
        tests=("step-checked-push",),
        kind=Kind.LIMIT,
    ),
    Entry(
        ident="file-written",
        title="Writes to a file are not seen in a page with a breakpoint",
        wrong="A process has a copy of its own of such a page, as a debugger's would be. What "
        "others write to the file meanwhile is not in it.",
        who="Whoever overwrites in place what is probed; package managers do not.",
        tests=("hunted-file-written",),
        kind=Kind.LIMIT,
    ),
    Entry(
        ident="made-executable",
        title="Code that becomes executable later is not probed",
        wrong="mprotect() puts in no breakpoints. A probe that is armed afterwards is hit.",
        who="Loaders that relocate code before they make it executable.",
        tests=("hunted-writable-code",),
        kind=Kind.LIMIT,
    ),
    Entry(
        ident="callchain",
        title="Call chains name the trampoline in place of callers",
        wrong="Where functions that are probed on their return are pending, perf's chains have the "
        "address of the trampoline for each of their callers.",
        who="Profiles of programs that have return probes.",
        tests=("hunted-callchain",),
        kind=Kind.LIMIT,
    ),
)

GAINS: tuple[Entry, ...] = (
    Entry(
        ident="gain-nop",
        title="nop needs no step",
        wrong="It is stepped.",
        who="Probes on USDT.",
        tests=("skip-nop",),
        kind=Kind.GAIN,
    ),
    Entry(
        ident="gain-endbr",
        title="endbr64 needs no step",
        wrong="What functions begin with where CET is on is stepped.",
        who="Probes on function entries.",
        tests=("skip-endbr",),
        kind=Kind.GAIN,
    ),
    Entry(
        ident="gain-push",
        title="push of a register needs no step",
        wrong="What functions with a frame pointer begin with is stepped.",
        who="Probes on function entries.",
        tests=("emulate-push",),
        kind=Kind.GAIN,
    ),
    Entry(
        ident="gain-load",
        title="Loads and conditional moves need no step",
        wrong="They are stepped.",
        who="Probes on function entries.",
        tests=("emulate-load", "emulate-load-high", "emulate-cmov", "emulate-cmov-not"),
        kind=Kind.GAIN,
    ),
    Entry(
        ident="gain-return",
        title="leave and ret need no step",
        wrong="They are stepped.",
        who="Probes on the ends of functions.",
        tests=("emulate-leave", "emulate-ret"),
        kind=Kind.GAIN,
    ),
    Entry(
        ident="gain-close",
        title="close() of a perf event need not wait for handlers",
        wrong="It waits until no handler of any probe runs, event by event. A handler that waits "
        "for a page takes as long as a program likes.",
        who="Tools that end with thousands of events open: minutes in which they cannot be killed.",
        tests=("perf-close-other", "perf-close-own"),
        kind=Kind.GAIN,
    ),
)
