# SPDX-License-Identifier: GPL-2.0-only
"""What of a base holds in a tree of another version, as a list to work through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from generator.checks.port.fit import Trial
from generator.checks.port.uses import Use
from generator.text import clean_text

_KINDS = {
    "fact": "facts of base.has",
    "function": "functions and macros that the C calls",
    "member": "members that the C reads",
    "constant": "constants that the C names",
}


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How the data of a base fits a tree.

    Args:
        version: of the tree.
        like: the base whose data was tried.
        trials: its edits.
        uses: what its C asks for, and its facts.
    """

    version: str
    like: str
    trials: tuple[Trial, ...]
    uses: tuple[Use, ...]

    @property
    def problems(self) -> int:
        """How many do not hold."""
        edits = sum(bool(trial.problem) for trial in self.trials)
        return edits + sum(bool(use.problem) for use in self.uses)


def format_fit(fit: Fit) -> str:
    """Return the list: a box for everything that does not hold, a count for what does."""
    rows = [f"Linux {fit.version}, tried with the data of the base {fit.like}"]
    for step, trials in groupby(fit.trials, key=lambda trial: trial.step):
        rows += ["", *_step(step, list(trials))]
    for kind, title in _KINDS.items():
        uses = [use for use in fit.uses if use.kind == kind]
        lost = [use for use in uses if use.problem]
        rows += ["", f"{title}: {len(uses) - len(lost)} of {len(uses)} hold"]
        rows += [f"  [ ] {use.name} ({use.where}): {use.problem}" for use in lost]
    return "".join(f"{clean_text(row)}\n" for row in rows)


def _step(step: str, trials: list[Trial]) -> Iterator[str]:
    lost = [trial for trial in trials if trial.problem]
    yield f"{step}: {len(trials) - len(lost)} of {len(trials)} edits hold"
    for (path, problem), same in groupby(lost, key=lambda trial: (trial.path, trial.problem)):
        edits = list(same)
        first = edits[0]
        if len(edits) > 1:
            yield f"  [ ] #{first.number} to #{edits[-1].number} {path}: {len(edits)} edits"
        else:
            follows = ", ".join(f"#{number}" for number in first.perhaps)
            perhaps = f" (perhaps because of {follows})" if follows else ""
            yield f"  [ ] #{first.number} {path}: {first.what}{perhaps}"
        yield f"      {problem.removeprefix(f'{path}: ')}"
