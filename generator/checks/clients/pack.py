# SPDX-License-Identifier: GPL-2.0-only
"""The clients of uprobes for the guest: programs of this machine's packages, and the base's tests.

Reads the installed programs with the shared libraries that ldd(1) names, and
``tools/testing/selftests/ftrace`` of the base's source; makes the entries of an initramfs, to be
unpacked over the guest's own. Each program is packed as its package has it, at ``/usr/bin``, each
library where it is here. The script of systemtap is translated here: its compiler is no client.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from generator import tools
from generator.errors import InfraError, UserError
from generator.guest.cpio import Entry, folders_of, pack_entries, pack_file
from generator.paths import data_dir, ensure_dir

PACKAGES: Mapping[str, tuple[str, ...]] = {
    "linux-perf": ("perf",),
    "bpftrace": ("bpftrace",),
    "systemtap-runtime": ("stapbpf",),
    "dash": ("dash",),
    "coreutils": (
        *("basename", "cat", "cut", "date", "dirname", "expr", "head", "id", "ls", "mkdir"),
        *("mktemp", "rm", "rmdir", "sleep", "sort", "tail", "tee", "timeout", "tr", "wc"),
    ),
    "findutils": ("find",),
    "grep": ("grep",),
    "mawk": ("awk",),
    "mount": ("mount",),
    "sed": ("sed",),
}
"""Debian's packages, and the programs of each that the guest calls (``qemu/guest/clients.sh``,
``ftracetest`` of the base)."""

_LIBRARY = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)
"""A line of ldd(1): a name and where it is, or the dynamic linker's path alone."""

_MISSING = re.compile(r"^\s*(\S+) => not found$", re.MULTILINE)

_TESTS = Path("tools/testing/selftests/ftrace")

_ACCOUNTS = {"etc/passwd": b"root:x:0:0:root:/tmp:/bin/sh\n", "etc/group": b"root:x:0:\n"}
"""stapbpf asks who runs it."""

_LINKED = ("lib", "lib64")
"""Folders that are links where /usr is merged (Debian's wiki, UsrMerge); a probe's path is real."""


def pack_clients(pristine: Path, probe: bytes) -> bytes:
    """Return the archive of the clients.

    Args:
        pristine: the unmodified source of the base.
        probe: what ``translate_probe`` returns.

    Raises:
        InfraError: a program is not installed, or a file cannot be read.
        UserError: the source has no tests of ftrace.
    """
    tests = pristine / _TESTS
    if not (tests / "ftracetest").is_file():
        raise UserError("the source has no tests of ftrace", where=str(tests))
    programs = find_programs()
    files = {f"usr/bin/{program.name}": program for program in programs}
    files |= {real_name(path): path for path in find_libraries(programs)}
    files |= {
        f"ftrace/{path.relative_to(tests)}": path
        for path in sorted(tests.rglob("*"))
        if path.is_file()
    }
    try:
        entries = [pack_file(name, path) for name, path in files.items()]
    except OSError as error:
        raise InfraError(f"cannot read: {error.strerror}", where=str(error.filename)) from error
    texts = {**_ACCOUNTS, "client.bo": probe}
    entries += [
        Entry(name=name, mode=stat.S_IFREG | 0o644, data=data) for name, data in texts.items()
    ]
    entries += [link("bin/sh", "/usr/bin/dash"), *library_links()]
    return pack_entries(iter([*folders_of(entry.name for entry in entries), *entries]))


def translate_probe(build_dir: Path, place: Path) -> bytes:
    """Return the script of systemtap, ``qemu/guest/client.stp``, as BPF that stapbpf loads.

    Systemtap wants a kernel's headers as a package has them; without modules a build directory
    lacks ``Module.symvers`` alone, and has the same under another name.

    Args:
        build_dir: of the kernel that is to be probed.
        place: work folder.

    Raises:
        InfraError: systemtap is not installed, or does not translate it.
    """
    kernel = ensure_dir(place / "kernel")
    links = {"Module.symvers": "vmlinux.symvers"} | {
        name: name for name in (".config", "Makefile", "System.map", "include")
    }
    for name, target in links.items():
        (kernel / name).unlink(missing_ok=True)
        (kernel / name).symlink_to(build_dir.absolute() / target)
    script = data_dir("qemu") / "guest" / "client.stp"
    command = ["stap", "-r", str(kernel), "--runtime=bpf", "-p4", "-m", "client", str(script)]
    settings = {**os.environ, "SYSTEMTAP_DIR": str(place / "systemtap"), "LC_ALL": "C"}
    try:
        tools.run(command, package="systemtap", cwd=place, env=settings, limit=300, check=True)
        return (place / "client.bo").read_bytes()
    except OSError as error:
        raise InfraError(f"stap does not run: {error}", where=str(place)) from error


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


def find_libraries(programs: Iterable[Path]) -> tuple[Path, ...]:
    """Return the shared libraries that ``programs`` load, the dynamic linker among them.

    Args:
        programs: programs, and libraries that these load by name: one of them may want another,
            which the program has loaded by then (dlopen(3)).

    Raises:
        InfraError: ldd does not run, or a library is missing.
    """
    programs = tuple(programs)
    command = ["ldd", *map(str, programs)]
    done = tools.run(command, package="libc-bin", limit=120, check=True)
    if missing := sorted({*_MISSING.findall(done.stdout)} - {path.name for path in programs}):
        raise InfraError(f"{missing[0]} is missing", where="ldd", hint="apt-get install -f")
    return tuple(Path(path) for path in sorted(set(_LIBRARY.findall(done.stdout))))


def real_name(library: Path) -> str:
    """Return where the guest has a library: its folder's real name, without the leading slash."""
    return str(library.parent.resolve() / library.name).lstrip("/")


def link(name: str, target: str) -> Entry:
    """Return a symbolic link."""
    return Entry(name=name, mode=stat.S_IFLNK | 0o777, data=target.encode())


def library_links() -> list[Entry]:
    """Return the links to folders with libraries that this machine has."""
    folders = [Path("/") / name for name in _LINKED]
    return [link(path.name, str(path.readlink())) for path in folders if path.is_symlink()]
