# SPDX-License-Identifier: GPL-2.0-only
"""Points of the review about comments and names: the words of the field, each in one spelling."""

from __future__ import annotations

import re
from collections.abc import Callable

from generator import csource
from generator.checks.review.look import Look
from generator.model.files import ARCH, ARCH_H, COMPAT_H, CORE, CORE_H


def _r01(look: Look) -> None:
    if "optimisation" not in look.function(ARCH, "arch_uprobe_skip_sstep"):
        look.problems.append("the comment does not say so")


def _r06(look: Look) -> None:
    if "x32" not in look.function(COMPAT_H, "is_32bit_app") or "x32" not in look.series.patches[1]:
        look.problems.append("x32 is not spoken of")


def _r07(look: Look) -> None:
    old = r"\barch_uprobes_\w+|\bUPROBES_\w+|\buprobes_mmap_\w+"
    look.lacks(old, "an old prefix", (CORE, ARCH))
    look.lacks(r"\barch_uprobes_\w+", "an old prefix", (CORE_H, ARCH_H))


def _r10(look: Look) -> None:
    if "handler here" in look.function(ARCH, "arch_uprobe_exception_notify").lower():
        look.problems.append("the comment is still there")


def _r11(look: Look) -> None:
    look.lacks(r"\w*(?:bkpt|BKPT)\w*", "bkpt")
    # one abbreviation: the other is of names that the base has
    known = set(look.series.names.values())
    for path, text, function in look.ours():
        whole = csource.mask(text)[: function.body.end]
        for match in re.finditer(r"\w*swbp\w*", whole[function.head.start :]):
            if match.group() not in known:
                line = csource.line_of(text, function.head.start + match.start())
                look.problems.append(f"{path}:{line}: {match.group()}")


# what the C does, and the field's word for it, of which the function has to name one
_TERMS = (
    (r"\bTIF_BLOCKSTEP\b", r"\bBTF\b|PTRACE_SINGLEBLOCK"),
    (r"\bDR_STEP\b", r"DR6\.BS"),
    (r"\bUPROBE_FIX_SETF\b", r"(?i:\bpopf\b)"),
)
_DIALECT = re.compile(
    r"\bThis function\b|\bgets called\b|\b[Ww]ho(?:ever)?\b|\b[Nn]obody\b"
    r"|(?<![Tt]here )\b(?:is|are) no\b"
    r"|\bbehind\b|\bin front of\b"
)
_NOT_VERBS = ("A", "An", "Functions", "How", "It", "The", "There", "This", "What", "When", "Who")


def _words(comment: str) -> str:
    """Return the words of a comment, without the marks and the stars."""
    inner = re.sub(r"^\s*/\*+|\*/\s*$", "", comment)
    # a row of a table keeps its tab
    return re.sub(r"^[ \t]*\* ?", "", inner, flags=re.M).strip()


def _is_imperative(words: str, name: str) -> bool:
    """Tell whether a description begins with a verb in the imperative."""
    kernel_doc = re.match(rf"{re.escape(name)}\(\) - ([a-z]\w*)", words)
    plain = re.match(r"([A-Z]\w*)", words)
    verb = kernel_doc or plain
    if verb is None or verb.group(1) in _NOT_VERBS:
        return False
    return not re.search(r"[^s]s$", verb.group(1))


def _r13(look: Look) -> None:
    for path, text, function in look.ours():
        place = f"{path}:{csource.line_of(text, function.head.start)}"
        words = _words(text[function.whole.start : function.head.start])
        sentences = re.sub(r"^\t.*$", "", words, flags=re.M).rstrip()
        good = bool(words) and _is_imperative(words, function.name)
        ends = sentences.endswith((".", ":")) or re.match(r"\w+\(\) - ", words)
        (look.evidence if good and ends else look.problems).append(place)
        whole = function.whole.of(text)
        said = " ".join(re.findall(r"/\*.*?\*/", whole, re.S))
        look.problems += [
            f"{place}: '{match.group()}'" for match in _DIALECT.finditer(" ".join(said.split()))
        ]
        code = csource.mask(whole)
        look.problems += [
            f"{place}: does not name {wanted}"
            for done, wanted in _TERMS
            if re.search(done, code) and not re.search(wanted, said)
        ]


_PROPER = frozenset({"Context", "Intel", "Return", "Control", "Opcodes"})


def _r25(look: Look) -> None:
    for path, text, function in look.ours():
        whole = function.whole.of(text)
        for match in re.finditer(r"/\*.*?\*/", whole, re.S):
            place = f"{path}:{csource.line_of(text, function.whole.start + match.start())}"
            odd = [
                word
                for paragraph in re.split(r"\n\s*\n", _words(match.group()))
                for word in re.findall(r"[a-z,;] ([A-Z][a-z]+)\b", " ".join(paragraph.split()))
                if word not in _PROPER
            ]
            if odd:
                look.problems.append(f"{place}: {', '.join(odd)}")
            else:
                look.evidence.append(place)


def _r15(look: Look) -> None:
    whole = look.function(ARCH, "uprobe_insn_is_nop")
    comment, _, body = whole.partition("*/")
    said = re.findall(r"^ \*\t((?:[0-9a-f]{2} )+)", comment, re.M)
    done = re.findall(r"nbytes == \d &&\s+((?:opcode\[\d\] == 0x[0-9a-f]{2}[\s&]*)+)", body)
    coded = [re.findall(r"0x([0-9a-f]{2})", row) for row in done]
    if [row.split() for row in said] != coded:
        look.problems.append(f"the comment says {said}, the code {coded}")


def _r17(look: Look) -> None:
    look.function(CORE, look.series.names["get_bp_addr"])
    look.lacks(r"\bget_uprobe_bkpt_addr\b", "the old name")


def _r18(look: Look) -> None:
    look.variables("struct uprobe_consumer", "uc")
    look.lacks(r"\bstruct uprobe_consumer\s*\*+\s*con(?:sumer)?\b", "con", (CORE,))


def _r21(look: Look) -> None:
    look.variables("struct uprobe", "uprobe")
    look.lacks(r"\bstruct uprobe\s*\*(?:\w+,\s*\*)*u\b", "u", (CORE,))


def _r19(look: Look) -> None:
    match = re.search(r"removed\s+(?:\*\s+)?from the rbtree", look.text(CORE))
    if match and "Hence wait till" in look.text(CORE):
        look.problems.append(f"{CORE}: the sentence is still there")
    look.function(CORE, "uprobe_deny_signal")


def _r22(look: Look) -> None:
    look.lacks(r"\bprobept\b", "probept")
    look.shows(CORE, r"unsigned long bp_vaddr", "bp_vaddr")


CHECKS: dict[str, Callable[[Look], None]] = {
    "R01": _r01,
    "R06": _r06,
    "R07": _r07,
    "R10": _r10,
    "R11": _r11,
    "R13": _r13,
    "R15": _r15,
    "R17": _r17,
    "R18": _r18,
    "R19": _r19,
    "R21": _r21,
    "R22": _r22,
    "R25": _r25,
}
