# SPDX-License-Identifier: GPL-2.0-only
"""Bring what somebody has changed on top of the rendered patches into templates and model.

Each change is brought into a copy of the program; a process of its own, which reads that copy,
renders it once, says what then is not as it was edited, and brings the next change in. What does
not fit is handed back as a diff.
"""

from __future__ import annotations

import difflib
import os
import pickle
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator.errors import ExitCode, InfraError, UserError
from generator.patches.bring import Brought, bring_file
from generator.patches.changes import Change
from generator.patches.draft import Draft
from generator.patches.message import bring_message, left_message
from generator.patches.reading import Repository, merge, prefix_ref
from generator.paths import ensure_dir, write_atomic
from generator.plan import Plan, find_base, find_series, plan_series
from generator.render.env import Scope
from generator.tree.acquire import Source, find_source
from generator.tree.series import prefix_tree, render_series


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of a change.

    Attributes:
        name: of the change.
        brought: each hunk, and where it went.
        message: the place of a changed message, "" when there was none.
        left: what does not fit, as a diff of the rendered against the edited files; "" for nothing.
        written: the files of the program that were changed.
        reason: why nothing of it was brought in, "" where that is not so.
    """

    name: str
    brought: tuple[Brought, ...] = ()
    message: str = ""
    left: str = ""
    written: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """What changes are brought into.

    Attributes:
        plan, source: what is rendered.
        program: the checkout whose templates and model are changed.
        workdir: the work area; what the headers declare is taken from there.
    """

    plan: Plan
    source: Source
    program: Path
    workdir: Path


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far an import is: what a process is given, and what it hands on.

    Attributes:
        changes: those that are still to be brought in.
        pending: one that is in the copy, and has not been rendered: ``Imported`` as it would be.
        change: that one.
        wanted: the files as they should come out, at the prefix of the change.
        at_tip: the same after the last patch; without those where later patches decide.
        done: what became of those before.
    """

    changes: tuple[Change, ...]
    pending: Imported | None = None
    change: Change | None = None
    wanted: Mapping[str, str]
    at_tip: Mapping[str, str]
    done: tuple[Imported, ...] = ()


def import_changes(
    changes: Sequence[Change],
    request: ImportRequest,
    rendered: Path,
    *,
    tell: Callable[[int], None] = lambda left: None,
) -> tuple[Imported, ...]:
    """Bring changes into the program's files, one after the other.

    Args:
        changes: what was edited, in their order.
        request: what it is brought into.
        rendered: our repository, rendered from the program as it is.
        tell: is called before each rendering, with how many changes are left.

    Raises:
        UserError: a change cannot stand in a template; nothing of it was written.
        InfraError: a process fails.
    """
    for change in changes:
        _check_utf8(change)
    with tempfile.TemporaryDirectory() as place:
        draft = Draft.of(request.program, Path(place), request.plan.base.name)
        step = Step(changes=tuple(changes), wanted={}, at_tip={})
        step = bring_next(step, request, draft, Repository(rendered))
        while step.pending or step.changes:
            tell(len(step.changes) + bool(step.pending))
            step = _in_process(step, request, Path(place))
    return step.done


def bring_next(step: Step, request: ImportRequest, draft: Draft, ours: Repository) -> Step:
    """Bring changes into the draft until one has changed it; that one is pending afterwards."""
    changes, done = list(step.changes), list(step.done)
    while changes:
        change = changes.pop(0)
        files, lost = _wanted(change, request.plan, ours)
        known = _contents(draft.root)
        brought, message = _bring(change, files, request, draft, ours)
        now = _contents(draft.root)
        written = tuple(sorted(name for name in now if now[name] != known.get(name)))
        if not written:
            left = change.outside + lost + _unfit(change, files, request.plan, ours)
            done.append(Imported(name=change.name, brought=tuple(brought), left=left))
            continue
        pending = Imported(
            name=change.name,
            brought=tuple(brought),
            message=message,
            left=change.outside + lost,
            written=written,
        )
        last = prefix_ref(request.plan, len(request.plan.patches))
        ref = prefix_ref(request.plan, change.number)
        at_tip: dict[str, str] = {}
        for path, text in files.items() if not changes and ref != last else ():
            carried = merge(ours.file(last, path) or "", ours.file(ref, path) or "", text)
            at_tip |= {path: carried} if carried is not None else {}
        return Step(
            changes=tuple(changes),
            pending=pending,
            change=change,
            wanted=files,
            at_tip=at_tip,
            done=tuple(done),
        )
    return Step(changes=(), wanted={}, at_tip={}, done=tuple(done))


def _wanted(change: Change, plan: Plan, ours: Repository) -> tuple[dict[str, str], str]:
    """Return the files as they should be rendered, and as a diff what cannot be put together.

    Where the change was made on other files than ours, what it changes is carried to ours.
    """
    found: dict[str, str] = {}
    lost = ""
    ref = prefix_ref(plan, change.number)
    for path, text in change.files.items():
        before = change.before.get(path)
        below = ours.file(prefix_ref(plan, change.on), path)
        carried: str | None = text
        if before != below:
            there = before is not None and below is not None
            carried = merge(text, before or "", below or "") if there else None
        if carried is None or ours.file(ref, path) is None:
            lost += _difference(path, before or "", text)
        elif carried != ours.file(ref, path):
            found[path] = carried
    return found, lost


