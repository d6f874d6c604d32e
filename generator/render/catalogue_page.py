# SPDX-License-Identifier: GPL-2.0-only
"""The catalogue of faults as a page for people: docs/catalogue.md, in Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator

from generator.model.catalogue import CATALOGUE, Entry, Kind
from generator.paths import data_dir

_WIDTH = 110
_HEADS = {
    Kind.FAULT: "Faults",
    Kind.LIMIT: "Limits that need not be",
    Kind.GAIN: "Steps and waits that could be left out",
}
_INTRO = """\
# What is wrong with uprobes in the kernels that people run

    uprobekit check-kernel /boot/vmlinuz-6.1.0-50-amd64

boots that kernel in QEMU with the guest of this project, runs the self-tests, programs of
`qemu/hunted` that end alike on any machine, and a selection of the corpus: instructions that are
executed without a probe and with one. It says which of these entries the kernel has: affected, not
affected, or cannot tell here, and why; and what differs and belongs to no entry. No source, no
configuration, nothing of yours is changed. Exit status: 0 no fault, 2 affected, 3 the kernel
could not be booted, 1 it is no kernel image.

    uprobekit reproduce pushf -o DIR

writes a C file and a script that show one fault on a system that is running. It is for the entries
that say so below.

Made from `generator/model/catalogue/` by `uprobekit catalogue`; a test compares. An entry is a
cause; the self-tests that show it are in `qemu/guest`, `hunted-NAME` is a program of
`qemu/hunted`. A release stands under "seen in" or "not
in" when it was run, and nothing is said of others. The logs of those runs are in
`tests/logs/check`; a test compares these as well.
"""


def catalogue_page() -> str:
    """Return the page."""
    lines = [_INTRO]
    programs = {path.stem for path in (data_dir("qemu") / "reproduce").glob("*.c")}
    for kind in Kind:
        entries = [entry for entry in CATALOGUE if entry.kind is kind]
        lines += [f"## {_HEADS[kind]}", ""]
        if kind is Kind.FAULT:
            lines += ["| entry | what | seen in | not in | mended by |", "|---|---|---|---|---|"]
            lines += [_row(entry) for entry in entries]
            lines.append("")
        for entry in entries:
            lines += _section(entry, programs)
    return "\n".join(lines).rstrip() + "\n"


def _row(entry: Entry) -> str:
    cells = (_listed(entry.affected), _listed(entry.unaffected), _fix(entry))
    return f"| `{entry.ident}` | {entry.title} | {' | '.join(cells)} |"


def _fix(entry: Entry) -> str:
    if entry.fix is None:
        return ""
    return f"{entry.fix.commit}{', ' + entry.fix.cve if entry.fix.cve else ''}"


def _listed(releases: tuple[str, ...]) -> str:
    return ", ".join(releases)


def _section(entry: Entry, programs: Collection[str]) -> Iterator[str]:
    yield f"### {entry.ident}"
    yield ""
    yield from textwrap.wrap(f"{entry.title}. {entry.wrong}", _WIDTH)
    yield ""
    yield from textwrap.wrap(f"Who: {entry.who}", _WIDTH)
    shown = [*(f"`{test}`" for test in entry.tests), *(["the corpus"] if entry.code else [])]
    if shown:
        yield ""
        yield from textwrap.wrap(f"Shown by: {', '.join(shown)}", _WIDTH)
    if entry.ident in programs:
        yield ""
        yield f"On a running system: `uprobekit reproduce {entry.ident} -o DIR`"
    if entry.kind is not Kind.FAULT:
        yield ""
        seen, not_seen = _listed(entry.affected), _listed(entry.unaffected)
        yield f"Seen in: {seen or '-'}; not in: {not_seen or '-'}"
    if entry.note:
        yield ""
        yield from textwrap.wrap(entry.note, _WIDTH)
    yield ""
