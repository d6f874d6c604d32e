# SPDX-License-Identifier: GPL-2.0-only
"""The table of what each patch of a series mends: faults down, prefixes across."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from generator.checks.catalogue.judge import Word
from generator.checks.catalogue.mended import Prefix
from generator.jsonfile import as_object
from generator.model.catalogue import CATALOGUE
from generator.model.series import Patch

_SIGNS = {str(Word.AFFECTED): "x", str(Word.NOT_AFFECTED): ".", str(Word.UNKNOWN): "?"}


def read_prefixes(data: Mapping[str, Any]) -> tuple[Prefix, ...]:
    """Return the prefixes of a kept result; none where it has another shape."""
    try:
        return as_object(data["prefixes"], tuple[Prefix, ...])
    except (KeyError, ValueError):
        return ()


def format_table(prefixes: Sequence[Prefix], patches: Sequence[Patch]) -> Iterator[str]:
    """Yield the table in lines, and what the numbers above it are.

    Args:
        prefixes: in their order, from the unmodified kernel.
        patches: all of the series, in their order.
    """
    width = max(len(entry.ident) for entry in CATALOGUE)
    yield " " * width + "".join(f"{prefix.number:>3}" for prefix in prefixes)
    for entry in CATALOGUE:
        words = [prefix.words.get(entry.ident, "") for prefix in prefixes]
        if str(Word.AFFECTED) in words:
            yield f"{entry.ident:{width}}" + "".join(
                f"{_SIGNS.get(word, ' '):>3}" for word in words
            )
    failing = "".join(f"{len(prefix.failing):>3}" for prefix in prefixes)
    yield f"{'failing self-tests':{width}}{failing}"
    yield ""
    yield "x affected, . not affected, ? cannot tell here; 0 is the unmodified kernel"
    yield ""
    for number, patch in enumerate(patches, 1):
        yield f"{number:>3} {patch.subject}"


def format_page(series: str, tables: Mapping[str, tuple[Sequence[Prefix], Sequence[Patch]]]) -> str:
    """Return the page about a series: the table of each base, with its version and date.

    Args:
        series: its name.
        tables: prefixes and patches, by the name of the base.
    """
    lines = [
        f"# What each patch of `{series}` mends",
        "",
        f"    uprobekit mended --series {series} --base {next(iter(tables))}",
        "",
        "builds the kernel of every prefix of the series, runs all self-tests in it, and holds it",
        "against the [catalogue](catalogue.md). A patch has to move the entries that the model",
        "says, and no other one; and no self-test may fail after it that has not failed before.",
        "What stays is a limit, a gain that is left to another series, or a fault without a small",
        "patch: the catalogue says which.",
    ]
    for base, (prefixes, patches) in tables.items():
        versions = dict.fromkeys(prefix.version for prefix in prefixes)
        dates = sorted({prefix.date for prefix in prefixes})
        tests = dict.fromkeys(str(prefix.tests) for prefix in prefixes)
        lines += ["", f"## {base}", ""]
        lines.append(
            f"Linux {', '.join(versions)}, {' to '.join(dict.fromkeys((dates[0], dates[-1])))}; "
            f"{', '.join(tests)} self-tests."
        )
        lines += ["", *(f"    {line}".rstrip() for line in format_table(prefixes, patches))]
        missing = len(patches) + 1 - len(prefixes)
        if missing:
            lines += ["", f"The last {missing} prefixes were not run."]
    return "\n".join(lines) + "\n"
