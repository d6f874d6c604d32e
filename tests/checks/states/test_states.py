# SPDX-License-Identifier: GPL-2.0-only
"""The state machine: every world keeps its properties, no guard can go, and the C has them all."""

import json
import re

import jinja2
import pytest
from conftest import TESTS

from generator.checks.marks import find_marks, span_in
from generator.checks.states import run
from generator.checks.states.correspond import check_correspondence
from generator.checks.states.draw import picture_id, to_dot
from generator.checks.states.moves import Machine
from generator.checks.states.search import explore, first_broken
from generator.checks.states.state import (
    ASTRAY,
    BREAKPOINT,
    COPY,
    KILL,
    NEXT,
    SIGNAL,
    WORLDS,
    Memory,
    Utask,
    World,
    initial_state,
)
from generator.cli.app import main
from generator.errors import ExitCode, InfraError, UserError
from generator.model.guards import GUARDS, PROPERTIES
from generator.model.states import OUTSIDE_TRANSITIONS, TRANSITIONS
from generator.model.steps import BROKEN_STEPS, LEFT_OUT, OUR_STEPS, STEPS
from generator.paths import data_dir
from generator.plan import find_base, find_series, plan_series
from generator.render.env import Templates, environment, templates_before
from generator.render.words import check_words

DOCS = TESTS.parent / "docs"
BASES = ("6.1", "6.12")
CORE, ARCH = "kernel/events/uprobes.c", "arch/x86/kernel/uprobes.c"
QUICK = tuple(world for world in WORLDS if world.name != "registrar")

# the functions of the base that hooks stand in
AROUND = {
    "kernel/fork.c": ("uprobe_free_utask", "void mm_release(struct task_struct *tsk)"),
    "kernel/signal.c": ("uprobe_deny_signal", "bool get_signal(void)"),
    "kernel/entry/common.c": (
        *("uprobe_notify_resume", "void exit_to_user_mode_loop(struct pt_regs *regs)"),
    ),
}
RSEQ = (
    "static int rseq_ip_fixup(struct pt_regs *regs)\n{\n"
    "\tunsigned long ip = uprobe_get_trap_addr(regs);\n\n"
    "\tuprobe_abort_step(regs);\n"
    "\tinstruction_pointer_set(regs, (unsigned long)rseq_cs.abort_ip);\n}\n"
)


def planned(base):
    """Return the plan of a base."""
    return plan_series(find_base(base), find_series("review"))


def rendered(base):
    """Return the C of the series as rendered, with what stands around the hooks."""
    plan = planned(base)
    templates = Templates(plan.tip)
    core = [templates.file(f"{CORE}/{name}.c") for name in ("utask", "xol", "hit", "rseq")]
    around = {path: around_hook(plan, templates, *what) for path, what in AROUND.items()}
    whole = {"kernel/rseq.c": RSEQ, CORE: "\n".join(core), ARCH: templates.file(ARCH)}
    return {**around, **whole}


def around_hook(plan, templates, callee, head):
    """Return a function of the base with nothing in it but the call of a hook."""
    (text,) = (templates.text(hook.text) for hook in plan.base.hooks if hook.callee == callee)
    rows = "".join(f"\t{row}\n" for row in text.split("\n"))
    return f"{head}\n{{\n{rows}}}\n"


# the worlds


@pytest.mark.sweep
@pytest.mark.parametrize("world", QUICK, ids=lambda world: world.name)
def test_worlds_keep_their_properties(world):
    """Nothing breaks with all guards; `make check-states` does it for all worlds and bases."""
    found = explore(Machine(world, rcu=True))
    assert found.broken == ""
    assert found.states > 100 and found.moves > found.states


def test_only_the_models_transitions_are_made():
    """States change as the model says, and each of its changes is seen."""
    edges = set()
    for world in QUICK[:2]:
        edges |= {(old, new) for old, new, _ in explore(Machine(world, rcu=False)).edges}
    said = {(move.source, move.target) for move in (*TRANSITIONS, *OUTSIDE_TRANSITIONS)}
    assert edges == said


