# SPDX-License-Identifier: GPL-2.0-only
"""Parts of the build stage: configuration, log, command files, archive, the guest's Makefile."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generator.errors import CheckFailed, InfraError, UserError
from generator.guest.cpio import pack_folder
from generator.guest.initramfs import GuestRequest, build_guest, guest_command, is_built
from generator.kbuild.config import (
    architecture,
    check_survivors,
    find_fragments,
    find_lost,
    parse_config,
)
from generator.kbuild.log import BuildLog, Message, object_of, relative_source
from generator.kbuild.runner import Ccache, clean_environment
from generator.kbuild.seed import drop_unfinished, relocate_commands
from generator.kbuild.toolchain import find_ccache, find_sparse, missing_package


@pytest.mark.parametrize(
    ("wanted", "config", "lost"),
    [
        ("CONFIG_A=y", "CONFIG_A=y", []),
        ("CONFIG_A=y", "CONFIG_A=m", ["CONFIG_A"]),
        ("CONFIG_A=y", "# CONFIG_A is not set", ["CONFIG_A"]),
        ("CONFIG_A=y", "", ["CONFIG_A"]),
        ("CONFIG_A=y", "CONFIG_AB=y", ["CONFIG_A"]),
        ("# CONFIG_A is not set", "", []),
        ("# CONFIG_A is not set", "CONFIG_A=y", ["CONFIG_A"]),
        ('CONFIG_S="x y"', 'CONFIG_S="x y"', []),
        ('CONFIG_S="x"', 'CONFIG_S="y"', ["CONFIG_S"]),
        ("CONFIG_N=8", "CONFIG_N=64", ["CONFIG_N"]),
        ("# a comment\n\nCONFIG_A=y", "CONFIG_A=y", []),
        ("CONFIG_A=y\n# CONFIG_A is not set", "", []),
    ],
)
def test_survivors(tmp_path, wanted, config, lost):
    """What a fragment asks for and a .config gives."""
    fragment = tmp_path / "base.config"
    fragment.write_text(wanted + "\n")
    found = find_lost(parse_config(config), (fragment,))
    assert [option.name for option in found] == lost


def test_a_later_fragment_overrides(tmp_path):
    """As merge_config.sh does."""
    first, second = tmp_path / "base.config", tmp_path / "6.1.config"
    first.write_text("CONFIG_A=y\n")
    second.write_text("# CONFIG_A is not set\n")
    assert find_lost({}, (first, second)) == ()
    assert find_lost({}, (second, first))[0].where == "base.config:1"


def test_every_lost_option_is_named(tmp_path):
    """With its fragment and line."""
    (tmp_path / "f.config").write_text("CONFIG_A=y\n\nCONFIG_B=3\n")
    (tmp_path / ".config").write_text("CONFIG_B=4\n")
    with pytest.raises(CheckFailed) as caught:
        check_survivors(tmp_path / ".config", (tmp_path / "f.config",))
    assert "CONFIG_A=y (is n; f.config:1)" in str(caught.value)
    assert "CONFIG_B=3 (is 4; f.config:3)" in str(caught.value)


def test_a_missing_config_is_no_success(tmp_path):
    """Nothing to check is not fine."""
    with pytest.raises(UserError, match="cannot read"):
        check_survivors(tmp_path / ".config", ())


def test_the_projects_fragments():
    """The common one first; a base without its own has just that."""
    assert [path.name for path in find_fragments("0.0")] == ["base.config"]


def test_a_flavour_says_its_architecture():
    """Its fragment does, being the last to speak about CONFIG_64BIT."""
    for flavour, arch in {"plain": "x86_64", "debug": "x86_64", "i386": "i386"}.items():
        assert architecture(find_fragments("6.1", flavour=flavour)) == arch


def test_the_guest_has_the_kernels_architecture(tmp_path):
    """What starts the programs has to run."""
    request = GuestRequest(directory=tmp_path, arch="i386")
    assert "ARCH=i386" in guest_command(request)


def fed(*lines: str) -> BuildLog:
    """Return a log that has seen ``lines``."""
    log = BuildLog(tree=Path("/w/6.1/tip/linux"))
    for line in lines:
        log.feed(line)
    return log


def test_objects_are_counted_once_each_kind():
    """Kernel objects only; host tools and links are named, not counted."""
    log = fed("  CC      kernel/fork.o", "  HOSTCC  scripts/x.o", "  AS      a.o", "  LD      v.o")
    assert (log.objects, log.latest) == (2, "v.o")
    assert log.compiled == {"kernel/fork.o", "a.o"}


def test_an_object_of_a_tool_is_named_below_the_tree():
    """Some are built with absolute names, of which a terminal would show the beginning."""
    log = fed("  CC      /w/6.1/tip/linux/build/tools/objtool/check.o")
    assert log.latest == "build/tools/objtool/check.o"


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("../kernel/fork.c:12:6: warning: unused variable 'x' [-Wunused]", "kernel/fork.c"),
        ("/w/6.1/tip/linux/kernel/fork.c:12:6: warning: x", "kernel/fork.c"),
        ("./include/linux/sched.h:12:6: warning: x", "include/linux/sched.h"),
        ("vmlinux.o: warning: objtool: foo()+0x1: unreachable instruction", ""),
        ("WARNING: modpost: vmlinux.o: section mismatch", ""),
    ],
)
def test_warnings(line, file):
    """From compiler, objtool and modpost."""
    (message,) = fed(line).warnings
    assert message.file == file


@pytest.mark.parametrize(
    "line",
    [
        "../a.c:1:2: error: x",
        "../a.c:1:2: fatal error: y.h: No such file or directory",
        "ld: kernel/fork.o: undefined reference to `foo'",
        "make[2]: *** No rule to make target 'x'.  Stop.",
        "make: *** [Makefile:1: all] Error 2",
        "gcc: error: unrecognized command-line option",
        "/bin/sh: 1: bc: not found",
    ],
)
def test_errors(line):
    """Each kind of first line."""
    assert fed(line).errors == [line]


@pytest.mark.parametrize(
    "line",
    ["  CC      lib/warning.o", "  CC      error.o", "make[1]: Entering directory 'error'", ""],
)
def test_harmless_lines(line):
    """Names are not messages."""
    log = fed(line)
    assert not log.errors
    assert not log.warnings


def test_a_flood_of_messages_is_counted_and_bounded():
    """Memory does not follow the log."""
    log = fed(*(f"../a.c:{n}:1: warning: w" for n in range(2000)), *["../a.c:1:1: error: e"] * 999)
    assert (log.warning_count, len(log.warnings), len(log.errors)) == (2000, 500, 20)


def test_names_of_sources_and_objects():
    """The same header is not two."""
    assert relative_source("../a/b.c", Path("/t")) == relative_source("/t/a/b.c", Path("/t"))
    assert object_of("kernel/fork.c") == "kernel/fork.o"
    assert object_of("arch/x86/entry.S") == "arch/x86/entry.o"
    assert object_of("include/linux/sched.h") == ""
    assert str(Message(file="a.c", line=3, text="w")) == "a.c:3: w"


def test_command_files_follow_the_tree(tmp_path):
    """Only this path, only these files, and their times stay."""
    command, other = tmp_path / "a/.x.o.cmd", tmp_path / "a/x.o"
    command.parent.mkdir()
    command.write_text("cc /w/b/linux/x.c /w/b/linux-2/x.c -I/w/b/linux /w/b/linux.d\n")
    other.write_text("/w/b/linux/x.c")
    os.utime(command, ns=(1_000_000_001, 1_000_000_001))
    assert relocate_commands(tmp_path, Path("/w/b/linux"), Path("/w/t/linux")) == 1
    assert command.read_text() == "cc /w/t/linux/x.c /w/b/linux-2/x.c -I/w/t/linux /w/b/linux.d\n"
    assert command.stat().st_mtime_ns == 1_000_000_001
    assert other.read_text() == "/w/b/linux/x.c"


def test_only_doubtful_objects_are_dropped(tmp_path):
    """Newer than the command file, or empty; not one that is fine or has no command file."""
    for name, made, noted, text in [
        ("good.o", 1, 2, "x"),
        ("half.o", 3, 2, "x"),
        ("empty.o", 1, 2, ""),
    ]:
        (tmp_path / name).write_text(text)
        (tmp_path / f".{name}.cmd").write_text("")
        os.utime(tmp_path / name, (made, made))
        os.utime(tmp_path / f".{name}.cmd", (noted, noted))
    (tmp_path / "free.o").write_text("")
    assert drop_unfinished(tmp_path) == ("empty.o", "half.o")
    assert (tmp_path / "free.o").exists()


@pytest.mark.needs("ccache")
def test_ccache_sees_what_a_file_contains(tmp_path):
    """Two compressed images of one size have one piggy.S; an object has the image of its own."""
    environment = clean_environment({**Ccache().environment, "CCACHE_DIR": str(tmp_path / "cache")})
    (tmp_path / "piggy.S").write_text('.section ".rodata"\n.incbin "image"\n')
    for image in (b"the first image", b"the other image"):
        (tmp_path / "image").write_bytes(image)
        subprocess.run(
            ["ccache", "gcc", "-Wp,-MMD,piggy.d", "-c", "piggy.S", "-o", "piggy.o"],
            cwd=tmp_path,
            env=environment,
            check=True,
        )
        assert image in (tmp_path / "piggy.o").read_bytes()


def test_ccache_when_there_is_none(monkeypatch, tmp_path):
    """Silently off, unless it was asked for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_ccache("auto") == find_ccache("off") == "none"
    with pytest.raises(InfraError, match="apt-get install ccache"):
        find_ccache("on")


