# SPDX-License-Identifier: GPL-2.0-only
"""Several checks in one table: their status is that of the commands, and nothing is left out."""

import json
from types import SimpleNamespace

import jsonschema
import pytest
from conftest import MINI

from generator.cli import app, main
from generator.cli import check as checking
from generator.cli.check import CHECKS, MEASURES
from generator.cli.groups import GROUPS
from generator.report.check import CheckRow, format_checks, worst_status
from generator.report.schema import make_schema


@pytest.fixture
def said(monkeypatch):
    """Let each command end as the test wants, and keep what was run, and what was run here."""
    ends, ran, here = {}, [], []

    def run(command, **_options):
        words = command[3:]
        ran.append(words)
        status, text = ends.get(words[0], (0, ""))
        return SimpleNamespace(returncode=status, stderr=text, stdout="never shown")

    real = app.main

    def inner(words):
        if words[0] in ("check", "measure"):
            return real(words)
        here.append(words)
        print("said here")
        return ends.get(words[0], (0, ""))[0]

    monkeypatch.setattr(checking, "tools", SimpleNamespace(run=run))
    monkeypatch.setattr(app, "main", inner)
    return SimpleNamespace(ends=ends, ran=ran, here=here)


def test_all_that_need_no_build(said, capsys):
    """Each once, on the base that was named; a table of them, and nothing else."""
    assert main(["check", "--base", "6.12", "--workdir", "/w"]) == 0
    wanted = [check for check in CHECKS.values() if not (check.builds or check.asked)]
    assert len(said.ran) == len(wanted) > 4 and not said.here
    for check in wanted:
        (words,) = (ran for ran in said.ran if ran[: len(check.words)] == [*check.words])
        assert words[len(check.words) :][:2] == ["--base", "6.12"] and "--quiet" in words
        assert words[words.index("--workdir") + 1] == "/w"
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[:2] for row in rows] == [
        [name, "good"] for name, check in CHECKS.items() if not (check.builds or check.asked)
    ]


def test_those_that_are_named(said, capsys):
    """In that order, once."""
    assert main(["check", "proof", "review", "proof", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in data["checks"]] == ["proof", "review"]
    jsonschema.validate(data, make_schema("check"))


def test_kernels_are_built_first(said, capsys):
    """Once for all that need them, and what that says is no result; no check without them."""
    assert main(["check", "verify", "patches", "review", "--base", "6.12", "--json"]) == 0
    build = ["build", "tip", "--flavour", "plain", "--base", "6.12", "--series", "review"]
    assert said.here == [build]
    out, err = capsys.readouterr()
    assert len(json.loads(out)["checks"]) == len(said.ran) == 3 and "said here" in err
    said.ends["build"] = (2, "")
    assert main(["check", "verify", "review"]) == 2 and len(said.ran) == 3
    assert main(["check", "verify"]) == 2 and [words[0] for words in said.here[1:]] == ["build"] * 2


def test_one_alone_says_all(said, capsys):
    """It is the command, with options of its own; as JSON a row, as of several."""
    assert main(["check", "fuzz", "--seconds", "20", "--base", "6.12"]) == 0
    assert said.here == [["fuzz", "--base", "6.12", "--seconds", "20"]] and not said.ran
    assert capsys.readouterr().out == "said here\n"
    said.ends["states"] = (2, "x")
    assert main(["check", "states"]) == 2
    assert main(["check", "fuzz", "--seconds=20", "--json"]) == 0
    assert said.ran == [["fuzz", "--base", "6.1", "--seconds=20", "--quiet"]]


@pytest.mark.parametrize("words", [["check"], ["check", "review", "states"], ["measure"]])
def test_an_option_of_nobody(words, said, capsys):
    """It belongs behind one name, and the hint says so."""
    assert main([*words, "--secnods", "20"]) == 1
    err = capsys.readouterr().err
    assert "no option '--secnods'" in err and "after its name" in err
    assert not said.ran and not said.here


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        ({"review": (2, "x")}, 2),
        ({"review": (2, "x"), "states": (3, "no gcc")}, 2),
        ({"states": (3, "no gcc"), "checkpatch": (1, "no tree")}, 3),
        ({"checkpatch": (1, "no tree")}, 1),
        ({"states": (-2, "")}, 3),
    ],
)
def test_a_check_is_not_good(ends, status, said, capsys):
    """The table says which, and below it what the check has said, with the line to run it alone."""
    said.ends.update(ends)
    assert main(["check"]) == status
    out = capsys.readouterr().out
    for name, (_, text) in ends.items():
        assert f"\n{name}: uprobekit {name} --base 6.1" in out
        assert f"\n  {text or 'nothing was said'}" in out
    assert "never shown" not in out
    assert main(["check", "--json"]) == status
    rows = json.loads(capsys.readouterr().out)["checks"]
    assert worst_status([CheckRow(**row) for row in rows]) == status
    assert {row["status"] for row in rows} <= {0, 1, 2, 3}


