# SPDX-License-Identifier: GPL-2.0-only
"""Bring what somebody has changed on top of the rendered patches into templates and model.

A change is a commit, or a diff, on some prefix of the series. It is brought into a copy of the
program; the copy is rendered, and only what then comes out as it was edited counts as brought. What
does not fit is handed back as a diff.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import default as mail_policy
from pathlib import Path

from generator.errors import InfraError, UserError
from generator.patches.bring import (
    Brought,
    Draft,
    bring_file,
    place_of_constant,
    write_constant,
)
from generator.patches.sent import split_trailers
from generator.plan import Plan
from generator.render.env import Scope, Templates
from generator.render.message import fill
from generator.render.source import trace_template, with_expressions
from generator.tree.acquire import Source
from generator.tree.git import git_environment
from generator.tree.series import prefix_tree

_PREFIX = re.compile(r"^(?:\[[^\]]*\]\s*|(?:fixup|squash|amend)!\s*)+")


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change that somebody has made.

    Attributes:
        name: of the commit or file, for messages.
        number: how many patches are applied where it was made; it may be one of them, edited.
        files: the files as edited, by path.
        subject, body: the message as edited, without trailers; None where it is not a patch's.
        outside: what no template can hold, as text: files that were added or removed, modes,
            trailers.
    """

    name: str
    number: int
    files: Mapping[str, str]
    subject: str | None = None
    body: str | None = None
    outside: str = ""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of a change.

    Attributes:
        name: of the change.
        brought: each hunk, and where it went.
        message: the place of a changed message, "" when there was none.
        left: what does not fit, as a diff of the rendered against the edited files; "" for nothing.
        written: the files of the program that were changed.
    """

    name: str
    brought: tuple[Brought, ...]
    message: str
    left: str
    written: tuple[str, ...]


class Repository:
    """Reads a git repository; writes nothing but objects into our own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def run(
        self, *arguments: str, stdin: bytes = b"", index: Path | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git."""
        environment = git_environment(isolated=False)
        if index:
            environment["GIT_INDEX_FILE"] = str(index)
        try:
            return subprocess.run(
                ["git", "-C", str(self._path), *arguments],
                input=stdin,
                capture_output=True,
                check=False,
                env=environment,
            )
        except OSError as error:
            raise InfraError("git cannot be run", hint="apt-get install git") from error

    def text(self, *arguments: str) -> str:
        """Return what git prints, "" when it fails."""
        done = self.run(*arguments)
        return "" if done.returncode else done.stdout.decode("utf-8", "surrogateescape")

    def file(self, rev: str, path: str) -> str | None:
        """Return the text of a file; None when the commit or tree has none."""
        done = self.run("cat-file", "blob", f"{rev}:{path}")
        return None if done.returncode else done.stdout.decode("utf-8", "surrogateescape")


def read_changes(
    what: Sequence[str], *, repo: Path, rendered: Path, plan: Plan
) -> tuple[Change, ...]:
    """Read commits, ranges, diffs and edited patches.

    Args:
        what: names of commits or ranges in ``repo``, or of files.
        repo: the repository of the commits.
        rendered: our own repository, with the series as it is rendered.
        plan: the series.

    Raises:
        UserError: one is neither, or was made on something else.
    """
    found: list[Change] = []
    for name in what:
        if Path(name).is_file():
            found.append(_read_diff(Path(name), rendered, plan))
        else:
            found += _read_commits(name, Repository(repo), rendered, plan)
    return tuple(found)


def _subjects(plan: Plan) -> dict[str, int]:
    idents = tuple(planned.patch.ident for planned in plan.patches)
    return {
        Templates(Scope(base=plan.base, patches=idents[: planned.number])).text(
            planned.patch.subject
        ): planned.number
        for planned in plan.patches
    }


def _ref(plan: Plan, number: int) -> str:
    return f"{plan.series.name}-{number:02d}" if number else "baseline"


def _read_commits(name: str, repo: Repository, rendered: Path, plan: Plan) -> list[Change]:
    listed = repo.text("rev-list", "--reverse", *([] if ".." in name else ["-1"]), name, "--")
    commits = listed.split()
    if not commits:
        raise UserError(
            f"'{name}' is neither a file nor a commit or range of commits",
            hint="--repo names the repository that it is in",
        )
    ours = Repository(rendered)
    subjects = _subjects(plan)
    found = []
    for commit in commits:
        message = repo.text("log", "-1", "--format=%B", commit)
        title, _, body = message.partition("\n")
        subject = _PREFIX.sub("", title)
        rows = _changed_files(repo, commit)
        paths = [row.path for row in rows]
        only_text = [row.path for row in rows if row.status == "M"]
        number = subjects.get(subject, 0)
        amended = title.startswith("amend!")
        is_patch = number and not title.startswith(("fixup!", "squash!", "amend!"))
        own = _changed(ours, plan, number) if is_patch else []
        outside = _outside(repo, commit, [row for row in rows if row.path not in own])
        if is_patch:
            paths += [p for p in own if p not in paths]
            files = {p: text for p in paths if (text := repo.file(commit, p)) is not None}
            outside += _new_trailers(ours, _ref(plan, number), body)
            found.append(_patch(commit[:12], number, files, subject, body, outside))
            continue
        if outside and not only_text:
            found.append(Change(name=commit[:12], number=0, files={}, outside=outside))
            continue
        files = {p: text for p in paths if (text := repo.file(commit, p)) is not None}
        before = {p: repo.file(f"{commit}^", p) for p in paths}
        on = number if amended and not files else _made_on(ours, plan, before)
        if on is None:
            raise UserError(
                f"the commit '{title}' was made on files that are those of no prefix of the series",
                where=commit[:12],
                hint="name what was made on the rendered patches; render --check tells whether "
                "they are the present ones",
            )
        if on is not None and _is_patch(ours, plan, on + 1, files):
            outside = _new_trailers(ours, _ref(plan, on + 1), body)
            found.append(_patch(commit[:12], on + 1, {}, subject, body, outside))
            continue
        if amended and number:
            first, _, rest = body.lstrip("\n").partition("\n")
            found.append(_patch(commit[:12], on or number, files, first, rest, outside))
        else:
            changed = {path: files[path] for path in only_text}
            found.append(Change(name=commit[:12], number=on, files=changed, outside=outside))
    return found


@dataclass(frozen=True)
class _ChangedFile:
    """A file of a commit: what became of it (A, D, M, T), and whether its mode is another."""

    path: str
    status: str
    mode: bool


def _changed_files(repo: Repository, commit: str) -> list[_ChangedFile]:
    """Return the files that a commit changes; gitdiffcore(7), git-diff-tree(1), "raw output"."""
    listed = repo.text("diff-tree", "--no-commit-id", "--no-renames", "--raw", "-r", commit)
    found = []
    for row in listed.splitlines():
        head, _, path = row.partition("\t")
        old, new, _, _, status = head.removeprefix(":").split()
        found.append(_ChangedFile(path=path, status=status, mode=old != new))
    return found


def _outside(repo: Repository, commit: str, files: Sequence[_ChangedFile]) -> str:
    """Return, as a diff, those of the files that are added, removed, or have another mode."""
    paths = [one.path for one in files if one.status != "M" or one.mode]
    if not paths:
        return ""
    return repo.text("diff-tree", "--no-commit-id", "--no-renames", "-p", commit, "--", *paths)


def _new_trailers(ours: Repository, ref: str, body: str) -> str:
    """Return the trailers of a message that the rendered patch does not have, as a diff."""
    rendered = ours.text("log", "-1", "--format=%B", ref)
    known = set(split_trailers(rendered.strip("\n").split("\n"))[1])
    _, trailers = split_trailers(body.strip("\n").split("\n"))
    new = [t for t in trailers if t not in known and not t.startswith("Signed-off-by: ")]
    if not new:
        return ""
    rows = "".join(f"+{trailer}\n" for trailer in new)
    return f"--- a/trailers\n+++ b/trailers\n{rows}(uprobekit trailers FILE takes them in)\n"


def _is_patch(ours: Repository, plan: Plan, number: int, files: Mapping[str, str]) -> bool:
    """Tell whether a commit leaves the files as the patch does: then its message was edited."""
    if number > len(plan.patches) or files.keys() != set(_changed(ours, plan, number)):
        return False
    ref = _ref(plan, number)
    return all(ours.file(ref, path) == text for path, text in files.items())


def _patch(
    name: str, number: int, files: Mapping[str, str], subject: str, body: str, outside: str
) -> Change:
    lines, _ = split_trailers(body.strip("\n").split("\n"))
    text = "\n".join(lines).strip("\n")
    return Change(
        name=name, number=number, files=files, subject=subject, body=text, outside=outside
    )


def _changed(ours: Repository, plan: Plan, number: int) -> list[str]:
    before, after = _ref(plan, number - 1), _ref(plan, number)
    return [p for p in ours.text("diff", "--name-only", before, after).split("\n") if p]


def _made_on(ours: Repository, plan: Plan, before: Mapping[str, str | None]) -> int | None:
    """Return the last prefix that has the files as they were before the change."""
    tip = _ref(plan, len(plan.patches))
    ours_too = {path: text for path, text in before.items() if ours.file(tip, path) is not None}
    if not ours_too:
        return None
    for number in range(len(plan.patches), -1, -1):
        if all(ours.file(_ref(plan, number), path) == text for path, text in ours_too.items()):
            return number
    return None


def _read_diff(path: Path, rendered: Path, plan: Plan) -> Change:
    """Read a diff, or an edited patch in its mail form."""
    data = path.read_bytes()
    ours = Repository(rendered)
    subject, body, number = None, None, 0
    if re.match(rb"From [0-9a-f]{40} |(?:From|Subject|Message-ID): ", data, re.I):
        raw = data.partition(b"\n")[2] if data.startswith(b"From ") else data
        mail = BytesParser(policy=mail_policy).parsebytes(raw)
        subject = _PREFIX.sub("", " ".join(str(mail["Subject"] or "").split()))
        payload = mail.get_payload(decode=True)
        said = payload.decode("utf-8", "surrogateescape") if isinstance(payload, bytes) else ""
        body = re.split(r"^---$", said, maxsplit=1, flags=re.M)[0]
        named = re.match(r"(\d{4})-", path.name)
        number = _subjects(plan).get(subject, int(named[1]) if named else 0)
        if not 0 <= number <= len(plan.patches):
            number = 0
    tries = [number - 1] if number else range(len(plan.patches), -1, -1)
    with tempfile.TemporaryDirectory() as place:
        index = Path(place) / "index"
        reason = ""
        for on in tries:
            ours.run("read-tree", _ref(plan, on), index=index)
            apply = ("apply", "--cached", "--recount", "--whitespace=nowarn")
            done = ours.run(*apply, stdin=data, index=index)
            if done.returncode:
                reason = reason or done.stderr.decode(errors="replace").strip()
                continue
            tree = ours.run("write-tree", index=index).stdout.decode().strip()
            paths = ours.text("diff", "--name-only", _ref(plan, on), tree).split("\n")
            paths += _changed(ours, plan, number) if number else []
            files = {p: text for p in paths if p and (text := ours.file(tree, p)) is not None}
            if number:
                outside = _new_trailers(ours, _ref(plan, number), body or "")
                return _patch(str(path), number, files, subject or "", body or "", outside)
            return Change(name=str(path), number=on, files=files)
    raise UserError(
        f"the diff applies to no prefix of the series: {reason}",
        where=str(path),
        hint="it has to be made on the patches as they are rendered now",
    )


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """What a change is brought into.

    Attributes:
        plan, source: what is rendered.
        program: the checkout whose templates and model are changed.
        workdir: the work area; what the headers declare is taken from there.
    """

    plan: Plan
    source: Source
    program: Path
    workdir: Path


def import_change(change: Change, request: ImportRequest, rendered: Path) -> Imported:
    """Bring a change into the program's files.

    Args:
        change: what was edited.
        request: what it is brought into.
        rendered: our repository, rendered from the program as it is.

    Raises:
        UserError: the result cannot be rendered; nothing was written.
    """
    plan = request.plan
    ours = Repository(rendered)
    ref = _ref(plan, change.number)
    old = {path: ours.file(ref, path) for path in change.files}
    edited = {p: text for p, text in change.files.items() if text != old[p]}
    for path, text in edited.items():
        _check_utf8(path, old[path] or "", text)
    applied = tuple(p.patch.ident for p in plan.patches[: change.number])
    scope = Scope(base=plan.base, patches=applied)
    with tempfile.TemporaryDirectory() as place:
        draft = Draft.of(request.program, Path(place), plan.base.name)
        message = _bring_message(draft, change, scope, plan) if change.subject is not None else ""
        brought: list[Brought] = []
        if edited:
            tree = prefix_tree(plan, request.source, change.number)
            edits = [*plan.baseline, *(e for p in plan.patches[: change.number] for e in p.edits)]
            for path, text in edited.items():
                before = old[path]
                if before is None or tree.files.get(path) != before:
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
        written = _different(request.program, draft.root)
        if not written:
            left = change.outside + _left(old, edited)
            if change.subject is not None:
                left += _left_message(ours, ref, change)
            return Imported(
                name=change.name, brought=tuple(brought), message="", left=left, written=()
            )
        repo = _render(draft.root, request)
        now = {path: Repository(repo).file(ref, path) for path in edited}
        left = change.outside + _left(now, edited)
        if change.subject is not None:
            left += _left_message(Repository(repo), ref, change)
        for name in written:
            (request.program / name).write_bytes((draft.root / name).read_bytes())
    return Imported(
        name=change.name,
        brought=tuple(brought),
        message=message,
        left=left,
        written=tuple(written),
    )


def _check_utf8(path: str, old: str, text: str) -> None:
    """Check that what was added can stand in a template.

    Raises:
        UserError: a new line has bytes that are not UTF-8.
    """
    known = set(old.splitlines())
    for number, line in enumerate(text.splitlines(), 1):
        if line not in known and re.search("[\udc80-\udcff]", line):
            raise UserError(
                "a new line is not UTF-8",
                where=f"{path}:{number}",
                hint="convert it, as by iconv -f latin1 -t utf-8; nothing was changed",
            )


def _different(program: Path, draft: Path) -> list[str]:
    found = []
    places = [
        path for name in ("generator/model", "templates") for path in (draft / name).rglob("*")
    ]
    for path in sorted(places):
        name = str(path.relative_to(draft))
        if path.is_file() and path.read_bytes() != (program / name).read_bytes():
            found.append(name)
    return found


def _render(place: Path, request: ImportRequest) -> Path:
    """Render a copy of the program in a process of its own; return its repository.

    Raises:
        UserError: it cannot be rendered.
    """
    base, source = request.plan.base.name, request.source
    work = place / "work"
    kept = request.workdir / base / "names.json"
    if kept.is_file():
        (work / base).mkdir(parents=True)
        (work / base / "names.json").write_bytes(kept.read_bytes())
    command = [sys.executable, "-m", "generator", "render", "--base", base, "--quiet"]
    command += ["--series", request.plan.series.name, "--tree", str(source.path)]
    command += ["--rev", source.commit] if source.commit else []
    command += ["--workdir", str(work), "--output", str(place / "out")]
    done = subprocess.run(
        command,
        cwd=place,
        capture_output=True,
        check=False,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONPATH": str(place)},
    )
    if done.returncode:
        said = done.stderr.strip().removeprefix("uprobekit: error: ")
        raise UserError(f"with the change brought in, nothing can be rendered: {said}")
    return work / base / "repo.git"


def _left(now: Mapping[str, str | None], edited: Mapping[str, str]) -> str:
    """Return what was edited and is not rendered, as a diff."""
    rows: list[str] = []
    for path, text in edited.items():
        if now.get(path) is None:
            rows.append(f"{path}: is no file of the series\n")
            continue
        before = (now.get(path) or "").splitlines(keepends=True)
        rows += difflib.unified_diff(
            before, text.splitlines(keepends=True), f"a/{path}", f"b/{path}"
        )
    return "".join(rows)


def _left_message(repo: Repository, ref: str, change: Change) -> str:
    message = repo.text("log", "-1", "--format=%B", ref)
    title, _, body = message.partition("\n")
    lines, _ = split_trailers(body.strip("\n").split("\n"))
    wanted = f"{change.subject}\n\n{change.body}".split()
    if [*title.split(), *" ".join(lines).split()] == wanted:
        return ""
    rows = difflib.unified_diff(
        f"{title}\n{body}".splitlines(keepends=True),
        f"{change.subject}\n\n{change.body}\n".splitlines(keepends=True),
        "a/message",
        "b/message",
    )
    return "".join(rows)


def _bring_message(draft: Draft, change: Change, scope: Scope, plan: Plan) -> str:
    """Bring a changed subject into the series, changed paragraphs into the text's template."""
    patch = plan.patches[change.number - 1].patch
    templates = Templates(scope)
    place = ""
    subject = templates.text(patch.subject)
    if change.subject and change.subject != subject:
        kept = with_expressions(patch.subject, subject, change.subject)
        place = place_of_constant(draft, patch.subject)
        write_constant(draft, patch.subject, kept if kept is not None else change.subject)
    name = f"messages/{patch.ident}.txt"
    origins = trace_template(name, scope)
    old: list[list[int]] = [[]]
    for number, origin in enumerate(origins):
        if origin.text.strip():
            old[-1].append(number)
        elif old[-1]:
            old.append([])
    old = [numbers for numbers in old if numbers]
    before = [fill("\n".join(origins[n].text for n in numbers)).split() for numbers in old]
    pieces = [p for p in re.split(r"\n\s*\n", change.body or "") if p.strip()]
    after = [piece.split() for piece in pieces]
    matcher = difflib.SequenceMatcher(
        None, list(map(tuple, before)), list(map(tuple, after)), autojunk=False
    )
    lines = draft.lines(f"{name}.j2")
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        rows = "\n\n".join(pieces[j1:j2]).split("\n") if j2 > j1 else []
        numbers = [n for numbers in old[i1:i2] for n in numbers]
        at = origins[numbers[0]].line if numbers else -1
        if not numbers:
            at = origins[old[i1 - 1][-1]].line if i1 else -1
            rows = ["", *rows] if i1 else [*rows, ""]
        for number in numbers:
            source = lines.old[origins[number].line]
            if "{{" in source:
                rows = _kept(source, origins[number].text, rows)
            lines.changed[origins[number].line] = None
        lines.put(at, rows)
        place = f"templates/{name}.j2:{max(at, 0) + 1}"
    return place


def _kept(source: str, old: str, rows: list[str]) -> list[str]:
    """Return lines in which an expression stands where its value does."""
    for piece in re.findall(r"\{\{.*?\}\}", source):
        shape = re.escape(source).replace(re.escape(piece), "(.*)", 1)
        match = re.fullmatch(re.sub(r"\\\{\\\{.*?\\\}\\\}", ".*", shape), old)
        value = match[1] if match else ""
        if value:
            rows = [re.sub(rf"\b{re.escape(value)}\b", piece, row) for row in rows]
    return rows
