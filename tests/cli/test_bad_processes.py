# SPDX-License-Identifier: GPL-2.0-only
"""What a program makes of bad input for every command, each tried in a process of its own.

Arguments of every kind, kept results and patches that are damaged, closed and full streams, a disk
that is full, places that nothing can be written to, Control-C in the middle. However it ends, it is
in time, with a documented status, without a traceback, and no process of its session is left.
"""

import compileall
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import TESTS

from generator.cli.app import command_line

ROOT = TESTS.parent
PATCHES = ROOT / "kernel_patches/6.1/review"
SECONDS = 180
"""So long a command may take that has nothing to do: a machine may be slow."""

MEMORY = 3 << 30
STATUSES = (0, 1, 2, 3)
COMMANDS = sorted(command_line().commands)
ROUNDS = 3
DAMAGES = 20
CUTS = 15
VALUES = (
    *("", " ", "-", "--", "-1", "0", "9" * 400, "1e3", "nan", "0x10", "True", "null", "[]", "{}"),
    *("..", "../..", "%s%n%d", "$(id)", "`id`", "{{ 7 * 7 }}", "*", "[", "(?P<", "\\", "a\nb\tc"),
    *("x" * 5000, "x" * 120_000, "é" * 200, "6.1", "review", "nop", "--base", "\x1b[31m", "nosuch"),
    *(b"no-\xff-text", b"\xc3\x28", "\u202e", "folder", "file", "empty", "binary", "NULs", "fifo"),
    *("gone", "loop", "file/below", "/dev/null", "/dev/zero", "/dev/full", "unreadable", "/sys/x"),
)
LONG_WORK = {"--full", "--all", "--peer", "--dry-run", "--reduce", "--help"}


