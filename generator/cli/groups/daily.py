# SPDX-License-Identifier: GPL-2.0-only
"""The commands of every day."""

from pathlib import Path
from typing import Annotated

import typer

from generator.cli.declare import ANY, OUTPUT, SOURCE, command
from generator.cli.options import Colour, Level, Options

Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show the table of every self-test.")
]


@command(
    "base", "tree", "rev", "flavour", "toolchain", "jobs", "accel", "tests", "dry_run", *OUTPUT
)
def qemu_test(
    options: Options,
    *,
    peer: Annotated[
        bool, typer.Option("--peer", help="Run the unmodified base as well, as a column.")
    ] = False,
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
    verbose: Verbose = False,
) -> None:
    """Do it all: render, build, boot before and after, compare.

    Example: uprobekit qemu-test --base 6.12 --peer --junit junit.xml
    """
    from generator.cli import commands

    commands.qemu_test(
        options,
        peer=peer,
        boot_again=boot_again,
        junit=junit,
        verbose=verbose,
    )


@command(*SOURCE, "flavour", "toolchain", *OUTPUT, series=ANY)
def render(
    options: Options,
    *,
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
        typer.Option("--overwrite", help="Lose what somebody has edited there by hand."),
    ] = False,
) -> None:
    """Render the series for a base: commits in the work area, patches in kernel_patches/.

    What is wrong in the model or in a template is an error with its file and line. A file that was
    edited by hand is not written over: what brings a patch into the templates is said, and where
    an edit of another file belongs.

    Example: uprobekit render --base 6.12 --tree ~/src/linux --rev v6.12
    """
    from generator.cli import bases, commands

    if every:
        bases.render_all(options, output=output, check=check, overwrite=overwrite)
    else:
        commands.render(options, output=output, check=check, overwrite=overwrite)


@command(*SOURCE, "workdir", "as_json", series=ANY)
def diff(
    options: Options,
    *,
    before: Annotated[str, typer.Argument(help="The side before.", metavar="A")],
    after: Annotated[str, typer.Argument(help="The side after.", metavar="B")],
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
) -> int:
    """Say what changed between two renderings: the interface, the patches, the tree.

    A side is a directory of patches, an mbox, or interface.txt alone; a base such as 6.12, whose
    model is rendered; 6.12@REVISION, the model of that revision of this repository; or a revision,
    whose committed patches for --base are read.

    Exit status: 0 the same, 1 different, 2 the input is wrong, 3 infrastructure error.

    Example: uprobekit diff HEAD kernel_patches/6.1/review --level patches
    """
    from generator.cli import desk

    if options.as_json + markdown + html > 1:
        raise typer.BadParameter("only one of --json, --markdown and --html")
    return desk.diff(
        options,
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


@command("base", "tree", "rev", "workdir", "as_json")
def explain(
    options: Options,
    *,
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
) -> None:
    """Say what a probe on an instruction does, and why it is refused.

    Example: uprobekit explain libc.so.6 --symbol malloc --count 5
    """
    from generator.cli import proof

    proof.explain(
        options,
        code=code,
        mode=mode,
        symbol=symbol,
        count=count,
    )


@command("base", "series", "flavour", *OUTPUT)
def report(
    options: Options,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "report.html"
    ),
    patches: Annotated[
        Path | None,
        typer.Option(
            help="The rendered patches. Default: kernel_patches/<base>/<series>.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write one page about the series from the results that are there; nothing is run for it.

    Example: uprobekit report --base 6.12 -o report-6.12.html
    """
    from generator.cli import desk

    desk.report(
        options,
        output=output,
        patches=patches,
    )


@command("base", "flavour", "workdir", "as_json")
def status(options: Options) -> None:
    """Say what is in the work area, and what would be done next.

    Example: uprobekit status --base 6.12 --json
    """
    from generator.cli import commands

    commands.status(options)
