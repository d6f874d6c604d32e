# SPDX-License-Identifier: GPL-2.0-only
"""The commands, a module a group, in the order in which ``uprobekit --help`` lists them.

They take arguments, and hand them to the modules of ``generator.cli``, which are imported when a
command runs.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

from generator.cli.declare import app
from generator.cli.groups import bases, daily, kernels, measure, prove, send, stages

_TITLES = {
    daily: "Every day",
    stages: "Stage by stage",
    send: "Change and send the series",
    prove: "Prove",
    measure: "Measure, on kernels and programs",
    kernels: "Kernels of others",
    bases: "Bases and pages",
}

GROUPS = {
    title: tuple(
        str(info.name)
        for info in app.registered_commands
        if info.callback and info.callback.__module__ == module.__name__
    )
    for module, title in _TITLES.items()
}
"""The names of the commands, by the title of their group."""


class GroupedCommands(TyperGroup):
    """The group of all commands."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the groups; the class is click's, or a copy in typer."""
        widest = max(map(len, self.commands))
        limit = formatter.width - 6 - widest
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (f"{name:{widest}}", self.commands[name].get_short_help_str(limit))
                        for name in names
                    ]
                )
