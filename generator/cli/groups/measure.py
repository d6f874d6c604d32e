# SPDX-License-Identifier: GPL-2.0-only
"""The commands that measure, on kernels and on programs."""

from pathlib import Path
from typing import Annotated

import typer

from generator.cli.declare import ANY, OUTPUT, SOURCE, command
from generator.cli.options import Options
from generator.errors import UserError


@command(*SOURCE, *OUTPUT, series=ANY, passes_on=True)
def measure(
    options: Options,
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="matrix, coverage, corpus, soak, clients, mended, cost, scaling, census.",
            metavar="[NAME]...",
            show_default="list them",
        ),
    ] = None,
) -> int:
    """Measure by name, one after the other; without a name list what can be measured.

    The kernels that it needs are built first. Each is a command of its own; options that its
    --help has stand behind its name.

    Example: uprobekit measure census --base 6.12 --limit 100
    """
    from generator.cli.check import measure as run_measures

    return run_measures(options, names or [])


@command(
    *SOURCE,
    "jobs",
    "accel",
    "dry_run",
    *OUTPUT,
    jobs=Annotated[
        int,
        typer.Option(
            "--jobs", "-j", min=0, help="Compilers of a row; 0: the rows share the cores."
        ),
    ],
    dry_run=Annotated[bool, typer.Option("--dry-run", help="Print the plan, build nothing.")],
)
def matrix(
    options: Options,
    *,
    full: Annotated[
        bool,
        typer.Option("--full", help="Whole kernels, uprobes on and off; boot those with them on."),
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(help="A row of the plan, such as prefix-on; may be repeated."),
    ] = None,
    scheduler: Annotated[
        str,
        typer.Option(
            help="Address of a Dask scheduler; its workers see the work area at the same path. "
            "Default: processes of this machine.",
            show_default=False,
        ),
    ] = "",
    workers: Annotated[int, typer.Option(min=0, help="So many processes; 0: one per core.")] = 0,
    ccache: Annotated[str, typer.Option(help="auto (for whole kernels), on or off.")] = "auto",
    junit: Annotated[
        Path | None, typer.Option(help="Write JUnit XML there.", show_default=False)
    ] = None,
) -> None:
    """Compile what each patch reaches: uprobes on, off, without ABIs, 32 bits; gcc, clang.

    W=1 and sparse have to find nothing new in files of the series. The plan says before what will
    be built; what was done with the same inputs is not done again.

    Example: uprobekit matrix --base 6.12 --only prefix-on --dry-run
    """
    from generator.cli import matrix as prefix_matrix

    prefix_matrix.matrix(
        options,
        full=full,
        only=tuple(only or ()),
        ccache=ccache,
        scheduler=scheduler,
        workers=workers,
        junit=junit,
    )


@command(*SOURCE, "toolchain", "accel", *OUTPUT)
def coverage(options: Options) -> None:
    """Count the series' lines that the self-tests execute in the booted kernel, by gcov.

    Needs the tip built with --flavour gcov. At least 95 % have to be; each other line has a reason.

    Example: uprobekit build --flavour gcov tip && uprobekit coverage
    """
    from generator.cli.coverage import coverage as measure_coverage

    measure_coverage(options)


@command(*SOURCE, "flavour", "accel", *OUTPUT, series=ANY)
def corpus(
    options: Options,
    *,
    variants: Annotated[
        list[str] | None,
        typer.Argument(help="tip, peer (the unmodified base), or both.", show_default="tip peer"),
    ] = None,
    cases: Annotated[
        int, typer.Option(min=1, help="How many instructions to choose from, of both modes.")
    ] = 50_000,
    mode: Annotated[int, typer.Option(help="64 or 32; 0: both.")] = 0,
    seed: Annotated[int, typer.Option(help="Chooses instructions and states.")] = 1,
) -> None:
    """Execute thousands of instructions in a guest, without a probe and with one.

    Example: uprobekit corpus tip --cases 5000 --mode 32
    """
    from generator.cli import cost

    cost.corpus(
        options,
        variants=_corpus_variants(variants),
        modes=(mode,) if mode else (64, 32),
        cases=cases,
        seed=seed,
    )


