# SPDX-License-Identifier: GPL-2.0-only
"""What a kernel that somebody else has built needs beside our guest, as further archives.

The kernel unpacks one archive after the other: the distribution's own initrd first, if it is
wanted, then our guest, whose ``/init`` counts, then modules and the list of tests.
"""

from __future__ import annotations

import gzip
import lzma
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from generator import tools
from generator.errors import UserError
from generator.guest.cpio import Entry, pack_data, pack_entries

WANTED = ("fuse",)
"""The modules that self-tests use where the kernel has them as such (``t-file.c``: arm-fuse)."""

TESTS_FILE = "tests"
"""Where the guest has the names of the tests that it is to run."""

_ARCHIVES = tuple(
    bytes.fromhex(begin)
    for begin in (
        "303730373031",
        "303730373032",
        "1f8b",
        "425a68",
        "5d0000",
        "894c5a4f",
        "02214c18",
        "fd377a585a",
        "28b52ffd",
    )
)
"""How an initrd begins: as an archive, or compressed (lib/decompress.c; 6.1)."""

_DEPENDENCIES = "modules.dep"
_MODULE = re.compile(r"([^/]+)\.ko(\.gz|\.xz|\.zst)?$")


def pack_tests(names: tuple[str, ...]) -> bytes:
    """Return an archive with a list of tests."""
    return pack_data(TESTS_FILE, "".join(f"{name}\n" for name in names).encode())


def read_initrd(path: Path) -> bytes:
    """Return a distribution's initrd, padded so that another archive can follow.

    Raises:
        UserError: it cannot be read, or it is none.
    """
    hint = "name the initrd of this kernel, such as /boot/initrd.img-6.1.0-1-amd64"
    data = _read(path, hint)
    if not data.startswith(_ARCHIVES):
        raise UserError("this is no initrd", where=str(path), hint=hint)
    return data + b"\0" * (-len(data) % 4)


def find_modules(folder: Path, version: str) -> Path:
    """Return where the modules of a kernel are.

    Args:
        folder: that place itself, or one that has ``lib/modules/VERSION`` in it.
        version: of the kernel.

    Raises:
        UserError: there are none of this version.
    """
    below = (".", version, f"lib/modules/{version}", f"usr/lib/modules/{version}")
    for place in (folder.absolute() / name for name in below):
        if (place / "kernel").is_dir() and place.resolve().name == version:
            return place
    raise UserError(
        f"there are no modules of Linux {version}",
        where=str(folder),
        hint=f"name the folder lib/modules/{version} of this kernel",
    )


def pack_modules(place: Path) -> bytes:
    """Return an archive of the modules that self-tests use, in the order to load them.

    Raises:
        UserError: a file cannot be read.
        InfraError: there is no program to uncompress one.
    """
    needs = read_dependencies(_dependencies(place))
    paths: dict[str, None] = {}
    for name in WANTED:
        # modules.dep names what a module needs from the last to be loaded to the first
        paths |= dict.fromkeys(reversed(needs.get(name, ())))
    return pack_entries(_module_entries(place, tuple(paths)))


def read_dependencies(text: str) -> Mapping[str, tuple[str, ...]]:
    """Return the file of each module and those that it needs, by its name.

    Args:
        text: modules.dep: ``kernel/fs/fuse/fuse.ko.xz: kernel/...`` in each line (depmod(8));
            lines of another form say nothing.
    """
    found = {}
    for line in text.splitlines():
        path, _, needs = line.partition(":")
        if match := _MODULE.search(path):
            found[match[1].replace("-", "_")] = (path, *needs.split())
    return found


def _dependencies(place: Path) -> str:
    """Return modules.dep of a folder of modules: a package that is not installed has none.

    Raises:
        InfraError: there is no depmod(8) to tell it.
    """
    if (place / _DEPENDENCIES).is_file():
        return _read(place / _DEPENDENCIES, "").decode("utf-8", "replace")
    root = place.resolve().parents[2]
    # it is where root's programs are, which not everybody's PATH has
    program = shutil.which("depmod", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    command = (program or "depmod", "-n", "-b", root, place.name)
    return tools.run(command, package="kmod").stdout


def _module_entries(place: Path, paths: tuple[str, ...]) -> Iterator[Entry]:
    yield Entry(name="modules", mode=stat.S_IFDIR | 0o755)
    for number, path in enumerate(paths):
        match = _MODULE.search(path)
        name = match[1] if match else "module"
        data = _uncompress(place / path)
        yield Entry(name=f"modules/{number:02}-{name}.ko", mode=stat.S_IFREG | 0o644, data=data)


def _uncompress(path: Path) -> bytes:
    data = _read(path, "")
    try:
        if path.suffix == ".xz":
            return lzma.decompress(data)
        if path.suffix == ".gz":
            return gzip.decompress(data)
    except (lzma.LZMAError, OSError, EOFError) as error:
        raise UserError(f"cannot be uncompressed: {error}", where=str(path)) from error
    return _unzstd(path) if path.suffix == ".zst" else data


def _unzstd(path: Path) -> bytes:
    done = tools.run_bytes(("zstd", "-dcq", "--", path))
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise UserError(f"cannot be uncompressed: {said}", where=str(path))
    return done.stdout


def _read(path: Path, hint: str) -> bytes:
    try:
        if stat.S_ISFIFO(path.stat().st_mode):
            raise UserError("this is a pipe", where=str(path), hint="name a file")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read: {error.strerror}", where=str(path), hint=hint) from error
