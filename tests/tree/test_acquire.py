# SPDX-License-Identifier: GPL-2.0-only
"""Finding a source: every kind of tree, every way in which it can be wrong, and nothing written."""

import fcntl
import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from dataclasses import replace
from pathlib import Path

import fake_base
import pytest
from conftest import MINI, some_of, wait_until

from generator.errors import InfraError, UserError
from generator.paths import locked
from generator.tree import acquire, look
from generator.tree.acquire import (
    Source,
    ensure_pristine,
    find_source,
    kernel_version,
    unpack_once,
)

BASE = fake_base.BASE
DEBIAN = replace(BASE, package="linux-source-6.1")


def git(folder, *arguments):
    """Run git with a fixed author and return what it prints."""
    done = subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(mini):
    """Return the made-up tree as a git repository with one commit."""
    git(mini, "init", "-q", "-b", "main")
    git(mini, "add", ".")
    git(mini, "commit", "-q", "-m", "a kernel")
    return mini


def fingerprint(folder):
    """Return content, mode and times of everything below a folder."""
    rows = []
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        data = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        rows.append((str(path), state.st_mode, state.st_mtime_ns, state.st_size, data))
    return rows


def test_directory(mini, tmp_path):
    """A directory is used where it is; the work area stays empty."""
    source = find_source(BASE, tmp_path / "work", tree=mini, rev=None)
    assert (source.kind, source.version, source.path) == ("directory", "6.1.7", mini)
    assert "VERSION" in source.load("Makefile")
    assert not (tmp_path / "work").exists()


def test_directory_by_a_link(mini, tmp_path):
    """A symbolic link leads to the same identity as the directory itself."""
    (tmp_path / "link").symlink_to(mini)
    there = find_source(BASE, tmp_path, tree=mini, rev=None)
    assert find_source(BASE, tmp_path, tree=tmp_path / "link", rev=None) == there


def test_commit_of_a_repository(repository, tmp_path):
    """With a revision the commit counts, whatever the work tree looks like."""
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "Makefile").write_text("VERSION = 5\nPATCHLEVEL = 4\n")
    for rev in ("HEAD", "main", commit[:9], commit):
        source = find_source(BASE, tmp_path, tree=repository, rev=rev)
        assert (source.kind, source.version, source.commit) == ("git", "6.1.7", commit)
        assert source.identity == f"git {commit}"


def test_dirty_repository(repository, tmp_path):
    """Without a revision what lies in the directory counts, uncommitted changes included."""
    with (repository / "kernel/shapes.c").open("a") as stream:
        stream.write("int uncommitted;\n")
    without = find_source(BASE, tmp_path, tree=repository, rev=None)
    assert "uncommitted" in without.load("kernel/shapes.c")
    with_rev = find_source(BASE, tmp_path, tree=repository, rev="HEAD")
    assert "uncommitted" not in with_rev.load("kernel/shapes.c")


def test_bare_repository(repository, tmp_path):
    """A bare repository needs no revision: HEAD is meant."""
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(repository), str(bare))
    source = find_source(BASE, tmp_path, tree=bare, rev=None)
    assert source.kind == "git"
    assert source.load("kernel/shapes.c") == (MINI / "kernel/shapes.c").read_text()
    assert find_source(BASE, tmp_path, tree=bare, rev="main") == source


@pytest.mark.parametrize("kind", ["directory", "git", "bare"])
def test_both_kinds_find_the_same(kind, repository, tmp_path):
    """Files are searched alike: whole words, C only, below the folder."""
    tree = repository
    if kind == "bare":
        tree = tmp_path / "bare.git"
        git(tmp_path, "clone", "-q", "--bare", str(repository), str(tree))
    rev = None if kind == "directory" else "HEAD"
    source = find_source(BASE, tmp_path, tree=tree, rev=rev)
    assert source.search("arch/x86", "trap_no") == ("arch/x86/um/faultinfo.c",)
    assert source.search("arch/fake", "trap_nr") == (
        "arch/fake/include/asm/processor.h",
        "arch/fake/kernel/traps.c",
    )
    assert source.search("arch/x86", "trap") == ()
    assert source.search("Documentation", "trap_nr") == ()
    assert source.search("absent", "trap_nr") == ()


