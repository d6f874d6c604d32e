# SPDX-License-Identifier: GPL-2.0-only
"""Run a command: its arguments are parsed, and errors become exit codes."""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from copy import copy
from functools import cache
from inspect import getdoc
from pathlib import Path
from typing import Annotated, Any, cast, get_type_hints

import typer
from typer.core import TyperCommand
from typer.models import ArgumentInfo, CommandInfo

import generator
from generator import __version__
from generator.cli.declare import app
from generator.cli.groups import GroupedCommands
from generator.errors import ExitCode, InfraError, UprobekitError, UserError


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"uprobekit {__version__}")
        raise typer.Exit


@app.callback(cls=GroupedCommands)
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


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
    chosen = [info for info in app.registered_commands if info.name == command]
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
        info.name: _Command(name=info.name, help=getdoc(info.callback))
        for info in app.registered_commands
    }
    return made


def _explain_arguments(made: Any, info: CommandInfo) -> None:  # noqa: ANN401
    """Give the arguments of a command the help back that click takes from them since 8.5."""
    commands = getattr(made, "commands", {info.name: made})
    if info.callback is None:
        return
    hints = get_type_hints(info.callback, include_extras=True)
    for param in commands[info.name].params:
        for said in getattr(hints.get(param.name), "__metadata__", ()):
            if isinstance(said, ArgumentInfo):
                param.help = said.help


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


_PYTHON_ERRORS = (
    *(SyntaxError, NameError, TypeError, ValueError),
    *(AttributeError, ImportError, LookupError),
)
"""What Python raises where a module of the model is wrong."""


def _model_error(error: BaseException) -> UserError | None:
    """Return what is wrong with a module of the model that cannot be imported; None: none is."""
    root = Path(generator.__path__[0])
    if isinstance(error, SyntaxError):
        found, what = [(error.filename or "", error.lineno)], error.msg
    else:
        frames = traceback.extract_tb(error.__traceback__)
        found = [(each.filename, each.lineno) for each in frames if each.name == "<module>"]
        what = f"{type(error).__name__}: {error}"
    if not found or not Path(found[-1][0]).is_relative_to(root / "model"):
        return None
    file, line = found[-1]
    return UserError(what, where=f"{Path(file).relative_to(root.parent)}:{line}")


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
    from generator.cli.output import Screen, settle

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
    except _PYTHON_ERRORS as error:
        found = _model_error(error)
        if found is None:
            raise
        Screen().error(found)
        return int(_wrong_input(arguments))
    except (KeyboardInterrupt, typer.Abort):
        outcome = _INTERRUPTED
    except OSError as error:
        place = str(error.filename or "")
        if error.errno == errno.ENAMETOOLONG:
            Screen().error(UserError("this name is too long", where=f"{place[:_SHOWN]}..."))
            return int(_wrong_input(arguments))
        Screen().error(InfraError(error.strerror or str(error), where=place))
        settle(sys.stdout)
        return int(ExitCode.INFRA)
    if outcome == _INTERRUPTED:
        sys.stderr.write("uprobekit: interrupted; run the same command again to go on\n")
        return int(ExitCode.INFRA)
    return int(outcome) if isinstance(outcome, int) else int(ExitCode.GOOD)
