# SPDX-License-Identifier: GPL-2.0-only
"""The maintainer's desk: a branch in his tree, changes back from it, what others have said."""

import email
import email.policy
import gzip
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import MINI, TESTS, some_of

from generator.cli import main, maintain
from generator.errors import UserError
from generator.model import trailers
from generator.model.bases.v3_3 import BASE
from generator.model.series import REVIEW, SERIES
from generator.model.trailers import Trailer, ordered, trailer_lines, wrong, wrong_among
from generator.patches.sent import (
    Person,
    find_maintainer,
    sign_message,
    sign_patches,
    subject_tag,
    tagged_subject,
)
from generator.patches.tags import read_tags, write_tags
from generator.plan import plan_series
from generator.render import env

ROOT = TESTS.parent
PATCHES = [planned.patch.ident for planned in plan_series(BASE, REVIEW).patches]
CORE = "kernel/events/uprobes.c"
ARCH = "arch/x86/kernel/uprobes.c"
ME = Person("Ada Maintainer", "ada@example.org")


def git(repo, *arguments, **options):
    """Run git in a repository as somebody; return what it prints."""
    identity = ["-c", "user.name=Some One", "-c", "user.email=some@example.org"]
    done = subprocess.run(
        ["git", *identity, "-C", str(repo), *arguments],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """Return where repositories are kept: ``plain``, and ``branched`` once there is one."""
    place = tmp_path_factory.mktemp("kernels")
    repo = Path(shutil.copytree(TESTS / "trees/k33", place / "plain"))
    git(repo, "init", "--quiet", "--template=", "--initial-branch=main")
    git(repo, "add", "--all", "--force")
    git(repo, "commit", "--quiet", "-m", "Linux 3.3")
    return place


@pytest.fixture
def kernel(kernels, tmp_path):
    """Return a git repository with the made-up tree of 3.3."""
    return Path(shutil.copytree(kernels / "plain", tmp_path / "kernel"))


@pytest.fixture
def branch(kernels, kernel):
    """Let the repository have the branch, which is made by the first test that asks for it."""
    kept = kernels / "branched"
    if not kept.is_dir():
        assert make_branch(kernel) == 0
        shutil.copytree(kernel, kept)
    git(kernel, "fetch", "--quiet", "--update-head-ok", str(kept), "uprobes:uprobes")


@pytest.fixture
def checkout(copied, tmp_path, monkeypatch):
    """Return a copy of the program, whose templates and model are in use."""
    monkeypatch.setattr(env, "data_dir", lambda name: copied / name)
    monkeypatch.setattr(maintain, "data_dir", lambda name: copied / name)
    monkeypatch.chdir(tmp_path)
    env.environment.cache_clear()
    yield copied
    env.environment.cache_clear()


def make_branch(kernel, *more):
    """Make the branch, as a user does."""
    return main(
        ["apply", "--base", "3.3", "--tree", str(kernel), "--branch", "uprobes", "-q", *more]
    )


def state(repo):
    """Return all that `apply` may not touch."""
    files = {
        str(p.relative_to(repo)): p.read_bytes()
        for p in sorted(repo.rglob("*"))
        if p.is_file() and ".git" not in p.relative_to(repo).parts
    }
    index = (repo / ".git/index").read_bytes()
    return files, index, git(repo, "symbolic-ref", "HEAD"), git(repo, "rev-parse", "main")


@pytest.mark.parametrize("dirty", some_of([True, False]), ids=["dirty", "clean"])
def test_a_branch(kernel, dirty):
    """Baseline and series are commits on it; files, index and branches are as they were."""
    if dirty:
        (kernel / "Makefile").write_text("VERSION = 7\n")
        (kernel / "new.c").write_text("int new;\n")
        (kernel / CORE).unlink(missing_ok=True)
        git(kernel, "add", "new.c")
    before = state(kernel)
    assert make_branch(kernel) == 0
    assert state(kernel) == before
    subjects = git(kernel, "log", "--reverse", "--format=%s", "main..uprobes").splitlines()
    assert len(subjects) == 1 + len(PATCHES)
    assert git(kernel, "rev-parse", f"uprobes~{len(subjects)}") == git(kernel, "rev-parse", "main")
    assert "uprobe_notify_resume" in git(kernel, "show", f"uprobes:{CORE}")
    assert "Signed-off-by" not in git(kernel, "log", "--format=%B", "main..uprobes")


def test_a_branch_that_is_there(kernel, capsys):
    """It is not replaced without being told to, and not while it is checked out."""
    git(kernel, "branch", "uprobes")
    assert make_branch(kernel) == 1
    assert "there is a branch 'uprobes' already" in capsys.readouterr().err
    assert git(kernel, "rev-parse", "uprobes") == git(kernel, "rev-parse", "main")
    assert make_branch(kernel, "--force") == 0
    assert git(kernel, "rev-parse", "uprobes") != git(kernel, "rev-parse", "main")
    git(kernel, "checkout", "--quiet", "uprobes")
    assert make_branch(kernel, "--force", "--rev", "main") == 1
    assert "is checked out" in capsys.readouterr().err


def test_a_branch_that_is_being_rebased(kernel, capsys, tmp_path):
    """In the end git goes back to it, though nothing has it checked out; so with git bisect."""
    git(kernel, "worktree", "add", "--quiet", "-b", "uprobes", str(tmp_path / "other"))
    other = tmp_path / "other"
    git(other, "commit", "--quiet", "--allow-empty", "-m", "Mine")
    before = git(kernel, "rev-parse", "uprobes")
    git(other, "-c", "sequence.editor=echo break >", "rebase", "--quiet", "-i", "HEAD^")
    assert make_branch(kernel, "--force") == 1
    assert "is being rebased" in capsys.readouterr().err
    git(other, "rebase", "--abort")
    git(other, "bisect", "start", "uprobes", "uprobes^")
    git(other, "checkout", "--quiet", "--detach")
    assert make_branch(kernel, "--force") == 1
    assert "is being bisected" in capsys.readouterr().err
    git(other, "bisect", "reset")
    git(other, "checkout", "--quiet", "--detach")
    assert git(kernel, "rev-parse", "uprobes") == before
    assert make_branch(kernel, "--force") == 0


@pytest.mark.parametrize(
    "name", ["..", "a..b", "-x", "HEAD", "@", "@{-1}", "x.lock", "a b", "", "a\x07", "x\udcff\n"]
)
def test_a_name_that_git_refuses(name, kernel, capsys):
    """It is the user's to choose another one, and nothing is made: nothing is rendered for it."""
    assert make_branch(kernel, f"--branch={name}") == 1
    assert not [*Path(os.environ["UPROBEKIT_WORKDIR"]).rglob("names.json")]
    said = capsys.readouterr().err
    assert "git takes no branch with the name" in said and "choose a name" in said
    assert git(kernel, "branch", "--list", "--format=%(refname)").split() == ["refs/heads/main"]


@pytest.mark.parametrize(
    ("have", "name"), some_of([("a/b", "a/b/c/d"), ("a", "a/b"), ("a/b/c", "a")])
)
def test_a_name_beside_another(have, name, kernel, capsys):
    """A branch ``a`` is a file where ``a/b`` needs a folder, with --force or without."""
    git(kernel, "branch", have)
    for more in ((), ("--force",)):
        assert make_branch(kernel, f"--branch={name}", *more) == 1
        said = capsys.readouterr().err
        assert f"a branch '{name}' beside '{have}'" in said and "another --branch" in said
    assert make_branch(kernel, f"--branch=un-{name}") == 0


def test_a_branch_with_a_name(kernel, monkeypatch):
    """Who git says the user is has made and signed the patches, and is where he has asked to be."""
    git(kernel, "config", "user.name", "Ada Maintainer")
    git(kernel, "config", "user.email", "ada@example.org")
    assert make_branch(kernel, "--checkout") == 0
    assert git(kernel, "branch", "--show-current").strip() == "uprobes"
    assert git(kernel, "log", "-1", "--format=%an <%ae>").strip() == str(ME)
    assert f"Signed-off-by: {ME}" in git(kernel, "log", "-1", "--format=%B")


def bring(kernel, *what):
    """Import what somebody has changed, as a user does."""
    return main(
        [
            *("import", "--base", "3.3", "--tree", str(kernel), "--rev", "main"),
            *("--repo", str(kernel), "-q", *what),
        ]
    )


def rendered(checkout, kernel, ref, path):
    """Return a file as the program renders it now, in a process of its own."""
    command = [sys.executable, "-m", "generator", "render", "--base", "3.3", "-q"]
    command += ["--tree", str(kernel), "--rev", "main", "--workdir", str(checkout / "work")]
    done = subprocess.run(
        [*command, "-o", str(checkout / "out")],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(checkout)},
    )
    assert done.returncode == 0, done.stderr
    return git(checkout / "work/3.3/repo.git", "show", f"{ref}:{path}" if path else ref)


