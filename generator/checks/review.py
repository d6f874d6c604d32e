# SPDX-License-Identifier: GPL-2.0-only
"""Check every point of the review on the rendered tip, and say where the evidence is.

Looks at the text of the tip, at the patches, and at the functions and members that stand there; of
the model it takes the names only. No point passes without evidence: a file and a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from generator.checks.marks import Mark, find_marks, span_in
from generator.csource import scan as csource
from generator.model.edits import RenameMember
from generator.model.files import ARCH, ARCH_H, COMPAT_H, CORE, CORE_H
from generator.model.guards import GUARDS
from generator.model.interface import INTERFACE
from generator.model.review import RULES, Rule
from generator.plan import Plan
from generator.render.env import Scope, Templates

ENTRY_H = "include/linux/entry-common.h"


@dataclass(frozen=True, kw_only=True)
class Point:
    """The verdict on one rule.

    Attributes:
        rule: the rule.
        patches: subjects of the patches that answer it.
        evidence: ``file:line`` of what shows it.
        problems: what is not as asked for; empty is good.
    """

    rule: Rule
    patches: tuple[str, ...]
    evidence: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Series:
    """What the checks look at.

    Files of the tip by path, patches in order, names of the base, path and place of every function
    that the series defines, the files with debugger macros that spell a member out, and the
    statements that R20 is about.
    """

    tip: Mapping[str, str]
    patches: tuple[str, ...]
    names: Mapping[str, str]
    functions: tuple[tuple[str, csource.Function], ...]
    macros: frozenset[str]
    marks: tuple[Mark, ...] = ()


class _Look:
    """Collects evidence and problems for one rule."""

    def __init__(self, series: Series) -> None:
        self.series = series
        self.evidence: list[str] = []
        self.problems: list[str] = []

    def text(self, path: str) -> str:
        """Return a file of the tip."""
        return self.series.tip[path]

    def shows(self, path: str, pattern: str, what: str) -> None:
        """Want ``pattern`` (a regular expression) in a file."""
        match = re.search(pattern, self.text(path), re.M)
        if match:
            self.evidence.append(f"{path}:{csource.line_of(self.text(path), match.start())}")
        else:
            self.problems.append(f"{path}: {what} is missing")

    def tokens(self, path: str, name: str, wanted: str) -> None:
        """Want the tokens ``wanted`` in a function."""
        text = self.text(path)
        function = csource.find_function(text, name)
        spans = csource.match_tokens(text, function.body, wanted) if function else iter(())
        span = next((span for span, _ in spans), None)
        if span is None:
            self.problems.append(f"{path}: {name}() lacks '{wanted}'")
        else:
            self.evidence.append(f"{path}:{csource.line_of(text, span.start)}")

    def statement(self, mark: Mark) -> None:
        """Want the statement of a mark."""
        span = span_in(self.series.tip, mark)
        if isinstance(span, str):
            self.problems.append(f"{mark.path}: {span}")
        else:
            line = csource.line_of(self.text(mark.path), span.start)
            self.evidence.append(f"{mark.path}:{line}")

    def lacks(self, pattern: str, what: str, paths: tuple[str, ...] = ()) -> None:
        """Want no ``pattern`` outside comments and strings in any file of ours."""
        for path in paths or (CORE, CORE_H, ARCH, ARCH_H):
            match = re.search(pattern, csource.mask(self.text(path)))
            if match:
                line = csource.line_of(self.text(path), match.start())
                self.problems.append(f"{path}:{line}: {what}")
            else:
                self.evidence.append(f"{path}:1")

    def function(self, path: str, name: str) -> str:
        """Return the text of a function, with the comment above it."""
        found = csource.find_function(self.text(path), name)
        if found is None:
            self.problems.append(f"{path}: {name}() is missing")
            return ""
        self.evidence.append(f"{path}:{csource.line_of(self.text(path), found.head.start)}")
        return found.whole.of(self.text(path))

    def ours(self) -> Iterator[tuple[str, str, csource.Function]]:
        """Yield path, text and function of everything that the series defines."""
        for path, function in self.series.functions:
            yield path, self.text(path), function

    def variables(self, type_: str, wanted: str) -> None:
        """Want every variable and parameter of a type in our functions to have one name."""
        for path, text, function in self.ours():
            whole = csource.mask(text)[function.head.start : function.body.end]
            for match in re.finditer(rf"\b{type_}\s*\*\s*(\w+)\s*[;,=)]", whole):
                place = f"{path}:{csource.line_of(text, function.head.start + match.start())}"
                (self.evidence if match.group(1) == wanted else self.problems).append(
                    place if match.group(1) == wanted else f"{place}: {match.group(1)}"
                )


def _r01(look: _Look) -> None:
    if "optimisation" not in look.function(ARCH, "arch_uprobe_skip_sstep"):
        look.problems.append("the comment does not say so")


def _r02(look: _Look) -> None:
    first = look.series.patches[0]
    touched = re.findall(r"^\+\+\+ b/(.*)$", first, re.M)
    strange = [path for path in touched if not path.startswith("arch/x86/") or "/um/" in path]
    strange = [path for path in strange if path not in look.series.macros]
    look.problems += [f"patch 1 touches {path}" for path in strange]
    for line in re.findall(r"^\+(?!\+\+).*$", first, re.M):
        if not re.search(r"\btrap_nr\b", line):
            look.problems.append(f"patch 1 does more than rename: {line}")
    look.shows("arch/x86/include/asm/processor.h", r"\btrap_nr;", "the member trap_nr")
    look.lacks(r"\bthread(?:\.|->)trap_no\b", "trap_no", tuple(touched))
    # masked as C a debugger macro would lose its strings, in which the member is read
    for path in sorted(look.series.macros):
        if path not in touched or "trap_no" in look.text(path):
            look.problems.append(f"{path}: a debugger macro still reads trap_no")
    if not look.series.macros:
        look.problems.append("no debugger macro is renamed; every base has gdbmacros.txt")


def _r03(look: _Look) -> None:
    for match in re.finditer(r"^[\w ]+?\**(arch_uprobe_\w+)\(([^)]*)\)", look.text(CORE_H), re.M):
        kinds = re.findall(r"struct (arch_uprobe|mm_struct|pt_regs)\b", match.group(2))
        order = [kind for kind in ("arch_uprobe", "mm_struct", "pt_regs") if kind in kinds]
        place = f"{CORE_H}:{csource.line_of(look.text(CORE_H), match.start())}"
        (look.evidence if kinds == order else look.problems).append(place)


def _r04(look: _Look) -> None:
    for path, text in look.series.tip.items():
        added = {
            line[1:]
            for patch in look.series.patches
            for line in _of_file(patch, path)
            if line.startswith("+")
        }
        for number, line in _nested_defines(text):
            good = line.startswith("# ")
            if good or line in added:
                place = f"{path}:{number}"
                (look.evidence if good else look.problems).append(place)


def _of_file(patch: str, path: str) -> list[str]:
    """Return the lines of a patch's part for one file."""
    found = re.search(rf"^\+\+\+ b/{re.escape(path)}\n(.*?)(?=^diff --git |\Z)", patch, re.M | re.S)
    return found.group(1).split("\n") if found else []


