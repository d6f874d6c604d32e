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
    from collections.abc import Callable, Sized

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
    from generator.report.soak import format_page

    again = "run: uprobekit soak --full"
    bases = [base.name for base in all_bases()]
    kept = {base: found for base in bases if (found := _kept(options, base, FULL, again))}
    _say(options, "the full mode", again, kept, lambda: format_page(kept))


def print_cost(options: Options) -> None:
    """Print what is kept of the costs of hits, of every base and series, as a page.

    Raises:
        UserError: nothing is kept, or it cannot be used.
    """
    from generator.report.costpage import format_page

    again = "run: uprobekit cost"
    bases = [base.name for base in all_bases()]
    costs = {
        (base, series.name): found
        for base in bases
        for series in all_series()
        if (found := _kept(options, base, series.own("cost"), f"{again} --series {series.name}"))
    }
    repeat = "run: uprobekit scaling"
    scaling = {base: found for base in bases if (found := _kept(options, base, "scaling", repeat))}
    _say(options, "what hits cost", again, costs, lambda: format_page(costs, scaling))


def _kept(options: Options, base: str, command: str, again: str) -> Kept | None:
    """Return what is kept of a command; None where it has not been run.

    Raises:
        UserError: it cannot be used; ``again`` says how to have it once more.
    """
    from generator.report.kept import State, kept_path, read_kept

    path = kept_path(options.area, base, command)
    found = read_kept(path, command)
    if found.state is State.UNUSABLE:
        raise UserError(found.problem, where=str(path), hint=f"{again} --base {base}")
    return found if found.state is State.THERE else None


def _say(
    options: Options, what: str, again: str, kept: Sized, make_page: Callable[[], str]
) -> None:
    """Print a page that is made of what is kept.

    Raises:
        UserError: nothing is kept, or it has another shape.
    """
    if not kept:
        raise UserError(f"nothing is kept of {what}", where=str(options.area), hint=again)
    try:
        Screen().say(make_page().rstrip())
    except ValueError as error:
        raise UserError(
            f"what is kept of {what} has another shape: {error}",
            where=str(options.area),
            hint=again,
        ) from error
