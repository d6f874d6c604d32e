# SPDX-License-Identifier: GPL-2.0-only
"""Wrong input for the commands of both desks, made by a program: more than two hundred.

Each has to end with the status for wrong input, and with a message; without a traceback, without
waiting for ever, and without leaving a process or a file behind.
"""

import os
import shutil
import socket
import stat
import subprocess
from itertools import product
from pathlib import Path

import pytest
from conftest import MINI
from test_bad_inputs import HangError, no_longer_than

from generator.cli import main, maintain
from generator.errors import InfraError, UserError
from generator.paths import write_atomic

PATCH = b"""From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: A B <a@example.org>
Date: Wed, 29 Feb 2012 12:00:00 +0000
Subject: [PATCH 2/3] mini: Nowhere

Why.
---
 kernel/shapes.c | 2 +-

diff --git a/kernel/shapes.c b/kernel/shapes.c
index 1111111111111111111111111111111111111111..2222222222222222222222222222222222222222 100644
--- a/kernel/shapes.c
+++ b/kernel/shapes.c
@@ -1,3 +1,3 @@
 nowhere
-nothing
+something
 nobody
"""


def changed(old, new):
    """Return the patch with a text replaced."""
    assert old in PATCH
    return PATCH.replace(old, new)


FILES = {
    "empty": b"",
    "blank lines": b"\n" * 100,
    "not text": bytes(range(256)) * 40,
    "NULs": b"\0" * 4096,
    "one long line": b"x" * 3_000_000,
    "a patch for another file": PATCH,
    "cut off in a hunk": PATCH[:-20],
    "cut off in the head": PATCH[:120],
    "CRLF": PATCH.replace(b"\n", b"\r\n"),
    "a hunk at no line": changed(b"-1,3 +1,3", b"-0,3 +0,3"),
    "a hunk of too many lines": changed(b"-1,3 +1,3", b"-1,999999999 +1,3"),
    "a hunk far away": changed(b"-1,3 +1,3", b"-99999999999999999999,3 +1,3"),
    "a hunk of no number": changed(b"-1,3 +1,3", b"-x,3 +y,3"),
    "a file outside": PATCH.replace(b"kernel/shapes.c", b"../../outside.c"),
    "an absolute file": PATCH.replace(b"a/kernel/shapes.c", b"/etc/passwd"),
    "a file in .git": PATCH.replace(b"kernel/shapes.c", b".git/config"),
    "a name in quotes": PATCH.replace(b"a/kernel/shapes.c", b'"a/\\377\\n"'),
    "a rename": b"diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n",
    "a binary patch": b"diff --git a/x b/x\nGIT binary patch\nliteral 9\nzcmX\n",
    "no subject": changed(b"Subject: [PATCH 2/3] mini: Nowhere\n", b""),
    "a subject that is not encoded": changed(b"mini: Nowhere", b"\xff\xfe Nowhere"),
    "a charset of nobody": changed(b"Subject:", b"Content-Type: text/plain; charset=xx\nSubject:"),
    "base64 that is none": changed(b"Subject:", b"Content-Transfer-Encoding: base64\nSubject:"),
    "parts without an end": changed(
        b"Subject:", b'Content-Type: multipart/mixed; boundary="b"\nSubject:'
    ),
    "parts in parts": b"From: a@b.c\nSubject: x\n"
    + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(200)
    ),
    "number 0 of 0": changed(b"2/3", b"0/0"),
    "number 999": changed(b"2/3", b"999/3"),
    "marks of a merge": b"<<<<<<< ours\n" + PATCH + b"=======\nx\n>>>>>>> theirs\n",
    "twice": PATCH + b"\n" + PATCH,
    "JSON": b'{"format": 1, "patches": [[[[',
    "a page": b"<!doctype html><title>404</title>",
}
NAMES = (
    *(
        "",
        " ",
        ".",
        "..",
        "-",
        "--",
        "-x",
        "--all",
        "--output=/x",
        "@{",
        "@{-1}",
        "^",
        "HEAD^{/",
        ":/",
    ),
    *("A..B", "..", "a..b..c", "HEAD~999999999", "refs/heads/*", "nosuch", "no\udcffsuch", "a\nb"),
    *("x" * 5000, "x/" * 3000, "x" * 200_000),
)
PLACES = ("folder", "fifo", "socket", "nowhere", "loop", "/dev/null", "/dev/zero", "file/below")
SIDE = ["diff", "good"]
COMMANDS = {
    "import": (["import", "--tree", "git", "--rev", "main", "--"], []),
    "trailers": (["trailers", "--"], []),
    "diff": (["diff", "--", "good"], []),
    "since": (["mbox", "--tree", "git", "-v", "2", "-o", "out", "--since"], []),
}
TREES = {
    "render": ["render", "-o", "out", "--tree"],
    "apply": ["apply", "--branch", "b", "--tree"],
    "import": ["import", "HEAD", "--tree"],
    "import from": ["import", "HEAD", "--tree", "git", "--rev", "main", "--repo"],
    "mbox": ["mbox", "-o", "out", "--tree"],
    "probe-base": ["probe-base", "--tree"],
}
REVS = {
    "render": ["render", "-o", "out", "--tree", "git"],
    "apply": ["apply", "--branch", "b", "--tree", "git"],
    "import": ["import", "HEAD", "--tree", "git"],
    "mbox": ["mbox", "-o", "out", "--tree", "git"],
}


