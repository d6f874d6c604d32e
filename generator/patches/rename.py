# SPDX-License-Identifier: GPL-2.0-only
"""Rename what the series declares, or reorder parameters, everywhere in a checkout at once.

A template is plain C, so a name stands wherever it is used: in templates, messages, the model's
texts, the shims of the proofs, what tests expect, and prose. Here all of them follow a change. What
is rendered or recorded (``kernel_patches``, ``tests/golden``) is left to be made again, and what
speaks of the unmodified kernel, whose functions may have the same names, stays as it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from generator import csource
from generator.csource import Span
from generator.errors import UserError
from generator.model.bases import BASES
from generator.model.decl import BASELINE
from generator.model.interface import INTERFACE
from generator.model.series import REVIEW
from generator.patches.definition import read_param
from generator.paths import write_atomic
from generator.plan import plan_series
from generator.render.env import meant
from generator.tree.brought import Brought, brought_functions

_ROOTS = ("generator", "templates", "qemu", "docs", "tests", "README.md", "CONTRIBUTING.md")
NOT_OURS = (
    *("templates/fixes", "generator/model/series/fixes.py", "generator/model/catalogue"),
    *("generator/checks/catalogue", "tests/checks/catalogue", "docs/catalogue.md"),
    *("tests/golden", "tests/guest", "tests/logs", "tests/trees", "docs/schema"),
)
"""Where names are those of the unmodified kernel, or were written down as a program has said it."""

_EXAMPLES = "generator/cli/"
"""Where a new name may stand before, as an example."""

_C = (".c", ".h", ".c.j2", ".h.j2")
_COLUMNS = {".py": 100, ".j2": 80, ".c": 80, ".h": 80}


@dataclass(frozen=True, kw_only=True)
class Renaming:
    """What was done.

    Attributes:
        files: the files that were written, below the checkout.
        by_hand: what is left, each with file and line: lines that are too long now, and calls that
            are written in a way that cannot be rearranged.
    """

    files: tuple[str, ...]
    by_hand: tuple[str, ...]


def rename(root: Path, old: str, new: str) -> Renaming:
    """Rename a function, structure, enumeration or macro of the series.

    Args:
        root: the checkout.
        old: the name that C has.
        new: the name that it shall have.

    Raises:
        UserError: the series does not bring ``old``, or ``new`` is no name or is used already.
    """
    _check_old(old)
    if not re.fullmatch(r"[A-Za-z_]\w*", new):
        raise UserError(f"'{new}' is not an identifier of C")
    word = re.compile(rf"\b{re.escape(old)}\b")
    taken = re.compile(rf"\b{re.escape(new)}\b")
    texts: dict[str, tuple[str, str]] = {}
    for name, text in _texts(root):
        match = taken.search(text)
        if match and not name.startswith(_EXAMPLES):
            where = f"{name}:{csource.line_of(text, match.start())}"
            raise UserError(f"'{new}' is there already", where=where, hint="choose another name")
        if old in text:
            texts[name] = (text, _renamed(name, text, word, new))
    return _write(root, texts, [])


def reorder(root: Path, name: str, wanted: Sequence[str]) -> Renaming:
    """Put the parameters of a function of the series into another order, in all of its calls.

    Args:
        root: the checkout.
        name: the function.
        wanted: its parameters, in their new order.

    Raises:
        UserError: the series does not bring it, or it has other parameters.
    """
    key, have = _parameters(name)
    if sorted(have) != sorted(wanted):
        raise UserError(
            f"{name}() does not have these parameters: {', '.join(wanted)}",
            hint=f"its parameters are: {', '.join(have) or 'none'}",
        )
    order = tuple(have.index(each) for each in wanted)
    by_hand: list[str] = []
    texts = {}
    for path, text in _texts(root):
        if name not in text:
            continue
        if path.endswith(_C):
            new = _reordered(path, text, name, order, by_hand)
        elif path.endswith(".patch"):
            rows = text.split("\n")
            new = "\n".join(_reordered(path, row, name, order, by_hand) for row in rows)
        elif path.endswith(".py"):
            new = _reordered_python(path, text, (key, name), order, by_hand)
        else:
            continue
        texts[path] = (text, new)
    return _write(root, texts, by_hand)


def _texts(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the files that may name what the series declares, with their texts."""
    for top in _ROOTS:
        place = root / top
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            name = path.relative_to(root).as_posix()
            if "__pycache__" in path.parts or not path.is_file():
                continue
            if any(name == each or name.startswith(f"{each}/") for each in NOT_OURS):
                continue
            data = path.read_bytes()
            if b"\0" not in data:
                yield name, data.decode("utf-8", "surrogateescape")