@pytest.mark.sweep
def test_every_guard_is_needed():
    """Without a guard the property breaks that it names; `uprobekit states` does so for a base."""
    base = find_base("6.12")
    guards = run.find_guards(base)
    assert len(guards) >= 35
    for result in run.check_guards(base, guards):
        assert result.found.broken == result.guard.breaks, result.guard.name
        assert result.found.trace, result.guard.name
        lines = run.describe(base, result.found)
        assert any(line.startswith("    broken: ") for line in lines)


def test_every_property_can_break():
    """A property that no guard keeps is one that nobody looks for."""
    assert {guard.breaks for guard in GUARDS} == {found.name for found in PROPERTIES}


MOVES = ("moves", "hit", "ended", "signals", "family", "registrar")
"""The modules of the state machine."""


def test_guards_name_what_exists():
    """World, step and property names are known, and the machine asks for each guard."""
    text = "".join(map(source, MOVES))
    asked = set(re.findall(r'_has\("([\w-]+)"\)', text))
    asked |= set(re.findall(r'"((?:put|returns)-exit)"', text))
    assert {guard.name for guard in GUARDS} == asked
    assert {guard.world for guard in GUARDS} <= {world.name for world in WORLDS}
    names = [step.name for step in (*STEPS, *BROKEN_STEPS)]
    assert len(names) == len(set(names))
    assert set(re.findall(r'yield "([\w-]+)", index', text)) <= set(names)


def source(name):
    """Return the text of a module of the state machine."""
    return (TESTS.parent / "generator/checks/states" / f"{name}.py").read_text()


def test_the_race_of_the_review():
    """R20: without the flag that is set again, what comes in the middle of a step is lost."""
    base = find_base("6.1")
    (result,) = run.check_guards(base, run.find_guards(base, ("set-again",)))
    assert result.guard.review == "R20"
    assert result.found.broken == "signal"
    names = [step.name for step in result.found.trace]
    assert names.index("deny") < names.index("set-again")
    last = result.found.trace[-1].state.tasks[0]
    assert last.pc == "user"
    assert last.kicked or last.queue == SIGNAL
    assert not last.sigpending


def test_a_wake_up_without_a_signal():
    """The queue does not tell of the freezer: a look at it is not enough."""
    base = find_base("6.1")
    (result,) = run.check_guards(base, run.find_guards(base, ("not-the-queue",)))
    last = result.found.trace[-1].state.tasks[0]
    assert (last.kicked, last.queue, last.sigpending) == (True, 0, False)


def test_what_is_left_is_told():
    """A state without an exit says what goes on for ever."""
    base = find_base("6.1")
    (result,) = run.check_guards(base, run.find_guards(base, ("trapped",)))
    assert result.found.broken == "exit"
    assert "raise" in result.found.circle and "deny" in result.found.circle
    assert "finish" not in result.found.circle


def test_traces_are_possible():
    """Each step of a trace is a move of the machine from the state before."""
    base = find_base("6.12")
    for result in run.check_guards(base, run.find_guards(base, ("rcu", "set-again", "dup-get"))):
        world = next(world for world in WORLDS if world.name == result.guard.world)
        machine = Machine(world, rcu=True, without=frozenset({result.guard.name}))
        state = initial_state(world)
        for step in result.found.trace:
            assert (step.name, step.task, step.state) in set(machine.moves(state))
            state = step.state


# single states


START = initial_state(World(name="x", meaning=""))


def with_task(state=START, **changes):
    """Return a state whose first task is changed."""
    return state._replace(tasks=(state.tasks[0]._replace(**changes),))


def with_utask(task=None, **changes):
    """Return a state whose task has a uprobe_task."""
    state = START._replace(utasks=(Utask("UTASK_RUNNING", **changes),))
    return with_task(state, utask=0, **(task or {}))


