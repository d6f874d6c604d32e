# SPDX-License-Identifier: GPL-2.0-only
"""Programs that are started: what comes back, and what is said of those that do not run."""

import signal
import subprocess
import sys

import pytest

from generator import tools
from generator.errors import InfraError
from generator.workers import guarded

ECHO = (sys.executable, "-c", "import sys; sys.stdout.write(sys.stdin.read())")
FAIL = (sys.executable, "-c", "import sys; print('so'); sys.exit('no reason')")


@pytest.mark.parametrize("run", [tools.run, tools.run_bytes, tools.start])
def test_a_program_that_is_not_there(run):
    """What it is, and the package that has it; one with a folder is no package's."""
    with pytest.raises(InfraError, match="no-such-program cannot be run: No such file") as caught:
        run(["no-such-program", "-x"])
    assert caught.value.hint == "apt-get install no-such-program"
    with pytest.raises(InfraError) as caught:
        run(["no-such-program"], package="none such")
    assert caught.value.hint == "apt-get install none such"
    with pytest.raises(InfraError) as caught:
        run(["/no/such/program"])
    assert (caught.value.where, caught.value.hint) == ("/no/such/program", "")


def test_what_it_reads_and_says():
    """Text is UTF-8, whatever bytes there are; a program without input has none."""
    assert tools.run(ECHO, stdin="\u00fc").stdout == "\u00fc"
    assert tools.run(ECHO).stdout == ""
    assert tools.run_bytes(["cat"], stdin=b"\xff\0").stdout == b"\xff\0"
    assert tools.run(["printf", r"a\377\r\n"]).stdout == "a\ufffd\n"


def test_one_that_fails():
    """Its status is returned, or an error with the command and the last that it has said."""
    done = tools.run(FAIL)
    assert (done.returncode, done.stdout, done.stderr) == (1, "so\n", "no reason\n")
    assert tools.run(FAIL, together=True).stderr == ""
    with pytest.raises(InfraError, match="fails: no reason") as caught:
        tools.run(FAIL, check=True)
    assert caught.value.where.startswith(sys.executable)
    with pytest.raises(InfraError, match="false fails: status 1"):
        tools.run(["false"], check=True)


def test_one_that_does_not_end():
    """It is ended; the error says how long it had."""
    with pytest.raises(tools.OutOfTime, match="sleep: no end after 0 s") as caught:
        tools.run(["sleep", "60"], limit=0.1)
    assert caught.value.where == "sleep 60"
    with pytest.raises(tools.OutOfTime, match="sleep: no end"):
        tools.run(guarded(("sleep", "60"), signal.SIGTERM), limit=0.1)


def test_one_that_is_talked_to():
    """What was started reads and answers while this process goes on."""
    with tools.start(["cat"], stdin=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        process.stdin.write(b"a\n")
        assert process.stdout.read(2) == b"a\n"
        process.stdin.close()
    assert process.returncode == 0
