# SPDX-License-Identifier: GPL-2.0-only
"""The cost of a hit: figures of two guests side by side, and what is dearer than it may be."""

import pytest

from generator.errors import CheckFailed
from generator.guest.ktap import parse_ktap
from generator.model.series import SERIES
from generator.report.cost import (
    AIMS,
    KINDS,
    LIMITS,
    MODES,
    as_data,
    as_text,
    compare_cost,
    compare_orders,
    dear,
    summarize,
)

STEPPED = {b"\xc3", b"\x0f\xaf\xc7"}
REFUSED = {b"\xc5\xf8\x77"}
LIMIT = {kind: tuple(1 + n / 10 for n in range(len(MODES))) for kind in KINDS}


@pytest.fixture(autouse=True)
def limits(monkeypatch):
    """Have limits of the test's own."""
    monkeypatch.setattr("generator.report.cost.LIMITS", {"review": {"6.1": LIMIT}})


def guest(*rows):
    """Return what a guest has printed; a row is name, outcome and the rest of its words."""
    lines = ["KTAP version 1", f"1..{len(rows)}"]
    for number, (name, outcome, words) in enumerate(rows, 1):
        lines.append(f"# {name}: outcome={outcome} {words}")
        lines.append(f"{'ok' if outcome == 'pass' else 'not ok'} {number} {name}")
    return parse_ktap([*lines, "# uprobekit: done"])


def one(name, figure, code="90", mappings=9):
    """Return what a guest has printed of one row."""
    words = f"hits=1 instructions={figure} mappings={mappings} bytes={code}"
    return guest((name, "pass", words))


def verdict(stepped):
    """Return an analysis that steps and refuses some instructions."""
    return lambda code, bits: (
        "refused"
        if code in REFUSED and stepped
        else "stepped"
        if code in stepped and bits == 64
        else "not stepped"
    )


def compare(tip, peer, *, base="6.1", series="review"):
    """Compare two guests."""
    verdicts = {"ours": verdict({b"\x0f\xaf\xc7"}), "base": verdict(STEPPED)}
    return compare_cost(tip, peer, verdicts, base=base, series=series)


@pytest.mark.parametrize(
    ("name", "figure", "good"),
    [
        ("x", 1000, True),
        ("x", 1001, False),
        ("x+trace", 1100, True),
        ("x+trace", 1101, False),
        ("m32-x", 1300, True),
        ("m32-x", 1301, False),
        ("m32-x+perf", 1500, True),
        ("m32-x+perf", 1501, False),
    ],
)
def test_limits(name, figure, good):
    """Each mode has a limit of its own."""
    rows = compare(one(name, figure), one(name, 1000))
    (row,) = rows
    assert row.good == good
    assert row.ratio == figure / 1000
    assert ("ABOVE" in as_text(rows, base="6.1")) != good
    assert as_data(rows, base="6.1")["rows"][0]["good"] == good
    assert dear(rows) == (() if good else rows)


@pytest.mark.parametrize(
    ("name", "code", "kind"),
    [
        ("nop-5", "90", "nop"),
        ("push", "55", "emulated"),
        ("ret", "c3", "gained"),
        ("m32-ret", "c3", "emulated"),
        ("stepped-imul", "0fafc7", "stepped"),
        ("return-nop", "", "returns"),
        ("entry-return-nop+trace", "", "returns"),
        ("two-entries-nop", "", "entries"),
    ],
)
def test_kinds(name, code, kind):
    """By what the two analyses say, and by name what is no instruction."""
    (row,) = compare(one(name, 900, code), one(name, 1000, code))
    assert row.kind == kind
    assert row.aim == (1.0 if "+" in name else AIMS[kind])
    (summary,) = summarize((row,), base="6.1")
    assert (summary.kind, summary.rows, summary.lowest) == (kind, 1, 0.9)


