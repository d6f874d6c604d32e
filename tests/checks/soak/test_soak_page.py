# SPDX-License-Identifier: GPL-2.0-only
"""docs/soak.md: printed from what is kept of ``soak --full``, whatever is kept."""

import json
import re
from dataclasses import replace

import pytest
from conftest import TESTS

from generator.checks.soak.judge import Row, Run, Soak, as_data
from generator.cli import main
from generator.report.kept import kept_path, write_kept


def run(outcome, hits=5, seconds=4.0):
    return Run(outcome=outcome, hits=hits, returns=1, seconds=seconds, plain=2.0)


def row(program, ours, base, reason=""):
    return Row(
        program=program,
        round="instructions",
        sites=1200,
        base_sites=1200,
        ours=ours,
        base=base,
        problems=(),
        reason=reason,
    )


SOAK = Soak(
    full=True,
    rows=(
        row("xz", run("pass"), run("pass", hits=3)),
        row("csmith-1-gcc-O2-64", run("pass"), run("pass")),
        row("csmith-7-gcc-O2-64", run("pass"), run("died", 2), "vex-as-branch: 3 places; x: 1"),
        row("csmith-8-gcc-O3-64", run("pass"), run("pass")),
    ),
    refused=(),
    boots={},
    versions={"xz-utils": "5.4", "csmith": "2.3"},
    problems=(),
    unstable=(),
    seconds=600.0,
)


def keep(area, base, soak):
    write_kept(area, base, "soak-full", as_data(soak), source="6.1.192", tip="0" * 40)


def page(area, capsys):
    assert main(["soak", "--page", "--workdir", str(area)]) == 0
    return capsys.readouterr().out


def test_rows(tmp_path, capsys):
    """Programs that are compiled alike are one line, with how many ended how."""
    keep(tmp_path, "6.1", SOAK)
    said = page(tmp_path, capsys).splitlines()
    assert "| xz | instructions | 1,200 | 5 | 1 | pass | 2.0 | pass | 2.0 | 3 |  |" in said
    assert (
        "| csmith, gcc-O2-64 (2) | instructions | 2,400 | 10 | 2 | pass | 2.0 | 1 pass, 1 died | "
        "2.0 | 7 | vex-as-branch, x |" in said
    )
    assert sum("csmith, " in line for line in said) == 2
    assert "Packages: csmith 2.3, xz-utils 5.4." in said
    assert "4 runs under probes, 24 hits and returns: as without probes 4 on the tip, 3 on" in (
        "\n".join(said)
    )


def test_what_is_wrong(tmp_path, capsys):
    """What is wrong on our side stands below the table."""
    keep(tmp_path, "6.1", replace(SOAK, problems=("xz, entries: died; the base passes",)))
    assert "- xz, entries: died; the base passes" in page(tmp_path, capsys).splitlines()


def test_bases(tmp_path, capsys):
    """A base of which nothing is kept has no section."""
    keep(tmp_path, "6.12", SOAK)
    assert "## 6.12" in page(tmp_path, capsys)
    assert "## 6.1\n" not in page(tmp_path, capsys)


def test_nothing_is_kept(tmp_path, capsys):
    assert main(["soak", "--page", "--workdir", str(tmp_path)]) == 1
    assert "run: uprobekit soak --full" in capsys.readouterr().err


@pytest.mark.parametrize("change", [{"rows": [{"program": "x"}]}, {"format": 7}, {"rows": 3}])
def test_what_is_kept_is_damaged(change, tmp_path, capsys):
    """Where, what, and the command that makes it anew."""
    keep(tmp_path, "6.1", SOAK)
    path = kept_path(tmp_path, "6.1", "soak-full")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert main(["soak", "--page", "--workdir", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert str(tmp_path) in said
    assert "run: uprobekit soak --full" in said


def numbers(line):
    """Return the cells of a row; those that are numbers as such."""
    cells = [cell.strip() for cell in line.strip("| \n").split("|")]
    return [int(c.replace(",", "")) if c.replace(",", "").isdigit() else c for c in cells]


def test_the_readme_says_what_the_page_says():
    """The first result of the README is read off docs/soak.md: rows, sums, good ends."""
    lines = (TESTS.parent / "docs/soak.md").read_text().split("## 6.1\n")[1].split("## ")[0]
    rows = [numbers(line) for line in lines.splitlines() if line.startswith("| ")][1:]
    readme = (TESTS.parent / "README.md").read_text()
    real = [row for row in rows if not row[0].startswith("csmith")]
    made = [row for row in rows if row[0].startswith("csmith")]
    for name, probes in (
        ("python3", "entries"),
        ("python3", "instructions"),
        ("python-tests", "instructions"),
        ("postgresql", "instructions"),
    ):
        row = next(row for row in real if row[:2] == [name, probes])
        hits = f"{row[3]:,} and {row[4]:,}" if row[4] else f"{row[3]:,}"
        assert f"| {row[2]:,} | {hits} | the same |" in readme
    ours, base = (sum(row[where] == "pass" for row in real) for where in (5, 7))
    assert f"{ours} of {len(real)} the same | {base} of {len(real)} |" in readme
    assert f"| {sum(row[3] + row[4] for row in real):,} |" in readme
    assert f"| {sum(row[2] for row in made):,} | {sum(row[3] for row in made):,} |" in readme
    passed = {where: sum(count(row[0], row[where]) for row in made) for where in (5, 7)}
    assert f"{passed[5]} of 200 the same | {passed[7]} of 200 |" in readme


def count(name, outcome):
    """Return how many of a row passed: ``csmith, gcc-O2-64 (7)``, ``6 pass, 1 died``."""
    if outcome == "pass":
        return int(name.rpartition("(")[2].rstrip(")")) if "(" in name else 1
    found = re.search(r"(\d+) pass", outcome)
    return int(found[1]) if found else 0
