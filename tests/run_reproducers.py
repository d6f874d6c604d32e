# SPDX-License-Identifier: GPL-2.0-only
"""Run the programs of ``uprobekit reproduce`` in guests: on the unmodified base, and on the tip.

Usage: python tests/run_reproducers.py [--base 6.1] [--workdir DIR] [--image FILE]

Each has to say "affected" on the unmodified base if the catalogue says so of what was run of that
release, and "not affected" on the tip, but for what the series leaves aside; anything else is a
failure (status 2). ``--image`` runs them in a kernel that somebody else has built and prints what
they say. Needs both kernels: ``make check-reproducers`` builds them. The guest has dash and what
run.sh calls, as this machine has them.
"""

from __future__ import annotations

import argparse
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from generator.checks.catalogue.reproduce import reproducer, sources
from generator.checks.clients.pack import (
    find_libraries,
    library_links,
    link,
    real_name,
)
from generator.guest.boot import BootRequest, BootResult, boot_kernel
from generator.guest.cpio import Entry, folders_of, pack_entries, pack_file
from generator.guest.initramfs import GuestRequest, build_guest
from generator.kbuild.request import IMAGE
from generator.model.catalogue import CATALOGUE
from generator.paths import data_dir, default_workdir, ensure_dir, write_atomic
from generator.progress import SilentObserver

PROGRAMS = ("dash", "dirname", "echo", "id", "mkdir", "rmdir", "sleep", "timeout")
FLAGS = ("-O1", "-static", "-no-pie", "-fno-pie", "-fcf-protection=none")
WORDS = {"0": "not affected", "1": "affected", "2": "cannot tell"}
SECONDS = 600
UMIP = "umip-step"
"""It takes an option that our kernels do not have, and others do."""
LEFT = ("return-swapped-stack",)
"""What the series does not mend either: docs/limits.md."""


def flags_of(source: Path) -> list[str]:
    """Return the flags that a source asks for, as run.sh does."""
    mark = "// flags: "
    lines = source.read_text().splitlines()
    return [
        flag for line in lines if line.startswith(mark) for flag in line.removeprefix(mark).split()
    ]


def compile_all(place: Path) -> Iterator[Entry]:
    """Compile each program; yield its folder as the guest has it."""
    for ident, source in sources().items():
        target = place / ident
        flags = (*FLAGS, "-Wall", "-Werror", *flags_of(source))
        subprocess.run(["gcc", *flags, "-o", target, source], check=True)
        yield pack_file(f"reproduce/{ident}/{ident}", target)
        for name, text in reproducer(ident).items():
            data = text.encode()
            yield Entry(name=f"reproduce/{ident}/{name}", mode=stat.S_IFREG | 0o644, data=data)


def pack(place: Path) -> bytes:
    """Return the archive with the programs and a shell."""
    programs = [Path(shutil.which(name) or sys.exit(f"{name} is not there")) for name in PROGRAMS]
    entries = [pack_file(f"usr/bin/{program.name}", program) for program in programs]
    entries += [pack_file(real_name(path), path) for path in find_libraries(programs)]
    script = (data_dir("qemu") / "reproduce" / "all.sh").read_bytes()
    entries.append(Entry(name="bin/reproducers", mode=stat.S_IFREG | 0o755, data=script))
    entries += compile_all(place)
    entries += [link("bin/sh", "/usr/bin/dash"), *library_links()]
    for name in PROGRAMS[1:]:
        entries.append(link(f"bin/{name}", f"/usr/bin/{name}"))
    names = (entry.name for entry in entries)
    return pack_entries(iter([*folders_of(names), *entries]))


def boot(options: argparse.Namespace, variant: str, kernel: Path, initramfs: Path) -> BootResult:
    """Boot one kernel with the programs."""
    request = BootRequest(
        base=options.base,
        variant=variant,
        kernel=kernel,
        initramfs=initramfs,
        workdir=options.workdir,
        flavour="reproducers",
        accel="tcg",
        memory=1024,
        timeout=SECONDS,
        stall=120.0,
        parameters=("uprobekit.program=reproducers", f"uprobekit.timeout={SECONDS}"),
        one_thread=True,
    )
    return boot_kernel(request, SilentObserver())


def wrong(base: str, seen: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield what is not as it must be.

    Args:
        base: the release, such as ``6.1``.
        seen: the word of each program, by kernel (``peer``, ``tip``) and name.
    """
    for entry in CATALOGUE:
        if entry.ident in sources():
            has = any(f"{release}.".startswith(f"{base}.") for release in entry.affected)
            words = {True: "affected", False: "not affected"}
            expected = {"peer": words[has], "tip": words[entry.ident in LEFT]}
            for kernel, found in seen.items():
                word = found.get(entry.ident, "it did not run")
                if word not in (expected[kernel], "cannot tell"):
                    yield f"{entry.ident}: {kernel}: {word} instead of {expected[kernel]}"
                elif word == "cannot tell" and kernel == "peer" and has and entry.ident != UMIP:
                    yield f"{entry.ident}: {kernel}: cannot tell, and the self-tests can"


def main() -> None:
    """Compile, boot, compare, print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="6.1")
    parser.add_argument("--image", type=Path)
    parser.add_argument("--workdir", type=Path, default=default_workdir())
    options = parser.parse_args()

    area = ensure_dir(options.workdir / "reproducers")
    guest = build_guest(GuestRequest(directory=options.workdir / "guest-x86_64")).initramfs
    write_atomic(area / "initramfs.cpio", guest.read_bytes() + pack(area))
    kernels = {
        variant: options.workdir / options.base / variant / "linux" / "build-plain-gcc" / IMAGE
        for variant in ("peer", "tip")
    }
    kernels = {"image": options.image} if options.image else kernels
    seen = {}
    for variant, kernel in kernels.items():
        result = boot(options, variant, kernel, area / "initramfs.cpio")
        if not result.ktap.done:
            print("\n".join(result.outcome.excerpt))
            sys.exit(f"{variant}: {result.outcome.reason}")
        seen[variant] = {
            test.name: WORDS.get(test.values["status"], f"status {test.values['status']}")
            for test in result.ktap.tests
        }
        for test in result.ktap.tests:
            said = [line.lstrip("# ") for line in test.diagnostics if line.startswith("#   ")]
            print(f"{variant}: {' '.join(said)}")
    problems = [] if options.image else list(wrong(options.base, seen))
    if problems:
        print("\n".join(problems))
        sys.exit(2)


if __name__ == "__main__":
    main()
