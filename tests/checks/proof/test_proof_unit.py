# SPDX-License-Identifier: GPL-2.0-only
"""The parts of the proof that need no kernel source: cases, judge, emulator, reports."""

import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.checks.proof import compare, judge, known
from generator.checks.proof import origin as proof_origin
from generator.checks.proof.build import STAMP, build_proof, proof_files
from generator.checks.proof.cases import Case, make_cases
from generator.checks.proof.code import read_code, read_function
from generator.checks.proof.copy import wrong_copy
from generator.checks.proof.directed import DIRECTED
from generator.checks.proof.explain import Explanation
from generator.checks.proof.explain import as_text as explained
from generator.checks.proof.families import REFUSED, families, is_barren
from generator.checks.proof.layout import LAYOUTS, REGION_LOW
from generator.checks.proof.library import Registers, Verdict
from generator.checks.proof.machine import TRAP_DE, TRAP_PF, TRAP_UD, Fault, Machine
from generator.checks.proof.native import Native
from generator.checks.proof.origin import describe_origin, find_made, keep_origin
from generator.checks.proof.sanitize import analyze_checked, bad_inputs
from generator.checks.proof.summary import as_data, as_text, summarize
from generator.checks.proof.verdict import Outcome, Result
from generator.checks.userspace import missing_headers
from generator.errors import CheckFailed, InfraError, UserError
from generator.model.opcodes import OPCODES
from generator.tree.acquire import Source


@pytest.fixture(scope="module")
def cases():
    """Return a few thousand cases."""
    return make_cases(OPCODES, wanted=10_000, seed=7)


@pytest.fixture(scope="module")
def machines():
    """Return one processor for each mode."""
    return {bits: Machine(bits) for bits in (64, 32)}


def decoded(text: str, bits: int = 64, ip: int = 0x1000) -> judge.Decoded:
    """Decode bytes that are followed by int3."""
    return judge.decode(bytes.fromhex(text).ljust(16, b"\xcc"), bits=bits, ip=ip)


def run(machine: Machine, text: str, **registers: int) -> Fault | None:
    """Execute one instruction at the first site."""
    vaddr = machine.layout.sites[0].vaddr
    machine.load(bytes(len(bytes(machine.registers))), bytes(len(machine.extra)))
    machine.put_code(vaddr, bytes.fromhex(text).ljust(16, b"\xcc"))
    machine.registers.flags = 0x202
    for name, value in registers.items():
        setattr(machine.registers, name, value)
    machine.registers.ip = vaddr
    return machine.step()


# what was compiled, found again


GIT = Source(version="6.1.7", kind="git", path=Path("/x"), commit="a" * 40, identity="git a")


def made_in(place, digest="one"):
    """Leave what a build leaves."""
    made = replace(proof_files(place), digest=digest)
    for path, text in ((made.library, "l"), (made.native, "n"), (place / STAMP, digest)):
        path.write_text(text)
    return made


def test_what_was_compiled_is_found_again(tmp_path):
    """For the same program, source and names; not when another one was compiled meanwhile."""
    origin = describe_origin(GIT, "6.1", "review")
    assert find_made(tmp_path, origin) is None
    made = made_in(tmp_path)
    assert find_made(tmp_path, origin) is None
    keep_origin(tmp_path, origin, made)
    assert find_made(tmp_path, origin) == proof_files(tmp_path)
    assert find_made(tmp_path, describe_origin(GIT, "6.12", "review")) is None
    made_in(tmp_path, "other")
    assert find_made(tmp_path, origin) is None
    # another one had taken the place when this one was written down
    keep_origin(tmp_path, origin, made)
    assert find_made(tmp_path, origin) is None
    made_in(tmp_path)
    proof_files(tmp_path).library.unlink()
    assert find_made(tmp_path, origin) is None


