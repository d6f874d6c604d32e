# SPDX-License-Identifier: GPL-2.0-only
"""Run a command where nothing can be found but what `make setup` installs.

    python tests/bare.py --packages "git make gcc ..." COMMAND...

The command gets a root file system of its own, in a mount namespace: ``/usr`` has only the files of
the packages, of what they depend on (no recommendations), and of Debian's required ones, as dpkg
lists them; ``/etc``, ``/var`` and this clone are those of the machine; there is no home, no
``/opt``, no ``/dev/kvm`` and no network. What another gate or a person has installed is not there,
nor settings of git for the whole machine; a Python environment with more than `make setup` puts
into it is refused.
Nothing is copied and nothing is changed: ``/usr`` is an overlay whose upper layer hides files.

Wants root, unshare(1), mount(8) and overlayfs. Exit status: the command's; 3: this machine cannot.
"""

from __future__ import annotations

import argparse
import fcntl
import importlib.metadata
import os
import re
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

CANNOT = 3
MARK = "UPROBEKIT_BARE"
"""Set in the environment of the command."""

DPKG = Path("/var/lib/dpkg")
TOP = ("etc", "var", "proc", "sys")
OF_THE_MACHINE = ("etc/gitconfig", "etc/ccache.conf", "etc/mailrc")
"""What a person has settled for programs of ours; none is of a package."""

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1  # netdevice(7)


class BareError(Exception):
    """This machine has no place for a bare environment; the text says why."""


@dataclass(frozen=True)
class Package:
    """An installed package.

    Args:
        name: as in dpkg's status.
        arch: its architecture.
        required: essential, or of priority required.
        needs: what it depends on: names that are alternatives to each other.
        provides: virtual packages.
    """

    name: str
    arch: str
    required: bool
    needs: tuple[tuple[str, ...], ...]
    provides: tuple[str, ...]


def read_status(text: str, arch: str) -> dict[str, Package]:
    """Return the packages of dpkg's status that are installed, those of another ``arch`` left out.

    Source of the format: deb-control(5).
    """
    found = {}
    for stanza in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", stanza, re.M))
        if "Package" not in fields or not fields.get("Status", "").endswith(" ok installed"):
            continue
        if fields.get("Architecture") not in (arch, "all"):
            continue
        wishes = [fields[name] for name in ("Pre-Depends", "Depends") if fields.get(name)]
        found[fields["Package"]] = Package(
            name=fields["Package"],
            arch=fields["Architecture"],
            required=fields.get("Essential") == "yes" or fields.get("Priority") == "required",
            needs=tuple(tuple(_names(group, "|")) for wish in wishes for group in wish.split(",")),
            provides=tuple(_names(fields.get("Provides", ""), ",")),
        )
    return found


def _names(text: str, separator: str) -> Iterator[str]:
    """Yield the names in a list of packages, without versions and architectures."""
    for word in filter(str.strip, text.split(separator)):
        yield re.split(r"[ :(]", word.strip())[0]


def find_closure(installed: Mapping[str, Package], wanted: Iterable[str]) -> set[str]:
    """Return the names of ``wanted``, of the required packages, and of all they depend on.

    Of alternatives it is the first that is installed, as apt does it.

    Raises:
        BareError: one of ``wanted`` is not installed.
    """
    wanted = set(wanted)
    if missing := sorted(wanted - set(installed)):
        raise BareError(f"not installed: {' '.join(missing)}; run 'make setup' first")
    found: set[str] = set()
    open_ones = [*sorted(wanted), *(name for name, p in sorted(installed.items()) if p.required)]
    while open_ones:
        name = open_ones.pop()
        if name in found:
            continue
        found.add(name)
        for group in installed[name].needs:
            real = [one for one in group if one in installed]
            # a virtual one: whoever is there already, else the first
            real = real or [
                package.name
                for package in sorted(installed.values(), key=lambda p: (not p.required, p.name))
                if set(package.provides) & set(group)
            ]
            open_ones += real[:1]
    return found


def list_files(installed: Mapping[str, Package], names: Iterable[str], dpkg: Path) -> set[str]:
    """Return the paths of the packages' files and folders, as they are where /bin is /usr/bin."""
    moved = _read_diversions(dpkg / "diversions")
    files = set()
    for name in names:
        path = dpkg / "info" / f"{name}.list"
        if not path.is_file():
            path = dpkg / "info" / f"{name}:{installed[name].arch}.list"
        for line in path.read_text().splitlines():
            place, owner = moved.get(line, (line, name))
            files.add(_merged(line if owner == name else place))
    return files


def _read_diversions(path: Path) -> dict[str, tuple[str, str]]:
    """Return where files of other packages went, and who is the reason; see dpkg-divert(1)."""
    words = path.read_text().splitlines() if path.is_file() else []
    return {
        words[at]: (words[at + 1], words[at + 2]) for at in range(0, len(words) - len(words) % 3, 3)
    }


