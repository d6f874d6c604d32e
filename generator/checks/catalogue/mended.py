# SPDX-License-Identifier: GPL-2.0-only
"""What each patch of a series mends: the catalogue, held against the kernel of every prefix.

A patch has to move the entries that the model says it mends from affected to not affected, and no
other one; and no self-test may fail after it that has not failed before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.checks.catalogue.judge import Word
from generator.checks.catalogue.run import Checked
from generator.errors import InfraError
from generator.model.catalogue import CATALOGUE, Entry, Kind, plain_name
from generator.model.series import Patch


@dataclass(frozen=True, kw_only=True)
class Prefix:
    """What was seen of the kernel with the first patches of a series.

    Attributes:
        number: how many patches it has; 0 is the unmodified kernel.
        tree: digest of the files in which it differs from the unmodified tree.
        guest: digest of the self-tests' archive.
        version: the kernel's release.
        tests: how many self-tests reported.
        words: the verdict on each entry of the catalogue, by its name.
        failing: the self-tests that fail.
        date: of the boot, as in ISO 8601.
    """

    number: int = 0
    tree: str = ""
    guest: str = ""
    version: str
    tests: int
    words: Mapping[str, str]
    failing: tuple[str, ...]
    date: str


def digest_files(base: Mapping[str, str], files: Mapping[str, str]) -> str:
    """Return a digest of the files that are not as in the base, or not there any more.

    Args:
        base: git's id of each file of the unmodified tree, by path.
        files: the same of a prefix.
    """
    differ = sorted(set(base.items()) ^ set(files.items()))
    return hashlib.sha256(repr(differ).encode()).hexdigest()[:12]


def read_prefix(checked: Checked, *, date: str) -> Prefix:
    """Return what a check of a prefix's kernel says; of which prefix, the caller knows.

    Raises:
        InfraError: tests have not run. What was kept of such a boot would be believed later.
    """
    if checked.missing:
        raise InfraError(
            f"{len(checked.missing)} self-tests have not run, the first is {checked.missing[0]}",
            where=checked.image,
            hint="on a busy machine a boot needs more time: --timeout",
        )
    failing = {found.test for verdict in checked.verdicts for found in verdict.evidence}
    failing |= {failed.test for failed in checked.unexplained}
    return Prefix(
        version=checked.version,
        tests=checked.tests,
        words={verdict.ident: str(verdict.word) for verdict in checked.verdicts},
        failing=tuple(sorted(failing)),
        date=date,
    )


def moved(before: Prefix, after: Prefix) -> tuple[str, ...]:
    """Return the entries that are affected in one prefix and not in the other, in their order."""
    return tuple(
        entry.ident
        for entry in CATALOGUE
        if before.words.get(entry.ident) == Word.AFFECTED
        and after.words.get(entry.ident) == Word.NOT_AFFECTED
    )


def judge_prefixes(prefixes: Sequence[Prefix], patches: Sequence[Patch]) -> tuple[str, ...]:
    """Return what is wrong with the patches, a sentence each.

    Args:
        prefixes: one after the other, from the unmodified kernel; the last may be missing.
        patches: all of the series, in their order.
    """
    return tuple(
        f"patch {after.number}: {problem}"
        for before, after, patch in zip(prefixes, prefixes[1:], patches, strict=False)
        for problem in _problems(before, after, patch)
    )


def _problems(before: Prefix, after: Prefix, patch: Patch) -> Iterator[str]:
    mended = moved(before, after)
    for ident in patch.mends:
        if ident not in mended:
            yield (
                f"{ident} is {before.words.get(ident, 'not looked at')} before it, "
                f"{after.words.get(ident, 'not looked at')} after it"
            )
    for entry in CATALOGUE:
        # One without tests of its own tells what comes of others: that the kernel dies.
        if entry.ident in mended and entry.ident not in patch.mends and (entry.tests or entry.code):
            yield f"{entry.ident} is mended by it, which the model does not say"
        now = after.words.get(entry.ident)
        if now == Word.AFFECTED != before.words.get(entry.ident) and entry.kind is not Kind.GAIN:
            yield f"the kernel has {entry.ident} from it on"
    shown = {test for entry in _still(before, after) for test in entry.tests}
    new = sorted(
        test for test in set(after.failing) - set(before.failing) if plain_name(test) not in shown
    )
    if new:
        yield f"self-tests fail from it on: {', '.join(new)}"


def _still(before: Prefix, after: Prefix) -> Iterator[Entry]:
    """Yield the entries that both have: tests that show one may pass now and then."""
    for entry in CATALOGUE:
        if before.words.get(entry.ident) == after.words.get(entry.ident) == Word.AFFECTED:
            yield entry
