# SPDX-License-Identifier: GPL-2.0-only
"""What CI systems are given: the examples, the results in words, the tools without dpkg."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TESTS
from makefile import targets as targets_of_make
from makefile import variables

ROOT = TESTS.parent
SHOW = ROOT / "examples/ci/show_junit.py"

GOOD = (
    '<testsuites><testsuite name="6.1.tip.plain"><testcase name="nop" time="1.5"/>'
    '<testcase name="call"><skipped/></testcase></testsuite></testsuites>'
)
BAD = GOOD.replace(
    '<testcase name="nop" time="1.5"/>',
    '<testcase name="a|b"><failure message="expected pass,&#10;50% &lt;b&gt; seen"/></testcase>'
    '<testcase name="boot" time="3"><error message="panic"/></testcase>',
)


def show(*files):
    """Return status, table and annotations."""
    done = subprocess.run(
        [sys.executable, SHOW, *files], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_results_are_shown(tmp_path):
    """A row for each suite; what failed is named in the table and beside the diff."""
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_text(GOOD)
    bad.write_text(BAD)
    assert show(good) == (
        0,
        "| suite | tests | failed | skipped | seconds |\n|---|---|---|---|---|\n"
        "| 6.1.tip.plain | 2 | 0 | 1 | 2 |\n",
        "",
    )
    status, table, errors = show(good, bad)
    assert status == 2 and "| 6.1.tip.plain | 3 | 2 | 1 | 3 |" in table
    assert "a\\|b" in table and "&lt;b>" in table
    assert errors.count("::error ") == 2 and "50%25" in errors and "\n50" not in errors


@pytest.mark.parametrize(
    "text", [None, "", "<testsuites>", "<testsuites><testsuite/></testsuites>"]
)
def test_no_results_are_no_good_end(text, tmp_path):
    """A file that is not there, is half there, or has no test."""
    path = tmp_path / "junit.xml"
    if text is not None:
        path.write_text(text)
    status, _, errors = show(path)
    # an empty root is a file without a suite, and that has no result either
    assert status == 2 and "::error" in errors


def test_a_real_file_is_read(work, tmp_path, capsys):
    """What compare writes has times."""
    from generator.cli import main

    junit = tmp_path / "junit.xml"
    main(["compare", "--workdir", str(work), "--junit", str(junit)])
    assert re.search(r'<testcase name="boot" [^>]*time="[1-9]', junit.read_text())
    _, table, _ = show(junit)
    assert re.search(r"\| 6\.1\.tip\.plain \| \d+ \| \d+ \| \d+ \| [1-9]\d* \|", table)


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_the_examples(name):
    """They keep source, environment and work area, run drift and test, and only real targets."""
    text = (ROOT / "examples/ci" / name).read_text()
    for word in (".venv", "work", "ccache", "linux-source-", "make drift", "make lint types test"):
        assert word in text
    targets = {
        word
        for line in re.findall(r"\bmake (.*)", text)
        for word in line.split()
        if re.fullmatch(r"[a-z][a-z-]+", word)
    }
    assert targets - {"ca-certificates"} <= targets_of_make()


def tools(folder, *packages):
    """Run the check with programs of a folder alone; return status and what it says."""
    done = subprocess.run(
        ["/bin/sh", ROOT / ".ci/tools", *packages],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_without_dpkg(tmp_path):
    """Programs are looked for themselves; what is missing has its names elsewhere."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("flex", "bison", "xz", "qemu-system-x86_64"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    (folder / "cat").symlink_to("/bin/cat")
    assert tools(folder, "flex", "bison", "xz-utils", "qemu-system-x86") == (0, "")
    status, said = tools(folder, "flex", "bc", "libelf-dev", "gcc-multilib")
    assert status == 3 and "missing, by Debian's names: bc libelf-dev gcc-multilib\n" in said
    for system in ("Fedora", "Arch", "openSUSE"):
        assert system in said


def packages_that_are_here():
    """Return what the Makefile asks for of what dpkg has installed, and nobody has hidden."""
    lists = [variables("")[name] for name in ("PACKAGES", "SOAK", "CSMITH", "ISOLINUX")]
    lists += variables("NEEDS_").values()
    said = re.sub(r"\$\([^()]*\)", "", " ".join(lists))
    names = set(re.findall(r"[a-z][\w.+-]+", said)) - {"if", "findstring", "full"}
    assert len(names) > 50
    for name, files in zip(installed := installed_of(names), files_of(installed), strict=True):
        kept = [file for file in files if not file.startswith("/usr/share/")]
        if all(os.path.lexists(file) for file in kept):
            yield name