def left_in_session(session):
    """Return the processes of a session that are still there, and no zombies."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its = place.read_text(errors="replace").rpartition(") ")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if its == str(session) and state not in "ZX":
            found.append(place.parent.name)
    return found


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Return a copy of the program, whose model and templates may be changed."""
    place = tmp_path_factory.mktemp("program")
    for name in ("generator", "templates", "qemu"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(place / "generator", quiet=2)
    return place


@pytest.fixture
def desk(program, tmp_path, monkeypatch):
    """Stand in a folder with all that is bad; return what runs a command there."""
    place = tmp_path / "desk"
    (place / "folder").mkdir(parents=True)
    (place / "file").write_text("x")
    (place / "empty").write_bytes(b"")
    (place / "binary").write_bytes(random.Random(1).randbytes(100_000))
    (place / "NULs").write_bytes(b"\0" * 5000)
    os.mkfifo(place / "fifo")
    (place / "gone").symlink_to("nowhere")
    (place / "loop").symlink_to("loop")
    # its first byte cannot be read, by root neither
    (place / "unreadable").symlink_to("/proc/self/mem")
    monkeypatch.chdir(place)
    return lambda *words, **more: attempt(program, words, **more)


def start(program, words, *, shell="", disk=None):
    """Start a command in a session of its own, as a shell with a limit of the disk does.

    Python keeps bytecode that a full disk has cut off, and fails at it from then on: none is kept.
    """

    def limits():
        # whoever runs in the background of a shell has it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        if disk is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (disk, disk))

    command = [sys.executable, "-m", "generator", *words]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    return subprocess.Popen(
        command,
        env={
            **os.environ,
            "PYTHONPATH": str(program),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "200",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=limits,
    )


def attempt(program, words, *, shell="", disk=None, statuses=STATUSES):
    """Run a command; return what is wrong with how it ends, "" for nothing."""
    with start(program, words, shell=shell, disk=disk) as process:
        try:
            said = process.communicate(timeout=SECONDS)[1]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return "hangs"
    return judged(process, said, statuses, silent=bool(shell))


def judged(process, said, statuses, *, silent=False):
    """Return what is wrong with how a process has ended."""
    text = said.decode(errors="replace")
    wrong = []
    if process.returncode not in statuses:
        wrong.append(f"status {process.returncode}")
    if process.returncode and not text.strip() and not silent and process.returncode != 1:
        wrong.append("says nothing")
    if "Traceback" in text or "Error in sys.excepthook" in text:
        wrong.append("a traceback")
    for _ in range(100):
        left = left_in_session(process.pid)
        if not left:
            break
        time.sleep(0.1)
    else:
        wrong.append(f"leaves {left}")
        os.killpg(process.pid, signal.SIGKILL)
    return f"{', '.join(wrong)}: {text[-600:]}" if wrong else ""


def judge(found):
    """None of what was tried may end badly."""
    bad = {name: said for name, said in found.items() if said}
    assert not bad, "\n".join(f"{name}: {said}" for name, said in bad.items())


def words_of(name, rng):
    """Return a command line of a command: one to three arguments, each of any kind.

    A source of a kernel is never there, so that nothing long begins.
    """
    params = command_line().commands[name].params
    options = [p for p in params if p.opts[0].startswith("-") and p.opts[0] not in LONG_WORK]
    known = {opt for param in params for opt in param.opts}
    words = [name]
    for param in rng.sample(options, min(len(options), rng.randint(1, 3))):
        words.append(rng.choice(param.opts))
        if param.type.name != "boolean":
            words.append(rng.choice(VALUES))
    for param in params:
        if not param.opts[0].startswith("-") and (param.required or rng.random() < 0.5):
            words += [rng.choice(VALUES) for _ in range(rng.randint(1, 2))]
    return [
        *words,
        *(["--tree", rng.choice(("folder", "nosuch", "file"))] if "--tree" in known else []),
    ]


def test_there_are_hundreds():
    """The program makes as many as it says."""
    assert (len(COMMANDS) + DAMAGES + CUTS) * ROUNDS > 200


@pytest.mark.sweep
@pytest.mark.parametrize("name", COMMANDS)
def test_arguments(name, desk):
    """Numbers, paths, names, texts in any option, of a kind that it is for or not."""
    rng = random.Random(name)
    judge({repr(words): desk(*words) for words in (words_of(name, rng) for _ in range(ROUNDS))})


def nested(value, rng):
    """Return JSON with something of another kind in one place of it."""
    keys = (
        list(value)
        if isinstance(value, dict)
        else range(len(value) if isinstance(value, list) else 0)
    )
    odd = (None, True, -1, 1e300, "x", "\0", "\ud800", [], {}, [[]], 10**30, float("nan"))
    if not keys or rng.random() < 0.2:
        return rng.choice(odd)
    key = rng.choice(keys)
    if isinstance(value, dict) and rng.random() < 0.2:
        return {k: v for k, v in value.items() if k != key}
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = nested(value[key], rng)
    return copy


def spoil(path, rng):
    """Damage a file: cut off, turned over, another kind of thing; return what was done."""
    data = path.read_bytes()
    turns = [
        ("cut off", lambda: data[: rng.randrange(len(data) + 1)]),
        ("empty", lambda: b""),
        ("NULs", lambda: b"\0" * 999),
        ("not text", lambda: rng.randbytes(999)),
        ("a byte", lambda: data[:-9] + b"\xff" + data[-8:]),
        ("deep", lambda: b"[" * 200_000),
        ("a number", lambda: b"9" * 10_000),
        ("twice", lambda: data + data),
        ("lines", lambda: b"".join(rng.sample(data.splitlines(True), len(data.splitlines())))),
    ]
    if path.suffix == ".json":
        value = json.loads(data)
        turns += [("nested", lambda: json.dumps(nested(value, rng)).encode())] * 9
    kinds = ["folder", "fifo", "loop", "unreadable"]
    if rng.random() < 0.1:
        kind = rng.choice(kinds)
        path.unlink()
        if kind == "folder":
            path.mkdir()
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            path.symlink_to(path.name if kind == "loop" else "/proc/self/mem")
        return kind
    what, made = rng.choice(turns)
    path.write_bytes(made())
    return what


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(DAMAGES))
def test_kept_results(seed, desk, work):
    """Three files of a work area are damaged: of the stages, or what tools have left."""
    rng = random.Random(seed)
    files = sorted(path for path in work.rglob("*") if path.is_file())
    done = {str(path): spoil(path, rng) for path in rng.sample(files, min(3, len(files)))}
    area = ["--workdir", str(work)]
    judge(
        {
            f"{done} {words[0]}": desk(*words, *area)
            for words in (
                ["report", "-o", "page.html", "--patches", str(PATCHES)],
                ["status"],
                ["compare"],
            )
        }
    )


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(CUTS))
def test_patches(seed, desk):
    """A series of which two files are damaged, and as an mbox what stands in them."""
    rng = random.Random(seed)
    place = Path(shutil.copytree(PATCHES, "series"))
    files = sorted(place.iterdir())
    done = {path.name: spoil(path, rng) for path in rng.sample(files, 2)}
    there = [path for path in files if path.is_file() and path.suffix == ".patch"]
    mails = b"".join(
        path.read_bytes() for path in there if path.resolve().parent == place.resolve()
    )
    Path("box").write_bytes(mails[rng.randrange(100) :])
    judge(
        {
            f"{done} {words[0]}": desk(*words)
            for words in (
                ["diff", "series", str(PATCHES), "--no-pager"],
                ["diff", str(PATCHES), "box", "--no-pager", "--level", "patches"],
                ["trailers", "box"],
            )
        }
    )


