# SPDX-License-Identifier: GPL-2.0-only
"""Planning: names are resolved, hooks become statements, and nothing is touched."""

from dataclasses import replace

import fake_base
import pytest

from generator.errors import UserError
from generator.model.bases import BASES
from generator.model.bases.base import hook_statement
from generator.model.decl import BASELINE, When
from generator.model.edits import InsertStatement, piece
from generator.model.interface import INTERFACE
from generator.model.series import REVIEW, SERIES
from generator.plan import Scope, find_base, find_series, patch_of, plan_series


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_every_base_can_be_planned(base):
    """Each patch that the base has gets its number and edits, and each hook is in one of them."""
    plan = plan_series(base, REVIEW)
    without = set() if "uprobe_rcu" in base.has else {"group", "close", "erase"}
    without |= set() if "rseq" in base.has else {"rseq"}
    without |= set() if "event_siblings" in base.has else {"delete-busy", "joined"}
    without |= set() if "nop_call" in base.has else {"call-nop"}
    patches = [patch for patch in REVIEW.patches if patch.ident not in without]
    assert [planned.patch for planned in plan.patches] == patches
    assert [planned.number for planned in plan.patches] == list(range(1, len(patches) + 1))
    edits = [edit for planned in plan.patches for edit in planned.edits]
    assert [edits.count(hook_statement(hook)) for hook in base.hooks] == [1] * len(base.hooks)
    assert plan.baseline == base.baseline


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_functions_of_a_prefix(base):
    """A function is later until its patch, and there from then on."""
    plan = plan_series(base, REVIEW)
    brought = {function.name for function in INTERFACE.functions if base.brings(function)}
    for number in range(len(plan.patches) + 1):
        scope = plan.at(number)
        assert scope.functions.keys() | scope.later.keys() == brought
        assert not scope.functions.keys() & scope.later.keys()
        assert {f.patch for f in scope.functions.values()} <= {BASELINE, *scope.patches}
    assert not plan.at(0).own and not plan.tip.later
    assert plan.tip == scope


@pytest.mark.parametrize(
    ("base", "set_bp", "notifier"),
    [
        ("3.3", "set_bp", "uprobe_pre_bp_notifier"),
        ("6.1", "set_swbp", "uprobe_pre_sstep_notifier"),
        ("6.19", "set_swbp", "uprobe_pre_sstep_notifier"),
    ],
)
def test_functions_are_spelt_as_at_the_prefix(base, set_bp, notifier):
    """By the former name and order before the patches that change them, then as the base does."""
    plan = plan_series(find_base(base), REVIEW)
    spelt = []
    for ident in ("names", "param-order"):
        number = next(one.number for one in plan.patches if one.patch.ident == ident)
        for scope in (plan.at(number - 1), plan.at(number)):
            function = scope.functions["set_bp"]
            spelt.append((function.name, [param.name for param in function.params[:2]]))
    first = [param.name for param in plan.tip.functions["set_bp"].params[:2]]
    former = first[::-1]
    assert spelt == [("set_bkpt", former), (set_bp, former), (set_bp, former), (set_bp, first)]
    assert plan.at(0).later["pre_notifier"].name == notifier


def test_words_of_a_comment():
    """They depend on the patches that are applied, or on what the base has."""
    base = replace(fake_base.BASE, has=frozenset({"rseq"}))
    scope = Scope(base=base, patches=("member",))
    parts = (
        "a",
        When(patch="member", then=" b"),
        When(patch="call", then=" c", otherwise=" d"),
        When(fact="rseq", then=" e"),
        When(fact="shstk", then=" f", otherwise=" g"),
    )
    assert scope.said(parts) == "a b d e g" and scope.said("a {b}") == "a {b}"


def test_a_hook_becomes_its_statement():
    """The statement has the place and the text that the base gives."""
    plan = plan_series(fake_base.BASE, fake_base.SERIES)
    assert plan.patches[2].edits == (
        InsertStatement(
            path="kernel/statements.c",
            function="open_end",
            text=piece("kernel", "call"),
            after="begin_work",
        ),
    )