def _names() -> dict[str, str]:
    """Return what the series declares: the name in C, and the patch that brings it."""
    found = {name: brought.patch for name, brought in _helpers().items()}
    found |= {name: f.patch for f in INTERFACE.functions for name in (f.c_name, f.name) if name}
    found |= {macro.name: macro.patch for macro in INTERFACE.macros}
    found |= {struct.name: "" for struct in INTERFACE.structs}
    return found | {enum.name: "" for enum in INTERFACE.enums}


def _check_old(old: str) -> None:
    """Raise for a name that the series does not bring.

    Raises:
        UserError: it does not.
    """
    known = _names()
    for base in BASES:
        if old in base.names.values():
            module = f"generator/model/bases/v{base.name.replace('.', '_')}.py, or v6.py"
            raise UserError(
                f"how a base calls '{old}' stands in one place", hint=f"change it in {module}"
            )
    if old not in known:
        raise UserError(f"the series declares no '{old}'", hint=meant(old, known))
    if known[old] == BASELINE:
        raise UserError(
            f"'{old}' is the kernel's", hint="what it was called before is its former_name"
        )


@cache
def _helpers() -> Mapping[str, Brought]:
    """Return the functions that stand in templates alone, on any base."""
    found: dict[str, Brought] = {}
    for base in BASES:
        for name, brought in brought_functions(plan_series(base, REVIEW)).items():
            if not brought.stands_in:
                found.setdefault(name, brought)
    return found


def _parameters(name: str) -> tuple[str, list[str]]:
    """Return what the model calls the function of a name in C, and its parameters.

    Raises:
        UserError: the series brings none, or a base gives it parameters of its own.
    """
    _check_old(name)
    for function in INTERFACE.functions:
        if name in (function.name, function.c_name):
            if any(function.name in base.params for base in BASES):
                raise UserError(f"a base declares {name}() with parameters of its own")
            return function.name, [param.name for param in function.params]
    if name in _helpers():
        read = [read_param(param) for param in _helpers()[name].params if param != "void"]
        return name, [param.name for param in read if param]
    raise UserError(f"'{name}' is not a function")


def _renamed(name: str, text: str, word: re.Pattern[str], new: str) -> str:
    """Return a text with another name for a word; what is in line with a bracket stays so."""
    kept = _of_the_kernel(text) if name.startswith("generator/model/bases/") else []
    rows = name.endswith(_C)
    for match in reversed(list(word.finditer(text))):
        if any(span.start <= match.start() < span.end for span in kept):
            continue
        if rows and text[match.end() : match.end() + 1] == "(":
            text = _aligned(text, match.end(), len(new) - len(match.group()))
        text = text[: match.start()] + new + text[match.end() :]
    return text


def _of_the_kernel(text: str) -> list[Span]:
    """Return where a module of a base says what is taken out of the unmodified kernel."""
    lines = _Lines(text)
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            taken = node.func.id.startswith("Remove") or node.func.id == "EmptyFunction"
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = [target.id for target in targets if isinstance(target, ast.Name)]
            taken = any(each.endswith(("FUNCTIONS", "PROTOTYPES", "_BASELINE")) for each in named)
        else:
            taken = isinstance(node, ast.FunctionDef) and node.name == "baseline"
        if taken and isinstance(node, ast.stmt | ast.expr):
            found.append(lines.span(node))
    return found


