# SPDX-License-Identifier: GPL-2.0-only
"""How far a base is: ``port`` renders it, compiles what it touches, and knows the kept boot."""

import json
import shutil
from dataclasses import replace

import jsonschema
import pytest
from conftest import MINI
from guests import boot, guest
from tiny_kernel import MERGE, write

from generator.cli.app import main
from generator.report.results import write_boot
from generator.report.schema import make_schema

MAKEFILE = r"""
VERSION = 6
PATCHLEVEL = 1
SUBLEVEL = 7
Makefile: ;
.PHONY: tinyconfig olddefconfig FORCE
tinyconfig:
	@mkdir -p $(O)
	@echo CONFIG_MMU=y > $(O)/.config
olddefconfig:
	@echo configured
%.o: FORCE
	@mkdir -p $(O)/$(@D) $(O)/include/generated
	@touch $(O)/include/generated/asm-offsets.h
	@echo '  CC      $@'
	@if grep -q WRONG $*.c; then echo '../$*.c:7:1: error: unknown type name x'; exit 1; fi
	@if [ $(W) = 1 ] && grep -q ODD $*.c; then echo '../$*.c:3:2: warning: unused x'; fi
	@cp $*.c $(O)/$@
	@printf 'cmd := cc\ndeps := \\\n  ../%s\n' $*.c > $(O)/$(@D)/.$(@F).cmd
"""


@pytest.fixture
def tree(tmp_path, fake, monkeypatch):
    """Return a function that makes a tree whose compiler rejects one word and warns of another."""
    monkeypatch.setattr("generator.checks.port.facts.FACTS", ())

    def make(wrong="NOT THERE", odd="NOT THERE"):
        place = shutil.copytree(MINI, tmp_path / "mini")
        makefile = MAKEFILE.replace("WRONG", f"'{wrong}'").replace("ODD", f"'{odd}'")
        merge = {"scripts/kconfig/merge_config.sh": MERGE}
        write(place, {"Makefile": makefile, "Kconfig": "mainmenu\n", "Kbuild": "\n", **merge})
        return place

    return make


def port(tree, *more):
    """Run ``port`` on a tree, with a work area beside it."""
    work = tree.parent / "work"
    return main(["port", "--tree", str(tree), "--like", "6.1", "--workdir", str(work), *more])


def test_all_prefixes_compile(tree, capsys):
    """The touched objects of the baseline and of each patch; again nothing is compiled."""
    place = tree()
    assert port(place, "--compile") == 0
    out = capsys.readouterr().out
    assert "renders:   yes, 3 patches" in out
    assert "compiles:  yes, 4 prefixes, " in out and "boots:     not tried" in out
    objects = sorted((place.parent / "work/6.1/prefix-on/linux/build-prefix").rglob("*.o"))
    assert f"{len(objects)} objects each" in out and len(objects) > 1
    assert port(place, "--compile", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, make_schema("port"))
    compiled = data["started"]["compiled"]
    assert compiled == {"prefixes": 4, "objects": len(objects), "problems": []}


def test_what_has_compiled_is_remembered(tree, capsys):
    """Of the same tree; of another one nothing is known."""
    place = tree()
    assert port(place) == 0 and "compiles:  not tried" in capsys.readouterr().out
    assert port(place, "--compile") == 0
    said = capsys.readouterr().out
    assert port(place) == 0 and capsys.readouterr().out == said
    shapes = place / "kernel/shapes.c"
    shapes.write_text(shapes.read_text() + "int another_one;\n")
    assert port(place) == 0 and "compiles:  not tried" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["wrong", "odd"])
def test_a_prefix_that_does_not_compile(tree, capsys, how):
    """Errors and new warnings are named with the prefix that has them first; status 2."""
    assert port(tree(**{how: "added_shape"}), "--compile") == 2
    out = " ".join(capsys.readouterr().out.split())
    assert "compiles: no, " in out and "review-02: " in out
    assert "review-01: " not in out and "baseline: " not in out


def test_an_option_that_is_lost(tree, capsys):
    """Without a configuration nothing compiles: the rest is said all the same."""
    place = tree()
    makefile = place / "Makefile"
    makefile.write_text(makefile.read_text().replace("@echo configured", "@> $(O)/.config"))
    assert port(place, "--compile") == 2
    out = capsys.readouterr().out
    assert "renders:   yes" in out and "compiles:  no, " in out and "CONFIG_64BIT" in out


def test_not_compiled_unless_asked(tree, capsys):
    """Without the option nothing is written, and how to do it is said."""
    place = tree()
    assert port(place) == 0
    assert "compiles:  not tried: --compile" in capsys.readouterr().out
    assert not (place.parent / "work/6.1/prefix-on").exists()


def test_another_version_has_nothing_to_compile(tree, capsys):
    """A base is compiled where it belongs."""
    place = tree()
    write(place, {"Makefile": "VERSION = 6\nPATCHLEVEL = 2\nSUBLEVEL = 0\n"})
    assert port(place, "--compile") == 1
    assert "nothing to compile" in capsys.readouterr().err
    assert port(place) == 0
    assert "renders:" not in capsys.readouterr().out


def test_the_boot_of_this_very_tree(tree, capsys):
    """A kept boot counts as long as nothing has changed since."""
    place = tree()
    assert port(place, "--json") == 0
    tip = json.loads(capsys.readouterr().out)["started"]["tip"]
    kept = replace(boot(guest()), base="6.1")
    for name, word in ((tip, "passed, 1 of 1 self-tests pass"), ("0" * 40, "not tried")):
        write_boot(replace(kept, tree=name), place.parent / "work")
        assert port(place) == 0
        assert f"boots:     {word}" in capsys.readouterr().out
