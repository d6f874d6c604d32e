# SPDX-License-Identifier: GPL-2.0-only
"""Names and orders that follow in a checkout, and what is refused; with the real one: one_place."""

import pytest

from generator.errors import UserError
from generator.patches.rename import rename, reorder

C = "templates/a.c.j2"
CALLS = (
    "/* xol_try_slot() may fail. */\n"
    "\tif (wait_event(area->wq, xol_try_slot(area,\n"
    "\t\t\t\t\t      &slot)))\n"
    "\t\txol_try_slot(area, {{ names.slot }});\n"
    "\tother(xol_try_slot(area, f(1, 2)),\n"
    "\t      1);\n"
)


@pytest.fixture
def checkout(tmp_path):
    """Return a function that makes a checkout of some files."""

    def make(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for name in ("README.md", "CONTRIBUTING.md"):
            (tmp_path / name).touch()
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("xol_try_slots", "xol_a", "the series declares no 'xol_try_slots'"),
        ("xol_try_slot", "xol-a", "'xol-a' is not an identifier of C"),
        ("xol_try_slot", "other", "'other' is there already"),
        ("set_orig_insn", "set_insn", "'set_orig_insn' is the kernel's"),
        ("handle_swbp", "handle_bp", "how a base calls 'handle_swbp' stands in one place"),
    ],
)
def test_what_is_not_renamed(checkout, old, new, what):
    """Nothing is written for a name that is not ours, or one that is used or is none."""
    root = checkout({C: CALLS})
    with pytest.raises(UserError, match=what):
        rename(root, old, new)
    assert (root / C).read_text() == CALLS


@pytest.mark.parametrize(
    ("name", "wanted", "what"),
    [
        ("xol_try_slot", ["slot"], r"xol_try_slot\(\) does not have these parameters: slot"),
        ("xol_try_slot", ["slot", "area", "area"], "does not have these parameters"),
        ("uprobe_task", ["t"], "'uprobe_task' is not a function"),
        ("set_orig_insn", ["mm"], "is the kernel's"),
    ],
)
def test_what_is_not_reordered(checkout, name, wanted, what):
    """Parameters are all of them, each once, of a function of the series."""
    root = checkout({C: CALLS})
    with pytest.raises(UserError, match=what):
        reorder(root, name, wanted)
    assert (root / C).read_text() == CALLS


def test_lines_stay_in_line(checkout):
    """A longer name moves what is in line with its bracket, and nothing else."""
    root = checkout({C: CALLS})
    done = rename(root, "xol_try_slot", "xol_try_to_get_slot")
    assert (root / C).read_text() == (
        CALLS.replace("xol_try_slot", "xol_try_to_get_slot").replace(
            "\t\t\t\t\t      &slot", "\t\t\t\t\t\t     &slot"
        )
    )
    assert (done.files, done.by_hand) == ((C,), ())


def test_a_line_that_gets_too_long(checkout):
    """It is named: where it breaks is a person's choice."""
    root = checkout({C: f"\tlong_enough = {'a' * 40}(xol_try_slot(area, &slot));\n"})
    done = rename(root, "xol_try_slot", "xol_try_to_get_a_slot")
    assert done.by_hand == (f"{C}:1: the line is longer than 80 columns now",)


def test_arguments_change_places(checkout):
    """In calls, whatever stands in them; a comment that names the function has no arguments."""
    root = checkout({C: CALLS, "tests/faults/a.patch": "-\txol_try_slot(area, &b);\n+\tc();\n"})
    done = reorder(root, "xol_try_slot", ["slot", "area"])
    assert (root / C).read_text() == (
        "/* xol_try_slot() may fail. */\n"
        "\tif (wait_event(area->wq, xol_try_slot(&slot,\n"
        "\t\t\t\t\t      area)))\n"
        "\t\txol_try_slot({{ names.slot }}, area);\n"
        "\tother(xol_try_slot(f(1, 2), area),\n"
        "\t      1);\n"
    )
    assert (root / "tests/faults/a.patch").read_text() == "-\txol_try_slot(&b, area);\n+\tc();\n"
    assert done.by_hand == ()


def test_calls_in_the_model(checkout):
    """The declaration and its former order; a text that is one literal, another is named."""
    path = "generator/model/a.py"
    root = checkout(
        {
            path: 'A = Function(\n    name="xol_try_slot",\n'
            '    params=(_area, Param("u", "slot")),\n)\n'
            'B = "xol_try_slot(area, \\"b\\");"\n'
            'C = (\n    "xol_try_slot("\n    "area, b);"\n)\n'
        }
    )
    done = reorder(root, "xol_try_slot", ["slot", "area"])
    assert (root / path).read_text() == (
        'A = Function(\n    name="xol_try_slot",\n    params=(Param("u", "slot"), _area),\n)\n'
        'B = "xol_try_slot(area, \\"b\\");"\n'
        'C = (\n    "xol_try_slot("\n    "area, b);"\n)\n'
    )
    assert done.by_hand == (
        f"{path}:5: a text that calls xol_try_slot()",
        f"{path}:7: a text that calls xol_try_slot()",
    )


def test_what_is_the_kernels_stays(checkout):
    """What a base takes out of the unmodified kernel has the kernel's names."""
    path = "generator/model/bases/v0.py"
    kept = '_FUNCTIONS = ("xol_try_slot",)\nX = RemoveFunctions(names=("é", "xol_try_slot"))\n'
    root = checkout(
        {
            path: kept + 'Y = Hook(callee="xol_try_slot")\n',
            "templates/fixes/a.c.j2": CALLS,
            "docs/a.md": "`xol_try_slot()` and my_xol_try_slot()\n",
        }
    )
    done = rename(root, "xol_try_slot", "xol_claim_one")
    assert (root / path).read_text() == kept + 'Y = Hook(callee="xol_claim_one")\n'
    assert (root / "docs/a.md").read_text() == "`xol_claim_one()` and my_xol_try_slot()\n"
    assert done.files == (path, "docs/a.md")
