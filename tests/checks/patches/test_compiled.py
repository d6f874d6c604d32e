# SPDX-License-Identifier: GPL-2.0-only
"""Each patch of a series of the unmodified tree is compiled, where other kernels were built."""

from dataclasses import replace

import fake_base
import pytest
from test_patches import HEADER, A, B, kbuild

from generator.checks.patches.compiled import compile_prefixes
from generator.plan import Plan, PlannedPatch
from generator.tree.commits import commit_files, run_git

BASE = {"include/h.h": HEADER, "kernel/a.c": A, "kernel/b.c": B}


@pytest.fixture
def compiled(tmp_path):
    """Return a function that compiles made-up prefixes: their files, one after the other."""

    def run(*prefixes, base=BASE, original=None, builds=None):
        repo = tmp_path / "repo.git"
        run_git(["init", "--quiet", "--bare", str(repo)])
        make(repo, "refs/heads/base", base)
        onto = "refs/heads/base"
        for number, files in enumerate(prefixes, 1):
            ref = f"refs/tags/small-{number:02d}"
            commit_files(repo, ref, onto, files)
            onto = ref
        patch = fake_base.SMALL.patches[0]
        plan = Plan(
            base=fake_base.BASE,
            series=fake_base.SMALL,
            baseline=(),
            patches=tuple(
                PlannedPatch(number=number, patch=replace(patch, ident=f"p{number}"), edits=())
                for number in range(1, len(prefixes) + 1)
            ),
        )
        place = tmp_path / f"place-{len(list(tmp_path.iterdir()))}"
        place.mkdir()
        made = (kbuild(tmp_path / "area"),) if builds is None else builds
        return compile_prefixes(plan, repo, made, original or {}, place)

    return run


def make(repo, ref, files):
    """Make a first commit with files."""
    stream = f"commit {ref}\ncommitter t <t@localhost> 0 +0000\ndata 0\n".encode()
    for name, text in files.items():
        stream += f"M 100644 inline {name}\ndata {len(text)}\n{text}\n".encode()
    run_git(["-C", str(repo), "fast-import", "--quiet", "--force", "--done"], stream + b"done\n")


def found(results):
    """Return patch, file and whether there is a problem."""
    return [(one.patch, one.source, bool(one.problem)) for one in results]


def test_what_a_patch_touches_is_compiled(compiled):
    """Only that, and what is in the tree of the build does not count."""
    results = compiled({"kernel/a.c": A.replace("* 3", "* 4")}, {"kernel/b.c": B + "\n"})
    assert found(results) == [(1, "kernel/a.c", False), (2, "kernel/b.c", False)]


def test_a_header_reaches_every_file(compiled):
    """Who includes it is compiled as well."""
    results = compiled({"include/h.h": HEADER + "extern int more;\n"})
    assert found(results) == [(1, "kernel/a.c", False), (1, "kernel/b.c", False)]


def test_an_error_belongs_to_its_patch(compiled):
    """A variable that hides a function: the patch is named, and not the next one, which has it."""
    hidden = B.replace("{\n\treturn", "{\n\tint put = 1;\n\n\treturn")
    results = compiled({"kernel/b.c": hidden}, {"kernel/b.c": hidden + "\n"}, {"kernel/b.c": B})
    assert found(results) == [(n, "kernel/b.c", n == 1) for n in (1, 2, 3)]
    assert "called object 'put' is not a function" in results[0].problem


def test_a_warning_is_a_problem(compiled):
    """W=1: what the unmodified file does not say, the patch must not say either."""
    unused = "static int unused(void)\n{\n\treturn 1;\n}\n"
    assert found(compiled({"kernel/a.c": A + unused})) == [(1, "kernel/a.c", True)]
    base = {**BASE, "kernel/a.c": A + unused}
    assert found(compiled({"kernel/a.c": A + unused + "\n"}, base=base)) == [
        (1, "kernel/a.c", False)
    ]


def test_the_base_stands_in_for_the_tree_of_the_build(compiled, tmp_path):
    """A header that the series does not touch is as the base has it, whatever was built."""
    base = {"kernel/a.c": A}
    build = kbuild(tmp_path / "area")
    (build.tree / "include/h.h").write_text("int put(void);\n")
    changed = {"kernel/a.c": A + "\n"}
    original = {"include/h.h": HEADER}
    assert found(compiled(changed, base=base, original=original, builds=(build,))) == [
        (1, "kernel/a.c", False)
    ]
    broken = {"kernel/a.c": "\n"}
    results = compiled(changed, base=broken, builds=(build,))
    assert "conflicting types for 'put'" in results[0].problem