@pytest.mark.parametrize(
    ("state", "broken"),
    [
        (START, ""),
        (with_task(ip=NEXT, done=True), ""),
        (with_task(ip=NEXT), "place"),
        (with_task(done=True), "place"),
        (with_task(ip=COPY), "place"),
        (with_task(ip=ASTRAY), "place"),
        (with_task(ip=ASTRAY, pc="loop"), ""),
        (with_task(queue=SIGNAL), "signal"),
        (with_task(queue=KILL), "signal"),
        (with_task(queue=SIGNAL, sigpending=True), ""),
        (with_task(queue=SIGNAL, siglock="send"), ""),
        (with_task(kicked=True), "signal"),
        (with_task(kicked=True, sigpending=True), ""),
        (with_task(queue=SIGNAL, pc="loop"), ""),
        (with_task(held=True, probe=0), "reference"),
        (with_task(utask=0), "utask"),
        (with_utask(), ""),
        (with_utask(active=0), "place"),
        (with_utask({"ip": COPY}, active=0), "reference"),
        (with_utask(returns=0), "reference"),
        (with_utask(slot=0), "slot"),
        (with_utask({"pc": "arm"}, slot=0), "slot"),
        (START._replace(utasks=(Utask("UTASK_RUNNING"),)), "utask"),
        (START._replace(memories=(Memory(True, True, busy=1),)), "slot"),
        (START._replace(probes=(START.probes[0]._replace(refs=2),)), "reference"),
        (START._replace(probes=(START.probes[0]._replace(refs=0),)), "reference"),
    ],
)
def test_single_states(state, broken):
    """What must never be is seen in the state itself."""
    assert first_broken(state) == broken
    assert state.tasks[0].ip in (BREAKPOINT, NEXT, COPY, ASTRAY)


# what goes wrong


def test_a_world_too_large():
    """The search gives up before the memory does, and says what to do."""
    with pytest.raises(InfraError, match=r"more than 50 states.*make it smaller"):
        explore(Machine(QUICK[0], rcu=False), limit=50)


@pytest.mark.parametrize("name", ["", "set-agai", "no such guard"])
def test_no_such_guard(name):
    """The names that exist are listed."""
    with pytest.raises(UserError, match=r"no guard.*known: .*set-again"):
        run.find_guards(find_base("6.1"), (name,))


def test_guards_of_other_bases():
    """RCU's guards are not those of a base without it."""
    with pytest.raises(UserError, match=r"6\.1 has no guard 'rcu'"):
        run.find_guards(find_base("6.1"), ("rcu",))
    assert len(run.find_guards(find_base("6.12"), ("rcu",))) == 1


def test_a_guard_that_nobody_needs(monkeypatch):
    """A guard whose loss is not noticed is a problem, and so is the wrong property."""
    from dataclasses import replace

    base = find_base("6.1")
    guard = run.find_guards(base, ("mark",))[0]
    monkeypatch.setattr(run, "GUARDS", (guard, replace(guard, name="none-such")))
    monkeypatch.setattr(run, "WORLDS", QUICK[:2])
    monkeypatch.setattr(run, "OUTSIDE_TRANSITIONS", ())
    result = run.check_states(planned("6.1"), rendered("6.1"))
    text = "\n".join(result.problems)
    assert "without guard none-such 'kept' must break, found: nothing" in text
    assert "without guard mark" not in text
    assert "step fork: no world makes it" in text
    assert "hit -> UTASK_RUNNING: generator/model/states.py has no such transition" in text


def test_a_transition_that_nothing_makes(monkeypatch):
    """A transition of the model that the machine does not make is a problem."""
    move = TRANSITIONS[0]
    other = type(move)(source="UTASK_SSTEP_ACK", target="hit", cause="", function="pre_ssout")
    monkeypatch.setattr(run, "OUTSIDE_TRANSITIONS", (*OUTSIDE_TRANSITIONS, other))
    monkeypatch.setattr(run, "GUARDS", ())
    monkeypatch.setattr(run, "WORLDS", QUICK[:1])
    result = run.check_states(planned("6.1"), rendered("6.1"))
    assert any(p.startswith("UTASK_SSTEP_ACK -> hit: no world") for p in result.problems)


