# SPDX-License-Identifier: GPL-2.0-only
"""Build the kernel of a variant: source tree, configuration, make; nothing when nothing changed.

Reads the pristine source, the git refs and the configuration fragments; makes, below
``<workdir>/<base>/<variant>/``:

    linux/                              the source tree (``worktree``)
    linux/build-<flavour>-<toolchain>/  objects, ``.config`` and the kernel image
    logs-<flavour>-<toolchain>/         make's output: ``config/build.log``, ``kernel/build.log``
    state-<flavour>-<toolchain>.json    the stamp (``state``)
    build.lock                          held while one run works here

The build directory is below the source tree so that kbuild writes relative paths: a second variant
can then start from the first one's objects (``seed``), and bytes do not depend on the place.
Called by the command line; ``generator.boot`` takes the image.
"""

from __future__ import annotations

import shlex
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from generator.errors import CheckFailed, InfraError
from generator.kbuild import config, runner, seed, state, toolchain, worktree
from generator.kbuild.log import BuildLog, Message, object_of
from generator.kbuild.request import (
    IMAGE,
    TYPICAL_OBJECTS,
    BuildPlan,
    BuildRequest,
    make_request,
    plan_build,
)
from generator.paths import ensure_dir
from generator.progress import Observer, Progress, SilentObserver
from generator.tree.refs import differing, read_refs

_TAIL_LINES = 12


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """A kernel that was built, or was there already.

    Args:
        base: as requested.
        variant: as requested.
        image: the kernel image, ``bzImage``.
        tree: the source tree.
        build_dir: objects and ``.config``.
        log: output of the last run of make.
        unchanged: nothing was run.
        seeded_from: the variant whose objects were the start; empty: none.
        objects: kernel objects compiled by this run.
        seconds: time of this run, everything included.
        warnings: compiler warnings of all objects in the directory.
        touched_warnings: those in files that differ from the unmodified base.
        command: what builds the same once more in a shell.
    """

    base: str
    variant: str
    image: Path
    tree: Path
    build_dir: Path
    log: Path
    unchanged: bool
    seeded_from: str
    objects: int
    seconds: float
    warnings: tuple[Message, ...]
    touched_warnings: tuple[Message, ...]
    command: tuple[str, ...]


def build_kernel(request: BuildRequest, observer: Observer | None = None) -> BuildResult:
    """Build the kernel of a variant, or find that it is there already.

    Raises:
        UserError: an input is missing or wrong, or the work area cannot be used.
        CheckFailed: the kernel does not build, or options were lost.
        InfraError: a tool is missing, the disk is full, or another run does not end.
    """
    return _Build(request, plan_build(request), observer or SilentObserver()).run()


@contextmanager
def variant_lock(
    directory: Path, *, wait: float, on_wait: Observer | None = None
) -> Iterator[None]:
    """Hold the lock of the variant in ``directory``.

    Raises:
        InfraError: another run still held it after ``wait`` seconds.
    """
    lock = FileLock(directory / "build.lock")
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if on_wait:
                on_wait.progress(
                    Progress(
                        stage="wait", subject=directory.name, elapsed=0.0, detail="another run"
                    )
                )
            lock.acquire(timeout=wait)
    except Timeout as error:
        raise InfraError(
            "another run works on this variant", where=str(directory), hint="wait until it ends"
        ) from error
    except OSError as error:
        raise InfraError(f"cannot lock: {error.strerror}", where=str(directory)) from error
    try:
        yield
    finally:
        lock.release()


