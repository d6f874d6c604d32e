# SPDX-License-Identifier: GPL-2.0-only
"""Rendering C and messages: golden text, kernel style, and errors that name their line."""

import re
from dataclasses import replace
from functools import cache

import fake_base
import pytest
from conftest import TESTS, noted
from pycparser import c_ast, c_parser

from generator import csource
from generator.errors import UserError
from generator.model.bases import BASES, UNFINISHED
from generator.model.decl import Enum, Enumerator, Function, Macro, Member, Param, Struct
from generator.model.edits import Templated
from generator.model.opcodes import OPCODES
from generator.model.series import REVIEW, SERIES
from generator.plan import Scope, plan_series
from generator.render import cdecl, env, message
from generator.render.env import Templates
from generator.render.overview import describe_patches, number_patches

ROOT = TESTS.parent
GOLDEN = TESTS / "golden" / "render"
PATCHES = tuple(patch.ident for patch in REVIEW.patches)
PREFIXES = [PATCHES[:length] for length in range(len(PATCHES) + 1)]
OTHERS = {series.folder for series in SERIES if series.folder}
FILES = sorted(
    str(path.relative_to(ROOT / "templates")).removesuffix(".j2")
    for path in (ROOT / "templates").rglob("*.j2")
    if not {"messages", "spellings", *OTHERS} & set(path.relative_to(ROOT / "templates").parts)
)
MESSAGES = sorted(
    path.name.removesuffix(".txt.j2") for path in (ROOT / "templates/messages").iterdir()
)
USED = {
    base.name: {
        edit.template
        for group in (base.baseline, *base.edits.values())
        for edit in group
        if isinstance(edit, Templated)
    }
    for base in BASES
}
# what a template stands for from the first patch on that inserts it
SINCE = {
    "arch/x86/include/asm/compat.h/is_32bit_app.h": "is-32bit-app",
    "include/linux/uprobes.h/prototypes.h": "utask",
    "include/linux/uprobes.h/stubs.h": "utask",
    "include/linux/uprobes.h/task.h": "utask",
    "kernel/events/uprobes.c/helpers-3.3.c": "utask",
    "kernel/events/uprobes.c/hit.c": "hit",
    "kernel/events/uprobes.c/utask.c": "utask",
    "kernel/events/uprobes.c/xol.c": "xol",
}


def scopes(name):
    """Return base and prefix for every place of the series where a template is rendered."""
    first = PATCHES.index(SINCE[name]) + 1 if name in SINCE else 0
    users = [base for base in BASES if name in USED[base.name]]
    if not users:
        # included by a template of all bases, or of the one that its name has
        users = [base for base in BASES if "-" not in name or f"-{base.name}." in name]
    return [(base, prefix) for base in users for prefix in PREFIXES[first:]]


CASES = [(name, on) for name in FILES for on in dict.fromkeys(b.name for b, _ in scopes(name))]
each_case = pytest.mark.parametrize(
    ("name", "on"),
    CASES,
    ids=[f"{name.replace('/', ':')}-{on}" for name, on in CASES],
)


def render(name, base, prefix):
    """Render a template for a base and the patches that are applied."""
    return Templates(Scope(base=base, patches=tuple(prefix))).file(name)


@cache
def forth(name):
    """Return what a template renders to at each of its places, in their order."""
    return [render(name, *place) for place in scopes(name)]


@cache
def texts(name, on):
    """Return what a template renders to at the prefixes of a base: the first number for each."""
    found = {}
    for (base, prefix), text in zip(scopes(name), forth(name), strict=True):
        if base.name == on:
            found.setdefault(text, len(prefix))
    return found


REGS = Param("struct pt_regs *", "regs")

