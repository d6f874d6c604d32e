# SPDX-License-Identifier: GPL-2.0-only
"""The manual page and the completion of shells, made from the commands as ``--help`` is.

What they print stands in ``share/`` as well, which the package installs; a test compares. The page
is written here: click-man makes one of each command, and this is one of all, in their groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer
from typer._completion_shared import get_completion_script

from generator import __version__
from generator.cli.app import command_line

NAME = "uprobekit"
SHELLS = {
    "bash": "bash-completion/completions/uprobekit",
    "zsh": "zsh/site-functions/_uprobekit",
    "fish": "fish/vendor_completions.d/uprobekit.fish",
}
"""The shells, and where below ``share/`` their completion is installed."""

MANUAL = "man/man1/uprobekit.1"

_COMPDEF = f"compdef _{NAME}_completion {NAME}\n"
# a file that zsh loads by itself is the completion, and has to complete at once
_AUTOLOADED = f"""if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _{NAME}_completion "$@"
else
  {_COMPDEF}fi
"""


def completion_script(shell: str) -> str:
    """Return what a shell has to read to complete our commands; ``shell`` is one of ``SHELLS``."""
    script = get_completion_script(
        prog_name=NAME, complete_var=f"_{NAME}_COMPLETE".upper(), shell=shell
    )
    return f"{script.strip()}\n".replace(_COMPDEF, _AUTOLOADED)


def manual_page() -> str:
    """Return the manual page, in the language of ``man(7)``."""
    group = command_line()
    context = typer.Context(group, info_name=NAME, **group.context_settings)
    first, *rest = _paragraphs(group.help)
    lines = [
        f'.TH UPROBEKIT 1 "" "{NAME} {__version__}" "User Commands"',
        ".SH NAME",
        f"{NAME} \\- {_text(first.split(':')[0][0].lower() + first.split(':')[0][1:])}",
        ".SH SYNOPSIS",
        f".B {NAME}\n.RI [ option \\ ...]\n.I command\n.RI [ argument \\ ...]",
        ".SH DESCRIPTION",
        _text(first),
    ]
    for paragraph in rest:
        lines += [".PP", _text(paragraph)]
    lines += [".SH OPTIONS", *_options(group, context), ".SH COMMANDS"]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        lines += _command(name, command, typer.Context(command, info_name=name, parent=context))
    lines += [".SH ENVIRONMENT", ".TP\n.B UPROBEKIT_WORKDIR", "The work area, as"]
    lines += [".B \\-\\-workdir", "gives it.", ".TP\n.B NO_COLOR", "No colour on a terminal."]
    lines += [".SH SEE ALSO", ".BR git\\-range\\-diff (1),", ".BR git\\-am (1)"]
    return "\n".join(lines) + "\n"


# the commands are click's, of which some versions of typer bring a copy
def _command(name: str, command: Any, context: typer.Context) -> Iterator[str]:  # noqa: ANN401
    usage = " ".join(command.collect_usage_pieces(context))
    yield f".SS {_text(f'{NAME} {name} {usage}')}"
    for number, paragraph in enumerate(_paragraphs(command.help)):
        yield from ([".PP"] if number else [])
        yield _text(paragraph)
    yield from _options(command, context)


def _options(command: Any, context: typer.Context) -> Iterator[str]:  # noqa: ANN401
    """Yield options and arguments, as ``--help`` has them."""
    for param in command.get_params(context):
        record = param.get_help_record(context)
        if record:
            yield ".TP"
            yield f".B {_text(record[0])}"
            yield _text(record[1]) or "\\&"


def _paragraphs(text: str) -> list[str]:
    return [" ".join(piece.split()) for piece in re.split(r"\n\s*\n", text.strip())]


def _text(text: str) -> str:
    """Return text as man(7) wants it: nothing in it is a request or an escape."""
    safe = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe
