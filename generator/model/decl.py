# SPDX-License-Identifier: GPL-2.0-only
"""The words for C declarations: what a prototype, a structure, a macro is made of.

Pure data, filled in by ``interface`` and ``opcodes``, turned into C text by ``render.cdecl``.
Types are C type names as they stand before a declarator, without trailing blank; a pointer ends in
``*`` (``struct pt_regs *``). A pointer to a function is ``int (*)(void *)``, its name left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

BASELINE = "baseline"
"""The ``patch`` of what is there before the first one."""


@dataclass(frozen=True, kw_only=True)
class When:
    """Words of a comment that depend on where in which series it stands.

    Attributes:
        patch: the patch from which on ``then`` is said; or
        fact: the fact in ``Base.has`` with which it is.
        then, otherwise: what is said, with and without.
    """

    patch: str = ""
    fact: str = ""
    then: str = ""
    otherwise: str = ""


Paragraph = str | tuple[str | When, ...]
"""A paragraph of a comment: its text, or the parts of it."""


@dataclass(frozen=True)
class Param:
    """A parameter: its type, its name, and what it is (for kernel-doc); ``patch`` brings it."""

    type: str
    name: str
    doc: str = ""
    patch: str = ""


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function of the series; a helper that stands in a template alone has none.

    Attributes:
        name: what the model calls it: the identifier, where no base spells it otherwise
            (``Base.names``).
        returns: the return type.
        params: in their order, which is part of the interface (point R03 of ``model.review``).
        doc: full sentences that stand above the definition, one paragraph an entry.
        storage: what stands in front of the return type: ``static``, ``static inline`` or nothing.
        weak: the definition is a default that an architecture may replace.
        header: where the prototype stands, for functions that are not static.
        stub: the body of the empty inline for kernels without uprobes: None for no inline,
            "" for an empty body, otherwise the expression that is returned.
        patch: identifier of the patch that brings the function.
        c_name: the identifier in C where it is not ``name``, on any base: an architecture's own
            version of a function that has a weak default.
        former_name: the identifier before the patch that makes names consistent.
        former_order: for each position, that of the parameter that stood there before the patch
            that makes the order consistent; empty when nothing changes.
        needs, unless: a fact in ``Base.has`` with which, or without which, the series brings it.
    """

    name: str
    returns: str
    params: tuple[Param, ...] = ()
    doc: tuple[Paragraph, ...]
    storage: str = ""
    weak: bool = False
    header: str = ""
    stub: str | None = None
    patch: str
    c_name: str = ""
    former_name: str = ""
    former_order: tuple[int, ...] = ()
    needs: str = ""
    unless: str = ""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member of a structure; ``patch`` brings it, ``guard`` is the CONFIG symbol around it."""

    type: str
    name: str
    comment: str = ""
    patch: str = ""
    guard: str = ""
    array: str = ""


@dataclass(frozen=True, kw_only=True)
class Struct:
    """A structure with the comment above it."""

    name: str
    doc: tuple[str, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True, kw_only=True)
class Enumerator:
    """One value of an enumeration."""

    name: str
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Enum:
    """An enumeration with the comment above it."""

    name: str
    doc: tuple[str, ...]
    values: tuple[Enumerator, ...]


@dataclass(frozen=True, kw_only=True)
class Macro:
    """An object-like macro; ``value`` is its replacement text."""

    name: str
    value: str
    comment: str = ""
    patch: str = ""


@dataclass(frozen=True, kw_only=True)
class Interface:
    """Everything the series declares, in the order in which it is declared."""

    functions: tuple[Function, ...]
    structs: tuple[Struct, ...]
    enums: tuple[Enum, ...]
    macros: tuple[Macro, ...]
    by_name: dict[str, Function] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {f.name: f for f in self.functions})
