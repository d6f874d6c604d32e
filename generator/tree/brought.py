# SPDX-License-Identifier: GPL-2.0-only
"""Which functions a series brings, and with which patch: what its templates define.

Read from the rendered C, without a tree. A function that the templates of the baseline define, or
that the model says the base has, is not the series' own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator.csource.declared import Head, list_definitions
from generator.model.decl import BASELINE
from generator.model.edits import Templated
from generator.plan import Plan
from generator.render.env import Templates


@dataclass(frozen=True, kw_only=True)
class Brought(Head):
    """A function of the series, as it is after the last patch.

    Attributes:
        path: the file that its first definition is in.
        patch: the identifier of the patch that brings it.
    """

    path: str
    patch: str

    @property
    def stands_in(self) -> bool:
        """Whether it is an inline: the C has them in place of what later kernels' headers have."""
        return "inline" in self.front.split()


def brought_functions(plan: Plan) -> Mapping[str, Brought]:
    """Return the functions that a series brings, by name.

    Raises:
        UserError: a template is wrong.
    """
    known = {f.name for f in plan.tip.functions.values() if f.patch == BASELINE}
    known |= {head.name for _, head in _defined(plan, 0)}
    patches: dict[str, str] = {}
    last: dict[str, tuple[str, Head]] = {}
    for planned in plan.patches:
        last = {}
        for path, head in _defined(plan, planned.number):
            if head.name not in known:
                last.setdefault(head.name, (path, head))
                patches.setdefault(head.name, planned.patch.ident)
    return {
        name: Brought(
            name=name, front=head.front, params=head.params, path=path, patch=patches[name]
        )
        for name, (path, head) in last.items()
    }


def _defined(plan: Plan, number: int) -> Iterator[tuple[str, Head]]:
    """Yield the functions that the templates define after so many patches, with their files."""
    templates = Templates(plan.at(number))
    edits = (*plan.baseline, *(e for one in plan.patches[:number] for e in one.edits))
    blocks = {(e.path, e.template) for e in edits if isinstance(e, Templated)}
    for path, template in sorted(blocks):
        if template.endswith((".c", ".h")):
            for definition in list_definitions(templates.file(template)):
                yield path, definition
