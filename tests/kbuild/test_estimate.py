# SPDX-License-Identifier: GPL-2.0-only
"""What a build would do, said before it: on the made-up kernel, which is built for real."""

from dataclasses import replace

import pytest
from test_build_kernel import request_for, shelf  # noqa: F401 - fixtures

from generator.kbuild.estimate import (
    OBJECT_SECONDS,
    START_SECONDS,
    Start,
    cold_build,
    estimate_build,
)
from generator.kbuild.kernel import build_kernel
from generator.kbuild.request import TYPICAL_OBJECTS


def test_from_nothing(request_for, tmp_path):  # noqa: F811
    """Nothing is written; the cores share the objects."""
    before = sorted(tmp_path.rglob("*"))
    found = estimate_build(request_for("baseline", jobs=2))
    assert (found.start, found.objects) == (Start.NOTHING, TYPICAL_OBJECTS)
    assert found.seconds == START_SECONDS + TYPICAL_OBJECTS * OBJECT_SECONDS / 2
    assert sorted(tmp_path.rglob("*")) == before
    assert cold_build(after_another=False, jobs=2) == found


@pytest.mark.sweep
def test_after_a_build(request_for):  # noqa: F811
    """Done; from another variant's objects; of what has changed, and that is what make compiles."""
    build_kernel(request_for("baseline"))
    assert estimate_build(request_for("baseline")).start is Start.DONE
    assert estimate_build(request_for("review")).start is Start.DONOR
    changed = replace(request_for("baseline"), ref="review")
    found = estimate_build(changed)
    assert found.start is Start.CHANGED
    assert found.objects == build_kernel(changed).objects
