# SPDX-License-Identifier: GPL-2.0-only
"""Compare two renderings on three levels: the interface, the patches, the tree."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from generator.tree.git_env import git_environment
from generator.tree.mail import PatchSeries
from generator.tree.sparse import Replay, replay_series, share_knowledge
from generator.verify.change.facts import read_facts
from generator.verify.change.interface import Change, compare_interfaces
from generator.verify.change.pairs import Pair, TreeChange, compare_patches
from generator.verify.change.sides import Side

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
    """

    before: str
    after: str
    interface: tuple[Change, ...]
    patches: tuple[Pair, ...]
    tree: TreeChange
    remarks: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Nothing differs on any level."""
        patches = all(pair.sign == SAME for pair in self.patches)
        return patches and not self.interface and not self.tree.text


def compare_sides(before: Side, after: Side, *, workdir: Path) -> SeriesDiff:
    """Compare two sides.

    Args:
        before: a side.
        after: the other one.
        workdir: the work area; a baseline that was rendered there makes the comparison whole.

    Raises:
        UserError: the patches of a side do not fit each other.
        InfraError: git fails.
    """
    sides = (before.patches, after.patches)
    replays = (_replay(before.patches, workdir), _replay(after.patches, workdir))
    known = share_knowledge(*replays) if _shared(sides) else None
    replays = known or replays
    patches, tree = compare_patches(sides, replays, shared=known is not None)
    models = (before.model, after.model) if before.model and after.model else None
    remarks = []
    if not models:
        remarks.append(
            "reasons, states and points of the review are not compared: "
            "that takes a model on both sides, and patches have none"
        )
    if not tree.whole:
        remarks.append("the baselines differ: of the trees, the lines of the series are compared")
    return SeriesDiff(
        before=before.name,
        after=after.name,
        interface=compare_interfaces(
            read_facts(replays[0].tip), read_facts(replays[1].tip), models
        ),
        patches=patches,
        tree=tree,
        remarks=tuple(remarks),
    )


def _shared(sides: tuple[PatchSeries, PatchSeries]) -> bool:
    """Tell whether both may be on the same baseline, as far as their manifests say."""
    names = {side.manifest["baseline"] for side in sides if "baseline" in side.manifest}
    return len(names) <= 1


def _replay(series: PatchSeries, workdir: Path) -> Replay:
    """Apply a series to its baseline if the work area has it, or else to nothing."""
    tree = series.manifest.get("baseline", "")
    paths = {change.path for mail in series.mails for change in mail.files}
    for repo in sorted(workdir.glob("*/repo.git")) if tree else ():
        files = _load(repo, tree, paths)
        if files is not None:
            return replay_series(series, files)
    return replay_series(series)


def _load(repo: Path, tree: str, paths: Iterable[str]) -> dict[str, str] | None:
    """Return files of a tree object; None when the repository does not have it."""
    names = sorted(paths)
    lines = [f"{tree}^{{tree}}", *(f"{tree}:{name}" for name in names)]
    try:
        done = subprocess.run(
            ["git", "-C", str(repo), "cat-file", "--batch"],
            input="".join(f"{line}\n" for line in lines).encode(),
            capture_output=True,
            check=False,
            env=git_environment(isolated=True),
        )
    except OSError:
        return None
    found: list[bytes | None] = []
    rest = done.stdout
    for _ in lines:
        head, _, rest = rest.partition(b"\n")
        words = head.split()
        if len(words) != 3:
            found.append(None)
            continue
        size = int(words[2])
        found.append(rest[:size])
        rest = rest[size + 1 :]
    if found[0] is None:
        return None
    return {
        name: data.decode("utf-8", "surrogateescape")
        for name, data in zip(names, found[1:], strict=True)
        if data is not None
    }
