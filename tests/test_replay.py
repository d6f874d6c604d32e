# SPDX-License-Identifier: GPL-2.0-only
"""Commands that kbuild has recorded: read, run, and written back; against make on a real kernel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_build_kernel import write

from generator.boot.matrix import MatrixRequest, plan_matrix
from generator.build import runner
from generator.build.follow import take_step
from generator.build.log import BuildLog
from generator.build.replay import compile_recorded, read_recorded
from generator.errors import InfraError
from generator.plan import find_base, find_series, plan_series
from generator.tree.acquire import ensure_pristine, pristine_identity
from generator.tree.series import render_series

FORK = "kernel/fork.o"
COMMAND = (
    "gcc -Wp,-MMD,kernel/.fork.o.d -Wall -DSIGN='\"$(pound)\"' -c -o kernel/fork.o ../kernel/fork.c"
)
RECORD = f"""cmd_{FORK} := {COMMAND} ; echo $$LC_ALL

source_{FORK} := ../kernel/fork.c

deps_{FORK} := \\
  ../include/old.h \\

{FORK}: $(deps_{FORK})

$(deps_{FORK}):

{FORK}: $(wildcard ./tools/objtool/objtool)
"""
FIXDEP = """#!/bin/sh
echo "cmd_$2 := $3"
echo
echo "deps_$2 := \\\\"
sed -n 's/.*\\(include.*h\\).*/  ..\\/\\1/p' "$1"
echo
echo "\\$(deps_$2):"
"""
SOURCE = '#include "../include/new.h"\nchar sign[] = SIGN;\n'


@pytest.fixture
def build_dir(tmp_path):
    """Return the build directory of a kernel with one object, made by a real compiler."""
    write(tmp_path, {"kernel/fork.c": SOURCE, "include/new.h": "int use(void);\n"})
    place = tmp_path / "build"
    write(place, {"kernel/.fork.o.cmd": RECORD, "scripts/basic/fixdep": FIXDEP})
    (place / "scripts/basic/fixdep").chmod(0o755)
    return place


def run(place, **changes):
    """Compile what is recorded of the object; return whether that succeeded, and what was said."""
    said = []
    one = replace(read_recorded(place, FORK), **changes)
    return compile_recorded(place, [one], said.append, wrapper="none", jobs=2), said


def test_what_is_recorded_is_read(build_dir):
    """Make's syntax becomes the shell's; later kernels call the variable savedcmd."""
    found = read_recorded(build_dir, FORK)
    assert "-DSIGN='\"#\"'" in found.command
    assert found.command.endswith("; echo $LC_ALL")
    assert found.dependencies == "kernel/.fork.o.d"
    assert found.added == f"\n{FORK}: $(wildcard ./tools/objtool/objtool)\n"
    assert not found.wrapped
    record = build_dir / "kernel/.fork.o.cmd"
    record.write_text(f"saved{RECORD.replace('gcc', 'ccache gcc', 1)}")
    assert read_recorded(build_dir, FORK).wrapped


@pytest.mark.parametrize(
    "text",
    [
        *(None, b"", b"\xff", b"cmd := cc\n"),
        *(RECORD.replace(*change, 1).encode() for change in (("fork", "exit"), ("-Wp,-MMD,", ""))),
    ],
)
def test_nothing_that_could_be_used(build_dir, text):
    """No record, a damaged one, that of another object, or one without dependencies."""
    record = build_dir / "kernel/.fork.o.cmd"
    if text is None:
        record.unlink()
    else:
        record.write_bytes(text)
    assert read_recorded(build_dir, FORK) is None


def test_an_object_is_made(build_dir):
    """The record has the same command and new dependencies, and is younger than the object."""
    passed, said = run(build_dir)
    assert (passed, said) == (True, [f"  CC      {FORK}", "C"])
    made, record = build_dir / FORK, build_dir / "kernel/.fork.o.cmd"
    assert b"#" in made.read_bytes()
    assert not (build_dir / "kernel/.fork.o.d").exists()
    text = record.read_text()
    assert text.splitlines()[0] == RECORD.splitlines()[0]
    assert "include/new.h" in text
    assert "old.h" not in text
    assert text.endswith("$(wildcard ./tools/objtool/objtool)\n")
    assert record.stat().st_mtime_ns >= made.stat().st_mtime_ns
    assert run(build_dir)[0]


def test_an_object_that_does_not_compile(build_dir):
    """It is not there, what the compiler says is handed on, and the record is as it was."""
    (build_dir / FORK).write_text("an older one")
    (build_dir.parent / "kernel/fork.c").write_text("int fork(;\n")
    log = BuildLog(tree=build_dir.parent)
    passed, said = run(build_dir)
    for line in said:
        log.feed(line)
    assert not passed
    assert "kernel/fork.c:1:" in log.errors[0]
    assert log.last[-1] == said[-1]
    assert not (build_dir / FORK).exists()
    assert (build_dir / "kernel/.fork.o.cmd").read_text() == RECORD


def test_a_command_behind_the_compiler_fails(build_dir):
    """As objtool may: the object is not there."""
    passed, said = run(build_dir, command=f"{COMMAND.replace('$(pound)', '#')} ; echo bad; false")
    assert (passed, said[-1]) == (False, "bad")
    assert not (build_dir / FORK).exists()


def test_no_fixdep(build_dir):
    """Without kbuild's own program nothing goes, and it is named."""
    fixdep = build_dir / "scripts/basic/fixdep"
    fixdep.write_text("#!/bin/sh\necho no such file; exit 2\n")
    with pytest.raises(InfraError, match="fixdep fails: no such file"):
        run(build_dir)
    fixdep.unlink()
    with pytest.raises(InfraError, match="fixdep"):
        run(build_dir)


