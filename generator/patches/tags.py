# SPDX-License-Identifier: GPL-2.0-only
"""Read what reviewers have said about the patches: trailers in replies, or in what b4 collects.

Mails come as an mbox: of a mailing list's thread, or as ``b4 am`` and ``b4 mbox`` write them. A
reply to a patch gives its trailers to that patch, a reply to the cover letter to all; a patch in
the mbox has those that b4 has put into its message.
"""

from __future__ import annotations

import email
import email.policy
import email.utils
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from generator.errors import UserError
from generator.model.trailers import GIVEN, Trailer, ordered, wrong
from generator.patches.mail import MAX_BYTES, split_mbox
from generator.patches.sent import split_trailers

_TRAILER = re.compile(r"^([A-Za-z]+(?:-[A-Za-z]+)*): +(\S.*?)\s*$")
_TITLE = re.compile(r"^(?:(?:re|aw|fwd?):\s*|\[[^\]]*\]\s*)+", re.I)
_PEOPLE = ("Reviewed-by", "Acked-by", "Tested-by")
_KEYS = {key.lower(): key for key in (*GIVEN, "Signed-off-by")}


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
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            raise UserError("this is no file of mails", where=str(path))
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=str(path)) from error
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
        for idents, trailer, problem in _read(message, subjects, title):
            if problem:
                left.append(f"{_subject(message)}: {trailer}: {problem}")
            for ident in () if problem else idents:
                found.setdefault(ident, []).append(trailer)
    return Tags(found={i: ordered(rows) for i, rows in found.items()}, left=tuple(left))


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
    reply = bool(message["In-Reply-To"]) and not re.search(r"^diff --git ", text, re.M)
    lines = text.replace("\r\n", "\n").split("\n")
    if not reply:
        if about == title:
            return
        end = lines.index("---") if "---" in lines else len(lines)
        _, lines = split_trailers([line.rstrip() for line in lines[:end] if line.strip()])
    sender = email.utils.parseaddr(str(message["From"] or ""))[1].lower()
    for line in lines:
        match = _TRAILER.match(line)
        if not match or match[1].lower() not in _KEYS:
            continue
        trailer = Trailer(_KEYS[match[1].lower()], match[2])
        if trailer.key == "Signed-off-by" or (not reply and trailer.key == "Link"):
            continue
        problem = wrong(trailer)
        if not idents:
            problem = "the mail is about no patch of the series"
        elif reply and trailer.key in _PEOPLE and sender not in trailer.value.lower():
            problem = f"it was sent by {sender}"
        yield idents, trailer, problem


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
