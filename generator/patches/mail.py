# SPDX-License-Identifier: GPL-2.0-only
"""Read patches in their mail form: a directory as ``render`` writes it, or one mbox.

``interface.txt`` alone is read as well: a series whose mails are not there.

Makes ``Series`` of ``Mail``; applies nothing (see ``sparse``). What is read may come from anybody:
every way in which it can be mangled is an error that names the file.
"""

from __future__ import annotations

import email
import email.policy
import email.utils
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchedFile, PatchSet

from generator.errors import UserError
from generator.tree.facts import FILE_NAME, HEADER, Facts, parse_interface
from generator.tree.manifest import digest, read_digests, read_manifest, read_names

MAX_BYTES = 64 << 20
"""A file above this is no patch."""

INTERFACE = f"interface/{FILE_NAME}"
"""Where it is beside mails: in a folder of its own, so that ``git send-email DIR`` leaves it."""

_POLICY = email.policy.default.clone(
    header_factory=lru_cache(maxsize=256)(email.policy.default.header_factory)
)
"""Reads a header once: all mails of a series have the same author, and most the same date."""

_SIGNED = "\n-- \n"
SIGNATURE = _SIGNED.encode()
"""What stands between the cover letter in an mbox and ``interface.txt``."""

_FROM = re.compile(rb"^From [^\n]*\d\d:\d\d:\d\d[^\n]*\n(?=[A-Za-z-]+:)", re.M)
_COVER = re.compile(r"(v\d+-)?0000-[^/]+\.patch$")
_PREFIX = re.compile(r"^(?:\[[^\]]*\]\s*)+")
_NUMBERED = re.compile(r"^\[[^\]]*\b0*[1-9]\d*/\d+\]")
"""The subject of a patch of a series, and of no cover letter."""


