# SPDX-License-Identifier: GPL-2.0-only
"""The model is consistent with itself: nothing is called, named or claimed that is not there."""

import ast
import re
from collections import Counter
from dataclasses import replace

import pytest
from conftest import TESTS, noted
from iced_x86 import Code, OpCodeInfo, OpCodeTableKind

from generator.model.bases import BASES
from generator.model.decl import Function, When
from generator.model.edits import (
    Anchor,
    InsertBlock,
    InsertLines,
    InsertStatement,
    RenameMember,
    ReorderParameters,
    WriteFile,
)
from generator.model.emulation import EMULATION, EmulatedForm
from generator.model.interface import ARCH_FUNCTIONS, INTERFACE
from generator.model.opcodes import OPCODES
from generator.model.review import RULES
from generator.model.series import REVIEW, SERIES
from generator.model.states import INITIAL, STATES, TRANSITIONS
from generator.plan import Scope, find_base, patch_of
from generator.render.opcode_page import opcode_page

TEMPLATES = TESTS.parent / "templates"
PATCHES = [patch.ident for patch in REVIEW.patches]
CORE_C = "\n".join(
    path.read_text() for path in sorted((TEMPLATES / "kernel/events/uprobes.c").iterdir())
)

each_base = pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
each_map = pytest.mark.parametrize("opcodes", OPCODES.maps, ids=lambda opcodes: opcodes.name)


def edits_of(base):
    """Return all edits of a base, those of the baseline included."""
    return [*base.baseline, *(edit for edits in base.edits.values() for edit in edits)]


def names_of(base):
    """Return the functions of the interface under the names that a base gives them."""
    scope = Scope(base=base, patches=tuple(PATCHES))
    return {scope.resolved(function).name for function in INTERFACE.functions}


# patches


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.name)
def test_patches(series):
    """Identifiers and subjects are there once, and every patch has its message."""
    idents = [patch.ident for patch in series.patches]
    assert len(set(idents)) == len(idents) > 0
    assert len({patch.subject for patch in series.patches}) == len(idents)
    for patch in series.patches:
        assert re.fullmatch(r"[a-z][a-z0-9-]*", patch.ident)
        assert re.fullmatch(r"[a-z0-9/]+: [A-Z].*[^.]", patch.subject)
        assert len(patch.subject) <= 75
        assert (TEMPLATES / f"{series.message(patch.ident)}.j2").is_file()
    assert re.fullmatch(r"\d+ [+-]\d{4}", series.author.date)


@each_base
def test_every_base_knows_every_patch(base):
    """A base has edits for the patches that it has, none forgotten, none misspelt."""
    has = {patch.ident for patch in REVIEW.patches if not patch.needs or patch.needs in base.has}
    others = {patch.ident for series in SERIES if series is not REVIEW for patch in series.patches}
    assert has <= set(base.edits) <= has | others


def test_the_newest_base_has_all_patches():
    """Nothing that a patch needs is misspelt, or lacking in it."""
    has = find_base("6.19").has
    assert all(not patch.needs or patch.needs in has for patch in REVIEW.patches)


def test_who_brings_what():
    """Every function, member and macro belongs to a patch of the series or to the baseline."""
    known = {*PATCHES, "baseline"}
    assert {function.patch for function in INTERFACE.functions} <= known
    for struct in INTERFACE.structs:
        assert {member.patch for member in struct.members} <= {*known, ""}, struct.name
    assert {macro.patch for macro in INTERFACE.macros} <= {*known, ""}
    for base in BASES:
        assert {patch_of(hook) for hook in base.hooks} <= set(PATCHES)


# the interface


def test_names_are_there_once():
    """No two functions, structures or macros have the same name."""
    for things in (INTERFACE.functions, INTERFACE.structs, INTERFACE.enums, INTERFACE.macros):
        count = Counter(thing.name for thing in things)
        assert max(count.values()) == 1, count.most_common(1)
    assert set(INTERFACE.by_name) == {function.name for function in INTERFACE.functions}


