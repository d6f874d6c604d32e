# SPDX-License-Identifier: GPL-2.0-only
"""Compile what the series touches, at every prefix, in several configurations.

The quick answer to "does every patch build": one source tree and one build directory per
configuration follow the prefixes in order, and at each only the objects of touched source files are
compiled (a full build of every prefix costs as much as a kernel each; ``uprobekit build review-05``
does it for one). Nothing may fail or warn. Reads the repository of ``tree.series``, works below
``<workdir>/<base>/prefix-<configuration>/``.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from generator.build import config, runner, toolchain, worktree
from generator.build.kernel import variant_lock
from generator.build.log import BuildLog, object_of
from generator.build.progress import Observer, Progress, SilentObserver
from generator.errors import CheckFailed, InfraError
from generator.paths import data_dir, ensure_dir, write_atomic

_KEY = ".config.key"  # of what .config was made from

# Sources that kbuild compiles with an option only (obj-$(CONFIG_...) in their Makefiles, 6.1 and
# 6.12); asked for by name it would compile them without the option as well.
_NEEDS = {
    "arch/x86/entry/vsyscall/": "CONFIG_X86_VSYSCALL_EMULATION",
    "arch/x86/events/": "CONFIG_PERF_EVENTS",
    "arch/x86/ia32/": "CONFIG_IA32_EMULATION",
    "arch/x86/kernel/cet.c": "CONFIG_X86_CET",
    "arch/x86/kernel/signal_64.c": "CONFIG_X86_64",
    "arch/x86/kernel/umip.c": "CONFIG_X86_UMIP",
    "arch/x86/kernel/uprobes.c": "CONFIG_UPROBES",
    "arch/x86/kernel/vm86_32.c": "CONFIG_VM86",
    "arch/x86/math-emu/": "CONFIG_MATH_EMULATION",
    "kernel/events/callchain.c": "CONFIG_PERF_EVENTS",
    "kernel/events/uprobes.c": "CONFIG_UPROBES",
    "kernel/trace/bpf_trace.c": "CONFIG_BPF_EVENTS",
    "kernel/trace/trace_uprobe.c": "CONFIG_UPROBE_EVENTS",
}


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One kernel configuration: its name, and the fragments in order."""

    name: str
    fragments: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class PrefixRequest:
    """What is compiled.

    Args:
        base: the kernel release.
        refs: the prefixes, in the order of the series.
        configurations: see ``configurations``.
        repo, pristine, pristine_id, workdir, toolchain, jobs: as for a build.
    """

    base: str
    refs: tuple[str, ...]
    configurations: tuple[Configuration, ...]
    repo: Path
    pristine: Path
    pristine_id: str
    workdir: Path
    toolchain: str = "gcc"
    jobs: int = 0


@dataclass(frozen=True, kw_only=True)
class PrefixResult:
    """One prefix in one configuration.

    Args:
        ref: the prefix.
        configuration: its name.
        objects: how many were compiled.
        left_out: touched sources that this configuration does not compile.
        problems: errors and warnings, as the compiler prints them.
        seconds: time of make.
    """

    ref: str
    configuration: str
    objects: int
    left_out: tuple[str, ...]
    problems: tuple[str, ...]
    seconds: float


def configurations(base: str) -> tuple[Configuration, ...]:
    """Return uprobes on (with what only this base has), uprobes off, and a 32-bit kernel."""
    plain = config.find_fragments(base)
    folder = data_dir("qemu") / "config" / "prefixes"
    own = folder / f"on-{base}.config"
    on = (*plain, folder / "on.config", *((own,) if own.is_file() else ()))
    return (
        Configuration(name="on", fragments=on),
        Configuration(name="off", fragments=(*plain, folder / "off.config")),
        Configuration(name="i386", fragments=(folder / "i386.config",)),
    )


def compile_prefixes(
    request: PrefixRequest, observer: Observer | None = None
) -> tuple[PrefixResult, ...]:
    """Compile every prefix in every configuration; what does not build is in the results.

    Raises:
        UserError: an input is missing or wrong.
        CheckFailed: a configuration loses an option, or cannot be made.
        InfraError: a tool is missing, or the disk is full.
    """
    toolchain.find_compiler(request.toolchain)
    results: list[PrefixResult] = []
    for configuration in request.configurations:
        directory = request.workdir.absolute() / request.base / f"prefix-{configuration.name}"
        with variant_lock(ensure_dir(directory), wait=600.0):
            run = _Run(request, configuration, directory, observer or SilentObserver())
            results += [run.compile(ref) for ref in request.refs]
    return tuple(results)


