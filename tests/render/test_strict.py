# SPDX-License-Identifier: GPL-2.0-only
"""What ``render`` does not accept: each mistake is an error with the file and line it stands in."""

import random
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TESTS, some_of

from generator.checks.port.uses import find_needs
from generator.errors import UserError
from generator.model.bases import BASES
from generator.model.bases.v3_3 import BASE
from generator.model.edits import piece
from generator.model.series import REVIEW
from generator.model.trailers import Trailer
from generator.plan import plan_series
from generator.render import env
from generator.render.env import Templates
from generator.render.words import check_words
from generator.tree.acquire import find_source
from generator.tree.series import render_series
from generator.tree.uses import members_in

ROOT = TESTS.parent
TAG = re.compile(r"\b(struct|union|enum) (\w+)")
ARCH = "templates/arch/x86/kernel/uprobes.c.j2"
HIT = "templates/kernel/events/uprobes.c/hit.c.j2"
XOL = "templates/kernel/events/uprobes.c/xol.c.j2"
UTASK = "templates/kernel/events/uprobes.c/utask.c.j2"
INTERFACE = "generator/model/interface"
PROVIDED = f"{INTERFACE}/arch.py"
SERIES = "generator/model/series/review.py"
V33 = "generator/model/bases/v3_3.py"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Return the made-up tree of 3.3 with a header of all that the series uses of a kernel."""
    place = Path(shutil.copytree(TESTS / "trees/k33", tmp_path_factory.mktemp("tree") / "k33"))
    needs = find_needs(BASE, REVIEW)
    names = sorted({*needs.calls, *needs.constants})
    header = place / "include/linux/compiler.h"
    header.parent.mkdir(parents=True, exist_ok=True)
    # in texts of the model, and in messages; a system call as an old kernel has it
    said = ["register_die_notifier", "FPE_INTDIV", "ILL_ILLOPN", "rt_sigreturn", "event_mutex"]
    said += ["sys_perf_event_open", "sys_fork", "sys_vfork", "sys_execve", "sys_mremap"]
    said += ["nonseekable_open", "no_llseek", "prepare_to_wait", "set_current_state"]
    said += ["user_enable_single_step", "get_signal"]
    rows = [f"#define {name}(x) (x)\n" for name in [*names, *said]]
    texts = [*(ROOT / "templates").rglob("*.[ch].j2"), *(ROOT / "generator/model").rglob("*.py")]
    for kind, name in sorted({tag for p in texts for tag in TAG.findall(p.read_text())}):
        rows.append(f"{kind} {name};\n")
    header.write_text("".join(rows))
    return place


@pytest.fixture
def copy(copied, monkeypatch):
    """Return a copy of the program and its templates, to be spoilt."""
    monkeypatch.setattr(env, "data_dir", lambda name: copied / name)
    env.environment.cache_clear()
    yield copied
    env.environment.cache_clear()


def render(copy, tree, *, model=False):
    """Render 3.3 with a copy of the templates; return status and what is said.

    With ``model`` the copy of the program does it: a spoilt model is one of a process of its own.
    """
    if not model:
        try:
            source = find_source(BASE, copy, tree=tree, rev=None)
            render_series(plan_series(BASE, REVIEW), source, copy / "work")
        except UserError as error:
            return 1, str(error)
        return 0, ""
    command = [sys.executable, "-m", "generator", "render", "--base", "3.3", "--tree", str(tree)]
    done = subprocess.run(
        [*command, "--workdir", str(copy / "work"), "-o", str(copy / "out")],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def spoil(copy, file, old, new):
    """Replace a text that a file has once or more, the first time; return the line of it."""
    path = copy / file
    text = path.read_text()
    assert old in text, f"{file} has changed: {old}"
    place = text.index(old)
    path.write_text(text[:place] + new + text[place + len(old) :])
    return text.count("\n", 0, place) + 1


def test_nothing_is_wrong(copy, tree):
    """The templates and the model as they are."""
    assert render(copy, tree) == (0, "")


def test_a_spelling_without_its_template():
    """The template is missing, not the name that the C asks for."""
    base = replace(BASES[0], spelled={**BASES[0].spelled, "get_page": piece("spellings", "gone")})
    with pytest.raises(UserError, match=r"hit.c.j2:\d+: there is no templates/spellings/gone"):
        Templates(plan_series(base, REVIEW).tip).file("kernel/events/uprobes.c/hit.c")


def test_members_of_every_kind():
    """Pointers, functions, arrays and bits are members; what a comment names is none."""
    text = (
        "struct kinds {\n\tint\t\ta, *b;\n\tint (*call)(struct kinds *self);\n"
        "\tu8 rows[2][3];\n\tunsigned int bit : 1;\n\t/* gone; */\n};\n"
    )
    found = members_in(text, "kinds")
    assert found >= {"a", "b", "call", "rows", "bit"} and "gone" not in found


def test_a_trailer_of_a_patch():
    """What a patch has from the start is checked as what mails bring, and what it mends."""
    first, *others = REVIEW.patches
    wrong = replace(first, trailers=(Trailer("CC", "them@example.org"),), mends=("vex-as-brnch",))
    with pytest.raises(UserError, match="'CC' is no trailer") as raised:
        check_words(BASE, replace(REVIEW, patches=(wrong, *others)))
    assert "no entry of the catalogue is called 'vex-as-brnch'" in str(raised.value)


MISTAKES = {
    "patch of a member": (
        f"{INTERFACE}/structs.py",
        'name="nop", comment="nothing to execute", patch="skip-nop"',
        'name="nop", comment="nothing to execute", patch="skip-nopp"',
        r"generator/model/interface/structs.py:LINE: no patch is called 'skip-nopp'.*'skip-nop'",
    ),
    "patch of words of a comment": (
        PROVIDED,
        'patch="emulate-mov", then=',
        'patch="emulate-mv", then=',
        r"generator/model/interface/arch.py:LINE: no patch is called 'emulate-mv'.*'emulate-mov'",
    ),
    "fact of words of a comment": (
        f"{INTERFACE}/core.py",
        'fact="uprobe_rcu", otherwise=", with',
        'fact="uprobe_rcuu", otherwise=", with',
        r"generator/model/interface/core.py:LINE: no fact is called 'uprobe_rcuu'.*'uprobe_rcu'",
    ),
    "template of an edit": (
        "generator/model/bases/prepare_v3_3.py",
        'piece(FORK, "init")',
        'piece(FORK, "inti")',
        r"bases/prepare_v3_3.py:LINE: the template '.*c/inti.c.j2' is missing.*c/init.c.j2'",
    ),
    "patch of a function": (
        PROVIDED,
        'header=CORE_H,\n        patch="skip-nop"',
        'header=CORE_H,\n        patch="skipnop"',
        r"generator/model/interface/arch.py:\d+: no patch is called 'skipnop'",
    ),
    "word of has()": (
        ARCH,
        'has("skip-nop")',
        'has("hitt")',
        r"templates/arch/x86/kernel/uprobes.c.j2:LINE: no patch is called 'hitt'.*'hit'",
    ),
    "word of base.has": (
        HIT,
        '"uprobe_rcu" in base.has',
        '"uprobe_rcuu" in base.has',
        r"hit.c.j2:LINE: no fact is called 'uprobe_rcuu'.*'uprobe_rcu'",
    ),
    "name of a base": (
        HIT,
        "names.bp_insn",
        "names.fooo",
        r"hit.c.j2:LINE: no base's names have 'fooo'",
    ),
    "word of a name in brackets": (
        ARCH,
        "\tinsn_get_length(&insn);",
        '\t{{ names["nosuch"] }}(&insn);',
        r"uprobes.c.j2:LINE: no base's names have 'nosuch'",
    ),
    "patch of a message's number": (
        "templates/messages/cover.txt.j2",
        "numbers.hit",
        'numbers["hitt"]',
        r"messages/cover.txt.j2:LINE: no patch is called 'hitt'.*'hit'",
    ),
    "template that is included": (
        HIT,
        '{% include "kernel/events/uprobes.c/known.c.j2" %}',
        '{% include "kernel/events/uprobes.c/knwon.c.j2" %}',
        r"hit.c.j2:LINE: the template '.*knwon.c.j2' is missing.*known.c.j2'",
    ),
    "has() of a list": (
        HIT,
        'has("skip-nop")',
        'has(["skip-nop"])',
        r"hit.c.j2:LINE: has\(\) takes the identifier of a patch",
    ),
    "has() by a keyword": (
        HIT,
        'has("skip-nop")',
        'has(patch="skip-nopp")',
        r"hit.c.j2:LINE: has\(\) takes the identifier of a patch",
    ),
    "has that is not called": (
        UTASK,
        '{{ head("uprobe_copy_process")',
        '{% if not has %}\nint no;\n{% endif %}\n{{ head("uprobe_copy_process")',
        r"utask.c.j2:LINE: has\(\) is not called here",
    ),
    "facts under another name": (
        HIT,
        '{% set rcu = "uprobe_rcu" in base.has %}',
        '{% set facts = base.has %}{% set rcu = "uprobe_rcuu" in facts %}',
        r"hit.c.j2:LINE: base.has is asked for a word",
    ),
    "fact that is no word": (
        HIT,
        '"uprobe_rcu" in base.has',
        '("uprobe_rc" ~ "u") in base.has',
        r"hit.c.j2:LINE: a fact is asked for by its word",
    ),
    "filter": (
        HIT,
        '|format("MMF_HAS_UPROBES", "mm")',
        '|formt("MMF_HAS_UPROBES", "mm")',
        r"hit.c.j2:LINE: no filter is called 'formt'; did you mean 'format'",
    ),
    "symbol of Kconfig": (
        UTASK,
        '{{ head("uprobe_copy_process")',
        '#ifdef CONFIG_UPROBESS\nint no;\n#endif\n\n{{ head("uprobe_copy_process")',
        r"utask.c.j2:\d+: 'CONFIG_UPROBESS' is not defined",
    ),
    "symbol of Kconfig in a message": (
        "templates/messages/hit.txt.j2",
        "Uprobes uses exception notifiers",
        "With CONFIG_UPROBESS, uprobes uses exception notifiers",
        r"messages/hit.txt.j2:LINE: the message names 'CONFIG_UPROBESS'",
    ),
    "function that is installed": (
        "templates/kernel/events/uprobes.c/notifier.c.j2",
        "= arch_uprobe_exception_notify,",
        "= arch_uprobe_exception_notfy,",
        r"notifier.c.j2:LINE: 'arch_uprobe_exception_notfy' is declared nowhere",
    ),
    "function that is installed early": (
        XOL,
        '{{ head("uprobe_reset_state")',
        "struct notifier_block early = {\n\t.notifier_call\t= arch_uprobe_exception_notify,\n};\n"
        '\n{{ head("uprobe_reset_state")',
        r"xol.c.j2:\d+: 'arch_uprobe_exception_notify' is used before the patch 'hit'",
    ),
    "line of a call": (
        HIT,
        "\tend_step(utask);\n}",
        "\tend_step();\n}",
        r"hit.c.j2:LINE: end_step\(\) takes 1 arguments, and gets 0",
    ),
    "function in a comment": (
        HIT,
        "/* See uprobe_deny_signal(). */",
        "/* See uprobe_deny_signals(). */",
        r"hit.c.j2:LINE: a comment names uprobe_deny_signals\(\), which is declared nowhere",
    ),
    "merge marker in the model": (
        SERIES,
        '            ident="skip-nop",',
        '>>>>>>> theirs\n            ident="skip-nop",',
        r"uprobekit: error: generator/model/series/review.py:LINE: invalid syntax",
    ),
    "argument of the model": (
        SERIES,
        "            unchanged=True,",
        "            unchangd=True,",
        r"generator/model/series/review.py:\d+: TypeError: .*'unchangd'",
    ),
    "name of the model": (
        V33,
        ": TREE_EDITS,",
        ": TREE_EDIT,",
        r"generator/model/bases/v3_3.py:\d+: NameError: .*'TREE_EDIT'",
    ),
    "structure": (
        HIT,
        "\tstruct vm_area_struct *vma;",
        "\tstruct vm_area_strct *vma;",
        r"hit.c.j2:LINE: the type 'vm_area_strct' is declared nowhere",
    ),
    "type of a parameter": (
        f"{INTERFACE}/params.py",
        'TASK = Param("struct task_struct *"',
        'TASK = Param("struct task_strct *"',
        r"generator/model/interface/params.py:LINE: the type 'task_strct' is declared nowhere",
    ),
    "parameter that is described": (
        PROVIDED,
        "fill in @auprobe: the copy",
        "fill in @auprob: the copy",
        r"model/interface/arch.py:\d+: arch_uprobe_analyze_insn\(\) has no parameter 'auprob'",
    ),
    "function in the text above another one": (
        PROVIDED,
        "The work is done in uprobe_notify_resume()",
        "The work is done in uprobe_notify_resum()",
        r"generator/model/interface/arch.py:\d+: a comment names uprobe_notify_resum\(\)",
    ),
    "point of the review": (
        SERIES,
        'review=("R09", "R16", "R28")',
        'review=("R09", "R16", "R99")',
        r"generator/model/series/review.py:\d+: no point of the review is called 'R99'",
    ),
    "trailer": (
        "generator/model/trailers.py",
        'Trailer("Fixes", \'2b1444983508 (',
        'Trailer("Fixes", \'2b144498 (',
        r"generator/model/trailers.py:LINE: Fixes: .*Fixes is a commit and its subject",
    ),
    "arguments of head()": (
        HIT,
        'head("handle_bp")',
        'head("handle_bp", "a", "b")',
        r"hit.c.j2:LINE: head\(\): too many positional arguments; it takes \(name\)",
    ),
    "function of head()": (
        HIT,
        'head("handle_bp")',
        'head("handle_pb")',
        r"hit.c.j2:LINE: head\(\): the model has no 'handle_pb'.*'handle_bp'",
    ),
    "patch without a change": (
        SERIES,
        '        Patch(\n            ident="skip-nop"',
        '        Patch(ident="empty", subject="x86: Empty", review=()),\n'
        '        Patch(\n            ident="skip-nop"',
        r"generator/model/series/review.py:LINE: the patch 'empty' changes nothing on 3.3",
    ),
    "prototype without a definition": (
        PROVIDED,
        'Function(\n        name="arch_uprobe_check_insn"',
        'Function(\n        name="arch_uprobe_extra",\n        returns="void",\n'
        '        doc=("It does.",),\n        header=CORE_H,\n        patch="hit",\n    ),\n'
        '    Function(\n        name="arch_uprobe_check_insn"',
        r"model/interface/arch.py:LINE: 'arch_uprobe_extra' is brought by the patch 'hit'",
    ),
    "definition before its prototype": (
        PROVIDED,
        'executed again and raises the fault at the probed address.",\n'
        '        ),\n        header=CORE_H,\n        patch="arch-xol"',
        'executed again and raises the fault at the probed address.",\n'
        '        ),\n        header=CORE_H,\n        patch="hit"',
        r"uprobes.c.j2:\d+: 'arch_uprobe_post_xol' is defined in 'arch-xol', before.*'hit'",
    ),
    "member before its patch": (
        UTASK,
        '{{ head("uprobe_copy_process")',
        "static void early(struct uprobe_task *utask)\n{\n\tutask->return_instances = NULL;\n}\n\n"
        '{{ head("uprobe_copy_process")',
        r"utask.c.j2:\d+: 'return_instances' is used before the patch 'return'",
    ),
    "function before its patch": (
        UTASK,
        '{{ head("uprobe_copy_process")',
        'static void early(void)\n{\n\tuprobe_deny_signal();\n}\n\n{{ head("uprobe_copy_process")',
        r"utask.c.j2:\d+: 'uprobe_deny_signal' is used before the patch 'hit'",
    ),
    "unknown member": (
        UTASK,
        '{{ head("uprobe_copy_process")',
        "static void wrong(struct uprobe_task *utask)\n{\n\tutask->nosuch = 0;\n}\n\n"
        '{{ head("uprobe_copy_process")',
        r"utask.c.j2:\d+: struct uprobe_task has no member 'nosuch'",
    ),
    "call of nothing": (
        XOL,
        '{{ head("uprobe_reset_state")',
        "static void dangling(void)\n{\n\tuprobe_forgotten(current);\n}\n\n"
        '{{ head("uprobe_reset_state")',
        r"xol.c.j2:\d+: uprobe_forgotten\(\) is called and declared nowhere",
    ),
    "call of a system call": (
        XOL,
        '{{ head("uprobe_reset_state")',
        "static void dangling(void)\n{\n\tperf_event_open(current);\n}\n\n"
        '{{ head("uprobe_reset_state")',
        r"xol.c.j2:\d+: perf_event_open\(\) is called and declared nowhere",
    ),
    "arguments of a helper": (
        XOL,
        "\t\txol_create_area(mm);",
        "\t\txol_create_area(mm, 1);",
        r"takes 1 arguments, and gets 2; its parameters stand in templates/kernel/.*/xol.c.j2:\d+",
    ),
    "helper before its patch": (
        UTASK,
        '{{ head("uprobe_copy_process")',
        'void early(void)\n{\n\tget_utask();\n}\n\n{{ head("uprobe_copy_process")',
        r"utask.c.j2:\d+: 'get_utask' is used before the patch 'hit', which brings it",
    ),
    "parameter in a comment of a template": (
        HIT,
        " * Remove the breakpoints of @uprobe from",
        " * Remove the breakpoints of @uprob from",
        r"hit.c.j2:LINE: unapply_uprobe\(\) has no parameter 'uprob'",
    ),
    "number of arguments": (
        XOL,
        '{{ head("uprobe_reset_state")',
        "static void odd(void)\n{\n\tuprobe_reset_state(NULL, 1);\n}\n\n"
        '{{ head("uprobe_reset_state")',
        r"uprobe_reset_state\(\) takes 1 arguments, and gets 2",
    ),
    "merge marker": (
        HIT,
        '{{ head("handle_bp") }}',
        '<<<<<<< HEAD\n{{ head("handle_bp") }}',
        r"hit.c.j2:LINE: a mark of a merge is left: <<<<<<<",
    ),
    "braces": (
        HIT,
        "\tstruct uprobe_task *utask = current->utask;\n",
        "\tstruct uprobe_task *utask = current->utask;\n\tint a[1][1] = {{0}};\n",
        r"hit.c.j2:\d+: Jinja takes these braces of C for its own",
    ),
    "comment of Jinja": (
        HIT,
        '{{ head("handle_bp") }}',
        '#define S(x) {#x, 1}\n{{ head("handle_bp") }}',
        r"hit.c.j2:LINE: Jinja takes '\{#' for the start of a comment",
    ),
    "old name in a message": (
        "templates/messages/hit.txt.j2",
        "handle_singlestep()",
        "handle_old_step()",
        r"messages/hit.txt.j2:LINE: the message names 'handle_old_step'",
    ),
    "start of a mail": (
        "templates/messages/hit.txt.j2",
        "As soon as the probe is known,",
        "From then on,",
        r"messages/hit.txt.j2:LINE: a paragraph begins with 'From '",
    ),
    "part of a name in a message": (
        "templates/messages/hit.txt.j2",
        "TIF_SIGPENDING is set",
        "TIF_SIGPEND is set",
        r"messages/hit.txt.j2:LINE: the message names 'TIF_SIGPEND'",
    ),
    "file in a message": (
        "templates/messages/hit.txt.j2",
        "Uprobes uses exception notifiers",
        "In kernel/events/uprobe.c, uprobes uses exception notifiers",
        r"messages/hit.txt.j2:LINE: the message names 'kernel/events/uprobe.c'",
    ),
    "end of a message": (
        "templates/messages/hit.txt.j2",
        "As soon as the probe is known,",
        "---\n\nAs soon as the probe is known,",
        r"messages/hit.txt.j2:LINE: a paragraph begins with '---', which .* the end of the message",
    ),
    "start of a patch": (
        "templates/messages/hit.txt.j2",
        "As soon as the probe is known,",
        "diff --git a/x b/x\n\nAs soon as the probe is known,",
        r"messages/hit.txt.j2:LINE: a paragraph begins with 'diff -', .* the start of the patch",
    ),
    "trailer in a message": (
        "templates/messages/hit.txt.j2",
        "As soon as the probe is known,",
        "Reviewed-by: Ada <ada@example.org>\n\nAs soon as the probe is known,",
        r"messages/hit.txt.j2:LINE: a trailer stands in the message: Reviewed-by: Ada",
    ),
    "patch of an operation": (
        "generator/model/emulation.py",
        ', "emulate-alu"\n',
        ', "emulate-alx"\n',
        r"generator/model/emulation.py:\d+: no patch is called 'emulate-alx'.*'emulate-alu'",
    ),
    "hook of no patch": (
        V33,
        '        callee="uprobe_deny_signal",',
        '        callee="uprobe_deny_signal", patch="hitt",',
        r"generator/model/bases/v3_3.py:\d+: no patch is called 'hitt': the call of",
    ),
    "hook of no function": (
        V33,
        'callee="uprobe_deny_signal"',
        'callee="uprobe_deny_signals"',
        r"kernel/signal.c: get_signal_to_deliver\(\): a hook calls uprobe_deny_signals\(\), which",
    ),
}


def test_an_empty_message(copy, tree):
    """A patch without a word says nothing to who reads it."""
    (copy / "templates/messages/hit.txt.j2").write_text("\n")
    status, text = render(copy, tree)
    assert status == 1 and "templates/messages/hit.txt.j2:1: the message is empty" in text


FOUND_LATE = frozenset(
    (
        *("symbol of Kconfig", "symbol of Kconfig in a message", "structure", "unknown member"),
        *("function that is installed", "function that is installed early", "line of a call"),
        *("function in a comment", "member before its patch", "function before its patch"),
        *("call of nothing", "call of a system call", "number of arguments", "file in a message"),
        *("old name in a message", "part of a name in a message"),
    )
)
"""Mistakes in templates that are seen when all prefixes are rendered."""

REPRESENTATIVE = (
    *("member before its patch", "call of nothing", "old name in a message"),
    *("patch of a member", "argument of the model"),
)
"""Of these, and of those in the model, each of which is a process, the fast tests have a few."""

assert MISTAKES.keys() >= FOUND_LATE
FAST = [
    what
    for what, (file, *_) in MISTAKES.items()
    if what in REPRESENTATIVE or (what not in FOUND_LATE and not file.startswith("generator"))
]


@pytest.mark.parametrize("what", some_of(MISTAKES, *FAST))
def test_a_mistake(what, copy, tree):
    """Each is an error of the user's, with its place, and no traceback."""
    file, old, new, said = MISTAKES[what]
    line = spoil(copy, file, old, new)
    status, text = render(copy, tree, model=file.startswith("generator"))
    assert status == 1, f"{what} is accepted: {text}"
    assert "Traceback" not in text
    assert re.search(said.replace("LINE", str(line)), text, re.S), text


