# SPDX-License-Identifier: GPL-2.0-only
"""A change is one edit: what is named, is named once, and all patches, proofs and prose follow.

The program is copied, one line of one file is edited as somebody would do it, and the series is
rendered: the definition, prototypes, calls, comments, messages and the cover letter say what the
line says. New names are as long as the old ones: where lines break is not the question here. The
baseline of 3.3 is C of ours that has the former names; what was called otherwise before is seen on
6.1, where the baseline is made of the kernel's own functions.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TESTS

from generator.cli import main
from generator.patches.rename import NOT_OURS

ROOT = TESTS.parent
REVIEW = "generator/model/series/review.py"
INTERFACE = "generator/model/interface/arch.py"
LISTING = "interface.txt"
V3_3 = "generator/model/bases/v3_3.py"
HASHES = re.compile(r"^index [0-9a-f]+\.\..*$|\b[0-9a-f]{16,}\b", re.M)

NAMED = [
    (V3_3, '"is_bp_insn": "%s"', "is_bp_insn", "is_bp_code"),
    (V3_3, '"get_bp_addr": "%s"', "uprobe_get_bp_addr", "uprobe_get_bp_site"),
    (REVIEW, 'subject="%s"', "uprobes/core: Add return probes", "uprobes/core: Add return events"),
    (REVIEW, 'gist="%s"', "adds return probes", "adds return events"),
]
"""A line of the program, what is named in it, and another name."""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Return a function that renders with a copy of the program in which a line is edited."""
    place = tmp_path_factory.mktemp("program")
    copy_of_program(place, "generator", "templates", "qemu")

    def edited(file=None, old="", new="", base="3.3", tree=TESTS / "trees/k33"):
        path = place / (file or INTERFACE)
        text = path.read_text()
        if file:
            assert text.count(old) == 1, "the line stands once"
            path.write_text(text.replace(old, new))
        try:
            return rendered(place, base, tree)
        finally:
            path.write_text(text)

    return edited


def copy_of_program(place, *names):
    """Copy files and folders of the checkout."""
    for name in names:
        if (ROOT / name).is_dir():
            # with what Python has compiled of it
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("*.pyc.*"))
        else:
            shutil.copy(ROOT / name, place / name)


def run_in(place, *words):
    """Run Python in a copy of the program, with what it has."""
    environment = {**os.environ, "PYTHONPATH": f"{place}:{place / 'tests'}"}
    # a second change in the same second would be taken for the first
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def rendered(place, base="3.3", tree=TESTS / "trees/k33", *, copy=True):
    """Render with a copy of the program, or with the program itself.

    Returns:
        The files, but for what depends on every byte.
    """
    target = place / "patches"
    shutil.rmtree(target, ignore_errors=True)
    words = ["render", "--base", base, "--tree", str(tree), "-o", str(target)]
    words += ["--workdir", str(place / "work"), "--quiet"]
    if copy:
        run_in(place, "generator", *words)
    else:
        assert main(words) == 0
    return {path.name: HASHES.sub("", path.read_text()) for path in sorted(target.iterdir())}


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """Return what is rendered of the program as it is."""
    return rendered(tmp_path_factory.mktemp("before"), copy=False)


def renamed(rendered, old, new):
    """Return what is rendered, names of files and text, with a name instead of another one."""
    slugs = [re.sub(r"[^\w.]+", "-", name.partition(": ")[2]) for name in (old, new)]

    def said(text):
        text = text.replace(old, new)
        return text.replace(*slugs) if slugs[0] else text

    assert any(old in text for text in rendered.values())
    return {said(name): said(text) for name, text in rendered.items()}


@pytest.mark.parametrize(("file", "line", "old", "new"), NAMED, ids=lambda value: str(value)[-24:])
@pytest.mark.sweep
def test_a_name(program, before, file, line, old, new):
    """All of the patches, their file names and the letter: the new name for the old one."""
    assert program(file, line % old, line % new) == renamed(before, old, new)


MOVED = [
    ("rename", ("uprobe_deny_signal", "uprobe_hold_signal")),
    ("rename", ("xol_free_insn_slot", "xol_drop_insn_slot")),
    ("reorder", ("handler_chain", "regs", "uprobe")),
]
"""A function of the interface, two of ours alone: the command, and what it is given."""

