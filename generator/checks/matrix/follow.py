# SPDX-License-Identifier: GPL-2.0-only
"""One build directory that follows the prefixes of the series: step by step, what changes.

For a configuration and a compiler there is one source tree and one build directory. A step shows
the next prefix in the tree and has make compile it: the objects of the files that the series
touches, or the whole kernel. Make would compile nearly everything again, since nearly everything
includes what a patch declares; so headers keep their times, and the objects that can see a change
(``affected``) are removed before. Where only C and headers change and nothing but the compiler
and sparse have to look, the commands that kbuild has recorded take the place of make (``replay``).
Errors are problems, and so is what W=1, sparse or kernel-doc finds in files of the series and found
neither in the baseline, after the patch before, nor, by sparse, in the unmodified base.

Reads the repository of ``tree.series``, works below ``<workdir>/<base>/``:

    prefix-<configuration>/         gcc, touched objects; clang-<configuration>/ the same
    whole-<configuration>/          gcc, whole kernels, and their images
      linux/build-prefix/           objects
      steps.json, follow.json       what outlasts a run, see ``chain``
    tinyconfig/                     what all fragments are merged into, for each compiler
"""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from generator.checks.matrix import affected, comments, configurations
from generator.checks.matrix import recorded as replay
from generator.checks.matrix.chain import (
    BASE_REF,
    BUILD_NAME,
    Chain,
    Findings,
    PrefixResult,
    State,
    c_files,
    config_key,
    keep_state,
    keep_steps,
    kept_steps,
    read_files,
    read_state,
    step_keys,
    tinyconfig_key,
    touched_files,
)
from generator.checks.matrix.make import Maker
from generator.errors import InfraError
from generator.kbuild import config, seed, toolchain, worktree
from generator.kbuild.kernel import variant_lock
from generator.kbuild.log import BuildLog, object_of
from generator.kbuild.request import IMAGE
from generator.paths import ensure_dir, write_atomic
from generator.progress import Observer, SilentObserver
from generator.tree.refs import RefFiles

_LOCK_WAIT = 3600.0


def take_step(
    chain: Chain,
    ref: str,
    before: tuple[PrefixResult, ...] = (),
    observer: Observer | None = None,
) -> PrefixResult:
    """Compile a prefix, unless that was done; what does not build is in the result.

    Args:
        chain: the build directory.
        ref: the prefix.
        before: results of the steps before it: their findings are not new.
        observer: is told how far it is.

    Raises:
        UserError: an input is missing or wrong.
        CheckFailed: a configuration loses an option, or cannot be made.
        InfraError: a tool is missing, or the disk is full.
    """
    files = read_files(chain)
    key = step_keys(chain, files)[ref]
    with variant_lock(ensure_dir(chain.directory), wait=_LOCK_WAIT):
        known = kept_steps(chain)
        image = Path(known[key].image) if key in known else Path()
        if key in known and (not chain.whole or known[key].problems or image.is_file()):
            return known[key]
        result = _Step(chain, ref, files, observer or SilentObserver()).run(before)
        keep_steps(chain, {**known, key: result})
        return result