def edit(kernel, path, *changes):
    """Change a file of the branch, and commit that."""
    git(kernel, "checkout", "--quiet", "uprobes")
    text = (kernel / path).read_text()
    for old, new in changes:
        assert old in text, f"{path} has changed: {old}"
        text = text.replace(old, new)
    (kernel / path).write_text(text)
    git(kernel, "commit", "--quiet", "-a", "-m", "An idea")
    return text


EDITS = {
    "a reworded line": (
        CORE,
        (("failed to %s", "did not %s"),),
        "templates/kernel/events/uprobes.c/hit.c.j2",
    ),
    "a statement in a hook": (
        "kernel/fork.c",
        (("\tuprobe_free_utask(tsk);\n", "\tuprobe_free_utask(tsk);\n\tmight_sleep();\n"),),
        "templates/kernel/fork.c/free-utask.c.j2",
    ),
    "a statement behind a line that stands twice": (
        "mm/mremap.c",
        (
            (
                "\tuprobe_end_mremap(mm);\n\n\t/*",
                "\tuprobe_end_mremap(mm);\n\tcond_resched();\n\n\t/*",
            ),
        ),
        "templates/mm/mremap.c/unmap-end.c.j2",
    ),
    "a static function": (
        CORE,
        (
            (
                "struct uprobe_task *get_utask(void)\n{",
                "struct uprobe_task *get_utask(void)\n{\n\tmight_sleep();",
            ),
            (
                "\treturn current->utask;\n}\n",
                "\treturn current->utask;\n}\n\nstatic int __maybe_unused extra(int number)\n"
                "{\n\treturn number + 1;\n}\n",
            ),
        ),
        "templates/kernel/events/uprobes.c/hit.c.j2",
    ),
    "a pointer to a function": (
        CORE,
        (
            (
                "xol_map_area(struct mm_struct *mm, struct xol_area *area)",
                "xol_map_area(struct mm_struct *mm, int (*way)(int, void *),"
                "\n\t\t\tstruct xol_area *area)",
            ),
            ("xol_map_area(mm, area)", "xol_map_area(mm, NULL, area)"),
        ),
        "templates/kernel/events/uprobes.c/xol.c.j2",
    ),
    "a prototype": (
        CORE,
        (
            (
                "xol_map_area(struct mm_struct *mm, struct xol_area *area)",
                "xol_map_area(struct mm_struct *mm, struct xol_area *area, int way)",
            ),
            ("xol_map_area(mm, area)", "xol_map_area(mm, area, 1)"),
        ),
        "templates/kernel/events/uprobes.c/xol.c.j2",
    ),
    "a prototype of the model": (
        CORE,
        (
            (
                "find_active_uprobe(unsigned long bp_vaddr, int *is_bp)",
                "find_active_uprobe(unsigned long bp_vaddr,"
                "\n\t\t\t\t\t int (*way)(int, void *), int *is_bp)",
            ),
            ("find_active_uprobe(bp_vaddr, &is_bp)", "find_active_uprobe(bp_vaddr, NULL, &is_bp)"),
        ),
        "generator/model/interface/core.py",
    ),
}


@pytest.mark.parametrize("what", EDITS)
@pytest.mark.sweep
def test_a_change_comes_back(what, checkout, kernel, branch):
    """It is in the template or the model, and the next rendering is what was edited."""
    path, changes, place = EDITS[what]
    text = edit(kernel, path, *changes)
    before = (checkout / place).read_bytes()
    assert bring(kernel, "uprobes") == 0
    assert (checkout / place).read_bytes() != before
    assert rendered(checkout, kernel, "review", path) == text


@pytest.mark.sweep
def test_a_prototype_that_others_call(checkout, kernel, branch, capsys):
    """Calls that another base has follow."""
    old = "xol_map_area(struct mm_struct *mm, struct xol_area *area)"
    text = edit(
        kernel,
        CORE,
        (old, f"{old[:-1]}, int how_it_is_mapped)"),
        ("xol_map_area(mm, area)", "xol_map_area(mm, area, 1)"),
    )
    place = "templates/kernel/events/uprobes.c/xol.c.j2"
    others = "\terr = mmap_write_lock_killable(mm);\n\tif (!err) {\n\t\terr = xol_map_area(mm, area"
    assert f"{others});" in (checkout / place).read_text()
    assert bring(kernel, "uprobes") == 0
    assert f"{others}, 1);" in (checkout / place).read_text()
    assert rendered(checkout, kernel, "review", CORE) == text


@pytest.mark.sweep
def test_a_prototype_in_one_long_line(checkout, kernel, branch, capsys):
    """The model breaks those that it has into its own lines."""
    old, call = "find_active_uprobe(unsigned long bp_vaddr, int *is_bp", "bp_vaddr, &is_bp"
    text = edit(kernel, CORE, (old, f"{old}, int where_it_is_looked_up"), (call, f"{call}, 1"))
    assert bring(kernel, "uprobes") == 0
    assert "the model breaks it into other lines" in capsys.readouterr().out
    made = rendered(checkout, kernel, "review", CORE)
    assert made != text and made.split() == text.split()


