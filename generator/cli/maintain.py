# SPDX-License-Identifier: GPL-2.0-only
"""The maintainer's desk: the series as commits in his tree, changes back from there, trailers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli.options import Options, render_source
from generator.errors import CheckFailed, UserError
from generator.paths import data_dir, ensure_dir, write_atomic
from generator.plan import find_base, find_series, plan_series

if TYPE_CHECKING:
    from generator.cli.output import Screen
    from generator.patches.importer import Imported, ImportRequest
    from generator.patches.order import Order
    from generator.patches.rename import Renaming

REJECTED = "uprobekit-import"


def program() -> Path:
    """Return the checkout whose model and templates are in use.

    Raises:
        UserError: they are those of an installed package, which nobody edits.
    """
    root = data_dir("templates").parent
    if not (root / "generator" / "model").is_dir():
        raise UserError(
            "the templates are those of an installed package",
            where=str(root),
            hint="work in a clone of uprobekit, installed with pip install -e",
        )
    return root


def apply(options: Options, *, branch: str, force: bool, checkout: bool) -> None:
    """Make a branch of the baseline and the series in the user's own repository."""
    from generator.patches.apply import apply_series, check_branch, check_out
    from generator.patches.sent import find_maintainer
    from generator.tree.acquire import find_source
    from generator.tree.series import series_commits

    screen = options.screen()
    if options.tree is None:
        raise UserError("there is no repository to make the branch in", hint="name it with --tree")
    base = find_base(options.base)
    source = find_source(base, options.area, tree=options.tree, rev=options.rev or "HEAD")
    # what is wrong with the name is said before anything is rendered
    check_branch(source.path, branch, replace=force)
    plan = plan_series(base, find_series(options.series))
    baseline = plan.series.modelled
    who = find_maintainer(options.tree)
    made = apply_series(
        series_commits(plan, source, ensure_dir(options.area)),
        source.path,
        start=source.commit,
        branch=branch,
        baseline=baseline,
        author=plan.series.author,
        signer=who,
        replace=force,
    )
    if checkout:
        check_out(source.path, branch)
    screen.result({**asdict(made), "author": str(who or ""), "checked out": checkout})
    screen.say(
        f"{options.tree}: branch {branch}: {'the baseline and ' if baseline else ''}"
        f"{len(made.commits) - baseline} patches on {made.start[:12]}; "
        f"{'checked out' if checkout else 'nothing else was touched'}"
    )
    if who is None:
        screen.warn("git does not know who you are: nobody has signed the commits")


def import_(options: Options, what: list[str], *, repo: Path | None) -> None:
    """Bring commits, ranges or diffs back into templates and model.

    Raises:
        UserError: what was named cannot be read, or was made on something else.
        CheckFailed: a part of it does not fit; that part is kept as a diff.
    """
    from generator.patches.edited import read_changes
    from generator.patches.importer import ImportRequest, import_changes
    from generator.tree.series import COVER

    screen = options.screen()
    root = program()
    source, rendered = render_source(options)
    plan = plan_series(find_base(options.base), find_series(options.series))
    place = repo or options.tree or Path.cwd()
    read = read_changes(
        what,
        repo=place,
        rendered=rendered.repo,
        plan=plan,
        program=root,
        cover=rendered.patches.get(COVER, b""),
    )
    for note in read.notes:
        screen.warn(note)
    request = ImportRequest(plan=plan, source=source, program=root, workdir=options.area)
    done = import_changes(
        read.changes,
        request,
        rendered.repo,
        tell=lambda left: screen.note(f"rendering with what was changed; {left} to go"),
    )
    by_hand = [*read.by_hand, *_order(read.orders, request, screen)]
    screen.result({"changes": [asdict(each) for each in done], "by_hand": by_hand})
    _tell(done, screen)
    _left(done, by_hand)


def _tell(done: Sequence[Imported], screen: Screen) -> None:
    """Say where each change went."""
    for each in done:
        for hunk in each.brought:
            where = f"{hunk.path}:{hunk.line}" if hunk.line else hunk.path
            # a prototype in a header comes of the definition
            lost = "DOES NOT FIT" if f"a/{hunk.path}" in each.left else "comes with the others"
            screen.say(f"{each.name}: {where}: {hunk.place or lost}")
        if each.message:
            screen.say(f"{each.name}: message: {each.message}")
        if each.layout:
            screen.say(f"{each.name}: the model breaks it into other lines:\n{each.layout}")
        if each.reason:
            screen.say(f"{each.name}: {each.reason}")
    same = [each.name for each in done if not (each.written or each.left)]
    if same:
        screen.say(f"{_first(same)}: nothing to bring in")
    for name in dict.fromkeys(name for each in done for name in each.written):
        screen.note(f"changed: {name}")


