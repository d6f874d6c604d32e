# SPDX-License-Identifier: GPL-2.0-only
"""Show that preparatory patches change no object code: compile before and after, and compare.

The objects of each C file that a patch touches are compiled with the kernel's own command lines.
What the patch renames is taken back in the text after it, since a name can become a string, as that
of a lock's class. The order of parameters that it changes the preprocessor takes back:
``-Df(a,b)=f(b,a)``, which swaps in prototypes, definitions and calls alike. Then the code has to be
the same, instruction by instruction, name by name; and so do read-only and initialised data. A call
that was forgotten shows.
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from generator.errors import InfraError
from generator.kbuild.objects import compile_object, disassemble, is_compiled
from generator.model.edits import Edit, RenameIdentifiers, ReorderParameters
from generator.plan import Plan, PlannedPatch
from generator.tree.refs import read_ref

# line numbers of WARN_ON() and the like, names of exported symbols, what describes the code
_NOT_COMPARED = (
    ".eh_frame",
    "__bug_table",
    "__ksymtab",
    "__kcrctab",
    "__patchable",
    ".modinfo",
    ".note",
)


@dataclass(frozen=True, kw_only=True)
class Build:
    """A build directory that has command lines: what it is called, source tree, directory."""

    name: str
    tree: Path
    directory: Path


@dataclass(frozen=True, kw_only=True)
class CodeResult:
    """An object before and after a patch.

    Attributes:
        patch: number of the patch.
        source: the C file.
        build: where it was compiled, "" when no build directory compiles it.
        instructions: how many there are.
        functions: that have other code; "data" stands for data.
        problem: why the patch does not keep its promise; "" is good.
        diff: the first lines that differ.
    """

    patch: int
    source: str
    build: str
    instructions: int = 0
    functions: tuple[str, ...] = ()
    problem: str = ""
    diff: tuple[str, ...] = ()


def compare_code(
    plan: Plan, repo: Path, builds: tuple[Build, ...], place: Path
) -> tuple[CodeResult, ...]:
    """Compile what every patch touches that promises to change no code.

    Args:
        plan: the series for its base.
        repo: the rendered repository.
        builds: where commands are looked for, in this order.
        place: a folder of our own.

    Raises:
        UserError: nothing is built.
        InfraError: a tool is missing, or an object does not compile.
    """
    results: list[CodeResult] = []
    before = read_ref(repo, "baseline").texts
    for planned in plan.patches:
        after = read_ref(repo, f"{plan.series.name}-{planned.number:02d}").texts
        if planned.patch.unchanged:
            changed = [p for p in sorted(after) if p.endswith(".c") and after[p] != before.get(p)]
            for source in changed:
                results.append(_compare(planned, source, (before, after), builds, place))
        before = after
    return tuple(results)


def undo_renames(edits: tuple[Edit, ...], files: Mapping[str, str]) -> dict[str, str]:
    """Return the files after a patch with the names of before."""
    old = {
        after: before
        for edit in edits
        if isinstance(edit, RenameIdentifiers)
        for before, after in edit.renames
    }
    if not old:
        return dict(files)
    names = re.compile(rf"\b(?:{'|'.join(map(re.escape, old))})\b")
    return {path: names.sub(lambda m: old[m[0]], text) for path, text in files.items()}


def undo_flags(edits: tuple[Edit, ...]) -> tuple[str, ...]:
    """Return the flags with which the preprocessor takes back the order of parameters."""
    flags: dict[str, None] = {}
    for edit in edits:
        if isinstance(edit, ReorderParameters):
            names = [f"p{index}" for index in range(len(edit.order))]
            old = [""] * len(names)
            for new_place, old_place in enumerate(edit.order):
                old[old_place] = names[new_place]
            macro = f"-D{edit.function}({','.join(names)})={edit.function}({','.join(old)})"
            flags[macro] = None
    return tuple(flags)


def _compare(
    planned: PlannedPatch,
    source: str,
    files: tuple[Mapping[str, str], Mapping[str, str]],
    builds: tuple[Build, ...],
    place: Path,
) -> CodeResult:
    build = next((b for b in builds if is_compiled(b.directory, source)), None)
    if build is None:
        return CodeResult(patch=planned.number, source=source, build="")
    before, after = files
    undone = undo_renames(planned.edits, after), undo_flags(planned.edits)
    shown, data = [], []
    for text, extra in ((before, ()), undone):
        made = compile_object(build.tree, build.directory, source, text, place, flags=extra)
        if not made.object:
            said = next((words for _, words in made.messages if "error" in words), "no object")
            raise InfraError(f"does not compile: {said}", where=f"{source} ({build.name})")
        shown.append(disassemble(made.object, place))
        data.append(_data(made.object))
    lines = [text.split("\n") for text in shown]
    diff = tuple(difflib.unified_diff(lines[0], lines[1], "before", "after", n=0, lineterm=""))
    functions = tuple(_differing(*shown)) + (("data",) if data[0] != data[1] else ())
    problem = ""
    if functions and source not in planned.patch.changed:
        problem = f"the code is another one: {', '.join(functions)}"
    return CodeResult(
        patch=planned.number,
        source=source,
        build=build.name,
        instructions=sum(line.startswith("\t") for line in shown[0].split("\n")),
        functions=functions,
        problem=problem,
        diff=diff[:40],
    )


def _differing(before: str, after: str) -> Iterator[str]:
    """Yield the functions whose code is not the same, or that only one side has."""
    old, new = dict(_functions(before)), dict(_functions(after))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield name


def _functions(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and code of each function of a disassembly."""
    for part in text.split("\n\n"):
        head, _, body = part.strip("\n").partition("\n")
        if head.startswith("<"):
            yield head.strip("<>:"), body
        elif body:
            yield head, body


def _data(data: bytes) -> dict[str, tuple[bytes, ...]]:
    """Return the sections of an object that the kernel loads and does not execute."""
    found: dict[str, tuple[bytes, ...]] = {}
    for section in ELFFile(io.BytesIO(data)).iter_sections():
        flags = section["sh_flags"]
        if not flags & SH_FLAGS.SHF_ALLOC or flags & SH_FLAGS.SHF_EXECINSTR:
            continue
        if not any(part in section.name for part in _NOT_COMPARED):
            found[section.name] = (*found.get(section.name, ()), section.data())
    return found