def test_a_world_that_breaks(monkeypatch):
    """The trace is in the report when a property does not hold with all guards."""
    broken = Machine(QUICK[0], rcu=False, without=frozenset({"set-again"}))
    monkeypatch.setattr(run, "Machine", lambda world, rcu, without=frozenset(): broken)
    monkeypatch.setattr(run, "GUARDS", ())
    monkeypatch.setattr(run, "WORLDS", QUICK[:1])
    result = run.check_states(planned("6.1"), rendered("6.1"))
    (problem,) = result.problems
    assert problem.startswith("world race:")
    assert "broken: no signal and no wake-up is lost" in problem


# the C


@pytest.mark.parametrize("base", BASES)
def test_the_c_has_every_step(base):
    """Nothing is missing, nothing is beside the machine."""
    for check in check_correspondence(planned(base), rendered(base)):
        assert check.differences == ()
        assert check.checked >= 5


@pytest.mark.parametrize("base", [*BASES, "3.3"])
def test_marks_stand_before_this_c(base, golden):
    """A mark that comes to stand before other C is seen when the expected file changes."""
    rows = sorted(
        f"{mark.kind} {mark.name}: {mark.function}(), {mark.place + 1} of {mark.times}: {mark.text}"
        for mark in find_marks(base)
    )
    golden(TESTS / "golden" / f"marks-{base}.txt", "".join(f"{row}\n" for row in rows))


def test_our_steps_have_their_place():
    """A step of the series has a mark on some base; one of others has none."""
    marked = {mark.name for base in BASES for mark in find_marks(base) if mark.kind == "step"}
    assert marked == {step.name for step in OUR_STEPS}
    assert all(left.why for left in LEFT_OUT)


def marked_guards():
    """Yield base and mark."""
    for base in BASES:
        for mark in find_marks(base):
            if mark.kind == "guard":
                yield pytest.param(base, mark, id=f"{base}-{mark.name}")


@pytest.mark.sweep
@pytest.mark.parametrize(("base", "mark"), list(marked_guards()))
def test_a_guard_that_is_lost_in_the_c(base, mark):
    """Taken out of the C, each guard is missed."""
    tip = rendered(base)
    text = tip[mark.path]
    span = span_in(tip, mark)
    tip[mark.path] = text[: span.start] + text[span.end :]
    found = [d.what for c in check_correspondence(planned(base), tip) for d in c.differences]
    assert any(what.startswith(f"guard {mark.name}: ") for what in found)


def with_template(tmp_path, name, old, new):
    """Change a template for a test."""
    text = (data_dir("templates") / f"{name}.j2").read_text()
    assert old in text
    (tmp_path / f"{name}.j2").parent.mkdir(parents=True)
    (tmp_path / f"{name}.j2").write_text(text.replace(old, new))
    find_marks.cache_clear()


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('{% mark guard="retrap" %}\n', "", "guard retrap: has no mark"),
        ('{% mark step="run" %}\n', "", "step run: has no mark"),
        ('guard="retrap"', 'guard="retap"', "guard retap: the model does not know it"),
        ("__fatal_signal_pending(t) || ", "", "'__fatal_signal_pending' is not once in"),
    ],
)
def test_marks_and_model(tmp_path, old, new, what):
    """A mark without an entry, an entry without a mark, a guard whose part has gone."""
    with_template(tmp_path, f"{CORE}/hit.c", old, new)
    try:
        with templates_before(tmp_path):
            checks = check_correspondence(planned("6.1"), rendered("6.1"))
    finally:
        find_marks.cache_clear()
    assert any(what in d.what for check in checks for d in check.differences)


