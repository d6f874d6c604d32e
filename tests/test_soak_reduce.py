# SPDX-License-Identifier: GPL-2.0-only
"""A program that differs under probes is reduced to what differs."""

import shutil
import subprocess

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

BUILD = Build(compiler="gcc", level="O1")

DIVIDES = ("sh", "-c", "objdump -d {program} --disassemble=main | grep -q idiv")
"""A difference that is planted: a kernel that is wrong where main() divides."""


needs_cvise = pytest.mark.skipif(
    shutil.which("cvise") is None, reason="NOT TESTED: no cvise here; 'make test-tools' installs it"
)


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


@needs_cvise
@pytest.mark.parametrize(
    ("text", "differs"),
    [
        (SOURCE, ("false",)),
        ("int main(void) { return 1; }", ("true",)),
        (
            "int main(void) { int a[2], i; for (i = 0; i < 4; i++) a[i] = i; return a[1] - 1; }",
            ("true",),
        ),
    ],
)
def test_nothing_to_reduce(text, differs, tmp_path):
    """What does not differ, fails without probes, or is undefined, is no program to reduce."""
    (tmp_path / "1.c").write_text(text)
    with pytest.raises(UserError, match="does not differ"):
        reduce_source(tmp_path / "1.c", BUILD, differs, tmp_path / "work")


@needs_cvise
def test_a_source_that_does_not_compile(tmp_path):
    """The compiler's words are shown."""
    (tmp_path / "1.c").write_text('#include "gone.h"\n')
    with pytest.raises(UserError, match=r"gone\.h"):
        reduce_source(tmp_path / "1.c", BUILD, ("true",), tmp_path / "work")


def test_ways_to_compile():
    """A name is that of a row of the table."""
    assert find_build("clang-O3-64-avx2").options == ("-mavx2",)
    with pytest.raises(UserError, match="no 'gcc-O9-64'"):
        find_build("gcc-O9-64")


def test_a_side_that_is_none(source, capsys):
    """It is an error before anything is compiled."""
    assert main(["soak", "--source", str(source), "--side", "mine"]) == 1
    assert "no 'mine'" in capsys.readouterr().err
