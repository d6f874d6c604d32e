# SPDX-License-Identifier: GPL-2.0-only
"""The matrix: steps of a build directory on a made-up kernel, tasks on Dask, plan and verdicts.

The Makefile knows enough of kbuild: dependencies in .cmd files, W=1, a stand-in for sparse, objects
by name. The compiler is ``cat``: what is in an object shows with what it was compiled.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from guests import boot, guest
from tiny_kernel import MERGE, git, write

from generator.checks.matrix.chain import Chain, kept_steps, step_keys
from generator.checks.matrix.configurations import (
    Configuration,
    configurations,
    left_out,
    not_named,
    why_no_uml,
)
from generator.checks.matrix.follow import take_step
from generator.checks.matrix.recorded import read_recorded
from generator.checks.matrix.run import (
    Cell,
    MatrixPlan,
    MatrixRequest,
    image_of,
    plan_matrix,
    run_matrix,
    share_cores,
)
from generator.errors import CheckFailed, InfraError, UserError
from generator.guest.boot import boot_key
from generator.guest.ktap import KtapTest, Status
from generator.kbuild import runner, toolchain
from generator.model.bases import BASES
from generator.model.selftests import brought_by, expected_word
from generator.model.series import REVIEW
from generator.report import matrix as report

MAKEFILE = r"""
objects := kernel/events/uprobes.o kernel/fork.o mm/mmap.o
.PHONY: tinyconfig olddefconfig bzImage
tinyconfig:
	@mkdir -p $(O)
	@echo CONFIG_MMU=y > $(O)/.config
olddefconfig:
	@grep -v CONFIG_IMPOSSIBLE $(O)/.config > $(O)/.new || :
	@mv $(O)/.new $(O)/.config
bzImage: $(O)/arch/x86/boot/bzImage
$(O)/arch/x86/boot/bzImage: $(addprefix $(O)/,$(objects))
	@mkdir -p $(@D) $(O)/include/generated
	@touch $(O)/include/generated/asm-offsets.h
	@cat $^ > $@
.PHONY: $(objects)
$(objects): %.o: $(O)/%.o
$(addprefix $(O)/,$(objects)): $(O)/%.o: %.c include/uprobes.h include/sched.h $(O)/.config
	@mkdir -p $(@D) $(O)/include/generated
	@touch $(O)/include/generated/asm-offsets.h
	@echo '  CC      $*.o'
	@echo x >> $(CURDIR)/../compiled-$(notdir $*)
	@if grep -q '#warning' $<; then echo '../$<:3:2: warning: #warning look [-Wcpp]'; fi
	@if [ "$(W)" = 1 ] && grep -q unused $<; then echo '../$<:4:2: warning: unused'; fi
	@if [ -n "$(C)" ] && grep -q __user $<; then echo '../$<:5:2: warning: address space'; fi
	@if grep -q '#error' $<; then echo '../$<:7:1: error: unknown type name x'; exit 1; fi
	@if grep -q '#kill' $<; then kill -9 $$PPID; fi
	@cat $< include/uprobes.h include/sched.h > $@
	@printf 'cmd := cc\ndeps := \\\n  ../%s \\\n  ../%s \\\n  ../%s\n' \
		$< include/uprobes.h include/sched.h > $(@D)/.$(@F).cmd
"""
UPROBES = "int a(void);\nstruct utask {\n\tint state;\n};\n"
KERNEL_DOC = """#!/bin/sh
if grep -q '/[*][*]' $2; then echo "$2:6: warning: not described"; fi
echo $1 $2 >> ../described
"""
SPARSE = """#!/bin/sh
[ $1 != --version ] || exec echo 0.6
echo $1 >> looked
if grep -q __user $1; then echo "$1:5:2: warning: address space"; fi
"""
FILES = {
    "Makefile": MAKEFILE,
    "Kconfig": "mainmenu\n",
    "Kbuild": "\n",
    "scripts/kconfig/merge_config.sh": MERGE,
    "scripts/kernel-doc": KERNEL_DOC,
    "include/uprobes.h": UPROBES,
    "include/sched.h": "int switch_to(void);\n",
    "kernel/events/uprobes.c": "int use = a();\n#warning\n",
    "kernel/fork.c": "int copy(void) { return 0; }\n",
    "mm/mmap.c": "int map = sizeof(struct utask);\n",
}
TOUCHED = ("include/uprobes.h", "kernel/events/uprobes.c", "kernel/fork.c")
STEPS = {
    "baseline": {"kernel/events/uprobes.c": "int use = a();\n#warning\nint unused;\n"},
    # a(), which one file calls
    "p-01": {"include/uprobes.h": UPROBES.replace("a(void)", "a(int)")},
    # the layout of what another one takes the size of
    "p-02": {"include/uprobes.h": UPROBES.replace("(void)", "(int)").replace("int s", "long s")},
    "p-03": {"kernel/fork.c": "int unused;\nvoid __user *p;\n/** A comment */\n"},
}
REFS = tuple(STEPS)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Return a pristine tree and a repository, made once."""
    root = tmp_path_factory.mktemp("shelf")
    write(root / "pristine", FILES)
    (root / "pristine/scripts/kernel-doc").chmod(0o755)
    source = root / "source"
    write(source, {name: FILES[name] for name in TOUCHED})
    git(source, "init", "-q", "-b", "base")
    git(source, "add", "-A")
    git(source, "commit", "-qm", "base")
    for ref, files in STEPS.items():
        git(source, "checkout", "-qb", ref)
        write(source, files)
        git(source, "commit", "-qam", ref)
    git(root, "clone", "-q", "--bare", "source", "repo.git")
    return root