def test_a_mark_outside_of_a_function(tmp_path):
    """Where a statement belongs to no function it has no name."""
    mark = '{% mark step="run" %}\n'
    with_template(
        tmp_path, f"{CORE}/rseq.c", '{{ head("uprobe_abort', mark + '{{ head("uprobe_abort'
    )
    try:
        with templates_before(tmp_path), pytest.raises(UserError, match="not in a function"):
            find_marks("6.1")
    finally:
        find_marks.cache_clear()


@pytest.mark.parametrize("mark", ['step="rn"', 'guard="wak"', 'aside="x"'])
def test_a_mark_that_the_model_does_not_know(tmp_path, mark):
    """Rendering says so, with the line of the template."""
    with_template(tmp_path, f"{CORE}/rseq.c", 'guard="rseq-uprobe"', mark)
    kind, name = mark.rstrip('"').split('="')
    with templates_before(tmp_path), pytest.raises(UserError) as caught:
        check_words(find_base("6.1"), find_series("review"))
    assert caught.value.what == f"there is no {kind} '{name}'"
    assert caught.value.where.startswith(f"templates/{CORE}/rseq.c.j2:")


@pytest.mark.parametrize("tag", ["{% mark %}", '{% mark stp="run" %}', '{% mark step=" " %}'])
def test_a_mark_without_a_name(tag):
    """It is an error of the template, with its line."""
    with pytest.raises(jinja2.TemplateSyntaxError, match="a mark") as caught:
        environment().from_string(f"x\n{tag}\ny;\n")
    assert caught.value.lineno == 2


@pytest.mark.parametrize(
    "added",
    [
        "utask->state = UTASK_RUNNING;",
        "utask->active_uprobe = NULL;",
        "put_uprobe(utask->active_uprobe);",
        "set_thread_flag(TIF_UPROBE);",
        "clear_tsk_thread_flag(current, TIF_SIGPENDING);",
        "recalc_sigpending();",
        "spin_lock_irqsave(&lock, flags);",
        "wake_up_all(&area->wq);",
        "current->utask = NULL;",
        "kfree(utask);",
        "force_sig(SIGKILL);",
    ],
)
def test_something_new_in_the_c(added):
    """What could change the machine's state and belongs to no step is reported with its line."""
    tip = rendered("6.12")
    before = "\tclear_tsk_thread_flag(t, TIF_SIGPENDING);\n"
    place = tip[CORE].index(before)
    tip[CORE] = f"{tip[CORE][:place]}\t{added}\n{tip[CORE][place:]}"
    *_, check = check_correspondence(planned("6.12"), tip)
    line = tip[CORE].count("\n", 0, place) + 1
    assert [(d.place, d.what) for d in check.differences] == [
        (f"{CORE}:{line}", f"uprobe_deny_signal(): no step does this: {added}")
    ]


def test_a_comment_is_no_code():
    """A guard that is commented out is missed, a comment about one is not counted."""
    tip = rendered("6.1")
    line = "set_thread_flag(TIF_SIGPENDING);"
    tip[CORE] = tip[CORE].replace(f"\t{line}", f"\t/* {line} */")
    steps, guards, _, unclaimed = check_correspondence(planned("6.1"), tip)
    assert any("step set-again:" in d.what for d in steps.differences)
    lost = {d.what.split(":")[0] for d in guards.differences}
    assert lost == {"guard set-again", "guard not-the-queue"}
    assert not unclaimed.differences


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("utask->state = UTASK_SSTEP_ACK;", "utask->state = UTASK_SSTEP;", "does not set"),
        ("handle_singlestep(struct", "handle_step(struct", "there is no handle_singlestep()"),
        (
            "put_uprobe(uprobe);\n\n\t/* See",
            "put_uprobe(uprobe);\n\tput_uprobe(uprobe);\n\n\t/* See",
            "has 2 times",
        ),
    ],
)
def test_other_c(old, new, what):
    """A state, a function or a reference that is not as the machine has it."""
    tip = rendered("6.1")
    assert old in tip[CORE]
    tip[CORE] = tip[CORE].replace(old, new)
    found = [d for check in check_correspondence(planned("6.1"), tip) for d in check.differences]
    assert any(what in difference.what for difference in found)
    assert all(difference.place.startswith((CORE, "kernel/")) for difference in found)


