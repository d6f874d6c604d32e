# SPDX-License-Identifier: GPL-2.0-only
"""The corpus for the guest: what is in the file, and what the guests say about it."""

import re
import struct

import pytest
from conftest import TESTS

from generator.checks.proof.cases import Case, make_cases
from generator.checks.proof.corpus import CODE_HIGH, CODE_LOW, STRIDE, make_corpus
from generator.checks.proof.judge import decode
from generator.checks.proof.layout import LAYOUTS, REGION_HIGH, REGION_LOW
from generator.errors import CheckFailed
from generator.guest.ktap import parse_ktap
from generator.model.opcodes import OPCODES
from generator.report.corpus import as_data, as_text, read_results

HEADER = (TESTS.parent / "qemu" / "guest" / "corpus.h").read_text()
RECORD = 176
LOW, HIGH = 0, 2  # sites of the layout


def everything(code):
    """Accept any instruction."""
    return True


def case(text, site=HIGH, bits=64):
    """Return a case."""
    return Case(bits=bits, code=bytes.fromhex(text), site=site, family=0)


def corpus(*cases, accepts=(everything, everything)):
    """Return a corpus of these and of NOPs behind them: only whole pages are filled."""
    return make_corpus([*cases, *[case("90")] * 15], accepts, bits=64, seed=1)


def record(made, index):
    """Return offset, region, code and refusals of a case in the file."""
    start = 32 + index * RECORD + 17 * 8
    offset, region = struct.unpack_from("<QQ", made.data, start)
    length, *refused = made.data[start + 32 : start + 35]
    return offset, region, made.data[start + 16 : start + 16 + length], refused


@pytest.fixture(scope="module")
def made():
    """Return a corpus of a thousand."""
    return make_corpus(
        make_cases(OPCODES, wanted=2000, seed=5), (everything, everything), bits=64, seed=1
    )


def test_the_layout_is_the_guests():
    """Addresses and sizes are said in the C as well: they are the same."""
    for name, value in (("CODE_HIGH", CODE_HIGH), ("CODE_LOW", CODE_LOW), ("CODE_STRIDE", STRIDE)):
        match = re.search(rf"#define {name}\s+(\w+?)(?:UL)?$", HEADER, re.M)
        assert int(match[1], 0) == value
    for bits, regions in zip(
        (64, 32), re.findall(r"#define REGIONS\s+\{(.*?)\}", HEADER), strict=True
    ):
        found = [int(word.strip("UL "), 0) for word in regions.split(",")]
        assert found == list(LAYOUTS[bits].regions)


def test_the_file(made):
    """A header and a record for each case, each in a stretch of its own, some across a page."""
    magic, count, low, _ = struct.unpack_from("<8sQQQ", made.data)
    assert magic.rstrip(b"\0") == b"corpus1"
    assert count == len(made.cases)
    assert len(made.data) == 32 + count * RECORD
    assert low % 8 == 0
    across = 0
    for index, placed in enumerate(made.cases):
        offset, region, code, _ = record(made, index)
        assert code == placed.code
        assert index * STRIDE < offset < (index + 1) * STRIDE
        base = CODE_HIGH if index < low else CODE_LOW - low * STRIDE
        assert placed.vaddr == base + offset
        assert region in LAYOUTS[64].regions
        across += placed.vaddr // 4096 != (placed.vaddr + len(code) - 1) // 4096
    assert across > count // 20


@pytest.mark.parametrize(("site", "region"), [(LOW, REGION_LOW), (HIGH, REGION_HIGH)])
def test_operands_relative_to_rip_stay(site, region):
    """The instruction moves, what it addresses does not."""
    vaddr = LAYOUTS[64].sites[site].vaddr
    distance = region + 0x900 - (vaddr + 7)
    code = bytes.fromhex("48 8b 05") + struct.pack("<i", distance)
    made = corpus(Case(bits=64, code=code, site=site, family=0))
    found = next(placed for placed in made.cases if placed.mnemonic == "mov")
    assert found.vaddr != vaddr
    insn = decode(found.code, bits=64, ip=found.vaddr).insn
    assert insn.memory_displacement == region + 0x900


@pytest.mark.parametrize(
    "text",
    [
        "eb fe",  # endless
        "e2 fe",
        "eb ff",  # into itself
        "0f 31",  # another result each time
        "f0 0f b3 d4",  # ends the emulator
        "66 0f 38 f6 c1",
        "cb",  # QEMU lets the kernel fault
        "ca 08 00",
        "62 f2 fd 28 90 f9 3b f8 cf",  # none, and the base goes on behind it
    ],
)
def test_what_is_left_out(text):
    """Some things cannot be compared, or not there."""
    assert {placed.mnemonic for placed in corpus(case(text)).cases} == {"nop"}


