# SPDX-License-Identifier: GPL-2.0-only
"""The core in every order of a few threads: what is taken, what is tried, what is noticed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from conftest import TESTS

from generator.checks.mutation.hand import read_fault, render_fault
from generator.checks.schedules.extract import core_source
from generator.checks.schedules.run import explore_schedules, read_schedules
from generator.cli.app import main
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed, ExitCode, InfraError
from generator.model.files import CORE, CORE_H
from generator.plan import find_base, find_series, plan_series

SHIM = TESTS.parent / "generator/checks/schedules/shim"
NEEDS_GCC = pytest.mark.needs("gcc")

HEAD = """
#include <stdlib.h>
#include "explore.h"

static void start(void)
{
	number = 0;
	word = allocate(sizeof(*word));
	new_thread("one", one, NULL);
	new_thread("other", other, NULL);
}

static void finish(void)
{
	if (number != 2)
		fail("%d and not 2", number);
	release(word);
}

const struct scenario scenarios[] = {
	{ "small", 1, start, finish, NULL },
	{ .name = NULL },
};
"""
ADD = """
	int old = number;

	step("between");
	number = old + 1;
"""


def explore(place, one, other, head="") -> tuple[int, str]:
    """Run the explorer with two threads; return its status and what it says."""
    bodies = f"static void one(void)\n{{{one}}}\n\nstatic void other(void)\n{{{other}}}\n"
    declared = '#include <stdbool.h>\n#include "explore.h"\nstatic int number;\nstatic int *word;\n'
    (place / "small.c").write_text(declared + head + bodies + HEAD)
    command = ["gcc", "-Wall", "-Werror", f"-I{SHIM}", "-o", "small", "small.c"]
    subprocess.run([*command, SHIM / "explore.c"], cwd=place, check=True)
    done = subprocess.run([place / "small"], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@NEEDS_GCC
def test_orders_are_tried(tmp_path):
    """Two additions, each at once: right in every order, and there are more than two of them."""
    status, said = explore(tmp_path, 'number++; step("a");', 'number++; step("b");')
    assert (status, said.split()[0]) == (0, "small")
    assert int(said.split()[1]) > 2


@NEEDS_GCC
@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        (ADD, ADD, "1 and not 2"),
        ("number = 2;", 'release(word); step("x"); number += *word;', "memory that was freed"),
        ("number = 2;", "number = 2; release(word);", "freed twice"),
        ("number = 2; (void)allocate(8);", "number = 2;", "has not been freed"),
        ("number = 2;", 'block("for ever", NULL, never);', "waits for ever"),
        ('number = 2; for (;;) step("round");', "", "no end after"),
        ("number = 2;", "*(volatile int *)8 = 1;", "memory that was freed, or none"),
    ],
)
def test_what_is_wrong_is_found(one, other, what, tmp_path):
    """A lost addition, memory used and freed wrongly or kept, threads without an end."""
    head = (
        "static bool never(struct thread *thread) { return !thread; }\n" if "never" in other else ""
    )
    status, said = explore(tmp_path, one, other, head)
    assert status == 1
    assert what in said
    assert " from: " in said


def test_what_is_taken():
    """What the entry points reach, in the order of the file; not what the shim has."""
    core = """
struct uprobe {
	int ref;
};

static void unused(void)
{
}

static void put(void)
{
}

static int deeper(void)
{
	return 1;
}

void uprobe_clear_state(void)
{
	put();
	deeper();
}
"""
    made = core_source(core, "void put(void)\n{\n}\n")
    assert "unused" not in made
    assert "static void put" not in made
    assert "struct uprobe {" in made
    assert made.index("return 1;") < made.index("put();")
    assert "static int deeper(void);\n" in made


def test_what_the_program_says():
    """Scenarios, what is wrong, and the order; a program that dies says nothing."""
    found = read_schedules("a-b 12\nc 1\nd: one, x: goes on at 5\n    one from: start\n", 1)
    assert [(one.scenario, one.orders) for one in found.explored] == [("a-b", 12), ("c", 1)]
    assert found.problem == "d: one, x: goes on at 5"
    assert found.trace == ("one from: start",)
    assert read_schedules("a 1\n", -11).problem == "the program has ended with -11"
    assert read_schedules("a 1\n", 0).problem == ""


def tip_of(base, kernel_source, place):
    """Return the source and the files of the tip."""
    tree = kernel_source(base).path
    return render_source(Options(base=base, tree=tree, workdir=place))


@pytest.mark.kernel
@pytest.mark.parametrize("base", ["3.3", "6.12", "6.19"])
def test_the_tip(base, kernel_source, tmp_path, capsys):
    """Nothing goes wrong in any order, and there are many."""
    source = kernel_source(base)
    arguments = ["--base", base, "--tree", str(source.path), "--workdir", str(tmp_path)]
    arguments += ["--rev", source.commit] if source.commit else []
    assert main(["schedules", *arguments, "--json", "-q"]) == ExitCode.GOOD
    data = json.loads(capsys.readouterr().out)
    assert data["problem"] == ""
    orders = {one["scenario"]: one["orders"] for one in data["explored"]}
    assert orders["slots"] > 10_000
    assert len(orders) >= 12
    assert ("sessions" in orders) == ("consumer_data" in find_base(base).has)
    assert ("again" in orders) == ("uprobe_rcu" in find_base(base).has)


SESSIONS = {
    "session ? &session->cookie : NULL": "NULL",
    "if (rs->list[pos].id == uc->id)": "if (1)",
    "if (uc->ret_handler && !rc)": "if (uc->ret_handler)",
    "struct_size(rs, list, rs->room), GFP": "struct_size(rs, list, 1), GFP",
    "if (uc->ret_handler && (session || !uc->handler))": "if (uc->ret_handler)",
    "rs->room++;": ";",
    "cookie = 0;": ";",
}


@pytest.mark.kernel
def test_faults_of_sessions_are_noticed(kernel_source, tmp_path):
    """What a consumer keeps of a call is its own, and comes back with that call's return."""
    source = kernel_source("6.19")
    options = Options(base="6.19", tree=source.path, rev=source.commit or None, workdir=tmp_path)
    _source, rendered = render_source(options)
    for right, wrong in SESSIONS.items():
        core = rendered.tip_files[CORE]
        assert core.count(right) == 1, right
        broken = {**rendered.tip_files, CORE: core.replace(right, wrong)}
        assert explore_schedules(broken, tmp_path / "x").problem.startswith("sessions: "), right


