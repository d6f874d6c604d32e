# SPDX-License-Identifier: GPL-2.0-only
"""Every instruction of a call of a probed function, with the registers before it.

Boots a guest whose processors call for ever (``--hold``), stops each between two calls, and steps
one after the other through whole calls by QEMU's gdbstub. While one is stepped the others stand
still, no interrupt comes and no time passes: two calls are alike, and none waits for another. A TCG
plugin would be quicker, but Debian's QEMU 7.2 comes without the header for one. The text of the
kernel is read from the guest's memory, since a kernel patches its own.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from generator import tools
from generator.errors import InfraError
from generator.guest.qemu import Machine, qemu_arguments
from generator.workers import guarded

SECONDS = 600.0
"""For the boot, and for each answer of QEMU."""

STEPS = 100_000
"""A call has fewer instructions."""

MARKER = "# uprobekit: pause="
"""What the guest prints before the address of an instruction between two calls."""


"""Registers of QEMU's ``g`` packet before fs_base: sixteen of 8 bytes, rip, then seven of 4."""
REGISTERS = (
    *("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"),
    *(f"r{number}" for number in range(8, 16)),
    "rip",
)
_BASES = 17 * 8 + 7 * 4
"""Where fs_base and gs_base are in it (QEMU 7.2: gdb-xml/i386-64bit.xml)."""


@dataclass(frozen=True, slots=True)
class Step:
    """An instruction that is about to be executed: its address, and what ``g`` says."""

    pc: int
    packet: bytes

    def register(self, name: str) -> int:
        """Return a register, ``fs_base`` and ``gs_base`` included."""
        if name in ("fs_base", "gs_base"):
            offset = _BASES + 8 * (name == "gs_base")
        else:
            offset = 8 * REGISTERS.index(name)
        return int.from_bytes(self.packet[offset : offset + 8], "little")


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What was recorded.

    Args:
        calls: the instructions of each call, of each processor.
        text: the kernel's code as it was executed.
        start: the address of its first byte.
    """

    calls: tuple[tuple[tuple[Step, ...], ...], ...]
    text: bytes
    start: int


def record_calls(machine: Machine, place: Path, text: range, *, calls: int = 2) -> Recording:
    """Boot a guest and step through calls on each of its processors.

    Args:
        machine: with its files in ``place``; the guest prints ``MARKER``.
        place: an empty folder with a short name.
        text: the addresses of the kernel's code.
        calls: how many, for each processor.

    Raises:
        InfraError: QEMU ends or does not answer, or a processor makes no calls.
    """
    with _running(machine, place) as (process, path):
        pause = int(_wait_for_marker(process, machine.results), 16)
        with _connect(path) as stub:
            code = b"".join(stub.read(at, min(2048, text.stop - at)) for at in text[::2048])
            # who is stopped between two calls holds no lock
            for cpu in range(1, machine.cpus + 1):
                stub.run_to(cpu, pause)
            found = []
            for cpu in range(1, machine.cpus + 1):
                found.append(tuple(tuple(stub.walk(cpu, pause)) for _ in range(calls)))
    return Recording(calls=tuple(found), text=code, start=text.start)


class _Stub:
    """QEMU's gdbstub, spoken to as gdb does (gdb manual: Remote Serial Protocol)."""

    def __init__(self, stream: socket.socket) -> None:
        self._socket = stream
        self._file = stream.makefile("rb")

    def ask(self, packet: str) -> bytes:
        """Send a packet and return the answer; that the guest was stopped is none."""
        self._send(packet)
        while (answer := self._answer()).startswith(b"T"):
            pass
        return answer

    def go(self, packet: str) -> None:
        """Have a processor go on, and wait until it stops again."""
        self._send(packet)
        while not self._answer().startswith(b"T"):
            pass

    def _send(self, packet: str) -> None:
        data = packet.encode()
        self._socket.sendall(b"$%s#%02x" % (data, sum(data) % 256))

    def _answer(self) -> bytes:
        byte = self._file.read(1)
        while byte not in (b"$", b""):
            byte = self._file.read(1)
        found = bytearray()
        while (byte := self._file.read(1)) not in (b"#", b""):
            found += byte
        if len(self._file.read(2)) != 2:
            raise InfraError("QEMU's gdbstub has ended")
        self._socket.sendall(b"+")
        return bytes(found)

    def read(self, address: int, size: int) -> bytes:
        """Return memory of the processor that was chosen last."""
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}").decode())

    def run_to(self, cpu: int, address: int) -> None:
        """Let one processor go on, all others stand, until it is about to execute an address."""
        self.ask(f"Z0,{address:x},1")
        self.go(f"vCont;c:{cpu:x}")
        self.ask(f"z0,{address:x},1")
        if self.look(cpu).pc != address:
            raise InfraError(f"processor {cpu} does not come to {address:#x}")

    def look(self, cpu: int) -> Step:
        """Return where a processor is."""
        self.ask(f"Hg{cpu:x}")
        packet = bytes.fromhex(self.ask("g").decode())
        step = Step(0, packet)
        return Step(step.register("rip"), packet)

    def walk(self, cpu: int, until: int) -> Iterator[Step]:
        """Step until an address is reached again, and yield each instruction before its step."""
        for _ in range(STEPS):
            yield self.look(cpu)
            self.go(f"vCont;s:{cpu:x}")
            if self.look(cpu).pc == until:
                return
        raise InfraError(f"processor {cpu} does not come to {until:#x} in {STEPS} instructions")


@contextmanager
def _connect(path: Path) -> Iterator[_Stub]:
    """Connect, which stops all processors.

    Raises:
        InfraError: it does not answer.
    """
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(SECONDS)
        try:
            stream.connect(str(path))
            yield _Stub(stream)
        except OSError as error:
            raise InfraError(f"QEMU's gdbstub: {error}", where=str(path)) from error


@contextmanager
def _running(machine: Machine, place: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run QEMU, and end it; its gdbstub is at the path."""
    path = place / "gdb"
    command = (*qemu_arguments(machine), "-gdb", f"unix:{path},server=on,wait=off")
    with (place / "qemu.log").open("wb") as output:
        guarding = guarded(command, signal.SIGKILL)
        process = tools.start(guarding, package="qemu-system-x86", stdout=output, stderr=output)
        try:
            yield process, path
        finally:
            process.kill()
            process.wait()


def _wait_for_marker(process: subprocess.Popen[bytes], results: Path) -> str:
    """Return what the guest says behind the marker.

    Raises:
        InfraError: QEMU ends, or the line does not come.
    """
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and process.poll() is None:
        text = results.read_text(errors="replace") if results.exists() else ""
        for line in text.splitlines(keepends=True):
            if line.startswith(MARKER) and line.endswith("\n"):
                return line.removeprefix(MARKER).strip()
        time.sleep(0.05)
    raise InfraError(f"the guest does not say '{MARKER}'", where=str(results))
