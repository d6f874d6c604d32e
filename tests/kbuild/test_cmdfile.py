# SPDX-License-Identifier: GPL-2.0-only
"""The files in which kbuild keeps its commands: where they are, and what they say."""

import pytest

from generator.kbuild.cmdfile import cmd_file, find_made, made_by, saved_command, sources_in


def test_where_they_are(tmp_path):
    """Beside what was made, whatever it is called; other files are none."""
    made = tmp_path / "kernel/events/uprobes.o"
    assert cmd_file(made) == tmp_path / "kernel/events/.uprobes.o.cmd"
    assert made_by(cmd_file(made)) == made
    made.parent.mkdir(parents=True)
    for name in (".uprobes.o.cmd", "x.cmd", ".config"):
        (made.parent / name).touch()
    assert list(find_made(tmp_path)) == [made]


@pytest.mark.parametrize("word", ["cmd", "savedcmd"])
def test_the_command(word):
    """As a shell has it; in 6.1 and 6.12."""
    line = f"{word}_a/b.o := gcc -DX='$(pound)1' -DY=$$z -o a/b.o ../a/b.c ; ld x\n"
    saved = saved_command(f"{line}\nsource_a/b.o := ../a/b.c\n")
    assert saved is not None and (saved.target, saved.line) == ("a/b.o", line)
    assert saved.command == "gcc -DX='#1' -DY=$z -o a/b.o ../a/b.c ; ld x"


@pytest.mark.parametrize(
    "text", ["", "\n", "cmd_x := ", "deps_x := \\\n  ../a.h \\\n", "savedcmd_x"]
)
def test_no_command(text):
    assert saved_command(text) is None


def test_what_it_was_made_of():
    """Files of the tree; not those of the build directory, nor make's functions."""
    text = (
        "cmd_a.o := gcc\n\nsource_a.o := ../k/a.c\n\ndeps_a.o := \\\n"
        "    $(wildcard include/config/X) \\\n  ../include/a.h \\\n"
        "  ../arch/x86/../../include/b.h \\\n  include/generated/c.h \\\n"
    )
    assert list(sources_in(text)) == ["k/a.c", "include/a.h", "include/b.h"]
