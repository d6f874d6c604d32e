# SPDX-License-Identifier: GPL-2.0-only
"""Instructions that people point at: bytes, a line for the assembler, a function of an ELF file."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import tools
from generator.checks.proof.judge import LONGEST, decode
from generator.checks.proof.library import INSN_BYTES
from generator.errors import UserError

_BITS = {("EM_X86_64", 64): 64, ("EM_X86_64", 32): 64, ("EM_386", 32): 32}


@dataclass(frozen=True, kw_only=True)
class Place:
    """An instruction: what it is called, its mode (64 or 32), and its bytes, maybe some more."""

    name: str
    bits: int
    code: bytes


def read_code(words: str, *, bits: int) -> Place:
    """Read bytes in hexadecimal, or else have a line assembled.

    Args:
        words: hexadecimal with spaces, commas or ``0x``, or none of it; or AT&T syntax.
        bits: 64 or 32.

    Raises:
        UserError: this is neither, or too long.
        InfraError: the assembler cannot be run.
    """
    digits = words.replace("0x", " ").replace(",", " ")
    try:
        code = bytes.fromhex("".join(digits.split()))
    except ValueError:
        code = assemble(words, bits=bits)
    if not 1 <= len(code) <= INSN_BYTES:
        raise UserError(f"{len(code)} bytes, an instruction has 1 to {LONGEST}")
    return Place(name="", bits=bits, code=code)


def assemble(line: str, *, bits: int) -> bytes:
    """Return what the GNU assembler makes of one line; an unknown symbol counts as 0.

    Raises:
        UserError: it is no instruction.
        InfraError: the assembler cannot be run.
    """
    with tempfile.TemporaryDirectory() as folder:
        output, flat = Path(folder, "line.o"), Path(folder, "line")
        command = ["as", f"--{bits}", "-o", str(output), "-"]
        done = tools.run(command, package="binutils", stdin=f"{line}\n")
        if done.returncode:
            if _find_library(Path(line)).is_file():
                hint = f"a function of it: uprobekit explain {line} --symbol NAME"
                raise UserError("this is a file, and no instruction", where=line, hint=hint)
            rows = done.stderr.splitlines()
            said = next((row.split("Error: ")[1] for row in rows if "Error: " in row), "no reason")
            raise UserError(
                f"'{line}' is neither bytes in hexadecimal nor an instruction: {said}",
                hint='examples: uprobekit explain "48 8b 05 10 00 00 00", '
                'uprobekit explain "mov 16(%rip), %rax"',
            )
        # a reader of ELF files would take longer to import than all of this
        copy = ["objcopy", "-O", "binary", "-j", ".text", str(output), str(flat)]
        tools.run(copy, package="binutils", check=True)
        return flat.read_bytes()


def read_function(path: Path, symbol: str, *, count: int) -> list[Place]:
    """Return the first instructions of a function of an ELF file.

    Args:
        path: the file.
        symbol: a function in one of its symbol tables.
        count: how many; fewer when the function is shorter.

    Raises:
        UserError: there is no such file or function, or it is no ELF file for x86.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    path = _find_library(path)
    # opening a FIFO that nobody writes to would never return
    if path.exists() and not path.is_file():
        raise UserError("this is no file", where=str(path))
    try:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            bits = _BITS.get((elf["e_machine"], elf.elfclass))
            if bits is None:
                raise UserError("this is not for x86", where=str(path))
            start, data = _function(elf, symbol, path)
    except OSError as error:
        raise UserError(f"cannot read: {error.strerror}", where=str(path)) from error
    except (ELFError, AssertionError, UnicodeDecodeError) as error:
        raise UserError(f"this is no ELF file: {error}", where=str(path)) from error
    places: list[Place] = []
    offset = 0
    while len(places) < count and offset < len(data):
        code = data[offset : offset + INSN_BYTES]
        length = decode(code, bits=bits, ip=start + offset).length
        places.append(Place(name=f"{symbol}+{offset:#x}", bits=bits, code=code))
        offset += length or len(data)
    return places


LIBRARIES = ("/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib", "/lib")
"""Where a library is that is named without a folder, as by Debian and by Fedora."""


def _find_library(path: Path) -> Path:
    """Return a library of the system for a name alone, such as ``libc.so.6``."""
    if path.name != str(path) or path.exists() or ".so" not in path.name:
        return path
    places = [*os.environ.get("LD_LIBRARY_PATH", "").split(":"), *LIBRARIES]
    found = (Path(place, path.name) for place in places if place)
    return next((library for library in found if library.is_file()), path)


def _function(elf: Any, symbol: str, path: Path) -> tuple[int, bytes]:  # noqa: ANN401 - no types
    """Return the address of a function and its code."""
    from elftools.elf.sections import SymbolTableSection

    for section in elf.iter_sections():
        if not isinstance(section, SymbolTableSection):
            continue
        for found in section.get_symbol_by_name(symbol) or ():
            index = found["st_shndx"]
            if isinstance(index, int):
                code = elf.get_section(index)
                start = found["st_value"] - code["sh_addr"]
                size = found["st_size"] or INSN_BYTES
                return found["st_value"], code.data()[start : start + size]
    raise UserError(
        f"there is no function '{symbol}'", where=str(path), hint=f"see: nm -D {path}, nm {path}"
    )
