# SPDX-License-Identifier: GPL-2.0-only
"""A base and a series of three patches for the made-up tree, with templates of their own."""

from conftest import TESTS

from generator.model.bases import Base, Hook
from generator.model.edits import (
    Anchor,
    InsertBlock,
    RemoveFunctions,
    RenameMember,
    ReplaceTokens,
    piece,
)
from generator.model.series import Identity, Patch, Series, Start
from generator.model.trailers import Trailer
from generator.render import env

TEMPLATES = TESTS / "trees" / "templates"

SERIES = Series(
    name="review",
    title="mini: Three small patches",
    author=Identity(name="Mini Tester", email="mini@example.org", date="1330516800 +0000"),
    link="https://example.org/mini",
    patches=(
        Patch(ident="member", subject="x86: Rename trap_nr to trap_no", review=("R02",)),
        Patch(ident="block", subject="mini: Add added_shape()", review=("R13",)),
        Patch(ident="call", subject="mini: Call added_shape()", review=("R28",)),
    ),
)

# a second series, of the unmodified tree: data and templates, and nothing else
SMALL = Series(
    name="small",
    title="mini: Small faults",
    start=Start.UNMODIFIED,
    folder="small",
    bases=("6.1",),
    author=Identity(name="Mini Tester", email="mini@example.org", date="1330516800 +0000"),
    patches=(
        Patch(
            ident="small-count",
            subject="mini: Count from one",
            gist="counts from one",
            trailers=(Trailer("Cc", "stable@vger.kernel.org"),),
            edits=(
                ReplaceTokens(
                    path="kernel/shapes.c",
                    pattern="static int shapes_count;",
                    by="static int shapes_count = 1;",
                ),
            ),
        ),
        Patch(
            ident="small-add",
            subject="mini: Add small_shapes()",
            edits=(
                InsertBlock(
                    path="kernel/shapes.c",
                    template="small/kernel/small.c",
                    before=Anchor(kind="function", name="weak_shape"),
                ),
            ),
        ),
    ),
)

BASE = Base(
    name="6.1",
    package="",
    names={"callee": "added_shape", "result": "SHAPES_MAX"},
    has=frozenset(),
    hooks=(
        Hook(
            callee="added_shape",
            path="kernel/statements.c",
            function="open_end",
            text=piece("kernel", "call"),
            after="begin_work",
            patch="call",
        ),
    ),
    edits={
        "member": (
            RenameMember(
                path="arch/x86/include/asm/processor.h",
                struct="thread_struct",
                holder="thread",
                old="trap_nr",
                new="trap_no",
                below="arch/x86",
            ),
        ),
        "block": (
            InsertBlock(
                path="kernel/shapes.c",
                template="kernel/added.c",
                before=Anchor(kind="function", name="split_shape"),
            ),
        ),
    },
    baseline=(RemoveFunctions(path="kernel/shapes.c", names=("weak_shape",)),),
)


def install(monkeypatch, *, base=BASE, series=SERIES, templates=TEMPLATES):
    """Make the whole program know this base, this series and these templates only."""
    import generator.plan

    monkeypatch.setattr(generator.plan, "BASES", (base,))
    monkeypatch.setattr(generator.plan, "UNFINISHED", ())
    monkeypatch.setattr(generator.plan, "SERIES", (series,))
    monkeypatch.setattr(env, "data_dir", lambda name: templates)
    env.environment.cache_clear()
