# SPDX-License-Identifier: GPL-2.0-only
"""Where the instructions of a call of a probed function go, by function of the kernel.

Usage: python tests/profile_hit.py [--base 6.1] [--variant tip] [--row nop] [--workdir DIR]

Boots ``qemu/guest/cost.c``, which calls the function of one row for ever, and steps through a call.
Prints the functions, dearest first. Needs a kernel that is built and the guest: run
``make measure-cost`` before, which also prints the names of rows.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from generator.checks.scaling.count import Symbols
from generator.checks.scaling.record import record_calls
from generator.guest.qemu import Machine
from generator.kbuild.request import IMAGE
from generator.paths import default_workdir


def main() -> None:
    """Step through a call, and print its profile."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="6.1")
    parser.add_argument("--variant", default="tip", help="tip or peer")
    parser.add_argument("--row", default="nop", help="what is profiled")
    parser.add_argument("--workdir", type=Path, default=default_workdir())
    options = parser.parse_args()
    build = options.workdir / options.base / options.variant / "linux" / "build-plain-gcc"
    symbols = Symbols.read(build / "System.map")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        machine = Machine(
            kernel=build / IMAGE,
            initramfs=options.workdir / "guest-x86_64" / "initramfs.cpio",
            console=place / "console",
            results=place / "results",
            cpus=1,
            parameters=("uprobekit.program=cost", f"uprobekit.row={options.row}", "uprobekit.hold"),
        )
        (call,) = record_calls(machine, place, symbols.text, calls=1).calls[0]
    names = Counter(symbols.name(s.pc) if s.pc >> 63 else "(the program)" for s in call)
    print(f"{len(call)} instructions:")
    for function, count in names.most_common():
        print(f"{count:6}  {function}")


if __name__ == "__main__":
    main()
