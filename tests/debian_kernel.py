# SPDX-License-Identifier: GPL-2.0-only
"""Check a kernel of Debian's: download its package, unpack it, and hold it against the catalogue.

Usage: python tests/debian_kernel.py [--package linux-image-cloud-amd64] [--keep 6.1.192]
       python tests/debian_kernel.py --image FILE [--keep 6.19.9]

Nothing is installed. A package that only depends on one is followed. Good is what can be said for
certain: the kernel boots, plain probes work in it, and whatever it dies of, warns of or fails in
belongs to an entry of the catalogue (status 0 or 2 of ``check-kernel``; which it is, the kernel
decides). ``make check-debian`` calls this. ``--keep`` puts what was seen into ``tests/logs/check``,
by this name: what ``docs/catalogue.md`` says of releases is made from there. ``--image`` takes a
kernel that is there already, Debian's or not.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kernels_seen import keep

from generator.checks.catalogue.run import PLACE
from generator.errors import ExitCode
from generator.paths import default_workdir, ensure_dir

GENERIC = {"kernel-dies": "dies", "kernel-complains": "warns"}
"""Entries about what belongs to no other one: where none is shown by the same test, what happened
there is new."""
GOOD = (ExitCode.GOOD, ExitCode.FAILED)
_DEPENDS = re.compile(r"^\s*Depends: (linux-(?:image|binary)-\S+)$", re.MULTILINE)


def follow(package: str) -> str:
    """Return the package that has the kernel."""
    said = run("apt-cache", "depends", package)
    match = _DEPENDS.search(said)
    return match[1] if match else package


def fetch(package: str, place: Path) -> Path:
    """Download and unpack a package; return its kernel."""
    run("apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", package, cwd=place)
    (archive,) = place.glob("*.deb")
    run("dpkg-deb", "-x", str(archive), str(place / "root"))
    archive.unlink()
    found = [*place.glob("root/boot/vmlinuz-*"), *place.glob("root/usr/lib/modules/*/vmlinuz")]
    if len(found) != 1:
        sys.exit(f"{package}: {len(found)} kernels in it, not one")
    return found[0]


def run(*command: str, cwd: Path | None = None) -> str:
    """Run a command, which has to succeed, and return what it says."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def problems(status: int, data: dict[str, Any]) -> list[str]:
    """Return what is wrong with what check-kernel has said."""
    if status not in GOOD:
        return [f"status {status}"]
    verdicts = {verdict["ident"]: verdict for verdict in data["verdicts"]}
    found = [f"{failed['test']} fails and belongs to no entry" for failed in data["unexplained"]]
    known = {
        shown["test"]
        for ident, verdict in verdicts.items()
        for shown in verdict["evidence"]
        if ident not in GENERIC
    }
    for ident, what in GENERIC.items():
        tests = [shown["test"] for shown in verdicts[ident]["evidence"]]
        found += [f"the kernel {what} in {test}" for test in tests if test not in known]
    if bool(data["affected"]) != (status == ExitCode.FAILED):
        found.append(f"status {status} with {len(data['affected'])} faults")
    return found


def check(kernel: Path, workdir: Path) -> tuple[int, dict[str, Any]]:
    """Return the exit status of check-kernel, and what it has said."""
    began = time.monotonic()
    command = (sys.executable, "-m", "generator", "check-kernel", "--json", str(kernel))
    words = (*command, "--workdir", str(workdir))
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    data = json.loads(done.stdout) if done.returncode in GOOD else {}
    print(f"{kernel.name}: {data.get('banner', '')}, {time.monotonic() - began:.0f} s")
    print(f"affected: {', '.join(data.get('affected', ())) or 'by none'}")
    return done.returncode, data


def main() -> None:
    """Fetch, check, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--package", default="linux-image-cloud-amd64")
    which.add_argument("--image", type=Path)
    parser.add_argument("--keep", metavar="NAME")
    parser.add_argument("--workdir", type=Path, default=default_workdir())
    options = parser.parse_args()

    workdir = options.workdir.absolute()
    if options.image:
        status, data = check(options.image, workdir)
    else:
        with TemporaryDirectory(dir=ensure_dir(workdir)) as place:
            status, data = check(fetch(follow(options.package), Path(place)), workdir)
    wrong = problems(status, data)
    if options.keep and not wrong:
        places = (workdir / PLACE).glob(f"{data['version']}-*")
        place = max(places, key=lambda path: (path / "boot-1").stat().st_mtime)
        keep(options.keep, [place / f"boot-{number + 1}" for number in range(data["boots"])])
    if wrong:
        sys.exit("; ".join(wrong))


if __name__ == "__main__":
    main()
