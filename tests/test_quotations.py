# SPDX-License-Identifier: GPL-2.0-only
"""C stands in the templates: Python names it by a mark, and does not quote it.

A quotation is a string that has a whole line of a template in it, or is a piece of one, of three
tokens and more. Docstrings, what only names a type, a file or a member, what names nothing, as
``do { } while (0)``, and the ``pattern`` of an edit, which is the kernel's own line, are none.
"""

import ast
import re
from dataclasses import replace
from functools import cache

import pytest
from conftest import TESTS

from generator.model.bases import BASES, UNFINISHED
from generator.model.bases.base import hook_statement
from generator.model.edits import InsertStatement, piece, written_by
from generator.model.series import SERIES

ALL_BASES = (*BASES, *UNFINISHED)
ROOT = TESTS.parent
_TOKEN = re.compile(
    r'[A-Za-z_]\w*|\d\w*|->|<<|>>|&&|\|\||[<>=!]=|[-+*/%|&^]=|\+\+|--|"(?:[^"\\\n]|\\.)*"|\S'
)
_NOT_C = re.compile(r"\{#.*?#\}|/\*.*?\*/", re.S)
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_FEW = 3
_ACTS = {"(", "=", ";"}
_KEYWORDS = {"break", "continue", "do", "else", "for", "goto", "if", "return", "switch", "while"}


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
            parts = [] if line.lstrip().startswith("#") else map(tokens, _TAG.split(line))
            for part in parts:
                if len(part) >= _FEW:
                    found.setdefault(part[:_FEW], set()).add(part)
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
        if not any(word.isidentifier() and word not in _KEYWORDS for word in said):
            continue
        if f" {' '.join(said)} " in all_lines() or has_line(said):
            yield node.lineno, node.value


def test_no_quotation():
    """What quotes a template would have to be edited with it."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sorted((ROOT / "generator").rglob("*.py"))
        for line, text in quotations(path.read_text())
    ]
    assert not found, "\n".join(found)


def is_statement(edit):
    """Tell whether an edit brings C that does something and stands in the model."""
    text = written_by(edit)
    if not isinstance(text, str) or not edit.path.endswith((".c", ".h")):
        return False
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return bool(set(";({") & set("".join(lines)))


def test_the_c_of_an_edit_is_a_template():
    """An edit has a token, an #include or a number of its own, and nothing that does something."""
    edits = [hook_statement(hook) for base in ALL_BASES for hook in base.hooks]
    for base in ALL_BASES:
        edits += [*base.baseline, *(edit for group in base.edits.values() for edit in group)]
    edits += [edit for series in SERIES for patch in series.patches for edit in patch.edits]
    assert not list(filter(is_statement, edits))
    names = {name for base in ALL_BASES for name in base.names.values()}
    assert not [name for name in names if not re.fullmatch(r"\w+", name)]
    statement = InsertStatement(path="a.c", function="f", text="f();")
    assert is_statement(statement) and not is_statement(replace(statement, text=piece("a", "f")))


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
        ('x = "do { } while (0)"', False),
        ('f(pattern="put_uprobe(utask->active_uprobe)")', False),
        ('f(by="put_uprobe(utask->active_uprobe)")', True),
    ],
)
def test_the_test_itself(text, is_one):
    """A statement, a piece of one, one in a sentence; not a type, a path, a name."""
    assert bool(list(quotations(text))) == is_one
