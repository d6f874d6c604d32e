# SPDX-License-Identifier: GPL-2.0-only
"""The command about the patches themselves: applied, read as mails, compiled before and after."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from generator.checks.patches.compiled import CompiledFile
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed, UserError
from generator.paths import ensure_dir
from generator.plan import Plan, find_base, find_series, plan_series

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from generator.checks.patches.apply import Applied
    from generator.checks.patches.code import Build, CodeResult
    from generator.checks.patches.mail import Finding
    from generator.checks.patches.recipients import Recipient
    from generator.cli.output import Screen
    from generator.tree.series import Rendered

_COMPILED = ("tip", "prefix-i386")
"""Whose command lines compile a series of the unmodified tree: 64 and 32 bits."""


def check_patches(options: Options, *, code: bool) -> None:
    """Look at every patch: does it apply, is the mail in order, does it change code."""
    from generator.checks.patches.apply import apply_patches
    from generator.checks.patches.code import compare_code
    from generator.checks.patches.mail import check_mails
    from generator.checks.patches.recipients import find_recipients
    from generator.tree.acquire import ensure_pristine

    screen = options.screen()
    source, rendered = render_source(options)
    plan = plan_series(find_base(options.base), find_series(options.series))
    applied = apply_patches(rendered.repo, options.series, rendered.patches)
    findings = check_mails(rendered.patches, linked=bool(plan.series.link))
    pristine = ensure_pristine(source, options.area, plan.base)
    recipients = find_recipients(rendered.patches, pristine)
    objects: tuple[CodeResult, ...] = ()
    compiled: tuple[CompiledFile, ...] = ()
    if code and plan.series.modelled:
        screen.note("compiling before and after the preparatory patches")
        place = ensure_dir(options.area / options.base / "objects")
        objects = compare_code(plan, rendered.repo, find_builds(options), place)
    elif code:
        screen.note("compiling what each patch touches")
        compiled = _compile(options, plan, rendered)
    data = {
        "base": options.base,
        "applied": [asdict(result) for result in applied],
        "findings": [asdict(finding) for finding in findings],
        "code": [asdict(result) for result in objects],
        "compiled": [asdict(result) for result in compiled],
        "recipients": [{**asdict(one), "to": one.to} for one in recipients],
    }
    options.keep("patches", data, source, rendered)
    screen.result(data)
    _say_patches(screen, plan, applied, findings, (*objects, *compiled))
    _say_objects(screen, objects)
    _say_recipients(screen, recipients)
    if problems := [*_mail_problems(applied, findings), *_code_problems((*objects, *compiled))]:
        raise CheckFailed("the patches are not in order:\n  " + "\n  ".join(problems))


def _compile(options: Options, plan: Plan, rendered: Rendered) -> tuple[CompiledFile, ...]:
    """Compile a series of the unmodified tree as the kernels of ours are compiled.

    Raises:
        UserError: none is built, or nothing of the series on the baseline is rendered.
    """
    from generator.checks.patches.compiled import compile_prefixes
    from generator.model.series import REVIEW
    from generator.tree.refs import read_ref

    area = options.area / options.base
    original = read_ref(area / REVIEW.own("repo.git"), "base").texts
    builds = tuple(one for one in find_builds(options) if one.name in _COMPILED)
    return compile_prefixes(plan, rendered.repo, builds, original, ensure_dir(area / "objects"))


def _mail_problems(applied: Sequence[Applied], findings: Sequence[Finding]) -> Iterator[str]:
    yield from (f"{result.patch}: {result.problem}" for result in applied if result.problem)
    for finding in findings:
        place = f"{finding.patch}:{finding.line}" if finding.line else finding.patch
        yield f"{place}: {finding.what}"


def _code_problems(objects: Sequence[CodeResult | CompiledFile]) -> Iterator[str]:
    for result in objects:
        if result.problem:
            yield f"patch {result.patch}: {result.source}: {result.build}: {result.problem}"


def find_builds(options: Options) -> tuple[Build, ...]:
    """Return the build directories of a base that have command lines, the tip's first.

    Raises:
        UserError: there is none.
    """
    from generator.checks.patches.code import Build
    from generator.kbuild.worktree import BUILD_PREFIX

    area = options.area / options.base
    tip = area / "tip" / "linux"
    found = [("tip", tip, tip / f"{BUILD_PREFIX}{options.flavour}-{options.toolchain}")]
    for place in sorted(area.glob("prefix-*/linux")):
        found.append((place.parent.name, place, place / f"{BUILD_PREFIX}prefix"))
    builds = tuple(
        Build(name=name, tree=tree, directory=directory)
        for name, tree, directory in found
        if _is_built(directory)
    )
    if not builds:
        raise UserError(
            "nothing is built, so no object can be compared",
            where=str(area),
            hint=f"run: uprobekit build --base {options.base} tip, or give --no-code",
        )
    return builds


def _is_built(directory: Path) -> bool:
    return (directory / "kernel" / ".signal.o.cmd").is_file()


def _say_patches(
    screen: Screen,
    plan: Plan,
    applied: Sequence[Applied],
    findings: Sequence[Finding],
    objects: Sequence[CodeResult | CompiledFile],
) -> None:
    screen.say(f"{'patch':60} {'git am':8} {'mail':8} objects")
    for planned, result in zip(plan.patches, applied, strict=True):
        bad = sum(finding.patch == result.patch for finding in findings)
        listed = [one for one in objects if one.patch == planned.number and one.build]
        said = ", ".join(f"{count} {word}" for word, count in Counter(map(_word, listed)).items())
        screen.say(
            f"{result.patch[:60]:60} {'BAD' if result.problem else 'good':8} "
            f"{f'{bad} BAD' if bad else 'good':8} {said or '-'}"
        )


def _word(one: CodeResult | CompiledFile) -> str:
    """Return what became of an object, in a word or two."""
    if isinstance(one, CompiledFile):
        return "BAD" if one.problem else "compile"
    return "changed" if one.functions else "the same"


def _say_objects(screen: Screen, objects: Sequence[CodeResult]) -> None:
    if objects:
        screen.say("")
    for one in objects:
        if not one.build:
            screen.say(f"{one.patch:3} {one.source:40} not compiled in any build directory")
            continue
        said = "the same" if not one.functions else f"changed: {', '.join(one.functions)}"
        counted = f"{one.instructions:6} instructions"
        screen.say(f"{one.patch:3} {one.source:40} {one.build:12} {counted}  {said}")
    if any(not one.build for one in objects):
        screen.warn("some objects were not compared; uprobekit matrix makes more build directories")


def _say_recipients(screen: Screen, recipients: Sequence[Recipient]) -> None:
    screen.say("")
    for one in recipients:
        screen.say(f"{'To' if one.to else 'Cc'}: {one.who}  ({one.role}, {one.section})")
