# SPDX-License-Identifier: GPL-2.0-only
"""Rendering a series: the same bytes every time, whole or not at all, whatever git is set to."""

import errno
import hashlib
import os
import re
import subprocess
from dataclasses import replace
from email import message_from_bytes

import fake_base
import pytest
from conftest import MINI, TESTS

from generator.errors import InfraError, UserError
from generator.model.edits import RemoveFunctions
from generator.model.series import REVIEW, SERIES
from generator.patches.drift import compare_series
from generator.plan import find_base, plan_series
from generator.render import env
from generator.tree import commits, series
from generator.tree.acquire import find_source
from generator.tree.manifest import read_manifest, read_names, with_digests
from generator.tree.refs import read_ref
from generator.tree.series import render_series
from generator.tree.written import write_series

GOLDEN = TESTS / "golden" / "series"


@pytest.fixture
def templates(monkeypatch):
    """Render from the made-up templates."""
    monkeypatch.setattr(env, "data_dir", lambda name: fake_base.TEMPLATES)
    monkeypatch.setattr(env, "SERIES", (*SERIES, fake_base.SERIES, fake_base.SMALL))
    env.environment.cache_clear()
    yield
    env.environment.cache_clear()


@pytest.fixture
def render(templates, tmp_path):
    """Return a function that renders the made-up series into a work area."""

    def run(*, work=None, tree=MINI, rev=None, base=fake_base.BASE, series=fake_base.SERIES):
        work = work or tmp_path / "work"
        source = find_source(base, work, tree=tree, rev=rev)
        return render_series(plan_series(base, series), source, work)

    return run


def git(repo, *arguments):
    """Return what git prints about a repository."""
    return subprocess.run(
        ["git", "-C", str(repo), *arguments], check=True, capture_output=True, text=True
    ).stdout


def test_what_is_rendered(render, golden):
    """The patches and the manifest, byte by byte."""
    rendered = render()
    for name, data in rendered.files.items():
        golden(GOLDEN / name, data.decode())
    assert {path.name for path in GOLDEN.iterdir()} == {*rendered.files}


def test_rendering_twice(render, tmp_path):
    """Another work area, or the same one again: the same bytes."""
    first = render()
    again = render()
    elsewhere = render(work=tmp_path / "other")
    assert first.patches == again.patches == elsewhere.patches
    assert first.manifest == again.manifest == elsewhere.manifest


@pytest.mark.parametrize(
    "setting", ["config", "bare", "template", "environment", "identity", "locale"]
)
def test_the_users_git_does_not_matter(setting, render, tmp_path, monkeypatch):
    """Configuration, templates, variables and language of the user change no byte."""
    want = render(work=tmp_path / "plain")
    if setting == "config":
        config = tmp_path / "config"
        config.write_text(
            "[format]\n\tsignature = hello\n\tnumbered = false\n\tattach = yes\n\tsuffix = .txt\n"
            "\tsubjectPrefix = OTHER\n\tthread = true\n\tfrom = true\n\tuseAutoBase = true\n"
            "[diff]\n\tnoprefix = true\n\tmnemonicPrefix = true\n\tcontext = 9\n"
            "\talgorithm = histogram\n[core]\n\tquotePath = true\n\tabbrev = 7\n"
            "\tautocrlf = true\n[i18n]\n\tcommitEncoding = latin1\n[color]\n\tui = always\n"
        )
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    elif setting == "bare":
        config = tmp_path / "config"
        config.write_text("[safe]\n\tbareRepository = explicit\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    elif setting == "template":
        hooks = tmp_path / "template/hooks"
        hooks.mkdir(parents=True)
        (tmp_path / "template/config").write_text("[diff]\n\tnoprefix = true\n")
        config = tmp_path / "config"
        config.write_text(f"[init]\n\ttemplateDir = {tmp_path}/template\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path / "template"))
    elif setting == "environment":
        subprocess.run(["git", "init", "-q", str(tmp_path / "users")], check=True)
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "users/.git"))
        monkeypatch.setenv("GIT_DIFF_OPTS", "--unified=9")
    elif setting == "identity":
        for role in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{role}_NAME", "Somebody Else")
            monkeypatch.setenv(f"GIT_{role}_DATE", "2001-01-01T00:00:00Z")
    else:
        monkeypatch.setenv("LANG", "de_DE.UTF-8")
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        monkeypatch.setenv("COLUMNS", "200")
    have = render(work=tmp_path / "set")
    assert read_ref(have.repo, "baseline").texts == read_ref(want.repo, "baseline").texts
    assert have.patches == want.patches
    assert have.manifest == want.manifest
    if setting == "environment":
        monkeypatch.delenv("GIT_DIR")
        assert git(tmp_path / "users", "for-each-ref") == ""


