# SPDX-License-Identifier: GPL-2.0-only
"""What is read of a work area, whatever stands there."""

import os
import signal

from generator.kbuild.state import BuildState, read_state
from generator.paths import read_now
from generator.text import read_lines


def test_a_fifo_in_place_of_a_file(tmp_path):
    """Nobody waits for who writes it: it is empty, and what is kept there is not known."""
    fifo = tmp_path / "plain"
    os.mkfifo(fifo)
    signal.alarm(20)
    try:
        assert read_now(fifo) == b""
        assert list(read_lines(fifo)) == []
        assert read_state(fifo) == BuildState()
    finally:
        signal.alarm(0)
