# SPDX-License-Identifier: GPL-2.0-only
"""No module and no function is so long that it has two jobs; what has one and is long says so.

The reason stands in its docstring, in a paragraph that begins with ``Length:``. Of a function the
body counts, not its parameters and its docstring.
"""

import ast

import pytest
from conftest import TESTS, statements

PACKAGE = TESTS.parent / "generator"
MODULE, FUNCTION = 400, 40
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def body_lines(function):
    """Return the lines from the first statement after the docstring to the last one."""
    body = function.body[ast.get_docstring(function) is not None :]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def lengths(text, name):
    """Yield name, length, limit and docstring of a module and of each function in it."""
    tree = ast.parse(text)
    yield name, len(text.splitlines()), MODULE, ast.get_docstring(tree) or ""
    for node in statements(tree):
        if isinstance(node, DEFINITIONS):
            place = f"{name}:{node.name}"
            yield place, body_lines(node), FUNCTION, ast.get_docstring(node) or ""


def wrong(text, name):
    """Return what is too long without a reason, and what has a reason and is not."""
    return [
        f"{place}: {lines} lines, below {limit} is wanted"
        if lines >= limit
        else f"{place}: {lines} lines need no reason"
        for place, lines, limit, said in lengths(text, name)
        if (lines >= limit) != ("\n\nLength: " in said)
    ]


def test_what_is_long_says_why():
    """An exception is taken from the docstrings: there is no list of them elsewhere."""
    found = [
        line
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in wrong(path.read_text(), str(path.relative_to(TESTS.parent)))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("lines", [FUNCTION - 2, FUNCTION - 1, FUNCTION])
@pytest.mark.parametrize("reason", ["", "\n\n    Length: a table.\n    "])
def test_the_test_itself(lines, reason):
    """One line more is too long, a reason that is not needed is wrong as well."""
    text = f'def f(\n    a,\n):\n    """Do it.{reason}"""\n' + "    a += 1\n" * lines
    assert bool(wrong(text, "x")) == ((lines >= FUNCTION) != bool(reason))
    long = f'"""Do it.{reason}"""\n' + "A = 1\n" * (MODULE - FUNCTION + lines)
    assert len(wrong(long, "x")) == ((len(long.splitlines()) >= MODULE) != bool(reason))