class Line(NamedTuple):
    """A line of a hunk: its sign (blank, ``+`` or ``-``) and its text without the newline."""

    sign: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Hunk:
    """A hunk: ``start`` is its first line (from 1) in the file that it changes."""

    start: int
    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """What a patch does to a file; ``added`` and ``removed`` are about the file itself."""

    path: str
    added: bool
    removed: bool
    hunks: tuple[Hunk, ...]


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A patch: ``author`` is ``Name <address>``, ``body`` the message without subject and diff."""

    where: str
    subject: str
    author: str
    date: str
    body: str
    files: tuple[FileChange, ...]


@dataclass(frozen=True, kw_only=True)
class PatchSeries:
    """Patches in their order.

    Attributes:
        where: what was read, for messages.
        mails: without the cover letter; none where ``interface.txt`` alone was read.
        manifest: the comments of the ``series`` file; empty without one.
        cover: the cover letter; None without one.
        interface: what ``interface.txt`` says; None without one.
        edited: a patch is not what the ``series`` file says that was rendered.
    """

    where: str
    mails: tuple[Mail, ...]
    manifest: Mapping[str, str]
    cover: Mail | None = None
    interface: Facts | None = None
    edited: bool = False


def read_series(path: Path) -> PatchSeries:
    """Read a directory of patches, a file of mails, or ``interface.txt`` alone.

    Raises:
        UserError: nothing is there, or it cannot be read as patches.
    """
    try:
        if path.is_dir():
            found = {p.name: _bytes(p) for p in sorted(path.iterdir()) if _is_wanted(p)}
            apart = path / INTERFACE
            found |= {FILE_NAME: _bytes(apart)} if apart.is_file() else {}
            return parse_series(found, where=str(path))
        data = _bytes(path)
        if data.startswith(HEADER.encode()):
            facts = parse_interface(data, where=str(path))
            return PatchSeries(where=str(path), mails=(), manifest={}, interface=facts)
        return _series(split_mbox(data, where=str(path)), {}, str(path))
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=str(path)) from error


def _is_wanted(path: Path) -> bool:
    return path.is_file() and (path.suffix == ".patch" or path.name in ("series", FILE_NAME))


def _bytes(path: Path) -> bytes:
    # opening a FIFO that nobody writes to would never return
    if not path.is_file():
        raise UserError("this is no file", where=str(path))
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"larger than {MAX_BYTES >> 20} MB: this is no patch", where=str(path))
    return path.read_bytes()


def parse_series(files: Mapping[str, bytes], *, where: str) -> PatchSeries:
    """Return the patches among ``files``, ordered by their ``series`` file or by name.

    Raises:
        UserError: there are none, one that is listed is missing, or one is mangled.
    """
    manifest = files.get("series", b"")
    names = read_names(manifest) or tuple(sorted(n for n in files if n.endswith(".patch")))
    for name in names:
        if name not in files:
            raise UserError(f"lists {name}, which is not there", where=f"{where}/series")
    # the list names what is applied, and the cover letter is not
    covers = sorted(name for name in files if _COVER.match(name) and name not in names)
    mails = [(f"{where}/{name}", files[name]) for name in (*covers, *names)]
    series = _series(mails, read_manifest(manifest), where)
    if FILE_NAME not in files:
        return series
    digests = read_digests(manifest)
    return replace(
        series,
        interface=parse_interface(files[FILE_NAME], where=f"{where}/{FILE_NAME}"),
        edited=any(digest(files[name]) not in digests.get(name, ()) for name in names)
        and bool(digests),
    )


def _series(
    mails: Iterable[tuple[str, bytes]], manifest: Mapping[str, str], where: str
) -> PatchSeries:
    parsed = [parse_mail(data, where=name) for name, data in mails]
    patches = tuple(mail for mail in parsed if mail.files)
    if not patches:
        raise UserError(
            "there are no patches",
            where=where,
            hint="it has to be a directory that uprobekit render writes, or an mbox",
        )
    # an mbox may have answers as well
    texts = (mail for mail in parsed if not mail.files)
    cover = next((mail for mail in texts if not mail.subject.lower().startswith("re:")), None)
    _, signed, text = (cover.body if cover else "").partition(f"{_SIGNED}{HEADER}")
    facts = parse_interface(text.encode(), where=where) if signed else None
    return PatchSeries(where=where, mails=patches, manifest=manifest, cover=cover, interface=facts)


def split_mbox(data: bytes, *, where: str) -> tuple[tuple[str, bytes], ...]:
    """Split an mbox into mails, each with the line that it starts at.

    Raises:
        UserError: it does not begin as an mbox does.
    """
    starts = [match.start() for match in _FROM.finditer(data)]
    if not starts or data[: starts[0]].strip():
        raise UserError("this is no mbox", where=where, hint="an mbox begins with 'From '")
    ends, newline = [*starts[1:], len(data)], b"\n"
    return tuple(
        (f"{where}:{data[:start].count(newline) + 1}", data[start:end])
        for start, end in zip(starts, ends, strict=True)
    )


def parse_mail(data: bytes, *, where: str) -> Mail:
    """Read one mail; a cover letter is one without files.

    Raises:
        UserError: it is no mail, or the diff in it is mangled.
    """
    try:
        return replace(_parsed(data), where=where)
    except ValueError as error:
        raise UserError(str(error), where=where) from error


@lru_cache(maxsize=256)
def _parsed(data: bytes) -> Mail:
    """Return a mail from nowhere: most are the same on both sides of a comparison.

    Raises:
        ValueError: it is no mail, or the diff in it is mangled.
    """
    start = _FROM.match(data)
    message = email.message_from_bytes(data[start.end() :] if start else data, policy=_POLICY)
    try:
        subject = str(message["Subject"] or "")
        author, date = str(message["From"] or ""), str(message["Date"] or "")
        text, charset = _payload(message)
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"the mail cannot be read: {error}") from error
    if not subject or not author:
        missing = "Subject" if not subject else "From"
        raise ValueError(f"this is no patch in mail form: it has no {missing}")
    body, diff = _split(text)
    body, files = _converted(body, charset), _files(diff)
    if not files and (numbered := _NUMBERED.match(subject)):
        raise ValueError(f"the mail is cut off: {numbered[0]} without a diff is no patch")
    return Mail(
        where="",
        subject=_PREFIX.sub("", " ".join(subject.split())),
        author=author,
        date=date,
        body=body,
        files=files,
    )


def _payload(message: email.message.Message) -> tuple[str, str]:
    """Return what a mail says, the plain parts of one that has several, and its charset."""
    parts = [message]
    if message.is_multipart():
        parts = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    data = [part.get_payload(decode=True) for part in parts]
    text = b"\n".join(each for each in data if isinstance(each, bytes))
    if not text and message.is_multipart():
        raise ValueError("no part of it is plain text")
    charset = parts[0].get_content_charset() or "utf-8" if parts else "utf-8"
    return text.decode("utf-8", "surrogateescape").replace("\r\n", "\n"), charset


def _converted(text: str, charset: str) -> str:
    """Return a message that is not UTF-8 as git am has it; a diff stays as it is."""
    try:
        return text.encode("utf-8", "surrogateescape").decode(charset)
    except (LookupError, ValueError):
        return text


def _split(text: str) -> tuple[str, str]:
    """Return the message and the diff; the diffstat between them goes."""
    found = re.search(r"^diff --git ", text, re.M)
    message = text[: found.start()] if found else text
    body = re.split(r"^---$", message, maxsplit=1, flags=re.M)[0]
    return body.strip("\n"), text[found.start() :] if found else ""


def _files(diff: str) -> tuple[FileChange, ...]:
    # the signature of git format-patch is no line of the last hunk
    diff = re.sub(r"^-- \n[^\n]*\n*\Z", "", diff, flags=re.M)
    try:
        files = tuple(_file(file) for file in PatchSet(diff))
    except (UnidiffParseError, ValueError) as error:
        raise ValueError(f"the diff is mangled: {error}") from error
    if diff.count("\ndiff --git ") + diff.startswith("diff --git ") != len(files):
        raise ValueError("the diff is mangled: not every file of it can be read")
    read = sum(2 + _changes(file) for file in files if file.hunks)
    if read != len(re.findall(r"^[-+]", diff, re.M)):
        raise ValueError("the diff is mangled: it has lines that belong to no hunk")
    return files


def _changes(file: FileChange) -> int:
    return sum(line.sign != " " for hunk in file.hunks for line in hunk.lines)


def _file(file: PatchedFile) -> FileChange:
    path = str(file.path)
    if path.startswith("/") or ".." in path.split("/") or "\n" in path:
        raise ValueError(f"the path '{path}' leaves the tree")
    if file.is_rename:
        raise ValueError(f"it renames {path}, which no patch of the series does")
    return FileChange(
        path=path,
        added=file.is_added_file,
        removed=file.is_removed_file,
        hunks=tuple(
            Hunk(
                start=hunk.source_start,
                heading=hunk.section_header,
                lines=tuple(
                    Line(line.line_type, line.value.removesuffix("\n"))
                    for line in hunk
                    if line.line_type in (" ", "+", "-")
                ),
            )
            for hunk in file
        ),
    )
