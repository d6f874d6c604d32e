# SPDX-License-Identifier: GPL-2.0-only
"""A version of the series as mails: threaded, with a cover letter that says what changed.

Makes bytes and sends nothing. A file for each mail, named as ``git format-patch`` does, is what
``git send-email`` wants: of a file with many mails it makes one. An mbox is for those who ask.
"""

from __future__ import annotations

import email.utils
import hashlib
import quopri
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.model.series import Series
from generator.patches.change.interface import Change
from generator.patches.change.run import SeriesDiff
from generator.patches.ground import Ground
from generator.patches.mail import SIGNATURE
from generator.render.message import fill
from generator.report.rangediff import range_diff
from generator.report.view import BAD, GOOD
from generator.report.whole import Status
from generator.text import clean_text

DRAFT = "# A draft: edit the lines below, then delete this one."
"""While it is in the list of changes, no mail is made."""

_SHORTLOG = re.compile(rb"\n(?=[^\n]+ \(\d+\):\n {2}\S)")
_DOMAIN = "uprobekit.example.org"
_FROM = re.compile(rb"^From ", re.M)


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
        ground: what the patches apply to.
        to, cc: addresses.
    """

    patches: Mapping[str, bytes]
    series: Series
    version: int
    changes: str
    diff: SeriesDiff | None
    statuses: Sequence[Status]
    ground: Ground
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


def make_mails(request: MboxRequest) -> dict[str, bytes]:
    """Return name and content of each mail, the cover letter first, the others in reply to it.

    The names are those of ``git format-patch``: ``v2-0001-...``.
    """
    cover = _message_id(request, 0)
    prefix = f"v{request.version}-" if request.version > 1 else ""
    made = {}
    for number, name in enumerate(sorted(request.patches)):
        data = request.patches[name]
        if number == 0:
            data = _cover(request, data)
        made[f"{prefix}{name}"] = _mail(request, data, number, cover)
    return made


def make_mbox(mails: Mapping[str, bytes], interface: bytes) -> bytes:
    """Return mails as one file, with ``interface.txt`` below the signature of the cover letter.

    Programs that apply or send mails leave a signature alone, and readers fold it.

    A line of a text that begins with ``From`` would end its mail, for some readers, and others
    would leave the ``>`` in that is put in front of it elsewhere. Such a mail is encoded.
    """
    cover, *others = sorted(mails)
    first = mails[cover].rstrip(b"\n") + SIGNATURE + interface
    return b"\n".join(map(_encoded, (first, *(mails[name] for name in others))))


def _encoded(mail: bytes) -> bytes:
    """Return a mail for an mbox: quoted-printable where a line would be taken for a new one."""
    head, _, body = mail.partition(b"\n\n")
    if not _FROM.search(body):
        return mail
    head = re.sub(rb"^(MIME-Version|Content-[\w-]+): [^\n]*\n?", b"", head, flags=re.M)
    kind = ("MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8")
    lines = "\n".join((*kind, "Content-Transfer-Encoding: quoted-printable"))
    text = _FROM.sub(b"=46rom ", quopri.encodestring(body))
    return head.rstrip(b"\n") + b"\n" + lines.encode() + b"\n\n" + text


def is_ours(mail: bytes, series: Series) -> bool:
    """Tell whether a file is a mail of a version of ``series`` that was written before."""
    head = mail.partition(b"\n\n")[0]
    return f"\nMessage-ID: <{change_id(series)}-v".encode() in head


def _message_id(request: MboxRequest, number: int) -> str:
    whole = hashlib.sha256(b"".join(request.patches[name] for name in sorted(request.patches)))
    place = f"{change_id(request.series)}-v{request.version}-{number}"
    return f"<{place}-{whole.hexdigest()[:12]}@{_DOMAIN}>"


def _mail(request: MboxRequest, data: bytes, number: int, cover: str) -> bytes:
    """Give a mail its version, its place in the thread, and its recipients."""
    head, _, body = data.partition(b"\n\n")
    if request.version > 1:
        # behind the words in brackets, in front of the number
        number_at = rb"(?m)^(Subject: \[[^\]\n]*?)(?= \d+/\d+\])"
        head = re.sub(number_at, rb"\g<1> v%d" % request.version, head, count=1)
    lines = [f"Message-ID: {_message_id(request, number)}"]
    if number:
        lines += [f"In-Reply-To: {cover}", f"References: {cover}"]
    lines += [_addresses("To", request.to), _addresses("Cc", request.cc)]
    if not body.isascii() and b"\nContent-Type:" not in head:
        lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8"]
        lines += ["Content-Transfer-Encoding: 8bit"]
    added = "\n".join(line for line in lines if line).encode()
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
    front += _proof(request.statuses)
    back = []
    if request.diff:
        back += ["", f"Range-diff against v{before}:", *range_diff(request.diff)]
    back += ["", *_based(request.ground), f"change-id: {change_id(request.series)}"]
    text = data[:place].rstrip(b"\n") + b"\n\n" + "\n".join(front).encode() + b"\n"
    return text + data[place:].rstrip(b"\n") + b"\n" + "\n".join(back).encode() + b"\n"


def _proof(statuses: Sequence[Status]) -> Iterator[str]:
    """Yield what was run on these patches; the rest is named and nothing is said about it."""
    run = [status for status in statuses if status.word in (GOOD, BAD) and status.current]
    left = ", ".join(status.title for status in statuses if status not in run)
    width = max((len(status.title) for status in run), default=0)
    if run:
        yield from ("How it is proved:", "")
    for status in run:
        yield clean_text(f"  {status.title:{width}}  {status.word:4}  {status.text}".rstrip())
    if run:
        yield ""
    if left:
        yield from (fill(f"Not run on these patches: {left}."), "")


def _based(ground: Ground) -> Iterator[str]:
    said = f"The patches are for {ground.source}"
    if ground.prerequisites:
        said += ", with one patch in front of them that takes out what they bring anew"
        said += " (`uprobekit mbox --with-baseline` writes it)"
    yield from (fill(f"{said}."), "")
    if ground.commit:
        yield f"base-commit: {ground.commit}"
    for ident in ground.prerequisites:
        yield f"prerequisite-patch-id: {ident}"
