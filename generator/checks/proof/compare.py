# SPDX-License-Identifier: GPL-2.0-only
"""Execute one instruction in its place and the way a probe does it, and compare.

State A is the processor's: the instruction at its address. State B goes through the C: analysis, a
breakpoint in its place, the copy in a slot, ``arch_uprobe_pre_xol()``, one step, and then
``arch_uprobe_post_xol()``, or ``arch_uprobe_abort_xol()`` after an exception; or no step at all
where ``arch_uprobe_skip_sstep()`` says so. What was not stepped is then stepped as well: that is
what happens when memory is missing.

Both are executed by the same emulator from the same state. So flags that an instruction leaves
undefined must be equal as well: nothing is masked. What the emulator does not know, VEX and EVEX
above all, is executed by the processor at hand.
"""

from __future__ import annotations

import random
from pathlib import Path

from generator.checks.proof.cases import Case
from generator.checks.proof.copy import stray_branch, wrong_copy
from generator.checks.proof.judge import Decoded, decode
from generator.checks.proof.known import (
    NOT_HERE,
    runs_natively,
)
from generator.checks.proof.layout import LAYOUTS, REGION_SIZE, SLOT_BYTES, SLOTS
from generator.checks.proof.library import (
    INSN_BYTES,
    Library,
    Verdict,
)
from generator.checks.proof.machine import TF, Fault, Machine, Processor
from generator.checks.proof.native import Native
from generator.checks.proof.start import Start, make_start, region_content
from generator.checks.proof.verdict import (
    Outcome,
    Result,
    State,
    find_lack,
    judge_analysis,
    make_result,
    stops_behind,
)

FIX_CALL, FIX_PUSHF = 0x08, 0x10
INT3 = 0xCC
# TASK_SIZE_MAX of 64-bit code: behind it are no canonical addresses of user space
USER_END = (1 << 47) - 4096
# more repetitions than start.py asks for
_REPETITIONS = 8


