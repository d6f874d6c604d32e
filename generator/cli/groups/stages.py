# SPDX-License-Identifier: GPL-2.0-only
"""The stages of the main job, one by one."""

from pathlib import Path
from typing import Annotated

import typer

from generator.cli.declare import ANY, OUTPUT, command
from generator.cli.options import Options

Variants = Annotated[
    list[str] | None,
    typer.Argument(
        help="baseline, tip, peer (the unmodified base), or a prefix such as review-05.",
        show_default="baseline tip",
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show the table of every self-test.")
]


@command(
    "base", "series", "tree", "rev", "flavour", "toolchain", "jobs", "dry_run", *OUTPUT, series=ANY
)
def build(options: Options, *, variants: Variants = None) -> None:
    """Build kernels: the baseline and the tip, or what is named.

    Example: uprobekit build baseline tip review-05 --base 6.12
    """
    from generator.cli import building

    building.build(options, building.variants_of(options.series, variants))


@command("base", "series", "flavour", "toolchain", "accel", "tests", "dry_run", *OUTPUT, series=ANY)
def boot(
    options: Options,
    *,
    variants: Variants = None,
    image: Annotated[
        Path | None,
        typer.Option(
            help="A bzImage that you have built from the rendered tree of one variant.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Boot kernels that were built, and run the self-tests in them.

    Example: uprobekit boot tip --tests 'nop,call,return-*'
    """
    from generator.cli import booting, building

    booting.boot(options, building.variants_of(options.series, variants), image=image)


@command("base", "flavour", *OUTPUT)
def compare(
    options: Options,
    *,
    junit: Annotated[
        Path | None, typer.Option(help="Write JUnit XML to this file.", show_default=False)
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Compare the self-tests before and after the series; 2 when they are not as they must be.

    Example: uprobekit compare --base 6.12 --junit junit.xml --verbose
    """
    from generator.cli import commands

    commands.compare(
        options,
        junit=junit,
        verbose=verbose,
    )
