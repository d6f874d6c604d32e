# SPDX-License-Identifier: GPL-2.0-only
"""Write the module of a base that is being made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass

from generator.checks.port.start import Start

WIDTH = 100


def format_module(start: Start, version: str) -> str:
    """Return the text of the module ``v*.py`` of a base that is being made.

    Args:
        start: the base.
        version: of the tree that it was made for.
    """
    base, like = start.base, start.like
    body = [
        f"BASE = derive(\n    LIKE,\n    name={_quoted(base.name)},",
        f"    has={_value(base.has, 4, 4)},",
        *(f"    {name}={_value(value, 4, len(name) + 1)}," for name, value in _said(start)),
        "    changed=CHANGED,",
        "    undecided=UNDECIDED,\n)",
    ]
    kinds = sorted(_classes((start.changed, start.baseline, *start.spelled.values())))
    imports = (
        f"from generator.model.edits import (\n{''.join(f'    {k},{chr(10)}' for k in kinds)})\n"
    )
    return "\n".join(
        (  # blank lines as the formatter has them
            "# SPDX-License-Identifier: GPL-2.0-only",
            f'"""Linux {base.name}, from a tree of the user\'s: made of the base {like.name} for '
            f'{version}."""\n',
            "from __future__ import annotations\n",
            "from generator.model.bases.derive import Changes, derive",
            f"from generator.model.bases.v{like.name.replace('.', '_')} import BASE as LIKE",
            *(("from generator.model.decl import Param",) if start.params else ()),
            imports if kinds else "",
            "# what does not hold here, and what stands in its place: nothing, where that is empty",
            f"CHANGED: Changes = {_value(start.changed, 0, 19)}\n",
            "# look at each, do what it asks for, take it out: with the last one the base is made",
            f"UNDECIDED: tuple[str, ...] = {_value(base.undecided, 0, 29)}\n",
            *body,
            "",
        )
    )


def _said(start: Start) -> Iterator[tuple[str, object]]:
    """Yield the further arguments of ``derive()``."""
    for name, value in (
        ("spelled", start.spelled),
        ("params", start.params),
        ("baseline", start.baseline),
    ):
        if value:
            yield name, value


def _classes(value: object) -> set[str]:
    """Return the names of the classes of edits and anchors that a value has."""
    if isinstance(value, tuple):
        return {name for each in value for name in _classes(each)}
    if not is_dataclass(value):
        return set()
    inner = (name for f in fields(value) for name in _classes(getattr(value, f.name)))
    return {type(value).__name__, *inner}


def _value(value: object, indent: int, lead: int = 0) -> str:
    """Return a value as Python has it, without what is said by default; broken where long.

    Args:
        value: a string, a tuple, a set, a dictionary or a dataclass, of such.
        indent: of the line that it begins on.
        lead: how long what stands before it on that line is.
    """
    flat = _flat(value)
    if len(flat) + indent + lead < WIDTH:
        return flat
    if isinstance(value, str):
        return _broken("(", (_quoted(p) for p in _joined(value, WIDTH - indent - 6)), ")", indent)
    inner = indent + 4
    if isinstance(value, dict):
        keys = {key: f"{_quoted(key)}: " for key in value}
        rows = (f"{k}{_value(value[key], inner, len(k))}," for key, k in keys.items())
        return _broken("{", rows, "}", indent)
    if isinstance(value, frozenset):
        words = (f"{_value(each, inner + 4)}," for each in sorted(value))
        return _broken("frozenset(", (_broken("{", words, "}", inner),), ")", indent)
    if isinstance(value, tuple):
        return _broken("(", (f"{_value(each, inner)}," for each in value), ")", indent)
    rows = (
        f"{f.name}={_value(getattr(value, f.name), inner, len(f.name) + 1)}," for f in _told(value)
    )
    return _broken(f"{type(value).__name__}(", rows, ")", indent)


def _broken(opening: str, rows: Iterable[str], closing: str, indent: int) -> str:
    """Return rows on lines of their own between brackets."""
    inside = "".join(f"{' ' * (indent + 4)}{row}\n" for row in rows)
    return f"{opening}\n{inside}{' ' * indent}{closing}"


def _flat(value: object) -> str:
    if isinstance(value, tuple):
        inner = ", ".join(_flat(each) for each in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, frozenset):
        return "frozenset({" + ", ".join(_flat(each) for each in sorted(value)) + "})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(k)}: {_flat(v)}" for k, v in value.items()) + "}"
    if is_dataclass(value):
        inner = ", ".join(f"{f.name}={_flat(getattr(value, f.name))}" for f in _told(value))
        return f"{type(value).__name__}({inner})"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    """Return a string as the formatter has it: in double quotes where it has none."""
    quoted = repr(text)
    return quoted if '"' in text or quoted[0] == '"' else f'"{quoted[1:-1]}"'


def _told(value: object) -> Iterator[Field[object]]:
    """Yield the fields of a dataclass whose value is not the default one."""
    for each in fields(value):  # type: ignore[arg-type]
        if each.default is MISSING or getattr(value, each.name) != each.default:
            yield each


def _joined(text: str, width: int) -> Iterator[str]:
    """Yield a text in pieces that fit a line: whole lines of it, several where they fit."""
    row = ""
    for part in _parts(text, width):
        if row and len(_quoted(row + part)) > width:
            yield row
            row = ""
        row += part
    yield row


def _parts(text: str, width: int) -> Iterator[str]:
    """Yield a text line by line, and those that do not fit between words."""
    for line in text.splitlines(keepends=True):
        while len(_quoted(line)) > width:
            cut = line.rfind(" ", 1, width - 8) + 1 or width - 8
            yield line[:cut]
            line = line[cut:]
        yield line
