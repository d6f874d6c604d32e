# SPDX-License-Identifier: GPL-2.0-only
"""The commands: parse arguments, hand dataclasses to the stages, turn errors into exit codes."""

from __future__ import annotations

import errno
import io
import os
import sys
from copy import copy
from functools import cache
from inspect import getdoc
from pathlib import Path
from typing import Annotated, Any, cast, get_type_hints

import typer
from typer.core import TyperCommand
from typer.models import ArgumentInfo, CommandInfo

from generator import __version__
from generator.cli.groups import GroupedCommands
from generator.cli.options import Colour, Level, Options, Shell
from generator.errors import ExitCode, InfraError, UprobekitError, UserError

app = typer.Typer(
    name="uprobekit",
    cls=GroupedCommands,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The 2012 uprobes series as a model: render it for a kernel, build it, boot it.\n\n"
    "The stages are render, build, boot and compare; each works on what the one before has left "
    "in the work area. qemu-test runs all of them.\n\n"
    "Exit status: 0 good, 1 the input is wrong, 2 a test or a build failed, 3 a tool or the "
    "machine is the trouble. diff is like diff(1): 0 the same, 1 different, 2 the input is wrong.",
)


def _bases() -> list[str]:
    """Return what a shell offers for --base."""
    from generator.plan import all_bases

    return [base.name for base in all_bases()]