@pytest.fixture
def chain_for(shelf, tmp_path):
    """Return a function that makes a chain."""
    fragment = tmp_path / "on.config"
    fragment.write_text("CONFIG_UPROBES=y\n")
    made = Chain(
        base="0.0",
        configuration=Configuration(name="on", fragments=(fragment,)),
        refs=REFS,
        repo=shelf / "repo.git",
        pristine=shelf / "pristine",
        pristine_id="1",
        workdir=tmp_path / "work",
        ccache="off",
        jobs=1,
    )
    return lambda **changes: replace(made, **changes)


def follow(chain, refs=None):
    """Take steps, each with the results before it, and return them."""
    results = []
    for ref in refs or chain.refs:
        before = (results[0], results[-1]) if results else ()
        results.append(take_step(chain, ref, before))
    return results


def compiled(chain):
    """Return how often each file was compiled."""
    files = chain.directory.glob("compiled-*")
    return {file.name.split("-")[1]: file.read_text().count("x") for file in files}


@pytest.mark.sweep
def test_steps_compile_what_sees_a_change(chain_for):
    """A header that all include, changed twice: each time one object is compiled, the right one."""
    chain = chain_for(whole=True)
    results = follow(chain)
    assert [result.compiled for result in results] == [3, 1, 1, 1]
    assert compiled(chain) == {"uprobes": 2, "fork": 2, "mmap": 2}
    assert "long state" in (chain.build_dir / "mm/mmap.o").read_text()
    images = [(chain.directory / "images" / ref).read_text() for ref in REFS]
    assert len(set(images)) == 4


@pytest.mark.sweep
def test_the_images_are_those_of_builds_from_nothing(chain_for, tmp_path):
    """But for declarations that nobody sees: what each file says itself is the same."""
    chain = chain_for(whole=True)
    for ref in REFS:
        take_step(chain, ref)
        fresh = chain_for(whole=True, workdir=tmp_path / ref)
        take_step(fresh, ref)
        own = [
            [line for line in (c.build_dir / "mm/mmap.o").read_text().splitlines() if "map" in line]
            for c in (chain, fresh)
        ]
        assert own[0] == own[1]


@pytest.mark.sweep
def test_touched_objects_only(chain_for):
    """Without whole kernels, what no patch touches is not compiled."""
    chain = chain_for()
    results = follow(chain)
    assert [result.objects for result in results] == [2] * 4
    assert set(compiled(chain)) == {"uprobes", "fork"}


@pytest.mark.sweep
def test_a_step_that_reaches_nothing(chain_for):
    """Neither a layout that nobody names nor a file that is not compiled needs make."""
    baseline, first, second, third = follow(chain_for())
    assert [step.compiled for step in (baseline, first, second, third)] == [2, 1, 0, 1]
    assert second.findings == first.findings
    assert second.processor < first.processor


@pytest.mark.sweep
def test_nothing_is_done_twice(chain_for):
    """A second run with the same inputs compiles nothing; an image that is gone is made again."""
    chain = chain_for(whole=True)
    first = follow(chain)
    before = compiled(chain)
    assert follow(chain) == first
    assert compiled(chain) == before
    (chain.directory / "images" / "p-01").unlink()
    assert take_step(chain, "p-01").image
    assert compiled(chain) != before


@pytest.mark.sweep
@pytest.mark.parametrize("change", ["fragment", "refs", "pristine", "sparse", "comments", "whole"])
def test_what_makes_a_step_stale(chain_for, tmp_path, monkeypatch, change):
    """Each input changes the key; what does not matter does not."""
    monkeypatch.setattr(toolchain, "find_sparse", lambda: "0.6")
    chain = chain_for()
    keys = step_keys(chain)
    assert step_keys(chain_for(jobs=7, ccache="auto")) == keys
    assert len(set(keys.values())) == 4
    if change == "fragment":
        (tmp_path / "on.config").write_text("CONFIG_UPROBES=n\n")
    changes = {"refs": {"refs": REFS[:2]}, "pristine": {"pristine_id": "2"}}
    changes |= {"sparse": {"sparse": True}, "whole": {"whole": True}}
    changes |= {"comments": {"comments": True}}
    assert step_keys(chain_for(**changes.get(change, {})))["p-01"] != keys["p-01"]


