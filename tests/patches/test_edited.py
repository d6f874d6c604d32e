# SPDX-License-Identifier: GPL-2.0-only
"""What an import reads: mails as people send them, and what of commits no template can hold."""

import base64
import os
import quopri
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import TESTS, some_of

from generator.errors import UserError
from generator.model.bases.v3_3 import BASE
from generator.model.series import REVIEW
from generator.patches.edited import read_changes
from generator.patches.reading import Repository
from generator.plan import plan_series
from generator.tree.acquire import find_source
from generator.tree.series import render_series

CORE = "kernel/events/uprobes.c"
PLAN = plan_series(BASE, REVIEW)
HIT = next(planned.number for planned in PLAN.patches if planned.patch.ident == "hit")
COUNT = len(PLAN.patches)
WORD = ("failed to %s", "did not %s")


def git(repo, *arguments, **options):
    """Run git in a repository; return what it prints."""
    who = ["-c", "user.name=Some One", "-c", "user.email=some@example.org"]
    command = ["git", *who, "-C", str(repo), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=False, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8", "surrogateescape")


@dataclass
class Desk:
    """Our repository, and a clone of it in which somebody edits."""

    rendered: Path
    clone: Path

    def read(self, *what):
        """Read what somebody has edited."""
        return read_changes(
            [str(each) for each in what],
            repo=self.clone,
            rendered=self.rendered,
            plan=PLAN,
            program=TESTS.parent,
        )

    def at(self, number):
        """Check out a prefix."""
        git(self.clone, "checkout", "--quiet", "--force", "--detach", f"{name(number)}")

    def edit(self, old=WORD[0], new=WORD[1], path=CORE):
        """Change a file."""
        text = (self.clone / path).read_text()
        assert old in text, f"{path} has changed: {old}"
        (self.clone / path).write_text(text.replace(old, new, 1))

    def commit(self, *arguments):
        """Commit what is there."""
        git(self.clone, "add", "--all", "--force")
        git(self.clone, "commit", "--quiet", *arguments)

    def amended(self):
        """Amend the patch that handles the hit; return its mail, as git sends it."""
        self.at(HIT)
        self.edit()
        self.commit("--amend", "--no-edit")
        return git(self.clone, "format-patch", "-1", "--stdout")


def name(number):
    """Return the branch of a prefix."""
    return f"review-{number:02d}" if number else "baseline"


@pytest.fixture(scope="module")
def repositories(tmp_path_factory):
    """Return our repository with the series for the made-up 3.3, and a clone of it."""
    place = tmp_path_factory.mktemp("edited")
    tree = Path(shutil.copytree(TESTS / "trees/k33", place / "tree"))
    rendered = render_series(PLAN, find_source(BASE, place, tree=tree, rev=None), place).repo
    git(place, "clone", "--quiet", "--branch", "baseline", rendered, place / "clone")
    return rendered, place / "clone"


@pytest.fixture
def desk(repositories, tmp_path, monkeypatch):
    """Return both, without what the test before has left."""
    monkeypatch.chdir(tmp_path)
    git(repositories[1], "clean", "--quiet", "-fdx")
    return Desk(*repositories)


NONE = ("none", "b c")
"""What is no file there."""


def only(read):
    """Return the one change that was read."""
    (change,) = read.changes
    return change


def encoded(mail, how):
    """Return a mail as a mailing list may pass it on."""
    head, _, body = mail.partition("\n\n")
    data = body.encode()
    if how == "base64":
        text = base64.encodebytes(data).decode()
    elif how == "quoted-printable":
        text = quopri.encodestring(data).decode()
    else:
        return mail.replace("\n", "\r\n")
    head += "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8"
    return f"{head}\nContent-Transfer-Encoding: {how}\n\n{text}"


@pytest.mark.parametrize("names", [("a", "b c/d", "none", "b c", "e"), ("a", "x\ny", "none")])
def test_several_files_at_once(names, tmp_path):
    """Each is what it is when read alone, whatever its name; a folder and nothing are none."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "b c").mkdir()
    for name in ("a", "b c/d", "e", "x\ny"):
        (tmp_path / name).write_bytes(f"{name}\n\n0 blob 3".encode() + b"\xe9")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "-m", "All")
    repository = Repository(tmp_path)
    read = repository.files("HEAD", names)
    assert read == {name: repository.file("HEAD", name) for name in names}
    assert [name for name in names if read[name] is None] == [n for n in names if n in NONE]
    assert set(repository.files("nosuch", names).values()) == {None}


@pytest.mark.parametrize("how", ["plain", "base64", "quoted-printable", "CRLF"])
@pytest.mark.parametrize("start", ["", "Return-Path: <a@b.org>\nReceived: by\n\tx.org\n"])
def test_a_mail(how, start, desk):
    """However it is encoded, and whatever its header begins with, it is the edited patch."""
    mail = desk.amended()
    mail = start + mail.partition("\n")[2] if start else mail
    Path("x.eml").write_bytes((encoded(mail, how) if how != "plain" else mail).encode())
    change = only(desk.read("x.eml"))
    assert (change.number, change.on) == (HIT, HIT - 1)
    assert change.files[CORE] == (desk.clone / CORE).read_text()
    assert change.subject == git(desk.clone, "log", "-1", "--format=%s").strip()
    assert not change.outside


def test_a_mail_in_several_parts(desk):
    """One that is signed, or has a footer from its list."""
    mail = desk.amended()
    head, _, body = mail.partition("\n\n")
    head += '\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"'
    footer = "--x\nContent-Type: text/plain\n\n____\nA list\n--x--\n"
    Path("x.eml").write_text(f"{head}\n\n--x\nContent-Type: text/plain\n\n{body}\n{footer}")
    assert only(desk.read("x.eml")).files[CORE] == (desk.clone / CORE).read_text()


def test_words_in_another_charset(desk):
    """The text of a message is UTF-8 afterwards; git am does so as well."""
    desk.at(HIT)
    message = git(desk.clone, "log", "-1", "--format=%B").replace("\n\n", "\n\nÉtat.\n\n", 1)
    desk.commit("--amend", "-m", message)
    mail = git(desk.clone, "format-patch", "-1", "--stdout").replace("UTF-8", "iso-8859-1")
    Path("x.eml").write_bytes(mail.encode("latin-1"))
    assert "État." in only(desk.read("x.eml")).body


@pytest.mark.parametrize("kind", some_of(["mbox", "directory"]))
def test_mails_upon_each_other(kind, desk):
    """The series with a cover letter; one is edited, later ones fit upon it, an idea is last."""
    desk.amended()
    git(desk.clone, "cherry-pick", f"{name(HIT)}..{name(COUNT)}")
    desk.edit(WORD[1], "could not %s")
    desk.commit("-m", "An idea")
    what = f"{name(HIT - 1)}..HEAD"
    if kind == "mbox":
        mails = git(desk.clone, "format-patch", "--stdout", "--cover-letter", what)
        Path(kind).write_text(mails)
    else:
        git(
            desk.clone,
            "format-patch",
            "--quiet",
            "--cover-letter",
            "-o",
            Path(kind).absolute(),
            what,
        )
    changes = desk.read(kind).changes
    assert [change.number for change in changes] == [*range(HIT, COUNT + 1), COUNT]
    assert WORD[1] in changes[0].files[CORE] and changes[0].on == HIT - 1
    assert "could not %s" in changes[-1].files[CORE] and changes[-1].subject is None
    for change in changes:
        assert (WORD[1] in (change.before.get(CORE) or WORD[1])) == (change.number > HIT)


@pytest.mark.parametrize("kind", some_of(["directory", "mbox"]))
@pytest.mark.parametrize("edited", some_of([True, False]), ids=["edited", "as it was"])
def test_the_baseline_among_mails(kind, edited, desk):
    """What format-patch makes of a whole branch begins with it, and numbers it as the first."""
    desk.at(0)
    if edited:
        desk.edit("fork", "spoon", "kernel/fork.c")
        desk.commit("--amend", "--no-edit")
    git(desk.clone, "cherry-pick", f"baseline..{name(HIT)}")
    title = "uprobes/core: Take breakpoint and singlestep exceptions"
    desk.edit()
    desk.commit("--amend", "-m", f"{title}\n\nBecause.")
    git(desk.clone, "cherry-pick", f"{name(HIT)}..{name(COUNT)}")
    if kind == "mbox":
        Path(kind).write_text(git(desk.clone, "format-patch", "--stdout", "origin/base..HEAD"))
    else:
        place = Path(kind).absolute()
        git(desk.clone, "format-patch", "--quiet", "-o", place, "origin/base..HEAD")
    changes = desk.read(kind).changes
    numbers = [change.number for change in changes]
    assert changes[0].subject is None
    assert [change.on for change in changes[:2]] == [-1, 0]
    assert ("spoon" in changes[0].files["kernel/fork.c"]) == edited
    if kind == "directory":
        assert numbers == [*range(COUNT + 1)], "the retitled one has its number from its file"
        assert changes[HIT].subject == title
    assert WORD[1] in changes[HIT].files[CORE]
    assert not any(change.outside for change in changes[:HIT])


def test_an_edited_cover_letter(desk):
    """It is in no commit: where its text is written is said, and nothing is lost in silence."""
    desk.at(2)
    place = Path("mails").absolute()
    git(desk.clone, "format-patch", "-q", "--cover-letter", "-o", place, "baseline..HEAD")
    cover = place / "0000-cover-letter.patch"
    blurb = cover.read_text()
    assert "BLURB" in blurb
    text = blurb.replace("*** SUBJECT HERE ***", PLAN.series.title)
    cover.write_text(text)
    good = text.replace("*** BLURB HERE ***", "One word\nand another.").encode()

    def notes():
        read = read_changes(
            [str(place)],
            repo=desk.clone,
            rendered=desk.rendered,
            plan=PLAN,
            program=TESTS.parent,
            cover=good,
        )
        return read.notes

    assert not notes(), "git's own draft"
    cover.write_bytes(good.replace(b"word\nand", b"word and").replace(b"Some One (", b"Ada (", 1))
    assert not notes()
    cover.write_bytes(good.replace(b"another", b"others"))
    (note,) = notes()
    assert "0000-cover-letter.patch says something else" in note
    assert "templates/messages/cover.txt.j2" in note
    with pytest.raises(UserError, match=r"no patch in it; .*templates/messages/cover\.txt\.j2"):
        desk.read(cover)


def test_the_message_of_the_baseline(desk):
    """No template has it: it is told, from a mail as from a commit."""
    desk.at(0)
    desk.commit("--amend", "-m", f"{git(desk.clone, 'log', '-1', '--format=%s')}\nOther words.")
    Path("x.eml").write_text(git(desk.clone, "format-patch", "-1", "--stdout"))
    for what in ("x.eml", "HEAD"):
        assert "+Other words." in only(desk.read(what)).outside


def test_mails_out_of_order(desk):
    """Each is the patch that its subject says."""
    mails = [
        git(desk.clone, "format-patch", "-1", "--stdout", f"{name(number)}")
        for number in (HIT + 1, HIT)
    ]
    Path("x.mbox").write_text("".join(mails))
    assert [change.number for change in desk.read("x.mbox").changes] == [HIT + 1, HIT]


def test_an_idea_by_its_file(desk):
    """0001-An-idea.patch is the first of its author's, and not ours."""
    desk.at(COUNT)
    desk.edit()
    desk.commit("-m", "An idea")
    git(desk.clone, "format-patch", "--quiet", "-1", "-o", Path.cwd())
    change = only(desk.read("0001-An-idea.patch"))
    assert (change.number, change.on, change.subject) == (COUNT, COUNT, None)
    desk.commit("--amend", "-m", f"fixup! {PLAN.patches[HIT - 1].patch.subject}")
    Path("x.eml").write_text(git(desk.clone, "format-patch", "-1", "--stdout"))
    assert only(desk.read("x.eml")).number == COUNT


def test_another_subject(desk):
    """A patch keeps the number of its file, or of its subject, when its subject is edited."""
    mail = re.sub(
        r"^Subject: .*\n( .*\n)*", "Subject: [PATCH] Other words\n", desk.amended(), flags=re.M
    )
    file = Path(f"{HIT:04d}-uprobes.patch")
    file.write_text(mail)
    change = only(desk.read(file))
    assert (change.number, change.subject) == (HIT, "Other words")
    file = Path("some.mbox")
    file.write_text(mail.replace("[PATCH]", f"[PATCH v2 {HIT:02d}/{COUNT}]"))
    change = only(desk.read(file))
    assert (change.number, change.subject) == (HIT, "Other words")


def test_counts_that_are_wrong(desk):
    """A line that was added by hand; the signature is none of the patch's."""
    mail = desk.amended()
    line = next(row for row in mail.split("\n") if WORD[1] in row)
    Path("x.patch").write_text(mail.replace(line, f"{line}\n+\t/* More. */", 1))
    text = only(desk.read("x.patch")).files[CORE]
    assert text.replace("\t/* More. */\n", "") == (desk.clone / CORE).read_text()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("Subject: x\nFrom: a@b.org\n\nNo patch.\n", "there is no patch in it"),
        ("Subject: x\nFrom: a@b.org\n\ndiff --git a/x b/x\n@@ x\n", "applies to no prefix"),
        ("diff --git a/x b/x\n", "applies to no prefix"),
        ("", "there is no patch in it"),
        ("Words alone.\n", "there is no patch in it"),
    ],
)
def test_no_patch(data, words, desk):
    """The file is named."""
    Path("x.eml").write_text(data)
    with pytest.raises(UserError, match=words) as caught:
        desk.read("x.eml")
    assert "x.eml" in str(caught.value)


