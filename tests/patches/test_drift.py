# SPDX-License-Identifier: GPL-2.0-only
"""Comparing a rendering with committed patches: what is drift, and what is a base that moved."""

from dataclasses import replace
from pathlib import Path

import pytest

from generator.patches.drift import compare_series, what_it_does
from generator.tree.series import Rendered
from generator.tree.written import write_series

PATCH = b"""From 0000 Mon Sep 17 00:00:00 2001
Subject: [PATCH 1/1] mini: Change a line

Because of Linux 6.1.7.
---
 a.c | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

diff --git a/a.c b/a.c
index 1111111..2222222 100644
--- a/a.c
+++ b/a.c
@@ -1,3 +1,3 @@ int f(void)
 before
-old
+new
 after
"""
MANIFEST = b"# mini\n# base: 6.1\n# source: 6.1.7\n# tip: 1234\n0001-change.patch\n"

INTERFACE = b"""# made up
hook a.c: added() in f() after 'before'
macro SIZE: 1
"""

RENDERED = Rendered(
    repo=Path("unused"),
    patches={"0000-cover-letter.patch": b"cover\n", "0001-change.patch": PATCH},
    manifest=MANIFEST,
    base_files={},
    tip_files={},
    interface=INTERFACE,
    origins={},
)


def moved(data: bytes) -> bytes:
    """Return a patch as it is on a source that has moved on."""
    data = data.replace(b"@@ -1,3 +1,3 @@ int f(void)", b"@@ -7,3 +7,3 @@ int g(void)")
    return data.replace(b" before", b" other").replace(b"1111111", b"3333333")


def rendering(patch=PATCH, source="6.1.7"):
    """Return a rendering with that patch, for that source."""
    manifest = MANIFEST.replace(b"6.1.7", source.encode()).replace(
        b"1234", b"1234" if source == "6.1.7" else b"5678"
    )
    return replace(
        RENDERED, patches={**RENDERED.patches, "0001-change.patch": patch}, manifest=manifest
    )


def test_no_drift(tmp_path):
    """What was just written is clean."""
    write_series(RENDERED, tmp_path)
    drift = compare_series(RENDERED, tmp_path)
    assert drift.clean and not drift.base_moved
    assert drift.committed == drift.rendered == "6.1.7"


@pytest.mark.parametrize(
    "change",
    [
        (b"+new", b"+newer"),
        (b" before", b" other"),
        (b"@@ -1,3", b"@@ -2,3"),
        (b"Because", b"Since"),
        (b"after\n", b"after\n\n"),
        (b"\n", b"\r\n"),
    ],
)
def test_every_byte_counts_on_the_same_source(change, tmp_path):
    """On the same source a changed context line, number, word or line end is drift."""
    write_series(RENDERED, tmp_path)
    drift = compare_series(rendering(PATCH.replace(*change)), tmp_path)
    assert drift.changed == ("0001-change.patch",)
    assert not drift.clean


def test_a_base_that_moved(tmp_path):
    """On another source other context is no drift, and is reported."""
    write_series(RENDERED, tmp_path)
    drift = compare_series(rendering(moved(PATCH), "6.1.8"), tmp_path)
    assert drift.clean and drift.base_moved
    assert drift.moved == ("0001-change.patch",)
    assert (drift.committed, drift.rendered) == ("6.1.7", "6.1.8")


def test_the_version_in_a_message_may_move(tmp_path):
    """The release that a message names follows the source."""
    write_series(RENDERED, tmp_path)
    drift = compare_series(
        rendering(moved(PATCH).replace(b"Linux 6.1.7", b"Linux 6.1.8"), "6.1.8"), tmp_path
    )
    assert drift.clean


@pytest.mark.parametrize(
    "change",
    [
        (b"+new", b"+newer"),
        (b"-old", b"-older"),
        (b"+new\n", b"+new\n+more\n"),
        (b"Because", b"Since"),
        (b"+++ b/a.c", b"+++ b/b.c"),
        (b"Change a line", b"Change another line"),
    ],
)
def test_another_effect_is_drift_on_any_source(change, tmp_path):
    """On another source what the patch does, where, and why still has to be the same."""
    write_series(RENDERED, tmp_path)
    drift = compare_series(rendering(moved(PATCH).replace(*change), "6.1.8"), tmp_path)
    assert drift.changed == ("0001-change.patch",)
    assert not drift.clean


def test_missing_and_stale_patches(tmp_path):
    """A patch too few, one too many, by name."""
    write_series(RENDERED, tmp_path)
    (tmp_path / "0001-change.patch").rename(tmp_path / "0001-renamed.patch")
    drift = compare_series(RENDERED, tmp_path)
    assert drift.missing == ("0001-change.patch",)
    assert drift.stale == ("0001-renamed.patch",)
    assert not drift.clean


@pytest.mark.parametrize("absent", [True, False])
def test_nothing_committed(absent, tmp_path):
    """No directory, or an empty one: everything is missing, the manifest included."""
    target = tmp_path / "absent" if absent else tmp_path
    drift = compare_series(RENDERED, target)
    assert drift.missing == (
        "0000-cover-letter.patch",
        "0001-change.patch",
        "interface.txt",
        "series",
    )
    assert not drift.base_moved


def test_a_missing_manifest(tmp_path):
    """Patches alone do not say what they are for."""
    write_series(RENDERED, tmp_path)
    (tmp_path / "series").unlink()
    assert compare_series(RENDERED, tmp_path).missing == ("series",)


@pytest.mark.parametrize("manifest", [b"", b"\xff\xfe", MANIFEST.replace(b"1234", b"4321")])
def test_a_changed_manifest(manifest, tmp_path):
    """A manifest that says something else is drift, or that of another source."""
    write_series(RENDERED, tmp_path)
    (tmp_path / "series").write_bytes(manifest)
    drift = compare_series(RENDERED, tmp_path)
    assert not drift.clean
    assert drift.changed == ("series",)


def test_nothing_is_written(tmp_path):
    """Comparing leaves the directory as it is."""
    write_series(RENDERED, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    compare_series(rendering(moved(PATCH), "6.1.8"), tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_the_order_of_changes_counts():
    """Two lines the other way round are another patch."""
    assert what_it_does(PATCH) != what_it_does(PATCH.replace(b"-old\n+new", b"+new\n-old"))
    assert what_it_does(PATCH) == what_it_does(moved(PATCH))


def test_the_interface_is_compared(tmp_path):
    """A line too few is drift on any source, no file is a missing one."""
    write_series(RENDERED, tmp_path)
    path = tmp_path / "interface.txt"
    path.write_bytes(INTERFACE.replace(b"macro SIZE: 1\n", b""))
    for source in ("6.1.7", "6.1.8"):
        assert compare_series(rendering(source=source), tmp_path).changed == ("interface.txt",)
    path.unlink()
    assert compare_series(RENDERED, tmp_path).missing == ("interface.txt",)


def test_the_place_of_a_hook_may_move(tmp_path):
    """On another source its line of the base may be another one, on the same source not."""
    write_series(RENDERED, tmp_path)
    path = tmp_path / "interface.txt"
    path.write_bytes(INTERFACE.replace(b"'before'", b"'that's other'"))
    drift = compare_series(rendering(source="6.1.8"), tmp_path)
    assert drift.clean and drift.moved == ("interface.txt",)
    assert compare_series(RENDERED, tmp_path).changed == ("interface.txt",)
    path.write_bytes(INTERFACE.replace(b"in f()", b"in g()"))
    assert compare_series(rendering(source="6.1.8"), tmp_path).changed == ("interface.txt",)
