# SPDX-License-Identifier: GPL-2.0-only
"""What a guest's serial files say of its progress, as they grow.

Progress is a test that ends (KTAP): a kernel that prints has not come further. What it says of a
lockup, a stall or a blocked task counts against it. Called by ``generator.guest.vm``, which ends a
guest that does not advance.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from generator.guest.qemu import Machine
from generator.text import clean_text, strip_printk

DONE_LINE = "# uprobekit: done"
"""The last line the guest's init writes to the results."""

_LOCKUP = re.compile(
    r"(watchdog: )?BUG: soft lockup - |((NMI )?watchdog: )?Watchdog detected hard LOCKUP on "
    r"|(rcu: )?INFO: rcu\S* (self-)?detected (expedited )?stalls?\b"
    r"|INFO: task .+:\d+ blocked for more than |BUG: workqueue lockup"
)
"""What a kernel says of itself when something makes no progress (3.3, 6.1, 6.12:
kernel/watchdog.c, kernel/watchdog_hld.c, kernel/rcutree.c, kernel/rcu/tree_stall.h, tree_exp.h,
kernel/hung_task.c, kernel/workqueue.c)."""

_ADVANCE = re.compile(
    r"(not )?ok |1\.\.\d|KTAP version |# plan: |# counters: |# \S+: outcome=|# uprobekit: done"
)
"""Lines of the results that come once: not the explanations (``#   ``) of the test that runs."""

_PLAN = re.compile(r"# plan: (\S+) before=")
"""A test that will run, in the order in which they do."""

_KILLED = re.compile(r"# \S+: outcome=.* reason=deadline\b")
"""What the guest's runner says of a test that it has killed."""

_NAME = re.compile(r"(?:not )?ok \d+ (?:- )?([^#]*[^#\s])")
"""A result at the first level, and the name in it; KTAP, as ``ktap`` reads it."""

_MAX_TESTS = 10_000
"""Of so many tests a guest's times are kept."""

MAX_OUTPUT = 64 * 1024 * 1024
"""Bytes of both files that are read."""

TAIL = 4096
"""Bytes of a line, or of a log's end, that are looked at."""


def reports_lockup(line: str) -> bool:
    """Tell whether a line of the console is a kernel's report of a lockup, stall or blocked task.

    What a program says of one, in the middle of its line, is none.
    """
    return bool(_LOCKUP.match(strip_printk(line)))


class Growth:
    """Follows the serial files; remembers sizes and little text, never the whole.

    Attributes:
        total: bytes of output so far.
        grown_at: when the output last grew (monotonic clock).
        done_at: when the guest's last line was seen; 0: not yet.
        planned: tests announced.
        names: of the tests that were announced, in their order.
        results: tests that reported.
        failed: one of them, at least, did not pass.
        told: the lines that were progress; said once more they are none.
        advanced_at: when the tests last advanced; at first the start.
        ended_at: when the last test ended, or the first began; 0: none has.
        slowest: seconds of the slowest test so far.
        killed: the test whose result comes next was killed at its deadline.
        lost: seconds of such tests.
        times: seconds of each test so far.
        reported_at: when the kernel reported a lockup, since the tests last advanced; 0: not.
        last_line: the latest complete line of the console.
    """

    def __init__(self, machine: Machine) -> None:
        self.paths = (machine.console, machine.results)
        self.offsets = [0, 0]
        self.rest = [b"", b""]
        self.total = 0
        self.grown_at = time.monotonic()
        self.done_at = 0.0
        self.planned = 0
        self.names: list[str] = []
        self.results = 0
        self.failed = False
        self.told: set[str] = set()
        self.advanced_at = self.grown_at
        self.ended_at = 0.0
        self.slowest = 0.0
        self.killed = False
        self.lost = 0.0
        self.times: dict[str, float] = {}
        self.reported_at = 0.0
        self.last_line = ""

    @property
    def running(self) -> str:
        """The test that runs; where that is not known, what the console says."""
        return self.names[self.results] if self.results < len(self.names) else self.last_line

    def look(self) -> bool:
        """Read what is new; return whether there was anything."""
        grown = False
        # the results first: what came together counts as a report after the test that ended
        for index, path in reversed([*enumerate(self.paths)]):
            while data := self._read(index, path):
                grown = True
                self._take(index, data)
        if grown:
            self.grown_at = time.monotonic()
        return grown

    def _read(self, index: int, path: Path) -> bytes:
        try:
            with path.open("rb") as stream:
                stream.seek(self.offsets[index])
                data = stream.read(1 << 20)
        except OSError:
            return b""
        self.offsets[index] += len(data)
        self.total += len(data)
        return data if self.total <= MAX_OUTPUT else b""

    def _take(self, index: int, data: bytes) -> None:
        lines = (self.rest[index] + data).split(b"\n")
        self.rest[index] = lines.pop()[-TAIL:]
        for line in lines:
            text = clean_text(line[:TAIL].decode("utf-8", "replace").rstrip())
            if index == 0 and text:
                self._take_message(text.strip())
            if index == 1:
                self._take_result(strip_printk(text))

    def _take_message(self, line: str) -> None:
        self.last_line = line
        if not self.reported_at and reports_lockup(line):
            self.reported_at = time.monotonic()

    def _take_result(self, line: str) -> None:
        now = time.monotonic()
        ended = line.startswith(("ok ", "not ok "))
        spare = ended and self.results >= self.planned > 0
        # they come behind the last test
        spare |= line.startswith("# counters: ") and self.results < self.planned
        if _ADVANCE.match(line.lstrip()) and line not in self.told and not spare:
            self.told.add(line)
            if ended:
                self._take_time(line, now - self.ended_at)
                self.ended_at = now
            self.advanced_at = now
            self.reported_at = 0.0
        if line == DONE_LINE:
            self.done_at = now
        elif ended:
            self.results += 1
            self.failed |= line.startswith("not ok ")
        elif _KILLED.match(line):
            self.killed = True
        elif (named := _PLAN.match(line)) and len(self.names) < _MAX_TESTS:
            self.names.append(named[1])
        elif line.startswith("1..") and line[3:].isdigit():
            self.planned = int(line[3:9])
            self.ended_at = now

    def _take_time(self, line: str, seconds: float) -> None:
        """Note how long a test has taken: of the first it is not known without a plan."""
        named = _NAME.match(line)
        if self.ended_at:
            self.slowest = max(self.slowest, seconds)
            self.lost += seconds if self.killed else 0.0
            if named and len(self.times) < _MAX_TESTS:
                self.times[named[1]] = round(seconds, 2)
        self.killed = False
