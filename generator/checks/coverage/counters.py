# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's counters of executed code, out of what a guest has printed.

``qemu/guest/counters.c`` prints each file of ``/sys/kernel/debug/gcov`` as lines of hexadecimal
digits between its KTAP; ``qemu/README.md`` has the format. ``coverage.gcov`` reads the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from generator.errors import CheckFailed

_LINE = re.compile(r"^# counters: (\S+) (\d{1,9}) (end|(?:[0-9a-f]{2})+)$")
_TROUBLE = re.compile(r"^# counters: (.*)$")


def read_counters(lines: Iterable[str]) -> dict[str, bytes]:
    """Return the files in ``lines``, by the path below which the kernel has them.

    Raises:
        CheckFailed: there are none, or one is not complete.
    """
    growing: dict[str, bytearray] = {}
    done: dict[str, bytes] = {}
    for line in lines:
        if match := _LINE.match(line):
            path, offset, data = match[1], int(match[2]), match[3]
            content = growing.setdefault(path, bytearray())
            if offset != len(content):
                raise CheckFailed(
                    f"byte {len(content)} is missing, the next is {offset}", where=path
                )
            if data == "end":
                done[path] = bytes(growing.pop(path))
            else:
                content += bytes.fromhex(data)
        elif match := _TROUBLE.match(line):
            raise CheckFailed(f"no counters: {match[1][:200]}", where="the guest")
    if growing or not done:
        raise CheckFailed(
            "the guest's counters are missing or cut off",
            where=", ".join(growing),
            hint="is the kernel's flavour gcov, and was it booted with uprobekit.counters?",
        )
    return done
