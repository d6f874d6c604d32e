# SPDX-License-Identifier: GPL-2.0-only
"""What the Makefile has, as it is written."""

import re

from conftest import TESTS

from generator.cli.check import CHECKS, MEASURES

MAKEFILE = TESTS.parent / "Makefile"


def variables(start: str) -> dict[str, str]:
    """Return the variables whose names begin with ``start``, by what is behind that."""
    text = MAKEFILE.read_text().replace("\\\n", " ")
    return dict(re.findall(rf"^{start}(\S+)\s*=\s*(.*)$", text, re.M))


def targets() -> set[str]:
    """Return what can be made; of a pattern target what the program has a name for."""
    own = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE.read_text(), re.M))
    checks = {f"check-{name}" for name in CHECKS}
    measures = {f"measure-{name}" for name in MEASURES}
    ways = {f"qemu-test-{name}" for name in variables("WAY_")}
    return own | checks | measures | ways
