# SPDX-License-Identifier: GPL-2.0-only
"""A copy of the program in which an import tries its changes: templates, and texts of the model."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

COPIED = ("generator", "templates")


@dataclass
class Draft:
    """A copy of the program and its templates in which changes are tried."""

    root: Path
    base: str = ""
    templates: dict[str, Lines] = field(default_factory=dict)

    @classmethod
    def of(cls, program: Path, place: Path, base: str) -> Draft:
        """Copy a checkout, to be changed for a base."""
        for name in COPIED:
            # with what Python has compiled of it, but for what it is just writing
            ignored = shutil.ignore_patterns("*.pyc.*")
            shutil.copytree(program / name, place / name, ignore=ignored, dirs_exist_ok=True)
        return cls(place, base)

    def lines(self, template: str) -> Lines:
        """Return the lines of a template, to be changed."""
        if template not in self.templates:
            text = (self.root / "templates" / template).read_text(errors="surrogateescape")
            self.templates[template] = Lines(text.split("\n"))
        return self.templates[template]

    def write(self) -> None:
        """Write the templates that were changed."""
        for name, lines in self.templates.items():
            path = self.root / "templates" / name
            path.write_text(lines.text(), errors="surrogateescape")

    def follow(self, names: Iterable[str]) -> Iterator[str]:
        """Change calls as the same calls were changed: those that another base or prefix has.

        Args:
            names: the functions whose prototypes have changed.

        Yields:
            The places.
        """
        called = re.compile(rf"(?![/ ]?\*)(?=.*\b(?:{'|'.join(map(re.escape, names))})\()")
        changed = {
            lines.old[number].strip(): now.strip()
            for lines in self.templates.values()
            for number, now in lines.changed.items()
            if now is not None and called.match(lines.old[number].strip())
        }
        folder = self.root / "templates"
        for path in sorted(folder.rglob("*.j2")) if changed else ():
            text = path.read_text(errors="surrogateescape")
            if not any(line in text for line in changed):
                continue
            lines = self.lines(str(path.relative_to(folder)))
            for number, line in enumerate(lines.old):
                if line.strip() in changed and number not in lines.changed:
                    indent = line[: len(line) - len(line.lstrip())]
                    lines.changed[number] = indent + changed[line.strip()]
                    yield f"{path.relative_to(self.root)}:{number + 1}"

    def replace_node(self, file: Path, node: ast.expr, by: str) -> None:
        """Replace an expression of a module; other nodes of the same module lose their place."""
        data = file.read_bytes()
        starts = [0]
        for line in data.split(b"\n"):
            starts.append(starts[-1] + len(line) + 1)
        first = starts[node.lineno - 1] + node.col_offset
        last = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        file.write_bytes(data[:first] + by.encode() + data[last:])


@dataclass
class Lines:
    """The lines of a template as they were, and what becomes of each."""

    old: list[str]
    changed: dict[int, str | None] = field(default_factory=dict)
    behind: dict[int, list[str]] = field(default_factory=dict)

    def put(self, line: int, rows: Iterable[str]) -> None:
        """Put lines behind a line; -1 is the start."""
        self.behind.setdefault(line, []).extend(rows)

    def text(self) -> str:
        """Return the template as it is now."""
        rows = list(self.behind.get(-1, []))
        for number, line in enumerate(self.old):
            now = self.changed.get(number, line)
            rows += [] if now is None else [now]
            rows += self.behind.get(number, [])
        return "\n".join(rows)

    def outermost(self, first: int, last: int) -> int:
        """Return behind which line from ``first`` to ``last`` the fewest conditionals are open."""
        depth, least, place = 0, 0, first
        for number in range(first + 1, last):
            line = self.old[number]
            depth += len(re.findall(r"\{%-?\s*(?:if|for)\b", line))
            depth -= len(re.findall(r"\{%-?\s*end(?:if|for)\b", line))
            if depth < least:
                least, place = depth, number
        return place


def _constants(draft: Draft, value: str) -> Iterator[tuple[Path, ast.Constant]]:
    """Yield where the model has a text, in the base's own module first and in no other base's."""
    own = f"v{draft.base.replace('.', '_')}"
    ranks = {own: 0, own.partition("_")[0]: 1}
    paths = [
        path
        for path in (draft.root / "generator/model").rglob("*.py")
        if path.parent.name != "bases" or path.stem in ranks or not re.match(r"v\d", path.stem)
    ]
    for path in sorted(paths, key=lambda p: (ranks.get(p.stem, 2), p)):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Constant) and node.value == value:
                yield path, node


def place_of_constant(draft: Draft, text: str) -> str:
    """Return ``file:line`` of a text of the model, "" when it is made up of several."""
    for path, node in _constants(draft, text):
        return f"{path.relative_to(draft.root)}:{node.lineno}"
    return ""


def write_constant(draft: Draft, old: str, new: str) -> None:
    """Write a text of the model in place of another one."""
    for path, node in _constants(draft, old):
        rows = new.split("\n")
        pieces = [json.dumps(row + "\n", ensure_ascii=False) for row in rows[:-1]]
        pieces += [json.dumps(rows[-1], ensure_ascii=False)] if rows[-1] or not pieces else []
        draft.replace_node(path, node, f"\n{' ' * 12}".join(pieces))
        return
