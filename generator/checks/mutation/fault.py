# SPDX-License-Identifier: GPL-2.0-only
"""A fault in the rendered C; the small kind is a range of a file and what stands there instead."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class AnyFault(Protocol):
    """What the levels ask a fault for: it was made by a program, or written by hand."""

    @property
    def ident(self) -> str:
        """What tells it from others, the same in every run."""

    @property
    def kind(self) -> str:
        """What kind of mistake it is."""

    @property
    def place(self) -> str:
        """Where it stands."""

    @property
    def function(self) -> str:
        """What it is in."""

    @property
    def said(self) -> str:
        """The fault in a sentence or less."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that it changes."""

    def changed(self, tip: Mapping[str, str]) -> Mapping[str, str]:
        """Return the files that it changes, by path, with the fault."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault.

    Attributes:
        kind: what was done, such as "condition inverted".
        path: the file, relative to the tree.
        function: the function, structure or table it is in.
        line: of its first character, from 1.
        start, end: the range of bytes that is replaced.
        before, after: what stood there and what stands there now.
    """

    kind: str
    path: str
    function: str
    line: int
    start: int
    end: int
    before: str
    after: str

    @property
    def ident(self) -> str:
        """Eight characters that tell this fault from others, the same in every run."""
        text = "\0".join((self.kind, self.path, self.function, str(self.start), self.after))
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @property
    def place(self) -> str:
        """The place, as ``file:line``."""
        return f"{self.path}:{self.line}"

    @property
    def said(self) -> str:
        """The change in one line."""
        before, after = (" ".join(text.split()) for text in (self.before, self.after))
        return f"{before} -> {after or 'nothing'}"

    @property
    def paths(self) -> tuple[str, ...]:
        """The file that it changes."""
        return (self.path,)

    def changed(self, tip: Mapping[str, str]) -> Mapping[str, str]:
        """Return its file with the fault."""
        return {self.path: self.apply(tip[self.path])}

    def apply(self, text: str) -> str:
        """Return the text of the file with the fault."""
        data = text.encode("utf-8", "surrogateescape")
        changed = data[: self.start] + self.after.encode() + data[self.end :]
        return changed.decode("utf-8", "surrogateescape")


def make_fault(
    kind: str, path: str, function: str, data: bytes, span: tuple[int, int], after: str
) -> Fault:
    """Return a fault; ``after`` gets the line ends that stood there: lines keep their numbers."""
    start, end = span
    before = data[start:end].decode("utf-8", "replace")
    after += "\n" * (before.count("\n") - after.count("\n"))
    return Fault(
        kind=kind,
        path=path,
        function=function,
        line=data.count(b"\n", 0, start) + 1,
        start=start,
        end=end,
        before=before,
        after=after,
    )