def test_what_an_origin_is(tmp_path, monkeypatch):
    """A template, the source and the names count; a directory may change at any time."""
    (tmp_path / "a.c.j2").write_text("int a;\n")
    monkeypatch.setattr(proof_origin, "data_dir", lambda _: tmp_path)
    first = describe_origin(GIT, "6.1", "review")
    assert first == describe_origin(GIT, "6.1", "review")
    others = {describe_origin(replace(GIT, identity="git b"), "6.1", "review")}
    others |= {describe_origin(GIT, "6.12", "review"), describe_origin(GIT, "6.1", "x")}
    (tmp_path / "a.c.j2").write_text("int b;\n")
    others.add(describe_origin(GIT, "6.1", "review"))
    assert len(others) == 4 and first not in others
    assert describe_origin(replace(GIT, kind="directory"), "6.1", "review") == ""
    keep_origin(tmp_path, "", made_in(tmp_path))
    assert find_made(tmp_path, "") is None


# cases


def test_the_seed_chooses_the_cases():
    assert make_cases(OPCODES, wanted=500, seed=7) == make_cases(OPCODES, wanted=500, seed=7)
    assert make_cases(OPCODES, wanted=500, seed=8) != make_cases(OPCODES, wanted=500, seed=7)


@pytest.mark.sweep
def test_no_encoding_comes_twice(cases):
    assert len({(case.bits, case.code) for case in cases}) == len(cases)


@pytest.mark.sweep
def test_as_many_instructions_as_are_wanted(cases):
    listed = families(OPCODES)
    wanted = [case for case in cases if case.valid and listed[case.family].letter != REFUSED]
    assert len(wanted) == 10_000


def test_every_opcode_of_the_tables_is_a_family():
    listed = {(f.bits, f.map, f.opcode) for f in families(OPCODES)}
    for table in OPCODES.maps:
        for opcode, letter in enumerate(table.letters):
            if letter in "_":
                continue
            assert (32, table.name, opcode) in listed
            if letter != "L":
                assert (64, table.name, opcode) in listed


def test_every_family_has_a_case(cases):
    assert {case.family for case in cases} >= {
        index for index, f in enumerate(families(OPCODES)) if not f.prefix
    }


def test_what_exists_behind_vex_is_looked_for(cases):
    """Families behind VEX that the decoder lists have cases, the others are no instructions."""
    listed = families(OPCODES)
    barren = {index for index, family in enumerate(listed) if is_barren(family)}
    behind = {case.family: case for case in cases if listed[case.family].vex and case.valid}
    assert barren and not barren & set(behind)
    names = {listed[index].name for index in behind}
    assert {"vex 0f 77", "vex 0f ae", "vex 0f 38 2a", "vex 0f 3a 0f"} <= names


def test_all_kinds_of_operands_are_there(cases):
    riprel, prefixes, rex = set(), set(), set()
    for case in cases:
        insn = judge.decode(case.code, bits=case.bits, ip=0).insn
        found, rex_byte = judge.split_prefixes(case.code, bits=case.bits)
        prefixes |= set(found)
        rex.add(rex_byte)
        if case.bits == 64 and insn and insn.is_ip_rel_memory_operand:
            modrm = judge.decode(case.code, bits=64, ip=0)
            place = modrm.constants.displacement_offset - 1
            riprel.add((case.code[place] >> 3 & 7, bool(rex_byte & 4)))
    assert prefixes == judge.LEGACY_PREFIXES
    assert rex >= set(range(0x40, 0x50))
    assert riprel == {(reg, high) for reg in range(8) for high in (False, True)}


