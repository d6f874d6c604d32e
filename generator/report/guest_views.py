# SPDX-License-Identifier: GPL-2.0-only
"""What a report shows of results that guests have given; see ``views``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from generator.report.cost import KINDS
from generator.report.coverage import AT_LEAST
from generator.report.view import GOOD, Data, View, cut, judged


def compare_view(data: Data) -> View:
    """Show what ``qemu-test`` has found."""
    rows = [
        {
            key: cut(row[key])
            for key in ("name", "expected", "baseline", "tip", "peer", "verdict", "note")
        }
        for row in data["rows"]
    ]
    good = sum(row["verdict"] == GOOD for row in rows)
    skipped = sum(row["verdict"] == "skipped" for row in rows)
    text = f"{good} of {len(rows)} prove the series, {skipped} skipped"
    problems = [cut(problem) for problem in data["problems"]]
    view = {
        "rows": rows,
        "problems": problems,
        "has_peer": bool(data["has_peer"]),
        "peer_fails": frozenset(data["peer_fails"]),
    }
    return judged(bool(data["passed"]) and not problems), text, view


def cost_view(data: Data) -> View:
    """Show what ``cost`` has found."""
    rows = [
        {
            "name": cut(row["name"]),
            "code": cut(row["code"]),
            "ours": _figure(row["ours"]),
            "base": _figure(row["base"]),
            "ratio": _share_of_base(row["ratio"]),
            "limit": f"{float(row['limit']):.3f}",
            "aim": f"{float(row['aim']):.2f}",
            "how": cut(row["how"]),
            "how_base": cut(row["how_base"]),
            "good": bool(row["good"]),
        }
        for row in data["rows"]
    ]
    kinds = [
        {
            "what": f"{cut(KINDS[kind['kind']])}, {cut(kind['mode'])}",
            "rows": int(kind["rows"]),
            "ours": _from_to(kind["ours"]),
            "base": _from_to(kind["base"]),
            "ratios": _from_to([_share_of_base(kind[end]) for end in ("lowest", "highest")]),
            "limit": f"{float(kind['limit']):.3f}",
            "aim": f"{float(kind['aim']):.2f}",
            "before": cut(kind["before"]),
        }
        for kind in data["kinds"]
    ]
    dear = sum(not row["good"] for row in rows)
    text = f"{len(rows)} rows, {dear} dearer than they may be"
    return judged(bool(rows) and not dear), text, {"rows": rows, "kinds": kinds}


def scaling_view(data: Data) -> View:
    """Show what ``scaling`` has found."""
    numbers = (
        *("instructions", "locked", "allocations", "frees"),
        *("shared_lines", "shared_writes", "shared_locked"),
    )
    counts = [
        {"row": cut(row["row"]), "side": cut(row["side"])}
        | {name: f"{float(row[name]):g}" for name in numbers}
        | {"places": cut(", ".join(row["places"]))}
        for row in data["counts"]
    ]
    rates = [
        {"row": cut(rate["row"]), "runs": len(rate["ratios"])}
        | {name: f"{float(rate[name]):.2f}" for name in ("minimum", "median")}
        for rate in data["rates"]
    ]
    problems = [cut(problem) for problem in data["problems"]]
    text = f"{len(counts)} rows of what hits share, {len(problems)} more than the base"
    shown = {"counts": counts, "rates": rates, "problems": problems}
    return judged(bool(counts) and not problems), text, shown


def _share_of_base(ratio: float | None) -> str:
    return "-" if ratio is None else f"{float(ratio):.2f}"


def _from_to(ends: Sequence[object]) -> str:
    first, last = (cut(str(end)) for end in ends)
    return first if first == last else f"{first} to {last}"


def coverage_view(data: Data) -> View:
    """Show what ``coverage`` has found."""
    names = ("lines", "reached", "branches", "taken")
    rows = [
        {"function": cut(row["function"]), "path": cut(row["path"])}
        | {name: int(row[name]) for name in names}
        for row in data["functions"]
    ]
    missed = [
        f"{cut(miss['path'])}:{int(miss['line'])} {cut(miss['function'])}: {cut(miss['text'])}: "
        f"{cut(miss['reason']) or 'no reason is known'}"
        for miss in data["missed"]
    ]
    lines, reached, branches, taken = (int(data[name]) for name in names)
    share = reached / lines if lines else 0.0
    good = share >= AT_LEAST and all(miss["reason"] for miss in data["missed"])
    text = f"{100 * share:.1f} % of {lines} lines, {taken} of {branches} branches"
    return judged(good and not data["stale"]), text, {"rows": rows, "missed": missed}


def _figure(value: object) -> str:
    return "refused" if value is None else str(int(str(value)))


def clients_view(data: Data) -> View:
    """Show what ``clients`` has found."""
    rows = [
        {
            "name": cut(row["name"]),
            "expected": int(row["expected"]),
            "ours": _count(row["ours"]),
            "base": _count(row["base"]),
            "said": [cut(line) for line in row["said"]],
            "good": bool(row["good"]),
        }
        for row in data["clients"]
    ]
    wrong = sum(not row["good"] for row in rows)
    differ = sum(row["ours"] != row["base"] for row in rows)
    text = f"{len(rows)} clients, {wrong} miscounted, {differ} unlike the base"
    versions = {str(name): cut(version) for name, version in data["versions"].items()}
    return judged(bool(rows) and not wrong), text, {"rows": rows, "versions": versions}


def soak_view(data: Data) -> View:
    """Show what ``soak`` has found."""
    rows: list[dict[str, Any]] = [
        {
            "program": cut(row["program"]),
            "round": cut(row["round"]),
            "sites": int(row["sites"]),
            "problems": [cut(what) for what in row["problems"]],
            **{side: _soak_run(row[side]) for side in ("ours", "base")},
        }
        for row in data["rows"]
    ]
    problems = [cut(what) for what in data["problems"]]
    passed = {side: sum(row[side]["passed"] for row in rows) for side in ("ours", "base")}
    hits = sum(row["ours"]["hits"] + row["ours"]["returns"] for row in rows)
    text = (
        f"{len(rows)} runs, {hits} hits and returns; as without probes {passed['ours']}, "
        f"on the base {passed['base']}"
    )
    refused = Counter(
        (" and ".join(map(cut, place["sides"])), cut(place["reason"] or place["text"]))
        for place in data["refused"]
    )
    shown = {
        "rows": rows,
        "problems": problems,
        "refused": [(*who, count) for who, count in refused.most_common(_MOST_REFUSED)],
        "boots": {str(name): cut(how) for name, how in data["boots"].items()},
        "versions": {str(name): cut(version) for name, version in data["versions"].items()},
        "full": bool(data["full"]),
    }
    return judged(bool(rows) and not problems), text, shown


def _soak_run(run: Mapping[str, Any]) -> dict[str, Any]:
    outcome = cut(run["outcome"])
    return {
        "outcome": outcome,
        "passed": outcome == "pass" and int(run["hits"]) > 0,
        "hits": int(run["hits"]),
        "returns": int(run["returns"]),
        "ratio": f"{float(run['ratio']):.1f}",
        "said": [cut(line) for line in run["said"][:_MOST_SAID]],
    }


_MOST_REFUSED, _MOST_SAID = 30, 8


def _count(value: object) -> str:
    return "none" if value is None else str(int(str(value)))


def corpus_view(data: Data) -> View:
    """Show what ``corpus`` has found."""
    rows, wrong, refusals = [], [], []
    for run in data["runs"]:
        refusals += [
            (f"{int(run['bits'])}-bit", cut(r["reason"]), int(r["cases"]), cut(r["example"]))
            for r in run["refusals"]
        ]
        for side in run["executed"]:
            found = [case for case in run["wrong"] if case["side"] == side]
            figures = [int(run[key][side]) for key in ("executed", "faults", "refused")]
            rows.append((f"{int(run['bits'])}-bit", side, *figures, len(found)))
            wrong += [
                (f"{int(run['bits'])}-bit {side}", *(cut(c[k]) for k in ("code", "text", "what")))
                for c in found
            ]
    ours = sum(row[-1] for row in rows if row[1] == "ours")
    needless = sum(not row[1] for row in refusals)
    text = f"{sum(row[2] for row in rows if row[1] == 'ours')} executed, {ours} wrong"
    view = {"rows": rows, "wrong": wrong, "refusals": refusals}
    return judged(bool(rows) and not ours and not needless), text, view