OF_THE_KERNEL = {"v6.py", "edits_v6.py", "v6_1.py", "v6_12.py"}
"""What bases take out of the unmodified kernel; what else speaks of it has folders of its own."""


@pytest.mark.parametrize(("command", "words"), MOVED, ids=lambda value: str(value)[:30])
@pytest.mark.sweep
def test_a_command(tmp_path, before, command, words):
    """C, its comments, the listing, what the proofs expect and prose; no old word is left."""
    names = ("generator", "templates", "qemu", "docs", "tests", "README.md", "CONTRIBUTING.md")
    copy_of_program(tmp_path, *names, "pyproject.toml")
    (tmp_path / "tests" / Path(__file__).name).unlink()  # it has the old words and the new ones
    run_in(tmp_path, "generator", command, *words)
    after = rendered(tmp_path)
    assert sorted_listing(after) == sorted_listing(moved(before, command, words))

    golden = "tests/golden/marks-3.3.txt"
    tests = "tests/checks/states/test_states.py"
    chosen = "(marks_stand and 3.3) or c_has_every_step"
    run_in(tmp_path, "pytest", "-q", "--update-golden", "-n", "0", "-k", chosen, tests)
    expected = moved({golden: (ROOT / golden).read_text()}, command, words)[golden]
    assert sorted((tmp_path / golden).read_text().split("\n")) == sorted(expected.split("\n"))

    if command == "rename":
        left = [path for path in tmp_path.rglob("*") if says(tmp_path, path, words[0])]
        assert {path.name for path in left} <= OF_THE_KERNEL
        assert any(says(tmp_path, path, words[1]) for path in (tmp_path / "templates").rglob("*"))


def sorted_listing(files):
    """Return rendered files, the listing's lines without their order, which is that of names."""
    return {
        name: sorted(text.split("\n")) if name == LISTING else text for name, text in files.items()
    }


def moved(files, command, words):
    """Return what is rendered, with another name, or with parameters in another order."""
    if command == "rename":
        return renamed(files, *words)
    assert any("handler_chain(uprobe, regs)" in text for text in files.values())
    declared = ("struct uprobe *uprobe", "struct pt_regs *regs")
    return {
        name: text.replace("handler_chain(uprobe, regs)", "handler_chain(regs, uprobe)").replace(
            f"handler_chain({', '.join(declared)})", f"handler_chain({', '.join(declared[::-1])})"
        )
        for name, text in files.items()
    }


def says(root, path, word):
    """Tell whether a file names a word, and nobody has generated or recorded it."""
    name = path.relative_to(root).as_posix()
    if path.suffix == ".pyc" or not path.is_file() or name.startswith((*NOT_OURS, "work/")):
        return False
    return re.search(rf"\b{word}\b".encode(), path.read_bytes()) is not None


@pytest.mark.kernel
def test_what_was_otherwise(program, kernel_source):
    """The name and the order before a patch: in the definition, the prototype and the call."""
    real = {"base": "6.1", "tree": kernel_source("6.1").path}
    before = program(**real)
    old, new = "arch_uprobes_analyze_insn", "arch_uprobes_inspect_insn"
    line = 'former_name="%s"'
    assert program(INTERFACE, line % old, line % new, **real) == renamed(before, old, new)

    line = f'former_name="{old}",\n        former_order=%s'
    after = program(INTERFACE, line % "(1, 0, 2)", line % "(0, 2, 1)", **real)
    lines = [line for text in after.values() for line in text.splitlines()]
    said = [line for line in lines if line[:1] in "+-" and f"{old}(" in line]
    assert said and not [line for line in said if "(struct mm_struct" in line or "(mm, " in line]
    # whatever the order was, from the patch on it is that of the interface
    first = next(n for n, name in enumerate(before) if "order-of-function" in name)
    numbered = [name for name in before if name[:4].isdigit()]
    assert [after[name] for name in numbered[first + 1 :]] == [
        before[name] for name in numbered[first + 1 :]
    ]
