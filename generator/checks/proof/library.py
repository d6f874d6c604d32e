# SPDX-License-Identifier: GPL-2.0-only
"""The compiled C, called from Python: ``shim/proof.c`` says what each function does."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.errors import InfraError

INSN_BYTES = 16

ENOEXEC = 8
EOPNOTSUPP = 95


REGISTER_NAMES = (
    *("r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx"),
    *("si", "di", "orig_ax", "ip", "cs", "flags", "sp", "ss"),
)


class Registers(ctypes.Structure):
    """``struct pt_regs`` of ``shim/proof.h``."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in REGISTER_NAMES)


class _CVerdict(ctypes.Structure):
    """``struct proof_verdict`` of ``shim/proof.c``."""

    _fields_ = (
        ("ret", ctypes.c_int32),
        ("length", ctypes.c_int32),
        ("offs", ctypes.c_int32),
        ("fixups", ctypes.c_uint8),
        ("ilen", ctypes.c_uint8),
        ("scratch", ctypes.c_uint8),
        ("nop", ctypes.c_uint8),
        ("opcode", ctypes.c_uint8 * 3),
        ("modrm", ctypes.c_uint8),
        ("op", ctypes.c_uint8),
        ("vex_map", ctypes.c_uint8),
        ("rex2", ctypes.c_uint8),
        ("changed", ctypes.c_uint8),
        ("ixol", ctypes.c_uint8 * INSN_BYTES),
    )


_READ = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong)


class _CMemory(ctypes.Structure):
    """``struct proof_memory`` of ``shim/proof.h``."""

    _fields_ = (("read", _READ), ("write", _READ))


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the analysis says about an instruction.

    Attributes:
        ret: 0, or the negative error.
        length: bytes, as the base's decoder counts them; 0 for no instruction.
        opcode, modrm: what the decoder takes for the opcode, and the ModRM byte.
        vex_map: the map in a VEX or EVEX prefix, 0 without one; ``opcode`` has one byte then.
        rex2: behind a REX2 prefix, with opcodes of its own.
        changed: the analysis has written to the original instruction.
        fixups, ilen, scratch, nop, offs, ixol: the members of ``struct arch_uprobe``.
        op: how it is emulated, an index into the operations of the model; 0 for not at all.
    """

    ret: int
    length: int
    opcode: bytes
    modrm: int
    vex_map: int
    rex2: bool
    changed: bool
    fixups: int
    ilen: int
    scratch: int
    nop: bool
    op: int
    offs: int
    ixol: bytes


def _load(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise InfraError(f"the compiled C cannot be loaded: {error}", where=str(path)) from error


# enum verdict of ``shim/classify.h``
VERDICTS = ("refused", "stepped", "not stepped")


class Classifier:
    """The analysis of many instructions at once, of our C or of the base's."""

    def __init__(self, path: Path) -> None:
        self._classify = _load(path).proof_classify
        self._classify.argtypes = (
            *(ctypes.c_char_p, ctypes.c_size_t),
            *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_bool, ctypes.c_char_p),
        )

    def classify(self, code: bytes, offsets: array[int], *, bits: int) -> bytes:
        """Return a byte for each instruction that begins at one of ``offsets``, see ``VERDICTS``.

        Args:
            code: the bytes of a section.
            offsets: an array of 32-bit numbers, all of them inside of ``code``.
            bits: 64 or 32.
        """
        verdicts = ctypes.create_string_buffer(len(offsets))
        address, count = offsets.buffer_info()
        self._classify(code, len(code), address, count, bits == 64, verdicts)
        return verdicts.raw

    def verdict(self, code: bytes, *, bits: int = 64) -> str:
        """Return the verdict on one instruction in words."""
        return VERDICTS[self.classify(code, array("I", [0]), bits=bits)[0] & 3]


