# SPDX-License-Identifier: GPL-2.0-only
"""Every edit on the made-up tree: what it changes, and how it fails.

A case is a folder of tests/golden/edits/: the diff of a good one, the message of a bad one.
"""

import difflib
from dataclasses import replace

import pytest
from conftest import MINI, TESTS

from generator.errors import UserError
from generator.model.edits import (
    Anchor,
    CreateFile,
    Edit,
    EmptyFunction,
    InsertBlock,
    InsertLines,
    InsertStatement,
    MovePart,
    Remove,
    RemoveFunctions,
    RemoveStatements,
    RenameIdentifiers,
    RenameMember,
    ReorderParameters,
    ReplaceDeclaration,
    ReplaceTokens,
    WriteFile,
)
from generator.tree.acquire import Source
from generator.tree.edit import apply_edits, changed_files
from generator.tree.places import WorkingTree

GOLDEN = TESTS / "golden" / "edits"
SHAPES = "kernel/shapes.c"
WORK = "kernel/statements.c"
HEADER = "include/linux/mini.h"
PROCESSOR = "arch/x86/include/asm/processor.h"

TEMPLATES = {
    "block": "static int inserted(void)\n{\n\treturn 0;\n}\n",
    "block-2": "static int inserted(void)\n{\n\treturn 2;\n}\n",
    "nothing": "",
}

RENAME_MEMBER = RenameMember(
    path=PROCESSOR,
    struct="thread_struct",
    holder="thread",
    old="trap_nr",
    new="trap_no",
    below="arch/x86",
    also=("Documentation/gdbmacros.txt",),
)


def make_tree(root=MINI) -> WorkingTree:
    """Return a working tree on top of a directory."""
    source = Source(version="6.1.7", kind="directory", path=root, identity="test")
    return WorkingTree(load=source.load, search=source.search)


def apply(tree: WorkingTree, *edits: Edit, templates=TEMPLATES) -> None:
    """Carry out edits whose texts are what they are."""
    apply_edits(
        tree, edits, render_text=lambda text: text, render_template=lambda name: templates[name]
    )


def diff_of(tree: WorkingTree, root=MINI) -> str:
    """Return what has changed, as a diff without line numbers."""
    rows = []
    for path, text in sorted(tree.files.items()):
        there = path not in tree.created
        before = (root / path).read_text().splitlines(keepends=True) if there else []
        found = difflib.unified_diff(
            before, text.splitlines(keepends=True), f"a/{path}", f"b/{path}", n=2
        )
        rows += ["@@\n" if row.startswith("@@") else row for row in found]
    return "".join(rows)


def remove(path, kind, name, within=""):
    """Return the edit that takes out one thing."""
    return Remove(path=path, anchors=(Anchor(kind=kind, name=name, within=within),))


