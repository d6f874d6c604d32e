# SPDX-License-Identifier: GPL-2.0-only
"""One page about everything: the series, the model, and what the kept results say.

Runs nothing. A result that is not there, is damaged or of another version is shown as such, with
the command that makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.boot.outcome import Kind, Outcome
from generator.errors import UserError
from generator.model.interface import INTERFACE
from generator.model.opcodes import OPCODES
from generator.model.review import RULES
from generator.model.states import INITIAL, STATES, TRANSITIONS
from generator.plan import find_base, find_series
from generator.report.grids import Asked, make_grids
from generator.report.kept import Kept, State, kept_path, read_kept
from generator.report.page import render_page
from generator.report.picture import draw_states
from generator.report.sidebyside import FileRows, file_rows
from generator.tree.mail import Mail, PatchSeries, read_series
from generator.tree.sparse import Replay, replay_series
from generator.verify.change.facts import Facts, read_facts

GOOD, BAD, OLDER = "good", "bad", "older"
_LONGEST = 20_000

Data = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """What is reported on.

    Args:
        base, series: names.
        workdir: the work area with the results.
        patches: the directory of the rendered patches.
        flavour: kernel configuration of the boots.
    """

    base: str
    series: str
    workdir: Path
    patches: Path
    flavour: str = "plain"


@dataclass(frozen=True, kw_only=True)
class Status:
    """How a section stands, in words, and what makes it.

    ``word`` is good, bad, older (good, of another rendering), missing or unusable.
    """

    title: str
    anchor: str
    word: str
    text: str
    command: str


@dataclass(frozen=True, kw_only=True)
class PatchView:
    """A patch: its mail and its files in two columns."""

    number: int
    mail: Mail
    files: tuple[FileRows, ...]


@dataclass(frozen=True, kw_only=True)
class FunctionView:
    """A function of the interface, and the number of the patch that brings it."""

    path: str
    signature: str
    patch: int
    header: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """The page and how its sections stand."""

    html: str
    statuses: tuple[Status, ...]


def make_report(request: ReportRequest) -> Report:
    """Return the page.

    Raises:
        UserError: there is no such base or series.
    """
    base, series = find_base(request.base), find_series(request.series)
    patches, problem = _patches(request.patches)
    collected = _Collected(request, patches.manifest.get("tip", "") if patches else "")
    collected.statuses.insert(0, _series_status(patches, problem, request))
    asked = collected.views.get("opcodes") or {}
    html = render_page(
        "report.html.j2",
        title=f"{series.title}: Linux {base.name}",
        base=base.name,
        series=series,
        source=patches.manifest.get("source", "") if patches else "",
        statuses=collected.statuses,
        views=collected.views,
        status={status.anchor: status for status in collected.statuses},
        patches=_patch_views(patches) if patches else (),
        functions=_functions(patches) if patches else (),
        picture=draw_states(STATES, TRANSITIONS, INITIAL),
        grids=make_grids(OPCODES, asked),
        classes=OPCODES.classes,
        rules={rule.ident: rule for rule in RULES},
        longest=_LONGEST,
    )
    return Report(html=html, statuses=tuple(collected.statuses))


def read_statuses(request: ReportRequest, tip: str) -> tuple[Status, ...]:
    """Return how the kept results stand; ``tip`` is the tree that they have to be about."""
    return tuple(_Collected(request, tip).statuses)


def _patches(path: Path) -> tuple[PatchSeries | None, str]:
    try:
        return read_series(path), ""
    except UserError as error:
        return None, str(error)


def _series_status(patches: PatchSeries | None, problem: str, request: ReportRequest) -> Status:
    return Status(
        title="The series",
        anchor="series",
        word=GOOD if patches else State.MISSING,
        text=f"{len(patches.mails)} patches" if patches else problem,
        command=f"uprobekit render --base {request.base}",
    )


def _patch_views(series: PatchSeries) -> tuple[PatchView, ...]:
    return tuple(
        PatchView(number=number, mail=mail, files=tuple(map(file_rows, mail.files)))
        for number, mail in enumerate(series.mails, 1)
    )


def _functions(series: PatchSeries) -> tuple[FunctionView, ...]:
    """Return the functions that the patches leave, and which patch brings each."""
    try:
        replay = replay_series(series)
    except UserError:
        return ()
    steps = [read_facts(_up_to(replay, number)) for number in range(1, len(replay.steps) + 1)]
    headers = {f.c_name or f.name: f.header for f in INTERFACE.functions}
    return tuple(
        FunctionView(
            path=fact.path,
            signature=fact.signature,
            patch=_first(steps, key),
            header=headers.get(fact.name, ""),
        )
        for key, fact in steps[-1].functions.items()
    )


def _up_to(replay: Replay, number: int) -> dict[str, Any]:
    return Replay(origin=replay.origin, steps=replay.steps[:number], whole=replay.whole).tip


def _first(steps: Sequence[Facts], key: str) -> int:
    return next(number for number, facts in enumerate(steps, 1) if key in facts.functions)


class _Collected:
    """The results that are there, each judged and brought into the form that the page shows."""

    def __init__(self, request: ReportRequest, tip: str) -> None:
        self._request = request
        self._tip = tip
        self.statuses: list[Status] = []
        self.views: dict[str, Any] = {}
        flavour = request.flavour
        for anchor, title, command, name, look in (
            ("tests", "Self-tests", "qemu-test --peer", f"compare-{flavour}", _compare),
            ("boots", "Boots", "boot baseline tip peer", "", None),
            ("review", "Review ledger", "review", "review", _review),
            ("verify", "Model against C", "verify", "verify", _verify),
            ("prefixes", "Build matrix", "prefixes", "prefixes", _prefixes),
            ("checkpatch", "checkpatch", "checkpatch", "checkpatch", _checkpatch),
            ("opcodes", "Opcodes beside the base", "verdicts", "verdicts", _opcodes),
            ("proof", "Proof without a kernel", "proof", "proof", _proof),
            ("mutate", "Faults that are noticed", "mutate", "mutate", _mutate),
            ("census", "Census of programs", "census", "census", _census),
            ("cost", "Cost per hit", "cost", "cost", _cost),
            ("coverage", "Coverage", "", "coverage", None),
        ):
            if anchor == "boots":
                self._boots(title, command)
            elif look is None:
                self._unknown(anchor, title)
            else:
                self._add(anchor, title, command, self._read(name), look)

    def _read(self, name: str) -> Kept:
        return read_kept(kept_path(self._request.workdir, self._request.base, name), name)

    def _add(
        self,
        anchor: str,
        title: str,
        command: str,
        kept: Kept,
        look: Callable[[Data], tuple[str, str, Any]],
    ) -> None:
        word, text, view = str(kept.state), kept.problem, None
        if kept.state is State.THERE:
            try:
                word, text, view = look(kept.data)
                if word == GOOD and self._tip and _tip(kept.data) not in ("", self._tip):
                    word, text = OLDER, f"{text}; this is about an older rendering"
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                word = State.UNUSABLE
                text = f"{kept.command}.json: a field is missing or wrong: {error}"
        self.views[anchor] = view
        self._note(anchor, title, word, text, command)

    def _note(self, anchor: str, title: str, word: str, text: str, command: str) -> None:
        whole = f"uprobekit {command} --base {self._request.base}" if command else ""
        self.statuses.append(
            Status(title=title, anchor=anchor, word=word, text=text, command=whole)
        )

    def _unknown(self, anchor: str, title: str) -> None:
        """Say that nothing measures it, so that nobody takes silence for good news."""
        self.views[anchor] = None
        self._note(anchor, title, State.MISSING, "no command of this version measures it", "")

    def _boots(self, title: str, command: str) -> None:
        rows = []
        for variant in ("baseline", "tip", "peer"):
            kept = self._read(f"{variant}-{self._request.flavour}")
            try:
                rows.append(_boot(variant, kept))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                text = f"a field is missing or wrong: {error}"
                rows.append({"variant": variant, "word": State.UNUSABLE, "text": text})
        self.views["boots"] = rows
        worst = [row["word"] for row in rows[:2]]
        word = next((w for w in (BAD, "unusable", "missing") if w in worst), GOOD)
        text = ", ".join(f"{row['variant']}: {row['text']}" for row in rows)
        self._note("boots", title, word, text, command)


def _tip(data: Data) -> str:
    """Return the tree that a result is about, "" where it does not say so."""
    if "tip" in data or not isinstance(data.get("results"), list):
        return str(data.get("tip", ""))
    return str(data["results"][-1]["tree"]) if data["results"] else ""


def _cut(text: object) -> str:
    whole = str(text)
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]} ... and more"


def _judged(good: bool) -> str:
    return GOOD if good else BAD


def _boot(variant: str, kept: Kept) -> dict[str, Any]:
    if kept.state is not State.THERE:
        return {"variant": variant, "word": str(kept.state), "text": kept.problem}
    data = kept.data
    outcome, end, accel = data["outcome"], data["end"], data["accel"]
    tests = data["ktap"]["tests"]
    ended = Outcome(kind=Kind(outcome["kind"]), reason="", excerpt=())
    return {
        "variant": variant,
        "word": _judged(ended.complete),
        "text": _cut(outcome["kind"]),
        "reason": _cut(outcome["reason"]),
        "seconds": f"{float(end['seconds']):.1f}",
        "accel": str(accel["accel"]),
        "tests": len(tests),
        "excerpt": [_cut(line) for line in outcome["excerpt"]][:200],
    }


def _compare(data: Data) -> tuple[str, str, Any]:
    rows = [
        {
            key: _cut(row[key])
            for key in ("name", "expected", "baseline", "tip", "peer", "verdict", "note")
        }
        for row in data["rows"]
    ]
    good = sum(row["verdict"] == GOOD for row in rows)
    skipped = sum(row["verdict"] == "skipped" for row in rows)
    text = f"{good} of {len(rows)} prove the series, {skipped} skipped"
    problems = [_cut(problem) for problem in data["problems"]]
    view = {
        "rows": rows,
        "problems": problems,
        "has_peer": bool(data["has_peer"]),
        "peer_fails": frozenset(data["peer_fails"]),
    }
    return _judged(bool(data["passed"]) and not problems), text, view


def _review(data: Data) -> tuple[str, str, Any]:
    points = [
        {
            "ident": str(point["rule"]["ident"]),
            "point": _cut(point["rule"]["point"]),
            "deviation": _cut(point["rule"]["deviation"]),
            "tests": [str(test) for test in point["rule"]["tests"]],
            "patches": [str(patch) for patch in point["patches"]],
            "evidence": [str(place) for place in point["evidence"]],
            "problems": [_cut(problem) for problem in point["problems"]],
        }
        for point in data["points"]
    ]
    bad = sum(bool(point["problems"]) for point in points)
    differs = sum(bool(point["deviation"]) for point in points)
    text = f"{len(points)} points, {bad} not met, {differs} met in another way"
    return _judged(bool(points) and not bad), text, points


def _verify(data: Data) -> tuple[str, str, Any]:
    checks = [
        {
            "what": _cut(check["what"]),
            "checked": int(check["checked"]),
            "differences": [f"{d['place']}: {_cut(d['what'])}" for d in check["differences"]],
        }
        for check in data["checks"]
    ]
    bad = sum(len(check["differences"]) for check in data["checks"])
    looked = sum(int(check["checked"]) for check in data["checks"])
    return _judged(bool(checks) and not bad), f"{looked} things compared, {bad} differ", checks


def _prefixes(data: Data) -> tuple[str, str, Any]:
    cells: dict[tuple[str, str], dict[str, Any]] = {
        (str(row["ref"]), str(row["configuration"])): {
            "objects": int(row["objects"]),
            "seconds": f"{float(row['seconds']):.1f}",
            "problems": [_cut(problem) for problem in row["problems"]],
        }
        for row in data["results"]
    }
    refs = list(dict.fromkeys(ref for ref, _ in cells))
    columns = list(dict.fromkeys(configuration for _, configuration in cells))
    bad = sum(bool(cell["problems"]) for cell in cells.values())
    view = {
        "columns": columns,
        "rows": [(ref, [cells.get((ref, column)) for column in columns]) for ref in refs],
    }
    text = f"{len(refs)} prefixes in {len(columns)} configurations, {bad} with problems"
    return _judged(bool(cells) and not bad), text, view


def _checkpatch(data: Data) -> tuple[str, str, Any]:
    findings = [
        f"{f['patch']}: {f['file']}:{f['line']}: {_cut(f['text'])}" for f in data["findings"]
    ]
    inherited = [f"{f['file']}:{f['line']}: {_cut(f['text'])}" for f in data["inherited"]]
    text = f"{len(data['checked'])} patches, {len(findings)} findings"
    view = {"findings": findings, "inherited": inherited}
    return _judged(bool(data["checked"]) and not findings), text, view


def _opcodes(data: Data) -> tuple[str, str, Any]:
    asked = {
        (str(row["map"]), int(row["opcode"])): Asked(
            ours=tuple(map(str, row["ours"])), base=tuple(map(str, row["base"]))
        )
        for row in data["opcodes"]
    }
    differs = sum(tuple(one.ours) != tuple(one.base) for one in asked.values())
    return _judged(bool(asked)), f"{differs} of {len(asked)} differ from the base", asked


def _proof(data: Data) -> tuple[str, str, Any]:
    failures = [
        f"{f['code']} ({f['bits']}-bit) {_cut(f['text'])}: {_cut(f['reason'])}"
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
    return _judged(int(data["cases"]) > 0 and not failures), text, view


def _mutate(data: Data) -> tuple[str, str, Any]:
    levels = [
        (str(level), int(first), int(data["caught"][level]))
        for level, first in data["first"].items()
    ]
    text = f"{int(data['faults'])} faults, {100 * float(data['share']):.1f} % noticed"
    unnoticed = [_fault(fault) for fault in (*data["open"], *data["waiting"])]
    view = {"levels": levels, "open": unnoticed}
    return _judged(int(data["faults"]) > 0 and not data["open"]), text, view


def _fault(fault: Data) -> str:
    change = f"{_cut(fault['before'])} -> {_cut(fault['after']) or 'nothing'}"
    place = f"{fault['path']}:{int(fault['line'])} {fault['function']}"
    return f"{place}: {fault['kind']}: {change}"


def _census(data: Data) -> tuple[str, str, Any]:
    rows = []
    for what in ("entries", "returns", "instructions"):
        for word in ("not stepped", "stepped", "refused"):
            cells = [_share(data["sides"][side]["all"][what], word) for side in ("ours", "base")]
            rows.append((f"{what} {word}", *cells))
    files = int(data["files"])
    text = f"{files} files; without a step: {rows[0][1]} of entries, the base {rows[0][2]}"
    return _judged(files > 0), text, {"rows": rows, "files": files}


def _cost(data: Data) -> tuple[str, str, Any]:
    rows = [
        {
            "name": _cut(row["name"]),
            "code": _cut(row["code"]),
            "ours": _figure(row["ours"]),
            "base": _figure(row["base"]),
            "ratio": "-" if row["ratio"] is None else f"{float(row['ratio']):.2f}",
            "limit": f"{float(row['limit']):.2f}",
            "how": _cut(row["how"]),
            "how_base": _cut(row["how_base"]),
            "good": bool(row["good"]),
        }
        for row in data["rows"]
    ]
    dear = sum(not row["good"] for row in rows)
    text = f"{len(rows)} instructions, {dear} dearer than they may be"
    return _judged(bool(rows) and not dear), text, rows


def _figure(value: object) -> str:
    return "refused" if value is None else str(int(str(value)))


def _share(figures: Mapping[str, int], word: str) -> str:
    total = sum(int(number) for number in figures.values())
    return f"{100 * int(figures.get(word, 0)) / total:.2f} %" if total else "-"
