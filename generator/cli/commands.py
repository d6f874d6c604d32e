# SPDX-License-Identifier: GPL-2.0-only
"""The stages as commands: build the requests, call the stages, show the results.

Stages that a command does not need are not imported: rendering takes less than a second.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from generator.cli.ahead import check_junit, check_machine, check_tests, outline, source_is_there
from generator.cli.later import Later
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed, UserError
from generator.plan import find_base, find_series, plan_series

if TYPE_CHECKING:
    from generator.cli.output import Screen
    from generator.guest.boot import BootRequest, BootResult
    from generator.guest.initramfs import GuestRequest
    from generator.kbuild.kernel import BuildRequest, BuildResult
    from generator.model.bases import Base
    from generator.tree.acquire import Source
    from generator.tree.series import Rendered

BEFORE_AFTER = ("baseline", "tip")
PATCHES = "kernel_patches"


def render(options: Options, *, output: Path | None, check: bool, overwrite: bool = False) -> None:
    """Render the series; with ``check`` compare instead of writing."""
    from generator.tree.series import write_series

    screen = options.screen()
    source, rendered = render_source(options)
    target = output or Path(PATCHES) / options.base / options.series
    if check:
        _check_drift(rendered, target, screen)
        return
    written = write_series(rendered, target, overwrite=overwrite)
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


def _ref(options: Options, variant: str) -> str:
    """Return the git ref of a variant."""
    return {"tip": options.series, "peer": "base"}.get(variant, variant)


def build_request(options: Options, variant: str, source: Source) -> BuildRequest:
    """Return how a variant is built."""
    from generator.kbuild.kernel import BuildRequest
    from generator.tree.acquire import ensure_pristine, pristine_identity

    return BuildRequest(
        base=options.base,
        variant=variant,
        ref=_ref(options, variant),
        repo=options.area / options.base / "repo.git",
        pristine=ensure_pristine(source, options.area, find_base(options.base)),
        pristine_id=pristine_identity(source),
        workdir=options.area,
        flavour=options.flavour,
        toolchain=options.toolchain,
        jobs=options.jobs,
    )


def _build_one(options: Options, variant: str, source: Source, screen: Screen) -> BuildResult:
    from generator.kbuild.kernel import build_kernel

    result = build_kernel(build_request(options, variant, source), screen)
    state = "unchanged" if result.unchanged else f"{result.objects} objects"
    start = f", from {result.seeded_from}'s objects" if result.seeded_from else ""
    screen.note(f"{options.base}/{variant}: built, {state}{start}, {result.seconds:.1f} s")
    if result.touched_warnings:
        rows = [str(warning) for warning in result.touched_warnings]
        raise CheckFailed(
            "the compiler warns in files of the series:\n  " + "\n  ".join(rows),
            where=f"{options.base}/{variant}",
            hint=f"the log is {result.log}",
        )
    return result


def _build_commands(options: Options, variants: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the commands that build kernels; the work area stays as it is."""
    from generator.kbuild.kernel import BuildRequest, build_command
    from generator.tree.acquire import find_source, pristine_identity
    from generator.tree.series import render_series

    base = find_base(options.base)
    pristine = options.area / base.name / "pristine"
    if base.package and not options.tree and not pristine.is_dir():
        raise UserError(
            "a dry run cannot look at Debian's package before it is unpacked",
            where=str(pristine),
            hint=f"run: uprobekit render --base {base.name}, or give a source with --tree",
        )
    source = find_source(base, options.area, tree=options.tree, rev=options.rev)
    with TemporaryDirectory() as place:
        rendered = render_series(
            plan_series(base, find_series(options.series)), source, Path(place)
        )
        return [
            build_command(
                BuildRequest(
                    base=base.name,
                    variant=variant,
                    ref=_ref(options, variant),
                    repo=rendered.repo,
                    pristine=pristine,
                    pristine_id=pristine_identity(source),
                    workdir=options.area,
                    flavour=options.flavour,
                    toolchain=options.toolchain,
                    jobs=options.jobs,
                )
            )
            for variant in variants
        ]