def test_names_of_functions():
    """A name is an identifier, resolved for each base, and has none of the words of 2011."""
    for function in INTERFACE.functions:
        with noted(function.name):
            for base in BASES:
                name = Scope(base=base, patches=tuple(PATCHES)).resolved(function).name
                assert re.fullmatch(r"[a-z_][a-z0-9_]*", name)
                assert re.fullmatch(r"[a-z_][a-z0-9_]*", function.name), "no Jinja in a name"
                assert "bkpt" not in name and "trap_no" not in name
                assert not name.startswith("arch_uprobes_")
            names = [param.name for param in function.params]
            assert len(set(names)) == len(names)
            for param in function.params:
                assert re.fullmatch(r"[a-z_][a-z0-9_]*", param.name)
                assert param.type == param.type.strip()
                assert param.name not in ("u", "probept", "consumer", "tskinfo")


@each_base
def test_names_of_a_base(base):
    """Every name that differs per base is set in each of them, and is not one of 2011's."""
    assert set(base.names) == set(BASES[0].names)
    for key, name in base.names.items():
        assert name, key
        if not key.startswith("old_"):
            assert not re.search(r"bkpt|BKPT|trap_no|UPROBES_", name), key


# R03: the important parameter first, the same everywhere
ORDER = (
    ("struct arch_uprobe *", "auprobe"),
    ("struct return_instance *", "ret"),
    ("struct task_struct *", "t"),
    ("struct notifier_block *", "self"),
    ("struct mm_struct *", "mm"),
    ("struct pt_regs *", "regs"),
    ("struct vm_area_struct *", "vma"),
    ("unsigned long", "addr"),
    ("unsigned long", "vaddr"),
    ("u16", "machine"),
    ("bool", "shared"),
    ("unsigned long", "val"),
    ("long", "syscall"),
    ("void *", "data"),
)


# not of the review: other architectures, which the series leaves alone, have them as they are
OTHERS_HAVE_IT = {
    "arch_uprobe_copy_ixol": ["page", "vaddr", "src", "len"],
    "arch_uprobe_trampoline": ["psize"],
    "arch_uretprobe_hijack_return_addr": ["trampoline_vaddr", "regs"],
    "arch_uretprobe_is_alive": ["ret", "ctx", "regs"],
}


@pytest.mark.parametrize("function", ARCH_FUNCTIONS, ids=lambda function: function.name)
def test_order_of_parameters(function):
    """Parameters of arch_uprobe functions have the name of their type and stand in R03's order."""
    assert function.name.startswith(("arch_uprobe_", "arch_uretprobe_"))
    params = [(param.type, param.name) for param in function.params]
    if function.name in OTHERS_HAVE_IT:
        assert [name for _, name in params] == OTHERS_HAVE_IT[function.name]
        return
    places = [ORDER.index(param) for param in params]
    assert places == sorted(places)


def test_order_before_the_patch():
    """What stood in another order before is the same parameters, and really another order."""
    for function in INTERFACE.functions:
        with noted(function.name):
            order = function.former_order
            if order:
                assert sorted(order) == list(range(len(function.params)))
                assert list(order) != sorted(order)
                back = [order[place] for place in order]
                assert back == sorted(back), "the baseline takes it for its own inverse"
            if function.former_name:
                assert function.former_name != function.name


def test_documentation():
    """Functions that the series brings are described; a stub returns what its type says."""
    for function in INTERFACE.functions:
        with noted(function.name):
            if function.patch != "baseline":
                assert function.doc
            if function.stub is not None:
                assert function.header
                assert (function.stub == "") == (function.returns == "void")
            if function.storage.startswith("static") and "inline" not in function.storage:
                assert not function.header and not function.weak


