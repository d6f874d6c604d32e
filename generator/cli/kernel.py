# SPDX-License-Identifier: GPL-2.0-only
"""The commands about kernels that somebody else has built, and about the catalogue of faults."""

from __future__ import annotations

import shlex
from pathlib import Path

from generator.cli.options import Options
from generator.errors import CheckFailed, UserError

ACCELERATORS = ("auto", "kvm", "tcg")


def check_kernel(
    options: Options,
    kernel: Path,
    *,
    initrd: Path | None,
    modules: Path | None,
    html: Path | None,
    junit: Path | None,
    seconds: int,
    verbose: bool,
) -> None:
    """Boot a kernel image, and say by which faults of the catalogue it is affected.

    Raises:
        UserError: it is no kernel image, or what goes with it cannot be used.
        CheckFailed: it is affected.
        InfraError: it could not be booted.
    """
    from dataclasses import asdict

    from generator.checks.catalogue.run import check_image, read_image
    from generator.cli.ahead import check_output
    from generator.guest.initramfs import build_guest, guest_of
    from generator.guest.vm import check_emulator
    from generator.paths import write_atomic
    from generator.report.kernel import as_page, as_text, count, junit_bytes

    image = read_image(kernel, initrd, modules)
    check_output(junit, "--junit")
    check_output(html, "--html")
    if options.accel not in ACCELERATORS:
        raise UserError(
            f"kernels of others do not run under '{options.accel}'",
            hint=f"use {', '.join(ACCELERATORS)}",
        )
    check_emulator(options.accel, image.arch)
    screen = options.screen()
    guest = build_guest(guest_of(options.area, image.arch), screen)
    checked = check_image(
        image, guest.initramfs, options.area, screen, accel=options.accel, seconds=seconds
    )
    if junit:
        write_atomic(junit, junit_bytes(checked))
    if html:
        write_atomic(html, as_page(checked).encode())
    affected = [verdict.ident for verdict in checked.affected]
    screen.result({**asdict(checked), "affected": affected})
    screen.say(as_text(checked, width=screen.width if screen.terminal else 100, verbose=verbose))
    if checked.affected:
        raise CheckFailed(count(checked), where=str(kernel))


def catalogue() -> None:
    """Print the page about the catalogue."""
    from generator.cli.output import Screen
    from generator.render.catalogue_page import catalogue_page

    Screen().say(catalogue_page())


def reproduce(fault: str, place: Path) -> None:
    """Write a program and a script that show a fault."""
    from generator.checks.catalogue.reproduce import SCRIPT, write_reproducer
    from generator.cli.output import Screen

    screen = Screen()
    for path in write_reproducer(fault, place):
        screen.say(str(path))
    script = shlex.quote(str(place / SCRIPT))
    screen.note(f"as root: sh {script}; it says affected, not affected, or cannot tell")
