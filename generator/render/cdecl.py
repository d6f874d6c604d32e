# SPDX-License-Identifier: GPL-2.0-only
"""C text for the declarations of the model, in kernel coding style.

Every function takes model objects and returns text that ends in a newline unless its docstring
says otherwise. Tabs are eight columns, lines at most 80.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from functools import cache

from generator.model.decl import Enum, Function, Macro, Member, Paragraph, Param, Struct

WIDTH = 80
TAB = 8


def columns(text: str) -> int:
    """Return how many columns ``text`` takes, tabs expanded."""
    return len(text.expandtabs(TAB))


def pad(text: str, column: int) -> str:
    """Append tabs to ``text`` until it reaches ``column``; a single blank when it is beyond it."""
    if columns(text) >= column:
        return text + " "
    while columns(text) < column:
        text += "\t"
    return text


def declarator(type_: str, name: str) -> str:
    """Return ``type name`` with the blank that C style wants: none behind a ``*``.

    The name of a pointer to a function, ``int (*)(void *)``, stands behind its star.
    """
    if "(*)" in type_:
        return type_.replace("(*)", f"(*{name})", 1)
    return f"{type_}{name}" if type_.endswith("*") else f"{type_} {name}"


def comment(paragraphs: Sequence[str], *, kernel_doc: bool = False, indent: str = "") -> str:
    """Return a comment, on one line where it fits, or as a block.

    Paragraphs are filled, lines that start with a tab stay.
    """
    lines: list[str] = []
    for place, paragraph in enumerate(paragraphs):
        if place:
            lines.append("")
        for piece in paragraph.split("\n"):
            if piece.startswith(("\t", "@")):
                lines.extend(_hanging(piece))
            else:
                width = WIDTH - columns(indent) - 3
                lines.extend(_filled(piece, width))
    if len(lines) == 1 and not kernel_doc and columns(f"{indent}/* {lines[0]} */") <= WIDTH:
        return f"{indent}/* {lines[0]} */\n"
    body = "".join(
        f"{indent} *{'' if line.startswith(chr(9)) else ' '}{line}".rstrip() + "\n"
        for line in lines
    )
    return f"{indent}/*{'*' if kernel_doc else ''}\n{body}{indent} */\n"


def _hanging(piece: str) -> Sequence[str]:
    if piece.startswith("\t"):
        return [piece]
    return _filled(piece, WIDTH - 3, "\t")


@cache
def _filled(text: str, width: int, hanging: str = "") -> Sequence[str]:
    """Break a text into lines; each prefix of a series has most of its comments again."""
    return textwrap.wrap(text, width, subsequent_indent=hanging, break_on_hyphens=False)


def _parameters(params: Sequence[Param]) -> list[str]:
    return [declarator(param.type, param.name) for param in params] or ["void"]


def _wrapped(start: str, params: Sequence[Param], end: str) -> str:
    """Return ``start(params)end`` on as many lines as it takes, aligned behind the bracket."""
    pieces = _parameters(params)
    line = f"{start}({', '.join(pieces)}){end}"
    if columns(line) <= WIDTH:
        return line + "\n"
    column = columns(start) + 1
    lead = "\t" * (column // TAB) + " " * (column % TAB)
    lines = [f"{start}({pieces[0]}"]
    for piece in pieces[1:]:
        if columns(f"{lines[-1]}, {piece}") + 2 <= WIDTH:
            lines[-1] += f", {piece}"
        else:
            lines[-1] += ","
            lines.append(lead + piece)
    return "\n".join(lines) + f"){end}\n"


def prototype(function: Function) -> str:
    """Return the prototype of a function, with ``extern`` as in the header that it goes into."""
    start = f"extern {declarator(function.returns, function.name)}"
    whole = _wrapped(start, function.params, ";")
    if max(map(columns, whole.split("\n"))) <= WIDTH:
        return whole
    return _broken(start, function, ";")


def _broken(start: str, function: Function, end: str) -> str:
    """Return a declaration with the type, what ``start`` has before the name, on its own line."""
    lead = start.removesuffix(function.name)
    return lead.rstrip() + "\n" + _wrapped(function.name, function.params, end)


def stub(function: Function) -> str:
    """Return the empty inline that stands in for a function when uprobes are off."""
    if function.stub is None:
        raise ValueError(f"{function.name} has no stub")
    head = _wrapped(
        f"static inline {declarator(function.returns, function.name)}", function.params, ""
    )
    body = f"\treturn {function.stub};\n" if function.stub else ""
    return f"{head}{{\n{body}}}\n"


def signature(function: Function) -> str:
    """Return the first lines of a definition, up to the opening brace, without the comment."""
    words = [function.storage, function.returns]
    if function.weak:
        words.append("__weak")
    start = declarator(" ".join(word for word in words if word), function.name)
    whole = _wrapped(start, function.params, "")
    if "\n" in whole.rstrip("\n") and columns(start) > WIDTH // 2:
        return _broken(start, function, "")
    return whole


def head(function: Function, expand: Callable[[Paragraph], Sequence[str]]) -> str:
    """Return the comment above a definition and its first lines.

    Functions whose parameters are documented get kernel-doc. ``expand`` turns an entry of the
    documentation into the paragraphs that it stands for: several for ``@states``.
    """
    paragraphs = [piece for entry in function.doc for piece in expand(entry)]
    documented = [param for param in function.params if param.doc]
    if documented or (function.header and not paragraphs[0][0].isupper()):
        first, *rest = paragraphs
        described = "\n".join(f"@{param.name}: {param.doc}" for param in documented)
        lead = f"{function.name}() - {first}" + (f"\n{described}" if described else "")
        text = comment([lead, *rest], kernel_doc=True)
    else:
        text = comment(paragraphs)
    return text + signature(function)


def struct(model: Struct, members: Sequence[Member]) -> str:
    """Return a structure with the members given, names and comments aligned in columns."""
    column = max((columns(f"\t{_bare(member.type)}") for member in members), default=0)
    column = max(4 * TAB, (column // TAB + 1) * TAB)
    names = {m.name: f"{pad(f'{chr(9)}{_bare(m.type)}', column)}{_member_name(m)}" for m in members}
    remark = max((columns(text) for text in names.values()), default=0)
    remark = (remark // TAB + 1) * TAB
    lines = []
    for member in members:
        text = names[member.name]
        lines.append(f"{pad(text, remark)}/* {member.comment} */" if member.comment else text)
    return (
        (comment(model.doc) if model.doc else "")
        + f"struct {model.name} {{\n"
        + "".join(line + "\n" for line in lines)
        + "};\n"
    )


def _bare(type_: str) -> str:
    """Return a type without the stars, which stand with the name in a structure."""
    return type_.rstrip("* ")


def _member_name(member: Member) -> str:
    stars = member.type[len(_bare(member.type)) :].strip()
    return f"{stars}{member.name}{f'[{member.array}]' if member.array else ''};"


def enum(model: Enum) -> str:
    """Return an enumeration, comments aligned."""
    column = (max(columns(f"\t{value.name},") for value in model.values) // TAB + 1) * TAB
    lines = "".join(
        f"{pad(f'{chr(9)}{value.name},', column)}/* {value.comment} */\n"
        if value.comment
        else f"\t{value.name},\n"
        for value in model.values
    )
    return (comment(model.doc) if model.doc else "") + f"enum {model.name} {{\n{lines}}};\n"


def macros(models: Sequence[Macro]) -> str:
    """Return object-like macros, values and comments aligned."""
    column = (max(columns(f"#define {m.name}") for m in models) // TAB + 1) * TAB
    texts = [f"{pad(f'#define {m.name}', column)}{m.value}" for m in models]
    remark = (max(columns(text) for text in texts) // TAB + 1) * TAB
    return "".join(
        f"{pad(text, remark)}/* {m.comment} */\n" if m.comment else f"{text}\n"
        for text, m in zip(texts, models, strict=True)
    )
