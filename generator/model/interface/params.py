# SPDX-License-Identifier: GPL-2.0-only
"""Parameters that several functions have; what one has alone stands with the function."""

from __future__ import annotations

from generator.model.decl import Param

PROBED = Param("struct arch_uprobe *", "auprobe", "the probed instruction")
USER_REGS = Param("struct pt_regs *", "regs", "the user registers of the current task")
PROBED_MM = Param("struct mm_struct *", "mm", "the address space that is probed")
TASK = Param("struct task_struct *", "t")
REGS = Param("struct pt_regs *", "regs")
MM = Param("struct mm_struct *", "mm")
UPROBE = Param("struct uprobe *", "uprobe")
UTASK = Param("struct uprobe_task *", "utask")
AREA = Param("struct xol_area *", "area")
INSN = Param("struct insn *", "insn")
IXOL = Param("u8 *", "ixol")
RI = Param("struct return_instance *", "ri")
AUPROBE = Param("struct arch_uprobe *", "auprobe")
OP = Param("struct uprobe_operation *", "op")
PLACE = Param("u8", "place")
SIZE = Param("u8", "size")
USER = Param("unsigned long", "addr")
VALUE = Param("unsigned long", "value")
TO = Param("unsigned long *", "value")
MACHINE = Param("u16", "machine")
MODE = Param("struct arch_uprobe_mode *", "mode")
CONST_MODE = Param("const struct arch_uprobe_mode *", "mode")
INODE = Param("struct inode *", "inode")
OFFSET = Param("loff_t", "offset")
CONST_REGS = Param("const struct pt_regs *", "regs")
