# SPDX-License-Identifier: GPL-2.0-only
"""The catalogue: what is wrong with uprobes in kernels that people run, and which tests show it.

An entry is a cause, not a test: its self-tests fail for the same reason. ``uprobekit check-kernel``
boots a kernel and says of each entry whether it is affected; ``docs/catalogue.md`` is made from
here. Of a release nothing is said that was not run: the runs are kept in ``tests/logs/check``, and
``seen`` is made from them.
"""

from __future__ import annotations

from dataclasses import replace

from generator.model.catalogue.faults import FAULTS
from generator.model.catalogue.kinds import Entry, Fix, Kind
from generator.model.catalogue.others import GAINS, LIMITS
from generator.model.catalogue.seen import AFFECTED, UNAFFECTED

CATALOGUE: tuple[Entry, ...] = tuple(
    replace(
        entry,
        affected=AFFECTED.get(entry.ident, ()),
        unaffected=UNAFFECTED.get(entry.ident, ()),
    )
    for entry in (*FAULTS, *LIMITS, *GAINS)
)
"""All entries, with the releases that were run; of each kind the gravest first."""

CONTROLS = ("mov", "hits-xol-10000")
"""Where one of these fails, probes do not work as such, and no other test shows anything."""

_ABIS = ("m32-", "x32-")

MIXED = {
    "edge-page": ("pushf", "refused-lock"),
    "task-random-64": ("pushf",),
    "task-random-x32": ("pushf",),
}
"""Tests that fail for the reasons of several entries, which have tests of their own."""

__all__ = [
    "CATALOGUE",
    "CONTROLS",
    "MIXED",
    "Entry",
    "Fix",
    "Kind",
    "plain_name",
    "tests_of",
]


def plain_name(test: str) -> str:
    """Return the name of a self-test without that of its ABI."""
    for abi in _ABIS:
        test = test.removeprefix(abi)
    return test


def tests_of(entry: Entry, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of ``names``, of any ABI, that show an entry."""
    return tuple(name for name in names if plain_name(name) in entry.tests)