@pytest.mark.sweep
def test_findings_are_those_that_are_new(chain_for, monkeypatch):
    """Known of the baseline: nobody's; new in a patch: its own, and only once."""
    monkeypatch.setattr(toolchain, "find_sparse", lambda: "0.6")
    chain = chain_for(sparse=True, comments=True)
    baseline, first, second, third = follow(chain)
    look, unused = "#warning look [-Wcpp]", "unused"
    assert baseline.findings == tuple(f"kernel/events/uprobes.c: {x}" for x in (look, unused))
    assert [step.problems for step in (baseline, first, second)] == [()] * 3
    described = "kernel/fork.c: not described"
    assert third.problems == (
        "kernel/fork.c: address space",
        described,
        f"kernel/fork.c: {unused}",
    )


def test_comments_are_looked_at_once(chain_for):
    """They are the same in every configuration, and in every step that leaves their file alone."""
    assert follow(chain_for())[-1].problems == ("kernel/fork.c: unused",)
    chain = chain_for(comments=True)
    assert follow(chain)[-1].problems == ("kernel/fork.c: not described", "kernel/fork.c: unused")
    looked = ["-none kernel/events/uprobes.c", "-none kernel/fork.c", "-none kernel/fork.c"]
    assert (chain.directory / "described").read_text().splitlines() == looked


@pytest.mark.parametrize(("script", "why"), [("exit 3", "status 3"), ("echo no; exit 1", "no")])
def test_kernel_doc_fails(chain_for, script, why):
    """That it does not run is no absence of findings."""
    chain = chain_for(comments=True)
    take_step(chain_for(), "baseline")
    kernel_doc = chain.directory / "linux/scripts/kernel-doc"
    kernel_doc.unlink()
    kernel_doc.write_text(f"#!/bin/sh\n{script}\n")
    kernel_doc.chmod(0o755)
    with pytest.raises(InfraError, match=f"kernel-doc fails: .*{why}"):
        take_step(chain, "p-01")


def record(chain, *names):
    """Write what kbuild would have recorded of the objects, and a stand-in for fixdep."""
    for name in names or ("kernel/events/uprobes", "kernel/fork"):
        place = chain.build_dir / f"{name}.o"
        warning = f"echo '../{name}.c:4:2: warning: unused'"
        command = (
            f"if grep -n '#error' ../{name}.c; then exit 1; fi; cat ../{name}.c > {name}.o; "
            f"if grep -q unused ../{name}.c; then {warning}; fi; : -Wp,-MMD,{name}.d"
        )
        cmd = place.with_name(f".{place.name}.cmd")
        cmd.write_text(f"cmd_{name}.o := {command}\n{cmd.read_text()}")
        cmd.with_suffix(".sparse").write_text(f"../{name}.c\n")
    write(chain.build_dir, {"scripts/basic/fixdep": "#!/bin/sh\necho\n"})
    (chain.build_dir / "scripts/basic/fixdep").chmod(0o755)


def test_recorded_commands_take_the_place_of_make(chain_for, monkeypatch):
    """Where nothing but the compiler has to run, and kbuild has said how."""
    chain = chain_for()
    first = follow(chain, ["baseline"])
    record(chain)
    monkeypatch.setattr(runner, "run_make", None)
    steps = [take_step(chain, ref, tuple(first)) for ref in REFS[1:]]
    assert [step.compiled for step in steps] == [1, 0, 1]
    assert [step.problems for step in steps] == [(), (), ("kernel/fork.c: unused",)]
    assert "__user" in (chain.build_dir / "kernel/fork.o").read_text()


def test_a_recorded_command_fails(chain_for, broken, monkeypatch):
    """It is the result of the step, whatever it says."""
    chain = chain_for(repo=broken("p-01", {"kernel/fork.c": "#error\n"}))
    first = follow(chain, ["baseline"])
    record(chain)
    monkeypatch.setattr(runner, "run_make", None)
    assert take_step(chain, "p-01", tuple(first)).problems
    assert not take_step(chain, "p-02", tuple(first)).problems


