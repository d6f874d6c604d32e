# SPDX-License-Identifier: GPL-2.0-only
"""What is read of a work area, whatever stands there."""

import os
import signal

import pytest

from generator.jsonfile import read_json
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


@pytest.mark.parametrize(
    "data", [None, b"", b"{", b"\xff", b"[" * 200_000, b"9" * 10_000, b'{"a": 1}']
)
def test_what_is_kept_to_save_time(data, tmp_path):
    """What is damaged says nothing, however: it is made again."""
    path = tmp_path / "kept.json"
    if data is not None:
        path.write_bytes(data)
    assert read_json(path) == ({"a": 1} if data == b'{"a": 1}' else None)
    assert read_json(tmp_path) is None