def reasons(function):
    """Return why a static function stands in the model, and not as plain C in a template."""
    found = {
        "header": function.header,
        "name": any(function.name in base.names for base in BASES),
        "parameters": any(function.name in base.params for base in BASES),
        "hook": any(hook.callee == function.name for base in BASES for hook in base.hooks),
        "words": any(not isinstance(paragraph, str) for paragraph in function.doc),
        "generated": any(f"@{word}" in function.doc for word in ("states", "nops")),
    }
    return {word for word, holds in found.items() if holds}


def test_static_functions():
    """A helper is plain C above its body; what the model has of it, something else reads."""
    helper = Function(name="helper", returns="void", doc=("Help.",), storage="static", patch="hit")
    assert not reasons(helper) and reasons(replace(helper, doc=(("Help", When(patch="hit")),)))
    statics = [function for function in INTERFACE.functions if "static" in function.storage]
    assert {function.name for function in statics if not reasons(function)} == set()
    told = set().union(*map(reasons, statics))
    assert told == {"header", "name", "parameters", "hook", "words", "generated"}


def test_no_text_is_a_template():
    """What depends on a patch or a base is said by types: ``Piece``, ``Prototype``, ``When``."""
    paths = sorted((TESTS.parent / "generator" / "model").rglob("*.py"))
    for path in paths:
        tree = ast.parse(path.read_text())
        bare = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in bare:
                assert not re.search(r"\{\{|\{%|\{#", node.value), f"{path}:{node.lineno}"
    assert len(paths) > 30


def test_states_are_the_enumeration():
    """The enumeration in C is the list of states, in its order."""
    enum = next(enum for enum in INTERFACE.enums if enum.name == "uprobe_task_state")
    assert [value.name for value in enum.values] == [state.enumerator for state in STATES]


# states


def reachable(start):
    """Return the states that can be reached from one."""
    found, left = {start}, [start]
    while left:
        state = left.pop()
        for move in TRANSITIONS:
            if move.source == state and move.target not in found:
                found.add(move.target)
                left.append(move.target)
    return found


def test_every_state_can_be_reached():
    """From the initial state to every other one, and back from each: nothing is stuck."""
    names = {state.enumerator for state in STATES}
    assert reachable(INITIAL) == names
    assert all(INITIAL in reachable(name) for name in names)
    assert {name for move in TRANSITIONS for name in (move.source, move.target)} == names


def test_states_mean_something_in_c():
    """Every state is set or looked at in the C, and no other one is."""
    used = set(re.findall(r"\bUTASK_\w+", CORE_C))
    assert used == {state.enumerator for state in STATES}
    for state in STATES:
        assert re.search(rf"state = {state.enumerator}\b", CORE_C)


def test_transitions_have_their_function():
    """The function that makes a transition exists, and sets its target there."""
    for move in TRANSITIONS:
        head = rf'^(?:{{{{ head\("{move.function}"\) }}}}|static .*\b{move.function}\([^{{}}]*\))'
        found = re.search(rf"{head}\n{{\n(.*?)\n}}\n", CORE_C, re.S | re.M)
        assert found and f"state = {move.target};" in found[1], move.function


def test_leaving_a_step():
    """Only the states of a step in progress are left by ending it."""
    active = {state.enumerator for state in STATES if state.active}
    assert INITIAL not in active
    assert {move.source for move in TRANSITIONS if move.target == INITIAL} <= active
    assert all(move.target in active for move in TRANSITIONS if move.source == INITIAL)


# opcodes

# prefixes and escapes stand in front of an opcode and are none
NOT_OPCODES = {
    "": {0x0F, 0x26, 0x2E, 0x36, 0x3E, *range(0x64, 0x68), 0xF0, 0xF2, 0xF3},
    "0f": {0x38, 0x3A},
}
# bytes that no manual gives a meaning to (SDM volume 2, table A-3)
UNDEFINED = {
    "": set(),
    "0f": {0x04, 0x0A, 0x0C, *range(0x24, 0x28), 0x36, 0x39, *range(0x3B, 0x40), 0x7A, 0x7B},
}


