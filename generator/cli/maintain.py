# SPDX-License-Identifier: GPL-2.0-only
"""The maintainer's desk: the series as commits in his tree, changes back from there, trailers."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from generator.cli.options import Options, render_source
from generator.errors import CheckFailed, UserError
from generator.paths import data_dir, ensure_dir, write_atomic
from generator.plan import all_bases, find_base, find_series, plan_series

REJECTED = "uprobekit-import.rej"


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
    from generator.patches.apply import apply_series, check_out
    from generator.patches.sent import find_maintainer
    from generator.tree.acquire import find_source
    from generator.tree.series import series_commits

    screen = options.screen()
    if options.tree is None:
        raise UserError("there is no repository to make the branch in", hint="name it with --tree")
    base = find_base(options.base)
    source = find_source(base, options.area, tree=options.tree, rev=options.rev or "HEAD")
    plan = plan_series(base, find_series(options.series))
    who = find_maintainer(options.tree)
    made = apply_series(
        series_commits(plan, source, ensure_dir(options.area)),
        source.path,
        start=source.commit,
        branch=branch,
        author=plan.series.author,
        signer=who,
        replace=force,
    )
    if checkout:
        check_out(source.path, branch)
    screen.result({**asdict(made), "author": str(who or ""), "checked out": checkout})
    screen.say(
        f"{options.tree}: branch {branch}: the baseline and {len(made.commits) - 1} patches on "
        f"{made.start[:12]}; {'checked out' if checkout else 'nothing else was touched'}"
    )
    if who is None:
        screen.warn("git does not know who you are: nobody has signed the commits")


def import_(options: Options, what: list[str], *, repo: Path | None) -> None:
    """Bring commits, ranges or diffs back into templates and model.

    Raises:
        UserError: what was named cannot be read, or was made on something else.
        CheckFailed: a part of it does not fit; that part is kept as a diff.
    """
    from generator.patches.importer import ImportRequest, import_change, read_changes

    screen = options.screen()
    root = program()
    source, rendered = render_source(options)
    plan = plan_series(find_base(options.base), find_series(options.series))
    place = repo or options.tree or Path.cwd()
    changes = read_changes(what, repo=place, rendered=rendered.repo, plan=plan)
    request = ImportRequest(plan=plan, source=source, program=root, workdir=options.area)
    done = import_change(changes[0], request, rendered.repo)
    screen.result(asdict(done))
    for hunk in done.brought:
        screen.say(f"{hunk.path}:{hunk.line}: {hunk.place or 'DOES NOT FIT'}")
    if done.message:
        screen.say(f"{done.name}: message: {done.message}")
    if not done.written and not done.left:
        screen.say(f"{done.name}: nothing to bring in")
    for name in done.written:
        screen.note(f"changed: {name}")
    if done.left:
        _reject(done.name, done.left, [change.name for change in changes[1:]])
    if len(changes) > 1:
        _others(options, [change.name for change in changes[1:]], place)


def _reject(name: str, left: str, after: list[str]) -> None:
    """Keep what does not fit, and say so; changes ``after`` it have not been looked at.

    Raises:
        CheckFailed: always.
    """
    write_atomic(Path(REJECTED), left.encode("utf-8", "surrogateescape"))
    waiting = f"\nnot looked at: {', '.join(after)}" if after else ""
    raise CheckFailed(
        f"a part of {name} does not fit, and is kept:\n{left}{waiting}",
        where=REJECTED,
        hint="bring it into templates/ or generator/model/ by hand",
    )


def _others(options: Options, names: list[str], repo: Path) -> None:
    """Bring the next change in by a process that reads the model as it is now.

    Raises:
        CheckFailed: it does not fit.
    """
    command = [sys.executable, "-m", "generator", "import", "--base", options.base]
    command += ["--series", options.series, "--repo", str(repo)]
    command += ["--tree", str(options.tree)] if options.tree else []
    command += ["--rev", options.rev] if options.rev else []
    command += ["--workdir", str(options.area), *(["--quiet"] if options.quiet else [])]
    path = f"{program()}:{os.environ.get('PYTHONPATH', '')}".rstrip(":")
    done = subprocess.run([*command, *names], check=False, env={**os.environ, "PYTHONPATH": path})
    if done.returncode:
        raise CheckFailed(f"not all of {', '.join(names)} fits")


def trailers(options: Options, files: list[Path]) -> None:
    """Take trailers from mails into the model; without files say which there are."""
    from generator.model.trailers import TRAILERS, ordered
    from generator.patches.tags import read_tags, write_tags
    from generator.render.env import Scope, Templates

    screen = options.screen()
    series = find_series(options.series)
    idents = tuple(patch.ident for patch in series.patches)
    names: dict[str, str] = {}
    for each in all_bases():
        templates = Templates(Scope(base=each, patches=idents))
        names |= {templates.text(patch.subject): patch.ident for patch in series.patches}
    now = {ident: tuple(TRAILERS.get(ident, ())) for ident in idents}
    left: list[str] = []
    for file in files:
        tags = read_tags(file, names, series.title)
        left += tags.left
        now = {ident: ordered((*rows, *tags.found.get(ident, ()))) for ident, rows in now.items()}
    added = {i: [t for t in rows if t not in TRAILERS.get(i, ())] for i, rows in now.items()}
    if any(added.values()):
        write_tags(program() / "generator" / "model" / "trailers.py", now)
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