def test_a_file_that_is_not_there():
    """A hook's file that the series does not touch is a difference, no crash."""
    tip = rendered("6.1")
    del tip["kernel/fork.c"]
    steps, *_ = check_correspondence(planned("6.1"), tip)
    assert [d.what for d in steps.differences] == ["step release: there is no mm_release()"]


def test_names_of_bases():
    """A function of the model is found under the base's own name."""
    base = find_base("6.1")
    assert base.name_of("post_notifier") == base.names["post_notifier"]
    assert base.name_of("pre_ssout") == "pre_ssout"


# the picture


def test_the_picture_is_the_models():
    """The committed source is the model's, and the drawing was made from it."""
    dot = to_dot()
    assert (DOCS / "states.dot").read_text() == dot, "run: make picture"
    assert f'id="{picture_id(dot)}"' in (DOCS / "states.svg").read_text(), "run: make picture"


def test_another_model_is_another_picture(monkeypatch):
    """The id follows the data."""
    from generator.checks.states import draw

    before = to_dot()
    monkeypatch.setattr(draw, "TRANSITIONS", TRANSITIONS[1:])
    assert picture_id(to_dot()) != picture_id(before)
    assert "pre_ssout" in before and "pre_ssout" not in to_dot()


# the command


def test_the_command_draws(capsys):
    """--dot needs no source and prints the picture."""
    assert main(["states", "--dot"]) == ExitCode.GOOD
    assert capsys.readouterr().out == to_dot()


@pytest.mark.sweep
def test_the_command_explains_a_guard(capsys):
    """--guard needs no source; JSON has the trace."""
    assert main(["states", "--guard", "set-again", "--json", "-q"]) == ExitCode.GOOD
    (guard,) = json.loads(capsys.readouterr().out)["guards"]
    assert guard["breaks"] == guard["found"] == "signal"
    assert guard["function"] == "end_step"
    assert len(guard["trace"]) > 15
    assert main(["states", "--guard", "killable", "-q"]) == ExitCode.GOOD
    out = capsys.readouterr().out
    assert "wait_event() in place of 'if (wait_event_killable(" in out
    assert "broken: SIGKILL ends a task" in out


@pytest.mark.parametrize("arguments", [["--guard", "nothing"], ["--base", "2.6"], ["--bogus"]])
def test_the_command_and_bad_input(arguments, capsys):
    """Wrong input is said to be that."""
    assert main(["states", *arguments]) == ExitCode.USER
    assert capsys.readouterr().err


@pytest.mark.kernel
@pytest.mark.parametrize("base", BASES[:1])
def test_the_command_judges(base, kernel_source, capsys, tmp_path):
    """All worlds, all guards and the rendered C of a real base."""
    tree = kernel_source(base).path
    arguments = ["--base", base, "--tree", str(tree), "--workdir", str(tmp_path), "--json"]
    assert main(["states", *arguments]) == ExitCode.GOOD
    data = json.loads(capsys.readouterr().out)
    assert data["problems"] == []
    assert {world["broken"] for world in data["worlds"]} == {""}
    assert sum(world["states"] for world in data["worlds"]) > 300_000


def test_large_worlds_are_asked_for(monkeypatch):
    """They are explored when that is wanted, and only then."""
    monkeypatch.setattr(run, "GUARDS", ())
    monkeypatch.setattr(run, "WORLDS", QUICK[:1])
    monkeypatch.setattr(run, "LARGE_WORLDS", (World(name="two", meaning="", tasks=2),))
    for large, names in ((False, ["race"]), (True, ["race", "two"])):
        result = run.check_states(planned("6.1"), rendered("6.1"), large=large)
        assert [world.world.name for world in result.worlds] == names
        assert {world.found.broken for world in result.worlds} == {""}
