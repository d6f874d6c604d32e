# SPDX-License-Identifier: GPL-2.0-only
"""Faults made from libclang's tree of a file: in bodies and heads of functions, in structures.

What a macro expands to is left alone: only nodes whose text stands in the file as it is parsed are
changed. So are declarations that are not compiled in this configuration; they are not in the tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from clang.cindex import Cursor, CursorKind

from generator.checks.mutation.fault import Fault, make_fault

_OPERATORS = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
    "&&": "||",
    "||": "&&",
    "+": "-",
    "-": "+",
    "*": "+",
    "/": "*",
    "|": "&",
    "&": "|",
    "^": "|",
    "<<": ">>",
    ">>": "<<",
    "+=": "-=",
    "-=": "+=",
    "|=": "&=",
    "&=": "|=",
    "<<=": ">>=",
    ">>=": "<<=",
}
_OPERATOR = re.compile(r"\s*(" + "|".join(map(re.escape, sorted(_OPERATORS)[::-1])) + r")\s*")
_ASSIGNMENT = re.compile(r"\s*=\s*")

# what callers want of a function that has failed, or has not
_RESULTS = {"true": "false", "false": "true", "0": "-EFAULT", "1": "0", "NULL": "(void *)1UL"}

# members of these structures stand in for each other where their types are equal
_OURS = frozenset({"uprobe_task", "arch_uprobe_task", "arch_uprobe", "pt_regs", "uprobe_operation"})

# macros of one kind, each replaced by the next one
_MACROS = (
    ("UPROBE_FIX_IP", "UPROBE_FIX_ABS", "UPROBE_FIX_BRANCH"),
    ("UPROBE_FIX_CALL", "UPROBE_FIX_PUSHF", "UPROBE_FIX_SETF"),
    ("UPROBE_REG_SI", "UPROBE_REG_DI"),
    ("TIF_UPROBE", "TIF_SIGPENDING"),
    ("X86_EFLAGS_CF", "X86_EFLAGS_ZF", "X86_EFLAGS_SF", "X86_EFLAGS_OF", "X86_EFLAGS_PF"),
    ("DIE_INT3", "DIE_DEBUG"),
    ("NOTIFY_STOP", "NOTIFY_DONE"),
)
_NEXT = {
    name: group[(index + 1) % len(group)] for group in _MACROS for index, name in enumerate(group)
}
_NAMES = re.compile(r"\b(" + "|".join(_NEXT) + r")\b")

_NOISE = re.compile(rb'/\*.*?\*/|"[^"\n]*"', re.S)

# a branch that does nothing, about which the compiler does not complain
_EMPTY = "do { } while (0)"

Span = tuple[int, int]


@dataclass(frozen=True)
class _Body:
    """A function of the file, and how to make faults in it."""

    path: str
    function: str
    data: bytes

    def fault(self, kind: str, span: Span, after: str) -> Fault:
        return make_fault(kind, self.path, self.function, self.data, span, after)

    def text(self, span: Span) -> str:
        return self.data[span[0] : span[1]].decode("utf-8", "replace")


def function_faults(root: Cursor, path: str, data: bytes, names: Sequence[str]) -> Iterator[Fault]:
    """Yield the faults in the functions ``names`` that the file itself declares or defines."""
    wanted = frozenset(names)
    for top in root.get_children():
        if top.kind is not CursorKind.FUNCTION_DECL or top.spelling not in wanted:
            continue
        if not _in_file(top, path):
            continue
        body = _Body(path, top.spelling, data)
        yield from _swapped(body, list(top.get_arguments()), "parameters swapped")
        if not top.is_definition():
            continue
        compound = next(c for c in top.get_children() if c.kind is CursorKind.COMPOUND_STMT)
        for cursor in (compound, *_inside(compound)):
            for make in _MAKERS:
                yield from make(body, cursor)
        yield from _names(body, _span(compound))


def call_faults(
    root: Cursor, path: str, data: bytes, function: str, callee: str
) -> Iterator[Fault]:
    """Yield the fault of a call of ``callee`` in ``function`` that is lost."""
    for top in root.get_children():
        if (
            top.kind is CursorKind.FUNCTION_DECL
            and top.spelling == function
            and top.is_definition()
            and _in_file(top, path)
        ):
            body = _Body(path, function, data)
            for cursor in _inside(top):
                if cursor.kind is CursorKind.CALL_EXPR and cursor.spelling == callee:
                    after = "(void)0" if cursor.type.spelling == "void" else "0"
                    yield body.fault("hook lost", _span(cursor), after)


def struct_faults(root: Cursor, path: str, data: bytes, names: Sequence[str]) -> Iterator[Fault]:
    """Yield the faults in the structures ``names`` of the file: members that change places."""
    for top in root.get_children():
        if top.kind is CursorKind.STRUCT_DECL and top.spelling in names and _in_file(top, path):
            body = _Body(path, f"struct {top.spelling}", data)
            fields = [m for m in top.get_children() if m.kind is CursorKind.FIELD_DECL]
            for first, second in zip(fields[::2], fields[1::2], strict=False):
                yield from _swapped(body, [first, second], "members swapped")


def _in_file(cursor: Cursor, path: str) -> bool:
    return cursor.location.file is not None and str(cursor.location.file).endswith(path)


def _inside(cursor: Cursor) -> Iterator[Cursor]:
    """Yield what is below ``cursor`` and stands in the file as it is parsed."""
    start, end = _span(cursor)
    for child in cursor.get_children():
        low, high = _span(child)
        if start <= low < high <= end:
            yield child
            yield from _inside(child)


def _span(cursor: Cursor) -> Span:
    return cursor.extent.start.offset, cursor.extent.end.offset


def _swapped(body: _Body, cursors: Sequence[Cursor], kind: str) -> Iterator[Fault]:
    """Yield the fault in which the first two of ``cursors`` have changed places."""
    if len(cursors) < 2:
        return
    (a, b), (c, d) = (_span(cursor) for cursor in cursors[:2])
    first, between, second = body.text((a, b)), body.text((b, c)), body.text((c, d))
    if a < b <= c < d and first != second and "(" not in between:
        yield body.fault(kind, (a, d), f"{second}{between}{first}")


def _conditions(body: _Body, cursor: Cursor) -> Iterator[Fault]:
    if cursor.kind is CursorKind.IF_STMT:
        span = _span(next(cursor.get_children()))
        yield body.fault("condition inverted", span, f"!({body.text(span)})")


def _statements(body: _Body, cursor: Cursor) -> Iterator[Fault]:
    """Yield the statements of a block that are lost."""
    if cursor.kind is not CursorKind.COMPOUND_STMT:
        return
    yield from _lost(body, cursor)


def _lost(body: _Body, block: Cursor) -> Iterator[Fault]:
    for child in block.get_children():
        span = _span(child)
        if child.kind is CursorKind.CALL_EXPR and body.text(span).endswith(")"):
            yield body.fault("call lost", span, "")
        elif child.kind is CursorKind.COMPOUND_ASSIGNMENT_OPERATOR or _is_assignment(body, child):
            yield body.fault("assignment lost", span, "")
        elif child.kind is CursorKind.IF_STMT:
            branch = list(child.get_children())[1]
            if branch.kind is not CursorKind.COMPOUND_STMT:
                yield from _branch(body, branch)


def _branch(body: _Body, branch: Cursor) -> Iterator[Fault]:
    if branch.kind in (CursorKind.CALL_EXPR, CursorKind.COMPOUND_ASSIGNMENT_OPERATOR):
        yield body.fault("call lost", _span(branch), _EMPTY)
    elif branch.kind in (CursorKind.RETURN_STMT, CursorKind.GOTO_STMT):
        yield body.fault("exit lost", _span(branch), _EMPTY)


def _between(body: _Body, cursor: Cursor) -> tuple[Span, str] | None:
    """Return the place and the text between the two operands of ``cursor``."""
    children = list(cursor.get_children())
    if len(children) != 2:
        return None
    start, end = _span(children[0])[1], _span(children[1])[0]
    return ((start, end), body.text((start, end))) if start < end else None


def _is_assignment(body: _Body, cursor: Cursor) -> bool:
    if cursor.kind is not CursorKind.BINARY_OPERATOR:
        return False
    found = _between(body, cursor)
    return found is not None and bool(_ASSIGNMENT.fullmatch(found[1]))


def _operators(body: _Body, cursor: Cursor) -> Iterator[Fault]:
    kinds = (CursorKind.BINARY_OPERATOR, CursorKind.COMPOUND_ASSIGNMENT_OPERATOR)
    found = _between(body, cursor) if cursor.kind in kinds else None
    match = _OPERATOR.fullmatch(found[1]) if found else None
    if found and match:
        after = found[1].replace(match[1], _OPERATORS[match[1]])
        (left, right), _ = found
        start, end = _span(cursor)
        whole = f"{body.text((start, left))}{after}{body.text((right, end))}"
        yield body.fault("operator replaced", (start, end), whole)


def _negations(body: _Body, cursor: Cursor) -> Iterator[Fault]:
    start, end = _span(cursor)
    if cursor.kind is CursorKind.UNARY_OPERATOR and body.text((start, start + 1)) in ("!", "~"):
        yield body.fault("negation lost", (start, end), body.text((start + 1, end)))


def _results(body: _Body, cursor: Cursor) -> Iterator[Fault]:
    values = list(cursor.get_children()) if cursor.kind is CursorKind.RETURN_STMT else []
    if values:
        span = _span(cursor)
        text = body.text(span).removeprefix("return").strip()
        yield body.fault("result replaced", span, f"return {_RESULTS.get(text, '0')}")


def _arguments(body: _Body, cursor: Cursor) -> Iterator[Fault]:
    if cursor.kind is CursorKind.CALL_EXPR:
        yield from _swapped(body, list(cursor.get_arguments()), "arguments swapped")


def _members(body: _Body, cursor: Cursor) -> Iterator[Fault]:
    """Yield another member of the same structure and type."""
    field = cursor.referenced if cursor.kind is CursorKind.MEMBER_REF_EXPR else None
    owner = field.semantic_parent if field is not None else None
    if field is None or owner is None or owner.spelling not in _OURS:
        return
    same = [
        member.spelling
        for member in owner.get_children()
        if member.kind is CursorKind.FIELD_DECL and member.type.spelling == field.type.spelling
    ]
    start, end = _span(cursor)
    text = body.text((start, end))
    if len(same) > 1 and text.endswith(field.spelling):
        other = same[(same.index(field.spelling) + 1) % len(same)]
        yield body.fault(
            "another member", (start, end), f"{text.removesuffix(field.spelling)}{other}"
        )


def _enumerators(body: _Body, cursor: Cursor) -> Iterator[Fault]:
    value = cursor.referenced if cursor.kind is CursorKind.DECL_REF_EXPR else None
    if value is None or value.kind is not CursorKind.ENUM_CONSTANT_DECL:
        return
    names = [v.spelling for v in value.semantic_parent.get_children()]
    if value.spelling.startswith(("UTASK_", "UPROBE_")) and len(names) > 1:
        other = names[(names.index(value.spelling) + 1) % len(names)]
        yield body.fault("another value", _span(cursor), other)


def _numbers(body: _Body, cursor: Cursor) -> Iterator[Fault]:
    span = _span(cursor)
    if cursor.kind is CursorKind.INTEGER_LITERAL and re.fullmatch(
        r"0x[0-9a-f]+|\d+", body.text(span)
    ):
        text = body.text(span)
        number = int(text, 0) + 1
        yield body.fault("another number", span, hex(number) if "x" in text else str(number))


def _breaks(body: _Body, cursor: Cursor) -> Iterator[Fault]:
    if cursor.kind is CursorKind.BREAK_STMT and body.text(_span(cursor)) == "break":
        yield body.fault("break lost", _span(cursor), "")


def _names(body: _Body, span: Span) -> Iterator[Fault]:
    """Yield the macros of one kind that are taken for each other."""
    start, end = span
    plain = _NOISE.sub(lambda match: b" " * len(match[0]), body.data[start:end])
    for match in _NAMES.finditer(plain.decode("latin-1")):
        place = start + match.start(), start + match.end()
        yield body.fault("another macro", place, _NEXT[match[1]])


_MAKERS: tuple[Callable[[_Body, Cursor], Iterator[Fault]], ...] = (
    _conditions,
    _statements,
    _operators,
    _negations,
    _results,
    _arguments,
    _members,
    _enumerators,
    _numbers,
    _breaks,
)
