# SPDX-License-Identifier: GPL-2.0-only
"""Programs under probes: where the probes are, what is packed, how the two sides are judged."""

import json
import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TESTS

from generator.checks.soak import generated
from generator.checks.soak.generated import (
    ALL,
    EVERYDAY,
    Build,
    Generated,
    compile_program,
)
from generator.checks.soak.judge import (
    SIDES,
    Pair,
    as_data,
    as_text,
    judge,
    refusal_reason,
)
from generator.checks.soak.pack import (
    Item,
    Load,
    format_plan,
    format_sites,
    load_programs,
    pack_load,
)
from generator.checks.soak.programs import (
    Prepared,
    Program,
    all_programs,
    find_wanted,
    prepare_program,
    read_programs,
)
from generator.checks.soak.reasons import taken_for_branch, taken_for_relative
from generator.checks.soak.sites import (
    describe_site,
    exported_ranges,
    function_sites,
    instruction_sites,
    is_dynamic,
    own_functions,
    reached_instructions,
)
from generator.checks.soak.tasks import Task
from generator.cli import main, soaking
from generator.cli import soak as soak_command
from generator.cli.options import Options
from generator.errors import InfraError, UserError
from generator.guest.accel import AccelVerdict
from generator.guest.boot import BootRequest, BootResult, console_path
from generator.guest.ktap import parse_ktap
from generator.guest.outcome import Kind, Outcome
from generator.guest.vm import Ending, MachineEnd
from generator.report.soak import write_junit

SOURCE = """
#include <stdio.h>
#include <unistd.h>
__attribute__((visibility("default"))) int exported(int n) { return n + puts("x"); }
__attribute__((visibility("default"))) int sigsetjmp_like(int n) { return n; }
__attribute__((noinline)) static int hidden(int n) { return n * exported(n); }
__attribute__((visibility("default"))) int setjmp(void *p) { return hidden(3) + (p != 0); }
__attribute__((cold, noinline)) static void seldom(int n) { if (n) _exit(3); puts("cold"); }
__attribute__((visibility("default"))) int last(int n) { if (n > 9) seldom(n); return hidden(n); }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Return a shared library and its object file."""
    place = tmp_path_factory.mktemp("library")
    (place / "a.c").write_text(SOURCE)
    command = ["gcc", "-O2", "-w", "-fPIC", "-fvisibility=hidden", "-fno-ipa-icf"]
    for more in (["-c", "a.c", "-o", "a.o"], ["-shared", "a.o", "-o", "a.so"]):
        subprocess.run([*command, *more], cwd=place, check=True)
    return place / "a.so", place / "a.o"


def symbols(path, *options):
    """Return addresses by name, as nm(1) has them."""
    said = subprocess.run(["nm", *options, path], capture_output=True, text=True, check=True).stdout
    return {name: int(at, 16) for at, _, name in re.findall(r"^(\w+) (\w) (\S+)$", said, re.M)}


def text_of(path):
    """Return address, offset and size of .text, as readelf(1) has them."""
    command = ["readelf", "-SW", path]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r" \.text +PROGBITS +(\w+) (\w+) (\w+)", said)
    return tuple(int(number, 16) for number in found.groups())


def test_entries_and_returns(library):
    """Every function is an entry, by file offset; of returns exported ones, and no setjmp."""
    path, _ = library
    address, offset, size = text_of(path)
    at = {name: value - address + offset for name, value in symbols(path).items()}
    sites = function_sites(path)
    assert {at["exported"], at["hidden"], at["last"], at["setjmp"]} <= set(sites.entries)
    assert all(offset <= place < offset + size for place in sites.entries)
    assert sites.returns == tuple(sorted(at[n] for n in ("exported", "last", "sigsetjmp_like")))


def test_a_stripped_library(library, tmp_path):
    """The frame descriptions and dynamic symbols stay."""
    path, _ = library
    bare = tmp_path / "bare.so"
    subprocess.run(["strip", "-o", bare, path], check=True)
    assert set(function_sites(bare).returns) == set(function_sites(path).returns)
    assert len(function_sites(bare).entries) >= 5


def test_the_c_library_has_no_trampoline():
    """The code after a signal handler is described from a byte before it, and is no function."""
    libc = next(Path("/usr/lib").rglob("libc.so.6"))
    sites = function_sites(libc)
    data = libc.read_bytes()
    code = bytes.fromhex("48c7c00f0000000f05")
    assert code in data
    assert not [s for s in sites.entries if data[s : s + 9] == code or data[s + 1 : s + 10] == code]
    assert len(sites.entries) > 2000
    assert 1000 < len(sites.returns) < len(sites.entries)