DECLARATIONS = {
    "prototype": lambda: cdecl.prototype(
        Function(name="f", returns="int", params=(REGS,), doc=(), patch="")
    ),
    "prototype-void": lambda: cdecl.prototype(
        Function(name="f", returns="struct s *", doc=(), patch="")
    ),
    "prototype-wrapped": lambda: cdecl.prototype(
        Function(
            name="a_function_with_a_long_name",
            returns="struct uprobe_task *",
            params=(REGS, Param("struct task_struct *", "task"), Param("unsigned long", "addr")),
            doc=(),
            patch="",
        )
    ),
    "stub": lambda: cdecl.stub(
        Function(name="f", returns="void", params=(REGS,), doc=(), stub="", patch="")
    ),
    "stub-value": lambda: cdecl.stub(
        Function(name="f", returns="bool", params=(REGS,), doc=(), stub="false", patch="")
    ),
    "head": lambda: cdecl.head(
        Function(
            name="f",
            returns="int",
            params=(REGS,),
            storage="static",
            doc=("Do something when " + "something happens and " * 6 + "ends.",),
            patch="",
        ),
        lambda entry: [entry],
    ),
    "head-kernel-doc": lambda: cdecl.head(
        Function(
            name="f",
            returns="int",
            params=(
                Param("int", "first", "what is first " * 8),
                Param("int", "second"),
            ),
            weak=True,
            header="x.h",
            doc=("do something", "This is more about it.", "Return: 0."),
            patch="",
        ),
        lambda entry: [entry],
    ),
    "head-wrapped": lambda: cdecl.head(
        Function(
            name="a_function_with_a_long_name",
            returns="struct uprobe_task_with_a_long_name *",
            storage="static",
            params=(REGS, Param("unsigned long", "addr")),
            doc=("A sentence.",),
            patch="",
        ),
        lambda entry: [entry],
    ),
    "struct": lambda: cdecl.struct(
        Struct(name="s", doc=("What it is.",), members=()),
        (
            Member(type="int", name="a"),
            Member(type="struct uprobe_of_a_long_name *", name="b", comment="a pointer"),
            Member(type="u8", name="c", array="16", comment="an array"),
            Member(type="char **", name="d"),
        ),
    ),
    "enum": lambda: cdecl.enum(
        Enum(
            name="e",
            doc=(),
            values=(Enumerator(name="E_ONE", comment="the first"), Enumerator(name="E_SECOND")),
        )
    ),
    "macros": lambda: cdecl.macros(
        (Macro(name="A", value="1"), Macro(name="A_LONG_NAME", value="0x10", comment="why"))
    ),
    "comment": lambda: cdecl.comment(["First " * 20, "\tkept   as it is\n\tthis too", "Last."]),
}


@pytest.mark.parametrize("name", DECLARATIONS)
def test_declarations(name, golden):
    """Declarations look as kernel style wants them, line by line."""
    golden(GOLDEN / f"{name}.txt", DECLARATIONS[name]())


def test_every_golden_file_has_a_case():
    """No expected file is left behind."""
    assert {path.stem for path in GOLDEN.iterdir()} == set(DECLARATIONS)


@pytest.mark.parametrize("count", range(1, 9))
def test_wrapping(count):
    """However many parameters: no line is over 80 columns, all stand below the first one."""
    params = tuple(Param("unsigned long", f"parameter{n}") for n in range(count))
    text = cdecl.prototype(
        Function(name="some_function", returns="int", params=params, doc=(), patch="")
    )
    lines = text.rstrip("\n").split("\n")
    assert all(cdecl.columns(line) <= 80 for line in lines)
    assert "".join(line.strip() + " " for line in lines).strip() == (
        "extern int some_function("
        f"{', '.join(f'unsigned long parameter{n}' for n in range(count))});"
    )
    for line in lines[1:]:
        indent = line[: len(line) - len(line.lstrip())]
        assert cdecl.columns(indent) == len("extern int some_function(")
        assert re.fullmatch(r"\t* {0,7}", indent)


@pytest.mark.parametrize("storage", ["extern", "static"])
def test_a_long_first_parameter(storage):
    """Where even the first parameter goes beyond the margin, the type has a line of its own."""
    params = (Param("unsigned long", "an_address_in_the_process"), REGS)
    name = "arch_function_with_a_name_of_its_own"
    function = Function(
        name=name, returns="unsigned long", params=params, doc=(), patch="", storage="static"
    )
    if storage == "extern":
        lines, end = cdecl.prototype(function).split("\n"), ";"
    else:
        lines, end = cdecl.signature(function).split("\n"), ""
    lead = "\t" * 4 + " " * (len(name) + 1 - 32)
    assert lines == [
        f"{storage} unsigned long",
        f"{name}(unsigned long an_address_in_the_process,",
        f"{lead}struct pt_regs *regs){end}",
        "",
    ]


def test_a_stub_that_is_none():
    """A function without a stub cannot be rendered as one."""
    with pytest.raises(ValueError, match="has no stub"):
        cdecl.stub(Function(name="f", returns="int", doc=(), patch=""))


@each_case
def test_style(name, on):
    """At each prefix the text is as coding style wants it."""
    for text, number in texts(name, on).items():
        with noted(f"after {number} patches"):
            check_style(name, text)


