# SPDX-License-Identifier: GPL-2.0-only
"""Read the interface headers with pycparser, at every prefix, with uprobes on and off.

No header of the kernel is needed: ``include/linux/uprobes.h`` is preprocessed alone, with the
architecture's header in place of its ``#include``; types that come from elsewhere are declared in
front. Prototypes, structures, enumerations and macros must be the model's, with types and order, as
far as the patches applied so far bring them; with uprobes off there are the empty inlines instead,
and nothing else of the series.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from pycparser import c_ast, c_generator, c_parser

from generator import tools
from generator.checks.interface.ast import Check, Difference
from generator.checks.interface.refs import Prefixes
from generator.model.decl import BASELINE, Function, Member
from generator.model.interface import INTERFACE
from generator.plan import Plan, Scope

ARCH_H = "arch/x86/include/asm/uprobes.h"
CORE_H = "include/linux/uprobes.h"

_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[^\n]*$", re.M)
_ARCH_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<asm/uprobes\.h>[ \t]*$", re.M)
_OWN = re.compile(r"\btypedef\s[^;]*?(?:(\w+)|\(\*\s*(\w+)\)\([^;]*\))\s*;")
_FLAGS = ("-E", "-undef", "-D__KERNEL__", "-DCONFIG_X86_64", "-D__init=", "-D__user=")
_BASIC = (
    "typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; "
    "typedef unsigned long u64; typedef u64 __u64; typedef int s32; typedef _Bool bool;"
)


def check_headers(plan: Plan, prefixes: Prefixes) -> tuple[Check, ...]:
    """Compare the headers at every prefix with the model.

    Args:
        plan: the series for its base.
        prefixes: the prefixes, with their files.

    Raises:
        InfraError: the preprocessor cannot be run.
    """
    checks = []
    for on in (True, False):
        count, found = 0, list[Difference]()
        for ref, (patches, files) in prefixes.items():
            checked, differences = _check_prefix(plan, ref, patches, files, on=on)
            count += checked
            found += differences
        checks.append(
            Check(
                what=f"headers at every prefix, uprobes {'on' if on else 'off'}",
                checked=count,
                differences=tuple(found),
            )
        )
    return tuple(checks)


def _check_prefix(
    plan: Plan, ref: str, patches: tuple[str, ...], files: Mapping[str, str], *, on: bool
) -> tuple[int, list[Difference]]:
    if CORE_H not in files or ARCH_H not in files:
        return 0, [Difference(place=ref, what=f"there is no {CORE_H} or no {ARCH_H}")]
    try:
        header = _Header(read_header(files[CORE_H], files[ARCH_H], on=on))
    except c_parser.ParseError as error:
        return 0, [
            Difference(place=f"{ref}: {CORE_H}", what=f"pycparser does not read it: {error}")
        ]
    look = _Compare(plan, patches, header)
    found = list(look.functions_on() if on else look.functions_off())
    found += look.types() if on else ()
    return look.count, [Difference(place=f"{ref}: {place}", what=what) for place, what in found]


@cache
def read_header(core: str, arch: str, *, on: bool) -> c_ast.FileAST:
    """Return what pycparser reads in the two headers.

    Raises:
        InfraError: the preprocessor cannot be run.
        ParseError: this is no C.
    """
    flags = [*_FLAGS, *(["-DCONFIG_UPROBES"] if on else [])]
    inner = f'\n# 1 "{ARCH_H}"\n{_INCLUDE.sub("", arch)}\n# 1 "{CORE_H}"\n'
    text = _INCLUDE.sub("", _ARCH_INCLUDE.sub(lambda match: inner, core))
    done = tools.run(["gcc", *flags, "-"], stdin=f'# 1 "{CORE_H}"\n{text}')
    own = {name for names in _OWN.findall(done.stdout) for name in names}
    foreign = sorted(set(re.findall(r"\b\w+_t\b", done.stdout)) - own)
    types = " ".join(f"typedef int {name};" for name in foreign)
    return c_parser.CParser().parse(f"{_BASIC} {types}\n{done.stdout}", CORE_H)


class _Header:
    """What stands in a header: by name, the declarations of each kind."""

    def __init__(self, unit: c_ast.FileAST) -> None:
        self.prototypes: dict[str, list[c_ast.Decl]] = {}
        self.inlines: dict[str, c_ast.FuncDef] = {}
        self.structs: dict[str, c_ast.Struct] = {}
        self.enums: dict[str, c_ast.Enum] = {}
        for node in unit.ext:
            if isinstance(node, c_ast.FuncDef):
                self.inlines[node.decl.name] = node
            elif isinstance(node, c_ast.Decl):
                self._declared(node)

    def _declared(self, node: c_ast.Decl) -> None:
        if isinstance(node.type, c_ast.FuncDecl):
            self.prototypes.setdefault(node.name, []).append(node)
        elif isinstance(node.type, c_ast.Struct) and node.type.decls is not None:
            self.structs[node.type.name] = node.type
        elif isinstance(node.type, c_ast.Enum) and node.type.values is not None:
            self.enums[node.type.name] = node.type


class _Compare:
    """Compares a header with what the model says for some patches; ``count`` is how much."""

    def __init__(self, plan: Plan, patches: tuple[str, ...], header: _Header) -> None:
        self._scope = Scope(base=plan.base, patches=patches)
        self._header = header
        self.count = 0
        self._there = [f for f in self._scope.functions.values() if f.header == CORE_H]
        self._later = {f.name for f in self._scope.later.values() if f.header == CORE_H}
        # the base's own prototypes call parameters otherwise, until a patch writes them anew
        self._others_names = not self._scope.has("param-order")

    def functions_on(self) -> Iterator[tuple[str, str]]:
        """Compare prototypes; an inline must not be there."""
        for function in self._there:
            self.count += 1
            declared = self._header.prototypes.get(function.name, [])
            if len(declared) != 1:
                yield CORE_H, f"{function.name}() is declared {len(declared)} times"
            named = not (self._others_names and function.patch == BASELINE)
            for node in declared:
                yield from _signature(function, node, named=named)
        seen = self._header.prototypes.keys() | self._header.inlines.keys()
        for name in sorted(self._later & seen):
            yield CORE_H, f"{name}() is there before its patch"
        for name in sorted(self._header.inlines.keys() & {f.name for f in self._there}):
            yield CORE_H, f"{name}() is an inline"

    def functions_off(self) -> Iterator[tuple[str, str]]:
        """Compare the empty inlines; a function without one must not be there."""
        for function in self._there:
            inline = self._header.inlines.get(function.name)
            if function.name in self._header.prototypes:
                yield CORE_H, f"{function.name}() is declared without uprobes"
            if function.stub is None:
                if inline is not None:
                    yield CORE_H, f"{function.name}() has an inline, the model has none"
                continue
            self.count += 1
            if inline is None:
                yield CORE_H, f"{function.name}() has no inline without uprobes"
                continue
            yield from _signature(function, inline.decl)
            yield from _stub(function, inline)
        seen = self._header.prototypes.keys() | self._header.inlines.keys()
        for name in sorted(self._later & seen):
            yield CORE_H, f"{name}() is there before its patch"

    def types(self) -> Iterator[tuple[str, str]]:
        """Compare structures with the types of their members, and enumerations."""
        for struct in self._scope.structs.values():
            node = self._header.structs.get(struct.name)
            wanted = [
                _squeezed(f"{member.type} {member.name}{_array(member)}")
                for member in struct.members
            ]
            if node is None:
                continue
            self.count += len(wanted)
            have = [_squeezed(_text(member)) for member in node.decls]
            if have != wanted:
                yield _place(node), f"struct {struct.name} has {have}, the model says {wanted}"
        for enum in INTERFACE.enums:
            node = self._header.enums.get(enum.name)
            if node is None:
                continue
            self.count += len(enum.values)
            names = [value.name for value in node.values.enumerators]
            if names != [value.name for value in enum.values]:
                yield _place(node), f"enum {enum.name} has {names}, not the model's order"


def _signature(
    function: Function, node: c_ast.Decl, *, named: bool = True
) -> Iterator[tuple[str, str]]:
    """Compare types and order of parameters, with ``named`` their names too."""
    arguments = node.type.args.params if node.type.args else []
    if named:
        have = [_squeezed(_text(argument)) for argument in arguments]
        want = [_squeezed(f"{param.type} {param.name}") for param in function.params]
    else:
        have = [_type(argument.type) for argument in arguments]
        want = [_squeezed(param.type) for param in function.params]
    if have != (want or ["void"]):
        yield _place(node), f"{function.name}({have}), the model says {want}"
    returns = _type(node.type.type)
    if returns != _squeezed(function.returns):
        yield _place(node), f"{function.name}() returns {returns}, not {function.returns}"


def _stub(function: Function, node: c_ast.FuncDef) -> Iterator[tuple[str, str]]:
    body = _squeezed(_text(node.body)).strip("{}")
    want = _squeezed(f"return {function.stub};") if function.stub else ""
    if body != want:
        yield _place(node.decl), f"the inline {function.name}() does '{body}', not '{want}'"
    if "inline" not in node.decl.funcspec or "static" not in node.decl.storage:
        yield _place(node.decl), f"{function.name}() is no static inline"


def _array(member: Member) -> str:
    """Return the brackets behind a member, written as pycparser writes those of the header."""
    if not member.array:
        return ""
    values = {macro.name: macro.value for macro in INTERFACE.macros}
    brackets = re.sub(r"\w+", lambda word: values.get(word[0], word[0]), f"[{member.array}]")
    defined = {flag.removeprefix("-D") for flag in _FLAGS}
    brackets = re.sub(r"\w+", lambda word: "1" if word[0] in defined else word[0], brackets)
    (node,) = c_parser.CParser().parse(f"int x{brackets};").ext
    return _text(node).removeprefix("int x")


def _type(node: c_ast.Node) -> str:
    """Return a type as text, without blanks."""
    return _squeezed(_text(c_ast.Typename(None, [], None, _unnamed(node))))


def _unnamed(node: c_ast.Node) -> c_ast.Node:
    """Return a type without the name that it declares."""
    if isinstance(node, c_ast.TypeDecl):
        return c_ast.TypeDecl(None, node.quals, node.align, node.type)
    return c_ast.PtrDecl(node.quals, _unnamed(node.type))


def _text(node: c_ast.Node) -> str:
    return str(c_generator.CGenerator().visit(node))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text.replace("_Bool", "bool"))


def _place(node: c_ast.Node) -> str:
    return f"{node.coord.file}:{node.coord.line}" if node.coord else CORE_H