def test_branches_go_to_the_ends_of_the_range(cases):
    listed = families(OPCODES)
    ends = {case.code[-4:] for case in cases if listed[case.family].letter in "BC"}
    assert {b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80"} <= ends


def test_the_directed_cases_come_first(cases):
    """Each of them has its family, also in a small run."""
    small = make_cases(OPCODES, wanted=1, seed=1)
    for made in (cases, small):
        codes = [(case.bits, case.code.hex(" ")) for case in made[: len(DIRECTED)]]
        assert codes == [(directed.bits, directed.code) for directed in DIRECTED]


def test_an_empty_table_makes_only_refused_cases():
    from dataclasses import replace

    empty = replace(OPCODES, maps=tuple(replace(m, letters=REFUSED * 256) for m in OPCODES.maps))
    made = make_cases(empty, wanted=10, seed=1)
    assert made
    listed = families(empty)
    assert all(listed[case.family].letter == REFUSED for case in made)


# the judge


@pytest.mark.parametrize(
    ("text", "bits", "reason"),
    [
        ("0f 05", 64, "enters the kernel"),
        ("cd 80", 32, "enters the kernel"),
        ("cf", 64, "enters the kernel"),
        ("f4", 64, "privileged"),
        ("fa", 64, "privileged"),
        ("0f 01 d7", 64, "state of the system"),
        ("cb", 64, "far"),
        ("9a 01 02 03 04 05 06", 32, "far"),
        ("ff 2f", 64, "far"),
        ("0f b2 07", 64, "loads ss"),
        ("e4 10", 64, "port"),
        ("6e", 64, "port"),
        ("8e d0", 64, "loads ss"),
        ("17", 32, "loads ss"),
        ("c4 e3 69 5c d9 40", 64, "FMA4"),
        ("8f e8 78 c0 c1 01", 64, "XOP"),
        ("66 e9 00 00 00 00", 32, "16-bit operand"),
        ("66 ff e0", 64, "16-bit operand"),
        ("66 c3", 64, "16-bit operand"),
    ],
)
def test_the_judge_refuses(text, bits, reason):
    found = decoded(text, bits)
    if not found.valid:
        pytest.skip("the judge reads it as Intel does: no instruction in these bytes")
    assert reason in judge.reason_to_refuse(found)


@pytest.mark.parametrize(
    "text",
    [
        "90",
        "c3",
        "0f 0b",
        "c5 f8 77",
        "62 f1 7c 48 28 c1",
        "62 f5 7c 48 58 c1",
        "0f 01 d0",
        "e8 00 00 00 00",
        "66 48 e8 00 00 00 00",
        "ff e0",
        "f3 a4",
        "0f a2",
    ],
)
def test_the_judge_accepts(text):
    assert judge.reason_to_refuse(decoded(text)) == ""


@given(st.binary(min_size=0, max_size=16), st.sampled_from([64, 32]))
def test_the_judge_reads_anything(code, bits):
    found = judge.decode(code, bits=bits, ip=0)
    assert 0 <= found.length <= len(code)
    assert judge.text(found)


# the emulator


def test_an_instruction_is_executed_alone(machines):
    machine = machines[64]
    assert run(machine, "48 01 c8 48 01 c8", ax=1, cx=2) is None
    assert machine.registers.ax == 3
    assert machine.registers.ip == machine.layout.sites[0].vaddr + 3


@pytest.mark.parametrize("bits", [64, 32])
def test_a_branch_may_go_to_where_nothing_is(machines, bits):
    machine = machines[bits]
    assert run(machine, "e9 00 00 00 10") is None
    assert machine.registers.ip == machine.layout.sites[0].vaddr + 5 + 0x10000000


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("f7 f1", Fault(TRAP_DE)),
        ("0f 0b", Fault(TRAP_UD)),
        ("8b 06", Fault(TRAP_PF, 0x13370000)),
        ("89 06", Fault(TRAP_PF, 0x13370000)),
    ],
)
@pytest.mark.parametrize("bits", [64, 32])
def test_exceptions(machines, bits, text, fault):
    machine = machines[bits]
    assert run(machine, text, ax=5, si=0x13370000) == fault
    assert machine.registers.ax == 5
    assert machine.registers.ip == machine.layout.sites[0].vaddr
    # the next run knows nothing of it
    assert run(machine, text, ax=5, si=0x13370000) == fault


def test_a_string_instruction_repeats_once(machines):
    machine = machines[64]
    assert run(machine, "f3 a4", cx=3, si=REGION_LOW, di=REGION_LOW + 64) is None
    assert (machine.registers.cx, machine.registers.ip) == (2, machine.layout.sites[0].vaddr)


def test_new_code_replaces_the_old(machines):
    for value in range(4):
        assert run(machines[64], f"48 83 c0 {value:02x}") is None
        assert machines[64].registers.ax == value


def test_pushf_shows_the_trap_flag(machines):
    machine = machines[64]
    run(machine, "9c", sp=REGION_LOW + 64, flags=0x302)
    vaddr = machine.layout.sites[0].vaddr
    machine.registers.ip, machine.registers.flags = vaddr, 0x302
    machine.step(with_tf=True)
    pushed = machine.read(machine.registers.sp, 8)
    assert int.from_bytes(pushed, "little") == 0x302


