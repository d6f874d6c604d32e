# SPDX-License-Identifier: GPL-2.0-only
"""What people see: progress on a terminal, plain lines in a pipe, JSON when asked for.

Tables and coloured lines are rich's. The one line that shows progress is not: without a terminal,
as in CI, rich's would show nothing, and here a line is due every half minute; and importing
``rich.progress`` takes 0.04 s of processor time, of the 0.15 s that a short command may take.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from generator.errors import UprobekitError
from generator.progress import Progress

FORMAT = 1
"""Version of what --json prints (docs/json.md); the same as ``generator.report.results.FORMAT``."""

_LINE_EVERY = 30.0

PATIENCE = 2.0
"""So many seconds people wait without a word."""


class Screen:
    """Writes results to stdout and everything else to stderr.

    With ``quiet`` there is no progress; without a terminal it is a line now and then.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self._json = as_json
        self._quiet = quiet
        self._live = sys.stderr.isatty() and not quiet
        self._shown = False
        self._last: dict[str, float] = {}
        self._lock = threading.RLock()

    @property
    def terminal(self) -> bool:
        """Tell whether stdout is a terminal."""
        return sys.stdout.isatty()

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        return shutil.get_terminal_size().columns

    def say(self, text: str) -> None:
        """Print a line of the result; nothing with ``--json``."""
        self._clear()
        if not self._json:
            _write(sys.stdout, text if text.endswith("\n") else text + "\n")

    def page(self, text: str, *, pager: str) -> None:
        """Show a long text: through ``pager``, a command for a shell, if stdout is a terminal."""
        if self._json:
            return
        if not (pager and self.terminal):
            self.say(text)
            return
        self._clear()
        environment = {"LESS": "FRX", "LV": "-c"} | dict(os.environ)
        try:
            subprocess.run(pager, shell=True, input=text, text=True, check=False, env=environment)
        except OSError:
            self.say(text)

    def result(self, data: Mapping[str, object]) -> None:
        """Print the result as JSON when that is asked for."""
        self._clear()
        if self._json:
            whole = {"format": FORMAT, **data}
            _write(sys.stdout, json.dumps(whole, indent=1, sort_keys=True, default=str) + "\n")

    def note(self, text: str) -> None:
        """Print a remark for people, on stderr."""
        self._clear()
        if not self._quiet:
            _print(text)

    @contextmanager
    def patience(self, text: str) -> Iterator[None]:
        """Print a remark on stderr if what is done within takes longer than some seconds."""
        timer = threading.Timer(PATIENCE, self.note, [text])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            # a remark that has begun comes before what is said next
            timer.join()

    def warn(self, text: str) -> None:
        """Print something that must not be overlooked, on stderr, even with ``--quiet``."""
        self._clear()
        _print(f"uprobekit: {text}", style="yellow")

    def error(self, error: UprobekitError) -> None:
        """Print an error on stderr: where, what, and what to do."""
        self._clear()
        said = str(error).replace("run: uprobekit ", f"run: {program()} ")
        _print(said, before="uprobekit: error: ", style="bold red")

    def commands(self, commands: Iterable[tuple[str, ...]]) -> None:
        """Print the commands of a dry run, one a line, ready for a shell."""
        rows = [shlex.join(command) for command in commands]
        self.result({"commands": rows})
        for row in rows:
            self.say(row)

    def progress(self, event: Progress) -> None:
        """Show how far a stage is: in place on a terminal, a line every half minute elsewhere."""
        if self._quiet:
            return
        with self._lock:
            self._show(event)

    def _show(self, event: Progress) -> None:
        share = (
            f" {100 * min(event.done, event.expected) // event.expected:3d}%"
            if (event.expected)
            else ""
        )
        count = f" {event.done}" if event.done else ""
        line = f"{event.subject}: {event.stage}{share}{count} {event.elapsed:.0f} s"
        if self._live:
            detail = f" {event.detail}" if event.detail else ""
            _write(sys.stderr, f"\r\x1b[2K{_clean(line + detail)[: self.width - 1]}")
            self._shown = True
            return
        key = f"{event.subject} {event.stage}"
        now = time.monotonic()
        if now - self._last.get(key, -_LINE_EVERY) >= _LINE_EVERY:
            self._last[key] = now
            _print(_clean(line))

    def _clear(self) -> None:
        with self._lock:
            if self._shown:
                _write(sys.stderr, "\r\x1b[2K")
                self._shown = False


def program() -> str:
    """Return what starts us in the user's shell: our name, or the path that was typed.

    A script that the shell has found in PATH is run by its whole path.
    """
    typed = sys.argv[0]
    is_path = typed.endswith("/uprobekit") and shutil.which("uprobekit") != typed
    return shlex.quote(typed) if is_path else "uprobekit"


def _print(text: str, *, before: str = "", style: str = "") -> None:
    """Print a line on stderr, in colour on a terminal; ``style`` is that of ``before`` if given."""
    from rich.console import Console
    from rich.text import Text

    line = Text(before, style=style) + Text(text) if before else Text(text, style=style)
    Console(stderr=True, highlight=False, soft_wrap=True).print(line)


def _clean(text: str) -> str:
    """Return text of a tool without control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        # whoever read this has enough
        settle(stream)


def settle(stream: TextIO) -> None:
    """Write what is in the buffer; what cannot be goes nowhere, Python's last flush included."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
