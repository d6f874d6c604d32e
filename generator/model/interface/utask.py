# SPDX-License-Identifier: GPL-2.0-only
"""The life of a uprobe_task."""

from __future__ import annotations

from generator.model.decl import Function, Param, When
from generator.model.files import CORE_H
from generator.model.interface.params import RI, TASK, UTASK

UTASK_FUNCTIONS = (
    Function(
        name="uprobe_free_utask",
        returns="void",
        params=(TASK,),
        doc=(
            "Free the uprobe_task of a task that exits or calls execve(). A step in progress "
            "is cancelled.",
        ),
        header=CORE_H,
        stub="",
        patch="utask",
    ),
    Function(
        name="uprobe_copy_process",
        returns="void",
        params=(TASK, Param("unsigned long", "flags", patch="return")),
        doc=(
            (
                "Initialise the uprobe state of a new task. Its task_struct is a copy of the "
                "parent's, but it is not in the middle of a step.",
                When(
                    patch="return",
                    then=" If it got a copy of the stack, or shares it after vfork(), it also gets "
                    "a copy of the pending return instances.",
                ),
            ),
        ),
        header=CORE_H,
        stub="",
        patch="utask",
    ),
    Function(
        name="alloc_return_instance",
        returns="struct return_instance *",
        params=(UTASK,),
        storage="static",
        doc=("Take a return instance that was put aside, or allocate one. Nothing in it is set.",),
        patch="return",
    ),
    Function(
        name="free_return_instance",
        returns="struct return_instance *",
        params=(UTASK, RI),
        storage="static",
        doc=("Put @ri aside for the next return, and return the next older return instance.",),
        patch="return",
    ),
    Function(
        name="free_return_chain",
        returns="void",
        params=(UTASK, RI),
        storage="static",
        doc=("Free returns that have left the list, or whose list is not visible to others.",),
        patch="return",
    ),
    Function(
        name="dup_return_instances",
        returns="int",
        params=(UTASK,),
        storage="static",
        doc=("Copy the pending return instances of the current task to @utask.",),
        patch="return",
    ),
)
