# SPDX-License-Identifier: GPL-2.0-only
"""Which objects a change of a header reaches: from declarations, and from kbuild's .cmd files."""

from __future__ import annotations

import pytest

from generator.checks.matrix.affected import Change, find_affected, read_targets
from generator.checks.matrix.pieces import Kind, split_pieces
from generator.checks.matrix.reach import Reach, find_reach

OPTIONS = {"CONFIG_UPROBES": "y", "CONFIG_MODULE": "m"}
EVERYTHING = Reach(everything=True)


def names(*found):
    """Return the reach of names."""
    return Reach(names=frozenset(found))


def members(*found):
    """Return the reach of members."""
    return Reach(members=frozenset(found))


def structs(*found):
    """Return the reach of structures."""
    return Reach(structs=frozenset(found))


TASK = "struct task {\n\tint pid;\n%s};\n"


@pytest.mark.parametrize(
    ("old", "new", "reach"),
    [
        ("int f(int a);", "int f(int a); /* a comment */", Reach()),
        ("int f(int a);", "int\tf(int   a);", Reach()),
        ("", "int f(int a);", names("f")),
        ("int f(int a);", "", names("f")),
        ("int f(int a);", "int g(int a);", names("f", "g")),
        ("int f(int a, long b);", "int f(long b, int a);", names("f")),
        ("", "extern bool __weak f(void *p) __must_check(1);", names("f")),
        ("#define A 1\n", "#define A 2\n", names("A")),
        ("#define A \\\n 1\n", "#define A 1\n", Reach()),
        ("", "#undef A\n", names("A")),
        ("", "static inline int f(void)\n{\n\treturn 0;\n}\n", names("f")),
        ("void f(void)\n{\n\tg(1);\n}", "void f(void)\n{\n\tg(2);\n}", names("f")),
        ("", "enum state { ONE, TWO = 2 };", names("state", "ONE", "TWO")),
        ("", TASK % "", names("task")),
        (TASK % "", TASK % "\tint tgid;\n", structs("task")),
        (TASK % "\tlong a;\n", TASK % "\tint a;\n", structs("task")),
        (TASK % "\tlong old;\n", TASK % "\tlong new;\n", names("old", "new")),
        (TASK % "\tlong a[2];\n", TASK % "\tlong a[3];\n", structs("task")),
        (TASK % "\tlong a, b;\n", TASK % "\tlong b, a;\n", names("a", "b")),
        ("", "struct area;", Reach()),
        ("", "typedef unsigned int word;", names("word")),
        ("", "extern int counter;", names("counter")),
        ("", "#include <linux/types.h>\n", EVERYTHING),
        ("", "#pragma once\n", EVERYTHING),
        ("", "DEFINE_THING(x)\n", EVERYTHING),
        ('#define A "x"\n', '#define A "y"\n', names("A")),
        ('void f(void)\n{\n\tg("{");\n}', 'void f(void)\n{\n\tg("}");\n}', names("f")),
        ("#ifdef __ASSEMBLY__\nint f(void);\n#endif", "int f(void);", names("f")),
        (
            "#ifdef CONFIG_UPROBES\n#endif",
            "#ifdef CONFIG_UPROBES\nint f(void);\n#endif",
            names("f"),
        ),
        ("#ifndef CONFIG_UPROBES\n#endif", "#ifndef CONFIG_UPROBES\nint f(void);\n#endif", Reach()),
        ("", "#ifdef CONFIG_OTHER\nint f(void);\n#else\nint g(void);\n#endif", names("g")),
        ("", "#if defined(CONFIG_OTHER)\nint f(void);\n#endif", Reach()),
        ("", "#if IS_ENABLED(CONFIG_MODULE)\nint f(void);\n#endif", names("f")),
        ("", "#ifdef CONFIG_MODULE\nint f(void);\n#endif", Reach()),
        ("", "#if defined(CONFIG_OTHER) || defined(X)\nint f(void);\n#endif", names("f")),
        (TASK % "", TASK % "#ifdef CONFIG_OTHER\n\tint a;\n#endif\n", Reach()),
        (TASK % "", TASK % "#ifdef CONFIG_UPROBES\n\tint a;\n#endif\n", structs("task")),
        (TASK % "\tint a;\n", TASK % "#ifdef X\n\tint a;\n#endif\n", structs("task")),
    ],
)
def test_reach(old, new, reach):
    """A declaration reaches who names it, a layout who knows it, the unknown everybody."""
    assert find_reach(old, new, OPTIONS) == reach


@pytest.mark.parametrize(
    ("old", "new", "reach"),
    [
        (TASK % "", TASK % "\tint tgid;\n", members("tgid")),
        (TASK % "\tstruct area *a;\n", TASK % "", members("a")),
        (
            TASK % "",
            TASK % "\tu8 a[4], b;\n\tint (*call)(long x);\n",
            members("a", "b", "call", "x"),
        ),
        (TASK % "\tlong a;\n", TASK % "\tint a;\n", members("a")),
        (TASK % "\tint a;\n\tlong b;\n", TASK % "\tlong b;\n\tint a;\n", Reach()),
        (TASK % "\tlong old;\n", TASK % "\tlong new;\n", names("old", "new")),
        (TASK % "\tint a;\n", TASK % "#ifdef X\n\tint b;\n#endif\n\tint a;\n", members("b")),
        ("", TASK % "", names("task")),
    ],
)
def test_reach_without_layouts(old, new, reach):
    """What a compiler can say something of: whoever names a member, not whoever has it."""
    assert find_reach(old, new, OPTIONS, layout=False) == reach


