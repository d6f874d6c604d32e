# SPDX-License-Identifier: GPL-2.0-only
"""The clients of uprobes: what is packed for them, and what they have counted."""

import shutil
import subprocess
from pathlib import Path

import pytest

from generator.checks.clients import pack as packing
from generator.checks.clients.pack import find_libraries, pack_clients, translate_probe
from generator.errors import CheckFailed, InfraError, UserError
from generator.guest.ktap import parse_ktap
from generator.report.clients import as_text, compare_clients


def printed(*rows):
    """Return what a guest has printed; a row is name, outcome and what was counted."""
    lines = ["KTAP version 1", f"1..{len(rows)}"]
    for number, (name, outcome, hits) in enumerate(rows, 1):
        lines += [f"#   {name} has said this", f"# {name}: outcome={outcome} {hits} expected=10"]
        lines.append(f"{'ok' if outcome == 'pass' else 'not ok'} {number} {name}")
    return parse_ktap([*lines, "# uprobekit: done"])


@pytest.mark.parametrize(
    ("ours", "base", "good", "same"),
    [
        (("pass", "hits=10"), ("pass", "hits=10"), True, True),
        (("pass", "hits=10"), ("fail", "hits=9"), True, False),
        (("fail", "hits=9"), ("pass", "hits=10"), False, False),
        (("fail", "hits=9"), ("fail", "hits=9"), False, True),
        (("fail", "hits=none"), ("pass", "hits=10"), False, False),
    ],
)
def test_counts(ours, base, good, same):
    """Ours has to be what is expected; whether the base's is says nothing about the series."""
    (row,) = compare_clients(printed(("perf", *ours)), printed(("perf", *base)))
    assert (row.good, row.same) == (good, same)
    assert ("WRONG" in as_text((row,))) != good
    assert ("differs" in as_text((row,))) != same
    assert ("has said this" in as_text((row,))) != good


def test_a_client_that_is_on_one_side_only():
    """It is named."""
    with pytest.raises(CheckFailed, match="on one side only: b"):
        compare_clients(
            printed(("a", "pass", "hits=10"), ("b", "pass", "hits=10")),
            printed(("a", "pass", "hits=10")),
        )


@pytest.mark.parametrize("lines", [[], ["KTAP version 1", "1..2", "ok 1 x"]])
def test_a_guest_that_broke_off(lines):
    """Half of the results are none, on either side."""
    good, cut = printed(("x", "pass", "hits=10")), parse_ktap(lines)
    for sides in ((good, cut), (cut, good)):
        with pytest.raises(CheckFailed):
            compare_clients(*sides)


@pytest.fixture
def tests_of_ftrace(tmp_path):
    """Return a source that has tests of ftrace."""
    place = tmp_path / "tools/testing/selftests/ftrace"
    (place / "test.d").mkdir(parents=True)
    (place / "ftracetest").write_text("#!/bin/sh\n")
    (place / "test.d/one.tc").write_text("uprobe\n")
    return tmp_path


def test_what_is_packed(tests_of_ftrace, monkeypatch):
    """A program, what it loads, the tests and a shell; folders come before what is in them."""
    monkeypatch.setattr(packing, "PACKAGES", {"coreutils": ("ls",)})
    archive = pack_clients(tests_of_ftrace, b"translated")
    for wanted in (b"ftrace/test.d/one.tc\0", b"bin/sh\0", b"usr/bin/ls\0", b"/libc.so.6\0"):
        assert wanted in archive
    assert archive.index(b"usr/bin\0") < archive.index(b"usr/bin/ls\0")


def test_the_dynamic_linker_is_packed():
    """Nothing starts without it, and ldd shows it in a way of its own."""
    libraries = find_libraries([Path(shutil.which("ls"))])
    assert {"ld-linux-x86-64.so.2", "libc.so.6"} <= {path.name for path in libraries}


def make_library(path, *needs):
    """Make an empty library that wants others; say where it is."""
    path.with_suffix(".c").write_text("")
    command = ["gcc", "-shared", "-Wl,--no-as-needed", path.with_suffix(".c"), *needs, "-o", path]
    subprocess.run(command, check=True)
    return path


def test_a_library_that_another_one_has_loaded(tmp_path):
    """It is there by then, though ldd does not find it; alone it is missing, and is named."""
    first = make_library(tmp_path / "first.so")
    second = make_library(tmp_path / "second.so", "-L", tmp_path, "-l:first.so")
    assert "libc.so.6" in {path.name for path in find_libraries([first, second])}
    with pytest.raises(InfraError, match=r"first\.so is missing"):
        find_libraries([second])


def test_a_source_without_tests(tmp_path):
    """It is named."""
    with pytest.raises(UserError, match="no tests of ftrace"):
        pack_clients(tmp_path, b"")


def test_a_program_that_is_missing(tests_of_ftrace, monkeypatch):
    """Its package is what to install."""
    monkeypatch.setattr(packing, "PACKAGES", {"coreutils": ("ls",), "tracers": ("no-such-one",)})
    with pytest.raises(InfraError, match="needs no-such-one") as caught:
        pack_clients(tests_of_ftrace, b"")
    assert caught.value.hint == "apt-get install tracers"


def test_a_translator_that_fails(tmp_path, monkeypatch):
    """What it said is in the error; where it is not installed, its package is."""
    stap = tmp_path / "stap"
    stap.write_text("#!/bin/sh\necho no such probe >&2\nexit 1\n")
    stap.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(InfraError, match="no such probe"):
        translate_probe(tmp_path, tmp_path / "place")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(InfraError, match="stap cannot be run") as caught:
        translate_probe(tmp_path, tmp_path / "place")
    assert caught.value.hint == "apt-get install systemtap"


def test_a_translation(tmp_path, monkeypatch):
    """It sees a kernel's headers with the file that a build without modules lacks."""
    build_dir = tmp_path / "build"
    build_dir.mkdir()
    (build_dir / "vmlinux.symvers").write_text("symbols")
    stap = tmp_path / "stap"
    stap.write_text('#!/bin/sh\ncat "$2/Module.symvers" > client.bo\n')
    stap.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for _ in range(2):
        assert translate_probe(build_dir, tmp_path / "place") == b"symbols"
