# SPDX-License-Identifier: GPL-2.0-only
"""Make the commits of a series and write them as patches.

Reads a plan and a source; makes ``<workdir>/<base>/repo.git`` with only the files that the series
touches (of another series than the review's, with its name in front), and from it the mail form.
Git writes the patch text, with fixed author and date: the same input gives the same bytes.

The repository has the branches ``base`` (the unmodified files), ``baseline`` (what the first patch
applies to), the series' name (the tip), and a tag ``<series>-NN`` for each prefix.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.errors import UserError
from generator.model.decl import BASELINE
from generator.model.edits import Edit
from generator.model.trailers import trailer_lines
from generator.paths import ensure_dir, locked, write_atomic
from generator.plan import Plan, PlannedPatch, Scope
from generator.render.env import Templates
from generator.render.overview import describe_patches, number_patches
from generator.render.places import place_of
from generator.render.words import check_definitions, check_words
from generator.tree.acquire import Source
from generator.tree.brought import brought_functions
from generator.tree.commits import Commit, import_commits, run_git
from generator.tree.edit import apply_edits, changed_files
from generator.tree.facts import FILE_NAME, format_interface
from generator.tree.git import ask_git
from generator.tree.interface import describe_interface
from generator.tree.manifest import NAME, with_digests
from generator.tree.names import NameCheck
from generator.tree.places import WorkingTree

COVER = "0000-cover-letter.patch"
"""What git calls the mail in front of the patches."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What rendering leaves behind.

    Attributes:
        repo: the bare repository.
        patches: name and content of each file of the series' mail form, cover letter first.
        manifest: content of the file ``series``: the patches in order and where they come from.
        base_files: the unmodified text of each file that the series touches and the base has.
        tip_files: their text after the last patch.
        interface: content of ``interface.txt``: what the series declares, a line for each.
        origins: where the files come from that have no change which could be imported.
    """

    repo: Path
    patches: dict[str, bytes]
    manifest: bytes
    base_files: Mapping[str, str]
    tip_files: Mapping[str, str]
    interface: bytes
    origins: Mapping[str, str]

    @property
    def files(self) -> dict[str, bytes]:
        """Name and content of everything that is written beside the patches, and of them."""
        return {**self.patches, FILE_NAME: self.interface, NAME: self.manifest}


def render_series(plan: Plan, source: Source, workdir: Path) -> Rendered:
    """Render a series for a source.

    Args:
        plan: what is done.
        source: the unmodified tree.
        workdir: the work area; ``<workdir>/<base>/`` is written to.

    Raises:
        UserError: an edit does not find its place.
        InfraError: git fails.
    """
    place = workdir / plan.base.name
    repo_path = place / plan.series.own("repo.git")
    made = _make_commits(plan, source, place)
    facts = describe_interface(
        made.first_files,
        made.tip_files,
        [planned.patch for planned in plan.patches],
        plan.base if plan.series.modelled else None,
    )
    with locked(place / "render.lock"):
        import_commits([made.base, *made.commits], repo_path, plan.series.name, plan.series.author)
        write_atomic(place / "source.json", _source_record(source))
        patches = _format_patches(repo_path, plan, source)
        head = _manifest_head(repo_path, plan, source, patches)
    interface = format_interface(facts)
    return Rendered(
        repo=repo_path,
        patches=patches,
        manifest=with_digests(head, {**patches, FILE_NAME: interface}),
        base_files=made.base.files,
        tip_files=made.tip_files,
        interface=interface,
        origins={
            COVER: f"templates/{plan.series.message('cover')}.j2",
            FILE_NAME: "generator/model/interface and templates",
            NAME: plan.series.module,
        },
    )


def series_commits(plan: Plan, source: Source, workdir: Path) -> tuple[Commit, ...]:
    """Return the baseline and the patches as commits, oldest first; nothing is written but a cache.

    A series that starts from the unmodified tree has no commit in front of its patches.

    Raises:
        UserError: an edit does not find its place, or the model or a template is wrong.
    """
    return _make_commits(plan, source, workdir / plan.base.name).commits


def prefix_tree(plan: Plan, source: Source, number: int | None = None) -> WorkingTree:
    """Return the files of a prefix in memory, with the templates that were inserted into them.

    Args:
        plan: what is done.
        source: the unmodified tree.
        number: how many patches are applied; None: all of them.

    Raises:
        UserError: an edit does not find its place.
    """
    tree = WorkingTree(load=source.loader(plan.paths), search=source.search)
    _step(tree, plan.at(0), plan.baseline, None)
    for planned in plan.patches[:number]:
        _step(tree, plan.at(planned.number), planned.edits, None)
    return tree


def _source_record(source: Source) -> bytes:
    record = {
        "version": source.version,
        "kind": source.kind,
        "path": str(source.path),
        "commit": source.commit,
        "identity": source.identity,
    }
    return (json.dumps(record, indent=1) + "\n").encode()


@dataclass(frozen=True, kw_only=True)
class _Made:
    """What carrying out a plan gives.

    Attributes:
        base: the unmodified files that the series touches.
        commits: the baseline, if the series starts from one, and the patches.
        first_files: the files that the first patch finds.
        tip_files: those after the last one.
    """

    base: Commit
    commits: tuple[Commit, ...]
    first_files: Mapping[str, str]
    tip_files: Mapping[str, str]


def _make_commits(plan: Plan, source: Source, place: Path) -> _Made:
    """Carry the plan out in memory.

    ``place`` is made for the cache of names when the edits have all found their places.
    """
    original: dict[str, str] = {}
    read = source.loader(plan.paths)

    def load(path: str) -> str:
        original[path] = read(path)
        return original[path]

    check_words(plan.base, plan.series)
    tree = WorkingTree(load=load, search=source.search)
    check = NameCheck(
        base=plan.base,
        source=source,
        later=tuple(planned.patch.ident for planned in plan.patches),
        brought=brought_functions(plan),
    )
    before, defined = _step(tree, plan.at(0), plan.baseline, check)
    check_definitions(defined, plan.at(0), BASELINE)
    baseline = _baseline(plan, source, before)
    patches = [_commit(plan, source, tree, planned, check) for planned in plan.patches]
    touched = {path for commit in (*baseline, *patches) for path in commit.files}
    base_files = {path: original[path] for path in sorted(touched - tree.created)}
    check.message(plan.series.message("cover"), _text(plan, "cover", plan.tip, source))
    check.finish(base_files, touched, ensure_dir(place) / plan.series.own("names.json"))
    first = ("refs/heads/base", *(() if baseline else (_BASELINE_REF,)))
    base = Commit(
        message=f"Linux {source.version}: the files that the series touches\n",
        files=base_files,
        refs=first,
    )
    return _Made(
        base=base,
        commits=(*baseline, *patches),
        first_files={**base_files, **before},
        tip_files={path: tree.files[path] for path in sorted(touched)},
    )


_BASELINE_REF = "refs/heads/baseline"


def _baseline(plan: Plan, source: Source, files: Mapping[str, str]) -> tuple[Commit, ...]:
    """Return the commit that makes the baseline: none where the unmodified tree is it."""
    if not plan.series.modelled:
        return ()
    text = _text(plan, "baseline", plan.at(0), source)
    return (Commit(message=text, files=files, refs=(_BASELINE_REF,)),)


def _commit(
    plan: Plan, source: Source, tree: WorkingTree, planned: PlannedPatch, check: NameCheck
) -> Commit:
    """Carry out a patch and return its commit.

    Raises:
        UserError: it changes nothing, or an edit does not find its place.
    """
    patch = planned.patch
    scope = plan.at(planned.number)
    changed, defined = _step(tree, scope, planned.edits, check)
    if not changed:
        raise UserError(
            f"the patch '{patch.ident}' changes nothing on {plan.base.name}",
            where=place_of("Patch", patch.ident),
            hint="say in the base's edits, or by patch= and has(), what it brings",
        )
    if plan.series.modelled:
        check_definitions(defined, scope, patch.ident)
    subject = patch.subject
    body = _text(plan, patch.ident, scope, source)
    check.message(plan.series.message(patch.ident), f"{subject}\n{body}")
    trailers = "\n".join(trailer_lines(patch.ident, own=patch.trailers, link=plan.series.link))
    return Commit(
        message=f"{subject}\n\n{body}\n\n{trailers}".rstrip("\n") + "\n",
        files=changed,
        refs=(f"refs/tags/{plan.series.name}-{planned.number:02d}",),
    )


def _step(
    tree: WorkingTree,
    scope: Scope,
    edits: tuple[Edit, ...],
    check: NameCheck | None,
) -> tuple[dict[str, str], dict[str, str]]:
    """Apply one step; return the files that it changes, and the definitions that are in place."""
    before = dict(tree.files)
    templates = Templates(scope)
    apply_edits(tree, edits, render_text=templates.text, render_template=templates.file)
    unread = {
        path: tree.load(path)
        for path in tree.files
        if path not in before and path not in tree.created
    }
    if check:
        check.step(tree, templates, edits)
    return changed_files({**before, **unread}, tree.files), templates.defined


def _text(plan: Plan, name: str, scope: Scope, source: Source) -> str:
    templates = Templates(scope)
    patches = [planned.patch for planned in plan.patches]
    return templates.message(
        plan.series.message(name),
        source_version=source.version,
        overview=describe_patches(patches),
        numbers=number_patches(patches),
    )


def _format_patches(repo: Path, plan: Plan, source: Source) -> dict[str, bytes]:
    """Have git write the mail form; returns name and content, the cover letter first."""
    series = plan.series
    cover = f"{series.title}\n\n{_text(plan, 'cover', plan.tip, source).strip()}\n"
    date = {
        "GIT_COMMITTER_NAME": series.author.name,
        "GIT_COMMITTER_EMAIL": series.author.email,
        "GIT_COMMITTER_DATE": series.author.date,
        "GIT_AUTHOR_DATE": series.author.date,
    }
    arguments = [
        *("-c", f"branch.{series.name}.description={cover}"),
        *("-c", "diff.algorithm=myers"),
        *("format-patch", "--quiet", "--cover-letter", "--cover-from-description=subject"),
        *("--zero-commit", "--no-signature", "--full-index", "--no-renames", "--numbered"),
        *("--unified=3", "--stat=72"),
    ]
    with tempfile.TemporaryDirectory() as out:
        run_git(
            ["-C", str(repo), *arguments, "-o", out, f"baseline..{series.name}"],
            environment=date,
        )
        return {
            path.name: _without_git_version(path.read_bytes())
            for path in sorted(Path(out).iterdir())
        }


def _without_git_version(data: bytes) -> bytes:
    """Drop the boundary-like trailing blank lines that differ between versions of git."""
    return data.rstrip(b"\n") + b"\n"


def _manifest_head(repo: Path, plan: Plan, source: Source, patches: Mapping[str, bytes]) -> str:
    """Return the upper part of the ``series`` file: what the patches are for, and their order."""
    ends = [f"{ref}^{{tree}}" for ref in ("baseline", plan.series.name)]
    baseline, tip = ask_git("rev-parse", *ends, repo=repo, isolated=True).decode().split()
    lines = [
        f"# {plan.series.title}",
        f"# base: {plan.base.name}",
        f"# source: {source.version}",
        f"# baseline: {baseline}",
        f"# tip: {tip}",
        *(name for name in patches if name != COVER),
    ]
    return "\n".join(lines) + "\n"