@pytest.mark.sweep
def test_a_prototype_in_a_header(checkout, kernel, branch, capsys):
    """Definition, prototype and call, each in its file: one place in the model, and a template."""
    git(kernel, "checkout", "--quiet", "uprobes")
    header = "include/linux/uprobes.h"
    for path in (ARCH, header):
        text = (kernel / path).read_text()
        new, count = re.subn(r"(arch_uprobe_post_xol\([^()]+)\)(?=;|\n\{)", r"\1, int why)", text)
        assert count == 1, path
        (kernel / path).write_text(new)
    call = "arch_uprobe_post_xol(&uprobe->arch, regs"
    commit(kernel, CORE, f"{call})", f"{call}, 0)")
    assert bring(kernel, "uprobes") == 0, capsys.readouterr().err
    assert "DOES NOT FIT" not in capsys.readouterr().out
    assert '"int", "why"' in (checkout / "generator/model/interface/arch.py").read_text()
    made = {path: rendered(checkout, kernel, "review", path) for path in (CORE, ARCH, header)}
    for path, text in made.items():
        assert text.split() == (kernel / path).read_text().split(), path


@pytest.mark.sweep
def test_a_message_comes_back(checkout, kernel, branch):
    """An edited message of a patch changes the template of its text, and its subject the series."""
    number = 1 + PATCHES.index("hit")
    git(kernel, "checkout", "--quiet", f"uprobes~{len(PATCHES) - number}")
    message = git(kernel, "log", "-1", "--format=%B")
    assert message.startswith("uprobes/core: Handle breakpoint")
    old = "They stay queued,"
    assert old in " ".join(message.split())
    message = re.sub(r"They\s+stay\s+queued,", "They are queued until then,", message)
    message = message.replace("Handle breakpoint", "Take breakpoint", 1)
    git(kernel, "commit", "--quiet", "--amend", "-m", message)
    assert bring(kernel, "HEAD") == 0
    text = " ".join(rendered(checkout, kernel, f"review-{number:02d}", "").split())
    assert "They are queued until then," in text and old not in text
    assert "uprobes/core: Take breakpoint" in text


def commit(kernel, path, old, new, message="An idea"):
    """Change a file where HEAD is, and commit that."""
    text = (kernel / path).read_text()
    assert old in text, f"{path} has changed: {old}"
    (kernel / path).write_text(text.replace(old, new, 1))
    git(kernel, "commit", "--quiet", "-a", "-m", message)