def check_style(name, text):
    """Tabs, no white space at the end, one newline at the end, braces and lines as they should."""
    if not text.strip():
        pytest.fail("renders to nothing")
    # the stubs stand in front of others, which have no blank line in between
    assert text.endswith("\n\n") == name.endswith("/stubs.h") and text.endswith("\n")
    assert "\n\n\n" not in text
    assert not re.search(r"\{\{|\}\}|\{%|%\}|\{#|#\}|None|Undefined", text)
    masked = csource.mask(text)
    for sign in ("()", "{}", "[]"):
        assert masked.count(sign[0]) == masked.count(sign[1])
    lines = zip(text.split("\n"), masked.split("\n"), strict=True)
    for number, (line, left) in enumerate(lines, 1):
        assert line == line.rstrip(), f"line {number}"
        assert not re.match(r"\t* {8}", line), f"line {number} is indented by blanks"
        code = left.rstrip() or line
        remark = "/*" in line and code != line
        if '"' not in line:
            assert cdecl.columns(code) <= 80, f"line {number}"
        assert cdecl.columns(line) <= (100 if remark or '"' in line else 80), f"line {number}"


@each_case
def test_comments(name, on):
    """At each prefix."""
    for text, number in texts(name, on).items():
        with noted(f"after {number} patches"):
            check_comments(text)


def check_comments(text):
    """R13: a comment above every function, that begins and ends as sentences do."""
    functions = set(re.findall(r"^[a-z][^\n;=#]*?\b(\w+)\([^;{]*\)\n\{", text, re.M))
    for function in functions:
        found = csource.find_functions(text, function)
        assert found, function
        first = found[0]
        above = text[first.whole.start : first.head.start]
        if any(csource.are_alternatives(text, first.whole, other.whole) for other in found[1:]):
            found = found[:1]
        if not above and "static inline" in first.head.of(text):
            continue
        words = re.sub(r"(?m)^ ?/?\*+/? ?", "", above).strip().removesuffix("*/").strip()
        assert words, f"{function} has no comment"
        assert words[0].isupper() or words.startswith(f"{function}()"), function
        # a list, set off by tabs, may follow the last sentence
        prose = re.sub(r"(?m)^\t.*\n?", "", words).strip()
        assert prose.endswith("." if prose == words else ":"), function


def test_spellings():
    """What bases write in their own way is plain C, whole, and some base does write it so."""
    named = {each.template for base in (*BASES, *UNFINISHED) for each in base.spelled.values()}
    found = {}
    for path in (ROOT / "templates/spellings").iterdir():
        found[f"spellings/{path.name.removesuffix('.j2')}"] = path.read_text()
    assert found.keys() == named
    for name, text in found.items():
        with noted(name):
            assert not re.search(r"\{\{|\{%|\{#|[ \t]$|\n\n", text) and text.endswith("\n")
            assert text.count("(") == text.count(")") and not text.endswith(";\n")


@pytest.mark.parametrize("name", FILES)
def test_rendering_is_deterministic(name):
    """The same scope gives the same text, and the order of rendering does not matter."""
    back = [render(name, *place) for place in reversed(scopes(name))]
    assert forth(name) == back[::-1]


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_messages(name, base):
    """Messages are filled to 72 columns, without leftovers of the template."""
    templates = Templates(Scope(base=base, patches=PATCHES))
    patches = [planned.patch for planned in plan_series(base, REVIEW).patches]
    text = templates.message(
        REVIEW.message(name),
        source_version="6.1.7",
        overview=describe_patches(patches),
        numbers=number_patches(patches),
    )
    assert text == text.strip() and text[0].isprintable()
    assert all(len(line) <= 72 for line in text.split("\n"))
    assert not re.search(r"\{|\}|\t", text)
    assert text.rstrip(")")[-1] in ".:" or "\n - " in text


@pytest.mark.parametrize("patch", REVIEW.patches, ids=lambda patch: patch.ident)
def test_subjects(patch):
    """Subjects fit on a line behind [PATCH 10/12]."""
    assert len(patch.subject) <= 75


# the opcode tables, read back from the C


def preprocess(text):
    """Return the tables of the rendered file as C that stands alone, macros replaced."""
    start, end = text.index("#define UPROBE_FIX_IP"), text.index("#undef _")
    macros, rows = {}, []
    lines = re.sub(r"/\*.*?\*/", "", text[start:end], flags=re.S).replace("\\\n", " ")
    for line in lines.split("\n"):
        define = re.match(r"#define\s+(\w+)\s+(.*?)\s*$", line)
        if define:
            macros[define[1]] = define[2]
        else:
            rows.append(line)
    body = "\n".join(rows)
    while re.search(rf"\b(?:{'|'.join(macros)})\b", body):
        body = re.sub(rf"\b(?:{'|'.join(macros)})\b", lambda match: f"({macros[match[0]]})", body)
    return "typedef unsigned char u8;\ntypedef unsigned short u16;\n" + body


