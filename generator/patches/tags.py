# SPDX-License-Identifier: GPL-2.0-only
"""Read what reviewers have said about the patches: trailers in replies, or in what b4 collects.

Mails come as an mbox: of a mailing list's thread, compressed or not, or as ``b4 am`` and
``b4 mbox`` write them. A reply to a patch gives its trailers to that patch, a reply to the cover
letter to all; a patch in the mbox has those that b4 has put into its message.
"""

from __future__ import annotations

import email
import email.policy
import email.utils
import gzip
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from generator.errors import UserError
from generator.model.trailers import DEVELOPED, GIVEN, SIGNED, Trailer, ordered, wrong_among
from generator.patches.mail import MAX_BYTES, split_mbox
from generator.patches.sent import split_trailers

_TRAILER = re.compile(r"^([A-Za-z]+(?:-[A-Za-z]+)*): +(\S.*?)\s*$")
_TITLE = re.compile(r"^(?:(?:re|aw|fwd?):\s*|\[[^\]]*\]\s*)+", re.I)
_GZIP = b"\x1f\x8b"
_PEOPLE = ("Reviewed-by", "Acked-by", "Tested-by", DEVELOPED, SIGNED)
_KEYS = {key.lower(): key for key in (*GIVEN, SIGNED)}


@dataclass(frozen=True, kw_only=True)
class Tags:
    """What mails bring: trailers by the identifier of their patch, and what was left out."""

    found: Mapping[str, tuple[Trailer, ...]]
    left: tuple[str, ...]


def read_tags(path: Path, subjects: Mapping[str, str], title: str) -> Tags:
    """Read the trailers in a file of mails.

    Args:
        path: an mbox, or one mail.
        subjects: the identifier of each patch by its subject.
        title: the subject of the cover letter.

    Raises:
        UserError: it cannot be read as mails.
    """
    data = _content(path)
    mails = [("", data)]
    if data.startswith(b"From "):
        mails = list(split_mbox(data, where=str(path)))
    found: dict[str, list[Trailer]] = {}
    left: list[str] = []
    for where, raw in mails:
        text = raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw
        message = email.message_from_bytes(text, policy=email.policy.default)
        if not isinstance(message, EmailMessage) or not message["Subject"]:
            raise UserError("this is no mail: it has no Subject", where=where or str(path))
        if message.get_body(preferencelist=("plain",)) is None:
            left.append(f"{_subject(message)}: no part of it is plain text")
        for idents, trailer, problem in _read(message, subjects, title):
            if problem:
                left.append(f"{_subject(message)}: {trailer}: {problem}")
            for ident in () if problem else idents:
                found.setdefault(ident, []).append(trailer)
    return Tags(found={i: ordered(rows) for i, rows in found.items()}, left=tuple(left))


def _content(path: Path) -> bytes:
    """Return what is in a file of mails; a list's archive has it compressed by gzip.

    Raises:
        UserError: it cannot be read.
    """
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            raise UserError("this is no file of mails", where=str(path))
        data = path.read_bytes()
        if not data.startswith(_GZIP):
            return data
        with gzip.open(path) as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"cannot be read: {error}", where=str(path)) from error
    if len(data) > MAX_BYTES:
        raise UserError(f"larger than {MAX_BYTES >> 20} MB", where=str(path))
    return data


def _subject(message: EmailMessage) -> str:
    return " ".join(str(message["Subject"] or "").split())


def _read(
    message: EmailMessage, subjects: Mapping[str, str], title: str
) -> Iterator[tuple[Sequence[str], Trailer, str]]:
    """Yield the patches that a trailer of a mail is for, the trailer, and why not to take it."""
    about = _TITLE.sub("", _subject(message))
    idents = [subjects[about]] if about in subjects else []
    if about == title:
        idents = list(subjects.values())
    body = message.get_body(preferencelist=("plain",))
    try:
        text = str(body.get_content()) if isinstance(body, EmailMessage) else ""
    except (LookupError, KeyError, ValueError):
        text = ""
    reply = bool(message["In-Reply-To"] or message["References"]) and not re.search(
        r"^diff --git ", text, re.M
    )
    lines = text.replace("\r\n", "\n").split("\n")
    if not reply:
        if about == title:
            return
        end = lines.index("---") if "---" in lines else len(lines)
        _, lines = split_trailers([line.rstrip() for line in lines[:end] if line.strip()])
    sender = email.utils.parseaddr(str(message["From"] or ""))[1].lower()
    given = tuple(_given(lines))
    problems = dict(wrong_among(given))
    for trailer in given:
        if not reply and trailer.key == "Link":
            continue
        problem = problems.get(trailer, "")
        if not idents:
            problem = "the mail is about no patch of the series"
        elif reply and trailer.key in _PEOPLE and sender not in trailer.value.lower():
            problem = f"it was sent by {sender}"
        yield idents, trailer, problem


def _given(lines: Sequence[str]) -> Iterator[Trailer]:
    """Yield the trailers among lines.

    Of those who sign, only one who has developed the patch with its author, in the line before.
    """
    before = ""
    for line in lines:
        match = _TRAILER.match(line)
        key = _KEYS.get(match[1].lower(), "") if match else ""
        if match and key and (key != SIGNED or before == f"{DEVELOPED}: {match[2]}"):
            yield Trailer(key, match[2])
        before = f"{key}: {match[2]}" if match else ""


def write_tags(module: Path, trailers: Mapping[str, Sequence[Trailer]]) -> bool:
    """Write the trailers into the text of ``model.trailers``; tell whether it has changed.

    Raises:
        UserError: the module has no place for them.
    """
    text = module.read_text()
    rows = ["TRAILERS: dict[str, tuple[Trailer, ...]] = {\n"]
    for ident, given in trailers.items():
        if given:
            rows.append(f"    {_quoted(ident)}: (\n")
            rows += [f"        Trailer({_quoted(t.key)}, {_quoted(t.value)}),\n" for t in given]
            rows.append("    ),\n")
    rows.append("}\n")
    block = "".join(rows) if len(rows) > 2 else f"{rows[0].rstrip()}}}\n"
    pattern = re.compile(
        r'(?<=^# begin: written by "uprobekit trailers"\n).*?(?=^# end$)', re.M | re.S
    )
    if not pattern.search(text):
        raise UserError("the lines '# begin' and '# end' are missing", where=str(module))
    new = pattern.sub(lambda _: block, text)
    if new != text:
        module.write_text(new)
    return new != text


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f"'{text}'" if '"' in text and "'" not in text and "\\" not in text else f'"{escaped}"'
