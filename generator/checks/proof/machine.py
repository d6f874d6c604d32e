# SPDX-License-Identifier: GPL-2.0-only
"""An emulated processor that executes one instruction at a time.

Unicorn 2 is QEMU 5's TCG. What had to be found out about it:

- asked for one instruction (``count=1``) it throws its translations away, a millisecond each time:
  a hook stops it in front of the second instruction instead. A string instruction with a rep
  prefix comes back to that hook after each repetition, as it does to a debug trap.
- with TF set it loses exceptions: TF is only set for pushf, which shows it.
- translations outlive a change of the code: they are removed by hand.
- the state of a pending exception outlives a run: each run starts from a saved context.
- its default processor is an old one: the model with the most instructions is chosen.
- it runs at CPL 0. The instructions for which that matters are refused or in ``known.py``.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import unicorn
from unicorn import x86_const as x86
from unicorn.unicorn_py3 import unicorn as binding

from generator.checks.proof.layout import LAYOUTS, PAGE, REGION_SIZE
from generator.checks.proof.library import REGISTER_NAMES, Registers

TF = 0x100
TRAP_DE, TRAP_UD, TRAP_DF, TRAP_GP, TRAP_PF = 0, 6, 8, 13, 14

_NAMES_64 = (
    *("r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx"),
    *("si", "di", "sp"),
)
_NAMES_32 = ("bp", "bx", "ax", "cx", "dx", "si", "di", "sp")
_SEGMENTS = ("ds", "es", "fs", "gs", "ss")
_FPU = ("fpcw", "fpsw", "fptag", "mxcsr")
CELL = 16

_NO_MEMORY = frozenset(
    {
        unicorn.UC_ERR_READ_UNMAPPED,
        unicorn.UC_ERR_WRITE_UNMAPPED,
        unicorn.UC_ERR_READ_PROT,
        unicorn.UC_ERR_WRITE_PROT,
    }
)
_FETCH = frozenset({unicorn.UC_ERR_FETCH_UNMAPPED, unicorn.UC_ERR_FETCH_PROT})


@dataclass(frozen=True, slots=True)
class Fault:
    """An exception: its number, and for a page fault the address."""

    number: int
    address: int = 0


def _constant(name: str) -> int:
    value = getattr(x86, f"UC_X86_REG_{name.upper()}")
    assert isinstance(value, int)
    return value


class Processor:
    """The state of a processor, and what is asked of one; see ``Machine`` and ``native.Native``.

    Attributes:
        bits, layout: the mode, and the memory.
        registers: what the next step starts with and the last one has left, as ``struct pt_regs``.
        cells, extra: the names of vector and other registers, and their values, ``CELL`` bytes
            each.
    """

    def __init__(self, bits: int, cells: Sequence[str]) -> None:
        self.bits = bits
        self.layout = LAYOUTS[bits]
        self.registers = Registers()
        self._registers_address = ctypes.addressof(self.registers)
        self.cells = tuple(cells)
        self.extra = ctypes.create_string_buffer(CELL * len(self.cells))

    def settle(self) -> None:
        """Let the processor take the registers and give them back, as a step does."""
        raise NotImplementedError

    def read(self, address: int, size: int) -> bytes | None:
        """Return memory, None where there is none."""
        raise NotImplementedError

    def write(self, address: int, data: bytes) -> bool:
        """Store into memory; False where there is none."""
        raise NotImplementedError

    def put_code(self, address: int, code: bytes) -> None:
        """Place code, and forget what stood there."""
        raise NotImplementedError

    def step(self, *, with_tf: bool = False) -> Fault | None:
        """Execute the instruction at ``registers.ip``.

        Args:
            with_tf: let the processor see TF, if it is set.

        Returns:
            The exception, and ``registers`` are as before; or None.
        """
        raise NotImplementedError

    @property
    def registers_address(self) -> int:
        """Where the C finds ``registers``."""
        return self._registers_address

    def load(self, registers: bytes, extra: bytes) -> None:
        """Set all registers."""
        ctypes.memmove(self._registers_address, registers, len(registers))
        ctypes.memmove(self.extra, extra, len(extra))

    def cell(self, name: str) -> bytes:
        """Return one of the registers in ``extra``."""
        place = self.cells.index(name) * CELL
        return self.extra.raw[place : place + CELL]

    def differences(self, registers: bytes, extra: bytes) -> dict[str, tuple[str, str]]:
        """Return the registers in which a saved state differs from this one: saved, and now."""
        found = {}
        now = bytes(self.registers)
        for name in REGISTER_NAMES:
            place = getattr(Registers, name).offset
            saved, current = (struct.unpack_from("<Q", data, place)[0] for data in (registers, now))
            if saved != current:
                found[name] = (f"{saved:#x}", f"{current:#x}")
        for place, name in enumerate(self.cells):
            part = slice(place * CELL, (place + 1) * CELL)
            if extra[part] != self.extra.raw[part]:
                found[name] = (extra[part][::-1].hex(), self.extra.raw[part][::-1].hex())
        return found


class Machine(Processor):
    """The emulator in 64-bit or 32-bit mode with the memory of ``layout.py``."""

    def __init__(self, bits: int) -> None:
        super().__init__(bits, _cells(bits))
        self._uc = unicorn.Uc(
            unicorn.UC_ARCH_X86, unicorn.UC_MODE_64 if bits == 64 else unicorn.UC_MODE_32
        )
        self._uc.ctl_set_cpu_model(x86.UC_CPU_X86_EPYC_ROME)
        self._lib: Any = binding.uclib
        self._handle = self._uc._uch
        self._map()
        self._describe()
        self._seen = 0
        self._trap: int | None = None
        self._bad_address = 0
        self._uc.hook_add(unicorn.UC_HOOK_CODE, self._on_code)
        self._uc.hook_add(unicorn.UC_HOOK_INTR, self._on_interrupt)
        self._uc.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._on_bad_memory)
        self._fresh = self._uc.context_save()

    def _map(self) -> None:
        """Map data, code and slots."""
        for region in self.layout.regions:
            self._uc.mem_map(region, REGION_SIZE)
        code = unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC
        pages = {site.vaddr & -PAGE for site in self.layout.sites}
        for page in sorted(pages | {page + PAGE for page in pages}):
            self._uc.mem_map(page, PAGE, code)
        self._uc.mem_map(self.layout.xol, PAGE, code)

    def _describe(self) -> None:
        """Say which register is where in ``registers`` and ``extra``."""
        names = _NAMES_64 if self.bits == 64 else _NAMES_32
        prefix = {64: "r", 32: "e"}[self.bits]
        base = self._registers_address
        places: list[tuple[int, int]] = []
        for name in names:
            full = name if name[0] == "r" else f"{prefix}{name}"
            places.append((_constant(full), base + getattr(Registers, name).offset))
        places.append((_constant("eflags"), base + Registers.flags.offset))
        start = ctypes.addressof(self.extra)
        places += [(_constant(name), start + CELL * place) for place, name in enumerate(self.cells)]
        places.append((_constant(f"{prefix}ip"), base + Registers.ip.offset))
        self._ids = (ctypes.c_int * len(places))(*(number for number, _ in places))
        self._places = (ctypes.c_void_p * len(places))(*(place for _, place in places))
        self._readable = len(places)
        self._writable = len(places) - 1 - len(_SEGMENTS)

    def _on_code(self, uc: unicorn.Uc, address: int, size: int, data: object) -> None:
        self._seen += 1
        if self._seen > 1:
            uc.emu_stop()

    def _on_interrupt(self, uc: unicorn.Uc, number: int, data: object) -> None:
        if self._trap is None:
            self._trap = number
        uc.emu_stop()

    def _on_bad_memory(
        self, uc: unicorn.Uc, access: int, address: int, size: int, value: int, data: object
    ) -> bool:
        self._bad_address = address
        return False

    def settle(self) -> None:
        """Let the processor take the registers and give them back, as a run does.

        It has no room for some values: the x87 tags follow from the contents of the registers.
        """
        flags = self.registers.flags
        self._store()
        self._fetch()
        self.registers.flags = flags

    def _store(self) -> None:
        self._uc.context_restore(self._fresh)
        self._lib.uc_reg_write_batch(self._handle, self._ids, self._places, self._writable)

    def _fetch(self) -> None:
        self._lib.uc_reg_read_batch(self._handle, self._ids, self._places, self._readable)

    def read(self, address: int, size: int) -> bytes | None:
        """Return memory, None where there is none."""
        try:
            return bytes(self._uc.mem_read(address, size))
        except unicorn.UcError:
            return None

    def write(self, address: int, data: bytes) -> bool:
        """Store into memory; False where there is none."""
        try:
            self._uc.mem_write(address, data)
        except unicorn.UcError:
            return False
        return True

    def put_code(self, address: int, code: bytes) -> None:
        """Place code, and forget what stood there."""
        self._uc.mem_write(address, code)
        self._uc.ctl_remove_cache(address, address + len(code))

    def step(self, *, with_tf: bool = False) -> Fault | None:
        """Execute the instruction at ``registers.ip``, see ``Processor.step``."""
        regs = self.registers
        start, tf = regs.ip, regs.flags & TF
        if not with_tf:
            regs.flags &= ~TF
        self._store()
        self._seen, self._trap = 0, None
        error = self._lib.uc_emu_start(
            self._handle, ctypes.c_uint64(start), ctypes.c_uint64(_NOWHERE), ctypes.c_uint64(0), 0
        )
        self._fetch()
        regs.flags |= tf
        return self._fault(error)

    def _fault(self, error: int) -> Fault | None:
        """Tell what has ended the run."""
        if self._trap is not None and self._trap != 1:
            return Fault(self._trap)
        if error in _NO_MEMORY:
            return Fault(TRAP_PF, self._bad_address)
        if error == unicorn.UC_ERR_INSN_INVALID:
            return Fault(TRAP_UD)
        if error and error not in _FETCH:
            raise RuntimeError(f"the emulator has stopped with its error {error}")
        return None


def _cells(bits: int) -> list[str]:
    """Return the names of the vector, FPU and segment registers."""
    vectors = 16 if bits == 64 else 8
    bases = ["fs_base", "gs_base"] if bits == 64 else []
    return [
        *(f"xmm{i}" for i in range(vectors)),
        *(f"st{i}" for i in range(8)),
        *_FPU,
        *bases,
        *_SEGMENTS,
    ]


# an address where nothing is: the hook ends a run, not this
_NOWHERE = 0xFFFFFFFFFFFFFFF0