class Library:
    """The functions of the C for one task and the instruction that was analysed last."""

    def __init__(self, path: Path) -> None:
        library = _load(path)

        def take(name: str, result: type | None, *arguments: type) -> Callable[..., Any]:
            function = library[f"proof_{name}"]
            function.restype, function.argtypes = result, arguments
            return function

        c_bool, c_uint, c_ulong = ctypes.c_bool, ctypes.c_uint, ctypes.c_ulong
        registers = ctypes.c_void_p
        self._analyze = take("analyze", None, ctypes.c_char_p, c_bool, ctypes.c_void_p)
        self._set_memory = take("set_memory", None, ctypes.c_void_p)
        self._hit = take("hit", None, c_bool, c_ulong, c_ulong, c_ulong, c_bool)
        self.skip = take("skip", c_bool, registers)
        self.sleeps = take("sleeps", c_uint)
        self.pre_xol = take("pre_xol", ctypes.c_int, registers)
        self.post_xol = take("post_xol", ctypes.c_int, registers)
        self.abort_xol = take("abort_xol", None, registers)
        self.trap = take("trap", None, c_ulong)
        self.was_trapped = take("was_trapped", c_bool)
        self.is_never_trapped = take("is_never_trapped", c_bool)
        self.trap_nr = take("trap_nr", c_ulong)
        self.sigtraps = take("sigtraps", c_uint)
        self.watch = take("watch", None)
        self.watch_traps = take("watch_traps", c_uint)
        self.shows_step = take("shows_step", c_bool)
        self.shows_old_watch = take("shows_old_watch", c_bool)
        self.blockstep = take("blockstep", c_bool)
        self.race = take("race", None, c_bool)
        self.race_count = take("race_count", c_uint)
        self.hijack = take("hijack", ctypes.c_long, registers, c_ulong)
        self.return_stack = take("return_stack", c_ulong, registers)
        self.set_shstk = take("set_shstk", None, c_ulong, c_bool)
        self.end_shstk = take("end_shstk", c_ulong)
        self._verdict = _CVerdict()
        self._memory: _CMemory | None = None

    def set_memory(
        self, read: Callable[[int, int], bytes | None], write: Callable[[int, bytes], bool]
    ) -> None:
        """Give the C its user memory.

        Args:
            read: returns that many bytes at an address, None where there is no memory.
            write: stores bytes at an address, False where there is no memory.
        """

        def c_read(address: int, to: int, size: int) -> int:
            data = read(address, size)
            if data is None:
                return 1
            ctypes.memmove(to, data, size)
            return 0

        def c_write(address: int, source: int, size: int) -> int:
            return 0 if write(address, ctypes.string_at(source, size)) else 1

        self._memory = _CMemory(_READ(c_read), _READ(c_write))
        self.take_memory()

    def take_memory(self) -> None:
        """Give it once more: the C has one, and is one for all that have loaded the same file."""
        assert self._memory
        self._set_memory(ctypes.byref(self._memory))

    def analyze(self, code: bytes, *, bits: int) -> Verdict:
        """Analyse ``INSN_BYTES`` bytes as 32-bit or 64-bit code.

        Raises:
            ValueError: there are not that many bytes.
        """
        if len(code) != INSN_BYTES:
            raise ValueError(f"{len(code)} bytes, wanted {INSN_BYTES}")
        found = self._verdict
        self._analyze(code, bits == 64, ctypes.byref(found))
        return Verdict(
            ret=found.ret,
            length=found.length,
            opcode=bytes(found.opcode),
            modrm=found.modrm,
            vex_map=found.vex_map,
            rex2=bool(found.rex2),
            changed=bool(found.changed),
            fixups=found.fixups,
            ilen=found.ilen,
            scratch=found.scratch,
            nop=bool(found.nop),
            op=found.op,
            offs=found.offs,
            ixol=bytes(found.ixol),
        )

    def hit(self, *, bits: int, vaddr: int, slot: int, trap_nr: int, blockstep: bool) -> None:
        """Let a task hit the breakpoint at ``vaddr``; ``trap_nr`` is that of its last exception."""
        self._hit(bits == 64, vaddr, slot, trap_nr, blockstep)
