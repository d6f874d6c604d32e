# SPDX-License-Identifier: GPL-2.0-only
"""Read the stand-alone pieces of the rendered C with pycparser and compare them with the model.

The tables of x86's ``uprobes.c`` are evaluated: their macros are expanded by the C preprocessor,
their entries become numbers again. Of the interface header the members of its structures, the
enumeration and the macros are read, without any header of the kernel. The functions in between are
blanked, so that lines keep their numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pycparser import c_ast, c_parser

from generator import tools
from generator.checks.interface.ast import Check, Difference
from generator.model.emulation import EMULATION
from generator.model.files import ARCH, ARCH_H, CORE_H
from generator.model.interface import INTERFACE
from generator.model.opcodes import OPCODES
from generator.plan import Scope

_OPCODES = "generator/model/opcodes.py"
_EMULATION = "generator/model/emulation.py"
_INTERFACE = "generator/model/interface/structs.py"

_FUNCTION = re.compile(
    r"^[A-Za-z_][^;={}#]*\)\n\{\n.*?^\}$ | ^asm\ \(.*?^\);$ | ^NOKPROBE_SYMBOL.*?;$",
    re.M | re.S | re.X,
)
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[^\n]*$", re.M)
_PRELUDE = (
    "typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; "
    "typedef int s32; typedef _Bool bool;\n"
)


def check_tables(scope: Scope, tip: Mapping[str, str]) -> tuple[Check, ...]:
    """Compare tables, structures, enumerations and macros with the model.

    Args:
        scope: what there is after the last patch.
        tip: the files that the series touches, after its last patch.

    Raises:
        InfraError: the preprocessor cannot be run.
    """
    return (
        *_table_checks(tip[ARCH]),
        _structs(scope, {path: tip[path] for path in (ARCH_H, CORE_H)}),
    )


def _table_checks(text: str) -> tuple[Check, ...]:
    try:
        unit = read(text, ARCH)
    except c_parser.ParseError as error:
        broken = Difference(place=ARCH, what=f"pycparser does not read the tables: {error}")
        return (Check(what="opcode tables", checked=0, differences=(broken,)),)
    values = _Values(unit)
    return _maps(values), _groups(values), _emulated(values)


def read(text: str, path: str) -> c_ast.FileAST:
    """Return what pycparser reads in a file, without functions and headers.

    Raises:
        InfraError: the preprocessor cannot be run.
        ParseError: this is no C.
    """
    alone = _INCLUDE.sub("", _FUNCTION.sub(lambda m: "\n" * m[0].count("\n"), text))
    command = ["gcc", "-E", "-undef", "-DCONFIG_X86_64", "-DCONFIG_UPROBES", "-D__KERNEL__", "-"]
    done = tools.run(command, stdin=f'{_PRELUDE}# 1 "{path}"\n{alone}')
    return c_parser.CParser().parse(done.stdout, path)


class _Values:
    """The enumerators and arrays of a file, as numbers."""

    def __init__(self, unit: c_ast.FileAST) -> None:
        self.names: dict[str, int] = {}
        self.arrays: dict[str, c_ast.InitList] = {}
        for node in unit.ext:
            if isinstance(node, c_ast.Decl):
                self._declare(node)

    def _declare(self, node: c_ast.Decl) -> None:
        if isinstance(node.type, c_ast.Enum) and node.type.values:
            number = 0
            for value in node.type.values.enumerators:
                number = self.evaluate(value.value) if value.value else number
                self.names[value.name] = number
                number += 1
        elif isinstance(node.init, c_ast.InitList):
            self.arrays[node.name] = node.init

    def evaluate(self, node: c_ast.Node) -> int:
        """Return the value of a constant expression.

        Raises:
            ValueError: it is none that the tables use.
        """
        if isinstance(node, c_ast.Constant):
            return int(node.value.rstrip("uUlL"), 0)
        if isinstance(node, c_ast.ID) and node.name in self.names:
            return self.names[node.name]
        if isinstance(node, c_ast.BinaryOp) and node.op == "|":
            return self.evaluate(node.left) | self.evaluate(node.right)
        raise ValueError(f"{node.coord}: no constant of a table")

    def row(self, node: c_ast.Node) -> list[int]:
        """Return the values of an initialiser, those of inner braces in a row."""
        if isinstance(node, c_ast.InitList):
            return [value for inner in node.exprs for value in self.row(inner)]
        return [self.evaluate(node)]

    def rows(self, name: str) -> Iterator[tuple[str, list[int]]]:
        """Yield place and values of each entry of an array; nothing when there is none."""
        for entry in self.arrays[name].exprs if name in self.arrays else ():
            where = entry.exprs[0] if isinstance(entry, c_ast.InitList) else entry
            yield f"{ARCH}:{where.coord.line if where.coord else 0}", self.row(entry)


def _compare(
    values: _Values, name: str, wanted: Sequence[tuple[str, Sequence[int]]], model: str
) -> list[Difference]:
    """Compare an array with the model's rows: label and values of each."""
    have = list(values.rows(name))
    found = [
        Difference(place=place, what=f"{name}: {label} is {_hex(row)}, {model} says {_hex(want)}")
        for (place, row), (label, want) in zip(have, wanted, strict=False)
        if row != list(want)
    ]
    if len(have) != len(wanted):
        found.append(
            Difference(
                place=have[0][0] if have else ARCH,
                what=f"{name} has {len(have)} entries, {model} says {len(wanted)}",
            )
        )
    return found


