# SPDX-License-Identifier: GPL-2.0-only
"""The programs that were hunted: their heads, and how the two kernels are compared."""

import shutil
import subprocess

import pytest
import run_hunted

from generator.checks.catalogue.judge import Complaint, Observed

OK, BAD, SKIP = ("ok", "3 hits"), ("not ok", "2 hits, not 3"), ("skip", "no LDT")


def test_every_program_says_what_it_is():
    """For which ABIs, and what it tries, in a sentence; enough of them."""
    heads = run_hunted.heads()
    assert len(heads) >= 30
    for modes, tries in heads.values():
        assert set(modes) <= run_hunted.MODES.keys()
        assert tries.endswith(".")


@pytest.mark.parametrize("patterns", ["m32-layout", "layout,nothing"])
def test_a_program_that_is_not_there(patterns):
    """A pattern that is for no program would boot a kernel for nothing."""
    run_hunted.check_patterns("layout,ldt-*")
    with pytest.raises(SystemExit, match=f"'{patterns.split(',')[-1]}'"):
        run_hunted.check_patterns(patterns)


@pytest.mark.parametrize(
    ("base", "ours", "worse"),
    [
        (OK, OK, False),
        (BAD, BAD, False),
        (BAD, OK, False),
        (SKIP, SKIP, False),
        (OK, BAD, True),
        (OK, SKIP, True),
        (OK, None, True),
        (BAD, None, True),
        (None, OK, False),
        (None, BAD, False),
    ],
)
def test_the_base_is_the_floor(base, ours, worse):
    """What it does right has to be right on ours, and what ours does not report is lost."""
    seen = {"peer": {"x": base} if base else {}, "tip": {"x": ours} if ours else {}}
    assert run_hunted.judge(seen) == (["tip: x"] if worse else [])
    fixed = {"peer": seen["peer"], "fixes": seen["tip"]}
    assert run_hunted.judge(fixed) == (["fixes: x"] if worse else [])
    assert run_hunted.judge({"peer": seen["peer"]}) == []


def test_a_kernel_that_dies():
    """It has not passed, and what ended among others is not told of anybody."""
    died, lost = {"hunted-x": "panicked"}, {"m32-hunted-y": "it ended a boot once"}
    found = run_hunted.results(Observed(tests={}, died=died, doubtful=lost))
    assert found == {"x": ("died", "panicked"), "m32-y": ("lost", "it ended a boot once")}


def test_complaints():
    """The base's excuse ours in the same program alone."""
    here, there = (Complaint(test=name, text="WARNING") for name in ("hunted-x", "hunted-y"))
    seen = {"peer": Observed(tests={}, complaints=(here,)), "tip": Observed(tests={})}
    assert run_hunted.worse_complaints(seen) == []
    seen["tip"] = Observed(tests={}, complaints=(here, there))
    assert run_hunted.worse_complaints(seen) == ["tip: hunted-y: WARNING"]
    assert run_hunted.worse_complaints({"tip": seen["tip"]}) == [
        "tip: hunted-x: WARNING",
        "tip: hunted-y: WARNING",
    ]
    assert run_hunted.worse_complaints({"peer": seen["peer"]}) == []


def test_rows():
    """A line for each, and the reason where it is not right."""
    text = "\n".join(run_hunted.rows({"peer": {"x": OK}, "tip": {"x": BAD}}))
    assert "peer: ok" in text and "tip: not ok" in text
    assert "    tip: 2 hits, not 3" in text
    assert "peer: 3" not in text


def test_table():
    """A row for each program; where the ABIs differ, each."""
    kept = {"6.1": {"peer": {"flags": OK, "compact": OK, "m32-compact": BAD}, "tip": {}}}
    lines = list(run_hunted.table(kept | {"6.12": {}}))
    assert lines[0].endswith("| 6.1 base | 6.1 ours | 6.12 base | 6.12 ours |")
    assert len(lines) == 2 + len(run_hunted.heads())
    compact = next(line for line in lines if line.startswith("| `compact`"))
    assert compact.endswith("| 64: ok, 32: not ok | ? | ? | ? |")
    assert next(line for line in lines if "`flags`" in line).endswith("| ok | ? | ? | ? |")


def test_what_is_no_program_any_more(tmp_path):
    """It is not packed, and so not run: one that was renamed had been reported for ever."""
    made = tmp_path / "made"
    shutil.copy(run_hunted.sources() / "Makefile", tmp_path)
    end = "int main(void) { return 0; }\n"
    (tmp_path / "runner.c").write_text(end)
    for name in ("stays", "goes"):
        (tmp_path / f"{name}.c").write_text(f"//\n// 64: It ends.\n{end}")
    build = ["make", "-s", "-C", str(tmp_path), f"O={made}", "M32="]
    subprocess.run(build, check=True)
    (tmp_path / "goes.c").rename(tmp_path / "came.c")
    subprocess.run(build, check=True)
    assert sorted(path.name for path in (made / "hunted").iterdir()) == ["came", "stays"]
