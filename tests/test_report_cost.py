# SPDX-License-Identifier: GPL-2.0-only
"""The cost of a hit: figures of two guests side by side, and what is dearer than it may be."""

import pytest

from generator.errors import CheckFailed
from generator.guest.ktap import parse_ktap
from generator.report.cost import as_data, as_text, compare_cost

STEPPED = {b"\xc3"}
REFUSED = {b"\xc5\xf8\x77"}


def guest(*rows):
    """Return what a guest has printed; a row is name, outcome and the rest of its words."""
    lines = ["KTAP version 1", f"1..{len(rows)}"]
    for number, (name, outcome, words) in enumerate(rows, 1):
        lines.append(f"# {name}: outcome={outcome} {words}")
        lines.append(f"{'ok' if outcome == 'pass' else 'not ok'} {number} {name}")
    return parse_ktap([*lines, "# uprobekit: done"])


def verdict(stepped):
    """Return an analysis that steps and refuses some instructions."""
    return lambda code: (
        "refused"
        if code in REFUSED and stepped
        else "stepped"
        if code in stepped
        else "not stepped"
    )


def compare(tip, peer):
    """Compare two guests."""
    return compare_cost(tip, peer, {"ours": verdict(set()), "base": verdict(STEPPED)})


@pytest.mark.parametrize(
    ("ours", "base", "code", "good"),
    [
        (1100, 1000, "90", True),
        (1101, 1000, "90", False),
        (800, 1000, "c3", True),
        (801, 1000, "c3", False),
    ],
)
def test_limits(ours, base, code, good):
    """No dearer than it may be; well below the base where that steps and ours does not."""
    tip = guest(("x", "pass", f"hits=1 instructions={ours} bytes={code}"))
    peer = guest(("x", "pass", f"hits=1 instructions={base} bytes={code}"))
    (row,) = compare(tip, peer)
    assert row.good == good
    assert row.ratio == ours / base
    assert ("ABOVE" in as_text((row,))) != good
    assert as_data((row,))["rows"][0]["good"] == good


def test_what_one_side_refuses():
    """That only the base refuses it is good, that only ours does is not."""
    done = guest(("v", "pass", "hits=1 instructions=9 bytes=c5f877"))
    not_done = guest(("v", "refused", "errno=95 bytes=c5f877"))
    (row,) = compare(done, not_done)
    assert row.good and row.ratio is None
    assert "refused" in as_text((row,))
    (row,) = compare(not_done, done)
    assert not row.good


@pytest.mark.parametrize("outcome", ["miscounted", "error"])
def test_a_hit_that_was_not_counted(outcome):
    """Such a figure says nothing."""
    wrong = guest(("x", outcome, "hits=2 instructions=9 bytes=90"))
    good = guest(("x", "pass", "hits=1 instructions=9 bytes=90"))
    with pytest.raises(CheckFailed, match=outcome):
        compare(wrong, good)


def test_a_guest_that_broke_off():
    """Half of the results are none."""
    good = guest(("x", "pass", "hits=1 instructions=9 bytes=90"))
    cut = parse_ktap(["KTAP version 1", "1..2", "ok 1 x"])
    with pytest.raises(CheckFailed):
        compare(good, cut)
    with pytest.raises(CheckFailed):
        compare(parse_ktap([]), good)
