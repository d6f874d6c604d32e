# SPDX-License-Identifier: GPL-2.0-only
"""Give QEMU's processors what TCG lacks: traps at branches only (IA32_DEBUGCTL.BTF).

Run by gdb, which starts QEMU and speaks with its gdbstub:

    gdb -nx -batch -ex 'python QEMU = ["qemu-system-x86_64", ..., "-S", "-gdb", "stdio"]'
        -x blockstep.py vmlinux

With BTF and EFLAGS.TF set a processor raises #DB behind an instruction only where that has
branched, and clears BTF when it raises one (Intel SDM volume 3, "Single-Stepping on Branches").
QEMU 7.2 ignores the register and traps behind every instruction. So the guest is stopped where the
kernel writes the register, where it goes back to a user program that is stepped, and where #DB
comes in: one that a processor would not have raised is answered with the iret that leads back.

64-bit kernels only. A watchpoint is not told apart from a step, and of a conditional branch to the
next instruction nobody can tell that it was taken.
"""

from __future__ import annotations

import re
import shlex
import struct

import gdb

BTF = 2
TF = 1 << 8

# mov $0x1d9,%ecx and wrmsr, or mov $0x1d9,%edi and a call of who does that
_NUMBER = (0xD9, 0x01, 0x00, 0x00)
WRITES = (
    ((0xB9, *_NUMBER), re.compile(r"^wrmsr"), "eax"),
    ((0xBF, *_NUMBER), re.compile(r"^call.*<(wrmsrl|native_write_msr)>"), "rsi"),
)
WRITE_WITHIN = 64  # bytes from the one to the other

ENTRY = "asm_exc_debug"
LEAVE = "swapgs_restore_regs_and_return_to_usermode"
PUSHED_BELOW = 16 * 8  # bytes of struct pt_regs below what the processor pushes
IRET = (0x48, 0xCF)

ALWAYS = re.compile(r"\b(jmp|call|ret)")
MAYBE = re.compile(r"\b(j|loop)")


def address_of(symbol: str) -> int:
    """Return where ``symbol`` is."""
    return int(gdb.parse_and_eval(f"(unsigned long)&{symbol}"))


def disassemble(address: int) -> dict:
    """Return the instruction at ``address``: its text ("asm") and its length."""
    return gdb.selected_inferior().architecture().disassemble(address)[0]


def find(code: tuple[int, ...]) -> list[int]:
    """Return where the kernel has ``code``."""
    start, end = address_of("_stext"), address_of("_etext")
    said = gdb.execute(f"find /b {start}, {end}, {', '.join(map(hex, code))}", to_string=True)
    return [int(line.split()[0], 16) for line in said.splitlines() if line.startswith("0x")]


def find_behind(address: int, wanted: re.Pattern) -> int | None:
    """Return the first instruction behind ``address`` whose text fits, or None."""
    last = address + WRITE_WITHIN
    while address < last:
        insn = disassemble(address)
        if wanted.search(insn["asm"]):
            return address
        address += insn["length"]
    return None


def writes_of_debugctl() -> dict[int, str]:
    """Return where the kernel writes the register, each with the register that has the value."""
    found = {}
    for code, wanted, value in WRITES:
        for address in find(code):
            found[find_behind(address, wanted)] = value
    found.pop(None, None)
    return found


def register(name: str) -> int:
    """Return a register of the processor that has stopped."""
    return int(gdb.parse_and_eval(f"(unsigned long)${name}"))


def stop_at(place: int) -> gdb.Breakpoint:
    """Return a breakpoint, of which nothing is printed."""
    point = gdb.Breakpoint(f"*{place}", type=gdb.BP_HARDWARE_BREAKPOINT, internal=True)
    point.silent = True
    return point


class Frame:
    """What the processor pushes for an exception, and iret pops."""

    def __init__(self, address: int) -> None:
        words = gdb.selected_inferior().read_memory(address, 24)
        self.ip, self.cs, self.flags = struct.unpack("<3Q", words)

    @property
    def is_stepped(self) -> bool:
        """It is that of a user program whose instructions trap."""
        return self.cs & 3 == 3 and bool(self.flags & TF)


class Processor:
    """One of the guest's processors.

    Attributes:
        btf: what the kernel has written.
        ip: where the stepped program went on.
    """

    def __init__(self) -> None:
        self.btf = False
        self.ip = 0

    def has_branched(self, ip: int) -> bool:
        """Tell whether the instruction that has led to ``ip`` was a branch that was taken."""
        insn = disassemble(self.ip)
        if ALWAYS.search(insn["asm"]):
            return True
        return bool(MAYBE.search(insn["asm"])) and ip != self.ip + insn["length"]

    def leave(self, frame: Frame) -> None:
        """Note where a stepped program goes on."""
        if frame.is_stepped:
            self.ip = frame.ip

    def trap(self, frame: Frame, iret: int) -> None:
        """Let an exception through, or lead it back."""
        if not self.btf or not frame.is_stepped:
            return
        if self.has_branched(frame.ip):
            self.btf = False
            return
        self.ip = frame.ip
        gdb.execute(f"set $pc = {iret}", to_string=True)


def follow(qemu: list[str]) -> None:
    """Start QEMU and go from stop to stop until the guest has ended."""
    entry, leave, iret = address_of(ENTRY), address_of(LEAVE), find(IRET)[0]
    writes = writes_of_debugctl()
    print("the kernel writes DEBUGCTL at", *map(hex, sorted(writes)), flush=True)
    gdb.execute(f"target remote | exec {shlex.join(qemu)}")
    for place in writes:
        stop_at(place)
    while_stepped = (stop_at(entry), stop_at(leave))
    processors: dict[int, Processor] = {}
    while True:
        for point in while_stepped:
            point.enabled = any(each.btf for each in processors.values())
        gdb.execute("continue", to_string=True)
        if not gdb.selected_thread():
            return
        processor = processors.setdefault(gdb.selected_thread().num, Processor())
        place = register("pc")
        if place in writes:
            processor.btf = bool(register(writes[place]) & BTF)
        elif place == entry:
            processor.trap(Frame(register("rsp")), iret)
        elif place == leave:
            processor.leave(Frame(register("rsp") + PUSHED_BELOW))


for option in ("pagination off", "confirm off", "breakpoint always-inserted on"):
    gdb.execute(f"set {option}")
try:
    follow(QEMU)  # noqa: F821 (given by -ex)
except gdb.error as error:
    print(error, flush=True)
