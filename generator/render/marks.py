# SPDX-License-Identifier: GPL-2.0-only
"""The tag that gives the statement after it a name: ``{% mark step="arm" guard="mark" %}``.

It stands alone on its line and renders to nothing. The model knows a statement of the C by this
name, and holds no C itself; ``checks.marks`` finds which statement it is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

UNREACHED = "unreached"
FAULT = "fault"
KINDS = ("step", "guard", "aside", UNREACHED, FAULT)
"""What a mark may name: ``model.steps``, ``model.guards``, what the machine leaves aside, why the
line below it, alone, is not reached: ``model.unreached``, and why a fault in it is not noticed:
``model.unnoticed``."""

_START, _END = "\ue010", "\ue011"
_MARK = re.compile(f"{_START}([^{_END}]*){_END}")


class Placed(NamedTuple):
    """A mark: its kind, its name, and the position in the text before which it stands."""

    kind: str
    name: str
    position: int


class MarkTag(Extension):
    """The tag ``mark``; a value may hold several names, with a blank between."""

    tags = {"mark"}  # noqa: RUF012 - declared so by Jinja

    def parse(self, parser: Parser) -> nodes.Node:
        """Return what the tag is compiled to: private characters, which rendering takes out.

        Raises:
            TemplateSyntaxError: there is no such kind, or no name.
        """
        line = next(parser.stream).lineno
        found = []
        while parser.stream.current.type != "block_end":
            kind = parser.stream.expect("name").value
            parser.stream.expect("assign")
            names = parser.stream.expect("string").value.split()
            if kind not in KINDS or not names:
                parser.fail(f"a mark has a name for one of {', '.join(KINDS)}", line)
            found += [f"{kind} {name}" for name in names]
        if not found:
            parser.fail("a mark without a name", line)
        text = f"{_START}{','.join(found)}{_END}"
        return nodes.Output([nodes.Const(text, lineno=line)], lineno=line)


def is_mark(value: object) -> bool:
    """Tell whether a constant of a parsed template is what a mark is compiled to."""
    return isinstance(value, str) and value.startswith(_START)


def without_marks(text: str) -> str:
    """Return a rendered text without what its marks are compiled to."""
    return _MARK.sub("", text) if _START in text else text


def split_marks(text: str) -> tuple[str, tuple[Placed, ...]]:
    """Return a rendered text without its marks, and the marks with their positions in that."""
    placed: list[Placed] = []
    pieces: list[str] = []
    end, length = 0, 0
    for match in _MARK.finditer(text):
        pieces.append(text[end : match.start()])
        length += match.start() - end
        end = match.end()
        for word in match[1].split(","):
            kind, name = word.split(" ")
            placed.append(Placed(kind, name, length))
    return "".join(pieces) + text[end:], tuple(placed)
