# SPDX-License-Identifier: GPL-2.0-only
"""What the checks of the review look at, and how they look at it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator import csource
from generator.checks.marks import Mark, span_in
from generator.model.files import ARCH, ARCH_H, CORE, CORE_H


@dataclass(frozen=True, kw_only=True)
class Series:
    """What the checks look at.

    Files of the tip by path, patches in order, names of the base, path and place of every function
    that the series defines, the files with debugger macros that spell a member out, and the
    statements that R20 is about.
    """

    tip: Mapping[str, str]
    patches: tuple[str, ...]
    names: Mapping[str, str]
    functions: tuple[tuple[str, csource.Function], ...]
    macros: frozenset[str]
    marks: tuple[Mark, ...] = ()


class Look:
    """Collects evidence and problems for one rule."""

    def __init__(self, series: Series) -> None:
        self.series = series
        self.evidence: list[str] = []
        self.problems: list[str] = []

    def text(self, path: str) -> str:
        """Return a file of the tip."""
        return self.series.tip[path]

    def shows(self, path: str, pattern: str, what: str) -> None:
        """Want ``pattern`` (a regular expression) in a file."""
        match = re.search(pattern, self.text(path), re.M)
        if match:
            self.evidence.append(f"{path}:{csource.line_of(self.text(path), match.start())}")
        else:
            self.problems.append(f"{path}: {what} is missing")

    def tokens(self, path: str, name: str, wanted: str) -> None:
        """Want the tokens ``wanted`` in a function."""
        text = self.text(path)
        function = csource.find_function(text, name)
        spans = csource.match_tokens(text, function.body, wanted) if function else iter(())
        span = next((span for span, _ in spans), None)
        if span is None:
            self.problems.append(f"{path}: {name}() lacks '{wanted}'")
        else:
            self.evidence.append(f"{path}:{csource.line_of(text, span.start)}")

    def statement(self, mark: Mark) -> None:
        """Want the statement of a mark."""
        span = span_in(self.series.tip, mark)
        if isinstance(span, str):
            self.problems.append(f"{mark.path}: {span}")
        else:
            line = csource.line_of(self.text(mark.path), span.start)
            self.evidence.append(f"{mark.path}:{line}")

    def lacks(self, pattern: str, what: str, paths: tuple[str, ...] = ()) -> None:
        """Want no ``pattern`` outside comments and strings in any file of ours."""
        for path in paths or (CORE, CORE_H, ARCH, ARCH_H):
            match = re.search(pattern, csource.mask(self.text(path)))
            if match:
                line = csource.line_of(self.text(path), match.start())
                self.problems.append(f"{path}:{line}: {what}")
            else:
                self.evidence.append(f"{path}:1")

    def function(self, path: str, name: str) -> str:
        """Return the text of a function, with the comment above it."""
        found = csource.find_function(self.text(path), name)
        if found is None:
            self.problems.append(f"{path}: {name}() is missing")
            return ""
        self.evidence.append(f"{path}:{csource.line_of(self.text(path), found.head.start)}")
        return found.whole.of(self.text(path))

    def ours(self) -> Iterator[tuple[str, str, csource.Function]]:
        """Yield path, text and function of everything that the series defines."""
        for path, function in self.series.functions:
            yield path, self.text(path), function

    def variables(self, type_: str, wanted: str) -> None:
        """Want every variable and parameter of a type in our functions to have one name."""
        for path, text, function in self.ours():
            whole = csource.mask(text)[function.head.start : function.body.end]
            for match in re.finditer(rf"\b{type_}\s*\*\s*(\w+)\s*[;,=)]", whole):
                place = f"{path}:{csource.line_of(text, function.head.start + match.start())}"
                (self.evidence if match.group(1) == wanted else self.problems).append(
                    place if match.group(1) == wanted else f"{place}: {match.group(1)}"
                )
