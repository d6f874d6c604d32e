# SPDX-License-Identifier: GPL-2.0-only
"""How the kernels of a flavour are booted: more tests than others run, and more time for them.

The options of their kernels are in ``qemu/config``. Called by the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GUEST_DEADLINE = 20
"""Seconds that a test may take unless the guest is told otherwise: ``DEADLINE`` of
``qemu/guest/run-tests.c``."""

SLACK = 40.0

SLOWER = {"bochs": 6.0, "gdb": 20.0}
"""How much longer a test's deadline is where QEMU alone does not run it: Bochs goes by its own
clock, and gdb is asked at each exception: a test took 66 s of it on a machine with other work."""


@dataclass(frozen=True, kw_only=True)
class Flavour:
    """What is told to the guest, and how long it may take.

    Args:
        also: programs of the guest that have more tests, see ``qemu/README.md``.
        deadline: seconds for each test; 0: as the guest has it.
        seconds: for the whole boot, or as many as its tests may take.
        kernel: parameters of the kernel itself.
    """

    also: tuple[str, ...] = ()
    deadline: int = 0
    seconds: float = 600.0
    kernel: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The words of the kernel's command line."""
        words = (
            ("also", ",".join(self.also)),
            ("deadline", self.deadline),
        )
        return (*self.kernel, *(f"uprobekit.{name}={value}" for name, value in words if value))

    def stall(self, accel: str = "") -> float:
        """Return in how many seconds a test has to end under an accelerator.

        The guest kills one that takes longer than its deadline and says so: what is more is for
        that, and for a machine that is busy.
        """
        return (self.deadline or GUEST_DEADLINE) * SLOWER.get(accel, 1.0) + SLACK


_PLAIN = Flavour()

FLAVOURS: Mapping[str, Flavour] = {
    "debug": Flavour(also=("faults", "stress"), deadline=120, seconds=1260.0),
    "gcov": Flavour(also=("faults",), deadline=60, seconds=1260.0),
    "leaks": Flavour(
        also=("faults", "stress"), deadline=120, seconds=1260.0, kernel=("kmemleak.verbose=1",)
    ),
    "races": Flavour(also=("stress",), deadline=120, seconds=1260.0),
}
"""Those that are not booted as all others, by name."""


def find_flavour(name: str) -> Flavour:
    """Return how the kernels of a flavour are booted."""
    return FLAVOURS.get(name, _PLAIN)
