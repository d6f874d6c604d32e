# SPDX-License-Identifier: GPL-2.0-only
"""The clients of uprobes for the guest: programs of this machine's packages, and the base's tests.

Reads the installed programs with the shared libraries that ldd(1) names, and
``tools/testing/selftests/ftrace`` of the base's source; makes the entries of an initramfs, to be
unpacked over the guest's own. Nothing is changed and nothing is kept: each program is packed as its
package has it, at ``/usr/bin``, each library where the dynamic linker looks for it.
"""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from generator.build.cpio import Entry, pack_entries
from generator.errors import InfraError, UserError

PACKAGES: Mapping[str, tuple[str, ...]] = {
    "linux-perf": ("perf",),
    "bpftrace": ("bpftrace",),
    "dash": ("dash",),
    "coreutils": (
        *("basename", "cat", "cut", "date", "dirname", "expr", "head", "id", "ls", "mkdir"),
        *("mktemp", "rm", "rmdir", "sleep", "sort", "tail", "tee", "timeout", "tr", "wc"),
    ),
    "findutils": ("find",),
    "grep": ("grep",),
    "mount": ("mount",),
    "sed": ("sed",),
}
"""Debian's packages, and the programs of each that the guest calls (``qemu/guest/clients.sh``,
``ftracetest`` of the base)."""

_LIBRARY = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)
"""A line of ldd(1): a name and where it is, or the dynamic linker's path alone."""

_TESTS = Path("tools/testing/selftests/ftrace")


def pack_clients(pristine: Path) -> bytes:
    """Return the archive of the clients.

    Args:
        pristine: the unmodified source of the base.

    Raises:
        InfraError: a program is not installed, or a file cannot be read.
        UserError: the source has no tests of ftrace.
    """
    tests = pristine / _TESTS
    if not (tests / "ftracetest").is_file():
        raise UserError("the source has no tests of ftrace", where=str(tests))
    programs = find_programs()
    files = {f"usr/bin/{program.name}": program for program in programs}
    files |= {str(path).lstrip("/"): path for path in find_libraries(programs)}
    files |= {
        f"ftrace/{path.relative_to(tests)}": path
        for path in sorted(tests.rglob("*"))
        if path.is_file()
    }
    try:
        entries = [_file(name, path) for name, path in files.items()]
    except OSError as error:
        raise InfraError(f"cannot read: {error.strerror}", where=str(error.filename)) from error
    shell = Entry(name="bin/sh", mode=stat.S_IFLNK | 0o777, data=b"/usr/bin/dash")
    return pack_entries(iter([*_folders([*files, shell.name]), *entries, shell]))


def find_programs() -> tuple[Path, ...]:
    """Return where the programs of the packages are.

    Raises:
        InfraError: some are not installed.
    """
    found = {name: shutil.which(name) for names in PACKAGES.values() for name in names}
    lacking = [
        package for package, names in PACKAGES.items() if not all(found[name] for name in names)
    ]
    if lacking:
        missing = ", ".join(name for name, path in found.items() if not path)
        raise InfraError(
            f"the guest needs {missing}, not found in PATH",
            hint=f"apt-get install {' '.join(lacking)}",
        )
    return tuple(Path(path) for path in found.values() if path)


def package_versions() -> dict[str, str]:
    """Return the versions of the packages, as dpkg-query(1) has them; nothing on another system."""
    command = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return {}
    rows = (line.split() for line in done.stdout.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}


def find_libraries(programs: Iterable[Path]) -> tuple[Path, ...]:
    """Return the shared libraries that ``programs`` load, the dynamic linker among them.

    Raises:
        InfraError: ldd does not run, or a library is missing.
    """
    command = ["ldd", *map(str, programs)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise InfraError(f"ldd does not run: {error}", hint="apt-get install libc-bin") from error
    if "not found" in done.stdout:
        raise InfraError("a shared library is missing", where="ldd", hint="apt-get install -f")
    return tuple(Path(path) for path in sorted(set(_LIBRARY.findall(done.stdout))))


def _file(name: str, path: Path) -> Entry:
    runs = 0o755 if path.stat().st_mode & 0o100 else 0o644
    return Entry(name=name, mode=stat.S_IFREG | runs, data=path.read_bytes())


def _folders(names: Iterable[str]) -> tuple[Entry, ...]:
    """Return the folders that ``names`` are in, each before what is in it."""
    folders = {str(parent) for name in names for parent in Path(name).parents} - {"."}
    return tuple(Entry(name=name, mode=stat.S_IFDIR | 0o755) for name in sorted(folders))
