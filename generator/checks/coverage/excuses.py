# SPDX-License-Identifier: GPL-2.0-only
"""The lines of the tip that no self-test reaches, as marks of the templates and the model say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator.checks.marks import find_marks, span_in
from generator.csource import find_function, line_of
from generator.errors import CheckFailed
from generator.model.bases import Base
from generator.model.files import CORE
from generator.model.unreached import UNREACHED
from generator.render.marks import UNREACHED as KIND


@dataclass(frozen=True, kw_only=True)
class Excuse:
    """A line that is not reached, and why.

    Attributes:
        path, function: where it is.
        line: its number, from 1; 0: all lines of the function.
        reason: why not.
        sometimes: whether it is reached is a matter of chance.
    """

    path: str
    function: str
    line: int
    reason: str
    sometimes: bool = False


def find_excuses(base: Base, tip: Mapping[str, str]) -> tuple[Excuse, ...]:
    """Return the excuses for a base.

    Args:
        base: the base.
        tip: the files that the series touches, after its last patch.

    Raises:
        CheckFailed: the tip is not what the templates render to.
    """
    return (*_lines(base, tip), *_functions(tip))


def _lines(base: Base, tip: Mapping[str, str]) -> Iterator[Excuse]:
    known = {reason.name: reason for reason in UNREACHED}
    for mark in find_marks(base.name):
        if mark.kind != KIND:
            continue
        span = span_in(tip, mark)
        if isinstance(span, str):
            raise CheckFailed(span, where=f"{mark.path}: unreached {mark.name}")
        yield Excuse(
            path=mark.path,
            function=mark.function,
            line=line_of(tip[mark.path], span.start),
            reason=known[mark.name].reason,
            sometimes=known[mark.name].sometimes,
        )


def _functions(tip: Mapping[str, str]) -> Iterator[Excuse]:
    for reason in UNREACHED:
        for function in reason.functions:
            if find_function(tip[CORE], function):
                yield Excuse(
                    path=CORE,
                    function=function,
                    line=0,
                    reason=reason.reason,
                    sometimes=reason.sometimes,
                )
