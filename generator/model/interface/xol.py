# SPDX-License-Identifier: GPL-2.0-only
"""Execution out of line: the area of a process, and its slots."""

from __future__ import annotations

from generator.model.decl import Function, Param
from generator.model.files import CORE_H
from generator.model.interface.params import AREA, MM, UPROBE, UTASK

XOL_FUNCTIONS = (
    Function(
        name="uprobe_reset_state",
        returns="void",
        params=(MM,),
        doc=(
            "Initialise the uprobe state of a new mm_struct. After fork() it is a copy of the "
            "parent's, whose XOL area is not mapped here.",
        ),
        header=CORE_H,
        stub="",
        patch="xol",
    ),
    Function(
        name="uprobe_clear_state",
        returns="void",
        params=(MM,),
        doc=("Free the XOL area of an mm_struct that has no more users.",),
        header=CORE_H,
        stub="",
        needs="no_uprobes",
        patch="xol",
    ),
    Function(
        name="xol_fault",
        returns="vm_fault_t",
        params=(
            Param("const struct vm_special_mapping *", "sm"),
            Param("struct vm_area_struct *", "vma"),
            Param("struct vm_fault *", "vmf"),
        ),
        storage="static",
        doc=("Map the page of the XOL area on first access.",),
        unless="special_pages",
        patch="xol",
    ),
    Function(
        name="xol_mremap",
        returns="int",
        params=(
            Param("const struct vm_special_mapping *", "sm"),
            Param("struct vm_area_struct *", "new_vma"),
        ),
        storage="static",
        doc=("Keep the area where it is: slots are found by its address.",),
        unless="special_pages",
        patch="xol",
    ),
    Function(
        name="xol_alloc_area",
        returns="struct xol_area *",
        storage="static",
        doc=(
            "Allocate an XOL area and fill it with breakpoint instructions: a task that runs "
            "past the copy of an instruction traps.",
            "Return: the area, or NULL if out of memory.",
        ),
        patch="xol",
    ),
    Function(
        name="xol_free_area",
        returns="void",
        params=(AREA,),
        storage="static",
        doc=("Free an XOL area that is not mapped any more; NULL is fine.",),
        patch="xol",
    ),
    Function(
        name="xol_map_area",
        returns="int",
        params=(MM, AREA),
        storage="static",
        doc=(
            "Map the XOL area into @mm.",
            "Context: mmap_lock held for write.",
            "Return: 0 on success, -EALREADY if another thread has mapped an area first, or an "
            "error of the mapping.",
        ),
        patch="xol",
    ),
    Function(
        name="xol_create_area",
        returns="void",
        params=(MM,),
        storage="static noinline",
        doc=("Allocate and map an XOL area for the current mm: once, so get_xol_area() calls it.",),
        patch="xol",
    ),
    Function(
        name="xol_dup_area",
        returns="void",
        params=(MM,),
        storage="static",
        doc=(
            "Give the mm of a forked child an XOL area at the parent's address: the return "
            "addresses that were replaced on its copy of the stack point there. If that fails, "
            "the child gets SIGSEGV on return.",
        ),
        patch="return",
    ),
    Function(
        name="get_xol_area",
        returns="struct xol_area *",
        storage="static",
        doc=(
            "Return the XOL area of the current mm, allocated on first use, or NULL if there "
            "is no memory or no free address range.",
        ),
        patch="xol",
    ),
    Function(
        name="xol_try_slot",
        returns="bool",
        params=(AREA, Param("unsigned long *", "slot")),
        storage="static",
        doc=("Allocate a free slot, if there is one.",),
        patch="xol",
    ),
    Function(
        name="xol_get_insn_slot",
        returns="unsigned long",
        params=(UPROBE,),
        storage="static",
        doc=(
            "Allocate an XOL slot and copy the instruction into it. Sleep while all slots are "
            "in use.",
            "Return: the address of the slot, or 0 if there is no area, or if the task got "
            "SIGKILL while waiting.",
        ),
        patch="xol",
    ),
    Function(
        name="xol_free_insn_slot",
        returns="void",
        params=(UTASK, MM),
        storage="static",
        doc=("Free the XOL slot of @utask, if it has one.",),
        patch="xol",
    ),
)
