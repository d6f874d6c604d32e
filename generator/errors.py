# SPDX-License-Identifier: GPL-2.0-only
"""The errors of uprobekit and the exit codes they mean.

    UprobekitError
    +-- UserError      exit 1: the input is wrong; the message says where, what, and what to do
    +-- CheckFailed    exit 2: a test, a check or a build of the kernel failed
    +-- InfraError     exit 3: a tool or the machine, not the input; names the command

Every stage raises one of these; only the command line turns them into exit codes.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process exit status means (documented in docs/ci.md)."""

    GOOD = 0
    USER = 1
    FAILED = 2
    INFRA = 3


class UprobekitError(Exception):
    """Base of all errors.

    Args:
        what: what is wrong, one sentence without a final full stop.
        where: the place, such as ``path:line`` or ``file: function``; may be empty.
        hint: what to do next; may be empty.
    """

    exit_code = ExitCode.INFRA

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.hint}" if self.hint else text


class UserError(UprobekitError):
    """The user's input cannot be used as it is."""

    exit_code = ExitCode.USER


class CheckFailed(UprobekitError):  # noqa: N818 - it says what has happened
    """A check, a self-test or a build of the kernel has failed."""

    exit_code = ExitCode.FAILED


class InfraError(UprobekitError):
    """A tool is missing or misbehaves, or the machine does not provide what is needed."""

    exit_code = ExitCode.INFRA
