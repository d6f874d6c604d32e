# SPDX-License-Identifier: GPL-2.0-only
"""What the words of ``Base.has`` mean: the thing in the unmodified tree that each rests on.

A base states its facts; ``uprobekit port`` looks for the things in a tree of an unknown
version, and a test looks for them in the trees of the bases.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.edits import Anchor
from generator.model.files import CORE


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A word of ``Base.has`` and how to see it.

    Attributes:
        ident: the word.
        what: what it means for the templates.
        path: the file of the unmodified tree.
        anchor: the thing that is defined or declared there when the fact holds.
        absent: the fact holds when the file has no such thing.
    """

    ident: str
    what: str
    path: str
    anchor: Anchor
    absent: bool = False


FACTS: tuple[Fact, ...] = (
    Fact(
        ident="tif_ia32",
        what="a task is 32-bit from exec on: TIF_IA32",
        path="arch/x86/include/asm/thread_info.h",
        anchor=Anchor(kind="macro", name="TIF_IA32"),
    ),
    Fact(
        ident="insn_init",
        what="there is no insn_decode(): instructions are decoded without a limit and an error",
        path="arch/x86/include/asm/insn.h",
        anchor=Anchor(kind="declaration", name="insn_decode"),
        absent=True,
    ),
    Fact(
        ident="no_uprobes",
        what="there are no uprobes: the baseline brings what they rest on",
        path="include/linux/mm_types.h",
        anchor=Anchor(kind="member", name="uprobes_state", within="mm_struct"),
        absent=True,
    ),
    Fact(
        ident="lacks_helpers",
        what="small functions of later kernels are missing: the C brings its own",
        path="include/linux/bitops.h",
        anchor=Anchor(kind="function", name="sign_extend64"),
        absent=True,
    ),
    Fact(
        ident="vma_list",
        what="the mappings of a process are a list",
        path="include/linux/mm_types.h",
        anchor=Anchor(kind="member", name="mmap", within="mm_struct"),
    ),
    Fact(
        ident="special_pages",
        what="a special mapping is an array of pages, it has no fault handler",
        path="include/linux/mm_types.h",
        anchor=Anchor(kind="member", name="fault", within="vm_special_mapping"),
        absent=True,
    ),
    Fact(
        ident="uprobe_rcu",
        what="probes are looked up under RCU tasks trace, without a reference",
        path=CORE,
        anchor=Anchor(kind="function", name="find_uprobe_rcu"),
    ),
    Fact(
        ident="uprobe_warn",
        what="registering warns through uprobe_warn(): it stays in the baseline",
        path=CORE,
        anchor=Anchor(kind="function", name="uprobe_unregister_nosync"),
    ),
    Fact(
        ident="uretprobe_syscall",
        what="return probes leave their trampoline by a system call",
        path="include/linux/syscalls.h",
        anchor=Anchor(kind="declaration", name="sys_uretprobe"),
    ),
    Fact(
        ident="moves_unarmed",
        what="mremap() arms nothing when it joins the mapping it moves to with a neighbour",
        path="mm/vma.h",
        anchor=Anchor(kind="member", name="skip_vma_uprobe", within="vma_merge_struct"),
    ),
    Fact(
        ident="rseq",
        what="restartable sequences: preemption and signals move the instruction pointer",
        path="kernel/rseq.c",
        anchor=Anchor(kind="function", name="rseq_ip_fixup"),
    ),
    Fact(
        ident="shstk",
        what="user shadow stacks: a return probe changes the last frame there as well",
        path="arch/x86/include/asm/shstk.h",
        anchor=Anchor(kind="declaration", name="shstk_update_last_frame"),
    ),
)
