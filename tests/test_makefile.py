# SPDX-License-Identifier: GPL-2.0-only
"""The Makefile: pattern targets know the program's names, and what pages say to type is there."""

import re
import subprocess

import pytest
from conftest import TESTS
from makefile import targets, variables

from generator.cli.check import CHECKS, MEASURES
from generator.cli.groups import GROUPS

ROOT = TESTS.parent
TYPED = (
    *("README.md", "CONTRIBUTING.md", "qemu/README.md", ".ci/run"),
    *sorted(f"docs/{path.name}" for path in ROOT.glob("docs/*.md")),
)
"""Where targets and commands are typed."""

_TYPED = re.compile(
    r"`make\s+([a-z][^`]*)`|^ {4}make (.*?)(?: +#.*)?$"
    r"|(?:\t|both |beside \"|\" \")make ([a-z-]+[^\"\n]*)",
    re.M,
)


def made(*words):
    """Return the lines that make would run, those of the setup and of the tools left out."""
    done = subprocess.run(
        ["make", "-n", "-C", str(ROOT), *words], capture_output=True, text=True, check=True
    )
    wanted = re.compile(r".*(bin/uprobekit |make -s tools PACKAGES=)")
    return [
        line.split("set -e;")[-1].strip() for line in done.stdout.split("\n") if wanted.match(line)
    ]


@pytest.mark.parametrize("page", TYPED)
def test_what_is_typed_is_a_target(page):
    """A page of ours and CI name targets that are there, as words before any variable."""
    known = targets() | {"olddefconfig"}  # the kernel's own
    for match in _TYPED.finditer((ROOT / page).read_text()):
        words = next(filter(None, match.groups())).partition("=")[0].split()
        named = [word for word in words if re.fullmatch(r"[a-z][a-z0-9-]*", word)]
        assert set(named) <= known, match[0]


@pytest.mark.parametrize("page", TYPED)
def test_what_is_typed_is_a_command(page):
    """A page of ours and CI type commands of the program that are there."""
    known = {name for names in GROUPS.values() for name in names}
    typed = re.findall(r"(?:`|^ {4})uprobekit\s+([a-z][\w-]*)", (ROOT / page).read_text(), re.M)
    assert set(typed) <= known


@pytest.mark.parametrize("page", [page for page in TYPED if page.endswith(".md")])
def test_links_lead_somewhere(page):
    """To a file beside the page; what is named of these folders is there."""
    text = (ROOT / page).read_text()
    folder = (ROOT / page).parent
    linked = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in linked if not (folder / link).exists()] == []
    named = re.findall(r"(?<![\w/.<-])((?:docs|examples|tests|share)/[\w./*-]*\w)", text)
    assert [name for name in named if not any(ROOT.glob(name))] == []


def test_what_targets_want():
    """Packages are those of a target; a check that is held against every series is one."""
    assert set(variables("NEEDS_")) <= targets()
    any_series = {name for name, check in CHECKS.items() if not check.modelled}
    assert set(variables("ANY_")["SERIES"].split()) == any_series


def test_targets_are_listed():
    """``make help`` has each that is written down, in groups, with what it is for."""
    done = subprocess.run(
        ["make", "-s", "-C", str(ROOT)], capture_output=True, text=True, check=True
    )
    listed = re.findall(r"^  ([a-z0-9%-]+) +\S", done.stdout, re.M)
    own = {name for name in targets() if name in done.stdout or "%" in name}
    names = {f"check-{name}" for name in CHECKS} | {f"measure-{name}" for name in MEASURES}
    ways = {f"qemu-test-{name}" for name in variables("WAY_")}
    assert targets() - names - ways - {"help"} <= set(listed) and own
    assert len(listed) == len(set(listed))
    assert len(re.findall(r"^\S.*:$", done.stdout, re.M)) == 4


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ("check-fuzz", "ARGS=--seconds 20", "WORKDIR=/w"),
            [
                'make -s tools PACKAGES="clang libclang-rt-14-dev"',
                "uprobekit check fuzz --series review --base 6.1 --workdir /w --seconds 20;",
            ],
        ),
        (
            ("measure-census", "BASE=6.12", "TREE=/t", "REV=v"),
            ["uprobekit measure census --base 6.12 --tree /t --rev v"],
        ),
        (
            ("qemu-test-i386",),
            ["uprobekit qemu-test --base 6.1 --flavour i386 --peer"],
        ),
    ],
)
def test_a_target_by_name(words, lines):
    """Packages first, then the program's name for it, with the options of the command."""
    done = [re.sub(r"\S*bin/", "", " ".join(line.split())) for line in made(*words)]
    assert done == lines


def test_every_series_of_a_base():
    """What any series has is asked of each that is rendered."""
    lines = "\n".join(made("check-patches"))
    series = [path.name for path in ROOT.glob("kernel_patches/6.1/*")]
    assert len(series) > 1
    assert sorted(re.findall(r"--series (\S+)", lines)) == sorted(series)


def test_no_such_way():
    """A way to boot that is not there is an error, and those there are are named."""
    done = subprocess.run(
        ["make", "-n", "-C", str(ROOT), "qemu-test-nothing"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "i386, bochs, block" in done.stderr
