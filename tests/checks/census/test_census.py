# SPDX-License-Identifier: GPL-2.0-only
"""The census: what is read from ELF files, which files are taken, how figures are added up."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from generator.checks.census.count import Tally, count_program, instruction_offsets
from generator.checks.census.elf import Code, _without_padding, read_program
from generator.checks.census.run import as_data, as_text, find_files, take_census
from generator.checks.proof.build import build_peer, build_proof
from generator.checks.proof.library import VERDICTS, Classifier
from generator.errors import UserError
from generator.plan import find_base, find_series, plan_series

SOURCE = """
__attribute__((noinline)) int first(int x) { return x + 1; }
__attribute__((noinline)) static int second(int x) { return first(x) * 3; }
int main(int argc, char **argv) { return second(argc); }
"""


@pytest.fixture(scope="module", params=["", "-s"], ids=["symbols", "stripped"])
def program(request, tmp_path_factory):
    """Return a small program, with symbols and without."""
    place = tmp_path_factory.mktemp("census")
    (place / "a.c").write_text(SOURCE)
    command = ["gcc", "-O1", "-no-pie", "-o", "a", "a.c", *filter(None, [request.param])]
    subprocess.run(command, cwd=place, check=True)
    return place / "a"


def test_functions_are_found(program):
    """Three functions, with or without symbols, and each instruction of theirs."""
    found = read_program(program)
    assert found.bits == 64
    assert not found.is_go
    text = max(found.sections, key=lambda section: len(section.data))
    assert len(text.entries) >= 3
    assert list(text.entries) == sorted(set(text.entries))
    offsets = set(instruction_offsets(text, 64))
    assert {start for start, _ in text.spans} <= offsets
    assert {end for _, end in text.spans} & set(text.entries)


@pytest.mark.parametrize(
    "data", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF" + bytes(60), b"\x7fELF\x02\x01\x01" * 20]
)
def test_what_is_no_program(tmp_path, data):
    """Anything else is no program, and no error."""
    (tmp_path / "x").write_bytes(data)
    assert read_program(tmp_path / "x") is None


def test_a_cut_program_is_no_program(program, tmp_path):
    """A file that ends in the middle is passed over."""
    whole = program.read_bytes()
    for length in range(5, len(whole), len(whole) // 7):
        (tmp_path / "cut").write_bytes(whole[:length])
        read_program(tmp_path / "cut")


def test_files_are_found_once_and_spread(tmp_path):
    """Only ELF files, no links, largest first; a limit keeps some of every size."""
    for size in range(10, 110, 10):
        (tmp_path / f"f{size}").write_bytes(b"\x7fELF" + bytes(size))
    (tmp_path / "text").write_text("no program")
    (tmp_path / "link").symlink_to("f10")
    names = [path.name for path in find_files([tmp_path, tmp_path / "f10"])]
    assert names == [f"f{size}" for size in range(100, 0, -10)]
    assert [path.name for path in find_files([tmp_path], limit=5)] == [
        *("f90", "f70", "f50", "f30", "f10")
    ]


def test_places_that_are_wrong(tmp_path):
    """A place that is missing, or empty, is the user's error."""
    with pytest.raises(UserError, match="there is no"):
        find_files([tmp_path / "missing"])
    with pytest.raises(UserError, match="no ELF file"):
        find_files([tmp_path])


def test_tallies_add_up():
    """Adding keeps every figure."""
    one = Tally(entries=Counter(stepped=2), refused=Counter(ud2=1))
    one.add(Tally(entries=Counter({"stepped": 1, "not stepped": 4}), refused=Counter(ud2=2)))
    assert one.entries == {"stepped": 3, "not stepped": 4}
    assert one.refused == {"ud2": 3}


@pytest.fixture(scope="module", params=["6.1", "6.12"])
def sides(request, kernel_source, tmp_path_factory):
    """Return our analysis and the base's own."""
    from generator.tree.series import render_series

    source = kernel_source(request.param)
    place = tmp_path_factory.mktemp("sides")
    planned = plan_series(find_base(request.param), find_series("review"))
    tip = render_series(planned, source, place).tip_files
    return [
        build_proof(source.load, tip, place / "tip").library,
        build_peer(source.load, place / "peer"),
    ]


# code, and the verdicts of ours and of the base
KNOWN = [
    ("90", "not stepped", "not stepped"),
    ("55", "not stepped", "not stepped"),
    ("e8 00 00 00 00", "not stepped", "not stepped"),
    ("f3 0f 1e fa", "not stepped", "stepped"),
    ("66 2e 0f 1f 84 00 00 00 00 00", "not stepped", "refused"),
    ("48 89 e5", "not stepped", "stepped"),
    ("c3", "not stepped", "stepped"),
    ("f3 c3", "not stepped", "stepped"),
    ("66 0f ef c0", "stepped", "stepped"),
    ("f0 ff 00", "stepped", "refused"),
    ("0f 05", "refused", "stepped"),
    ("cc", "refused", "refused"),
]


@pytest.mark.kernel
@pytest.mark.parametrize(("code", "ours", "base"), KNOWN)
def test_verdicts_of_both_sides(sides, code, ours, base):
    """The classes of well-known instructions; the base's as its source has them."""
    data = bytes.fromhex(code)
    section = Code(address=0, data=data, entries=(0,), spans=((0, len(data)),))
    from generator.checks.census.elf import Program

    program = Program(bits=64, is_go=False, sections=(section,))
    tallies = count_program(program, [Classifier(side) for side in sides])
    for tally, wanted in zip(tallies, (ours, base), strict=True):
        assert {name: tally.entries[name] for name in VERDICTS if tally.entries[name]} == {
            wanted: 1
        }
        assert tally.instructions[wanted] == 1
        assert tally.returns.total() == (data[-1] == 0xC3)


@pytest.mark.kernel
def test_census_of_a_program(sides, program):
    """A small program, in processes of their own; what is no program is counted as none."""
    seen = []
    census = take_census(
        sides, [program, Path(__file__)], jobs=1, progress=lambda *done: seen.append(done)
    )
    assert census.files == 1
    assert seen == [(1, 2), (2, 2)]
    ours, base = census.tallies
    assert ours.entries.total() == base.entries.total() >= 3
    assert ours.entries["not stepped"] > base.entries["not stepped"]
    assert ours.returns["not stepped"] == ours.returns.total() > 0
    assert as_data(census)["sides"]["ours"]["mean"] == census.mean[0]
    assert "function entries without a step" in as_text(census)


@pytest.mark.parametrize(
    ("code", "span"),
    [("55c3", (0, 2)), ("55c3cccc", (0, 2)), ("cccc", (0, 1)), ("b8cc0000cc", (0, 4))],
)
def test_padding_is_no_code(code, span):
    """int3 behind a function is nobody's instruction."""
    data = bytes.fromhex(code)
    assert _without_padding(data, 0, len(data)) == span
