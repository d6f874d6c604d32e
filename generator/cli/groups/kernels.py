# SPDX-License-Identifier: GPL-2.0-only
"""The commands about kernels that somebody else has built."""

from pathlib import Path
from typing import Annotated

import typer

from generator.cli.declare import OUTPUT, command
from generator.cli.options import Options


@command(
    "accel",
    *OUTPUT,
    accel=Annotated[
        str, typer.Option(help="auto, kvm or tcg. auto tries KVM before it trusts it.")
    ],
)
def check_kernel(
    options: Options,
    *,
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
    html: Annotated[
        Path | None,
        typer.Option(help="Write a page that needs nothing else to this file.", show_default=False),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(help="Write JUnit XML to this file.", show_default=False)
    ] = None,
    timeout: Annotated[int, typer.Option(min=60, help="Seconds for one boot.")] = 900,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every entry and all evidence.")
    ] = False,
) -> None:
    """Say which faults of the catalogue a kernel has: it is booted, nothing else is needed.

    Exit status: 0 none, 2 affected, 3 it could not be booted, 1 it is no kernel image.

    Example: uprobekit check-kernel /boot/vmlinuz-6.1.0-50-amd64 --json
    """
    from generator.cli import kernel as kernels

    kernels.check_kernel(
        options,
        image,
        initrd=initrd,
        modules=modules,
        html=html,
        junit=junit,
        seconds=timeout,
        verbose=verbose,
    )


@command()
def catalogue() -> None:
    """Print the catalogue of faults as a page in Markdown: docs/catalogue.md is this.

    Example: uprobekit catalogue > docs/catalogue.md
    """
    from generator.cli import kernel as kernels

    kernels.catalogue()


@command()
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