GOOD = {
    "remove-function-with-comment-and-export": RemoveFunctions(path=SHAPES, names=("plain_shape",)),
    "remove-function-weak": RemoveFunctions(path=SHAPES, names=("weak_shape",)),
    "remove-function-on-one-line": RemoveFunctions(path=SHAPES, names=("inline_shape",)),
    "remove-function-split-head": RemoveFunctions(path=SHAPES, names=("split_shape",)),
    "remove-function-attributes": RemoveFunctions(
        path=SHAPES, names=("attribute_shape", "locked_shape")
    ),
    "remove-function-first-alternative": RemoveFunctions(path=SHAPES, names=("twice_shape",)),
    "remove-function-unbalanced": RemoveFunctions(path=SHAPES, names=("unbalanced_shape",)),
    "remove-function-last": RemoveFunctions(path=SHAPES, names=("last_shape",)),
    "remove-declaration-prototype": remove(HEADER, "declaration", "wrapped_prototype"),
    "remove-declaration-comment": remove(HEADER, "declaration", "commented_prototype"),
    "remove-declaration-variable": remove(SHAPES, "declaration", "shapes_count"),
    "remove-declaration-forward": remove(SHAPES, "declaration", "shapes_ops"),
    "remove-macro-continued": remove(HEADER, "macro", "WRAPPED_MACRO"),
    "remove-macro-comment-goes-on": remove(HEADER, "macro", "PLAIN_MACRO"),
    "remove-macro-and-its-conditional": remove(HEADER, "macro", "DEFAULT_MACRO"),
    "remove-include": remove(SHAPES, "include", "linux/other.h"),
    "remove-enum": remove(HEADER, "enum", "shape_kind"),
    "remove-struct": remove(HEADER, "struct", "shape"),
    "remove-member-guarded": remove(HEADER, "member", "guarded", within="shape"),
    "remove-member-named-like-its-type": remove(HEADER, "member", "shape_list", within="shape"),
    "remove-member-callback": remove(HEADER, "member", "callback", within="shape"),
    "remove-member-nested": remove(HEADER, "member", "inner", within="shape"),
    "remove-member-array": remove(HEADER, "member", "bytes", within="shape"),
    "remove-member-bitmap": remove(HEADER, "member", "mask", within="shape"),
    "remove-member-comment-goes-on": remove(HEADER, "member", "size", within="shape"),
    "remove-statement-with-comment": RemoveStatements(
        path=WORK, function="open_end", mentioning="begin_work"
    ),
    "remove-statement-nested-if-goes-whole": RemoveStatements(
        path=WORK, function="statements", mentioning="nested_call"
    ),
    "remove-statement-inner-one": RemoveStatements(
        path=WORK, function="statements", mentioning="third_inner"
    ),
    "remove-statement-by-condition": RemoveStatements(
        path=WORK, function="statements", mentioning="marked_call"
    ),
    "remove-statement-in-loop": RemoveStatements(
        path=WORK, function="statements", mentioning="looped_call"
    ),
    "remove-statement-loop-without-braces": RemoveStatements(
        path=WORK, function="statements", mentioning="looped_once"
    ),
    "remove-statement-guarded": RemoveStatements(
        path=WORK, function="statements", mentioning="guarded_call"
    ),
    "remove-statement-every-one": RemoveStatements(
        path=WORK, function="statements", mentioning="twice_call"
    ),
    "remove-statement-in-scope-macro": RemoveStatements(
        path=WORK, function="statements", mentioning="scoped_call"
    ),
    "remove-statement-behind-scope-macro": RemoveStatements(
        path=WORK, function="statements", mentioning="after_scope"
    ),
    "replace-tokens-captured": ReplaceTokens(
        path=WORK,
        within="statements",
        pattern="compound_call($x)",
        by="renamed_call($x, $x)",
    ),
    "replace-tokens-in-macro": ReplaceTokens(
        path=HEADER, within="WRAPPED_MACRO", pattern="PLAIN_MACRO", by="DEFAULT_MACRO"
    ),
    "replace-tokens-string": ReplaceTokens(
        path=WORK, within="reordered", pattern="pr_shape($text, shape)", by="pr_other(shape, $text)"
    ),
    "replace-tokens-all": ReplaceTokens(
        path=WORK, pattern="begin_work($x)", by="start_work($x)", count=0
    ),
    "rename-identifiers": RenameIdentifiers(
        path=SHAPES,
        renames=(("plain_shape", "simple_shape"), ("SHAPES_MAX", "SHAPE_MAX")),
    ),
    "rename-identifiers-swap": RenameIdentifiers(
        path=WORK, renames=(("begin_work", "end_work"), ("end_work", "begin_work"))
    ),
    "rename-identifiers-optional": RenameIdentifiers(
        path=SHAPES, renames=(("weak_shape", "soft_shape"), ("absent", "other")), optional=True
    ),
    "rename-member": RENAME_MEMBER,
    "reorder-parameters": ReorderParameters(path=WORK, function="statements", order=(1, 0)),
    "reorder-prototype": ReorderParameters(path=HEADER, function="statements", order=(1, 0)),
    "reorder-three-wrapped": ReorderParameters(
        path=SHAPES, function="long_prototype", order=(2, 0, 1)
    ),
    "replace-declaration": ReplaceDeclaration(
        path=HEADER, name="commented_prototype", text="int new_prototype(int a);\n"
    ),
    "insert-block-before-function": InsertBlock(
        path=SHAPES, template="block", before=Anchor(kind="function", name="split_shape")
    ),
    "insert-block-after-export": InsertBlock(
        path=SHAPES, template="block", after=Anchor(kind="function", name="plain_shape")
    ),
    "insert-block-at-the-end": InsertBlock(
        path=SHAPES, template="block", after=Anchor(kind="function", name="last_shape")
    ),
    "insert-lines-before-include": InsertLines(
        path=SHAPES,
        text="#include <linux/between.h>\n",
        before=Anchor(kind="include", name="linux/other.h"),
    ),
    "insert-lines-after-body": InsertLines(
        path=HEADER, text="\tint\tnew;\n", after=Anchor(kind="body", name="shape_list")
    ),
    "insert-lines-before-guarded-member": InsertLines(
        path=HEADER,
        text="\tint\tnew;\n",
        before=Anchor(kind="member", name="guarded", within="shape"),
    ),
    "insert-lines-before-conditional": InsertLines(
        path=HEADER, text="int a;\n\n", before=Anchor(kind="conditional", name="DEFAULT_MACRO")
    ),
    "insert-lines-after-macro": InsertLines(
        path=HEADER, text="#define NEW 2\n", after=Anchor(kind="macro", name="WRAPPED_MACRO")
    ),
    "insert-statement-before-comment": InsertStatement(
        path=WORK, function="statements", text="inserted_call();", before="end_work", blank=True
    ),
    "insert-statement-before-words": InsertStatement(
        path=WORK, function="statements", text="inserted_call();", before="return marked"
    ),
    "insert-statement-after": InsertStatement(
        path=WORK, function="statements", text="if (value)\n\tinserted_call();", after="begin_work"
    ),
    "insert-statement-after-inner": InsertStatement(
        path=WORK, function="statements", text="inserted_call();", after="second_inner"
    ),
    "insert-statement-after-last": InsertStatement(
        path=WORK, function="statements", text="inserted_call();", after="twice_call", last=True
    ),
    "insert-statement-after-whole-if": InsertStatement(
        path=WORK, function="statements", text="inserted_call();", after="nested_call", blank=True
    ),
    "insert-statement-at-the-end": InsertStatement(
        path=WORK, function="open_end", text="inserted_call();", blank=True
    ),
    "empty-function": EmptyFunction(path=SHAPES, function="split_shape"),
    "write-file": WriteFile(path=SHAPES, template="block"),
    "create-file": CreateFile(path="kernel/new.c", template="block"),
    "move-part": MovePart(
        path=SHAPES,
        to=WORK,
        first=Anchor(kind="function", name="plain_shape"),
        last=Anchor(kind="function", name="split_shape"),
    ),
    "insert-lines-after-line": InsertLines(
        path="Makefile", text="LEVEL = 8\n", after=Anchor(kind="line", name="SUBLEVEL = 7")
    ),
}

