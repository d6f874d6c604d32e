# SPDX-License-Identifier: GPL-2.0-only
"""``check-kernel``: which boots it takes, what is packed, what is told; a boot test at the end."""

import gzip
import hashlib
import json
import lzma
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import some_of, wait_until
from filelock import FileLock
from guests import make_image
from kernels_seen import LOGS, checked

from generator.checks.catalogue.boots import MAX_BOOTS, PATIENT, observe
from generator.checks.catalogue.judge import Word, judge_all, unexplained
from generator.checks.catalogue.pack import (
    find_modules,
    pack_modules,
    pack_tests,
    read_dependencies,
    read_initrd,
)
from generator.checks.catalogue.run import (
    PLACE,
    Boots,
    Failed,
    check_image,
    pace_of,
    read_image,
)
from generator.cli.app import main
from generator.errors import ExitCode, InfraError, UserError
from generator.guest.accel import AccelVerdict
from generator.guest.boot import (
    BootRequest,
    BootResult,
    boot_command,
    console_path,
    read_boot,
)
from generator.guest.image import read_architecture, read_banner
from generator.guest.ktap import parse_ktap
from generator.guest.outcome import classify_boot, scan_console
from generator.guest.vm import Ending, MachineEnd
from generator.model.catalogue import CONTROLS
from generator.paths import default_workdir
from generator.progress import SilentObserver
from generator.report.kernel import as_page, as_text, count, junit_bytes


class Guest:
    """A kernel that was made up: some of its tests fail, kill it, or hang."""

    def __init__(self, place: Path, names: tuple[str, ...]) -> None:
        self.place, self.names = place, (*CONTROLS, *names)
        self.fails: set[str] = set()
        self.said = ""
        self.dies: dict[str, int] = {}
        self.late: dict[str, int] = {}
        self.asked: list[tuple[tuple[str, ...], int]] = []

    def boot(self, names: tuple[str, ...], deadline: int) -> BootResult:
        """Run the tests, as far as the kernel goes."""
        self.asked.append((names, deadline))
        chosen = [name for name in self.names if name in names or not names]
        lines = ["KTAP version 1", f"1..{len(chosen)}"]
        lines += [f"# plan: {name} before=sigtrap" for name in chosen]
        console, ending = [], Ending.EXITED
        for number, name in enumerate(chosen, 1):
            console.append(f"[    1.0] uprobekit: test {name}")
            if self.dies.get(name, 0):
                self.dies[name] -= 1
                console += ["[    1.0] BUG: unable to handle page fault", self.said]
                console.append("[    1.1] Kernel panic - not syncing: Fatal exception")
                break
            if self.late.get(name, 0):
                self.late[name] -= 1
                lines += [
                    f"# {name}: outcome=fail hits=0 reason=deadline",
                    f"not ok {number} {name}",
                ]
                continue
            word = "fail" if name in self.fails else "pass"
            lines += [f"#   {name} speaks", f"# {name}: outcome={word} hits=1"]
            lines.append(f"{'not ok' if word == 'fail' else 'ok'} {number} {name}")
        else:
            lines.append("# uprobekit: done")
        return result(self.place, lines, console, ending)


def result(place, lines, console, ending=Ending.EXITED):
    """Return the result of a boot that has left these lines."""
    report = parse_ktap(lines)
    end = MachineEnd(ending=ending, status=0, seconds=1.0, events=(), message="")
    path = place / "console.log"
    path.write_text("\n".join(console))
    return BootResult(
        base="check-kernel",
        variant="x",
        flavour="1",
        outcome=classify_boot(end, scan_console(console), report),
        ktap=report,
        end=end,
        accel=AccelVerdict(accel="tcg", reason="as requested"),
        console=path,
        results=place / "results.ktap",
        command=("qemu",),
    )


@pytest.fixture
def guest(tmp_path):
    """Return a kernel whose tests pass."""
    return Guest(tmp_path, ("nop", "pushf", "task-random-32", "xchg-r8-rax"))


def words(seen):
    """Return the verdicts, by name."""
    return {verdict.ident: verdict.word for verdict in judge_all(seen)}


def test_one_boot_is_enough(guest):
    """Where the kernel comes to its end, whatever has failed."""
    guest.fails = {"pushf"}
    seen = observe(guest.boot)
    assert guest.asked == [((), 0)]
    assert words(seen)["pushf"] is Word.AFFECTED
    assert words(seen)["xchg-as-nop"] is Word.NOT_AFFECTED
    assert words(seen)["kernel-dies"] is Word.NOT_AFFECTED


