# SPDX-License-Identifier: GPL-2.0-only
"""docs/cost.md: printed from what is kept of ``cost`` and ``scaling``, whatever is kept."""

import pytest
from conftest import TESTS

from generator.checks.scaling.count import HitCounts
from generator.checks.scaling.rates import Rate
from generator.cli import main
from generator.report import cost, scaling
from generator.report.kept import kept_path, write_kept

ROW = cost.Cost(
    name="nop",
    site="nop",
    mode="64",
    kind="nop",
    code="90",
    how="not stepped",
    how_base="stepped",
    ours=900,
    base=1000,
    aim=0.95,
    limit=0.96,
)
DEAR = cost.Cost(
    name="return-nop+trace",
    site="return-nop",
    mode="64+trace",
    kind="returns",
    code="",
    how="",
    how_base="",
    ours=1990,
    base=2000,
    aim=0.85,
    limit=1.0,
)
COUNTS = tuple(
    HitCounts(
        row="nop-one",
        side=side,
        calls=9,
        instructions=1868,
        locked=locked,
        shared_lines=1,
        shared_writes=2,
        shared_locked=1,
        allocations=0,
        frees=0.5,
    )
    for side, locked in (("ours", 4), ("base", 6))
)
RATES = (
    Rate(row="nop-one-1", ours=(11, 13, 12), base=(10, 10, 10)),
    Rate(row="nop-one-8", ours=(9, 9, 9), base=(10, 10, 10)),
)


def keep(area, command="cost", data=None, base="6.1"):
    """Keep a result as the command would."""
    data = data or cost.as_data((ROW, DEAR), base=base)
    write_kept(area, base, command, data, source="6.1.99", tip="0" * 40)


def page(area, capsys):
    """Return the exit status of the command, and what it has printed."""
    status = main(["cost", "--page", "--workdir", str(area)])
    return status, capsys.readouterr()


def test_what_is_kept_of_each_series(tmp_path, capsys):
    """Two series and no scaling: a section each, aims where a series has them."""
    keep(tmp_path)
    keep(tmp_path, "fixes-cost")
    status, printed = page(tmp_path, capsys)
    assert status == 0
    review, fixes = printed.out.split("\n## ")[1:]
    assert review.startswith("6.1, series `review`\n\nLinux 6.1.99, ")
    assert "1 of 2 rows reach the aim." in review and "2 of 2 rows are within" in fixes
    assert "| nop | `90` | not stepped | stepped | 900 | 1,000 | 0.90 |" in fixes
    assert "| a NOP | 1 | 900 | 1,000 | 0.95 | 0.90 |  |  |  |  |  | 1.06 to 1.09 |" in review
    assert "return-nop" not in review and "several processors" not in printed.out


def test_several_processors(tmp_path, capsys):
    """Counts of both sides; rates by processors, minimum and median."""
    keep(tmp_path)
    keep(tmp_path, "scaling", scaling.as_data(COUNTS, RATES))
    status, printed = page(tmp_path, capsys)
    assert status == 0
    assert "| nop-one | 1,868, 1,868 | 4, 6 | 0, 0 | 0.5, 0.5 | 1, 1 | 2, 2 | 1, 1 |" in printed.out
    assert "minimum and median of 3 runs" in printed.out
    assert "| processors | 1 | 8 |" in printed.out
    assert "| nop-one | 1.10, 1.20 | 0.90, 0.90 |" in printed.out


@pytest.mark.parametrize("data", [{"rows": [], "kinds": [{}]}, {"format": 1}])
def test_another_shape(data, tmp_path, capsys):
    """What is kept by another version is said to be unusable."""
    keep(tmp_path, data=data)
    status, printed = page(tmp_path, capsys)
    assert status == 1 and printed.out == ""
    assert "another shape" in printed.err and "uprobekit cost" in printed.err


@pytest.mark.parametrize("command", ["cost", "fixes-cost", "scaling"])
def test_a_damaged_result(command, tmp_path, capsys):
    """It is told, and not left out of the page."""
    keep(tmp_path)
    kept_path(tmp_path, "6.12", command).parent.mkdir(parents=True)
    kept_path(tmp_path, "6.12", command).write_text("{")
    status, printed = page(tmp_path, capsys)
    assert status == 1 and printed.out == ""
    assert f"{command}.json" in printed.err and "--base 6.12" in printed.err


def test_nothing_is_kept(tmp_path, capsys):
    status, printed = page(tmp_path, capsys)
    assert status == 1 and "nothing is kept" in printed.err


def test_the_page_of_the_docs():
    """It has every base and series that the program has limits for, and every row is good."""
    text = (TESTS.parent / "docs/cost.md").read_text()
    for series, bases in cost.LIMITS.items():
        for base in bases:
            section = text.partition(f"\n## {base}, series `{series}`\n")[2].partition("\n## ")[0]
            reached, rows = section.partition(". ")[2].split(" rows")[0].split(" of ")
            assert reached == rows != "0"
    assert text.count(", several processors\n") == len(cost.LIMITS["review"])
