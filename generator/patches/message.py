# SPDX-License-Identifier: GPL-2.0-only
"""Bring an edited commit message back: the subject to the series, paragraphs to their template."""

from __future__ import annotations

import difflib
import re

from generator.model.series import Patch
from generator.patches.draft import Draft, place_of_constant, write_constant
from generator.patches.reading import Repository
from generator.patches.sent import split_trailers
from generator.plan import Scope
from generator.render.message import fill
from generator.render.source import escaped, trace_template


def left_message(repo: Repository, ref: str, subject: str, body: str) -> str:
    """Return, as a diff, in what a rendered message is not as it was edited; "" for nothing.

    Args:
        repo: our repository.
        ref: the commit of the patch.
        subject: as edited.
        body: as edited, without trailers.
    """
    title, rest = repo.message(ref)
    lines, _ = split_trailers(rest.strip("\n").split("\n"))
    if [*title.split(), *" ".join(lines).split()] == f"{subject}\n\n{body}".split():
        return ""
    rows = difflib.unified_diff(
        f"{title}\n{rest}".splitlines(keepends=True),
        f"{subject}\n\n{body}\n".splitlines(keepends=True),
        "a/message",
        "b/message",
    )
    return "".join(rows)


def bring_message(
    draft: Draft, patch: Patch, template: str, scope: Scope, subject: str, body: str
) -> str:
    """Bring an edited message into the draft.

    Args:
        draft: what is changed.
        patch: whose message it is.
        template: that it is rendered from.
        scope: base and patches, that one the last.
        subject: as edited.
        body: as edited, without trailers.

    Returns:
        Where it went, "" when nothing of it was edited.
    """
    place = ""
    if subject and subject != patch.subject:
        place = place_of_constant(draft, patch.subject)
        write_constant(draft, patch.subject, subject)
    return _bring_body(draft, template, scope, body) or place


def _bring_body(draft: Draft, name: str, scope: Scope, body: str) -> str:
    """Bring the paragraphs that have changed; return the place of the last one."""
    place = ""
    origins = trace_template(name, scope)
    old: list[list[int]] = [[]]
    for number, origin in enumerate(origins):
        if origin.text.strip():
            old[-1].append(number)
        elif old[-1]:
            old.append([])
    old = [numbers for numbers in old if numbers]
    before = [fill("\n".join(origins[n].text for n in numbers)).split() for numbers in old]
    pieces = [p for p in re.split(r"\n\s*\n", body) if p.strip()]
    after = [piece.split() for piece in pieces]
    matcher = difflib.SequenceMatcher(
        None, list(map(tuple, before)), list(map(tuple, after)), autojunk=False
    )
    lines = draft.lines(f"{name}.j2")
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        rows = escaped("\n\n".join(pieces[j1:j2])).split("\n") if j2 > j1 else []
        numbers = [n for numbers in old[i1:i2] for n in numbers]
        at = origins[numbers[0]].line if numbers else -1
        if not numbers:
            at = origins[old[i1 - 1][-1]].line if i1 else -1
            rows = ["", *rows] if i1 else [*rows, ""]
        for number in numbers:
            source = lines.old[origins[number].line]
            if "{{" in source:
                rows = _kept(source, origins[number].text, rows)
            lines.changed[origins[number].line] = None
        # the blank lines between the paragraphs that go, and one more without a new one
        first = old[i1][0] - (not rows) if numbers else 0
        for number in range(max(first, 0), numbers[-1] if numbers else 0):
            if not origins[number].text.strip():
                lines.changed[origins[number].line] = None
        lines.put(at, rows)
        place = f"templates/{name}.j2:{max(at, 0) + 1}"
    return place


def _kept(source: str, old: str, rows: list[str]) -> list[str]:
    """Return lines in which an expression stands where its value does."""
    for piece in re.findall(r"\{\{.*?\}\}", source):
        shape = re.escape(source).replace(re.escape(piece), "(.*)", 1)
        match = re.fullmatch(re.sub(r"\\\{\\\{.*?\\\}\\\}", ".*", shape), old)
        value = match[1] if match else ""
        if value:
            rows = [re.sub(rf"\b{re.escape(value)}\b", piece, row) for row in rows]
    return rows
