# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with the model or a template, and the error that lists all of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from generator.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong: place, what, and perhaps what to do."""

    where: str
    what: str
    hint: str = ""


def raise_all(problems: Iterable[Problem]) -> None:
    """Raise an error with all of ``problems``, if there are any.

    Raises:
        UserError: names the place of the first, and each other one in a line of its own.
    """
    found = list(dict.fromkeys(problems))
    if not found:
        return
    first, *others = found
    rows = [f"\n  {each.where}: {each.what}" for each in others[:20]]
    if len(others) > 20:
        rows.append(f"\n  and {len(others) - 20} more")
    raise UserError(first.what + "".join(rows), where=first.where, hint=first.hint)
