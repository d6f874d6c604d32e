# SPDX-License-Identifier: GPL-2.0-only
"""What is run in a kernel beside the self-tests: programs of ``qemu/hunted``, and instructions."""

from __future__ import annotations

HUNTED, CORPUS = "hunted-", "corpus-"
"""How the names of such tests begin, behind that of their ABI."""

PROGRAMS = (
    *("armed-late", "callchain", "counters-mapped-over", "cut-off", "dontneed", "fetch-args"),
    *("file-written", "flags", "full-space", "gate", "handler-return", "int80-in-slots"),
    *("ldt-data", "ldt-stack-return", "leave-and-fork", "leave-and-return", "limits", "mdwe"),
    *("mapped-over", "mixed-stacks", "mremap-exchange", "mremap-keeps", "noncanonical"),
    *("overflow", "own-int3-armed", "own-int3-there", "personality", "remap-shared", "semaphores"),
    *("sigbus", "stack-grows", "stack-moved", "stack-swapped", "stdcall", "strict-seccomp"),
    *("tf-sigreturn", "tf-walk", "tls", "tracer-denies", "umip", "unmapped-first", "vfork-fails"),
    *("vsyscall", "writable-code"),
)
"""Those that end alike however fast the machine is and whoever runs first, and leave a kernel as it
was. Not here are races, storms, what takes its time, and ``deleted-pair``, of which kernels die
later: ``arm-delete-busy`` shows that."""

INSTRUCTIONS, SEED = 2000, 1
"""A selection of the corpus, of code of both modes: how many are asked for, and what chooses."""
