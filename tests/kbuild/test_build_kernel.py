# SPDX-License-Identifier: GPL-2.0-only
"""The build stage on a tiny tree that looks like a kernel, with real git, make and tuxmake."""

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from tiny_kernel import FILES, MAKEFILE, REFS, git, write

from generator.errors import CheckFailed, InfraError, UserError
from generator.kbuild import kernel, state, toolchain
from generator.kbuild.kernel import build_kernel
from generator.kbuild.request import BuildRequest, build_command, plan_build
from generator.kbuild.state import built_tree, read_state, write_state
from generator.tree.refs import read_ref


@contextlib.contextmanager
def mounted(options, folder):
    """Mount a tmpfs; CalledProcessError when that is not possible."""
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def may_mount():
    """Tell whether this user can mount a file system here."""
    try:
        with tempfile.TemporaryDirectory() as folder, mounted("size=64k", folder):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    """Return a pristine tree and a repository, made once."""
    root = tmp_path_factory.mktemp("shelf")
    write(root / "pristine", FILES)
    write(root / "pristine", {"kernel/other.c": "int gone;\n"})
    source = root / "source"
    touched = ["include/sched.h", "kernel/fork.c", "kernel/uprobes.c"]
    write(source, {name: FILES[name] for name in touched} | {"kernel/other.c": "int gone;\n"})
    git(source, "init", "-q", "-b", "base")
    git(source, "add", "-A")
    git(source, "commit", "-qm", "base")
    for ref, files in REFS.items():
        git(source, "checkout", "-qb", ref, "base")
        write(source, files)
        git(source, "add", "-A")
        git(source, "commit", "-qm", ref)
    git(root, "clone", "-q", "--bare", "source", "repo.git")
    return root


@pytest.fixture
def request_for(shelf, tmp_path):
    """Return a function that makes a request for a ref."""
    shutil.copytree(shelf / "pristine", tmp_path / "pristine", copy_function=shutil.copy2)
    fragment = tmp_path / "base.config"
    fragment.write_text("CONFIG_UPROBES=y\n")

    def make(ref, variant="", **options):
        return BuildRequest(
            base="0.0",
            variant=variant or ref,
            ref=ref,
            repo=shelf / "repo.git",
            pristine=tmp_path / "pristine",
            **{
                "workdir": tmp_path / "work",
                "fragments": (fragment,),
                "ccache": "off",
                "jobs": 2,
                **options,
            },
        )

    return make


def image(result):
    """Return what was compiled into the image."""
    return result.image.read_text()


def test_first_build(request_for):
    """All objects, the right content, the configuration, and the log."""
    result = build_kernel(request_for("review"))
    assert "int tip;" in image(result)
    assert (result.objects, result.unchanged, result.seeded_from) == (3, False, "")
    assert "CONFIG_UPROBES=y" in (result.build_dir / ".config").read_text()
    assert "  CC      kernel/fork.o" in result.log.read_text()


def test_nothing_changed_nothing_run(request_for):
    """The second call is instant and leaves every file alone."""
    first = build_kernel(request_for("review"))
    before = {path: path.stat().st_mtime_ns for path in first.tree.rglob("*")}
    second = build_kernel(request_for("review"))
    assert second.unchanged
    assert second.seconds < 1
    assert {path: path.stat().st_mtime_ns for path in first.tree.rglob("*")} == before


def test_what_an_image_is_built_from(request_for):
    """The stamp says which tree; one that does not is told it; another image is not."""
    result = build_kernel(request_for("review"))
    request = request_for("review")
    stamp, wanted = plan_build(request).state_file, read_ref(request.repo, "review").tree_id
    assert built_tree(stamp, result.image) == wanted
    write_state(stamp, replace(read_state(stamp), tree=""))
    assert built_tree(stamp, result.image) == ""
    assert build_kernel(request).unchanged and built_tree(stamp, result.image) == wanted
    with pytest.raises(CheckFailed):
        build_kernel(request_for("fails", request.variant))
    assert built_tree(stamp, result.image) == ""
    build_kernel(request)
    result.image.write_text("another")
    assert built_tree(stamp, result.image) == ""


def test_a_changed_ref_compiles_what_changed(request_for):
    """One file, one object; and back again."""
    build_kernel(request_for("base", "v"))
    result = build_kernel(request_for("baseline", "v"))
    assert result.objects == 1
    assert "int baseline;" in image(result)
    assert "int uprobes;" in image(build_kernel(request_for("base", "v")))


def test_a_changed_header_compiles_all(request_for):
    """Its times change, that of the objects follow."""
    build_kernel(request_for("base", "v"))
    assert build_kernel(request_for("wide", "v")).objects == 3


