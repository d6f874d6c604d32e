# SPDX-License-Identifier: GPL-2.0-only
"""Points of the review about the C: what calls what, with which type, in which order."""

from __future__ import annotations

import re
from collections.abc import Callable

from generator import csource
from generator.checks.review.look import Look
from generator.model.files import ARCH, COMPAT_H, CORE, CORE_H

ENTRY_H = "include/linux/entry-common.h"


def _r03(look: Look) -> None:
    for match in re.finditer(r"^[\w ]+?\**(arch_uprobe_\w+)\(([^)]*)\)", look.text(CORE_H), re.M):
        kinds = re.findall(r"struct (arch_uprobe|mm_struct|pt_regs)\b", match.group(2))
        order = [kind for kind in ("arch_uprobe", "mm_struct", "pt_regs") if kind in kinds]
        place = f"{CORE_H}:{csource.line_of(look.text(CORE_H), match.start())}"
        (look.evidence if kinds == order else look.problems).append(place)


def _r05(look: Look) -> None:
    # where the answer is the program's and not its registers', uprobes have to ask those
    by_registers = "user_64bit_mode" in look.function(COMPAT_H, "is_32bit_app")
    places = (COMPAT_H,) if by_registers else (COMPAT_H, ARCH)
    for path, text in look.series.tip.items():
        for match in re.finditer(r"user_64bit_mode\(task_pt_regs\(", csource.mask(text)):
            if path not in places:
                look.problems.append(f"{path}:{csource.line_of(text, match.start())}: open-coded")
        if "is_32bit_app(" in text and path != COMPAT_H:
            look.evidence.append(f"{path}:{csource.line_of(text, text.index('is_32bit_app('))}")


def _r08(look: Look) -> None:
    look.shows(ARCH, r"^#define UPROBE_TRAP_NR\b", "the define")
    for path in (CORE, ARCH):
        text = csource.mask(look.text(path))
        first = text.find("\n{")
        for match in re.finditer(r"^#[ \t]*define (UPROBE_\w+)", text, re.M):
            place = f"{path}:{csource.line_of(text, match.start())}"
            if match.start() < first:
                look.evidence.append(place)
            else:
                look.problems.append(f"{place}: {match.group(1)} is not at the top")


def _r12(look: Look) -> None:
    body = look.function(ARCH, "arch_uprobe_exception_notify")
    for key in ("pre_notifier", "post_notifier"):
        name = look.series.names[key]
        look.function(CORE, name)
        if f"{name}(" not in body:
            look.problems.append(f"{name}() is not called")


def _r14(look: Look) -> None:
    body = look.function(ARCH, "uprobe_insn_is_nop")
    if "for (" in body or "MAX_UINSN_BYTES" in body:
        look.problems.append("NOPs are looked for byte by byte")
    if "mode->ilen" not in look.function(ARCH, "arch_uprobe_skip_sstep"):
        look.problems.append("ip does not move by the length")


def _r16(look: Look) -> None:
    found = csource.find_aggregate(look.text(CORE_H), "struct", "uprobe_task")
    if found is None:
        look.problems.append("struct uprobe_task is missing")
        return
    rows = found[1].of(look.text(CORE_H)).expandtabs(8).split("\n")[1:-1]
    names = (re.search(r"(?<=\s)\**\w+(?:\[\w+\])?;", row) for row in rows)
    columns = {match.start() for match in names if match}
    if len(columns) != 1:
        look.problems.append(f"the members stand in columns {sorted(columns)}")
    for name in ("vaddr", "xol_vaddr", "autask"):
        look.shows(CORE_H, rf"\b{name};", name)


def _r20(look: Look) -> None:
    whole = look.function(CORE, "uprobe_deny_signal")
    if "race" not in whole.split("*/")[0]:
        look.problems.append("the comment does not explain it")
    # without any of these a signal is lost: uprobekit states --guard
    for mark in look.series.marks:
        if mark.path == CORE:
            look.statement(mark)


def _r23(look: Look) -> None:
    body = look.function(CORE, "uprobe_notify_resume").split("*/")[-1]
    calls = re.findall(r"\b(handle_\w+)\(", body)
    if calls != ["handle_singlestep", look.series.names["handle_bp"]]:
        look.problems.append(f"it calls {calls}")


def _r24(look: Look) -> None:
    body = look.function(CORE, "find_active_uprobe")
    for kind, variable in (("struct inode", "inode"), ("loff_t", "offset")):
        if not re.search(rf"\b{kind}\s+\*?{variable};", body):
            look.problems.append(f"{kind} '{variable}' is missing")
    look.shows(CORE, r"\(loff_t\)vma->vm_pgoff << PAGE_SHIFT", "the shift in 64 bits")
    # two offsets that are 4 GiB apart have one address in 32 bits
    for path, text, function in look.ours():
        if "offset_to_vaddr(" in function.body.of(text) and "loff_t" not in function.body.of(text):
            place = f"{path}:{csource.line_of(text, function.head.start)}"
            look.problems.append(f"{place}: an offset is compared as an address")


def _r26(look: Look) -> None:
    for path, text, function in look.ours():
        body = csource.mask(text)[function.body.start : function.body.end]
        for match in re.finditer(r"\bgoto (\w+);", body):
            label = re.search(rf"^{match.group(1)}:", body, re.M)
            place = f"{path}:{csource.line_of(text, function.body.start + match.start())}"
            forward = label is not None and label.start() > match.start()
            (look.evidence if forward else look.problems).append(place)


def _r27(look: Look) -> None:
    match = re.search(r"uprobe_exception_nb = \{\n(.*?)\n\};", look.text(CORE), re.S)
    rows = match.group(1).expandtabs(8).split("\n") if match else []
    if len({row.find("=") for row in rows}) != 1:
        look.problems.append("the initialisers do not align")
    look.shows(CORE, r"uprobe_exception_nb = ", "uprobe_exception_nb")


def _r28(look: Look) -> None:
    look.shows(CORE_H, r"^extern void uprobe_copy_process\(", "the prototype")
    look.shows(CORE_H, r"^static inline void uprobe_copy_process\(", "the empty inline")
    body = look.function("kernel/fork.c", "copy_process")
    if "uprobe_copy_process(" not in body or "CONFIG_UPROBES" in body:
        look.problems.append("copy_process() does not call it, or has an #ifdef")


CHECKS: dict[str, Callable[[Look], None]] = {
    "R03": _r03,
    "R05": _r05,
    "R08": _r08,
    "R09": lambda look: look.variables("struct arch_uprobe_task", "autask"),
    "R12": _r12,
    "R14": _r14,
    "R16": _r16,
    "R20": _r20,
    "R23": _r23,
    "R24": _r24,
    "R26": _r26,
    "R27": _r27,
    "R28": _r28,
}
