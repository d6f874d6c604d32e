# SPDX-License-Identifier: GPL-2.0-only
"""Compare types: those the model states and those a known tree has with those of another tree.

Nothing is compiled: declarations are read by ``csource`` and compared as text without names of
parameters, attributes and white space; a name for a type is looked up. What hides behind the same
name, as the members of a structure that is passed, is left to the compiler.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from generator import csource
from generator.checks.port.item import Item, Work
from generator.checks.port.uses import Declarations
from generator.errors import UserError
from generator.model.bases import Base
from generator.model.decl import BASELINE
from generator.model.files import CORE, CORE_H
from generator.model.series import Series
from generator.plan import plan_series
from generator.tree.acquire import Source

_STORAGE = frozenset(
    ("static", "inline", "extern", "noinline", "notrace", "asmlinkage", "const_debug", "register")
)
_OWN_TYPES = re.compile(r"__(?:[us]\d+|[bl]e\d+|kernel_\w+|poll_t|user|rcu|percpu|iomem)$")
BASIC = frozenset(
    ("int", "long", "short", "char", "unsigned", "signed", "void", "bool", "const", "volatile")
)
"""Words of C's own types."""
_WORD = re.compile(r"\w+|\.\.\.|[^\s\w]")


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Types of a function, or of a member, which has no parameters, and where they stand."""

    returns: str
    params: tuple[str, ...] | None
    place: str

    @property
    def types(self) -> tuple[str, ...]:
        """What is compared: to take a constant where another is taken changes no call."""
        return (self.returns, *(p.removeprefix("const ") for p in self.params or ()))

    def __str__(self) -> str:
        if self.params is None:
            return self.returns
        return f"{self.returns} ({', '.join(self.params) or 'void'})"


def plain_type(text: str, *, named: bool) -> str:
    """Return a type as text that can be compared.

    Args:
        text: a return type, or a parameter or member with its name.
        named: whether a name may stand in it.
    """
    words = [
        word
        for word in _WORD.findall(text)
        if word not in _STORAGE
        and (not word.startswith("__") or _OWN_TYPES.match(word))
        and not word.startswith("randomized_struct_fields")
    ]
    if named:
        words = _without_name(words)
    text = re.sub(r"(?<=[*(\[]) | (?=[),\]\[])", "", " ".join(words))
    return text.replace(") (", ")(").strip()


def _without_name(words: list[str]) -> list[str]:
    """Take out the name that a declaration gives: of a pointer to a function, behind its ``*``."""
    if "(" in words and words[words.index("(") + 1 :][:1] == ["*"]:
        return _pointer(words, words.index("("))
    end = words.index("[") if "[" in words else len(words)
    bits = words.index(":") if ":" in words else end
    last = min(end, bits) - 1
    types = [word for word in words[:last] if word not in ("const", "volatile", "*")]
    if last < 1 or not re.match(r"[A-Za-z_]", words[last]) or words[last] in BASIC or not types:
        return words
    if types[-1] in ("struct", "union", "enum"):
        return words
    return [*words[:last], *words[last + 1 :]]


def _pointer(words: list[str], place: int) -> list[str]:
    """Return a pointer to a function without its name and those of its parameters."""
    inside = words.index(")", place)
    parts: list[list[str]] = [[]]
    for word in words[inside + 2 : -1]:
        parts[-1].append(word)
        if word == ",":
            parts[-1].pop()
            parts.append([])
    params = ", ".join(" ".join(_without_name(part)) for part in parts)
    return [*words[:place], "(", "*", ")", "(", params, ")"]


def signatures(name: str, declarations: Declarations) -> tuple[Signature, ...]:
    """Return how a tree declares a function, the nearest declaration first; macros are left out."""
    found = []
    for path, text, match in declarations.places(name):
        if not match.group("macro"):
            found.append(read_signature(text, match.end() - 1, name, path))
    return tuple(found)


def read_signature(text: str, opening: int, name: str, path: str) -> Signature:
    """Return the types of the function whose parameters open at ``opening``."""
    masked = csource.mask(text)
    start = masked.rfind("\n", 0, opening) + 1
    front = masked[start:opening].rstrip().removesuffix(name)
    if not front.strip():
        above = masked.rfind("\n", 0, max(start - 1, 0)) + 1
        front = masked[above : max(start - 1, 0)]
    spans, _ = csource.call_arguments(masked, opening)
    params = tuple(plain_type(span.of(masked), named=True) for span in spans)
    return Signature(
        returns=plain_type(front, named=False),
        params=() if params in (("",), ("void",)) else params,
        place=f"{path}:{csource.line_of(text, opening)}",
    )


def read_params(source: Source, name: str) -> tuple[tuple[str, str], ...]:
    """Return types and names of the parameters of a function of the core, as its header has them.

    A name that the prototype leaves out is that of the definition.

    Raises:
        UserError: the tree has no such header, or it declares no such function.
    """
    params = _named_params(source, CORE_H, name)
    if params is None:
        raise UserError(f"no such prototype: {name}()", where=CORE_H)
    if all(word for _, word in params):
        return params
    defined = _named_params(source, CORE, name)
    if not defined or len(defined) != len(params):
        return params
    return tuple(
        (kind, word or there) for (kind, word), (_, there) in zip(params, defined, strict=True)
    )


def _named_params(source: Source, path: str, name: str) -> tuple[tuple[str, str], ...] | None:
    """Return types and names of parameters as a file has them first; "" where there is no name."""
    try:
        text = csource.mask(source.load(path))
    except UserError:
        return None
    match = re.search(rf"^(?!\s)[^\n;={{}}()#/]*?\b{name}[ \t]*\(", text, re.M)
    if not match:
        return None
    spans, _ = csource.call_arguments(text, match.end() - 1)
    params = []
    for span in spans:
        kind = plain_type(span.of(text), named=True)
        word = re.search(r"(\w+)\s*\Z", span.of(text))
        unnamed = kind == plain_type(span.of(text), named=False)
        params.append((kind, "" if unnamed or not word else word[1]))
    return tuple(params)


def compare_model(base: Base, series: Series, source: Source) -> Iterator[Item]:
    """Yield the functions that the baseline keeps and that the tree declares with other types."""
    scope = plan_series(base, series).tip
    texts = {}
    for path in (CORE_H, CORE):
        try:
            texts[path] = source.load(path)
        except UserError:
            continue
    for key, ours in scope.functions.items() if texts else ():
        if ours.patch != BASELINE:
            continue
        wanted = Signature(
            returns=plain_type(ours.returns, named=False),
            params=tuple(plain_type(param.type, named=False) for param in ours.params),
            place="",
        )
        have = [
            read_signature(text, match.end() - 1, ours.name, path)
            for path, text in texts.items()
            for match in re.finditer(
                rf"^(?!\s)[^\n;={{}}()#/]*?\b{ours.name}[ \t]*\(", csource.mask(text), re.M
            )
        ]
        if have and not any(each.types == wanted.types for each in have):
            yield Item(
                work=Work.WRITE,
                kind="type",
                name=f"{ours.name}()",
                where=have[0].place,
                problem=f"is {have[0]}; the model says {wanted}",
                used=(f"Base.params['{key}'] says it for one base",),
            )


def compare_types(new: Declarations, like: Declarations) -> Iterator[Item]:
    """Yield what the C calls and reads whose types in one tree are not those of the other."""
    needs = new.needs
    for name, by_count in sorted(needs.calls.items()):
        here, there = signatures(name, new), signatures(name, like)
        if here and there and not any(_same(a, b, new) for a in here for b in there):
            yield _changed(f"{name}()", here[0], there[0], by_count.values())
    for (struct, member), template in sorted(needs.members.items()):
        ours, theirs = member_types(new, struct, member), member_types(like, struct, member)
        if ours and theirs and not any(_same(a, b, new) for a in ours for b in theirs):
            yield _changed(f"{struct}.{member}", ours[0], theirs[0], (template,))


def _changed(name: str, here: Signature, there: Signature, used: Iterable[str]) -> Item:
    return Item(
        work=Work.WRITE,
        kind="type",
        name=name,
        where=here.place,
        problem=f"is {here}",
        like=f"{there.place}: {there}",
        used=tuple(f"templates/{template}.j2" for template in dict.fromkeys(used)),
    )


def _same(one: Signature, other: Signature, tree: Declarations) -> bool:
    """Tell whether two declarations have the same types, a name for a type looked up."""
    return len(one.types) == len(other.types) and all(
        a == b or tree.named_type(a) == b or tree.named_type(b) == a
        for a, b in zip(one.types, other.types, strict=True)
    )


def member_types(declarations: Declarations, struct: str, member: str) -> list[Signature]:
    """Return type and place of a member, in each definition of its structure."""
    found = []
    for path, text, body in declarations.structs(struct):
        span = csource.find_member(text, body, member)
        if span:
            declared = csource.mask(span.of(text)).split(";")[0]
            code = csource.code(declared)
            line = csource.line_of(text, span.end - 1)
            kind = plain_type(code, named=True)
            found.append(Signature(returns=kind, params=None, place=f"{path}:{line}"))
    return found
