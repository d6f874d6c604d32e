# SPDX-License-Identifier: GPL-2.0-only
"""Compile one object of the kernel again, by the command line that kbuild has left.

Kbuild keeps the command of each object in a ``.cmd`` file beside it. Here it runs once more, on
other text: files of an overlay are found before those of the tree. Makes one object in a folder of
the caller's and nothing in the build directory. ``disassemble`` shows what an object does, without
the places where it stands.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator import tools
from generator.errors import InfraError, UserError
from generator.kbuild.cmdfile import cmd_file, saved_command
from generator.paths import write_atomic

WARNINGS = (
    *("-Wextra", "-Wunused", "-Wno-unused-parameter", "-Wmissing-declarations"),
    *("-Wmissing-prototypes", "-Wold-style-definition", "-Wmissing-include-dirs"),
    *("-Wunused-but-set-variable", "-Wunused-const-variable", "-Wno-missing-field-initializers"),
    *("-Wno-sign-compare", "-Wno-type-limits", "-Wno-shift-negative-value"),
)
"""What W=1 adds for gcc (scripts/Makefile.extrawarn, 6.1)."""

# searched first, in this order, as kbuild does (LINUXINCLUDE in the top Makefile)
_INCLUDES = ("arch/x86/include", "include", "arch/x86/include/uapi", "include/uapi")

_MESSAGE = re.compile(r"^[^:\n]+:(\d+):(?:\d+:)? (?:fatal )?((?:error|warning): .*)$", re.M)
_SKIP_WITH_NEXT = frozenset({"-c", "-o"})


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """What a compiler made of a file.

    Attributes:
        object: the object's bytes; empty when it failed.
        messages: line and words of each error and warning.
    """

    object: bytes
    messages: tuple[tuple[int, str], ...]


def recorded_command(build_dir: Path, source: str) -> list[str]:
    """Return the compiler and the flags that kbuild compiled ``source`` with.

    Input, output, the file of dependencies and a wrapper (ccache) are left out.

    Raises:
        UserError: the object was not compiled in this directory.
    """
    path = Path(source)
    cmd = command_file(build_dir, source)
    saved = saved_command(cmd.read_text()) if cmd.is_file() else None
    if saved is None:
        raise UserError(
            "this object is not compiled here", where=str(cmd), hint="run: uprobekit build tip"
        )
    words = shlex.split(saved.command.split(" ; ", 1)[0])
    if Path(words[0]).name == "ccache":
        del words[0]
    kept: list[str] = []
    skip = False
    for word in words:
        if skip or word in _SKIP_WITH_NEXT:
            skip = not skip and word == "-o"
        elif not word.startswith("-Wp,-MMD") and not word.endswith(f"/{path.name}"):
            kept.append(word)
    return kept


def command_file(build_dir: Path, source: str) -> Path:
    """Return where kbuild keeps the command of the object of ``source``; it may not exist."""
    return cmd_file((build_dir / source).with_suffix(".o"))


def is_compiled(build_dir: Path, source: str) -> bool:
    """Tell whether ``source`` was compiled here; a header has no object, not that of its C."""
    return source.endswith((".c", ".S")) and command_file(build_dir, source).is_file()


def depends_on(build_dir: Path, source: str, header: str) -> bool:
    """Tell whether the object of ``source`` was compiled here, and with ``header``."""
    cmd = command_file(build_dir, source)
    return cmd.is_file() and f"/{header} " in cmd.read_text().replace("\\", " ")


def compile_object(
    tree: Path,
    build_dir: Path,
    source: str,
    files: Mapping[str, str],
    place: Path,
    *,
    flags: tuple[str, ...] = (),
) -> Compiled:
    """Compile ``source`` with W=1.

    Args:
        tree: the source tree.
        build_dir: where kbuild has compiled it.
        source: path relative to the tree.
        files: text of files that stand in for those of the tree; ``source`` may be one of them.
        place: a folder of the caller's; what is in it is written over.
        flags: for the compiler, behind kbuild's own.

    Raises:
        UserError: kbuild has not compiled it.
        InfraError: the compiler cannot be run.
    """
    recorded = recorded_command(build_dir, source)
    text = files[source] if source in files else (tree / source).read_text("utf-8", "replace")
    overlay = place / "overlay"
    for path, content in {**files, source: text}.items():
        write_atomic(overlay / path, content.encode("utf-8", "surrogateescape"))
    out = place / "out.o"
    out.unlink(missing_ok=True)
    command = [
        recorded[0],
        *(f"-I{overlay / folder}" for folder in _INCLUDES if (overlay / folder).is_dir()),
        *recorded[1:],
        f"-fmacro-prefix-map={overlay}/=",
        *(f"-iquote{(tree / source).parent}", *WARNINGS),
        *flags,
        *("-c", "-o", str(out), str(overlay / source)),
    ]
    done = _run(command, build_dir)
    messages = tuple((int(line), words) for line, words in _MESSAGE.findall(done.stderr))
    if done.returncode:
        return Compiled(object=b"", messages=messages or ((0, done.stderr.strip()[-500:]),))
    return Compiled(object=out.read_bytes(), messages=messages)


def disassemble(data: bytes, place: Path) -> str:
    """Return the code and the relocations of an object, without the name of its file.

    Args:
        data: the object.
        place: a folder of the caller's.

    Raises:
        InfraError: objdump cannot be run.
    """
    file = place / "shown.o"
    write_atomic(file, data)
    done = _run(["objdump", "-dr", "--no-show-raw-insn", "--no-addresses", str(file)], place)
    if done.returncode:
        raise InfraError(f"objdump failed: {done.stderr.strip()}", where=str(file))
    return done.stdout.split("\n\n", 1)[-1]


def _run(command: list[str], where: Path) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "LC_ALL": "C"}
    return tools.run(command, package="gcc binutils", cwd=where, env=settings)