@pytest.mark.parametrize("why", ["interrupted", "ccache", "sparse", "Makefile"])
def test_make_has_to_do_it(chain_for, broken, monkeypatch, why):
    """What is recorded is not to be trusted, or is not all."""
    monkeypatch.setattr(toolchain, "find_sparse", lambda: "0.6")
    repo = broken("p-03", {"Makefile": f"{MAKEFILE}#\n"}) if why == "Makefile" else chain_for().repo
    chain = chain_for(repo=repo, sparse=why == "sparse")
    follow(chain, ["baseline"])
    record(chain)
    if why == "sparse":
        for kept in chain.build_dir.rglob("*.sparse"):
            kept.unlink()
    if why == "interrupted":
        state = chain.directory / "follow.json"
        state.write_text(state.read_text().replace('"running": false', '"running": true'))
    if why == "ccache":
        monkeypatch.setattr(toolchain, "find_ccache", lambda mode: "ccache")
    called = []
    monkeypatch.setattr(runner, "run_make", lambda request, take: called.append(request) or True)
    take_step(chain, "p-03")
    assert len(called) == 1


@pytest.mark.parametrize("how", ["copied", "configured"])
def test_what_another_configuration_recorded_is_not_used(chain_for, tmp_path, how):
    """All objects of the series are made anew, whatever make says of them."""
    other = tmp_path / "other.config"
    other.write_text("CONFIG_UPROBES=m\n")
    follow(chain_for(), ["baseline"])
    record(chain_for())
    name = "on" if how == "configured" else "other"
    chain = chain_for(configuration=Configuration(name=name, fragments=(other,)))
    (chain_for().build_dir / "kernel/fork.o").touch()
    assert take_step(chain, "baseline").compiled == 2
    assert not read_recorded(chain.build_dir, "kernel/fork.o")
    assert not list(chain.build_dir.rglob("*.sparse"))


def test_whole_kernels_are_without_extra_warnings(chain_for):
    """But what the compiler says anyhow counts from the baseline on."""
    results = follow(chain_for(whole=True))
    assert results[0].problems == ("kernel/events/uprobes.c: #warning look [-Wcpp]",)
    assert [result.problems for result in results[1:]] == [()] * 3


@pytest.fixture
def broken(shelf, tmp_path):
    """Return a function that makes a repository in which a step has other files."""

    def make(ref, files):
        root = tmp_path / "broken"
        shutil.copytree(shelf / "source", root)
        git(root, "checkout", "-q", ref)
        write(root, files)
        git(root, "add", "-A")
        git(root, "commit", "-qm", "broken")
        return root / ".git"

    return make


@pytest.fixture
def asking(chain_for, broken, tmp_path, monkeypatch):
    """Return a chain whose last step has a finding of the base, and the results before it."""
    write(tmp_path, {"sparse": SPARSE})
    (tmp_path / "sparse").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    chain = chain_for(
        sparse=True, repo=broken("base", {"kernel/fork.c": "int copy; void __user *q;\n"})
    )
    before = follow(chain, REFS[:3])
    record(chain)
    return chain, (before[0], before[-1])


def test_what_sparse_finds_in_the_base_is_not_new(asking):
    """The base is asked for it, in the sources at hand; the tree is as before, times included."""
    chain, before = asking
    third = take_step(chain, "p-03", before)
    assert third.problems == ("kernel/fork.c: unused",)
    assert "kernel/fork.c: address space" in third.findings
    assert (chain.build_dir / "looked").read_text().split() == ["../kernel/fork.c"] * 2
    source, made = chain.directory / "linux/kernel/fork.c", chain.build_dir / "kernel/fork.o"
    assert "unused" in source.read_text()
    assert source.stat().st_mtime_ns <= made.stat().st_mtime_ns
    assert "long state" in (chain.directory / "linux/include/uprobes.h").read_text()


def test_the_tree_shows_the_base_and_something_happens(asking, monkeypatch):
    """The step has not ended, so nothing in the directory is trusted."""
    chain, before = asking

    def fail(*_):
        raise InfraError("sparse does not start")

    with monkeypatch.context() as patch:
        patch.setattr("generator.checks.matrix.recorded.look_again", fail)
        with pytest.raises(InfraError):
            take_step(chain, "p-03", before)
    assert json.loads((chain.directory / "follow.json").read_text())["running"]
    assert "__user *q" in (chain.directory / "linux/kernel/fork.c").read_text()
    assert take_step(chain, "p-03", before).compiled == 2
    assert "__user *q" not in (chain.build_dir / "kernel/fork.o").read_text()


@pytest.mark.sweep
def test_a_step_that_does_not_compile(chain_for, broken):
    """The error is the result; the next step, where it is repaired, is good."""
    repo = broken("p-01", {"kernel/fork.c": "#error\n"})
    results = follow(chain_for(repo=repo))
    assert "unknown type name x" in results[1].problems[0]
    assert [bool(result.problems) for result in results] == [False, True, False, True]
    whole = follow(chain_for(repo=repo, whole=True))
    assert [bool(result.image) for result in whole] == [True, False, True, True]


