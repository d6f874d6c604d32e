# SPDX-License-Identifier: GPL-2.0-only
"""Take from the core what its entry points reach, up to what the shim defines."""

from __future__ import annotations

import re

from generator import csource

ENTRY_POINTS = (
    "uprobe_pre_sstep_notifier",
    "uprobe_pre_bp_notifier",
    "uprobe_post_sstep_notifier",
    "uprobe_post_bp_notifier",
    "uprobe_notify_resume",
    "uprobe_deny_signal",
    "uprobe_abort_step",
    "uprobe_handle_trampoline",
    "uprobe_is_trampoline",
    "uprobe_copy_process",
    "uprobe_free_utask",
    "uprobe_clear_state",
    "install_breakpoint",
    "lock_uprobe",
    "uprobe_unregister_nosync",
)
"""What others or a scenario call; a base has one of two names for the notifiers."""

_NAME = re.compile(r"[A-Za-z_]\w*")
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
_MACRO = re.compile(r"^\s*#\s*define\s+(\w+)", re.M)
_TABLES = ("xol_mapping",)


def core_source(core: str, shim: str) -> str:
    """Return a C file with the core's functions, for ``shim/`` to execute.

    Args:
        core: the text of kernel/events/uprobes.c.
        shim: the text of all files of the shim; what they define is not taken from the core.
    """
    provided = _provided(shim)
    tables = [span.of(core) for name in _TABLES if (span := csource.find_declaration(core, name))]
    taken = _reached(core, (*ENTRY_POINTS, *_NAME.findall(" ".join(tables))), provided)
    copy_insn = csource.find_macro(core, "UPROBE_COPY_INSN")
    parts = [
        '#include "kernel.h"\n#include <linux/uprobes.h>\n',
        copy_insn.of(core) if copy_insn else "",
        _struct(core, "uprobe"),
        '#include "mm.h"\n',
        _struct(core, "xol_area"),
        _struct(core, "return_sessions"),
        *(f"{function.head.of(core)};\n" for function in taken),
        '#include "kernel.c"\n',
    ]
    spans = [function.whole for function in taken]
    spans += [span for name in _TABLES if (span := csource.find_declaration(core, name))]
    parts += [span.of(core) for span in sorted(spans)]
    return "\n".join([*parts, '#include "scenarios.c"\n'])


def _provided(shim: str) -> frozenset[str]:
    """Return the functions and macros that the shim defines."""
    called = set(_CALLED.findall(csource.code(shim)))
    return frozenset(
        {name for name in called if csource.find_function(shim, name)} | set(_MACRO.findall(shim))
    )


def _reached(core: str, roots: tuple[str, ...], provided: frozenset[str]) -> list[csource.Function]:
    """Return the functions that the roots call, directly or not, in the order of the file."""
    code = csource.code(core)
    defined = {
        name: functions
        for name in set(_CALLED.findall(code)) - provided
        if (functions := csource.find_functions(core, name))
    }
    reached: dict[str, list[csource.Function]] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in reached or name not in defined:
            continue
        reached[name] = defined[name]
        for function in defined[name]:
            waiting += _NAME.findall(function.whole.of(code))
    found = [function for functions in reached.values() for function in functions]
    return sorted(found, key=lambda function: function.whole.start)


def _struct(core: str, name: str) -> str:
    found = csource.find_aggregate(core, "struct", name)
    return found[0].of(core) if found else ""