Base = Annotated[
    str,
    typer.Option(
        "--base",
        help="Base kernel: a directory of kernel_patches/.",
        autocompletion=_bases,
    ),
]
Tree = Annotated[
    Path | None,
    typer.Option(
        help="Source of the base: a directory or a git repository. Only read. "
        "Default: Debian's source package.",
        show_default=False,
    ),
]
Rev = Annotated[str | None, typer.Option(help="Commit of --tree to use.", show_default=False)]
Workdir = Annotated[
    Path | None,
    typer.Option(
        help="Work area for sources, builds and results. Default: $UPROBEKIT_WORKDIR or the "
        "user's cache directory.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write the result to stdout as JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the commands, run nothing.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Variants = Annotated[
    list[str] | None,
    typer.Argument(
        help="baseline, tip, peer (the unmodified base), or a prefix such as review-05.",
        show_default="baseline tip",
    ),
]
Flavour = Annotated[
    str,
    typer.Option(
        help="Kernel configuration: plain, debug, i386, clients or gcov.",
        autocompletion=lambda: ["plain", "debug", "i386", "clients", "gcov"],
    ),
]
Toolchain = Annotated[
    str, typer.Option(help="gcc or clang.", autocompletion=lambda: ["gcc", "clang"])
]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", min=0, help="Compilers in parallel; 0: one per core.")
]
Accel = Annotated[
    str,
    typer.Option(
        help="auto, kvm, tcg, bochs or gdb. auto tries KVM before it trusts it; "
        "Bochs is slower and emulates what QEMU does not: shadow stacks, watchpoints; "
        "gdb makes QEMU trap at branches only."
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show the table of every self-test.")
]
Tests = Annotated[
    str,
    typer.Option(
        help="Only these self-tests, separated by commas. Their results are kept apart.",
        show_default=False,
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"uprobekit {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command()
def render(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Where the patches go. Default: kernel_patches/<base>/<series>.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare with what is there, write nothing; 2 on drift."),
    ] = False,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Every base, and a table of what is known about each of their patches."
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Lose what somebody has edited in the patches by hand."),
    ] = False,
    flavour: Flavour = "plain",
    toolchain: Toolchain = "gcc",
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Render the series for a base: commits in the work area, patches in kernel_patches/.

    What is wrong in the model or in a template is an error with its file and line. A patch that
    was edited by hand is not written over: uprobekit import brings it into the templates.

    Example: uprobekit render --base 6.12 --tree ~/src/linux --rev v6.12
    """
    from generator.cli import bases, commands

    options = Options(
        base=base,
        series=series,
        tree=tree,
        rev=rev,
        workdir=workdir,
        as_json=as_json,
        quiet=quiet,
        flavour=flavour,
        toolchain=toolchain,
    )
    if every:
        bases.render_all(options, output=output, check=check, overwrite=overwrite)
    else:
        commands.render(options, output=output, check=check, overwrite=overwrite)


@app.command()
def lines(as_json: Json = False) -> None:
    """Count the template lines that all bases share, and those that belong to one.

    Example: uprobekit lines --json
    """
    from generator.cli import bases

    bases.lines(as_json=as_json)


@app.command()
def port(
    tree: Annotated[
        Path, typer.Option(help="Source of any version: a directory or a git repository.")
    ],
    rev: Rev = None,
    like: Annotated[
        str,
        typer.Option(help="Base whose data is tried.", show_default="the last one not newer"),
    ] = "",
    like_tree: Annotated[
        Path | None,
        typer.Option(
            help="Source of that base: its types and callers are compared with the tree's. "
            "Default: its package in the work area, if it is unpacked.",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        str,
        typer.Option(
            help="Write the module of this new base, with what can be found out.",
            show_default=False,
        ),
    ] = "",
    steps: Annotated[
        bool, typer.Option("--steps", help="Print the steps that make a base, as well.")
    ] = False,
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    workdir: Workdir = None,
    as_json: Json = False,
) -> None:
    """List what does not hold of a base in a tree of another version, and start a new base.

    Edits, calls, members, constants and facts are looked up, types and callers compared; functions
    that the baseline would leave without a caller, and uses of what it takes out, are found. The
    list is sorted by the work that each thing makes. Status 2: it is not empty.

    Example: uprobekit port --tree ~/src/linux-6.19 --like 6.12 --start 6.19
    """
    from generator.cli import port as new_base

    new_base.port(
        Options(base=like, series=series, tree=tree, rev=rev, workdir=workdir, as_json=as_json),
        start=start,
        like_tree=like_tree,
        steps=steps,
    )


@app.command()
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="drift, checkpatch, review, states, schedules; after a build verify, patches.",
            metavar="[NAME]...",
            show_default="those that need no build",
        ),
    ] = None,
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=0, help="Checks in parallel; 0: one per core.")
    ] = 0,
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Run checks and print one table; without a name, those that need no kernel build.

    What a check says is shown where it is not good. Exit status: 2 if a check fails.

    Example: uprobekit check --base 6.12
    """
    from generator.cli.check import check as run_checks

    return run_checks(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            jobs=jobs,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
        ),
        names or [],
    )


@app.command()
def checkpatch(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    sent: Annotated[
        bool,
        typer.Option("--sent", help="The patches as you send them: with your Signed-off-by."),
    ] = False,
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the base's checkpatch.pl --strict on every patch.

    Nobody has signed the patches as they are rendered: the check for that is left out then.

    Example: uprobekit checkpatch --base 6.12 --sent
    """
    from generator.cli import checks

    checks.checkpatch(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
        ),
        sent=sent,
    )


@app.command()
def review(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="A table for a mail.")] = False,
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check every point of the review on the tip: evidence, verdict, deviations.

    Example: uprobekit review --base 6.12 --markdown
    """
    from generator.cli import checks

    checks.review(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
        ),
        markdown=markdown,
    )


@app.command()
def verify(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    toolchain: Toolchain = "gcc",
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare the tip, as libclang sees it, with the model; needs a build of the tip.

    Example: uprobekit build tip && uprobekit verify
    """
    from generator.cli import checks

    checks.verify(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
            toolchain=toolchain,
        )
    )


@app.command()
def matrix(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
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
    accel: Accel = "auto",
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", "-j", min=0, help="Compilers of a row; 0: the rows share the cores."
        ),
    ] = 0,
    workdir: Workdir = None,
    as_json: Json = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan, build nothing.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Compile what each patch reaches: uprobes on, off, without ABIs, 32 bits; gcc, clang.

    W=1 and sparse have to find nothing new in files of the series. The plan says before what will
    be built; what was done with the same inputs is not done again.

    Example: uprobekit matrix --base 6.12 --only prefix-on --dry-run
    """
    from generator.cli import matrix as prefix_matrix

    prefix_matrix.matrix(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            dry_run=dry_run,
            quiet=quiet,
            accel=accel,
            jobs=jobs,
        ),
        full=full,
        only=tuple(only or ()),
        ccache=ccache,
        scheduler=scheduler,
        workers=workers,
        junit=junit,
    )


@app.command()
def soak(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
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
    accel: Accel = "auto",
    workdir: Workdir = None,
    as_json: Json = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be run, boot nothing.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Run real programs under thousands of probes, on the tip and on the unmodified base.

    What they write and how they end has to be byte for byte as without probes. Probes are on every
    function of the programs and what they load, then on returns; in programs that csmith makes, on
    every instruction. Needs tip and peer built; what was booted before is not booted again.

    Example: uprobekit soak --program python3 --count 0
    """
    from generator.cli import soak as soak_programs

    soak_programs.run_soak(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            accel=accel,
            workdir=workdir,
            as_json=as_json,
            dry_run=dry_run,
            quiet=quiet,
        ),
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


@app.command()
def cost(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Count the instructions that a probe hit takes, ours beside the base's; needs both built.

    QEMU counts them: the figures are the same in every run.

    Example: uprobekit build tip peer && uprobekit cost
    """
    from generator.cli import checks

    checks.cost(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
        )
    )


@app.command("clients")
def clients_command(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    accel: Accel = "auto",
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run perf, bpftrace, systemtap and the base's tests of ftrace in guests; compare the counts.

    Needs the flavour clients of the tip and of the peer built, and the packages installed.

    Example: uprobekit build --flavour clients tip peer && uprobekit clients
    """
    from generator.cli import clients

    clients.run_clients(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            accel=accel,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
        )
    )


@app.command()
def coverage(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    toolchain: Toolchain = "gcc",
    accel: Accel = "auto",
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Count the series' lines that the self-tests execute in the booted kernel, by gcov.

    Needs the tip built with --flavour gcov. At least 95 % have to be; each other line has a reason.

    Example: uprobekit build --flavour gcov tip && uprobekit coverage
    """
    from generator.cli.coverage import coverage as measure_coverage

    measure_coverage(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            toolchain=toolchain,
            accel=accel,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
        )
    )


@app.command()
def corpus(
    variants: Annotated[
        list[str] | None,
        typer.Argument(help="tip, peer (the unmodified base), or both.", show_default="tip peer"),
    ] = None,
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    cases: Annotated[
        int, typer.Option(min=1, help="How many instructions to choose from, of both modes.")
    ] = 50_000,
    mode: Annotated[int, typer.Option(help="64 or 32; 0: both.")] = 0,
    seed: Annotated[int, typer.Option(help="Chooses instructions and states.")] = 1,
    flavour: Flavour = "plain",
    accel: Accel = "auto",
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Execute thousands of instructions in a guest, without a probe and with one.

    Example: uprobekit corpus tip --cases 5000 --mode 32
    """
    from generator.cli import checks

    checks.corpus(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            flavour=flavour,
            accel=accel,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
        ),
        variants=_corpus_variants(variants),
        modes=(mode,) if mode else (64, 32),
        cases=cases,
        seed=seed,
    )


def _corpus_variants(variants: list[str] | None) -> tuple[str, ...]:
    wrong = sorted(set(variants or ()) - {"tip", "peer"})
    if wrong:
        raise UserError(f"no corpus for '{wrong[0]}'", hint="it is for tip and peer")
    return tuple(variants or ("tip", "peer"))


@app.command()
def census(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="ELF files, or folders with such.",
            show_default="/usr/bin /usr/lib/x86_64-linux-gnu",
        ),
    ] = None,
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    limit: Annotated[int, typer.Option(min=0, help="Count so many files; 0: all.")] = 0,
    workdir: Workdir = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=0, help="Processes; 0: one per core.")
    ] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Count which function entries of real programs are probed without a single step.

    Example: uprobekit census ~/bin/mine /usr/bin --limit 100
    """
    from generator.cli import checks

    checks.census(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
            jobs=jobs,
        ),
        places=files or [],
        limit=limit,
    )


@app.command("patches")
def patches_command(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    code: Annotated[
        bool, typer.Option(help="Compile before and after the preparatory patches.")
    ] = True,
    flavour: Flavour = "plain",
    toolchain: Toolchain = "gcc",
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Apply each patch, read its mail, compare objects, and say whom the series goes to.

    Example: uprobekit patches --base 6.12 --no-code
    """
    from generator.cli import patches

    patches.check_patches(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
            flavour=flavour,
            toolchain=toolchain,
        ),
        code=code,
    )


@app.command("states")
def states_command(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    dot: Annotated[bool, typer.Option("--dot", help="Print the picture for Graphviz.")] = False,
    guard: Annotated[
        list[str] | None,
        typer.Option(help="Leave this guard out and print what happens.", show_default=False),
    ] = None,
    traces: Annotated[bool, typer.Option("--traces", help="Print what every guard stops.")] = False,
    large: Annotated[
        bool, typer.Option("--large", help="Explore more threads and events at once: minutes.")
    ] = False,
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Explore the states of a probed task, and show what each guard in the C is for.

    Example: uprobekit states --guard deny --guard killable
    """
    from generator.cli import states

    options = Options(
        base=base,
        series=series,
        tree=tree,
        rev=rev,
        workdir=workdir,
        as_json=as_json,
        quiet=quiet,
    )
    if dot:
        states.draw_states(options)
    elif guard:
        states.show_guards(options, tuple(guard))
    else:
        states.check_states(options, traces=traces, large=large)


@app.command()
def verdicts(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ask our C and the base's own about every opcode; show where they differ.

    Example: uprobekit verdicts --base 6.12 --json
    """
    from generator.cli import checks

    checks.verdicts(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
        )
    )


@app.command()
def proof(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    cases: Annotated[int, typer.Option(min=1, help="How many instructions are tried.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Chooses encodings and states.")] = 1,
    workdir: Workdir = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=0, help="Processes; 0: one per core.")
    ] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Execute instructions unprobed and probed in an emulator, without a kernel, and compare.

    Example: uprobekit proof --base 6.12 --cases 200000
    """
    from generator.cli import checks

    checks.proof(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
            jobs=jobs,
        ),
        cases=cases,
        seed=seed,
    )


@app.command()
def mutate(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    count: Annotated[int, typer.Option(min=1, help="How many faults are made.")] = 150,
    seed: Annotated[int, typer.Option(help="Chooses faults, encodings and states.")] = 1,
    cases: Annotated[
        int, typer.Option(min=1, help="How many instructions the proof tries for each.")
    ] = 5000,
    boots: Annotated[
        int, typer.Option(min=0, help="How many of the survivors are booted in this run.")
    ] = 0,
    again: Annotated[
        bool, typer.Option("--again", help="Judge survivors once more: a level has changed.")
    ] = False,
    by_hand: Annotated[
        Path | None,
        typer.Option(help="A directory of faults that people wrote, as patches to templates."),
    ] = None,
    turn: Annotated[
        int, typer.Option(min=0, help="Of those that people wrote, the TURN-th COUNT of them.")
    ] = 0,
    workdir: Workdir = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=0, help="Faults at a time; 0: cores.")
    ] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put faults into the tip's C and count what notices them; needs a build of the tip.

    Small ones are made by a program, of what the C says; --by-hand takes those that people wrote.
    What only reads the C does not count: such a fault is booted with --boots.

    Example: uprobekit mutate --count 10 --cases 2000
    """
    from generator.cli import checks

    checks.mutate(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
            jobs=jobs,
        ),
        count=count,
        seed=seed,
        cases=cases,
        boots=boots,
        again=again,
        by_hand=by_hand,
        turn=turn,
    )


@app.command()
def explain(
    code: Annotated[
        str,
        typer.Argument(
            help='Bytes of an instruction, "48 8b 05 10 00 00 00"; a line for the assembler, '
            '"mov 16(%rip), %rax"; with --symbol an ELF file.'
        ),
    ],
    symbol: Annotated[str, typer.Option(help="A function of that file.", show_default=False)] = "",
    count: Annotated[int, typer.Option(min=1, help="So many instructions of the function.")] = 1,
    mode: Annotated[int, typer.Option("--mode", help="64 or 32, where no file says it.")] = 64,
    base: Base = "6.1",
    tree: Tree = None,
    rev: Rev = None,
    workdir: Workdir = None,
    as_json: Json = False,
) -> None:
    """Say what a probe on an instruction does, and why it is refused.

    Example: uprobekit explain libc.so.6 --symbol malloc --count 5
    """
    from generator.cli import checks

    checks.explain(
        Options(base=base, tree=tree, rev=rev, workdir=workdir, as_json=as_json),
        code=code,
        mode=mode,
        symbol=symbol,
        count=count,
    )


@app.command()
def schedules(
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Execute the core's C with a few threads in every order, in user space; needs gcc.

    Example: uprobekit schedules --base 6.12
    """
    from generator.cli import checks

    checks.schedules(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
        )
    )