def test_an_unwinder():
    """It looks for its caller by its return address: luajit's errors were not caught."""
    unwinder = next(Path("/usr/lib/x86_64-linux-gnu").glob("libgcc_s.so.1"))
    address, offset, _ = text_of(unwinder)
    at = {
        name.split("@")[0]: value - address + offset
        for name, value in symbols(unwinder, "-D").items()
    }
    returns = function_sites(unwinder).returns
    assert at["_Unwind_GetIP"] in returns
    assert at["_Unwind_RaiseException"] not in returns
    assert at["_Unwind_RaiseException"] in function_sites(unwinder).entries


def test_every_instruction(library):
    """What objdump decodes of a function, and of no other."""
    path, code = library
    names = own_functions(code)
    assert {"exported", "hidden", "last"} <= names
    sites = instruction_sites(path, {"exported", "last"})
    address, offset, _ = text_of(path)
    command = ["objdump", "-d", "--no-show-raw-insn", path]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    sized = subprocess.run(["nm", "-S", path], capture_output=True, text=True, check=True).stdout
    wanted = set()
    for start, size in re.findall(r"^(\w+) (\w+) T (?:exported|last)$", sized, re.M):
        # what objdump shows after a function's end is padding
        inside = range(int(start, 16), int(start, 16) + int(size, 16))
        wanted |= {int(a, 16) for a in re.findall(r"^ *(\w+):\t", said, re.M)} & set(inside)
    assert len(wanted) > 5
    assert set(sites) == {place - address + offset for place in wanted}
    first = describe_site(path, sites[0])
    assert first[0]
    assert first[1]


def test_reached_instructions(tmp_path):
    """What is behind a jump or a return is reached by a branch, or it is data and not probed."""
    (tmp_path / "a.s").write_text(
        ".type f, @function\n.globl f\nf: .cfi_startproc\ntest %edi, %edi\njz 2f\njmp 1f\n"
        ".byte 0xc7\n1: ret\n2: nop\nud2\n.byte 0x0f\n.cfi_endproc\n.size f, .-f\n"
    )
    subprocess.run(["gcc", "-shared", "-nostdlib", "a.s", "-o", "a.so"], cwd=tmp_path, check=True)
    first = text_of(tmp_path / "a.so")[1]
    assert reached_instructions(tmp_path / "a.so", 100) == tuple(
        first + step for step in (0, 2, 4, 7, 8, 9)
    )
    assert reached_instructions(Path("/dev/null"), 100) == ()


def test_some_functions_alone(library):
    """Whole functions, and no more instructions than are wanted."""
    path, _ = library
    every = reached_instructions(path, 10**6)
    some = reached_instructions(path, 12)
    assert 0 < len(some) <= 12 < len(every)
    assert not reached_instructions(path, 1)
    assert set(some) < set(every)
    assert set(instruction_sites(path, {"last"})) <= set(every)


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"\x7fELF" + b"\xff" * 100, b"#!/bin/sh\n"])
def test_no_program(content, tmp_path):
    """A file that is no program has no functions, and cannot have instructions."""
    path = tmp_path / "x"
    path.write_bytes(content)
    assert function_sites(path).entries == ()
    with pytest.raises(UserError):
        instruction_sites(path, {"main"})


def test_a_program_without_the_functions(library):
    """It is an error: nothing would be probed."""
    with pytest.raises(UserError, match="none of the functions"):
        instruction_sites(library[0], {"nobody"})


