# SPDX-License-Identifier: GPL-2.0-only
"""``build``: which kernels, of which refs, with which options."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from generator.cli.options import Options, render_source
from generator.errors import CheckFailed, UserError
from generator.paths import ensure_dir
from generator.plan import find_base, find_series, plan_series

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.cli.output import Screen
    from generator.kbuild.kernel import BuildResult
    from generator.kbuild.request import BuildRequest
    from generator.tree.acquire import Source
    from generator.tree.series import Rendered


BEFORE_AFTER = ("baseline", "tip")


def variants_of(series: str, named: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return what is built and booted of a series: what is named, or what is when nobody says what.

    A series that starts from the unmodified tree has its tip under its own name, whichever it is
    asked for with: the self-tests announce what they show for the baseline and the tip of the
    other ones, and each series has a place of its own, where no other one's source is put.
    """
    if find_series(series).modelled:
        return tuple(named or BEFORE_AFTER)
    return tuple(series if name == "tip" else name for name in named or ("tip",))


def tip_variant(options: Options) -> str:
    """Return what the kernel with all patches of the series is called."""
    return variants_of(options.series)[-1]


def compared(options: Options) -> dict[str, str]:
    """Return what the kernels are called that are held side by side: ours, and the base's."""
    return {"ours": tip_variant(options), "base": "peer"}


def series_repo(options: Options) -> Path:
    """Return the repository of a series in the work area, rendered or not."""
    return options.area / options.base / find_series(options.series).own("repo.git")


def variant_ref(options: Options, variant: str) -> str:
    """Return the git ref of a variant."""
    return {"tip": options.series, "peer": "base"}.get(variant, variant)


def build_request(
    options: Options,
    variant: str,
    source: Source,
    *,
    repo: Path | None = None,
    pristine: Path | None = None,
) -> BuildRequest:
    """Return how a variant is built.

    Args:
        options: of the command.
        variant: what is built.
        source: the unmodified tree.
        repo: where the series was rendered; None: in the work area.
        pristine: the source as files; None: it is made where it is a commit.
    """
    from generator.kbuild.request import BuildRequest
    from generator.tree.acquire import ensure_pristine, pristine_identity

    return BuildRequest(
        base=options.base,
        variant=variant,
        ref=variant_ref(options, variant),
        repo=repo or series_repo(options),
        pristine=pristine or ensure_pristine(source, options.area, find_base(options.base)),
        pristine_id=pristine_identity(source),
        workdir=options.area,
        flavour=options.flavour,
        toolchain=options.toolchain,
        jobs=options.jobs,
    )


def build_one(options: Options, variant: str, source: Source, screen: Screen) -> BuildResult:
    """Build the kernel of one variant."""
    from generator.kbuild.kernel import build_kernel

    result = build_kernel(build_request(options, variant, source), screen)
    state = "unchanged" if result.unchanged else f"{result.objects} objects"
    start = f", from {result.seeded_from}'s objects" if result.seeded_from else ""
    screen.note(f"{options.base}/{variant}: built, {state}{start}, {result.seconds:.1f} s")
    if result.touched_warnings:
        rows = [str(warning) for warning in result.touched_warnings]
        raise CheckFailed(
            "the compiler warns in files of the series:\n  " + "\n  ".join(rows),
            where=f"{options.base}/{variant}",
            hint=f"the log is {result.log}",
        )
    return result


def build_commands(options: Options, variants: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the commands that build kernels; the work area stays as it is."""
    from generator.kbuild.request import build_command
    from generator.tree.acquire import find_source
    from generator.tree.series import render_series

    base = find_base(options.base)
    pristine = options.area / base.name / "pristine"
    if base.package and not options.tree and not pristine.is_dir():
        raise UserError(
            "a dry run cannot look at Debian's package before it is unpacked",
            where=str(pristine),
            hint=f"run: uprobekit render --base {base.name}, or give a source with --tree",
        )
    source = find_source(base, options.area, tree=options.tree, rev=options.rev)
    with TemporaryDirectory() as place:
        rendered = render_series(
            plan_series(base, find_series(options.series)), source, Path(place)
        )
        return [
            build_command(
                build_request(options, variant, source, repo=rendered.repo, pristine=pristine)
            )
            for variant in variants
        ]


def build(options: Options, variants: tuple[str, ...]) -> None:
    """Build kernels."""
    screen = options.screen()
    if options.dry_run:
        screen.commands(build_commands(options, variants))
        return
    source, _ = render_source(options)
    results = [build_one(options, variant, source, screen) for variant in variants]
    screen.result({"kernels": [asdict(result) for result in results]})
    for result in results:
        screen.say(f"{options.base}/{result.variant}: {result.image}")


def build_dir(options: Options, variant: str) -> Path:
    """Return where the objects of a variant are, built or not."""
    from generator.kbuild.worktree import BUILD_PREFIX

    place = options.area / options.base / variant / "linux"
    return place / f"{BUILD_PREFIX}{options.flavour}-{options.toolchain}"


def build_analyses(options: Options, source: Source, rendered: Rendered) -> tuple[Path, Path]:
    """Compile the analyses of the series and of the base for this machine, and return both.

    That of a series of the unmodified tree is the base's with its patches, and built like it.
    """
    from generator.checks.proof.build import build_peer, build_proof

    area, series = options.area / options.base, find_series(options.series)
    base = build_peer(source.load, ensure_dir(area / "peer"))
    place, tip = ensure_dir(area / series.own("proof")), rendered.tip_files
    if series.modelled:
        return build_proof(source.load, tip, place).library, base
    return build_peer(lambda path: tip[path] if path in tip else source.load(path), place), base