def test_a_kernel_that_dies(guest):
    """The rest runs without that test, which then runs alone."""
    guest.dies = {"pushf": 9}
    seen = observe(guest.boot)
    assert guest.asked == [((), 0), (("task-random-32", "xchg-r8-rax"), 0), (("pushf",), 0)]
    assert "panicked" in seen.died["pushf"]
    assert words(seen)["pushf"] is words(seen)["kernel-dies"] is Word.AFFECTED
    assert words(seen)["xchg-as-nop"] is Word.NOT_AFFECTED


def test_a_kernel_that_dies_once(guest):
    """What does not happen again is told, and is no fault."""
    guest.dies = {"pushf": 1}
    seen = observe(guest.boot)
    assert not seen.died
    assert words(seen)["pushf"] is Word.UNKNOWN
    assert words(seen)["kernel-dies"] is Word.NOT_AFFECTED


def test_a_kernel_that_dies_of_qemu(guest):
    """What no processor does is no fault, however often it happens."""
    guest.dies, guest.said = {"pushf": 9}, "[  1.1] #PF: supervisor read access in user mode"
    seen = observe(guest.boot)
    assert guest.asked == [((), 0), (("task-random-32", "xchg-r8-rax"), 0)]
    assert words(seen)["pushf"] is Word.UNKNOWN
    for ident in ("kernel-dies", "kernel-complains"):
        assert words(seen)[ident] is Word.NOT_AFFECTED


def test_a_kernel_that_dies_always(guest):
    """It is booted a dozen times and no more; what was not tried is not told to be good."""
    guest = Guest(guest.place, tuple(f"nop-{n}" for n in range(40)))
    guest.dies = dict.fromkeys(guest.names, 9)
    seen = observe(guest.boot)
    assert len(guest.asked) <= MAX_BOOTS
    assert seen.missing
    assert Word.NOT_AFFECTED not in {words(seen)[ident] for ident in ("pushf", "vex-as-branch")}


@pytest.mark.parametrize(
    ("test", "ident", "times", "word"),
    [
        ("pushf", "pushf", 1, Word.NOT_AFFECTED),
        ("pushf", "pushf", 2, Word.UNKNOWN),
        ("task-random-32", "no-slot-32", 1, Word.NOT_AFFECTED),
        ("task-random-32", "no-slot-32", 2, Word.AFFECTED),
    ],
)
def test_a_test_that_takes_long(guest, test, ident, times, word):
    """It runs once more with more time; that a machine is slow is no fault, unless it is one."""
    guest.late = {test: times}
    seen = observe(guest.boot)
    assert guest.asked == [((), 0), ((test,), PATIENT)]
    assert words(seen)[ident] is word
    assert unexplained(seen, judge_all(seen)) == {}


@pytest.mark.parametrize(
    ("command", "told"), [(("qemu",), ["rep-movsb"]), (("qemu", "-icount", "shift=3"), [])]
)
def test_what_qemu_steps_otherwise_is_not_told(command, told, tmp_path):
    """Where it counts instructions, what it does to rep is nothing that a kernel does."""
    guest = Guest(tmp_path, ("nop", "rep-movsb"))
    guest.fails = {"rep-movsb"}
    seen = observe(lambda names, deadline: replace(guest.boot(names, deadline), command=command))
    assert list(unexplained(seen, judge_all(seen))) == told


NOT_BOOTED = {
    "panic": (
        [],
        ["Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"],
        "could not be booted: the kernel panicked: .*VFS: Unable to mount root",
    ),
    "no tracefs": (
        [],
        ["uprobekit-init: no tracefs: this kernel has no tracing", "uprobekit-init: done, off"],
        "could not be booted: no tracefs: this kernel has no tracing$",
    ),
    "no uprobes": (
        ["KTAP version 1", "1..0 # SKIP this kernel has no probes", "# uprobekit: done"],
        [],
        "this kernel has no probes",
    ),
    "nothing": ([], ["Decompressing Linux..."], "ended without a result; its last line is: Decomp"),
    "silence": ([], [], "ended without a result"),
}


