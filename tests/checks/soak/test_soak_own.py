# SPDX-License-Identifier: GPL-2.0-only
"""A C program of the user's under probes: what it may be called, and what is wrong with it."""

from dataclasses import replace

import pytest

from generator.checks.soak.generated import compile_own, find_build
from generator.checks.soak.judge import as_run
from generator.checks.soak.pack import format_plan, load_generated
from generator.cli import main
from generator.errors import UserError
from generator.guest.accel import AccelVerdict
from generator.guest.boot import BootResult
from generator.guest.ktap import parse_ktap
from generator.guest.outcome import Kind, Outcome
from generator.guest.vm import Ending, MachineEnd

BUILD = find_build("gcc-O2-64")
GOOD = "int main(void) { return 0; }\n"


@pytest.fixture
def load(tmp_path):
    """Return the load of a program."""
    (tmp_path / "own.c").write_text(GOOD)
    return load_generated([compile_own(tmp_path / "own.c", BUILD, tmp_path)])


@pytest.mark.parametrize("name", ["a b.c", "a\nround x.c", "ä.c", "x" * 200 + ".c", "a", "a.b.c"])
def test_any_name_of_a_file(name, tmp_path):
    """The guest reads words in lines; what a source is called is no part of that."""
    source = tmp_path / name
    source.write_text(GOOD)
    place = tmp_path / "made"
    place.mkdir()
    program = compile_own(source, BUILD, place)
    lines = format_plan(load_generated([program])).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["program", "deadline", "arg", "round"]
    assert all(len(line.split(" ")) == 2 for line in lines)
    assert len(program.name) < 100
    assert program.sites


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no such file"),
        ("", "main"),
        ("int main(void) {", "gcc fails"),
        ("\x00\x01", "gcc fails"),
    ],
)
def test_what_is_no_program(text, said, tmp_path):
    """It is the input that is wrong, and not the machine."""
    source = tmp_path / "own.c"
    if text is not None:
        source.write_text(text)
    with pytest.raises(UserError, match=said):
        compile_own(source, BUILD, tmp_path)


def test_a_folder(tmp_path):
    """It is there, and no file."""
    with pytest.raises(UserError, match="this is no file"):
        compile_own(tmp_path, BUILD, tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ("--source", "x.c", "--full"),
        ("--source", "x.c", "--program", "python3"),
        ("--source", "x.c", "--count", "0"),
        ("--source", "x.c", "--seed", "2"),
        ("--source", "x.c", "--boot-again"),
        ("--source", "x.c", "--junit", "x.xml"),
        ("--source", "x.c", "--workers", "1"),
        ("--source", "x.c", "--scheduler", "tcp://x:1"),
        ("--reduce", "y.c"),
        ("--side", "base"),
        ("--build", "gcc-O0-64"),
    ],
)
def test_options_that_contradict(words, tmp_path, capsys, stand_in):
    """Nothing is compiled or booted."""
    stand_in("qemu-system-x86_64", "exit 1")
    assert main(["soak", "--workdir", str(tmp_path / "area"), *words]) == 1
    said = capsys.readouterr().err
    wrong = next(word for word in words if word.startswith("--") and word != "--source")
    assert f"{wrong} goes" in said and "with --source" in said
    assert not (tmp_path / "area").exists()


def test_a_dry_run_boots_nothing(tmp_path, capsys, stand_in):
    """It says how the program is compiled, and where it would run."""
    stand_in("qemu-system-x86_64", "exit 1")
    command = ["soak", "--workdir", str(tmp_path / "area"), "--source", "x.c", "--side", "base"]
    assert main([*command, "--dry-run"]) == 0
    assert "x.c: gcc -O2 -m64, on base" in capsys.readouterr().out
    assert not (tmp_path / "area").exists()


def test_why_a_program_shows_nothing(load, tmp_path):
    """What the guest says of its runs without probes stands before the first round."""
    name = load.items[0].name
    lines = [
        *("KTAP version 1", "1..2", f"#   {name} ends with exit-3 and exit-3 without probes"),
        *("#   stderr: no such thing", "# arm-instructions: sites=1", "ok 1 arm-instructions"),
        *(f"# {name}-instructions: outcome=unstable hits=0", f"not ok 2 {name}-instructions"),
    ]
    boot = BootResult(
        base="6.1",
        variant="tip",
        flavour="soak",
        outcome=Outcome(kind=Kind.FAILED_TESTS, reason=""),
        ktap=parse_ktap([*lines, "# uprobekit: done"]),
        end=MachineEnd(ending=Ending.EXITED, status=0, seconds=1.0, events=(), message=""),
        accel=AccelVerdict(accel="tcg", reason=""),
        console=tmp_path,
        results=tmp_path,
        command=(),
    )
    said = as_run(load, boot).said
    assert said == (f"{name} ends with exit-3 and exit-3 without probes", "stderr: no such thing")
    other = replace(boot, ktap=parse_ktap([lines[0], "1..0", "# uprobekit: done"]))
    assert as_run(load, other).outcome == "lost"