BAD = {
    "error-missing-file": RemoveFunctions(path="kernel/absent.c", names=("plain_shape",)),
    "error-no-such-function": RemoveFunctions(path=SHAPES, names=("absent_shape",)),
    "error-function-only-declared": RemoveFunctions(path=SHAPES, names=("long_prototype",)),
    "error-function-made-by-macro": RemoveFunctions(path=SHAPES, names=("macro_shape",)),
    "error-function-only-in-comment": RemoveFunctions(path=SHAPES, names=("first_shape",)),
    "error-function-defined-twice": RemoveFunctions(path=SHAPES, names=("doubled_shape",)),
    "error-function-unbalanced-file": RemoveFunctions(
        path="kernel/unbalanced.c", names=("unbalanced",)
    ),
    "error-no-such-declaration": remove(HEADER, "declaration", "absent_prototype"),
    "error-declaration-is-a-definition": remove(SHAPES, "declaration", "split_shape"),
    "error-declaration-made-by-macro": remove(SHAPES, "declaration", "shapes_lock"),
    "error-declaration-is-a-type-of-others": remove(SHAPES, "declaration", "shape"),
    "error-no-such-macro": remove(HEADER, "macro", "ABSENT_MACRO"),
    "error-macro-in-comment": remove(HEADER, "macro", "COMMENTED_OUT"),
    "error-macro-name-is-longer": remove(HEADER, "macro", "PLAIN"),
    "error-no-such-include": remove(SHAPES, "include", "linux/absent.h"),
    "error-no-such-struct": remove(HEADER, "struct", "absent"),
    "error-struct-only-declared": remove(SHAPES, "struct", "shapes_ops"),
    "error-enum-is-no-struct": remove(HEADER, "struct", "shape_kind"),
    "error-no-such-member": remove(HEADER, "member", "absent", within="shape"),
    "error-member-of-another-struct": remove(HEADER, "member", "head", within="shape"),
    "error-member-no-such-struct": remove(HEADER, "member", "head", within="absent"),
    "error-member-is-a-parameter": remove(HEADER, "member", "argument", within="shape"),
    "error-member-not-alone": remove(HEADER, "member", "second", within="shape"),
    "error-no-such-conditional": InsertLines(
        path=HEADER, text="x\n", before=Anchor(kind="conditional", name="ABSENT")
    ),
    "error-no-statement": RemoveStatements(path=WORK, function="statements", mentioning="absent"),
    "error-statement-in-another-function": RemoveStatements(
        path=WORK, function="open_end", mentioning="nested_call"
    ),
    "error-statement-only-in-string": RemoveStatements(
        path=WORK, function="reordered", mentioning="a"
    ),
    "error-statement-behind-label": RemoveStatements(
        path=WORK, function="statements", mentioning="case_two"
    ),
    "error-statement-on-the-brace": RemoveStatements(
        path=WORK, function="one_line", mentioning="begin_work"
    ),
    "error-tokens-absent": ReplaceTokens(
        path=WORK, within="statements", pattern="absent_call($x)", by="x"
    ),
    "error-tokens-twice": ReplaceTokens(
        path=WORK, within="statements", pattern="twice_call($x)", by="x"
    ),
    "error-tokens-too-few": ReplaceTokens(
        path=WORK, within="statements", pattern="twice_call($x)", by="x", count=3
    ),
    "error-tokens-elsewhere": ReplaceTokens(
        path=WORK, within="open_end", pattern="release_work(shape)", by="x"
    ),
    "error-tokens-nowhere": ReplaceTokens(path=WORK, within="absent", pattern="x", by="y"),
    "error-rename-absent": RenameIdentifiers(path=SHAPES, renames=(("absent", "other"),)),
    "error-rename-part-of-a-word": RenameIdentifiers(path=SHAPES, renames=(("plain", "simple"),)),
    "error-rename-clash": RenameIdentifiers(path=SHAPES, renames=(("plain_shape", "weak_shape"),)),
    "error-rename-member-absent": replace(RENAME_MEMBER, old="absent"),
    "error-rename-member-clash": replace(RENAME_MEMBER, new="cr2"),
    "error-rename-member-no-struct": replace(RENAME_MEMBER, struct="absent_struct"),
    "error-rename-member-not-in-document": replace(RENAME_MEMBER, also=("README",)),
    "error-reorder-absent": ReorderParameters(path=WORK, function="absent", order=(1, 0)),
    "error-reorder-other-count": ReorderParameters(path=WORK, function="statements", order=(0,)),
    "error-replace-declaration": ReplaceDeclaration(path=HEADER, name="absent", text="x\n"),
    "error-block-renders-to-nothing": InsertBlock(
        path=SHAPES, template="nothing", before=Anchor(kind="function", name="split_shape")
    ),
    "error-block-no-anchor-there": InsertBlock(
        path=SHAPES, template="block", before=Anchor(kind="function", name="absent_shape")
    ),
    "error-statement-no-neighbour": InsertStatement(
        path=WORK, function="statements", text="x();", after="absent_call"
    ),
    "error-statement-no-function": InsertStatement(
        path=WORK, function="absent", text="x();", after="begin_work"
    ),
    "error-statement-after-return": InsertStatement(path=WORK, function="statements", text="x();"),
    "error-statement-empty-body": InsertStatement(path=WORK, function="empty_body", text="x();"),
    "error-statement-neighbour-behind-label": InsertStatement(
        path=WORK, function="statements", text="x();", before="case_two"
    ),
    "error-empty-absent": EmptyFunction(path=SHAPES, function="absent_shape"),
    "error-create-existing-file": CreateFile(path=SHAPES, template="block"),
    "error-no-such-line": InsertLines(
        path="Makefile", text="x\n", after=Anchor(kind="line", name="SUBLEVEL =")
    ),
    "error-line-found-twice": InsertLines(
        path=SHAPES, text="x\n", after=Anchor(kind="line", name="}")
    ),
    "error-move-part-backwards": MovePart(
        path=SHAPES,
        to=WORK,
        first=Anchor(kind="function", name="split_shape"),
        last=Anchor(kind="function", name="plain_shape"),
    ),
    "error-write-missing-file": WriteFile(path="kernel/absent.c", template="block"),
}


