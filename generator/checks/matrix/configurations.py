# SPDX-License-Identifier: GPL-2.0-only
"""The configurations in which every prefix has to compile, and what each of them leaves out.

Read by ``generator.checks.matrix.follow``; the fragments are in ``qemu/config/prefixes/``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from generator.kbuild import config
from generator.paths import data_dir

# Sources that kbuild compiles with an option only (obj-$(CONFIG_...) in their Makefiles, 6.1 and
# 6.12); asked for by name it would compile them without the option as well.
_NEEDS = {
    "arch/x86/entry/vsyscall/": "CONFIG_X86_VSYSCALL_EMULATION",
    "arch/x86/events/": "CONFIG_PERF_EVENTS",
    "arch/x86/ia32/": "CONFIG_IA32_EMULATION",
    "arch/x86/kernel/cet.c": "CONFIG_X86_CET",
    "arch/x86/kernel/cpu/bus_lock.c": "CONFIG_X86_BUS_LOCK_DETECT",
    "arch/x86/kernel/signal_64.c": "CONFIG_X86_64",
    "arch/x86/kernel/umip.c": "CONFIG_X86_UMIP",
    "arch/x86/kernel/uprobes.c": "CONFIG_UPROBES",
    "arch/x86/kernel/vm86_32.c": "CONFIG_VM86",
    "arch/x86/math-emu/": "CONFIG_MATH_EMULATION",
    "kernel/events/callchain.c": "CONFIG_PERF_EVENTS",
    "kernel/events/uprobes.c": "CONFIG_UPROBES",
    "kernel/rseq.c": "CONFIG_RSEQ",
    "kernel/trace/bpf_trace.c": "CONFIG_BPF_EVENTS",
    "kernel/trace/trace_uprobe.c": "CONFIG_UPROBE_EVENTS",
}

# of a base: where User Mode Linux would have to say that it can have uprobes
_UML_KCONFIG = ("arch/um/Kconfig", "arch/x86/um/Kconfig")


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One kernel configuration: its name, and the fragments in order."""

    name: str
    fragments: tuple[Path, ...]


def configurations(base: str) -> tuple[Configuration, ...]:
    """Return uprobes on (with what only this base has), a 32-bit kernel, less ABIs, and off.

    The 32-bit one has math emulation and vm86. They are in the order of the work they make: where
    several are worked on at a time, the last one is short.
    """
    plain = config.find_fragments(base)
    folder = data_dir("qemu") / "config" / "prefixes"
    own = folder / f"on-{base}.config"
    on = (*plain, folder / "on.config", *((own,) if own.is_file() else ()))
    return (
        Configuration(name="on", fragments=on),
        Configuration(name="i386", fragments=(folder / "i386.config",)),
        Configuration(name="no-ia32", fragments=(*on, folder / "no-ia32.config")),
        Configuration(name="no-x32", fragments=(*on, folder / "no-x32.config")),
        Configuration(name="off", fragments=(*plain, folder / "off.config")),
    )


def left_out(sources: tuple[str, ...], options: Mapping[str, str]) -> tuple[str, ...]:
    """Return those of ``sources`` that a configuration does not compile."""
    return tuple(
        path
        for path in sources
        for start, option in _NEEDS.items()
        if path.startswith(start) and options.get(option, "n") == "n"
    )


def not_named(sources: Iterable[str], tree: Path) -> tuple[str, ...]:
    """Return those of ``sources`` that the Makefile beside them does not name yet.

    Args:
        sources: files that the series, or its baseline, has made.
        tree: shows a prefix; a later patch has them compiled.
    """
    return tuple(
        path
        for path in sources
        if (tree / path).is_file()
        and (makefile := (tree / path).with_name("Makefile")).is_file()
        and f"{PurePath(path).stem}.o" not in makefile.read_text().split()
    )


def why_no_uml(pristine: Path) -> str:
    """Return why User Mode Linux is no configuration, "" when this base could have uprobes there.

    Args:
        pristine: the unmodified source.
    """
    for name in _UML_KCONFIG:
        path = pristine / name
        if path.is_file() and "ARCH_SUPPORTS_UPROBES" in path.read_text(errors="replace"):
            return ""
    return f"no ARCH_SUPPORTS_UPROBES in {' or '.join(_UML_KCONFIG)} of this base"
