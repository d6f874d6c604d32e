# SPDX-License-Identifier: GPL-2.0-only
"""What an entry of the catalogue is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an entry is about."""

    FAULT = "fault"
    """Something goes wrong for somebody who uses a probe, or whose program is probed."""
    LIMIT = "limit"
    """Something cannot be probed that could be, or is said badly; no program is harmed."""
    GAIN = "gain"
    """A step or a wait that could be left out: something could take less time."""


@dataclass(frozen=True, kw_only=True)
class Fix:
    """What mended a fault in the kernel.

    Attributes:
        commit: the beginning of its id in Linus Torvalds' tree.
        title: how it calls itself; "" where that was not read.
        cve: its number, where there is one.
    """

    commit: str
    title: str = ""
    cve: str = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry.

    Attributes:
        ident: its name: lower-case words and dashes, stable.
        title: a few words.
        wrong: what goes wrong, in sentences.
        who: who meets it, in a sentence.
        tests: the self-tests and the hunted programs that fail, without the prefix of their ABI.
        code: the instructions of the corpus that differ, and in what: a regular expression for
            ``BYTES: WHAT``, as the guest says it. What an entry before has claimed is not of this.
        says: what the kernel complains of meanwhile, a regular expression; "": nothing.
        silent: a test that fails shows it, whatever the kernel says; False: only ``says`` does, and
            in any test.
        hangs: a test that does not end shows it; else that says nothing: a machine may be slow.
        kind: what it is about.
        affected: releases that were run and have it.
        unaffected: releases that were run and do not have it.
        fix: what mended it, where that is known for certain.
        note: more about it, such as where else it was seen; a sentence.
    """

    ident: str
    title: str
    wrong: str
    who: str
    tests: tuple[str, ...] = ()
    code: str = ""
    says: str = ""
    silent: bool = True
    hangs: bool = False
    kind: Kind = Kind.FAULT
    affected: tuple[str, ...] = ()
    unaffected: tuple[str, ...] = ()
    fix: Fix | None = None
    note: str = ""
