# SPDX-License-Identifier: GPL-2.0-only
"""The command for a new base: look at a tree of another version, and start its module."""

from __future__ import annotations

import importlib
from dataclasses import asdict
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
    from generator.tree.acquire import Source


def port(options: Options, *, start: str, like_tree: Path | None, steps: bool) -> None:
    """Try a base's data on a tree of another version, list what does not hold, start a module."""
    from generator.checks.port.steps import fill_steps
    from generator.checks.port.survey import survey_tree
    from generator.report.fit import format_started, format_steps, format_survey
    from generator.tree.acquire import find_tree

    if options.tree is None:
        raise UserError("no tree to look at", hint="name one with --tree")
    screen = options.screen()
    series = planning.find_series(options.series)
    source = find_tree(options.tree, options.rev)
    name = options.base
    base = planning.find_base(name) if name else planning.nearest_base(source.version)
    like = _like(base, source, options, like_tree)
    module = _module(start) if start else None
    survey = survey_tree(base, series, source, like)
    started = _start(start, base, series, source, like, module) if module else None
    screen.result(
        {
            **asdict(survey),
            "problems": survey.problems,
            "started": asdict(started) if started else None,
        }
    )
    screen.say(format_survey(survey))
    if steps or start:
        version = ".".join(str(number) for number in numbers(source.version)[:2])
        filled = fill_steps(
            base=start or version, like=base.name, tree=str(options.tree), rev=options.rev or ""
        )
        screen.say(f"\n{format_steps(filled)}")
    if started:
        screen.say(format_started(started))
        if started.renders:
            return
    if survey.problems:
        raise CheckFailed(
            f"{survey.problems} things do not hold in Linux {source.version}",
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


def _module(start: str) -> Path:
    """Return the file for the module of a base.

    Raises:
        UserError: the base is there, or this is not a name.
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
    return path


def _start(
    name: str, like: Base, series: Series, source: Source, like_source: Source | None, path: Path
) -> Started:
    """Write the module of a base, and say how far it is."""
    from generator.checks.port.module import format_module
    from generator.checks.port.progress import try_rendering
    from generator.checks.port.start import start_base

    start = start_base(name, like, series, source, like_source)
    write_atomic(path, format_module(start, source.version).encode())
    importlib.invalidate_caches()
    written: Base = importlib.import_module(f"generator.model.bases.{path.stem}").BASE
    if written != start.base:
        raise InfraError("the module is not what was to be written", where=str(path))
    return try_rendering(written, series, source, path)