class _Step:
    """A step that is being taken."""

    def __init__(
        self, chain: Chain, ref: str, files: Mapping[str, RefFiles], observer: Observer
    ) -> None:
        self._chain = chain
        self._ref = ref
        self._touched = touched_files(chain, files)
        self._sources = c_files(self._touched)
        self._blobs = files[ref].blobs
        self._base = files[BASE_REF].blobs
        compiler = toolchain.find_compiler(chain.toolchain)
        self._config_key = config_key(chain, compiler, files[ref])
        self._maker = Maker(
            chain,
            ref,
            tinyconfig_key=tinyconfig_key(chain, compiler, files[ref]),
            observer=observer,
        )

    def run(self, before: tuple[PrefixResult, ...]) -> PrefixResult:
        """Take it."""
        chain = self._chain
        used = _processor()
        if not chain.whole:
            _seed(chain)
        state = self._usable_state()
        self._keep(state, config_key=state.config_key, running=True)
        changed = self._show()
        known = (chain.build_dir / ".config").is_file() and state.config_key == self._config_key
        if not known:
            state = self._forget_objects(state)
            self._maker.configure()
        left_out, wanted = self._wanted()
        log = BuildLog(tree=chain.directory / "linux")
        if known and _is_plain(changed) and not chain.whole:
            passed = self._maker.compile(wanted, log, trusted=not state.running)
        else:
            passed = self._maker.make("bzImage" if chain.whole else " ".join(wanted), log)
        findings = self._findings(state, log, changed)
        documented = self._comments(state, changed) if chain.comments else {}
        flat = _flat(findings, documented)
        errors = () if passed else tuple(log.errors or log.last)
        new = () if self._is_reference() else self._new(flat, before, log)
        state = replace(state, findings=findings, comments=documented)
        self._keep(state, config_key=self._config_key, running=False)
        return PrefixResult(
            ref=self._ref,
            configuration=chain.configuration.name,
            objects=log.objects if chain.whole else len(wanted),
            left_out=left_out,
            problems=(*errors, *new),
            seconds=self._maker.elapsed,
            toolchain=chain.toolchain,
            whole=chain.whole,
            compiled=log.objects,
            processor=_processor() - used,
            findings=flat,
            ccache=self._maker.uses_ccache,
            image=self._keep_image() if chain.whole and passed else "",
        )

    def _wanted(self) -> tuple[tuple[str, ...], list[str]]:
        """Return the sources that the configuration leaves out, and the objects of the others."""
        config_file = self._chain.build_dir / ".config"
        options = config.parse_config(config_file.read_text())
        left_out = configurations.left_out(self._sources, options)
        left_out += configurations.not_named(
            (path for path in self._sources if path not in self._base),
            self._chain.directory / "linux",
        )
        wanted = [object_of(path) for path in self._sources if path not in left_out]
        if not wanted:
            raise InfraError("nothing of the series is compiled", where=str(config_file))
        return left_out, wanted

    def _is_reference(self) -> bool:
        """Tell whether nobody answers for the findings: those of the baseline.

        It is no patch, and what is taken out there leaves variables that nobody reads. What a
        compiler says of a whole kernel, without W=1, counts there as well.
        """
        return not self._chain.whole and self._ref in self._chain.refs[:1]

    def _usable_state(self) -> State:
        """Return the state of the build directory; after an interruption, repair it."""
        state = read_state(self._chain)
        if state.running and self._chain.build_dir.is_dir():
            seed.drop_unfinished(self._chain.build_dir)
            return replace(self._forget_objects(state), comments={})
        return state

    def _forget_objects(self, state: State) -> State:
        """Have all objects of the series made again: with what, and what is in them, is not known.

        They may be those of another configuration, when this build directory began as a copy.
        """
        for source in self._sources:
            replay.forget_object(self._chain.build_dir, object_of(source))
        return replace(state, findings={})

    def _keep(self, state: State, *, config_key: str, running: bool) -> None:
        keep_state(self._chain, replace(state, config_key=config_key, running=running))

    def _show(self) -> tuple[str, ...]:
        """Show the prefix in the tree, remove what sees a change, return what was written."""
        chain = self._chain
        tree = chain.directory / "linux"
        headers = self._changing_headers(tree)
        times = {path: (tree / path).stat().st_mtime_ns for path in headers if headers[path][0]}
        config_file = chain.build_dir / ".config"
        if config_file.is_file() and headers:
            options = config.parse_config(config_file.read_text())
            change = affected.Change(
                options=options, load=self._load, headers=headers, layout=chain.whole
            )
            # nobody looks at the rest, such as asm-offsets.s
            only = None if chain.whole else map(object_of, self._sources)
            targets = affected.read_targets(chain.build_dir, frozenset(headers), only)
            for target in affected.find_affected(targets, change):
                target.unlink(missing_ok=True)
        shown = self._prepare(self._ref)
        for path, when in times.items():
            if not shown.cloned and (tree / path).is_file():
                os.utime(tree / path, ns=(when, when))
        for path in shown.changed:
            if made := object_of(path):
                (chain.build_dir / made).unlink(missing_ok=True)
        return shown.changed

    def _prepare(self, ref: str) -> worktree.WorktreeResult:
        """Have the tree show ``ref``."""
        chain = self._chain
        return worktree.prepare_worktree(
            worktree.WorktreeRequest(
                pristine=chain.pristine,
                pristine_id=chain.pristine_id,
                repo=chain.repo,
                ref=ref,
                directory=chain.directory,
            )
        )

    def _changing_headers(self, tree: Path) -> dict[str, tuple[str, str]]:
        """Return text before and after of each header that this step changes."""
        found = {}
        for path in (path for path in self._touched if path.endswith(".h")):
            old, new = _text(tree / path), self._load(path)
            if old != new:
                found[path] = (old, new)
        return found

    def _load(self, path: str) -> str:
        if path in self._blobs:
            return self._blobs[path].data.decode("utf-8", "replace")
        return _text(self._chain.directory / "linux" / path)

    def _findings(
        self, state: State, log: BuildLog, changed: tuple[str, ...]
    ) -> dict[str, tuple[str, ...]]:
        """Return all warnings in files of the series: the new ones, and those of other objects."""
        ours = set(self._touched)
        found: dict[str, set[str]] = {}
        for file, texts in state.findings.items():
            if file not in changed and object_of(file) not in log.compiled:
                found.setdefault(file, set()).update(texts)
        for warning in log.warnings:
            if warning.file in ours:
                found.setdefault(warning.file, set()).add(warning.text)
        return {file: tuple(sorted(texts)) for file, texts in sorted(found.items())}

    def _new(
        self, findings: tuple[str, ...], before: tuple[PrefixResult, ...], log: BuildLog
    ) -> tuple[str, ...]:
        """Return what neither a step before nor, by sparse, the unmodified base has."""
        old = {finding for result in before for finding in result.findings}
        if self._chain.sparse and not old.issuperset(findings):
            old |= self._found_in_base(log.compiled)
        return tuple(finding for finding in findings if finding not in old)

    def _found_in_base(self, compiled: set[str]) -> set[str]:
        """Return what sparse finds in the unmodified base, in the sources of objects.

        It says things of the base's own functions that the series brings back, such as of
        ``siglock`` behind a pointer that is marked ``__rcu``. The tree shows the base for that
        long, and its files have their times again behind it.
        """
        tree, build_dir = self._chain.directory / "linux", self._chain.build_dir
        times = {path: (tree / path).stat() for path in self._touched if (tree / path).is_file()}
        asked = compiled & {object_of(path) for path in self._sources if path in self._base}
        found = (replay.read_recorded(build_dir, path, sparse=True) for path in sorted(asked))
        log = BuildLog(tree=tree)
        self._prepare(BASE_REF)
        replay.look_again(build_dir, filter(None, found), log.feed)
        self._prepare(self._ref)
        for path, status in times.items():
            os.utime(tree / path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return {f"{warning.file}: {warning.text}" for warning in log.warnings}

    def _comments(self, state: State, changed: tuple[str, ...]) -> Findings:
        """Return what kernel-doc finds in the sources; it looks at what is not known."""
        known = {file: rows for file, rows in state.comments.items() if file not in changed}
        log = BuildLog(tree=self._chain.directory / "linux")
        asked = [path for path in self._sources if path in self._blobs and path not in known]
        comments.check_comments(log.tree, asked, log.feed)
        found: dict[str, set[str]] = {path: set() for path in asked}
        for warning in log.warnings:
            if warning.file in found:
                found[warning.file].add(warning.text)
        return {**known, **{file: tuple(sorted(texts)) for file, texts in found.items()}}

    def _keep_image(self) -> str:
        """Keep the kernel image: the next step makes another one in its place."""
        target = self._chain.directory / "images" / self._ref
        write_atomic(target, (self._chain.build_dir / IMAGE).read_bytes())
        return str(target)


def _flat(*found: Findings) -> tuple[str, ...]:
    """Return findings as lines that begin with their files."""
    return tuple(
        sorted(f"{file}: {text}" for some in found for file in some for text in some[file])
    )


def _seed(chain: Chain) -> None:
    """Start from the build directory of another configuration: it has the host's tools."""
    if worktree.cloned_from(chain.directory) == chain.pristine_id:
        return
    family = chain.name.removesuffix(chain.configuration.name)
    for donor in sorted(chain.directory.parent.glob(f"{family}*")):
        made = donor / "linux" / BUILD_NAME / "include" / "generated" / "asm-offsets.h"
        if donor == chain.directory or not made.is_file():
            continue
        with variant_lock(donor, wait=_LOCK_WAIT):
            if worktree.cloned_from(donor) == chain.pristine_id and made.is_file():
                seed.clone_variant(donor, chain.directory, BUILD_NAME)
                return


def _is_plain(changed: tuple[str, ...]) -> bool:
    """Tell whether C changes alone; of documentation kbuild reads nothing for an object."""
    return all(path.endswith((".c", ".h")) or path.startswith("Documentation/") for path in changed)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _processor() -> float:
    """Return the seconds of processor time that ended children of this process have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
