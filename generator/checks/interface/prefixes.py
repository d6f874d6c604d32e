# SPDX-License-Identifier: GPL-2.0-only
"""Compare every prefix of the series, as libclang sees it, with the model.

The prefixes need no builds of their own: the tip's command lines are used, and the files that the
series touches stand in with the text that they have there. What a prefix has must be the model's
for its patches, and nothing may come before its patch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from clang.cindex import Cursor, CursorKind, StorageClass

from generator.checks.interface.ast import Check, Difference, Unit, parse, place_of_cursor, spelled
from generator.checks.interface.refs import Prefixes
from generator.model.decl import BASELINE, Function
from generator.model.files import ARCH, CORE
from generator.plan import Plan, Scope


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a prefix must have.

    Attributes:
        functions: by their names in C.
        weak: those of which the core has a weak default.
        later: those of later patches.
        own_names: the base's own prototypes have the model's names of parameters.
    """

    functions: Mapping[str, Function]
    weak: frozenset[str]
    later: frozenset[str]
    own_names: bool


def verify_prefixes(
    plan: Plan, tree: Path, build_dir: Path, prefixes: Prefixes
) -> tuple[Check, ...]:
    """Parse core and architecture at every prefix and compare.

    Args:
        plan: the series for its base.
        tree: the tip's source.
        build_dir: the tip's build directory.
        prefixes: what the prefixes are.

    Raises:
        UserError: the tip is not built.
        InfraError: libclang cannot parse a prefix.
    """
    count, found = 0, list[Difference]()
    for ref, (patches, files) in prefixes.items():
        units = [parse(tree, build_dir, source, files) for source in (CORE, ARCH)]
        wanted = wanted_at(plan, patches)
        count += len(wanted.functions)
        found += [
            Difference(place=f"{ref}: {place}", what=what)
            for place, what in compare_prefix(wanted, tree, units)
        ]
    return (
        Check(
            what="functions at every prefix, by libclang",
            checked=count,
            differences=tuple(dict.fromkeys(found)),
        ),
    )


def wanted_at(plan: Plan, patches: tuple[str, ...]) -> Wanted:
    """Return what a prefix with these patches must have."""
    scope = Scope(base=plan.base, patches=patches)
    functions = {function.name: function for function in scope.functions.values()}
    return Wanted(
        functions=functions,
        weak=frozenset(f.name for f in scope.functions.values() if f.weak),
        later=frozenset({function.name for function in scope.later.values()} - functions.keys()),
        own_names=scope.has("param-order"),
    )


def compare_prefix(wanted: Wanted, tree: Path, units: list[Unit]) -> Iterator[tuple[str, str]]:
    """Yield place and words of what is not as it should be."""
    defined: set[str] = set()
    for unit in units:
        for cursor in unit.root.get_children():
            if cursor.kind is not CursorKind.FUNCTION_DECL:
                continue
            place = place_of_cursor(cursor, tree)
            if cursor.spelling in wanted.later:
                yield place, f"{cursor.spelling}() is there before its patch"
            if cursor.spelling not in wanted.functions:
                continue
            function = wanted.functions[cursor.spelling]
            yield from ((place, what) for what in _signature(wanted, function, cursor))
            if cursor.is_definition():
                defined.add(cursor.spelling)
                weak = unit.source == CORE and cursor.spelling in wanted.weak
                yield from ((place, what) for what in _linkage(function, cursor, weak))
    for name in sorted(wanted.functions.keys() - defined):
        # an inline stands in a header that need not be included here
        if "inline" not in wanted.functions[name].storage:
            yield CORE, f"{name}() is not defined"


def _signature(wanted: Wanted, function: Function, cursor: Cursor) -> Iterator[str]:
    arguments = list(cursor.get_arguments())
    have = [spelled(argument.type.spelling) for argument in arguments]
    want = [spelled(param.type) for param in function.params]
    if have != want:
        yield f"{function.name}({', '.join(have)}), the model says ({', '.join(want)})"
    if wanted.own_names or function.patch != BASELINE:
        names = [argument.spelling for argument in arguments]
        if names != [param.name for param in function.params]:
            yield f"{function.name}() calls its parameters {', '.join(names)}"
    if spelled(cursor.result_type.spelling) != spelled(function.returns):
        yield f"{function.name}() returns {cursor.result_type.spelling}, not {function.returns}"


def _linkage(function: Function, cursor: Cursor, weak: bool) -> Iterator[str]:
    """Compare what only a definition has; of the base's own functions nothing is said."""
    if function.patch == BASELINE:
        return
    static = cursor.storage_class is StorageClass.STATIC
    if static != function.storage.startswith("static"):
        yield f"{function.name}() is {'static' if static else 'global'}"
    head = takewhile(lambda word: word != "(", (token.spelling for token in cursor.get_tokens()))
    if ("__weak" in head) != weak:
        yield f"{function.name}() is {'no' if weak else 'a'} weak default"