def build(options: Options, variants: tuple[str, ...]) -> None:
    """Build kernels."""
    screen = options.screen()
    if options.dry_run:
        screen.commands(_build_commands(options, variants))
        return
    source, _ = render_source(options)
    results = [_build_one(options, variant, source, screen) for variant in variants]
    screen.result({"kernels": [asdict(result) for result in results]})
    for result in results:
        screen.say(f"{options.base}/{result.variant}: {result.image}")


def build_dir(options: Options, variant: str) -> Path:
    """Return where the objects of a variant are, built or not."""
    from generator.kbuild.worktree import BUILD_PREFIX

    place = options.area / options.base / variant / "linux"
    return place / f"{BUILD_PREFIX}{options.flavour}-{options.toolchain}"


def boot_request(
    options: Options, variant: str, initramfs: Path, image: Path | None = None
) -> BootRequest:
    """Return how a variant is booted, perhaps as an image that the user has built.

    Raises:
        UserError: it is not built, or the image is not one of this base.
    """
    from generator.guest.boot import BootRequest
    from generator.guest.flavours import find_flavour
    from generator.kbuild.kernel import IMAGE

    base = find_base(options.base)
    flavour = find_flavour(options.flavour)
    kernel = image or build_dir(options, variant) / IMAGE
    if image:
        _check_image(image, base)
    elif not kernel.is_file() and not options.dry_run:
        build = f"run: uprobekit build --base {options.base} {variant}"
        raise UserError(
            f"the kernel of {options.base}/{variant} is not built",
            where=str(kernel),
            hint=build if base.package else "build it yourself and name it with --image",
        )
    return BootRequest(
        base=options.base,
        variant=variant,
        kernel=kernel,
        initramfs=initramfs,
        workdir=options.area,
        flavour=options.boots,
        timeout=flavour.seconds,
        # a test that is allowed to take longer may also say nothing for longer
        silence=max(BootRequest.silence, flavour.stall(options.accel)),
        stall=flavour.stall(options.accel),
        accel=options.accel,
        parameters=(
            *((f"uprobekit.tests={options.tests}",) if options.tests else ()),
            *flavour.parameters,
        ),
        arch=_architecture(options),
        tree=_tree(options, variant) if image else "",
        shadow_stacks="shstk" in base.has,
        asked=_asked(options, image),
    )


def _asked(options: Options, image: Path | None) -> tuple[str, ...]:
    """Return the options of ``boot`` that ask for the kernels of these, work area aside."""
    words = {
        "--base": options.base,
        "--flavour": "" if options.flavour == "plain" else options.flavour,
        "--toolchain": "" if options.toolchain == "gcc" else options.toolchain,
        "--accel": "" if options.accel == "auto" else options.accel,
        "--image": str(image.absolute()) if image else "",
    }
    return tuple(word for pair in words.items() if pair[1] for word in pair)


def _check_image(image: Path, base: Base) -> None:
    """Check that a file is a kernel image of a base.

    Raises:
        UserError: it is none.
    """
    from generator.guest.image import read_version

    version = read_version(image)
    if not base.supports(version.split("-")[0].rstrip("+")):
        raise UserError(
            f"this is a kernel of Linux {version}, not {base.name}",
            where=str(image),
            hint="name its base with --base",
        )


def _tree(options: Options, variant: str) -> str:
    """Return the tree of a variant as it is rendered: what the user's image was built from.

    Raises:
        UserError: it is not rendered.
    """
    from generator.tree.refs import read_ref

    repo = options.area / options.base / "repo.git"
    if not repo.is_dir():
        raise UserError(
            f"{options.base}/{variant} is not rendered: what was the image built from?",
            where=str(repo),
            hint=f"run: uprobekit render --base {options.base}",
        )
    return read_ref(repo, _ref(options, variant)).tree_id


def _architecture(options: Options) -> str:
    """Return the architecture of the flavour's kernels."""
    from generator.kbuild.config import architecture, find_fragments

    return architecture(find_fragments(options.base, flavour=options.flavour))


def _guest_request(options: Options) -> GuestRequest:
    """Return how the guest's programs are built; each architecture has its own."""
    from generator.guest.initramfs import GuestRequest

    arch = _architecture(options)
    return GuestRequest(directory=options.area / f"guest-{arch}", arch=arch)


