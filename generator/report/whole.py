# SPDX-License-Identifier: GPL-2.0-only
"""One page about everything: the series, the model, and what the kept results say.

Runs nothing. A result that is not there, is damaged or of another version is shown as such, with
the command that makes it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from generator import __version__
from generator.errors import UserError
from generator.guest.boot import chosen_tests
from generator.guest.outcome import Kind, Outcome
from generator.model.interface import INTERFACE
from generator.model.opcodes import OPCODES
from generator.model.review import RULES
from generator.model.states import INITIAL, STATES, TRANSITIONS
from generator.patches.change.facts import read_functions
from generator.patches.mail import Mail, PatchSeries, read_series
from generator.patches.partial import Replay, replay_series
from generator.plan import find_base, find_series
from generator.report.grids import make_grids
from generator.report.kept import Kept, State, kept_path, read_kept
from generator.report.page import render_page
from generator.report.picture import draw_states
from generator.report.sidebyside import FileRows, file_rows
from generator.report.view import BAD, GOOD, LONGEST, Data, Section, cut, judged
from generator.report.views import OF_UNMODIFIED, SECTIONS
from generator.tree.facts import FunctionFact

OLDER = "older"


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

    ``word`` is good, bad, older (good, of another rendering), missing or unusable; ``current`` is
    false for a result of another rendering, good or bad.
    """

    title: str
    anchor: str
    word: str
    text: str
    command: str
    current: bool = True


@dataclass(frozen=True, kw_only=True)
class Trees:
    """What git calls the trees of a rendering; "" where nobody asks of which one a result is.

    Args:
        baseline: what the first patch applies to.
        tip: what the last one leaves.
    """

    baseline: str = ""
    tip: str = ""

    @classmethod
    def of(cls, manifest: Mapping[str, str]) -> Trees:
        """Return those that a ``series`` file names."""
        return cls(baseline=manifest.get("baseline", ""), tip=manifest.get("tip", ""))

    def are_of(self, variant: str, tree: str) -> bool:
        """Tell whether a kernel is of this rendering; the unmodified base is of each."""
        wanted = {"baseline": self.baseline, "tip": self.tip}.get(variant, "")
        return wanted in ("", tree)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """All sections in a line: what is bad, what is missing, and of which days the results are."""

    word: str
    text: str
    dates: str
    missing: tuple[Status, ...]


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
    collected = _Collected(request, Trees.of(patches.manifest) if patches else Trees())
    collected.statuses.insert(0, _series_status(patches, problem, request))
    asked = collected.views.get("opcodes") or {}
    html = render_page(
        "report.html.j2",
        title=f"{series.title}: Linux {base.name}",
        base=base.name,
        series=series,
        source=patches.manifest.get("source", "") if patches else "",
        statuses=collected.statuses,
        verdict=judge_all(collected.statuses, collected.times),
        version=__version__,
        views=collected.views,
        status={status.anchor: status for status in collected.statuses},
        patches=_patch_views(patches) if patches else (),
        functions=_functions(patches) if patches else (),
        picture=draw_states(STATES, TRANSITIONS, INITIAL),
        grids=make_grids(OPCODES, asked),
        classes=OPCODES.classes,
        rules={rule.ident: rule for rule in RULES},
        longest=LONGEST,
    )
    return Report(html=html, statuses=tuple(collected.statuses))


def judge_all(statuses: Sequence[Status], times: Sequence[float]) -> Standing:
    """Return how everything stands together.

    Args:
        statuses: of the sections.
        times: when each result was kept, in seconds since 1970.
    """
    bad = [status for status in statuses if status.word in (BAD, State.UNUSABLE)]
    missing = [status for status in statuses if status.word == State.MISSING]
    older = sum(status.word == OLDER for status in statuses)
    good = sum(status.word == GOOD for status in statuses)
    word = BAD if bad else OLDER if missing or older else GOOD
    names = ", ".join(status.title for status in bad)
    said = {BAD: f"Not good: {names}", OLDER: "Nothing is bad", GOOD: "Good: everything was run"}
    counts = [f"{good} of {len(statuses)} good"]
    counts += [f"{count} {what}" for count, what in ((older, "older"), (len(missing), "missing"))]
    days = sorted({time.strftime("%Y-%m-%d", time.gmtime(each)) for each in times})
    return Standing(
        word=word,
        text=f"{said[word]} ({', '.join(text for text in counts if not text.startswith('0 '))})",
        dates=" to ".join(dict.fromkeys((days[0], days[-1]))) if days else "",
        missing=tuple(missing),
    )


def read_statuses(request: ReportRequest, trees: Trees) -> tuple[Status, ...]:
    """Return how the kept results of a series stand: those that can be of a series like it.

    Args:
        request: names the series.
        trees: what they have to be about.
    """
    sections = SECTIONS if find_series(request.series).modelled else OF_UNMODIFIED
    return tuple(_Collected(request, trees, sections).statuses)


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
    steps = [read_functions(_up_to(replay, number)) for number in range(1, len(replay.steps) + 1)]
    headers = {f.c_name or f.name: f.header for f in INTERFACE.functions}
    return tuple(
        FunctionView(
            path=fact.path,
            signature=fact.signature,
            patch=_first(steps, key),
            header=headers.get(fact.name, ""),
        )
        for key, fact in steps[-1].items()
    )


