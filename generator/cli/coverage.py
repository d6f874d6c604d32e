# SPDX-License-Identifier: GPL-2.0-only
"""The command that counts what the self-tests execute of the series' C in the booted kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from generator.cli import booting
from generator.cli.ahead import check_machine
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed
from generator.plan import find_base, find_series, plan_series

if TYPE_CHECKING:
    from generator.cli.output import Screen
    from generator.report.coverage import Coverage
    from generator.tree.series import Rendered

FLAVOUR = "gcov"


def coverage(options: Options) -> None:
    """Boot the tip with counters, and say what was executed."""
    from generator.report.coverage import as_data, as_text

    options = replace(options, flavour=FLAVOUR)
    check_machine(options)
    screen = options.screen()
    source, rendered = render_source(options)
    result = _measure(options, rendered, screen)
    options.keep("coverage", as_data(result), source, rendered, kernel="tip")
    screen.result(as_data(result))
    screen.say(as_text(result))
    if result.problems:
        raise CheckFailed(
            "not everything is executed, or explained:\n  " + "\n  ".join(result.problems),
            where=f"{options.base}/{options.series}",
            hint="write a test, or a mark above the line, of generator/model/unreached.py",
        )
    screen.say(
        f"{options.base}/{options.series}: {100 * result.share:.1f} % of {result.lines} lines are "
        f"executed in the booted kernel, {result.taken} of {result.branches} branches taken"
    )


def _measure(options: Options, rendered: Rendered, screen: Screen) -> Coverage:
    """Boot, count and judge."""
    from generator.checks.coverage.counters import read_counters
    from generator.checks.coverage.excuses import find_excuses
    from generator.checks.coverage.gcov import count_lines
    from generator.guest.boot import boot_kernel
    from generator.kbuild.worktree import BUILD_PREFIX
    from generator.model.files import ARCH, CORE
    from generator.report.coverage import judge_coverage, keep_own
    from generator.text import read_lines
    from generator.tree.brought import brought_functions
    from generator.tree.refs import read_ref

    base = find_base(options.base)
    request = booting.boot_request(options, "tip", booting.guest(options, screen, "tip"))
    boot = boot_kernel(
        replace(
            request,
            parameters=(*request.parameters, "uprobekit.counters"),
        ),
        screen,
    )
    if not boot.outcome.complete:
        raise CheckFailed(f"the tip does not pass: {boot.outcome.reason}", where=str(boot.console))
    area = options.area / options.base
    build_dir = area / "tip" / "linux" / f"{BUILD_PREFIX}{options.flavour}-{options.toolchain}"
    counters = read_counters(read_lines(boot.results))
    before = read_ref(rendered.repo, "baseline").texts
    functions = brought_functions(plan_series(base, find_series(options.series)))
    counts = {
        path: keep_own(
            count_lines(counters, build_dir, path, area / "coverage"),
            # the series writes all of the x86 file
            before="" if path == ARCH else before[path],
            after=rendered.tip_files[path],
            functions=functions,
        )
        for path in (ARCH, CORE)
    }
    return judge_coverage(counts, rendered.tip_files, find_excuses(base, rendered.tip_files))
