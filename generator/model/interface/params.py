# SPDX-License-Identifier: GPL-2.0-only
"""Parameters that several functions have; what one has alone stands with the function."""

from __future__ import annotations

from generator.model.decl import Param

PROBED = Param("struct arch_uprobe *", "auprobe", "the probed instruction")
USER_REGS = Param("struct pt_regs *", "regs", "the user registers of the current task")
TASK = Param("struct task_struct *", "t")
REGS = Param("struct pt_regs *", "regs")
MM = Param("struct mm_struct *", "mm")
AUPROBE = Param("struct arch_uprobe *", "auprobe")
VMA = Param("struct vm_area_struct *", "vma")
MACHINE = Param("u16", "machine")