def value_of(node):
    """Return the value of a constant expression or of an initialiser."""
    if isinstance(node, c_ast.InitList):
        return [value_of(each) for each in node.exprs]
    if isinstance(node, c_ast.BinaryOp):
        assert node.op == "|"
        return value_of(node.left) | value_of(node.right)
    assert isinstance(node, c_ast.Constant), node
    return int(node.value, 0)


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_tables_say_what_the_model_says(base):
    """The C tables are parsed and evaluated: each entry has the bits of the model's class."""
    text = render("arch/x86/kernel/uprobes.c", base, PATCHES)
    bits = {fixup.name: fixup.bit for fixup in OPCODES.fixups}
    wanted = {kind.letter: sum(bits[name] for name in kind.fixups) for kind in OPCODES.classes}
    tree = c_parser.CParser().parse(preprocess(text))
    found = {
        node.name: value_of(node.init)
        for node in tree.ext
        if isinstance(node, c_ast.Decl) and node.init is not None
    }
    for opcodes in OPCODES.maps:
        assert found.pop(opcodes.name) == [wanted[letter] for letter in opcodes.letters]
    groups = [[g.opcode, [wanted[letter] for letter in g.letters]] for g in OPCODES.groups]
    assert found.pop("uprobe_insn_groups") == groups
    assert found == {}


@pytest.mark.parametrize("prefix", PREFIXES[PATCHES.index("utask") + 1 :], ids=len)
def test_structures_parse(prefix):
    """The structures of the header are C, with the members of the patches that are applied."""
    text = render("arch/x86/include/asm/uprobes.h", BASES[0], prefix)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"(?m)^\s*#.*$", "", text).replace("MAX_UINSN_BYTES", "16")
    text = text.replace("UPROBE_INSN_MODES", "2")
    types = "".join(f"typedef int {name};" for name in ("u8", "u16", "u32", "s32", "bool"))
    tree = c_parser.CParser().parse(types + text)
    structs = {
        node.type.name: [member.name for member in node.type.decls]
        for node in tree.ext
        if isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.Struct)
    }
    assert "saved_trap_nr" in structs["arch_uprobe_task"]
    assert ("nop" in structs["arch_uprobe_mode"]) == ("skip-nop" in prefix)
    assert {"insn", "ixol", "modes"} <= set(structs["arch_uprobe"])
    assert "fixups" in structs["arch_uprobe_mode"]


@pytest.mark.parametrize("prefix", PREFIXES, ids=len)
def test_patches_bring_what_is_theirs(prefix):
    """Before its patch a function is neither declared nor defined."""
    templates = Templates(Scope(base=BASES[0], patches=prefix))
    text = templates.file("arch/x86/kernel/uprobes.c")
    for name, patch in (
        ("arch_uprobe_pre_xol", "arch-xol"),
        ("arch_uprobe_exception_notify", "hit"),
        ("arch_uprobe_skip_sstep", "skip-nop"),
    ):
        assert (csource.find_function(text, name) is not None) == (patch in prefix)
        assert (f" {name}(" in templates.prototypes("include/linux/uprobes.h")) == (patch in prefix)
    old, new = "arch_uprobes_analyze_insn", "arch_uprobe_analyze_insn"
    assert csource.find_function(text, new if "names" in prefix else old)
    head = csource.find_function(text, new if "names" in prefix else old).head.of(text)
    arguments = [span.of(head) for span in csource.call_arguments(head, head.index("("))[0]]
    first = "struct arch_uprobe *auprobe" if "param-order" in prefix else "struct mm_struct *mm"
    assert arguments[0] == first


# templates that are wrong


@pytest.fixture
def broken(monkeypatch, tmp_path):
    """Return a function that renders a template of the test's own."""
    monkeypatch.setattr(env, "data_dir", lambda name: tmp_path)
    env.environment.cache_clear()
    templates = Templates(Scope(base=fake_base.BASE, patches=("member",)))

    def run(text, *, kind="file"):
        place = tmp_path / ("messages/x.txt.j2" if kind == "message" else "dir/x.c.j2")
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
        if kind == "message":
            return templates.message("messages/x.txt")
        return templates.file("dir/x.c")

    yield run
    env.environment.cache_clear()


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a\n\n{{ absent }}\n", "templates/dir/x.c.j2:3", "'absent' is undefined"),
        ("a\n{{ names.absent }}\n", "templates/dir/x.c.j2:2", "no name 'absent'"),
        ("{% if absent %}\n{% endif %}\n", "templates/dir/x.c.j2:1", "'absent' is undefined"),
        ("a\n{% if x %}\n", "templates/dir/x.c.j2:2", "Unexpected end of template"),
        ("a\n{{ }}\n", "templates/dir/x.c.j2:2", "Expected an expression"),
        ("struct s x = {{0}, 1};\n\n\n", "templates/dir/x.c.j2:1", "unexpected '}'"),
        ("{% include 'absent.j2' %}", "templates", "the template 'absent.j2' is missing"),
        ('a\n{{ head("absent") }}', "templates/dir/x.c.j2:2", "the function 'absent'"),
        ("{{ names.result | absent }}", "templates/dir/x.c.j2:1", "No filter named 'absent'"),
    ],
)
def test_broken_templates(text, where, what, broken):
    """An error in a template names its file and its line."""
    with pytest.raises(UserError) as caught:
        broken(text)
    assert caught.value.where == where
    assert what in caught.value.what


