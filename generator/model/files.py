# SPDX-License-Identifier: GPL-2.0-only
"""Where uprobes is in a kernel tree: the same files from 3.3 to today."""

from __future__ import annotations

CORE = "kernel/events/uprobes.c"
CORE_H = "include/linux/uprobes.h"
ARCH = "arch/x86/kernel/uprobes.c"
ARCH_CALL = "arch/x86/kernel/uprobes_call.c"
ARCH_H = "arch/x86/include/asm/uprobes.h"
TRACE = "kernel/trace/trace_uprobe.c"
COMPAT_H = "arch/x86/include/asm/compat.h"
MREMAP = "mm/mremap.c"
