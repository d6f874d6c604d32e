# SPDX-License-Identifier: GPL-2.0-only
"""Kernel builds through the tuxmake library (https://tuxmake.org), on this machine.

Tuxmake knows toolchains, wrappers, kconfig fragments and the make command line. Three things it
does are not what a stage wants, and are replaced here by subclassing:

- ``Build.run`` installs a SIGTERM handler, which Python allows in the main thread only (a task of a
  worker pool has another one), and asks make for metadata for some seconds, even when nothing is to
  be done. ``KernelBuild.run`` takes the same steps without these.
- ``NullRuntime.run_cmd`` decodes output strictly, takes over the caller's ``MAKEFLAGS`` (and with
  it a jobserver that is not ours) and tries to enter a network namespace. ``LineRuntime.run_cmd``
  hands each line on as it arrives, with a clean environment.
- The ccache wrapper resets the user's statistics; ``Ccache`` does not.

Called by ``generator.kbuild.kernel``, ``follow`` and ``replay``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tuxmake.build import Build
from tuxmake.exceptions import TuxMakeInfrastructureError, TuxMakeUserError
from tuxmake.runtime import NullRuntime
from tuxmake.target import Command
from tuxmake.utils import quote_command_line
from tuxmake.wrapper import Wrapper

from generator import tools
from generator.errors import InfraError, UserError
from generator.workers import guarded

REPRODUCIBLE: Mapping[str, str] = {
    "KBUILD_BUILD_TIMESTAMP": "2012-02-22 00:00:00 +0000",
    "KBUILD_BUILD_USER": "uprobekit",
    "KBUILD_BUILD_HOST": "uprobekit",
    "KBUILD_BUILD_VERSION": "1",
    "KCFLAGS": "",
    "LC_ALL": "C",
    "TZ": "UTC",
}
"""Environment of every build; see Documentation/kbuild/reproducible-builds.rst in the kernel."""

_CCACHE: Mapping[str, str] = {"CCACHE_NOHASHDIR": "true", "CCACHE_NAMESPACE": "uprobekit"}

_FOREIGN = frozenset(
    (
        *("ARCH", "CC", "CFLAGS", "CPPFLAGS", "CROSS_COMPILE", "HOSTCC", "HOSTCFLAGS"),
        *("HOSTLDFLAGS", "INSTALL_MOD_PATH", "KAFLAGS", "KCONFIG_ALLCONFIG", "KCPPFLAGS"),
        *("LDFLAGS", "LLVM", "LLVM_IAS", "LOCALVERSION", "MAKEFILES", "MAKEFLAGS", "MAKELEVEL"),
        *("MAKEOVERRIDES", "MFLAGS", "O", "SRCARCH", "V", "W"),
    )
)
"""Variables of the caller's environment that would change the build."""


@dataclass(frozen=True, kw_only=True)
class MakeRequest:
    """One run of make.

    Args:
        tree: the source tree, absolute.
        build_dir: where objects go; kept.
        log_dir: where ``kbuild.log`` goes.
        toolchain: ``gcc`` or ``clang``.
        wrapper: ``ccache`` or ``none``.
        jobs: parallel compilers.
        goal: ``bzImage``, other make targets with blanks between them, or ``config`` to configure
            only.
        kconfig: first step of the configuration, a make target such as ``tinyconfig``.
        fragments: files merged after it, in this order.
        arch: ``x86_64``, or ``i386`` for a 32-bit kernel by the same compiler.
        keep_going: go on with other objects after one has failed.
        variables: further ones of make's command line, such as ("W", "1").
    """

    tree: Path
    build_dir: Path
    log_dir: Path
    toolchain: str
    wrapper: str
    jobs: int
    goal: str
    kconfig: str = "tinyconfig"
    fragments: tuple[Path, ...] = ()
    arch: str = "x86_64"
    keep_going: bool = False
    variables: tuple[tuple[str, str], ...] = ()


