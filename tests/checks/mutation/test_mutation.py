# SPDX-License-Identifier: GPL-2.0-only
"""Faults: made from syntax and tables, chosen alike in every run, compiled, kept, and counted."""

from __future__ import annotations

import pytest
from clang.cindex import TranslationUnit
from conftest import TESTS

from generator import csource
from generator.checks.interface.ast import ParseError, parse
from generator.checks.marks import find_marks
from generator.checks.mutation import judge, known
from generator.checks.mutation.choose import choose_faults
from generator.checks.mutation.fault import make_fault
from generator.checks.mutation.judge import COMPILE, PROOF, STATES
from generator.checks.mutation.syntax import call_faults, function_faults, struct_faults
from generator.checks.mutation.tables import table_faults
from generator.errors import UserError
from generator.kbuild.objects import compile_object, depends_on, disassemble, is_compiled
from generator.model.bases import BASES
from generator.model.opcodes import OPCODES
from generator.model.series import REVIEW
from generator.model.unnoticed import TOKENS, UNNOTICED
from generator.plan import Scope
from generator.render.env import Templates
from generator.render.marks import FAULT
from generator.report.mutants import BOOT, Ledger, Verdict, count_score, format_score

ARCH = "arch/x86/kernel/uprobes.c"
NAME = "probe.c"
CODE = """\
enum state { UTASK_RUNNING, UTASK_SSTEP };
struct uprobe_task { unsigned long vaddr, xol_vaddr; enum state state; };
void put(struct uprobe_task *t, int n);

int step(struct uprobe_task *t, int n)
{
	if (!t)
		return -1;
	t->vaddr = n + 1;
	t->state = UTASK_SSTEP;
	put(t, n);
	switch (n) {
	case 1:
		n |= 2;
		break;
	}
	return n;
}
"""


@pytest.fixture
def root(tmp_path):
    """Parse the C above."""
    file = tmp_path / NAME
    file.write_text(CODE)
    return TranslationUnit.from_source(str(file)).cursor


def made(root, names=("step", "put")):
    """Return kind and change of every fault in functions."""
    data = CODE.encode()
    return [(f.kind, f.said, f) for f in function_faults(root, NAME, data, names)]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("condition inverted", "!t -> !(!t)"),
        ("negation lost", "!t -> t"),
        ("exit lost", "return -1 -> do { } while (0)"),
        ("result replaced", "return n -> return 0"),
        ("assignment lost", "t->vaddr = n + 1 -> nothing"),
        ("operator replaced", "n + 1 -> n - 1"),
        ("operator replaced", "n |= 2 -> n &= 2"),
        ("another number", "2 -> 3"),
        ("another value", "UTASK_SSTEP -> UTASK_RUNNING"),
        ("another member", "t->vaddr -> t->xol_vaddr"),
        ("call lost", "put(t, n) -> nothing"),
        ("arguments swapped", "t, n -> n, t"),
        ("parameters swapped", "struct uprobe_task *t, int n -> int n, struct uprobe_task *t"),
        ("break lost", "break -> nothing"),
    ],
)
def test_faults_in_functions(root, kind, said):
    """Each kind is made where there is something for it."""
    assert (kind, said) in [(k, s) for k, s, _ in made(root)]


def test_a_fault_changes_one_place_and_no_line_number(root):
    """Applied, the text has as many lines, and the change is at the line that is named."""
    for _, _, fault in made(root):
        text = fault.apply(CODE)
        assert text != CODE
        assert text.count("\n") == CODE.count("\n")
        different = [
            number
            for number, pair in enumerate(zip(CODE.split("\n"), text.split("\n"), strict=True), 1)
            if pair[0] != pair[1]
        ]
        assert different[0] == fault.line


def test_only_named_functions(root):
    """Functions of the base are left alone."""
    assert {f.function for *_, f in made(root, ("put",))} == {"put"}


def test_faults_in_structures_and_hooks(root):
    """Members change places, a call in a function of the base is lost."""
    data = CODE.encode()
    calls = list(call_faults(root, NAME, data, "step", "put"))
    assert [fault.said for fault in calls] == ["put(t, n) -> (void)0"]
    structs = list(struct_faults(root, NAME, data, ["uprobe_task"]))
    assert all(fault.kind == "members swapped" for fault in structs)


def test_faults_in_tables():
    """Each entry of maps and groups, each fixup of a class, each name in a row of emulation."""
    patches = tuple(patch.ident for patch in REVIEW.patches)
    text = Templates(Scope(base=BASES[0], patches=patches)).file(ARCH)
    faults = list(table_faults(ARCH, text, OPCODES))
    moved = [fault for fault in faults if fault.kind == "opcode moved"]
    wanted = sum(len(m.letters) for m in OPCODES.maps) + 8 * len(OPCODES.groups)
    assert len(moved) == wanted
    assert {f.after for f in faults if f.kind == "fixup lost" and f.function == "S"} == {
        "UPROBE_FIX_IP",
        "UPROBE_FIX_SETF",
    }
    assert any(fault.kind == "emulated as another" for fault in faults)
    assert all(text[fault.start : fault.end] == fault.before for fault in faults)


