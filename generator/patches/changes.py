# SPDX-License-Identifier: GPL-2.0-only
"""A change that somebody has made on top of the rendered patches, and what of a patch is in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.model.trailers import DEVELOPED, SIGNED
from generator.patches.reading import ChangedFile, Repository, prefix_ref
from generator.patches.sent import split_trailers
from generator.plan import Plan

EXTRA = ("fixup!", "squash!", "amend!")
"""How the subject of a commit begins that is for another one."""

TAGS = re.compile(r"^(?:\[[^\]]*\]\s*|(?:fixup|squash|amend)!\s*)+")
"""What may stand in front of a patch's subject."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change that somebody has made.

    Attributes:
        name: of the commit or file, for messages.
        number: how many patches are applied where it was made; it may be one of them, edited.
        on: the prefix that ``before`` is to be compared with: ``number``, or for an edited patch
            the one below it.
        files: the files as edited, by path.
        before: the files below the change; None for one that is not there.
        subject, body: the message as edited, without trailers; None where it is not a patch's.
        outside: what no template can hold, as text: files that were added or removed, modes,
            trailers.
    """

    name: str
    number: int
    on: int
    files: Mapping[str, str]
    before: Mapping[str, str | None]
    subject: str | None = None
    body: str | None = None
    outside: str = ""


def subjects(plan: Plan) -> dict[str, int]:
    """Return the number of each patch by its subject."""
    return {planned.patch.subject: planned.number for planned in plan.patches}


def without_trailers(body: str) -> str:
    """Return the text of a message without its trailers."""
    lines, _ = split_trailers(body.strip("\n").split("\n"))
    return "\n".join(lines).strip("\n")


def changed_trailers(ours: Repository, ref: str, body: str) -> str:
    """Return in which trailers a message is not the rendered patch's, as a diff.

    A Signed-off-by that belongs to no Co-developed-by is the sender's, and is not compared.
    """
    rendered = ours.text("log", "-1", "--format=%B", ref)
    before, after = (_trailers(rendered), _trailers(body))
    gone = "".join(f"-{row}\n" for row in before if row not in after)
    come = "".join(f"+{row}\n" for row in after if row not in before)
    if not (gone or come):
        return ""
    said = "(uprobekit trailers FILE takes them in)\n" if come else ""
    said += "(generator/model/trailers.py has them)\n" if gone else ""
    return f"--- a/trailers\n+++ b/trailers\n{gone}{come}{said}"


def words(message: str) -> list[str]:
    """Return the words of a message, its trailers left aside."""
    return without_trailers(message).split()


def changed_words(ours: Repository, plan: Plan, number: int, body: str) -> str:
    """Return, as a diff, what of a patch's message no template has; the baseline's has none."""
    ref = prefix_ref(plan, number)
    if number:
        return changed_trailers(ours, ref, body)
    if words(body) == words(ours.message(ref)[1]):
        return ""
    rows = "".join(f"+{row}\n" for row in body.strip("\n").split("\n"))
    return f"--- a/message of the baseline\n+++ b/message of the baseline\n{rows}"


def _trailers(message: str) -> list[str]:
    rows = split_trailers(message.strip("\n").split("\n"))[1]
    return [
        row
        for row in rows
        if not row.startswith(f"{SIGNED}: ") or row.replace(SIGNED, DEVELOPED, 1) in rows
    ]


def own_files(ours: Repository, plan: Plan, number: int) -> dict[str, str]:
    """Return the files that a patch changes, as it is rendered: by path, A, D or M."""
    rows = ours.changed_between(prefix_ref(plan, number - 1), prefix_ref(plan, number))
    return {row.path: row.status for row in rows}


def outside(
    repo: Repository,
    before: str,
    after: str,
    rows: Sequence[ChangedFile],
    own: Mapping[str, str],
) -> str:
    """Return, as a diff, the files that come or go otherwise than in a patch, and modes.

    Args:
        repo: where both are.
        before: a commit or tree.
        after: the other one.
        rows: what differs between them.
        own: what the rendered patch does to its files.
    """
    paths = [
        row.path
        for row in rows
        if row.mode or (row.status != "M" and own.get(row.path) != row.status)
    ]
    if not paths:
        return ""
    return repo.text("diff-tree", "--no-renames", "-p", before, after, "--", *paths)
