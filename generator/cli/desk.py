# SPDX-License-Identifier: GPL-2.0-only
"""The reviewer's desk: what changed between two renderings, and one page about everything."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator import tools
from generator.cli.options import Colour, Options, render_source
from generator.errors import CheckFailed, ExitCode, InfraError, UserError
from generator.paths import write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.cli.output import Screen
    from generator.model.series import Series
    from generator.patches.change.run import SeriesDiff
    from generator.patches.change.sides import Side
    from generator.patches.sent import Person
    from generator.report.whole import Status
    from generator.tree.acquire import Source
    from generator.tree.series import Rendered


@dataclass(frozen=True, kw_only=True)
class DiffOptions:
    """What ``diff`` compares, and how it shows it; see its --help."""

    before: str
    after: str
    levels: tuple[str, ...]
    style: str
    output: Path | None
    colour: Colour
    pager: bool


def diff(options: Options, wanted: DiffOptions) -> int:
    """Compare two renderings; return the exit status."""
    from generator.patches.change.run import compare_sides
    from generator.patches.change.sides import SideRequest, read_side
    from generator.report.change import diff_data

    screen = options.screen()
    request = SideRequest(
        base=options.base,
        series=options.series,
        repo=Path.cwd(),
        tree=options.tree,
        rev=options.rev,
        workdir=options.area,
    )
    sides = []
    for name in (wanted.before, wanted.after):
        with screen.patience(f"{name}: reading; a model is rendered, its source perhaps unpacked"):
            sides.append(read_side(name, request))
    with screen.patience("comparing"):
        found = compare_sides(sides[0], sides[1])
    data = diff_data(found)
    if wanted.output and options.as_json:
        from generator.report.results import dump_json

        _write(wanted.output, dump_json(data).decode())
    elif wanted.output:
        _write(wanted.output, _diff_text(found, wanted, screen))
    else:
        screen.result(data)
        pager = _pager() if wanted.pager and wanted.style == "text" else ""
        screen.page(_diff_text(found, wanted, screen), pager=pager)
    return int(ExitCode.GOOD if found.same else ExitCode.USER)


def _diff_text(found: SeriesDiff, wanted: DiffOptions, screen: Screen) -> str:
    from generator.report.change import diff_html, diff_markdown, format_diff

    if wanted.style == "html":
        return diff_html(found, wanted.levels)
    if wanted.style == "markdown":
        return diff_markdown(found, wanted.levels)
    here = screen.terminal and not wanted.output and "NO_COLOR" not in os.environ
    colour = wanted.colour is Colour.ALWAYS or (wanted.colour is Colour.AUTO and here)
    return format_diff(found, wanted.levels, colour=colour)


def _pager() -> str:
    """Return the pager that git would start; "" for none."""
    try:
        done = tools.run(["git", "var", "GIT_PAGER"])
    except InfraError:
        return ""
    name = done.stdout.strip()
    return "" if name == "cat" else name


def report(options: Options, *, output: Path, patches: Path | None) -> None:
    """Write one page about everything that is known."""
    from generator.cli.commands import PATCHES
    from generator.report.whole import ReportRequest, make_report

    screen = options.screen()
    made = make_report(
        ReportRequest(
            base=options.base,
            series=options.series,
            workdir=options.area,
            patches=patches or Path(PATCHES) / options.base / options.series,
            flavour=options.flavour,
        )
    )
    _write(output, made.html)
    screen.result({"report": str(output), "sections": [asdict(s) for s in made.statuses]})
    for status in made.statuses:
        screen.say(f"{status.title:26} {status.word:9} {_clean(status.text)}")
        if status.word == "unusable":
            screen.warn(f"{_clean(status.text)}; run: {status.command}")
    screen.note(f"the page is {output}")
    bad = [status.title for status in made.statuses if status.word in ("bad", "unusable")]
    if bad:
        raise CheckFailed(f"the page shows what is not good: {', '.join(bad)}", where=str(output))


@dataclass(frozen=True, kw_only=True)
class MboxOptions:
    """What version ``mbox`` writes, and where to; see its --help."""

    version: int
    since: str
    changes: Path | None
    output: Path
    as_mbox: bool
    with_baseline: bool
    prefix: str = "PATCH"
    rfc: bool = False


BASELINE = "baseline/0001-baseline.patch"
"""Where the patch below the series goes: ``DIR/*.patch`` does not send it."""

_MAKE = "make it, or name another with --output"

WRITTEN = "interface/series"
"""What each mail was when it was written; ``git send-email DIR`` does not send it either."""


def mbox(options: Options, wanted: MboxOptions) -> None:
    """Write a version of the series as mails; nothing is sent."""
    from generator.patches.ground import find_ground
    from generator.patches.sent import need_maintainer, subject_tag
    from generator.report.mbox import MboxRequest, make_mails

    _check_output(wanted)
    screen = options.screen()
    # what is wrong with the arguments comes first: git's settings are another matter
    series = _series(options, wanted)
    said = subject_tag(wanted.prefix, 1, rfc=wanted.rfc)
    before = _side_before(options, wanted.since) if wanted.since else None
    who = need_maintainer(Path.cwd())
    source, rendered = render_source(options)
    found = _since(before, rendered, wanted.version) if before else None
    edited = wanted.changes or Path(f"changes-v{wanted.version}.txt")
    text = _edited(edited, found) if found else ""
    to, cc = _recipients(options, source, rendered)
    ground = find_ground(source, rendered.repo, rendered.base_files)
    statuses = _statuses(options, wanted, rendered)
    request = MboxRequest(
        patches=_signed(rendered, who, said),
        series=series,
        version=wanted.version,
        changes=text,
        diff=found,
        statuses=statuses,
        ground=ground,
        to=to,
        cc=cc,
    )
    _write_mails(make_mails(request), rendered, wanted, series)
    count = len(rendered.patches)
    screen.result({"mbox": str(wanted.output), "mails": count, "version": wanted.version})
    screen.say(f"{wanted.output}: v{wanted.version}, {count} mails, nothing was sent")
    if not ground.published:
        screen.warn(
            f"base-commit {ground.commit[:12]} is in no tag and in no branch of a remote of "
            f"{source.path}: readers do not have it"
        )
    _check_statuses(statuses)


def _check_statuses(statuses: tuple[Status, ...]) -> None:
    from generator.report.view import BAD

    bad = [status.title for status in statuses if status.word == BAD and status.current]
    if bad:
        raise CheckFailed(f"the cover letter says that this is bad: {', '.join(bad)}")


def _series(options: Options, wanted: MboxOptions) -> Series:
    """Return the series, of a base that there is.

    Raises:
        UserError: there is none, or a baseline is asked for that the series does not have.
    """
    from generator.plan import find_base, find_series

    find_base(options.base)
    series = find_series(options.series)
    if wanted.with_baseline and not series.modelled:
        raise UserError("this series has no baseline", where="--with-baseline")
    return series


def _recipients(
    options: Options, source: Source, rendered: Rendered
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return To and Cc, as the base's get_maintainer.pl has them.

    The script reads; a directory of the user's is not copied for it.
    """
    from generator.checks.patches.recipients import find_recipients
    from generator.plan import find_base
    from generator.tree.acquire import ensure_pristine

    whole = source.path
    if source.kind != "directory":
        whole = ensure_pristine(source, options.area, find_base(options.base))
    people = find_recipients(rendered.patches, whole)
    return tuple(p.who for p in people if p.to), tuple(p.who for p in people if not p.to)


def _statuses(options: Options, wanted: MboxOptions, rendered: Rendered) -> tuple[Status, ...]:
    """Return what is known of the series, for the cover letter."""
    from generator.report.whole import ReportRequest, Trees, read_statuses
    from generator.tree.manifest import read_manifest

    place = ReportRequest(
        base=options.base,
        series=options.series,
        workdir=options.area,
        patches=wanted.output,
        flavour=options.flavour,
    )
    return read_statuses(place, Trees.of(read_manifest(rendered.manifest)))


def _signed(rendered: Rendered, who: Person, tag: str) -> dict[str, bytes]:
    """Return the patches as the maintainer sends them."""
    from generator.patches.sent import sign_patches, tagged_subject

    signed = sign_patches(rendered.patches, who)
    return {name: tagged_subject(patch, tag) for name, patch in signed.items()}


def _check_output(wanted: MboxOptions) -> None:
    """Refuse a version or a place that does not fit, before the work.

    Raises:
        UserError: the place is of the other kind, or its folder does not exist; or a version
            before is named for the first one, or for a later one is not.
    """
    if (wanted.version > 1) != bool(wanted.since):
        raise UserError(
            "the first version has none before it, each other one has",
            where=f"--reroll-count {wanted.version}",
            hint="name the version before with --since",
        )
    if wanted.changes and not wanted.since:
        raise UserError("--changes goes only with --since")
    if wanted.as_mbox and wanted.with_baseline:
        raise UserError("--with-baseline goes with a directory of mails", where="--mbox")
    if wanted.as_mbox and wanted.output.is_dir():
        raise UserError("this is a directory", where=str(wanted.output), hint="name a file")
    if not wanted.as_mbox and wanted.output.exists() and not wanted.output.is_dir():
        raise UserError(
            "this is no directory", where=str(wanted.output), hint="--mbox writes one file"
        )
    if not wanted.output.absolute().parent.is_dir():
        raise UserError(
            "there is no such folder", where=str(wanted.output.absolute().parent), hint=_MAKE
        )


def _write_mails(
    mails: Mapping[str, bytes], rendered: Rendered, wanted: MboxOptions, series: Series
) -> None:
    """Write a file for each mail, and leave no other one that would be sent with them.

    Raises:
        UserError: the directory has patches that are not ours, or mails that somebody has edited.
    """
    from generator.patches.ground import baseline_patch
    from generator.patches.mail import INTERFACE
    from generator.report.mbox import is_ours, make_mbox
    from generator.tree.manifest import with_digests
    from generator.tree.written import edited_files, known_files

    if wanted.as_mbox:
        write_atomic(wanted.output, make_mbox(mails, rendered.interface))
        return
    others = [path for path in sorted(wanted.output.glob("*.patch")) if path.name not in mails]
    strange = [path.name for path in others if not is_ours(path.read_bytes(), series)]
    if strange:
        raise UserError(
            f"it holds other patches, which would be sent with these: {', '.join(strange)}",
            where=str(wanted.output),
            hint="name another directory with --output",
        )
    if edited := edited_files(mails, wanted.output, known_files(wanted.output / WRITTEN)):
        raise UserError(
            f"edited since it was written, and would be lost: {', '.join(edited)}",
            where=str(wanted.output),
            hint="name another directory with --output, or delete it",
        )
    for path in others:
        path.unlink()
    for name, data in mails.items():
        write_atomic(wanted.output / name, data)
    write_atomic(wanted.output / WRITTEN, with_digests("", mails))
    write_atomic(wanted.output / INTERFACE, rendered.interface)
    if wanted.with_baseline:
        write_atomic(wanted.output / BASELINE, baseline_patch(rendered.repo))


def _side_before(options: Options, since: str) -> Side:
    """Return the version before, as ``--since`` names it.

    Raises:
        UserError: there is no such version.
    """
    from generator.patches.change.sides import SideRequest, read_side

    request = SideRequest(
        base=options.base,
        series=options.series,
        repo=Path.cwd(),
        tree=options.tree,
        rev=options.rev,
        workdir=options.area,
    )
    return read_side(since, request)


def _since(before: Side, rendered: Rendered, version: int) -> SeriesDiff:
    """Compare with the version before."""
    from generator.patches.change.run import compare_sides
    from generator.patches.change.sides import Side
    from generator.patches.mail import parse_series

    patches = parse_series(rendered.files, where="rendered")
    now = Side(name=f"v{version}", patches=patches)
    return compare_sides(before, now)


def _edited(path: Path, found: SeriesDiff) -> str:
    """Return the list of changes as somebody has edited it; without one a draft is written.

    Raises:
        UserError: nobody has.
    """
    from generator.report.mbox import DRAFT, draft_changes

    if not path.exists():
        _write(path, draft_changes(found))
    if not path.is_file():
        raise UserError("this is no file", where=str(path))
    try:
        text = path.read_text()
    except (OSError, ValueError) as error:
        raise UserError(f"cannot be read: {error}", where=str(path)) from error
    if DRAFT in text or not text.strip():
        raise UserError(
            "the list of changes is a draft, or empty",
            where=str(path),
            hint="edit it, delete its first line, and run the same command again",
        )
    return text


def _clean(text: str) -> str:
    from generator.text import clean_text

    return clean_text(text)


def _write(path: Path, text: str) -> None:
    """Write a result where the user wants it.

    Raises:
        UserError: the folder does not exist.
    """
    if not path.absolute().parent.is_dir():
        raise UserError("there is no such folder", where=str(path.absolute().parent), hint=_MAKE)
    write_atomic(path, text.encode("utf-8", "surrogateescape"))
