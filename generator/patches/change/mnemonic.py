# SPDX-License-Identifier: GPL-2.0-only
"""What people call an opcode: the mnemonics that a decoder knows for it, beside its bytes."""

from __future__ import annotations

import re

_NAME = re.compile(r"(?:(?P<vex>vex) )?(?P<bytes>(?:[0-9a-f]{2} ?)+)(?:/(?P<reg>[0-7]))?")
_LONGEST = 15
_SHOWN = 3


def name_opcode(name: str) -> str:
    """Return ``0f 05`` as ``0f 05 (syscall)``; a name that is none, or says nothing, as it is.

    Args:
        name: as in ``Facts.opcodes``: ``0f 1f``, ``ff /2``, ``vex 0f 10``.
    """
    match = _NAME.fullmatch(name)
    if not match or match["vex"]:
        return name
    code = bytes.fromhex(match["bytes"])
    regs = [int(match["reg"])] if match["reg"] else list(range(8))
    found = dict.fromkeys(
        word
        for reg in regs
        for form in (0xC0, 0x00)
        if (word := _decode(code + bytes([form | reg << 3])))
    )
    if not found:
        return name
    words = list(found)[:_SHOWN] + (["..."] if len(found) > _SHOWN else [])
    return f"{name.strip()} ({' '.join(words)})"


def _decode(code: bytes) -> str:
    """Return the mnemonic of an instruction in 64-bit code; "" where there is none."""
    # an import of 50 ms, for what few comparisons have
    from iced_x86 import Decoder, FormatMnemonicOptions, Formatter, FormatterSyntax

    instruction = Decoder(64, code.ljust(_LONGEST, b"\0")).decode()
    if instruction.is_invalid:
        return ""
    options = FormatMnemonicOptions.NO_PREFIXES
    return str(Formatter(FormatterSyntax.GAS).format_mnemonic(instruction, options))