@pytest.mark.parametrize(("rev", "times"), [("HEAD", 1), (None, 2)])
def test_a_commit_is_searched_once(rev, times, repository, tmp_path, monkeypatch):
    """What a commit holds stays; a directory may have changed since it was looked at."""
    commands = []
    run = look.run
    monkeypatch.setattr(look, "run", lambda command: commands.append(command) or run(command))
    source = find_source(BASE, tmp_path, tree=repository, rev=rev)
    for _ in range(2):
        assert source.lines(("kernel",), ("plain_shape",))
        assert "plain_shape" in source.load("kernel/shapes.c")
    assert len([command for command in commands if "grep" in command]) == times


@pytest.mark.parametrize("rev", [None, "HEAD"])
def test_a_tree_is_only_read(rev, repository, tmp_path):
    """Content, modes and times of the user's tree are the same before and after."""
    before = fingerprint(repository)
    source = find_source(BASE, tmp_path / "work", tree=repository, rev=rev)
    source.load("kernel/shapes.c")
    source.search("arch/x86", "trap_nr")
    ensure_pristine(source, tmp_path / "work", BASE)
    assert fingerprint(repository) == before


@pytest.mark.parametrize("rev", [None, "HEAD"])
def test_pristine(rev, repository, tmp_path):
    """Kernels are built from a copy without git's files, made once."""
    source = find_source(BASE, tmp_path / "work", tree=repository, rev=rev)
    target = ensure_pristine(source, tmp_path / "work", BASE)
    assert target == tmp_path / "work/6.1/pristine"
    assert not (target / ".git").exists()
    want = {str(p.relative_to(MINI)): p.read_bytes() for p in MINI.rglob("*") if p.is_file()}
    have = {str(p.relative_to(target)): p.read_bytes() for p in target.rglob("*") if p.is_file()}
    assert have == want
    (target / "marker").touch()
    ensure_pristine(source, tmp_path / "work", BASE)
    assert (target / "marker").exists()
    ensure_pristine(replace(source, identity="another"), tmp_path / "work", BASE)
    assert not (target / "marker").exists()


@pytest.mark.parametrize(
    ("makefile", "words"),
    [
        ("VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 3\n", "this is Linux 5.10.3"),
        ("VERSION = 6\nPATCHLEVEL = 12\n", "this is Linux 6.12, and the base 6.1 was asked for"),
        ("all:\n\techo\n", "not the source of a Linux kernel"),
        ("VERSION = 6\n", "not the source of a Linux kernel"),
        ("VERSION = six\nPATCHLEVEL = 1\n", "not the source of a Linux kernel"),
        ("", "not the source of a Linux kernel"),
    ],
)
def test_wrong_trees(makefile, words, mini, tmp_path):
    """Another version, and what is no kernel, are refused with the reason."""
    (mini / "Makefile").write_text(makefile)
    with pytest.raises(UserError, match=words) as caught:
        find_source(BASE, tmp_path, tree=mini, rev=None)
    assert str(mini) in str(caught.value)