def test_pristine_source_is_never_written(request_for, tmp_path):
    """Hard links are broken, not followed."""
    files = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in _files(tmp_path / "pristine")}
    for ref in ("review", "wide", "gone", "extra"):
        build_kernel(request_for(ref, "v"))
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in _files(tmp_path / "pristine")}
    assert after == files
    linked = (tmp_path / "work/0.0/v/linux/mm/mmap.c").stat().st_nlink
    assert linked == 2


def _files(root):
    return [path for path in root.rglob("*") if path.is_file()]


def test_files_come_and_go_with_the_ref(request_for, tmp_path):
    """A file the ref lacks is gone, one it adds goes again with the next ref."""
    tree = tmp_path / "work/0.0/v/linux"
    build_kernel(request_for("gone", "v"))
    assert not (tree / "kernel/other.c").exists()
    build_kernel(request_for("extra", "v"))
    assert (tree / "kernel/other.c").exists()
    assert (tree / "kernel/new.h").exists()
    build_kernel(request_for("base", "v"))
    assert not (tree / "kernel/new.h").exists()


def test_a_second_variant_starts_from_the_first(request_for, tmp_path):
    """Only the difference is compiled; paths in command files follow."""
    build_kernel(request_for("baseline"))
    result = build_kernel(request_for("review"))
    assert (result.seeded_from, result.objects) == ("baseline", 2)
    assert "int tip;" in image(result)
    command = (result.build_dir / "mm/.mmap.o.cmd").read_text()
    assert str(result.tree) in command
    assert "0.0/baseline" not in command
    first = tmp_path / "work/0.0/baseline/linux"
    assert "int baseline;" in (first / "kernel/uprobes.c").read_text()


def test_seeding_can_be_switched_off(request_for):
    """Then everything is compiled."""
    build_kernel(request_for("baseline"))
    result = build_kernel(request_for("review", seed=False))
    assert (result.seeded_from, result.objects) == ("", 3)


def test_an_unfinished_or_different_variant_is_no_donor(request_for, tmp_path):
    """A failed build, and one of another configuration."""
    with pytest.raises(CheckFailed):
        build_kernel(request_for("fails"))
    other = tmp_path / "other.config"
    other.write_text("CONFIG_OTHER=y\n")
    build_kernel(request_for("baseline", fragments=(other,)))
    assert build_kernel(request_for("review")).seeded_from == ""


def test_a_busy_variant_is_no_donor(request_for, tmp_path):
    """Its files change under a copy."""
    build_kernel(request_for("baseline"))
    with FileLock(tmp_path / "work/0.0/baseline/build.lock"):
        assert build_kernel(request_for("review")).seeded_from == ""


@pytest.mark.sweep
@pytest.mark.parametrize("change", ["fragment", "compiler", "pristine", "image", "config"])
def test_what_makes_a_build_stale(request_for, tmp_path, monkeypatch, change):
    """Each input of the stamp."""
    first = build_kernel(request_for("base"))
    if change == "fragment":
        (tmp_path / "base.config").write_text("CONFIG_UPROBES=y\nCONFIG_KPROBES=y\n")
    elif change == "compiler":
        monkeypatch.setattr(toolchain, "_version", lambda command: "gcc 99")
    elif change == "pristine":
        (tmp_path / "pristine/Makefile").write_text(MAKEFILE + "# new\n")
    elif change == "image":
        first.image.write_bytes(b"truncated")
    else:
        (first.build_dir / ".config").unlink()
        first.image.unlink()
    assert not build_kernel(request_for("base")).unchanged
    assert build_kernel(request_for("base")).unchanged


def test_a_new_pristine_source_makes_a_new_tree(request_for, tmp_path):
    """Files that no ref knows change with it."""
    build_kernel(request_for("base"))
    write(tmp_path / "pristine", {"mm/mmap.c": "int newer;\n"})
    result = build_kernel(request_for("base", pristine_id="another"))
    assert "int newer;" in image(result)


def test_a_failed_build_says_where_and_how_to_repeat(request_for):
    """First errors, log, command; and the command does repeat it."""
    with pytest.raises(CheckFailed) as caught:
        build_kernel(request_for("fails"))
    text = str(caught.value)
    assert "../kernel/uprobes.c:7:1: error: unknown type name x" in text
    assert Path(caught.value.where).is_file()
    command = shlex.split(caught.value.hint.removeprefix("repeat with: "))
    assert subprocess.run(command, capture_output=True).returncode != 0