def test_two_hooks_of_one_function():
    """A function that is called in two files has two hooks, and one patch inserts both."""
    hook = fake_base.BASE.hooks[0]
    other = replace(hook, path="kernel/shapes.c", function="init_shape", after="", before="x")
    base = replace(fake_base.BASE, hooks=(other, hook))
    planned = plan_series(base, fake_base.SERIES).patches[2].edits
    assert [edit.path for edit in planned] == ["kernel/shapes.c", "kernel/statements.c"]
    assert [edit.function for edit in planned] == ["init_shape", "open_end"]


def test_a_hook_of_no_patch():
    """The patch that brings the function inserts the call; a function of nobody has none."""
    hook = replace(fake_base.BASE.hooks[0], patch="")
    assert patch_of(replace(hook, callee="uprobe_deny_signal")) == "hit"
    with pytest.raises(UserError, match=r"calls added_shape\(\), which the model does not have"):
        plan_series(replace(fake_base.BASE, hooks=(hook,)), fake_base.SERIES)


def test_a_patch_without_edits_of_the_base():
    """Templates alone may make a patch: it keeps its number, and the others their edits."""
    edits = {key: value for key, value in fake_base.BASE.edits.items() if key != "block"}
    whole = plan_series(fake_base.BASE, fake_base.SERIES).patches
    planned = plan_series(replace(fake_base.BASE, edits=edits), fake_base.SERIES).patches
    assert planned == (whole[0], replace(whole[1], edits=()), whole[2])
    assert whole[1].edits


def test_a_patch_that_the_base_does_not_have():
    """A patch that needs a fact is left out where the base lacks it; those behind move up."""
    first, second, third = fake_base.SERIES.patches
    series = replace(fake_base.SERIES, patches=(first, replace(second, needs="rseq"), third))
    planned = plan_series(fake_base.BASE, series).patches
    assert [(each.number, each.patch.ident) for each in planned] == [(1, "member"), (2, "call")]
    base = replace(fake_base.BASE, has=frozenset(("rseq",)))
    assert [each.number for each in plan_series(base, series).patches] == [1, 2, 3]


def test_a_series_of_the_unmodified_tree():
    """Nothing happens before its first patch, and its edits stand in it."""
    plan = plan_series(fake_base.BASE, fake_base.SMALL)
    assert plan.baseline == ()
    assert [planned.edits for planned in plan.patches] == [p.edits for p in fake_base.SMALL.patches]
    edits = {"small-add": fake_base.BASE.baseline}
    plan = plan_series(replace(fake_base.BASE, edits=edits), fake_base.SMALL)
    assert plan.patches[1].edits == (
        *fake_base.SMALL.patches[1].edits,
        *fake_base.BASE.baseline,
    )


def test_a_series_that_is_not_made_for_a_base():
    """The error says which bases it is made for."""
    with pytest.raises(UserError, match=r"no series 'small' for 6\.12; it is made for: 6\.1$"):
        plan_series(replace(fake_base.BASE, name="6.12"), fake_base.SMALL)


def test_patches_of_several_series():
    """An identifier belongs to one series: ``has()`` asks for it."""
    idents = [patch.ident for series in SERIES for patch in series.patches]
    assert len(idents) == len(set(idents))


@pytest.mark.parametrize("name", ["", "6", "6.2", "6.1.192", "v6.1", "6.1 "])
def test_no_such_base(name):
    """A base has exactly one name, and the error lists those there are."""
    with pytest.raises(UserError) as caught:
        find_base(name)
    assert all(base.name in str(caught.value) for base in BASES)


def test_names_are_found():
    """Every base and every series is found by its name."""
    assert [find_base(base.name) for base in BASES] == list(BASES)
    assert [find_series(series.name) for series in SERIES] == list(SERIES)
    with pytest.raises(UserError, match="the series are: review"):
        find_series("other")


@pytest.mark.parametrize(
    ("version", "fits"),
    [("6.1", True), ("6.1.192", True), ("6.12.1", False), ("6.10", False), ("16.1", False)],
)
def test_releases_of_a_base(version, fits):
    """6.12 is no release of 6.1."""
    assert find_base("6.1").supports(version) == fits


def test_members_that_are_there():
    """A structure has the members of the patches that the base has."""
    flags = {
        base.name: any(
            m.name == "flags" for m in plan_series(base, REVIEW).tip.structs["arch_uprobe"].members
        )
        for base in BASES
    }
    assert flags == {base.name: "nop_call" in base.has for base in BASES}
