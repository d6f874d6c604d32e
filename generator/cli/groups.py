# SPDX-License-Identifier: GPL-2.0-only
"""The commands in the groups in which ``uprobekit --help`` lists them."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

GROUPS = {
    "Every day": ("qemu-test", "render", "diff", "explain", "report", "status"),
    "Stage by stage": ("build", "boot", "compare"),
    "Change and send the series": ("apply", "import", "trailers", "mbox", "checkpatch", "patches"),
    "Prove": (
        "check",
        "review",
        "states",
        "proof",
        "verify",
        "schedules",
        "verdicts",
        "fuzz",
        "mutate",
    ),
    "Measure, on kernels and programs": (
        *("matrix", "coverage", "corpus", "soak", "clients", "cost", "census"),
    ),
    "Kernels of others": ("check-kernel", "catalogue", "reproduce"),
    "Bases and pages": ("port", "lines", "opcodes", "manual"),
}
"""Each command once; a test compares with those that there are."""


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