def test_a_failed_build_is_tried_again_and_then_repaired(request_for):
    """It is never taken for done."""
    for _ in range(2):
        with pytest.raises(CheckFailed):
            build_kernel(request_for("fails", "v"))
    assert "int uprobes;" in image(build_kernel(request_for("base", "v")))


def test_a_missing_library_is_the_machines_trouble(request_for):
    """The message is the apt command."""
    with pytest.raises(InfraError, match="apt-get install libelf-dev"):
        build_kernel(request_for("nolib"))


def test_a_killed_make(request_for):
    """It failed, and the next run goes on."""
    with pytest.raises(CheckFailed):
        build_kernel(request_for("killed", "v"))
    assert "int tip;" in image(build_kernel(request_for("review", "v")))


def test_half_written_objects_of_an_interruption_are_compiled_again(request_for):
    """An object newer than its command file, and an empty one."""
    result = build_kernel(request_for("base", "v"))
    stamp = result.build_dir.parents[1] / "state-plain-gcc.json"
    known = state.read_state(stamp)
    state.write_state(stamp, replace(known, running=True, key=""))
    half = result.build_dir / "mm/mmap.o"
    half.write_text("int mm")
    (result.build_dir / "kernel/fork.o").write_text("")
    again = build_kernel(request_for("base", "v"))
    assert again.objects == 2
    assert "int mmap;" in image(again)


def test_an_interrupt_leaves_a_tree_that_is_finished_later(request_for):
    """Ctrl-C in the middle of make."""

    class Interrupting:
        def progress(self, event):
            if event.detail.endswith(".o"):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_kernel(request_for("base"), Interrupting())
    result = build_kernel(request_for("base"))
    assert "int mmap;" in image(result)


def test_make_ends_when_this_process_is_killed(request_for, tmp_path):
    """No orphan goes on writing into the build directory without its lock."""
    (tmp_path / "pristine/Makefile").write_text("bzImage tinyconfig:\n\tsleep 60 & wait\n")
    build = request_for("base")
    script = f"""
from pathlib import Path, PosixPath
from generator.kbuild.kernel import *
build_kernel({build!r})
"""
    victim = subprocess.Popen([sys.executable, "-c", script])
    log = tmp_path / "work/0.0/base/logs-plain-gcc/config/build.log"
    assert _soon(lambda: log.exists() and _makes(tmp_path))
    victim.kill()
    victim.wait()
    assert _soon(lambda: not _makes(tmp_path))


def _makes(tmp_path):
    """Return the processes of make that build below ``tmp_path``."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = process.read_bytes().split(b"\0")
            if words[0] == b"make" and any(os.fsencode(tmp_path) in word for word in words):
                found.append(process)
    return found


def _soon(condition):
    """Return whether ``condition`` comes true within ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_an_interrupted_clone_is_made_again(request_for, tmp_path, monkeypatch):
    """No half tree is ever taken for a whole one, and its remains go."""
    real = kernel.worktree.link_or_copy
    calls = []

    def stop_in_the_middle(source, target):
        calls.append(source)
        if len(calls) > 4:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(kernel.worktree, "link_or_copy", stop_in_the_middle)
    with pytest.raises(KeyboardInterrupt):
        build_kernel(request_for("base"))
    monkeypatch.setattr(kernel.worktree, "link_or_copy", real)
    assert "int mmap;" in image(build_kernel(request_for("base")))
    assert not list((tmp_path / "work/0.0/base").glob(".linux.*"))


def test_lost_options_are_named_and_not_forgotten(request_for, tmp_path):
    """Also by the second run, which finds a .config already."""
    (tmp_path / "base.config").write_text("CONFIG_UPROBES=y\nCONFIG_IMPOSSIBLE=y\n")
    for _ in range(2):
        with pytest.raises(CheckFailed, match=r"CONFIG_IMPOSSIBLE=y \(is n; base.config:2\)"):
            build_kernel(request_for("base"))


def test_warnings_are_kept_until_their_file_is_compiled_again(request_for):
    """Those in touched files are told apart."""
    first = build_kernel(request_for("warns", "v"))
    assert [str(w) for w in first.touched_warnings] == ["kernel/uprobes.c:3: #warning look [-Wcpp]"]
    assert build_kernel(request_for("warns", "v")).touched_warnings == first.touched_warnings
    assert build_kernel(request_for("review", "v")).warnings == ()


def test_the_callers_environment_does_not_matter(request_for, monkeypatch):
    """Neither a jobserver that is not ours nor another architecture."""
    for name, value in {"MAKEFLAGS": "-n", "ARCH": "arm", "KBUILD_OUTPUT": "/x", "O": "y"}.items():
        monkeypatch.setenv(name, value)
    assert "int mmap;" in image(build_kernel(request_for("base")))