def _nested_defines(text: str) -> Iterator[tuple[int, str]]:
    """Yield line number and line of each #define inside of a conditional, include guard aside."""
    lines = text.split("\n")
    directives = [
        (number, line) for number, line in enumerate(lines, 1) if re.match(r"[ \t]*#", line)
    ]
    guard = re.match(r"#ifndef (\w+)", directives[0][1]) if len(directives) > 1 else None
    depth = 0
    if guard and re.match(rf"#[ \t]*define {guard.group(1)}\b", directives[1][1]):
        depth = -1
    for number, line in directives:
        word = line.replace("#", "", 1).split()[:1]
        if word and word[0].startswith("if"):
            depth += 1
        elif word == ["endif"]:
            depth -= 1
        elif word == ["define"] and depth > 0:
            yield number, line


def _r05(look: _Look) -> None:
    # where the answer is the program's and not its registers', uprobes have to ask those
    by_registers = "user_64bit_mode" in look.function(COMPAT_H, "is_32bit_app")
    places = (COMPAT_H,) if by_registers else (COMPAT_H, ARCH)
    for path, text in look.series.tip.items():
        for match in re.finditer(r"user_64bit_mode\(task_pt_regs\(", csource.mask(text)):
            if path not in places:
                look.problems.append(f"{path}:{csource.line_of(text, match.start())}: open-coded")
        if "is_32bit_app(" in text and path != COMPAT_H:
            look.evidence.append(f"{path}:{csource.line_of(text, text.index('is_32bit_app('))}")