def test_a_directory_without_patches(desk):
    """It is named as well."""
    Path("empty").mkdir()
    os.mkfifo("empty/0001-x.patch")
    with pytest.raises(UserError, match="there is no patch in it"):
        desk.read("empty")


@pytest.mark.parametrize("form", ["commit", "mail", "diff"])
def test_modes_and_files_that_go(form, desk):
    """A file of the patch itself that gets another mode or is deleted is told, not lost."""
    desk.at(HIT)
    (desk.clone / CORE).chmod(0o755)
    gone = "kernel/signal.c"
    assert gone in git(desk.clone, "show", "--name-only", "HEAD")
    (desk.clone / gone).unlink()
    if form == "diff":
        Path("x.diff").write_text(git(desk.clone, "diff"))
    desk.commit("--amend", "--no-edit")
    if form == "mail":
        Path("x.eml").write_text(git(desk.clone, "format-patch", "-1", "--stdout"))
    change = only(desk.read({"commit": "HEAD", "mail": "x.eml", "diff": "x.diff"}[form]))
    assert "new mode 100755" in change.outside
    assert f"--- a/{gone}\n+++ /dev/null" in change.outside


def test_trailers_that_go(desk):
    """A trailer that was taken out is told as one that was added is."""
    desk.at(HIT)
    message = git(desk.clone, "log", "-1", "--format=%B").strip()
    assert "\nLink: " in message
    desk.commit("--amend", "-m", re.sub(r"\nLink: ", "\nReviewed-by: A B <a@b.org>\nCc: ", message))
    said = only(desk.read("HEAD")).outside
    assert "-Link: https" in said and "+Cc: https" in said and "+Reviewed-by: A B" in said


