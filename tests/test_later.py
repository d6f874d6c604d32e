# SPDX-License-Identifier: GPL-2.0-only
"""Work beside other work: its result and its errors reach whoever waits."""

from __future__ import annotations

import threading

import pytest

from generator.errors import CheckFailed
from generator.later import Later


def test_result():
    """The result is what the work returns, and it runs in a thread of its own."""
    later = Later(threading.current_thread)
    assert later.result() is not threading.current_thread()


def test_error():
    """An error of the work is raised where the result is asked for."""

    def fail() -> None:
        raise CheckFailed("the guest panicked")

    later = Later(fail)
    with pytest.raises(CheckFailed, match="panicked"):
        later.result()