def _r06(look: _Look) -> None:
    if "x32" not in look.function(COMPAT_H, "is_32bit_app") or "x32" not in look.series.patches[1]:
        look.problems.append("x32 is not spoken of")


def _r07(look: _Look) -> None:
    old = r"\barch_uprobes_\w+|\bUPROBES_\w+|\buprobes_mmap_\w+"
    look.lacks(old, "an old prefix", (CORE, ARCH))
    look.lacks(r"\barch_uprobes_\w+", "an old prefix", (CORE_H, ARCH_H))


def _r08(look: _Look) -> None:
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


def _r10(look: _Look) -> None:
    if "handler here" in look.function(ARCH, "arch_uprobe_exception_notify").lower():
        look.problems.append("the comment is still there")


def _r12(look: _Look) -> None:
    body = look.function(ARCH, "arch_uprobe_exception_notify")
    for key in ("pre_notifier", "post_notifier"):
        name = look.series.names[key]
        look.function(CORE, name)
        if f"{name}(" not in body:
            look.problems.append(f"{name}() is not called")


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


def _r13(look: _Look) -> None:
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


def _r25(look: _Look) -> None:
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


def _r14(look: _Look) -> None:
    body = look.function(ARCH, "uprobe_insn_is_nop")
    if "for (" in body or "MAX_UINSN_BYTES" in body:
        look.problems.append("NOPs are looked for byte by byte")
    if "mode->ilen" not in look.function(ARCH, "arch_uprobe_skip_sstep"):
        look.problems.append("ip does not move by the length")


def _r15(look: _Look) -> None:
    whole = look.function(ARCH, "uprobe_insn_is_nop")
    comment, _, body = whole.partition("*/")
    said = re.findall(r"^ \*\t((?:[0-9a-f]{2} )+)", comment, re.M)
    done = re.findall(r"nbytes == \d &&\s+((?:opcode\[\d\] == 0x[0-9a-f]{2}[\s&]*)+)", body)
    coded = [re.findall(r"0x([0-9a-f]{2})", row) for row in done]
    if [row.split() for row in said] != coded:
        look.problems.append(f"the comment says {said}, the code {coded}")


def _r16(look: _Look) -> None:
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


def _r17(look: _Look) -> None:
    look.function(CORE, look.series.names["get_bp_addr"])
    look.lacks(r"\bget_uprobe_bkpt_addr\b", "the old name")


def _r18(look: _Look) -> None:
    look.variables("struct uprobe_consumer", "uc")
    look.lacks(r"\bstruct uprobe_consumer\s*\*+\s*con(?:sumer)?\b", "con", (CORE,))


def _r21(look: _Look) -> None:
    look.variables("struct uprobe", "uprobe")
    look.lacks(r"\bstruct uprobe\s*\*(?:\w+,\s*\*)*u\b", "u", (CORE,))


