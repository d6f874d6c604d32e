# SPDX-License-Identifier: GPL-2.0-only
"""Finding things in C: each function of generator/csource, and its edges."""

import pytest
from conftest import MINI
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import csource
from generator.csource import Span

SHAPES = (MINI / "kernel/shapes.c").read_text()
WORK = (MINI / "kernel/statements.c").read_text()
HEADER = (MINI / "include/linux/mini.h").read_text()
FILES = sorted(path for path in MINI.rglob("*.[ch]"))

# pieces that C is made of, put together at random: balanced or not, sense or nonsense
PIECES = st.sampled_from(
    [
        *("/*", "*/", "//", '"', "'", "\\", "\n", "{", "}", "(", ")", "[", "]", ";", ",", "="),
        *("#if A\n", "#else\n", "#endif\n", "#define X \\\n", "if (x) ", "else ", "for (;;) "),
        *("do ", "while (x)", "switch (x) ", "case 1:", "default:", "out:", "int f(void)\n{\n"),
        *("\n}\n", "struct s {\n", "name", " ", "\t", "a, b", "f(x);", "\r\n", "int a;\n", "é"),
    ]
)
RANDOM_C = st.lists(PIECES, max_size=40).map("".join)


def spans_of(text):
    """Return every span that looking for things in a text gives."""
    found = [csource.find_declaration(text, "a"), csource.find_macro(text, "X")]
    found += [csource.find_conditional(text, "A"), csource.find_include(text, "x.h")]
    for function in csource.find_functions(text, "f"):
        found += [function.whole, function.head, function.body]
    for kind in ("struct", "enum"):
        aggregate = csource.find_aggregate(text, kind, "s")
        if aggregate:
            found += [*aggregate, csource.find_member(text, aggregate[1], "a")]
    return [span for span in found if span is not None]


@given(RANDOM_C)
def test_mask_keeps_length_and_lines(text):
    """Positions in the masked text are positions in the text, whatever it is."""
    for masked in (csource.mask(text), csource.code(text)):
        assert len(masked) == len(text)
        assert [i for i, c in enumerate(masked) if c == "\n"] == [
            i for i, c in enumerate(text) if c == "\n"
        ]
        assert all(new in (old, " ") for old, new in zip(text, masked, strict=True))


@given(RANDOM_C)
@settings(max_examples=300)
def test_nothing_breaks_the_finders(text):
    """Whatever the text is, spans stay inside of it and no finder raises or hangs."""
    for span in spans_of(text):
        assert 0 <= span.start <= span.end <= len(text)


@given(RANDOM_C)
@settings(max_examples=300)
def test_statements_nest(text):
    """Statements stay in the body, and two of them are apart or one holds the other."""
    source = "int f(void)\n{\n" + text + "\n}\n"
    for function in csource.find_functions(source, "f"):
        spans = csource.find_statements(source, function)
        for span in spans:
            assert function.body.start < span.start < span.end <= function.body.end
        for first in spans:
            for second in spans:
                apart = first.end <= second.start or second.end <= first.start
                inside = first.start <= second.start and second.end <= first.end
                around = second.start <= first.start and first.end <= second.end
                assert apart or inside or around


@given(st.text(alphabet="ab(){}/*\"'\\\n", max_size=60))
def test_comments_and_mask_agree(text):
    """What is listed as a comment is blank in the masked text."""
    masked = csource.mask(text)
    for span in csource.comments(text):
        assert not masked[span.start : span.end].strip()


@given(st.permutations(["a", "g(b, c)", '"x, y"', "(d)", "{ 1, 2 }"]))
def test_arguments_are_split_at_their_own_commas(pieces):
    """Commas in brackets and strings do not separate arguments."""
    text = f"f({', '.join(pieces)}) + 1"
    spans, end = csource.call_arguments(text, 1)
    assert [span.of(text) for span in spans] == pieces
    assert text[end:] == " + 1"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_tokens_of_the_made_up_tree(path):
    """Tokens are where they say, in order, and leave out only comments and white space."""
    text = path.read_text()
    position, rest = 0, ""
    for token in csource.tokens(text):
        assert token.span.of(text) == token.text
        rest += text[position : token.span.start]
        position = token.span.end
    gaps = rest + text[position:]
    assert not csource.mask(gaps).strip()


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("plain_shape", "int plain_shape(int value)"),
        ("weak_shape", "int __weak weak_shape(void)"),
        ("init_shape", "static int __init init_shape(void)"),
        (
            "split_shape",
            "static struct shape *\nsplit_shape(struct shape *first,\n\t    int second)",
        ),
        (
            "attribute_shape",
            "static void __printf(1, 2)\nattribute_shape(const char *format, ...)",
        ),
        ("locked_shape", "static void locked_shape(void)"),
    ],
)
def test_head_of_a_function(name, head):
    """The head begins with the type, on whatever line it stands."""
    function = csource.find_function(SHAPES, name)
    assert function.name == name
    assert function.head.of(SHAPES) == head


