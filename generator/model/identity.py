# SPDX-License-Identifier: GPL-2.0-only
"""The author of a commit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who and when: the same for every patch, so that rendering twice gives the same bytes.

    ``date`` is in git's raw form, seconds since 1970 and the offset from UTC.
    """

    name: str
    email: str
    date: str
