# SPDX-License-Identifier: GPL-2.0-only
"""A change that somebody has made on top of the rendered patches, and what of a patch is in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from generator.patches.reading import Repository, prefix_ref
from generator.patches.sent import split_trailers
from generator.plan import Plan
from generator.render.env import Scope, Templates

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
    idents = tuple(planned.patch.ident for planned in plan.patches)
    return {
        Templates(Scope(base=plan.base, patches=idents[: planned.number])).text(
            planned.patch.subject
        ): planned.number
        for planned in plan.patches
    }


def without_trailers(body: str) -> str:
    """Return the text of a message without its trailers."""
    lines, _ = split_trailers(body.strip("\n").split("\n"))
    return "\n".join(lines).strip("\n")


def new_trailers(ours: Repository, ref: str, body: str) -> str:
    """Return the trailers of a message that the rendered patch does not have, as a diff."""
    rendered = ours.text("log", "-1", "--format=%B", ref)
    known = set(split_trailers(rendered.strip("\n").split("\n"))[1])
    _, trailers = split_trailers(body.strip("\n").split("\n"))
    new = [t for t in trailers if t not in known and not t.startswith("Signed-off-by: ")]
    if not new:
        return ""
    rows = "".join(f"+{trailer}\n" for trailer in new)
    return f"--- a/trailers\n+++ b/trailers\n{rows}(uprobekit trailers FILE takes them in)\n"


def own_files(ours: Repository, plan: Plan, number: int) -> list[str]:
    """Return the files that a patch changes, as it is rendered."""
    before, after = prefix_ref(plan, number - 1), prefix_ref(plan, number)
    return [p for p in ours.text("diff", "--name-only", before, after).split("\n") if p]
