# SPDX-License-Identifier: GPL-2.0-only
"""``cost`` and ``corpus``: guests that measure a hit, or execute the proof's instructions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli import booting
from generator.cli.ahead import check_machine
from generator.cli.building import build_analyses, compared, tip_variant
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed, UserError
from generator.model.series import REVIEW
from generator.paths import ensure_dir, write_atomic
from generator.plan import find_series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.checks.proof.corpus import Corpus
    from generator.checks.proof.library import Classifier
    from generator.cli.output import Screen
    from generator.guest.ktap import KtapReport
    from generator.report.corpus import CorpusResult
    from generator.report.cost import Verdicts
    from generator.tree.acquire import Source
    from generator.tree.series import Rendered


def cost(options: Options, *, rows: str, shuffle: int | None) -> None:
    """Measure what a probe hit costs, on the tip and on the unmodified base."""
    from generator.report.cost import as_data, as_text, compare_cost, dear
    from generator.report.kept import kept_path

    screen = options.screen()
    source, rendered = render_source(options)
    variants = tuple(compared(options).values())
    initramfs = booting.guest(options, screen, *variants)
    words = [f"rows={rows}"] if rows else []
    words += [f"shuffle={shuffle}"] if shuffle is not None else []
    tip, peer = (
        _count_instructions(options, variant, initramfs, words, screen) for variant in variants
    )
    verdicts = _cost_verdicts(options, source, rendered)
    found = compare_cost(tip, peer, verdicts, base=options.base, series=options.series)
    which = {"base": options.base, "series": options.series}
    data = {"base": options.base, "source": source.version, **as_data(found, **which)}
    if not rows:
        options.keep("cost", data, source, rendered, kernel=tip_variant(options))
    screen.result(data)
    screen.say(as_text(found, **which))
    if above := dear(found):
        name = find_series(options.series).own("cost")
        raise CheckFailed(
            f"dearer than they may be: {', '.join(row.name for row in above)}",
            where=str(kept_path(options.area, options.base, name)),
        )


COST_PARAMETERS = ("nolapic_timer", "uprobekit.program=cost")
"""The calibration of the local APIC's timer takes as long as the rest of such a boot."""


def _count_instructions(
    options: Options, variant: str, initramfs: Path, words: Sequence[str], screen: Screen
) -> KtapReport:
    """Boot one kernel on a processor whose time stamp counter counts instructions."""
    from generator.guest.boot import boot_kernel

    request = replace(
        booting.boot_request(options, variant, initramfs),
        flavour="cost",
        accel="tcg",
        cpus=1,
        icount=0,
        parameters=(*COST_PARAMETERS, *(f"uprobekit.{word}" for word in words)),
    )
    return boot_kernel(request, screen).ktap


def _cost_verdicts(options: Options, source: Source, rendered: Rendered) -> Verdicts:
    """Return what the two analyses say, both compiled for this machine."""
    ours, base = _classifiers(options, source, rendered)
    return {
        "ours": lambda code, bits: ours.verdict(code, bits=bits),
        "base": lambda code, bits: base.verdict(code, bits=bits),
    }


def _classifiers(
    options: Options, source: Source, rendered: Rendered
) -> tuple[Classifier, Classifier]:
    """Compile the analyses of the series and of the base."""
    from generator.checks.proof.library import Classifier

    ours, base = build_analyses(options, source, rendered)
    return Classifier(ours), Classifier(base)


