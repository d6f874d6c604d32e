# SPDX-License-Identifier: GPL-2.0-only
"""Is the tip what the model says? Prototypes, structures, hooks and the rename, by libclang.

Reads the tip's source tree and build directory; called by ``uprobekit verify``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from generator.checks.interface.ast import (
    Check,
    Difference,
    Unit,
    compare_functions,
    compare_structs,
    member_uses,
    names_used,
    parse,
)
from generator.kbuild.objects import is_compiled
from generator.model.decl import Function
from generator.model.files import ARCH, CORE
from generator.plan import Plan


def verify_interface(
    plan: Plan, tree: Path, build_dir: Path, touched: tuple[str, ...]
) -> tuple[Check, ...]:
    """Compare the tip with the model.

    Args:
        plan: the series for its base.
        tree: the tip's source.
        build_dir: the tip's build directory.
        touched: the files that the series changes.

    Raises:
        UserError: the tip is not built.
        InfraError: libclang cannot parse a file.
    """
    paths = {CORE, ARCH, *(hook.path for hook in plan.base.hooks)}
    paths |= {path for path in touched if is_compiled(build_dir, path)}
    units = {path: parse(tree, build_dir, path) for path in sorted(paths)}
    return check_units(plan, tree, units)


def check_units(plan: Plan, tree: Path, units: Mapping[str, Unit]) -> tuple[Check, ...]:
    """Compare parsed files with the model.

    Args:
        plan: the series for its base.
        tree: where they were parsed.
        units: ``CORE``, ``ARCH`` and the files with hooks, and others that the series touches.
    """
    return (
        _functions(plan, tree, units),
        _structs(plan, tree, units),
        _hooks(plan, units),
        _rename(units),
    )


def _wanted(plan: Plan) -> dict[str, Function]:
    """Return the functions that the tip must have, by their C names on this base."""
    return {function.name: function for function in plan.tip.functions.values()}


def _functions(plan: Plan, tree: Path, units: Mapping[str, Unit]) -> Check:
    wanted = _wanted(plan)
    defined: set[str] = set()
    differences: list[Difference] = []
    for path in (CORE, ARCH):
        names, found = compare_functions(units[path], tree, wanted)
        defined |= names
        differences += found
    differences += [
        Difference(place=CORE, what=f"{name}() is not defined")
        for name in sorted(wanted.keys() - defined)
    ]
    return Check(
        what="prototypes and definitions: names, types, order",
        checked=len(wanted),
        differences=tuple(dict.fromkeys(differences)),
    )


def _structs(plan: Plan, tree: Path, units: Mapping[str, Unit]) -> Check:
    wanted = plan.tip.structs
    return Check(
        what="structures: members, order",
        checked=len(wanted),
        differences=tuple(compare_structs(units[CORE], tree, wanted)),
    )


def _hooks(plan: Plan, units: Mapping[str, Unit]) -> Check:
    differences = []
    for hook in plan.base.hooks:
        used = names_used(units[hook.path], hook.function)
        indirect = hook.callee == "arch_uprobe_exception_notify"
        if not used & ({"uprobe_exception_nb"} if indirect else {hook.callee}):
            differences.append(
                Difference(place=hook.path, what=f"{hook.function}() does not call {hook.callee}()")
            )
    return Check(
        what="hooks: who calls what",
        checked=len(plan.base.hooks),
        differences=tuple(differences),
    )


def _rename(units: Mapping[str, Unit]) -> Check:
    """Look at every touched file that was compiled: trap_nr of thread_struct, no trap_no of it."""
    differences, uses = [], 0
    for path, unit in units.items():
        uses += sum(owner == "thread_struct" for owner, _ in member_uses(unit, "trap_nr"))
        differences += [
            Difference(place=f"{path}:{line}", what=f"struct {owner} still has trap_no")
            for owner, line in member_uses(unit, "trap_no")
            if owner == "thread_struct"
        ]
    return Check(
        what="thread_struct.trap_nr: uses, none of trap_no",
        checked=uses,
        differences=tuple(differences),
    )
