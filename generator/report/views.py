# SPDX-License-Identifier: GPL-2.0-only
"""What a report shows of each kept result: a word, a line, and what its section is made of.

One function a command. What it reads is another program's: a field that is missing or wrong raises
what reading it raises, and the report says so (``whole``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.checks.catalogue.judge import Word
from generator.checks.catalogue.mended import judge_prefixes
from generator.plan import find_base, find_series, plan_series
from generator.report.grids import Asked
from generator.report.guest_views import (
    clients_view,
    compare_view,
    corpus_view,
    cost_view,
    coverage_view,
    scaling_view,
    soak_view,
)
from generator.report.matrix import kept_column
from generator.report.mended import read_prefixes
from generator.report.view import Data, Section, View, cut, judged


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
        (str(row["ref"]), kept_column(row)): {
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


def _mended(data: Data) -> View:
    prefixes = read_prefixes(data)
    if not prefixes:
        raise ValueError("there is no prefix")
    series = str(data["command"]).removesuffix("-mended")
    plan = plan_series(find_base(str(data["base"])), find_series(series))
    problems = judge_prefixes(prefixes, [planned.patch for planned in plan.patches])
    faults = [list(prefix.words.values()).count(str(Word.AFFECTED)) for prefix in prefixes]
    text = f"{len(prefixes) - 1} of {len(plan.patches)} patches, of {faults[0]} faults of the base "
    text += f"{faults[-1]} are left after the last of them"
    text += f"; {len(problems)} not as the model says" if problems else ""
    return judged(len(prefixes) > 1 and not problems), text, problems


SECTIONS = (
    Section(
        anchor="tests",
        title="Self-tests",
        command="qemu-test --peer",
        result="compare-{flavour}",
        look=compare_view,
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
        look=corpus_view,
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
    Section(anchor="cost", title="Cost per hit", command="cost", result="cost", look=cost_view),
    Section(
        anchor="scaling",
        title="Hits on several processors",
        command="scaling",
        result="scaling",
        look=scaling_view,
    ),
    Section(
        anchor="soak", title="Programs under probes", command="soak", result="soak", look=soak_view
    ),
    Section(
        anchor="soak-full",
        title="More programs under probes",
        command="soak --full",
        result="soak-full",
        look=soak_view,
    ),
    Section(
        anchor="clients", title="Clients", command="clients", result="clients", look=clients_view
    ),
    Section(
        anchor="coverage",
        title="Coverage in the booted kernel",
        command="coverage",
        result="coverage",
        look=coverage_view,
    ),
)
"""In the order of the page."""

OF_UNMODIFIED = (
    Section(
        anchor="mended",
        title="What each patch mends",
        command="mended",
        result="mended",
        look=_mended,
    ),
    *(section for section in SECTIONS if section.anchor in ("patches", "checkpatch")),
)
"""Those of a series that starts from the unmodified tree."""
