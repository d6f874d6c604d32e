# SPDX-License-Identifier: GPL-2.0-only
"""The base 6.19, from a tree of the user's: what can be proved without a kernel."""

import pytest

from generator.checks.proof.run import ProofRequest, prove_series
from generator.checks.review.run import check_review
from generator.checks.states.correspond import check_correspondence
from generator.model.series import REVIEW
from generator.patches.replay import replay_patches
from generator.plan import find_base, plan_series
from generator.tree.series import render_series

PLAN = plan_series(find_base("6.19"), REVIEW)

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def rendered(kernel_source, tmp_path_factory):
    """Return the series, rendered for the real tree."""
    return render_series(PLAN, kernel_source("6.19"), tmp_path_factory.mktemp("6.19"))


def test_the_proof(rendered, kernel_source, tmp_path):
    """With the decoder of 6.19, which knows XOP and APX."""
    tree = kernel_source("6.19")
    request = ProofRequest(
        load=tree.load, tip=rendered.tip_files, place=tmp_path, cases=2000, jobs=2
    )
    proved = prove_series(request)
    assert not proved.summary.failures
    assert proved.checked_inputs > 2000


def test_review_and_states(rendered):
    """Every point of the review is met; steps and guards stand in the C."""
    points = check_review(PLAN, rendered.tip_files, rendered.patches)
    assert {point.rule.ident: point.problems for point in points if point.problems} == {}
    for check in check_correspondence(PLAN, rendered.tip_files):
        assert not check.differences, check.what


def test_the_patches_apply(rendered):
    """Each upon the one before, as git am does it."""
    done = replay_patches(rendered.repo, "review", rendered.patches)
    assert [replayed.problem for replayed in done] == [""] * len(PLAN.patches)