@app.command()
def fuzz(
    base: Base = "6.1",
    tree: Tree = None,
    rev: Rev = None,
    seconds: Annotated[int, typer.Option(min=1, help="How long.")] = 60,
    seed: Annotated[int, typer.Option(min=1, help="Chooses the inputs.")] = 1,
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fuzz the analysis of instructions with libFuzzer, sanitizers on; needs clang.

    Example: uprobekit fuzz --seconds 600 --seed 7
    """
    from generator.cli import checks

    checks.fuzz(
        Options(base=base, tree=tree, rev=rev, workdir=workdir, as_json=as_json, quiet=quiet),
        seconds=seconds,
        seed=seed,
    )


@app.command()
def opcodes() -> None:
    """Print the opcode model as a page in Markdown: docs/opcodes.md is this.

    Example: uprobekit opcodes > docs/opcodes.md
    """
    from generator.cli import checks

    checks.opcodes()


@app.command("check-kernel")
def check_kernel(
    image: Annotated[
        Path,
        typer.Argument(help="The kernel: a bzImage or vmlinuz, such as /boot/vmlinuz-VERSION."),
    ],
    initrd: Annotated[
        Path | None,
        typer.Option(
            help="The distribution's own initrd, unpacked before our guest.", show_default=False
        ),
    ] = None,
    modules: Annotated[
        Path | None,
        typer.Option(
            help="Where lib/modules/VERSION of this kernel is: what self-tests need is loaded.",
            show_default=False,
        ),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(help="Write JUnit XML to this file.", show_default=False)
    ] = None,
    accel: Annotated[
        str, typer.Option(help="auto, kvm or tcg. auto tries KVM before it trusts it.")
    ] = "auto",
    timeout: Annotated[int, typer.Option(min=60, help="Seconds for one boot.")] = 900,
    workdir: Workdir = None,
    as_json: Json = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every entry and all evidence.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Say which faults of the catalogue a kernel has: it is booted, nothing else is needed.

    Exit status: 0 none, 2 affected, 3 it could not be booted, 1 it is no kernel image.

    Example: uprobekit check-kernel /boot/vmlinuz-6.1.0-50-amd64 --json
    """
    from generator.cli import kernel as kernels

    kernels.check_kernel(
        Options(base="", workdir=workdir, as_json=as_json, quiet=quiet, accel=accel),
        image,
        initrd=initrd,
        modules=modules,
        junit=junit,
        seconds=timeout,
        verbose=verbose,
    )


@app.command()
def reproduce(
    fault: Annotated[str, typer.Argument(help="A fault of the catalogue, such as vex-as-branch.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="An empty folder; it is made.", show_default=False)
    ],
) -> None:
    """Write one C file and one shell script that show a fault on a running system, as root.

    Example: uprobekit reproduce vex-as-branch -o /tmp/vex
    """
    from generator.cli import kernel as kernels

    kernels.reproduce(fault, out)


@app.command()
def catalogue() -> None:
    """Print the catalogue of faults as a page in Markdown: docs/catalogue.md is this.

    Example: uprobekit catalogue > docs/catalogue.md
    """
    from generator.cli import kernel as kernels

    kernels.catalogue()


@app.command()
def build(
    variants: Variants = None,
    base: Base = "6.1",
    tree: Tree = None,
    rev: Rev = None,
    flavour: Flavour = "plain",
    toolchain: Toolchain = "gcc",
    jobs: Jobs = 0,
    workdir: Workdir = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Build kernels: the baseline and the tip, or what is named.

    Example: uprobekit build baseline tip review-05 --base 6.12
    """
    from generator.cli import commands

    commands.build(
        Options(
            base=base,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
            flavour=flavour,
            toolchain=toolchain,
            jobs=jobs,
            dry_run=dry_run,
        ),
        tuple(variants or commands.BEFORE_AFTER),
    )


@app.command()
def boot(
    variants: Variants = None,
    base: Base = "6.1",
    flavour: Flavour = "plain",
    toolchain: Toolchain = "gcc",
    accel: Accel = "auto",
    tests: Tests = "",
    image: Annotated[
        Path | None,
        typer.Option(
            help="A bzImage that you have built from the rendered tree of one variant.",
            show_default=False,
        ),
    ] = None,
    workdir: Workdir = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Boot kernels that were built, and run the self-tests in them.

    Example: uprobekit boot tip --tests 'nop,call,return-*'
    """
    from generator.cli import commands

    commands.boot(
        Options(
            base=base,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
            flavour=flavour,
            toolchain=toolchain,
            accel=accel,
            tests=tests,
            dry_run=dry_run,
        ),
        tuple(variants or commands.BEFORE_AFTER),
        image=image,
    )


@app.command()
def compare(
    base: Base = "6.1",
    flavour: Flavour = "plain",
    junit: Annotated[
        Path | None, typer.Option(help="Write JUnit XML to this file.", show_default=False)
    ] = None,
    workdir: Workdir = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Compare the self-tests before and after the series; 2 when they are not as they must be.

    Example: uprobekit compare --base 6.12 --junit junit.xml --verbose
    """
    from generator.cli import commands

    commands.compare(
        Options(base=base, workdir=workdir, as_json=as_json, quiet=quiet, flavour=flavour),
        junit=junit,
        verbose=verbose,
    )


@app.command("qemu-test")
def qemu_test(
    base: Base = "6.1",
    tree: Tree = None,
    rev: Rev = None,
    peer: Annotated[
        bool, typer.Option("--peer", help="Run the unmodified base as well, as a column.")
    ] = False,
    flavour: Flavour = "plain",
    toolchain: Toolchain = "gcc",
    jobs: Jobs = 0,
    accel: Accel = "auto",
    tests: Tests = "",
    boot_again: Annotated[
        bool,
        typer.Option(
            "--boot-again",
            help="Boot what has been booted, all being well, with the same kernel, guest and QEMU.",
        ),
    ] = False,
    junit: Annotated[
        Path | None, typer.Option(help="Write JUnit XML to this file.", show_default=False)
    ] = None,
    workdir: Workdir = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Do it all: render, build, boot before and after, compare.

    Example: uprobekit qemu-test --base 6.12 --peer --junit junit.xml
    """
    from generator.cli import commands

    commands.qemu_test(
        Options(
            base=base,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
            flavour=flavour,
            toolchain=toolchain,
            jobs=jobs,
            accel=accel,
            tests=tests,
            dry_run=dry_run,
        ),
        peer=peer,
        boot_again=boot_again,
        junit=junit,
        verbose=verbose,
    )


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="The side before.", metavar="A")],
    after: Annotated[str, typer.Argument(help="The side after.", metavar="B")],
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    level: Annotated[
        list[Level] | None,
        typer.Option(help="Show only this level; may be repeated.", show_default=False),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Markdown, for a mail.")] = False,
    html: Annotated[bool, typer.Option("--html", help="A page that needs nothing else.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write to this file.", show_default=False),
    ] = None,
    color: Annotated[
        Colour, typer.Option(help="Colour: on a terminal, always or never.")
    ] = Colour.AUTO,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Do not start a pager.")] = False,
    tree: Tree = None,
    rev: Rev = None,
    workdir: Workdir = None,
    as_json: Json = False,
) -> int:
    """Say what changed between two renderings: the interface, the patches, the tree.

    A side is a directory of patches, an mbox, or interface.txt alone; a base such as 6.12, whose
    model is rendered; 6.12@REVISION, the model of that revision of this repository; or a revision,
    whose committed patches for --base are read.

    Exit status: 0 the same, 1 different, 2 the input is wrong, 3 the machine is the trouble.

    Example: uprobekit diff HEAD kernel_patches/6.1/review --level patches
    """
    from generator.cli import desk

    if as_json + markdown + html > 1:
        raise typer.BadParameter("only one of --json, --markdown and --html")
    return desk.diff(
        Options(base=base, series=series, tree=tree, rev=rev, workdir=workdir, as_json=as_json),
        desk.DiffOptions(
            before=before,
            after=after,
            # whoever sees the patches has seen the tree
            levels=tuple(level or (Level if html else (Level.INTERFACE, Level.PATCHES))),
            style="markdown" if markdown else "html" if html else "text",
            output=output,
            colour=color,
            pager=not no_pager,
        ),
    )


@app.command()
def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "report.html"
    ),
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    patches: Annotated[
        Path | None,
        typer.Option(
            help="The rendered patches. Default: kernel_patches/<base>/<series>.",
            show_default=False,
        ),
    ] = None,
    flavour: Flavour = "plain",
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write one page about the series from the results that are there; nothing is run for it.

    Example: uprobekit report --base 6.12 -o report-6.12.html
    """
    from generator.cli import desk

    desk.report(
        Options(
            base=base,
            series=series,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
            flavour=flavour,
        ),
        output=output,
        patches=patches,
    )


@app.command()
def mbox(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The directory to write. Default: series-v<N>; series-v<N>.mbox with --mbox.",
            show_default=False,
        ),
    ] = None,
    as_mbox: Annotated[
        bool, typer.Option("--mbox", help="One file, for programs that read an mbox.")
    ] = False,
    with_baseline: Annotated[
        bool,
        typer.Option(
            "--with-baseline", help="Also write the patch below the first one: DIR/baseline/."
        ),
    ] = False,
    version: Annotated[
        int, typer.Option("--reroll-count", "-v", min=1, help="The version of the series.")
    ] = 1,
    since: Annotated[
        str, typer.Option(help="The version before, as a side of diff.", show_default=False)
    ] = "",
    changes: Annotated[
        Path | None,
        typer.Option(
            help="What changed since then, edited. Default: changes-v<N>.txt, written as a draft.",
            show_default=False,
        ),
    ] = None,
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    prefix: Annotated[
        str, typer.Option(help="What stands in brackets, such as 'PATCH net-next'.")
    ] = "PATCH",
    rfc: Annotated[bool, typer.Option("--rfc", help="Say RFC in front of it.")] = False,
    flavour: Flavour = "plain",
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a version of the series as mails, a file each; nothing is sent.

    git send-email DIR/*.patch sends them, b4 and get_maintainer.pl read them; git am
    --empty=drop DIR/*.patch applies them. 2: a result that the cover letter names is bad.
    Author and Signed-off-by are git's user.name and user.email.

    Example: uprobekit mbox -v 2 --since v1 --rfc --prefix 'PATCH tip'
    """
    from generator.cli import desk

    desk.mbox(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
            flavour=flavour,
        ),
        desk.MboxOptions(
            version=version,
            since=since,
            changes=changes,
            output=output or Path(f"series-v{version}{'.mbox' if as_mbox else ''}"),
            as_mbox=as_mbox,
            with_baseline=with_baseline,
            prefix=prefix,
            rfc=rfc,
        ),
    )