def test_pieces_of_a_guarded_header():
    """The guard decides nothing, and its directives are no part of what stands inside."""
    text = (
        "#ifndef _H\n#define _H\n" + TASK % "#ifdef CONFIG_OTHER\n\tint a;\n#endif\n" + "#endif\n"
    )
    kinds = [(piece.kind, piece.name) for piece in split_pieces(text, OPTIONS)]
    assert kinds == [(Kind.MACRO, "_H"), (Kind.STRUCT, "task")]
    assert "a" not in split_pieces(text, OPTIONS)[1].words


HEADER = "include/linux/uprobes.h"
FILES = {
    HEADER: "struct auprobe { int insn; };\nint f(struct auprobe *aup, int size);\n",
    "include/linux/sched.h": "struct task { struct auprobe *aup; };\n",
    "include/linux/whole.h": "struct whole { struct auprobe inside; };\n",
    "calls.c": "int g(void) { return f(0, 1); }",
    "says.c": "/* f(0, 1) */ int h(int size);",
    "goes.c": "int i(struct task *t) { return t->aup->insn; }",
    "takes.c": "int j(void) { return sizeof(struct auprobe); }",
    "passes.c": "int k(struct auprobe *p);",
    "inside.c": "int l(struct whole *w);",
}
INCLUDES = {
    "goes.c": ["include/linux/sched.h"],
    "passes.c": ["include/linux/sched.h"],
    "inside.c": ["include/linux/whole.h"],
}


@pytest.fixture
def build_dir(tmp_path):
    """Return a build directory in which every C file has been compiled."""
    for source in (name for name in FILES if name.endswith(".c")):
        made = tmp_path / source.replace(".c", ".o")
        made.write_text("object")
        listed = [source, HEADER, *INCLUDES.get(source, ())]
        lines = "".join(f"  ../{path} \\\n" for path in listed)
        cmd = f"cmd_{made.name} := gcc\nsource := ../{source}\ndeps := \\\n{lines}"
        (tmp_path / f".{made.name}.cmd").write_text(cmd)
    (tmp_path / ".gone.o.cmd").write_text(f"deps := ../{HEADER}\n")
    return tmp_path


def affected(build_dir, new, header=HEADER, *, layout=True, **files):
    """Return the objects that a change of a header reaches."""
    changed = {**FILES, **files, header: new}
    change = Change(
        options=OPTIONS,
        load=lambda path: changed.get(path, ""),
        headers={header: (FILES[header], new)},
        layout=layout,
    )
    targets = read_targets(build_dir, frozenset({header}))
    return {path.stem for path in find_affected(targets, change)}


def test_a_function_reaches_its_callers(build_dir):
    """Not who says its name in a comment, nor a parameter of the same name."""
    new = FILES[HEADER].replace("int f(struct auprobe *aup, int size)", "long f(void)")
    assert affected(build_dir, new) == {"calls"}
    assert affected(build_dir, FILES[HEADER] + "extern int size;\n") == set()


def test_a_layout_reaches_who_knows_it(build_dir):
    """By value, by its size, by a pointer that is followed, or inside of another structure."""
    new = FILES[HEADER].replace("int insn;", "int insn, more;")
    assert affected(build_dir, new) == {"goes", "takes", "inside"}


def test_a_member_reaches_who_takes_it(build_dir):
    """Where layouts do not count: not who has the structure, nor a variable of that name."""
    more = FILES[HEADER].replace("int insn;", "int insn, more;")
    assert affected(build_dir, more, layout=False) == {"goes"}
    more = FILES[HEADER].replace("int insn;", "int insn; int size;")
    assert affected(build_dir, more, layout=False) == set()


def test_what_cannot_be_told_reaches_all(build_dir):
    """Everything that includes the header and is there."""
    every = {"calls", "says", "goes", "takes", "passes", "inside"}
    assert affected(build_dir, FILES[HEADER] + "#include <linux/x.h>\n") == every


def test_a_macro_of_an_unchanged_header_passes_it_on(build_dir):
    """Who includes a header that uses what has changed sees it as well."""
    sched = {"include/linux/sched.h": FILES["include/linux/sched.h"] + "#define F f(0, 1)\n"}
    new = FILES[HEADER].replace("int size", "long size")
    assert affected(build_dir, new, **sched) == {"calls", "goes", "passes"}


def test_an_unchanged_piece_of_the_header_itself(build_dir):
    """An inline function beside what has changed: everybody compiles it."""
    inline = "static inline int m(void)\n{\n\treturn f(0, 1);\n}\n"
    files = {**FILES, HEADER: FILES[HEADER] + inline}
    change = Change(
        options=OPTIONS,
        load=lambda path: (files | {HEADER: files[HEADER].replace("size", "n")}).get(path, ""),
        headers={HEADER: (files[HEADER], files[HEADER].replace("int size", "long n"))},
    )
    found = find_affected(read_targets(build_dir, frozenset({HEADER})), change)
    assert len(found) == 6