def guest(options: Options, screen: Screen, *variants: str, image: Path | None = None) -> Path:
    """Build the guest's programs, unless that is done, and return their archive.

    Args:
        options: of the command.
        screen: told about it.
        variants: what is booted with it and has to be built, which is looked at before.
        image: the kernel, if the user has built it.

    Raises:
        UserError: a kernel is not built, or the image is not one of this base.
    """
    from generator.guest.initramfs import build_guest

    for variant in variants:
        boot_request(options, variant, options.area, image)
    return build_guest(_guest_request(options), screen).initramfs


def _boot_one(
    options: Options, variant: str, initramfs: Path, screen: Screen, image: Path | None = None
) -> BootResult:
    from generator.guest.boot import boot_kernel, request_key
    from generator.report.results import key_path, write_boot
    from generator.report.table import format_boot

    request = boot_request(options, variant, initramfs, image)
    # from now on the logs are of another boot than the kept result
    key_path(options.area, options.base, variant, options.boots).unlink(missing_ok=True)
    result = boot_kernel(request, screen)
    write_boot(result, options.area, key=request_key(request))
    screen.note(format_boot(result, terminal=False).rstrip())
    return result


def _kept_boot(
    options: Options, variant: str, initramfs: Path, screen: Screen
) -> BootResult | None:
    """Return the kept result of a boot of this kernel, with this guest and this QEMU, if any."""
    from generator.report.results import result_path

    kept = _find_kept(options, variant, initramfs)
    if kept:
        path = result_path(options.area, options.base, variant, options.boots)
        when = datetime.fromtimestamp(path.stat().st_mtime, UTC).astimezone()
        screen.note(
            f"{options.base}/{variant}: not booted: kernel, guest and QEMU are those of "
            f"{when:%Y-%m-%d %H:%M}, whose results these are; --boot-again boots them"
        )
    return kept


def _find_kept(options: Options, variant: str, initramfs: Path) -> BootResult | None:
    from generator.guest.boot import request_key
    from generator.report.results import kept_boot

    key = request_key(boot_request(options, variant, initramfs))
    return kept_boot(options.area, options.base, variant, options.boots, key=key)


def _passed_before(options: Options, variants: tuple[str, ...]) -> bool:
    """Tell whether the last comparison has passed, of these variants."""
    from generator.report.results import result_path

    path = result_path(options.area, options.base, "compare", options.boots)
    try:
        data = json.loads(path.read_bytes())
        return data["passed"] is True and (data["has_peer"] or "peer" not in variants)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _boot_commands(
    options: Options, variants: tuple[str, ...], image: Path | None = None
) -> list[tuple[str, ...]]:
    """Return the commands that build the guest and boot kernels."""
    from generator.guest.boot import boot_command
    from generator.guest.initramfs import guest_command

    find_base(options.base)
    guest = _guest_request(options)
    requests = [boot_request(options, variant, guest.archive, image) for variant in variants]
    return [guest_command(guest), *(boot_command(request) for request in requests)]


def boot(options: Options, variants: tuple[str, ...], *, image: Path | None = None) -> None:
    """Boot kernels that were built; ``image`` is one that the user has built.

    Raises:
        UserError: an image for several variants.
        CheckFailed: a boot did not end well, or the baseline or the tip is not as it must be.
    """
    from generator.report.results import boot_data
    from generator.report.summary import describe_boot, is_as_it_must_be

    screen = options.screen()
    find_base(options.base)
    check_machine(options)
    if image and len(variants) != 1:
        raise UserError(
            "--image is one kernel", hint="say which one: uprobekit boot --image FILE tip"
        )
    if options.dry_run:
        screen.commands(_boot_commands(options, variants, image))
        return
    initramfs = guest(options, screen, *variants, image=image)
    check_tests(options, initramfs.parent / "root")
    results = [_boot_one(options, variant, initramfs, screen, image) for variant in variants]
    screen.result({"boots": [boot_data(result) for result in results]})
    for result in results:
        said = describe_boot(result) if result.outcome.complete else result.outcome.kind
        screen.say(f"{options.base}/{result.variant}: {said}")
    if options.tests:
        screen.note(
            f"kept apart, as *-{options.boots}.json: compare, report and status look at boots with "
            "all self-tests"
        )
    broken = [result for result in results if not is_as_it_must_be(result)]
    if broken:
        raise CheckFailed(
            "; ".join(f"{result.variant}: {_reason(result)}" for result in broken),
            where=str(broken[0].console),
        )