class LineRuntime(NullRuntime):  # type: ignore[misc]  # tuxmake has no types
    """Runs commands on this machine and hands their output on, line by line.

    Args:
        on_line: receives every line, without its end.
    """

    def __init__(self, on_line: Callable[[str], None]) -> None:
        super().__init__()
        self.on_line = on_line
        self.quiet = True

    def run_cmd(
        self, cmd: list[str], *, expect_failure: bool = False, echo: bool = True, **_: object
    ) -> bool:
        """Run ``cmd`` in the source tree; return whether it did what was expected."""
        if echo:
            self.log(quote_command_line(cmd))
        process = subprocess.Popen(
            guarded(tuple(cmd), signal.SIGTERM),
            cwd=self.source_dir,
            env=clean_environment(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        with process:
            try:
                for line in process.stdout or ():
                    self.log(line)
                    self.on_line(line.rstrip("\n"))
                process.wait()
            except BaseException:
                process.terminate()
                raise
        return (process.returncode != 0) is expect_failure


class Ccache(Wrapper):  # type: ignore[misc]  # tuxmake has no types
    """The ccache wrapper with the user's own cache directory and statistics left alone.

    Not in depend mode, which is faster: it does not look into what it compiles, and so it does not
    see ``.incbin``. The kernel's ``piggy.S`` names its compressed image in that way, and says
    nothing else of it than sizes: where these are equal, an older image would come from the cache.
    What depend mode has put there is in another namespace.
    """

    def __init__(self) -> None:
        super().__init__("ccache")

    def __init_config__(self) -> None:
        super().__init_config__()
        self.environment = dict(_CCACHE)
        self.prepare_cmds: list[list[str]] = []


class KernelBuild(Build):  # type: ignore[misc]  # tuxmake has no types
    """A tuxmake build that may run in any thread and costs nothing beside make.

    ``arch`` is the kernel's ARCH. Tuxmake knows i386 as a target for a cross compiler only, and
    does not take ARCH as a variable; the compiler of this machine makes 32-bit kernels as well.
    """

    arch = "x86_64"

    @property
    def makevars(self) -> dict[str, str]:
        """The variables on make's command line."""
        variables: dict[str, str] = super().makevars
        return variables | {"ARCH": self.arch}

    def run(self) -> None:
        """Build all targets; ``passed`` tells the result."""
        self.validate()
        self.prepare()
        try:
            self.build_all_targets()
        finally:
            self.cleanup()


def run_make(request: MakeRequest, on_line: Callable[[str], None]) -> bool:
    """Run make for ``request`` and return whether it succeeded.

    Args:
        request: what to build, where, with what.
        on_line: receives the output as it arrives; it is in ``kbuild.log`` already.

    Raises:
        UserError: tuxmake does not accept the input.
        InfraError: the compiler is missing, the disk is full, or a command does not start.
        KeyboardInterrupt: the user interrupted make; tuxmake only notes it.
    """
    try:
        build = make_build(request, on_line)
        build.run()
    except TuxMakeUserError as error:
        raise UserError(str(error), where=str(request.tree)) from error
    except TuxMakeInfrastructureError as error:
        raise InfraError(str(error), where="tuxmake") from error
    except OSError as error:
        raise InfraError(
            f"the build cannot run: {error.strerror or error}", where=str(request.build_dir)
        ) from error
    if build.interrupted:
        raise KeyboardInterrupt
    return bool(build.passed)


def make_build(request: MakeRequest, on_line: Callable[[str], None]) -> KernelBuild:
    """Return the tuxmake build for ``request``; nothing runs."""
    only_config = request.goal == "config"
    request.log_dir.mkdir(parents=True, exist_ok=True)
    build = KernelBuild(
        tree=request.tree,
        output_dir=request.log_dir,
        build_dir=request.build_dir,
        target_arch="x86_64",
        toolchain=request.toolchain,
        environment=dict(REPRODUCIBLE),
        kconfig=request.kconfig,
        kconfig_add=[str(fragment) for fragment in request.fragments],
        targets=["config"] if only_config else None,
        make_target=[] if only_config else [request.goal],
        make_variables=dict(request.variables),
        jobs=request.jobs,
        runtime="null",
        fail_fast=not request.keep_going,
        verbose=True,
        quiet=True,
    )
    if request.wrapper == "ccache":
        build.wrapper = Ccache()
    build.runtime = LineRuntime(on_line)
    build.arch = request.arch
    for target in build.targets:
        # tuxmake would start make once for each goal; one make compiles them in parallel
        if target.name == f"make:{request.goal}":
            target.commands = [Command(["{make}", *request.goal.split()])]
    return build


def command_line(request: MakeRequest) -> list[str]:
    """Return the make command that builds ``request.goal`` again, for people and dry runs.

    Tuxmake makes the folders it is given, so it gets temporary ones here.
    """
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        build = make_build(
            replace(request, tree=here, build_dir=here, log_dir=here), lambda line: None
        )
        make: list[str] = build.expand_cmd_part("{make}", {})
    make[make.index(f"O={here}")] = f"O={request.build_dir}"
    goal = "olddefconfig" if request.goal == "config" else request.goal
    settings = [f"{name}={value}" for name, value in REPRODUCIBLE.items()]
    return ["env", "-C", str(request.tree), *settings, *make, goal]


def run_tool(
    directory: Path, command: tuple[str, ...], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program of a build without make; what it prints is in ``stdout``, errors as well.

    Args:
        directory: where it runs.
        command: the program and its arguments.
        environment: all of it, see ``clean_environment``.

    Raises:
        InfraError: the program does not start.
    """
    guarding = guarded(command, signal.SIGTERM)
    return tools.run(guarding, cwd=directory, env=environment, together=True)


def compiler_environment(wrapper: str) -> dict[str, str]:
    """Return the environment of a compiler that is called without make, ``wrapper`` as for it."""
    return clean_environment({**REPRODUCIBLE, **(_CCACHE if wrapper == "ccache" else {})})


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's environment without what changes a kernel build, plus ``extra``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _FOREIGN and not name.startswith("KBUILD_")
    }
    return kept | dict(extra)