def test_differences_are_named(machines):
    machine = machines[64]
    run(machine, "90")
    registers, extra = bytes(machine.registers), machine.extra.raw
    assert machine.differences(registers, extra) == {}
    run(machine, "48 ff c0")
    assert machine.differences(registers, extra)["ax"] == ("0x0", "0x1")


def test_no_memory(machines):
    assert machines[64].read(0x13370000, 8) is None
    assert not machines[64].write(0x13370000, b"x")


def test_slots_are_out_of_reach_of_a_displacement():
    layout = LAYOUTS[64]
    assert all(layout.xol - site.vaddr > 1 << 31 for site in layout.sites)


# what is known of the emulator: the evidence


@pytest.mark.parametrize(
    "text",
    [
        *("0f 38 c8 c1", "0f 38 cb c1", "0f 3a cc c1 00", "66 0f 38 cf c1"),
        *("0f 38 f6 06", "f3 0f ae e0", "0f c2 c1 09", "f2 0f c2 c1 1f"),
        *("66 f3 0f 52 c1", "f3 f2 0f 38 f1 c1", "f2 f3 0f b8 c1", "44 c6 c0 01", "0f 0d c0"),
    ],
)
def test_unicorn_raises_ud(machines, text):
    found = decoded(text)
    assert found.valid
    assert known.raises_ud(found)
    assert run(machines[64], text, si=REGION_LOW) == Fault(TRAP_UD)


def test_unicorn_miscounts_a_double_shift_by_an_immediate(machines):
    machine = machines[64]
    vaddr = machine.layout.sites[0].vaddr
    operand = REGION_LOW + 0x100
    distance = (operand - vaddr - 8) & 0xFFFFFFFF
    text = b"\x0f\xa4\x05" + distance.to_bytes(4, "little") + b"\x08"
    assert decoded(text.hex(), ip=vaddr).insn.memory_displacement == operand
    assert known.goes_wrong(decoded(text.hex(), ip=vaddr))
    machine.write(operand - 8, bytes(24))
    run(machine, text.hex(), ax=0xFF000000)
    assert machine.read(operand - 8, 24) == bytes(7) + b"\xff" + bytes(16)


def test_unicorn_takes_the_immediate_of_ret_for_signed(machines):
    """Unicorn takes the immediate of ret for signed: the processor adds 0xfffe, and not -2."""
    machine = machines[64]
    assert known.goes_wrong(decoded("c2 fe ff"))
    run(machine, "c2 fe ff", sp=REGION_LOW + 0x100)
    assert machine.registers.sp == REGION_LOW + 0x100 + 8 - 2


@pytest.mark.parametrize(
    "text", ["c2 fe 7f", "c6 00 01", "0f c2 c1 07", "f3 0f 52 c1", "0f a4 c8 01", "90"]
)
def test_what_is_not_known_to_be_wrong(text):
    assert known.raises_ud(decoded(text)) == ""
    assert known.goes_wrong(decoded(text)) == ""


# building


def test_missing_headers():
    files = {
        "a.c": "#include <linux/kernel.h>\n# include <asm/insn.h>\n#include <string.h>\n",
        "include/asm/insn.h": '#include <linux/errno.h>\n#include "asm/x.h"\n',
    }
    assert missing_headers(files) == ["linux/kernel.h"]