@pytest.mark.sweep
@pytest.mark.parametrize("shell", [">&-", ">/dev/full", "2>&-", "<&-", "| true"])
def test_streams(shell, desk):
    """Closed, full, without a reader."""
    names = ("opcodes", "measure", "status", "catalogue", "manual", "trailers", "--help", "nosuch")
    judge({name: desk(name, shell=shell) for name in names})
    assert not desk("render", "--tree", "nosuch", shell=shell)


K33 = ["--base", "3.3", "--tree", str(TESTS / "trees/k33"), "-q"]


@pytest.mark.sweep
@pytest.mark.parametrize("disk", [0, 1000, 30_000])
def test_a_full_disk(disk, desk):
    """Neither a half-written patch, page or program is left, nor what it was to be written by."""
    judge(
        {
            words[0]: desk(*words, disk=disk)
            for words in (
                ["render", *K33, "-o", "out"],
                ["diff", str(PATCHES), str(PATCHES), "--html", "-o", "page.html"],
                ["report", "-o", "page.html", "--patches", str(PATCHES)],
                ["reproduce", "vex-as-branch", "-o", "shown"],
            )
        }
    )
    out = Path("out")
    assert not out.exists() or all(path.read_bytes() for path in out.iterdir())
    assert not [path for path in Path().rglob(".*") if path.is_file()]


@pytest.mark.sweep
@pytest.mark.parametrize(
    "output", ["file", "fifo", "loop", "/sys/kernel/x", "/proc/x", "file/below"]
)
def test_outputs(output, desk):
    """Where nothing can be written."""
    judge(
        {
            words[0]: desk(*words, "-o", output)
            for words in (
                ["render", *K33],
                ["diff", str(PATCHES), str(PATCHES), "--html"],
                ["report", "--patches", str(PATCHES)],
                ["reproduce", "vex-as-branch"],
            )
        }
    )


def works_in(pid, place):
    """Tell whether a process has a file of a place open, as its lock is."""
    try:
        return any(place in str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


@pytest.mark.sweep
def test_interrupted(desk, program):
    """Control-C while it works, again and again: the patches are whole, the next run is good."""
    rng = random.Random(5)
    render = ["render", *K33, "--workdir", "area", "-o", "out"]
    found, ended = {}, []
    for number in range(8):
        with start(program, render) as process:
            for _ in range(SECONDS * 100):
                if works_in(process.pid, "area/3.3") or process.poll() is not None:
                    break
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 1) if number else 0)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            done, said = process.communicate(timeout=SECONDS)
        ended.append(process.returncode)
        # Python ends by the signal where it was met in what Python itself executes of a text, or
        # when all is done and the result has been printed
        found[f"{number}"] = judged(process, said, (0, 3, -signal.SIGINT), silent=bool(done))
        out = Path("out")
        assert not out.exists() or all(path.read_bytes() for path in out.iterdir())
        assert not list(out.rglob(".*"))
    judge(found)
    assert set(ended) - {0}, "none was interrupted"
    assert desk(*render, statuses=(0,)) == ""
    other = ["render", *K33, "--workdir", "other", "-o", "clean"]
    assert desk(*other, statuses=(0,)) == ""
    files = {path.name: path.read_bytes() for path in Path("clean").iterdir()}
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == files