def _aligned(text: str, opening: int, more: int) -> str:
    """Move the lines that are in line with the bracket at ``opening``, by so many columns."""
    start = text.rfind("\n", 0, opening) + 1
    column = len(text[start : opening + 1].expandtabs(8))
    _, end = csource.call_arguments(text, opening)
    head, *rows = text[opening:end].split("\n") if end > opening else [""]
    moved = []
    for row in rows:
        bare = row.lstrip(" \t")
        have = len(row[: len(row) - len(bare)].expandtabs(8))
        wide = column + more if have == column else have
        moved.append(f"{wide // 8 * chr(9)}{wide % 8 * ' '}{bare}" if have == column else row)
    return text[:opening] + "\n".join([head, *moved]) + text[end:] if rows else text


def _reordered(path: str, text: str, name: str, order: tuple[int, ...], left: list[str]) -> str:
    """Return C with the arguments of a function in another order; comments stay as they are."""
    places = [m.end() - 1 for m in re.finditer(rf"\b{name}\s*\(", csource.mask(text))]
    for opening in reversed(places):
        spans, _ = csource.call_arguments(text, opening)
        if len(spans) != len(order):
            line = csource.line_of(text, opening)
            left.append(f"{path}:{line}: {name}() has another number of arguments here")
            continue
        pieces = [span.of(text) for span in spans]
        for span, place in reversed(list(zip(spans, order, strict=True))):
            text = text[: span.start] + pieces[place] + text[span.end :]
    return text


def _reordered_python(
    path: str, text: str, names: tuple[str, str], order: tuple[int, ...], left: list[str]
) -> str:
    """Return a module with parameters of the model, and calls in texts of C, in another order.

    ``names`` are that of the model and that in C.
    """
    key, name = names
    changes: list[tuple[ast.expr, str]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Function":
            given = {each.arg: each.value for each in node.keywords}
            named = given.get("name")
            if isinstance(named, ast.Constant) and named.value == key:
                changes += _declared(text, given["params"], order)
        elif isinstance(node, ast.Constant) and re.search(rf"\b{name}\((?!\))", str(node.value)):
            source = ast.get_source_segment(text, node) or ""
            if len(source) > 1 and source[:1] in "\"'" and source.count(source[0]) == 2:
                inner = _reordered(path, source[1:-1], name, order, left)
                changes.append((node, source[0] + inner + source[0]))
            else:
                left.append(f"{path}:{node.lineno}: a text that calls {name}()")
    return _replaced(text, changes)


def _declared(
    text: str, params: ast.expr, order: tuple[int, ...]
) -> Iterator[tuple[ast.expr, str]]:
    """Yield each parameter of a declaration, and the one that shall stand in its place."""
    if isinstance(params, ast.Tuple):
        have = [ast.get_source_segment(text, each) or "" for each in params.elts]
        for place, each in zip(order, params.elts, strict=True):
            yield each, have[place]


def _replaced(text: str, changes: list[tuple[ast.expr, str]]) -> str:
    """Return a module with expressions replaced, the last one first."""
    lines = _Lines(text)
    spans = [(lines.span(node), by) for node, by in changes]
    for span, by in sorted(spans, reverse=True):
        text = text[: span.start] + by + text[span.end :]
    return text


class _Lines:
    """Where the lines of a module begin: Python counts bytes within each."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def span(self, node: ast.stmt | ast.expr) -> Span:
        """Return where a node stands, in characters."""
        first = self._place(node.lineno, node.col_offset)
        return Span(first, self._place(node.end_lineno or node.lineno, node.end_col_offset or 0))

    def _place(self, number: int, column: int) -> int:
        line = self._lines[number - 1].encode("utf-8", "surrogateescape")
        return self._starts[number - 1] + len(line[:column].decode("utf-8", "surrogateescape"))


def _write(root: Path, texts: dict[str, tuple[str, str]], by_hand: list[str]) -> Renaming:
    """Write what has changed, each file whole; say which lines are too long now."""
    written = []
    for name, (old, new) in texts.items():
        if old == new:
            continue
        written.append(name)
        write_atomic(root / name, new.encode("utf-8", "surrogateescape"))
        limit = _COLUMNS.get(Path(name).suffix, 0)
        before = set(old.split("\n"))
        for number, row in enumerate(new.split("\n"), 1):
            if limit and row not in before and len(row.expandtabs(8)) > limit:
                by_hand.append(f"{name}:{number}: the line is longer than {limit} columns now")
    return Renaming(files=tuple(written), by_hand=tuple(dict.fromkeys(by_hand)))
