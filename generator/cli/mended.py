# SPDX-License-Identifier: GPL-2.0-only
"""The command that holds the catalogue against the kernel of every prefix of a series."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from generator.cli.ahead import check_machine
from generator.cli.building import build_request
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed, UserError
from generator.model.series import SERIES, Series
from generator.plan import Plan, find_base, find_series, plan_series

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from generator.checks.catalogue.mended import Prefix
    from generator.cli.output import Screen
    from generator.tree.acquire import Source
    from generator.tree.series import Rendered

COMMAND = "mended"
VARIANT = "prefix"
"""The kernel of each prefix is built in one directory: ``<series>-prefix``."""
FLAVOUR = "hunted"
"""Its configuration: an entry can be judged only where the kernel has what it takes, as UMIP."""


def mended(options: Options, *, last: int, seconds: int) -> None:
    """Build, boot and judge the kernel of every prefix; what is kept is not done again.

    Args:
        options: of the command.
        last: the last prefix that is looked at; 0: all.
        seconds: for one boot.

    Raises:
        UserError: no patch of the series mends anything.
        CheckFailed: a patch does not mend what the model says, or breaks something.
    """
    from generator.checks.catalogue.mended import judge_prefixes
    from generator.report.mended import format_table

    screen = options.screen()
    plan = plan_series(find_base(options.base), find_series(options.series))
    if not _mends(plan.series):
        raise UserError(
            f"no patch of the series '{options.series}' says that it mends a fault",
            hint=f"name one that does: {', '.join(s.name for s in SERIES if _mends(s))}",
        )
    check_machine(options)
    source, rendered = render_source(options)
    guest = _guest(options, screen)
    digest = hashlib.sha256(guest.read_bytes()).hexdigest()[:12]
    trees = _trees(rendered, plan)
    kept = {key: prefix for key, prefix in _kept(options).items() if key[0] in trees}
    found: list[Prefix] = []
    for number, tree in enumerate(trees[: last + 1] if last else trees):
        known = kept.get((tree, digest))
        prefix = known or _look(options, source, plan, number, guest, seconds, screen)
        prefix = replace(prefix, number=number, tree=tree, guest=digest)
        found.append(prefix)
        kept[tree, digest] = prefix
        options.keep(COMMAND, {"prefixes": _in_order(kept.values())}, source, rendered)
    patches = [planned.patch for planned in plan.patches]
    problems = judge_prefixes(found, patches)
    screen.result({"prefixes": _in_order(found), "problems": list(problems)})
    for line in format_table(found, patches):
        screen.say(line)
    if problems:
        raise CheckFailed("\n  ".join(("not every patch is as the model says:", *problems)))


def _mends(series: Series) -> bool:
    return any(patch.mends for patch in series.patches)


def _in_order(prefixes: Iterable[Prefix]) -> list[dict[str, object]]:
    return [asdict(prefix) for prefix in sorted(prefixes, key=lambda prefix: prefix.number)]


def _guest(options: Options, screen: Screen) -> Path:
    from generator.guest.initramfs import build_guest, guest_of

    return build_guest(guest_of(options.area, "x86_64"), screen).initramfs


def _ref(plan: Plan, number: int) -> str:
    """Return the git ref of a prefix."""
    if number:
        return f"{plan.series.name}-{number:02d}"
    return "baseline" if plan.series.modelled else "base"


def _trees(rendered: Rendered, plan: Plan) -> list[str]:
    """Return a digest for each prefix, of the files in which it differs from the unmodified tree.

    A file that only a later patch changes counts for nothing: what is kept of the prefixes before
    stays true when a patch is appended.
    """
    from generator.checks.catalogue.mended import digest_files
    from generator.tree.refs import read_refs

    refs = [_ref(plan, number) for number in range(len(plan.patches) + 1)]
    read = read_refs(rendered.repo, ("base", *refs))
    blobs = {ref: {path: file.hexsha for path, file in read[ref].blobs.items()} for ref in read}
    return [digest_files(blobs["base"], blobs[ref]) for ref in refs]


def _look(
    options: Options,
    source: Source,
    plan: Plan,
    number: int,
    guest: Path,
    seconds: int,
    screen: Screen,
) -> Prefix:
    """Build and boot the kernel of a prefix, and return what is seen of it."""
    from generator.checks.catalogue.mended import read_prefix
    from generator.checks.catalogue.run import check_image, read_image
    from generator.kbuild.kernel import build_kernel

    configured = replace(options, flavour=FLAVOUR)
    request = build_request(configured, plan.series.own(VARIANT), source)
    built = build_kernel(replace(request, ref=_ref(plan, number)), screen)
    checked = check_image(
        read_image(built.image, None, None),
        guest,
        options.area,
        screen,
        accel=options.accel,
        seconds=seconds,
    )
    screen.note(f"{options.base}/{_ref(plan, number)}: {checked.tests} self-tests")
    return read_prefix(checked, date=f"{datetime.now(UTC):%Y-%m-%d}")


def _kept(options: Options) -> dict[tuple[str, str], Prefix]:
    """Return what was seen of prefixes before, by the tree and the guest."""
    from generator.report.kept import kept_path, read_kept
    from generator.report.mended import read_prefixes

    name = find_series(options.series).own(COMMAND)
    data = read_kept(kept_path(options.area, options.base, name), name).data
    return {(prefix.tree, prefix.guest): prefix for prefix in read_prefixes(data)}