@pytest.mark.parametrize("case", NOT_BOOTED)
def test_not_booted(case, tmp_path):
    """The reason is what the kernel or our guest has said."""
    lines, console, message = NOT_BOOTED[case]
    with pytest.raises(InfraError) as caught:
        observe(lambda names, deadline: result(tmp_path, lines, console))
    assert re.search(message, caught.value.what)


@pytest.mark.parametrize(
    ("built", "counted"),
    [
        ("6.12.1-rt (x@y) #1 SMP PREEMPT_RT Debian 6.12.1-1", True),
        ("7.2-rc1 (x@y) #1 SMP PREEMPT_RT", True),
        ("6.1.1-rt (x@y) #1 SMP PREEMPT_RT Debian 6.1.1-1", False),
        ("4.19.1-rt (x@y) #1 SMP PREEMPT RT Debian 4.19.1-1", False),
        ("6.12.1 (x@y) #1 SMP PREEMPT_DYNAMIC Debian 6.12.1-1", False),
    ],
)
def test_kernels_with_preempt_rt_sleep_in_no_time(built, counted, tmp_path):
    """They do so wherever a probe is taken away; others have the host's time."""
    image = read_image(make_image(tmp_path / "bzImage", built.encode()), None, None)
    assert (pace_of(image) is not None) is counted


@pytest.mark.parametrize("hangs", [False, True])
def test_a_kernel_that_hangs_where_instructions_are_counted(hangs, guest, monkeypatch):
    """It is booted by the host's clock, from then on; another one is not booted again."""
    paces = []

    def boot(request, observer):
        paces.append(request.icount)
        if hangs and request.icount is not None:
            return result(guest.place, [], ["x86: Booting SMP configuration:"])
        return guest.boot((), 0)

    monkeypatch.setattr("generator.checks.catalogue.run.boot_kernel", boot)
    image = read_image(make_image(guest.place / "i", b"6.12.1 #1 SMP PREEMPT_RT"), None, None)
    guest.dies = {"xchg-r8-rax": 9}
    boots = Boots(
        image=image,
        place=guest.place,
        guest=b"",
        area=guest.place,
        observer=SilentObserver(),
        accel="tcg",
        seconds=60,
        pace=pace_of(image),
    )
    assert "pushf" in observe(boots.boot).tests
    assert paces == ([3, None, None] if hangs else [3, 3])
    assert len(boots.results) == 2


@pytest.fixture
def asked(tmp_path):
    """Return how a kernel with PREEMPT_RT is booted."""
    return BootRequest(
        base="x",
        variant="y",
        kernel=tmp_path / "k",
        initramfs=tmp_path / "i",
        workdir=tmp_path,
        one_thread=True,
        icount=3,
    )


def test_one_thread(asked):
    """Several threads of QEMU execute kernels wrongly that patch themselves."""
    assert "tcg,thread=single" in boot_command(replace(asked, icount=None))


@pytest.mark.parametrize(("accel", "counts"), [("tcg", True), ("kvm", False)])
def test_instructions_are_counted_where_they_can_be(accel, counts, asked):
    """KVM does not."""
    place = console_path(asked).parent
    place.mkdir(parents=True)
    for name in ("console.log", "results.ktap"):
        (place / name).touch()
    end = MachineEnd(ending=Ending.EXITED, status=0, seconds=1.0, events=(), message="")
    ran = read_boot(asked, end, AccelVerdict(accel=accel, reason="as requested"))
    assert ("-icount" in ran.command) is counts