def _hex(row: Sequence[int]) -> str:
    return " ".join(f"{value:02x}" for value in row)


def _bits(letter: str) -> int:
    """Return the fixups of a class as a number."""
    bits = {fixup.name: fixup.bit for fixup in OPCODES.fixups}
    return sum(bits[name] for name in OPCODES.by_letter[letter].fixups)


def _maps(values: _Values) -> Check:
    found: list[Difference] = []
    for table in OPCODES.maps:
        rows = [
            (f"{table.title} {code:02x}".strip(), [_bits(letter)])
            for code, letter in enumerate(table.letters)
        ]
        found += _compare(values, table.name, rows, f"{_OPCODES}: {table.name}")
    return Check(
        what="opcode maps, evaluated by pycparser",
        checked=sum(len(table.letters) for table in OPCODES.maps),
        differences=tuple(found),
    )


def _groups(values: _Values) -> Check:
    rows = [
        (f"{group.opcode:04x}", [group.opcode, *map(_bits, group.letters)])
        for group in OPCODES.groups
    ]
    return Check(
        what="opcode groups, evaluated by pycparser",
        checked=8 * len(rows),
        differences=tuple(_compare(values, "uprobe_insn_groups", rows, f"{_OPCODES}: GROUPS")),
    )


def _emulated(values: _Values) -> Check:
    numbers = {
        f"{prefix}_{operation.name}": number
        for prefix, listed in (
            ("OP", EMULATION.operations),
            ("ARGS", EMULATION.operands),
            ("ALU", EMULATION.arithmetic),
        )
        for number, operation in enumerate(listed)
    }
    rows = []
    for form in EMULATION.forms:
        regs = sum(1 << reg for reg in form.regs) or 0xFF
        names = (f"OP_{form.operation}", f"ARGS_{form.operands}", f"ALU_{form.alu}")
        row = (form.mask, form.value, regs, form.wide, *(numbers[name] for name in names))
        rows.append((f"{form.pattern} {form.what}", row))
    return Check(
        what="rows of emulation, evaluated by pycparser",
        checked=len(rows),
        differences=tuple(_compare(values, "uprobe_emulated", rows, f"{_EMULATION}: FORMS")),
    )


_STRUCT = re.compile(r"^(?:struct|enum) (\w+) \{\n.*?^\};$", re.M | re.S)
_DEFINE = re.compile(r"^#[ \t]*define[ \t]+(\w+)[ \t]+(.*?)[ \t]*(?:/\*.*)?$", re.M)


def _structs(scope: Scope, files: Mapping[str, str]) -> Check:
    """Compare structures, enumerations and macros of the interface headers, each read alone."""
    wanted: dict[str, list[str]] = {
        name: [member.name for member in struct.members] for name, struct in scope.structs.items()
    }
    wanted |= {enum.name: [value.name for value in enum.values] for enum in INTERFACE.enums}
    macros = {macro.name: macro.value for macro in INTERFACE.macros}
    seen: set[str] = set()
    found: list[Difference] = []
    for path, text in files.items():
        for match in _STRUCT.finditer(text):
            name = match[1]
            if name in wanted:
                seen.add(name)
                place = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
                found += _members(place, match[0], name, wanted[name])
        for match in _DEFINE.finditer(text):
            if macros.get(match[1], match[2]) != match[2]:
                place = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
                said = f"{match[1]} is {match[2]}, {_INTERFACE}: MACROS says {macros[match[1]]}"
                found.append(Difference(place=place, what=said))
    found += [
        Difference(place="", what=f"{name} of {_INTERFACE} stands in neither header")
        for name in sorted(wanted.keys() - seen)
    ]
    return Check(
        what="interface headers, read by pycparser",
        checked=sum(map(len, wanted.values())) + len(macros),
        differences=tuple(found),
    )


def _members(place: str, text: str, name: str, wanted: list[str]) -> Iterator[Difference]:
    """Read one structure or enumeration alone; types that it needs are declared in front."""
    types = sorted(set(re.findall(r"\b(\w+_t)\b", text)))
    prelude = _PRELUDE + "".join(f"typedef int {type_};\n" for type_ in types)
    alone = re.sub(r"/\*.*?\*/|^#[^\n]*$", "", text, flags=re.S | re.M)
    try:
        unit = c_parser.CParser().parse(prelude + alone)
    except c_parser.ParseError as error:
        yield Difference(place=place, what=f"pycparser does not read {name}: {error}")
        return
    node = unit.ext[-1].type
    have = (
        [value.name for value in node.values.enumerators]
        if isinstance(node, c_ast.Enum)
        else [member.name for member in node.decls]
    )
    if have != wanted:
        yield Difference(place=place, what=f"{name} has {have}, {_INTERFACE} says {wanted}")
