# SPDX-License-Identifier: GPL-2.0-only
"""Points of the review about the patches: what each does, and what it does not touch again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from generator.checks.review.look import Look


def _r02(look: Look) -> None:
    first = look.series.patches[0]
    touched = re.findall(r"^\+\+\+ b/(.*)$", first, re.M)
    strange = [path for path in touched if not path.startswith("arch/x86/") or "/um/" in path]
    strange = [path for path in strange if path not in look.series.macros]
    look.problems += [f"patch 1 touches {path}" for path in strange]
    for line in re.findall(r"^\+(?!\+\+).*$", first, re.M):
        if not re.search(r"\btrap_nr\b", line):
            look.problems.append(f"patch 1 does more than rename: {line}")
    look.shows("arch/x86/include/asm/processor.h", r"\btrap_nr;", "the member trap_nr")
    look.lacks(r"\bthread(?:\.|->)trap_no\b", "trap_no", tuple(touched))
    # masked as C a debugger macro would lose its strings, in which the member is read
    for path in sorted(look.series.macros):
        if path not in touched or "trap_no" in look.text(path):
            look.problems.append(f"{path}: a debugger macro still reads trap_no")
    if not look.series.macros:
        look.problems.append("no debugger macro is renamed; every base has gdbmacros.txt")


def _r04(look: Look) -> None:
    for path, text in look.series.tip.items():
        added = {
            line[1:]
            for patch in look.series.patches
            for line in _of_file(patch, path)
            if line.startswith("+")
        }
        for number, line in _nested_defines(text):
            good = line.startswith("# ")
            if good or line in added:
                place = f"{path}:{number}"
                (look.evidence if good else look.problems).append(place)


def _of_file(patch: str, path: str) -> list[str]:
    """Return the lines of a patch's part for one file."""
    found = re.search(rf"^\+\+\+ b/{re.escape(path)}\n(.*?)(?=^diff --git |\Z)", patch, re.M | re.S)
    return found.group(1).split("\n") if found else []


def _nested_defines(text: str) -> Iterator[tuple[int, str]]:
    """Yield line number and line of each #define inside of a conditional, include guard aside."""
    lines = text.split("\n")
    directives = [
        (number, line) for number, line in enumerate(lines, 1) if re.match(r"[ \t]*#", line)
    ]
    guard = re.match(r"#ifndef (\w+)", directives[0][1]) if len(directives) > 1 else None
    depth = 0
    if guard and re.match(rf"#[ \t]*define {guard.group(1)}\b", directives[1][1]):
        depth = -1
    for number, line in directives:
        word = line.replace("#", "", 1).split()[:1]
        if word and word[0].startswith("if"):
            depth += 1
        elif word == ["endif"]:
            depth -= 1
        elif word == ["define"] and depth > 0:
            yield number, line


def _r29(look: Look) -> None:
    for number, patch in enumerate(look.series.patches[:4], 1):
        if "No functional change" not in patch:
            look.problems.append(f"patch {number} changes behaviour")
        look.evidence.append(f"patch {number}")
    brought: dict[str, set[str]] = {}
    for number, patch in enumerate(look.series.patches, 1):
        message = patch.split("\n---\n")[0]
        for path in re.findall(r"^\+\+\+ b/(.*)$", patch, re.M):
            lines = _of_file(patch, path)
            earlier = brought.setdefault(path, set())
            for function in _rewritten(lines, earlier):
                if f"{function}(" not in message:
                    look.problems.append(
                        f"patch {number}: rewrites {function} of an earlier patch without a word"
                    )
            earlier |= {line[1:].strip() for line in lines if line.startswith("+")}


def _rewritten(lines: list[str], earlier: set[str]) -> list[str]:
    """Return the functions of which lines go that earlier patches have brought.

    Args:
        lines: of one file in a patch.
        earlier: lines that earlier patches have added to it, without white space around them.
    """
    found, function = list[str](), ""
    # what is only aligned anew is not rewritten
    again = {tuple(line[1:].split()) for line in lines if line.startswith("+")}
    above = False
    for line in lines:
        above = above and not line.startswith("@@")
        head = re.match(r"@@ .*? @@.*?(\w+)\(", line)
        head = head or re.match(r"[ -](?:\w.*?)?\b(\w+)\(", line)
        if head and not line[1:2].isspace() and head.group(1) != function:
            function = head.group(1)
            found += [function] if above else []
            above = False
        gone = line[1:].strip()
        if not line.startswith("-") or tuple(gone.split()) in again:
            continue
        if re.search(r"\w{3}", gone) and gone in earlier:
            # a comment belongs to the function below, where that can be seen
            above = line[1:3] in (" *", "/*")
            found += [] if above else [function or gone]
    return list(dict.fromkeys(found))


CHECKS: dict[str, Callable[[Look], None]] = {
    "R02": _r02,
    "R04": _r04,
    "R29": _r29,
}
