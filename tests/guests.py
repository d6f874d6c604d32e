# SPDX-License-Identifier: GPL-2.0-only
"""Guests for the tests: what they have said, made up or from a saved log, and a kernel's head."""

import struct
from pathlib import Path

from conftest import TESTS

from generator.guest.accel import AccelVerdict
from generator.guest.boot import BootResult
from generator.guest.ktap import parse_ktap
from generator.guest.outcome import classify_boot, scan_console
from generator.guest.vm import Ending, MachineEnd
from generator.text import read_lines

LOGS = TESTS / "logs"


def boot(ktap, variant="tip", console=()):
    """Return the result of a boot: ``ktap`` names a saved log or is a list of lines."""
    path = LOGS / f"{ktap}.log" if isinstance(ktap, str) else Path("results.ktap")
    report = parse_ktap(read_lines(path) if isinstance(ktap, str) else ktap)
    end = MachineEnd(
        ending=Ending.EXITED, status=0, seconds=3.5, events=("SHUTDOWN(guest-reset)",), message=""
    )
    return BootResult(
        base="0.0",
        variant=variant,
        flavour="plain",
        outcome=classify_boot(end, scan_console(console), report),
        ktap=report,
        end=end,
        accel=AccelVerdict(accel="tcg", reason="as requested"),
        console=Path("console.log"),
        results=path,
        command=("qemu-system-x86_64",),
    )


def guest(**options):
    """Return the lines of a guest with one test."""
    words = {
        "name": "one",
        "before": "sigtrap",
        "status": "ok",
        "outcome": "outcome=pass hits=1",
        "tail": "",
        **options,
    }
    lines = ["KTAP version 1", "1..1"]
    if words["before"]:
        lines.append(f"# plan: {words['name']} before={words['before']}")
    if words["outcome"]:
        lines.append(f"# {words['name']}: {words['outcome']}")
    lines.append(f"{words['status']} 1 {words['name']}{words['tail']}")
    return [*lines, "# uprobekit: done"]


DEAD = guest(status="not ok", outcome="outcome=sigtrap hits=0")
SKIPPED = guest(outcome="", tail=" # SKIP no 32-bit programs")


def make_image(path, version=b"6.1.7 (me@here) #1 SMP", *, signature=b"HdrS", offset=0x300):
    """Write what the header of a bzImage has, and return the path."""
    head = bytearray(0x1000)
    head[0x200 + offset : 0x200 + offset + len(version)] = version
    head[0x202:0x206] = signature
    struct.pack_into("<H", head, 0x20E, offset)
    path.write_bytes(bytes(head))
    return path
