# SPDX-License-Identifier: GPL-2.0-only
"""Why no self-test reaches some lines of the series.

The lines have their reason's name in a mark of the template. ``checks.coverage`` finds what the
booted kernel executes: a line without a reason is an error, and so is a reason of a line that is
reached.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Unreached:
    """Why lines are not reached.

    Attributes:
        name: what their marks say.
        reason: why not, a sentence without a full stop.
        sometimes: whether they are reached, or have code, is not certain.
        functions: those of ``CORE`` of which no line is reached; they need no mark.
    """

    name: str
    reason: str
    sometimes: bool = False
    functions: tuple[str, ...] = ()


UNREACHED = (
    Unreached(
        name="hypervisor",
        reason="a hypervisor, or UMIP, has to execute the copy: this kernel has neither",
    ),
    Unreached(
        name="stack-paged-out",
        reason="the page of a stack that another one has followed has to be out of memory",
        sometimes=True,
    ),
    Unreached(
        name="amid-chain",
        reason="a function has to be pending on another stack, amid a chain that is carried along",
    ),
    Unreached(
        name="disk-file-system",
        reason="the guest has no file system on a disk",
        functions=("uprobe_wants_open",),
    ),
    Unreached(
        name="stack-taken-away",
        reason="another thread has to take the stack away between the step and the correction",
        sometimes=True,
    ),
    Unreached(
        name="shadow-stack",
        reason="a shadow stack has to be there, and broken: QEMU has none, the proof has one",
    ),
    Unreached(
        name="shadow-stack-there",
        reason="a shadow stack has to be there: QEMU has none, the proof has one",
        sometimes=True,
    ),
    Unreached(
        name="block-step-fault",
        reason="a copy has to fault while a debugger goes from branch to branch: the proof has it",
    ),
    Unreached(
        name="area-mapped-twice",
        reason="another thread has to map the area at the same time",
        sometimes=True,
    ),
    Unreached(
        name="probe-gone",
        reason="the probe has to go, with all who have it, between the lookup and this line",
        sometimes=True,
    ),
    Unreached(
        name="dies-within-step",
        reason="SIGKILL and exit_group() end a step first: a task dies within one by an oops only",
    ),
    Unreached(
        name="no-other-state",
        reason="a step ends in no other state; `uprobekit states` explores that",
    ),
    Unreached(
        name="always-fixed-up",
        reason="the fixups of x86 do not fail: what cannot be fixed up is executed again",
    ),
    Unreached(
        name="other-layout",
        reason="mappings from the bottom up, or a stack of 127 MiB and more, with addresses that "
        "are not randomised: `layout` of qemu/hunted has them, no self-test does",
    ),
    Unreached(
        name="weak",
        reason="x86 has its own; this one is for other architectures",
        functions=(
            *("arch_uprobe_get_xol_area", "arch_uprobe_trampoline", "arch_uprobe_signal_bp"),
            *("arch_uretprobe_stack", "arch_uretprobe_forget", "arch_uretprobe_is_alive"),
            *("arch_uprobe_insn_len", "arch_uprobe_check_insn", "arch_uprobe_copy_ixol"),
        ),
    ),
)