@pytest.fixture
def desk(fake, copied, tmp_path, monkeypatch):
    """Stand in a folder with a good tree, good patches and all that is bad."""
    place = tmp_path / "desk"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Some One")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "some@example.org")
    monkeypatch.setattr(maintain, "data_dir", lambda name: copied / name)
    shutil.copytree(MINI, "git")
    git = ["git", "-C", "git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-qb", "main"], ["add", "-A", "-f"], ["commit", "-qm", "Linux"]):
        subprocess.run([*git, *words], check=True)
    assert main(["render", "--tree", "git", "-o", "good", "-q"]) == 0
    Path("folder").mkdir()
    Path("file").write_text("x")
    os.mkfifo("fifo")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
    Path("nowhere").symlink_to("gone")
    Path("loop").symlink_to("loop")
    # by a link: what replaces a device must not find the real one here
    Path("full").symlink_to("/dev/full")
    return place


def children():
    """Return the processes that this one has started and that are still there."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def listing():
    """Return what is in the folder, the work area left aside."""
    skipped = {".git"}
    return sorted(
        str(path)
        for path in Path().rglob("*")
        if not skipped & set(path.parts) and "out" not in path.parts
    )


def attempt(command, capsys, wanted):
    """Run a command; return what is wrong with how it ends."""
    before, alive = listing(), children()
    capsys.readouterr()
    try:
        with no_longer_than(60):
            status = main([*command, "-q"] if "--" not in command else command)
    except HangError:
        return "hangs"
    except BaseException as error:
        return f"raises {type(error).__name__}: {error}"[:200]
    said = capsys.readouterr().err
    wrong = [] if status in wanted else [f"status {status}: {said[-200:]}"]
    silent = status and not said.strip() and (command[0], status) != ("diff", 1)
    if "Traceback" in said or silent:
        wrong.append(f"says {said[-200:]!r}")
    if len(said) > 20_000:
        wrong.append(f"says {len(said)} letters")
    if children() != alive:
        wrong.append("leaves a process")
    left = set(listing()) - set(before) - {"changes-v2.txt"}
    for path in left:
        Path(path).unlink()
    if left and wanted != (2,):
        wrong.append(f"leaves {left}")
    return "; ".join(wrong)


def judge(tried, capsys, wanted=(1,)):
    """Try all of them; none may end badly."""
    found = {}
    for name, command in tried.items():
        said = attempt(command, capsys, wanted)
        if said:
            found[name] = said
    assert not found, "\n".join(f"{name}: {said}" for name, said in found.items())


def bad(command, word):
    """Return a command line with a bad word at its end."""
    return [*COMMANDS[command][0], word]


def test_there_are_hundreds():
    """The program makes as many as it says."""
    words = len(FILES) + len(NAMES) + len(PLACES)
    assert words * len(COMMANDS) + len(PLACES) * len(TREES) + len(NAMES) * len(REVS) > 400


@pytest.mark.sweep
@pytest.mark.parametrize("command", COMMANDS)
def test_files(command, desk, capsys):
    """What is no patch, no mail and no diff."""
    tried = {}
    for number, (name, data) in enumerate(FILES.items()):
        file = Path(f"{number:02d}.patch")
        file.write_bytes(data)
        tried[name] = bad(command, str(file))
    # a patch of somebody else's is no trailer, and no fault
    wanted = {"trailers": (0, 1), "diff": (1, 2)}.get(command, (1,))
    judge(tried, capsys, wanted)


@pytest.mark.sweep
@pytest.mark.parametrize("command", COMMANDS)
def test_names(command, desk, capsys):
    """What is neither a file nor a commit."""
    tried = {name[:40]: bad(command, name) for name in (*NAMES, *PLACES)}
    judge(tried, capsys, (2,) if command == "diff" else (1,))


@pytest.mark.sweep
def test_trees(desk, capsys):
    """What is no tree of a kernel."""
    places = (*PLACES, "", "-x", "no\udcffsuch", "x" * 5000, "good")
    tried = {f"{c} {p[:40]}": [*TREES[c], p] for c, p in product(TREES, places)}
    judge(tried, capsys)


@pytest.mark.sweep
def test_revisions(desk, capsys):
    """What is no commit of a repository."""
    fine = ("@{-1}", "..", ".", ":/")
    tried = {
        f"{c} {n[:40]}": [*REVS[c], f"--rev={n}"]
        for c, n in product(REVS, NAMES)
        if n and n not in fine
    }
    judge(tried, capsys)


@pytest.mark.sweep
def test_outputs(desk, capsys):
    """Where nothing can be written."""
    places = (
        "file",
        "file/below",
        "nowhere",
        "loop",
        "loop/x",
        "fifo",
        "socket",
        "full",
        "/proc/x",
    )
    commands = {
        "render": ["render", "--tree", "git"],
        "mbox": ["mbox", "--tree", "git"],
        "mbox --mbox": ["mbox", "--tree", "git", "--mbox"],
        "diff": ["diff", "good", "good"],
        "report": ["report"],
    }
    tried = {
        f"{c} {p}": [*commands[c], "--output", p]
        for c, p in product(commands, places)
        # a file is what these write, and a link is followed or replaced
        if not (p in ("file", "nowhere") and c in ("mbox --mbox", "diff", "report"))
    }
    judge(tried, capsys, (1, 2, 3))
    kinds = {name: Path(name).lstat().st_mode for name in ("fifo", "socket", "full")}
    assert stat.S_ISFIFO(kinds["fifo"])
    assert stat.S_ISSOCK(kinds["socket"]) and stat.S_ISLNK(kinds["full"])
    Path("null").symlink_to("/dev/null")
    assert main(["report", "-q", "--output", "null"]) == 0
    assert Path("null").is_symlink()


def test_what_is_no_file_is_not_replaced(tmp_path, monkeypatch):
    """A device and a FIFO with a reader are written to; a FIFO without one is not waited for."""
    monkeypatch.chdir(tmp_path)
    Path("null").symlink_to("/dev/null")
    Path("full").symlink_to("/dev/full")
    os.mkfifo("fifo")
    assert write_atomic(Path("null"), b"x") and Path("null").is_symlink()
    with pytest.raises(InfraError, match="No space left"):
        write_atomic(Path("full"), b"x")
    with no_longer_than(10), pytest.raises(UserError, match="nobody reads this FIFO"):
        write_atomic(Path("fifo"), b"x")
    with pytest.raises(UserError, match="a folder"):
        write_atomic(tmp_path, b"x")
    reader = os.open("fifo", os.O_RDONLY | os.O_NONBLOCK)
    assert write_atomic(Path("fifo"), b"said") and os.read(reader, 9) == b"said"
    os.close(reader)
    assert stat.S_ISFIFO(Path("fifo").stat().st_mode)
