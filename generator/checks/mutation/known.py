# SPDX-License-Identifier: GPL-2.0-only
"""Faults that nothing notices, and why that is right; what is not here is a hole in the proof."""

from __future__ import annotations

from generator.checks.mutation.fault import AnyFault
from generator.checks.mutation.hand import RenderedFault

_WEAK = "not in the kernel: x86 has its own, for 32-bit programs"
_LEAK = "memory is lost: the kernel with kmemleak notices, of make qemu-test-debug"
_ONE_SIZE = "the same: only what extends its source has one of another size"

# function and change, as a report shows them, and the reason
_EXPLAINED: dict[tuple[str, str], str] = {
    ("handler_chain", "0 -> 1"): (
        "for a consumer without a handler: in 6.1 trace events always set one, and perf and BPF "
        "are behind them"
    ),
    ("arch_uretprobe_hijack_return_addr", "return -1 -> do { } while (0)"): (
        "the same: where the return address cannot be read it cannot be written, and writing it is "
        "what comes next and fails"
    ),
    (
        "arch_uprobe_get_xol_area",
        "return get_unmapped_area(NULL, TASK_SIZE - PAGE_SIZE, PAGE_SIZE, 0, 0) -> return 0",
    ): _WEAK,
    ("arch_uprobe_get_xol_area", "0 -> 1"): _WEAK,
    ("uprobe_emulate_alu", "op->size -> op->src_size"): _ONE_SIZE,
    ("uprobe_emulate_cmov", "op->size -> op->src_size"): _ONE_SIZE,
    ("uprobe_emulate_pop", "op->size -> op->src_size"): _ONE_SIZE,
    ("uprobe_emulate_push", "op->size -> op->src_size"): _ONE_SIZE,
    ("xol_free_area", "kfree(area) -> nothing"): _LEAK,
    ("xol_create_area", "xol_free_area(area) -> do { } while (0)"): _LEAK,
    ("uprobe_emulation_is_certain", "UPROBE_OP_RET -> UPROBE_OP_JMP"): (
        "the same effect: repz ret is stepped, a jump with a prefix that it ignores is emulated"
    ),
    (
        "pre_ssout",
        'uprobe_warn(current, "get a slot for an instruction") -> do { } while (0)',
    ): "a message for who reads the kernel's log, which no test does",
    (
        "uprobe_insn_lacks_operands",
        "return !insn->modrm.nbytes && (insn_vex_m_bits(insn) != 1 || opcode[0] != 0x77) -> "
        "do { } while (0)",
    ): (
        "the same on 6.1 and 6.12: behind VEX their decoders refuse what they do not know, and 0f "
        "77 alone has no ModRM byte"
    ),
    ("arch_uprobe_exception_notify", "NOTIFY_DONE -> NOTIFY_STOP"): (
        "for an exception in the kernel: kprobes and perf's watchpoints come first, and behind is "
        "kgdb, which no kernel here has"
    ),
    ("uprobe_table_fixups", "return 0 -> do { } while (0)"): (
        "the same on 6.1, whose decoder knows no REX2; on 6.12 the proof notices it"
    ),
    ("uprobe_replace_user", "2 -> 3"): (
        "the same effect: eight bytes are compared in place of two, and where these are equal the "
        "six others are zeros and stay so; else the instruction is stepped"
    ),
    ("xol_alloc_area", "return NULL -> return (void *)1UL"): (
        "when the allocation of a page fails: no test makes memory short at this very moment"
    ),
}


def explain_survivor(fault: AnyFault) -> str:
    """Return why nothing notices a fault, "" when that is not known.

    A fault written by hand has its reason in its own file.
    """
    if isinstance(fault, RenderedFault):
        return fault.reason
    return _EXPLAINED.get((fault.function, fault.said), "")