def test_the_repository(render):
    """The branches and tags that building relies on, with what they must hold."""
    rendered = render()
    refs = git(rendered.repo, "for-each-ref", "--format=%(refname)").split()
    assert set(refs) >= {
        *("refs/heads/base", "refs/heads/baseline", "refs/heads/review"),
        *(f"refs/tags/review-{number:02d}" for number in (1, 2, 3)),
    }
    for ref, files in (("base", rendered.base_files), ("review", rendered.tip_files)):
        names = git(rendered.repo, "ls-tree", "-r", "--name-only", ref).split()
        assert names == sorted(files)
        for name in names:
            assert git(rendered.repo, "show", f"{ref}:{name}") == files[name]
    assert git(rendered.repo, "rev-parse", "review") == git(rendered.repo, "rev-parse", "review-03")
    assert git(rendered.repo, "fsck", "--strict", "--no-dangling") == ""
    for name, text in rendered.base_files.items():
        assert text == (MINI / name).read_text()


def test_a_series_of_the_unmodified_tree(render, mini):
    """Its first patch applies to the tree as it is; it has no baseline, and no Link."""
    rendered = render(series=fake_base.SMALL)
    refs = ("base", "baseline", "small-01", "small-02", "small")
    at = [git(rendered.repo, "rev-parse", ref) for ref in refs]
    assert at[0] == at[1] and at[3] == at[4] and len(set(at)) == 3
    assert git(rendered.repo, "rev-list", "--count", "small") == "3\n"
    first, second = (rendered.patches[name].decode() for name in sorted(rendered.patches)[1:])
    assert "\n\nCount from one.\n\nCc: stable@vger.kernel.org\n---\n" in first
    assert "\nSay how many there are, as of Linux 6.1.7.\n---\n" in second
    for text in (first, second):
        subprocess.run(["git", "-C", mini, "apply"], check=True, input=text.encode())
    assert (mini / "kernel/shapes.c").read_text() == rendered.tip_files["kernel/shapes.c"]


def test_two_series_in_one_work_area(render):
    """Each has a repository of its own, and what it declares: nothing of the model's."""
    ours, small = render(), render(series=fake_base.SMALL)
    assert ours.repo.name == "repo.git" and small.repo.name == "small-repo.git"
    assert git(ours.repo, "rev-parse", "review") and "review" not in git(small.repo, "branch")
    lines = small.interface.decode().splitlines()[1:]
    assert lines == ["function kernel/shapes.c: int small_shapes(void)"]
    assert render().manifest == ours.manifest


def test_patches_apply_to_the_tree(render, mini):
    """Baseline and patches lead from the unmodified tree to the tip."""
    rendered = render()
    baseline = git(rendered.repo, "diff", "base", "baseline").encode()
    names = [name for name in sorted(rendered.patches) if not name.startswith("0000")]
    for data in (baseline, *(rendered.patches[name] for name in names)):
        subprocess.run(["git", "apply", "-"], input=data, cwd=mini, check=True)
    for name, text in rendered.tip_files.items():
        assert (mini / name).read_text() == text


def test_mail_form(render):
    """Each patch is a mail with author, date, subject, reason and trailers."""
    rendered = render()
    for number, name in enumerate(sorted(rendered.patches)):
        mail = message_from_bytes(rendered.patches[name])
        assert mail["From"] == "Mini Tester <mini@example.org>"
        assert mail["Date"] == "Wed, 29 Feb 2012 12:00:00 +0000"
        assert f"[PATCH {number}/3]" in mail["Subject"]
        body = mail.get_payload()
        if number:
            assert "Link: https://example.org/mini\n" in body
            assert "Link: https://example.org/mini\n---\n" in body
            assert "Signed-off-by" not in body, "nobody has signed it"
        assert rendered.patches[name].startswith(b"From 0000000000000000000000000000000000000000")


def test_a_tree_without_the_place(render, mini, tmp_path):
    """A tree that the edits do not fit: an error, and neither patches nor a repository."""
    (mini / "kernel/statements.c").write_text("int other;\n")
    with pytest.raises(UserError, match=r"kernel/statements\.c"):
        render(tree=mini)
    assert not (tmp_path / "work").exists()