@pytest.mark.sweep
def test_an_interrupted_step_is_repaired(chain_for):
    """What was found in objects of the interrupted run is found again, and nothing is half."""
    chain = chain_for()
    follow(chain, ["baseline"])
    state = chain.directory / "follow.json"
    data = json.loads(state.read_text())
    assert data["running"] is False
    state.write_text(json.dumps({**data, "running": True, "findings": {}}))
    half = chain.build_dir / "kernel/fork.o"
    half.write_text("")
    later = follow(chain, ["baseline", "p-01"])[-1]
    assert later.findings == (
        "kernel/events/uprobes.c: #warning look [-Wcpp]",
        "kernel/events/uprobes.c: unused",
    )
    assert half.read_text()


@pytest.mark.sweep
def test_a_killed_make(chain_for, broken):
    """It is a step with a problem, and does not leave a state that is believed."""
    chain = chain_for(repo=broken("p-01", {"kernel/fork.c": "#kill\n"}))
    results = follow(chain)
    assert results[1].problems
    assert not results[2].problems


@pytest.mark.sweep
@pytest.mark.parametrize("text", ["{", "[]", '{"format": 9, "steps": {}}'])
def test_damaged_files(chain_for, text):
    """A damaged file is none: what it said is done again."""
    chain = chain_for()
    first = follow(chain)
    for name in ("steps.json", "follow.json"):
        (chain.directory / name).write_text(text)
    assert kept_steps(chain) == {}
    again = follow(chain)
    assert [step.findings for step in again] == [step.findings for step in first]


def test_lost_options(chain_for, tmp_path):
    """An option that kconfig drops is no configuration."""
    (tmp_path / "on.config").write_text("CONFIG_IMPOSSIBLE=y\n")
    with pytest.raises(CheckFailed, match="CONFIG_IMPOSSIBLE"):
        take_step(chain_for(), "baseline")


def test_another_configuration_starts_from_the_tools_of_one(chain_for, tmp_path):
    """Its own options, its own findings, the host's programs of the other directory."""
    follow(chain_for(), ["baseline"])
    tool = chain_for().build_dir / "scripts-tool"
    tool.write_text("made")
    off = tmp_path / "off.config"
    off.write_text("CONFIG_UPROBES=n\nCONFIG_OTHER=y\n")
    other = chain_for(configuration=Configuration(name="off", fragments=(off,)))
    result = take_step(other, "baseline")
    assert (other.build_dir / "scripts-tool").read_text() == "made"
    assert "CONFIG_OTHER=y" in (other.build_dir / ".config").read_text()
    assert result.left_out == ("kernel/events/uprobes.c",)
    assert result.objects == 1


def test_configurations_and_what_they_leave_out():
    """The fragments exist, and every base has the same names."""
    for base in BASES:
        known = configurations(base.name)
        assert [c.name for c in known] == ["on", "i386", "no-ia32", "no-x32", "off"]
        assert all(fragment.is_file() for c in known for fragment in c.fragments)
    sources = ("arch/x86/math-emu/a.c", "kernel/fork.c")
    assert left_out(sources, {}) == sources[:1]
    assert left_out(sources, {"CONFIG_MATH_EMULATION": "y"}) == ()


def test_what_no_makefile_names(tmp_path):
    """A new file is compiled when the Makefile beside it says so."""
    (tmp_path / "mm").mkdir()
    (tmp_path / "mm/new.c").write_text("")
    (tmp_path / "mm/Makefile").write_text("obj-y += renew.o\n")
    assert not_named(["mm/new.c", "mm/none.c"], tmp_path) == ("mm/new.c",)
    (tmp_path / "mm/Makefile").write_text("obj-y += renew.o\nobj-$(CONFIG_A)\t+= new.o\n")
    assert not_named(["mm/new.c"], tmp_path) == ()


def test_uml(tmp_path):
    """Left out where the base cannot have uprobes there; with a reason."""
    place = tmp_path / "arch/um"
    place.mkdir(parents=True)
    (place / "Kconfig").write_text("config UML\n")
    assert "ARCH_SUPPORTS_UPROBES" in why_no_uml(tmp_path)
    (place / "Kconfig").write_text("config ARCH_SUPPORTS_UPROBES\n")
    assert why_no_uml(tmp_path) == ""


@pytest.fixture
def wanted(shelf, tmp_path, monkeypatch):
    """Return a request for a matrix of the made-up kernel, in two configurations."""
    fragment = tmp_path / "on.config"
    fragment.write_text("CONFIG_UPROBES=y\n")
    off = tmp_path / "off.config"
    off.write_text("CONFIG_UPROBES=n\n")
    known = (
        Configuration(name="on", fragments=(fragment,)),
        Configuration(name="off", fragments=(off,)),
    )
    monkeypatch.setattr("generator.checks.matrix.run.configurations", lambda base: known)

    def missing():
        raise InfraError("not here", hint="apt-get install it")

    monkeypatch.setattr(toolchain, "find_sparse", missing)
    return MatrixRequest(
        base="0.0",
        refs=REFS,
        repo=shelf / "repo.git",
        pristine=shelf / "pristine",
        pristine_id="1",
        workdir=tmp_path / "work",
        ccache="off",
        jobs=1,
        only=("prefix-on", "prefix-off"),
    )