@pytest.fixture
def renderings(tmp_path, monkeypatch):
    """Count the calls of git fast-import: each rendering has one."""
    log = tmp_path / "calls"
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin/git"
    wrapper.write_text(
        f'#!/bin/sh\ncase " $* " in *" fast-import "*) echo >>{log};; esac\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    def count():
        """Return how many there were, and begin again."""
        number = log.read_text().count("\n") if log.exists() else 0
        log.unlink(missing_ok=True)
        return number

    return count


WORD = ("failed to %s", "did not %s")
HIT = "templates/kernel/events/uprobes.c/hit.c.j2"


@pytest.mark.sweep
def test_a_range_comes_back(checkout, kernel, branch, renderings, capsys):
    """The whole branch, with the baseline's commit, an edited patch, a merge and two ideas."""
    listed = git(kernel, "rev-list", "--reverse", "main..uprobes").split()
    assert bring(kernel, "main..uprobes") == 0
    assert renderings() == 1, "what is there already is not rendered again"
    number = 1 + PATCHES.index("hit")
    git(kernel, "checkout", "--quiet", "--detach", listed[number])
    text = (kernel / CORE).read_text()
    (kernel / CORE).write_text(text.replace(*WORD))
    git(kernel, "commit", "--quiet", "--all", "--amend", "--no-edit")
    git(kernel, "cherry-pick", *listed[number + 1 :])
    git(kernel, "checkout", "--quiet", "-b", "other")
    commit(
        kernel,
        "kernel/fork.c",
        *[f"\tuprobe_free_utask(tsk);\n{s}" for s in ("", "\tmight_sleep();\n")],
    )
    git(kernel, "checkout", "--quiet", "--detach", "HEAD^")
    commit(kernel, CORE, WORD[1], "does not %s")
    git(kernel, "merge", "--quiet", "-m", "Both", "other")
    (kernel / "kernel/fork.c").write_text(
        (kernel / "kernel/fork.c").read_text().replace("\tmight_sleep();\n", "\tcond_resched();\n")
    )
    git(kernel, "commit", "--quiet", "--all", "--amend", "--no-edit")
    assert bring(kernel, "main..HEAD") == 0, capsys.readouterr().err
    assert renderings() == 1 + 4, "one rendering at the start, and one for each change"
    assert "does not %s" in (checkout / HIT).read_text()
    for path in (CORE, "kernel/fork.c"):
        text = (kernel / path).read_text()
        assert rendered(checkout, kernel, "review", path) == text
    assert "does not %s" in rendered(checkout, kernel, f"review-{number:02d}", CORE)


@pytest.mark.sweep
def test_a_branch_is_all_of_it(checkout, kernel, branch, capsys):
    """After a rebase the branch is named, and what was amended below its tip comes back."""
    listed = git(kernel, "rev-list", "--reverse", "main..uprobes").split()
    number = 1 + PATCHES.index("hit")
    git(kernel, "checkout", "--quiet", "--detach", listed[number])
    (kernel / CORE).write_text((kernel / CORE).read_text().replace(*WORD))
    git(kernel, "commit", "--quiet", "--all", "--amend", "--no-edit")
    git(kernel, "cherry-pick", *listed[number + 1 :])
    git(kernel, "branch", "--force", "uprobes")
    assert bring(kernel, "uprobes~1") == 0, "a commit is no more than that"
    assert WORD[0] in (checkout / HIT).read_text()
    assert bring(kernel, "uprobes") == 0, capsys.readouterr().err
    assert WORD[1] in (checkout / HIT).read_text()


@pytest.mark.sweep
def test_what_is_done_to_the_series(checkout, kernel, branch, capsys, tmp_path):
    """A patch that is split or taken out is said, and changes nothing by itself."""
    before = {p: p.read_bytes() for p in sorted(checkout.rglob("*.j2"))}
    git(kernel, "checkout", "--quiet", "--detach", "uprobes^")
    first = git(kernel, "diff", "--name-only", "uprobes^", "uprobes").split()[0]
    git(kernel, "checkout", "uprobes", "--", first)
    git(kernel, "commit", "--quiet", "-m", "The first half")
    git(kernel, "checkout", "uprobes", "--", ".")
    git(kernel, "commit", "--quiet", "-C", "uprobes")
    assert bring(kernel, "uprobes^..HEAD") == 2
    said = capsys.readouterr().err
    assert "is split: the new part needs a patch" in said
    listed = re.findall(r"^#   (generator/model/interface/\w+\.py):([\d,]+)$", said, re.M)
    rows = (checkout / listed[0][0]).read_text().split("\n")
    assert all(f'"{PATCHES[-1]}"' in rows[int(n) - 1] for n in listed[0][1].split(","))
    number = 1 + PATCHES.index("emulate-alu")
    listed = git(kernel, "rev-list", "--reverse", "main..uprobes").split()
    git(kernel, "checkout", "--quiet", "--detach", listed[number - 1])
    git(kernel, "cherry-pick", *listed[number + 1 :])
    assert bring(kernel, "main..HEAD") == 2
    said = capsys.readouterr().err
    assert "is not there: take it out of generator/model/series/review.py" in said
    assert "#   templates/messages/emulate-alu.txt.j2\n" in said
    assert "#   generator/model/series/review.py:" in said
    assert {p: p.read_bytes() for p in before} == before
    kept = sorted(path.name for path in tmp_path.glob("*.rej"))
    assert kept == ["uprobekit-import-2.rej", "uprobekit-import.rej"]
    assert "is split" in (tmp_path / "uprobekit-import.rej").read_text()


@pytest.mark.sweep
def test_an_order_comes_back(checkout, kernel, branch, capsys):
    """Patches that changed places, one of them edited: the model has them so afterwards."""
    listed = git(kernel, "rev-list", "--reverse", "main..uprobes").split()
    number = 1 + PATCHES.index("emulate-alu")
    assert PATCHES[number] == "refuse"
    git(kernel, "checkout", "--quiet", "--detach", listed[number - 1])
    git(kernel, "cherry-pick", listed[number + 1])
    git(kernel, "cherry-pick", listed[number])
    (kernel / CORE).write_text((kernel / CORE).read_text().replace(*WORD))
    git(kernel, "commit", "--quiet", "--all", "--amend", "--no-edit")
    git(kernel, "cherry-pick", *listed[number + 2 :])
    assert bring(kernel, "main..HEAD") == 0, capsys.readouterr().err
    listed = ", ".join(["refuse", "emulate-alu", *PATCHES[number + 1 :]])
    assert f"{listed}, in this order" in capsys.readouterr().out
    for path in (CORE, ARCH):
        assert rendered(checkout, kernel, "review", path) == (kernel / path).read_text()
    text = git(checkout / "work/3.3/repo.git", "show", f"review-{number:02d}:{ARCH}")
    first = f"HEAD~{len(PATCHES) - number}"
    assert text == git(kernel, "show", f"{first}:{ARCH}"), "the first of the two"


@pytest.mark.sweep
def test_an_order_that_does_not_come_back(checkout, kernel, branch, capsys):
    """Patches that cannot change places in the model are named with the reason."""
    before = (checkout / REVIEW.module).read_bytes()
    listed = git(kernel, "rev-list", "--reverse", "main..uprobes").split()
    first, second = (1 + PATCHES.index(name) for name in ("hit", "skip-nop"))
    assert second == first + 1
    git(kernel, "checkout", "--quiet", "--detach", listed[first - 1])
    git(kernel, "commit", "--quiet", "--allow-empty", "-C", listed[second])
    git(kernel, "checkout", listed[second], "--", ".")
    git(kernel, "commit", "--quiet", "-C", listed[first])
    assert bring(kernel, f"{listed[first - 1]}..HEAD") == 2
    said = capsys.readouterr().err
    assert "put the patches of generator/model/series/review.py into that order" in said
    assert "in that order" in said
    assert (checkout / REVIEW.module).read_bytes() == before


@pytest.mark.sweep
def test_the_others_are_brought(checkout, kernel, branch, capsys, tmp_path):
    """One that does not fit, or cannot be rendered, does not stop those after it."""
    git(kernel, "checkout", "--quiet", "--detach", "uprobes")
    commit(kernel, "kernel/fork.c", "#include", "int mine;\n#include")
    commit(kernel, CORE, "\treturn current->utask;\n", "<<<<<<< ours\n\treturn NULL;\n")
    commit(kernel, CORE, *WORD)
    assert bring(kernel, "uprobes..HEAD") == 2
    kept = (tmp_path / "uprobekit-import.rej").read_text()
    assert "+int mine;" in kept and "<<<<<<< ours" in kept
    text = (checkout / HIT).read_text()
    assert WORD[1] in text and "<<<<<<< ours" not in text
    assert "nothing can be rendered" in capsys.readouterr().out


@pytest.mark.sweep
def test_braces_come_back(checkout, kernel, branch, capsys):
    """Two braces in C, in the text of a hook and in a message are no words of Jinja's."""
    git(kernel, "checkout", "--quiet", "--detach", "uprobes")
    line = "\tstatic const int a[1][1] = {{0}}; /* {% if x %} {# #} */\n"
    commit(kernel, CORE, "\treturn current->utask;\n", f"{line}\treturn current->utask;\n")
    hook = "\tuprobe_free_utask(tsk);\n"
    commit(kernel, "kernel/fork.c", hook, f"{hook}\tmight_sleep(); /* {{{{0}}}} */\n")
    message = git(kernel, "log", "-1", "--format=%B", "uprobes").replace(
        "\n\n", "\n\nUse {{0}} and {% if %}.\n\n", 1
    )
    title = message.partition("\n")[0]
    git(kernel, "commit", "--quiet", "--allow-empty", "-m", f"amend! {title}\n\n{message}")
    assert bring(kernel, "uprobes..HEAD") == 0, capsys.readouterr().err
    for path in (CORE, "kernel/fork.c"):
        assert rendered(checkout, kernel, "review", path) == (kernel / path).read_text()
    assert "Use {{0}} and {% if %}." in rendered(checkout, kernel, "review", "")


@pytest.mark.sweep
def test_what_does_not_fit(checkout, kernel, branch, capsys, tmp_path):
    """A line of the base's own is named and kept; nothing of the program changes."""
    git(kernel, "checkout", "--quiet", "uprobes")
    text = (kernel / "kernel/fork.c").read_text()
    (kernel / "kernel/fork.c").write_text(text + "\nint mine;\n")
    git(kernel, "commit", "--quiet", "-a", "-m", "Mine")
    assert bring(kernel, "uprobes") == 2
    said = capsys.readouterr()
    assert "kernel/fork.c" in said.out and "DOES NOT FIT" in said.out
    assert "+int mine;" in (tmp_path / "uprobekit-import.rej").read_text()


@pytest.mark.sweep
def test_what_no_template_can_hold(checkout, kernel, branch, capsys, tmp_path):
    """Files that come and go, a mode, a trailer: named and kept, and what fits is brought in."""
    git(kernel, "checkout", "--quiet", "uprobes")
    core = kernel / CORE
    core.write_text(core.read_text().replace("failed to %s", "did not %s"))
    (kernel / "kernel/mine.c").write_text("int mine;\n")
    (kernel / "kernel/signal.c").unlink()
    (kernel / "kernel/fork.c").chmod(0o755)
    git(kernel, "add", "--all")
    git(kernel, "commit", "--quiet", "-m", "Mine")
    hit = checkout / "templates/kernel/events/uprobes.c/hit.c.j2"
    assert bring(kernel, "HEAD") == 2
    assert "did not %s" in hit.read_text()
    kept = (tmp_path / "uprobekit-import.rej").read_text()
    assert "+int mine;" in kept and "deleted file mode" in kept and "new mode 100755" in kept
    git(kernel, "checkout", "--quiet", "--force", "uprobes~1")
    message = git(kernel, "log", "-1", "--format=%B").strip()
    git(kernel, "commit", "--quiet", "--amend", "-m", f"{message}\nReviewed-by: A B <a@b.org>")
    assert bring(kernel, "HEAD") == 2
    assert "+Reviewed-by: A B <a@b.org>" in (tmp_path / "uprobekit-import-2.rej").read_text()
    (kernel / "kernel/alone.c").write_text("int alone;\n")
    git(kernel, "add", "--all")
    git(kernel, "commit", "--quiet", "-m", "Alone")
    capsys.readouterr()
    assert bring(kernel, "HEAD") == 2
    assert "+int alone;" in capsys.readouterr().err


def test_bytes_that_are_not_text(checkout, kernel, branch, capsys):
    """A template is UTF-8: the line is named, and nothing changes."""
    git(kernel, "checkout", "--quiet", "uprobes")
    core = kernel / CORE
    core.write_bytes(core.read_bytes().replace(b"failed to %s", b"failed \xe9 to %s"))
    git(kernel, "commit", "--quiet", "-a", "-m", "An idea")
    assert bring(kernel, "HEAD") == 1
    said = capsys.readouterr().err
    assert "a new line is not UTF-8" in said and f"{CORE}:" in said


@pytest.mark.sweep
def test_what_is_no_change_of_the_series(checkout, kernel, capsys):
    """A commit made on other files, and a name that is none."""
    other = (kernel / "kernel/fork.c").read_text() + "\nint other;\n"
    (kernel / "kernel/fork.c").write_text(other)
    git(kernel, "commit", "--quiet", "-a", "-m", "Other")
    (kernel / "kernel/fork.c").write_text(other + "int another;\n")
    git(kernel, "commit", "--quiet", "-a", "-m", "Another")
    assert bring(kernel, "main") == 1
    assert "no prefix of the series" in capsys.readouterr().err
    assert bring(kernel, "nosuch") == 1
    assert "neither a file nor a commit" in capsys.readouterr().err


def test_edited_patches_stay(fake, tmp_path, capsys):
    """An edited patch is not written over, and the command to import it is said."""
    out = tmp_path / "out"
    arguments = ["render", "--tree", str(MINI), "-o", str(out), "-q"]
    assert main(arguments) == 0
    assert main(arguments) == 0
    patch = sorted(out.glob("0002-*.patch"))[0]
    good = patch.read_text()
    edited = good.replace("+", "+/* mine */ ", 1)
    patch.write_text(edited)
    capsys.readouterr()
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert patch.name in said and "uprobekit import" in said and "--overwrite" in said
    assert patch.read_text() == edited
    assert main([*arguments, "--overwrite"]) == 0
    assert patch.read_text() == good
    patch.write_text("<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n")
    assert main(arguments) == 0
    assert patch.read_text() == good


OTHERS = {
    "0000-cover-letter.patch": "templates/messages/cover.txt.j2",
    "interface.txt": "generator/model/interface and templates",
    "series": "generator/model/series/review.py",
}
"""The files beside the patches, and where what they say comes from."""


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("edit", ["a line more", "a line at the top", "a line less"])
def test_what_is_beside_the_patches_stays_as_well(name, edit, fake, tmp_path, capsys):
    """It cannot be imported: where the edit belongs is said, and nothing is written."""
    out = tmp_path / "out"
    arguments = ["render", "--tree", str(MINI), "-o", str(out), "-q"]
    assert main(arguments) == 0
    lines = (out / name).read_text().splitlines(keepends=True)
    kept = {
        "a line more": [*lines, "mine\n"],
        "a line at the top": ["mine\n", *lines],
        "a line less": [*lines[:2], *lines[3:]],
    }[edit]
    (out / name).write_text("".join(kept))
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    capsys.readouterr()
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert f"{name} is changed in {OTHERS[name]}" in said and "--overwrite" in said
    assert "uprobekit import" not in said, "it has no change"
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert main([*arguments, "--overwrite"]) == 0
    assert main([*arguments, "--check"]) == 0


def test_a_patch_of_his_own_in_the_list(fake, tmp_path, capsys):
    """Who puts his patch into the list, as quilt does, keeps it, whatever render is told."""
    out = tmp_path / "out"
    arguments = ["render", "--tree", str(MINI), "-o", str(out), "-q"]
    assert main(arguments) == 0
    mine, series = out / "0004-mine.patch", out / "series"
    mine.write_text("mine\n")
    listed = series.read_text()
    series.write_text(re.sub(r"(?m)^(0003-.*)$", r"\1\n0004-mine.patch", listed, count=1))
    assert main(arguments) == 1
    assert "series is changed in" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0
    assert mine.read_text() == "mine\n" and series.read_text() == listed


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.name)
def test_where_edits_of_a_series_belong(series):
    """What render names is there."""
    assert (ROOT / series.module).is_file()
    assert (ROOT / "templates" / f"{series.message('cover')}.j2").is_file()