def _merged(path: str) -> str:
    return f"/usr{path}" if re.match(r"/(bin|sbin|lib\w*)(/|$)", path) else path


def find_hidden(top: Path, known: set[str], root: str = "") -> Iterator[Path]:
    """Yield the files and whole folders below ``top`` that are not ``known``.

    A link of nobody (``/usr/bin/cc``, an alternative) stays if what it leads to is known, and
    Python's caches stay: they are found by way of a module only.

    Args:
        top: the folder.
        known: paths, beginning with ``/usr``.
        root: what stands before those on this machine; for tests.
    """
    with os.scandir(top) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.path.removeprefix(root) in known:
                if entry.is_dir(follow_symlinks=False):
                    yield from find_hidden(Path(entry.path), known, root)
            elif entry.is_symlink():
                if os.path.realpath(entry.path).removeprefix(root) not in known:
                    yield Path(entry.path)
            elif entry.name != "__pycache__":
                yield Path(entry.path)


def read_alternatives(folder: Path) -> dict[str, list[str]]:
    """Return, for each link that update-alternatives(1) keeps, what it can lead to, best first.

    Args:
        folder: of dpkg, with a file for each link: mode, link, its slaves by two lines each, an
            empty line, and candidates: path, priority, a line for each slave.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*")):
        head, _, body = path.read_text().partition("\n\n")
        _, link, *slaves = head.split("\n")
        rows = body.split("\n")
        size = 2 + len(slaves) // 2
        lots = [rows[at : at + 2] for at in range(0, len(rows) - 1, size) if rows[at]]
        found[link] = [name for name, _ in sorted(lots, key=lambda lot: -int(lot[1]))]
    return found


def find_strangers(name: str, path: list[str] | None = None) -> list[str]:
    """Return what is installed in a Python environment, and not needed by a project in it.

    Args:
        name: of the project, whose extras are needed as well.
        path: where packages are looked for; None: in this environment.
    """
    found = list(importlib.metadata.distributions(**({} if path is None else {"path": path})))
    there = {_plain(one.metadata["Name"]): one for one in found}
    own = there[_plain(name)].metadata.get_all("Provides-Extra") or []
    known, open_ones = {"pip", "setuptools"}, [(_plain(name), "")]
    open_ones += [(_plain(name), extra) for extra in own]
    seen = set(open_ones)
    while open_ones:
        one, extra = open_ones.pop()
        known.add(one)
        for line in there[one].requires or () if one in there else ():
            wish = Requirement(line)
            if wish.marker and not wish.marker.evaluate({"extra": extra}):
                continue
            more = {(_plain(wish.name), each) for each in ("", *wish.extras)} - seen
            seen |= more
            open_ones += more
    return sorted(set(there) - known)


def _plain(name: str) -> str:
    """Return a name as it is compared: Python packaging, "Names and normalization"."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BareError(f"mount {' '.join(words)}: {done.stderr.strip()}")


def _bind(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.touch()
    _mount("--rbind", str(source), str(target))


def build_root(root: Path, packages: Iterable[str], keep: Iterable[Path]) -> None:
    """Make the file system in ``root``; only in a mount namespace of our own.

    Args:
        root: an empty folder.
        packages: what `make setup` installs.
        keep: folders that are there as well.

    Raises:
        BareError: something is missing, or a mount is not possible.
    """
    arch = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()
    status = (DPKG / "status").read_text()
    installed = read_status(status, arch)
    names = find_closure(installed, packages)
    known = list_files(installed, names, DPKG)
    _check_python(known)
    _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root))
    hidden = _hide(root, known)
    for name in TOP:
        _bind(Path("/", name), root / name)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        if (link := Path("/", name)).is_symlink():
            (root / name).symlink_to(link.readlink())
    _make_devices(root / "dev")
    for name in ("tmp", "run"):
        (root / name).mkdir()
    (root / "tmp").chmod(0o1777)
    for path in keep:
        _bind(path, root / path.relative_to("/"))
    for path in (root / name for name in OF_THE_MACHINE):
        if path.exists():
            _mount("--bind", "/dev/null", str(path))
    listed = root / "run" / "status"
    listed.write_text("\n\n".join(_only(status, names)) + "\n")
    _mount("--bind", str(listed), str(root / "var/lib/dpkg/status"))
    print(
        f"bare: {len(names)} of {len(installed)} packages, {hidden} files and folders of /usr "
        "hidden; no home, no network, no /dev/kvm",
        file=sys.stderr,
        flush=True,
    )


