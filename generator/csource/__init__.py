# SPDX-License-Identifier: GPL-2.0-only
"""C as the templates and a kernel have it: functions, statements, macros, by their tokens.

Reads the text of one C file and answers with spans (byte-free, in characters); changes nothing.
``tree.edit`` does the changing.

Why not a grammar or libclang: edits run on trees that are not configured (libclang needs the
compile flags and a second per file), and kernel sources use macros as attributes and as whole
definitions (``__weak``, ``DEFINE_IDTENTRY(x) {``), which a grammar without the preprocessor does
not parse. What is needed here is small: comments and strings blanked out, brackets matched,
names looked up at the right depth. Whether an edit meant the right thing is proved afterwards by
libclang, with the kernel's own flags, on the edited tree.
"""

from generator.csource.lexer import (
    Span,
    Token,
    code,
    comment_start,
    comments,
    end_of_lines,
    line_of,
    mask,
    pieces,
    tokens,
    without_comments,
    words,
)
from generator.csource.patterns import call_arguments, match_tokens, mentions
from generator.csource.scan import (
    Function,
    are_alternatives,
    find_aggregate,
    find_conditional,
    find_declaration,
    find_function,
    find_functions,
    find_include,
    find_line,
    find_macro,
    find_member,
)
from generator.csource.statements import find_statements, statement_at

__all__ = [
    "Function",
    "Span",
    "Token",
    "are_alternatives",
    "call_arguments",
    "code",
    "comment_start",
    "comments",
    "end_of_lines",
    "find_aggregate",
    "find_conditional",
    "find_declaration",
    "find_function",
    "find_functions",
    "find_include",
    "find_line",
    "find_macro",
    "find_member",
    "find_statements",
    "line_of",
    "mask",
    "match_tokens",
    "mentions",
    "pieces",
    "statement_at",
    "tokens",
    "without_comments",
    "words",
]