def test_the_choice_is_the_same_and_has_every_kind(root):
    """Two runs choose alike; with as many as there are kinds, each kind is there."""
    faults = [fault for *_, fault in made(root)]
    kinds = {fault.kind for fault in faults}
    chosen = choose_faults(faults, count=len(kinds), seed=3)
    assert {fault.kind for fault in chosen} == kinds
    assert chosen == choose_faults(reversed(faults), count=len(kinds), seed=3)
    assert len(choose_faults(faults, count=10_000, seed=3)) == len({f.ident for f in faults})


@pytest.fixture
def kbuild(tmp_path):
    """Return a tree and a build directory with the command that kbuild would leave."""
    tree, build = tmp_path / "tree", tmp_path / "tree" / "build"
    (tree / "include/linux").mkdir(parents=True)
    (tree / "include/linux/n.h").write_text("#define N 1\n")
    (tree / "kernel").mkdir()
    (tree / "kernel/k.c").write_text(
        "#include <linux/n.h>\nint k(void);\nint k(void) { return N; }\n"
    )
    (build / "kernel").mkdir(parents=True)
    (build / "kernel/.k.o.cmd").write_text(
        "cmd_kernel/k.o := ccache gcc -Wp,-MMD,kernel/.k.o.d -I../include -O1 "
        "-c -o kernel/k.o ../kernel/k.c ; objtool kernel/k.o\n\n"
        "deps_kernel/k.o := \\\n  ../include/linux/n.h \\\n"
    )
    return tree, build


def test_compile_object(kbuild, tmp_path):
    """The same text gives the same bytes wherever; a header of the overlay comes first."""
    tree, build = kbuild
    first = compile_object(tree, build, "kernel/k.c", {}, tmp_path / "a")
    again = compile_object(tree, build, "kernel/k.c", {}, tmp_path / "b")
    other = compile_object(
        tree, build, "kernel/k.c", {"include/linux/n.h": "#define N 2\n"}, tmp_path / "c"
    )
    assert first.object == again.object != other.object
    assert not first.messages
    assert disassemble(first.object, tmp_path) == disassemble(again.object, tmp_path)
    assert "$0x1,%eax" in disassemble(first.object, tmp_path)
    assert "$0x2,%eax" in disassemble(other.object, tmp_path)
    assert not (build / "kernel/k.o").exists()


def test_compile_object_says_what_is_wrong(kbuild, tmp_path):
    """An error, and a warning of W=1, have line and words."""
    tree, build = kbuild
    bad = compile_object(tree, build, "kernel/k.c", {"kernel/k.c": "\nint k(\n"}, tmp_path / "a")
    assert bad.object == b""
    assert bad.messages[0][1].startswith("error: ")
    odd = compile_object(tree, build, "kernel/k.c", {"kernel/k.c": "int k(void) {}"}, tmp_path)
    assert (1, "warning: no previous prototype for 'k' [-Wmissing-prototypes]") in odd.messages
    with pytest.raises(UserError, match="not compiled here"):
        compile_object(tree, build, "kernel/other.c", {}, tmp_path)


def test_depends_on(kbuild):
    """A header that the object was compiled with, and one that only looks like it."""
    _, build = kbuild
    assert depends_on(build, "kernel/k.c", "include/linux/n.h")
    assert not depends_on(build, "kernel/k.c", "linux/n.hh")
    assert not depends_on(build, "kernel/none.c", "include/linux/n.h")
    assert is_compiled(build, "kernel/k.c")
    assert not is_compiled(build, "kernel/k.h"), "its object would be that of the C beside it"


def test_what_gcc_only_warns_of_is_an_error_to_libclang(kbuild):
    """A fault may make a number a pointer: that is noticed, not the end of the run."""
    tree, build = kbuild
    wrong = {"kernel/k.c": "int k(int *p) { return k(1); }"}
    with pytest.raises(ParseError, match="incompatible integer to pointer"):
        parse(tree, build, "kernel/k.c", wrong)
    assert parse(tree, build, "kernel/k.c").source == "kernel/k.c"


@pytest.fixture
def faults():
    """Four faults."""
    data = b"a b c d"
    return [make_fault("k", "f.c", "f", data, (n, n + 1), "x") for n in (0, 2, 4, 6)]


