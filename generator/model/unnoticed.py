# SPDX-License-Identifier: GPL-2.0-only
"""Faults that nothing notices, and why that is right; what is not here is a hole in the proof.

A fault of a whole statement is known by a mark of the template. One that changes a token or two is
known by its function and what reports say of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Unnoticed:
    """Why nothing notices that something happens to a statement.

    Attributes:
        name: what the marks of the statement say.
        kind: of the fault, as ``checks.mutation.syntax`` calls it.
        reason: why not, without a full stop.
    """

    name: str
    kind: str
    reason: str


_WEAK = "not in the kernel: x86 has its own, which knows 32-bit programs"
_LEAK = "memory is lost: the kernel with kmemleak notices, of make qemu-test-debug"
_ONE_SIZE = "the same: only what extends its source has one of another size"

UNNOTICED = (
    Unnoticed(
        name="return-unread",
        kind="exit lost",
        reason="the same: where the return address cannot be read it cannot be written, and "
        "writing it is what comes next and fails",
    ),
    Unnoticed(name="weak-area", kind="result replaced", reason=_WEAK),
    Unnoticed(name="weak-copy", kind="call lost", reason=_WEAK),
    Unnoticed(name="area-kept", kind="call lost", reason=_LEAK),
    Unnoticed(
        name="no-page",
        kind="result replaced",
        reason="when the allocation of a page fails: no test makes memory short at this very "
        "moment",
    ),
    Unnoticed(
        name="slot-warning",
        kind="call lost",
        reason="a message for who reads the kernel's log, which no test does",
    ),
    Unnoticed(
        name="vex-operands",
        kind="exit lost",
        reason="the same on 6.1 and 6.12: behind VEX their decoders refuse what they do not know, "
        "and 0f 77 alone has no ModRM byte",
    ),
    Unnoticed(
        name="rex2",
        kind="exit lost",
        reason="the same on 6.1, whose decoder knows no REX2; on 6.12 the proof notices it",
    ),
)

TOKENS: dict[tuple[str, str], str] = {
    ("handler_chain", "0 -> 1"): (
        "for a consumer without a handler: in 6.1 trace events always set one, and perf and BPF "
        "are behind them"
    ),
    ("arch_uprobe_get_xol_area", "0 -> 1"): _WEAK,
    ("uprobe_emulate_alu", "op->size -> op->src_size"): _ONE_SIZE,
    ("uprobe_emulate_cmov", "op->size -> op->src_size"): _ONE_SIZE,
    ("uprobe_emulate_pop", "op->size -> op->src_size"): _ONE_SIZE,
    ("uprobe_emulate_push", "op->size -> op->src_size"): _ONE_SIZE,
    ("uprobe_emulation_is_certain", "UPROBE_OP_RET -> UPROBE_OP_JMP"): (
        "the same effect: repz ret is stepped, a jump with a prefix that it ignores is emulated"
    ),
    ("arch_uprobe_exception_notify", "NOTIFY_DONE -> NOTIFY_STOP"): (
        "for an exception in the kernel: kprobes and perf's watchpoints come first, and behind is "
        "kgdb, which no kernel here has"
    ),
    ("uprobe_replace_user", "2 -> 3"): (
        "the same effect: eight bytes are compared in place of two, and where these are equal the "
        "six others are zeros and stay so; else the instruction is stepped"
    ),
}
"""Function and change, as a report shows them, and the reason."""