AGAIN = {
    "if (data_race(uprobe_is_active(uprobe)))\n\t\t\treturn": "if (uprobe)\n\t\t\treturn",
    "if (data_race(uprobe_is_active(uprobe)))\n\t\t\tunapply": "if (uprobe)\n\t\t\tunapply",
    "if (unlikely(!data_race(uprobe_is_active(uprobe))))": "if (!uprobe)",
    "!uprobe || uprobe->ino": "uprobe->ino",
    "uprobe->ino != ri->uprobe->ino ||": "",
    "uprobe->generation != ri->uprobe->generation": "false",
    "if (!err && list_empty(&uprobe->consumers))": "if (!err)",
    "\t\terase_uprobe(uprobe);\n": "\t\t;\n",
    "\tRB_CLEAR_NODE(&uprobe->rb_node);\n\twrite_unlock": "\twrite_unlock",
    "\t\tup_write(&uprobe->register_rwsem);\n\t\tput_uprobe(uprobe);\n": (
        "\t\tup_write(&uprobe->register_rwsem);\n"
    ),
    "\n\t/* That of the tree; the caller has one. */\n\tput_uprobe(uprobe);\n": "",
    "if (!err && list_empty": "if (list_empty",
    'leaking uprobe");\n': 'leaking uprobe"); else\n',
}


@pytest.mark.kernel
def test_faults_of_registering_are_noticed(kernel_source, tmp_path):
    """Who has a consumer at a place is found there, and who has none is not."""
    scenarios = ("again", "stays", "told", "taken", "taken-elsewhere", "refused")
    _source, rendered = tip_of("6.12", kernel_source, tmp_path)
    for right, wrong in AGAIN.items():
        core = rendered.tip_files[CORE]
        assert core.count(right) == 1, right
        broken = {**rendered.tip_files, CORE: core.replace(right, wrong)}
        problem = explore_schedules(broken, tmp_path / "x").problem
        assert problem.partition(":")[0] in scenarios, right


NOTICED = (
    "ip-kept-after-late-hit",
    "nearest-is-farthest",
    "return-handlers-unlocked",
    "return-ip-set-after-handlers",
    "return-only-consumer-removed",
    "rseq-abort-flag-kept",
    "utask-freed-while-seen",
    "xol-published-before-mapped",
    "xol-slot-taken-not-atomic",
    "xol-slot-wait-interruptible",
    "xol-unlock-never-locked",
    "xol-vaddr-kept",
    "xol-wakeup-lost",
)


@pytest.mark.kernel
@pytest.mark.parametrize("base", ["6.12"])
def test_faults_are_noticed(base, kernel_source, tmp_path):
    """What nobody noticed before: each in some order of the threads, which is told."""
    source, rendered = tip_of(base, kernel_source, tmp_path)
    plan = plan_series(find_base(base), find_series("review"))
    for name in NOTICED:
        fault = render_fault(
            read_fault(TESTS / "faults" / f"{name}.patch"), plan, source, rendered.tip_files
        )
        broken = {**rendered.tip_files, **fault.changed(rendered.tip_files)}
        found = explore_schedules(broken, tmp_path / "x")
        assert found.problem, name
        assert found.trace, name


@pytest.mark.kernel
def test_what_does_not_compile(kernel_source, tmp_path):
    """C that user space does not know is named with the file to mend; no gcc is that."""
    _source, rendered = tip_of("6.1", kernel_source, tmp_path)
    tip = {CORE: rendered.tip_files[CORE], CORE_H: rendered.tip_files[CORE_H]}
    broken = tip[CORE].replace("init_waitqueue_head(&area->wq);", "fresh_queue(&area->wq, 0->a);")
    with pytest.raises(CheckFailed, match="does not compile for user space") as caught:
        explore_schedules({**tip, CORE: broken}, tmp_path / "x")
    assert "shim/kernel.h" in str(caught.value.hint)


@pytest.mark.kernel
def test_without_a_compiler(kernel_source, tmp_path, monkeypatch):
    """A machine without gcc is told what to install."""
    _source, rendered = tip_of("6.1", kernel_source, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InfraError, match="gcc cannot be run"):
        explore_schedules(rendered.tip_files, Path(tmp_path) / "x")