def _r19(look: _Look) -> None:
    match = re.search(r"removed\s+(?:\*\s+)?from the rbtree", look.text(CORE))
    if match and "Hence wait till" in look.text(CORE):
        look.problems.append(f"{CORE}: the sentence is still there")
    look.function(CORE, "uprobe_deny_signal")


def _r20(look: _Look) -> None:
    whole = look.function(CORE, "uprobe_deny_signal")
    if "race" not in whole.split("*/")[0]:
        look.problems.append("the comment does not explain it")
    # without any of these a signal is lost: uprobekit states --guard
    for mark in look.series.marks:
        if mark.path == CORE:
            look.statement(mark)


def _r22(look: _Look) -> None:
    look.lacks(r"\bprobept\b", "probept")
    look.shows(CORE, r"unsigned long bp_vaddr", "bp_vaddr")


def _r23(look: _Look) -> None:
    body = look.function(CORE, "uprobe_notify_resume").split("*/")[-1]
    calls = re.findall(r"\b(handle_\w+)\(", body)
    if calls != ["handle_singlestep", look.series.names["handle_bp"]]:
        look.problems.append(f"it calls {calls}")


def _r24(look: _Look) -> None:
    body = look.function(CORE, "find_active_uprobe")
    for variable in ("struct inode *inode;", "loff_t offset;"):
        if variable not in body:
            look.problems.append(f"'{variable}' is missing")
    look.shows(CORE, r"\(loff_t\)vma->vm_pgoff << PAGE_SHIFT", "the shift in 64 bits")
    # two offsets that are 4 GiB apart have one address in 32 bits
    for path, text, function in look.ours():
        if "offset_to_vaddr(" in function.body.of(text) and "loff_t" not in function.body.of(text):
            place = f"{path}:{csource.line_of(text, function.head.start)}"
            look.problems.append(f"{place}: an offset is compared as an address")


def _r26(look: _Look) -> None:
    for path, text, function in look.ours():
        body = csource.mask(text)[function.body.start : function.body.end]
        for match in re.finditer(r"\bgoto (\w+);", body):
            label = re.search(rf"^{match.group(1)}:", body, re.M)
            place = f"{path}:{csource.line_of(text, function.body.start + match.start())}"
            forward = label is not None and label.start() > match.start()
            (look.evidence if forward else look.problems).append(place)


def _r27(look: _Look) -> None:
    match = re.search(r"uprobe_exception_nb = \{\n(.*?)\n\};", look.text(CORE), re.S)
    rows = match.group(1).expandtabs(8).split("\n") if match else []
    if len({row.find("=") for row in rows}) != 1:
        look.problems.append("the initialisers do not align")
    look.shows(CORE, r"uprobe_exception_nb = ", "uprobe_exception_nb")


def _r28(look: _Look) -> None:
    look.shows(CORE_H, r"^extern void uprobe_copy_process\(", "the prototype")
    look.shows(CORE_H, r"^static inline void uprobe_copy_process\(", "the empty inline")
    body = look.function("kernel/fork.c", "copy_process")
    if "uprobe_copy_process(" not in body or "CONFIG_UPROBES" in body:
        look.problems.append("copy_process() does not call it, or has an #ifdef")


def _r29(look: _Look) -> None:
    for number, patch in enumerate(look.series.patches[:4], 1):
        if "No functional change" not in patch:
            look.problems.append(f"patch {number} changes behaviour")
        look.evidence.append(f"patch {number}")
    brought: dict[str, set[str]] = {}
    for number, patch in enumerate(look.series.patches, 1):
        message = patch.split("\n---\n")[0]
        for path in re.findall(r"^\+\+\+ b/(.*)$", patch, re.M):
            lines = _of_file(patch, path)
            earlier = brought.setdefault(path, set())
            for function in _rewritten(lines, earlier):
                if f"{function}(" not in message:
                    look.problems.append(
                        f"patch {number}: rewrites {function} of an earlier patch without a word"
                    )
            earlier |= {line[1:].strip() for line in lines if line.startswith("+")}