def test_the_image(tmp_path):
    """Its architecture is in the header, and the whole text is told."""
    image = make_image(tmp_path / "bzImage", b"6.1.7-x (me@here) #1 SMP")
    assert read_architecture(image) == "i386"
    data = bytearray(image.read_bytes())
    data[0x236] = 0x3F
    image.write_bytes(data)
    assert read_architecture(image) == "x86_64"
    assert read_banner(image) == "6.1.7-x (me@here) #1 SMP"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path, "No such file or directory"),
        (lambda path: path.parent, "Is a directory"),
        (lambda path: path.touch() or path, "no kernel image for x86"),
        (lambda path: path.write_text("x") and path, "no kernel image for x86"),
        (lambda path: path.write_bytes(b"\x7fELF" + bytes(9)) and path, "name the vmlinuz"),
        (lambda path: path.write_bytes(b"!<arch>\nx") and path, "dpkg-deb -x FILE DIR"),
        (lambda path: path.write_bytes(b"\xed\xab\xee\xdb") and path, "rpm2cpio"),
    ],
)
def test_no_image(make, message, tmp_path, capsys):
    """What is no kernel image is told before anything is built."""
    file = make(tmp_path / "file")
    name = str(file) if isinstance(file, Path) else str(tmp_path)
    status = main(["check-kernel", "--workdir", str(tmp_path / "work"), name])
    assert status == 1
    said = " ".join(capsys.readouterr().err.split())
    assert message in said or "Is a directory" in said
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--initrd", "nowhere"], "nowhere: cannot read: No such file"),
        (["--initrd", "bzImage"], "bzImage: this is no initrd; name the initrd of this kernel"),
        (["--initrd", "pipe"], "pipe: this is a pipe; name a file"),
        (["--modules", "nowhere"], "there are no modules of Linux 6.1.7"),
        (["--accel", "warp"], "do not run under 'warp'; use auto, kvm, tcg"),
        (["--accel", "bochs"], "do not run under 'bochs'; use auto, kvm, tcg"),
        (["--junit", "no/such/folder/x.xml"], "no/such/folder"),
        (["--html", "no/such/folder/x.html"], "no/such/folder"),
        (["--html", "."], "name a file with --html"),
        (["--timeout", "5"], "--timeout"),
    ],
)
def test_wrong_options(options, message, tmp_path, monkeypatch, capsys):
    """Neither is what does not go with it."""
    monkeypatch.chdir(tmp_path)
    image = make_image(tmp_path / "bzImage")
    os.mkfifo("pipe")
    work = tmp_path / "work"
    assert main(["check-kernel", "--workdir", str(work), *options, str(image)]) == 1
    assert message in " ".join(capsys.readouterr().err.split())
    assert not work.exists()


def modules(place, names=("fuse",), *, suffix="", pack=bytes):
    """Make a folder of modules."""
    folder = place / "lib/modules/6.1.7"
    (folder / "kernel/fs").mkdir(parents=True)
    lines = []
    for name in names:
        (folder / f"kernel/fs/{name}.ko{suffix}").write_bytes(pack(f"module {name}".encode()))
        needs = f" kernel/fs/base.ko{suffix}" if name == "fuse" and "base" in names else ""
        lines.append(f"kernel/fs/{name}.ko{suffix}:{needs}")
    (folder / "modules.dep").write_text("\n".join(lines))
    return folder


@pytest.mark.parametrize(
    ("suffix", "pack"), [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress)]
)
def test_modules(suffix, pack, tmp_path):
    """What a module needs comes before it; the guest's kernel need not uncompress."""
    folder = modules(tmp_path, ("fuse", "base", "other"), suffix=suffix, pack=pack)
    for named in (tmp_path, folder, folder.parent):
        assert find_modules(named, "6.1.7").resolve() == folder
    archive = pack_modules(folder)
    assert archive.index(b"modules/00-base.ko") < archive.index(b"modules/01-fuse.ko")
    assert b"module fuse" in archive and b"other" not in archive


def test_no_module(tmp_path):
    """A kernel that has what the tests use built in, or not at all."""
    assert b".ko" not in pack_modules(modules(tmp_path, ("other",)))


def test_modules_without_dependencies(tmp_path, stand_in):
    """A package that is not installed has no modules.dep: depmod tells it, and writes nothing."""
    folder = modules(tmp_path)
    (folder / "modules.dep").unlink()
    stand_in(
        "depmod", f'echo asked "$@" > {tmp_path}/asked; echo "kernel/fs/fuse.ko:"; echo "alias a b"'
    )
    assert b"module fuse" in pack_modules(folder)
    assert (tmp_path / "asked").read_text() == f"asked -n -b {tmp_path.resolve()} 6.1.7\n"


def test_modules_of_another_version(tmp_path):
    """They would not load."""
    modules(tmp_path)
    with pytest.raises(UserError, match=r"no modules of Linux 6\.1\.8"):
        find_modules(tmp_path, "6.1.8")


def test_a_broken_module(tmp_path):
    """It is named."""
    folder = modules(tmp_path, suffix=".xz", pack=lambda data: data)
    with pytest.raises(UserError, match=r"fuse\.ko\.xz: cannot be uncompressed"):
        pack_modules(folder)


