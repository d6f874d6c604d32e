# SPDX-License-Identifier: GPL-2.0-only
"""Where things are: the project's data and the work area; files appear whole or not at all.

Shared leaf: every stage may import it, it imports only ``errors``. What takes longer to import than
most commands take is imported where it is used.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generator.errors import InfraError, UserError

_PACKAGE = Path(__file__).resolve().parent


def data_dir(name: str) -> Path:
    """Return the project's data folder ``name`` (``templates`` or ``qemu``).

    A checkout has it beside the package, an installed wheel inside of it.

    Raises:
        InfraError: the installation is incomplete.
    """
    for candidate in (_PACKAGE.parent / name, _PACKAGE / "data" / name):
        if candidate.is_dir():
            return candidate
    raise InfraError(
        f"the folder '{name}' of uprobekit is missing",
        where=str(_PACKAGE),
        hint="install the package again",
    )


def default_workdir() -> Path:
    """Return the work area without ``--workdir``: ``$UPROBEKIT_WORKDIR`` or the user's cache."""
    configured = os.environ.get("UPROBEKIT_WORKDIR")
    return Path(configured) if configured else cache_dir()


def cache_dir(*below: str) -> Path:
    """Return the user's cache, there or not, or a place below it."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("uprobekit"), *below)


def ensure_dir(path: Path, option: str = "--workdir") -> Path:
    """Create the directory ``path`` and return it; ``option`` is what the user names it with.

    Raises:
        UserError: the directory cannot be made or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot create the directory: {error.strerror}",
            where=str(path),
            hint=f"choose another place with {option}",
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise UserError(
            "the directory is not writable", where=str(path), hint=f"choose another with {option}"
        )
    return path


def read_now(path: Path) -> bytes:
    """Return what is in a file; a FIFO in its place is empty, and nobody waits for who writes it.

    Raises:
        OSError: it cannot be read.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        return file.read()


def write_atomic(path: Path, data: bytes) -> bool:
    """Write ``data`` to ``path`` through a temporary file; leave an equal file untouched.

    What is a device or a FIFO is written to, as by any other program, and never replaced.

    Returns:
        True when the file was written, False when it held ``data`` already.

    Raises:
        InfraError: the disk is full or the place cannot be written; nothing half-written stays.
        UserError: a folder, a socket or the like is there.
    """
    try:
        if _is_special(path):
            return _write_special(path, data)
        if path.is_file() and path.read_bytes() == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise InfraError(f"cannot write: {error.strerror}", where=str(path)) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise InfraError(f"cannot write: {error.strerror}", where=str(path)) from error
    return True


def _is_special(path: Path) -> bool:
    """Tell whether something is there, links followed, that is not a file."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _write_special(path: Path, data: bytes) -> bool:
    """Write to a terminal, ``/dev/null``, or a FIFO that somebody reads.

    Raises:
        OSError: it cannot be written.
        UserError: it is none of these.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)):
        what = "a folder" if stat.S_ISDIR(mode) else "neither a file nor a device"
        raise UserError(f"this is {what}", where=str(path), hint="name a file")
    try:
        # without a reader a FIFO would be waited for
        handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise UserError("nobody reads this FIFO", where=str(path), hint="name a file") from error
    os.set_blocking(handle, True)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file; while another run has it, wait, and say so on stderr."""
    import logging

    import filelock

    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        logging.getLogger(__name__).warning(
            "uprobekit: waiting for another run, which holds %s", path
        )
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
