# SPDX-License-Identifier: GPL-2.0-only
"""Counters out of a guest, gcov's JSON, and what is executed, or why it is not."""

import json
import subprocess
from types import SimpleNamespace

import pytest

from generator.checks.coverage.counters import read_counters
from generator.checks.coverage.excuses import Excuse, find_excuses
from generator.checks.coverage.gcov import LineCount, count_lines, read_gcov
from generator.checks.marks import find_marks
from generator.errors import CheckFailed, InfraError
from generator.model.bases import BASES
from generator.model.edits import Templated
from generator.model.series import REVIEW
from generator.model.unreached import UNREACHED
from generator.plan import plan_series
from generator.render.env import Templates
from generator.report.coverage import AT_LEAST, as_text, judge_coverage, keep_own

PATH = "kernel/events/uprobes.c"
DATA = "/build/kernel/events/uprobes.gcda"


def lines_of(path, data, *, chunk=4):
    """Return what the guest prints for a file."""
    parts = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    rows = [f"# counters: {path} {at * chunk} {part.hex()}" for at, part in enumerate(parts)]
    return [*rows, f"# counters: {path} {len(data)} end"]


def test_counters():
    """Two files between other lines."""
    rows = [*lines_of("/a.gcda", b"0123456789"), "ok 1 nop", *lines_of("/b.gcda", b"")]
    assert read_counters(rows) == {"/a.gcda": b"0123456789", "/b.gcda": b""}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "missing or cut off"),
        (["ok 1 nop"], "missing or cut off"),
        (lines_of("/a", b"01234567")[:-1], "missing or cut off"),
        (lines_of("/a", b"01234567")[1:], "byte 0 is missing, the next is 4"),
        ([*lines_of("/a", b"0123")[:-1], "# counters: /a 9 end"], "byte 4 is missing"),
        (["# counters: this kernel has none"], "no counters: this kernel has none"),
        (["# counters: /a: cannot be read"], "cannot be read"),
        (["# counters: /a 0 abc"], "no counters: /a 0 abc"),
        (["# counters: /a 0 zz"], "no counters"),
    ],
)
def test_bad_counters(rows, words):
    """Whatever is missing is said."""
    with pytest.raises(CheckFailed, match=words):
        read_counters(rows)


def gcov_json(*lines, file=f"../{PATH}", functions=()):
    """Return gcov's JSON about a file."""
    return json.dumps({"files": [{"file": file, "lines": lines, "functions": functions}]})


def line(number, count, *branches, function="run"):
    """Return a line of it."""
    taken = [{"count": branch, "fallthrough": False} for branch in branches]
    named = {"function_name": function} if function else {}
    return {"line_number": number, "count": count, "branches": taken, **named}


def test_gcov():
    """Lines of the file alone; one without a function gets the one around it."""
    around = {"name": "outer", "start_line": 5, "end_line": 9}
    text = gcov_json(line(3, 7, 7, 0), line(6, 0, function=""), functions=[around])
    assert read_gcov(text, PATH) == (
        LineCount(number=3, function="run", count=7, branches=(7, 0)),
        LineCount(number=6, function="outer", count=0, branches=()),
    )


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "{}", '{"files": [{}]}', gcov_json(), gcov_json({"count": 1})),
        gcov_json(line(3, 7), file="../include/linux/uprobes.h"),
        gcov_json(line(3, 7), file="other-kernel/events/uprobes.c"),
    ],
)
def test_bad_gcov(text):
    """What is not gcov's, or not about this file."""
    with pytest.raises(InfraError):
        read_gcov(text, PATH)


SOURCE = """int f(int a)
{
	if (a)
		return 1;
	return 2;
}
int main(void)
{
	return f(0);
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Return a folder with a program that was compiled with counters, and has run."""
    place = tmp_path_factory.mktemp("program")
    folder = place / "kernel/events"
    folder.mkdir(parents=True)
    (place / PATH).write_text(SOURCE)
    for command in (
        f"gcc --coverage -c -o kernel/events/uprobes.o {PATH}",
        "gcc --coverage -o program kernel/events/uprobes.o",
    ):
        subprocess.run(command.split(), cwd=place, check=True)
    status = subprocess.run("./program", cwd=place, check=False).returncode
    assert status == 2
    return place


