# SPDX-License-Identifier: GPL-2.0-only
"""Compare two renderings on three levels: the interface, the patches, the tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from functools import partial

from generator.later import Later
from generator.patches.change.facts import add_bodies
from generator.patches.change.interface import Change, compare_interfaces
from generator.patches.change.pairs import Pair, TreeChange, compare_patches
from generator.patches.change.sides import Side
from generator.patches.mail import PatchSeries
from generator.patches.partial import replay_series, share_knowledge
from generator.tree.facts import FILE_NAME

SAME = "="


@dataclass(frozen=True, kw_only=True)
class SeriesDiff:
    """What changed from one side to the other.

    Attributes:
        before, after: names of the sides.
        interface: what a reviewer has to know.
        patches: pairs, in the order of git range-diff.
        tree: the tips against each other.
        remarks: what could not be compared, and why.
        cover: how the text of the cover letters differs, as a diff; "" where it does not.
    """

    before: str
    after: str
    interface: tuple[Change, ...]
    patches: tuple[Pair, ...]
    tree: TreeChange
    remarks: tuple[str, ...]
    cover: str = ""

    @property
    def same(self) -> bool:
        """Nothing differs on any level."""
        patches = all(pair.sign == SAME and not pair.moved for pair in self.patches)
        return patches and not (self.interface or self.tree.text or self.cover)


def compare_sides(before: Side, after: Side) -> SeriesDiff:
    """Compare two sides: their patches and models alone, whatever else is on the machine.

    Args:
        before: a side.
        after: the other one.

    Raises:
        UserError: the patches of a side do not fit each other.
        InfraError: git fails.
    """
    if not (before.patches.mails and after.patches.mails):
        return _compare_listings(before, after)
    sides = (before.patches, after.patches)
    replays = (replay_series(before.patches), replay_series(after.patches))
    known = share_knowledge(*replays) if _shared(sides) else None
    replays = known or replays
    # git, of which that is the most, works beside us
    paired = Later(partial(compare_patches, sides, replays, shared=known is not None))
    facts = [
        add_bodies(side.patches.interface, replay.tip)
        for side, replay in zip((before, after), replays, strict=True)
        if side.patches.interface
    ]
    interface = compare_interfaces(*facts) if len(facts) == len(sides) else ()
    patches, tree = paired.result()
    remarks = list(_remarks(before, after))
    if not tree.whole:
        remarks.append("the baselines differ, so the trees are not compared")
    return SeriesDiff(
        before=before.name,
        after=after.name,
        interface=interface,
        patches=patches,
        tree=tree,
        remarks=tuple(remarks),
        cover=_cover(before.patches, after.patches),
    )


def _compare_listings(before: Side, after: Side) -> SeriesDiff:
    """Compare the interfaces, where of a side nothing else is there."""
    facts = [side.patches.interface for side in (before, after) if side.patches.interface]
    alone = [side.name for side in (before, after) if not side.patches.mails]
    said = f"{' and '.join(alone)}: the interface alone, so patches and trees are not compared"
    return SeriesDiff(
        before=before.name,
        after=after.name,
        interface=compare_interfaces(*facts) if len(facts) == 2 else (),
        patches=(),
        tree=TreeChange(whole=False, text=""),
        remarks=(said, *_remarks(before, after)),
    )


def _remarks(*sides: Side) -> Iterator[str]:
    for side in sides:
        if not side.patches.interface:
            yield (
                f"{side.name} has no {FILE_NAME}, which uprobekit render writes: "
                "the interface is not compared"
            )
        elif side.patches.edited:
            yield f"{side.name}: patches were edited after {FILE_NAME} was written"


def _shared(sides: tuple[PatchSeries, PatchSeries]) -> bool:
    """Tell whether both may be on the same baseline, as far as their manifests say."""
    names = {side.manifest["baseline"] for side in sides if "baseline" in side.manifest}
    return len(names) <= 1


_GENERATED = re.compile(
    r"^(?:Changes since v\d+:|How it is proved:|Not run on these patches:|[^\n]+ \(\d+\):\n {2}\S"
    r"|base-commit: |change-id: )",
    re.M,
)
"""Where the part of a cover letter begins that is made anew each time."""


def _cover(before: PatchSeries, after: PatchSeries) -> str:
    """Return how the cover letters differ, as far as somebody has written them."""
    if not (before.cover and after.cover):
        return ""
    first, second = (
        [mail.subject, "", *_GENERATED.split(mail.body, maxsplit=1)[0].rstrip().split("\n")]
        for mail in (before.cover, after.cover)
    )
    # without the two lines that name files
    return "\n".join([*unified_diff(first, second, lineterm="", n=1)][2:])
