# SPDX-License-Identifier: GPL-2.0-only
"""``boot``: which image, which guest, and what is kept of a boot before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli.ahead import check_machine, check_tests
from generator.cli.building import build_dir, series_repo, variant_ref
from generator.cli.options import Options
from generator.errors import CheckFailed, UserError
from generator.jsonfile import read_json
from generator.plan import find_base

if TYPE_CHECKING:
    from generator.cli.output import Screen
    from generator.guest.boot import BootRequest, BootResult
    from generator.guest.initramfs import GuestRequest
    from generator.model.bases import Base


def boot_request(
    options: Options, variant: str, initramfs: Path, image: Path | None = None
) -> BootRequest:
    """Return how a variant is booted, perhaps as an image that the user has built.

    Raises:
        UserError: it is not built, or the image is not one of this base.
    """
    from generator.guest.boot import BootRequest
    from generator.guest.flavours import find_flavour
    from generator.kbuild.request import IMAGE
    from generator.model.selftests import limits_of
    from generator.report.results import UNPATCHED, base_complaints

    flavours = (options.boots, options.boots.removesuffix("-some"))
    base = find_base(options.base)
    flavour = find_flavour(options.flavour)
    kernel = image or build_dir(options, variant) / IMAGE
    limits = () if variant in UNPATCHED else limits_of(base)
    if image:
        _check_image(image, base)
    elif not kernel.is_file() and not options.dry_run:
        raise _not_built(options, variant, kernel, base)
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
            *((f"uprobekit.limits={','.join(limits)}",) if limits else ()),
            *flavour.parameters,
        ),
        arch=_architecture(options),
        tree=_tree(options, variant) if image else built_tree(options, variant),
        shadow_stacks="shstk" in base.has,
        unpatched=variant in UNPATCHED,
        known=() if variant in UNPATCHED else base_complaints(options.area, base.name, flavours),
        asked=_asked(options, image),
    )


def built_tree(options: Options, variant: str) -> str:
    """Return git's id of the files that the kernel of a variant is built from; "": not known."""
    from generator.kbuild import state
    from generator.kbuild.request import IMAGE, state_name

    place = build_dir(options, variant)
    stamp = options.area / options.base / variant / state_name(place.name)
    return state.built_tree(stamp, place / IMAGE)


def _not_built(options: Options, variant: str, kernel: Path, base: Base) -> UserError:
    other = f" --flavour {options.flavour}" if options.flavour != "plain" else ""
    build = f"run: uprobekit build {options.chosen}{other} {variant}"
    return UserError(
        f"the kernel of {options.base}/{variant} is not built",
        where=str(kernel),
        hint=build if base.package else "build it yourself and name it with --image",
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

    repo = series_repo(options)
    if not repo.is_dir():
        raise UserError(
            f"{options.base}/{variant} is not rendered: what was the image built from?",
            where=str(repo),
            hint=f"run: uprobekit render {options.chosen}",
        )
    return read_ref(repo, variant_ref(options, variant)).tree_id


def _architecture(options: Options) -> str:
    """Return the architecture of the flavour's kernels."""
    from generator.kbuild.config import architecture, find_fragments

    return architecture(find_fragments(options.base, flavour=options.flavour))


def guest_request(options: Options) -> GuestRequest:
    """Return how the guest's programs are built; each architecture has its own."""
    from generator.guest.initramfs import guest_of

    return guest_of(options.area, _architecture(options))


def check_known_tests(options: Options) -> None:
    """Check ``--tests`` before anything is done, where the guest is built.

    Raises:
        UserError: a word names none of its self-tests.
    """
    from generator.guest.initramfs import is_built

    guest = guest_request(options)
    if is_built(guest):
        check_tests(options, guest.archive.parent / "root")


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
    return build_guest(guest_request(options), screen).initramfs


def boot_one(
    options: Options, variant: str, initramfs: Path, screen: Screen, image: Path | None = None
) -> BootResult:
    """Boot one kernel, keep the result and print it."""
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


def kept_boot(options: Options, variant: str, initramfs: Path, screen: Screen) -> BootResult | None:
    """Return the kept result as ``find_kept`` does, and say that it is not booted again."""
    from generator.report.results import result_path, write_again

    kept = find_kept(options, variant, initramfs)
    if kept:
        write_again(kept, options.area)
        path = result_path(options.area, options.base, variant, options.boots)
        when = datetime.fromtimestamp(path.stat().st_mtime, UTC).astimezone()
        screen.note(
            f"{options.base}/{variant}: not booted: kernel, guest and QEMU are those of "
            f"{when:%Y-%m-%d %H:%M}, whose results these are; --boot-again "
            "boots them (make: ARGS=--boot-again)"
        )
    return kept


def find_kept(options: Options, variant: str, initramfs: Path) -> BootResult | None:
    """Return the kept result of a boot of this kernel, with this guest and this QEMU, if any.

    What the series changes in comments makes the same kernel: the result is of today's tree.
    """
    from generator.guest.boot import request_key
    from generator.report.results import kept_boot

    request = boot_request(options, variant, initramfs)
    key = request_key(request)
    kept = kept_boot(options.area, options.base, variant, options.boots, key=key)
    return replace(kept, tree=request.tree) if kept else None


def passed_before(options: Options, variants: tuple[str, ...]) -> bool:
    """Tell whether the last comparison has passed, of these variants."""
    from generator.report.results import result_path

    path = result_path(options.area, options.base, "compare", options.boots)
    try:
        data = read_json(path)
        return data["passed"] is True and (data["has_peer"] or "peer" not in variants)
    except (ValueError, KeyError, TypeError):
        return False


def boot_commands(
    options: Options, variants: tuple[str, ...], image: Path | None = None
) -> list[tuple[str, ...]]:
    """Return the commands that build the guest and boot kernels."""
    from generator.guest.boot import boot_command
    from generator.guest.initramfs import guest_command

    find_base(options.base)
    guest = guest_request(options)
    requests = [boot_request(options, variant, guest.archive, image) for variant in variants]
    return [guest_command(guest), *(boot_command(request) for request in requests)]


def boot(options: Options, variants: tuple[str, ...], *, image: Path | None = None) -> None:
    """Boot kernels that were built; ``image`` is one that the user has built.

    Raises:
        UserError: an image for several variants.
        CheckFailed: a boot did not end well, or the baseline or the tip is not as it must be.
    """
    from generator.report.results import UNPATCHED, boot_data
    from generator.report.summary import describe_boot, is_as_it_must_be

    screen = options.screen()
    find_base(options.base)
    check_machine(options)
    check_known_tests(options)
    if image and len(variants) != 1:
        raise UserError(
            "--image is one kernel", hint="say which one: uprobekit boot --image FILE tip"
        )
    if options.dry_run:
        screen.commands(boot_commands(options, variants, image))
        return
    initramfs = guest(options, screen, *variants, image=image)
    check_tests(options, initramfs.parent / "root")
    results = [boot_one(options, variant, initramfs, screen, image) for variant in variants]
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
            hint="boot the baseline first: what it complains of while it starts is the base's"
            if broken[0].outcome.complaints and broken[0].variant not in UNPATCHED
            else "",
        )


def _reason(result: BootResult) -> str:
    """Return why a boot is not as it must be."""
    from generator.report.summary import describe_boot

    if result.outcome.complete and any(test.status != "skip" for test in result.ktap.tests):
        return describe_boot(result)
    return f"{result.outcome.kind}: {result.outcome.reason}"
