# SPDX-License-Identifier: GPL-2.0-only
"""The boots that it takes to see all self-tests of a kernel, whatever it does in them.

The first boot runs all. A test in which the kernel dies or hangs is left out of the next, which
runs what has not reported; then it runs alone, and only a kernel that dies again has died of it.
Tests that took too long run once more with three times the time. QEMU emulates all processors in
one thread: its several threads execute kernels that patch their own text wrongly (static calls,
jump labels), which would look like faults of the kernel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from generator.checks.catalogue.judge import Complaint, Observed, is_late, read_complaints
from generator.errors import InfraError
from generator.guest.boot import BootResult
from generator.guest.flavours import GUEST_DEADLINE
from generator.guest.ktap import KtapTest
from generator.guest.outcome import Kind
from generator.model.catalogue import plain_name
from generator.text import read_lines, strip_printk

MAX_BOOTS = 12
"""A kernel that dies in more tests than that is described well enough."""

PATIENT = 3 * GUEST_DEADLINE
"""Seconds for a test that has taken too long."""

_EMULATOR = re.compile(r"supervisor (read|write) access in user mode")
"""What a kernel says when QEMU, 7.2 at least, has executed a far return of a program as if it were
the kernel's (arch/x86/mm/fault.c: show_fault_oops; 6.1): no processor does so."""

_COUNTED = ("string", "rep-movsb")
"""Self-tests that show nothing of a kernel where QEMU counts instructions."""
_ONCE_MORE = "QEMU steps rep once more where it counts instructions"
"""Without ``repz_opt`` it looks at rcx in a step of its own (target/i386/tcg/translate.c: gen_repz;
7.2): no processor does so."""

_INIT = "uprobekit-init: "
"""How what the guest's first program says on the console begins (qemu/guest/init.c)."""

Boot = Callable[[tuple[str, ...], int], BootResult]
"""Boots the kernel with these tests, none: all, and so many seconds for each, 0: as always."""


@dataclass
class _Seen:
    """What has been seen so far."""

    boots: int = 0
    announced: tuple[str, ...] = ()
    tests: dict[str, KtapTest] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    died: dict[str, str] = field(default_factory=dict)
    doubtful: dict[str, str] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    @property
    def left(self) -> tuple[str, ...]:
        """The tests that have not reported and did not end a boot."""
        return tuple(name for name in self.announced if name not in {*self.tests, *self.ended})


def observe(boot: Boot) -> Observed:
    """Boot a kernel until each of its self-tests has been seen, and return what was seen.

    Raises:
        InfraError: it could not be booted, or has no probes; the reason is told.
    """
    seen = _Seen()
    _run(boot, seen, (), 0)
    while seen.left and seen.ended and seen.boots < MAX_BOOTS:
        before = seen.left
        _run(boot, seen, before, 0)
        if seen.left == before:
            break
    _confirm_deaths(boot, seen)
    _confirm_delays(boot, seen)
    return Observed(
        tests={name: seen.tests[name] for name in seen.announced if name in seen.tests},
        died=seen.died,
        doubtful=seen.doubtful,
        missing=seen.left,
        complaints=tuple(seen.complaints),
    )


def _run(boot: Boot, seen: _Seen, names: tuple[str, ...], deadline: int) -> BootResult:
    """Boot once, and note what was seen."""
    result = boot(names, deadline)
    seen.boots += 1
    if not seen.announced:
        check_booted(result)
        seen.announced = result.ktap.announced
    seen.tests |= {test.name: test for test in result.ktap.tests}
    seen.complaints += read_complaints(read_lines(result.console))
    if "-icount" in result.command:
        other = (name for name in seen.tests if plain_name(name) in _COUNTED)
        seen.doubtful |= dict.fromkeys(other, _ONCE_MORE)
    # a run that took too long as a whole was stopped in a test that is not to blame
    running = result.ktap.running
    if running and result.outcome.kind is not Kind.TIMEOUT:
        seen.ended[running] = result.outcome.reason
        if any(_EMULATOR.search(line) for line in result.outcome.excerpt):
            seen.doubtful[running] = "QEMU executes a far return wrongly, and the kernel died of it"
    return result


def _confirm_deaths(boot: Boot, seen: _Seen) -> None:
    """Run each test alone in which a boot has ended."""
    for name, first in seen.ended.items():
        if name in seen.doubtful:
            continue
        if seen.boots >= MAX_BOOTS:
            seen.doubtful[name] = f"it ended a boot once: {first}; there was no second try"
            continue
        alone = replace(_Seen(), announced=seen.announced)
        result = _run(boot, alone, (name,), 0)
        seen.boots += 1
        seen.complaints += alone.complaints
        if name in alone.ended:
            seen.died[name] = result.outcome.reason
        else:
            seen.doubtful[name] = (
                f"it ended a boot among others, and not when it ran alone: {first}"
            )


def _confirm_delays(boot: Boot, seen: _Seen) -> None:
    """Run tests once more that were stopped because of the time, with more of it."""
    late = _late(seen.tests.values())
    if late and seen.boots < MAX_BOOTS:
        _run(boot, seen, late, PATIENT)
        seen.died |= {name: seen.ended[name] for name in late if name in seen.ended}


def _late(tests: Iterable[KtapTest]) -> tuple[str, ...]:
    return tuple(test.name for test in tests if is_late(test))


def check_booted(result: BootResult) -> None:
    """Check that a kernel came as far as its self-tests.

    Raises:
        InfraError: it did not; what it said last is told.
    """
    if result.ktap.announced:
        return
    if result.ktap.nothing:
        raise InfraError(result.ktap.nothing, where=str(result.console))
    said = [strip_printk(line).strip() for line in read_lines(result.console)]
    own = [line.partition(_INIT)[2] for line in said if _INIT in line]
    own = [line for line in own if not line.startswith(("done", "runner"))]
    last = next((line for line in reversed(said) if line), "")
    reason = own[-1] if own else result.outcome.reason
    more = "" if own or not last or last in reason else f"; its last line is: {last}"
    raise InfraError(
        f"the kernel could not be booted: {reason}{more}",
        where=str(result.console),
        hint="a kernel without drivers for a PC's serial port or an initramfs cannot be checked; "
        "nor can one with an --initrd that is cut off",
    )