def _bring(
    change: Change,
    files: Mapping[str, str],
    request: ImportRequest,
    draft: Draft,
    ours: Repository,
) -> tuple[list[Brought], str]:
    """Bring one change into the draft; return its hunks, and the place of its message."""
    plan = request.plan
    patches = plan.patches[: change.number]
    scope = Scope(base=plan.base, patches=tuple(p.patch.ident for p in patches))
    message, brought = "", []
    if change.subject is not None:
        patch = plan.patches[change.number - 1].patch
        message = bring_message(draft, patch, scope, change.subject, change.body or "")
    if files:
        tree = prefix_tree(plan, request.source, change.number)
        edits = [*plan.baseline, *(edit for patch in patches for edit in patch.edits)]
    for path, text in files.items():
        before = ours.file(prefix_ref(plan, change.number), path) or ""
        if tree.files.get(path) != before:
            brought.append(Brought(path=path, line=1, place=""))
            continue
        brought += bring_file(
            draft,
            path,
            before,
            text,
            blocks={name: t for (p, name), t in tree.blocks.items() if p == path},
            edits=[edit for edit in edits if edit.path == path],
            scope=scope,
        )
    draft.write()
    return brought, message


def _unfit(change: Change, files: Mapping[str, str], plan: Plan, ours: Repository) -> str:
    """Return what of a change our rendering does not have, as a diff."""
    ref = prefix_ref(plan, change.number)
    left = "".join(_difference(path, ours.file(ref, path), text) for path, text in files.items())
    if change.subject is not None:
        left += left_message(ours, ref, change.subject, change.body or "")
    return left


def _difference(path: str, now: str | None, wanted: str) -> str:
    rows = difflib.unified_diff(
        (now or "").splitlines(keepends=True),
        wanted.splitlines(keepends=True),
        f"a/{path}",
        f"b/{path}",
    )
    return "".join(rows)


def _check_utf8(change: Change) -> None:
    """Check that what was added can stand in a template.

    Raises:
        UserError: a new line has bytes that are not UTF-8.
    """
    for path, text in change.files.items():
        known = set((change.before.get(path) or "").splitlines())
        for number, line in enumerate(text.splitlines(), 1):
            if line not in known and re.search("[\udc80-\udcff]", line):
                raise UserError(
                    "a new line is not UTF-8",
                    where=f"{change.name}: {path}:{number}",
                    hint="convert it, as by iconv -f latin1 -t utf-8; nothing was changed",
                )


def _contents(place: Path) -> dict[str, bytes]:
    """Return the files of a program that an import changes."""
    return {
        str(path.relative_to(place)): path.read_bytes()
        for name in ("generator/model", "templates")
        for path in (place / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _in_process(step: Step, request: ImportRequest, place: Path) -> Step:
    """Take the next step in a process that reads the model of the draft.

    Raises:
        InfraError: it fails otherwise than by an error in what it renders.
    """
    done = subprocess.run(
        [sys.executable, "-m", "generator.patches.step"],
        cwd=place,
        input=pickle.dumps(
            Handed(
                step=step,
                base=request.plan.base.name,
                series=request.plan.series.name,
                tree=request.source.path,
                commit=request.source.commit,
                program=request.program,
                workdir=request.workdir,
                parent=os.getpid(),
            )
        ),
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(place)},
    )
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == 0:
        made: Step = pickle.loads(done.stdout)
        return made
    if done.returncode != ExitCode.USER or step.pending is None or step.change is None:
        raise InfraError(f"a step of the import has failed: {said[-2000:]}")
    # what is in the copy cannot be rendered: out with it
    for name in step.pending.written:
        (place / name).write_bytes((request.program / name).read_bytes())
    return replace(step, pending=None, change=None, done=(*step.done, _rejected(step.change, said)))


def _rejected(change: Change, said: str) -> Imported:
    """Return what became of a change with which nothing can be rendered."""
    left = change.outside + "".join(
        _difference(path, change.before.get(path), text) for path, text in change.files.items()
    )
    reason = f"with the change brought in, nothing can be rendered: {said}"
    return Imported(name=change.name, left=left or f"{reason}\n", reason=reason)


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What a process of ``step`` is given: how far the import is, and ``ImportRequest`` in names.

    Attributes:
        parent: the process that has started it, without which it ends.
    """

    step: Step
    base: str
    series: str
    tree: Path
    commit: str
    program: Path
    workdir: Path
    parent: int


def take_step(handed: Handed) -> Step:
    """Render the program that is running, keep what is good of it, and bring the next change in.

    Raises:
        UserError: it cannot be rendered.
    """
    place = Path.cwd()
    work = ensure_dir(place / "work")
    kept = handed.workdir / handed.base / "names.json"
    if kept.is_file():
        write_atomic(ensure_dir(work / handed.base) / "names.json", kept.read_bytes())
    plan = plan_series(find_base(handed.base), find_series(handed.series))
    source = find_source(plan.base, work, tree=handed.tree, rev=handed.commit or None)
    ours = Repository(render_series(plan, source, work).repo)
    request = ImportRequest(
        plan=plan, source=source, program=handed.program, workdir=handed.workdir
    )
    step = handed.step
    if step.pending and step.change:
        done = _finished(step, step.pending, step.change, plan, ours)
        for name in done.written:
            write_atomic(handed.program / name, (place / name).read_bytes())
        step = replace(step, pending=None, change=None, done=(*step.done, done))
    return bring_next(step, request, Draft(place, handed.base), ours)


def _finished(
    step: Step, pending: Imported, change: Change, plan: Plan, ours: Repository
) -> Imported:
    """Return what became of a change, now that it is rendered."""
    left = pending.left + _unfit(change, step.wanted, plan, ours)
    last = prefix_ref(plan, len(plan.patches))
    for path, text in step.at_tip.items():
        lost = _difference(path, ours.file(last, path), text)
        left += f"after the last patch:\n{lost}" if lost else ""
    return replace(pending, left=left)