def test_real_counters(program, tmp_path):
    """Read by gcov itself: what a program has counted."""
    data = (program / PATH).with_suffix(".gcda").read_bytes()
    counted = count_lines({f"/x/{PATH[:-2]}.gcda": data}, program, PATH, tmp_path)
    assert {line.number: line.count for line in counted} == {1: 1, 3: 1, 4: 0, 5: 1, 7: 1, 9: 1}
    assert {line.number: line.function for line in counted}[4] == "f"
    assert next(line for line in counted if line.number == 3).branches == (0, 1)


def test_counters_of_another_kernel(program, tmp_path):
    """The compiler's stamp does not fit."""
    data = bytearray((program / PATH).with_suffix(".gcda").read_bytes())
    data[8] ^= 0xFF
    with pytest.raises(CheckFailed, match="another kernel"):
        count_lines({f"/x/{PATH[:-2]}.gcda": bytes(data)}, program, PATH, tmp_path)


def test_damaged_counters(program, tmp_path):
    """Not taken by gcov; nothing is read out of it."""
    with pytest.raises(InfraError, match="gcov says"):
        count_lines({f"/x/{PATH[:-2]}.gcda": b"nonsense"}, program, PATH, tmp_path)


@pytest.mark.parametrize("counters", [{}, {"/x/kernel/other.gcda": b""}])
def test_no_counters_of_the_object(program, tmp_path, counters):
    """Another flavour was booted."""
    with pytest.raises(CheckFailed, match="was not compiled with counters"):
        count_lines(counters, program, PATH, tmp_path)


def count(number, times, function="run", *branches):
    """Return a line's count."""
    return LineCount(number=number, function=function, count=times, branches=branches)


def test_own_lines():
    """The functions that the series adds, and the lines that it changes elsewhere."""
    before = "a\nb\nc\n"
    after = "a\nB\nc\nd\n"
    counts = [count(n, 1, "theirs") for n in (1, 2, 3, 4)] + [count(3, 1, "ours")]
    kept = keep_own(counts, before=before, after=after, functions=["ours"])
    assert [(line.number, line.function) for line in kept] == [
        (2, "theirs"),
        (4, "theirs"),
        (3, "ours"),
    ]


FILE = {PATH: "\n".join(f"line {n};" for n in range(1, 101))}


def judge(*counts, excuses=()):
    """Judge a file; ninety lines of it are executed anyway."""
    reached = [count(n, 1, "common") for n in range(1, 91)]
    return judge_coverage({PATH: [*reached, *counts]}, FILE, excuses)


def excuse(line, function="run", path=PATH, **more):
    """Return an excuse."""
    return Excuse(path=path, function=function, line=line, reason="because", **more)


def test_figures():
    """Sums, a row for each function in the order of the file."""
    result = judge(count(95, 2, "run", 2, 0), count(92, 0, "run", 0))
    assert [(r.function, r.lines, r.reached, r.branches, r.taken) for r in result.functions] == [
        ("common", 90, 90, 0, 0),
        ("run", 2, 1, 3, 1),
    ]
    assert (result.lines, result.reached, result.branches, result.taken) == (92, 91, 3, 1)