def test_dependencies():
    """Of each module by its name; other lines say nothing."""
    found = read_dependencies("a/x-y.ko: b/z.ko c/w.ko\nb/z.ko:\nalias pci:v1 x\n# nothing\n")
    assert found == {"x_y": ("a/x-y.ko", "b/z.ko", "c/w.ko"), "z": ("b/z.ko",)}


def test_a_work_area_with_a_blank(tmp_path, capsys):
    """No word of make has one: that is said before anything is written."""
    image, work = make_image(tmp_path / "bzImage"), tmp_path / "my work"
    assert main(["check-kernel", "--workdir", str(work), str(image)]) == 1
    assert "make cannot work in a path with a blank" in " ".join(capsys.readouterr().err.split())
    assert not work.exists()


def test_archives_follow_each_other(tmp_path):
    """An initrd ends where another archive may begin; a list is a file of the guest."""
    path = tmp_path / "initrd"
    path.write_bytes(b"07070112345")
    assert len(read_initrd(path)) == 12
    path.write_bytes(lzma.compress(b"x"))
    assert read_initrd(path).startswith(path.read_bytes())
    assert b"nop\nmov\n" in pack_tests(("nop", "mov"))


def test_the_text():
    """Every fault with its word; of those that the kernel has, what is wrong and the evidence."""
    made = checked()
    text = as_text(made)
    assert text.splitlines()[0] == "Linux 6.1.0-57-cloud-amd64 (x@y) #1 SMP"
    assert count(made) in text
    assert "  affected          vex-as-branch: AVX" in text
    assert "sqrt(2)*exp(1.5)" in text
    assert "> avx-as-ret" not in text and "And: avx-as-call, avx-as-popf, avx-as-ret" in text
    assert "> avx-as-ret" in as_text(made, verbose=True)
    # a gain is no fault
    faults, _, rest = text.partition("Limits: no fault")
    assert "gain-" not in faults and "missed            gain-load" in rest
    assert "> odd: saw 7" in rest
    assert max(map(len, text.splitlines())) <= 110


def test_the_page():
    """Each entry with all evidence; unfolded are the faults that it has, and nothing is markup."""
    made = replace(checked(), unexplained=(Failed(test="odd", lines=("<b>7</b>",)),))
    page = as_page(made)
    heads = re.findall(r'<details class="find"( open)?>\n<summary>.*?</span> (\S+):', page)
    assert [name for _, name in heads] == [verdict.ident for verdict in made.verdicts]
    assert {name for opened, name in heads if opened} == {v.ident for v in made.affected}
    assert "<code>avx-as-ret</code>" in page and count(made) in page
    assert "&lt;b&gt;7&lt;/b&gt;" in page and "<b>7" not in page


def test_junit():
    """A failure for each fault that it has; nothing else counts."""
    made = checked()
    suite = ElementTree.fromstring(junit_bytes(made)).find("testsuite")
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    failed = {name for name, case in cases.items() if case.find("failure") is not None}
    assert failed == {verdict.ident for verdict in made.affected}
    assert not any(name.startswith(("gain-", "refused-")) for name in cases)


QEMU = """\
for word; do
	case $word in
	file,id=results,*) results=${word#*path=} ;;
	esac
done
cp "$KTAP" "$results"
"""


@pytest.fixture
def check(tmp_path, stand_in, monkeypatch, capsys):
    """Return a function that checks a kernel in which this is seen, and returns the status."""
    monkeypatch.setenv("KTAP", str(tmp_path / "seen.ktap"))
    stand_in("qemu-system-i386", QEMU)
    made = SimpleNamespace(initramfs=tmp_path / "seen.ktap")
    monkeypatch.setattr("generator.guest.initramfs.build_guest", lambda *_: made)
    monkeypatch.setattr("generator.checks.catalogue.run.pack_programs", lambda *_: b"")
    image = make_image(tmp_path / "bzImage", b"6.1.7-x (me@here) #1 SMP")
    words = (
        "check-kernel",
        "-q",
        "--accel",
        "tcg",
        "--json",
        "--workdir",
        str(tmp_path),
        str(image),
    )

    def run(ktap):
        (tmp_path / "seen.ktap").write_text(ktap)
        status = main(list(words))
        return status, capsys.readouterr()

    return run