def corpus(
    options: Options,
    *,
    variants: tuple[str, ...],
    modes: tuple[int, ...],
    cases: int,
    seed: int,
) -> None:
    """Execute the proof's instructions in guests, without a probe and with one."""
    from generator.report.corpus import as_data, as_text

    if set(modes) - _CORPUS_PROGRAMS.keys():
        raise UserError(f"there is no {modes[0]}-bit mode", hint="--mode is 64 or 32")
    check_machine(options)
    screen = options.screen()
    source, rendered = render_source(options)
    sides = _corpus_sides(options, variants)
    initramfs = booting.guest(options, screen, *sides.values())
    made = _make_corpora(options, source, rendered, modes, cases=cases, seed=seed)
    results = [
        _run_corpus(options, each, bits, sides, initramfs, screen) for bits, each in made.items()
    ]
    options.keep("corpus", as_data(results), source, rendered, kernel=tip_variant(options))
    screen.result(as_data(results))
    for result in results:
        screen.say(as_text(result))
    problems = [problem for result in results for problem in result.problems]
    if problems:
        raise CheckFailed(
            f"{len(problems)} instructions are not probed as they must be; {problems[0]}",
            where=options.base,
        )


# for one boot
_CORPUS_SECONDS = 1200
_CORPUS_PROGRAMS = {64: "corpus", 32: "corpus-32"}


def _corpus_sides(options: Options, variants: tuple[str, ...]) -> dict[str, str]:
    """Return the kernel of each side that is wanted."""
    named = {"ours": "tip", "base": "peer"}
    return {side: name for side, name in compared(options).items() if named[side] in variants}


def _run_corpus(
    options: Options,
    made: Corpus,
    bits: int,
    sides: Mapping[str, str],
    guest: Path,
    screen: Screen,
) -> CorpusResult:
    """Boot each side with the corpus of a mode."""
    from generator.guest.boot import boot_kernel
    from generator.guest.cpio import pack_data
    from generator.report.corpus import read_results

    program = _CORPUS_PROGRAMS[bits]
    initramfs = ensure_dir(options.area / options.base / "corpus") / "initramfs.cpio"
    write_atomic(initramfs, guest.read_bytes() + pack_data(program, made.data))
    reports = {}
    for side, variant in sides.items():
        request = replace(
            booting.boot_request(options, variant, initramfs),
            flavour=f"corpus-{options.flavour}",
            # with several, QEMU 7.2 loses the flags where a locked operand is split and missing
            cpus=1,
            # its 32-bit one does not ignore bit 3 of VEX.vvvv in 32-bit code, and dies
            arch="x86_64",
            parameters=(
                *(f"uprobekit.program={program}", f"uprobekit.side={side}"),
                f"uprobekit.timeout={_CORPUS_SECONDS}",
            ),
            timeout=_CORPUS_SECONDS + 60.0,
        )
        reports[side] = boot_kernel(request, screen).ktap
    return read_results(made, reports, bits=bits)


def _make_corpora(
    options: Options,
    source: Source,
    rendered: Rendered,
    modes: tuple[int, ...],
    *,
    cases: int,
    seed: int,
) -> dict[int, Corpus]:
    """Choose the instructions, by mode: those of the proof that a side accepts.

    Why an instruction is refused the model knows, whatever the series is.
    """
    from generator.checks.proof.build import build_proof
    from generator.checks.proof.cases import make_cases
    from generator.checks.proof.corpus import make_corpus
    from generator.checks.proof.library import VERDICTS, Library
    from generator.checks.proof.verdict import find_reason
    from generator.model.opcodes import OPCODES

    ours, base = _classifiers(options, source, rendered)
    _, modelled = render_source(replace(options, series=REVIEW.name))
    place = ensure_dir(options.area / options.base / "proof")
    library = Library(build_proof(source.load, modelled.tip_files, place).library)
    listed = make_cases(OPCODES, wanted=cases, seed=seed)

    def choose(bits: int) -> Corpus:
        accepts = (
            lambda code: ours.verdict(code, bits=bits) != VERDICTS[0],
            lambda code: base.verdict(code, bits=bits) != VERDICTS[0],
        )
        return make_corpus(
            listed,
            accepts,
            bits=bits,
            seed=seed,
            reason=lambda code: find_reason(library, code, bits=bits),
        )

    return {bits: choose(bits) for bits in modes}
