# SPDX-License-Identifier: GPL-2.0-only
"""Where a thing stands in the model or in a template: file and line, for messages.

Reads the text of the model's own modules, when something is wrong and not before.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import generator.model

_ROOT = Path(generator.model.__path__[0])
_NAMED = ("name", "ident", "callee", "old", "function", "template")
"""Arguments by which an object of the model is known."""


@cache
def _modules() -> tuple[tuple[str, ast.Module], ...]:
    """Return the modules of the model: path as messages have it, and syntax."""
    return tuple(
        (f"generator/model/{path.relative_to(_ROOT)}", ast.parse(path.read_bytes()))
        for path in sorted(_ROOT.rglob("*.py"))
    )


def _calls(kind: str) -> Iterator[tuple[str, ast.Call]]:
    for file, module in _modules():
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id == kind:
                yield file, node


def place_of(kind: str, name: str, *, holds: str = "") -> str:
    """Return ``file:line`` of an object of the model, or the folder when it is not found.

    Args:
        kind: its class, such as ``Function`` or ``Member``.
        name: its name, or what else it is known by.
        holds: a text that has to be among its arguments, where names are not unique.
    """
    for file, node in _calls(kind):
        named = [k.value for k in node.keywords if k.arg in _NAMED] + node.args[:2]
        texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
        if any(isinstance(value, ast.Constant) and value.value == name for value in named) and (
            not holds or holds in texts
        ):
            return f"{file}:{node.lineno}"
    return "generator/model"


def place_of_text(text: str, *, within: str = "") -> str:
    """Return ``file:line`` of a text that the model holds, or the folder when it is not found.

    Args:
        text: the text.
        within: the end of the name of the only module that is looked at; "": all are.
    """
    for exact in (True, False):
        for file, module in _modules():
            if not file.endswith(within):
                continue
            for node in ast.walk(module):
                if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                    continue
                if node.value == text or (not exact and text and text in node.value):
                    return f"{file}:{node.lineno}"
    return "generator/model"


def place_of_piece(name: str) -> str:
    """Return ``file:line`` of a text of the model that is a part of a name, "" when none is.

    Args:
        name: what a text of the model was put together to, such as the path of a template.
    """
    for part in (name, *reversed(name.split("/")), *re.split(r"[/.]", name)[::-1]):
        for file, module in _modules():
            for node in ast.walk(module):
                if isinstance(node, ast.Constant) and part and node.value == part:
                    return f"{file}:{node.lineno}"
    return ""


def place_of_word(word: str) -> str:
    """Return ``file:line`` of the first text of the model that has ``word`` in it."""
    wanted = re.compile(rf"\b{re.escape(word)}\b")
    for file, module in _modules():
        for node in ast.walk(module):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if wanted.search(node.value):
                return f"{file}:{node.lineno}"
    return "generator/model"
