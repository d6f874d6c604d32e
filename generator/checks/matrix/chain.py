# SPDX-License-Identifier: GPL-2.0-only
"""A build directory that follows the prefixes: what it is, what it has, what it has shown.

``matrix.follow`` takes the steps. Here are the description of such a directory, what a step depends
on, and the two files that outlast a run:

    steps.json                    results of steps, by a hash of all that they depend on
    follow.json                   what the build directory has
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from generator.checks.matrix import configurations
from generator.jsonfile import as_object, read_json
from generator.kbuild import config, toolchain, worktree
from generator.kbuild.state import hash_inputs
from generator.paths import write_atomic
from generator.tree.refs import RefFiles, differing, read_refs

BUILD_NAME = f"{worktree.BUILD_PREFIX}prefix"
BASE_REF = "base"
"""The ref of the unmodified files, whose findings nobody has to answer for."""

Findings = Mapping[str, tuple[str, ...]]
"""What was found, without its line, by the file it was found in."""

FORMAT = 7


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A build directory that follows the prefixes.

    Args:
        base: the kernel release.
        configuration: see ``configurations``.
        toolchain: ``gcc`` or ``clang``.
        whole: the whole kernel, and without W=1: what a user builds.
        sparse: sparse looks at what is compiled.
        comments: kernel-doc looks at the files that the series touches, as W=1 has it.
        refs: the prefixes, in the order of the series, without the unmodified base.
        repo, pristine, pristine_id, workdir: as for a build.
        ccache: ``auto``, ``on`` or ``off``.
        jobs: parallel compilers; 0: one per core.
    """

    base: str
    configuration: configurations.Configuration
    toolchain: str = "gcc"
    whole: bool = False
    sparse: bool = False
    comments: bool = False
    refs: tuple[str, ...]
    repo: Path
    pristine: Path
    pristine_id: str
    workdir: Path
    ccache: str = "auto"
    jobs: int = 0

    @property
    def name(self) -> str:
        """What the chain is called, and its directory."""
        kind = "whole" if self.whole else {"gcc": "prefix"}.get(self.toolchain, self.toolchain)
        return f"{kind}-{self.configuration.name}"

    @property
    def directory(self) -> Path:
        """Where it works."""
        return self.workdir.absolute() / self.base / self.name

    @property
    def build_dir(self) -> Path:
        """The build directory."""
        return self.directory / "linux" / BUILD_NAME


@dataclass(frozen=True, kw_only=True)
class PrefixResult:
    """One prefix in one configuration.

    Args:
        ref: the prefix.
        configuration: its name.
        objects: how many were asked for; of a whole kernel, how many were compiled.
        left_out: touched sources that this configuration does not compile.
        problems: errors, and warnings that are new, as the compiler prints them.
        seconds: time of the step, from the first to the last.
        toolchain: ``gcc`` or ``clang``.
        whole: the whole kernel was built.
        compiled: objects compiled by this step.
        processor: seconds of processor time that make and all below it took.
        findings: all warnings in files of the series, without their lines.
        ccache: a compiler cache was used.
        image: the kernel image, "" when there is none.
    """

    ref: str
    configuration: str
    objects: int
    left_out: tuple[str, ...]
    problems: tuple[str, ...]
    seconds: float
    toolchain: str = "gcc"
    whole: bool = False
    compiled: int = 0
    processor: float = 0.0
    findings: tuple[str, ...] = ()
    ccache: bool = False
    image: str = ""


def read_files(chain: Chain) -> dict[str, RefFiles]:
    """Return the files of the prefixes, and of the unmodified base.

    Raises:
        UserError: there is no such repository, or not one of the refs.
        InfraError: git is missing.
    """
    return read_refs(chain.repo, (BASE_REF, *chain.refs))


def step_keys(chain: Chain, files: Mapping[str, RefFiles] | None = None) -> dict[str, str]:
    """Return a hash of everything that the result of a step depends on, by ref.

    Args:
        chain: the build directory.
        files: what ``read_files`` returns, when it is there.

    Raises:
        UserError: there is no such ref or toolchain.
        InfraError: a tool is missing.
    """
    files = files or read_files(chain)
    compiler = toolchain.find_compiler(chain.toolchain)
    shared = {
        "base": files[BASE_REF].tree_id,
        "sources": list(c_files(touched_files(chain, files))),
        "sparse": toolchain.find_sparse() if chain.sparse else "",
        "comments": chain.comments,
        "whole": chain.whole,
        "follow": FORMAT,
    }
    return {
        ref: hash_inputs(
            shared | {"tree": files[ref].tree_id, "config": config_key(chain, compiler, files[ref])}
        )
        for ref in chain.refs
    }


def config_key(chain: Chain, compiler: toolchain.Compiler, files: RefFiles) -> str:
    """Return a hash of what ``.config`` is made from."""
    return hash_inputs(
        {
            "tinyconfig": tinyconfig_key(chain, compiler, files),
            "fragments": config.hash_fragments(chain.configuration.fragments),
        }
    )


def tinyconfig_key(chain: Chain, compiler: toolchain.Compiler, files: RefFiles) -> str:
    """Return a hash of what ``tinyconfig`` depends on."""
    return hash_inputs(
        {
            "pristine": chain.pristine_id,
            "arch": config.architecture(chain.configuration.fragments),
            "compiler": [compiler.name, compiler.version],
            "kconfig": files.kconfig,
        }
    )


def touched_files(chain: Chain, files: Mapping[str, RefFiles]) -> tuple[str, ...]:
    """Return the files that any prefix changes, against the unmodified base."""
    found: set[str] = set()
    for ref in chain.refs:
        found |= set(differing(files[ref], files[BASE_REF]))
    return tuple(sorted(found))


def c_files(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of ``paths`` that are C, and not headers."""
    return tuple(path for path in paths if path.endswith(".c"))


def kept_steps(chain: Chain) -> dict[str, PrefixResult]:
    """Return the results that are kept, by key; a damaged file has none."""
    try:
        data = read_json(chain.directory / "steps.json")
        if data["format"] == FORMAT:
            return as_object(data["steps"], dict[str, PrefixResult])
    except (ValueError, KeyError, TypeError):
        pass
    return {}


def keep_steps(chain: Chain, results: Mapping[str, PrefixResult]) -> None:
    """Keep results, by key.

    Raises:
        InfraError: the file cannot be written.
    """
    rows = {key: asdict(result) for key, result in results.items()}
    _write(chain.directory / "steps.json", {"steps": rows})


def _write(path: Path, data: Mapping[str, object]) -> None:
    write_atomic(path, (json.dumps({"format": FORMAT, **data}, indent=1) + "\n").encode())


@dataclass(frozen=True, kw_only=True)
class State:
    """What a build directory has.

    Attributes:
        config_key: what ``.config`` was made from.
        running: a step began and did not end.
        findings: of the objects that are there, by the file they are in.
        comments: what kernel-doc finds, by file; of what it has not looked at, nothing.
    """

    config_key: str
    running: bool
    findings: Findings
    comments: Findings


def read_state(chain: Chain) -> State:
    """Return what the build directory has; a damaged file says that a step did not end."""
    try:
        data = read_json(chain.directory / "follow.json")
        if data["format"] == FORMAT:
            return as_object(data, State)
    except (ValueError, KeyError, TypeError):
        pass
    return State(config_key="", running=True, findings={}, comments={})


def keep_state(chain: Chain, state: State) -> None:
    """Keep what the build directory has.

    Raises:
        InfraError: the file cannot be written.
    """
    _write(chain.directory / "follow.json", asdict(state))
