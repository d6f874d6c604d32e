# SPDX-License-Identifier: GPL-2.0-only
"""The reviewer's desk: what changed between two renderings, and one page about everything."""

from __future__ import annotations

import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli.options import Colour, Options, render_source
from generator.errors import ExitCode, UserError
from generator.paths import write_atomic

if TYPE_CHECKING:
    from generator.cli.output import Screen
    from generator.tree.series import Rendered
    from generator.verify.change.run import SeriesDiff


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
    from generator.report.change import diff_data
    from generator.report.results import dump_json
    from generator.verify.change.run import compare_sides
    from generator.verify.change.sides import SideRequest, read_side

    screen = options.screen()
    request = SideRequest(
        base=options.base,
        series=options.series,
        repo=Path.cwd(),
        tree=options.tree,
        rev=options.rev,
        workdir=options.area,
    )
    sides = [read_side(name, request) for name in (wanted.before, wanted.after)]
    found = compare_sides(sides[0], sides[1], workdir=options.area)
    data = diff_data(found)
    if wanted.output:
        text = dump_json(data).decode() if options.as_json else _diff_text(found, wanted, screen)
        _write(wanted.output, text)
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
        done = subprocess.run(
            ["git", "var", "GIT_PAGER"], capture_output=True, text=True, check=False
        )
    except OSError:
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


def mbox(options: Options, *, version: int, since: str, changes: Path | None, output: Path) -> None:
    """Write a version of the series as an mbox; nothing is sent."""
    from generator.plan import find_base, find_series
    from generator.report.mbox import MboxRequest, make_mbox
    from generator.report.whole import ReportRequest, read_statuses
    from generator.tree.acquire import ensure_pristine
    from generator.tree.series import read_manifest
    from generator.verify.patches.recipients import find_recipients

    if (version > 1) != bool(since):
        raise UserError(
            "the first version has none before it, each other one has",
            where=f"--reroll-count {version}",
            hint="name the version before with --since",
        )
    screen = options.screen()
    source, rendered = render_source(options)
    found = _since(options, rendered, since, version) if since else None
    text = _edited(changes or Path(f"changes-v{version}.txt"), found) if found else ""
    pristine = ensure_pristine(source, options.area, find_base(options.base))
    people = find_recipients(rendered.patches, pristine)
    manifest = read_manifest(rendered.manifest)
    place = ReportRequest(
        base=options.base,
        series=options.series,
        workdir=options.area,
        patches=output,
        flavour=options.flavour,
    )
    data = make_mbox(
        MboxRequest(
            patches=rendered.patches,
            series=find_series(options.series),
            version=version,
            changes=text,
            diff=found,
            statuses=read_statuses(place, manifest["tip"]),
            base_commit=source.commit,
            baseline=manifest["baseline"],
            to=tuple(one.who for one in people if one.to),
            cc=tuple(one.who for one in people if not one.to),
        )
    )
    _write(output, data.decode("utf-8", "surrogateescape"))
    screen.result({"mbox": str(output), "mails": len(rendered.patches), "version": version})
    screen.say(f"{output}: v{version}, {len(rendered.patches)} mails, nothing was sent")


def _since(options: Options, rendered: Rendered, since: str, version: int) -> SeriesDiff:
    """Compare with the version before."""
    from generator.tree.mail import parse_series
    from generator.verify.change.run import compare_sides
    from generator.verify.change.sides import Side, SideRequest, read_side

    request = SideRequest(
        base=options.base,
        series=options.series,
        repo=Path.cwd(),
        tree=options.tree,
        rev=options.rev,
        workdir=options.area,
    )
    files = {**rendered.patches, "series": rendered.manifest}
    now = Side(name=f"v{version}", patches=parse_series(files, where="rendered"), model=None)
    return compare_sides(read_side(since, request), now, workdir=options.area)


def _edited(path: Path, found: SeriesDiff) -> str:
    """Return the list of changes as somebody has edited it; without one a draft is written.

    Raises:
        UserError: nobody has.
    """
    from generator.report.mbox import DRAFT, draft_changes

    if not path.exists():
        _write(path, draft_changes(found))
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
    from generator.boot.text import clean_text

    return clean_text(text)


def _write(path: Path, text: str) -> None:
    """Write a result where the user wants it.

    Raises:
        UserError: the folder does not exist.
    """
    if not path.absolute().parent.is_dir():
        raise UserError("there is no such folder", where=str(path.absolute().parent))
    write_atomic(path, text.encode("utf-8", "surrogateescape"))
