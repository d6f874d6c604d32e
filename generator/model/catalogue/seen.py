# SPDX-License-Identifier: GPL-2.0-only
"""Which releases were run, and what was seen: from the logs, by test_catalogue.py."""

from __future__ import annotations

from collections.abc import Mapping

AFFECTED: Mapping[str, tuple[str, ...]] = {
    "alignment-check": ("5.10.223", "6.12.117", "7.2.13"),
    "errno-524": ("5.10.223", "6.12.117", "7.2.13"),
    "far-in-slot": ("5.10.223", "6.12.117", "7.2.13"),
    "fault-trap-number": ("5.10.223", "6.12.117", "7.2.13"),
    "freezer": ("5.10.223", "6.12.117"),
    "gain-endbr": ("5.10.223", "6.12.117", "7.2.13"),
    "gain-load": ("5.10.223", "6.12.117", "7.2.13"),
    "gain-return": ("5.10.223", "6.12.117", "7.2.13"),
    "int3-trap-number": ("5.10.223", "6.12.117", "7.2.13"),
    "int3-two-bytes": ("5.10.223", "6.12.117", "7.2.13"),
    "int3-unreadable": ("6.12.117", "7.2.13"),
    "jmp-operand-size": ("7.2.13",),
    "left-step": ("5.10.223", "6.12.117", "7.2.13"),
    "move-corrupts-mm": ("5.10.223",),
    "moved-not-armed": ("5.10.223", "6.12.117", "7.2.13"),
    "no-slot-32": ("5.10.223",),
    "other-mode": ("5.10.223", "6.12.117", "7.2.13"),
    "pushf": ("5.10.223", "6.12.117", "7.2.13"),
    "refused-lock": ("5.10.223", "6.12.117", "7.2.13"),
    "refused-prefix": ("5.10.223", "6.12.117", "7.2.13"),
    "refused-vex": ("5.10.223", "6.12.117", "7.2.13"),
    "return-by-syscall": ("6.12.117", "7.2.13"),
    "return-lost": ("5.10.223", "6.12.117", "7.2.13"),
    "return-moved-stack": ("5.10.223", "6.12.117", "7.2.13"),
    "return-other-stack": ("5.10.223", "6.12.117", "7.2.13"),
    "rseq-lost-update": ("5.10.223", "6.12.117", "7.2.13"),
    "semaphore-leak": ("5.10.223", "6.12.117", "7.2.13"),
    "signals-wait": ("5.10.223", "6.12.117", "7.2.13"),
    "silent-refusal": ("5.10.223", "6.12.117", "7.2.13"),
    "slot-tail": ("5.10.223", "6.12.117", "7.2.13"),
    "stale-instruction": ("5.10.223", "6.12.117", "7.2.13"),
    "step-dr6": ("5.10.223", "6.12.117", "7.2.13"),
    "step-sicode": ("5.10.223", "6.12.117", "7.2.13"),
    "step-warns": ("5.10.223", "6.12.117", "7.2.13"),
    "syscall-in-slot": ("5.10.223", "6.12.117", "7.2.13"),
    "vex-as-branch": ("5.10.223", "6.12.117", "7.2.13"),
    "xchg-as-nop": ("5.10.223", "6.12.117"),
}

UNAFFECTED: Mapping[str, tuple[str, ...]] = {
    "freezer": ("7.2.13",),
    "gain-nop": ("5.10.223", "6.12.117", "7.2.13"),
    "gain-push": ("5.10.223", "6.12.117", "7.2.13"),
    "int3-unreadable": ("5.10.223",),
    "jmp-operand-size": ("5.10.223", "6.12.117"),
    "kernel-complains": ("5.10.223", "6.12.117", "7.2.13"),
    "kernel-dies": ("5.10.223", "6.12.117", "7.2.13"),
    "move-corrupts-mm": ("6.12.117", "7.2.13"),
    "no-slot-32": ("6.12.117", "7.2.13"),
    "return-by-syscall": ("5.10.223",),
    "xchg-as-nop": ("7.2.13",),
}
