# SPDX-License-Identifier: GPL-2.0-only
"""Make all faults there are in the tip's C, and choose some of them, the same in every run."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from generator.checks.interface.ast import parse
from generator.checks.mutation.fault import Fault
from generator.checks.mutation.syntax import call_faults, function_faults, struct_faults
from generator.checks.mutation.tables import table_faults
from generator.model.files import ARCH, CORE
from generator.model.interface import INTERFACE
from generator.model.opcodes import OPCODES
from generator.plan import Plan
from generator.tree.brought import brought_functions

CORE_H = "include/linux/uprobes.h"
ARCH_H = "arch/x86/include/asm/uprobes.h"
COMPAT_H = "arch/x86/include/asm/compat.h"

# which file is parsed to see the functions and structures of another
_SEEN_FROM = {CORE: CORE, ARCH: ARCH, CORE_H: CORE, ARCH_H: CORE, COMPAT_H: ARCH}


def make_faults(
    plan: Plan, tree: Path, build_dir: Path, tip: Mapping[str, str]
) -> tuple[Fault, ...]:
    """Return every fault in what the series adds.

    Args:
        plan: the series for its base.
        tree: the tip's source.
        build_dir: the tip's build directory.
        tip: the files that the series touches, after its last patch.

    Raises:
        UserError: the tip is not built.
        InfraError: libclang cannot parse a file.
    """
    sources = sorted({*_SEEN_FROM.values(), *(hook.path for hook in plan.base.hooks)})
    roots = {path: parse(tree, build_dir, path, tip).root for path in sources}
    functions = list(brought_functions(plan))
    structs = [struct.name for struct in INTERFACE.structs]
    found: list[Fault] = []
    for path, seen_from in _SEEN_FROM.items():
        data = tip[path].encode("utf-8", "surrogateescape")
        found += function_faults(roots[seen_from], path, data, functions)
        found += struct_faults(roots[seen_from], path, data, structs)
    for hook in plan.base.hooks:
        data = tip[hook.path].encode("utf-8", "surrogateescape")
        found += call_faults(roots[hook.path], hook.path, data, hook.function, hook.callee)
    found += table_faults(ARCH, tip[ARCH], OPCODES)
    return tuple({fault.ident: fault for fault in found}.values())


def choose_faults(faults: Iterable[Fault], *, count: int, seed: int) -> tuple[Fault, ...]:
    """Return ``count`` faults: all kinds in turn, the files and functions of each kind in turn."""
    rng = random.Random(seed)
    kinds: dict[str, dict[tuple[str, str], list[Fault]]] = {}
    for fault in sorted(faults, key=lambda fault: fault.ident):
        kinds.setdefault(fault.kind, {}).setdefault((fault.path, fault.function), []).append(fault)
    streams = deque(_in_turn(places, rng) for _, places in sorted(kinds.items()))
    chosen: list[Fault] = []
    while streams and len(chosen) < count:
        stream = streams.popleft()
        for fault in islice(stream, 1):
            chosen.append(fault)
            streams.append(stream)
    return tuple(chosen)


def _in_turn(places: Mapping[tuple[str, str], list[Fault]], rng: random.Random) -> Iterator[Fault]:
    """Yield one fault of each place, then the next one of each; places in random order."""
    waiting = [rng.sample(faults, len(faults)) for _, faults in sorted(places.items())]
    rng.shuffle(waiting)
    while waiting:
        for faults in waiting:
            yield faults.pop()
        waiting = [faults for faults in waiting if faults]