def test_packages_of_what_is_missing():
    """From the log's words."""
    assert missing_package("elf.h:10:10: fatal error: gelf.h: No such file") == "libelf-dev"
    assert missing_package("/bin/sh: 1: bc: not found") == "bc"
    assert missing_package("error: x") == ""


def make_root(folder: Path) -> Path:
    """Make a small file tree with all kinds of members."""
    (folder / "bin").mkdir(parents=True)
    (folder / "init").write_text("#!/bin/sh\n")
    (folder / "init").chmod(0o755)
    (folder / "bin/sh").symlink_to("../init")
    (folder / "note").write_text("x")
    return folder


def test_the_archive_has_the_same_bytes_whenever_it_is_made(tmp_path):
    """Neither times nor owner nor order of creation matter."""
    first = pack_folder(make_root(tmp_path / "a"))
    os.utime(tmp_path / "a/init", (5, 5))
    assert pack_folder(make_root(tmp_path / "b")) == first == pack_folder(tmp_path / "a")


def test_the_archive_is_what_cpio_reads(tmp_path):
    """Names, kinds, and the console's device node."""
    archive = pack_folder(make_root(tmp_path / "a"))
    entries = dict(unpack(archive))
    assert list(entries) == sorted(entries)
    assert stat.S_ISCHR(entries["dev/console"][0])
    assert entries["bin/sh"][1] == b"../init"
    assert entries["init"] == (stat.S_IFREG | 0o755, b"#!/bin/sh\n")
    assert stat.S_ISDIR(entries["proc"][0])


