# SPDX-License-Identifier: GPL-2.0-only
"""Commands that kbuild has recorded: read, run, and written back; against make on a real kernel."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace

import pytest
from tiny_kernel import write

from generator.checks.matrix.follow import take_step
from generator.checks.matrix.recorded import compile_recorded, read_recorded, write_checker
from generator.checks.matrix.run import MatrixRequest, plan_matrix
from generator.errors import InfraError
from generator.kbuild import runner
from generator.kbuild.log import BuildLog, object_of
from generator.plan import find_base, find_series, plan_series
from generator.tree.acquire import ensure_pristine, pristine_identity
from generator.tree.refs import differing, read_refs
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


def test_sparse_looks_again(build_dir, monkeypatch):
    """With the arguments that kbuild gave it, after the compiler; what make is given keeps them."""
    tools = build_dir.parent / "tools"
    write(tools, {"sparse": '#!/bin/sh\necho "looks: $*"\nexit ${LOOKS:-0}\n'})
    (tools / "sparse").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    arguments = ["-D__linux__", "-Wp,-MMD,kernel/.fork.o.d", '-DSIGN="# a"', "../kernel/fork.c"]
    assert read_recorded(build_dir, FORK, sparse=True) is None
    called = subprocess.run(
        [write_checker(tools / "our own"), *arguments],
        cwd=build_dir,
        capture_output=True,
        text=True,
        check=True,
    )
    said = f"looks: {' '.join(arguments)}"
    assert called.stdout == f"{said}\n"
    recorded = read_recorded(build_dir, FORK, sparse=True)
    assert recorded.sparse == tuple(arguments)
    assert run(build_dir, sparse=recorded.sparse) == (True, [f"  CC      {FORK}", "C", said])
    assert (build_dir / FORK).is_file()
    monkeypatch.setenv("LOOKS", "1")
    assert run(build_dir, sparse=recorded.sparse) == (False, [f"  CC      {FORK}", "C", said])
    assert not (build_dir / FORK).exists()
    again = subprocess.run([tools / "our own/sparse", *arguments], cwd=build_dir, check=False)
    assert again.returncode == 1


@pytest.mark.build
@pytest.mark.parametrize("name", ["prefix-no-x32", "prefix-on"])
def test_make_finds_nothing_to_do(kernel_source, tmp_path, name):
    """Behind two patches on a real kernel; what make makes instead are the same objects.

    In the second directory sparse looks, and finds the same.
    """
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
            only=(name,),
        )
    )
    chain = replace(plan.chains[0], comments=False)
    assert chain.sparse is (name == "prefix-on")
    before = [take_step(chain, chain.refs[0])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "run_make", None)
        steps = [take_step(chain, ref, tuple(before)) for ref in chain.refs[1:]]
    assert [step.problems for step in steps] == [()] * 2
    assert steps[0].compiled > 1
    wanted = sorted(_objects(chain))
    assert _made_by_make(chain, wanted).compiled & set(wanted) == set()
    ours = {path: (chain.build_dir / path).read_bytes() for path in wanted}
    for path in wanted:
        (chain.build_dir / path).unlink()
    log = _made_by_make(chain, wanted)
    assert log.compiled & set(wanted) == set(wanted)
    assert {path: (chain.build_dir / path).read_bytes() for path in wanted} == ours
    touched = {path for ref in chain.refs for path in _touched(chain, ref)}
    found = {f"{one.file}: {one.text}" for one in log.warnings if one.file in touched}
    assert found == set(steps[-1].findings)
    assert bool(found) or not chain.sparse


def _touched(chain, ref):
    """Return the files that a ref changes."""
    refs = read_refs(chain.repo, (ref, "base"))
    return differing(refs[ref], refs["base"])


def _objects(chain):
    """Return the objects of the series' C files that are there."""
    paths = (object_of(path) for ref in chain.refs for path in _touched(chain, ref))
    return {path for path in paths if path and (chain.build_dir / path).is_file()}


def _made_by_make(chain, wanted):
    """Have make look at the objects as a step does; return what it says."""
    log = BuildLog(tree=chain.directory / "linux")
    request = runner.MakeRequest(
        tree=chain.directory / "linux",
        build_dir=chain.build_dir,
        log_dir=chain.directory / "logs",
        toolchain="gcc",
        wrapper="none",
        jobs=2,
        goal=" ".join(wanted),
        variables=(
            ("W", "1"),
            ("cmd_checkdoc", ":"),
            *((("C", "1"), ("CHECK", "sparse")) if chain.sparse else ()),
        ),
    )
    assert runner.run_make(request, log.feed)
    return log