def wait_for(condition):
    """Wait until something is so."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def load(*, name="perl", rounds=("entries",), source=None):
    """Return a load of one program with ten places."""
    item = Item(
        name=name, command=("/x",), rounds=rounds, files=("/x",), input="/in", source=source
    )
    sites = {rounds[0]: {"/x": tuple(range(10))}} | {r: {} for r in rounds[1:]}
    return Load(items=(item,), sites=sites, files={"/x": Path("/bin/true")})


def test_what_the_guest_reads():
    """The plan and the places."""
    made = load(rounds=("entries", "churn"))
    assert format_plan(made) == (
        "program perl\ndeadline 120\narg /x\ninput /in\nround entries\nround churn\n"
    )
    assert format_sites(made).startswith("round entries\np /x\n0\n1\n")
    assert format_sites(made).endswith("9\nround churn\n")
    archive = pack_load(made)
    for wanted in (b"soak/plan\0", b"soak/sites\0", b"00000000x\0"):
        assert wanted in archive
    assert b"bin/sh\0" not in archive


def test_who_runs_it():
    """A program that refuses root has a user of its own; so has one that is run again for less."""
    made = load()
    item = replace(made.items[0], user=65534, churn=2000)
    assert "user 65534\nchurn 2000\n" in format_plan(replace(made, items=(item,)))


def test_a_shell():
    """What starts a shell by its usual name finds it, if the shell is there."""
    made = load()
    archive = pack_load(replace(made, files={**made.files, "/usr/bin/dash": Path("/bin/true")}))
    assert b"bin/sh\0" in archive
    assert b"/usr/bin/dash\0" in archive


def test_a_file_that_is_gone():
    """It is named."""
    gone = Load(items=(), sites={}, files={"/y": Path("/no/such/file")})
    with pytest.raises(InfraError, match="No such file"):
        pack_load(gone)


def boot(variant, *rows, refused=(), kind=Kind.FAILED_TESTS, round_name="entries"):
    """Return what a guest has said; a row is name, outcome, hits."""
    lines = ["KTAP version 1", f"1..{len(rows) + 1}"]
    lines += [f"#   refused /x 524 {' '.join(refused)}"] if refused else []
    lines += [f"# arm-{round_name}: outcome=pass hits=0", f"ok 1 arm-{round_name}"]
    for number, (name, outcome, hits) in enumerate(rows, 2):
        lines += [f"#   {variant} says this", f"# {name}: outcome={outcome} hits={hits} ms=9000"]
        lines[-1] += " plain=1000 returns=5"
        lines.append(f"{'ok' if outcome == 'pass' else 'not ok'} {number} {name}")
    return BootResult(
        base="6.1",
        variant=variant,
        flavour="soak",
        outcome=Outcome(kind=kind, reason="because"),
        ktap=parse_ktap([*lines, "# uprobekit: done"]),
        end=MachineEnd(ending=Ending.EXITED, status=0, seconds=1.0, events=(), message=""),
        accel=AccelVerdict(accel="tcg", reason=""),
        console=Path("c"),
        results=Path("r"),
        command=(),
    )


def judged(ours, base, made=None):
    """Judge a pair."""
    pair = Pair(name="set", load=made or load(), boots={"ours": ours, "base": base})
    return judge([pair], full=False, versions={"perl-base": "5"}, seconds=1.0)


GOOD, DIES, DIFFERS = (
    ("perl-entries", "pass", 70),
    ("perl-entries", "died", 30),
    ("perl-entries", "differs", 70),
)


@pytest.mark.parametrize(
    ("ours", "base", "problem"),
    [
        (GOOD, GOOD, ""),
        (GOOD, DIES, ""),
        (GOOD, DIFFERS, ""),
        (DIFFERS, GOOD, "differs; the base passes"),
        (DIES, DIES, "died; the base: died"),
        (("perl-entries", "pass", 0), GOOD, "not one hit"),
        (("perl-entries", "deadline", 7), GOOD, "deadline; the base passes"),
    ],
)
def test_sides(ours, base, problem):
    """Ours has to be as without probes; what the base does is told."""
    soak = judged(boot("tip", ours), boot("peer", base))
    assert soak.problems == ((f"perl, entries: {problem}",) if problem else ())
    (row,) = soak.rows
    assert row.sites == row.base_sites == 10
    assert row.ours.ratio == 9.0
    assert ("WRONG" in as_text(soak)) == bool(problem)
    assert ("tip says this" in as_text(soak)) == (ours[1] != "pass")


def test_a_guest_that_breaks_off():
    """On the base its programs are lost; on the tip that is a failure beside."""
    whole, broken = boot("tip", GOOD), boot("peer", kind=Kind.PANIC)
    soak = judged(whole, broken)
    assert not soak.problems
    assert soak.rows[0].base.outcome == "lost"
    assert "panic" in soak.boots["set/base"]
    soak = judged(broken, whole)
    assert soak.problems == ("set/ours: panic: because", "perl, entries: lost; the base passes")


def test_a_program_that_differs_by_itself():
    """It shows nothing, of neither side."""
    unstable = ("perl-entries", "unstable", 0)
    soak = judged(boot("tip", unstable), boot("peer", unstable))
    assert soak.unstable == ("perl",)
    assert not soak.problems


@pytest.fixture
def code(tmp_path):
    """Return a load whose file has a syscall and an add: at .text's start, and 2 after it."""
    (tmp_path / "a.s").write_text(".globl _start\n_start: syscall\nadd %eax, %ebx\n")
    command = ["gcc", "-nostdlib", "-static", "a.s", "-o", "a"]
    subprocess.run(command, cwd=tmp_path, check=True)
    offset = text_of(tmp_path / "a")[1]
    made = load()
    sites = {"entries": {"/x": (offset, offset + 2, *range(8))}}
    return Load(items=made.items, sites=sites, files={"/x": tmp_path / "a"}), offset