def test_the_status_says_what_was_found(check):
    """Without a fault it is 0; a test that fails makes it 2, and where none has run it is 3."""
    seen = (LOGS / "6.1.192.ktap").read_text()
    good = re.sub(r"^#   .*\n", "", seen, flags=re.MULTILINE).replace("\nnot ok", "\nok")
    status, said = check(re.sub(r"outcome=\w+", "outcome=pass", good))
    assert status == ExitCode.GOOD and json.loads(said.out)["affected"] == []
    assert said.err == ""
    status, said = check(seen)
    assert status == ExitCode.FAILED and "vex-as-branch" in json.loads(said.out)["affected"]
    status, said = check("")
    assert status == ExitCode.INFRA and "could not be booted" in said.err


MAKE = """\
for word; do
	case $word in
	O=*) root=${word#O=} ;;
	esac
done
mkdir -p "$root/bin" "$root/hunted"
touch "$root/init" "$root/bin/hunted"
"""


@pytest.mark.parametrize(
    ("stop", "status"),
    some_of(
        [
            (signal.SIGINT, ExitCode.INFRA),
            (signal.SIGTERM, -signal.SIGTERM),
            (signal.SIGHUP, -signal.SIGHUP),
        ]
    ),
)
def test_a_run_that_is_stopped(stop, status, tmp_path, stand_in):
    """It ends as docs/ci.md says, and its guest with it."""
    guest = tmp_path / "guest"
    stand_in("make", MAKE)
    stand_in("qemu-system-i386", f"echo $$ >{guest}; exec sleep 600")
    image = make_image(tmp_path / "bzImage", b"6.1.7-x (me@here) #1 SMP")
    words = ("--accel", "tcg", "--workdir", str(tmp_path / "work"), str(image))
    with subprocess.Popen(
        [sys.executable, "-m", "generator", "check-kernel", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as run:
        while run.poll() is None and not (guest.exists() and guest.read_text()):
            time.sleep(0.1)
        run.send_signal(stop)
        out, err = run.communicate()
    assert (run.returncode, out) == (status, "")
    assert "Traceback" not in err
    wait_until(lambda: not Path("/proc", guest.read_text().strip()).exists())


def test_a_second_run_says_that_it_waits(tmp_path, guest, monkeypatch):
    """For another run on the same image, whose files it would take."""
    image = read_image(make_image(tmp_path / "i", b"6.1.7 #1 SMP"), None, None)
    digest = hashlib.sha256(image.kernel.read_bytes()).hexdigest()[:12]
    place = tmp_path / PLACE / f"6.1.7-{digest}"
    place.mkdir(parents=True)
    first = FileLock(place / "build.lock")
    first.acquire()

    class Told(SilentObserver):
        def progress(self, progress):
            assert (progress.stage, progress.detail) == ("wait", "another run")
            first.release()

    monkeypatch.setattr("generator.checks.catalogue.run.pack_programs", lambda *_: b"")
    monkeypatch.setattr("generator.checks.catalogue.run.boot_kernel", lambda *_: guest.boot((), 0))
    (tmp_path / "guest").touch()
    assert check_image(image, tmp_path / "guest", tmp_path, Told(), seconds=1).boots == 1


def find_kernel():
    """Return a kernel image of this project, if there is one: the unmodified base."""
    named = os.environ.get("UPROBEKIT_PEER_KERNEL")
    if named:
        return Path(named)
    found = default_workdir().glob("6*/peer/linux/build-plain-*/arch/x86/boot/bzImage")
    return next(iter(sorted(found)), None)


@pytest.fixture(scope="module")
def kernel() -> Path:
    """Return the kernel image."""
    image = find_kernel()
    if image is None:
        pytest.skip("NOT TESTED: no kernel image: build peer, or set UPROBEKIT_PEER_KERNEL")
    return image


@pytest.mark.boot
def test_a_kernel(kernel, tmp_path, capsys):
    """The unmodified base has faults, no boot is wasted, and all is told in JSON and JUnit."""
    junit = tmp_path / "x.xml"
    options = ["--workdir", str(tmp_path / "work"), "--json", "--quiet", "--junit", str(junit)]
    assert main(["check-kernel", *options, str(kernel)]) == 2
    data = json.loads(capsys.readouterr().out)
    assert {"vex-as-branch", "pushf", "rseq-lost-update"} <= set(data["affected"])
    assert not any(ident.startswith("gain-") for ident in data["affected"])
    assert data["boots"] <= 2
    assert junit.read_bytes().count(b"<failure") == len(data["affected"])