@pytest.mark.parametrize("text", ["", "\n", "f", "f(", "int f(void);", "#define f(x) {\n}\n"])
def test_no_function_here(text):
    """Neither an empty file nor a prototype, a call or a macro is a definition."""
    assert csource.find_functions(text, "f") == []
    assert csource.find_function(text, "f") is None


@pytest.mark.parametrize(
    "text",
    [
        "/*\nint f(void)\n{\n}\n*/\n",
        "// int f(void) {}\n",
        'char *s = "\\\nint f(void) { }";\n',
        "int ff(void)\n{\n}\n",
        "int fx(void)\n{\n\tf();\n}\n",
        "struct f {\n};\n",
        "int a = f(1);\n",
        "int f(void)\n{\n\tif (1) {\n",
    ],
)
def test_what_looks_like_a_function(text):
    """A comment, a string, a longer name, a call and an open body are no definition of f."""
    assert csource.find_function(text, "f") is None


@pytest.mark.parametrize("end", ["\n", "", "\r\n", "\n\n"])
def test_line_ends_of_a_function(end):
    """A definition goes to the end of its last line, also where the file just ends."""
    text = f"int f(void)\n{{\n\treturn 0;\n}}{end}"
    function = csource.find_function(text, "f")
    assert function.body.of(text) == "{\n\treturn 0;\n}"
    assert function.whole.end == len(text) - (1 if end == "\n\n" else 0)


def test_definitions_in_conditionals():
    """Branches of one conditional are alternatives, two conditionals are not."""
    first, second = csource.find_functions(SHAPES, "twice_shape")
    assert csource.are_alternatives(SHAPES, first.whole, second.whole)
    first, second = csource.find_functions(SHAPES, "doubled_shape")
    assert not csource.are_alternatives(SHAPES, first.whole, second.whole)


def test_a_nested_else_is_no_alternative():
    """The branches of a conditional in between do not count."""
    text = "A\n#if X\n#else\n#endif\nB\n"
    assert not csource.are_alternatives(text, Span(0, 1), Span(text.index("B"), len(text)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shapes_count", "/* How many there are. */\nstatic int shapes_count;\n"),
        ("shapes_ops", "struct shapes_ops;\n"),
        ("plain_shape", "int plain_shape(int value);\n"),
        (
            "long_prototype",
            "extern int long_prototype(int first,\n\t\t\t  struct shape *second,\n"
            "\t\t\t  unsigned long third);\n",
        ),
    ],
)
def test_declarations(name, text):
    """A prototype, a variable, a forward declaration, with the comment above."""
    assert csource.find_declaration(SHAPES, name).of(SHAPES) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("table", "static struct ops table = {\n\t.call\t= other,\n};\n"),
        ("handler", "static int (*handler)(int a, int b);\n"),
        ("numbers", "int numbers[] = { 1, 2 };\n"),
        ("handler_t", "typedef void (*handler_t)(void);\n"),
        ("warn", "__printf(1, 2)\nvoid warn(const char *format, ...);\n"),
    ],
)
def test_other_declarations(name, text):
    """An initialised structure, pointers to functions, an array, attributes in front."""
    source = f"int before;\n{text}\nint other(int a)\n{{\n\treturn a;\n}}\n"
    assert csource.find_declaration(source, name).of(source) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "a"),
        ("int a(void)\n{\n}\n", "a"),
        ("void f(int a);\n", "a"),
        ("void f(void)\n{\n\tint a;\n}\n", "a"),
        ("#define X \\\n\tint a;\n", "a"),
        ("/* int a; */\n", "a"),
        ("extern struct a *f(void);\n", "a"),
        ("struct s {\n\tint a;\n} b;\n", "b"),
        ("struct s {\n\tint a;\n};\n", "a"),
        ("LIST_HEAD(a);\n", "a"),
        ("int ab;\n", "a"),
        ("int a", "a"),
    ],
)
def test_what_looks_like_a_declaration(text, name):
    """Definitions, parameters, locals, members, types and macros' arguments are none."""
    assert csource.find_declaration(text, name) is None


def test_macro_at_the_end_of_a_file():
    """A macro needs no newline behind it."""
    assert csource.find_macro("#define A 1", "A") == Span(0, 11)
    assert csource.find_macro("#define A \\\n\t1 \\", "A") == Span(0, 16)