@pytest.fixture
def tiny():
    """Return a tree and a tip of a few lines: a decoder that takes one byte for an instruction."""
    decoder = (
        "#pragma once\n#include <asm/inat.h>\n"
        "enum insn_mode { INSN_MODE_32, INSN_MODE_64 };\n"
        "struct insn_field { int value, nbytes; unsigned char bytes[4]; };\n"
        "struct insn { struct insn_field opcode, modrm, rex_prefix, vex_prefix; int length; };\n"
        "int insn_decode(struct insn *, const void *, int, enum insn_mode);\n"
        "#define insn_vex_m_bits(insn) 0\n"
    )
    base = {
        "arch/x86/lib/insn.c": "#include <asm/insn.h>\n"
        "int insn_decode(struct insn *i, const void *p, int n, enum insn_mode m)\n"
        "{\n\tmemset(i, 0, sizeof(*i));\n\ti->length = 1;\n\treturn 0;\n}\n",
        "arch/x86/lib/inat.c": '#include "inat-tables.c"\n',
        "arch/x86/include/asm/insn.h": decoder,
        "arch/x86/tools/gen-insn-attr-x86.awk": 'BEGIN { print "extern int table;" }\n',
    }
    tip = {
        "arch/x86/include/asm/uprobes.h": "#define MAX_UINSN_BYTES 16\n"
        "struct arch_uprobe_mode { u8 fixups, ilen, scratch; bool nop; s32 offs; "
        "struct { u8 op; } operation; };\n"
        "struct arch_uprobe { u8 insn[16], ixol[2][16]; struct arch_uprobe_mode modes[2]; };\n"
        "struct arch_uprobe_task { int x; };\n",
        "include/linux/uprobes.h": "#include <asm/uprobes.h>\nstruct uprobe_task { "
        "struct arch_uprobe_task autask; unsigned long vaddr, xol_vaddr; };\n"
        "int arch_uprobe_analyze_insn(struct arch_uprobe *, struct mm_struct *, unsigned long);\n"
        "int arch_uprobe_pre_xol(struct arch_uprobe *, struct pt_regs *);\n"
        "int arch_uprobe_post_xol(struct arch_uprobe *, struct pt_regs *);\n"
        "void arch_uprobe_abort_xol(struct arch_uprobe *, struct pt_regs *);\n"
        "bool arch_uprobe_xol_was_trapped(struct task_struct *);\n"
        "unsigned long arch_uretprobe_hijack_return_addr(unsigned long, struct pt_regs *);\n"
        "unsigned long arch_uretprobe_stack(struct pt_regs *);\n"
        "bool arch_uprobe_skip_sstep(struct arch_uprobe *, struct pt_regs *);\n",
        "arch/x86/kernel/uprobes.c": "#include <linux/uprobes.h>\n"
        "int arch_uprobe_analyze_insn(struct arch_uprobe *a, struct mm_struct *m, "
        "unsigned long u)\n{\n\treturn a->insn[0] ? 0 : -ENOEXEC;\n}\n"
        "int arch_uprobe_pre_xol(struct arch_uprobe *a, struct pt_regs *r) { return 0; }\n"
        "int arch_uprobe_post_xol(struct arch_uprobe *a, struct pt_regs *r) { return 0; }\n"
        "void arch_uprobe_abort_xol(struct arch_uprobe *a, struct pt_regs *r) { }\n"
        "bool arch_uprobe_xol_was_trapped(struct task_struct *t) { return false; }\n"
        "unsigned long arch_uretprobe_hijack_return_addr(unsigned long v, struct pt_regs *r)\n"
        "{ return -1; }\n"
        "unsigned long arch_uretprobe_stack(struct pt_regs *r) { return 0; }\n"
        "bool arch_uprobe_skip_sstep(struct arch_uprobe *a, struct pt_regs *r) "
        "{ return false; }\n",
    }
    return base, tip


@pytest.mark.sweep
def test_a_build_is_kept(tiny, tmp_path):
    base, tip = tiny
    made = build_proof(lambda path: base.get(path, ""), tip, tmp_path / "p")
    first = made.library.stat().st_mtime_ns
    assert build_proof(lambda path: base.get(path, ""), tip, tmp_path / "p") == made
    assert made.library.stat().st_mtime_ns == first
    tip["arch/x86/kernel/uprobes.c"] += "/* another */\n"
    build_proof(lambda path: base.get(path, ""), tip, tmp_path / "p")
    assert made.library.stat().st_mtime_ns != first
    assert analyze_checked(made.filter, [(64, b"\x90" * 16), (32, bytes(16))]) == [0, -8]


def test_a_sanitizer_names_the_input(tiny, tmp_path):
    base, tip = tiny
    name = "arch/x86/kernel/uprobes.c"
    tip[name] = tip[name].replace("a->insn[0] ?", "a->insn[a->insn[1]] ?")
    made = build_proof(lambda path: base.get(path, ""), tip, tmp_path / "p")
    with pytest.raises(CheckFailed, match="32-bit code 90 70 90") as error:
        analyze_checked(made.filter, [(64, b"\x90\x01" * 8), (32, b"\x90\x70" * 8)])
    assert "sanitizer" in str(error.value)


