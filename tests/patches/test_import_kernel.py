# SPDX-License-Identifier: GPL-2.0-only
"""What a maintainer edits in the patches of a real base comes back, in whatever form he names it.

One branch has all of it: a patch with a reworded line and other words in its message, a statement
more in a hook, a static function more, and a prototype with a parameter more.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import TESTS

from generator.model.series import REVIEW
from generator.plan import find_base, plan_series
from generator.tree.acquire import Source
from generator.tree.series import render_series

ROOT = TESTS.parent
CORE = "kernel/events/uprobes.c"
LINE = ("As a debug exception would leave them", "As a debug exception leaves them")
HOOK = ("\tuprobe_free_utask(tsk);\n", "\tuprobe_free_utask(tsk);\n\tmight_sleep();\n")
FUNCTION = (
    "\treturn current->utask;\n}\n",
    "\treturn current->utask;\n}\n\nstatic int __maybe_unused extra(int number)\n"
    "{\n\treturn number + 1;\n}\n",
)
PARAMETERS = (
    ("xol_map_area(struct mm_struct *mm, struct xol_area *area", "xol_map_area(mm, area"),
    ("handle_swbp(struct pt_regs *regs", "handle_swbp(regs"),
)
"""Of a helper, which stands in a template, and of a function of the model; how they are called."""
FORMS = (
    "directory",
    *(
        pytest.param(form, marks=pytest.mark.sweep)
        for form in ("commits", "range", "diffs", "mbox")
    ),
)


def git(repo, *arguments, **options):
    """Run git in a repository as somebody; return what it prints."""
    who = ["-c", "user.name=Some One", "-c", "user.email=some@example.org"]
    command = ["git", *who, "-C", str(repo), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Desk:
    """A base: its source, our repository with the series, and a clone that somebody has edited."""

    base: str
    source: Source
    rendered: Path
    clone: Path

    def forms(self, form, place):
        """Return what the command line names, in a form."""
        commits = git(self.clone, "rev-list", "--reverse", "origin/base..HEAD").split()
        ideas = commits[len(plan_series(find_base(self.base), REVIEW).patches) + 1 :]
        if form == "range":
            return ["origin/base..HEAD"]
        if form == "commits":
            return [commits[hit_of(self.base)], *ideas]
        place.mkdir()
        if form == "mbox":
            (place / "x.mbox").write_text(
                git(self.clone, "format-patch", "--stdout", "origin/base..HEAD")
            )
            return [str(place / "x.mbox")]
        if form == "directory":
            git(self.clone, "format-patch", "--quiet", "-o", str(place), "origin/base..HEAD")
            return [str(place)]
        after = [f"HEAD~{len(ideas)}", *ideas]
        for number, (old, new) in enumerate(zip(["origin/review", *after], after, strict=False)):
            (place / f"{number}.diff").write_text(git(self.clone, "diff", old, new))
        return [str(path) for path in sorted(place.iterdir())]


def hit_of(base):
    """Return the number of the patch that handles the hit."""
    patches = plan_series(find_base(base), REVIEW).patches
    return next(planned.number for planned in patches if planned.patch.ident == "hit")


def edit(clone, path, old, new, *commit):
    """Change a text of a file where it stands first, and commit that."""
    text = (clone / path).read_text()
    assert old in text, f"{path} has changed: {old}"
    (clone / path).write_text(text.replace(old, new, 1))
    git(clone, "commit", "--quiet", "--all", *commit)


@pytest.fixture(scope="module", params=["6.1", "6.12"])
def desk(request, kernel_source, tmp_path_factory):
    """Return a base at which somebody has worked."""
    base, place = request.param, tmp_path_factory.mktemp("desk")
    source = kernel_source(base)
    rendered = render_series(plan_series(find_base(base), REVIEW), source, place).repo
    clone = place / "clone"
    git(place, "clone", "--quiet", "--branch", "review", str(rendered), str(clone))
    number = hit_of(base)
    git(clone, "checkout", "--quiet", "--detach", f"review-{number:02d}")
    message = git(clone, "log", "-1", "--format=%B")
    message = re.sub(r"As soon as the\s+probe is known,", "Once the probe is known,", message)
    assert "Once the" in message
    edit(clone, "arch/x86/kernel/uprobes.c", *LINE, "--amend", "-m", message)
    git(clone, "cherry-pick", f"review-{number:02d}..review")
    edit(clone, "kernel/fork.c", *HOOK, "-m", "A statement in a hook")
    edit(clone, CORE, *FUNCTION, "-m", "A function")
    for head, call in PARAMETERS:
        text = (clone / CORE).read_text()
        (clone / CORE).write_text(text.replace(f"{call})", f"{call}, 1)"))
        edit(clone, CORE, head, f"{head}, int way", "-m", "A parameter")
    return Desk(base, source, rendered, clone)


def run(program, desk, command, *arguments, status=0):
    """Run a command of a copy of the program; return what it says."""
    tree = ["--rev", desk.source.commit] if desk.source.commit else []
    done = subprocess.run(
        [
            *(sys.executable, "-m", "generator", command, "-q", "--base", desk.base),
            *("--tree", str(desk.source.path), *tree),
            *("--workdir", str(program / "work"), *arguments),
        ],
        cwd=program,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(program)},
    )
    said = done.stdout + done.stderr
    assert done.returncode == status, said
    return said


def size_of_interface(program):
    """Return the bytes of the modules that have the prototypes."""
    modules = (program / "generator/model/interface").glob("*.py")
    return sum(path.stat().st_size for path in modules)


@pytest.mark.kernel
@pytest.mark.parametrize("form", FORMS)
def test_all_of_it_comes_back(form, desk, tmp_path):
    """The next rendering is, file for file, what was edited."""
    program = tmp_path / "program"
    for name in ("generator", "templates"):
        shutil.copytree(ROOT / name, program / name, ignore=shutil.ignore_patterns("__pycache__"))
    kept = desk.rendered.parent / "names.json"
    if kept.is_file():
        (program / "work" / desk.base).mkdir(parents=True)
        shutil.copy(kept, program / "work" / desk.base)
    before = size_of_interface(program)
    named = desk.forms(form, tmp_path / "forms")
    said = run(program, desk, "import", "--repo", str(desk.clone), *named)
    assert "DOES NOT FIT" not in said, said
    assert size_of_interface(program) > before, "a prototype goes to the model"
    run(program, desk, "render", "-o", str(program / "out"))
    repo = program / "work" / desk.base / "repo.git"
    edited = git(desk.clone, "rev-parse", "HEAD^{tree}").strip()
    assert git(repo, "rev-parse", "review^{tree}").strip() == edited
    ref = f"review-{hit_of(desk.base):02d}"
    assert LINE[1] in git(repo, "show", f"{ref}:arch/x86/kernel/uprobes.c")
    message = " ".join(git(repo, "log", "-1", "--format=%B", ref).split())
    # a diff has no message
    assert ("Once the probe is known," in message) == (form != "diffs")


def in_the_patch(patch):
    """Edit a patch of the fixes as in an editor, which counts nothing: message, comment, C."""
    text = patch.read_text()
    for old, new in (
        ("belongs to the program, as an", "is the program's, as an"),
        ("+/* End the step of a task that has. The", "+/* End the step of a task that has: the"),
        ("+\tutask->state = UTASK_SSTEP_TRAPPED;\n", "+\tmight_sleep();\n\\g<0>"),
    ):
        text, count = re.subn(re.escape(old), new, text, count=1)
        assert count, old
    patch.write_text(text)
    return text


@pytest.mark.kernel
@pytest.mark.parametrize("base", [pytest.param("6.1", marks=pytest.mark.sweep), "6.12"])
def test_a_patch_of_the_fixes_that_was_edited_where_it_lies(base, kernel_source, tmp_path):
    """Render names the command, which brings it back; then render writes it, and all is well."""
    program = tmp_path / "program"
    for name in ("generator", "templates", f"kernel_patches/{base}"):
        shutil.copytree(ROOT / name, program / name, ignore=shutil.ignore_patterns("__pycache__"))
    (patch,) = (program / "kernel_patches" / base / "fixes").glob("*-uprobes-End-the-step*.patch")
    edited = in_the_patch(patch)
    desk = Desk(base, kernel_source(base), program, program)
    series = ("--series", "fixes")
    said = run(program, desk, "render", *series, status=1)
    command = re.search(r"run: uprobekit (import .*?);", said)[1]
    assert patch.read_text() == edited and str(patch.relative_to(program)) in command
    assert "DOES NOT FIT" not in run(program, desk, *shlex.split(command))
    run(program, desk, "render", *series)
    run(program, desk, "render", *series, "--check")
    kept = [line for line in patch.read_text().splitlines() if line.startswith("+\t")]
    assert kept == [line for line in edited.splitlines() if line.startswith("+\t")]
    assert "is the program's, as an" in patch.read_text()
