# SPDX-License-Identifier: GPL-2.0-only
"""The processor at hand as one that executes an instruction at a time: ``shim/native.c``.

Unicorn knows neither AVX nor AVX-512. Here a process of its own executes such an instruction under
the trap flag, in the same layout, from a state in shared memory. What the processor does not have
raises #UD: see ``known.py``.
"""

from __future__ import annotations

import mmap
import os
import select
import subprocess
from pathlib import Path

from generator import tools
from generator.checks.proof.layout import LAYOUTS, PAGE, REGION_SIZE
from generator.checks.proof.library import REGISTER_NAMES, Registers
from generator.checks.proof.machine import CELL, TF, TRAP_PF, Fault, Processor
from generator.errors import InfraError

_STEP = 1
_SECONDS = 10
_STARTS = 3

# struct native_state, and where the memory of the task begins in the file
_REGISTERS = 168
_TRAP, _ADDRESS, _FEATURES, _MXCSR, _MASKS, _VECTORS = 168, 176, 184, 192, 200, 264
_STATE = 0x1000

# state components, SDM volume 1, 13.1
_AVX, _OPMASK, _ZMM_HIGH, _ZMM_16 = 1 << 2, 1 << 5, 1 << 6, 1 << 7


class Native(Processor):
    """The processor at hand, in 64-bit or 32-bit mode.

    Args:
        program: what ``shim/native.c`` was compiled to.
        bits: 64 or 32.

    Raises:
        InfraError: the program cannot be run.
    """

    def __init__(self, program: Path, bits: int) -> None:
        self._parts: list[tuple[int, int, int]] = []
        arguments = self._describe(bits)
        descriptor = os.memfd_create("proof", 0)
        try:
            os.ftruncate(descriptor, self._end)
            self._shared = mmap.mmap(descriptor, self._end)
            self._process = self._answering(program, descriptor, arguments)
        finally:
            os.close(descriptor)
        features = int.from_bytes(self._shared[_FEATURES : _FEATURES + 8], "little")
        self._cells = _cells(bits, features)
        super().__init__(bits, [name for name, _, _ in self._cells])

    def _describe(self, bits: int) -> list[str]:
        """Lay out the file, and say how it is mapped."""
        layout = LAYOUTS[bits]
        pages = {site.vaddr & -PAGE for site in layout.sites}
        code = mmap.PROT_READ | mmap.PROT_EXEC
        data = mmap.PROT_READ | mmap.PROT_WRITE
        wanted = [(region, REGION_SIZE, data) for region in layout.regions]
        wanted += [(page, PAGE, code) for page in sorted(pages | {p + PAGE for p in pages})]
        wanted.append((layout.xol, PAGE, code))
        arguments, place = [], _STATE
        for address, size, prot in wanted:
            self._parts.append((address, size, place))
            arguments.append(f"{address:x},{size:x},{place:x},{prot}")
            place += size
        self._end = place
        return arguments

    def _answering(
        self, program: Path, descriptor: int, arguments: list[str], starts: int = _STARTS
    ) -> subprocess.Popen[bytes]:
        """Start the program, and again if it does not answer.

        It maps addresses below 2 GiB that are always the same, and where its heap begins is
        random, up to 1 GiB behind the program: once in a hundred times the two meet.
        """
        process = self._start(program, descriptor, arguments)
        try:
            self._wait(process)
        except InfraError:
            if starts == 1:
                raise
            return self._answering(program, descriptor, arguments, starts - 1)
        return process

    @staticmethod
    def _start(program: Path, descriptor: int, arguments: list[str]) -> subprocess.Popen[bytes]:
        command = [str(program), str(descriptor), *arguments]
        return tools.start(command, stdin=subprocess.PIPE, pass_fds=[descriptor])

    @staticmethod
    def _wait(process: subprocess.Popen[bytes]) -> None:
        """Wait for the program's byte."""
        assert process.stdout
        ready, _, _ = select.select([process.stdout], [], [], _SECONDS)
        if not ready or not process.stdout.read(1):
            process.kill()
            raise InfraError(
                f"the processor at hand gives no answer, status {process.wait()}",
                where=str(process.args[0]),  # type: ignore[index]
                hint="it maps memory as low as 16 KiB: vm.mmap_min_addr, or root",
            )

    def close(self) -> None:
        """End the program."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(_SECONDS)
        self._process.stdout.close()
        self._shared.close()

    def settle(self) -> None:
        """Do nothing: the processor takes every value."""

    def _find(self, address: int, size: int) -> int | None:
        """Return where memory stands in the file, None where there is none."""
        for start, length, place in self._parts:
            if start <= address and address + size <= start + length:
                return place + address - start
        return None

    def read(self, address: int, size: int) -> bytes | None:
        """Return memory, None where there is none."""
        found = b""
        while size:
            part = min(size, PAGE - address % PAGE)
            place = self._find(address, part)
            if place is None:
                return None
            found += self._shared[place : place + part]
            address, size = address + part, size - part
        return found

    def write(self, address: int, data: bytes) -> bool:
        """Store into memory; False where there is none."""
        if self.read(address, len(data)) is None:
            return False
        while data:
            part = min(len(data), PAGE - address % PAGE)
            place = self._find(address, part)
            assert place is not None
            self._shared[place : place + part] = data[:part]
            address, data = address + part, data[part:]
        return True

    def put_code(self, address: int, code: bytes) -> None:
        """Place code."""
        assert self.write(address, code)

    def step(self, *, with_tf: bool = False) -> Fault | None:
        """Execute the instruction at ``registers.ip``; no instruction here sees or loads TF.

        Returns:
            The exception, and ``registers`` are as before; or None.

        Raises:
            RuntimeError: the program has come to its end.
        """
        assert self._process.stdin
        before = bytes(self.registers)
        self._shared[:_REGISTERS] = before
        for number, (_, place, size) in enumerate(self._cells):
            cell = self.extra.raw[number * CELL : number * CELL + size]
            self._shared[place : place + size] = cell
        try:
            self._process.stdin.write(b"\n")
            self._wait(self._process)
        except (InfraError, BrokenPipeError) as error:
            raise RuntimeError(str(error)) from error
        trap = int.from_bytes(self._shared[_TRAP : _TRAP + 8], "little")
        if trap != _STEP:
            address = int.from_bytes(self._shared[_ADDRESS : _ADDRESS + 8], "little")
            self._fetch()
            return Fault(trap, address if trap == TRAP_PF else 0)
        self._fetch()
        return None

    def _fetch(self) -> None:
        """Take the state that the program has left."""
        flags = self.registers.flags
        after = Registers.from_buffer_copy(self._shared[:_REGISTERS])
        mask = (1 << self.bits) - 1
        for name in REGISTER_NAMES:
            setattr(self.registers, name, getattr(after, name) & mask)
        self.registers.flags |= flags & TF
        extra = b"".join(
            self._shared[place : place + size].ljust(CELL, b"\0") for _, place, size in self._cells
        )
        self.extra.raw = extra


def _cells(bits: int, features: int) -> list[tuple[str, int, int]]:
    """Return name, place in the state and size of each vector and mask register there is."""
    found = []
    vectors = 8 if bits == 32 else 32 if features & _ZMM_16 else 16
    parts = 4 if features & _ZMM_HIGH else 2 if features & _AVX else 1
    for number in range(vectors):
        for part in range(parts):
            name = f"{('xmm', 'ymm', 'zmm', 'zmm')[part]}{number}[{part}]"
            found.append((name, _VECTORS + 64 * number + 16 * part, 16))
    if features & _OPMASK:
        found += [(f"k{number}", _MASKS + 8 * number, 8) for number in range(8)]
    return [*found, ("mxcsr", _MXCSR, 4)]