def test_the_command_that_imports_it(fake, tmp_path, capsys):
    """It has the options that choose the same; a cover letter is said to be a template's."""
    out = tmp_path / "out"
    arguments = ["render", "--series", "review", "--tree", str(MINI), "-o", str(out), "-q"]
    assert main(arguments) == 0
    patch, cover = (next(out.glob(f"000{number}-*.patch")) for number in (2, 0))
    patch.write_text(patch.read_text().replace("+", "+/* mine */ ", 1))
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert f"uprobekit import --base 6.1 --tree {MINI} {shlex.quote(str(patch))}; " in said
    assert "cover letter" not in said
    cover.write_text(cover.read_text() + "More.\n")
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert "0000-cover-letter.patch is changed in templates/messages/cover.txt.j2" in said
    assert f"uprobekit import --base 6.1 --tree {MINI} {shlex.quote(str(patch))}; " in said, (
        "it has no change"
    )


@pytest.mark.parametrize("how", ["no list", "an empty list"])
def test_patches_without_a_list(how, fake, tmp_path, capsys):
    """Where nothing says how they were rendered, what is not as it would be stays."""
    out = tmp_path / "out"
    arguments = ["render", "--tree", str(MINI), "-o", str(out), "-q"]
    assert main(arguments) == 0
    (out / "series").unlink() if how == "no list" else (out / "series").write_text("")
    assert main(arguments) == 0
    (out / "series").unlink()
    patch = next(out.glob("0002-*.patch"))
    edited = patch.read_text().replace("+", "+/* mine */ ", 1)
    patch.write_text(edited)
    assert main(arguments) == 1
    assert patch.name in capsys.readouterr().err and patch.read_text() == edited


