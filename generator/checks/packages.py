# SPDX-License-Identifier: GPL-2.0-only
"""Which versions of Debian's packages a result is about."""

from __future__ import annotations

from collections.abc import Iterable

from generator import tools
from generator.errors import InfraError


def package_versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of packages, as dpkg-query(1) has them; nothing on another system."""
    command = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages]
    try:
        done = tools.run(command, limit=60)
    except InfraError:
        return {}
    rows = (line.split() for line in done.stdout.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}