def test_c_that_does_not_compile(tiny, tmp_path):
    base, tip = tiny
    tip["arch/x86/kernel/uprobes.c"] += "#error the end\n"
    with pytest.raises(CheckFailed, match="the end"):
        build_proof(lambda path: base.get(path, ""), tip, tmp_path / "p")


def test_no_compiler(tiny, tmp_path):
    base, tip = tiny
    with pytest.raises(InfraError, match="apt-get install no-such-compiler"):
        build_proof(
            lambda path: base.get(path, ""), tip, tmp_path / "p", compiler="no-such-compiler"
        )


# bad input


def test_bad_inputs_are_bad_enough():
    made = bad_inputs(number=2000, seed=1)
    assert made == bad_inputs(number=2000, seed=1)
    assert all(len(code) == 16 and bits in (64, 32) for bits, code in made)
    assert any(set(code[:14]) <= judge.LEGACY_PREFIXES for _, code in made)


@pytest.mark.parametrize("body", ["cat >/dev/null; exit 1", "cat >/dev/null", "exit 0"])
def test_a_filter_that_stops(tmp_path, body):
    program = tmp_path / "filter"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(CheckFailed, match="64-bit code 01 01"):
        analyze_checked(program, [(64, b"\x01" * 16), (64, b"\x02" * 16)])


def test_no_filter():
    with pytest.raises(InfraError, match="no/such"):
        analyze_checked(Path("/no/such"), [])


# words in, words out


@pytest.mark.parametrize("words", ["48 8b 05", "488b05", "0x48 0x8b 0x05", "48,8b,05", "48 8B 05"])
def test_bytes_in_words(words):
    """However they are written."""
    assert read_code(words, bits=64).code == b"\x48\x8b\x05"


@pytest.mark.parametrize(
    ("line", "bits", "code"),
    [
        ("mov 16(%rip), %rax", 64, "48 8b 05 10 00 00 00"),
        ("nop", 64, "90"),
        ("push %ebp", 32, "55"),
        ("call nowhere", 64, "e8 00 00 00 00"),
    ],
)
def test_a_line_for_the_assembler(line, bits, code):
    """What is no string of bytes is assembled."""
    assert read_code(line, bits=bits).code == bytes.fromhex(code)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("48 8b 05 08 00 00 00", "mov 8(%rip),%rax"),
        ("48 8b 05 f0 ff ff ff", "mov -0x10(%rip),%rax"),
        ("ff 25 00 00 00 00", "jmpq *(%rip)"),
        ("48 c7 c0 ab cd ef 0a", "mov $0xaefcdab,%rax"),
    ],
)
def test_an_instruction_is_named_as_people_write_it(code, words):
    """An operand relative to rip is no address, and digits are small."""
    assert judge.text(judge.decode(bytes.fromhex(code), bits=64, ip=0)) == words


NOP = Explanation(
    bits=64,
    code="90",
    text="nop",
    length=1,
    accepted=True,
    error=0,
    letter="X",
    meaning="",
    fixups={},
    copy="",
    scratch="",
    distance=0,
    skipped=True,
    emulated="",
    reason="",
)


def test_what_is_not_explained_is_said():
    """Bytes behind the instruction that was asked about; of a function, it is the next one."""
    assert "behind it    0f 05, not looked at" in explained(NOP, b"\x90\x0f\x05")
    assert "behind it" not in explained(NOP) + explained(NOP, b"\x90")


@pytest.mark.parametrize(
    ("error", "words"), [(95, "Operation not supported"), (524, "Unknown error 524")]
)
def test_a_refusal_is_what_the_user_sees(error, words):
    """The shell and perf say it in words, and a number would have to be looked up."""
    refused = replace(NOP, accepted=False, error=error)
    assert f"verdict      refused: {words}\n" in explained(refused)


