# SPDX-License-Identifier: GPL-2.0-only
"""Render all bases, and show what is known of every patch and what bases share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator import plan as planning
from generator.cli.commands import PATCHES
from generator.cli.options import Options
from generator.cli.output import Screen
from generator.errors import CheckFailed, UprobekitError, UserError
from generator.model.bases import Base
from generator.paths import ensure_dir

if TYPE_CHECKING:
    from generator.report.overview import PatchRow, PatchState
    from generator.tree.acquire import Source
    from generator.tree.series import Rendered


def render_all(
    options: Options, *, output: Path | None, check: bool, overwrite: bool = False
) -> None:
    """Render every base whose source is there, and show what is known of every patch."""
    from generator.render.share import count_lines
    from generator.report.table import format_overview, format_share

    if output or check:
        raise UserError("--all goes with neither --output nor --check")
    screen = options.screen()
    bases = planning.all_bases()
    chosen = _chosen(options, bases)
    rows: list[PatchRow] = []
    absent: dict[str, str] = {}
    broken: dict[str, str] = {}
    for base in bases:
        try:
            source = _source(chosen[base.name], base)
        except UprobekitError as error:
            absent[base.name] = str(error)
            continue
        try:
            rows += _render_base(chosen[base.name], base, source, screen, overwrite)
        except UserError as error:
            broken[base.name] = str(error)
    share = count_lines(bases, planning.unfinished_bases(), planning.all_series())
    screen.result(
        {
            "rows": [asdict(row) for row in rows],
            "no source": absent,
            "does not fit": broken,
            "lines": asdict(share),
        }
    )
    screen.say(format_overview(rows, terminal=screen.terminal, width=screen.width))
    for name, reason in absent.items():
        screen.say(f"{name}: no source, NOT RENDERED: {reason}")
    screen.say("")
    screen.say(format_share(share, terminal=screen.terminal, width=screen.width))
    dead = [f"templates/{r.template}.j2:{line}" for r in share.templates for line in r.dead]
    _judge(rows, absent, broken, dead)


def _chosen(options: Options, bases: tuple[Base, ...]) -> Mapping[str, Options]:
    """Return the options for each base: ``--tree`` is for the one that supports its version.

    Raises:
        UserError: no base supports it.
    """
    plain = replace(options, tree=None, rev=None)
    chosen = {base.name: replace(plain, base=base.name) for base in bases}
    if options.tree is None and options.rev is None:
        return chosen
    reasons = []
    for base in bases:
        own = replace(options, base=base.name)
        try:
            _source(own, base)
        except UserError as error:
            reasons.append(error)
        else:
            return {**chosen, base.name: own}
    raise reasons[-1]


def _source(options: Options, base: Base) -> Source:
    from generator.tree.acquire import find_source

    return find_source(base, options.area, tree=options.tree, rev=options.rev)


def _render_base(
    options: Options, base: Base, source: Source, screen: Screen, overwrite: bool
) -> tuple[PatchRow, ...]:
    """Render a base, write its patches, and return its rows of the table.

    Raises:
        UserError: the base does not fit the source.
    """
    from generator.cli.building import build_request
    from generator.report.overview import OverviewRequest, make_overview
    from generator.tree.series import render_series
    from generator.tree.written import write_series

    plan = planning.plan_series(base, planning.find_series(options.series))
    rendered = render_series(plan, source, ensure_dir(options.area))
    target = Path(PATCHES) / base.name / options.series
    chosen = replace(options, base=base.name).chosen
    written = write_series(rendered, target, overwrite=overwrite, chosen=chosen)
    screen.note(
        f"{base.name}/{options.series}: {len(rendered.patches) - 1} patches for Linux "
        f"{source.version} in {target}, {len(written.written)} files written"
    )
    return make_overview(
        OverviewRequest(
            build=build_request(
                options, "baseline", source, repo=rendered.repo, pristine=source.path
            ),
            source=source.identity,
            patches=_patches(plan, rendered),
        )
    )


def _patches(plan: planning.Plan, rendered: Rendered) -> tuple[PatchState, ...]:
    """Return the baseline and every patch, applied as a file."""
    from generator.patches.replay import replay_patches
    from generator.report.overview import PatchState
    from generator.tree.refs import read_ref

    baseline = PatchState(
        number=0,
        name="baseline",
        ref="baseline",
        tree=read_ref(rendered.repo, "baseline").tree_id,
    )
    done = replay_patches(rendered.repo, plan.series.name, rendered.patches)
    return (
        baseline,
        *(
            PatchState(
                number=planned.number,
                name=planned.patch.subject,
                ref=replayed.ref,
                tree=replayed.tree,
                problem=replayed.problem,
            )
            for planned, replayed in zip(plan.patches, done, strict=True)
        ),
    )


def _judge(
    rows: list[PatchRow],
    absent: Mapping[str, str],
    broken: Mapping[str, str],
    dead: Iterable[str],
) -> None:
    """Raise when something that is known is wrong; what is missing is not.

    Raises:
        UserError: there is no source of any base.
        CheckFailed: a base does not fit, a patch does not apply, build, boot or pass, or a line of
            a template is no base's.
    """
    from generator.report.overview import State

    if not rows and not broken:
        raise UserError("; ".join(absent.values()) or "there is no base")
    bad = [f"{name}: {reason}" for name, reason in broken.items()]
    bad += [
        f"{row.base}: {row.name}: {cell.text}"
        for row in rows
        for cell in (row.applies, row.builds, row.boots, row.tests)
        if cell.state is State.BAD
    ]
    bad += [f"no base has this line of a template: {place}" for place in dead]
    if bad:
        raise CheckFailed("not every patch is good:\n  " + "\n  ".join(bad))
