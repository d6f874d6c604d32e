# SPDX-License-Identifier: GPL-2.0-only
"""The one Jinja environment, and what templates may ask for.

A template sees: ``names`` (the base's identifiers, and how it writes some C), ``base`` (name, and
``base.has`` facts), ``has(patch)`` (is that patch applied already?), ``number(patch)`` (its place
in the series), and the functions that place declarations: ``head``, ``prototypes``, ``stubs``,
``struct``, ``enum``, ``macros``, ``opcodes`` and ``emulation``. Undefined names are errors.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import jinja2
from jinja2.bccache import Bucket

from generator.errors import UserError
from generator.model.bases import Base
from generator.model.decl import BASELINE, Enum, Function, Macro, Paragraph, Struct
from generator.model.edits import Piece, Prototype, Text
from generator.model.emulation import EMULATION
from generator.model.interface import INTERFACE
from generator.model.opcodes import OPCODES
from generator.model.series import SERIES
from generator.model.states import STATES, TRANSITIONS
from generator.paths import cache_dir, data_dir
from generator.plan import Scope
from generator.render import cdecl, emulation, message, opcodes
from generator.render.marks import MarkTag, without_marks


def known_patches(patches: Iterable[str] = ()) -> frozenset[str]:
    """Return the words that ``patch=`` and ``has()`` may use; ``patches`` are further ones."""
    return frozenset((BASELINE, *(p.ident for s in SERIES for p in s.patches), *patches))


def meant(word: str, known: Iterable[str]) -> str:
    """Return a hint for a word that is not known: what is nearest to it."""
    near = difflib.get_close_matches(word, sorted(known), 1)
    return f"did you mean '{near[0]}'?" if near else ""


class _Undefined(jinja2.StrictUndefined):
    """What a template asks for and nobody has; says whose it would be."""

    @property
    def _undefined_message(self) -> str:
        if isinstance(self._undefined_obj, _Names):
            known = self._undefined_obj.keys_of_all
            text = f"there is no name '{self._undefined_name}'"
            hint = meant(str(self._undefined_name), known)
            return f"{text}: {hint}" if hint else text
        return super()._undefined_message


class _Names(dict[str, str]):
    """What a base calls things, and how it writes some C, which is rendered when it is asked for.

    Its templates see nothing: they are what stands in the C.
    """

    def __init__(self, base: Base) -> None:
        super().__init__(base.names)
        self.keys_of_all = (*base.names, *base.spelled)
        self._spelled = base.spelled

    def __missing__(self, key: str) -> str:
        self[key] = spelling(self._spelled[key])
        return self[key]


def spelling(source: Piece) -> str:
    """Return what a template of ``spellings`` has.

    Raises:
        UserError: there is no such template, which Jinja would take for a name that is not there.
    """
    name = f"{source.template}.j2"
    try:
        return environment().get_template(name).render().removesuffix("\n")
    except jinja2.TemplateNotFound as error:
        raise UserError(
            f"there is no templates/{name}", hint="the base names it in spelled"
        ) from error


def _states(base: Base) -> list[str]:
    """Return the states and transitions as comment lines."""
    lines = [f"\t{state.enumerator}: {state.meaning}" for state in STATES]
    moves = [
        f"\t{move.source.removeprefix('UTASK_')} -> {move.target.removeprefix('UTASK_')}: "
        f"{base.name_of(move.function)}()"
        for move in TRANSITIONS
    ]
    return ["\n".join(lines), "\n".join(moves)]


def _nops() -> list[str]:
    """Return the paragraphs that describe the instructions without effect."""
    lines = "\n".join(f"\t{opcodes.nop_pattern(form)}" for form in OPCODES.nops)
    return [
        "Check for a NOP of any length. Under the currently known x86 ISA, these are, after any "
        "other prefixes:",
        lines,
    ]


class _Compiled(jinja2.FileSystemBytecodeCache):
    """Compiled templates in the user's cache, by a hash of their text: an eighth of a rendering."""

    def __init__(self) -> None:
        super().__init__(str(cache_dir("templates")))

    def load_bytecode(self, bucket: Bucket) -> None:
        """Find a compiled template; what is not there or cannot be read is compiled."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template; where that cannot be, it is compiled again the next time."""
        with suppress(OSError):
            Path(self.directory).mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)