@each_map
def test_every_opcode_has_a_class(opcodes):
    """256 letters, each of them a class."""
    assert len(opcodes.letters) == 256
    assert set(opcodes.letters) <= set(OPCODES.by_letter)


@pytest.mark.parametrize("escape", ["", "0f"])
def test_every_refused_opcode_has_a_reason(escape):
    """An instruction is accepted, or refused with a reason, never both and never neither."""
    opcodes = next(each for each in OPCODES.maps if each.escape == escape)
    refused = [code for r in OPCODES.refusals if r.map == escape for code in r.opcodes]
    assert max(Counter(refused).values()) == 1
    accepted = {code for code in range(256) if opcodes.letters[code] != "_"}
    assert not accepted & set(refused)
    assert not accepted & (NOT_OPCODES[escape] | UNDEFINED[escape])
    left = set(range(256)) - accepted - set(refused) - NOT_OPCODES[escape] - UNDEFINED[escape]
    assert left == set(), sorted(map(hex, left))
    assert not set(refused) & NOT_OPCODES[escape]


def test_refusals_are_explained():
    """Each refusal has a reason and a map that exists."""
    for refusal in OPCODES.refusals:
        assert refusal.reason and refusal.opcodes
        assert refusal.map in {opcodes.title for opcodes in OPCODES.maps}


@pytest.mark.parametrize(
    ("title", "code", "letter"),
    [
        ("", 0x90, "X"),
        ("", 0xC3, "A"),
        ("", 0xE8, "C"),
        ("", 0xE9, "B"),
        ("", 0x74, "B"),
        ("", 0xCC, "_"),
        ("", 0x17, "_"),
        ("", 0x9C, "P"),
        ("", 0x9D, "S"),
        ("", 0x27, "L"),
        ("", 0xFF, "G"),
        ("0f", 0x05, "_"),
        ("0f", 0x0B, "X"),
        ("0f", 0x1F, "X"),
        ("0f", 0x84, "B"),
        ("0f", 0xAF, "X"),
        ("0f 38", 0xF0, "X"),
        ("0f 3a", 0x0F, "X"),
        ("vex 0f", 0x77, "X"),
        ("vex 0f", 0x84, "_"),
        ("vex 0f 38", 0xF2, "X"),
        ("vex 0f 3a", 0xF0, "X"),
        ("vex 0f 3a", 0x68, "_"),
    ],
)
def test_some_opcodes(title, code, letter):
    """A handful of well-known instructions, written down independently of the tables."""
    opcodes = next(each for each in OPCODES.maps if each.title == title)
    assert opcodes.letters[code] == letter


# APM volume 4: vpermil2ps and the instructions with four operands
FMA4 = {0x48, 0x49, *range(0x5C, 0x60), *range(0x68, 0x70), *range(0x78, 0x80)}


def vex_opcodes(table):
    """Return the opcodes that iced-x86 knows of a map behind VEX or EVEX."""
    infos = [
        OpCodeInfo(code)
        for name, code in vars(Code).items()
        if name.startswith(("VEX_", "EVEX_")) and "KNC" not in name
    ]
    # tilerelease has its ModRM byte in the number
    return {info.op_code >> 8 or info.op_code for info in infos if info.table == table}


@pytest.mark.parametrize(
    ("title", "table"),
    [
        ("vex 0f", OpCodeTableKind.T0F),
        ("vex 0f 38", OpCodeTableKind.T0F38),
        ("vex 0f 3a", OpCodeTableKind.T0F3A),
    ],
)
def test_vex_maps_have_what_the_manuals_have(title, table):
    """A decoder made from the manuals' tables knows the same opcodes, FMA4 apart."""
    opcodes = next(each for each in OPCODES.maps if each.title == title)
    accepted = {code for code in range(256) if opcodes.letters[code] != "_"}
    fma4 = FMA4 if table == OpCodeTableKind.T0F3A else set()
    assert accepted == vex_opcodes(table) - fma4


