# SPDX-License-Identifier: GPL-2.0-only
"""Bring what somebody has changed on top of the rendered patches into templates and model.

Each change is brought into a copy of the program; a process of its own, which reads that copy,
renders it once, says what then is not as it was edited, and brings the next change in. What does
not fit is handed back as a diff.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator.csource.declared import list_definitions
from generator.errors import ExitCode, InfraError, UserError
from generator.patches.bring import Brought, bring_file
from generator.patches.changes import Change
from generator.patches.draft import Draft
from generator.patches.message import bring_message, left_message
from generator.patches.reading import Repository, merge, prefix_ref
from generator.patches.trial import difference, in_process, render_draft
from generator.paths import write_atomic
from generator.plan import Plan
from generator.tree.acquire import Source
from generator.tree.series import prefix_tree


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of a change.

    Attributes:
        name: of the change.
        brought: each hunk, and where it went.
        message: the place of a changed message, "" when there was none.
        left: what does not fit, as a diff of the rendered against the edited files; "" for nothing.
        layout: the same for what fits, and is broken into lines otherwise.
        written: the files of the program that were changed.
        reason: why nothing of it was brought in, "" where that is not so.
    """

    name: str
    brought: tuple[Brought, ...] = ()
    message: str = ""
    left: str = ""
    layout: str = ""
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
        _check_text(change)
    with tempfile.TemporaryDirectory() as place:
        draft = Draft.of(request.program, Path(place), request.plan.base.name)
        step = Step(changes=tuple(changes), wanted={}, at_tip={})
        step = bring_next(step, request, draft, Repository(rendered))
        while step.pending or step.changes:
            tell(len(step.changes) + bool(step.pending))
            step = _next_step(step, request, Path(place))
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
            lost += difference(path, before or "", text)
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
    scope = plan.at(change.number)
    message, brought, heads = "", [], set[str]()
    if change.subject is not None:
        patch = plan.patches[change.number - 1].patch
        template = plan.series.message(patch.ident)
        message = bring_message(draft, patch, template, scope, change.subject, change.body or "")
    if files:
        tree = prefix_tree(plan, request.source, change.number)
        edits = [*plan.baseline, *(edit for patch in patches for edit in patch.edits)]
    for path, text in files.items():
        before = ours.file(prefix_ref(plan, change.number), path) or ""
        heads |= set(_changed_heads(before, text))
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
    for place in draft.follow(heads) if heads else ():
        brought.append(Brought(path="the same call elsewhere", line=0, place=place))
    draft.write()
    return brought, message


def _changed_heads(before: str, after: str) -> Iterator[str]:
    """Yield the functions that a file declares in another way now."""
    known = {found.name: found.signature for found in list_definitions(before)}
    for found in list_definitions(after):
        if known.get(found.name, found.signature) != found.signature:
            yield found.name


def _unfit(change: Change, files: Mapping[str, str], plan: Plan, ours: Repository) -> str:
    """Return what of a change our rendering does not have, as a diff."""
    ref = prefix_ref(plan, change.number)
    left = "".join(difference(path, ours.file(ref, path), text) for path, text in files.items())
    if change.subject is not None:
        left += left_message(ours, ref, change.subject, change.body or "")
    return left


def _check_text(change: Change) -> None:
    """Check that what was added can stand in a template.

    Raises:
        UserError: a new line has bytes that are not UTF-8, or ends as those of DOS do.
    """
    for path, text in change.files.items():
        known = set((change.before.get(path) or "").split("\n"))
        for number, line in enumerate(text.split("\n"), 1):
            where = f"{change.name}: {path}:{number}"
            if line in known:
                continue
            if re.search("[\udc80-\udcff]", line):
                raise UserError(
                    "a new line is not UTF-8",
                    where=where,
                    hint="convert it, as by iconv -f latin1 -t utf-8; nothing was changed",
                )
            if line.endswith("\r"):
                raise UserError(
                    "a new line ends in CR LF",
                    where=where,
                    hint="convert it, as by dos2unix; nothing was changed",
                )


def _contents(place: Path) -> dict[str, bytes]:
    """Return the files of a program that an import changes."""
    return {
        str(path.relative_to(place)): path.read_bytes()
        for name in ("generator/model", "templates")
        for path in (place / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _next_step(step: Step, request: ImportRequest, place: Path) -> Step:
    """Take the next step in a process.

    Raises:
        InfraError: it fails otherwise than by an error in what it renders.
    """
    handed = Handed(
        step=step,
        base=request.plan.base.name,
        series=request.plan.series.name,
        tree=request.source.path,
        commit=request.source.commit,
        program=request.program,
        workdir=request.workdir,
        parent=os.getpid(),
    )
    status, made, said = in_process(handed, place)
    if isinstance(made, Step):
        return made
    if status != ExitCode.USER or step.pending is None or step.change is None:
        raise InfraError(f"a step of the import has failed: {said[-2000:]}")
    # what is in the copy cannot be rendered: out with it
    for name in step.pending.written:
        (place / name).write_bytes((request.program / name).read_bytes())
    return replace(step, pending=None, change=None, done=(*step.done, _rejected(step.change, said)))


def _rejected(change: Change, said: str) -> Imported:
    """Return what became of a change with which nothing can be rendered."""
    left = change.outside + "".join(
        difference(path, change.before.get(path), text) for path, text in change.files.items()
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

    def take(self) -> Step:
        """Render the program that is running, keep what is good, and bring the next change in.

        Raises:
            UserError: it cannot be rendered.
        """
        place = Path.cwd()
        plan, source, ours = render_draft(
            self.base, self.series, self.tree, self.commit, self.workdir
        )
        request = ImportRequest(
            plan=plan, source=source, program=self.program, workdir=self.workdir
        )
        step = self.step
        if step.pending and step.change:
            done = _finished(step, step.pending, step.change, plan, ours)
            for name in done.written:
                write_atomic(self.program / name, (place / name).read_bytes())
            step = replace(step, pending=None, change=None, done=(*step.done, done))
        return bring_next(step, request, Draft(place, self.base), ours)


def _finished(
    step: Step, pending: Imported, change: Change, plan: Plan, ours: Repository
) -> Imported:
    """Return what became of a change, now that it is rendered."""
    ref = prefix_ref(plan, change.number)
    rendered = {path: ours.file(ref, path) or "" for path in step.wanted}
    # a prototype is broken into lines by the model
    moved = {path: text for path, text in step.wanted.items() if _laid_out(text, rendered[path])}
    wanted = {path: text for path, text in step.wanted.items() if path not in moved}
    left = pending.left + _unfit(change, wanted, plan, ours)
    layout = "".join(difference(path, rendered[path], text) for path, text in moved.items())
    last = prefix_ref(plan, len(plan.patches))
    for path, text in step.at_tip.items():
        lost = difference(path, ours.file(last, path), text) if path not in moved else ""
        left += f"after the last patch:\n{lost}" if lost else ""
    return replace(pending, left=left, layout=layout)


def _laid_out(wanted: str, now: str) -> bool:
    return wanted != now and wanted.split() == now.split()
