# SPDX-License-Identifier: GPL-2.0-only
"""The ``.X.cmd`` file in which kbuild keeps how it made ``X``, and what from.

Its first line is ``savedcmd_X := command`` in make's syntax (``cmd_X`` in 6.1); the files that the
compiler has read follow, relative to the build directory.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_END = ".cmd"
_RECORD = re.compile(r"\A(?:saved)?cmd_(\S+) := (.+)\n")


@dataclass(frozen=True, kw_only=True)
class SavedCommand:
    """What the first line says.

    Attributes:
        target: what was made, relative to the build directory.
        line: the line, with its end.
        command: the command, as a shell has it.
    """

    target: str
    line: str
    command: str


def cmd_file(made: Path) -> Path:
    """Return where kbuild keeps how it made a file; that may not exist."""
    return made.with_name(f".{made.name}{_END}")


def made_by(cmd: Path) -> Path:
    """Return the file that a ``.cmd`` file is about."""
    return cmd.with_name(cmd.name[1 : -len(_END)])


def find_made(build_dir: Path) -> Iterator[Path]:
    """Yield what has a ``.cmd`` file, faster than ``rglob`` does."""
    for folder, _, names in os.walk(build_dir):
        for name in names:
            if name.startswith(".") and name.endswith(_END):
                yield made_by(Path(folder, name))


def saved_command(text: str) -> SavedCommand | None:
    """Return what the text of a ``.cmd`` file begins with; None where it is no command."""
    record = _RECORD.match(text)
    if record is None:
        return None
    command = record[2].replace("$(pound)", "#").replace("$$", "$")
    return SavedCommand(target=record[1], line=record[0], command=command)


def sources_in(text: str) -> Iterator[str]:
    """Yield the files of the tree, relative to it, that the text of a ``.cmd`` file names."""
    for word in text.replace("\\\n", " ").split():
        if word.startswith("../"):
            yield posixpath.normpath(word[3:])
