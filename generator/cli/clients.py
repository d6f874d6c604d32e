# SPDX-License-Identifier: GPL-2.0-only
"""The command about the clients of uprobes; the stages that it needs are imported when it runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli import booting, building
from generator.cli.ahead import check_machine
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed
from generator.paths import ensure_dir, write_atomic
from generator.plan import find_base

if TYPE_CHECKING:
    from generator.cli.output import Screen
    from generator.guest.ktap import KtapReport

FLAVOUR = "clients"

# For one boot, without KVM; a client that is compiling says nothing for a while.
_SECONDS = 1500
_SILENCE = 240.0

_MEGABYTES = 2048


def run_clients(options: Options) -> None:
    """Run the clients on the tip and on the unmodified base, and compare what they count."""
    from generator.checks.clients.pack import PACKAGES, pack_clients, translate_probe
    from generator.checks.packages import package_versions
    from generator.report.clients import as_data, as_text, compare_clients
    from generator.tree.acquire import ensure_pristine

    options = replace(options, flavour=FLAVOUR)
    check_machine(options)
    screen = options.screen()
    source, rendered = render_source(options)
    pristine = ensure_pristine(source, options.area, find_base(options.base))
    guest = booting.guest(options, screen, "tip", "peer")
    initramfs = ensure_dir(options.area / options.base / FLAVOUR) / "initramfs.cpio"
    probe = translate_probe(building.build_dir(options, "tip"), initramfs.parent)
    write_atomic(initramfs, guest.read_bytes() + pack_clients(pristine, probe))
    rows = compare_clients(
        *(_boot(options, variant, initramfs, screen) for variant in ("tip", "peer"))
    )
    data = {
        "base": options.base,
        "source": source.version,
        **as_data(rows, package_versions(PACKAGES)),
    }
    options.keep("clients", data, source, rendered, kernel="tip")
    screen.result(data)
    screen.say(as_text(rows))
    wrong = [row.name for row in rows if not row.good]
    if wrong:
        raise CheckFailed(
            f"clients that do not count what they must: {', '.join(wrong)}",
            where=f"{options.base}/{options.series}",
        )


def _boot(options: Options, variant: str, initramfs: Path, screen: Screen) -> KtapReport:
    """Return what the clients on one kernel have counted."""
    from generator.guest.boot import boot_kernel

    request = replace(
        booting.boot_request(options, variant, initramfs),
        memory=_MEGABYTES,
        parameters=("uprobekit.program=clients", f"uprobekit.timeout={_SECONDS}"),
        timeout=_SECONDS + 60.0,
        silence=_SILENCE,
        stall=_SILENCE,
    )
    result = boot_kernel(request, screen)
    if not result.outcome.complete:
        raise CheckFailed(
            f"{variant}: {result.outcome.kind}: {result.outcome.reason}",
            where=str(result.console),
        )
    return result.ktap
