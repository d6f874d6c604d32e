# SPDX-License-Identifier: GPL-2.0-only
"""Which releases were run, and what was seen: from the logs, by test_catalogue.py."""

from __future__ import annotations

from collections.abc import Mapping

AFFECTED: Mapping[str, tuple[str, ...]] = {
    "alignment-check": ("7.2.13",),
    "errno-524": ("7.2.13",),
    "far-in-slot": ("7.2.13",),
    "fault-trap-number": ("7.2.13",),
    "gain-endbr": ("7.2.13",),
    "gain-load": ("7.2.13",),
    "gain-return": ("7.2.13",),
    "int3-trap-number": ("7.2.13",),
    "int3-two-bytes": ("7.2.13",),
    "int3-unreadable": ("7.2.13",),
    "jmp-operand-size": ("7.2.13",),
    "left-step": ("7.2.13",),
    "moved-not-armed": ("7.2.13",),
    "other-mode": ("7.2.13",),
    "pushf": ("7.2.13",),
    "refused-lock": ("7.2.13",),
    "refused-prefix": ("7.2.13",),
    "refused-vex": ("7.2.13",),
    "return-by-syscall": ("7.2.13",),
    "return-lost": ("7.2.13",),
    "return-moved-stack": ("7.2.13",),
    "return-other-stack": ("7.2.13",),
    "rseq-lost-update": ("7.2.13",),
    "semaphore-leak": ("7.2.13",),
    "signals-wait": ("7.2.13",),
    "silent-refusal": ("7.2.13",),
    "slot-tail": ("7.2.13",),
    "stale-instruction": ("7.2.13",),
    "step-dr6": ("7.2.13",),
    "step-sicode": ("7.2.13",),
    "step-warns": ("7.2.13",),
    "syscall-in-slot": ("7.2.13",),
    "vex-as-branch": ("7.2.13",),
}

UNAFFECTED: Mapping[str, tuple[str, ...]] = {
    "freezer": ("7.2.13",),
    "gain-nop": ("7.2.13",),
    "gain-push": ("7.2.13",),
    "kernel-complains": ("7.2.13",),
    "kernel-dies": ("7.2.13",),
    "move-corrupts-mm": ("7.2.13",),
    "xchg-as-nop": ("7.2.13",),
}
