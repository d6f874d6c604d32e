# SPDX-License-Identifier: GPL-2.0-only
"""Wrong input of every kind, made by a program: a status and a message, never a traceback."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import MINI, TESTS

from generator.checks.census.run import find_files
from generator.cli import main
from generator.cli.app import command_line

ARGUMENTS = {
    # whose checks are commands that are tried themselves
    "check": ("no-such-check",),
    "diff": ["a", "b"],
    "explain": ["nop"],
    "port": ["--tree", "/nonexistent"],
}
NUMBERS = ("x", "", "1e3", "9" * 40)
STRAIGHT = ("--help", "--version", "--shell", "--color")


class HangError(Exception):
    """A command that waits for something."""


@contextlib.contextmanager
def no_longer_than(seconds):
    """Raise in what takes longer."""

    def stop(number, frame):
        raise HangError

    old = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


def options(kind):
    """Yield command and option for all options that take a value of a kind."""
    for name, command in sorted(command_line().commands.items()):
        for param in command.params:
            long = next((opt for opt in getattr(param, "opts", ()) if opt.startswith("--")), "")
            if long and long not in STRAIGHT and kind in param.type.name:
                yield name, long, param


def test_there_are_more_than_a_hundred():
    """The program makes as many as it says."""
    whole = list(options("integer"))
    assert len(whole) * len(NUMBERS) + len(list(options("path"))) * 3 > 100


@pytest.mark.sweep
def test_numbers(fake, capsys):
    """What is no number, is too small, or does not fit."""
    tried = 0
    for name, option, param in options("integer"):
        least = getattr(param.type, "min", None)
        for value in (*NUMBERS, *([str(least - 1), "-4"] if least is not None else [])):
            command = [name, *ARGUMENTS.get(name, ()), option, value]
            with no_longer_than(60):
                assert main(command) in (1, 2, 3), command
            if not value.isdigit():
                assert option in capsys.readouterr().err, command
            tried += 1
    assert tried > 40
    for name in ("proof", "census", "build", "qemu-test", "matrix", "mutate"):
        assert main([name, "--jobs", "-4"]) == 1
        assert "-4 is not in the range" in " ".join(capsys.readouterr().err.split())


@pytest.mark.sweep
def test_places(fake, tmp_path, capsys, monkeypatch):
    """A FIFO that nobody writes to, a file for a folder, a name that is no text."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    Path("file").write_bytes(b"\xff")
    strange = os.fsdecode(b"no-\xff-text")
    for name, option, _ in options("path"):
        for value in ("fifo", "file/below", strange):
            command = [name, *ARGUMENTS.get(name, ()), option, value]
            with no_longer_than(60):
                assert main(command) in (0, 1, 2, 3), command
            assert "Traceback" not in capsys.readouterr().err


BOOTING = {
    "boot": [],
    "qemu-test": [],
    "matrix": ["--full"],
    "mended": ["--series", "fixes"],
    **{name: [] for name in ("clients", "corpus", "coverage", "scaling", "soak")},
}


@pytest.mark.parametrize("name", BOOTING)
def test_what_boots_is_looked_at_first(name, tmp_path, capsys, monkeypatch):
    """Who emulates, whether he is there, and where results go: before a source is looked for."""
    tree = [] if name == "boot" else ["--tree", "nosuch"]
    command = [name, *BOOTING[name], *tree, "--workdir", str(tmp_path), "-q"]
    assert main([*command, "--accel", "foo"]) == 1
    assert "there is no accelerator 'foo'" in capsys.readouterr().err
    monkeypatch.setattr("generator.guest.vm.shutil.which", lambda program: None)
    assert main(command) == 3
    assert "qemu-system-x86_64 is not found in PATH" in capsys.readouterr().err
    if name in ("qemu-test", "matrix", "soak"):
        assert main([*command, "--junit", "nosuch/x.xml"]) in (1, 3)
    if name in ("matrix", "soak"):
        assert main([*command, "--junit", "nosuch/x.xml"]) == 1
        assert "there is no such folder" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["fifo", "file/below"])
@pytest.mark.parametrize("option", ["--tree", "--workdir"])
def test_check_of_a_place_that_is_none(option, place, tmp_path, capsys, monkeypatch):
    """What its check says of it is shown, with the check's status: of the input or the machine."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    Path("file").write_bytes(b"")
    with no_longer_than(60):
        assert main(["check", "review", option, place, "-q"]) == 1
    assert place in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "nop", "--count", "5"), "--count goes only with --symbol"),
        (("explain", "libc.so.6"), "--symbol"),
        (("explain", "./program"), "this is a file, and no instruction"),
        (("mbox", "--changes", "x.txt"), "--changes goes only with --since"),
    ],
)
def test_options_that_go_with_others(words, said, tmp_path, capsys, monkeypatch):
    """What goes with another option is not ignored, and a file alone is no misspelt instruction."""
    monkeypatch.chdir(tmp_path)
    Path("program").write_bytes(b"\x7fELF")
    assert main([*words, "--tree", str(MINI)]) == 1
    assert said in capsys.readouterr().err


def test_a_fifo_is_read_by_nobody(fake, tmp_path, capsys, monkeypatch):
    """Not as a side, a program, an edited list or an ELF file."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    os.mkfifo("fifo.patch")
    for command in (
        ["diff", "fifo", "fifo"],
        ["explain", "fifo", "--symbol", "main"],
        ["census", "fifo", "--tree", str(MINI)],
    ):
        with no_longer_than(60):
            assert main(command) in (1, 2)
    with pytest.raises(Exception, match="neither a file nor a folder"):
        find_files([Path("fifo")])


def test_a_census_of_nothing(tmp_path, capsys):
    """Without an ELF file there is no result, and so none that replaces the kept one."""
    (tmp_path / "text").write_text("x")
    for place in (tmp_path, tmp_path / "text"):
        with pytest.raises(Exception, match="no ELF file"):
            find_files([place])


def shell(line, **environment):
    """Run a line of shell with uprobekit as ``$u``; return status and stderr."""
    done = subprocess.run(
        ["sh", "-c", line],
        env=os.environ | {"u": f"{sys.executable} -m generator"} | environment,
        cwd=TESTS.parent,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    return done.returncode, done.stderr.decode(errors="replace")


@pytest.mark.sweep
def test_streams(tmp_path):
    """Stdout closed or full, stderr closed, the C locale and a name that is no text."""
    status, said = shell("exec $u opcodes >&-")
    assert status == 3 and "stdout is closed" in said and "Traceback" not in said
    assert shell("exec $u measure 2>&-")[0] == 0
    status, said = shell("exec $u opcodes >/dev/full")
    assert status == 3 and "Traceback" not in said
    for locale in ("C", "C.UTF-8"):
        status, said = shell(
            "exec $u diff \"$(printf '/no\\377where')\" x", LC_ALL=locale, PYTHONUTF8="0"
        )
        assert status == 2 and "no such" in said and "Traceback" not in said


def test_a_worker_ends_with_its_parent():
    """Also when that is killed, and cannot tell it."""
    script = (
        "import os, time\n"
        "from generator.workers import die_with_parent\n"
        "me, child = os.getpid(), os.fork()\n"
        "if not child:\n"
        "    die_with_parent(me)\n"
        "    time.sleep(600)\n"
        "time.sleep(1)\n"
        "print(child, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as parent:
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
    for _ in range(300):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or ") Z" in state.read_text():
            return
        time.sleep(0.1)
    pytest.fail(f"process {child} is still there")
