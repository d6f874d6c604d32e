# SPDX-License-Identifier: GPL-2.0-only
"""Pair the patches of two series as ``git range-diff`` does, and compare the trees they leave.

Works in a repository of its own, made from the replayed files, that goes away afterwards. A line
that no patch shows is empty there.
"""

from __future__ import annotations

import email.utils
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator.model.identity import Identity
from generator.patches.mail import Mail, PatchSeries
from generator.patches.partial import Cell, Replay
from generator.tree.commits import Commit, import_commits
from generator.tree.git import ask_git

_PAIR = re.compile(r"^ *(\d+|-): +(?:[0-9a-f]+|-+) ([=!<>]) +(\d+|-): +(?:[0-9a-f]+|-+) (.*)$")
_TRAILER = re.compile(r"[A-Z][A-Za-z-]+: \S")
_INDENT = "    "
CHANGED, CONTEXT = "!", "context"
_NOBODY = Identity(name="uprobekit", email="uprobekit@localhost", date="0 +0000")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A patch in both series.

    Attributes:
        before, after: its number (from 1); 0 where it has none.
        sign: ``=`` the same, ``!`` changed, ``<`` only before, ``>`` only after.
        subject: of the newer one.
        text: the difference of the two patches, as git range-diff prints it.
        parts: what of it changed: subject, author, message, trailers, code, or context alone.
        moved: its place among the patches of both sides is another one.
    """

    before: int
    after: int
    sign: str
    subject: str
    text: str
    parts: tuple[str, ...] = ()
    moved: bool = False


@dataclass(frozen=True, kw_only=True)
class TreeChange:
    """The tips against each other.

    Attributes:
        whole: both are on the same baseline; otherwise trees are not compared.
        text: as git diff prints it.
    """

    whole: bool
    text: str


def compare_patches(
    series: tuple[PatchSeries, PatchSeries], replays: tuple[Replay, Replay], *, shared: bool
) -> tuple[tuple[Pair, ...], TreeChange]:
    """Pair the patches and compare the tips.

    Args:
        series: the patches, before and after.
        replays: the same, applied.
        shared: both are on the same baseline.

    Raises:
        InfraError: git fails.
    """
    with tempfile.TemporaryDirectory(prefix="uprobekit-diff-") as place:
        repo = Path(place) / "repo.git"
        for name, mails, replay in zip(("a", "b"), series, replays, strict=True):
            commits = _commits(name, mails, replay)
            import_commits(commits, repo, f"{name}-tip", _NOBODY, pack=False)
        pairs = _range_diff(repo, "a-base..a-last", "b-base..b-last", factor=60)
        pairs = _pair_by_subject(repo, pairs, [len(replay.steps) for replay in replays])
        text = _git(repo, *_DIFF, "a-tip", "b-tip") if shared else ""
    return _described(pairs, series), TreeChange(whole=shared, text=text)


def _described(
    pairs: tuple[Pair, ...], series: tuple[PatchSeries, PatchSeries]
) -> tuple[Pair, ...]:
    """Say of each pair what changed, and whether it has moved."""
    stay = _in_order([pair for pair in pairs if pair.before and pair.after])
    found = []
    for pair in pairs:
        moved = bool(pair.before and pair.after) and pair.after not in stay
        parts: tuple[str, ...] = ()
        if pair.sign == CHANGED:
            mails = (series[0].mails[pair.before - 1], series[1].mails[pair.after - 1])
            parts = _parts(*mails)
        found.append(replace(pair, parts=parts, moved=moved))
    return tuple(found)


def _in_order(pairs: Sequence[Pair]) -> frozenset[int]:
    """Return the patches (by their number after) of a longest run that has kept its order."""
    best: list[list[int]] = []
    ordered = sorted(pairs, key=lambda pair: pair.after)
    for place, pair in enumerate(ordered):
        runs = [best[n] for n, other in enumerate(ordered[:place]) if other.before < pair.before]
        best.append([*_longest(runs), pair.after])
    return frozenset(_longest(best))


def _longest(runs: Sequence[list[int]]) -> list[int]:
    return max(runs, key=lambda run: len(run), default=[])


def _parts(before: Mail, after: Mail) -> tuple[str, ...]:
    """Return what differs between two mails of a patch; context alone if nothing else does."""
    texts = [_split_trailers(mail.body) for mail in (before, after)]
    lines = [
        [
            (file.path, file.added, file.removed, line.sign, line.text)
            for file in mail.files
            for hunk in file.hunks
            for line in hunk.lines
            if line.sign != " "
        ]
        for mail in (before, after)
    ]
    differs = {
        "subject": before.subject != after.subject,
        "author": before.author != after.author,
        "message": texts[0][0] != texts[1][0],
        "trailers": texts[0][1] != texts[1][1],
        "code": lines[0] != lines[1],
    }
    return tuple(name for name, differ in differs.items() if differ) or (CONTEXT,)


def _split_trailers(body: str) -> tuple[str, str]:
    """Return a message and the trailers at its end."""
    text, gap, last = body.rpartition("\n\n")
    lines = last.split("\n")
    if gap and all(_TRAILER.match(line) for line in lines):
        return text, last
    return body, ""


def _range_diff(repo: Path, before: str, after: str, *, factor: int) -> tuple[Pair, ...]:
    options = ("--no-color", f"--creation-factor={factor}")
    return _parse(_git(repo, "range-diff", *options, before, after))


def _pair_by_subject(repo: Path, pairs: tuple[Pair, ...], counts: list[int]) -> tuple[Pair, ...]:
    """Pair what git has not, because little of it is the same, and what has one subject."""
    gone = {pair.subject: pair for pair in pairs if not pair.after}
    come = {pair.subject for pair in pairs if not pair.before}
    found = []
    for pair in pairs:
        old = gone.get(pair.subject)
        if old and not pair.before:
            one, other = (
                f"{name}-last~{count - number + 1}..{name}-last~{count - number}"
                for name, count, number in zip("ab", counts, (old.before, pair.after), strict=True)
            )
            (same,) = _range_diff(repo, one, other, factor=999)
            found.append(replace(same, before=old.before, after=pair.after))
        elif pair.after or pair.subject not in come:
            found.append(pair)
    return tuple(found)


_DIFF = ("diff", "--no-color", "--no-ext-diff", "--no-renames")


def _commits(name: str, series: PatchSeries, replay: Replay) -> list[Commit]:
    """Return the baseline, a commit for each patch, and one with what the tips are compared by."""
    base = {path: _text(cells) for path, cells in replay.origin.items()}
    made = [Commit(message=f"{name}\n", files=base, refs=(f"refs/heads/{name}-base",))]
    for number, (mail, step) in enumerate(zip(series.mails, replay.steps, strict=True), 1):
        last = (f"refs/heads/{name}-last",) if number == len(replay.steps) else ()
        made.append(
            Commit(
                message=f"{mail.subject}\n\n{mail.body}\n",
                files={path: _text(cells) for path, cells in step.files.items()},
                refs=last,
                author=_author(mail.author),
            )
        )
    tip = {path: _text(cells) for path, cells in replay.tip.items()}
    made.append(Commit(message="tip\n", files=tip, refs=()))
    return made


def _text(cells: Sequence[Cell] | None) -> str:
    return "\n".join([*[cell.text or "" for cell in cells or ()], ""])


def _author(text: str) -> Identity:
    name, address = email.utils.parseaddr(text)
    clean = re.compile(r"[<>\n\0]")
    return Identity(
        name=clean.sub("", name) or "unknown", email=clean.sub("", address), date=_NOBODY.date
    )


def _parse(text: str) -> tuple[Pair, ...]:
    """Return the pairs in what git range-diff prints."""
    found: list[tuple[re.Match[str], list[str]]] = []
    for line in text.splitlines():
        match = _PAIR.match(line)
        if match and not line.startswith(_INDENT):
            found.append((match, []))
        elif found:
            found[-1][1].append(line.removeprefix(_INDENT))
    return tuple(
        Pair(
            before=int(match[1]) if match[1] != "-" else 0,
            after=int(match[3]) if match[3] != "-" else 0,
            sign=match[2],
            subject=match[4],
            text="\n".join(lines),
        )
        for match, lines in found
    )


def _git(repo: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    said = ask_git(*arguments, repo=repo, isolated=True, environment=environment)
    return said.decode("utf-8", "replace")