@pytest.mark.parametrize(
    ("ours", "base", "problem"), [(True, True, False), (False, True, False), (True, False, True)]
)
def test_refused(code, ours, base, problem):
    """What only ours refuses needs a reason in the model: syscall has one, add has none."""
    made, offset = code
    places = (f"{offset:x}", f"{offset + 2:x}")
    soak = judged(
        boot("tip", GOOD, refused=places if ours else ()),
        boot("peer", GOOD, refused=places if base else ()),
        made,
    )
    assert [row.sites for row in soak.rows] == [8 if ours else 10]
    assert [row.base_sites for row in soak.rows] == [8 if base else 10]
    assert len(soak.refused) == 2
    assert soak.refused[0].reason.startswith("system calls")
    assert soak.refused[1].reason == ""
    assert [("add" in what) for what in soak.problems] == ([True] if problem else [])


@pytest.mark.parametrize(
    ("text", "found"),
    [("0f 05", True), ("f3 48 0f 05", True), ("cc", True), ("01 c3", False), ("", False)],
)
def test_reasons(text, found):
    """Prefixes stand in front of the opcode."""
    assert bool(refusal_reason(bytes.fromhex(text))) == found


def test_hits_that_are_lost():
    """A generated program executes the same everywhere: fewer hits than the base's are lost."""
    made = load(name="csmith-1", rounds=("instructions",), source=Path("1.c"))
    more, less = (("csmith-1-instructions", "pass", hits) for hits in (100, 99))
    tip, peer = (boot(v, more, round_name="instructions") for v in ("tip", "peer"))
    assert not judged(tip, peer, made).problems
    soak = judged(boot("tip", less, round_name="instructions"), peer, made)
    assert soak.problems == ("csmith-1, instructions: 99 hits, of 100 on the base",)
    assert not judged(tip, boot("peer", less, round_name="instructions"), made).problems


def test_junit_and_json(tmp_path):
    """A failure of ours is one in JUnit; the JSON has both sides."""
    soak = judged(boot("tip", DIFFERS), boot("peer", GOOD))
    write_junit(tmp_path / "x.xml", soak)
    said = (tmp_path / "x.xml").read_text()
    assert 'failures="1"' in said
    assert "differs; the base passes" in said
    data = json.loads(json.dumps(as_data(soak)))
    assert data["rows"][0]["ours"]["outcome"] == "differs"
    assert data["rows"][0]["base"]["ratio"] == 9.0


def test_programs():
    """The modes, a name, and a name that nobody has."""
    everyday = {program.name for program in find_wanted((), full=False)}
    assert {"python3", "perl"} <= everyday < {p.name for p in find_wanted((), full=True)}
    assert [program.name for program in find_wanted(("xz",), full=False)] == ["xz"]
    assert find_wanted((), full=True) == all_programs()
    with pytest.raises(UserError, match="no 'nobody'"):
        find_wanted(("nobody",), full=True)
    place = TESTS.parent / "qemu/guest/soak"
    for program in all_programs():
        assert not program.workload or (place / program.workload).exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[x]\npackage = 'x'\ncommand = 'x'", "x: lacks kind"),
        ("[x]\npackage = 'x'\ncommand = 'x'\nkind = ''\nspeed = 3", "unknown word: speed"),
        ("[x", "cannot be read"),
    ],
)
def test_a_wrong_table(text, said, tmp_path):
    """What is wrong is said, with the section."""
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(InfraError, match=said):
        read_programs(tmp_path / "p.toml")


def test_a_program_that_is_not_installed(tmp_path):
    """Its package is what to install."""
    missing = Program(name="x", package="x-tools", command=("/usr/bin/no-such-x",), kind="")
    with pytest.raises(InfraError, match="not installed") as caught:
        prepare_program(missing, lambda _: (), tmp_path)
    assert caught.value.hint == "apt-get install x-tools"


def test_kernels_that_are_not_built(tmp_path):
    """It is said which, before anything else takes time."""
    options = Options(base="6.1", workdir=tmp_path)
    with pytest.raises(UserError, match="is not built") as caught:
        soak_command._check_kernels(options)
    assert caught.value.hint == "run: uprobekit build --base 6.1 tip"