SETTINGS = {
    "log.showSignature": "true",
    "i18n.logOutputEncoding": "ISO-8859-1",
    "color.ui": "always",
    "diff.external": "/bin/false",
    "diff.noprefix": "true",
    "core.quotePath": "true",
    "mailinfo.scissors": "true",
}


def test_settings_of_the_user(desk, tmp_path, monkeypatch):
    """What git prints for him is nothing that is read: a signed commit that is half of a patch."""
    program = tmp_path / "gpg"
    program.write_text("#!/bin/sh\necho 'gpg: no such key' >&2\nexit 1\n")
    program.chmod(0o755)
    desk.at(HIT)
    message = "Another title: é\n\nText é.\n"
    desk.commit("--amend", "-m", message)
    raw = git(desk.clone, "cat-file", "commit", "HEAD")
    signed = raw.replace("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n\n", 1)
    commit = git(desk.clone, "hash-object", "-t", "commit", "-w", "--stdin", input=signed.encode())
    settings = SETTINGS | {"gpg.program": str(program)}
    user = tmp_path / "gitconfig"
    for key, value in settings.items():
        git(desk.clone, "config", "--file", user, key, value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(user))
    change = only(desk.read(commit.strip()))
    assert (change.number, change.subject, change.body) == (HIT, "Another title: é", "Text é.")


