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
        ident="func_entry",
        what="the architecture tells whether a probe is where a function begins",
        path="arch/x86/include/asm/uprobes.h",
        anchor=Anchor(kind="declaration", name="is_uprobe_at_func_entry"),
    ),
    Fact(
        ident="consumer_data",
        what="consumers have data of their own from the call to the return",
        path="include/linux/uprobes.h",
        anchor=Anchor(kind="struct", name="return_consumer"),
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
        ident="die_panic_notifier",
        what="tracing looks at every exception, ahead of uprobes",
        path="kernel/trace/trace.c",
        anchor=Anchor(kind="function", name="trace_die_panic_handler"),
    ),
    Fact(
        ident="moves_unarmed",
        what="mremap() arms nothing when it joins the mapping it moves to with a neighbour",
        path="mm/vma.h",
        anchor=Anchor(kind="member", name="skip_vma_uprobe", within="vma_merge_struct"),
    ),
    Fact(
        ident="trap_as_task",
        what="whether a breakpoint is the task's own is read as the task may read: by its keys",
        path=CORE,
        anchor=Anchor(kind="line", name="result = get_user_pages(vaddr, 1, FOLL_FORCE, &page);"),
    ),
    Fact(
        ident="rseq",
        what="restartable sequences: preemption and signals move the instruction pointer",
        path="include/uapi/linux/rseq.h",
        anchor=Anchor(kind="struct", name="rseq"),
    ),
    Fact(
        ident="rseq_flag",
        what="preemption in a restartable sequence sets a flag of its own, TIF_RSEQ",
        path="include/asm-generic/thread_info_tif.h",
        anchor=Anchor(kind="macro", name="TIF_RSEQ"),
    ),
    Fact(
        ident="nop_call",
        what="a NOP of five bytes becomes a call of a trampoline, which makes a system call",
        path=CORE,
        anchor=Anchor(kind="function", name="handle_syscall_uprobe"),
    ),
    Fact(
        ident="event_siblings",
        what="an event of tracefs can have several probes",
        path="kernel/trace/trace_probe.h",
        anchor=Anchor(kind="function", name="trace_probe_has_sibling"),
    ),
    Fact(
        ident="shstk",
        what="user shadow stacks: a return probe changes the last frame there as well",
        path="arch/x86/include/asm/shstk.h",
        anchor=Anchor(kind="declaration", name="shstk_update_last_frame"),
    ),
)