def _reason(result: BootResult) -> str:
    """Return why a boot is not as it must be."""
    from generator.report.summary import describe_boot

    if result.outcome.complete and any(test.status != "skip" for test in result.ktap.tests):
        return describe_boot(result)
    return f"{result.outcome.kind}: {result.outcome.reason}"


def compare(options: Options, *, junit: Path | None, verbose: bool = False) -> None:
    """Compare before and after from the kept results of boots with all self-tests."""
    from generator.report.results import read_whole, result_path

    screen = options.screen()
    check_junit(junit)
    find_base(options.base)
    has_peer = result_path(options.area, options.base, "peer", options.boots).is_file()
    boots = {
        variant: read_whole(options.area, options.base, variant, options.boots)
        for variant in (*BEFORE_AFTER, *(["peer"] if has_peer else []))
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
    screen.say(format_summary(request, comparison, program=_program(), kept=places, area=area))
    check_comparison(comparison)


def _program() -> str:
    """Return what starts us in a shell: our name, or its path where that is not searched."""
    return "uprobekit" if shutil.which("uprobekit") else shlex.quote(sys.argv[0])


def _announced_source(
    options: Options, variants: tuple[str, ...], screen: Screen, *, trusted: bool
) -> Source:
    """Render, and say what will be done: before it, where that alone takes a while.

    Args:
        options: of the command.
        variants: what is built and booted.
        screen: where to say it.
        trusted: what was booted with the same kernel and guest is not booted again.
    """
    from generator.guest.initramfs import is_built

    ready = source_is_there(options)
    if not ready:
        screen.note(outline(options, variants, None))
    source, _ = render_source(options)
    guest = _guest_request(options)
    guest_is_built = is_built(guest)

    def is_kept(variant: str) -> bool:
        return trusted and guest_is_built and bool(_find_kept(options, variant, guest.archive))

    if ready:
        screen.note(
            outline(
                options,
                variants,
                source,
                lambda name: build_request(options, name, source),
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
    check_junit(junit)
    variants = (*BEFORE_AFTER, "peer") if peer else BEFORE_AFTER
    if options.dry_run:
        if find_base(options.base).package and not source_is_there(options):
            screen.say(outline(options, variants, None))
            screen.say("  the commands follow from the source: give one with --tree to see them")
            screen.commands([])
            return
        screen.commands([*_build_commands(options, variants), *_boot_commands(options, variants)])
        return
    trusted = not boot_again and _passed_before(options, variants)
    source = _announced_source(options, variants, screen, trusted=trusted)
    initramfs = guest(options, screen)
    check_tests(options, initramfs.parent / "root")

    def outcome(variant: str) -> BootResult:
        kept = _kept_boot(options, variant, initramfs, screen) if trusted else None
        return kept or _boot_one(options, variant, initramfs, screen)

    boots = {}
    for variant in variants:
        _build_one(options, variant, source, screen)
        boots[variant] = Later(partial(outcome, variant))
    done = {variant: boot.result() for variant, boot in boots.items()}
    _compare(done, options, screen, junit, verbose=verbose)


def status(options: Options) -> None:
    """Say what is there."""
    from generator.report.status import read_status

    screen = options.screen()
    find_base(options.base)
    found = read_status(options.area, options.base, options.flavour, (*BEFORE_AFTER, "peer"))
    screen.result(asdict(found))
    screen.say(f"{'workdir':18} {found.workdir}")
    screen.say(f"{'source':18} {found.source}")
    for name, variant in found.variants.items():
        screen.say(f"{name:18} kernel: {variant.kernel}, boot: {variant.boot}")
    screen.say(f"{'before and after':18} {found.before_after}")