@cache
def environment() -> jinja2.Environment:
    """Return the one environment: strict about undefined names, exact about white space."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(data_dir("templates")),
        bytecode_cache=_Compiled(),
        undefined=_Undefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        extensions=[MarkTag],
    )


@contextmanager
def templates_before(folder: Path) -> Iterator[None]:
    """Let templates be found in ``folder`` before those of the project, for the time being."""
    environ = environment()
    assert isinstance(environ.loader, jinja2.FileSystemLoader) and environ.cache is not None
    environ.loader.searchpath.insert(0, str(folder))
    environ.cache.clear()
    try:
        yield
    finally:
        environ.loader.searchpath.remove(str(folder))
        environ.cache.clear()


@contextmanager
def _located(where: str) -> Iterator[None]:
    """Turn what Jinja raises into an error that names the template and the line.

    Args:
        where: the place to name when Jinja does not know a better one.
    """
    try:
        yield
    except jinja2.TemplateNotFound as error:
        raise UserError(f"the template '{error.name}' is missing", where="templates") from error
    except jinja2.TemplateSyntaxError as error:
        place = f"templates/{error.name}:{error.lineno}" if error.name else where
        raise UserError(str(error.message), where=place) from error
    except jinja2.TemplateError as error:
        raise UserError(str(error.message), where=_template_line(error) or where) from error
    except UserError as error:
        place = _template_line(error) or error.where or where
        raise UserError(error.what, where=place, hint=error.hint) from error
    except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
        line = _template_line(error)
        text = str(error).replace("Templates.", "")
        raise UserError(f"cannot be rendered: {text}", where=line or where) from error


def _template_line(error: BaseException) -> str:
    """Return the innermost template line of a traceback that Jinja has rewritten, or ""."""
    root = str(data_dir("templates"))
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if frame.filename.startswith(root):
            return f"templates{frame.filename.removeprefix(root)}:{frame.lineno}"
    return ""


class Templates:
    """Renders templates and pieces of text for one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._env = environment()
        self.defined: dict[str, str] = {}
        """The functions of the model whose definitions were placed, and the templates that did."""
        self._template = ""
        self.context: dict[str, object] = {
            "names": _Names(scope.base),
            "base": scope.base,
            "has": scope.has,
            "number": self.number,
            "head": self.head,
            "name": self.name,
            "prototype": self.prototype,
            "signature": self.signature,
            "prototypes": self.prototypes,
            "stubs": self.stubs,
            "struct": self.struct,
            "enum": self.enum,
            "macros": self.macros,
            "opcodes": SimpleNamespace(
                model=OPCODES,
                fixups=partial(opcodes.fixups, OPCODES),
                letters=partial(opcodes.letters, OPCODES),
                unletters=partial(opcodes.unletters, OPCODES),
                no_modrm=partial(opcodes.no_modrm, OPCODES),
                groups=partial(opcodes.groups, OPCODES),
                table=opcodes.table,
            ),
            "emulation": SimpleNamespace(
                operations=partial(emulation.enumerators, "OP", EMULATION.operations, scope.has),
                operands=partial(emulation.enumerators, "ARGS", EMULATION.operands, scope.has),
                arithmetic=partial(emulation.enumerators, "ALU", EMULATION.arithmetic, scope.has),
                table=partial(emulation.table, EMULATION.forms, scope.has),
            ),
        }

    def number(self, patch: str) -> int:
        """Return the number of an applied patch in the series, from 1: for the cover letter."""
        return self.scope.patches.index(patch) + 1

    def text(self, source: Text) -> str:
        """Return the text that an edit brings.

        Raises:
            UserError: its template is wrong, or the model does not have the function.
        """
        match source:
            case Piece():
                return self.file(source.template)
            case Prototype():
                return self.prototype(source.function)
        return source

    def file(self, name: str) -> str:
        """Render the template ``name``, given relative to ``templates/`` without ``.j2``.

        Raises:
            UserError: the template is missing or wrong, with its file and line.
        """
        return without_marks(self.marked_file(name))

    def marked_file(self, name: str) -> str:
        """Render a template as ``file`` does; its marks are left in, for ``marks.split_marks``."""
        self._template = name
        with _located(f"templates/{name}.j2"):
            return self._env.get_template(f"{name}.j2").render(self.context)

    def message(self, name: str, **facts: object) -> str:
        """Render a message, its template named as in ``file``; ``facts`` are extra names."""
        with _located(f"templates/{name}.j2"):
            template = self._env.get_template(f"{name}.j2")
            return message.fill(template.render(self.context, **facts))

    def _placed(self, name: str) -> Function:
        """Return a function whose definition is being placed, and remember that it is."""
        self.defined[name] = self._template
        return self._function(name)

    def _function(self, name: str) -> Function:
        """Return a function as it is in this scope, also one that a later patch brings.

        Raises:
            UserError: the model has none of that name.
        """
        if name not in INTERFACE.by_name:
            raise UserError(
                f"a template asks for the function '{name}', which the model does not have",
                hint=meant(name, INTERFACE.by_name)
                or "the head of a helper is plain C, above its body",
            )
        return self.scope.resolved(INTERFACE.by_name[name])

    def prototype(self, name: str) -> str:
        """Return the prototype of a function of the model."""
        return cdecl.prototype(self._function(name))

    def signature(self, name: str) -> str:
        """Return the first lines of the definition of a function, without a comment."""
        return cdecl.signature(self._placed(name)).rstrip("\n")

    def name(self, name: str) -> str:
        """Return the identifier that a function has in this scope."""
        return self._function(name).name

    def _doc(self, entry: Paragraph) -> Sequence[str]:
        if entry == "@states":
            return _states(self.scope.base)
        if entry == "@nops":
            return _nops()
        return [self.scope.said(entry)]

    def head(self, name: str) -> str:
        """Return comment and first lines of the definition of a function of the model."""
        return cdecl.head(self._placed(name), self._doc).rstrip("\n")

    def prototypes(self, header: str) -> str:
        """Return the prototypes that belong into a header, as far as the patches bring them."""
        return "".join(
            cdecl.prototype(function)
            for function in self.scope.own.values()
            if function.header == header
        )

    def stubs(self, header: str) -> str:
        """Return the empty inlines that belong into a header, as far as the patches bring them."""
        return "\n".join(
            cdecl.stub(function)
            for function in self.scope.own.values()
            if function.header == header and function.stub is not None
        )

    def struct(self, name: str) -> str:
        """Return a structure with the members that the applied patches bring."""
        model = _find(tuple(self.scope.structs.values()), name, "structure")
        return cdecl.struct(model, model.members).rstrip("\n")

    def enum(self, name: str) -> str:
        """Return an enumeration."""
        return cdecl.enum(_find(INTERFACE.enums, name, "enumeration")).rstrip("\n")

    def macros(self, *names: str) -> str:
        """Return object-like macros, aligned with each other; those of later patches left out."""
        found = [_find(INTERFACE.macros, name, "macro") for name in names]
        there = [macro for macro in found if not macro.patch or self.scope.has(macro.patch)]
        return cdecl.macros(there).rstrip("\n")


_Named = TypeVar("_Named", Struct, Enum, Macro)


def _find(entries: Sequence[_Named], name: str, what: str) -> _Named:
    """Return the entry of that name.

    Raises:
        UserError: the model has none.
    """
    for entry in entries:
        if entry.name == name:
            return entry
    raise UserError(
        f"the model has no {what} '{name}'", hint=meant(name, [entry.name for entry in entries])
    )
