# SPDX-License-Identifier: GPL-2.0-only
"""Uses of a member of a structure, renamed where the type is known to be the structure."""

from __future__ import annotations

import re

from generator import csource
from generator.csource import Span
from generator.model import edits as model

_HOLDER = re.compile(r"\b(\w+)\s*(?:->|\.)\s*\Z")
_NEAR = 200  # characters within which a member stands behind its holder


def rename_uses(text: str, edit: model.RenameMember) -> str:
    """Rename the uses of a member whose type is known to be the structure.

    Comments that spell out ``holder.member`` follow.
    """
    if next(csource.words(text, edit.old), None) is None:
        return text
    masked = csource.mask(text)
    pointers = _pointers(masked, edit.struct) if edit.struct in masked else []
    places = []
    for position in csource.words(masked, edit.old):
        held = _HOLDER.search(masked, max(0, position - _NEAR), position)
        if held and (
            held.group(1) == edit.holder
            or any(
                name == held.group(1) and span.start <= held.start() < span.end
                for name, span in pointers
            )
        ):
            places.append(position)
    if edit.struct in masked:
        offset = re.compile(rf"\bstruct\s+{edit.struct}\s*,\s*({edit.old})\b")
        places += [match.start(1) for match in offset.finditer(masked)]
    commented = re.compile(rf"\b{edit.holder}(?:->|\.)({edit.old})\b")
    if any(masked[match.start()].isspace() for match in commented.finditer(text)):
        for span in csource.comments(text):
            places += [match.start(1) for match in commented.finditer(text, span.start, span.end)]
    for start in sorted(set(places), reverse=True):
        text = text[:start] + edit.new + text[start + len(edit.old) :]
    return text


def _pointers(masked: str, struct: str) -> list[tuple[str, Span]]:
    """List the variables of a structure's type, pointers or not, with where they are seen.

    A local variable or a parameter is seen to the end of its function, another variable to the
    end of the file, a parameter of a prototype nowhere.
    """
    found = []
    for match in re.finditer(rf"\bstruct\s+{struct}\b(?=[\s*]+\w)", masked):
        last = masked.rfind("\n}", 0, match.start())
        inside = masked.count("{", max(last, 0), match.start()) > masked.count(
            "}", last + 2, match.start()
        )
        stop = re.compile(r"[;{]").search(masked, match.end())
        closing = masked.find("\n}", match.end())
        end = closing if closing >= 0 else len(masked)
        if not inside and stop and stop.group() == ";":
            if ")" in masked[match.end() : stop.start()].partition("=")[0]:
                continue
            end = len(masked)
        declared = masked[match.end() : stop.start() if stop else end]
        names = re.findall(r"(?:\A|,)[\s*]*(\w+)", re.sub(r"\([^()]*\)", "", declared))
        # behind the first one of a parameter list stand other types
        if not inside and stop and stop.group() == "{":
            names = names[:1]
        found += [(name, Span(match.start(), end)) for name in names]
    return found