@app.command()
def apply(
    tree: Annotated[
        Path, typer.Option(help="Your git repository of the kernel. Its files stay as they are.")
    ],
    branch: Annotated[str, typer.Option(help="The branch to make.")],
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    rev: Annotated[
        str | None,
        typer.Option(help="Commit to start from.", show_default="HEAD, without what is changed"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the branch, unless it is checked out.")
    ] = False,
    checkout: Annotated[
        bool, typer.Option("--checkout", help="Switch to the branch afterwards.")
    ] = False,
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a branch of the baseline and the series in your own repository.

    Neither your files nor your index nor any other branch is touched. Author and Signed-off-by are
    those that git has for you. uprobekit import brings back what you change there.

    Example: uprobekit apply --tree ~/src/linux --branch uprobes
    """
    from generator.cli import maintain

    maintain.apply(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
        ),
        branch=branch,
        force=force,
        checkout=checkout,
    )


@app.command("import")
def import_(
    what: Annotated[
        list[str],
        typer.Argument(
            help="A commit, a range, a file with a diff, or a patch of kernel_patches/ as edited.",
            show_default=False,
        ),
    ],
    repo: Annotated[
        Path | None,
        typer.Option(help="Repository of the commits.", show_default="--tree, or where you are"),
    ] = None,
    base: Base = "6.1",
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    tree: Tree = None,
    rev: Rev = None,
    workdir: Workdir = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Bring a change of the rendered C or of a message into templates and model.

    Each change is rendered before it is written: it is what you have edited. A range may be the
    whole branch, and have merges. What does not fit is named and kept in uprobekit-import.rej, or
    -2, -3 beside it; what comes after it is brought in nevertheless, and the status is 2.

    Example: uprobekit import --tree ~/src/linux uprobes~3..uprobes
    """
    from generator.cli import maintain

    maintain.import_(
        Options(
            base=base,
            series=series,
            tree=tree,
            rev=rev,
            workdir=workdir,
            as_json=as_json,
            quiet=quiet,
        ),
        what,
        repo=repo,
    )


@app.command()
def trailers(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Mails: an mbox of the thread, or what b4 am or b4 mbox writes.",
            show_default=False,
        ),
    ] = None,
    series: Annotated[str, typer.Option(help="Which series.")] = "review",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take Reviewed-by and the like from mails into the model; without a file list them.

    They stand in generator/model/trailers.py, by patch, in the kernel's order.

    Example: uprobekit trailers 20260101-uprobes-v2.mbx
    """
    from generator.cli import maintain

    maintain.trailers(Options(base="6.1", series=series, as_json=as_json, quiet=quiet), files or [])


@app.command()
def manual(
    shell: Annotated[
        Shell | None,
        typer.Option(help="The completion for this shell instead.", show_default=False),
    ] = None,
) -> None:
    """Print the manual page, or the completion of commands for a shell.

    Example: uprobekit manual | man -l -
    """
    from generator.cli.manual import completion_script, manual_page
    from generator.cli.output import Screen

    Screen().say(completion_script(shell) if shell else manual_page())


@app.command()
def status(
    base: Base = "6.1",
    flavour: Flavour = "plain",
    workdir: Workdir = None,
    as_json: Json = False,
) -> None:
    """Say what is in the work area, and what would be done next.

    Example: uprobekit status --base 6.12 --json
    """
    from generator.cli import commands

    commands.status(Options(base=base, workdir=workdir, as_json=as_json, flavour=flavour))


# what typer returns after Control-C
_INTERRUPTED = 130

# typer brings its own copy of click in some versions
_CLICK_ERROR = cast(
    "type[typer.BadParameter]",
    next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"),
)


def _wrong_input(arguments: list[str] | None) -> ExitCode:
    """Return the status for wrong input: diff(1) says 2, since 1 means different."""
    words = sys.argv[1:] if arguments is None else arguments
    return ExitCode.FAILED if words[:1] == ["diff"] else ExitCode.USER


class _Command(TyperCommand):
    """A command whose arguments are told once."""

    def format_arguments(self, ctx: object, formatter: object) -> None:
        """Write nothing: click does since 8.5, and typer has done so with the options."""


@cache
def command_line(command: str = "") -> Any:  # noqa: ANN401  # click's, or a copy in typer
    """Return the commands as click knows them, made once in a process.

    Args:
        command: the only one that is wanted, since each takes a while to make; all when there is no
            such command. Of those that a list of them names no more is made than that.
    """
    if command in _LISTED:
        return _listed()
    chosen = [info for info in app.registered_commands if _name(info) == command]
    for info in app.registered_commands:
        info.cls = _Command
    some = copy(app)
    some.registered_commands = chosen or app.registered_commands
    made = typer.main.get_command(some)
    for info in some.registered_commands:
        _explain_arguments(made, info)
    return made


_LISTED = ("--help", "-h")
_COMPLETE = "_UPROBEKIT_COMPLETE"


def _listed() -> Any:  # noqa: ANN401
    """Return the group with commands that have a name and a help, for the list of them."""
    some = copy(app)
    some.registered_commands = []
    made: Any = typer.main.get_command(some)
    made.commands = {
        name: _Command(name=name, help=getdoc(info.callback))
        for info in app.registered_commands
        if (name := _name(info))
    }
    return made


def _explain_arguments(made: Any, info: CommandInfo) -> None:  # noqa: ANN401
    """Give the arguments of a command the help back that click takes from them since 8.5."""
    commands = getattr(made, "commands", {_name(info): made})
    if info.callback is None:
        return
    hints = get_type_hints(info.callback, include_extras=True)
    for param in commands[_name(info)].params:
        for said in getattr(hints.get(param.name), "__metadata__", ()):
            if isinstance(said, ArgumentInfo):
                param.help = said.help


def _name(info: CommandInfo) -> str:
    return info.name or (info.callback.__name__ if info.callback else "")


def _streams() -> bool:
    """Make the streams take every name, whatever the locale; False when stdout is closed."""
    if sys.stderr is None:
        # Python has none of a descriptor that is closed
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the program runs
    if sys.stdout is None:
        sys.stderr.write("uprobekit: error: stdout is closed: a result would go nowhere\n")
        return False
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return True


_LONGEST = 100_000
"""Bytes of an argument: the kernel gives a program none of more than 128 KiB (execve(2))."""

_SHOWN = 60


def _check_length(words: list[str]) -> None:
    """Check that the arguments can be handed on to git and other programs.

    Raises:
        UserError: one is too long.
    """
    for word in words:
        if len(os.fsencode(word)) > _LONGEST:
            raise UserError("an argument is too long", where=f"{word[:_SHOWN]}...")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    from generator.cli.output import Screen

    if not _streams():
        return int(ExitCode.INFRA)
    words = sys.argv[1:] if arguments is None else arguments
    # a shell that asks what there is gives no words, and wants all of it
    nothing_said = "" if _COMPLETE in os.environ else _LISTED[0]
    wanted = command_line(words[0] if words else nothing_said)
    try:
        _check_length(words)
        outcome = wanted(args=arguments, standalone_mode=False, prog_name="uprobekit")
    except UprobekitError as error:
        Screen().error(error)
        wrong = error.exit_code is ExitCode.USER
        return int(_wrong_input(arguments) if wrong else error.exit_code)
    except _CLICK_ERROR as error:
        error.show()
        return int(_wrong_input(arguments))
    except (KeyboardInterrupt, typer.Abort):
        outcome = _INTERRUPTED
    except OSError as error:
        place = str(error.filename or "")
        if error.errno == errno.ENAMETOOLONG:
            Screen().error(UserError("this name is too long", where=f"{place[:_SHOWN]}..."))
            return int(_wrong_input(arguments))
        Screen().error(InfraError(error.strerror or str(error), where=place))
        return int(ExitCode.INFRA)
    if outcome == _INTERRUPTED:
        sys.stderr.write("uprobekit: interrupted; run the same command again to go on\n")
        return int(ExitCode.INFRA)
    return int(outcome) if isinstance(outcome, int) else int(ExitCode.GOOD)