def test_plan(wanted):
    """Everything is to be done, then what was done is not; what is left out has a reason."""
    plan = plan_matrix(wanted)
    assert [chain.name for chain in plan.chains] == ["prefix-on", "prefix-off"]
    assert not any(cell.done for cell in plan.cells)
    assert plan.notes[0].startswith("sparse")
    assert plan.notes[-1].startswith("UML: ")
    follow(plan.chains[0], ["baseline"])
    again = plan_matrix(wanted)
    assert sum(cell.done for cell in again.cells) == 1
    text = report.format_plan(again, 2)
    assert "on, objects        gcc            4      3" in text
    assert "left out: sparse" in text
    assert "7 of 8 tasks to do, 2 at a time: about" in text
    assert again.seconds(1) < plan.seconds(1)
    assert not (wanted.workdir / "0.0" / "prefix-off").exists()


def test_plan_of_whole_kernels(wanted):
    """Two of them, and a boot for each with uprobes on."""
    plan = plan_matrix(replace(wanted, full=True, only=("whole-on", "whole-off")), frozenset(REFS))
    count = {what: sum(c.what == what for c in plan.cells) for what in ("kernel", "boot")}
    assert count == {"kernel": 8, "boot": 4}
    # a boot whose kernel is not there any more is not done
    assert not any(cell.done for cell in plan.cells)


def test_wrong_rows_are_named(wanted):
    """The message says what there is."""
    with pytest.raises(UserError, match="there is no 'prefix-onn'") as caught:
        plan_matrix(replace(wanted, only=("prefix-onn",)))
    assert "prefix-on, clang-on, prefix-off" in caught.value.hint


def test_a_row_without_its_compiler(wanted, monkeypatch):
    """Asked for by name it is missed; else it is left out, and the plan says so."""
    find = toolchain.find_compiler

    def only_gcc(name):
        if name == "clang":
            raise InfraError("no clang", hint="apt-get install clang")
        return find(name)

    monkeypatch.setattr(toolchain, "find_compiler", only_gcc)
    with pytest.raises(InfraError, match="clang-on wants clang"):
        plan_matrix(replace(wanted, only=("clang-on",)))
    plan = plan_matrix(replace(wanted, only=()))
    assert {chain.toolchain for chain in plan.chains} == {"gcc"}
    assert any(note.startswith("clang: ") for note in plan.notes)


def test_the_longest_chain_is_a_bound():
    """More workers than chains are no help."""
    cells = tuple(
        Cell(chain=name, ref="r", what="objects", done=done, seconds=10.0)
        for name, done in (("a", False), ("a", False), ("b", False), ("b", True))
    )

    class Named:
        def __init__(self, name):
            self.name = name

    plan = MatrixPlan(chains=(Named("a"), Named("b")), cells=cells, notes=())
    assert [plan.seconds(workers) for workers in (1, 2, 9)] == [30.0, 20.0, 20.0]


@pytest.mark.parametrize(
    ("mode", "whole", "objects"),
    [("auto", "auto", "off"), ("on", "on", "on"), ("off", "off", "off")],
)
def test_what_a_cache_is_asked_for(wanted, mode, whole, objects):
    """Whole kernels, unless it is said otherwise: what a step compiles is new."""
    request = replace(wanted, full=True, ccache=mode, only=("whole-on", "prefix-on"))
    assert [chain.ccache for chain in plan_matrix(request).chains] == [whole, objects]


@pytest.mark.parametrize(
    ("cores", "workers", "chains", "jobs"),
    [(2, 0, 10, 1), (2, 0, 1, 2), (8, 0, 2, 4), (8, 4, 10, 2), (2, 9, 10, 1), (None, 0, 0, 1)],
)
def test_cores_are_shared(wanted, monkeypatch, cores, workers, chains, jobs):
    """All directories together have as many compilers as there are cores, and each has one."""
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert share_cores(workers, chains) == jobs
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    request = replace(wanted, jobs=0, workers=1)
    assert {chain.jobs for chain in plan_matrix(request).chains} == {8}
    assert {chain.jobs for chain in plan_matrix(replace(request, jobs=3)).chains} == {3}
    both = plan_matrix(
        replace(request, full=True, workers=2, only=("whole-on", "prefix-on"))
    ).chains
    assert {(chain.whole, chain.jobs) for chain in both} == {(True, 0), (False, 4)}