def unpack(archive: bytes):
    """Yield name, mode and data of each member; written from the format's description."""
    offset = 0
    while True:
        header = archive[offset : offset + 110]
        assert header[:6] == b"070701"
        numbers = [int(header[6 + 8 * i : 14 + 8 * i], 16) for i in range(13)]
        name = archive[offset + 110 : offset + 110 + numbers[11] - 1].decode()
        start = -(-(offset + 110 + numbers[11]) // 4) * 4
        if name == "TRAILER!!!":
            return
        yield name, (numbers[1], archive[start : start + numbers[6]])
        offset = -(-(start + numbers[6]) // 4) * 4


def guest_source(folder: Path, recipe: str) -> Path:
    """Make a Makefile with ``recipe``."""
    folder.mkdir()
    (folder / "Makefile").write_text(f"all:\n\t{recipe}\n")
    return folder


def test_a_guest(tmp_path):
    """Compiled, packed, and not written again when nothing changed."""
    source = guest_source(tmp_path / "src", "@mkdir -p $(O) && touch $(O)/init")
    request = GuestRequest(directory=tmp_path / "guest", source=source)
    result = build_guest(request)
    assert result.changed
    assert b"init" in result.initramfs.read_bytes()
    assert not build_guest(request).changed


@pytest.mark.parametrize(
    ("recipe", "error", "message"),
    [
        ("@echo broken >&2; exit 1", CheckFailed, "broken"),
        ("@:", CheckFailed, "no init"),
        ("@echo 'fatal error: stdio.h: No such file'; exit 1", InfraError, "libc6-dev"),
        ("@sleep 20", InfraError, "no end after 1 s"),
    ],
)
def test_guests_that_do_not_build(tmp_path, recipe, error, message):
    """The reason is in the message."""
    source = guest_source(tmp_path / "src", recipe)
    request = GuestRequest(directory=tmp_path / "guest", source=source, timeout=1.0)
    with pytest.raises(error, match=message):
        build_guest(request)


COUNTED = (
    "O ?= x\nall: $(O)/init $(O)/other\n"
    "$(O)/init: a.c\n\tmkdir -p $(O); cp $< $@; echo init >>$(O)/../made\n"
    "$(O)/other: b.c\n\tmkdir -p $(O); cp $< $@; echo other >>$(O)/../made\n"
)


@pytest.fixture
def clones(tmp_path, stand_in):
    """Return two clones of a guest's sources, the second older; and a function that builds one."""
    folders = []
    for name, old in (("new", 0), ("old", 1_000_000)):
        folder = tmp_path / name
        folder.mkdir()
        for file, text in {"Makefile": COUNTED, "a.c": name, "b.c": "same"}.items():
            (folder / file).write_text(text)
            when = time.time() - old
            os.utime(folder / file, (when, when))
        folders.append(folder)

    def build(folder):
        request = GuestRequest(directory=tmp_path / "guest", source=folder)
        made = tmp_path / "guest/made"
        made.unlink(missing_ok=True)
        before = is_built(request)
        result = build_guest(request)
        assert is_built(request)
        assert (result.root / "init").read_bytes() == (folder / "a.c").read_bytes()
        words = made.read_text().split() if made.is_file() else []
        assert before is (words == [])
        return sorted(words)

    return *folders, build


def test_two_clones_with_one_work_area(clones):
    """Each gets its own guest, whichever files are the older ones; what is the same is not made."""
    new, old, build = clones
    assert build(new) == ["init", "other"]
    assert build(new) == []
    assert build(old) == ["init"]
    assert build(old) == []
    assert build(new) == ["init"]
    os.utime(new / "a.c")
    assert build(new) == []


@pytest.mark.parametrize("change", ["compiler", "makefile", "variable", "stamp", "interrupted"])
def test_when_the_whole_guest_is_made_again(clones, stand_in, monkeypatch, tmp_path, change):
    """Another compiler, another Makefile, or a run that did not come to its end."""
    folder, _, build = clones
    build(folder)
    if change == "compiler":
        stand_in("gcc", "echo 'gcc of another day'")
    if change == "makefile":
        (folder / "Makefile").write_text(f"{COUNTED}# more\n")
    if change == "variable":
        monkeypatch.setenv("M32", "-m32 -O3")
    if change == "stamp":
        (tmp_path / "guest/made-from").write_bytes(b"\xff")
    if change == "interrupted":
        makefile = (folder / "Makefile").read_text()
        (folder / "Makefile").write_text("all:\n\texit 1\n")
        with pytest.raises(CheckFailed):
            build_guest(GuestRequest(directory=tmp_path / "guest", source=folder))
        (folder / "Makefile").write_text(makefile)
    assert build(folder) == ["init", "other"]
    assert build(folder) == []


def test_a_source_that_is_gone(clones, tmp_path):
    """It is gone from the copy as well."""
    folder, _, build = clones
    (folder / "below").mkdir()
    (folder / "below/x.h").write_text("x")
    build(folder)
    assert (tmp_path / "guest/source/below/x.h").is_file()
    (folder / "below/x.h").unlink()
    build_guest(GuestRequest(directory=tmp_path / "guest", source=folder))
    assert not (tmp_path / "guest/source/below/x.h").exists()


def test_no_guest_source(tmp_path):
    """A wrong folder is the user's business."""
    with pytest.raises(UserError, match="no Makefile"):
        build_guest(GuestRequest(directory=tmp_path / "guest", source=tmp_path))


@pytest.mark.needs("cpio")
def test_cpio_accepts_the_archive(tmp_path):
    """The program of that name, where it is installed."""
    done = subprocess.run(
        ["cpio", "-t", "--quiet"], input=pack_folder(make_root(tmp_path / "a")), capture_output=True
    )
    assert done.returncode == 0
    assert b"bin/sh" in done.stdout


def test_a_tool_is_asked_once_for_its_version(tmp_path, monkeypatch):
    """Until it is another file; what does not run is an error each time."""
    tool, asked = tmp_path / "sparse", tmp_path / "asked"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for version in ("v1", "v1 of later"):
        tool.write_text(f"#!/bin/sh\necho x >>{asked}\necho {version}\necho more\n")
        tool.chmod(0o755)
        assert [find_sparse(), find_sparse()] == [version, version]
    assert asked.read_text() == "x\nx\n"
    tool.write_text("#!/bin/sh\nexit 1\n")
    for _ in range(2):
        with pytest.raises(InfraError, match="does not run"):
            find_sparse()


def test_nobody_compiles_for_a_program_that_was_killed(tmp_path):
    """Make ends with whoever has started it, its compilers with make."""
    (tmp_path / "Makefile").write_text("all:\n\techo $$$$ >pid; sleep 60\n")
    code = (
        "from pathlib import Path; from generator.guest.initramfs import _run_make; "
        f"_run_make(('make', '-C', {str(tmp_path)!r}), Path({str(tmp_path / 'log')!r}), 60.0)"
    )
    mine = subprocess.Popen([sys.executable, "-c", code])
    assert until(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text().strip())
    shell = int((tmp_path / "pid").read_text())
    mine.kill()
    mine.wait()
    assert until(lambda: is_dead(shell))


def until(holds, seconds=20.0):
    """Wait until something holds; tell whether it does."""
    end = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return bool(found)


def is_dead(pid):
    """Tell whether a process has ended, and nobody has asked how."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