def dpkg_query(*words):
    """Return what dpkg says; of names that it does not know it complains."""
    return subprocess.run(
        ["dpkg-query", *words], capture_output=True, text=True, check=False
    ).stdout


def installed_of(names):
    """Return those of some packages that are installed."""
    said = dpkg_query("-W", "-f", "${Package} ${db:Status-Status}\n", *sorted(names))
    rows = [row.split() for row in said.splitlines()]
    return list(dict.fromkeys(name for name, *status in rows if status == ["installed"]))


def files_of(names):
    """Return the files of each of some packages."""
    return [said.splitlines() for said in dpkg_query("-L", *names).strip().split("\n\n")]


@pytest.mark.needs("dpkg-query")
def test_without_dpkg_what_is_installed_is_found():
    """Of each package that a target wants: it has to be told by what it brings, not by its name."""
    here = list(packages_that_are_here())
    assert "python3-venv" in here and "flex" in here
    done = subprocess.run(
        ["/bin/sh", ROOT / ".ci/tools", *here], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_make_asks_it_where_there_is_no_dpkg(tmp_path):
    """The target goes on without dpkg when everything is there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("make", "sh", "flex", "grep", "cat"):
        real = next(p for p in (Path("/bin", name), Path("/usr/bin", name)) if p.exists())
        (folder / name).symlink_to(real)
    for packages, status in (("flex", 0), ("flex no-such-program", 2)):
        done = subprocess.run(
            [folder / "make", "-s", "tools", f"PACKAGES={packages}", f"SHELL={folder}/sh"],
            cwd=ROOT,
            env={"PATH": str(folder), "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert ("no-such-program" in done.stderr) is bool(status)


def test_a_library_by_its_name(monkeypatch, tmp_path):
    """As the README has it: explain libc.so.6 --symbol malloc."""
    from generator.checks.proof import code
    from generator.errors import UserError

    real = next((p for p in map(Path, code.LIBRARIES) if (p / "libc.so.6").exists()), None)
    if real is None:
        pytest.skip("NOT TESTED: no libc.so.6 of a distribution here")
    monkeypatch.chdir(tmp_path)
    found = code.read_function(Path("libc.so.6"), "malloc", count=3)
    assert found[0].name == "malloc+0x0" and len(found) == 3
    (tmp_path / "libc.so.6").write_text("mine")
    with pytest.raises(UserError, match="no ELF file"):
        code.read_function(Path("libc.so.6"), "malloc", count=3)
    with pytest.raises(UserError, match="cannot read"):
        code.read_function(Path("libno-such.so.1"), "malloc", count=3)


def test_the_version_starts_nothing():
    """Asking for it imports neither the commands nor what parses them."""
    script = (
        "import sys\nfrom generator.cli import main\nassert main(['--version']) == 0\n"
        "assert not {'typer', 'click', 'rich', 'generator.cli.app'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("uprobekit ")


def test_a_clone_is_what_was_committed(tmp_path):
    """A user whose git makes CRLF of line ends gets none, and no change that is not his."""
    folders = (".ci", "docs", "examples", "generator", "kernel_patches", "qemu", "share")
    kinds = {}
    for path in (
        *(ROOT / name for name in ("Makefile", "README.md", "pyproject.toml")),
        *(each for name in (*folders, "templates", "tests") for each in (ROOT / name).rglob("*")),
    ):
        if path.is_file() and "__pycache__" not in path.parts:
            key = (path.relative_to(ROOT).parts[0], path.suffix, b"\r\n" in path.read_bytes())
            kinds.setdefault(key, path)
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    for path in (ROOT / ".gitattributes", *kinds.values()):
        copy = origin / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())

    def git(*words):
        said = ("git", "-c", "core.autocrlf=true", "-c", "user.name=x", "-c", "user.email=x@y.z")
        return subprocess.run([*said, *words], check=True, capture_output=True, text=True).stdout

    subprocess.run(["git", "init", "-q", origin], check=True)
    git("-C", origin, "-c", "core.autocrlf=false", "add", "-f", ".")
    git("-C", origin, "-c", "core.autocrlf=false", "commit", "-q", "-m", "all")
    git("clone", "-q", "-c", "core.autocrlf=true", origin, clone)
    assert git("-C", clone, "status", "--porcelain") == ""
    changed = [
        str(path.relative_to(ROOT))
        for path in kinds.values()
        if (clone / path.relative_to(ROOT)).read_bytes() != path.read_bytes()
    ]
    assert changed == []
    assert {crlf for _, _, crlf in kinds} == {True, False}
    assert len(kinds) > 30