def test_without_limits():
    """A series that nobody has set limits for has none; what it refuses is still not good."""
    rows = compare(one("x", 3000), one("x", 1000), series="fixes")
    assert rows == compare(one("x", 3000), one("x", 1000), base="6.19")
    assert rows[0].good and rows[0].limit is None and not rows[0].reached and not dear(rows)
    text = as_text(rows, base="6.1", series="fixes")
    assert "ABOVE" not in text and "  3.00      -  0.98\n" in text
    refused = compare(guest(("x", "refused", "bytes=c5f877")), one("x", 9), series="fixes")
    assert dear(refused) == refused


def test_what_was_said_before():
    """It was said of the review's series, and of no other one."""
    rows = compare(one("nop", 951), one("nop", 1000))
    assert summarize(rows, base="6.1")[0].before == "1.06 to 1.09"
    assert summarize(rows, base="6.1", series="fixes")[0].before == ""


def test_what_is_to_be_reached():
    """Below the limit is not yet what it is to become."""
    (row,) = compare(one("nop", 951), one("nop", 1000))
    assert row.good and not row.reached
    (row,) = compare(one("nop", 950), one("nop", 1000))
    assert row.reached


def test_what_one_side_refuses():
    """That only the base refuses it is good, that only ours does is not."""
    done = one("v", 9, "c5f877")
    not_done = guest(("v", "refused", "errno=95 bytes=c5f877"))
    (row,) = rows = compare(done, not_done)
    assert row.good and row.ratio is None
    assert "refused" in as_text(rows, base="6.1")
    (row,) = compare(not_done, done)
    assert not row.good


@pytest.mark.parametrize("outcome", ["miscounted", "error"])
def test_a_hit_that_was_not_counted(outcome):
    """Such a figure says nothing."""
    wrong = guest(("x", outcome, "hits=2 instructions=9 mappings=9 bytes=90"))
    with pytest.raises(CheckFailed, match=outcome):
        compare(wrong, one("x", 9))
    with pytest.raises(CheckFailed, match=outcome):
        compare_orders(one("x", 9), wrong, most=0)


def test_a_guest_that_broke_off():
    """Half of the results are none."""
    good = one("x", 9)
    cut = parse_ktap(["KTAP version 1", "1..2", "ok 1 x"])
    with pytest.raises(CheckFailed):
        compare(good, cut)
    with pytest.raises(CheckFailed):
        compare(parse_ktap([]), good)


def test_another_state():
    """A process with more mappings is not in the same state."""
    with pytest.raises(CheckFailed, match="mappings"):
        compare(one("x", 9), one("x", 9, mappings=10))


def test_other_rows():
    """Both sides measure the same."""
    with pytest.raises(CheckFailed, match="not measured on both sides: x, y"):
        compare(one("x", 9), one("y", 9))


def test_orders():
    """The order does not matter, the figures do."""
    rows = [(n, "pass", f"instructions={f} mappings=1") for n, f in (("a", 1000), ("b", 2000))]
    first, other = guest(*rows), guest(*reversed(rows))
    assert compare_orders(first, other, most=0) == ()
    rows[0] = ("a", "pass", "instructions=1002 mappings=1")
    assert compare_orders(first, guest(*rows), most=0.002) == ()
    assert compare_orders(first, guest(*rows), most=0.001) == ("a: 1000 and 1002",)
    assert compare_orders(first, guest(rows[1]), most=1) == ("a: in one run only",)


def test_the_limits_there_are():
    """Each series has, for each base that can be built, a limit for each kind in each mode."""
    assert LIMITS.keys() == {series.name for series in SERIES}
    for name, bases in LIMITS.items():
        assert bases.keys() == {"6.1", "6.12"}
        for kinds in bases.values():
            assert kinds.keys() == KINDS.keys() == AIMS.keys()
            assert all(len(row) == len(MODES) for row in kinds.values())
            most = 1 if name == "review" else 1.07
            assert all(0.4 < limit < most for row in kinds.values() for limit in row)