def _only(status: str, names: set[str]) -> Iterator[str]:
    for stanza in status.rstrip("\n").split("\n\n"):
        if stanza.partition("\n")[0].removeprefix("Package: ") in names:
            yield stanza


def _check_python(known: set[str]) -> None:
    """Check that the Python of this environment is one that will be there, with its packages only.

    Raises:
        BareError: it is below /usr, and of no package; or more was installed into it.
    """
    if strangers := find_strangers("uprobekit"):
        raise BareError(
            f"'make setup' installs no {', '.join(strangers)} into {sys.prefix}: "
            "make clean setup, then again"
        )
    real = os.path.realpath(sys.executable)
    if real.startswith("/usr/") and real not in known:
        raise BareError(f"{real} is of no package of ours: make setup PYTHON3=/usr/bin/python3")


def _hide(root: Path, known: set[str]) -> int:
    """Put /usr into ``root``, without what is not known; return how much that was.

    A device 0:0 in the upper layer is a file that is not there (Documentation/filesystems/
    overlayfs.rst, "whiteouts and opaque directories").
    """
    upper, work = root / ".upper", root / ".work"
    for folder in (upper, work, root / "usr"):
        folder.mkdir()
    count = 0
    others = read_alternatives(DPKG / "alternatives")
    for count, path in enumerate(find_hidden(Path("/usr"), known), 1):  # noqa: B007
        cover = upper / path.relative_to("/usr")
        cover.parent.mkdir(parents=True, exist_ok=True)
        other = next((name for name in others.get(str(path), ()) if name in known), "")
        if other:
            cover.symlink_to(other)
        else:
            os.mknod(cover, stat.S_IFCHR, os.makedev(0, 0))
    for folder in upper.rglob("*/"):
        shutil.copystat(Path("/usr", folder.relative_to(upper)), folder)
    layers = f"lowerdir=/usr,upperdir={upper},workdir={work}"
    _mount("-t", "overlay", "-o", layers, "overlay", str(root / "usr"))
    return count


def _make_devices(folder: Path) -> None:
    folder.mkdir()
    for name in DEVICES:
        _bind(Path("/dev", name), folder / name)
    (folder / "fd").symlink_to("/proc/self/fd")
    for name, kind in (("shm", "tmpfs"), ("pts", "devpts")):
        (folder / name).mkdir()
        _mount("-t", kind, kind, str(folder / name))
    (folder / "ptmx").symlink_to("pts/ptmx")
    (folder / "shm").chmod(0o1777)


def _loopback() -> None:
    """Switch the loopback interface on: the only one that there is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        asked = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(udp, _SIOCGIFFLAGS, asked), 16)
        fcntl.ioctl(udp, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _environment() -> dict[str, str]:
    """Return the environment of the command: a home cannot be made, not even by root."""
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/dev/null/home",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        MARK: "1",
    }


def _keep(clone: Path) -> list[Path]:
    """Return the folders that stay: the clone, and a Python that Debian does not have."""
    prefix = Path(sys.base_prefix)
    if prefix.is_relative_to("/usr"):
        return [clone]
    print(f"bare: Python is that of {prefix}, of no package", file=sys.stderr)
    return [clone, prefix]


def _inside(root: Path, packages: list[str], command: list[str]) -> None:
    """Make the root, go there, and become the command."""
    clone = Path.cwd()
    build_root(root, packages, _keep(clone))
    _loopback()
    os.chroot(root)
    os.chdir(clone)
    os.execvpe(command[0], command, _environment())


def _start(arguments: list[str]) -> int:
    """Run ourselves again in namespaces of our own."""
    if os.geteuid() != 0:
        raise BareError("a mount namespace wants root: sudo make test-bare")
    for tool in ("unshare", "mount", "dpkg"):
        if shutil.which(tool) is None:
            raise BareError(f"there is no {tool} here")
    spaces = ["unshare", "--mount", "--net", "--propagation", "private"]
    tried = subprocess.run([*spaces, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise BareError(
            f"this machine gives no namespaces: {tried.stderr.strip()}; a container without "
            "CAP_SYS_ADMIN, or a chroot whose / is no mount point?"
        )
    with tempfile.TemporaryDirectory(prefix="bare-") as root:
        again = [sys.executable, __file__, "--inside", root, *arguments]
        return subprocess.run([*spaces, *again], check=False).returncode


def main(arguments: list[str]) -> int:
    """Run the command and return its status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--packages", required=True, help="names, separated by blanks")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(arguments)
    if not chosen.command:
        parser.error("which command?")
    try:
        if chosen.inside:
            _inside(chosen.inside, chosen.packages.split(), chosen.command)
        return _start(arguments)
    except (BareError, OSError, subprocess.CalledProcessError) as error:
        print(f"bare: no bare environment: {error}", file=sys.stderr)
        return CANNOT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
