# SPDX-License-Identifier: GPL-2.0-only
"""A "newc" cpio archive of a folder: the initramfs, with the same bytes for the same files.

The format is that of the kernel's Documentation/driver-api/early-userspace/buffer-format.rst (6.1).
Written here, in few lines, because the kernel's gen_init_cpio needs a built kernel tree and cpio(1)
the rights of root for the device node: owner is root, times are zero, inode numbers count from one,
names are sorted, and ``/dev/console``, which the kernel opens as init's standard streams, is always
there.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_MAGIC = b"070701"
_CONSOLE = (5, 1)
"""Major and minor number of /dev/console (Documentation/admin-guide/devices.txt)."""

_FOLDERS = ("dev", "proc", "sys", "tmp")
"""Mount points that every guest has."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One archive member.

    Args:
        name: path in the archive, without a leading slash.
        mode: file type and permissions, as in ``st_mode``.
        data: content, or the target of a symbolic link.
        device: major and minor number of a device node.
    """

    name: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def pack_folder(folder: Path) -> bytes:
    """Return the archive of ``folder``, with the mount points and ``/dev/console`` added.

    Raises:
        OSError: a file cannot be read.
    """
    entries = {entry.name: entry for entry in _standard_entries()}
    entries |= {entry.name: entry for entry in _read_entries(folder)}
    return pack_entries(entries[name] for name in sorted(entries))


def _standard_entries() -> Iterator[Entry]:
    for name in _FOLDERS:
        yield Entry(name=name, mode=stat.S_IFDIR | 0o755)
    yield Entry(name="dev/console", mode=stat.S_IFCHR | 0o600, device=_CONSOLE)


def _read_entries(folder: Path) -> Iterator[Entry]:
    """Yield the regular files, folders and symbolic links below ``folder``."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            yield Entry(name=name, mode=stat.S_IFLNK | 0o777, data=str(path.readlink()).encode())
        elif path.is_dir():
            yield Entry(name=name, mode=stat.S_IFDIR | 0o755)
        elif path.is_file():
            runs = 0o755 if path.stat().st_mode & 0o100 else 0o644
            yield Entry(name=name, mode=stat.S_IFREG | runs, data=path.read_bytes())


def pack_data(name: str, data: bytes) -> bytes:
    """Return an archive of one file that is read."""
    return pack_entries(iter([Entry(name=name, mode=stat.S_IFREG | 0o644, data=data)]))


def pack_entries(entries: Iterator[Entry]) -> bytes:
    """Return an archive of ``entries`` in the order given."""
    archive = bytearray()
    for inode, entry in enumerate(entries, start=1):
        archive += _pack(entry, inode)
    return bytes(archive + _pack(Entry(name="TRAILER!!!", mode=0), 0))


def _pack(entry: Entry, inode: int) -> bytes:
    name = entry.name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    numbers = (
        *(inode, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0),
        *(*entry.device, len(name), 0),
    )
    header = _MAGIC + b"".join(b"%08X" % number for number in numbers)
    return _padded(header + name) + _padded(entry.data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def pack_file(name: str, path: Path) -> Entry:
    """Return a file of this machine under a name of the guest's.

    Raises:
        OSError: it cannot be read.
    """
    runs = 0o755 if path.stat().st_mode & 0o100 else 0o644
    return Entry(name=name, mode=stat.S_IFREG | runs, data=path.read_bytes())


def folders_of(names: Iterable[str]) -> tuple[Entry, ...]:
    """Return the folders that ``names`` are in, each before what is in it."""
    folders = {str(parent) for name in names for parent in Path(name).parents} - {"."}
    return tuple(Entry(name=name, mode=stat.S_IFDIR | 0o755) for name in sorted(folders))
