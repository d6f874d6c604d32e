# SPDX-License-Identifier: GPL-2.0-only
"""How a command is declared: the options that commands share are written here, once.

    @command(*SOURCE, *OUTPUT)
    def review(options: Options, *, markdown: Annotated[bool, ...] = False) -> None:

is a command with ``--base`` to ``--quiet`` and an option of its own. Typer reads signatures, and so
the one that it sees has the shared options in their places, the same in every command.

Why Typer, and not argparse, which is there anyway: of the 0.07 s of processor time that ``--help``
takes (0.15 are allowed), importing Typer and click is 0.04, and argparse would be 0.01. For that
each of the 134 options and arguments would be a call apart from the parameter that it fills, its
type said twice, and the completion for three shells and the manual page, which read click's
parameters, would be written by hand. Plain click would save 0.015, and has the same drawback.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args

import typer

from generator.cli.options import Options
from generator.errors import UserError

Command = Callable[..., int | None]


def _bases() -> list[str]:
    """Return what a shell offers for --base."""
    from generator.plan import all_bases

    return [base.name for base in all_bases()]


def _series() -> list[str]:
    """Return what a shell offers for --series."""
    from generator.model.series import SERIES

    return [series.name for series in SERIES]


def _modelled(name: str) -> str:
    """Return the name of a series, unless it is one that the model of uprobes does not describe.

    Raises:
        UserError: it starts from the unmodified tree, whose uprobes are not ours.
    """
    from generator.model.series import SERIES

    if any(series.name == name and not series.modelled for series in SERIES):
        raise UserError(
            f"this looks at what a series brings, and '{name}' changes the uprobes that are there",
            hint="render, build, boot, checkpatch, patches, apply, diff and mbox take it",
        )
    return name


def _flavours() -> list[str]:
    """Return what a shell offers for --flavour."""
    from generator.kbuild.config import all_flavours

    return list(all_flavours())


def _flavour(name: str) -> str:
    """Return the name of a kernel configuration.

    Raises:
        UserError: there is none, which a command that needs none would not notice.
    """
    if name != "plain" and name not in _flavours():
        raise UserError(
            f"there is no configuration '{name}'", hint=f"there are: {', '.join(_flavours())}"
        )
    return name


_BEFORE = {
    "base": Annotated[
        str,
        typer.Option(
            "--base",
            help="Base kernel, such as 6.12. One without a package in Debian needs --tree.",
            autocompletion=_bases,
        ),
    ],
    "series": Annotated[str, typer.Option(help="Which series.", callback=_modelled)],
    "tree": Annotated[
        Path | None,
        typer.Option(
            help="Source of the base: a directory or a git repository. Only read. "
            "Default: Debian's source package.",
            show_default=False,
        ),
    ],
    "rev": Annotated[str | None, typer.Option(help="Commit of --tree to use.", show_default=False)],
}
"""Options that stand before a command's own, by the field of ``Options``."""

_AFTER = {
    "flavour": Annotated[
        str,
        typer.Option(
            help="Kernel configuration: plain, clients, debug, gcov, hunted, i386, leaks, preempt "
            "or races.",
            autocompletion=_flavours,
            callback=_flavour,
        ),
    ],
    "toolchain": Annotated[
        str, typer.Option(help="gcc or clang.", autocompletion=lambda: ["gcc", "clang"])
    ],
    "jobs": Annotated[
        int, typer.Option("--jobs", "-j", min=0, help="Compilers in parallel; 0: one per core.")
    ],
    "accel": Annotated[
        str,
        typer.Option(
            help="auto, kvm, tcg, bochs or gdb. auto tries KVM before it trusts it; "
            "Bochs is slower and emulates what QEMU does not: shadow stacks, watchpoints; "
            "gdb makes QEMU trap at branches only."
        ),
    ],
    "tests": Annotated[
        str,
        typer.Option(
            help="Only these self-tests, separated by commas. Their results are kept apart.",
            show_default=False,
        ),
    ],
    "workdir": Annotated[
        Path | None,
        typer.Option(
            help="Work area for sources, builds and results. Default: $UPROBEKIT_WORKDIR or the "
            "user's cache directory.",
            show_default=False,
        ),
    ],
    "dry_run": Annotated[bool, typer.Option("--dry-run", help="Print the commands, run nothing.")],
    "as_json": Annotated[bool, typer.Option("--json", help="Write the result to stdout as JSON.")],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")],
}
"""Those that stand behind them."""

ANY = Annotated[str, typer.Option(help="Which series.", autocompletion=_series)]
"""How ``series`` is annotated where also one of the unmodified tree is meant."""

_SHARED = {**_BEFORE, **_AFTER}

SOURCE = ("base", "series", "tree", "rev")
"""What a command about a rendering needs."""

OUTPUT = ("workdir", "as_json", "quiet")
"""Where what it makes goes."""

app = typer.Typer(
    name="uprobekit",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The 2012 uprobes series as a model: render it for a kernel, build it, boot it.\n\n"
    "The stages are render, build, boot and compare; each works on what the one before has left "
    "in the work area. qemu-test runs all of them.\n\n"
    "Exit status: 0 good, 1 the input is wrong, 2 a test, a check or a build failed, "
    "3 infrastructure error: a tool is missing, the disk is full. diff is like diff(1): 0 the "
    "same, 1 different, 2 the input is wrong.",
)


def command(
    *shared: str,
    passes_on: bool = False,
    **other: Any,  # noqa: ANN401
) -> Callable[[Command], Command]:
    """Declare a function as a command, called like it with ``-`` for ``_``.

    Args:
        shared: names of the fields of ``Options`` that are options of the command. The function
            gets them as its first argument.
        passes_on: options that it does not have are among its arguments.
        other: how one of them is annotated that means something else here. A field that may be
            left out elsewhere, and not by this annotation, has to be given.
    """

    def declare(function: Command) -> Command:
        own = list(inspect.signature(function).parameters.values())
        if shared:
            own = own[1:]
        before = [_parameter(name, other.get(name)) for name in _BEFORE if name in shared]
        after = [_parameter(name, other.get(name)) for name in _AFTER if name in shared]

        @wraps(function)
        def run(**given: Any) -> int | None:  # noqa: ANN401
            chosen = {name: given.pop(name) for name in shared}
            return function(Options(**chosen), **given) if shared else function(**given)

        parameters = [
            one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*before, *own, *after)
        ]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        name = function.__name__.strip("_").replace("_", "-")
        app.command(name, context_settings={"ignore_unknown_options": passes_on})(run)
        return function

    return declare


def _parameter(name: str, annotation: Any) -> inspect.Parameter:  # noqa: ANN401
    """Return a shared option as a parameter."""
    default = Options.__dataclass_fields__[name].default
    if annotation is not None and default is None and NoneType not in _kinds(annotation):
        default = inspect.Parameter.empty
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=annotation or _SHARED[name],
    )


def _kinds(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Return the types of a union that is annotated."""
    return get_args(get_args(annotation)[0])
