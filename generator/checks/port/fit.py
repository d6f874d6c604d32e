# SPDX-License-Identifier: GPL-2.0-only
"""Try every edit of a base on a tree of another version, and list which hold.

Never stops at one that does not: it is noted with its reason, undone, and the next one is tried.
An edit of several names is tried name by name when it does not hold as a whole. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from generator.errors import UserError
from generator.model import edits as model
from generator.model.edits import Edit, Piece, Prototype, Text
from generator.plan import Plan, Scope
from generator.render.env import Templates
from generator.tree.acquire import Source
from generator.tree.edit import apply_edits
from generator.tree.places import WorkingTree


@dataclass(frozen=True, kw_only=True)
class Trial:
    """An edit that was tried.

    Attributes:
        number: its place in the list, from 1.
        step: ``baseline``, or the identifier of the patch.
        path: the file.
        what: what the edit does.
        problem: why it does not hold, with its place; "" when it does.
        perhaps: numbers of earlier edits that do not hold and concern the same names.
    """

    number: int
    step: str
    path: str
    what: str
    problem: str = ""
    perhaps: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lost:
    """An edit that does not hold.

    Attributes:
        trial: how it was tried.
        edit: the edit, or the one name of it.
        instead: the one other edit that does hold; None when there is none, or more than one.
    """

    trial: Trial
    edit: Edit
    instead: Edit | None = None


Alternatives = Callable[[Edit, WorkingTree], Iterable[Iterable[Edit]]]
"""Returns groups of what could stand in the place of an edit that does not hold."""


def try_edits(plan: Plan, source: Source) -> tuple[Trial, ...]:
    """Try the baseline and every patch of ``plan`` on ``source``, in their order."""
    return tuple(_try_all(plan, source, None).done)


def mend_edits(plan: Plan, source: Source, alternatives: Alternatives) -> tuple[Lost, ...]:
    """Try all edits, and for one that does not hold what could stand in its place.

    Where just one of the first group that has any holds, it is carried out, so that later edits
    find it.
    """
    return tuple(_try_all(plan, source, alternatives).lost)


def _try_all(plan: Plan, source: Source, alternatives: Alternatives | None) -> _Trials:
    tree = WorkingTree(load=source.load, search=source.search)
    trial = _Trials(plan, tree, alternatives)
    trial.step("baseline", plan.at(0), plan.baseline)
    for planned in plan.patches:
        trial.step(planned.patch.ident, plan.at(planned.number), planned.edits)
    return trial


def after_baseline(plan: Plan, source: Source) -> WorkingTree:
    """Return the files of ``source`` after the edits of the baseline, as far as they hold."""
    tree = WorkingTree(load=source.load, search=source.search)
    _Trials(plan, tree).step("baseline", plan.at(0), plan.baseline)
    return tree


class _Trials:
    """The tree as far as edits hold, and what was tried on it."""

    def __init__(
        self, plan: Plan, tree: WorkingTree, alternatives: Alternatives | None = None
    ) -> None:
        self.done: list[Trial] = []
        self.lost: list[Lost] = []
        self._plan = plan
        self._tree = tree
        self._alternatives = alternatives
        self._lost: list[tuple[int, str, frozenset[str]]] = []

    def step(self, step: str, scope: Scope, edits: tuple[Edit, ...]) -> None:
        """Try the edits of one step, those that the templates make of themselves first."""
        templates = Templates(scope)
        for block in list(self._tree.blocks):
            problem = self._keep_block(block, templates)
            if problem:
                path, name = block
                self._note(step, path, f"bring the template {name} up to date", problem, {name})
        for edit in edits:
            self._try(step, edit, templates)

    def _try(self, step: str, edit: Edit, templates: Templates) -> None:
        pieces = list(model.single_edits(edit))
        if len(pieces) > 1 and not self._apply(edit, templates):
            for piece in pieces:
                self._note(step, piece.path, describe(piece), "", set())
            return
        for piece in pieces:
            problem = self._apply(piece, templates)
            self._note(step, piece.path, describe(piece), problem, _names(piece))
            if problem:
                instead = self._mend(piece, templates) if self._alternatives else None
                self.lost.append(Lost(trial=self.done[-1], edit=piece, instead=instead))

    def _mend(self, edit: Edit, templates: Templates) -> Edit | None:
        """Carry out the one alternative that holds, and return it; else change nothing."""
        assert self._alternatives is not None
        tree = self._tree
        kept = dict(tree.files), dict(tree.blocks), set(tree.created)
        for group in self._alternatives(edit, tree):
            found: list[Edit] = []
            for other in dict.fromkeys(group):
                if not self._apply(other, templates):
                    found.append(other)
                    self._restore(*kept)
            if found:
                # of two that hold nobody knows which is meant, and what is less alike is no better
                if len(found) > 1:
                    return None
                self._apply(found[0], templates)
                return found[0]
        return None

    def _restore(
        self, files: dict[str, str], blocks: dict[tuple[str, str], str], created: set[str]
    ) -> None:
        """Make the tree as it was."""
        self._tree.files.clear()
        self._tree.files.update(files)
        self._tree.blocks.clear()
        self._tree.blocks.update(blocks)
        self._tree.created.intersection_update(created)

    def _apply(self, edit: Edit, templates: Templates) -> str:
        """Carry an edit out and return why it cannot be; then the tree stays as it was."""
        return self._guarded(
            lambda: apply_edits(
                self._tree,
                (edit,),
                render_text=templates.text,
                render_template=lambda name: self._own(name, templates, edit),
            )
        )

    def _own(self, name: str, templates: Templates, edit: Edit) -> str:
        """Render the template of the edit; blocks from earlier stay as they are meanwhile."""
        if isinstance(edit, model.Templated) and edit.template == name:
            return templates.file(name)
        return next(text for (_, block), text in self._tree.blocks.items() if block == name)

    def _keep_block(self, block: tuple[str, str], templates: Templates) -> str:
        def work() -> None:
            tree = self._tree
            others = {key: text for key, text in tree.blocks.items() if key != block}
            alone = replace(tree, blocks={block: tree.blocks[block]})
            apply_edits(alone, (), render_text=templates.text, render_template=templates.file)
            tree.blocks.update({**others, **alone.blocks})

        return self._guarded(work)

    def _guarded(self, work: Callable[[], None]) -> str:
        files, blocks = dict(self._tree.files), dict(self._tree.blocks)
        created = set(self._tree.created)
        try:
            work()
        except UserError as error:
            self._restore(files, blocks, created)
            return f"{error.where}: {error.what}" if error.where else error.what
        return ""

    def _note(self, step: str, path: str, what: str, problem: str, names: set[str]) -> None:
        number = len(self.done) + 1
        perhaps: tuple[int, ...] = ()
        if problem:
            perhaps = tuple(
                earlier for earlier, file, lost in self._lost if file == path and lost & names
            )
            self._lost.append((number, path, frozenset(names)))
        self.done.append(
            Trial(number=number, step=step, path=path, what=what, problem=problem, perhaps=perhaps)
        )


def describe(edit: Edit) -> str:
    """Return in words what an edit does to its file."""
    match edit:
        case model.RemoveFunctions():
            return f"take out {', '.join(f'{name}()' for name in edit.names)}"
        case model.Remove():
            return f"take out {', '.join(map(_thing, edit.anchors))}"
        case model.RemoveStatements():
            return f"take out what mentions {edit.mentioning} in {edit.function}()"
        case model.ReplaceTokens():
            inside = f" in {edit.within}" if edit.within else ""
            return f"replace '{_short(edit.pattern)}'{inside}"
        case model.RenameIdentifiers():
            return "rename " + ", ".join(f"{old} to {new}" for old, new in edit.renames)
        case model.RenameMember():
            return f"rename {edit.old} of struct {edit.struct} to {edit.new}"
        case model.ReorderParameters():
            return f"reorder the parameters of {edit.function}()"
        case model.EmptyFunction():
            return f"empty {edit.function}()"
        case model.ReplaceDeclaration():
            return f"declare {edit.name} anew"
        case model.InsertBlock():
            return f"insert the template {edit.template} {_beside(edit)}"
        case model.InsertLines():
            return f"insert '{_short(edit.text)}' {_beside(edit)}"
        case model.InsertStatement():
            return f"insert '{_short(edit.text)}' in {edit.function}()"
        case model.WriteFile():
            return f"write the template {edit.template}"
        case model.CreateFile():
            return f"add the file from the template {edit.template}"
        case model.MovePart():
            return f"move {_thing(edit.first)} to {_thing(edit.last)} into {edit.to}"
    return type(edit).__name__


def _thing(anchor: model.Anchor) -> str:
    inside = f" of struct {anchor.within}" if anchor.within else ""
    return f"the {anchor.kind} {anchor.name}{inside}"


def _beside(edit: model.InsertBlock | model.InsertLines) -> str:
    if edit.after:
        return f"after {_thing(edit.after)}"
    return f"before {_thing(edit.before)}" if edit.before else ""


def _short(text: Text) -> str:
    if isinstance(text, Piece):
        return text.template
    if isinstance(text, Prototype):
        return f"the prototype of {text.function}()"
    lines = text.strip().splitlines() or [""]
    first = " ".join(lines[0].split())
    return f"{first} ..." if len(lines) > 1 else first


def _names(edit: Edit) -> set[str]:
    """Return the names that an edit needs or makes: one that is lost may explain another."""
    match edit:
        case model.RemoveFunctions():
            return set(edit.names)
        case model.Remove():
            return {anchor.name for anchor in edit.anchors}
        case model.RemoveStatements() | model.InsertStatement() | model.EmptyFunction():
            return {edit.function}
        case model.ReplaceTokens():
            return {edit.within} - {""}
        case model.RenameIdentifiers():
            return {name for rename in edit.renames for name in rename}
        case model.RenameMember():
            return {edit.old, edit.new}
        case model.ReorderParameters():
            return {edit.function}
        case model.ReplaceDeclaration():
            return {edit.name}
        case model.InsertBlock():
            return {edit.template}
        case model.InsertLines():
            return {anchor.name for anchor in (edit.after, edit.before) if anchor}
        case model.WriteFile() | model.CreateFile():
            return {edit.template}
        case model.MovePart():
            return {edit.first.name, edit.last.name}
    return set()
