# SPDX-License-Identifier: GPL-2.0-only
"""Kept results for the tests of the report, made of what the stages return."""

import functools
from dataclasses import asdict, replace
from pathlib import Path

from conftest import TESTS
from guests import boot, guest

from generator.checks.census.opcodes import OpcodeVerdict
from generator.checks.checkpatch import CheckpatchResult, Finding
from generator.checks.interface.ast import Check, Difference
from generator.checks.matrix.chain import PrefixResult
from generator.checks.patches.apply import Applied
from generator.checks.patches.code import CodeResult
from generator.checks.patches.mail import Finding as MailFinding
from generator.checks.patches.recipients import Recipient
from generator.checks.proof.summary import Failure, Summary, Uncovered
from generator.checks.review.run import Point
from generator.checks.scaling.count import HitCounts
from generator.checks.scaling.rates import Rate
from generator.checks.soak.judge import Refused, Row, Run, Soak
from generator.checks.soak.judge import as_data as soak_data
from generator.checks.states.rows import GuardRow, StatesRows, WorldRow
from generator.model.opcodes import OPCODES
from generator.model.review import RULES
from generator.patches.mail import read_series
from generator.report.clients import Client
from generator.report.clients import as_data as clients_data
from generator.report.compare import CompareRequest, compare_boots
from generator.report.corpus import CorpusResult, Refusal, Wrong
from generator.report.corpus import as_data as corpus_data
from generator.report.cost import Cost
from generator.report.cost import as_data as cost_data
from generator.report.coverage import Coverage, FunctionCoverage, MissedLine
from generator.report.coverage import as_data as coverage_data
from generator.report.kept import write_kept
from generator.report.matrix import BootRow, Matrix
from generator.report.matrix import Cost as MatrixCost
from generator.report.mutants import Score, Told
from generator.report.results import write_boot, write_comparison
from generator.report.scaling import as_data as scaling_data

BASE = "6.1"
MANIFEST = read_series(TESTS.parent / "kernel_patches/6.1/review").manifest
TIP = MANIFEST["tip"]


