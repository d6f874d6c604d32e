# SPDX-License-Identifier: GPL-2.0-only
"""Pending returns of functions, and the trampoline that they come to."""

from __future__ import annotations

from generator.model.decl import Function, Param, When
from generator.model.files import CORE_H
from generator.model.interface.params import REGS, RI, UPROBE, UTASK

RETURN_FUNCTIONS = (
    Function(
        name="uprobe_get_trampoline_vaddr",
        returns="unsigned long",
        doc=(
            "Return the address of the uretprobe trampoline in the current mm: it is the first XOL "
            "slot. Safe in NMI context.",
        ),
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="uprobe_is_trampoline",
        returns="bool",
        params=(Param("unsigned long", "vaddr"),),
        doc=(
            (
                "Tell whether functions return to an address by way of the trampoline",
                When(
                    fact="uretprobe_syscall",
                    then=": to its code, or to the breakpoint after it",
                ),
                ". This can be called from an NMI.",
            ),
        ),
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="find_return_instance",
        returns="struct return_instance *",
        params=(UTASK, Param("unsigned long", "stack")),
        storage="static",
        doc=(
            "Return the newest pending return whose return address is at @stack, or NULL. Older "
            "ones are returns of the same chain, or have been left by longjmp().",
        ),
        patch="return",
    ),
    Function(
        name="find_returned",
        returns="struct return_instance *",
        params=(UTASK, REGS),
        storage="static",
        doc=(
            "Return what is known about the function that has come to the trampoline, or NULL. "
            "The stack pointer tells where its return address was, whatever else is pending: "
            "functions on other stacks (coroutines, alternate signal stacks), or those that "
            "longjmp() has left.",
        ),
        patch="return",
    ),
    Function(
        name="take_return_chain",
        returns="struct return_instance *",
        params=(UTASK, Param("unsigned long", "stack")),
        storage="static",
        doc=(
            "Take the newest chain whose return address is at @stack out of the list and return "
            "it. Functions that were entered by a jump from another one, with the same return "
            "address on the stack, return at once: they make a chain. Returns on other stacks may "
            "lie between its members. An NMI may walk the list meanwhile.",
        ),
        patch="return",
    ),
    Function(
        name="move_return_chain",
        returns="struct return_instance *",
        params=(UTASK, Param("unsigned long", "stack")),
        storage="static",
        doc=(
            "Note that a function has moved its return address to @stack, by as much as arguments "
            "take, before it jumped to another one. It is the nearest: longjmp() may have left "
            "what was called later. If none is near, a stack was moved, and it was called last. "
            "Return it, or NULL when none is pending.",
        ),
        patch="return",
    ),
    Function(
        name="make_room_for_return",
        returns="bool",
        params=(UTASK, REGS),
        storage="static",
        doc=(
            "Forget pending returns that will not be made, or need not be noticed, now that the "
            "list is full. Return false when it still is. After a look without a result there is "
            "none until a function has returned.",
        ),
        patch="return",
    ),
    Function(
        name="sessions_of",
        returns="struct return_sessions *",
        params=(RI,),
        storage="static",
        doc=("Return what @ri is the first member of.",),
        needs="consumer_data",
        patch="return",
    ),
    Function(
        name="keep_session",
        returns="struct return_sessions *",
        params=(
            Param("struct return_sessions *", "old"),
            Param("struct uprobe_consumer *", "uc"),
            Param("u64", "cookie"),
        ),
        storage="static",
        doc=(
            "Note that @uc wants the return of the call that it has seen, together with what its "
            "handler has left in @cookie. @old is what the consumers before it want, NULL for the "
            "first; it is freed when there is no memory, and the return is not probed then.",
        ),
        needs="consumer_data",
        patch="return",
    ),
    Function(
        name="find_session",
        returns="struct return_session *",
        params=(RI, Param("struct uprobe_consumer *", "uc")),
        storage="static",
        doc=("Return what @uc has left for the return @ri, NULL if it has not seen the call.",),
        needs="consumer_data",
        patch="return",
    ),
    Function(
        name="prepare_uretprobe",
        returns="void",
        params=(UPROBE, REGS),
        storage="static",
        doc=(
            "Hijack the return address at the entry of a function, and queue a return instance. On "
            "failure the return is not reported; the program is not affected.",
        ),
        patch="return",
    ),
    Function(
        name="handle_uretprobe_chain",
        returns="void",
        params=(RI, REGS),
        storage="static",
        doc=("Call the return handlers of all consumers of the uprobe.",),
        patch="return",
    ),
    Function(
        name="uprobe_handle_trampoline",
        returns="void",
        params=(REGS,),
        doc=(
            "Handle the return of probed functions: the task has reached the trampoline. Call the "
            "return handlers and move the task on to the original return address.",
        ),
        header=CORE_H,
        patch="return",
    ),
)