def test_there_is_no_such_check(said, capsys):
    """The hint has those there are; nothing was run."""
    assert main(["check", "nonsense"]) == 1
    err = capsys.readouterr().err
    assert "nonsense" in err and "checkpatch" in err and not said.ran


def test_a_command_takes_what_it_is_given(tmp_path, capsys):
    """For real: the made-up tree is not one of the series, and that is said once."""
    words = ["check", "review", "--tree", str(MINI), "--workdir", str(tmp_path), "--json"]
    assert main(words) == 1
    (row,) = json.loads(capsys.readouterr().out)["checks"]
    assert row["status"] == 1 and "kernel/events/uprobes.c" in row["text"]
    assert "no such option" not in row["text"].lower()


def test_measurements_by_name(monkeypatch, capsys):
    """Each once, with what it says, in that order; the status that counts most; JSON of one."""
    run, ran, ends = app.main, [], {"census": 1, "matrix": 2}

    def measured(words):
        ran.append(words)
        return ends[words[0]]

    monkeypatch.setattr(app, "main", measured)
    assert run(["measure", "census", "matrix", "census", "--base", "6.12", "--quiet"]) == 2
    shared = ["--base", "6.12", "--series", "review"]
    assert ran == [["census", *shared, "--quiet"], ["matrix", *shared, "--quiet"]]
    assert run(["measure", "census", "matrix", "--json"]) == 1
    assert run(["measure", "nonsense"]) == 1
    assert "they are: matrix, coverage" in capsys.readouterr().err and len(ran) == 2
    assert run(["measure", "census", "--json"]) == 1 and ran[2][-1] == "--json"
    ends["cost"] = 0
    ends["build"] = 0
    assert run(["measure", "cost", "--order", "far"]) == 0
    build = ["build", "tip", "peer", "--flavour", "plain", "--base", "6.1", "--series", "review"]
    assert ran[3:] == [build, ["cost", "--base", "6.1", "--series", "review", "--order", "far"]]


def test_measurements_of_a_series_of_the_unmodified_tree(said):
    """Its kernel has its own name; what holds only the review's is not built for."""
    shared = ["--base", "6.1", "--series", "fixes"]
    for name in ("cost", "corpus"):
        assert main(["measure", name, "--series", "fixes"]) == 0
        build = ["build", "fixes", "peer", "--flavour", "plain", *shared]
        assert said.here == [build, [name, *shared]]
        said.here.clear()
    main(["measure", "scaling", "--series", "fixes"])
    assert said.here == [["scaling", *shared]]


def test_what_can_be_measured(capsys):
    """A line for each; all of the commands of that group, and of those alone."""
    assert main(["measure"]) == 0
    listed = [row.split()[0] for row in capsys.readouterr().out.splitlines()]
    assert listed == list(MEASURES)
    assert {"measure", *listed} == set(GROUPS["Measure, on kernels and programs"])


@pytest.mark.parametrize("name", [*CHECKS, *MEASURES])
def test_every_check_is_a_command(name, capsys):
    """With the options that all of them get."""
    one = {**CHECKS, **MEASURES}[name]
    words = ["--base", "9.9", "--tree", "/x", "--rev", "x", "--workdir", "/x"]
    words += ["--series", "review"] if one.series else []
    assert main([*one.words, *words, "--quiet"]) == 1
    assert "there is no base '9.9'" in capsys.readouterr().err


def test_what_a_check_says_is_harmless():
    """Escapes of a terminal do not come through."""
    row = CheckRow(name="a", what="b", status=2, seconds=1.0, command="c", text="\x1b[31mred")
    assert "\x1b" not in format_checks([row]) and "red" in format_checks([row])
    assert worst_status([]) == 0