def test_two_branches_that_have_both_rendered(fake, tmp_path, monkeypatch, capsys):
    """After the merge of their templates the patches are rendered again, and nothing is in the way.

    By ``.gitattributes`` git leaves one side's patches, and of ``series`` both.
    """
    place = tmp_path / "clone"
    templates = Path(shutil.copytree(fake.TEMPLATES, place / "templates"))
    shutil.copy(ROOT / ".gitattributes", place)
    fake.install(monkeypatch, templates=templates)
    monkeypatch.chdir(place)

    def edited_on(branch, file, old, new):
        """Edit a template on a branch of its own, render, and commit."""
        git(place, "checkout", "--quiet", "-b", branch, "main")
        text = (templates / file).read_text()
        assert old in text
        (templates / file).write_text(text.replace(old, new))
        env.environment.cache_clear()
        assert main(render) == 0
        git(place, "commit", "--quiet", "--all", "-m", branch)

    render = ["render", "--tree", str(MINI), "-q"]
    assert main(render) == 0
    git(place, "init", "--quiet", "--initial-branch=main")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "-m", "Start")
    edited_on("one", "kernel/added.c.j2", "return 0;", "return 1;")
    edited_on("two", "messages/block.txt.j2", "Add a function:", "Add one function:")
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    merge = ["git", *identity, "-C", str(place), "merge", "--quiet", "one"]
    assert subprocess.run(merge, capture_output=True, check=False).returncode == 1
    left = git(place, "diff", "--name-only", "--diff-filter=U").split()
    assert left and all(name.endswith((".patch", "interface.txt")) for name in left)
    env.environment.cache_clear()
    capsys.readouterr()
    assert main(render) == 0, capsys.readouterr().err
    assert main([*render, "--check"]) == 0
    git(place, "add", "kernel_patches")
    git(place, "commit", "--quiet", "-m", "Both")
    patch = next((place / "kernel_patches/6.1/review").glob("0002-*.patch")).read_text()
    assert "return 1;" in patch and "Add one function:" in patch


def test_the_order_of_trailers(monkeypatch):
    """The kernel's order, each once; Link and who signs are put among them."""
    given = (
        Trailer("Reviewed-by", "R <r@x.org>"),
        Trailer("Fixes", '0123456789ab ("x: Y")'),
        Trailer("Reviewed-by", "R <r@x.org>"),
        Trailer("Reported-by", "B <b@x.org>"),
    )
    monkeypatch.setitem(trailers.TRAILERS, "hit", given)
    assert trailer_lines("hit", link="https://x.org/1", signer="S <s@x.org>") == (
        'Fixes: 0123456789ab ("x: Y")',
        "Reported-by: B <b@x.org>",
        "Link: https://x.org/1",
        "Signed-off-by: S <s@x.org>",
        "Reviewed-by: R <r@x.org>",
    )
    assert ordered(given) == (given[1], given[3], given[0])


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("Reviewed-by", "R <r@x.org>", ""),
        ("Cc", "stable@vger.kernel.org # 6.1", ""),
        ("Cc", "S <stable@vger.kernel.org>", ""),
        ("Fixes", '0123456789ab ("x: Y")', ""),
        ("Link", "https://x.org/1", ""),
        ("Reviewed-by", "somebody", "is a person"),
        ("Fixes", "123", "is a commit and its subject"),
        ("Link", "x.org", "is an address"),
        ("Signed-off-by", "R <r@x.org>", "who sends a patch signs it"),
        ("Liked-by", "R <r@x.org>", "no trailer of the kernel's"),
    ],
)
def test_trailers_are_checked(key, value, what):
    """What cannot be used is said."""
    said = wrong(Trailer(key, value))
    assert what in said if what else not said


def test_who_has_developed_it_signs_it(monkeypatch):
    """Each in the line behind, as checkpatch.pl wants it; the sender after all of them."""
    people = ("B <b@x.org>", "A <a@x.org>")
    given = [Trailer("Co-developed-by", who) for who in people]
    assert [what for _, what in wrong_among(given)] == [
        "there is no Signed-off-by of the same person, who has to sign it"
    ] * 2
    given += [Trailer("Signed-off-by", who) for who in people]
    assert not list(wrong_among(given))
    other = Trailer("Signed-off-by", "C <c@x.org>")
    assert [trailer for trailer, _ in wrong_among([*given, other])] == [other]
    monkeypatch.setitem(trailers.TRAILERS, "hit", (*given, Trailer("Acked-by", people[0])))
    assert not list(trailers.problems(PATCHES))
    wanted = (
        "Co-developed-by: B <b@x.org>",
        "Signed-off-by: B <b@x.org>",
        "Co-developed-by: A <a@x.org>",
        "Signed-off-by: A <a@x.org>",
        f"Signed-off-by: {ME}",
        "Acked-by: B <b@x.org>",
    )
    assert trailer_lines("hit", signer=str(ME)) == wanted
    unsigned = [row for row in wanted if row != f"Signed-off-by: {ME}"]
    assert sign_message("\n".join(["Why.", "", *unsigned]), ME).split("\n")[2:] == list(wanted)


def test_who_has_developed_it_in_mails(tmp_path):
    """With his signature in the next line, from a patch as b4 writes it, and from his own mail."""
    pair = "Co-developed-by: B <b@x.org>\nSigned-off-by: B <b@x.org>\n"
    diff = "---\n x.c | 2 +-\n\ndiff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b"
    box = tmp_path / "t.mbx"
    box.write_text(
        mail("[PATCH 1/2] x: One", f"Why.\n\n{pair}Signed-off-by: S <s@x.org>\n{diff}", reply=False)
        + mail("Re: [PATCH 2/2] x: Two", pair, sender="B <b@x.org>")
        + mail("Re: [PATCH 2/2] x: Two", pair, sender="S <s@x.org>")
        + mail("Re: [PATCH 2/2] x: Two", "Co-developed-by: R <r@x.org>\nSigned-off-by: S <s@x.org>")
    )
    tags = read_tags(box, {"x: One": "one", "x: Two": "two"}, "x: All")
    both = tuple(Trailer(key, "B <b@x.org>") for key in ("Co-developed-by", "Signed-off-by"))
    assert tags.found == {"one": both, "two": both}
    assert [row.rpartition(": ")[2] for row in tags.left] == [
        *["it was sent by s@x.org"] * 2,
        "there is no Signed-off-by of the same person, who has to sign it",
    ]


def mail(subject, body, *, sender="R <r@x.org>", reply=True):
    """Return a mail as an mbox has it."""
    head = f"From x Thu Jan  1 00:00:00 2026\nFrom: {sender}\nSubject: {subject}\n"
    head += "Date: Thu, 1 Jan 2026 00:00:00 +0000\nMessage-ID: <m@x.org>\n"
    return head + ("In-Reply-To: <p@x.org>\n" if reply else "") + f"\n{body}\n\n"