@pytest.mark.sweep
@pytest.mark.parametrize("garbage", ["empty", "head", "objects", "refs", "file"])
def test_a_repository_that_is_garbage(garbage, render, tmp_path):
    """The tool's own repository is made again when git cannot use it."""
    want = render().patches
    repo = tmp_path / "work/6.1/repo.git"
    if garbage == "file":
        subprocess.run(["rm", "-r", str(repo)], check=True)
        repo.write_text("not a repository")
    elif garbage == "empty":
        for path in repo.iterdir():
            subprocess.run(["rm", "-r", str(path)], check=True)
    elif garbage == "head":
        (repo / "HEAD").write_text("garbage\n")
    elif garbage == "objects":
        for path in (repo / "objects").rglob("*"):
            if path.is_file():
                path.chmod(0o644)
                path.write_bytes(b"garbage")
    else:
        (repo / "refs/heads/review").parent.mkdir(parents=True, exist_ok=True)
        (repo / "refs/heads/review").write_text("garbage\n")
    assert render().patches == want


def test_an_interrupted_import(render, tmp_path, monkeypatch):
    """A run that dies between commits and patches changes nothing for the next one."""
    want = render(work=tmp_path / "other").patches

    def interrupt(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(series, "_format_patches", interrupt)
        with pytest.raises(KeyboardInterrupt):
            render()
    assert render().patches == want


def test_git_fails(render, monkeypatch):
    """The command that failed and its reason are named."""
    monkeypatch.setattr(commits, "_stream", lambda *arguments: b"nonsense\n")
    with pytest.raises(InfraError, match=r"fast-import.*nonsense") as caught:
        render()
    assert caught.value.exit_code == 3


def test_writing(render, tmp_path):
    """Files are written once; files that are equal keep their times."""
    rendered = render()
    target = tmp_path / "a/b"
    first = write_series(rendered, target)
    assert sorted(first.written) == sorted(rendered.files)
    assert first.removed == ()
    times = {path: path.stat().st_mtime_ns for path in target.iterdir()}
    assert write_series(rendered, target).written == ()
    assert {path: path.stat().st_mtime_ns for path in target.iterdir()} == times
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in target.iterdir())


def test_stale_patches_go(render, tmp_path):
    """What was rendered before is removed; what somebody else put there stays."""
    rendered = render()
    old = {"0009-old.patch": b"", "../outside.patch": b""}
    (tmp_path / "series").write_bytes(with_digests("0009-old.patch\n../outside.patch\n", old))
    (tmp_path / "0009-old.patch").touch()
    (tmp_path / "mine.patch").touch()
    (tmp_path.parent / "outside.patch").touch()
    written = write_series(rendered, tmp_path)
    assert written.removed == ("0009-old.patch",)
    assert "series" in written.written
    assert (tmp_path / "mine.patch").exists()
    assert (tmp_path.parent / "outside.patch").exists()
    assert not (tmp_path / "0009-old.patch").exists()


def test_an_edit_that_was_brought_into_the_templates(render, tmp_path):
    """Who edits a patch counts no lines: the patch is written where it says the same."""
    rendered = render()
    name = "0002-mini-Add-added_shape.patch"
    patch = rendered.patches[name]
    assert patch.count(b"+\treturn 0;\n") == 1
    edited = patch.replace(b"+\treturn 0;\n", b"+\tmight_sleep();\n+\treturn 0;\n")
    write_series(rendered, tmp_path)
    (tmp_path / name).write_bytes(edited)
    counted = re.sub(rb"(?m)^( \S+ +\| +)(\d+) ", rb"\g<1>9\g<2> ", edited)
    counted = re.sub(rb"(?m)^(index \w+\.\.)\w+", rb"\g<1>" + b"f" * 40, counted)
    counted = re.sub(rb"(?m)^@@ .* @@", b"@@ -1,9 +1,9 @@", counted)
    assert counted != edited
    with pytest.raises(UserError, match="edited since"):
        write_series(rendered, tmp_path)
    as_edited = replace(rendered, patches={**rendered.patches, name: counted})
    assert name in write_series(as_edited, tmp_path).written
    assert (tmp_path / name).read_bytes() == counted


