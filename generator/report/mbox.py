# SPDX-License-Identifier: GPL-2.0-only
"""A version of the series as an mbox: threaded, with a cover letter that says what changed.

Makes bytes and sends nothing. ``git am``, ``git send-email`` and b4 read them.
"""

from __future__ import annotations

import email.utils
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.boot.text import clean_text
from generator.model.series import Series
from generator.report.change import range_diff
from generator.report.whole import Status
from generator.verify.change.interface import Change
from generator.verify.change.run import SeriesDiff

DRAFT = "# A draft: edit the lines below, then delete this one."
"""While it is in the list of changes, no mbox is made."""

_SHORTLOG = re.compile(rb"\n(?=[^\n]+ \(\d+\):\n {2}\S)")
_DOMAIN = "uprobekit.example.org"


@dataclass(frozen=True, kw_only=True)
class MboxRequest:
    """A version.

    Args:
        patches: name and content, as rendered, the cover letter first.
        series: the series.
        version: from 1.
        changes: since the version before, as edited; "" for the first version.
        diff: from the version before; None for the first.
        statuses: how the proof stands.
        base_commit: of the user's tree; "" where that is no git repository.
        baseline: git's id of the tree that the patches apply to.
        to, cc: addresses.
    """

    patches: Mapping[str, bytes]
    series: Series
    version: int
    changes: str
    diff: SeriesDiff | None
    statuses: Sequence[Status]
    base_commit: str
    baseline: str
    to: tuple[str, ...]
    cc: tuple[str, ...]


def draft_changes(diff: SeriesDiff) -> str:
    """Return a list of changes to begin with: what the interface and the patches say."""
    lines = [f" - {_sentence(change)}" for change in diff.interface]
    lines += [
        f" - patch {pair.after or pair.before} {_WORDS[pair.sign]}: {clean_text(pair.subject)}"
        for pair in diff.patches
        if pair.sign in _WORDS
    ]
    return "\n".join([DRAFT, *(lines or [" - no change"])]) + "\n"


_WORDS = {"!": "changed", "<": "dropped", ">": "is new"}


def _sentence(change: Change) -> str:
    values = " -> ".join(clean_text(text) for text in (change.before, change.after) if text)
    return (
        f"{change.kind} {change.what}: {clean_text(change.name)}{f': {values}' if values else ''}"
    )


def change_id(series: Series) -> str:
    """Return what stays the same over all versions, in the form of b4."""
    day = email.utils.formatdate(int(series.author.date.split()[0]))
    date = email.utils.parsedate(day) or (1970, 1, 1)
    digest = hashlib.sha256(f"{series.name}\n{series.title}\n{series.link}".encode()).hexdigest()
    return f"{date[0]:04d}{date[1]:02d}{date[2]:02d}-uprobes-{series.name}-{digest[:12]}"


def make_mbox(request: MboxRequest) -> bytes:
    """Return the mails, the cover letter first, the others in reply to it."""
    names = sorted(request.patches)
    cover = _message_id(request, 0)
    mails = []
    for number, name in enumerate(names):
        data = request.patches[name]
        if number == 0:
            data = _cover(request, data)
        mails.append(_mail(request, data, number, cover))
    return b"\n".join(mails)


def _message_id(request: MboxRequest, number: int) -> str:
    whole = hashlib.sha256(b"".join(request.patches[name] for name in sorted(request.patches)))
    place = f"{change_id(request.series)}-v{request.version}-{number}"
    return f"<{place}-{whole.hexdigest()[:12]}@{_DOMAIN}>"


def _mail(request: MboxRequest, data: bytes, number: int, cover: str) -> bytes:
    """Give a mail its version, its place in the thread, and its recipients."""
    head, _, body = data.partition(b"\n\n")
    if request.version > 1:
        head = head.replace(b"\nSubject: [PATCH ", b"\nSubject: [PATCH v%d " % request.version, 1)
    lines = [f"Message-ID: {_message_id(request, number)}"]
    if number:
        lines += [f"In-Reply-To: {cover}", f"References: {cover}"]
    lines += [_addresses("To", request.to), _addresses("Cc", request.cc)]
    if not body.isascii() and b"\nContent-Type:" not in head:
        lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8"]
        lines += ["Content-Transfer-Encoding: 8bit"]
    added = "\n".join(line for line in lines if line).encode()
    body = re.sub(rb"^(?=>*From )", b">", body, flags=re.M)
    return head + b"\n" + added + b"\n\n" + body.rstrip(b"\n") + b"\n"


def _addresses(name: str, people: Sequence[str]) -> str:
    pairs = [email.utils.parseaddr(who) for who in people]
    return f"{name}: " + ",\n\t".join(map(email.utils.formataddr, pairs)) if pairs else ""


def _cover(request: MboxRequest, data: bytes) -> bytes:
    """Put the changes and the proof in front of the list of patches, the rest behind."""
    found = _SHORTLOG.search(data)
    place = found.start() + 1 if found else len(data)
    before = request.version - 1
    front = []
    if request.diff:
        front += [f"Changes since v{before}:", "", request.changes.strip("\n"), ""]
    width = max((len(status.title) for status in request.statuses), default=0)
    rows = [f"  {s.title:{width}}  {s.word:8}  {s.text}".rstrip() for s in request.statuses]
    front += ["How it is proved:", "", *map(clean_text, rows), ""]
    back = []
    if request.diff:
        back += ["", f"Range-diff against v{before}:", *range_diff(request.diff)]
    back += ["", f"The patches apply to the tree {request.baseline},"]
    back += ["the baseline that uprobekit makes of the base."]
    back += ["", *([f"base-commit: {request.base_commit}"] if request.base_commit else [])]
    back += [f"change-id: {change_id(request.series)}"]
    text = data[:place].rstrip(b"\n") + b"\n\n" + "\n".join(front).encode() + b"\n"
    return text + data[place:].rstrip(b"\n") + b"\n" + "\n".join(back).encode() + b"\n"
