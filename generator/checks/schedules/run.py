# SPDX-License-Identifier: GPL-2.0-only
"""Compile the core for user space, and execute the scenarios of ``shim/scenarios.c``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator import tools
from generator.checks.schedules.extract import core_source
from generator.checks.userspace import compile_c, missing_headers
from generator.model.files import CORE, CORE_H
from generator.paths import ensure_dir, locked, write_atomic

_SHIM = Path(__file__).resolve().parent / "shim"
_FLAGS = ("-std=gnu11", "-g", "-O1", "-Wall", "-Wno-unused-function", "-DCONFIG_UPROBES")
_HINT = "a function of the kernel that is new in it belongs into schedules/shim/kernel.h"
_LIMIT = 600.0

_TOLD = (
    ("CONSUMER_LIST", "cons_node"),
    ("CONSUMER_DATA", "struct return_sessions {"),
    ("ERASES", "lock_uprobe("),
    ("BY_MAPPING", "install_breakpoint(struct uprobe *uprobe, struct vm_area_struct *vma"),
)
"""What the shim is told of a kernel, and the words of its core or its header that show it."""


@dataclass(frozen=True, kw_only=True)
class Explored:
    """A scenario, and in how many orders its threads were executed."""

    scenario: str
    orders: int


@dataclass(frozen=True, kw_only=True)
class Schedules:
    """What came of it.

    Attributes:
        explored: the scenarios that are as they should be.
        problem: the first thing that is wrong: scenario, thread, its last step, what.
        trace: the order of the threads that leads to it; each line is one that goes on.
    """

    explored: tuple[Explored, ...]
    problem: str = ""
    trace: tuple[str, ...] = ()


def explore_schedules(tip: Mapping[str, str], place: Path, *, limit: float = _LIMIT) -> Schedules:
    """Execute every scenario in every order, up to the first thing that is wrong.

    Args:
        tip: the text of the files that the series touches, after its last patch.
        place: a directory of our own.
        limit: seconds.

    Raises:
        CheckFailed: the C does not compile for user space.
        InfraError: there is no compiler.
    """
    with locked(ensure_dir(place) / "build.lock"):
        program = _build(tip, place)
        try:
            done = tools.run([program], limit=limit)
        except tools.OutOfTime:
            return Schedules(explored=(), problem=f"no end after {limit:.0f} s")
    return read_schedules(done.stdout, done.returncode)


def read_schedules(text: str, status: int) -> Schedules:
    """Read what the program says: a line for each scenario, or what is wrong and the order."""
    explored = []
    lines = text.splitlines()
    while lines and lines[0].rpartition(" ")[2].isdigit() and ":" not in lines[0]:
        scenario, _, orders = lines.pop(0).rpartition(" ")
        explored.append(Explored(scenario=scenario, orders=int(orders)))
    problem = lines.pop(0) if lines else ""
    if status and not problem:
        problem = f"the program has ended with {status}"
    return Schedules(
        explored=tuple(explored), problem=problem, trace=tuple(line.strip() for line in lines)
    )


def _build(tip: Mapping[str, str], place: Path) -> Path:
    """Compile what the tip has; returns the program."""
    shim = {path.name: path.read_text() for path in sorted(_SHIM.iterdir())}
    files = {name: text for name, text in shim.items() if name != "asm-uprobes.h"}
    files["include/asm/uprobes.h"] = shim["asm-uprobes.h"]
    files["include/linux/uprobes.h"] = tip[CORE_H]
    files["core.c"] = core_source(tip[CORE], "".join(shim[name] for name in _read_by(tip, shim)))
    files |= {f"empty/{name}": "" for name in missing_headers(files)}
    for name, text in files.items():
        write_atomic(place / name, text.encode("utf-8", "surrogateescape"))
    command = ["gcc", *_FLAGS, *_options(tip), "-Iinclude", "-Iempty", "-I.", "-o", "explore"]
    compile_c([*command, "core.c", "explore.c"], place, _HINT)
    return place / "explore"


def _is_old(tip: Mapping[str, str]) -> bool:
    """Tell whether the base is older than 6.1, and its notifiers have their first names."""
    return "uprobe_pre_bp_notifier" in tip[CORE]


def _read_by(tip: Mapping[str, str], shim: Mapping[str, str]) -> list[str]:
    return [name for name in shim if name != "old.h" or _is_old(tip)]


def _options(tip: Mapping[str, str]) -> list[str]:
    """Return the flags that tell the shim which kernel this is."""
    options = [f"-D{name}" for name, words in _TOLD if words in tip[CORE_H] + tip[CORE]]
    return [*options, "-DOLD_KERNEL", "-include", "old.h"] if _is_old(tip) else options