def test_trailers_from_mails(tmp_path):
    """Replies to a patch and to the cover letter, what b4 has collected, and what is left out."""
    box = tmp_path / "t.mbx"
    box.write_text(
        mail(
            "Re: [PATCH v2 1/2] x: One",
            "> Reviewed-by: Q <q@x.org>\nGood.\n\nReviewed-by: R <r@x.org>",
        )
        + mail("Re: [PATCH 0/2] x: All", "tested-by: T <t@x.org>", sender="T <t@x.org>")
        + mail("Re: [PATCH 2/2] x: Two", "Acked-by: O <o@x.org>")
        + mail("Re: something", "Acked-by: R <r@x.org>")
        + mail(
            "[PATCH v2 2/2] x: Two",
            "Why.\n\nLink: https://x.org\nSigned-off-by: S <s@x.org>\n"
            "Reviewed-by: B <b@x.org>\n---\n"
            " x.c | 2 +-\n\ndiff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b",
            reply=False,
        )
    )
    tags = read_tags(box, {"x: One": "one", "x: Two": "two"}, "x: All")
    tested = Trailer("Tested-by", "T <t@x.org>")
    assert tags.found == {
        "one": (tested, Trailer("Reviewed-by", "R <r@x.org>")),
        "two": (tested, Trailer("Reviewed-by", "B <b@x.org>")),
    }
    assert len(tags.left) == 2
    assert "sent by r@x.org" in tags.left[0] and "no patch of the series" in tags.left[1]


HTML = "--b\nContent-Type: text/html\n\nReviewed-by: R <r@x.org>\n--b--"


@pytest.mark.parametrize("how", ["plain", "gzip", "CRLF", "References"])
def test_a_thread_as_it_comes(how, tmp_path):
    """From a list's archive, from DOS, from a mailer without In-Reply-To; what nobody can read."""
    text = mail("Re: [PATCH 1/2] x: One", "Acked-by: R <r@x.org>\n\nBye")
    text += mail("Re: [PATCH 2/2] x: Two", HTML).replace(
        "Date:", 'Content-Type: multipart/alternative; boundary="b"\nDate:'
    )
    if how == "References":
        text = text.replace("In-Reply-To:", "References:")
    data = (text.replace("\n", "\r\n") if how == "CRLF" else text).encode()
    box = tmp_path / "t.mbox"
    box.write_bytes(gzip.compress(data) if how == "gzip" else data)
    tags = read_tags(box, {"x: One": "one", "x: Two": "two"}, "x: All")
    assert tags.found == {"one": (Trailer("Acked-by", "R <r@x.org>"),)}
    assert tags.left == ("Re: [PATCH 2/2] x: Two: no part of it is plain text",)


def test_trailers_are_written(checkout, tmp_path, capsys, monkeypatch):
    """The command takes them into the model; the module says them, and is as it was without."""
    module = checkout / "generator/model/trailers.py"
    box = tmp_path / "t.mbx"
    subject = "uprobes/core: Handle breakpoint and singlestep exceptions"
    box.write_text(mail(f"Re: [PATCH v2 9/14] {subject}", 'Reviewed-by: "R. \\"X\\"" <r@x.org>'))
    assert main(["trailers", str(box), "-q"]) == 0
    assert "+ hit" in capsys.readouterr().out
    spec = importlib.util.spec_from_file_location("written", module)
    written = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "written", written)
    spec.loader.exec_module(written)
    assert [str(t) for t in written.TRAILERS["hit"]] == ['Reviewed-by: "R. \\"X\\"" <r@x.org>']
    assert write_tags(module, trailers.TRAILERS)
    assert module.read_text() == (ROOT / "generator/model/trailers.py").read_text()


def place_to_work(kind, kernel, tmp_path):
    """Return the repository of a kind, and its git directory."""
    other = tmp_path / kind
    if kind in ("bare", "without blobs"):
        git(kernel, "config", "uploadpack.allowFilter", "true")
        git(kernel, "config", "uploadpack.allowAnySHA1InWant", "true")
        more = ["--bare"] if kind == "bare" else ["--filter=blob:none", "--no-checkout"]
        git(tmp_path, "clone", "--quiet", *more, f"file://{kernel}", str(other))
        return other, other if kind == "bare" else other / ".git"
    if kind == "worktree":
        git(kernel, "branch", "topic")
        git(kernel, "worktree", "add", "--quiet", str(other), "topic")
        (other / "Makefile").write_text("VERSION = 7\n")
        return other, kernel / ".git"
    if kind == "merging":
        for branch, line in (("one", "int one;\n"), ("two", "int two;\n")):
            git(kernel, "checkout", "--quiet", "-b", branch, "main")
            (kernel / "Makefile").write_text(line)
            git(kernel, "commit", "--quiet", "-a", "-m", branch)
        merge = ["git", "-C", str(kernel), "merge", "one"]
        assert subprocess.run(merge, capture_output=True, check=False).returncode
    else:
        git(kernel, "checkout", "--quiet", "--detach")
    return kernel, kernel / ".git"


def untouched(repo, store):
    """Return all that nobody may touch: the user's files and git's, but for the new branch."""
    places = {repo, store}
    found = {}
    for path in sorted(p for place in places for p in place.rglob("*") if p.is_file()):
        if "uprobes" in path.name and ("refs" in path.parts or "heads" in path.parts):
            continue
        if "objects" not in path.relative_to(store if store in path.parents else repo).parts:
            found[str(path)] = path.read_bytes()
    missing = git(repo, "rev-list", "--objects", "--missing=print", "origin/main", "--")
    return found, {row for row in missing.splitlines() if row.startswith("?")}


def commit_elsewhere(repo, path, old, new, tmp_path):
    """Commit a change on the branch without a work tree, as another one of the user's would."""
    environment = {**os.environ, "GIT_INDEX_FILE": str(tmp_path / "other-index")}
    text = git(repo, "show", f"uprobes:{path}")
    assert old in text
    git(repo, "read-tree", "uprobes", env=environment)
    blob = git(repo, "hash-object", "-w", "--stdin", input=text.replace(old, new)).strip()
    git(repo, "update-index", "--cacheinfo", f"100644,{blob},{path}", env=environment)
    tree = git(repo, "write-tree", "--missing-ok", env=environment).strip()
    made = git(repo, "commit-tree", tree, "-p", "uprobes", "-m", "An idea").strip()
    git(repo, "update-ref", "refs/heads/uprobes", made)


@pytest.mark.sweep
@pytest.mark.parametrize("kind", ["bare", "worktree", "without blobs", "merging", "detached"])
def test_wherever_it_is(kind, checkout, kernel, tmp_path, capsys):
    """There and back, whatever the repository is and does: nothing of it is touched."""
    git(kernel, "update-ref", "refs/remotes/origin/main", "main")
    repo, store = place_to_work(kind, kernel, tmp_path)
    git(repo, "update-ref", "refs/remotes/origin/main", "main" if kind == "bare" else "origin/main")
    start = git(repo, "rev-parse", "origin/main").strip()
    before = untouched(repo, store)
    if kind == "without blobs":
        assert before[1], "the clone has all blobs"
    assert make_branch(repo, "--rev", start) == 0, capsys.readouterr().err
    assert untouched(repo, store) == before
    listed = git(repo, "rev-list", f"{start}..uprobes").split()
    assert len(listed) == 1 + len(PATCHES)
    assert "uprobe_notify_resume" in git(repo, "show", f"uprobes:{CORE}")
    commit_elsewhere(repo, CORE, "failed to %s", "did not %s", tmp_path)
    hit = checkout / "templates/kernel/events/uprobes.c/hit.c.j2"
    assert "did not %s" not in hit.read_text()
    command = ["import", "--base", "3.3", "--tree", str(repo), "--rev", start, "-q", "uprobes"]
    assert main(command) == 0, capsys.readouterr().err
    assert "did not %s" in hit.read_text()
    assert untouched(repo, store) == before