def test_32_bit_code():
    """All of it lies in low memory, and in the regions of that mode."""
    made = make_corpus(
        make_cases(OPCODES, wanted=4000, seed=5), (everything, everything), bits=32, seed=1
    )
    assert struct.unpack_from("<8sQQQ", made.data)[2] == 0
    assert len(made.cases) > 200
    for index, placed in enumerate(made.cases):
        offset, region, code, _ = record(made, index)
        assert placed.vaddr == CODE_LOW + offset
        assert region in LAYOUTS[32].regions
        assert decode(code, bits=32, ip=placed.vaddr).length in (len(code), 0)


def test_what_is_refused():
    """By ours: it is not there. By the base: it is marked. 32-bit code is not there."""

    def refuses(code):
        return code[0] != 0x50

    cases = [case("50"), case("51"), case("40", bits=32)]
    assert "push" not in {p.text[:8] for p in corpus(cases[0], accepts=(refuses, refuses)).cases}
    made = corpus(*cases, accepts=(everything, refuses))
    assert [placed.refused for placed in made.cases if placed.code == b"\x50"] == [(False, True)]
    index = next(i for i, placed in enumerate(made.cases) if placed.code == b"\x50")
    assert record(made, index)[3] == [0, 1]
    assert b"\x40" not in {placed.code for placed in made.cases}


def test_what_only_ours_refuses_is_for_the_base():
    """It is there, marked, with our reason; what enters the kernel, or is none, is not."""

    def refuses(code):
        return code[0] not in (0x50, 0x0F, 0x8F)

    made = make_corpus(
        [case("50"), case("0f 05"), case("8f e1 cb f5 7e 5a"), *[case("90")] * 15],
        (refuses, everything),
        bits=64,
        seed=1,
        reason=lambda code: "odd",
    )
    (push,) = [placed for placed in made.cases if placed.code == b"\x50"]
    assert (push.refused, push.reason) == ((True, False), "odd")
    assert "syscall" not in {placed.mnemonic for placed in made.cases}
    assert not [placed for placed in made.cases if placed.code[:1] == b"\x8f"]


@pytest.mark.parametrize(("reason", "good"), [("odd", True), ("", False)])
def test_a_refusal_counts(reason, good):
    """The base executes it as it is, ours refuses it: a failure, unless there is a reason."""
    made = make_corpus(
        [case("50"), *[case("90")] * 15],
        (lambda code: code[0] != 0x50, everything),
        bits=64,
        seed=1,
        reason=lambda code: reason,
    )
    index = next(i for i, placed in enumerate(made.cases) if placed.code == b"\x50")
    found = read_results(made, {"ours": guest(), "base": guest()})
    assert [row.mnemonics for row in found.refusals] == [("push",)]
    assert (not found.problems) is good
    assert (reason or "WITHOUT A REASON") in as_text(found)
    # what the base gets wrong is no loss
    line = f"#   case {index} (48 89): sp: expected 0x1, saw 0x2"
    found = read_results(made, {"ours": guest(), "base": guest(line, outcome="wrong")})
    assert not found.refusals
    assert not found.problems


def guest(*lines, outcome="pass", words="cases=8 faults=1 wrong=0 refused=0", cut=False):
    """Return what a guest has printed."""
    head = "ok" if outcome == "pass" else "not ok"
    end = [] if cut else [f"# batch-000: outcome={outcome} {words}", f"{head} 1 batch-000"]
    return parse_ktap(["KTAP version 1", "1..1", *lines, *end, "# uprobekit: done"])


def test_results():
    """Sums, and each case that is wrong with its instruction; said twice, it is one."""
    made = corpus(case("50"))
    index = next(i for i, placed in enumerate(made.cases) if placed.code == b"\x50")
    line = f"#   case {index} (48 89): sp: expected 0x1, saw 0x2"
    reports = {"ours": guest(), "base": guest(line, line, outcome="wrong")}
    found = read_results(made, reports)
    assert found.executed == {"ours": 8, "base": 8}
    (wrong,) = found.wrong
    assert (wrong.side, wrong.code, wrong.mnemonic) == ("base", "50", "push")
    text = as_text(found)
    assert "by what differs first: sp 1" in text
    assert as_data([found])["runs"][0]["wrong"][0]["what"] == "sp: expected 0x1, saw 0x2"


def test_a_batch_that_died_is_wrong():
    """It is when it says which case was its end, and when it does not."""
    made = corpus(case("50"))
    found = read_results(made, {"ours": guest(outcome="died")})
    assert found.wrong[0].what == "batch-000: died"
    line = "#   case 99999 (90): died: ended with status 0xb"
    assert read_results(made, {"ours": guest(line)}).wrong[0].what.startswith("died")


@pytest.mark.parametrize("report", [parse_ktap([]), guest(cut=True)])
def test_a_guest_that_broke_off(report):
    """Half a result is none."""
    with pytest.raises(CheckFailed):
        read_results(corpus(case("50")), {"ours": report})
