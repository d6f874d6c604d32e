# SPDX-License-Identifier: GPL-2.0-only
"""Before a long command begins: what is wrong with the request, what will be done, how long."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli.options import Options
from generator.errors import UserError
from generator.plan import find_base, find_series

if TYPE_CHECKING:
    from generator.guest.ktap import KtapTest
    from generator.kbuild.estimate import Estimate
    from generator.kbuild.request import BuildRequest
    from generator.tree.acquire import Source

BOOT_SECONDS = 40.0
"""Of a boot without KVM, where none is kept; it runs beside the next build."""

_UNPACK_SECONDS = 60.0
_GUEST_SECONDS = 20.0
_ROUND = 90.0
_COMPARE = (
    "  compare   baseline: a task that hits a probe dies of SIGTRAP, as in 2012;",
    "            tip: registers, flags and memory are those of the unprobed instruction",
)


def check_machine(options: Options) -> None:
    """Check what boots the kernels, and the options about it, before anything is built.

    Raises:
        UserError: there is no such accelerator.
        InfraError: a program is missing.
    """
    from generator.guest.accel import check_mode
    from generator.guest.vm import check_emulator
    from generator.kbuild.config import architecture, find_fragments

    check_mode(options.accel)
    if not options.dry_run:
        fragments = find_fragments(find_base(options.base).name, flavour=options.flavour)
        check_emulator(options.accel, architecture(fragments))


def check_output(path: Path | None, option: str = "--junit") -> None:
    """Check that what an option names can be written where it is wanted.

    Raises:
        UserError: there is no such folder, or it is one itself.
    """
    if path is None:
        return
    if path.is_dir():
        raise UserError("this is a folder", where=str(path), hint=f"name a file with {option}")
    if not path.absolute().parent.is_dir():
        raise UserError(
            "there is no such folder", where=str(path.parent), hint="make it, or name another"
        )


def check_first(
    options: Options, outputs: Mapping[str, Path | None], *, boots: bool = True
) -> None:
    """Check what can be, before a source is looked for and anything is built.

    Args:
        options: of the command.
        outputs: where results go, by the option that says so.
        boots: kernels are booted.

    Raises:
        UserError: a result cannot be written there, or there is no such accelerator.
        InfraError: a program is missing.
    """
    for option, path in outputs.items():
        check_output(path, option)
    if boots:
        check_machine(options)


def check_tests(options: Options, root: Path) -> None:
    """Check that each word of ``--tests`` names a self-test of the guest in ``root``.

    Raises:
        UserError: one does not; the hint has names like it.
    """
    if not options.tests:
        return
    from generator.guest.flavours import find_flavour
    from generator.guest.initramfs import list_tests

    found = list_tests(root, also=find_flavour(options.flavour).also)
    for word in options.tests.split(","):
        if any(fnmatchcase(name, word) for name in found.names):
            continue
        if found.complete or not _may_be_hidden(word, found.hidden):
            like = difflib.get_close_matches(word, sorted(found.names), n=3, cutoff=0.5)
            hint = f"like it: {', '.join(like)}" if like else "docs: qemu/README.md"
            raise UserError(f"there is no self-test '{word}'", hint=hint)


def _may_be_hidden(word: str, prefixes: Sequence[str]) -> bool:
    """Tell whether a word may name a test of a program that this machine cannot ask."""
    return "*" in word[:4] or any(word.startswith(prefix) for prefix in prefixes)


def source_is_there(options: Options) -> bool:
    """Tell whether the source is unpacked, so that rendering takes no time."""
    pristine = options.area / options.base / "pristine"
    return bool(options.tree) or (pristine / "Makefile").is_file()


def outline(
    options: Options,
    variants: Sequence[str],
    source: Source | None,
    request: Callable[[str], BuildRequest] | None = None,
    is_kept: Callable[[str], bool] = lambda variant: False,
    *,
    guest_is_built: bool = False,
) -> str:
    """Return what ``qemu-test`` will do and about how long that takes, for people.

    Args:
        options: of the command.
        variants: what is built and booted.
        source: what was rendered on; None: it has to be fetched and unpacked first.
        request: how a variant is built; None without a source.
        is_kept: whether a variant that is built already was booted, and is not again.
        guest_is_built: the programs that run in it are there.
    """
    from generator.kbuild.estimate import Start

    base = find_base(options.base)
    version = source.version if source else base.name
    rows = [f"qemu-test: Linux {version} before and after the series, in QEMU; this will"]
    seconds = 0.0 if guest_is_built else _GUEST_SECONDS
    if source is None:
        seconds += _UNPACK_SECONDS
        rows.append(f"  get       {base.package}, Debian's source of the kernel, and unpack it")
    boots: dict[str, float] = {}
    end = seconds
    patches = len(find_series(options.series).patches)
    rows.append(f"  render    {patches} patches, on a baseline without what they bring")
    for variant, found in _estimate_builds(options, variants, request):
        head = "build" if variant == variants[0] else ""
        seconds += found.seconds
        rows.append(f"  {head:9} {variant}: {_say_build(found, variants[0])}")
        if found.start is not Start.DONE or not is_kept(variant):
            boots[variant] = _boot_seconds(options, variant)
        end = max(end, seconds + boots.get(variant, 0.0))
    rows += [*_say_boots(options, variants, boots), *_COMPARE]
    cores = options.jobs or os.cpu_count() or 1
    busy = "" if end < _ROUND else ", more when it is busy, less with ccache"
    rows.append(
        f"  {_duration(end)} on {cores} cores{busy}; files go to {options.area / options.base}"
    )
    return "\n".join(rows)


def _estimate_builds(
    options: Options, variants: Sequence[str], request: Callable[[str], BuildRequest] | None
) -> Iterator[tuple[str, Estimate]]:
    """Yield what each build would do; without a request, in an empty work area."""
    from generator.kbuild.estimate import cold_build, estimate_build

    for number, variant in enumerate(variants):
        if request:
            yield variant, estimate_build(request(variant), after_another=number > 0)
        else:
            yield variant, cold_build(after_another=number > 0, jobs=options.jobs)


def _say_build(found: Estimate, first: str) -> str:
    from generator.kbuild.estimate import Start

    about = f"about {found.objects} object{'s' if found.objects != 1 else ''}"
    return {
        Start.DONE: "is built, nothing has changed",
        Start.NOTHING: f"{about}, from nothing",
        Start.DONOR: f"{about}; the others are those of {first}, or of what was built before",
        Start.CHANGED: f"{about} of what has changed",
    }[found.start]


def _say_boots(
    options: Options, variants: Sequence[str], boots: Mapping[str, float]
) -> Iterator[str]:
    """Yield what is booted, with what and for how long, and what is not."""
    head = "boot"
    if boots:
        what = f"the self-tests {options.tests}" if options.tests else "all self-tests"
        each = f"{_duration(max(boots.values()))} each, beside the next build"
        yield f"  {head:9} {', '.join(boots)}, each with {what}: {each}"
        head = ""
    if kept := [variant for variant in variants if variant not in boots]:
        yield f"  {head:9} {', '.join(kept)}: not again, the kept results are of this kernel"


def _boot_seconds(options: Options, variant: str) -> float:
    """Return how long the last such boot took, or its tests in one of all, or one usually takes."""
    from generator.report.results import read_boot, read_whole, result_path

    with suppress(UserError):
        last = read_boot(result_path(options.area, options.base, variant, options.boots))
        if last.chosen == options.tests:
            return last.end.seconds
    try:
        whole = read_whole(options.area, options.base, variant, replace(options, tests="").boots)
    except UserError:
        return BOOT_SECONDS
    taken = {test.name: _test_seconds(test) for test in whole.ktap.tests}
    words = options.tests.split(",")
    left_out = [name for name in taken if not any(fnmatchcase(name, word) for word in words)]
    return max(whole.end.seconds - sum(taken[name] for name in left_out), 0.0)


def _test_seconds(test: KtapTest) -> float:
    """Return how long a test has taken, by its own word; 0.0 when it does not say."""
    said = test.values.get("ms", "")
    return int(said) / 1000 if said.isdecimal() else 0.0


def _duration(seconds: float) -> str:
    if seconds < _ROUND:
        return f"about {max(round(seconds, -1), 10):.0f} s"
    return f"about {seconds / 60:.0f} minutes"