def test_no_such_tree(tmp_path):
    """A path that is not there, and one that is a file."""
    (tmp_path / "file").touch()
    for path in (tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(UserError, match="there is no such directory"):
            find_source(BASE, tmp_path, tree=path, rev=None)


def test_an_empty_directory(tmp_path):
    """Neither a source nor a repository."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="neither a kernel source nor a git repository"):
        find_source(BASE, tmp_path, tree=tmp_path / "empty", rev=None)


@pytest.mark.parametrize("rev", ["absent", "HEAD~7", "", "--all", "main:Makefile", "0" * 40])
def test_missing_revision(rev, repository, tmp_path):
    """A revision that is no commit is named; one like an option is not taken for an option."""
    if rev == "":
        assert find_source(BASE, tmp_path, tree=repository, rev=rev).kind == "directory"
        return
    with pytest.raises(UserError) as caught:
        find_source(BASE, tmp_path, tree=repository, rev=rev)
    assert f"a commit '{rev}'" in str(caught.value)


def test_revision_without_a_tree(tmp_path):
    """A commit belongs to a repository."""
    with pytest.raises(UserError, match="--rev needs --tree"):
        find_source(BASE, tmp_path, tree=None, rev="HEAD")


def test_inside_of_a_repository(repository, tmp_path):
    """A subdirectory has the commits of its repository, and is refused all the same."""
    with pytest.raises(UserError, match="a directory inside of a git repository"):
        find_source(BASE, tmp_path, tree=repository / "kernel", rev="HEAD")


def test_a_commit_that_is_no_kernel(tmp_path):
    """A repository of something else."""
    git(tmp_path, "init", "-q")
    (tmp_path / "Makefile").write_text("all:\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "x")
    with pytest.raises(UserError, match="not the source of a Linux kernel"):
        find_source(BASE, tmp_path, tree=tmp_path, rev="HEAD")
    (tmp_path / "Makefile").unlink()
    git(tmp_path, "commit", "-q", "-a", "-m", "y")
    with pytest.raises(UserError, match="has no such file"):
        find_source(BASE, tmp_path, tree=tmp_path, rev="HEAD")


@pytest.mark.parametrize("rev", [None, "HEAD"])
def test_missing_file(rev, repository, tmp_path):
    """A file that the tree does not have is named with its tree."""
    source = find_source(BASE, tmp_path, tree=repository, rev=rev)
    with pytest.raises(UserError, match=r"kernel/absent\.c") as caught:
        source.load("kernel/absent.c")
    assert str(repository) in str(caught.value)


def test_unreadable_files(mini, tmp_path, monkeypatch):
    """A file without permission is an error of the input, not a traceback."""
    source = find_source(BASE, tmp_path, tree=mini, rev=None)
    original = type(mini).read_bytes

    def read(path):
        if path.name in ("shapes.c", "Makefile"):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    monkeypatch.setattr(type(mini), "read_bytes", read)
    with pytest.raises(UserError, match=r"shapes\.c: cannot be read: Permission denied"):
        source.load("kernel/shapes.c")
    with pytest.raises(UserError, match="Makefile: cannot be read: Permission denied"):
        find_source(BASE, tmp_path, tree=mini, rev=None)


def test_a_directory_in_a_files_place(mini, tmp_path):
    """A path that is a directory cannot be read either."""
    source = find_source(BASE, tmp_path, tree=mini, rev=None)
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        source.load("kernel")


@pytest.mark.parametrize("rev", [None, "HEAD"])
def test_bytes_survive(rev, tmp_path):
    """Line ends and bytes that are no UTF-8 come out as they went in, from both kinds of tree."""
    data = b"/* caf\xe9 */\r\nint a;\n"
    shutil.copy(MINI / "Makefile", tmp_path)
    (tmp_path / "a.c").write_bytes(data)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "x")
    text = find_source(BASE, tmp_path, tree=tmp_path, rev=rev).load("a.c")
    assert text.encode("utf-8", "surrogateescape") == data


def test_git_in_the_environment(repository, tmp_path, monkeypatch):
    """GIT_DIR, as git sets it for its hooks, does not redirect anything."""
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    source = find_source(BASE, tmp_path, tree=repository, rev="main")
    assert source.search("arch/x86", "trap_no") == ("arch/x86/um/faultinfo.c",)


def test_colours_in_the_configuration(repository, tmp_path, monkeypatch):
    """The user's git configuration may colour everything; names of files stay plain."""
    config = tmp_path / "config"
    config.write_text("[color]\n\tui = always\n[grep]\n\tlineNumber = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    source = find_source(BASE, tmp_path, tree=repository, rev="main")
    assert source.search("arch/x86", "trap_no") == ("arch/x86/um/faultinfo.c",)


def make_package(folder, tree=MINI):
    """Pack a tree as Debian's source package is."""
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / "linux-source-6.1.tar.xz", "w:xz") as archive:
        archive.add(tree, "linux-source-6.1")


def test_package(tmp_path, monkeypatch):
    """Debian's tarball is unpacked once; another version of it again."""
    make_package(tmp_path / "src")
    monkeypatch.setattr(acquire, "PACKAGE_DIR", tmp_path / "src")
    versions = iter(["6.1.7-1", "6.1.7-1", "6.1.7-2"])
    monkeypatch.setattr(acquire, "_package_version", lambda package: next(versions))
    source = find_source(DEBIAN, tmp_path / "work", tree=None, rev=None)
    assert (source.kind, source.version) == ("package", "6.1.7")
    assert source.path == ensure_pristine(source, tmp_path / "work", DEBIAN)
    (source.path / "marker").touch()
    again = find_source(DEBIAN, tmp_path / "work", tree=None, rev=None)
    assert again == source and (source.path / "marker").exists()
    newer = find_source(DEBIAN, tmp_path / "work", tree=None, rev=None)
    assert newer.identity != source.identity and not (source.path / "marker").exists()


@pytest.mark.parametrize("damage", ["empty", "cut", "text"])
def test_damaged_package(damage, tmp_path, monkeypatch):
    """A tarball that does not unpack leaves nothing that looks unpacked."""
    make_package(tmp_path / "src")
    tarball = tmp_path / "src/linux-source-6.1.tar.xz"
    data = tarball.read_bytes()
    tarball.write_bytes({"empty": b"", "cut": data[: len(data) // 2], "text": b"hello"}[damage])
    monkeypatch.setattr(acquire, "PACKAGE_DIR", tmp_path / "src")
    with pytest.raises(InfraError, match="unpacking failed"):
        find_source(DEBIAN, tmp_path / "work", tree=None, rev=None)
    left = [path.name for path in (tmp_path / "work/6.1").iterdir()]
    assert left in ([], ["pristine.lock"])


def test_package_of_something_else(tmp_path, monkeypatch):
    """A tarball without a kernel in it."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other/README").touch()
    make_package(tmp_path / "src", tmp_path / "other")
    monkeypatch.setattr(acquire, "PACKAGE_DIR", tmp_path / "src")
    with pytest.raises(UserError, match="Makefile: cannot be read"):
        find_source(DEBIAN, tmp_path / "work", tree=None, rev=None)


def test_missing_package_for_a_user(tmp_path, monkeypatch):
    """Who is not root is told the exact command, and nothing is run."""
    monkeypatch.setattr(acquire, "PACKAGE_DIR", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(acquire.tools, "run", lambda *a, **k: pytest.fail("runs something"))
    with pytest.raises(UserError) as caught:
        find_source(DEBIAN, tmp_path, tree=None, rev=None)
    assert (
        "run: sudo apt-get install -y --no-install-recommends linux-source-6.1; or give a source "
        "with --tree" in str(caught.value)
    )
    assert str(tmp_path / "linux-source-6.1.tar.xz") in str(caught.value)


def test_nothing_is_installed_for_a_place_that_cannot_be(tmp_path, monkeypatch):
    """The work area is tried before apt-get is: an error of the input, not of the machine."""
    monkeypatch.setattr(acquire, "PACKAGE_DIR", tmp_path / "src")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(acquire, "_install_package", lambda *_: pytest.fail("installs something"))
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UserError, match="fifo"):
        find_source(DEBIAN, tmp_path / "fifo", tree=None, rev=None)


def test_missing_package_for_root(tmp_path, monkeypatch):
    """Root gets it installed; when that fails the reason is handed on."""
    monkeypatch.setattr(acquire, "PACKAGE_DIR", tmp_path / "src")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(acquire.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(acquire, "_package_version", lambda package: "1")
    run = acquire.run
    commands = []

    def fake_run(command):
        if command[0] != "apt-get":
            return run(command)
        commands.append(command)
        if len(commands) > 1:
            make_package(tmp_path / "src")
        code = 100 if len(commands) == 1 else 0
        return subprocess.CompletedProcess(command, code, b"", b"E: no network\n")

    monkeypatch.setattr(acquire, "run", fake_run)
    with pytest.raises(InfraError, match="cannot be installed: E: no network; apt-get update"):
        find_source(DEBIAN, tmp_path / "work", tree=None, rev=None)
    assert find_source(DEBIAN, tmp_path / "work", tree=None, rev=None).version == "6.1.7"
    assert commands[0][-1] == "linux-source-6.1"


def test_no_package_at_all(tmp_path):
    """A base without a package needs a tree; whether Debian has one nobody has asked."""
    with pytest.raises(UserError, match=r"names no package of Debian; give a source with --tree"):
        find_source(BASE, tmp_path, tree=None, rev=None)


def fill(place):
    """Fill a directory as unpacking does."""
    (place / "file").write_text("content")


def test_unpack_once(tmp_path):
    """The same identity is filled once, another one anew."""
    target = tmp_path / "pristine"
    unpack_once(target, "a", fill)
    unpack_once(target, "a", lambda place: pytest.fail("fills again"))
    assert (target / "file").read_text() == "content"
    assert target.stat().st_mode & 0o777 == 0o755
    unpack_once(target, "b", lambda place: (place / "other").touch())
    assert [path.name for path in target.iterdir()] == ["other"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left"), UserError("x")])
def test_unpacking_is_interrupted(error, tmp_path):
    """Nothing half-filled is left, what was there is not used, and the next run does it."""
    target = tmp_path / "pristine"
    unpack_once(target, "old", fill)

    def broken(place):
        fill(place)
        raise error

    with pytest.raises((KeyboardInterrupt, InfraError, UserError)):
        unpack_once(target, "new", broken)
    assert {path.name for path in tmp_path.iterdir()} <= {"pristine.lock"}
    unpack_once(target, "new", fill)
    assert (target / "file").exists()


def test_what_a_killed_run_left_behind(tmp_path):
    """A half-filled directory of a run that was killed is removed, not used."""
    (tmp_path / ".pristine.abc").mkdir()
    (tmp_path / ".pristine.abc/half").touch()
    (tmp_path / "pristine").mkdir()
    unpack_once(tmp_path / "pristine", "a", fill)
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".lock") == [
        "pristine",
        "pristine.json",
    ]
    assert (tmp_path / "pristine/file").exists()


@pytest.mark.parametrize("stamp", ["", "{", "[]", "{}", '{"identity": 3}', "null"])
def test_a_damaged_stamp(stamp, tmp_path):
    """A stamp that cannot be read means: fill it again."""
    (tmp_path / "pristine").mkdir()
    (tmp_path / "pristine.json").write_text(stamp)
    unpack_once(tmp_path / "pristine", "a", fill)
    assert (tmp_path / "pristine/file").exists()
    assert json.loads((tmp_path / "pristine.json").read_text()) == {"identity": "a"}


def _unpack_slowly(target, counter):
    def slow(place):
        with counter.get_lock():
            counter.value += 1
        fill(place)

    unpack_once(target, "a", slow)


def test_two_runs_at_the_same_time(tmp_path):
    """Of two processes one fills, the other waits and uses it."""
    context = multiprocessing.get_context("fork")
    counter = context.Value("i", 0)
    runs = [
        context.Process(target=_unpack_slowly, args=(tmp_path / "pristine", counter))
        for _ in range(3)
    ]
    for process in runs:
        process.start()
    for process in runs:
        process.join(30)
    assert [process.exitcode for process in runs] == [0, 0, 0]
    assert counter.value == 1


@pytest.mark.parametrize("rev", [None, "HEAD"])
def test_what_a_build_has_left_is_not_copied(rev, repository, tmp_path):
    """Kbuild refuses such a source, and some commit it; what only has such a name is kept."""
    left = (".config", "include/config/auto.conf", "arch/x86/include/generated/a.h")
    kept = ("kernel/.config", "drivers/include/config/x.h", "arch/x86/generated.c")
    for name in (*left, *kept):
        place = repository / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x\n")
    git(repository, "add", "-A", "-f")
    git(repository, "commit", "-qm", "built")
    source = find_source(BASE, tmp_path / "work", tree=repository, rev=rev)
    target = ensure_pristine(source, tmp_path / "work", BASE)
    assert not [name for name in left if (target / name).exists()]
    assert all((target / name).is_file() for name in kept)


def test_a_work_area_that_cannot_be_written(mini, tmp_path, monkeypatch):
    """The message names the option that chooses another place."""
    source = find_source(BASE, tmp_path, tree=mini, rev=None)
    (tmp_path / "work").write_text("in the way")
    with pytest.raises(UserError, match="--workdir"):
        ensure_pristine(source, tmp_path / "work", BASE)
    (tmp_path / "readonly").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UserError, match=r"not writable.*--workdir"):
        ensure_pristine(source, tmp_path / "readonly", BASE)


@pytest.mark.parametrize("kind", ["directory", "git"])
def test_copying_fails(kind, repository, tmp_path):
    """A source that vanishes while it is copied leaves nothing behind, and nobody waits."""
    source = Source(
        version="6.1.7",
        kind=kind,
        path=repository if kind == "git" else tmp_path / "gone",
        commit="0" * 40,
        identity="x",
    )
    with pytest.raises(InfraError, match="copying the source failed"):
        ensure_pristine(source, tmp_path / "work", BASE)
    assert not (tmp_path / "work/6.1/pristine").exists()


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\nEXTRAVERSION = -rc1\n", "6.1.192"),
        ("VERSION=3\nPATCHLEVEL=3\nSUBLEVEL=0\n", "3.3.0"),
        ("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL =\n", "6.12"),
        ("# VERSION = 5\nVERSION = 6\r\nPATCHLEVEL = 1\r\n", "6.1"),
    ],
)
def test_kernel_version(text, version):
    """The release without what distributions append."""
    assert kernel_version(text, where="Makefile") == version


def test_a_changed_directory_is_another_source(mini, tmp_path):
    """A file of the user's that changes is seen: what is built from is copied again."""
    source = find_source(BASE, tmp_path / "area", tree=mini, rev=None)
    before = acquire.pristine_identity(source)
    assert before == acquire.pristine_identity(source)
    (mini / "Makefile").write_text((mini / "Makefile").read_text() + "# touched\n")
    assert acquire.pristine_identity(source) != before


def test_leftovers_of_a_build_are_not_copied(mini, tmp_path):
    """A tree in which somebody has built can be built from: kbuild would refuse its leftovers."""
    (mini / ".config").write_text("CONFIG_X=y\n")
    (mini / "include" / "generated").mkdir(parents=True)
    pristine = acquire.ensure_pristine(
        find_source(BASE, tmp_path / "area", tree=mini, rev=None), tmp_path / "area", BASE
    )
    assert (pristine / "Makefile").is_file()
    assert not (pristine / ".config").exists()
    assert not (pristine / "include" / "generated").exists()


def test_who_waits_says_so(tmp_path, caplog):
    """A lock that another run holds is named while it is waited for; a free one is taken."""
    path = tmp_path / "render.lock"
    with locked(path):
        pass
    assert not caplog.records
    with path.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        timer = threading.Timer(0.5, fcntl.flock, [other, fcntl.LOCK_UN])
        timer.start()
        with locked(path), path.open() as third:
            with pytest.raises(BlockingIOError):
                fcntl.flock(third, fcntl.LOCK_EX | fcntl.LOCK_NB)
            timer.join()
    assert "waiting for another run" in caplog.text and str(path) in caplog.text


@pytest.mark.parametrize("what", some_of(["unpack", "copy", "search"]))
def test_nothing_outlives_who_asked(what, tmp_path):
    """Who kills the program kills what unpacks, copies or searches a source for it."""
    stub = tmp_path / "bin" / ("git" if what == "search" else "tar")
    stub.parent.mkdir()
    stub.write_text(f"#!/bin/sh\necho $$ >>{tmp_path}/pids\nexec sleep 60\n")
    stub.chmod(0o755)
    source = f"Source(kind='directory', path=P({str(tmp_path)!r}), version='6.1', identity='x')"
    call = {
        "unpack": f"acquire._unpack(P('x.tar.xz'), P({str(tmp_path)!r}))",
        "copy": f"acquire._copy(acquire.{source}, P({str(tmp_path)!r}))",
        "search": f"look.find_lines(P({str(tmp_path)!r}), '', ('include',), ('word',))",
    }[what]
    program = f"from pathlib import Path as P; from generator.tree import acquire, look; {call}"
    path = f"{stub.parent}:{os.environ['PATH']}"
    with subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "PATH": path}) as one:
        pids = tmp_path / "pids"
        wait_until(lambda: pids.exists() and pids.read_text().endswith("\n"))
        one.kill()
    for pid in map(int, pids.read_text().split()):
        wait_until(lambda pid=pid: not Path(f"/proc/{pid}").exists())


def test_attributes_of_the_user_do_not_hide_c(tmp_path, monkeypatch):
    """What the user's own attributes call binary is C for all that, in a commit as in files."""
    (tmp_path / "tree/include").mkdir(parents=True)
    (tmp_path / "tree/include/some.h").write_text("int word;\n")
    run = ["git", "-c", "user.name=A", "-c", "user.email=a@b", "-C", str(tmp_path / "tree")]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*run, *words], check=True)
    (tmp_path / "attributes").write_text("* -diff\n")
    (tmp_path / "config").write_text(f"[core]\n\tattributesFile = {tmp_path}/attributes\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    commit = subprocess.run([*run, "rev-parse", "HEAD"], check=True, stdout=-1, text=True).stdout
    for where in ("", commit.strip()):
        found = look.find_lines(tmp_path / "tree", where, ("include",), ("word",))
        assert found == (("include/some.h", "int word;"),)
