# SPDX-License-Identifier: GPL-2.0-only
"""Read the functions of an ELF file: where they begin, and the code between here and their end.

Stripped files say that in ``.eh_frame``: each entry of its sorted index ``.eh_frame_hdr`` is the
start of a function, and the entry itself has the length (Linux Standard Base, core, 10.6). Go
programs have ``.gopclntab`` (runtime/symtab.go, Go 1.18 and later). Symbols are read as well.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

_MACHINES = {("EM_X86_64", 64): 64, ("EM_X86_64", 32): 64, ("EM_386", 32): 32}
_EXECUTABLE = 0x4
_INT3 = 0xCC

# not functions, although .eh_frame describes them
_STUBS = (".plt", ".iplt")

_GO_MAGIC = {0xFFFFFFF0, 0xFFFFFFF1}

# DW_EH_PE_udata4; DW_EH_PE_datarel | DW_EH_PE_sdata4: what every linker writes
_HEADER_FORMAT = (0x03, 0x3B)


@dataclass(frozen=True, kw_only=True)
class Code:
    """An executable section.

    Attributes:
        address: of its first byte.
        data: its bytes.
        entries: where functions begin, as offsets, sorted.
        spans: the code of functions, as offsets, sorted, without overlap.
    """

    address: int
    data: bytes
    entries: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Program:
    """An ELF file: 64- or 32-bit code, made by Go or not, its executable sections."""

    bits: int
    is_go: bool
    sections: tuple[Code, ...]


def read_program(path: Path) -> Program | None:
    """Read ``path``; None for what is no executable or library for x86.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        if stream.read(4) != b"\x7fELF":
            return None
        try:
            elf = ELFFile(stream)
            bits = _MACHINES.get((elf["e_machine"], elf.elfclass))
            if bits is None or elf["e_type"] not in ("ET_EXEC", "ET_DYN"):
                return None
            functions = dict(_functions(elf))
            sections = tuple(_sections(elf, functions))
        except (ELFError, struct.error, UnicodeDecodeError, AssertionError):
            return None
        return Program(
            bits=bits, is_go=elf.get_section_by_name(".gopclntab") is not None, sections=sections
        )


def _functions(elf: Any) -> Iterator[tuple[int, int]]:  # noqa: ANN401 - no types
    """Yield address and length of functions; the later one counts where both know it."""
    yield from _from_frames(elf)
    yield from _from_go(elf)
    for section in elf.iter_sections():
        if isinstance(section, SymbolTableSection):
            yield from _from_symbols(section)


def _from_symbols(section: Any) -> Iterator[tuple[int, int]]:  # noqa: ANN401 - no types
    for symbol in section.iter_symbols():
        if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_shndx"] != "SHN_UNDEF":
            yield symbol["st_value"], symbol["st_size"]


def _from_frames(elf: Any) -> Iterator[tuple[int, int]]:  # noqa: ANN401 - no types
    header = elf.get_section_by_name(".eh_frame_hdr")
    frames = elf.get_section_by_name(".eh_frame")
    if header is None or frames is None or frames["sh_type"] == "SHT_NOBITS":
        return
    index, data = header.data(), frames.data()
    if tuple(index[2:4]) != _HEADER_FORMAT:
        return
    (count,) = struct.unpack_from("<I", index, 8)
    start, table = frames["sh_addr"], header["sh_addr"]
    for place in range(12, 12 + 8 * count, 8):
        function, entry = struct.unpack_from("<ii", index, place)
        offset = table + entry - start
        # length, distance of the CIE, first address, length of the function: 32 bits each
        if 0 <= offset <= len(data) - 16:
            yield table + function, struct.unpack_from("<I", data, offset + 12)[0]


def _from_go(elf: Any) -> Iterator[tuple[int, int]]:  # noqa: ANN401 - no types
    section = elf.get_section_by_name(".gopclntab")
    if section is None:
        return
    data = section.data()
    magic, size = struct.unpack_from("<I", data)[0], data[7]
    if magic not in _GO_MAGIC or size != 8:
        return
    count, _, text, *_, table = struct.unpack_from("<8Q", data, 8)
    starts = [struct.unpack_from("<I", data, table + 8 * number)[0] for number in range(count + 1)]
    # newer linkers leave the address out
    text = text or elf.get_section_by_name(".text")["sh_addr"]
    for first, last in pairwise(starts):
        yield text + first, last - first


def _sections(elf: Any, functions: dict[int, int]) -> Iterator[Code]:  # noqa: ANN401 - no types
    addresses = sorted(functions)
    for section in elf.iter_sections():
        if not section["sh_flags"] & _EXECUTABLE or section["sh_type"] != "SHT_PROGBITS":
            continue
        if section.name.startswith(_STUBS):
            continue
        start, data = section["sh_addr"], section.data()
        inside = [a for a in addresses if start <= a < start + len(data)]
        entries = tuple(address - start for address in inside)
        ends = [min(a - start + functions[a], len(data)) for a in inside]
        yield Code(
            address=start,
            data=data,
            entries=entries,
            spans=tuple(_without_padding(data, *span) for span in _spans(entries, ends)),
        )


def _without_padding(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Leave out the int3 that Go's linker puts between functions: nobody executes them."""
    while end > start + 1 and data[end - 1] == _INT3:
        end -= 1
    return start, end


def _spans(starts: tuple[int, ...], ends: list[int]) -> tuple[tuple[int, int], ...]:
    """Cut each function off where the next one begins."""
    limits = (*starts[1:], ends[-1]) if starts else ()
    return tuple(
        (start, min(end, limit))
        for start, end, limit in zip(starts, ends, limits, strict=True)
        if min(end, limit) > start
    )
