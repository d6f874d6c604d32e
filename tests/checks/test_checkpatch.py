# SPDX-License-Identifier: GPL-2.0-only
"""Running checkpatch: with a made-up script, and with the one of a real kernel."""

import shutil
import subprocess

import pytest
from conftest import MINI

from generator.checks.checkpatch import check_patches
from generator.errors import InfraError
from generator.model.series import REVIEW
from generator.plan import find_base, plan_series
from generator.tree.acquire import ensure_pristine
from generator.tree.series import render_series

pytestmark = pytest.mark.needs("perl")

GOOD = b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n"


def test_nothing_found():
    """A clean series, the cover letter left out."""
    result = check_patches({"0000-cover-letter.patch": b"+FINDING\n", "0001-a.patch": GOOD}, MINI)
    assert result.checked == ("0001-a.patch",)
    assert result.findings == result.inherited == ()


def test_findings():
    """Patch, file, line and words of each finding, in the order of the patches."""
    bad = GOOD.replace(b"+new", b"+FINDING\n+fine\n+FINDING").replace(b"/x", b"/kernel/new.c")
    result = check_patches({"0002-b.patch": bad, "0001-a.patch": GOOD}, MINI)
    assert result.checked == ("0001-a.patch", "0002-b.patch")
    assert [(f.patch, f.file, f.line) for f in result.findings] == [
        ("0002-b.patch", "kernel/new.c", 1),
        ("0002-b.patch", "kernel/new.c", 3),
    ]
    assert result.findings[0].text == "WARNING:MADE_UP: do not write this"


@pytest.mark.parametrize(
    ("before", "added", "inherited"),
    [
        ("goto badWord; /* FINDING <badWord> */", "/* FINDING <badWord> */", True),
        ("goto other; /* FINDING <other> */", "/* FINDING <badWord> */", False),
        ("goto badWord;", "/* FINDING <badWord> */", False),
        ("/* FINDING */", "/* FINDING <badWord> */", False),
    ],
)
def test_inherited_findings(before, added, inherited, mini):
    """A finding is the base's own only where its file has the same one already."""
    (mini / "kernel/old.c").write_text(before + "\n")
    patch = f"--- a/kernel/old.c\n+++ b/kernel/old.c\n@@ -1 +1,2 @@\n {before}\n+{added}\n"
    result = check_patches({"0001-a.patch": patch.encode()}, mini)
    assert (len(result.inherited), len(result.findings)) == ((1, 0) if inherited else (0, 1))


def test_a_finding_in_the_message():
    """What is wrong with the text of a commit is said of the patch, not of a temporary file."""
    result = check_patches({"0001-a.patch": b"+FINDING\n"}, MINI)
    assert [(f.file, f.line) for f in result.findings] == [("0001-a.patch", 1)]


def test_findings_of_another_file_do_not_excuse(mini):
    """What one file of the base does is no excuse for another one."""
    (mini / "kernel/old.c").write_text("FINDING\n")
    patch = b"--- a/kernel/shapes.c\n+++ b/kernel/shapes.c\n@@ -1 +1,2 @@\n x\n+FINDING\n"
    result = check_patches({"0001-a.patch": patch}, mini)
    assert [f.file for f in result.findings] == ["kernel/shapes.c"]


def test_the_script_dies():
    """A script that dies has found nothing out: no success."""
    with pytest.raises(InfraError, match="checkpatch"):
        check_patches({"0001-a.patch": GOOD.replace(b"+new", b"+DIE")}, MINI)


def test_no_script(tmp_path):
    """A tree without the script."""
    with pytest.raises(InfraError, match="checkpatch"):
        check_patches({"0001-a.patch": GOOD}, tmp_path)


def test_no_perl(monkeypatch, tmp_path):
    """A missing perl is named."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InfraError, match="apt-get install perl"):
        check_patches({"0001-a.patch": GOOD}, MINI)


def test_the_users_settings_do_not_matter(mini, monkeypatch, tmp_path):
    """It reads .checkpatch.conf from the home directory: not here."""
    script = mini / "scripts/checkpatch.pl"
    script.write_text(
        '#!/usr/bin/perl\nmy $conf = "$ENV{HOME}/.checkpatch.conf";\n'
        'if (-e $conf) { print "$ARGV[-1]:1: WARNING:CONF: read\\n"; exit 1; }\n'
    )
    home = tmp_path / "home"
    home.mkdir()
    (home / ".checkpatch.conf").write_text("--ignore=ALL\n")
    monkeypatch.setenv("HOME", str(home))
    assert check_patches({"0001-a.patch": GOOD}, mini).findings == ()


@pytest.mark.kernel
def test_the_real_series(kernel_source, tmp_path):
    """checkpatch.pl --strict of the base finds nothing in a patch, and something in bad text."""
    base = find_base("6.1")
    source = kernel_source("6.1")
    rendered = render_series(plan_series(base, REVIEW), source, tmp_path)
    pristine = ensure_pristine(source, tmp_path, base)
    name, patch = max(rendered.patches.items())
    result = check_patches({name: patch}, pristine, signed=False)
    assert result.checked == (name,)
    assert result.findings == ()
    spoilt = patch.replace(b"\n+\t", b"\n+    ")
    assert check_patches({name: spoilt}, pristine, signed=False).findings
    alone = patch.replace(b"\n---\n", b"\nCo-developed-by: A <a@example.org>\n---\n", 1)
    (finding,) = check_patches({name: alone}, pristine, signed=False).findings
    assert "BAD_SIGN_OFF" in finding.text and finding.file == name


@pytest.mark.kernel
@pytest.mark.needs("git")
def test_commits_that_messages_name(kernel_source, tmp_path):
    """Whether there is such a commit is asked where the tree has a history."""
    script = kernel_source("6.1").path / "scripts"
    tree = tmp_path / "tree"
    shutil.copytree(MINI, tree, ignore=shutil.ignore_patterns("scripts"))
    shutil.copytree(script, tree / "scripts", symlinks=True)
    for file in ("COPYING", "CREDITS", "Kbuild", "MAINTAINERS", "README"):
        (tree / file).touch()
    for folder in ("Documentation", "arch", "include", "drivers", "fs", "init", "ipc", "kernel"):
        (tree / folder).mkdir(exist_ok=True)
    (tree / "lib").mkdir(exist_ok=True)
    text = b'Subject: x\n\nText.\n\nFixes: 0123456789ab ("x: Y")\n---\n'
    patch = {"0001-a.patch": text + GOOD.replace(b"/x", b"/kernel/x.c")}
    said = [f.text for f in check_patches(patch, tree, signed=False).findings]
    assert not any("UNKNOWN_COMMIT_ID" in each for each in said)
    subprocess.run(["git", "init", "-q", tree], check=True)
    said = [f.text for f in check_patches(patch, tree, signed=False).findings]
    assert any("UNKNOWN_COMMIT_ID" in each for each in said)