def test_classes_and_fixups():
    """Letters are single and distinct, fixups exist, and their bits fit into a byte."""
    letters = [kind.letter for kind in OPCODES.classes]
    assert len(set(letters)) == len(letters) and all(len(letter) == 1 for letter in letters)
    bits = [fixup.bit for fixup in OPCODES.fixups]
    assert len(set(bits)) == len(bits)
    assert all(bit & (bit - 1) == 0 and 0 < bit < 256 for bit in bits)
    names = {fixup.name for fixup in OPCODES.fixups}
    used = {name for kind in OPCODES.classes for name in kind.fixups}
    assert used == names


def test_what_becomes_of_ip():
    """An accepted class says exactly one thing about the instruction pointer, a refused nothing."""
    ways = {"UPROBE_FIX_IP", "UPROBE_FIX_ABS", "UPROBE_FIX_BRANCH"}
    for kind in OPCODES.classes:
        wanted = 0 if kind.letter in "_G" else 1
        assert len(ways & set(kind.fixups)) == wanted, kind.letter


def test_groups():
    """Every opcode of class G has its group and the other way round; groups hold no G."""
    escapes = {"": 0, "0f": 0x0F00}
    wanted = {
        escapes[each.escape] | code
        for each in OPCODES.maps
        for code in range(256)
        if each.letters[code] == "G"
    }
    system = {0x0100 | byte for byte in range(0xC0, 0x100, 8)}
    assert {group.opcode for group in OPCODES.groups} - system == wanted
    for group in OPCODES.groups:
        assert len(group.letters) == 8
        assert set(group.letters) <= set(OPCODES.by_letter) - {"G"}
        assert group.letters != "________"


def test_nops():
    """A NOP is an accepted instruction: it is stepped where it cannot be skipped."""
    for nop in OPCODES.nops:
        escape, code = " ".join(f"{byte:02x}" for byte in nop.opcode[:-1]), nop.opcode[-1]
        opcodes = next(each for each in OPCODES.maps if each.escape == escape)
        assert opcodes.letters[code] == "X"
    assert {nop.opcode for nop in OPCODES.nops} == {(0x90,), (0x0F, 0x1F), (0x0F, 0x1E)}


def test_what_is_emulated_can_be_executed_out_of_line():
    """Emulation may fail at any hit: the instruction is accepted by the tables as well."""
    groups = {group.opcode: group.letters for group in OPCODES.groups}
    letters = {each.title: each.letters for each in OPCODES.maps}
    for form in EMULATION.forms:
        assert form.opcodes, form.pattern
        for opcode in form.opcodes:
            letter = letters["0f" if opcode > 0xFF else ""][opcode & 0xFF]
            if opcode in (*range(0x40, 0x50), 0x90):
                continue
            assert letter != "_", f"{form.pattern} has {opcode:x}"
            if letter == "G":
                assert form.regs, form.pattern
                assert {groups[opcode][reg] for reg in form.regs} <= set(OPCODES.by_letter) - {"_"}


def test_no_two_rows_of_emulation_fit_the_same_instruction():
    """The C takes the first row that fits: no row is in the shadow of another."""
    seen = Counter(
        (opcode, reg)
        for form in EMULATION.forms
        for opcode in form.opcodes
        for reg in (form.regs or range(8))
    )
    assert {key for key, times in seen.items() if times > 1} == set()


def test_names_of_emulation():
    """Every name that a row uses is one of the enumerators; every enumerator is used."""
    for names, used in (
        (EMULATION.operations, {form.operation for form in EMULATION.forms}),
        (EMULATION.operands, {form.operands for form in EMULATION.forms}),
        (EMULATION.arithmetic[8:], {form.alu for form in EMULATION.forms}),
    ):
        assert used <= {name.name for name in names}
        assert {name.name for name in names} - used <= {"NONE"}


