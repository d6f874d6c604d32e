# SPDX-License-Identifier: GPL-2.0-only
"""Where the probes are: functions of a program's files, or every instruction of some of them.

Entries of functions come from ``.eh_frame`` (see ``checks.census.elf``), and only those in
``.text``: no PLT. Returns are probed where the entry is certain and the function keeps to the
calling convention, so only exported functions, and none that saves its return address. All
addresses are file offsets, as ``uprobe_events`` wants them.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from iced_x86 import Decoder, FlowControl, Formatter, FormatterSyntax

from generator.checks.census.elf import read_program
from generator.errors import UserError

KEEPS_RETURN_ADDRESS = frozenset(
    {
        *("setjmp", "_setjmp", "__sigsetjmp", "sigsetjmp"),
        *("longjmp", "_longjmp", "siglongjmp", "__longjmp_chk"),
        *("getcontext", "setcontext", "swapcontext", "makecontext"),
        *("vfork", "__vfork", "_start", "__libc_start_main"),
        *("_Unwind_RaiseException", "_Unwind_Resume", "_Unwind_Resume_or_Rethrow"),
        *("_Unwind_ForcedUnwind", "_Unwind_Backtrace", "__cxa_throw", "__cxa_rethrow"),
    }
)
"""Functions whose return is not probed: they save their return address and go there later, or
never return (setjmp(3), getcontext(3), vfork(2)), so that a probed return would be met twice, or
never; or they look for their caller by it (docs/limits.md: unwinders)."""

_TRAMPOLINES = (
    bytes.fromhex("48c7c00f000000 0f05"),  # mov $15,%rax; syscall: 64-bit rt_sigreturn
    bytes.fromhex("58 b877000000 cd80"),  # pop %eax; mov $119,%eax; int $0x80: sigreturn
    bytes.fromhex("b8ad000000 cd80"),  # mov $173,%eax; int $0x80: rt_sigreturn
)
"""Signal trampolines. Their frame descriptions begin a byte before the code, so that unwinding of
the address before the return address finds them (glibc, sigaction.c: RESTORE)."""


@dataclass(frozen=True, kw_only=True)
class FunctionSites:
    """The functions of a file, as sorted file offsets: where they begin, whose return is probed."""

    entries: tuple[int, ...]
    returns: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class _Text:
    address: int
    offset: int
    data: bytes
    bits: int

    def holds(self, address: int) -> bool:
        return self.address <= address < self.address + len(self.data)

    def file_offset(self, address: int) -> int:
        return address - self.address + self.offset


def function_sites(path: Path) -> FunctionSites:
    """Return the functions of an executable or shared library; none for what is neither.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        return _function_sites(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise UserError(f"cannot read: {error.strerror}", where=str(path)) from error


@cache
def _function_sites(path: Path, _changed: int) -> FunctionSites:
    """Read a file's functions once, until it is another: most programs load the same libraries."""
    program = read_program(path)
    with path.open("rb") as stream:
        text = _read_text(stream) if program else None
        exported = dict(_functions(stream, dynamic=True)) if text else {}
    if program is None or text is None:
        return FunctionSites(entries=(), returns=())
    code = next((c for c in program.sections if c.address == text.address), None)
    entries = [
        text.offset + entry
        for entry in (code.entries if code else ())
        if not _is_trampoline(text.data, entry)
    ]
    certain = {
        text.file_offset(address)
        for name, (address, size) in exported.items()
        if size and text.holds(address) and name not in KEEPS_RETURN_ADDRESS
    }
    return FunctionSites(
        entries=tuple(entries), returns=tuple(sorted(certain.intersection(entries)))
    )


def exported_ranges(path: Path, names: Set[str]) -> tuple[range, ...]:
    """Return where exported functions of these names are in an executable or shared library.

    Args:
        path: the file; one that is neither has none.
        names: of the functions; those that it does not export are passed over.

    Returns:
        File offsets, a range for each function.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            text = _read_text(stream)
            known = [row for name, row in _functions(stream, dynamic=True) if name in names]
    except ELFError:
        return ()
    except OSError as error:
        raise UserError(f"cannot read: {error.strerror}", where=str(path)) from error
    return tuple(
        range(text.file_offset(address), text.file_offset(address) + size)
        for address, size in known
        if text and text.holds(address)
    )


def own_functions(path: Path) -> frozenset[str]:
    """Return the names of the functions that an object file defines.

    Raises:
        UserError: it cannot be read, or is no object file.
    """
    try:
        with path.open("rb") as stream:
            return frozenset(name for name, _ in _functions(stream, dynamic=False))
    except (OSError, ELFError) as error:
        raise UserError(f"cannot be read as an object file: {error}", where=str(path)) from error


def instruction_sites(path: Path, functions: Set[str]) -> tuple[int, ...]:
    """Return every instruction of some functions, decoded from their first to their last byte.

    Args:
        path: a program with a symbol table.
        functions: their names; what the linker left out is passed over.

    Raises:
        UserError: the file cannot be read, or has none of them.
    """
    try:
        with path.open("rb") as stream:
            text = _read_text(stream)
            known = [(n, a, s) for n, (a, s) in _functions(stream, dynamic=False) if text]
    except (OSError, ELFError) as error:
        raise UserError(f"cannot be read as a program: {error}", where=str(path)) from error
    found: set[int] = set()
    for name, address, size in known:
        if text and name in functions and text.holds(address):
            start = address - text.address
            code = text.data[start : start + size]
            decoder = Decoder(text.bits, code, ip=text.offset + start)
            found |= {insn.ip for insn in decoder if not insn.is_invalid}
    if not found:
        raise UserError("has none of the functions", where=str(path))
    return tuple(sorted(found))


_LEAST = 8
"""No function of fewer instructions is looked for to fill up what is left."""

_STRIDE = 16
"""Functions are taken in this distance: neighbours are alike."""

_ENDS = frozenset({FlowControl.RETURN, FlowControl.INDIRECT_BRANCH, FlowControl.EXCEPTION})
_JUMPS = frozenset({FlowControl.UNCONDITIONAL_BRANCH, FlowControl.CONDITIONAL_BRANCH})


def reached_instructions(path: Path, most: int) -> tuple[int, ...]:
    """Return the instructions of some functions, as sorted file offsets.

    Only what is reached from a function's entry by falling through and by direct branches is
    certain to be an instruction: assembler code has data between its functions.

    Args:
        path: an executable or shared library; a symbol table is not needed.
        most: how many at most; functions are taken whole, and those that are too large left out.

    Raises:
        UserError: the file cannot be read.
    """
    entries = function_sites(path).entries
    if not entries:
        return ()
    with path.open("rb") as stream:
        text = _read_text(stream)
    if text is None:
        return ()
    ends = dict(pairwise((*entries, text.offset + len(text.data))))
    found: set[int] = set()
    for entry in (entry for first in range(_STRIDE) for entry in entries[first::_STRIDE]):
        more = _reached(text, entry, ends[entry])
        if len(found) + len(more) <= most:
            found |= more
        if len(found) + _LEAST > most:
            break
    return tuple(sorted(found))


def _reached(text: _Text, entry: int, end: int) -> set[int]:
    """Return the instructions from ``entry`` to below ``end`` that are reached from the first."""
    found: set[int] = set()
    waiting = [entry]
    while waiting:
        place = waiting.pop()
        while entry <= place < end and place not in found:
            start = place - text.offset
            insn = Decoder(text.bits, text.data[start : start + 15], ip=place).decode()
            if insn.is_invalid:
                break
            found.add(place)
            if insn.flow_control in _JUMPS:
                waiting.append(insn.near_branch_target)
            if insn.flow_control in _ENDS or insn.flow_control == FlowControl.UNCONDITIONAL_BRANCH:
                break
            place += insn.len
    return found


def is_dynamic(path: Path) -> bool:
    """Say whether a program or library asks for the dynamic linker; False for what is neither."""
    try:
        with path.open("rb") as stream:
            return any(s["p_type"] == "PT_DYNAMIC" for s in ELFFile(stream).iter_segments())
    except (OSError, ELFError):
        return False


def describe_site(path: Path, offset: int) -> tuple[bytes, str]:
    """Return the bytes and the text of the instruction at a file offset; empty where there is none.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            text = _read_text(stream)
    except (OSError, ELFError) as error:
        raise UserError(f"cannot be read as a program: {error}", where=str(path)) from error
    if text is None or not 0 <= offset - text.offset < len(text.data):
        return b"", ""
    start = offset - text.offset
    insn = Decoder(text.bits, text.data[start : start + 15], ip=text.address + start).decode()
    if insn.is_invalid:
        return b"", ""
    return text.data[start : start + insn.len], Formatter(FormatterSyntax.GAS).format(insn)


def _read_text(stream: Any) -> _Text | None:  # noqa: ANN401 - pyelftools has no types
    elf = ELFFile(stream)
    section = elf.get_section_by_name(".text")
    if section is None:
        return None
    return _Text(
        address=section["sh_addr"],
        offset=section["sh_offset"],
        data=section.data(),
        bits=64 if elf["e_machine"] == "EM_X86_64" else 32,
    )


def _functions(
    stream: Any,  # noqa: ANN401 - pyelftools has no types
    *,
    dynamic: bool,
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield name, and address and size, of the functions of a symbol table."""
    kind = "SHT_DYNSYM" if dynamic else "SHT_SYMTAB"
    for section in ELFFile(stream).iter_sections():
        if isinstance(section, SymbolTableSection) and section["sh_type"] == kind:
            for symbol in section.iter_symbols():
                defined = symbol["st_shndx"] != "SHN_UNDEF"
                if symbol["st_info"]["type"] == "STT_FUNC" and defined:
                    yield symbol.name, (symbol["st_value"], symbol["st_size"])


def _is_trampoline(data: bytes, entry: int) -> bool:
    return any(data.startswith(code, entry + step) for code in _TRAMPOLINES for step in (0, 1))
