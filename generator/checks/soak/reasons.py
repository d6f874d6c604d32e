# SPDX-License-Identifier: GPL-2.0-only
"""Which faults of docs/catalogue.md a program can meet on an unmodified kernel, by its places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from iced_x86 import Decoder, OpKind, Register

from generator.checks.soak.pack import Load

_BRANCHES = frozenset({0xE8, 0xE9, 0xEB, *range(0x70, 0x80)})
"""One-byte opcodes of calls, jumps and conditional jumps (SDM volume 2D, A.3)."""

_CLASS = 4
"""Offset in an ELF file of its class: 2 is that of 64-bit code (elf(5), EI_CLASS)."""

_LONGEST = 15


def base_reason(load: Load, files: Iterable[str], rounds: Iterable[str]) -> str:
    """Return which faults of the catalogue are met in some rounds; "" if none is known.

    Args:
        load: has the places and the files.
        files: of the program, paths in the guest.
        rounds: whose places are armed.
    """
    counts = dict.fromkeys(_FAULTS, 0)
    armed = tuple(rounds)
    for file in files:
        path = load.files.get(file)
        data = path.read_bytes() if path and path.is_file() else b""
        wide = data[_CLASS : _CLASS + 1] == b"\2"
        for offset in (place for name in armed for place in load.sites[name].get(file, ())):
            for fault, (meets, _) in _FAULTS.items():
                counts[fault] += meets(data[offset : offset + _LONGEST], wide)
    return "; ".join(
        f"{fault}: {count} {_FAULTS[fault][1]}" for fault, count in counts.items() if count
    )


def taken_for_branch(code: bytes, wide: bool) -> bool:
    """Say whether an instruction's opcode is that of a branch if its VEX prefix is not looked at.

    Args:
        code: its first bytes.
        wide: of 64-bit code; elsewhere c4 and c5 are other instructions with a memory operand.
    """
    if len(code) < 5 or code[0] not in (0xC4, 0xC5) or not (wide or code[1] >= 0xC0):
        return False
    return code[3 if code[0] == 0xC4 else 2] in _BRANCHES


def taken_for_relative(code: bytes, wide: bool) -> bool:
    """Say whether 32-bit code has an address alone where 64-bit code has one relative to rip.

    Args:
        code: the instruction's first bytes.
        wide: of 64-bit code, which is what it is taken for.
    """
    if wide or not code:
        return False
    insn = Decoder(32, code).decode()
    kinds = {insn.op_kind(number) for number in range(insn.op_count)}
    plain = insn.memory_base == insn.memory_index == Register.NONE
    # mov between the accumulator and an address (a0 to a3) has no ModRM byte
    return OpKind.MEMORY in kinds and plain and code[0] & 0xFC != 0xA0


_FAULTS: Mapping[str, tuple[Callable[[bytes, bool], bool], str]] = {
    "vex-as-branch": (
        taken_for_branch,
        "AVX instructions are emulated as the branch of their opcode",
    ),
    "other-mode": (taken_for_relative, "addresses of 32-bit code are taken for relative ones"),
}
"""By entry of the catalogue: whether an instruction meets it, and what becomes of those that do."""
