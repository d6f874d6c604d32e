# SPDX-License-Identifier: GPL-2.0-only
"""What is run in a kernel beside the self-tests: programs of ``qemu/hunted``, and instructions."""

from __future__ import annotations

HUNTED, CORPUS = "hunted-", "corpus-"
"""How the names of such tests begin, behind that of their ABI."""

PROGRAMS = (
    *("armed-late", "callchain", "counters-mapped-over", "cut-off", "dontneed", "fetch-args"),
    *("file-written", "flags", "full-space", "gate", "handler-return", "int80-in-slots"),
    *("joined-later",),
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

REFUSED_OPCODES = frozenset(
    bytes.fromhex(
        "06 07 0e 16 17 1e 1f 26 27 2e 2f 36 37 3e 3f 60 61 62 6c 6d 6e 6f 82 8e 9a c4 c5"
        "cc cd ce cf d4 d5 d6 e4 e5 e6 e7 ea ec ed ee ef f0 f1 f4 fa fb"
    )
)
REFUSED_PREFIXES = frozenset(bytes.fromhex("26 2e 36 3e f0"))
"""What unmodified kernels refuse: opcodes of one byte, which they look up for those of AVX as well,
and prefixes. It is not in the selection: to find out takes long, and self-tests show it."""