def _up_to(replay: Replay, number: int) -> dict[str, Any]:
    return Replay(origin=replay.origin, steps=replay.steps[:number], whole=replay.whole).tip


def _first(steps: Sequence[Mapping[str, FunctionFact]], key: str) -> int:
    return next(number for number, facts in enumerate(steps, 1) if key in facts)


class _Collected:
    """The results that are there, each judged and brought into the form that the page shows."""

    def __init__(
        self, request: ReportRequest, trees: Trees, sections: Sequence[Section] = SECTIONS
    ) -> None:
        self._request = request
        self._own = find_series(request.series).own
        self._trees = trees
        self.statuses: list[Status] = []
        self.views: dict[str, Any] = {}
        self.times: list[float] = []
        for section in sections:
            self._add(section, self._read(section.result.format(flavour=request.flavour)))
            if section.anchor == "tests":
                self._boots("Boots", "boot baseline tip peer")

    def _read(self, name: str) -> Kept:
        base, name = self._request.base, self._own(name)
        kept = read_kept(kept_path(self._request.workdir, base, name), name)
        if kept.state is State.THERE and kept.data.get("base", base) != base:
            problem = f"{name}.json: this is a result of {cut(kept.data['base'])}"
            return replace(kept, state=State.UNUSABLE, problem=problem)
        self.times += [kept.when] if kept.when else []
        return kept

    def _add(self, section: Section, kept: Kept) -> None:
        word, text, view = str(kept.state), kept.problem, None
        current = True
        if kept.state is State.THERE:
            try:
                word, text, view = section.look(kept.data)
                current = self._trees.are_of("tip", _text(kept.data, "tip"))
                if not current:
                    word = OLDER if word == GOOD else word
                    text = f"{text}; {_about(_text(kept.data, 'tip'))}"
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                word = State.UNUSABLE
                text = f"{kept.command}.json: a field is missing or wrong: {error}"
        self.views[section.anchor] = view
        command = f"uprobekit {section.command} --base {self._request.base}"
        self.statuses.append(
            Status(
                title=section.title,
                anchor=section.anchor,
                word=word,
                text=text,
                command=command if section.command else "",
                current=current,
            )
        )

    def _boots(self, title: str, command: str) -> None:
        rows = []
        for variant in ("baseline", "tip", "peer"):
            kept = self._read(f"{variant}-{self._request.flavour}")
            try:
                rows.append(_boot(variant, kept, self._trees))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                text = f"a field is missing or wrong: {error}"
                rows.append({"variant": variant, "word": State.UNUSABLE, "text": text})
        self.views["boots"] = rows
        worst = [row["word"] for row in rows[:2]]
        word = next((w for w in (BAD, "unusable", "missing", OLDER) if w in worst), GOOD)
        self.statuses.append(
            Status(
                title=title,
                anchor="boots",
                word=word,
                text=", ".join(f"{row['variant']}: {row['text']}" for row in rows),
                command=f"uprobekit {command} --base {self._request.base}",
                current=all(row.get("current", True) for row in rows),
            )
        )


def _text(data: Data, name: str) -> str:
    """Return a field of a result, "" where it has none."""
    return str(data.get(name, ""))


def _about(tree: str) -> str:
    return "this is about an older rendering" if tree else "of which rendering is not known"


_FAILING = {
    "baseline": "came to its end; what its tests do is judged above",
    "peer": "came to its end; what the unmodified base does wrong stands above",
}
"""What is said of a boot whose tests fail, where that is no fault of the series."""


def _boot(variant: str, kept: Kept, trees: Trees) -> dict[str, Any]:
    if kept.state is not State.THERE:
        return {"variant": variant, "word": str(kept.state), "text": kept.problem}
    data = kept.data
    if chosen := chosen_tests(data["command"]):
        text = f"only the self-tests '{chosen}' were run"
        return {"variant": variant, "word": str(State.UNUSABLE), "text": cut(text)}
    outcome, end, accel = data["outcome"], data["end"], data["accel"]
    tests = data["ktap"]["tests"]
    ended = Outcome(kind=Kind(outcome["kind"]), reason="", excerpt=())
    good = ended.complete and (variant != "tip" or ended.kind is Kind.PASSED)
    text = cut(outcome["kind"])
    if ended.complete:
        text = "passed" if ended.kind is Kind.PASSED else _FAILING.get(variant, "tests fail")
    tree = _text(data, "tree")
    current = trees.are_of(variant, tree)
    return {
        "variant": variant,
        "word": OLDER if good and not current else judged(good),
        "text": text if current else f"{text}; {_about(tree)}",
        "current": current,
        "reason": cut(outcome["reason"]),
        "seconds": f"{float(end['seconds']):.1f}",
        "accel": str(accel["accel"]),
        "tests": len(tests),
        "excerpt": [cut(line) for line in outcome["excerpt"]][:200],
    }