@pytest.mark.parametrize("name", GOOD)
def test_good(name, golden):
    """An edit changes what it says and nothing else."""
    tree = make_tree()
    apply(tree, GOOD[name])
    golden(GOLDEN / name / "expected.diff", diff_of(tree))


@pytest.mark.parametrize("name", BAD)
def test_bad(name, golden):
    """An edit without its place names file, function and what was looked for; nothing changes."""
    tree = make_tree()
    with pytest.raises(UserError) as caught:
        apply(tree, BAD[name])
    golden(GOLDEN / name / "expected.err", str(caught.value).replace(str(MINI), "<tree>") + "\n")
    assert diff_of(tree) == ""


def test_every_golden_folder_has_a_case():
    """No expected file is left behind by a case that is gone."""
    assert {path.name for path in GOLDEN.iterdir()} == set(GOOD) | set(BAD)


def test_every_edit_is_tested():
    """Each type of edit has a good and a bad case."""
    kinds = set(Edit.__subclasses__())
    covered = {type(edit) for edit in GOOD.values()}
    assert kinds == covered, {kind.__name__ for kind in kinds ^ covered}
    failing = {type(edit) for edit in BAD.values()}
    assert kinds - failing <= {InsertLines}


def test_renaming_a_member_back_restores_every_byte():
    """The inverse of a rename is the rename the other way round."""
    tree = make_tree()
    back = replace(RENAME_MEMBER, old="trap_no", new="trap_nr")
    apply(tree, RENAME_MEMBER)
    changed = changed_files({path: (MINI / path).read_text() for path in tree.files}, tree.files)
    assert set(changed) == {
        PROCESSOR,
        "Documentation/gdbmacros.txt",
        "arch/x86/kernel/traps.c",
        "arch/x86/kernel/vm86_32.c",
        "arch/x86/mm/fault.c",
    }
    apply(tree, back)
    assert diff_of(tree) == ""


