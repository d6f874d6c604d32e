# SPDX-License-Identifier: GPL-2.0-only
"""The options that commands share, and the step that most of them begin with."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.cli.output import Screen
    from generator.tree.acquire import Source
    from generator.tree.series import Rendered


class Level(StrEnum):
    """A level of a comparison of two renderings."""

    INTERFACE = "interface"
    PATCHES = "patches"
    TREE = "tree"


class Shell(StrEnum):
    """A shell that we can be completed in."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


class Colour(StrEnum):
    """When there is colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options that commands share; see their --help."""

    base: str = "6.1"
    series: str = "review"
    tree: Path | None = None
    rev: str | None = None
    workdir: Path | None = None
    as_json: bool = False
    quiet: bool = False
    dry_run: bool = False
    flavour: str = "plain"
    toolchain: str = "gcc"
    jobs: int = 0
    accel: str = "auto"
    tests: str = ""

    @property
    def boots(self) -> str:
        """What results of boots are called.

        The flavour, who emulates if not QEMU alone, and ``some`` where ``--tests`` chooses.
        """
        words = (self.flavour, self.accel if self.accel in ("bochs", "gdb") else "")
        return "-".join(filter(None, (*words, "some" if self.tests else "")))

    @property
    def area(self) -> Path:
        """The work area."""
        from generator.paths import default_workdir

        return (self.workdir or default_workdir()).resolve()

    @property
    def chosen(self) -> str:
        """What chooses the same base, series and source on another command line."""
        words = ["--base", self.base]
        words += ["--series", self.series] if self.series != "review" else []
        words += ["--tree", str(self.tree)] if self.tree else []
        words += ["--rev", self.rev] if self.rev else []
        return shlex.join(words)

    def keep(
        self,
        command: str,
        data: Mapping[str, object],
        source: Source,
        rendered: Rendered,
        *,
        kernel: str = "",
    ) -> None:
        """Keep the result of a command for ``report``.

        It is about the rendering, or about the one that ``kernel`` was built from: the variant that
        was booted.

        Raises:
            InfraError: the file cannot be written.
        """
        from generator.cli.booting import built_tree
        from generator.plan import find_series
        from generator.report.kept import write_kept
        from generator.tree.manifest import read_manifest

        tip = built_tree(self, kernel) if kernel else read_manifest(rendered.manifest)["tip"]
        kept = find_series(self.series).own(command)
        write_kept(self.area, self.base, kept, data, source=source.version, tip=tip)

    def screen(self) -> Screen:
        """Return where the command writes to."""
        from generator.cli.output import Screen

        return Screen(as_json=self.as_json, quiet=self.quiet)


def render_source(options: Options) -> tuple[Source, Rendered]:
    """Find the source and render the series for it: what most commands begin with."""
    from generator.paths import ensure_dir
    from generator.plan import find_base, find_series, plan_series
    from generator.tree.acquire import find_source
    from generator.tree.series import render_series

    base = find_base(options.base)
    plan = plan_series(base, find_series(options.series))
    source = find_source(base, options.area, tree=options.tree, rev=options.rev)
    return source, render_series(plan, source, ensure_dir(options.area))
