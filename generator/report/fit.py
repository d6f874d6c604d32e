# SPDX-License-Identifier: GPL-2.0-only
"""What of a base does not hold in a tree of another version, as a list to work through."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

from generator.checks.port.item import Item, Work
from generator.checks.port.progress import Started
from generator.checks.port.survey import Survey
from generator.text import clean_text

_TITLES = {
    Work.WRITE: "C of the series, or the model, has to change",
    Work.DECIDE: "To be decided: take out, keep, or call",
    Work.PLACE: "Edits that need another place",
    Work.NAME: "Names and words of the base's module",
}


def format_survey(survey: Survey) -> str:
    """Return the list: a box for everything that does not hold, a count for what does."""
    lost = sum(bool(trial.problem) for trial in survey.trials)
    rows = [
        f"Linux {survey.version}, tried with the data of the base {survey.like}",
        f"{len(survey.trials) - lost} of {len(survey.trials)} edits hold; "
        + ", ".join(_counts(survey)),
    ]
    if survey.compared:
        rows.append(f"types and callers were compared with Linux {survey.compared}")
    else:
        rows.append(
            "types of the kernel's own functions and members, and callers: NOT COMPARED, "
            "--like-tree names a known source to compare with"
        )
    for work in Work:
        items = [item for item in survey.items if item.work == work]
        if items:
            rows += ["", f"{_TITLES[work]}: {len(items)}", *_items(items)]
    rows += ["", "Facts of base.has, and what they decide:", *_facts(survey)]
    return "".join(f"{clean_text(row)}\n" for row in rows)


def _counts(survey: Survey) -> Iterator[str]:
    for kind, title in (("function", "calls"), ("member", "members"), ("constant", "constants")):
        uses = [use for use in survey.uses if use.kind == kind]
        yield f"{sum(not use.problem for use in uses)} of {len(uses)} {title} do"


def _items(items: list[Item]) -> Iterator[str]:
    """Yield an item each; those of one file with one reason together."""
    for (where, problem), group in groupby(items, key=lambda item: (item.where, item.problem)):
        same = list(group)
        if len(same) > 1:
            yield f"  [ ] {where}: {len(same)} of them: {problem}"
            yield from (f"        {item.name}" for item in same)
        else:
            yield f"  [ ] {where}: {same[0].name}: {problem}"
        if same[0].like:
            yield f"      there: {same[0].like}"
        if same[0].used:
            yield f"      here: {', '.join(same[0].used)}"


def _facts(survey: Survey) -> Iterator[str]:
    for fact in survey.facts:
        box = "[ ]" if fact.said != fact.shown else "   "
        said = "said" if fact.said else "not said"
        shown = "shown" if fact.shown else "not shown"
        yield (
            f"  {box} {fact.fact}: {said}, {shown} ({fact.where}); "
            f"decides {len(fact.decides)} places"
        )


def format_steps(steps: tuple[tuple[str, str], ...], *, width: int = 98) -> str:
    """Return the steps that make a base, numbered, as CONTRIBUTING.md has them."""
    rows = []
    for number, (command, text) in enumerate(steps, 1):
        mark = f"{number}. "
        words = f"`{command}`  \n{text}" if command else text
        first, *rest = words.split("\n")
        body = textwrap.wrap(rest[0] if rest else first, width - len(mark), break_long_words=False)
        lines = [first, *body] if rest else body
        rows += [mark + lines[0], *(" " * len(mark) + line for line in lines[1:])]
    return "".join(f"{clean_text(row)}\n" for row in rows)


def format_started(started: Started) -> str:
    """Return how far a base is."""
    name = started.base
    renders = f"yes, {started.patches} patches" if started.renders else f"no: {started.why}"
    boots = started.booted or f"not tried: uprobekit qemu-test --base {name} --tree DIR --peer"
    rows = [
        f"{name} is in generator/model/bases/{started.module}",
        f"  undecided: {started.undecided}",
        f"  renders:   {renders}",
        *_compiled(started),
        f"  boots:     {boots}",
    ]
    return "".join(f"{clean_text(row)}\n" for row in rows)


def _compiled(started: Started) -> Iterator[str]:
    """Yield what became of the touched objects."""
    made = started.compiled
    if not made:
        yield "  compiles:  not tried: --compile, or uprobekit matrix --only prefix-on"
    elif made.problems:
        yield f"  compiles:  no, {len(made.problems)} problems in {made.prefixes} prefixes"
        yield from (f"    {problem}" for problem in made.problems)
    else:
        yield f"  compiles:  yes, {made.prefixes} prefixes, {made.objects} objects each"