def test_the_ledger_keeps_verdicts_of_one_tip(tmp_path, faults):
    """Another tip begins anew; a damaged file is no verdict."""
    path = tmp_path / "verdicts.json"
    ledger = Ledger(path, {"f.c": "1"})
    ledger.keep(faults[0], Verdict(caught={PROOF: "ax"}))
    assert Ledger(path, {"f.c": "1"}).verdicts == ledger.verdicts
    assert Ledger(path, {"f.c": "2"}).verdicts == {}
    path.write_text("{")
    assert Ledger(path, {"f.c": "1"}).verdicts == {}


def test_the_score(faults):
    """What is none does not count, what waits is not noticed, a hole is named."""
    verdicts = {
        faults[0].ident: Verdict(caught={COMPILE: "error", BOOT: "x"}),
        faults[1].ident: Verdict(same=True),
        faults[2].ident: Verdict(booted="key"),
        faults[3].ident: Verdict(),
    }
    score = count_score(faults, verdicts, known.Known("6.1", {}).explain)
    assert (score.faults, score.same) == (3, 1)
    assert score.first[COMPILE] == 1
    assert score.first[BOOT] == 0
    assert score.caught[BOOT] == 1
    assert [told.ident for told in score.open] == [faults[2].ident]
    assert [told.ident for told in score.waiting] == [faults[3].ident]
    assert score.share == pytest.approx(1 / 3)
    assert f"SURVIVES: {faults[2].ident} f.c:1" in format_score(score)


def test_what_is_only_read_does_not_count(faults):
    """A level that reads the C proves no behaviour; with another one beside it, it counts."""
    verdicts = {
        faults[0].ident: Verdict(caught={STATES: "has 0 times"}),
        faults[1].ident: Verdict(caught={judge.REVIEW: "R20: gone"}, booted="key"),
        faults[2].ident: Verdict(caught={STATES: "has 0 times", BOOT: "nop is fail"}),
    }
    score = count_score(faults[:3], verdicts, lambda fault: "")
    assert [told.ident for told in score.waiting] == [faults[0].ident]
    assert [told.ident for told in score.open] == [faults[1].ident]
    assert (score.first[STATES], score.first[BOOT], score.caught[STATES]) == (0, 1, 2)
    assert "only read: R20: gone" in format_score(score)


def test_explanations(faults, monkeypatch):
    """A survivor with a reason is no hole; a reason for what is noticed is wrong."""
    reasons = {("f", "a -> x"): "nothing can", ("f", "b -> x"): "wrong"}
    monkeypatch.setattr(known, "TOKENS", reasons)
    verdicts = {
        faults[0].ident: Verdict(booted="key"),
        faults[1].ident: Verdict(caught={BOOT: "nop is fail"}, booted="key"),
    }
    score = count_score(faults, verdicts, known.Known("6.1", {}).explain)
    assert [(told.ident, told.reason) for told in score.explained] == [
        (faults[0].ident, "nothing can")
    ]
    assert (score.open, [told.ident for told in score.overtaken]) == ((), [faults[1].ident])
    text = format_score(score)
    assert "survives, explained: " in text
    assert text.count("NOTICED, though explained") == 1


def test_every_explanation_has_a_fault():
    """Function and change are found in the C of a base, or a mark: no reason for nothing."""
    patches = tuple(patch.ident for patch in REVIEW.patches)
    templates = Templates(Scope(base=BASES[0], patches=patches))
    texts = [templates.file(ARCH)]
    texts += [path.read_text() for path in (TESTS.parent / "templates/kernel").rglob("*.j2")]
    texts = [" ".join(text.split()) for text in texts]
    for function, said in TOKENS:
        before = said.split(" -> ")[0]
        assert any(f"{function}(" in text and before in text for text in texts), function
    marked = {mark.name for base in BASES for mark in find_marks(base.name) if mark.kind == FAULT}
    assert {entry.name for entry in UNNOTICED} == marked


def test_a_reason_is_for_the_statement_that_is_marked():
    """The same words elsewhere in the function, or another fault of it, have no reason."""
    patches = tuple(patch.ident for patch in REVIEW.patches)
    text = Templates(Scope(base=BASES[0], patches=patches)).file(ARCH)
    explain = known.Known(BASES[0].name, {ARCH: text}).explain
    [mark] = [each for each in find_marks(BASES[0].name) if each.name == "return-unread"]
    words = mark.text.removesuffix(";")
    body = csource.find_function(text, mark.function).body
    there = [span.start for span, _ in csource.match_tokens(text, body, mark.text)]
    assert len(there) > 1
    for kind in ("exit lost", "result replaced"):
        reasons = [
            explain(make_fault(kind, ARCH, mark.function, text.encode(), (at, at + len(words)), ""))
            for at in there
        ]
        assert [bool(reason) for reason in reasons] == [
            kind == "exit lost" and place == mark.place for place in range(len(there))
        ]
