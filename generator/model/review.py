# SPDX-License-Identifier: GPL-2.0-only
"""The review of February 2012, point by point: what was asked for, and where the series differs.

The mail is the answer of 28 February 2012 to Ingo Molnar's review of "uprobes/core: handle
breakpoint and signal step exception" (see ``Series.link``). Which patch answers a point stands with
the patch (``Patch.review``); how it is checked in ``checks/review``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A point of the review.

    Attributes:
        ident: R01 to R29.
        point: what was asked for.
        tests: self-tests that show it at run time.
        deviation: where and why the series does something else, "" where it does not.
    """

    ident: str
    point: str
    tests: tuple[str, ...] = ()
    deviation: str = ""


RULES = (
    Rule(
        ident="R01",
        point="say that skipping the single step of NOPs is an optimisation",
        tests=("nop", "hits-nop-10000"),
    ),
    Rule(ident="R02", point="rename trap_no to trap_nr, in a trivial patch in front"),
    Rule(ident="R03", point="parameters in the order of their importance, everywhere the same"),
    Rule(ident="R04", point="indent nested preprocessor lines"),
    Rule(ident="R05", point="is_32bit_app() in asm/compat.h, used where this is asked"),
    Rule(
        ident="R06",
        point="say how this interacts with x32",
        tests=("x32-rip-load", "x32-rip-store", "x32-call-rel32"),
    ),
    Rule(ident="R07", point="no leftovers of the prefix uprobes_"),
    Rule(ident="R08", point="UPROBE_TRAP_NR, at the top of the file"),
    Rule(ident="R09", point="a struct arch_uprobe_task is called autask"),
    Rule(ident="R10", point="no comment out of place in the notifier"),
    Rule(
        ident="R11",
        point="bp or breakpoint, not bkpt",
        deviation="newer kernels say swbp, as eight other architectures do",
    ),
    Rule(
        ident="R12",
        point="two notifiers with symmetrical names",
        deviation="newer kernels have them as uprobe_pre_sstep_notifier() and post",
    ),
    Rule(ident="R13", point="comments are full sentences"),
    Rule(
        ident="R14",
        point="NOPs of every length, the longest included",
        tests=("nop", "nop-66", "nop-0f1f"),
        deviation="NOPs are recognised by decoding, and ip moves past them; "
        "the loop over bytes resumed inside of them",
    ),
    Rule(
        ident="R15",
        point="the comment says which patterns are skipped",
        tests=("nop-0f19", "xchg-eax-eax"),
        deviation="0f 19 and 87 c0 are no NOPs, and are stepped",
    ),
    Rule(ident="R16", point="struct uprobe_task in the style of struct uprobe; vaddr stays in it"),
    Rule(
        ident="R17",
        point="a method-style name instead of get_uprobe_bkpt_addr()",
        deviation="uprobe_get_swbp_addr() where other architectures replace it",
    ),
    Rule(ident="R18", point="a struct uprobe_consumer is called uc"),
    Rule(ident="R19", point="the last sentence about unregistering parses"),
    Rule(
        ident="R20",
        point="explain why uprobe_deny_signal() does not race",
        tests=("sig-timer-xol", "sig-kill-loop"),
    ),
    Rule(ident="R21", point="a struct uprobe is called uprobe"),
    Rule(ident="R22", point="bp_vaddr, not probept"),
    Rule(ident="R23", point="two helpers in uprobe_notify_resume()"),
    Rule(ident="R24", point="inode and offset as variables, the shift in 64 bits"),
    Rule(ident="R25", point="no odd capitals in comments"),
    Rule(
        ident="R26",
        point="a standard cleanup sequence",
        deviation="after a failure before the step nothing is skipped: ip is at the breakpoint",
    ),
    Rule(ident="R27", point="initialisers align"),
    Rule(ident="R28", point="a uprobe_copy_process() callback in copy_process()"),
    Rule(ident="R29", point="preparatory patches in front, every prefix builds"),
)