@pytest.mark.parametrize("pattern", ["0000000", "0f 000000001", ""])
def test_a_pattern_has_eight_bits(pattern):
    """A pattern that has not is an error and no row that fits by chance."""
    with pytest.raises(ValueError, match="no pattern of eight bits"):
        _ = EmulatedForm(pattern=pattern, operation="MOV", operands="E_G", what="").mask


# edits and hooks


@each_base
def test_hooks(base):
    """Every hook calls a function of the interface; no file has two of one."""
    names = names_of(base)
    for hook in base.hooks:
        assert hook.callee in names or hook.callee in INTERFACE.by_name, hook.callee
        assert not (hook.after and hook.before)
    places = [(hook.callee, hook.path) for hook in base.hooks]
    assert len(places) == len(set(places))


@each_base
def test_edits_say_where(base):
    """Anchored edits have one anchor, paths are inside of the tree, templates are there."""
    for edit in edits_of(base):
        assert not edit.path.startswith("/") and ".." not in edit.path
        if isinstance(edit, InsertBlock | InsertLines):
            assert (edit.after is None) != (edit.before is None), edit
            anchor = edit.after or edit.before
            assert isinstance(anchor, Anchor)
            assert bool(anchor.within) == (anchor.kind == "member")
        if isinstance(edit, InsertStatement):
            assert not (edit.after and edit.before)
        if isinstance(edit, InsertBlock | WriteFile):
            assert (TEMPLATES / f"{edit.template}.j2").is_file(), edit.template
        if isinstance(edit, ReorderParameters):
            assert sorted(edit.order) == list(range(len(edit.order)))


@each_base
def test_the_rename_undoes_the_baseline(base):
    """Patch 1 is the inverse of what the baseline does, no more and no less."""
    forth = next(edit for edit in base.edits["trap-nr"] if isinstance(edit, RenameMember))
    assert (forth.old, forth.new) == ("trap_no", "trap_nr")
    if "no_uprobes" in base.has:
        assert not any(isinstance(edit, RenameMember) for edit in base.baseline)
        return
    (back,) = [edit for edit in base.baseline if isinstance(edit, RenameMember)]
    assert base.edits["trap-nr"] == (forth,)
    assert (back.old, back.new) == (forth.new, forth.old) == ("trap_nr", "trap_no")
    assert (back.struct, back.holder, back.below) == (forth.struct, forth.holder, forth.below)


# the review


def test_every_point_is_answered():
    """R01 to R29, each of them once, and each answered by at least one patch."""
    wanted = {f"R{number:02d}" for number in range(1, 30)}
    assert [rule.ident for rule in RULES] == sorted(wanted)
    claimed = {ident for patch in REVIEW.patches for ident in patch.review}
    assert claimed == wanted, sorted(wanted ^ claimed)
    for patch in REVIEW.patches:
        assert patch.review and len(set(patch.review)) == len(patch.review)


def test_preparation_comes_first():
    """R29: the trivial patches stand in front, R02 the very first."""
    assert PATCHES[:4] == ["trap-nr", "is-32bit-app", "names", "param-order"]
    assert PATCHES.index("hit") > PATCHES.index("arch-xol") > PATCHES.index("xol")


def test_the_page_about_opcodes_is_up_to_date(golden):
    """docs/opcodes.md is what the model says; 'make golden' writes it."""
    golden(TESTS.parent / "docs" / "opcodes.md", opcode_page(OPCODES, EMULATION))


def test_the_page_about_opcodes_says_everything():
    """Each reason, each class, each map, with a source."""
    page = opcode_page(OPCODES, EMULATION)
    for refusal in OPCODES.refusals:
        assert f"| {refusal.reason} | {refusal.source} |" in page
    for table in OPCODES.maps:
        assert f"Source: {table.source}." in page
    for kind in OPCODES.classes:
        assert kind.meaning in page