class _Run:
    """The tree and the build directory of one configuration."""

    def __init__(
        self,
        request: PrefixRequest,
        configuration: Configuration,
        directory: Path,
        observer: Observer,
    ) -> None:
        self._request = request
        self._configuration = configuration
        self._directory = directory
        self._observer = observer
        self._started = time.monotonic()
        self._sources = self._touched_sources()

    def _touched_sources(self) -> tuple[str, ...]:
        """List the C files that any prefix changes, against the baseline and the base."""
        request = self._request
        original = worktree.read_ref(request.repo, "base")
        touched: set[str] = set()
        for ref in request.refs:
            touched |= set(worktree.differing(worktree.read_ref(request.repo, ref), original))
        return tuple(sorted(path for path in touched if path.endswith(".c")))

    def _make(self, goal: str, log: BuildLog, lines: list[str]) -> bool:
        request = self._request

        def take(line: str) -> None:
            lines.append(line)
            if log.feed(line):
                self._say(log)

        return runner.run_make(
            runner.MakeRequest(
                tree=self._directory / "linux",
                build_dir=self._directory / "linux" / f"{worktree.BUILD_PREFIX}prefix",
                log_dir=self._directory / "logs",
                toolchain=request.toolchain,
                wrapper=toolchain.find_ccache("auto"),
                jobs=request.jobs or os.cpu_count() or 1,
                goal=goal,
                fragments=self._configuration.fragments,
                arch=config.architecture(self._configuration.fragments),
                keep_going=True,
            ),
            take,
        )

    def _say(self, log: BuildLog, detail: str = "") -> None:
        self._observer.progress(
            Progress(
                stage="prefixes",
                subject=f"{self._request.base}/{self._configuration.name}",
                elapsed=time.monotonic() - self._started,
                done=log.objects,
                detail=detail or log.latest,
            )
        )

    def _configure(self, build_dir: Path) -> None:
        log = BuildLog(tree=self._directory / "linux")
        if not self._make("config", log, []):
            raise CheckFailed(
                "the configuration cannot be made: " + "; ".join(log.errors),
                where=str(self._directory / "logs"),
            )
        config.check_survivors(build_dir / ".config", self._configuration.fragments)
        key = config.hash_fragments(self._configuration.fragments)
        write_atomic(build_dir / _KEY, key.encode())

    def _left_out(self, config_file: Path) -> tuple[str, ...]:
        """List the sources that this configuration does not compile."""
        options = config.parse_config(config_file.read_text())
        return tuple(
            path
            for path in self._sources
            for start, option in _NEEDS.items()
            if path.startswith(start) and options.get(option, "n") == "n"
        )

    def compile(self, ref: str) -> PrefixResult:
        """Show a prefix in the tree and compile the touched objects."""
        request = self._request
        worktree.prepare_worktree(
            worktree.WorktreeRequest(
                pristine=request.pristine,
                pristine_id=request.pristine_id,
                repo=request.repo,
                ref=ref,
                directory=self._directory,
            )
        )
        build_dir = self._directory / "linux" / f"{worktree.BUILD_PREFIX}prefix"
        key = config.hash_fragments(self._configuration.fragments)
        if not (build_dir / _KEY).is_file() or (build_dir / _KEY).read_text() != key:
            (build_dir / ".config").unlink(missing_ok=True)
            self._configure(build_dir)
        log = BuildLog(tree=self._directory / "linux")
        lines: list[str] = []
        began = time.monotonic()
        left_out = self._left_out(build_dir / ".config")
        wanted = [object_of(path) for path in self._sources if path not in left_out]
        if not wanted:
            raise InfraError("nothing of the series is compiled", where=str(build_dir / ".config"))
        passed = self._make(" ".join(wanted), log, lines)
        errors = log.errors if passed or log.errors else lines[-5:]
        return PrefixResult(
            ref=ref,
            configuration=self._configuration.name,
            objects=len(wanted),
            left_out=left_out,
            problems=(*errors, *(str(warning) for warning in log.warnings)),
            seconds=time.monotonic() - began,
        )
