# SPDX-License-Identifier: GPL-2.0-only
"""One kernel to build: what is asked for, and all that is known before anything runs."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from generator.errors import UserError
from generator.kbuild import config, runner, state, toolchain, worktree
from generator.tree.refs import read_ref

IMAGE = "arch/x86/boot/bzImage"
"""The kernel image in a build directory (top Makefile of every base: KBUILD_IMAGE for x86)."""
TYPICAL_OBJECTS = 1100
"""Expected objects of a first build: a minimal 6.1 has 1084. Only progress depends on it."""


@dataclass(frozen=True, kw_only=True)
class BuildRequest:
    """One kernel to build.

    Args:
        base: the kernel release, such as ``6.1``.
        variant: ``baseline``, ``tip``, ``peer`` or the name of a prefix; names the directory.
        ref: the git ref whose files the variant has.
        repo: bare git repository with the touched files.
        pristine: the unmodified source of the base.
        workdir: the work area.
        pristine_id: identity of the pristine source; empty: from its path and top Makefile.
        base_ref: the ref of the unmodified files.
        flavour: which fragments: ``plain``, or the name of another set.
        fragments: instead of the project's own; None: those of ``base`` and ``flavour``.
        toolchain: ``gcc`` or ``clang``.
        ccache: ``auto``, ``on`` or ``off``.
        jobs: parallel compilers; 0: one per core.
        seed: start a new variant from the finished build of another one.
        lock_wait: seconds to wait for another run on the same variant.
    """

    base: str
    variant: str
    ref: str
    repo: Path
    pristine: Path
    workdir: Path
    pristine_id: str = ""
    base_ref: str = "base"
    flavour: str = "plain"
    fragments: tuple[Path, ...] | None = None
    toolchain: str = "gcc"
    ccache: str = "auto"
    jobs: int = 0
    seed: bool = True
    lock_wait: float = 7200.0


@dataclass(frozen=True, kw_only=True)
class BuildPlan:
    """Everything about a build that is known before anything runs.

    Args:
        directory: of the variant.
        name: of the build directory.
        fragments: configuration fragments in the order of merging.
        key: hash of all inputs.
        config_key: hash of the inputs of ``.config``.
        tree_id: git's id of the files of the series and of the base that it touches.
        pristine_id: identity of the pristine source.
        wrapper: ``ccache`` or ``none``.
        jobs: parallel compilers.
    """

    directory: Path
    name: str
    fragments: tuple[Path, ...]
    key: str
    config_key: str
    tree_id: str
    pristine_id: str
    wrapper: str
    jobs: int

    @property
    def build_dir(self) -> Path:
        """The build directory."""
        return self.directory / "linux" / self.name

    @property
    def logs(self) -> Path:
        """Where make's output is kept."""
        return self.directory / self.name.replace(worktree.BUILD_PREFIX, "logs-", 1)

    @property
    def state_file(self) -> Path:
        """The stamp."""
        return self.directory / state_name(self.name)


def state_name(build_name: str) -> str:
    """Return the file name of the stamp of the build directory ``build_name``."""
    return build_name.replace(worktree.BUILD_PREFIX, "state-", 1) + ".json"


def plan_build(request: BuildRequest) -> BuildPlan:
    """Check ``request`` and return what its build depends on; nothing is written.

    Raises:
        UserError: an input is missing or wrong.
        InfraError: a tool is missing.
    """
    directory = (request.workdir / request.base / request.variant).absolute()
    if any(sign in str(directory) for sign in " :\t"):
        raise UserError(
            "the kernel's Makefile does not work in a path with a blank or a colon",
            where=str(directory),
            hint="choose another place with --workdir",
        )
    compiler = toolchain.find_compiler(request.toolchain)
    wrapper = toolchain.find_ccache(request.ccache)
    fragments = request.fragments
    if fragments is None:
        fragments = config.find_fragments(request.base, flavour=request.flavour)
    pristine_id = request.pristine_id or identify_pristine(request.pristine)
    files = read_ref(request.repo, request.ref)
    shared = {
        "pristine": pristine_id,
        "fragments": config.hash_fragments(fragments),
        "compiler": [compiler.name, compiler.version],
        "environment": dict(runner.REPRODUCIBLE),
    }
    if variables := config.MAKE_VARIABLES.get(request.flavour):
        shared["variables"] = dict(variables)
    return BuildPlan(
        directory=directory,
        name=f"{worktree.BUILD_PREFIX}{request.flavour}-{request.toolchain}",
        fragments=tuple(fragment.absolute() for fragment in fragments),
        key=state.hash_inputs(shared | {"tree": files.tree_id}),
        config_key=state.hash_inputs(shared | {"kconfig": files.kconfig}),
        tree_id=files.tree_id,
        pristine_id=pristine_id,
        wrapper=wrapper,
        jobs=request.jobs or os.cpu_count() or 1,
    )


def identify_pristine(pristine: Path) -> str:
    """Return an identity for the source tree ``pristine``, from its path and its top Makefile.

    Raises:
        UserError: this is no kernel source.
    """
    try:
        makefile = (pristine / "Makefile").read_bytes()
    except OSError as error:
        raise UserError("this is no kernel source", where=str(pristine)) from error
    return hashlib.sha256(os.fsencode(pristine.resolve()) + b"\0" + makefile).hexdigest()


def build_command(request: BuildRequest) -> tuple[str, ...]:
    """Return the make command of ``request``, for people and dry runs; nothing runs."""
    return tuple(runner.command_line(make_request(plan_build(request), request, "bzImage")))


def make_request(plan: BuildPlan, request: BuildRequest, goal: str) -> runner.MakeRequest:
    """Return how make is called for a kernel."""
    return runner.MakeRequest(
        tree=plan.directory / "linux",
        build_dir=plan.build_dir,
        log_dir=plan.logs / ("config" if goal == "config" else "kernel"),
        toolchain=request.toolchain,
        wrapper=plan.wrapper,
        jobs=plan.jobs,
        goal=goal,
        fragments=plan.fragments,
        arch=config.architecture(plan.fragments),
        variables=config.MAKE_VARIABLES.get(request.flavour, ()),
    )
