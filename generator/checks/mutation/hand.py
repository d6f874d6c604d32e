# SPDX-License-Identifier: GPL-2.0-only
"""Faults written by hand: patches to templates, each with what a user of the kernel would see.

A small change of one token, as ``syntax`` makes them, is what a slip of the hand leaves. These are
the mistakes of somebody who has understood less than he thinks: a wrong order, a reference that
nobody gives back, a page's last byte, the other mode. A file has a head of ``Kind:``, ``Seen:``
and, where no test can notice the fault, ``Reason:``, an empty line, and a unified diff of files
below ``templates/``; nothing is written into those: the changed ones lie before them where
templates are looked for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from generator.errors import UserError
from generator.paths import data_dir
from generator.plan import Plan
from generator.render.env import templates_before
from generator.tree.acquire import Source
from generator.tree.edit import changed_files
from generator.tree.git import run_git
from generator.tree.series import prefix_tree

_HEAD = re.compile(
    r"Kind: (?P<kind>[^\n]+)\nSeen: (?P<seen>.+?)(\nReason: (?P<reason>.+?))?\n\n(?=--- )", re.S
)
_FILE = re.compile(r"^--- a/templates/(\S+)$", re.M)


@dataclass(frozen=True, kw_only=True)
class HandFault:
    """A fault as it is written.

    Attributes:
        name: of its file, without the suffix.
        kind: order, lifetime, edge, mode, publication, wrong object, wrong branch, missing undo.
        seen: what a user of the kernel would see, and when.
        diff: the change of the templates.
        reason: why no test can notice it; "" when one has to.
    """

    name: str
    kind: str
    seen: str
    diff: str
    reason: str = ""

    @property
    def templates(self) -> tuple[str, ...]:
        """The templates that it changes."""
        return tuple(_FILE.findall(self.diff))


@dataclass(frozen=True, kw_only=True)
class RenderedFault:
    """A fault in the C of one base; the levels take it as they take a ``Fault``.

    Attributes:
        fault: as it is written.
        files: the files of the tip that it changes, by path.
    """

    fault: HandFault
    files: Mapping[str, str]

    @property
    def ident(self) -> str:
        """Eight characters that tell it from others, and from what it was before it was edited."""
        text = "\0".join((self.fault.name, *(f"{k}\0{v}" for k, v in sorted(self.files.items()))))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]

    @property
    def kind(self) -> str:
        """What kind of mistake it is."""
        return self.fault.kind

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that it changes."""
        return tuple(self.files)

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"tests/faults/{self.fault.name}.patch"

    @property
    def function(self) -> str:
        """The first of its templates."""
        return self.fault.templates[0]

    @property
    def said(self) -> str:
        """What a user would see."""
        return self.fault.seen

    @property
    def reason(self) -> str:
        """Why no test can notice it, as its file has it."""
        return self.fault.reason

    def changed(self, tip: Mapping[str, str]) -> Mapping[str, str]:
        """Return the changed files; they were rendered anew, whatever ``tip`` has."""
        return self.files


def read_faults(folder: Path) -> tuple[HandFault, ...]:
    """Return the faults of a directory, by name.

    Raises:
        UserError: there is none, or one is not written as it has to be.
    """
    paths = sorted(folder.glob("*.patch"))
    if not paths:
        raise UserError("no fault is here", where=str(folder), hint="NAME.patch, one for each")
    return tuple(read_fault(path) for path in paths)


def read_fault(path: Path) -> HandFault:
    """Return the fault of a file.

    Raises:
        UserError: it has no head, or changes no template.
    """
    text = path.read_text()
    head = _HEAD.match(text)
    if not head or not _FILE.search(text):
        raise UserError(
            "this is no fault",
            where=str(path),
            hint="Kind:, Seen:, perhaps Reason:, an empty line, a diff of files below templates/",
        )
    return HandFault(
        name=path.stem,
        kind=head["kind"].strip(),
        seen=" ".join(head["seen"].split()),
        diff=text[head.end() :],
        reason=" ".join((head["reason"] or "").split()),
    )


def render_fault(
    fault: HandFault, plan: Plan, source: Source, tip: Mapping[str, str]
) -> RenderedFault:
    """Return the C of a base with a fault.

    Args:
        fault: the fault.
        plan: what is rendered.
        source: what it is rendered for.
        tip: the files after the last patch, without it.

    Raises:
        UserError: it does not fit the templates any more, or changes nothing that is rendered.
    """
    with _with_fault(fault):
        files = prefix_tree(plan, source).files
    changed = changed_files(tip, {path: files[path] for path in tip})
    if not changed:
        raise UserError(
            "the fault changes nothing of this base", where=f"tests/faults/{fault.name}.patch"
        )
    return RenderedFault(fault=fault, files=changed)


@contextmanager
def _with_fault(fault: HandFault) -> Iterator[None]:
    """Let the changed templates be found before those that there are."""
    with TemporaryDirectory() as made:
        _write_changed(fault, Path(made))
        with templates_before(Path(made)):
            yield


def _write_changed(fault: HandFault, place: Path) -> None:
    for name in fault.templates:
        copy = place / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((data_dir("templates") / name).read_bytes())
    done = run_git(
        *("apply", "-p2", "-"),
        cwd=place,
        isolated=True,
        environment={"GIT_CEILING_DIRECTORIES": str(place.parent)},
        stdin=fault.diff.encode("utf-8", "surrogateescape"),
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise UserError(
            f"the fault does not fit the templates any more: {said}",
            where=f"tests/faults/{fault.name}.patch",
            hint="write it anew for the C as it is now",
        )


def choose_in_turn(faults: Sequence[HandFault], *, count: int, turn: int) -> tuple[HandFault, ...]:
    """Return ``count`` faults, those behind the ones of the turn before; round and round."""
    start = turn * count % len(faults)
    return (*faults[start:], *faults[:start])[:count]
