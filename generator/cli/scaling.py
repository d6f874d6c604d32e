# SPDX-License-Identifier: GPL-2.0-only
"""The command ``scaling``: hits on several processors, on the tip and on the unmodified base."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli import booting, building
from generator.cli.ahead import check_machine
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed

if TYPE_CHECKING:
    from generator.checks.scaling.count import HitCounts
    from generator.checks.scaling.rates import Rate
    from generator.cli.output import Screen

ROWS = tuple(
    f"{kind}-{probes}" for kind in ("nop", "stepped", "return") for probes in ("one", "apart")
)
"""What is watched: both processors hit one probe, or each has its own."""

QUIET = ("tsc=reliable", "idle=halt")
"""Kernel parameters for the rates. Where QEMU's processors share those of the host, 6.1 finds their
TSCs unsynchronized and reads the HPET at each tick of each processor, idle ones too: a row and the
same row again differed by a factor of two to ten."""


def scaling(options: Options, *, quick: bool, runs: int) -> None:
    """Count what hits share, and compare how many there are in a second.

    Args:
        options: of the command.
        quick: the counts alone, of a NOP.
        runs: how often both kernels are booted for the rates; 0: never.
    """
    from generator.report.scaling import as_data, as_text, compare_counts

    check_machine(options)
    screen = options.screen()
    source, rendered = render_source(options)
    initramfs = booting.guest(options, screen, *building.compared(options).values())
    counts = [
        _count(options, row, side, initramfs, screen)
        for row in (ROWS[:2] if quick else ROWS)
        for side in building.compared(options)
    ]
    rates = () if quick or not runs else _rates(options, initramfs, runs, screen)
    data = {"base": options.base, "source": source.version, **as_data(counts, rates)}
    if not quick:
        options.keep("scaling", data, source, rendered, kernel=building.tip_variant(options))
    screen.result(data)
    screen.say(as_text(counts, rates))
    if problems := compare_counts(counts):
        raise CheckFailed(
            "hits share more than on the base:\n  " + "\n  ".join(problems), where=options.base
        )


def _count(options: Options, row: str, side: str, initramfs: Path, screen: Screen) -> HitCounts:
    """Have one kernel hit for ever, and look at what it executes."""
    from generator.checks.scaling.count import Symbols, count_hits
    from generator.checks.scaling.record import record_calls
    from generator.guest.qemu import Machine

    variant = building.compared(options)[side]
    request = booting.boot_request(options, variant, initramfs)
    symbols = Symbols.read(building.build_dir(options, variant) / "System.map")
    screen.note(f"{options.base}/{variant}: {row}")
    # the path of a socket has to fit into 107 bytes, unix(7)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        machine = Machine(
            kernel=request.kernel,
            initramfs=initramfs,
            console=place / "console",
            results=place / "results",
            cpus=2,
            parameters=("uprobekit.program=scale", f"uprobekit.hold={row}"),
        )
        recording = record_calls(machine, place, symbols.text)
    return count_hits(recording, symbols, row=row, side=side)


def _rates(options: Options, initramfs: Path, runs: int, screen: Screen) -> tuple[Rate, ...]:
    """Boot both kernels in turn."""
    from generator.checks.scaling.rates import compare_rates
    from generator.guest.boot import boot_kernel

    found = []
    for _ in range(runs):
        tip, peer = (
            boot_kernel(
                replace(
                    booting.boot_request(options, variant, initramfs),
                    flavour="scaling",
                    cpus=8,
                    parameters=("uprobekit.program=scale", *QUIET),
                ),
                screen,
            ).ktap
            for variant in building.compared(options).values()
        )
        found.append((tip, peer))
    return compare_rates(found)