@pytest.mark.parametrize(
    ("counts", "excuses", "problem"),
    [
        ([count(91, 1)], [], ""),
        ([count(91, 0)], [excuse(91)], ""),
        ([count(91, 0)], [], "91: run: not reached: line 91;"),
        ([count(91, 0)], [excuse(92)], "not reached"),
        ([count(91, 0)], [excuse(91, function="walk")], "not reached"),
        ([count(91, 0)], [excuse(91, path="mm/mmap.c")], "not reached"),
        ([count(91, 1)], [excuse(91)], "91: run: reached, or without code: because"),
        ([count(91, 1)], [excuse(91, sometimes=True)], ""),
        ([count(91, 0), count(92, 0)], [excuse(0)], ""),
        ([count(91, 0), count(92, 1)], [excuse(0)], "run: reached, or without code"),
        ([], [excuse(91)], "without code"),
        ([count(n, 0) for n in range(91, 97)], [excuse(0)], "93.8 % of the lines are reached"),
    ],
)
def test_problems(counts, excuses, problem):
    """A line needs an excuse, an excuse needs a line, and there must be few of both."""
    result = judge(*counts, excuses=excuses)
    if not problem:
        assert not result.problems
    assert all(problem in said for said in result.problems[:1]) and bool(problem) == bool(
        result.problems
    )


def test_limit():
    """95 % is enough."""
    assert AT_LEAST == 0.95
    misses = [excuse(0)]
    assert not judge_coverage(
        {PATH: [count(n, n <= 95, "a" if n <= 95 else "run") for n in range(1, 101)]}, FILE, misses
    ).problems


def test_text():
    """What people read names the lines and their reasons."""
    text = as_text(judge(count(91, 0), count(92, 0), excuses=[excuse(91)]))
    assert f"not reached: {PATH}:91: run: line 91;\n    because" in text
    assert f"{PATH}:92: run: line 92;\n    NO REASON" in text
    assert text.splitlines()[3].split() == ["all", "92", "90", "0", "0"]


def test_reasons_are_sentences():
    """Each says why, once, and ends without a full stop."""
    assert len({reason.name for reason in UNREACHED}) == len(UNREACHED)
    for each in UNREACHED:
        assert len(each.reason.split()) > 2 and not each.reason.endswith("."), each


def render_tip(base):
    """Return what the templates of a base render to, by file, without the kernel's own lines."""
    plan = plan_series(base, REVIEW)
    scope = plan.tip
    texts = dict.fromkeys((mark.path for mark in find_marks(base.name)), "")
    for edit in (*plan.baseline, *(edit for one in plan.patches for edit in one.edits)):
        if isinstance(edit, Templated) and edit.path in texts:
            texts[edit.path] += Templates(scope).file(edit.template)
    return texts


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_every_mark_is_a_line(base):
    """Each reason has its line in the C, and says what stands there; a damaged line is told."""
    tip = render_tip(base)
    excuses = find_excuses(base, tip)
    lines = {f"{e.path}: {e.function}": tip[e.path].splitlines()[e.line - 1] for e in excuses}
    assert "put_uprobe(utask->active_uprobe);" in lines[f"{PATH}: uprobe_free_utask"]
    assert {e.function for e in excuses if not e.line} >= {"arch_uprobe_insn_len"}
    used = {e.reason for e in excuses}
    missing = [r.name for r in UNREACHED if r.reason not in used]
    assert set(missing) <= {"other-layout", "shadow-stack", "shadow-stack-there", "probe-gone"}
    tip[PATH] = tip[PATH].replace("put_uprobe(utask->active_uprobe);", "")
    with pytest.raises(CheckFailed, match="0 times"):
        find_excuses(base, tip)


def test_no_reason_is_left_over():
    """Each one has a mark for some base, or functions."""
    marked = {mark.name for base in BASES for mark in find_marks(base.name)}
    assert {r.name for r in UNREACHED if not r.functions} <= marked


def test_gcov_is_missing(program, tmp_path, monkeypatch):
    """It belongs to the compiler's package."""
    monkeypatch.setattr(
        "generator.checks.coverage.gcov.shutil", SimpleNamespace(which=lambda _: None)
    )
    with pytest.raises(InfraError, match="gcov is not found in PATH"):
        count_lines({f"/x/{PATH[:-2]}.gcda": b""}, program, PATH, tmp_path)
