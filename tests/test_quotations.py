# SPDX-License-Identifier: GPL-2.0-only
"""C stands in the templates: Python names it by a mark, and does not quote it.

A quotation is a string that has a whole line of a template in it, or is a piece of one, of three
tokens and more. Docstrings, what only names a type, a file or a member, and the ``pattern`` of an
edit, which is the kernel's own line, are none.
"""

import ast
import re
from functools import cache

import pytest
from conftest import TESTS

ROOT = TESTS.parent
QUOTES = {
    # how a base spells what a template asks for, and what the baseline has in its place
    "generator/model/bases/v3_3.py": 2,
    "generator/model/bases/v6.py": 8,
    # statements of a line that a fix puts in the place of the kernel's
    "generator/model/series/fixes.py": 4,
    # what a fault replaces, as reports show it
    "generator/checks/mutation/known.py": 7,
    # the statement that a fault leaves, which a macro ends with as well
    "generator/checks/mutation/syntax.py": 1,
    # the kernel's fields that the series has to have
    "generator/checks/review/code.py": 1,
    # any assignment of a state
    "generator/checks/states/correspond.py": 1,
    # it makes C: the templates insert it
    "generator/render/opcodes.py": 1,
}
"""Where there are quotations still, and how many: fewer is progress, and is written down here."""

_TOKEN = re.compile(
    r'[A-Za-z_]\w*|\d\w*|->|<<|>>|&&|\|\||[<>=!]=|[-+*/%|&^]=|\+\+|--|"(?:[^"\\\n]|\\.)*"|\S'
)
_NOT_C = re.compile(r"\{#.*?#\}|/\*.*?\*/", re.S)
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_FEW = 3
_ACTS = {"(", "=", ";"}


def tokens(text):
    """Return the tokens of a piece of C, without the semicolon at its end."""
    found = tuple(_TOKEN.findall(text))
    return found[:-1] if found[-1:] == (";",) else found


@cache
def template_lines():
    """Return the lines of C in all templates, as tokens, by the first of them.

    Jinja cuts a line into pieces.
    """
    found = {}
    for path in (ROOT / "templates").rglob("*.j2"):
        if "messages" in path.parts:
            continue
        for line in _NOT_C.sub("", path.read_text()).splitlines():
            pieces = [] if line.lstrip().startswith("#") else map(tokens, _TAG.split(line))
            for piece in pieces:
                if len(piece) >= _FEW:
                    found.setdefault(piece[:_FEW], set()).add(piece)
    return found


@cache
def all_lines():
    """Return all of them as one text, to be searched."""
    lines = set().union(*template_lines().values())
    return "\n".join(f" {' '.join(line)} " for line in lines)


def has_line(said):
    """Tell whether tokens have a whole line, that does something, in them."""
    return any(
        len(line) > _FEW and _ACTS & set(line) and said[n : n + len(line)] == line
        for n in range(len(said) - _FEW)
        for line in template_lines().get(said[n : n + _FEW], ())
    )


def quotations(text):
    """Yield line and text of each string of a module that quotes a template."""
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    bare = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    keywords = [node for node in nodes if isinstance(node, ast.keyword)]
    looked_for = [keyword.value for keyword in keywords if keyword.arg == "pattern"]
    bare |= {id(node) for value in looked_for for node in ast.walk(value)}
    for node in nodes:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        said = tokens(node.value)
        if id(node) in bare or len(said) < _FEW or not _ACTS & set(node.value):
            continue
        if f" {' '.join(said)} " in all_lines() or has_line(said):
            yield node.lineno, node.value


def test_no_quotation():
    """What quotes a template has to be edited with it."""
    found = {}
    for path in sorted((ROOT / "generator").rglob("*.py")):
        for line, text in quotations(path.read_text()):
            found.setdefault(str(path.relative_to(ROOT)), []).append((line, text))
    counts = {path: len(texts) for path, texts in found.items()}
    assert counts == QUOTES, {k: v for k, v in found.items() if len(v) != QUOTES.get(k)}


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ('x = "utask->signal_denied = true;"', True),
        ('x = ("a", "if: utask->signal_denied = true; and more")', True),
        ("x = 'put_uprobe(utask->active_uprobe)'", True),
        ('x = "if (likely(!utask || !utask->active_uprobe))"', True),
        ('"""utask->signal_denied = true;"""', False),
        ('x = "struct uprobe_task *"', False),
        ('x = "kernel/events/uprobes.c"', False),
        ('x = "utask->nothing_of_ours = 3;"', False),
        ('x = "put_uprobe()"', False),
        ('f(pattern="put_uprobe(utask->active_uprobe)")', False),
        ('f(by="put_uprobe(utask->active_uprobe)")', True),
    ],
)
def test_the_test_itself(text, is_one):
    """A statement, a piece of one, one in a sentence; not a type, a path, a name."""
    assert bool(list(quotations(text))) == is_one
