# SPDX-License-Identifier: GPL-2.0-only
"""Compare the model with what libclang sees in the tip, with the kernel's own compile flags.

Needs a build directory of the tip: kbuild leaves the command line of each object in a ``.cmd`` file
beside it. The model's prototypes, definitions and structures must be there with their names, types
and order, and nothing but x86's ``thread_struct`` may have lost ``trap_no`` to ``trap_nr``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from clang.cindex import Cursor, CursorKind, TranslationUnit, TranslationUnitLoadError

from generator.errors import InfraError
from generator.kbuild.objects import recorded_command
from generator.model.decl import Function, Struct

# gcc's own; libclang would call them errors
_UNKNOWN = ("-mpreferred-stack-boundary=", "-fno-allow-store-data-races", "-fconserve-stack")


class ParseError(InfraError):
    """A source is not C to libclang; gcc 12 only warns of some of what libclang calls an error."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Something that is not as the model says; ``place`` is ``file:line`` of the tree."""

    place: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check: what was looked at, how many things, and what is not as it should be."""

    what: str
    checked: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Unit:
    """A parsed source file of the tree; to walk through it takes seconds, and is done once."""

    source: str
    root: Cursor

    @cached_property
    def functions(self) -> Mapping[str, Cursor]:
        """The functions that are defined, by name."""
        return {
            cursor.spelling: cursor
            for cursor in self.root.get_children()
            if cursor.kind is CursorKind.FUNCTION_DECL and cursor.is_definition()
        }

    @cached_property
    def member_references(self) -> tuple[Cursor, ...]:
        """The uses of members in the file itself."""
        return tuple(
            cursor
            for top in self.root.get_children()
            if str(top.location.file).endswith(self.source)
            for cursor in top.walk_preorder()
            if cursor.kind is CursorKind.MEMBER_REF_EXPR
        )


def compile_flags(build_dir: Path, source: str) -> list[str]:
    """Return the flags kbuild compiled ``source`` with, fit for libclang.

    Raises:
        UserError: the object was not compiled in this directory.
    """
    flags = [w for w in recorded_command(build_dir, source)[1:] if not w.startswith(_UNKNOWN)]
    return [*flags, "-w", f"-working-directory={build_dir}"]


def parse(tree: Path, build_dir: Path, source: str, files: Mapping[str, str] | None = None) -> Unit:
    """Parse ``source``, a path relative to the tree.

    Args:
        tree: the source tree.
        build_dir: where kbuild has compiled it.
        source: the file.
        files: text that stands in for that of files of the tree.

    Raises:
        UserError: kbuild has not compiled it.
        InfraError: libclang cannot read the file.
        ParseError: it finds errors in it.
    """
    file = tree / source
    unsaved = [(str(tree / path), text) for path, text in (files or {}).items()]
    try:
        unit = TranslationUnit.from_source(
            str(file), args=compile_flags(build_dir, source), unsaved_files=unsaved
        )
    except TranslationUnitLoadError as error:
        raise InfraError("libclang cannot parse the file", where=str(file)) from error
    errors = [d for d in unit.diagnostics if d.severity >= 3]
    if errors:
        raise ParseError(f"libclang finds: {errors[0].spelling}", where=str(file))
    return Unit(source=source, root=unit.cursor)


def place_of_cursor(cursor: Cursor, tree: Path) -> str:
    """Return file and line of a cursor, the file as the tree has it."""
    file = str(cursor.location.file)
    return f"{file.removeprefix(f'{tree}/').removeprefix('../')}:{cursor.location.line}"


def spelled(text: str) -> str:
    """Return a type without what does not matter to a caller.

    That is blanks, how bool is written, that what is passed by value is not changed, and what only
    sparse reads.
    """
    text = text.removeprefix("const ") if "*" not in text else text
    text = re.sub(r"\b__user\b", "", text)
    return re.sub(r"\s+", "", text.replace("_Bool", "bool"))


def compare_functions(
    unit: Unit, tree: Path, wanted: dict[str, Function]
) -> tuple[set[str], list[Difference]]:
    """Compare the declarations in a unit with the model's functions, by name.

    Returns:
        The names that are defined in the unit, and the differences.
    """
    defined: set[str] = set()
    found: list[Difference] = []
    for cursor in unit.root.get_children():
        if cursor.kind is not CursorKind.FUNCTION_DECL or cursor.spelling not in wanted:
            continue
        function = wanted[cursor.spelling]
        have = [(spelled(a.type.spelling), a.spelling) for a in cursor.get_arguments()]
        want = [(spelled(p.type), p.name) for p in function.params]
        if have != want:
            found.append(
                Difference(
                    place=place_of_cursor(cursor, tree),
                    what=f"{cursor.spelling}{have}, the model says {want}",
                )
            )
        if spelled(cursor.result_type.spelling) != spelled(function.returns):
            found.append(
                Difference(
                    place=place_of_cursor(cursor, tree),
                    what=f"{cursor.spelling} returns {cursor.result_type.spelling}, "
                    f"the model says {function.returns}",
                )
            )
        if cursor.is_definition():
            defined.add(cursor.spelling)
    return defined, found


def compare_structs(unit: Unit, tree: Path, wanted: Mapping[str, Struct]) -> list[Difference]:
    """Compare the members of structures, names and order, with the model's."""
    found: list[Difference] = []
    seen: set[str] = set()
    for cursor in unit.root.get_children():
        if cursor.kind is not CursorKind.STRUCT_DECL or cursor.spelling not in wanted:
            continue
        have = [m.spelling for m in cursor.get_children() if m.kind is CursorKind.FIELD_DECL]
        if not have:
            continue
        seen.add(cursor.spelling)
        want = [member.name for member in wanted[cursor.spelling].members]
        if have != want:
            found.append(
                Difference(
                    place=place_of_cursor(cursor, tree),
                    what=f"struct {cursor.spelling} has {have}, the model says {want}",
                )
            )
    missing = sorted(wanted.keys() - seen)
    return found + [
        Difference(place=unit.source, what=f"struct {name} is not declared") for name in missing
    ]


def member_uses(unit: Unit, member: str) -> Iterator[tuple[str, int]]:
    """Yield the structure and the line of each use of ``member`` in the file itself."""
    for cursor in unit.member_references:
        if cursor.spelling == member:
            owner = cursor.referenced.semantic_parent if cursor.referenced else None
            yield (owner.spelling if owner else "", cursor.location.line)


def names_used(unit: Unit, function: str) -> set[str]:
    """Return the identifiers that the body of ``function`` refers to."""
    if function not in unit.functions:
        return set()
    kinds = (CursorKind.DECL_REF_EXPR, CursorKind.CALL_EXPR)
    return {c.spelling for c in unit.functions[function].walk_preorder() if c.kind in kinds}
