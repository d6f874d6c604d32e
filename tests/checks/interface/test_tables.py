# SPDX-License-Identifier: GPL-2.0-only
"""The stand-alone pieces, read by pycparser: equal to the model, and every change is noticed."""

from __future__ import annotations

import pytest

from generator.checks.interface.tables import check_tables
from generator.model.bases import BASES
from generator.model.files import ARCH, ARCH_H, CORE_H
from generator.model.series import REVIEW
from generator.plan import Scope
from generator.render.env import Templates

PATCHES = tuple(patch.ident for patch in REVIEW.patches)
SCOPE = Scope(base=BASES[0], patches=PATCHES)


@pytest.fixture(params=BASES, ids=lambda base: base.name)
def tip(request):
    """The files with tables and structures, as the templates make them."""
    templates = Templates(Scope(base=request.param, patches=PATCHES))
    return {
        ARCH: templates.file(ARCH),
        ARCH_H: templates.file(ARCH_H),
        CORE_H: templates.file(f"{CORE_H}/task.h"),
    }


def found(tip):
    """Return the differences as text."""
    return [f"{d.place}: {d.what}" for check in check_tables(SCOPE, tip) for d in check.differences]


def test_the_c_is_as_the_model_says(tip):
    """No value differs, and there are values."""
    assert found(tip) == []
    assert all(check.checked > 30 for check in check_tables(SCOPE, tip))


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("path", "before", "after", "said"),
    [
        (ARCH, "/* 9x */ X", "/* 9x */ A", "uprobe_map_1byte: 90 is 02, generator/model"),
        (ARCH, "#define UPROBE_FIX_ABS		0x02", "#define UPROBE_FIX_ABS 4", "c2 is 04, "),
        (ARCH, "(UPROBE_FIX_IP | UPROBE_FIX_SETF)", "(UPROBE_FIX_IP)", "9d is 01, "),
        (ARCH, "{ 0x008f, { X", "{ 0x008f, { _", "008f is 8f 00"),
        (ARCH, "\t/* push */\n", "\t/* push */\n\t{ 1, 2, 3, 4, 5, 6, 7 },\n", "entries"),
        (ARCH, "UPROBE_OP_XCHG, UPROBE_ARGS_E_G", "UPROBE_OP_MOV, UPROBE_ARGS_E_G", "xchg"),
        (ARCH, "static const u8 uprobe_map_0f[256]", "static const u8 other[256]", "0 entries"),
        (ARCH, "static const u8 uprobe_map_0f[256]", "static const ?", "does not read"),
        (ARCH_H, "saved_sp;", "saved_ip;", "arch_uprobe_task has"),
        (ARCH_H, "struct arch_uprobe_task {", "struct other {", "stands in neither header"),
        (ARCH_H, "saved_sp;", "saved_sp ?;", "does not read"),
        (ARCH_H, "MAX_UINSN_BYTES\t\t16", "MAX_UINSN_BYTES\t\t15", "MAX_UINSN_BYTES is 15"),
        (CORE_H, "UTASK_SSTEP_ACK,", "", "uprobe_task_state has"),
    ],
)
def test_a_change_is_noticed(tip, path, before, after, said):
    """The difference names the place in the C and what the model says."""
    assert before in tip[path]
    differences = found({**tip, path: tip[path].replace(before, after, 1)})
    assert any(said in text for text in differences), differences


def test_a_difference_names_both_sides(tip):
    """File and line of the C, file and table of the model."""
    changed = tip[ARCH].replace("/* 9x */ X", "/* 9x */ A")
    line = changed[: changed.index("/* 9x */ A")].count("\n") + 1
    assert found({**tip, ARCH: changed})[0] == (
        f"{ARCH}:{line}: uprobe_map_1byte: 90 is 02, "
        "generator/model/opcodes.py: uprobe_map_1byte says 01"
    )
