# SPDX-License-Identifier: GPL-2.0-only
"""Programs under probes: where the probes are, what is packed, how the two sides are judged."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TESTS

from generator.checks.soak.generated import ALL, EVERYDAY, Build, compile_program
from generator.checks.soak.judge import (
    Pair,
    as_data,
    as_text,
    judge,
    refusal_reason,
    taken_for_branch,
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
from generator.checks.soak.sites import (
    describe_site,
    function_sites,
    instruction_sites,
    is_dynamic,
    own_functions,
    reached_instructions,
)
from generator.cli import main
from generator.errors import InfraError, UserError
from generator.guest.accel import AccelVerdict
from generator.guest.boot import BootResult
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
    """Whole functions, until there are enough."""
    path, _ = library
    every = reached_instructions(path, 10**6)
    some = reached_instructions(path, 1)
    assert 0 < len(some) < len(every)
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


def test_a_dry_run(capsys):
    """It says what would be run, and needs no kernel."""
    assert main(["soak", "--dry-run", "--count", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["generated"] == 3
    assert main(["soak", "--dry-run", "--program", "nobody"]) == 1


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
    assert taken_for_branch(bytes.fromhex(code), wide=wide) == found


def test_the_reason_of_the_base(tmp_path):
    """It stands beside a program that differs there, and beside no other."""
    (tmp_path / "x").write_bytes(b"\x7fELF\x02" + b"\xc5\xf5\x76\xcc\x90" * 2)
    made = load()
    made = replace(made, sites={"entries": {"/x": (5, 10, 0)}}, files={"/x": tmp_path / "x"})
    soak = judged(boot("tip", GOOD), boot("peer", DIFFERS), made)
    assert soak.rows[0].reason.startswith("2 AVX instructions")
    assert soak.rows[0].reason in as_text(soak)
    assert not judged(boot("tip", GOOD), boot("peer", GOOD), made).rows[0].reason