def lines_of_3_3(text):
    """Yield number and text of the lines of a template that some prefix of 3.3 has."""
    names, inside = {"base": BASE}, []

    def ask(expression, *, has=True):
        asked = env.environment().compile_expression(expression)
        return asked(**names, has=lambda word: has)

    for number, line in enumerate(text.split("\n")):
        tag = re.fullmatch(r"\{% (?:set (\w+) =|(\w+)) ?(.*) %\}", line)
        if tag and tag[2] in ("else", "elif"):
            inside[-1] = {not each for each in inside[-1]} if tag[2] == "else" else {True, False}
        if all(True in each for each in inside):
            yield number, line
        if tag and tag[1]:
            names[tag[1]] = ask(tag[3])
        elif tag and tag[2] == "if":
            inside.append({bool(ask(tag[3], has=has)) for has in (True, False)})
        elif tag and tag[2] == "endif":
            inside.pop()


def renamed(copy):
    """Return what a program can spoil: file, line number (from 0), old line, new line, word."""
    found = []
    folders = [copy / "templates/kernel/events", copy / "templates/arch/x86/kernel"]
    for path in sorted(p for f in folders for p in f.rglob("*.j2")):
        # 3.3 has no restartable sequences, and leaves call chains as they are
        if path.name in ("rseq.c.j2", "trampolines.c.j2"):
            continue
        name = path.relative_to(copy)
        for number, line in lines_of_3_3(path.read_text()):
            for pattern, make in (
                (r'has\("([\w-]+)"\)', lambda w: f'has("{w}x")'),
                (r'"(\w+)" (?:not )?in base\.has', lambda w: f'"{w}x" in base.has'),
                (r"names\.(\w+)", lambda w: f"names.{w}x"),
                (r'(?:head|signature)\("(\w+)"\)', lambda w: f'head("{w}x")'),
                (r"\b(?:utask|area)->(\w+)", lambda w: None),
            ):
                for match in re.finditer(pattern, line):
                    new = make(match[1]) or f"{match[0]}_x"
                    word = f"{match[1]}x" if make(match[1]) else f"{match[1]}_x"
                    spoilt = line[: match.start()] + new + line[match.end() :]
                    found.append((name, number, spoilt, word))
    return found


@pytest.mark.sweep
@pytest.mark.parametrize("number", range(50))
def test_fifty_mistakes(number, copy, tree):
    """A program misspells a word somewhere: it is named, with the line that it stands in."""
    places = renamed(copy)
    file, line, spoilt, word = random.Random(number).choice(places)
    rows = (copy / file).read_text().split("\n")
    rows[line] = spoilt
    (copy / file).write_text("\n".join(rows))
    status, text = render(copy, tree)
    assert status == 1, f"{file}:{line + 1}: {spoilt}"
    assert word in text, f"{file}:{line + 1}: {text}"
    assert f"{file}:{line + 1}: " in text or f"{file}:" in text, text