def test_a_function_of_a_file(tmp_path):
    """Its instructions, in order, not beyond its end; and what can be wrong with a file."""
    program = tmp_path / "f"
    source = (
        "f: push %rbp; mov %rsp,%rbp; pop %rbp; ret; .size f,.-f; nop; .global f; .type f,@function"
    )
    command = ["gcc", "-nostdlib", "-shared", "-x", "assembler", "-o", program, "-"]
    subprocess.run(command, input=f"{source}\n", text=True, check=True)
    places = read_function(program, "f", count=9)
    assert [place.name for place in places] == ["f+0x0", "f+0x1", "f+0x4", "f+0x5"]
    assert [place.code[:1] for place in places] == [b"\x55", b"\x48", b"\x5d", b"\xc3"]
    assert len(read_function(program, "f", count=2)) == 2
    for path, message in (
        (program, "there is no function 'g'"),
        (tmp_path / "none", "cannot read"),
        (tmp_path, "this is no file"),
    ):
        with pytest.raises(UserError, match=message):
            read_function(path, "g", count=1)
    for data in (b"", b"\x7fELF", program.read_bytes()[:70]):
        cut = tmp_path / "cut"
        cut.write_bytes(data)
        with pytest.raises(UserError):
            read_function(cut, "f", count=1)


@pytest.mark.parametrize("words", ["", "  ", "zz", "4", "48 8", "mov", "90 " * 17, "é"])
def test_what_is_no_instruction(words):
    """Neither bytes nor an instruction, or too many."""
    with pytest.raises(UserError):
        read_code(words, bits=64)


def test_a_summary_counts_and_names():
    listed = families(OPCODES)
    index = next(i for i, f in enumerate(listed) if f.name == "0f a2" and f.bits == 64)
    nop = next(i for i, f in enumerate(listed) if f.name == "90" and f.bits == 64)

    def result(outcome, family, reason="", **other):
        case = Case(bits=64, code=b"\x0f\xa2", site=0, family=family)
        return Result(
            case=case, outcome=outcome, mnemonic="cpuid", text="cpuid", reason=reason, **other
        )

    summary = summarize(
        [
            result(Outcome.EQUAL, nop),
            result(Outcome.UNEQUAL, index, differences={"ax": ("0x1", "0x2")}),
            result(Outcome.LEFT_OUT, index, "no reason"),
            result(Outcome.REFUSED, index),
        ],
        listed,
    )
    assert summary.covered == 1
    assert len(summary.uncovered) == summary.opcodes - 1
    assert next(
        u for u in summary.uncovered if u.opcode == "0f a2" and u.bits == 64
    ).why.startswith("cpuid: ")
    assert summary.left_out[0].reason == "no reason"
    assert summary.needless == {"cpuid": 1}
    assert len(summary.failures) == 1
    assert "0f a2 (64-bit) cpuid" in as_text(summary)
    assert "ax: 0x1 | 0x2" in as_text(summary)
    assert as_data(summary)["cases"] == 4


# the processor at hand


@pytest.fixture(scope="module")
def natives(tmp_path_factory):
    """Return processors in both modes."""
    program = tmp_path_factory.mktemp("native") / "native"
    source = Path(compare.__file__).with_name("shim") / "native.c"
    subprocess.run(["gcc", "-static", "-no-pie", "-o", program, source], check=True)
    made = {bits: Native(program, bits) for bits in (64, 32)}
    yield made
    for each in made.values():
        each.close()


def run_natively(native, code, **registers):
    """Execute one instruction; returns the exception."""
    vaddr = native.layout.sites[0].vaddr
    native.load(bytes(Registers(ip=vaddr, cs=0x33 if native.bits == 64 else 0x23)), b"")
    for name, value in registers.items():
        setattr(native.registers, name, value)
    native.put_code(vaddr, bytes.fromhex(code))
    return native.step()


@pytest.mark.parametrize("bits", [64, 32])
def test_the_processor_at_hand_executes(natives, bits):
    """Registers, flags and memory change as the manuals say, ip moves on."""
    native = natives[bits]
    place = native.layout.sites[0].region + 0x800
    assert run_natively(native, "01 c3", ax=5, bx=(1 << 32) - 5) is None
    assert native.registers.bx == 0
    assert native.registers.flags & 0x40
    assert native.registers.ip == native.layout.sites[0].vaddr + 2
    assert run_natively(native, "89 01", ax=0x01020304, cx=place) is None
    assert native.read(place, 4) == b"\4\3\2\1"