class _Build:
    """One run of the build stage; the steps share the request, the plan and the clock."""

    def __init__(self, request: BuildRequest, plan: BuildPlan, observer: Observer) -> None:
        self.request = request
        self.plan = plan
        self.observer = observer
        self.started = time.monotonic()
        self.seeded_from = ""
        self.expected = TYPICAL_OBJECTS

    def run(self) -> BuildResult:
        """Do what is necessary, under the variant's lock."""
        ensure_dir(self.plan.directory)
        with variant_lock(self.plan.directory, wait=self.request.lock_wait, on_wait=self.observer):
            known = state.read_state(self.plan.state_file)
            image = state.image_identity(self.plan.build_dir / IMAGE)
            if known.key == self.plan.key and image == known.image != (0, 0):
                if known.tree != self.plan.tree_id:
                    known = replace(known, tree=self.plan.tree_id)
                    state.write_state(self.plan.state_file, known)
                return self._result(known, self._touched(), objects=0, unchanged=True)
            return self._build()

    def _build(self) -> BuildResult:
        self._take_donor()
        self._say("clone")
        tree = worktree.prepare_worktree(
            worktree.WorktreeRequest(
                pristine=self.request.pristine,
                pristine_id=self.plan.pristine_id,
                repo=self.request.repo,
                ref=self.request.ref,
                base_ref=self.request.base_ref,
                directory=self.plan.directory,
            )
        )
        known = self._usable_state()
        known = self._configure(known)
        log, passed, seconds = self._make(known, "bzImage")
        image = state.image_identity(self.plan.build_dir / IMAGE)
        passed = passed and image != (0, 0)
        stale = log.compiled | set(tree.changed)
        kept = (w for w in known.warnings if not {w.file, object_of(w.file)} & stale)
        known = replace(
            known,
            key=self.plan.key if passed else "",
            running=False,
            objects=max(known.objects, log.objects),
            seconds=seconds,
            image=image if passed else (0, 0),
            tree=self.plan.tree_id,
            warnings=tuple(sorted({*kept, *log.warnings})),
        )
        state.write_state(self.plan.state_file, known)
        if not passed:
            raise self._failure(log, "bzImage")
        return self._result(known, tree.touched, objects=log.objects, unchanged=False)

    def _take_donor(self) -> None:
        """Start from the finished build of another variant when this one has no tree yet."""
        if not self.request.seed or cloned_here(self.plan):
            return
        for donor in find_donors(self.plan):
            try:
                with variant_lock(donor, wait=0):
                    if not _is_donor(donor, self.plan):
                        continue
                    self._say("seed", detail=donor.name)
                    seed.clone_variant(donor, self.plan.directory, self.plan.name)
                    known = state.read_state(donor / self.plan.state_file.name)
            except InfraError as error:
                if error.what != "another run works on this variant":
                    raise
                continue
            self.seeded_from = donor.name
            self.expected = known.objects
            state.write_state(self.plan.state_file, replace(known, key="", image=(0, 0)))
            return

    def _usable_state(self) -> state.BuildState:
        """Return the state of the build directory as it is; after an interruption, repair it."""
        if not self.plan.build_dir.is_dir():
            return state.BuildState()
        known = state.read_state(self.plan.state_file)
        if known.running:
            seed.drop_unfinished(self.plan.build_dir)
        self.expected = known.objects or self.expected
        return known

    def _configure(self, known: state.BuildState) -> state.BuildState:
        """Make ``.config`` unless the one that is there came from the same inputs."""
        config_file = self.plan.build_dir / ".config"
        if known.config_key == self.plan.config_key and config_file.is_file():
            return known
        config_file.unlink(missing_ok=True)
        known = replace(known, config_key="")
        log, passed, _ = self._make(known, "config")
        if not passed:
            raise self._failure(log, "config")
        config.check_survivors(config_file, self.plan.fragments)
        return replace(known, config_key=self.plan.config_key)

    def _make(self, known: state.BuildState, goal: str) -> tuple[BuildLog, bool, float]:
        """Run make; the state says so as long as it runs."""
        log = BuildLog(tree=self.plan.directory / "linux")
        stage = "config" if goal == "config" else "kernel"
        began = time.monotonic()

        def take(line: str) -> None:
            if log.feed(line):
                self._say(stage, done=log.objects, detail=log.latest)

        self._say(stage)
        state.write_state(self.plan.state_file, replace(known, key="", running=True))
        passed = runner.run_make(make_request(self.plan, self.request, goal), take)
        return log, passed, time.monotonic() - began

    def _say(self, stage: str, *, done: int = 0, detail: str = "") -> None:
        self.observer.progress(
            Progress(
                stage=stage,
                subject=f"{self.request.base}/{self.request.variant}",
                elapsed=time.monotonic() - self.started,
                done=done,
                expected=self.expected if stage == "kernel" else 0,
                detail=detail,
            )
        )

    def _touched(self) -> tuple[str, ...]:
        ref, base_ref = self.request.ref, self.request.base_ref
        files = read_refs(self.request.repo, (ref, base_ref))
        return differing(files[ref], files[base_ref])

    def _result(
        self, known: state.BuildState, touched: tuple[str, ...], *, objects: int, unchanged: bool
    ) -> BuildResult:
        ours = set(touched)
        return BuildResult(
            base=self.request.base,
            variant=self.request.variant,
            image=self.plan.build_dir / IMAGE,
            tree=self.plan.directory / "linux",
            build_dir=self.plan.build_dir,
            log=self.plan.logs / "kernel" / "build.log",
            unchanged=unchanged,
            seeded_from=self.seeded_from,
            objects=objects,
            seconds=time.monotonic() - self.started,
            warnings=known.warnings,
            touched_warnings=tuple(w for w in known.warnings if w.file in ours),
            command=tuple(runner.command_line(make_request(self.plan, self.request, "bzImage"))),
        )

    def _failure(self, log: BuildLog, goal: str) -> CheckFailed | InfraError:
        """Return the error for a make that failed: what it said first, where, and how to repeat."""
        make = make_request(self.plan, self.request, goal)
        file = make.log_dir / "build.log"
        lines = tuple(log.errors) or read_tail(file)
        packages = sorted({toolchain.missing_package(line) for line in lines} - {""})
        if packages:
            return InfraError(
                f"the build lacks {', '.join(packages)}",
                where=str(file),
                hint=f"apt-get install {' '.join(packages)}",
            )
        if any("No space left on device" in line for line in lines):
            return InfraError("the disk is full", where=str(make.build_dir))
        what = "the configuration" if goal == "config" else "the kernel"
        text = "".join(f"\n  {line}" for line in lines)
        return CheckFailed(
            f"{what} of {self.request.base}/{self.request.variant} does not build:{text}\n",
            where=str(file),
            hint=f"repeat with: {shlex.join(runner.command_line(make))}",
        )


