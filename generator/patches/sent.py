# SPDX-License-Identifier: GPL-2.0-only
"""The patches as their maintainer sends them: his name as author, and his Signed-off-by.

What is committed in ``kernel_patches/`` has a neutral author and is signed by nobody, so that it is
the same whoever renders it. ``sign_patches`` makes the other form, from git's own settings.
"""

from __future__ import annotations

import email.utils
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.charset import QP, Charset
from email.header import Header
from pathlib import Path

from generator.errors import UserError
from generator.model.trailers import ORDER
from generator.tree.git import run_git

_AS_GIT = Charset("utf-8")
_AS_GIT.header_encoding = QP
"""How git format-patch encodes a name: git send-email does not know the author of others again."""

_TRAILER = re.compile(r"^([A-Z][A-Za-z]*(?:-[A-Za-z]+)*): \S")


@dataclass(frozen=True)
class Person:
    """Who sends: a name and an address."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>"


def find_maintainer(place: Path) -> Person | None:
    """Return who git says the user is: its environment, else ``user.name`` and ``user.email``.

    Args:
        place: the directory whose git settings count.
    """
    name = _clean(os.environ.get("GIT_AUTHOR_NAME") or _setting(place, "user.name"))
    address = _clean(os.environ.get("GIT_AUTHOR_EMAIL") or _setting(place, "user.email"))
    return Person(name, address) if name and address else None


def need_maintainer(place: Path) -> Person:
    """Return who git says the user is.

    Raises:
        UserError: git does not know; says how to tell it.
    """
    found = find_maintainer(place)
    if found is None:
        raise UserError(
            "git does not know who sends the patches: they need an author and a Signed-off-by",
            hint="git config user.name 'Your Name'; git config user.email you@example.org",
        )
    return found


_CRUD = "".join(map(chr, range(33))) + ".,:;<>\"\\'"


def _clean(text: str) -> str:
    """Return a name or an address as git has it in a commit: see ``ident.c`` of git."""
    return re.sub("[\n<>]", "", text.strip(_CRUD))


def _setting(place: Path, name: str) -> str:
    done = run_git("config", "--get", name, repo=place, isolated=False)
    return done.stdout.decode("utf-8", "replace").strip()


def sign_patches(patches: Mapping[str, bytes], who: Person) -> dict[str, bytes]:
    """Return the patches, by name, as ``who`` sends them; the cover letter is not signed."""
    return {
        name: _from(_listed(data, who) if name.startswith("0000-") else _signed(data, who), who)
        for name, data in patches.items()
    }


def _listed(data: bytes, who: Person) -> bytes:
    """Return a cover letter whose list of patches is that of ``who``, as git shortlog has it."""
    name = who.name.encode("utf-8", "surrogateescape")
    return re.sub(rb"^[^\n]+(?= \(\d+\):\n {2}\S)", lambda _: name, data, count=1, flags=re.M)


def _from(data: bytes, who: Person) -> bytes:
    name = who.name if who.name.isascii() else Header(who.name, _AS_GIT).encode()
    line = f"From: {email.utils.formataddr((name, who.address))}".encode()
    return re.sub(rb"^From: [^\n]*(?:\n[ \t][^\n]*)*", lambda _: line, data, count=1, flags=re.M)


def _signed(data: bytes, who: Person) -> bytes:
    head, _, rest = data.partition(b"\n\n")
    message, mark, diff = rest.partition(b"\n---\n")
    text = sign_message(message.decode("utf-8", "surrogateescape"), who)
    if not text.isascii() and b"\nContent-Type:" not in head:
        head += b"\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8"
        head += b"\nContent-Transfer-Encoding: 8bit"
    return head + b"\n\n" + text.encode("utf-8", "surrogateescape") + mark + diff


def sign_message(message: str, who: Person) -> str:
    """Return a commit message with the Signed-off-by of ``who`` in its place."""
    lines = message.rstrip("\n").split("\n")
    body, trailers = split_trailers(lines)
    signed = f"Signed-off-by: {who}"
    if signed in trailers:
        return message
    before = ORDER.index("Signed-off-by")
    place = next(
        (
            number
            for number, line in enumerate(trailers)
            if (key := line.split(":")[0]) in ORDER and ORDER.index(key) > before
        ),
        len(trailers),
    )
    trailers.insert(place, signed)
    return "\n".join([*body, *([""] if body and body[-1] else []), *trailers])


def split_trailers(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the lines of a message without its trailers, and the trailers."""
    start = len(lines)
    while start and _TRAILER.match(lines[start - 1]):
        start -= 1
    return lines[:start], lines[start:]


def tagged_subject(data: bytes, tag: str) -> bytes:
    """Return a patch whose subject says ``tag`` in place of ``PATCH``, such as ``RFC PATCH v2``.

    Args:
        data: the patch, as rendered.
        tag: what stands in front of the number.
    """
    return re.sub(rb"^Subject: \[PATCH\b", f"Subject: [{tag}".encode(), data, count=1, flags=re.M)


def subject_tag(prefix: str, version: int, *, rfc: bool) -> str:
    """Return what stands in brackets in front of the number, such as ``RFC PATCH net-next v2``.

    Raises:
        UserError: the prefix cannot stand there.
    """
    if re.search(r"[\[\]\n]", prefix):
        raise UserError(f"the prefix '{prefix}' cannot stand in brackets")
    words = prefix.split() or ["PATCH"]
    if rfc and "RFC" not in words:
        words.insert(0, "RFC")
    return " ".join([*words, *([f"v{version}"] if version > 1 else [])])
