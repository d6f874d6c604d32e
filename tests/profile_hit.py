# SPDX-License-Identifier: GPL-2.0-only
"""Where the instructions of one probe hit go, by function of the kernel.

Usage: python tests/profile_hit.py [--base 6.1] [--variant tip] [--after inc] [--workdir DIR]

Boots ``qemu/guest/cost.c`` and has QEMU log every instruction while the site behind ``--after`` is
measured, until there are some hundred hits. Prints the functions of the most frequent kind of hit,
dearest first. Needs a kernel that is built and the guest: run ``make cost`` before.
"""

from __future__ import annotations

import argparse
import bisect
import contextlib
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from generator.guest.qemu import Machine, qemu_arguments
from generator.kbuild.kernel import IMAGE
from generator.paths import default_workdir

ENTRY = "asm_exc_int3"
LOG_BYTES = 60_000_000
SECONDS = 120

_TRACE = re.compile(rb"\[[0-9a-f]+/([0-9a-f]+)/")


def symbols(path: Path) -> list[tuple[int, str]]:
    """Return the functions in System.map, sorted by address."""
    rows = (line.split() for line in path.read_text().splitlines())
    return sorted((int(address, 16), name) for address, kind, name in rows if kind in "tTwW")


class Monitor:
    """QEMU's monitor, spoken to word by word."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._stream = self._socket.makefile("rw")
        self._stream.readline()
        self.ask("qmp_capabilities")

    def ask(self, command: str, **arguments: str) -> None:
        """Send a command and wait for the answer."""
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._stream.flush()
        while not {"return", "error"} & json.loads(self._stream.readline()).keys():
            pass

    def log(self, items: str) -> None:
        """Log these items from now on."""
        self.ask("human-monitor-command", **{"command-line": f"log {items}"})


def wait(until: float, what: str, process: subprocess.Popen[bytes]) -> None:
    """Let a moment pass; the end of QEMU, or of patience, is the end."""
    if process.poll() is not None or time.monotonic() > until:
        sys.exit(f"no {what}")
    time.sleep(0.002)


def record(kernel: Path, initramfs: Path, after: str, place: Path) -> Path:
    """Boot and return the log."""
    machine = Machine(
        kernel=kernel,
        initramfs=initramfs,
        console=place / "console",
        results=place / "results",
        cpus=1,
        icount=True,
        parameters=("uprobekit.program=cost",),
    )
    log, monitor = place / "log", place / "qmp"
    command = [*qemu_arguments(machine), "-singlestep", "-D", str(log)]
    command += ["-qmp", f"unix:{monitor},server,nowait"]
    until = time.monotonic() + SECONDS
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            while not monitor.exists():
                wait(until, "monitor", process)
            talk = Monitor(monitor)
            results = machine.results
            while not results.exists() or f" {after}\n".encode() not in results.read_bytes():
                wait(until, f"site '{after}' in {results}", process)
            talk.log("exec,nochain")
            while not log.exists() or log.stat().st_size < LOG_BYTES:
                wait(until, "log", process)
            talk.log("none")
        finally:
            process.kill()
    return log


def hits(log: Path, entry: int) -> Iterator[list[int]]:
    """Yield the addresses that each hit has executed, from one breakpoint to the next."""
    current: list[int] | None = None
    with log.open("rb") as stream:
        for line in stream:
            match = _TRACE.search(line)
            address = int(match[1], 16) if match else 0
            if address == entry:
                if current:
                    yield current
                current = []
            if current is not None and address:
                current.append(address)


def main() -> None:
    """Record, and print the profile of the most frequent kind of hit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="6.1")
    parser.add_argument("--variant", default="tip", help="tip or peer")
    parser.add_argument("--after", default="inc", help="the site before the one that is profiled")
    parser.add_argument("--workdir", type=Path, default=default_workdir())
    options = parser.parse_args()
    build = options.workdir / options.base / options.variant / "linux" / "build-plain-gcc"
    table = symbols(build / "System.map")
    addresses = [address for address, _ in table]
    entry = next(address for address, name in table if name == ENTRY)
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        initramfs = options.workdir / "guest-x86_64" / "initramfs.cpio"
        found = list(hits(record(build / IMAGE, initramfs, options.after, place), entry))
    length, times = Counter(map(len, found)).most_common(1)[0]
    hit = next(hit for hit in found if len(hit) == length)
    names = Counter(
        table[bisect.bisect(addresses, pc) - 1][1] if pc >> 63 else "(the program)" for pc in hit
    )
    print(f"{times} of {len(found)} hits take {length} instructions:")
    for name, count in names.most_common():
        print(f"{count:6}  {name}")


if __name__ == "__main__":
    main()