def make_results(work: Path, *, said: str = "") -> Path:
    """Keep a result of every command; ``said`` stands wherever a tool or a kernel has said it."""
    _boots(work, said)
    points = [
        Point(rule=rule, patches=("x86: One",), evidence=("a.c:1", "b.c:2"), problems=())
        for rule in RULES
    ]
    points[1] = replace(points[1], problems=(f"not so {said}",) if said else ())
    _keep(work, "review", {"points": [asdict(point) for point in points]})
    checks = (
        Check(what="prototypes", checked=114, differences=()),
        Check(
            what="members",
            checked=9,
            differences=(Difference(place="a.c:1", what=said),) if said else (),
        ),
    )
    _keep(work, "verify", {"checks": [asdict(check) for check in checks]})
    results = [
        PrefixResult(
            ref=ref,
            configuration=configuration,
            objects=9,
            left_out=(),
            problems=(said,) if said and ref == "tip" else (),
            seconds=7.25,
        )
        for ref in ("baseline", "tip")
        for configuration in ("on", "off")
    ]
    boots = tuple(
        BootRow(
            ref=ref,
            kind=said or "passed",
            tests=3,
            passed=2,
            seconds=9.5,
            problems=(said,) if said else (),
        )
        for ref in ("baseline", "tip")
    )
    matrix = Matrix(
        full=True,
        identity="x",
        trees={"baseline": "1", "tip": TIP},
        cells=tuple(results),
        boots=boots,
        cost=MatrixCost(plain=300.0, series=1200.0, times=4.0, compiled=3000, ccache=False),
        notes=(f"UML: {said or 'not here'}",),
        tasks=4,
        seconds=60.0,
    )
    _keep(work, "matrix", asdict(matrix))
    finding = Finding(patch="0001", file="a.c", line=3, text=said or "CHECK:CAMELCASE")
    checked = CheckpatchResult(
        checked=("0001",), findings=(finding,) if said else (), inherited=(finding,)
    )
    _keep(work, "checkpatch", asdict(checked))
    _keep(work, "verdicts", {"bits": 64, "opcodes": _opcodes()})
    _keep(work, "proof", asdict(_proof(said)))
    _keep(work, "mutate", {**asdict(_score(said)), "share": 0.975})
    push = Cost(
        name="push",
        site="push",
        mode="64",
        kind="gained",
        code="55",
        how="not stepped",
        how_base="stepped",
        ours=800,
        base=1600,
        aim=0.66,
        limit=0.7,
    )
    rows = (push, replace(push, name="m32-mul", mode="32", kind="stepped", ours=1700, base=None))
    slow = replace(push, name=said, site=said, how=said, ours=2000)
    _keep(work, "cost", cost_data((*rows, slow) if said else rows, base="6.1"))
    shared = HitCounts(
        row=said or "nop-one",
        side="ours",
        calls=4,
        instructions=1242,
        locked=11,
        shared_lines=4,
        shared_writes=11,
        shared_locked=7,
        allocations=0,
        frees=0,
        places=(said or "up_read: 2",),
    )
    alone = replace(shared, side="base", shared_lines=3)
    rate = Rate(row=said or "nop-one-2", ours=(100, 110), base=(100, 100))
    _keep(work, "scaling", scaling_data([shared, alone] if said else [shared], [rate]))
    counted = Client(name="perf-stat", expected=10000, ours=10000, base=10000)
    lost = Client(name=said, expected=10000, ours=None, base=9999, said=(said,))
    versions = {"linux-perf": said or "6.1"}
    _keep(work, "clients", clients_data((counted, lost) if said else (counted,), versions))
    _keep(work, "soak", soak_data(_soak(said)))
    _keep(work, "soak-full", soak_data(_soak(said)))
    _keep(work, "coverage", coverage_data(_coverage(said)))
    tally = {"entries": {"not stepped": 99, "stepped": 1}, "returns": {}, "instructions": {}}
    tally |= {"stepped": {"mul": 1}, "refused": {}}
    sides = {side: {"all": tally, "without_go": tally, "mean": 0.5} for side in ("ours", "base")}
    counted = {"base": BASE, "files": 29, "go_files": 1, "unreadable": 0, "sides": sides}
    _keep(work, "census", counted)
    _keep(work, "states", asdict(_states(said)))
    _keep(work, "patches", _patches(said))
    explored = {"explored": [{"scenario": said or "slots", "orders": 320}], "trace": [said]}
    _keep(work, "schedules", {"base": BASE, "source": BASE, "problem": said, **explored})
    _keep(work, "corpus", corpus_data([_corpus(said)]))
    return work


def _soak(said):
    good = Run(outcome="pass", hits=900, returns=30, seconds=2.5, plain=0.5)
    bad = Run(outcome=said or "differs", hits=9, seconds=0.5, plain=0.0, said=(said or "byte 3",))
    row = Row(
        program=said or "perl",
        round="entries",
        sites=700,
        base_sites=699,
        ours=bad if said else good,
        base=bad,
        problems=(said,) if said else (),
    )
    place = Refused(
        sides=("base",),
        round="entries",
        file=said or "/usr/bin/perl",
        offset=64,
        error=524,
        code="c5 f8 77",
        text=said or "vzeroupper",
        reason="",
    )
    return Soak(
        full=False,
        rows=(row,),
        refused=(place,),
        boots={"programs/base": said} if said else {},
        versions={"perl-base": said or "5.36"},
        problems=(said,) if said else (),
        unstable=(),
        seconds=70.5,
    )


def _keep(work, command, data):
    write_kept(work, BASE, command, data, source="6.1.192", tip=TIP)


