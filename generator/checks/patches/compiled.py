# SPDX-License-Identifier: GPL-2.0-only
"""Compile what each patch touches, with W=1, on the state that the patches before it leave.

For a series of the unmodified tree: no kernel of it has to be built. The objects are compiled with
the command lines of kernels that are, whatever tree these have: the files of the unmodified base
stand in for theirs, and those of the prefix for these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from generator.checks.patches.code import Build
from generator.kbuild.objects import compile_object, is_compiled
from generator.plan import Plan
from generator.tree.refs import read_refs

Texts = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class CompiledFile:
    """A C file as a patch leaves it.

    Attributes:
        patch: number of the patch.
        source: the C file.
        build: whose command line compiled it.
        problem: what the compiler says that it has not said before; "" is good.
    """

    patch: int
    source: str
    build: str
    problem: str


def compile_prefixes(
    plan: Plan, repo: Path, builds: tuple[Build, ...], original: Texts, place: Path
) -> tuple[CompiledFile, ...]:
    """Compile the C files that each patch changes, or that see a header which it changes.

    Args:
        plan: the series for its base.
        repo: the rendered repository.
        builds: whose command lines are taken, each in turn.
        original: text of the base's files that the trees of ``builds`` have in another way.
        place: a folder of our own.

    Raises:
        InfraError: the compiler cannot be run.
    """
    texts = [files.texts for files in read_refs(repo, _refs(plan)).values()]
    states = [{**original, **files} for files in texts]
    return tuple(
        found
        for build in builds
        for source in sorted(path for path in texts[-1] if path.endswith(".c"))
        if is_compiled(build.directory, source)
        for found in _compile(source, build, states, place)
    )


def _refs(plan: Plan) -> list[str]:
    return ["base", *(f"{plan.series.name}-{one.number:02d}" for one in plan.patches)]


def _compile(
    source: str, build: Build, states: list[dict[str, str]], place: Path
) -> Iterator[CompiledFile]:
    """Compile a file at each prefix that changes it."""
    known: tuple[str, ...] | None = None
    for number, (before, after) in enumerate(pairwise(states), 1):
        changed = {path for path in after if after[path] != before.get(path)}
        if source not in changed and not any(path.endswith(".h") for path in changed):
            continue
        if known is None:
            known = _said(source, build, before, place)
        said = _said(source, build, after, place)
        new = [words for words in said if words not in known]
        yield CompiledFile(
            patch=number, source=source, build=build.name, problem="; ".join(dict.fromkeys(new))
        )
        known = said


def _said(source: str, build: Build, files: Texts, place: Path) -> tuple[str, ...]:
    """Return the errors and warnings about a file, without their lines."""
    made = compile_object(build.tree, build.directory, source, files, place)
    return tuple(words for _, words in made.messages)