def test_any_thread_can_build(request_for):
    """A worker pool's task is not in the main thread."""
    results = []
    thread = threading.Thread(target=lambda: results.append(build_kernel(request_for("base"))))
    thread.start()
    thread.join(60)
    assert len(results) == 1


def test_nothing_is_printed(request_for, capfd):
    """Progress goes to the observer."""
    build_kernel(request_for("base"))
    with pytest.raises(CheckFailed):
        build_kernel(request_for("fails"))
    assert capfd.readouterr() == ("", "")


def test_the_dry_run_writes_nothing(request_for, tmp_path):
    """It still needs the refs and the tools."""
    command = build_command(request_for("base"))
    assert "bzImage" in command
    assert f"O={tmp_path}/work/0.0/base/linux/build-plain-gcc" in command
    assert not (tmp_path / "work").exists()


def test_a_second_run_waits_and_gives_up(request_for, tmp_path):
    """The lock of the variant."""
    build_kernel(request_for("base"))
    with (
        FileLock(tmp_path / "work/0.0/base/build.lock"),
        pytest.raises(InfraError, match="another run"),
    ):
        build_kernel(request_for("base", lock_wait=0.1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repo": Path("/nowhere")}, "no git repository"),
        ({"ref": "nonsense"}, "no ref 'nonsense'"),
        ({"pristine": Path("/nowhere")}, "no kernel source"),
        ({"toolchain": "tcc"}, "use gcc or clang"),
        ({"ccache": "maybe"}, "auto, on or off"),
        ({"fragments": (Path("/nowhere/x"),)}, "cannot read"),
        ({"workdir": Path("/tmp/a b")}, "blank or a colon"),
        ({"fragments": None, "flavour": "nonsense"}, "no configuration 'nonsense'"),
    ],
)
def test_wrong_input(request_for, options, message):
    """The message says what and where; nothing is built."""
    with pytest.raises(UserError, match=message):
        build_kernel(replace(request_for("base"), **options))


def test_an_empty_path_names_all_that_is_missing(request_for, tmp_path, monkeypatch):
    """One apt command for everything."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InfraError, match="apt-get install bc binutils bison flex gcc make"):
        build_kernel(request_for("base"))


def test_a_fragment_with_nonsense(request_for, tmp_path):
    """The line is named."""
    (tmp_path / "base.config").write_text("CONFIG_UPROBES=y\nUPROBES\n")
    with pytest.raises(UserError, match=r"base.config:2.*no kernel option"):
        build_kernel(request_for("base"))


@pytest.mark.skipif(
    os.geteuid() == 0 and not may_mount(),
    reason="NOT TESTED: root may write everywhere, and not mount anything here",
)
def test_a_read_only_work_area(request_for, tmp_path):
    """The hint is --workdir."""
    (tmp_path / "work").mkdir(mode=0o500)
    with contextlib.ExitStack() as mounts:
        if os.geteuid() == 0:
            mounts.enter_context(mounted("ro", tmp_path / "work"))
        with pytest.raises(UserError, match=r"cannot create the directory: .*--workdir"):
            build_kernel(request_for("base"))


def test_a_work_area_that_is_a_file(request_for, tmp_path):
    """The hint is --workdir."""
    (tmp_path / "work").write_text("")
    with pytest.raises(UserError, match="--workdir"):
        build_kernel(request_for("base"))


@pytest.mark.skipif(
    not may_mount(), reason="NOT TESTED: a small tmpfs is root's to mount, and not everywhere"
)
def test_a_full_disk(request_for, tmp_path):
    """While copying the source; the next run on a better disk works."""
    (tmp_path / "pristine/big").write_bytes(bytes(100_000))
    small_disk = tmp_path / "small"
    small_disk.mkdir()
    with mounted("size=64k", small_disk):
        with pytest.raises(InfraError, match="No space left"):
            build_kernel(request_for("base", workdir=small_disk))
        assert not list(small_disk.glob("0.0/base/linux"))
    assert "int mmap;" in image(build_kernel(request_for("base")))


def test_a_damaged_stamp_is_no_stamp(request_for, tmp_path):
    """Cut, of another version, or not JSON: the build is made again."""
    build_kernel(request_for("base"))
    stamp = tmp_path / "work/0.0/base/state-plain-gcc.json"
    good = json.loads(stamp.read_text())
    for text in ("", "[]", "{}", json.dumps(good | {"format": 0}), json.dumps(good)[:-20]):
        stamp.write_text(text)
        assert not build_kernel(request_for("base")).unchanged
        assert build_kernel(request_for("base")).unchanged