def _boots(work, said):
    dead = guest(status="not ok", outcome="outcome=sigtrap hits=0")
    before = replace(boot(dead, "baseline"), base=BASE, tree=MANIFEST["baseline"])
    after = replace(boot(guest(), "tip"), base=BASE, tree=TIP)
    peer = replace(boot(dead, "peer"), base=BASE)
    if said:
        after = replace(
            after, outcome=replace(after.outcome, reason=said, excerpt=(said, "next line"))
        )
        row = replace(after.ktap.tests[0], name=f"one {said}", reason=said)
        after = replace(after, ktap=replace(after.ktap, tests=(row,)))
    for result in (before, after, peer):
        write_boot(result, work)
    compared = compare_boots(CompareRequest(baseline=before, tip=after, peer=peer))
    write_comparison(compared, work)


def _coverage(said):
    row = FunctionCoverage(
        path="kernel/events/uprobes.c",
        function=said or "run_uprobe",
        lines=40,
        reached=39,
        branches=4,
        taken=3,
    )
    missed = MissedLine(
        path=row.path, line=7, function=row.function, text=said or "break;", reason="a weak one"
    )
    return Coverage(
        lines=40,
        reached=39,
        branches=4,
        taken=3,
        functions=(row,),
        missed=(missed,),
        stale=(said,) if said else (),
    )


@functools.cache
def _opcodes():
    rows = []
    for table in OPCODES.maps:
        for opcode, letter in enumerate(table.letters):
            word = "refused" if letter == "_" else "stepped"
            row = OpcodeVerdict(
                map=table.name, opcode=opcode, ours=(word,) * 8, base=("stepped",) * 8
            )
            rows.append(asdict(row))
    return rows


def _proof(said):
    failure = Failure(bits=64, code="90", text=said, opcode="90", reason="ip", differences={})
    return Summary(
        cases=100,
        instructions=90,
        outcomes={"equal": 99},
        by_map={},
        by_letter={},
        opcodes=10,
        covered=9,
        mnemonics=5,
        uncovered=(Uncovered(bits=64, opcode="0f 31", letter="X", why="not repeatable"),),
        emulated=(),
        left_out=(),
        refusals={},
        needless={},
        failures=(failure,) if said else (),
    )


def _score(said):
    fault = Told(
        ident="0a1b2c3d",
        kind="condition inverted",
        place="a.c:3",
        function="f",
        said=f"a == b -> {said}",
    )
    levels = {"model": 10, "boot": 29}
    return Score(
        faults=40,
        same=2,
        first=levels,
        caught=levels,
        explained=(),
        open=(fault,) if said else (),
        waiting=(),
    )


def _states(said):
    world = WorldRow(world="signal", meaning="x", states=9, steps=12, seconds=0.5, broken=said)
    guard = GuardRow(
        guard="set-again",
        function="f",
        text=said or "set_thread_flag(TIF_SIGPENDING);",
        instead="",
        review="R20",
        world="signal",
        breaks="lost",
        found="" if said else "lost",
        states=5,
        trace=(said, "A: f()"),
    )
    return StatesRows(
        base=BASE,
        checks=(),
        worlds=(world,),
        guards=(guard,),
        problems=(f"world signal: {said}",) if said else (),
    )


def _patches(said):
    code = CodeResult(
        patch=1,
        source="a.c",
        build="tip",
        instructions=7,
        functions=(said,) if said else (),
        problem=said,
    )
    finding = MailFinding(patch="0001", line=3, what=said)
    who = Recipient(who="A <a@example.org>", role="maintainer", section=said or "X86")
    return {
        "base": BASE,
        "applied": [asdict(Applied(patch="0001", problem=said))],
        "findings": [asdict(finding)] if said else [],
        "code": [asdict(code)],
        "compiled": [],
        "recipients": [{**asdict(who), "to": who.to}],
    }


def _corpus(said):
    wrong = [Wrong(side="base", code="90", text="nop", mnemonic="nop", what="ip: not so")]
    if said:
        wrong.append(Wrong(side="ours", code="91", text=said, mnemonic=said, what=said))
    counts = {"ours": 10, "base": 9}
    refusals = (Refusal(reason=said or "odd", cases=1, mnemonics=("hlt",), example="f4  hlt"),)
    return CorpusResult(
        bits=64,
        cases=10,
        executed=counts,
        faults=counts,
        refused=counts,
        wrong=tuple(wrong),
        refusals=refusals,
    )
