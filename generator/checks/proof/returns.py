# SPDX-License-Identifier: GPL-2.0-only
"""Return probes in both modes: which word of the stack is replaced, and where it was afterwards.

A return address has 8 bytes in 64-bit code and 4 in 32-bit code, whatever the kernel is (SDM volume
1, 6.4.1); `ret` leaves the stack pointer above it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

from generator.checks.proof.library import Library, Registers

_SITE, _SLOT, _STACK, _TRAMPOLINE = 0x400000, 0x70000000, 0x600000, 0x70001000
_CALLER = 0x00405002
_AROUND = 16
# a trampoline that is a system call has a breakpoint after it, which is taken for both
_TRAMPOLINE_BYTES = 0x20
_PATTERN = b"\xa5"


def check_returns(library: Library) -> list[str]:
    """Return what is wrong, in words; an empty list is good.

    Args:
        library: the C. Its memory is another one afterwards.
    """
    return [problem for bits in (64, 32) for problem in _check_mode(library, bits)]


def _check_mode(library: Library, bits: int) -> Iterator[str]:
    word = bits // 8
    memory = bytearray(_PATTERN * (2 * _AROUND))
    memory[_AROUND : _AROUND + word] = _CALLER.to_bytes(word, "little")
    around = memory[:_AROUND], memory[_AROUND + word :]
    _give_memory(library, memory)
    library.hit(bits=bits, vaddr=_SITE, slot=_SLOT, trap_nr=0, blockstep=False)
    regs = Registers(ip=_SITE, sp=_STACK)
    found = library.hijack(ctypes.addressof(regs), _TRAMPOLINE)
    if found != _CALLER:
        yield f"{bits}-bit: the return address is read as {found:#x}, not {_CALLER:#x}"
    to = int.from_bytes(memory[_AROUND : _AROUND + word], "little")
    if not _TRAMPOLINE <= to < _TRAMPOLINE + _TRAMPOLINE_BYTES:
        yield f"{bits}-bit: the return address becomes {to:#x}, not {_TRAMPOLINE:#x}"
    if (memory[:_AROUND], memory[_AROUND + word :]) != around:
        yield f"{bits}-bit: what is beside the return address is written: {memory.hex(' ')}"
    regs.sp = _STACK + word
    stack = library.return_stack(ctypes.addressof(regs))
    if stack != _STACK:
        yield f"{bits}-bit: the return address is said to have been at {stack:#x}, not {_STACK:#x}"


def _give_memory(library: Library, memory: bytearray) -> None:
    """Let the C read and write ``memory``, whose middle is the top of the stack."""
    start = _STACK - _AROUND

    def read(address: int, size: int) -> bytes | None:
        offset = address - start
        return bytes(memory[offset : offset + size]) if _inside(offset, size) else None

    def write(address: int, data: bytes) -> bool:
        offset = address - start
        if not _inside(offset, len(data)):
            return False
        memory[offset : offset + len(data)] = data
        return True

    def _inside(offset: int, size: int) -> bool:
        return 0 <= offset <= len(memory) - size

    library.set_memory(read, write)
