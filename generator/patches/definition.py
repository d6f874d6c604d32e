# SPDX-License-Identifier: GPL-2.0-only
"""Bring an edited definition of a function back into the model: parameters, type, comment."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from pathlib import Path

from generator.csource import call_arguments
from generator.model.decl import Function, Param
from generator.patches.draft import Draft, write_constant
from generator.render.env import Templates


def write_function(draft: Draft, function: Function, templates: Templates, text: str) -> None:
    """Write what a definition says into the model: parameters, what it returns, its comment.

    Args:
        draft: what is changed.
        function: the function of the model.
        templates: the scope that its old text was rendered in.
        text: the comment above the definition and its first lines, as edited.
    """
    comment, _, code = text.rpartition("*/")
    head = " ".join(code.split())
    match = re.fullmatch(r"(.*?)\b(\w+)\s*(\(.*\))", head)
    resolved = templates.scope.resolved(function)
    if match is None or match[2] != resolved.name:
        return
    spans, _ = call_arguments(match[3], 0)
    pieces = [span.of(match[3]) for span in spans]
    read = [read_param(piece) for piece in pieces if piece not in ("", "void")]
    params = [param for param in read if param is not None]
    if len(params) != len(read):
        return
    words = [function.storage, "__weak" if function.weak else ""]
    returns = " ".join(w for w in match[1].split() if w not in " ".join(words).split())
    if match[1].rstrip().endswith("*"):
        returns = re.sub(r"\s*\*$", " *", returns)
    if [(p.type, p.name) for p in params] != [(p.type, p.name) for p in resolved.params]:
        _rewrite(draft, function, "params", _params(draft, function, templates, params))
    if returns != function.returns and not re.search(r"\b__init\b|\bnotrace\b", returns):
        _rewrite(draft, function, "returns", json.dumps(returns))
    if comment.strip():
        _write_doc(draft, function, templates, comment)


def read_param(text: str) -> Param | None:
    """Return a parameter; None for what the model has no words for, such as an array."""
    function = re.fullmatch(r"(.*\(\s*\*)\s*(\w+)\s*(\)\s*\(.*\))", text)
    if function:
        return Param(f"{function[1]}{function[3]}", function[2])
    match = re.fullmatch(r"(.*?)\b(\w+)", text)
    if match is None:
        return None
    return Param(re.sub(r"\s*(\*+)$", r" \1", match[1].strip()), match[2])


def _keyword(draft: Draft, function: Function, name: str) -> tuple[Path, ast.Call, ast.expr | None]:
    """Return module and call that make a function of the model, and one of its arguments.

    Raises:
        LookupError: it is made in another way.
    """
    for path in sorted((draft.root / "generator/model").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            named = given.get("name")
            if node.func.id != "Function" or not isinstance(named, ast.Constant):
                continue
            if named.value == function.name:
                return path, node, given.get(name)
    raise LookupError(function.name)


def _rewrite(draft: Draft, function: Function, name: str, by: str) -> None:
    path, call, node = _keyword(draft, function, name)
    if node is not None:
        draft.replace_node(path, node, by)
        return
    behind = next(k.value for k in call.keywords if k.arg == "returns")
    text = ast.get_source_segment(path.read_text(), behind)
    draft.replace_node(path, behind, f"{text},\n        {name}={by}")


def _params(draft: Draft, function: Function, templates: Templates, params: Sequence[Param]) -> str:
    """Return the Python of parameters; those that stay keep theirs."""
    path, _, node = _keyword(draft, function, "params")
    text = path.read_text()
    elements = node.elts if isinstance(node, ast.Tuple) else []
    have = [
        (param, ast.get_source_segment(text, element) or "")
        for param, element in zip(function.params, elements, strict=True)
    ]
    pieces = []
    for param in params:
        same = [(p, code) for p, code in have if p.name == param.name]
        if same and same[0][0].type == param.type:
            pieces.append(same[0][1])
        else:
            doc = f", {json.dumps(same[0][0].doc)}" if same and same[0][0].doc else ""
            pieces.append(f"Param({json.dumps(param.type)}, {json.dumps(param.name)}{doc})")
    # a later patch's own
    pieces += [code for p, code in have if p.patch and not templates.scope.has(p.patch)]
    return f"({', '.join(pieces)}{',' if len(pieces) == 1 else ''})"


def _write_doc(draft: Draft, function: Function, templates: Templates, comment: str) -> None:
    """Write the paragraphs of a comment that have changed, where they are plain text."""
    rows = [re.sub(r"^\s*\*? ?", "", row) for row in comment.strip().split("\n")]
    rows = rows[1:] if rows and rows[0].startswith("/*") else rows
    paragraphs = [
        " ".join(piece.split()) for piece in re.split(r"\n\s*\n", "\n".join(rows)) if piece.strip()
    ]
    if paragraphs and paragraphs[0].startswith(f"{templates.scope.resolved(function).name}() - "):
        first = paragraphs[0].split("() - ", 1)[1]
        paragraphs[0] = re.split(r" @\w+: ", first)[0]
    if len(paragraphs) != len(function.doc):
        return
    for old, new in zip(function.doc, paragraphs, strict=True):
        if isinstance(old, str) and not old.startswith("@") and " ".join(old.split()) != new:
            write_constant(draft, old, new)
