# SPDX-License-Identifier: GPL-2.0-only
"""What a hit does to memory that other processors share, from calls of two processors.

Counted, for a call of a probed function, in the kernel alone:

- instructions;
- those with a lock: a ``lock`` prefix, or ``xchg`` with memory, which needs none;
- lines of 64 bytes that the calls of both processors write: memory of a processor, of a thread and
  of its stack is another one for each. One that only reads such a line is not counted, nor is what
  exceptions push;
- writes to those lines, and how many of them have a lock;
- calls of the functions that allocate and that free, by their names.
"""

from __future__ import annotations

import bisect
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from iced_x86 import Decoder, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind
from iced_x86 import Register as Reg

from generator.checks.scaling.record import REGISTERS, Recording, Step
from generator.errors import CheckFailed

_LINE = 6
"""A line has 64 bytes."""
_KERNEL = 1 << 63
_ALL = (1 << 64) - 1

_WRITES = {OpAccess.WRITE, OpAccess.READ_WRITE, OpAccess.COND_WRITE, OpAccess.READ_COND_WRITE}

ALIKE = 1.1
"""A call counts that has up to so many times the instructions of the shortest: the way through a
lock or a tree is not always the same. What did more, such as a timer that was due, is left out."""

ALLOCATORS = frozenset(
    (
        *("__kmalloc", "__kmalloc_node", "kmalloc_trace", "kmalloc_node_trace", "kmalloc_large"),
        *("kmem_cache_alloc", "kmem_cache_alloc_node", "kmem_cache_alloc_lru"),
        *("__kmalloc_noprof", "__kmalloc_node_noprof", "__kmalloc_cache_noprof"),
        *("__kmalloc_cache_node_noprof", "__kmalloc_large_noprof"),
        *("kmem_cache_alloc_noprof", "kmem_cache_alloc_node_noprof", "kmem_cache_alloc_lru_noprof"),
        *("__alloc_pages", "__alloc_pages_noprof"),
    )
)
"""mm/slub.c, mm/slab_common.c and mm/page_alloc.c of 6.1 and 6.12."""

RELEASERS = frozenset(
    ("kfree", "kmem_cache_free", "kvfree_call_rcu", "__free_pages", "free_unref_page")
)

_NUMBERS: Mapping[int, str] = {
    getattr(Reg, name.upper()): name for name in REGISTERS if name != "rip"
}
_SEGMENTS: Mapping[int, str] = {Reg.FS: "fs_base", Reg.GS: "gs_base"}


@dataclass(frozen=True, kw_only=True)
class HitCounts:
    """What a call of a probed function does in the kernel.

    Attributes:
        row: which function, and whether both processors hit one probe or each its own.
        side: ``ours`` or ``base``.
        calls: how many were looked at.
        instructions: executed in one of them, the median.
        locked: of those, with a lock.
        shared_lines: lines that both processors write.
        shared_writes: writes to them in one call.
        shared_locked: of those, with a lock.
        allocations, frees: calls of the functions that do so.
        places: ``function: writes`` to those lines, most first.
    """

    row: str
    side: str
    calls: int
    instructions: int
    locked: float
    shared_lines: int
    shared_writes: float
    shared_locked: float
    allocations: float
    frees: float
    places: tuple[str, ...] = ()


class Symbols:
    """The functions of a kernel, from its System.map."""

    def __init__(self, lines: Iterable[str]) -> None:
        rows = [line.split() for line in lines]
        self.by_name = {name: int(address, 16) for address, _, name in rows}
        known = sorted((int(address, 16), name) for address, kind, name in rows if kind in "tTwW")
        self._addresses = [address for address, _ in known]
        self._names = [name for _, name in known]

    @classmethod
    def read(cls, path: Path) -> Symbols:
        """Read the file that is beside the kernel image."""
        return cls(path.read_text().splitlines())

    @property
    def text(self) -> range:
        """The addresses of the kernel's code."""
        return range(self.by_name["_stext"], self.by_name["_etext"])

    def name(self, address: int) -> str:
        """Return the function at an address; without the suffixes of copies and parts of it."""
        place = bisect.bisect(self._addresses, address) - 1
        return self._names[place].split(".")[0] if place >= 0 else ""

    def at(self, address: int) -> str:
        """Return the name of the function that begins at an address; empty: none does."""
        place = bisect.bisect_left(self._addresses, address)
        here = place < len(self._addresses) and self._addresses[place] == address
        return self._names[place].split(".")[0] if here else ""


