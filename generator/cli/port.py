# SPDX-License-Identifier: GPL-2.0-only
"""The command for a new base: look at a tree of another version, and start its module."""

from __future__ import annotations

import importlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import generator.model.bases
from generator import plan as planning
from generator.cli.options import Options
from generator.errors import CheckFailed, InfraError, UserError
from generator.model.bases import Base, numbers
from generator.model.series import Series
from generator.paths import write_atomic

if TYPE_CHECKING:
    from generator.checks.port.progress import Started
    from generator.checks.port.survey import Survey
    from generator.tree.acquire import Source


def port(
    options: Options, *, start: str, like_tree: Path | None, steps: bool, compiles: bool
) -> None:
    """Try a base's data on a tree of another version, list what does not hold, start a module."""
    from generator.checks.port.survey import survey_tree
    from generator.report.fit import format_started, format_survey
    from generator.tree.acquire import find_tree

    if options.tree is None:
        raise UserError("no tree to look at", hint="name one with --tree")
    screen = options.screen()
    series = planning.find_series(options.series)
    source = find_tree(options.tree, options.rev)
    name = options.base
    base = planning.find_base(name) if name else planning.nearest_base(source.version)
    like = _like(base, source, options, like_tree)
    module = _module(start, source.version) if start else None
    if compiles and not (start or base.supports(source.version)):
        raise UserError(
            f"the base {base.name} is not one of Linux {source.version}: nothing to compile",
            hint="start one with --start, or name it with --like",
        )
    survey = survey_tree(base, series, source, like)
    made = _start(start, base, series, source, like, module) if module else base
    started = _how_far(options, made, series, source, compiles)
    told = asdict(started) if started else None
    screen.result({**asdict(survey), "problems": survey.problems, "started": told})
    screen.say(format_survey(survey))
    if steps or start:
        screen.say(_steps(options, start, base, source))
    if started:
        screen.say(format_started(started))
    _judge(survey, started, bool(start))


def _steps(options: Options, start: str, base: Base, source: Source) -> str:
    """Return the steps that make a base, for this one."""
    from generator.checks.port.steps import fill_steps
    from generator.report.fit import format_steps

    version = ".".join(str(number) for number in numbers(source.version)[:2])
    filled = fill_steps(
        base=start or version, like=base.name, tree=str(options.tree), rev=options.rev or ""
    )
    return f"\n{format_steps(filled)}"


def _judge(survey: Survey, started: Started | None, begun: bool) -> None:
    """Accept what was found: a base that has just begun may have an open list.

    Raises:
        CheckFailed: things do not hold, or what renders does not compile.
    """
    if started and started.compiled and started.compiled.problems:
        raise CheckFailed("not every prefix compiles without a new warning")
    if survey.problems and not (begun and started and started.renders):
        raise CheckFailed(
            f"{survey.problems} things do not hold in Linux {survey.version}",
            hint="uprobekit port --steps says how to go through them, as CONTRIBUTING.md does",
        )


def _like(base: Base, source: Source, options: Options, tree: Path | None) -> Source | None:
    """Return a source of the nearest base: what the user names, else a package that is unpacked."""
    from generator.tree.acquire import find_tree

    if tree:
        return find_tree(tree, None)
    unpacked = options.area / base.name / "pristine"
    if base.supports(source.version) or not (unpacked / "Makefile").is_file():
        return None
    return find_tree(unpacked, None)


def _module(start: str, version: str) -> Path:
    """Return the file for the module of a base.

    Raises:
        UserError: the base is there, this is not a name, or the tree is of another version.
    """
    if len(numbers(start)) != 2 or start != ".".join(str(number) for number in numbers(start)):
        raise UserError(
            f"'{start}' is not the name of a base", hint="two numbers, such as --start 6.19"
        )
    folder = Path(generator.model.bases.__path__[0])
    path = folder / f"v{start.replace('.', '_')}.py"
    if path.exists():
        raise UserError(
            f"the base {start} is there", where=str(path), hint="remove it to start it again"
        )
    if not version.startswith(f"{start}.") and version != start:
        raise UserError(
            f"the tree is Linux {version}, and the base {start} was to be started",
            hint="--start takes the first two numbers of the tree's version",
        )
    return path


def _start(
    name: str, like: Base, series: Series, source: Source, like_source: Source | None, path: Path
) -> Base:
    """Write the module of a base, and return what was written."""
    from generator.checks.port.module import format_module
    from generator.checks.port.start import start_base

    start = start_base(name, like, series, source, like_source)
    write_atomic(path, format_module(start, source.version).encode())
    importlib.invalidate_caches()
    written: Base = importlib.import_module(f"generator.model.bases.{path.stem}").BASE
    if written != start.base:
        raise InfraError("the module is not what was to be written", where=str(path))
    return written


def _how_far(
    options: Options, base: Base, series: Series, source: Source, compiles: bool
) -> Started | None:
    """Say how far a base is; None where the tree is of another version."""
    from generator.checks.port.progress import compile_touched, compiled_before, try_rendering

    if not base.supports(source.version):
        return None
    plan = planning.plan_series(base, series)
    started = try_rendering(plan, source)
    if not started.renders:
        return started
    compiled = (
        compile_touched(plan, source, options.area, options.screen())
        if compiles
        else compiled_before(plan, source, options.area, started.tip)
    )
    return replace(started, compiled=compiled, booted=_booted(options, base, started.tip))


def _booted(options: Options, base: Base, tip: str) -> str:
    """Say how the kept boot of this very tree ended; "" when there is none."""
    from generator.report.results import read_whole

    try:
        boot = read_whole(options.area, base.name, "tip")
    except UserError:
        return ""
    if boot.tree != tip:
        return ""
    passed = sum(test.passed for test in boot.ktap.tests)
    return f"{boot.outcome.kind}, {passed} of {len(boot.ktap.tests)} self-tests pass"
