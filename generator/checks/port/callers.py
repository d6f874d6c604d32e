# SPDX-License-Identifier: GPL-2.0-only
"""What the interface of uprobes has in a tree and a known tree has not: callbacks and callers.

Both are read as text. What is new in ``include/linux/uprobes.h`` is a function, a type, a macro or
a member that the model may not know; a new caller is a function of the rest of the tree that calls
what that header declares, and that does not do so in the known tree. Where it stands is no matter:
files are split and moved.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping

from generator import csource
from generator.checks.port.item import Item, Work
from generator.checks.port.remains import EVERYWHERE, enclosing, functions_in, things_in
from generator.checks.port.types import BASIC, Signature, read_signature
from generator.errors import UserError
from generator.model.files import ARCH, ARCH_H, CORE, CORE_H
from generator.tree.acquire import Source

_OURS = frozenset((CORE, CORE_H, ARCH, ARCH_H))
_GENERAL = frozenset(("struct", "union", "enum", "defined", "_LINUX_UPROBES_H", *BASIC))


def compare_interface(new: Source, like: Source, gone: Container[str]) -> Iterator[Item]:
    """Yield what the header of one tree declares otherwise than that of the other, and callers.

    Args:
        new: the tree that is looked at.
        like: the known one.
        gone: what the baseline takes out of the header; it is no matter.
    """
    try:
        texts = new.load(CORE_H), like.load(CORE_H)
    except UserError:
        return
    yield from _new_things(new, *texts, gone)
    yield from _other_types(*texts, gone)
    yield from _new_members(*texts, gone)
    yield from _new_callers(new, like, *texts)


def _new_things(source: Source, here: str, there: str, gone: Container[str]) -> Iterator[Item]:
    core, arch = source.load(CORE), source.load(ARCH)
    for name, line in things_in(here).items():
        if name in things_in(there) or name in _GENERAL or name in gone:
            continue
        defined = functions_in(core).get(name)
        notes = []
        if defined:
            weak = "weak, " if "__weak" in defined.head.of(core) else ""
            notes.append(f"{weak}defined in {CORE}:{csource.line_of(core, defined.head.start)}")
        if name in functions_in(arch):
            start = functions_in(arch)[name].head.start
            notes.append(f"{ARCH}:{csource.line_of(arch, start)} has it, which is written anew")
        yield Item(
            work=Work.DECIDE,
            kind="new",
            name=name,
            where=f"{CORE_H}:{line}",
            problem="is new" + (f": {'; '.join(notes)}" if notes else ""),
        )


def _other_types(here: str, there: str, gone: Container[str]) -> Iterator[Item]:
    for name in sorted(things_in(here).keys() & things_in(there).keys()):
        if name in gone:
            continue
        ours, theirs = (_prototype(text, name) for text in (here, there))
        if ours and theirs and ours.types != theirs.types:
            yield Item(
                work=Work.DECIDE,
                kind="new",
                name=f"{name}()",
                where=ours.place,
                problem=f"is {ours}",
                like=f"{theirs.place}: {theirs}",
            )


def _prototype(text: str, name: str) -> Signature | None:
    match = re.search(rf"^(?![\s#])[^\n;={{}}()]*?\b{name}[ \t]*\(", csource.code(text), re.M)
    return read_signature(text, match.end() - 1, name, CORE_H) if match else None


def _new_members(here: str, there: str, gone: Container[str]) -> Iterator[Item]:
    for struct in re.findall(r"^struct (\w+) \{", csource.code(here), re.M):
        old = csource.find_aggregate(there, "struct", struct)
        new = csource.find_aggregate(here, "struct", struct)
        if not old or not new or struct in gone:
            continue
        known = set(re.findall(r"\w+", csource.code(old[1].of(there))))
        for match in re.finditer(r"\b(\w+)(?:\[[^]]*\])?;", csource.code(new[1].of(here))):
            if match[1] not in known:
                yield Item(
                    work=Work.DECIDE,
                    kind="new",
                    name=f"{struct}.{match[1]}",
                    where=f"{CORE_H}:{csource.line_of(here, new[1].start + match.start())}",
                    problem="is a new member",
                )


def _new_callers(new: Source, like: Source, here: str, there: str) -> Iterator[Item]:
    names = tuple(sorted(_functions(here) | _functions(there)))
    known = _callers(like, names)
    for (callee, function), where in sorted(_callers(new, names).items()):
        if (callee, function) not in known:
            others = sorted(f"{f}()" for c, f in known if c == callee)
            yield Item(
                work=Work.DECIDE,
                kind="caller",
                name=f"{function}()",
                where=where,
                problem=f"calls {callee}()",
                like=f"called by {', '.join(others)}" if others else "",
            )


def _functions(header: str) -> frozenset[str]:
    found = re.findall(r"^(?![\s#])[^\n;={}()]*?\b(\w+)[ \t]*\(", csource.code(header), re.M)
    return frozenset(found) - _GENERAL


def _callers(source: Source, names: tuple[str, ...]) -> Mapping[tuple[str, str], str]:
    """Return who calls, in the rest of the tree: what and from which function, with its place."""
    found: dict[tuple[str, str], str] = {}
    paths = {path for path, _ in source.lines(EVERYWHERE, names)} - _OURS
    call = re.compile(rf"(?<![\w.>])({'|'.join(names)})[ \t]*\(")
    for path in sorted(path for path in paths if path.endswith((".c", ".h"))):
        text = source.load(path)
        for match in call.finditer(csource.code(text)):
            function = enclosing(text, match.start())
            if function and function != match[1]:
                place = f"{path}:{csource.line_of(text, match.start())}"
                found.setdefault((match[1], function), place)
    return found