def test_renaming_identifiers_back_restores_every_byte():
    """The inverse of a rename is the rename the other way round."""
    tree = make_tree()
    apply(tree, RenameIdentifiers(path=SHAPES, renames=(("plain_shape", "p"), ("SHAPES_MAX", "M"))))
    assert diff_of(tree)
    apply(tree, RenameIdentifiers(path=SHAPES, renames=(("p", "plain_shape"), ("M", "SHAPES_MAX"))))
    assert diff_of(tree) == ""


@pytest.mark.parametrize(
    ("path", "function", "order", "times"),
    [
        (WORK, "statements", (1, 0), 2),
        (HEADER, "statements", (1, 0), 2),
        (SHAPES, "long_prototype", (1, 2, 0), 3),
    ],
)
def test_reordering_until_it_is_the_identity(path, function, order, times):
    """A permutation applied as often as its order restores every byte."""
    tree = make_tree()
    edit = ReorderParameters(path=path, function=function, order=order)
    for turn in range(times):
        apply(tree, edit)
        assert bool(diff_of(tree)) == (turn < times - 1)


def test_a_block_follows_its_template():
    """A block is brought up to date when its template renders differently, and only then."""
    tree = make_tree()
    before = Anchor(kind="function", name="split_shape")
    apply(tree, InsertBlock(path=SHAPES, template="block", before=before))
    once = tree.files[SHAPES]
    apply(tree)
    assert tree.files[SHAPES] == once
    apply(tree, templates={"block": TEMPLATES["block-2"]})
    assert tree.files[SHAPES] == once.replace(TEMPLATES["block"], TEMPLATES["block-2"])


@pytest.mark.parametrize("spoil", [("return 0", "return 1"), ("", "")])
def test_a_block_that_somebody_has_changed(spoil):
    """A block that was changed, or is there twice, is not brought up to date by guessing."""
    tree = make_tree()
    apply(
        tree,
        InsertBlock(path=HEADER, template="block", before=Anchor(kind="enum", name="shape_kind")),
    )
    text = tree.files[HEADER]
    changed = TEMPLATES["block"].replace(*spoil) if spoil[0] else TEMPLATES["block"] * 2
    tree.write(HEADER, text.replace(TEMPLATES["block"], changed))
    with pytest.raises(UserError, match=r"mini\.h: the block 'block' is not as it was inserted"):
        apply(tree, templates={"block": TEMPLATES["block-2"]})


def test_files_without_a_final_newline(tmp_path):
    """What is inserted at the end of such a file stands on its own lines."""
    (tmp_path / "a.h").write_text("int last(void)\n{\n\treturn 0;\n}")
    tree = make_tree(tmp_path)
    last = Anchor(kind="function", name="last")
    apply(tree, InsertLines(path="a.h", text="int after;\n", after=last))
    assert tree.files["a.h"] == "int last(void)\n{\n\treturn 0;\n}\nint after;\n"
    tree = make_tree(tmp_path)
    apply(tree, RemoveFunctions(path="a.h", names=("last",)))
    assert tree.files["a.h"] == ""


def test_bytes_that_are_no_utf8_and_other_line_ends_survive(tmp_path):
    """An edit changes nothing around its place, whatever the encoding."""
    (tmp_path / "a.c").write_bytes(b"/* caf\xe9 */\r\n#define A 1\r\nint b;\r\n")
    tree = make_tree(tmp_path)
    apply(tree, RenameIdentifiers(path="a.c", renames=(("b", "c"),)))
    data = tree.files["a.c"].encode("utf-8", "surrogateescape")
    assert data == b"/* caf\xe9 */\r\n#define A 1\r\nint c;\r\n"
