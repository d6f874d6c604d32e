# SPDX-License-Identifier: GPL-2.0-only
"""Carry an order of the patches that somebody has made in his tree into the model.

The order is tried in a copy of the program, as ``importer`` tries its changes: where the series is
rendered in it as it stands in his tree, the patches of the series' module change places.
"""

from __future__ import annotations

import ast
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ExitCode, InfraError
from generator.model.series import Series
from generator.patches.draft import Draft
from generator.patches.importer import ImportRequest
from generator.patches.reading import prefix_ref
from generator.patches.trial import difference, in_process, render_draft
from generator.paths import write_atomic


@dataclass(frozen=True, kw_only=True)
class Order:
    """Neighbours of the series in another order.

    Attributes:
        said: what is out of the order that the series has, in words.
        idents: the patches, in the order that they are to have.
        number: how many patches are applied with the last of them.
        wanted: the files as they should be rendered then.
    """

    said: tuple[str, ...]
    idents: tuple[str, ...]
    number: int
    wanted: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """An order that was written into a copy of the program, for the process that renders it."""

    order: Order
    base: str
    series: str
    tree: Path
    commit: str
    workdir: Path
    parent: int

    def take(self) -> str:
        """Render the program that is running; return where it is not as it should be, as a diff.

        Raises:
            UserError: it cannot be rendered.
        """
        plan, _, ours = render_draft(self.base, self.series, self.tree, self.commit, self.workdir)
        ref = prefix_ref(plan, self.order.number)
        wanted = self.order.wanted.items()
        return "".join(difference(path, ours.file(ref, path), text) for path, text in wanted)


def import_order(order: Order, request: ImportRequest) -> str:
    """Put the patches of the program's series into an order, if that renders what is wanted.

    Args:
        order: which one it is to be.
        request: the program, with the changes of the same range brought in already.

    Returns:
        Why it was not done, with a diff of the rendered against the wanted files; "" if it was.

    Raises:
        InfraError: a process fails.
    """
    with tempfile.TemporaryDirectory() as place:
        draft = Draft.of(request.program, Path(place), request.plan.base.name)
        module = draft.root / request.plan.series.module
        if not _write_order(draft, module, order.idents):
            return "the patches do not stand there one after the other\n"
        trial = Trial(
            order=order,
            base=request.plan.base.name,
            series=request.plan.series.name,
            tree=request.source.path,
            commit=request.source.commit,
            workdir=request.workdir,
            parent=os.getpid(),
        )
        status, made, said = in_process(trial, draft.root)
        if status == ExitCode.USER:
            return f"in that order nothing can be rendered: {said}\n"
        if status:
            raise InfraError(f"a step of the import has failed: {said[-2000:]}")
        if made:
            return f"in that order the rendered files would be others:\n{made}"
        write_atomic(request.program / request.plan.series.module, module.read_bytes())
    return ""


def _write_order(draft: Draft, module: Path, idents: Sequence[str]) -> bool:
    """Let patches of a series change places; others between them stay where they are."""
    data = module.read_bytes()
    for node in ast.walk(ast.parse(data)):
        if not isinstance(node, ast.Tuple):
            continue
        have = [_ident(element) for element in node.elts]
        if not set(idents) <= set(have):
            continue
        texts = {
            name: ast.get_source_segment(data.decode(), element) or ""
            for name, element in zip(have, node.elts, strict=True)
        }
        left = iter(idents)
        new = {name: next(left) for name in have if name in idents}
        # from the end, so that those before keep their places
        for name, element in reversed([*zip(have, node.elts, strict=True)]):
            if new.get(name, name) != name:
                draft.replace_node(module, element, texts[new[name]])
        return True
    return False


def _ident(node: ast.expr) -> str:
    """Return the ident of a ``Patch(...)``, "" for anything else."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return ""
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    value = given.get("ident")
    named = node.func.id == "Patch" and isinstance(value, ast.Constant)
    return str(value.value) if named and isinstance(value, ast.Constant) else ""


def places_of(program: Path, series: Series, ident: str) -> Iterator[str]:
    """Yield the files of a program that name a patch, each with its lines: ``FILE:12,40``."""
    for folder, suffix in (("generator", ".py"), ("templates", ".j2")):
        for path in sorted((program / folder).rglob(f"*{suffix}")):
            rows = path.read_text(errors="surrogateescape").split("\n")
            quoted = (f'"{ident}"', f"'{ident}'")
            found = [str(n) for n, row in enumerate(rows, 1) if any(q in row for q in quoted)]
            if found:
                yield f"{path.relative_to(program)}:{','.join(found)}"
    message = program / "templates" / f"{series.message(ident)}.j2"
    if message.is_file():
        yield str(message.relative_to(program))