def cloned_here(plan: BuildPlan) -> bool:
    """Return whether the variant has a complete tree of the right source."""
    return worktree.cloned_from(plan.directory) == plan.pristine_id


def find_donors(plan: BuildPlan) -> tuple[Path, ...]:
    """Return the variants whose finished build fits ``plan``, the latest first."""
    siblings = [path for path in plan.directory.parent.iterdir() if path != plan.directory]
    fitting = [path for path in siblings if _is_donor(path, plan)]
    return tuple(
        sorted(fitting, key=lambda path: (path / plan.state_file.name).stat().st_mtime_ns)[::-1]
    )


def _is_donor(directory: Path, plan: BuildPlan) -> bool:
    known = state.read_state(directory / plan.state_file.name)
    image = state.image_identity(directory / "linux" / plan.name / IMAGE)
    return (
        bool(known.key)
        and known.config_key == plan.config_key
        and known.image == image
        and worktree.cloned_from(directory) == plan.pristine_id
    )


def read_tail(file: Path) -> tuple[str, ...]:
    """Return the last lines of ``file`` without reading all of it into memory."""
    try:
        with file.open(errors="replace") as lines:
            return tuple(line.rstrip() for line in deque(lines, maxlen=_TAIL_LINES))
    except OSError:
        return ()