class Prover:
    """Compares cases; one for each process, since the C knows one task.

    Args:
        library: the compiled C.
        native: the program that asks the processor at hand.
        seed: chooses the states.

    Raises:
        InfraError: ``native`` cannot be run.
    """

    def __init__(self, library: Library, native: Path, *, seed: int) -> None:
        self._library = library
        self._seed = seed
        self._machines = {bits: Machine(bits) for bits in (64, 32)}
        self._natives = {bits: Native(native, bits) for bits in (64, 32)}
        self._memory = region_content(seed)
        self._machine: Processor = self._machines[64]
        self._stack_is_gone = False
        self._thorough = False
        library.set_memory(self._read, self._write)

    def _read(self, address: int, size: int) -> bytes | None:
        return None if self._stack_is_gone else self._machine.read(address, size)

    def _write(self, address: int, data: bytes) -> bool:
        """Store what the C writes; code and slots are not writable."""
        inside = any(
            region <= address and address + len(data) <= region + REGION_SIZE
            for region in self._machine.layout.regions
        )
        return inside and not self._stack_is_gone and self._machine.write(address, data)

    def prove(self, case: Case) -> Result:
        """Try one case."""
        site = LAYOUTS[case.bits].sites[case.site]
        rng = random.Random(f"{self._seed} {case.bits} {case.code.hex()}")
        whole = case.code[:INSN_BYTES].ljust(INSN_BYTES, bytes([INT3]))
        verdict = self._library.analyze(whole, bits=case.bits)
        decoded = decode(whole, bits=case.bits, ip=site.vaddr)
        processors = self._natives if runs_natively(decoded) else self._machines
        machine = self._machine = processors[case.bits]
        if early := judge_analysis(case, decoded, verdict):
            return early
        start = make_start(machine, decoded, site, self._memory, rng)
        slot = machine.layout.xol + SLOT_BYTES * rng.randrange(SLOTS)
        where = (site.vaddr, slot, start)
        try:
            if stray := stray_branch(verdict, slot, bits=case.bits):
                raise RuntimeError(stray)
            in_place = self._in_place(whole, decoded, site.vaddr, start)
            if lacking := find_lack(machine, decoded, in_place, site.vaddr):
                if lacking.startswith(NOT_HERE) and (wrong := wrong_copy(decoded, verdict, slot)):
                    raise RuntimeError(wrong)
                return make_result(case, decoded, verdict, Outcome.LEFT_OUT, lacking)
            probed = self._probed(verdict, decoded, *where)
            unequal = self._unequal(in_place, probed, start)
            if probed.skipped and not unequal:
                stepped = self._probed(verdict, decoded, *where, must_step=True)
                unequal = self._unequal(in_place, stepped, start)
            if verdict.op and probed.skipped and not unequal:
                unequal = self._unequal(in_place, self._raced(verdict, decoded, *where), start)
            if unequal and not self._thorough:
                return self._prove_again(case)
            if not unequal and verdict.fixups & (FIX_CALL | FIX_PUSHF) and not in_place.fault:
                unequal = self._without_stack(verdict, *where)
            if not unequal and case.bits == 32:
                unequal = self._out_of_reach(*where)
        except RuntimeError as error:
            return make_result(case, decoded, verdict, Outcome.UNEQUAL, str(error))
        if unequal:
            return make_result(case, decoded, verdict, Outcome.UNEQUAL, "", unequal)
        equal = Outcome.SKIPPED if probed.skipped else Outcome.EQUAL
        return make_result(case, decoded, verdict, Outcome.FAULTED if in_place.fault else equal)

    def _prove_again(self, case: Case) -> Result:
        """Try a case that has found traces of others: only its own region is restored each time."""
        self._thorough = True
        try:
            return self.prove(case)
        finally:
            self._thorough = False

    def _begin(self, start: Start) -> None:
        """Put registers and memory into the state that the case starts from, as the C sees it."""
        self._library.take_memory()
        self._machine.load(start.registers, start.extra)
        for region in self._machine.layout.regions if self._thorough else (start.region,):
            self._machine.write(region, start.memory)

    def _leave(self, start: Start, fault: Fault | None, sigtraps: int, skipped: bool) -> State:
        memory = self._machine.read(start.region, len(start.memory))
        assert memory is not None
        return State(
            registers=bytes(self._machine.registers),
            extra=self._machine.extra.raw,
            memory=memory,
            fault=fault,
            sigtraps=sigtraps,
            skipped=skipped,
        )

    def _in_place(self, code: bytes, decoded: Decoded, vaddr: int, start: Start) -> State:
        """Return state A."""
        machine = self._machine
        self._begin(start)
        machine.put_code(vaddr, code)
        fault, traps = None, 0
        machine.registers.ip = vaddr
        for _ in range(_REPETITIONS):
            tf = bool(machine.registers.flags & TF)
            fault = self._step(decoded)
            if fault:
                machine.registers.ip = vaddr
                break
            traps += tf and stops_behind(start, decoded, machine.registers.ip)
            if machine.registers.ip != vaddr or not decoded.repeats:
                break
        return self._leave(start, fault, traps, skipped=False)

    def _step(self, decoded: Decoded) -> Fault | None:
        """Execute one instruction; TF is set where the processor shows it or loads it."""
        machine = self._machine
        if not decoded.mnemonic.startswith("popf"):
            return machine.step(with_tf=decoded.mnemonic.startswith("pushf"))
        before = machine.registers.flags
        machine.registers.flags = before & ~TF
        fault = machine.step()
        if fault:
            machine.registers.flags = before
        return fault

    def _probed(
        self,
        verdict: Verdict,
        decoded: Decoded,
        vaddr: int,
        slot: int,
        start: Start,
        *,
        must_step: bool = False,
    ) -> State:
        """Return state B; ``must_step`` leaves ``arch_uprobe_skip_sstep()`` out."""
        machine, library = self._machine, self._library
        self._begin(start)
        machine.put_code(vaddr, bytes([INT3]))
        machine.put_code(slot, verdict.ixol)
        fault, traps, skipped = None, 0, False
        machine.registers.ip = vaddr
        for _ in range(_REPETITIONS):
            skipped, fault = self._hit(decoded, vaddr, slot, start, must_step=must_step)
            traps += library.sigtraps()
            if fault or machine.registers.ip != vaddr or not decoded.repeats:
                break
        return self._leave(start, fault, traps, skipped)

    def _raced(
        self, verdict: Verdict, decoded: Decoded, vaddr: int, slot: int, start: Start
    ) -> State:
        """Return state B where another task changes the word that an emulation would replace.

        Raises:
            RuntimeError: the instruction is not stepped then.
        """
        self._library.race(True)
        try:
            state = self._probed(verdict, decoded, vaddr, slot, start)
            if state.skipped and self._library.race_count():
                raise RuntimeError("memory has changed in between, and nothing is stepped")
        finally:
            self._library.race(False)
        return state

    def _hit(
        self, decoded: Decoded, vaddr: int, slot: int, start: Start, *, must_step: bool
    ) -> tuple[bool, Fault | None]:
        """Hit the breakpoint once; returns whether the step was skipped, and the exception."""
        library, regs = self._library, self._machine.registers
        address = self._machine.registers_address
        bits = self._machine.bits
        library.hit(
            bits=bits, vaddr=vaddr, slot=slot, trap_nr=start.trap_nr, blockstep=start.blockstep
        )
        skipped = not must_step and library.skip(address)
        if not must_step and library.sleeps():
            raise RuntimeError("an emulation accesses memory with page faults enabled")
        if skipped:
            if bits == 64 and regs.ip >= USER_END:
                raise RuntimeError(f"a branch to {regs.ip:#x}, which the processor refuses")
            told = start.tf and stops_behind(start, decoded, regs.ip)
            if told != library.shows_step() or told == library.shows_old_watch():
                raise RuntimeError("thread.virtual_dr6 does not say that this was a step")
            return True, None
        return False, self._stepped(decoded, slot, start)

    def _stepped(self, decoded: Decoded, slot: int, start: Start) -> Fault | None:
        """Step the copy; returns the exception that it has raised.

        Raises:
            RuntimeError: a function of the C does not do what the core expects of it.
        """
        library, regs = self._library, self._machine.registers
        address = self._machine.registers_address
        if library.pre_xol(address):
            raise RuntimeError("arch_uprobe_pre_xol() fails")
        if regs.ip != slot:
            raise RuntimeError(f"arch_uprobe_pre_xol() goes to {regs.ip:#x}, the slot is {slot:#x}")
        if not regs.flags & TF or library.blockstep():
            raise RuntimeError("arch_uprobe_pre_xol() does not ask for a step")
        if library.is_never_trapped():
            raise RuntimeError("an exception without a number is waited for without end")
        if start.watched:
            library.watch()
        fault = self._step(decoded)
        if fault:
            library.trap(fault.number)
        if library.was_trapped() != bool(fault):
            raise RuntimeError("arch_uprobe_xol_was_trapped() is wrong")
        if fault:
            library.abort_xol(address)
        elif library.post_xol(address):
            raise RuntimeError("arch_uprobe_post_xol() fails")
        if library.blockstep() != start.blockstep:
            raise RuntimeError("block-stepping does not go on after the step")
        told = start.tf and stops_behind(start, decoded, regs.ip)
        reported = library.watch_traps()
        if reported != (start.watched and not fault and not told):
            raise RuntimeError(f"what a debugger watches is reported {reported} times")
        if not fault and library.shows_step() != told:
            raise RuntimeError("thread.virtual_dr6 shows the step, or has lost the program's")
        wanted = fault.number if fault else start.trap_nr
        if library.trap_nr() != wanted:
            raise RuntimeError(f"thread.trap_nr is {library.trap_nr()}, wanted {wanted}")
        return fault

    def _without_stack(
        self, verdict: Verdict, vaddr: int, slot: int, start: Start
    ) -> dict[str, tuple[str, str]]:
        """Let the stack vanish between the step and the fixup: the instruction must be undone."""
        self._begin(start)
        machine, library = self._machine, self._library
        machine.registers.ip = vaddr
        before = bytes(machine.registers)
        self._stack_is_gone = True
        try:
            address = machine.registers_address
            library.hit(bits=machine.bits, vaddr=vaddr, slot=slot, trap_nr=0, blockstep=False)
            library.pre_xol(address)
            machine.step(with_tf=bool(verdict.fixups & FIX_PUSHF))
            library.post_xol(address)
        finally:
            self._stack_is_gone = False
        if verdict.fixups & FIX_PUSHF and start.tf:
            return {}
        return machine.differences(before, start.extra)

    def _out_of_reach(self, vaddr: int, slot: int, start: Start) -> dict[str, tuple[str, str]]:
        """Let the slot be above 4 GiB, where 32-bit code cannot be stepped: nothing has changed.

        Raises:
            RuntimeError: the step is prepared.
        """
        self._begin(start)
        machine, library = self._machine, self._library
        machine.registers.ip = vaddr
        before = bytes(machine.registers)
        library.hit(
            bits=32, vaddr=vaddr, slot=slot + (1 << 32), trap_nr=start.trap_nr, blockstep=False
        )
        if not library.pre_xol(machine.registers_address):
            raise RuntimeError("arch_uprobe_pre_xol() goes to a slot above 4 GiB in 32-bit code")
        if library.trap_nr() != start.trap_nr:
            raise RuntimeError("arch_uprobe_pre_xol() fails, and thread.trap_nr has changed")
        return machine.differences(before, start.extra)

    def _unequal(self, a: State, b: State, start: Start) -> dict[str, tuple[str, str]]:
        """Return what differs between the states: in A, and in B, which the machine still holds."""
        found = {}
        if a.registers != b.registers or a.extra != b.extra:
            found = self._machine.differences(a.registers, a.extra)
        if a.fault != b.fault:
            found["exception"] = (str(a.fault), str(b.fault))
        if a.sigtraps != b.sigtraps:
            found["debug traps"] = (str(a.sigtraps), str(b.sigtraps))
        if a.memory != b.memory:
            place = next(
                i for i, (x, y) in enumerate(zip(a.memory, b.memory, strict=True)) if x != y
            )
            part = slice(place & -8, (place & -8) + 16)
            found[f"memory at {start.region + (place & -8):#x}"] = (
                a.memory[part].hex(),
                b.memory[part].hex(),
            )
        return found