def _order(orders: Sequence[Order], request: ImportRequest, screen: Screen) -> Iterator[str]:
    """Put patches into another order; yield what cannot be done."""
    from generator.patches.order import import_order

    for order in orders:
        screen.note("rendering in the order of the commits")
        why = import_order(order, request)
        if why:
            yield from (*order.said, *why.rstrip().split("\n"))
        else:
            listed = ", ".join(order.idents)
            screen.say(f"{request.plan.series.module}: the patches {listed}, in this order")


def _first(names: Sequence[str]) -> str:
    """Return a name, or the first of several and how many there are."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _left(done: Sequence[Imported], by_hand: Sequence[str]) -> None:
    """Keep what does not fit, beside what an import before this one has kept, and say so.

    Raises:
        CheckFailed: there is something.
    """
    left = {each.name: each.left for each in done if each.left}
    text = "".join(f"# {name}\n{rest.rstrip()}\n" for name, rest in left.items())
    text += "".join(f"# {line}\n" for line in by_hand)
    if not text:
        return
    kept = next(path for path in map(Path, _rejects()) if not os.path.lexists(path))
    write_atomic(kept, text.encode("utf-8", "surrogateescape"))
    raise CheckFailed(
        f"not all fits ({', '.join(left) or 'the series'}), and this is kept:\n{text}",
        where=str(kept),
        hint="bring it into templates/ or generator/model/ by hand",
    )


def _rejects() -> Iterator[str]:
    """Yield names for what does not fit."""
    yield f"{REJECTED}.rej"
    yield from (f"{REJECTED}-{number}.rej" for number in count(2))


def rename(options: Options, old: str, new: str) -> None:
    """Rename what the series declares, everywhere.

    Raises:
        CheckFailed: something is left to do by hand.
    """
    from generator.patches import rename as renaming

    _follow(options, renaming.rename(program(), old, new))


def reorder(options: Options, function: str, parameters: list[str]) -> None:
    """Put the parameters of a function into another order, everywhere.

    Raises:
        CheckFailed: something is left to do by hand.
    """
    from generator.patches import rename as renaming

    _follow(options, renaming.reorder(program(), function, parameters))


def _follow(options: Options, done: Renaming) -> None:
    """Say what was written, and what is to be done now.

    Raises:
        CheckFailed: something is left to do by hand.
    """
    screen = options.screen()
    screen.result(asdict(done))
    for name in done.files:
        screen.note(f"changed: {name}")
    screen.say(f"{len(done.files)} files; next: make series golden picture")
    if done.by_hand:
        listed = "\n".join(done.by_hand)
        raise CheckFailed(f"left to do by hand:\n{listed}", hint="then: make series golden picture")


def trailers(options: Options, files: list[Path]) -> None:
    """Take trailers from mails into the model; without files say which there are."""
    from generator.model.trailers import TRAILERS, ordered
    from generator.patches.tags import read_tags, write_tags

    screen = options.screen()
    series = find_series(options.series)
    own = {patch.ident: patch.trailers for patch in series.patches}
    idents = tuple(own)
    names = {patch.subject: patch.ident for patch in series.patches}
    now = {ident: tuple(TRAILERS.get(ident, ())) for ident in idents}
    left: list[str] = []
    for file in files:
        tags = read_tags(file, names, series.title)
        left += tags.left
        new = {i: [t for t in rows if t not in own[i]] for i, rows in tags.found.items()}
        now = {ident: ordered((*rows, *new.get(ident, ()))) for ident, rows in now.items()}
    added = {i: [t for t in rows if t not in TRAILERS.get(i, ())] for i, rows in now.items()}
    if any(added.values()):
        write_tags(program() / "generator" / "model" / "trailers.py", {**TRAILERS, **now})
    screen.result(
        {
            "trailers": {ident: [str(t) for t in rows] for ident, rows in now.items()},
            "added": {ident: [str(t) for t in rows] for ident, rows in added.items() if rows},
            "left out": left,
        }
    )
    for ident, rows in now.items():
        for trailer in rows:
            screen.say(f"{'+' if trailer in added[ident] else ' '} {ident:14} {trailer}")
    for row in left:
        screen.warn(f"left out: {row}")
    if files and not any(added.values()):
        screen.say("nothing new")