@pytest.mark.build
def test_make_finds_nothing_to_do(kernel_source, tmp_path):
    """Behind two patches on a real kernel; and what make makes instead are the same objects."""
    base = find_base("6.1")
    source = kernel_source("6.1")
    repo = render_series(plan_series(base, find_series("review")), source, tmp_path).repo
    plan = plan_matrix(
        MatrixRequest(
            base="6.1",
            refs=("baseline", "review-01", "review-02"),
            repo=repo,
            pristine=ensure_pristine(source, tmp_path, base),
            pristine_id=pristine_identity(source),
            workdir=tmp_path,
            ccache="off",
            only=("prefix-no-x32",),
        )
    )
    (chain,) = plan.chains
    baseline = take_step(chain, "baseline")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "run_make", None)
        steps = [take_step(chain, ref, (baseline,)) for ref in chain.refs[1:]]
    assert [step.problems for step in (baseline, *steps)] == [()] * 3
    assert steps[0].compiled > 1
    wanted = sorted(_objects(chain.build_dir))
    assert _made_by_make(chain, wanted) == set()
    ours = {path: (chain.build_dir / path).read_bytes() for path in wanted}
    for path in wanted:
        (chain.build_dir / path).unlink()
    assert _made_by_make(chain, wanted) == set(wanted)
    assert {path: (chain.build_dir / path).read_bytes() for path in wanted} == ours


def _objects(build_dir):
    """Return the objects of C files of the series that are there."""
    touched = ("arch/x86/kernel/traps", "kernel/events/uprobes", "kernel/fork", "kernel/signal")
    return {f"{path}.o" for path in touched if (build_dir / f"{path}.o").is_file()}


def _made_by_make(chain, wanted):
    """Have make look at the objects as a step does; return what it has compiled."""
    log = BuildLog(tree=chain.directory / "linux")
    request = runner.MakeRequest(
        tree=chain.directory / "linux",
        build_dir=chain.build_dir,
        log_dir=chain.directory / "logs",
        toolchain="gcc",
        wrapper="none",
        jobs=2,
        goal=" ".join(wanted),
        fragments=chain.configuration.fragments,
        variables=(("W", "1"), ("cmd_checkdoc", ":")),
    )
    assert runner.run_make(request, log.feed)
    return log.compiled & set(wanted)