def test_broken_messages(broken):
    """Messages fail as files do."""
    with pytest.raises(UserError, match="'absent' is undefined"):
        broken("{{ absent }}", kind="message")
    with pytest.raises(UserError):
        broken("{% if %}", kind="message")


def test_missing_templates(broken):
    """A template and a message that are not there are named."""
    broken("x")
    templates = Templates(Scope(base=fake_base.BASE, patches=()))
    with pytest.raises(UserError, match=r"the template 'absent\.c\.j2' is missing"):
        templates.file("absent.c")
    with pytest.raises(UserError, match=r"the template 'messages/absent\.txt\.j2' is missing"):
        templates.message("messages/absent.txt")


def test_white_space_of_templates(broken):
    """Lines of tags leave nothing behind; all other white space stays."""
    text = (
        'a\n\t{% if has("member") %}\n\tb;\n\t{% endif %}\n{% if has("x") %}\nno\n{% endif %}\nc\n'
    )
    assert broken(text) == "a\n\tb;\nc\n"


def test_templates_are_whole():
    """What a template opens it closes; C never has two braces together, which Jinja takes."""
    paths = sorted((ROOT / "templates").rglob("*.j2"))
    for path in paths:
        with noted(str(path)):
            check_whole(path.read_text())
    assert len(paths) > 200


def check_whole(text):
    """Count what is opened and closed."""
    assert text.count("{{") == text.count("}}")
    assert text.count("{%") == text.count("%}")
    without = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", text, flags=re.S)
    assert without.count("{") == without.count("}")
    for tag in ("if", "for"):
        opened = re.findall(rf"\{{%-? {tag} ", text)
        assert len(opened) == len(re.findall(rf"\{{%-? end{tag} ", text))


def test_the_base_decides_the_names():
    """Another base with other names renders another text from the same template."""
    base = replace(BASES[0], names={**BASES[0].names, "get_bp_addr": "uprobe_get_bp_addr"})
    text = render("kernel/events/uprobes.c/hit.c", base, PATCHES)
    assert "uprobe_get_bp_addr(regs)" in text
    assert "uprobe_get_swbp_addr" not in text


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("one\ntwo", "one two"),
        ("one\n\ntwo\n", "one\n\ntwo"),
        (" - one\n   two\n - three", " - one two\n - three"),
        ("word " * 20, ("word " * 14).strip() + "\n" + ("word " * 6).strip()),
        ("x" * 90, "x" * 90),
        ("a-" * 50, "a-" * 50),
        ("word " * 14 + "From here", ("word " * 13).strip() + "\nword From here"),
        ("word " * 14 + "Fromage", ("word " * 14).strip() + "\nFromage"),
    ],
)
def test_filling(text, filled):
    """Paragraphs are filled, lists hang, long words stay whole, no line begins a mail."""
    assert message.fill(text) == filled


@pytest.mark.parametrize("damage", ["none", "garbage", "cut", "no-place"])
def test_compiled_templates_are_kept(monkeypatch, tmp_path, damage):
    """What is kept makes no difference: another text, half a file, or no place to keep it."""
    place = tmp_path / "templates"
    monkeypatch.setattr(env, "cache_dir", lambda name: place)
    if damage == "no-place":
        place.write_text("a file")
    texts = []
    for _ in range(2):
        env.environment.cache_clear()
        scope = Scope(base=BASES[0], patches=PATCHES)
        texts.append(Templates(scope).file("arch/x86/kernel/uprobes.c"))
        for file in place.iterdir() if place.is_dir() else ():
            data = file.read_bytes()
            file.write_bytes({"garbage": b"x" * 99, "cut": data[:-50]}.get(damage, data))
    assert texts[0] == texts[1]
    assert place.is_file() or len(list(place.iterdir())) == len(env.environment().cache) > 1
    env.environment.cache_clear()