def test_a_bare_repository_has_no_files(kernel, tmp_path, capsys):
    """Where nothing can be checked out that is said, and the branch is there."""
    repo, _ = place_to_work("bare", kernel, tmp_path)
    assert make_branch(repo, "--checkout") == 1
    said = capsys.readouterr().err
    assert "the branch 'uprobes' is made" in said and "Traceback" not in said
    assert git(repo, "rev-parse", "uprobes") != git(repo, "rev-parse", "main")


def test_a_branch_in_another_worktree(kernel, tmp_path, capsys):
    """What is checked out in one is not replaced from another."""
    git(kernel, "branch", "uprobes")
    git(kernel, "worktree", "add", "--quiet", str(tmp_path / "other"), "uprobes")
    assert make_branch(kernel, "--force") == 1
    assert "is checked out" in capsys.readouterr().err
    assert git(kernel, "rev-parse", "uprobes") == git(kernel, "rev-parse", "main")


def test_files_that_are_no_mails(tmp_path):
    """A directory, a file of something else."""
    (tmp_path / "x").write_text("int x;\n")
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"Subject: x\n\n")[:-9])
    for path in (tmp_path, tmp_path / "x", tmp_path / "absent", tmp_path / "x.gz"):
        with pytest.raises(UserError):
            read_tags(path, {}, "")


PATCH = (
    b"From 0 Mon Sep 17 00:00:00 2001\nFrom: uprobekit <uprobekit@example.org>\n"
    b"Subject: [PATCH 1/1] x: One\n\nWhy.\n\n"
    b"Link: https://x.org\nAcked-by: A <a@x.org>\n---\n x | 1 +\n"
)


def test_who_sends():
    """Author and Signed-off-by are his, in its place; a cover letter is not signed."""
    made = sign_patches({"0000-c.patch": PATCH, "0001-x.patch": PATCH}, ME)
    assert b"\nFrom: Ada Maintainer <ada@example.org>\n" in made["0000-c.patch"]
    assert b"Signed-off-by" not in made["0000-c.patch"]
    listed = PATCH.replace(b"Why.\n", b"Why.\n\nuprobekit (1):\n  x: One\n")
    cover = sign_patches({"0000-c.patch": listed}, Person("A \\1 B", "a@x.org"))["0000-c.patch"]
    assert b"\n\nA \\1 B (1):\n  x: One\n" in cover
    wanted = f"Link: https://x.org\nSigned-off-by: {ME}\nAcked-by: A <a@x.org>\n---\n"
    assert wanted.encode() in made["0001-x.patch"]
    other = sign_patches({"0001-x.patch": PATCH}, Person("Zoë", "z@x.org"))["0001-x.patch"]
    assert b"=?utf-8?" in other and "Signed-off-by: Zoë <z@x.org>".encode() in other
    assert sign_message(sign_message("x\n\nLink: https://x", ME), ME).count("Signed") == 1


@pytest.mark.parametrize(
    "name", ["Ada <ada@x.org>", " Ada\nMaintainer ", "A. M. Jr.", "'Ada'", "Ada, M", "<>", "Zoë"]
)
def test_a_name_as_git_has_it(name, tmp_path, monkeypatch):
    """What git leaves out of a commit's author cannot stand in one, nor in a mail."""
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", name)
    git(tmp_path, "config", "user.email", "<ada@example.org>")
    command = ["git", "-C", str(tmp_path), "var", "GIT_AUTHOR_IDENT"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = find_maintainer(tmp_path)
    wanted = "" if done.returncode else done.stdout.rpartition("> ")[0] + ">"
    assert str(found or "") == wanted
    if found:
        made = sign_patches({"0001-x.patch": PATCH}, found)["0001-x.patch"]
        read = email.message_from_bytes(made, policy=email.policy.default)["From"].addresses
        assert [(one.display_name, one.addr_spec) for one in read] == [(found.name, found.address)]


def test_nobody_sends(monkeypatch, tmp_path, capsys):
    """Without a name in git's settings nothing to be sent is made, and it is said how to."""
    assert find_maintainer(tmp_path) is None
    monkeypatch.chdir(tmp_path)
    assert main(["mbox", "-q"]) == 1
    assert "git config user.name" in capsys.readouterr().err
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada Maintainer")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "ada@example.org")
    assert find_maintainer(tmp_path) == ME


def test_subjects():
    """Prefix, RFC and version, in the order of git format-patch."""
    assert subject_tag("PATCH", 1, rfc=False) == "PATCH"
    assert subject_tag("PATCH net-next", 2, rfc=True) == "RFC PATCH net-next v2"
    assert b"Subject: [RFC PATCH 1/1] x" in tagged_subject(PATCH, "RFC PATCH")
    with pytest.raises(UserError):
        subject_tag("a]b", 1, rfc=False)


@pytest.mark.sweep
def test_a_clone_without_blobs(kernel, tmp_path, capsys):
    """It is a source the first time, and has no object more afterwards."""
    git(kernel, "config", "uploadpack.allowFilter", "true")
    git(kernel, "config", "uploadpack.allowAnySHA1InWant", "true")
    clone = tmp_path / "clone"
    url = f"file://{kernel}"
    git(tmp_path, "clone", "--quiet", "--bare", "--filter=blob:none", url, str(clone))

    def objects():
        return {str(p.relative_to(clone)) for p in clone.rglob("*") if p.is_file()}

    before = objects()
    arguments = ["render", "--base", "3.3", "--tree", str(clone), "--rev", "main", "-q"]
    assert main([*arguments, "-o", str(tmp_path / "out")]) == 0, capsys.readouterr().err
    assert objects() == before
    whole = ["render", "--base", "3.3", "--tree", str(kernel), "-q", "-o", str(tmp_path / "whole")]
    assert main(whole) == 0
    for patch in (tmp_path / "whole").glob("*.patch"):
        assert (tmp_path / "out" / patch.name).read_bytes() == patch.read_bytes()


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.name)
def test_what_the_patches_have_already(series, monkeypatch, capsys):
    """Trailers that a patch has from the start are not taken once more."""
    monkeypatch.setattr("generator.patches.tags.write_tags", lambda *_: pytest.fail("written"))
    patches = sorted((ROOT / "kernel_patches/6.12" / series.name).glob("*.patch"))
    assert any("\nFixes: " in patch.read_text() for patch in patches)
    assert main(["trailers", "--series", series.name, *map(str, patches)]) == 0
    assert "nothing new" in capsys.readouterr().out