@pytest.mark.parametrize("text", ["", "#define AB 1\n", "/*\n#define A 1\n*/\n", "#undef A\n"])
def test_no_macro_here(text):
    """Longer names, comments and #undef do not define A."""
    assert csource.find_macro(text, "A") is None


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("#ifdef A", True),
        ("# ifndef A", True),
        ("#ifdef AB", False),
        ("#if A", False),
        ("/*\n#ifdef A\n*/", False),
    ],
)
def test_conditional(line, found):
    """Only #ifdef and #ifndef of that very name."""
    assert (csource.find_conditional(line + "\n", "A") is not None) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("#include <a/b.h>", True),
        ('#include "a/b.h"', True),
        ("# include <a/b.h> /* why */", True),
        ("#include <a/b.h", False),
        ("#include <a/bxh>", False),
        ("#include <x/a/b.h>", False),
        ("/*\n#include <a/b.h>\n*/", False),
    ],
)
def test_include(line, found):
    """Both kinds of brackets, no other header, not in a comment."""
    assert (csource.find_include(line + "\n", "a/b.h") is not None) == found


def test_aggregates():
    """Structures, unions and enumerations by kind and name, not by a mention in a comment."""
    whole, body = csource.find_aggregate(HEADER, "struct", "shape")
    assert whole.of(HEADER).startswith("/* What there is to say about a shape. */\nstruct shape {")
    assert body.of(HEADER).startswith("{") and body.of(HEADER).endswith("}")
    assert csource.find_aggregate(HEADER, "union", "shape_value")
    assert csource.find_aggregate(HEADER, "enum", "shape_kind")
    assert csource.find_aggregate(HEADER, "struct", "shape_kind") is None
    assert csource.find_aggregate(HEADER, "struct", "in") is None
    assert csource.find_aggregate("struct s {", "struct", "s") is None


@pytest.mark.parametrize(
    "name", ["kind", "value", "size", "guarded", "callback", "bits", "aligned"]
)
def test_members(name):
    """Each member is found, and what is found names it."""
    _, body = csource.find_aggregate(HEADER, "struct", "shape")
    span = csource.find_member(HEADER, body, name)
    assert name in csource.mask(HEADER)[span.start : span.end]
    assert csource.mask(HEADER)[span.start : span.end].count(";") == 1


@pytest.mark.parametrize("name", ["shape_kind", "shape_value", "argument", "first", "nested", "x"])
def test_what_is_no_member(name):
    """Types, parameters, members declared together and structures are no single member."""
    _, body = csource.find_aggregate(HEADER, "struct", "shape")
    assert csource.find_member(HEADER, body, name) is None


def statements_of(body):
    """Return the statements of a function with that body."""
    text = "int f(void)\n{\n" + body + "\n}\n"
    function = csource.find_function(text, "f")
    return [span.of(text) for span in csource.find_statements(text, function)]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("", []),
        ("a();", ["a();"]),
        ("int a = 1, b;", ["int a = 1, b;"]),
        ("struct s x = { .a = 1, };", ["struct s x = { .a = 1, };"]),
        ("x = (struct s) { 1 }; b();", ["x = (struct s) { 1 };", "b();"]),
        ("if (a) b();", ["if (a) b();"]),
        ("if (a) b(); else c();", ["if (a) b(); else c();"]),
        ("if (a) if (b) c(); else d();", ["if (a) if (b) c(); else d();"]),
        ("if (a) { b(); } c();", ["if (a) { b(); }", "b();", "c();"]),
        (
            "if (a) { b(); } else if (c) { d(); }",
            ["if (a) { b(); } else if (c) { d(); }", "b();", "d();"],
        ),
        ("for (i = 0; i < n; i++) a(i);", ["for (i = 0; i < n; i++) a(i);"]),
        ("while (a) { b(); }", ["while (a) { b(); }", "b();"]),
        ("do { a(); } while (b); c();", ["do { a(); } while (b);", "a();", "c();"]),
        ("do a(); while (b); c();", ["do a(); while (b);", "c();"]),
        ("list_for_each(a, b) { c(); }", ["list_for_each(a, b) { c(); }", "c();"]),
        ("list_for_each(a, b) c(); d();", ["list_for_each(a, b) c();", "d();"]),
        ("bus_for_each_dev(a, b); c();", ["bus_for_each_dev(a, b);", "c();"]),
        ("scoped_guard(a, b) { c(); } d();", ["scoped_guard(a, b) { c(); }", "c();", "d();"]),
        (
            "switch (a) { case 1: b(); default: c(); }",
            ["switch (a) { case 1: b(); default: c(); }", "b();", "c();"],
        ),
        ("case_not: a();", ["a();"]),
        ("out: return 1;", ["return 1;"]),
        ("a ? b() : c();", ["a ? b() : c();"]),
        ("{ a(); }", ["{ a(); }", "a();"]),
        (";", [";"]),
        ('a("; } {"); b();', ['a("; } {");', "b();"]),
        ("/* a(); */ b();", ["b();"]),
        ("#ifdef A\na();\n#else\nb();\n#endif", ["a();", "b();"]),
        ("iffy(a); format(b); dot(c);", ["iffy(a);", "format(b);", "dot(c);"]),
    ],
)
def test_statements(body, found):
    """The statements of a body, outer ones first."""
    assert statements_of(body) == found


