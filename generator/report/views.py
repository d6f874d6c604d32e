# SPDX-License-Identifier: GPL-2.0-only
"""What a report shows of each kept result: a word, a line, and what its section is made of.

One function a command. What it reads is another program's: a field that is missing or wrong raises
what reading it raises, and the report says so (``whole``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from generator.report.coverage import AT_LEAST
from generator.report.grids import Asked
from generator.report.matrix import column_name

GOOD, BAD = "good", "bad"

LONGEST = 20_000
"""Characters of a text that are shown."""

Data = Mapping[str, Any]
View = tuple[str, str, Any]
"""``GOOD`` or ``BAD``, a line about it, what the page's section shows."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the report that a kept result fills.

    Attributes:
        anchor: its name in the page.
        title: its heading.
        command: what makes the result, without the base.
        result: name of the kept file; ``{flavour}`` stands for the kernel configuration.
        look: reads the result.
    """

    anchor: str
    title: str
    command: str
    result: str
    look: Callable[[Data], View]


def judged(good: bool) -> str:
    """Return the word."""
    return GOOD if good else BAD


def cut(text: object) -> str:
    """Return a text of another program, of at most 20,000 characters."""
    whole = str(text)
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]} ... and more"


def _compare(data: Data) -> View:
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


def _review(data: Data) -> View:
    points = [
        {
            "ident": str(point["rule"]["ident"]),
            "point": cut(point["rule"]["point"]),
            "deviation": cut(point["rule"]["deviation"]),
            "tests": [str(test) for test in point["rule"]["tests"]],
            "patches": [str(patch) for patch in point["patches"]],
            "evidence": [str(place) for place in point["evidence"]],
            "problems": [cut(problem) for problem in point["problems"]],
        }
        for point in data["points"]
    ]
    bad = sum(bool(point["problems"]) for point in points)
    differs = sum(bool(point["deviation"]) for point in points)
    text = f"{len(points)} points, {bad} not met, {differs} met in another way"
    return judged(bool(points) and not bad), text, points


def _verify(data: Data) -> View:
    checks = [
        {
            "what": cut(check["what"]),
            "checked": int(check["checked"]),
            "differences": [f"{d['place']}: {cut(d['what'])}" for d in check["differences"]],
        }
        for check in data["checks"]
    ]
    bad = sum(len(check["differences"]) for check in data["checks"])
    looked = sum(int(check["checked"]) for check in data["checks"])
    return judged(bool(checks) and not bad), f"{looked} things compared, {bad} differ", checks


def _matrix(data: Data) -> View:
    cells: dict[tuple[str, str], dict[str, Any]] = {
        (str(row["ref"]), _column(row)): {
            "objects": int(row["compiled"]),
            "seconds": f"{float(row['seconds']):.1f}",
            "problems": [cut(problem) for problem in row["problems"]],
        }
        for row in data["cells"]
    }
    boots = {
        str(row["ref"]): {
            "text": f"{cut(row['kind'])}: {int(row['passed'])} of {int(row['tests'])} pass",
            "problems": [cut(problem) for problem in row["problems"]],
        }
        for row in data["boots"]
    }
    refs = list(dict.fromkeys(ref for ref, _ in cells))
    columns = list(dict.fromkeys(configuration for _, configuration in cells))
    bad = sum(bool(cell["problems"]) for cell in (*cells.values(), *boots.values()))
    view = {
        "columns": columns,
        "rows": [(ref, [cells.get((ref, c)) for c in columns], boots.get(ref)) for ref in refs],
        "has_boots": bool(boots),
        "notes": [cut(note) for note in data["notes"]],
        "cost": _matrix_cost(data["cost"]),
    }
    text = f"{len(refs)} prefixes in {len(columns)} configurations, {bad} with problems"
    return judged(bool(cells) and not bad), text, view


def _column(row: Data) -> str:
    return column_name(str(row["configuration"]), str(row["toolchain"]), whole=bool(row["whole"]))


def _matrix_cost(cost: Data | None) -> str:
    if cost is None:
        return ""
    cache = "with ccache" if cost["ccache"] else "without ccache"
    return (
        f"Whole kernels of all prefixes, uprobes on and off: {float(cost['times']):.2f} plain "
        f"builds of {float(cost['plain']):.0f} s of processor time, {cache}."
    )


def _checkpatch(data: Data) -> View:
    findings = [
        f"{f['patch']}: {f['file']}:{f['line']}: {cut(f['text'])}" for f in data["findings"]
    ]
    inherited = [f"{f['file']}:{f['line']}: {cut(f['text'])}" for f in data["inherited"]]
    text = f"{len(data['checked'])} patches, {len(findings)} findings"
    view = {"findings": findings, "inherited": inherited}
    return judged(bool(data["checked"]) and not findings), text, view


def _opcodes(data: Data) -> View:
    asked = {
        (str(row["map"]), int(row["opcode"])): Asked(
            ours=tuple(map(str, row["ours"])), base=tuple(map(str, row["base"]))
        )
        for row in data["opcodes"]
    }
    differs = sum(tuple(one.ours) != tuple(one.base) for one in asked.values())
    return judged(bool(asked)), f"{differs} of {len(asked)} differ from the base", asked


def _proof(data: Data) -> View:
    failures = [
        f"{f['code']} ({f['bits']}-bit) {cut(f['text'])}: {cut(f['reason'])}"
        for f in data["failures"]
    ]
    text = f"{int(data['cases'])} encodings, {len(failures)} not as without a probe"
    view = {
        "figures": [
            ("encodings", int(data["cases"])),
            ("accepted instructions", int(data["instructions"])),
            *((str(name), int(number)) for name, number in data["outcomes"].items()),
            ("opcodes executed", f"{int(data['covered'])} of {int(data['opcodes'])}"),
        ],
        "failures": failures,
        "uncovered": [f"{u['opcode']} ({u['bits']}-bit): {u['why']}" for u in data["uncovered"]],
    }
    return judged(int(data["cases"]) > 0 and not failures), text, view


def _mutate(data: Data) -> View:
    levels = [
        (str(level), int(first), int(data["caught"][level]))
        for level, first in data["first"].items()
    ]
    text = f"{int(data['faults'])} faults, {100 * float(data['share']):.1f} % noticed"
    unnoticed = [_fault(fault) for fault in (*data["open"], *data["waiting"])]
    explained = [f"{_fault(fault)}: {cut(fault['reason'])}" for fault in data["explained"]]
    view = {"levels": levels, "open": unnoticed, "explained": explained}
    wrong = bool(data["open"]) or bool(data["overtaken"])
    return judged(int(data["faults"]) > 0 and not wrong), text, view


def _fault(fault: Data) -> str:
    return f"{fault['place']} {fault['function']}: {fault['kind']}: {cut(fault['said'])}"


def _census(data: Data) -> View:
    rows = []
    for what in ("entries", "returns", "instructions"):
        for word in ("not stepped", "stepped", "refused"):
            cells = [_share(data["sides"][side]["all"][what], word) for side in ("ours", "base")]
            rows.append((f"{what} {word}", *cells))
    files = int(data["files"])
    text = f"{files} files; without a step: {rows[0][1]} of entries, the base {rows[0][2]}"
    return judged(files > 0), text, {"rows": rows, "files": files}


def _cost(data: Data) -> View:
    rows = [
        {
            "name": cut(row["name"]),
            "code": cut(row["code"]),
            "ours": _figure(row["ours"]),
            "base": _figure(row["base"]),
            "ratio": "-" if row["ratio"] is None else f"{float(row['ratio']):.2f}",
            "limit": f"{float(row['limit']):.2f}",
            "how": cut(row["how"]),
            "how_base": cut(row["how_base"]),
            "good": bool(row["good"]),
        }
        for row in data["rows"]
    ]
    dear = sum(not row["good"] for row in rows)
    text = f"{len(rows)} instructions, {dear} dearer than they may be"
    return judged(bool(rows) and not dear), text, rows


def _coverage(data: Data) -> View:
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


def _clients(data: Data) -> View:
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


def _soak(data: Data) -> View:
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


def _share(figures: Mapping[str, int], word: str) -> str:
    total = sum(int(number) for number in figures.values())
    return f"{100 * int(figures.get(word, 0)) / total:.2f} %" if total else "-"


def _patches(data: Data) -> View:
    problems = [
        f"{one['patch']}: {cut(one['problem'])}" for one in data["applied"] if one["problem"]
    ]
    problems += [
        f"{one['patch']}:{int(one['line'])}: {cut(one['what'])}" for one in data["findings"]
    ]
    code = [
        {
            "patch": int(one["patch"]),
            "source": cut(one["source"]),
            "build": cut(one["build"]) or "not compiled",
            "instructions": int(one["instructions"]),
            "functions": [str(name) for name in one["functions"]],
            "problem": cut(one["problem"]),
        }
        for one in data["code"]
    ]
    problems += [f"patch {c['patch']}: {c['source']}: {c['problem']}" for c in code if c["problem"]]
    who = [
        f"{'To' if one['to'] else 'Cc'}: {cut(one['who'])} ({cut(one['role'])})"
        for one in data["recipients"]
    ]
    text = f"{len(data['applied'])} applied, {len(code)} objects compared, {len(problems)} problems"
    view = {"problems": problems, "code": code, "recipients": who}
    return judged(bool(data["applied"]) and not problems), text, view


def _states(data: Data) -> View:
    worlds = [
        (
            str(row["world"]),
            cut(row["meaning"]),
            int(row["states"]),
            int(row["steps"]),
            cut(row["broken"]),
        )
        for row in data["worlds"]
    ]
    guards = [
        {key: cut(row[key]) for key in ("guard", "function", "text", "review", "breaks", "found")}
        | {"trace": [cut(line) for line in row["trace"]]}
        for row in data["guards"]
    ]
    problems = [cut(problem) for problem in data["problems"]]
    states = sum(world[2] for world in worlds)
    text = f"{states} states, {len(guards)} guards, {len(problems)} problems"
    view = {"worlds": worlds, "guards": guards, "problems": problems}
    return judged(bool(worlds) and not problems), text, view


def _schedules(data: Data) -> View:
    explored = [(cut(row["scenario"]), int(row["orders"])) for row in data["explored"]]
    problem = cut(data["problem"])
    orders = sum(one[1] for one in explored)
    text = f"{len(explored)} scenarios, {orders} orders, {problem or 'nothing wrong'}"
    view = {"explored": explored, "problem": problem, "trace": [cut(t) for t in data["trace"]]}
    return judged(bool(explored) and not problem), text, view


def _corpus(data: Data) -> View:
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


SECTIONS = (
    Section(
        anchor="tests",
        title="Self-tests",
        command="qemu-test --peer",
        result="compare-{flavour}",
        look=_compare,
    ),
    Section(
        anchor="review", title="Review ledger", command="review", result="review", look=_review
    ),
    Section(
        anchor="verify", title="Model against C", command="verify", result="verify", look=_verify
    ),
    Section(
        anchor="explored", title="States explored", command="states", result="states", look=_states
    ),
    Section(
        anchor="schedules",
        title="Threads in every order",
        command="schedules",
        result="schedules",
        look=_schedules,
    ),
    Section(
        anchor="matrix",
        title="Build matrix",
        command="matrix",
        result="matrix",
        look=_matrix,
    ),
    Section(
        anchor="patches",
        title="Patches one by one",
        command="patches",
        result="patches",
        look=_patches,
    ),
    Section(
        anchor="checkpatch",
        title="checkpatch",
        command="checkpatch",
        result="checkpatch",
        look=_checkpatch,
    ),
    Section(
        anchor="opcodes",
        title="Opcodes beside the base",
        command="verdicts",
        result="verdicts",
        look=_opcodes,
    ),
    Section(
        anchor="proof", title="Proof without a kernel", command="proof", result="proof", look=_proof
    ),
    Section(
        anchor="corpus",
        title="Proof in the kernel",
        command="corpus",
        result="corpus",
        look=_corpus,
    ),
    Section(
        anchor="mutate",
        title="Faults that are noticed",
        command="mutate",
        result="mutate",
        look=_mutate,
    ),
    Section(
        anchor="census", title="Census of programs", command="census", result="census", look=_census
    ),
    Section(anchor="cost", title="Cost per hit", command="cost", result="cost", look=_cost),
    Section(
        anchor="soak", title="Programs under probes", command="soak", result="soak", look=_soak
    ),
    Section(
        anchor="soak-full",
        title="More programs under probes",
        command="soak --full",
        result="soak-full",
        look=_soak,
    ),
    Section(anchor="clients", title="Clients", command="clients", result="clients", look=_clients),
    Section(
        anchor="coverage",
        title="Coverage in the booted kernel",
        command="coverage",
        result="coverage",
        look=_coverage,
    ),
)
"""In the order of the page."""