def _rewritten(lines: list[str], earlier: set[str]) -> list[str]:
    """Return the functions of which lines go that earlier patches have brought.

    Args:
        lines: of one file in a patch.
        earlier: lines that earlier patches have added to it, without white space around them.
    """
    found, function = list[str](), ""
    # what is only aligned anew is not rewritten
    again = {tuple(line[1:].split()) for line in lines if line.startswith("+")}
    above = False
    for line in lines:
        above = above and not line.startswith("@@")
        head = re.match(r"@@ .*? @@.*?(\w+)\(", line)
        head = head or re.match(r"[ -](?:\w.*?)?\b(\w+)\(", line)
        if head and not line[1:2].isspace() and head.group(1) != function:
            function = head.group(1)
            found += [function] if above else []
            above = False
        gone = line[1:].strip()
        if not line.startswith("-") or tuple(gone.split()) in again:
            continue
        if re.search(r"\w{3}", gone) and gone in earlier:
            # a comment belongs to the function below, where that can be seen
            above = line[1:3] in (" *", "/*")
            found += [] if above else [function or gone]
    return list(dict.fromkeys(found))


_CHECKS: dict[str, Callable[[_Look], None]] = {
    "R01": _r01,
    "R02": _r02,
    "R03": _r03,
    "R04": _r04,
    "R05": _r05,
    "R06": _r06,
    "R07": _r07,
    "R08": _r08,
    "R09": lambda look: look.variables("struct arch_uprobe_task", "autask"),
    "R10": _r10,
    "R11": lambda look: look.lacks(r"\w*(?:bkpt|BKPT)\w*", "bkpt"),
    "R12": _r12,
    "R13": _r13,
    "R14": _r14,
    "R15": _r15,
    "R16": _r16,
    "R17": _r17,
    "R18": _r18,
    "R19": _r19,
    "R20": _r20,
    "R21": _r21,
    "R22": _r22,
    "R23": _r23,
    "R24": _r24,
    "R25": _r25,
    "R26": _r26,
    "R27": _r27,
    "R28": _r28,
    "R29": _r29,
}


def check_review(
    plan: Plan, tip: Mapping[str, str], patches: Mapping[str, bytes]
) -> tuple[Point, ...]:
    """Check every rule.

    Args:
        plan: the series for its base.
        tip: the files that the series touches, as the last patch leaves them.
        patches: the mail form, by file name.
    """
    applied = tuple(planned.patch.ident for planned in plan.patches)
    templates = Templates(Scope(base=plan.base, patches=applied))
    series = Series(
        tip=tip,
        patches=tuple(
            patches[name].decode(errors="replace")
            for name in sorted(patches)
            if not name.startswith("0000-")
        ),
        names=plan.base.names,
        marks=tuple(
            mark
            for guard in GUARDS
            for mark in find_marks(plan.base.name)
            if guard.review == "R20" and (mark.kind, mark.name) == ("guard", guard.name)
        ),
        macros=frozenset(
            path
            for planned in plan.patches
            for edit in planned.edits
            if isinstance(edit, RenameMember)
            for path in edit.also
        ),
        functions=tuple(
            (path, found)
            for function in INTERFACE.functions
            if function.patch in applied and plan.base.brings(function)
            for path in (CORE, ARCH)
            if (found := csource.find_function(tip[path], templates.resolved(function).name))
        ),
    )
    return tuple(_check(rule, series, plan) for rule in RULES)


def _check(rule: Rule, series: Series, plan: Plan) -> Point:
    look = _Look(series)
    _CHECKS[rule.ident](look)
    evidence = tuple(dict.fromkeys(look.evidence))
    if not evidence:
        look.problems.append("there is no evidence")
    return Point(
        rule=rule,
        patches=tuple(
            planned.patch.subject for planned in plan.patches if rule.ident in planned.patch.review
        ),
        evidence=evidence,
        problems=tuple(dict.fromkeys(look.problems)),
    )
