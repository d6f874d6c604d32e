# SPDX-License-Identifier: GPL-2.0-only
"""What a build says: objects counted, warnings and first errors kept, line by line.

Fed by ``generator.kbuild.runner`` with the lines as make prints them (``make`` without ``-s``);
keeps a bounded number of them, whatever the length of the log.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

_OBJECT = re.compile(r"^  (CC|AS|HOSTCC|LD|AR|VDSO|OBJCOPY|LDS|HOSTLD)\s+(?:\[M\]\s+)?(\S+)")
_COMPILED = frozenset({"CC", "AS"})
_MESSAGE = re.compile(
    r"^(?P<file>[^\s:][^:]*):(?P<line>\d+):(?:\d+:)? "
    r"(?P<kind>warning|error|fatal error): (?P<text>.*)$"
)
_OTHER_WARNING = re.compile(r"(^|[\s:])warning:|^WARNING:", re.IGNORECASE)
_OTHER_ERROR = re.compile(
    r"(^|[\s:])error:|undefined reference|No rule to make target|: not found$|"
    r"No space left on device|multiple definition|^make(\[\d+\])?: \*\*\*|^ERROR:",
)
_KEPT = 500
"""Most warnings kept; the rest is only counted."""

_FIRST_ERRORS = 20
_LAST_LINES = 5
_SOURCE_SUFFIX = {".c": ".o", ".S": ".o"}


@dataclass(frozen=True, kw_only=True, order=True)
class Message:
    """A compiler warning or error.

    Args:
        file: relative to the source tree; empty when the tool names none.
        line: 1-based; 0 when the tool names none.
        text: what it says, as the tool prints it.
    """

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}" if self.file else self.text


@dataclass
class BuildLog:
    """Counts and keeps what matters of a build's output.

    Attributes:
        tree: the source tree, absolute; file names in messages become relative to it.
        objects: compiled and assembled kernel objects so far.
        latest: the object that make named last.
        compiled: the kernel objects so far, relative to the build directory.
        warnings: the first 500 different ones.
        warning_count: all of them.
        errors: the first 20 lines that speak of an error.
        last: the last lines, whatever they say.
    """

    tree: Path
    objects: int = 0
    latest: str = ""
    compiled: set[str] = field(default_factory=set)
    warnings: dict[Message, None] = field(default_factory=dict)
    warning_count: int = 0
    errors: list[str] = field(default_factory=list)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))

    def feed(self, line: str) -> bool:
        """Take one line of output; return whether it names a new object."""
        line = line.rstrip()
        self.last.append(line)
        if match := _OBJECT.match(line):
            self.latest = relative_source(match[2], self.tree)
            if match[1] in _COMPILED:
                self.objects += 1
                self.compiled.add(match[2])
            return True
        if match := _MESSAGE.match(line):
            message = Message(
                file=relative_source(match["file"], self.tree),
                line=int(match["line"]),
                text=match["text"],
            )
            self._take(message, line, is_warning=match["kind"] == "warning")
        elif _OTHER_WARNING.search(line):
            self._take(Message(file="", line=0, text=line), line, is_warning=True)
        elif _OTHER_ERROR.search(line):
            self._take(Message(file="", line=0, text=line), line, is_warning=False)
        return False

    def _take(self, message: Message, line: str, *, is_warning: bool) -> None:
        if is_warning:
            self.warning_count += 1
            if len(self.warnings) < _KEPT:
                self.warnings[message] = None
        elif len(self.errors) < _FIRST_ERRORS:
            self.errors.append(line)


def relative_source(path: str, tree: Path) -> str:
    """Return ``path`` of a compiler message relative to the source tree ``tree``.

    A build directory directly below the tree makes kbuild write ``../`` before every source.
    """
    if path.startswith(f"{tree}/"):
        return path[len(str(tree)) + 1 :]
    return path.removeprefix("../").removeprefix("./")


def object_of(source: str) -> str:
    """Return the object compiled from ``source``, or an empty string for a header."""
    path = PurePosixPath(source)
    suffix = _SOURCE_SUFFIX.get(path.suffix)
    return str(path.with_suffix(suffix)) if suffix else ""
