# SPDX-License-Identifier: GPL-2.0-only
"""The commands about bases, and those that write pages."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from generator.cli.declare import command
from generator.cli.options import Options, Shell


@command(
    "series",
    "tree",
    "rev",
    "workdir",
    "as_json",
    tree=Annotated[
        Path, typer.Option(help="Source of any version: a directory or a git repository.")
    ],
)
def port(
    options: Options,
    *,
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
    compiles: Annotated[
        bool,
        typer.Option(
            "--compile",
            help="Compile what the series touches, each prefix; no kernel is built.",
        ),
    ] = False,
    steps: Annotated[
        bool, typer.Option("--steps", help="Print the steps that make a base, as well.")
    ] = False,
) -> None:
    """List what does not hold of a base in a tree of another version, and start a new base.

    Edits, calls, members, constants and facts are looked up, types and callers compared; functions
    that the baseline would leave without a caller, and uses of what it takes out, are found. The
    list is sorted by the work that each thing makes. Of a base of the tree's version it says how
    far that is: whether it renders, compiles, boots. Status 2: the list is not empty.

    Example: uprobekit port --tree ~/src/linux-6.19 --like 6.12 --start 6.19
    """
    from generator.cli import port as new_base

    new_base.port(
        replace(options, base=like),
        start=start,
        like_tree=like_tree,
        steps=steps,
        compiles=compiles,
    )


@command()
def opcodes() -> None:
    """Print the opcode model as a page in Markdown: docs/opcodes.md is this.

    Example: uprobekit opcodes > docs/opcodes.md
    """
    from generator.cli import checks

    checks.opcodes()


@command()
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