@dataclass(frozen=True, kw_only=True)
class _Memory:
    """An operand in memory that is written: registers by number, and the rest of the address."""

    segment: int
    base: int
    index: int
    scale: int
    displacement: int

    def address(self, step: Step) -> int:
        address = self.displacement
        if self.base in _NUMBERS:
            address += step.register(_NUMBERS[self.base])
        if self.index in _NUMBERS:
            address += step.register(_NUMBERS[self.index]) * self.scale
        if self.segment in _SEGMENTS:
            address += step.register(_SEGMENTS[self.segment])
        return address & _ALL


@dataclass(frozen=True, kw_only=True)
class _Code:
    """What one instruction does: whether it has a lock, and what it writes."""

    locked: bool
    writes: tuple[_Memory, ...]


@dataclass
class _Decoder:
    """The kernel's instructions, each decoded once."""

    recording: Recording
    known: dict[int, _Code] = field(default_factory=dict)
    info: InstructionInfoFactory = field(default_factory=InstructionInfoFactory)

    def at(self, pc: int) -> _Code:
        if pc not in self.known:
            offset = pc - self.recording.start
            code = self.recording.text[offset : offset + 16] if offset >= 0 else b""
            instruction = Decoder(64, code, ip=pc).decode()
            if not instruction:
                raise CheckFailed(f"no instruction in the kernel's code at {pc:#x}")
            self.known[pc] = self._look(instruction)
        return self.known[pc]

    def _look(self, instruction: Instruction) -> _Code:
        operands = [instruction.op_kind(n) for n in range(instruction.op_count)]
        exchange = instruction.mnemonic == Mnemonic.XCHG and OpKind.MEMORY in operands
        writes = [
            _Memory(
                segment=memory.segment,
                base=memory.base,
                index=memory.index,
                scale=memory.scale,
                displacement=memory.displacement,
            )
            for memory in self.info.info(instruction).used_memory()
            if memory.access in _WRITES
        ]
        return _Code(locked=instruction.has_lock_prefix or exchange, writes=tuple(writes))


@dataclass(frozen=True, slots=True)
class _Write:
    line: int
    pc: int
    locked: bool


def count_hits(recording: Recording, symbols: Symbols, *, row: str, side: str) -> HitCounts:
    """Count what the calls of several processors do.

    Args:
        recording: of a guest.
        symbols: of its kernel.
        row: for the result.
        side: for the result.

    Raises:
        CheckFailed: the calls are not alike, or an instruction cannot be decoded.
    """
    decoder = _Decoder(recording)
    kernel = _alike(recording, where=row)
    calls = [call for some in kernel for call in some]
    writes = [[write for call in some for write in _writes(call, decoder)] for some in kernel]
    lines = [{write.line for write in some if write.line << _LINE & _KERNEL} for some in writes]
    shared = set.intersection(*lines)
    hot = [write for some in writes for write in some if write.line in shared]
    names = Counter(symbols.at(step.pc) for call in calls for step in call)
    places = Counter(symbols.name(write.pc) for write in hot)
    many = len(calls)
    return HitCounts(
        row=row,
        side=side,
        calls=many,
        instructions=round(statistics.median(map(len, calls))),
        locked=_each(sum(decoder.at(s.pc).locked for call in calls for s in call), many),
        shared_lines=len(shared),
        shared_writes=_each(len(hot), many),
        shared_locked=_each(sum(write.locked for write in hot), many),
        allocations=_each(sum(names[name] for name in ALLOCATORS), many),
        frees=_each(sum(names[name] for name in RELEASERS), many),
        places=tuple(f"{name}: {_each(count, many):g}" for name, count in places.most_common()),
    )


def _alike(recording: Recording, *, where: str) -> list[list[list[Step]]]:
    """Return what the calls of each processor execute in the kernel, those that are alike."""
    kernel = [
        [[step for step in call if step.pc & _KERNEL] for call in calls]
        for calls in recording.calls
    ]
    lengths = [len(call) for calls in kernel for call in calls]
    most = ALIKE * min(lengths)
    found = [[call for call in calls if len(call) <= most] for calls in kernel]
    if not min(lengths) or not all(found):
        raise CheckFailed(f"calls of {lengths} instructions are not alike", where=where)
    return found


def _each(count: int, calls: int) -> float:
    return round(count / calls, 2)


def _writes(call: Sequence[Step], decoder: _Decoder) -> list[_Write]:
    found = []
    for step in call:
        code = decoder.at(step.pc)
        for memory in code.writes:
            line = memory.address(step) >> _LINE
            found.append(_Write(line, step.pc, code.locked))
    return found