def test_boot_keys(tmp_path, chain_for):
    """Another kernel or another guest is another boot; no image, no key."""
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    keys = {boot_key(tmp_path / x, tmp_path / y) for x, y in ("aa", "ab", "ba", "bb")}
    assert len(keys) == 4
    chain = chain_for(whole=True)
    assert image_of(chain, "baseline") is None
    take_step(chain, "baseline")
    assert image_of(chain, "baseline").is_file()


def scheduler_and_workers(tmp_path, count):
    """Start a scheduler and workers on loopback; return the address and the processes."""
    file = tmp_path / "scheduler.json"
    run = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"),
                *("--port", "0", "--no-dashboard", "--scheduler-file", str(file)),
            ],
            stderr=subprocess.DEVNULL,
        )
    ]
    deadline = time.monotonic() + 60
    while not (file.is_file() and file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    address = json.loads(file.read_text())["address"]
    run += [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "distributed.cli.dask_worker", address),
                *("--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard"),
                *("--name", f"worker-{number}"),
                *("--local-directory", str(tmp_path / f"dask-{number}")),
            ],
            stderr=subprocess.DEVNULL,
        )
        for number in range(count)
    ]
    return address, run


@pytest.fixture
def cluster(tmp_path):
    """Return a function that starts a scheduler and workers, which end with the test."""
    started = []

    def start(count):
        address, processes = scheduler_and_workers(tmp_path, count)
        started.extend(processes)
        return address

    yield start
    for process in reversed(started):
        process.terminate()
    for process in started:
        process.wait(30)


@pytest.mark.build
def test_two_workers_on_loopback(wanted, cluster):
    """The same run on a scheduler: all results, in order, by both workers; then nothing to do."""
    from distributed import Client

    address = cluster(2)
    assert address.startswith("tcp://127.0.0.1:")
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        plan = plan_matrix(wanted)
        told = []
        cells, boots = run_matrix(
            plan, lambda chain, result: told.append(chain.name), kept={}, scheduler=address
        )
        used = client.run(resource.getrusage, resource.RUSAGE_CHILDREN)
    assert [(c.ref, c.configuration) for c in cells] == [
        (ref, name) for name in ("on", "off") for ref in REFS
    ]
    assert boots == ()
    assert sorted(told) == ["prefix-off"] * 4 + ["prefix-on"] * 4
    assert len(used) == 2
    assert all(usage.ru_utime > 0 for usage in used.values())
    assert all(cell.done for cell in plan_matrix(wanted).cells)


@pytest.mark.build
def test_processes_of_this_machine(wanted):
    """Without a scheduler; what was done is not done again, and has the same results."""
    plan = plan_matrix(wanted)
    first, _ = run_matrix(plan, lambda *_: None, kept={}, workers=2)
    before = [compiled(chain) for chain in plan.chains]
    again, _ = run_matrix(plan_matrix(wanted), lambda *_: None, kept={}, workers=1)
    assert again == first
    assert [compiled(chain) for chain in plan.chains] == before


@pytest.mark.build
def test_a_task_that_raises(wanted, tmp_path):
    """Its error arrives whole: where, what, and what to do."""
    (tmp_path / "off.config").write_text("CONFIG_IMPOSSIBLE=y\n")
    with pytest.raises(CheckFailed, match="CONFIG_IMPOSSIBLE") as caught:
        run_matrix(plan_matrix(wanted), lambda *_: None, kept={}, workers=1)
    assert caught.value.where
    assert caught.value.hint


@pytest.mark.build
def test_no_scheduler_and_no_workers(wanted, cluster):
    """Both are the user's input."""
    with pytest.raises(UserError, match="no Dask scheduler answers"):
        run_matrix(plan_matrix(wanted), lambda *_: None, kept={}, scheduler="tcp://127.0.0.1:9")
    with pytest.raises(UserError, match="has no workers"):
        run_matrix(plan_matrix(wanted), lambda *_: None, kept={}, scheduler=cluster(0))


def test_dask_is_not_imported_at_the_start():
    """It takes a third of a second, which no other command has to pay."""
    code = "import sys, generator.cli; print('distributed' in sys.modules or 'dask' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout == "False\n"


IDENTS = [patch.ident for patch in REVIEW.patches]


def until(last):
    """Return the patches up to and with one; none for ""."""
    return IDENTS[: IDENTS.index(last) + 1] if last else []


def test_the_table_of_self_tests():
    """Every row names patches of the series, and can be reached."""
    from generator.model.selftests import BROUGHT

    for row in BROUGHT:
        # what the baseline can already shows its own word throughout
        assert row.patch in IDENTS or (row.patch == "baseline" and not row.since)
        assert bool(row.since) == bool(row.between) == bool(row.why)
        assert not row.since or IDENTS.index(row.since) < IDENTS.index(row.patch)
    assert BROUGHT[-1].tests == ("*",)