def test_libraries_by_name(tmp_path):
    """What a program loads by name need not be executable; one that is not there is an error."""
    (tmp_path / "x.so").write_bytes(b"")
    program = Program(
        name="x", package="p", command=("/usr/bin/true",), kind="", libraries=(f"{tmp_path}/x.so",)
    )
    assert f"{tmp_path}/x.so" in prepare_program(program, lambda _: (), tmp_path).code
    wrong = replace(program, libraries=(f"{tmp_path}/y.so",))
    with pytest.raises(InfraError, match=r"there is no .*y\.so"):
        prepare_program(wrong, lambda _: (), tmp_path)


PACKAGED = Program(
    name="x",
    package="x-15",
    command=("/usr/bin/true",),
    kind="",
    helpers=("/opt/x-15/bin/xd",),
    libraries=("/opt/x-15/lib/x.so",),
    files=("/opt/x-15/share",),
    unpack=True,
)


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Put a package into a folder, which apt-get(1) takes it from; return the tool's path."""
    tree = tmp_path / "tree"
    for name in ("DEBIAN/control", "opt/x-15/bin/xd", "opt/x-15/lib/x.so", "opt/x-15/share/a"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(f"{name}\n")
    (tree / "opt/x-15/bin/xd").chmod(0o755)
    (tree / "DEBIAN/control").write_text(
        "Package: x-15\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\n"
        "Description: x\n"
    )
    tool = tmp_path / "bin/apt-get"
    tool.parent.mkdir()
    tool.write_text(
        f'#!/bin/sh\ntest "$1 $2 $3" = "download -q x-15" || exit 4\n'
        f"exec dpkg-deb -b {tree} x-15_1_all.deb\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    return tool


def test_a_package_with_a_service(archive, tmp_path):
    """It is unpacked, once, and its files have the paths in the guest that they would have here."""
    first = prepare_program(PACKAGED, lambda _: (), tmp_path / "place")
    archive.write_text("#!/bin/sh\nexit 5\n")
    again = prepare_program(PACKAGED, lambda _: (), tmp_path / "place")
    assert first == again
    root = tmp_path / "place/x-15"
    assert first.code["/opt/x-15/bin/xd"] == root / "opt/x-15/bin/xd"
    assert first.code["/opt/x-15/lib/x.so"] == root / "opt/x-15/lib/x.so"
    assert first.files == {"/opt/x-15/share/a": root / "opt/x-15/share/a"}


def test_a_package_that_does_not_come(archive, tmp_path):
    """What the tool says is passed on, and the next run asks again."""
    good = archive.read_text()
    archive.write_text("#!/bin/sh\necho no such package >&2\nexit 100\n")
    with pytest.raises(InfraError, match="apt-get fails: no such package"):
        prepare_program(PACKAGED, lambda _: (), tmp_path / "place")
    archive.write_text(good)
    assert prepare_program(PACKAGED, lambda _: (), tmp_path / "place").files


def test_a_package_with_a_service_that_is_installed(tmp_path):
    """Nothing is downloaded."""
    here = replace(PACKAGED, helpers=("/usr/bin/true",), libraries=(), files=("/etc/passwd",))
    prepared = prepare_program(here, lambda _: (), tmp_path)
    assert prepared.files == {"/etc/passwd": Path("/etc/passwd")}
    assert not list(tmp_path.iterdir())


def test_a_program_that_is_built(tmp_path):
    """It is made from its workload, and has a path of its own in the guest."""
    program = Program(
        name="x",
        package="gcc",
        command=("{program}", "{in}/full.c"),
        kind="",
        workload="full.c",
        build=("gcc", "-shared", "-fPIC"),
    )
    prepared = prepare_program(program, lambda _: (), tmp_path)
    assert prepared.command == ("/soak/bin/x", "/soak/in/full.c")
    assert prepared.code == {"/soak/bin/x": tmp_path / "x"}
    assert is_dynamic(tmp_path / "x")
    more = replace(program, name="z", command=("/bin/sh",), build=(), preload="sysv-shm.c")
    assert prepare_program(more, lambda _: (), tmp_path).code["/soak/bin/z.so"] == tmp_path / "z.so"
    wrong = Program(name="y", package="p", command=(), kind="", workload="full.c", build=("false",))
    with pytest.raises(InfraError, match="y cannot be built"):
        prepare_program(wrong, lambda _: (), tmp_path)


def test_what_perl_loads(tmp_path):
    """Modules and libraries that a script loads are found by asking it."""
    (program,) = find_wanted(("perl",), full=False)
    prepared = prepare_program(program, lambda _: (), tmp_path)
    assert any(name.endswith("List/Util.pm") for name in prepared.files)
    assert any(name.endswith("Util.so") for name in prepared.code)


def test_builds():
    """All ways of compiling have names of their own, the everyday ones need gcc alone."""
    assert len({build.name for build in ALL}) == len(ALL) == 24
    assert {build.compiler for build in EVERYDAY} == {"gcc"}
    assert Build(compiler="gcc", level="O3", options=("-mavx2",)).name == "gcc-O3-64-avx2"


def test_a_generated_program(tmp_path):
    """Its places are the instructions of its own functions, and of no library."""
    (tmp_path / "7.c").write_text(
        "static int f(int n) { return n * 3; }\nint main(void) { return f(2); }"
    )
    made = compile_program(tmp_path / "7.c", Build(compiler="gcc", level="O0"), tmp_path)
    assert (made.stem, made.name) == ("7", "csmith-7-gcc-O0-64")
    assert 8 < len(made.sites) < 30


@pytest.mark.needs("csmith")
def test_csmith_keeps_its_file_to_itself(tmp_path, monkeypatch):
    """It writes and reads one where it runs: two at once would read half of it."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda seed: generated._generate(tmp_path / f"{seed}.c", seed), range(8)):
            pass
    names = {f"{seed}.c" for seed in range(8)}
    assert {path.name for path in tmp_path.iterdir()} == names | {"here"}
    assert not list((tmp_path / "here").iterdir())


def test_the_reduced_programs(tmp_path):
    """Each is compiled as its head says, and ends well without probes."""
    made = generated.reduced_programs(tmp_path)
    assert "csmith-bit-fields-gcc-O1-32" in {program.name for program in made}
    for program in made:
        assert program.sites
        assert subprocess.run([program.program], check=False).returncode == 0


def test_a_reduced_program_without_a_head(tmp_path, monkeypatch):
    """It is named."""
    source = tmp_path / "guest" / "soak" / "reduced" / "lost.c"
    source.parent.mkdir(parents=True)
    source.write_text("// SPDX-License-Identifier: GPL-2.0-only\nint main(void) { return 0; }\n")
    monkeypatch.setattr(generated, "data_dir", lambda _: tmp_path)
    with pytest.raises(UserError, match="second line does not say"):
        generated.reduced_programs(tmp_path)


def test_generating_says_how_far_it_is(tmp_path, monkeypatch):
    """Two hundred programs take minutes; one that is too large is not counted."""
    sizes = {1: 10, 2: 9000, 3: 20}
    monkeypatch.setattr(generated, "_useful_seeds", lambda *_: iter(sizes))
    monkeypatch.setattr(
        generated,
        "compile_program",
        lambda source, build, place: Generated(
            stem=source.stem,
            build=build,
            source=source,
            program=place,
            sites=tuple(range(sizes[int(source.stem)])),
        ),
    )
    monkeypatch.setattr(generated.shutil, "which", lambda name: name)
    seen = []

    class Screen:
        def progress(self, event):
            seen.append((event.done, event.expected))

    made = generated.make_programs(
        tmp_path, wanted=2, first_seed=1, builds=EVERYDAY, observer=Screen()
    )
    assert [program.stem for program in made] == ["1", "3"]
    assert seen == [(1, 2), (1, 2), (2, 2)]


def test_a_dry_run(capsys):
    """It says what would be run, and needs no kernel."""
    assert main(["soak", "--dry-run", "--count", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["generated"] == 3
    assert main(["soak", "--dry-run", "--program", "nobody"]) == 1


def test_progress_of_boots(tmp_path, monkeypatch):
    """It says how many are done, and what each guest that runs has said last."""
    monkeypatch.setattr(soaking, "_LOOK", 0.01)
    seen = []

    class Screen:
        def progress(self, event):
            seen.append(event)

    requests = [
        BootRequest(
            base="6.1",
            variant=variant,
            kernel=tmp_path / "k",
            initramfs=tmp_path / "i",
            workdir=tmp_path,
            flavour="soak-xz",
        )
        for variant in ("tip", "peer")
    ]
    tasks = [
        Task(load="xz", side=variant, request=r) for variant, r in zip(SIDES, requests, strict=True)
    ]
    console = console_path(requests[0])
    console.parent.mkdir(parents=True)
    with soaking.show_guests(Screen(), "6.1", tasks, time.monotonic()):
        console.write_text("old\nsoak: xz, entries\n[ 3.2] noise\n")
        future = time.time() + 60
        os.utime(console, (future, future))
        wait_for(lambda: seen and seen[-1].detail == "ours: xz, entries")
        assert seen[-1].stage == "0 of 2 boots"
        del tasks[0]
        wait_for(lambda: seen[-1].stage == "1 of 2 boots")
        wait_for(lambda: not seen[-1].detail)
    count = len(seen)
    time.sleep(0.1)
    assert len(seen) == count


@pytest.mark.parametrize(
    ("wish", "kept"),
    [
        (soak_command.Wish(), ["soak"]),
        (soak_command.Wish(full=True), ["soak-full"]),
        (soak_command.Wish(full=True, programs=("xz",)), []),
        (soak_command.Wish(count=0), []),
    ],
)
def test_the_result_of_a_part(wish, kept, monkeypatch, tmp_path):
    """A run of some programs does not take the place of the whole mode's result."""
    found = []
    monkeypatch.setattr(soak_command, "render_source", lambda _: (None, None))
    monkeypatch.setattr(soak_command, "_loads", lambda *_: {"set": load()})
    monkeypatch.setattr(soak_command, "_check_kernels", lambda *_: None)
    monkeypatch.setattr(soak_command, "_tasks", lambda *_: [])
    boots = {("set", "ours"): boot("tip", GOOD), ("set", "base"): boot("peer", DIES)}
    monkeypatch.setattr(soak_command, "_boot", lambda *_, **__: boots)
    monkeypatch.setattr(Options, "keep", lambda _, name, *__, **___: found.append(name))
    soak_command.run_soak(Options(base="6.1", workdir=tmp_path, quiet=True), wish)
    assert found == kept


def test_everyday_returns(tmp_path, library):
    """The everyday mode has all entries and some returns; the full one all, and two rounds more."""
    path, _ = library
    program = Program(name="x", package="p", command=("/x",), kind="")
    prepared = Prepared(program=program, command=("/x",), files={}, code={"/x": path})
    everyday, full = load_programs([prepared]), load_programs([prepared], full=True)
    found = function_sites(path)
    assert everyday.rounds == ("entries", "returns")
    assert full.rounds == ("entries", "returns", "instructions", "churn")
    assert everyday.sites["entries"] == full.sites["entries"] == {"/x": found.entries}
    assert full.sites["returns"] == {"/x": found.returns}
    assert everyday.sites["returns"] == {"/x": found.returns[:1]}
    assert not set(full.sites["instructions"]["/x"]) & set(found.entries)
    thin = replace(prepared, program=replace(program, share=3))
    assert load_programs([thin]).sites["entries"] == {"/x": found.entries[::3]}
    seldom = replace(prepared, program=replace(program, everyday=2))
    assert load_programs([seldom]).sites["entries"] == {"/x": found.entries[::2]}
    assert load_programs([seldom], full=True).sites["entries"] == {"/x": found.entries}
    # what two programs load has the probes of the one that has more
    assert load_programs([thin, seldom]).sites["entries"] == {"/x": found.entries[::2]}


def test_breakpoints_of_a_program(library, tmp_path):
    """No probe takes them, in no round; what is no program and what has no such function stays."""
    path, _ = library
    address, offset, _ = text_of(path)
    command = ["nm", "-D", "-S", "--defined-only", path]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^(\w+) (\w+) T (?:last|exported)$", said, re.M)
    starts = ((int(at, 16) - address + offset, int(size, 16)) for at, size in found)
    taken = {place for start, size in starts for place in range(start, start + size)}
    (tmp_path / "text").write_text("no program")
    program = Program(name="x", package="p", command=("/x",), kind="")
    code = {"/x": path, "/text": tmp_path / "text"}
    prepared = Prepared(program=program, command=("/x",), code=code)
    breaks = replace(prepared, program=replace(program, breaks=("last", "exported", "nobody")))
    usual, without = load_programs([prepared], full=True), load_programs([breaks], full=True)
    assert usual.rounds == without.rounds
    for name in ("entries", "returns", "instructions"):
        before, after = (set(made.sites[name].get("/x", ())) for made in (usual, without))
        assert before & taken, name
        assert after == before - taken


def test_breakpoints_of_gdb():
    """Where the workload of gdb breaks is where the table says, and what tells it of libraries."""
    (gdb,) = find_wanted(("gdb",), full=True)
    script = (TESTS.parent / "qemu/guest/soak/gdb.sh").read_text()
    assert {*re.findall(r"-ex 'break (\w+)'", script), "_dl_debug_state"} == set(gdb.breaks)
    places = function_sites(Path("/lib64/ld-linux-x86-64.so.2")).returns
    taken = exported_ranges(Path("/lib64/ld-linux-x86-64.so.2"), {"_dl_debug_state"})
    assert [place in taken[0] for place in places].count(True) == 1


def test_programs_that_share_a_boot(monkeypatch, tmp_path, library):
    """In the full mode those of the same word do; each has the round that arms anew for itself."""
    path, _ = library

    def prepare(program, *_):
        return Prepared(program=program, command=("/x",), code={"/x": path})

    monkeypatch.setattr("generator.checks.soak.programs.prepare_program", prepare)
    programs = [
        Program(name=name, package="p", command=("/x",), kind="", boot=boot)
        for name, boot in (("a", "small"), ("b", ""), ("c", "small"))
    ]
    options = Options(base="6.1", workdir=tmp_path, quiet=True)

    def names(wish):
        loads = soak_command._loads(options, programs, wish, options.screen())
        return {name: [item.name for item in load.items] for name, load in loads.items()}

    everyday, full = soak_command.Wish(count=0), soak_command.Wish(count=0, full=True)
    assert names(full) == {"small": ["a", "c"], "b": ["b"]}
    assert names(everyday) == {"programs": ["a", "b", "c"]}


def test_a_guest_is_given_time(monkeypatch, tmp_path):
    """A processor that the machine keeps from running is not reported before minutes are over."""
    (tmp_path / "guest").write_bytes(b"")
    monkeypatch.setattr(soak_command.booting, "guest", lambda *_: tmp_path / "guest")
    monkeypatch.setattr(
        soak_command.booting,
        "boot_request",
        lambda _, variant, archive: BootRequest(
            base="6.1", variant=variant, kernel=archive, initramfs=archive, workdir=tmp_path
        ),
    )
    options = Options(base="6.1", workdir=tmp_path, quiet=True)
    loads = {"x": replace(load(), cpus=2)}
    tasks = soak_command._tasks(options, soak_command.Wish(full=True), loads, options.screen())
    assert [(task.load, task.request.variant) for task in tasks] == [("x", "tip"), ("x", "peer")]
    for task in tasks:
        assert task.request.cpus == 2
        assert "rcupdate.rcu_cpu_stall_timeout=300" in task.request.parameters
        assert task.request.flavour == "soak-x"
        assert task.request.initramfs.is_file()


def test_processors_of_a_load(library):
    """Each place is armed on each of them: two are for what runs at a time, in the full mode."""
    path, _ = library

    def load_of(*numbers, full):
        programs = [
            Prepared(
                program=Program(name="x", package="p", command=("/x",), kind="", cpus=cpus),
                command=("/x",),
                code={"/x": path},
            )
            for cpus in numbers
        ]
        return load_programs(programs, full=full)

    assert load_of(1, full=True).cpus == 1
    assert load_of(1, 2, full=True).cpus == 2
    assert load_of(2, full=False).cpus == 1
    assert "churn 10000\n" in format_plan(load_of(1, full=True))
    assert "churn" not in format_plan(load_of(1, full=False))
    assert {program.cpus for program in all_programs()} == {1, 2}


@pytest.mark.parametrize(
    ("code", "wide", "found"),
    [
        ("c5f576cc90", True, True),
        ("c4e1f97ec1", True, True),
        ("c5f576cc90", False, True),
        ("c57676cc90", False, False),
        ("c5c5efc290", True, False),
        ("76cc909090", True, False),
        ("c5f576", True, False),
    ],
)
def test_taken_for_a_branch(code, wide, found):
    """Vpcmpeqd and vmovq are; vpxor, jbe itself and lds are not, nor is what is cut off."""
    assert taken_for_branch(bytes.fromhex(code), wide) == found


@pytest.mark.parametrize(
    ("code", "wide", "found"),
    [
        ("8d058cfbffff", False, True),
        ("8d058cfbffff", True, False),
        ("8d838cfbffff", False, False),
        ("a18cfbffff", False, False),
        ("89c2", False, False),
        ("", False, False),
    ],
)
def test_taken_for_relative(code, wide, found):
    """Lea of an address alone is, as in ld-linux.so.2; with a register or without ModRM not."""
    assert taken_for_relative(bytes.fromhex(code), wide) == found


def test_the_reason_of_the_base(tmp_path):
    """It stands beside a program that differs there, and beside no other."""
    (tmp_path / "x").write_bytes(b"\x7fELF\x02" + b"\xc5\xf5\x76\xcc\x90" * 2)
    made = load()
    made = replace(made, sites={"entries": {"/x": (5, 10, 0)}}, files={"/x": tmp_path / "x"})
    soak = judged(boot("tip", GOOD), boot("peer", DIFFERS), made)
    assert soak.rows[0].reason.startswith("vex-as-branch: 2 AVX instructions")
    assert soak.rows[0].reason in as_text(soak)
    assert not judged(boot("tip", GOOD), boot("peer", GOOD), made).rows[0].reason