@command(
    *SOURCE,
    "accel",
    "dry_run",
    *OUTPUT,
    dry_run=Annotated[
        bool, typer.Option("--dry-run", help="Print what would be run, boot nothing.")
    ],
    series=ANY,
)
def soak(
    options: Options,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="All programs, one boot each, and 200 generated ones.")
    ] = False,
    program: Annotated[
        list[str] | None,
        typer.Option(help="Only this program; may be repeated.", show_default=False),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Programs that csmith makes; default: 10, with --full 200.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first of them.")] = 1,
    scheduler: Annotated[
        str, typer.Option(help="Address of a Dask scheduler.", show_default=False)
    ] = "",
    workers: Annotated[int, typer.Option(help="Guests at a time; 0: one per core.")] = 0,
    again: Annotated[
        bool,
        typer.Option("--boot-again", help="Boot what was booted before with the same inputs, too."),
    ] = False,
    junit: Annotated[
        Path | None, typer.Option(help="Write JUnit XML to this file.", show_default=False)
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            help="Run this C program alone, on one kernel, a probe on each of its instructions.",
            show_default=False,
        ),
    ] = None,
    build: Annotated[str, typer.Option(help="How it is compiled.")] = "gcc-O2-64",
    side: Annotated[str, typer.Option(help="On which kernel: ours or base.")] = "ours",
    reduce: Annotated[
        Path | None,
        typer.Option(
            help="Reduce the C program with cvise while it differs, into this file.",
            show_default=False,
        ),
    ] = None,
    page: Annotated[
        bool, typer.Option("--page", help="Print docs/soak.md from what is kept; run nothing.")
    ] = False,
) -> None:
    """Run real programs under thousands of probes, on the tip and on the unmodified base.

    What they write and how they end has to be byte for byte as without probes. Probes are on every
    function of the programs and what they load, then on returns; in programs that csmith makes, on
    every instruction. Needs tip and peer built; what was booted before is not booted again.

    Example: uprobekit soak --program python3 --count 0
    """
    from generator.cli import pages
    from generator.cli import soak as soak_programs

    if page:
        pages.print_soak(options)
        return
    soak_programs.run_soak(
        options,
        soak_programs.Wish(
            full=full,
            programs=tuple(program or ()),
            count=count,
            seed=seed,
            again=again,
            scheduler=scheduler,
            workers=workers,
            junit=junit,
            source=source,
            build=build,
            side=side,
            reduce=reduce,
        ),
    )


@command(*SOURCE, "accel", *OUTPUT)
def clients_(options: Options) -> None:
    """Run perf, bpftrace, systemtap and the base's tests of ftrace in guests; compare the counts.

    Needs the flavour clients of the tip and of the peer built, and the packages installed.

    Example: uprobekit build --flavour clients tip peer && uprobekit clients
    """
    from generator.cli import clients

    clients.run_clients(options)


@command(*SOURCE, "jobs", "accel", *OUTPUT, series=ANY)
def mended(
    options: Options,
    *,
    last: Annotated[
        int, typer.Option(min=0, help="Stop after this prefix; 0: look at all patches.")
    ] = 0,
    timeout: Annotated[int, typer.Option(min=60, help="Seconds for one boot.")] = 900,
    page: Annotated[
        bool, typer.Option("--page", help="Print docs/fixes.md from what is kept; run nothing.")
    ] = False,
) -> None:
    """Hold the kernel of every prefix against the catalogue: what does each patch mend?

    Builds and boots what is not kept: a patch has to move the entries that the model says, and no
    other one, and no self-test may fail that has not failed before it. Status 2 otherwise.

    Example: uprobekit mended --series fixes --base 6.12
    """
    from generator.cli import mended as prefixes
    from generator.cli import pages

    if page:
        pages.print_mended(options)
    else:
        prefixes.mended(options, last=last, seconds=timeout)


@command(*SOURCE, *OUTPUT, series=ANY)
def cost(
    options: Options,
    *,
    rows: Annotated[
        str,
        typer.Option(help="Only these rows: shell patterns, separated by commas."),
    ] = "",
    shuffle: Annotated[
        int | None, typer.Option(help="Measure in the order that this number makes.")
    ] = None,
    page: Annotated[
        bool, typer.Option("--page", help="Print docs/cost.md from what is kept; run nothing.")
    ] = False,
) -> None:
    """Count the instructions that a probe hit takes, ours beside the base's; needs both built.

    QEMU counts them: the figures are the same in every run and, since each row has a process of
    its own, in every order. What is kept is a run of all rows.

    Example: uprobekit build tip peer && uprobekit cost --rows 'nop*,m32-push'
    """
    from generator.cli import cost, pages

    if page:
        pages.print_cost(options)
        return
    cost.cost(options, rows=rows, shuffle=shuffle)


@command(*SOURCE, "accel", *OUTPUT)
def scaling(
    options: Options,
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only what hits of a NOP share; nothing is kept.")
    ] = False,
    runs: Annotated[
        int, typer.Option(help="How often both kernels are booted for the rates; 0: never.", min=0)
    ] = 3,
) -> None:
    """Look at hits on several processors at once, ours beside the base's; needs both built.

    Two processors, of one probe and of two: instructions with a lock, lines of memory that both
    write, allocations, for each hit. Then 1, 2, 4 and 8: hits in a second, as a ratio to the base.

    Example: uprobekit build tip peer && uprobekit scaling --quick
    """
    from generator.cli.scaling import scaling as hits_at_once

    hits_at_once(options, quick=quick, runs=runs)


@command(
    *SOURCE,
    "jobs",
    *OUTPUT,
    jobs=Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0: one per core.")],
    series=ANY,
)
def census(
    options: Options,
    *,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="ELF files, or folders with such.",
            show_default="/usr/bin /usr/lib/x86_64-linux-gnu",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Count so many files; 0: all.")] = 0,
) -> None:
    """Count which function entries of real programs are probed without a single step.

    Example: uprobekit census ~/bin/mine /usr/bin --limit 100
    """
    from generator.cli import proof

    proof.census(
        options,
        places=files or [],
        limit=limit,
    )


def _corpus_variants(variants: list[str] | None) -> tuple[str, ...]:
    wrong = sorted(set(variants or ()) - {"tip", "peer"})
    if wrong:
        raise UserError(f"no corpus for '{wrong[0]}'", hint="it is for tip and peer")
    return tuple(variants or ("tip", "peer"))