@pytest.mark.parametrize(
    ("test", "last", "word"),
    [
        ("nop", "", "sigtrap"),
        ("nop", "arch-xol", "sigtrap"),
        ("nop", "hit", "pass"),
        ("m32-refuse-hlt", "errno", "sigtrap"),
        ("m32-refuse-hlt", "analyse", "pass"),
        ("return-deep", "arch-xol", "sigtrap"),
        ("return-deep", "hit", "fail"),
        ("return-deep", "return", "pass"),
        ("perf-return", "hit", "fail"),
        ("refuse-unmapped", "analyse", "pass"),
        ("x32-return-no-stack", "hit", "pass"),
        ("x32-nop-0f19", "errno", "sigtrap"),
        ("x32-nop-0f19", "analyse", "pass"),
        ("nop-pause", "hit", "fail"),
        ("nop-pause", "skip-nop", "pass"),
        ("return-disarmed", "hit", "pass"),
        ("mm-map-join", "hit", "pass"),
        ("m32-mm-map-stay", "arch-xol", "sigtrap"),
        ("m32-mm-map-stay", "refuse", "fail"),
        ("m32-mm-map-stay", "move", "pass"),
    ],
)
def test_expected_words(test, last, word):
    """As on the baseline before its patch, and good from it on."""
    assert expected_word(test, "sigtrap", until(last)) == word
    assert brought_by(test).patch in IDENTS


def test_a_boot_is_judged():
    """A test that is not as it must be at this prefix is named; a skipped one is not."""
    result = boot(guest(), "review-09")
    name = result.ktap.tests[0].name
    assert report.judge_boot(result, IDENTS).problems == ()
    early = report.judge_boot(result, IDENTS[:3])
    assert early.problems == (f"{name}: pass instead of {result.ktap.tests[0].before}",)
    skipped = KtapTest(number=1, name="x", status=Status.SKIP, reason="no")
    other = replace(result, ktap=replace(result.ktap, tests=(skipped,)))
    assert report.judge_boot(other, IDENTS).problems == ()
    ended = report.judge_boot(boot(guest()[:-1], "review-09"), IDENTS)
    assert re.match("guest-stopped-early", ended.problems[0])


@pytest.mark.parametrize(
    ("lines", "last", "problems"),
    [
        (["BUG: Bad rss-counter state mm:1 val:1"] * 2, "refuse", ()),
        (
            ["BUG: Bad rss-counter state mm:1 val:1"],
            "move",
            ("oops-or-warn: BUG: Bad rss-counter",),
        ),
        (["BUG: Bad rss-counter state", "BUG: a"], "hit", ("oops-or-warn: BUG: a",)),
        (["BUG: Bad rss-counter state"] * 21, "hit", ("oops-or-warn: ... and 1 more",)),
        (["Kernel panic - not syncing: a"], "hit", ("panic: the kernel panicked",)),
    ],
)
def test_complaints_that_a_later_patch_ends(lines, last, problems):
    """The kernel may say what its base is known for, until the patch; nothing else."""
    row = report.judge_boot(boot(guest(), console=lines), until(last))
    assert len(row.problems) == len(problems)
    for found, wanted in zip(row.problems, problems, strict=True):
        assert found.startswith(wanted)


@pytest.mark.sweep
def test_cost(chain_for):
    """In plain builds; not without all kernels."""
    on = [
        replace(r, problems=(), processor=p)
        for r, p in zip(follow(chain_for(whole=True)), (100.0, 10.0, 50.0, 20.0), strict=True)
    ]
    off = [replace(result, configuration="off") for result in on]
    cost = report.count_cost([*on, *off])
    assert (cost.plain, cost.series, cost.times) == (100.0, 360.0, 3.6)
    assert cost.compiled == 12
    assert report.count_cost(on) is None
    assert report.count_cost([*on, *off[:-1], replace(off[-1], image="")]) is None
    assert report.count_cost([]) is None


@pytest.mark.sweep
def test_junit_and_table(chain_for, tmp_path):
    """A failed step is a failed case, with what the compiler said."""
    cells = [replace(result, problems=("x.c: \x1b no <b>",)) for result in follow(chain_for())]
    made = report.Matrix(
        full=False,
        identity="x",
        trees={},
        cells=tuple(cells),
        boots=(),
        cost=None,
        notes=(),
        tasks=5,
        seconds=3.0,
    )
    report.write_junit(tmp_path / "x.xml", made)
    root = ET.parse(tmp_path / "x.xml").getroot()
    assert root.get("failures") == "4"
    assert "no <b>" in root.find(".//failure").get("message")
    text = report.format_matrix(made)
    assert "1 BAD" in text
    assert len(made.problems) == 4
