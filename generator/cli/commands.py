# SPDX-License-Identifier: GPL-2.0-only
"""The stages as commands: build the requests, call the stages, show the results.

Stages that a command does not need are not imported: rendering takes less than a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli import booting, building
from generator.cli.ahead import check_machine, check_output, check_tests, outline, source_is_there
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed
from generator.later import Later
from generator.plan import find_base

if TYPE_CHECKING:
    from generator.cli.output import Screen
    from generator.guest.boot import BootResult
    from generator.tree.acquire import Source
    from generator.tree.series import Rendered

PATCHES = "kernel_patches"


def render(options: Options, *, output: Path | None, check: bool, overwrite: bool = False) -> None:
    """Render the series; with ``check`` compare instead of writing."""
    from generator.tree.written import write_series

    screen = options.screen()
    source, rendered = render_source(options)
    target = output or Path(PATCHES) / options.base / options.series
    if check:
        _check_drift(rendered, target, screen)
        return
    written = write_series(rendered, target, overwrite=overwrite, chosen=options.chosen)
    screen.result(
        {
            "base": options.base,
            "source": source.version,
            "target": str(target),
            "patches": sorted(rendered.patches),
            "written": written.written,
            "removed": written.removed,
        }
    )
    screen.say(
        f"{options.base}/{options.series}: {len(rendered.patches) - 1} patches for Linux "
        f"{source.version} in {target}: {len(written.written)} files written, "
        f"{len(written.removed)} removed"
    )


def _check_drift(rendered: Rendered, target: Path, screen: Screen) -> None:
    from generator.patches.drift import compare_series

    drift = compare_series(rendered, target)
    screen.result(asdict(drift) | {"clean": drift.clean, "base_moved": drift.base_moved})
    if drift.base_moved:
        screen.warn(
            f"{target} was rendered for Linux {drift.committed}, this is {drift.rendered}; "
            f"{len(drift.moved)} patches have another context and do the same"
        )
    if not drift.clean:
        rows = [f"missing: {name}" for name in drift.missing]
        rows += [f"not of the series: {name}" for name in drift.stale]
        rows += [f"differs: {name}" for name in drift.changed]
        raise CheckFailed(
            "the committed patches are not what the model renders:\n  " + "\n  ".join(rows),
            where=str(target),
            hint="run 'make series' and commit the result",
        )
    screen.say(f"{target}: as the model renders it")


def compare(options: Options, *, junit: Path | None, verbose: bool = False) -> None:
    """Compare before and after from the kept results of boots with all self-tests."""
    from generator.report.results import read_whole, result_path

    screen = options.screen()
    check_output(junit)
    find_base(options.base)
    has_peer = result_path(options.area, options.base, "peer", options.boots).is_file()
    boots = {
        variant: read_whole(options.area, options.base, variant, options.boots)
        for variant in (*building.BEFORE_AFTER, *(["peer"] if has_peer else []))
    }
    _compare(boots, options, screen, junit, verbose=verbose)


def _compare(
    boots: Mapping[str, BootResult],
    options: Options,
    screen: Screen,
    junit: Path | None,
    *,
    verbose: bool,
) -> None:
    from generator.cli.output import program
    from generator.paths import write_atomic
    from generator.report.compare import CompareRequest, check_comparison, compare_boots
    from generator.report.junit import write_junit
    from generator.report.results import comparison_data, table_path, write_comparison
    from generator.report.summary import format_summary
    from generator.report.table import format_comparison

    request = CompareRequest(baseline=boots["baseline"], tip=boots["tip"], peer=boots.get("peer"))
    comparison = compare_boots(request)
    kept = write_comparison(comparison, options.area)
    table = table_path(options.area, comparison.base, comparison.flavour)
    write_atomic(table, format_comparison(comparison, terminal=False).encode())
    junit = junit or kept.with_name(f"junit-{options.boots}.xml")
    write_junit(junit, request, comparison)
    screen.result(comparison_data(comparison))
    if verbose:
        screen.say(format_comparison(comparison, terminal=screen.terminal, width=screen.width))
    places = {"every test, as a table": table, "for machines": kept, "JUnit": junit}
    area = ("--workdir", str(options.area)) if options.workdir else ()
    screen.say(format_summary(request, comparison, program=program(), kept=places, area=area))
    check_comparison(comparison)


def _announced_source(
    options: Options, variants: tuple[str, ...], screen: Screen, *, trusted: bool
) -> Source:
    """Render, and say what will be done: before it, where that alone takes a while.

    Args:
        options: of the command.
        variants: what is built and booted.
        screen: where to say it.
        trusted: what was booted with the same kernel and guest is not booted again.

    Raises:
        UserError: there is no source, or no place for it.
    """
    from generator.guest.initramfs import is_built
    from generator.tree.acquire import package_place

    ready = source_is_there(options)
    if not ready:
        package_place(find_base(options.base), options.area)
        screen.note(outline(options, variants, None))
    source, _ = render_source(options)
    guest = booting.guest_request(options)
    guest_is_built = is_built(guest)

    def is_kept(variant: str) -> bool:
        return (
            trusted and guest_is_built and bool(booting.find_kept(options, variant, guest.archive))
        )

    if ready:
        screen.note(
            outline(
                options,
                variants,
                source,
                lambda name: building.build_request(options, name, source),
                is_kept,
                guest_is_built=guest_is_built,
            )
        )
    return source


def qemu_test(
    options: Options, *, peer: bool, boot_again: bool, junit: Path | None, verbose: bool = False
) -> None:
    """Render, build, boot and compare.

    What is wrong with the request is said before anything is built, and then what will be done and
    about how long that takes. Kernels that have not changed since all was well are not booted
    again, unless told so.
    """
    screen = options.screen()
    check_machine(options)
    check_output(junit)
    booting.check_known_tests(options)
    variants = (*building.BEFORE_AFTER, "peer") if peer else building.BEFORE_AFTER
    if options.dry_run:
        if find_base(options.base).package and not source_is_there(options):
            screen.say(outline(options, variants, None))
            screen.say("  the commands follow from the source: give one with --tree to see them")
            screen.commands([])
            return
        screen.commands(
            [*building.build_commands(options, variants), *booting.boot_commands(options, variants)]
        )
        return
    trusted = not boot_again and booting.passed_before(options, variants)
    source = _announced_source(options, variants, screen, trusted=trusted)
    initramfs = booting.guest(options, screen)
    check_tests(options, initramfs.parent / "root")

    def outcome(variant: str) -> BootResult:
        kept = booting.kept_boot(options, variant, initramfs, screen) if trusted else None
        return kept or booting.boot_one(options, variant, initramfs, screen)

    boots = {}
    for variant in variants:
        building.build_one(options, variant, source, screen)
        boots[variant] = Later(partial(outcome, variant))
    done = {variant: boot.result() for variant, boot in boots.items()}
    _compare(done, options, screen, junit, verbose=verbose)


def status(options: Options) -> None:
    """Say what is there."""
    from generator.report.status import read_status

    screen = options.screen()
    find_base(options.base)
    found = read_status(
        options.area, options.base, options.flavour, (*building.BEFORE_AFTER, "peer")
    )
    screen.result(asdict(found))
    screen.say(f"{'workdir':18} {found.workdir}")
    screen.say(f"{'source':18} {found.source}")
    for name, variant in found.variants.items():
        screen.say(f"{name:18} kernel: {variant.kernel}, boot: {variant.boot}")
    screen.say(f"{'before and after':18} {found.before_after}")
