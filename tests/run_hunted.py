# SPDX-License-Identifier: GPL-2.0-only
"""Run the programs of ``tests/hunted`` on two kernels and compare: the base, and ours.

Usage: python tests/run_hunted.py [--base 6.1] [--flavour plain] [--tests 'ldt-*'] [--workdir DIR]

Each program runs something without a probe and with one, and says what is wrong with it; its second
line names the ABIs that it is compiled for, and what it tries. What the unmodified base does right
and ours does not is a failure (status 2), and so is a program that neither reports. Needs both
kernels: ``make hunted`` builds them. ``docs/hunted.md`` says what has been seen.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from generator.boot.outcome import scan_console
from generator.boot.stage import BootRequest, BootResult, boot_kernel
from generator.boot.text import read_lines
from generator.build.cpio import pack_folder
from generator.build.guest import GuestRequest, build_guest
from generator.build.kernel import IMAGE
from generator.build.progress import SilentObserver
from generator.paths import default_workdir, ensure_dir

SOURCES = Path(__file__).parent / "hunted"
FLAGS = (
    *("-O1", "-std=gnu11", "-D_GNU_SOURCE", "-fno-pie", "-no-pie", "-static", "-pthread"),
    *("-Wall", "-Werror", "-fcf-protection=none"),
)
MODES = {"64": ("", "-m64"), "32": ("m32-", "-m32")}
SECONDS = 1500

_HEAD = re.compile(r"^// ([0-9 ]+): \S")
_RESULT = re.compile(r"^(not ok|ok) \d+ (\S+) (# SKIP |- )(.*)$")


def compile_all(place: Path) -> None:
    """Compile the runner and each program for the ABIs that it names."""
    jobs = [("bin/hunted", SOURCES / "runner.c", "-m64")]
    for source in sorted(SOURCES.glob("*.c")):
        if source.name == "runner.c":
            continue
        head = _HEAD.match(source.read_text().splitlines()[1])
        if head is None:
            sys.exit(f"{source}: the second line does not say for which ABIs it is")
        for bits in head[1].split():
            prefix, mode = MODES[bits]
            jobs.append((f"hunted/{prefix}{source.stem}", source, mode))
    for name, source, mode in jobs:
        target = ensure_dir((place / name).parent) / Path(name).name
        needed = max(source.stat().st_mtime, (SOURCES / "hunted.h").stat().st_mtime)
        if not target.exists() or target.stat().st_mtime < needed:
            subprocess.run(["gcc", mode, *FLAGS, "-o", target, source], check=True)


def boot(options: argparse.Namespace, variant: str, initramfs: Path) -> BootResult:
    """Boot one kernel with the programs."""
    area = options.workdir / options.base / variant
    request = BootRequest(
        base=options.base,
        variant=variant,
        kernel=area / "linux" / f"build-{options.flavour}-gcc" / IMAGE,
        initramfs=initramfs,
        workdir=options.workdir,
        flavour="hunted",
        accel="tcg",
        memory=1024,
        timeout=SECONDS + 60.0,
        stall=0.0,  # the runner kills what does not end
        silence=180.0,
        parameters=(
            "uprobekit.program=hunted",
            f"uprobekit.timeout={SECONDS}",
            f"uprobekit.tests={options.tests}",
        ),
    )
    return boot_kernel(request, SilentObserver())


def results(boot: BootResult) -> dict[str, tuple[str, str]]:
    """Return word and reason of each program, by name."""
    found = {}
    for line in read_lines(boot.results):
        match = _RESULT.match(line)
        if match:
            word = "skip" if match[3].startswith("#") else match[1]
            found[match[2]] = (word, match[4])
    return found


def main() -> None:
    """Compile, boot, compare, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="6.1")
    parser.add_argument("--flavour", default="plain", help="whose kernels are booted")
    parser.add_argument("--variants", default="peer,tip")
    parser.add_argument("--tests", default="*")
    parser.add_argument("--workdir", type=Path, default=default_workdir())
    options = parser.parse_args()

    area = ensure_dir(options.workdir / "hunted")
    compile_all(area / "root")
    initramfs = area / "initramfs.cpio"
    guest = build_guest(GuestRequest(directory=options.workdir / "guest-x86_64")).initramfs
    initramfs.write_bytes(guest.read_bytes() + pack_folder(area / "root"))

    seen = {}
    for variant in options.variants.split(","):
        result = boot(options, variant, initramfs)
        seen[variant] = results(result)
        splats = scan_console(read_lines(result.console)).splats
        print(f"{variant}: {len(seen[variant])} programs, {result.end.seconds:.0f} s")
        print("".join(f"  {line}\n" for line in splats), end="")
    worse = []
    names = sorted({name for found in seen.values() for name in found})
    for name in names:
        cells = {variant: found.get(name, ("lost", "")) for variant, found in seen.items()}
        words = {variant: word for variant, (word, _) in cells.items()}
        print(f"{name:24}" + "".join(f"{variant}: {word:8}" for variant, word in words.items()))
        for variant, (word, why) in cells.items():
            if word != "ok":
                print(f"    {variant}: {why}")
        if words.get("tip") == "lost" or (words.get("peer"), words.get("tip", "ok")) == (
            "ok",
            "not ok",
        ):
            worse.append(name)
    if worse:
        print(f"right on the unmodified base, and not ours: {', '.join(worse)}")
        sys.exit(2)


if __name__ == "__main__":
    main()