@pytest.mark.parametrize("bits", [64, 32])
def test_the_processor_at_hand_reports_exceptions(natives, bits):
    """The number, and for a page fault the address; the state is as it was."""
    native = natives[bits]
    assert run_natively(native, "0f 0b", ax=7) == Fault(TRAP_UD)
    assert native.registers.ax == 7
    assert run_natively(native, "8b 01", cx=0x1337000) == Fault(TRAP_PF, 0x1337000)
    assert run_natively(native, "f7 f1", cx=0, ax=1) == Fault(TRAP_DE)
    assert native.registers.ip == native.layout.sites[0].vaddr


def test_the_processor_at_hand_has_vector_registers(natives):
    """What was loaded is there, and what an instruction does to it."""
    native = natives[64]
    if "ymm0[1]" not in native.cells:
        pytest.skip("NOT TESTED: no AVX in this processor: the proof leaves VEX out, and says so")
    filled = bytes(range(16)) * len(native.cells)
    native.load(bytes(Registers(ip=native.layout.sites[0].vaddr, cs=0x33)), filled)
    native.extra[len(native.extra) - 16 :] = (0x1F80).to_bytes(16, "little")
    native.put_code(native.layout.sites[0].vaddr, bytes.fromhex("c5 f8 77"))
    assert native.step() is None
    assert native.cell("xmm3[0]") == bytes(range(16))
    assert native.cell("ymm3[1]") == bytes(16)


def test_the_processor_at_hand_has_its_own_memory(natives):
    """Across pages, and nowhere."""
    native = natives[64]
    region = native.layout.regions[1]
    assert native.write(region + 0xFF0, bytes(range(32)))
    assert native.read(region + 0xFF0, 32) == bytes(range(32))
    assert native.read(region + 0x3FF0, 32) is None
    assert not native.write(0x1000, b"x")


def test_a_program_that_cannot_be_asked(tmp_path):
    """No such program, and one that ends at once."""
    with pytest.raises(InfraError, match="cannot be run"):
        Native(tmp_path / "none", 64)
    with pytest.raises(InfraError, match="gives no answer"):
        Native(Path("/bin/true"), 64)


# the copy


def verdict_of(code, scratch):
    """Return what an analysis would say whose copy is ``code``."""
    ixol = bytes.fromhex(code).ljust(16, b"\xcc")
    return Verdict(
        **dict.fromkeys(("ret", "length", "modrm", "vex_map", "fixups", "op", "offs"), 0),
        opcode=b"",
        rex2=False,
        changed=False,
        nop=False,
        ilen=len(bytes.fromhex(code)),
        scratch=scratch,
        ixol=ixol,
    )


@pytest.mark.parametrize(
    ("code", "copy", "scratch", "wrong"),
    [
        ("c5 f8 58 05 10 00 00 00", "c5 f8 58 86 10 00 00 00", 6, ""),
        ("c5 f8 58 05 10 00 00 00", "c5 f8 58 87 10 00 00 00", 6, "base register"),
        ("c5 f8 58 05 10 00 00 00", "c5 f8 58 86 11 00 00 00", 6, "displacement"),
        ("c5 f8 58 05 10 00 00 00", "c5 f8 59 86 10 00 00 00", 6, "VMULPS"),
        ("c5 f8 58 05 10 00 00 00", "c5 f8 58 8e 10 00 00 00", 6, "operand 0"),
        ("c5 f8 58 05 10 00 00 00", "c5 f8 58 05 10 00 00 00", 0, "scratch register"),
        ("c4 e2 c9 f7 3d 10 00 00 00", "c4 e2 c9 f7 be 10 00 00 00", 6, "uses the scratch"),
        ("c4 e2 c9 f7 3d 10 00 00 00", "c4 e2 c9 f7 bb 10 00 00 00", 3, ""),
        ("c5 f8 58 c1", "c5 f8 58 c1", 0, ""),
        ("c5 f8 58 01", "c5 f8 58 02", 0, "operand 2"),
        ("c5 f8 58 c1", "06", 0, "no instruction"),
    ],
)
def test_copies(code, copy, scratch, wrong):
    """A right copy, and what can be wrong with one."""
    found = wrong_copy(decoded(code), verdict_of(copy, scratch), 0x7FFFFFFFE000)
    assert (wrong in found) if wrong else (found == "")
