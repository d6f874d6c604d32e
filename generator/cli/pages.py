# SPDX-License-Identifier: GPL-2.0-only
"""What is kept of long runs, printed as pages of docs/.

They are those of ``mended``, ``soak --full``, and of ``cost`` with ``scaling``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.cli.options import Options
from generator.cli.output import Screen
from generator.errors import UserError
from generator.plan import all_bases, all_series, find_base, find_series, plan_series

if TYPE_CHECKING:
    from generator.report.kept import Kept


def print_mended(options: Options) -> None:
    """Print what is kept of every base as a page.

    Raises:
        UserError: of a base nothing is kept.
    """
    from generator.cli.mended import COMMAND
    from generator.report.kept import kept_path, read_kept
    from generator.report.mended import format_page, read_prefixes

    series = find_series(options.series)
    tables = {}
    for base in series.bases or tuple(base.name for base in all_bases()):
        path = kept_path(options.area, base, series.own(COMMAND))
        prefixes = read_prefixes(read_kept(path, path.stem).data)
        if not prefixes:
            raise UserError(
                f"nothing is kept of {base}",
                where=str(path),
                hint=f"run: uprobekit mended --series {series.name} --base {base}",
            )
        plan = plan_series(find_base(base), series)
        tables[base] = (prefixes, [planned.patch for planned in plan.patches])
    Screen().say(format_page(series.name, tables).rstrip())


def print_soak(options: Options) -> None:
    """Print what is kept of the full mode, of every base, as a page.

    Raises:
        UserError: nothing is kept, or it cannot be used.
    """
    from generator.cli.soak import FULL
    from generator.report.kept import State, kept_path, read_kept
    from generator.report.soak import format_page

    paths = {base.name: kept_path(options.area, base.name, FULL) for base in all_bases()}
    kept = {base: read_kept(path, FULL) for base, path in paths.items()}
    kept = {base: result for base, result in kept.items() if result.state is not State.MISSING}
    again = "run: uprobekit soak --full"
    if not kept:
        raise UserError("nothing is kept of the full mode", where=str(options.area), hint=again)
    for base, result in kept.items():
        if result.state is State.UNUSABLE:
            raise UserError(result.problem, where=str(paths[base]), hint=f"{again} --base {base}")
    try:
        Screen().say(format_page(kept).rstrip())
    except ValueError as error:
        raise UserError(
            f"what is kept of the full mode has another shape: {error}",
            where=str(options.area),
            hint=again,
        ) from error


def print_cost(options: Options) -> None:
    """Print what is kept of the costs of hits, of every base and series, as a page.

    Raises:
        UserError: nothing is kept, or it cannot be used.
    """
    from generator.report.costpage import format_page
    from generator.report.kept import State, kept_path, read_kept

    def kept(base: str, command: str) -> Kept:
        return read_kept(kept_path(options.area, base, command), command)

    bases = [base.name for base in all_bases()]
    costs = {
        (base, series.name): kept(base, series.own("cost"))
        for base in bases
        for series in all_series()
    }
    there = {key: each for key, each in costs.items() if each.state is State.THERE}
    scaling = {base: kept(base, "scaling") for base in bases}
    again = "run: uprobekit cost"
    if not there:
        raise UserError("nothing is kept of what hits cost", where=str(options.area), hint=again)
    try:
        page = format_page(
            there, {base: each for base, each in scaling.items() if each.state is State.THERE}
        )
    except ValueError as error:
        raise UserError(
            f"what is kept has another shape: {error}", where=str(options.area), hint=again
        ) from error
    Screen().say(page.rstrip())
