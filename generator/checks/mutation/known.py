# SPDX-License-Identifier: GPL-2.0-only
"""Which faults are among those that nothing notices, for a reason: ``model.unnoticed``."""

from __future__ import annotations

from collections.abc import Mapping

from generator.checks.marks import find_marks, span_in
from generator.checks.mutation.fault import AnyFault, Fault
from generator.checks.mutation.hand import RenderedFault
from generator.model.unnoticed import TOKENS, UNNOTICED
from generator.render.marks import FAULT


class Known:
    """The reasons why nothing notices a fault.

    Args:
        base: name of the base.
        tip: the files of the tip, into which the faults are put.
    """

    def __init__(self, base: str, tip: Mapping[str, str]) -> None:
        entries = {each.name: each for each in UNNOTICED}
        self._statements: dict[tuple[str, str, int], str] = {}
        for mark in find_marks(base):
            span = span_in(tip, mark) if mark.kind == FAULT else ""
            if not isinstance(span, str):
                start = len(tip[mark.path][: span.start].encode("utf-8", "surrogateescape"))
                entry = entries[mark.name]
                self._statements[entry.kind, mark.path, start] = entry.reason

    def explain(self, fault: AnyFault) -> str:
        """Return why nothing notices a fault, "" when that is not known.

        A fault written by hand has its reason in its own file.
        """
        if isinstance(fault, RenderedFault):
            return fault.reason
        if isinstance(fault, Fault) and (
            reason := self._statements.get((fault.kind, fault.path, fault.start))
        ):
            return reason
        return TOKENS.get((fault.function, fault.said), "")
