# SPDX-License-Identifier: GPL-2.0-only
"""Check every point of the review on the rendered tip, and say where the evidence is.

Looks at the text of the tip, at the patches, and at the functions and members that stand there; of
the model it takes the names only. No point passes without evidence: a file and a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator import csource
from generator.checks.marks import find_marks
from generator.checks.review import code, history, wording
from generator.checks.review.look import Look, Series
from generator.model.edits import RenameMember
from generator.model.files import ARCH, CORE
from generator.model.guards import GUARDS
from generator.model.review import RULES, Rule
from generator.plan import Plan
from generator.tree.brought import brought_functions


@dataclass(frozen=True, kw_only=True)
class Point:
    """The verdict on one rule.

    Attributes:
        rule: the rule.
        patches: subjects of the patches that answer it.
        evidence: ``file:line`` of what shows it.
        problems: what is not as asked for; empty is good.
    """

    rule: Rule
    patches: tuple[str, ...]
    evidence: tuple[str, ...]
    problems: tuple[str, ...]


CHECKS = code.CHECKS | history.CHECKS | wording.CHECKS


def check_review(
    plan: Plan,
    tip: Mapping[str, str],
    patches: Mapping[str, bytes],
    rules: Sequence[Rule] = RULES,
) -> tuple[Point, ...]:
    """Check the rules.

    Args:
        plan: the series for its base.
        tip: the files that the series touches, as the last patch leaves them.
        patches: the mail form, by file name.
        rules: those that are checked; by default all.
    """
    series = Series(
        tip=tip,
        patches=tuple(
            patches[name].decode(errors="replace")
            for name in sorted(patches)
            if not name.startswith("0000-")
        ),
        names=plan.base.names,
        marks=tuple(
            mark
            for guard in GUARDS
            for mark in find_marks(plan.base.name)
            if guard.review == "R20" and (mark.kind, mark.name) == ("guard", guard.name)
        ),
        macros=frozenset(
            path
            for planned in plan.patches
            for edit in planned.edits
            if isinstance(edit, RenameMember)
            for path in edit.also
        ),
        functions=tuple(_functions(plan, tip)),
    )
    return tuple(_check(rule, series, plan) for rule in rules)


def _functions(plan: Plan, tip: Mapping[str, str]) -> Iterator[tuple[str, csource.Function]]:
    """Yield what the series defines, but for what later kernels have."""
    for name, brought in brought_functions(plan).items():
        for path in () if brought.stands_in else (CORE, ARCH):
            if found := csource.find_function(tip[path], name):
                yield path, found


def _check(rule: Rule, series: Series, plan: Plan) -> Point:
    look = Look(series)
    CHECKS[rule.ident](look)
    evidence = tuple(dict.fromkeys(look.evidence))
    if not evidence:
        look.problems.append("there is no evidence")
    return Point(
        rule=rule,
        patches=tuple(
            planned.patch.subject for planned in plan.patches if rule.ident in planned.patch.review
        ),
        evidence=evidence,
        problems=tuple(dict.fromkeys(look.problems)),
    )