@pytest.mark.parametrize("failing", ["write", "replace", "mkstemp"])
def test_full_disk(failing, render, tmp_path, monkeypatch):
    """Files are whole or as before, no temporary file stays, and the error names the file."""
    rendered = render()
    target = tmp_path / "out"
    write_series(rendered, target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    changed = replace(
        rendered, patches={name: data + b"more\n" for name, data in rendered.patches.items()}
    )

    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if failing == "write":
        monkeypatch.setattr("generator.paths.os.fdopen", full)
    elif failing == "replace":
        monkeypatch.setattr("generator.paths.Path.replace", full)
    else:
        monkeypatch.setattr("generator.paths.tempfile.mkstemp", full)
    with pytest.raises(InfraError, match="No space left on device") as caught:
        write_series(changed, target)
    assert str(target / "0000-cover-letter.patch") in str(caught.value)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before


def test_manifest(render):
    """The manifest says what it is for, and lists the patches in order."""
    rendered = render()
    facts = read_manifest(rendered.manifest)
    assert facts["base"] == "6.1" and facts["source"] == "6.1.7"
    assert facts["tip"] == git(rendered.repo, "rev-parse", "review^{tree}").strip()
    assert facts["baseline"] == git(rendered.repo, "rev-parse", "baseline^{tree}").strip()
    assert read_names(rendered.manifest) == tuple(sorted(rendered.patches))[1:]


def test_a_commit_and_a_directory_give_the_same(render, mini, tmp_path):
    """Where the source comes from does not show in the patches."""
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *command], cwd=mini, check=True)
    assert render(tree=mini, rev="HEAD").patches == render(work=tmp_path / "w2").patches


def test_a_baseline_that_changes_nothing(render):
    """A base from which nothing is taken out still gives a series."""
    assert len(render(base=replace(fake_base.BASE, baseline=())).patches) == 4


def test_an_edit_of_the_baseline_fails(render):
    """The baseline's edits fail as those of patches do."""
    broken = RemoveFunctions(path="kernel/shapes.c", names=("absent",))
    with pytest.raises(UserError, match="'absent' is not defined here"):
        render(base=replace(fake_base.BASE, baseline=(broken,)))


# with a real kernel


@pytest.fixture(scope="session")
def real(kernel_source, tmp_path_factory):
    """Return a real rendering of 6.1 and the source it was made from."""
    source = kernel_source("6.1")
    plan = plan_series(find_base("6.1"), REVIEW)
    return source, render_series(plan, source, tmp_path_factory.mktemp("real"))


@pytest.mark.kernel
def test_committed_patches_are_what_is_rendered(real):
    """The patches in git are what the model renders."""
    drift = compare_series(real[1], TESTS.parent / "kernel_patches/6.1/review")
    assert drift.clean, drift


@pytest.mark.kernel
def test_trap_nr_touches_what_it_must(real):
    """Patch 1 renames the member in every file that uses it, and in no other one."""
    _, rendered = real
    touched = git(rendered.repo, "diff", "--name-only", "baseline", "review-01").split()
    kernel = "arch/x86/kernel"
    assert set(touched) == {
        "Documentation/admin-guide/kdump/gdbmacros.txt",
        "arch/x86/entry/vsyscall/vsyscall_64.c",
        "arch/x86/ia32/ia32_signal.c",
        "arch/x86/include/asm/processor.h",
        *(f"{kernel}/{name}.c" for name in ("dumpstack", "ptrace", "signal", "traps", "umip")),
        f"{kernel}/cpu/intel.c",
        f"{kernel}/vm86_32.c",
        "arch/x86/math-emu/fpu_entry.c",
        "arch/x86/mm/fault.c",
    }
    lines = [
        line[1:]
        for line in git(rendered.repo, "diff", "baseline", "review-01").splitlines()
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert all("trap_n" in line for line in lines)
    removed = [line for line in lines if "trap_no" in line]
    assert len(removed) * 2 == len(lines)


@pytest.mark.kernel
def test_every_prefix_is_the_one_before_plus_its_files(real):
    """The untouched source stays untouched: what is not in a patch is byte for byte the base's."""
    source, rendered = real
    for name, text in rendered.base_files.items():
        assert text == source.load(name)
    digest = hashlib.sha256("".join(rendered.tip_files.values()).encode()).hexdigest()
    again = {
        name: git(rendered.repo, "show", f"review:{name}") for name in sorted(rendered.tip_files)
    }
    assert hashlib.sha256("".join(again.values()).encode()).hexdigest() == digest
