# SPDX-License-Identifier: GPL-2.0-only
"""A patch as a mail: its number, who wrote it, its trailers, and white space at the end of lines.

The order of trailers is the one of the kernel (Documentation/process/maintainer-tip.rst), with
``Link`` in front of who signs: it is part of what is signed here, not added later.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator.model.trailers import DEVELOPED, SIGNED, Trailer, ordered, wrong_among
from generator.model.trailers import ORDER as TRAILERS

LINK = "Link"
"""The trailer of every patch of a series that somebody has asked for by mail."""

_TRAILER = re.compile(r"^([A-Z][A-Za-z]*(?:-[A-Za-z]+)*): (\S.*)$")
_SUBJECT = re.compile(r"^\[PATCH (\d+)/(\d+)\] (\S.*)$")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something wrong with a patch: its file, the line of it (from 1; 0: all of it), what."""

    patch: str
    line: int
    what: str


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A patch in its mail form.

    Attributes:
        name: of the file.
        number, count: of ``[PATCH number/count]``; 0 when it has none.
        subject: without that.
        sender: who sends it, as in its From header.
        message: the text of the commit, in lines, without the diff.
        diff: line number (from 1) and text of each line behind the message.
    """

    name: str
    number: int
    count: int
    subject: str
    sender: str
    message: tuple[str, ...]
    diff: tuple[tuple[int, str], ...]

    @property
    def trailers(self) -> tuple[tuple[str, str], ...]:
        """Key and value of each trailer: the last paragraph, when all of its lines are such."""
        block: list[tuple[str, str]] = []
        for line in reversed(self.message):
            match = _TRAILER.match(line)
            if not match:
                break
            block.append((match[1], match[2]))
        return tuple(block[::-1])


def read_mail(name: str, data: bytes) -> Mail:
    """Read a patch as git has written it."""
    text = data.decode("utf-8", "replace")
    head, _, body = text.partition("\n\n")
    message, _, _ = body.partition("\n---\n")
    start = head.count("\n") + 2 + message.count("\n") + 1
    parsed = email.message_from_bytes(data, policy=email.policy.default)
    subject = " ".join(str(parsed["Subject"] or "").split())
    match = _SUBJECT.match(subject)
    return Mail(
        name=name,
        number=int(match[1]) if match else 0,
        count=int(match[2]) if match else 0,
        subject=match[3] if match else subject,
        sender=str(parsed["From"] or ""),
        message=tuple(message.split("\n")),
        diff=tuple(enumerate(text.split("\n"), 1))[start:],
    )


def check_mails(
    patches: Mapping[str, bytes], *, linked: bool = True, sent: bool = False
) -> tuple[Finding, ...]:
    """Look at every patch of a series, the cover letter included.

    Args:
        patches: name to content.
        linked: a mail has asked for them, which each names.
        sent: they are as they are sent: signed by whoever sends them.
    """
    required = (*((LINK,) if linked else ()), *((SIGNED,) if sent else ()))
    names = sorted(patches)
    mails = [read_mail(name, patches[name]) for name in names]
    found = [] if names and names[0].startswith("0000-") else [_of("", 0, "no cover letter")]
    count = len([name for name in names if not name.startswith("0000-")])
    for index, mail in enumerate(mails):
        number = index if names[0].startswith("0000-") else index + 1
        found += list(_numbering(mail, number, count))
        found += list(_white_space(mail.name, patches[mail.name]))
        if not mail.name.startswith("0000-"):
            found += list(_trailers(mail, required))
    return tuple(found)


def _of(patch: str, line: int, what: str) -> Finding:
    return Finding(patch=patch, line=line, what=what)


def _numbering(mail: Mail, number: int, count: int) -> Iterator[Finding]:
    if (mail.number, mail.count) != (number, count):
        yield _of(
            mail.name, 0, f"the subject says {mail.number}/{mail.count}, not {number}/{count}"
        )
    if not mail.name.startswith(f"{number:04d}-"):
        yield _of(mail.name, 0, f"the name does not begin with {number:04d}-")


def _trailers(mail: Mail, required: tuple[str, ...]) -> Iterator[Finding]:
    keys = [key for key, _ in mail.trailers]
    for key in required:
        if key not in keys:
            yield _of(mail.name, 0, f"there is no {key}")
    for key in keys:
        if key not in TRAILERS:
            yield _of(mail.name, 0, f"'{key}' is no trailer of the kernel's")
    known = [Trailer(key, value) for key, value in mail.trailers if key in TRAILERS]
    if tuple(dict.fromkeys(known)) != ordered(known):
        order = ", ".join(trailer.key for trailer in ordered(known))
        yield _of(mail.name, 0, f"trailers stand as {', '.join(keys)}; the order is {order}")
    if len(set(mail.trailers)) != len(mail.trailers):
        yield _of(mail.name, 0, "a trailer stands there twice")
    for trailer, what in wrong_among(known):
        if trailer.key == DEVELOPED:
            yield _of(mail.name, 0, f"{trailer}: {what}")
    developed = [value for key, value in mail.trailers if key == DEVELOPED]
    signed = [value for key, value in mail.trailers if key == SIGNED]
    others = [value for value in signed if value not in developed]
    if (others or (signed and SIGNED in required)) and mail.sender not in signed:
        yield _of(mail.name, 0, f"{mail.sender} sends it and has not signed it")
    above = mail.message[: len(mail.message) - len(mail.trailers)]
    if mail.trailers and above and above[-1].strip():
        yield _of(mail.name, 0, "no empty line in front of the trailers")
    for line in above:
        match = _TRAILER.match(line)
        if match and match[1] in TRAILERS:
            yield _of(mail.name, 0, f"{match[1]} stands in the text, not with the trailers")


def _white_space(name: str, data: bytes) -> Iterator[Finding]:
    """Look at the text of the commit and at added lines; the base's own lines are as they are."""
    if not data.endswith(b"\n"):
        yield _of(name, 0, "no newline at the end")
    in_diff = False
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        in_diff = in_diff or line.startswith("diff --git ")
        if in_diff and not line.startswith("+"):
            continue
        if line != line.rstrip():
            yield _of(name, number, "white space at the end of the line")
        if " \t" in line:
            yield _of(name, number, "a space in front of a tab")
