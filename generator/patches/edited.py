# SPDX-License-Identifier: GPL-2.0-only
"""Read what somebody has edited, as the command line names it: commits, ranges, diffs, patches."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import default as mail_policy
from pathlib import Path

from generator.errors import UserError
from generator.patches.changes import (
    TAGS,
    Change,
    new_trailers,
    own_files,
    subjects,
    without_trailers,
)
from generator.patches.commits import Commits
from generator.patches.reading import Repository, prefix_ref
from generator.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Read:
    """What was read: the changes, oldest first, and what is to be done to the series by hand."""

    changes: tuple[Change, ...]
    by_hand: tuple[str, ...] = ()


def read_changes(what: Sequence[str], *, repo: Path, rendered: Path, plan: Plan) -> Read:
    """Read commits, ranges, diffs and edited patches.

    Args:
        what: names of commits or ranges in ``repo``, or of files.
        repo: the repository of the commits.
        rendered: our own repository, with the series as it is rendered.
        plan: the series.

    Raises:
        UserError: one is neither, or was made on something else.
    """
    ours = Repository(rendered)
    found: list[Change] = []
    by_hand: list[str] = []
    for name in what:
        if Path(name).is_file():
            found.append(_read_diff(Path(name), ours, plan))
        else:
            commits = Commits(name, Repository(repo), ours, plan)
            found += commits.changes()
            by_hand += commits.by_hand()
    return Read(changes=tuple(found), by_hand=tuple(by_hand))


def _read_diff(path: Path, ours: Repository, plan: Plan) -> Change:
    """Read a diff, or an edited patch in its mail form.

    Raises:
        UserError: it applies to no prefix of the series.
    """
    data = path.read_bytes()
    subject, body, number = _mail(path, data, plan)
    tries = [number - 1] if number else range(len(plan.patches), -1, -1)
    with tempfile.TemporaryDirectory() as place:
        index = Path(place) / "index"
        reason = ""
        for on in tries:
            ours.run("read-tree", prefix_ref(plan, on), index=index)
            apply = ("apply", "--cached", "--recount", "--whitespace=nowarn")
            done = ours.run(*apply, stdin=data, index=index)
            if done.returncode:
                reason = reason or done.stderr.decode(errors="replace").strip()
                continue
            tree = ours.run("write-tree", index=index).stdout.decode().strip()
            number = number or on
            return _applied(str(path), ours, plan, (on, number), tree, (subject, body))
    raise UserError(
        f"the diff applies to no prefix of the series: {reason}",
        where=str(path),
        hint="it has to be made on the patches as they are rendered now",
    )


def _applied(
    name: str,
    ours: Repository,
    plan: Plan,
    numbers: tuple[int, int],
    tree: str,
    message: tuple[str, str],
) -> Change:
    """Return a diff or a patch as a change: the prefix below it and its own, and what it makes."""
    on, number = numbers
    below, is_patch = prefix_ref(plan, on), on != number
    paths = ours.text("diff", "--name-only", below, tree).split("\n")[:-1]
    paths += own_files(ours, plan, number) if is_patch else []
    outside = ours.text("diff", "--no-renames", "--diff-filter=AD", below, tree)
    if is_patch:
        outside = new_trailers(ours, prefix_ref(plan, number), message[1])
    before = {path: ours.file(below, path) for path in paths}
    there = [path for path in paths if is_patch or before[path] is not None]
    texts = {path: ours.file(tree, path) for path in there}
    return Change(
        name=name,
        number=number,
        on=on,
        files={path: text for path, text in texts.items() if text is not None},
        before=before,
        subject=message[0] if is_patch else None,
        body=without_trailers(message[1]) if is_patch else None,
        outside=outside,
    )


def _mail(path: Path, data: bytes, plan: Plan) -> tuple[str, str, int]:
    """Return subject, text and number of a patch in its mail form; number 0 for a plain diff."""
    if not re.match(rb"From [0-9a-f]{40} |(?:From|Subject|Message-ID): ", data, re.I):
        return "", "", 0
    raw = data.partition(b"\n")[2] if data.startswith(b"From ") else data
    mail = BytesParser(policy=mail_policy).parsebytes(raw)
    subject = TAGS.sub("", " ".join(str(mail["Subject"] or "").split()))
    payload = mail.get_payload(decode=True)
    said = payload.decode("utf-8", "surrogateescape") if isinstance(payload, bytes) else ""
    body = re.split(r"^---$", said, maxsplit=1, flags=re.M)[0]
    named = re.match(r"(\d{4})-", path.name)
    number = subjects(plan).get(subject, int(named[1]) if named else 0)
    return subject, body, number if 0 <= number <= len(plan.patches) else 0