def test_a_patch_without_prefixes(desk):
    """diff.noprefix: a mail, and a diff that is none, have the paths alone."""
    mail = desk.amended()
    wanted = only(desk.read("HEAD")).files
    for words in (
        ("format-patch", "-1", "--stdout", "--no-prefix"),
        ("diff", "--no-prefix", "HEAD~1"),
    ):
        Path("bare.patch").write_text(git(desk.clone, *words))
        assert "a/" + CORE not in Path("bare.patch").read_text()
        assert only(desk.read("bare.patch")).files[CORE] == wanted[CORE]
    assert "a/" + CORE in mail


def test_a_submodule(desk):
    """Where it stands is no text."""
    desk.at(COUNT)
    link = f"160000,{git(desk.clone, 'rev-parse', 'HEAD').strip()},sub"
    git(desk.clone, "update-index", "--add", "--cacheinfo", link)
    git(desk.clone, "commit", "--quiet", "-m", "A submodule")
    link = f"160000,{git(desk.clone, 'rev-parse', 'HEAD').strip()},sub"
    git(desk.clone, "update-index", "--cacheinfo", link)
    git(desk.clone, "commit", "--quiet", "-m", "Another place")
    assert "+Subproject commit" in only(desk.read("HEAD")).outside


def test_a_cover_letter_of_b4(desk):
    """It is a commit without a change, in front of all others."""
    desk.at(0)
    git(desk.clone, "checkout", "--quiet", "--orphan", "other", "origin/base")
    git(desk.clone, "commit", "--quiet", "-m", "Linux")
    git(desk.clone, "commit", "--quiet", "--allow-empty", "-m", "EDITME: cover title")
    git(desk.clone, "cherry-pick", "baseline", name(1))
    assert not desk.read("HEAD~3..HEAD").changes
    title = git(desk.clone, "log", "-1", "--format=%s").strip()
    desk.commit("--amend", "--message", f"{title}\n\nAnother text.")
    git(desk.clone, "cherry-pick", name(2))
    changes = desk.read("HEAD~4..HEAD").changes
    git(desk.clone, "checkout", "--quiet", "--detach")
    git(desk.clone, "branch", "--quiet", "-D", "other")
    assert [change.number for change in changes] == [1]


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_name_of_both(kind, desk):
    """A commit is meant where a file has its name as well, such as HEAD in a bare repository."""
    desk.at(COUNT)
    desk.edit()
    desk.commit("-m", "An idea")
    Path("HEAD").write_text("x") if kind == "file" else Path("HEAD").mkdir()
    assert only(desk.read("HEAD")).files[CORE] == (desk.clone / CORE).read_text()
    mail = git(desk.clone, "format-patch", "-1", "--stdout")
    Path("HEAD.patch" if kind == "file" else "HEAD/1.patch").write_text(mail)
    what = "HEAD.patch" if kind == "file" else "./HEAD"
    assert only(desk.read(what)).name.endswith(".patch")


def test_a_range_that_ends_early(desk):
    """The last patches may have been dropped, or not be wanted here: it is said, as no fault."""
    read = desk.read(f"origin/base..{name(COUNT - 2)}")
    assert not read.by_hand
    (note,) = read.notes
    assert PLAN.patches[COUNT - 2].patch.subject in note and "and 1 more" in note
    assert not desk.read(f"origin/base..{name(COUNT)}").notes
    assert not desk.read(f"{name(COUNT - 4)}..{name(COUNT - 2)}").notes
