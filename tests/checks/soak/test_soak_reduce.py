# SPDX-License-Identifier: GPL-2.0-only
"""A program that differs under probes is reduced to what differs."""

import subprocess
import sys
import time

import pytest

from generator.checks.soak.generated import Build, find_build
from generator.checks.soak.reduce import reduce_source
from generator.cli import main
from generator.errors import UserError

SOURCE = """
int printf(const char *, ...);
static int table[4];
static int mix(int n) { for (int i = 0; i < 4; i++) table[i] = n ^ i; return table[2]; }
int main(int argc, char **argv)
{
	printf("%d\\n", mix(argc) + 9 / argc);
	return 0;
}
"""

PRINTS = "int printf(const char *, ...);"

BUILD = Build(compiler="gcc", level="O1")

DIVIDES = ("sh", "-c", "objdump -d {program} --disassemble=main | grep -q idiv")
"""A difference that is planted: a kernel that is wrong where main() divides."""


needs_cvise = pytest.mark.needs("cvise")


@pytest.fixture
def source(tmp_path):
    """Return a program of which one line differs."""
    (tmp_path / "1.c").write_text(SOURCE)
    return tmp_path / "1.c"


@pytest.mark.sweep
@needs_cvise
def test_a_planted_difference(source, tmp_path):
    """What is left has the difference, ends well, and is a fraction of what there was."""
    small = reduce_source(source, BUILD, DIVIDES, tmp_path / "work", jobs=2)
    text = small.read_text()
    assert len(text) < 120
    assert "/" in text
    assert "table" not in text
    program = tmp_path / "small"
    subprocess.run([*BUILD.command, "-w", small, "-o", program], check=True)
    assert subprocess.run([program], check=False, timeout=10).returncode == 0
    said = subprocess.run(
        ["objdump", "-d", "--disassemble=main", program], capture_output=True, text=True, check=True
    )
    assert "idiv" in said.stdout
    assert source.read_text() == SOURCE


@pytest.fixture
def no_cvise(stand_in):
    """Stand in for cvise: a test that does not get as far needs none."""
    stand_in("cvise", "exit 9")


@pytest.mark.usefixtures("no_cvise")
@pytest.mark.parametrize(
    ("text", "differs"),
    [
        (SOURCE, ("false",)),
        ("int main(void) { return 1; }", ("true",)),
        (
            "int main(void) { int a[2], i; for (i = 0; i < 4; i++) a[i] = i; return a[1] - 1; }",
            ("true",),
        ),
        (f'{PRINTS} int main(void) {{ int i; printf("%d", i); return 0; }}', ("true",)),
        ("int main(void) { return abs(0); }", ("true",)),
    ],
)
def test_nothing_to_reduce(text, differs, tmp_path):
    """What does not differ, fails without probes, or is undefined, is no program to reduce.

    The sanitizers do not see a variable without a value: a reduction had gone on with one.
    """
    (tmp_path / "1.c").write_text(text)
    with pytest.raises(UserError, match="does not differ"):
        reduce_source(tmp_path / "1.c", BUILD, differs, tmp_path / "work")


@pytest.mark.usefixtures("no_cvise")
def test_a_source_that_does_not_compile(tmp_path):
    """The compiler's words are shown."""
    (tmp_path / "1.c").write_text('#include "gone.h"\n')
    with pytest.raises(UserError, match=r"gone\.h"):
        reduce_source(tmp_path / "1.c", BUILD, ("true",), tmp_path / "work")


REDUCES = """
import sys
from pathlib import Path
from generator.checks.soak.generated import Build
from generator.checks.soak.reduce import reduce_source
source, place, asked = map(Path, sys.argv[1:])
ask = ("sh", "-c", f"echo >> {asked}; test $(wc -l < {asked}) = 1 || sleep 1000")
reduce_source(source, Build(compiler="gcc", level="O1"), ask, place)
"""


def processes_of(place):
    """Return the command lines that name a folder."""
    said = subprocess.run(
        ["ps", "-wweo", "args"], capture_output=True, text=True, check=True
    ).stdout
    return [line for line in said.splitlines() if str(place) in line]


@pytest.mark.sweep
@needs_cvise
@pytest.mark.needs("ps")
def test_a_reduction_that_is_ended(source, tmp_path):
    """Cvise and the attempt that runs end with whoever has started them."""
    place, asked = tmp_path / "work", tmp_path / "asked"
    with subprocess.Popen(
        [sys.executable, "-c", REDUCES, str(source), str(place), str(asked)]
    ) as started:
        end = time.monotonic() + 60
        while len(asked.read_text().splitlines() if asked.is_file() else ()) < 2:
            assert started.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        started.kill()
    end = time.monotonic() + 20
    while left := processes_of(tmp_path):
        assert time.monotonic() < end, left
        time.sleep(0.2)


def test_ways_to_compile():
    """A name is that of a row of the table."""
    assert find_build("clang-O3-64-avx2").options == ("-mavx2",)
    with pytest.raises(UserError, match="no 'gcc-O9-64'"):
        find_build("gcc-O9-64")


def test_a_side_that_is_none(source, capsys, stand_in):
    """It is an error before anything is compiled."""
    stand_in("qemu-system-x86_64", "exit 1")
    assert main(["soak", "--source", str(source), "--side", "mine"]) == 1
    assert "no 'mine'" in capsys.readouterr().err