def test_mentions():
    """Only the identifier itself, outside of comments and strings."""
    text = 'a(b, "c") /* d */ + ee'
    whole = Span(0, len(text))
    assert [n for n in "abcde" if csource.mentions(text, whole, n)] == ["a", "b"]
    assert not csource.mentions(text, Span(0, 1), "b")


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("f($x)", "f(a) + f(b, c)", [{"x": "a"}, {"x": "b, c"}]),
        ("f($x, $y)", "f(g(a, b), c)", [{"x": "g(a, b)", "y": "c"}]),
        ("f($x)", "f()", []),
        ("f($x)", 'f("a)")', [{"x": '"a)"'}]),
        ("a -> b", "a->b a - > b", [{}]),
        ("a<b", "a << b a <= b a < b", [{}]),
        ("f(a)", "ff(a) f(a) f/* b */(a)", [{}, {}]),
        ("f($x)", "f(a", []),
        ("f($x)", "f(a]", []),
        ("$x;", "a b; c;", [{"x": "a b"}, {"x": "c"}]),
        ('f("a")', 'f("a") f("b")', [{}]),
        ("f(a)", "/* f(a) */ // f(a)\n", []),
        ("x", "", []),
    ],
)
def test_token_patterns(pattern, text, found):
    """Tokens match tokens, $x a balanced expression; white space and comments do not matter."""
    assert [got for _, got in csource.match_tokens(text, Span(0, len(text)), pattern)] == found


def test_token_patterns_stay_in_their_span():
    """Only what lies in the span is looked at."""
    text = "f(a) f(b)"
    assert [got for _, got in csource.match_tokens(text, Span(4, 9), "f($x)")] == [{"x": "b"}]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("f()", [""]),
        ("f( a )", ["a"]),
        ("f(a, /* b, c */ d)", ["a", "/* b, c */ d"]),
        ("f((a, b), c[d, e])", ["(a, b)", "c[d, e]"]),
        ("f('(', \",\")", ["'('", '","']),
        ("f(a", []),
    ],
)
def test_call_arguments(text, arguments):
    """Arguments with their white space trimmed; none where the bracket is not closed."""
    spans, _ = csource.call_arguments(text, 1)
    assert [span.of(text) for span in spans] == arguments


def test_line_numbers():
    """Lines count from 1."""
    assert [csource.line_of("a\nb\nc", place) for place in (0, 1, 2, 4)] == [1, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "above"),
    [
        ("/* a */\nint x;", "/* a */\n"),
        ("/*\n * a\n */\nint x;", "/*\n * a\n */\n"),
        ("/* a */\n/* b */\nint x;", "/* a */\n/* b */\n"),
        ("/* a */\n\nint x;", ""),
        ("int y; /* a */\nint x;", ""),
        ("*/\nint x;", ""),
        ("/* SPDX-License-Identifier: x */\n/* b */\nint x;", "/* b */\n"),
        ("// a\nint x;", ""),
        ("int x;", ""),
    ],
)
def test_comment_above(text, above):
    """Comments directly above belong to a thing, the one behind other code and the license not."""
    start = text.index("int x")
    assert text[csource.comment_start(text, start) : start] == above


ENDS = st.sampled_from(
    ["/*", "*/", "//", '"', "\n}\n", "\n} \\\n", "\n}", "#define X \\\n", "a", "\\"]
)


@given(st.lists(ENDS, max_size=12).map("".join))
@settings(max_examples=300)
def test_pieces_are_the_text(text):
    """Nothing is lost between them, and none begins in a comment or in the lines of a macro."""
    for read in (str, csource.mask, csource.code):
        assert "".join(map(read, csource.pieces(text))) == read(text)


def test_pieces_of_a_file():
    """Each ends with a function or the like; an end that a comment shows, or a macro, is none."""
    text = (
        "/*\n}\n */\nint a(void)\n{\n}\n\n#define B() \\\n{ \\\n} \\\n\tdone\nint b(void)\n{\n}\n"
        "struct c {\n\tint d;\n};\nint e;\n"
    )
    ends = ["{\n}\n", "int b(void)\n{\n}\n", "\tint d;\n};\n", "int e;\n"]
    pieces = csource.pieces(text)
    assert "".join(pieces) == text and len(pieces) == len(ends)
    assert all(piece.endswith(end) for piece, end in zip(pieces, ends, strict=True))
