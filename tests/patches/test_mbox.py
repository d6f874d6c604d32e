# SPDX-License-Identifier: GPL-2.0-only
"""A version of the series as mails: what git am, git send-email, b4 and get_maintainer.pl say."""

import email
import email.policy
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from conftest import TESTS

from generator.checks.catalogue.mended import Prefix
from generator.cli import main
from generator.model.catalogue import CATALOGUE
from generator.model.series import REVIEW
from generator.patches.change.run import compare_sides
from generator.patches.change.sides import Side
from generator.patches.ground import Ground
from generator.patches.mail import read_series, split_mbox
from generator.plan import find_base, find_series, plan_series
from generator.report.kept import write_kept
from generator.report.mbox import (
    DRAFT,
    MboxRequest,
    change_id,
    draft_changes,
    make_mails,
    make_mbox,
)
from generator.report.whole import ReportRequest, Trees, read_statuses
from generator.tree.manifest import read_manifest

INTERFACE = (TESTS.parent / "kernel_patches/6.1/review/interface.txt").read_bytes()
PATCHES = TESTS.parent / "kernel_patches"
COUNT = len([*PATCHES.glob("6.1/review/0*.patch")]) - 1
"""The patches of the series that is there, without the cover letter."""


def side(base):
    """Return the committed patches of a base as a side."""
    return Side(name=base, patches=read_series(PATCHES / base / "review"))


@pytest.fixture(scope="module")
def difference():
    """Return what changed from one base to the other: it stands for two versions."""
    return compare_sides(side("6.12"), side("6.1"))


@pytest.fixture
def request_(work, tmp_path, difference):
    """Return a request for a second version."""
    (work / "6.1/results/coverage.json").unlink()
    place = ReportRequest(base="6.1", series="review", workdir=work, patches=tmp_path)
    files = sorted((PATCHES / "6.1/review").glob("*.patch"))
    return MboxRequest(
        patches={path.name: path.read_bytes() for path in files},
        series=REVIEW,
        version=2,
        changes=" - The return address is checked.\n",
        diff=difference,
        statuses=read_statuses(place, Trees()),
        ground=Ground(
            commit="1234567890123456789012345678901234567890",
            source="Linux 6.1.192",
            prerequisites=("abcdef0123456789abcdef0123456789abcdef01",),
        ),
        to=("Jörg Täst <joerg@example.org>", "x86@example.org"),
        cc=("linux-kernel@example.org",),
    )


def boxed(request):
    """Return the mails of a request as an mbox."""
    return make_mbox(make_mails(request), INTERFACE)


def mails(data):
    """Return the mails of an mbox."""
    pieces = [mail for _, mail in split_mbox(data, where="x")]
    return [
        email.message_from_bytes(piece.partition(b"\n")[2], policy=email.policy.default)
        for piece in pieces
    ]


def test_cover_letter(request_):
    """Summary, changes, proof, range-diff, base and change-id, in this order."""
    text = mails(boxed(request_))[0].get_content()
    places = [
        text.index(words)
        for words in (
            "This series completes uprobes",
            "Changes since v1:\n\n - The return address is checked.",
            "How it is proved:",
            f"uprobekit ({COUNT}):",
            " files changed, ",
            "Range-diff against v1:",
            "\nbase-commit: 1234567890123456789012345678901234567890\n",
            "\nprerequisite-patch-id: abcdef0123456789abcdef0123456789abcdef01\n",
            f"\nchange-id: {change_id(REVIEW)}\n",
        )
    ]
    assert places == sorted(places)
    assert "The patches are for Linux 6.1.192, with one patch in front of them" in text
    proof = text[places[2] : places[3]]
    assert "Review ledger" in proof and "missing" not in proof and "not been run" not in proof
    assert "Not run on these patches: " in proof and "Coverage" in proof.partition("Not run")[2]


@pytest.mark.parametrize("base", ["6.1", "6.12"])
def test_cover_letter_of_the_fixes(base, request_, work):
    """What each patch mends, as far as it was looked at; the rest is named, of its own kind."""
    fixes = find_series("fixes")
    folder = PATCHES / base / "fixes"
    patches = {path.name: path.read_bytes() for path in sorted(folder.glob("*.patch"))}
    trees = Trees.of(read_series(folder).manifest)
    mends = plan_series(find_base(base), fixes).patches[0].patch.mends
    words = {entry.ident: "affected" for entry in CATALOGUE}
    after = {**words, **dict.fromkeys(mends, "not affected")}
    more = {"version": "6.1.7", "tests": 9, "failing": (), "date": "2026-11-29"}
    rows = [asdict(Prefix(number=n, words=w, **more)) for n, w in enumerate((words, after))]
    place = ReportRequest(base=base, series="fixes", workdir=work, patches=folder)

    def proof(tip, prefixes=rows):
        data = {"prefixes": prefixes}
        write_kept(work, base, "fixes-mended", data, source="6.1.7", tip=tip)
        statuses = read_statuses(place, trees)
        made = replace(request_, patches=patches, series=fixes, statuses=statuses)
        text = mails(boxed(made))[0].get_content()
        assert "\n\n\n" not in text and "Self-tests" not in text
        return " ".join(text.partition("How it is proved:")[2].split())

    said = proof(trees.tip)
    assert f" good 1 of {len(patches) - 1} patches, of {len(words)} faults of the base " in said
    assert f"{len(words) - len(mends)} are left after the last of them" in said
    assert "Not run on these patches: Patches one by one, checkpatch." in said
    assert proof("1234") == "" and proof(trees.tip, []) == ""
    broken = [rows[0], {**rows[1], "words": words}]
    assert f"What each patch mends bad 1 of {len(patches) - 1}" in proof(trees.tip, broken)


def test_no_proof_at_all(request_, work, tmp_path):
    """Without a result nothing is claimed, and each section is named as not run."""
    shutil.rmtree(work / "6.1/results")
    place = ReportRequest(base="6.1", series="review", workdir=work, patches=tmp_path)
    text = mails(boxed(replace(request_, statuses=read_statuses(place, Trees()))))[0].get_content()
    assert "How it is proved" not in text and "Not run on these patches: Self-tests" in text
    front, found, _ = text.partition(f"uprobekit ({COUNT}):")
    assert found and "very prefix" not in front


def test_thread(request_):
    """Versions in the subjects, everything in reply to the cover letter, to the right people."""
    found = mails(boxed(request_))
    assert len(found) == COUNT + 1
    assert [mail["Subject"].split("]")[0] for mail in found] == [
        f"[PATCH v2 {number:02d}/{COUNT}" for number in range(COUNT + 1)
    ]
    ids = [mail["Message-ID"] for mail in found]
    assert len(set(ids)) == COUNT + 1
    assert {mail["In-Reply-To"] for mail in found[1:]} == {ids[0]}
    for mail in found:
        assert [a.addr_spec for a in mail["To"].addresses] == [
            "joerg@example.org",
            "x86@example.org",
        ]
        assert mail["To"].addresses[0].display_name == "Jörg Täst"
        assert mail["Cc"].addresses[0].addr_spec == "linux-kernel@example.org"


def test_first_version(request_):
    """Nothing before it: no number, no changes, no range-diff; the change-id is the same."""
    ground = Ground(commit="", source="Debian's linux-source-6.1 6.1.192-1")
    first = replace(request_, version=1, diff=None, changes="", ground=ground)
    found = mails(boxed(first))
    text = found[0].get_content()
    assert found[0]["Subject"].startswith(f"[PATCH 00/{COUNT}]")
    assert "Changes since" not in text and "Range-diff" not in text
    assert "base-commit" not in text and change_id(REVIEW) in text
    assert "prerequisite" not in text and "are for Debian's linux-source-6.1 6.1.192-1." in text
    ids = {mail["Message-ID"] for mail in mails(boxed(request_))}
    assert not ids & {mail["Message-ID"] for mail in found}


def test_the_same_bytes(request_):
    """Made twice, it is the same."""
    assert boxed(request_) == boxed(request_)


def test_nothing_is_lost(request_, tmp_path):
    """The patches in it are those that went in."""
    box = tmp_path / "box"
    box.write_bytes(boxed(request_))
    assert [m.files for m in read_series(box).mails] == [
        m.files for m in read_series(PATCHES / "6.1/review").mails
    ]


def test_lines_that_begin_a_mail(request_):
    """A line of a message that looks like the start of a mail is none."""
    changed = replace(request_, changes="From here on\n - ok\n")
    assert len(mails(boxed(changed))) == COUNT + 1


def test_no_text_begins_a_mail(request_):
    """What b4 writes has a ">" in front of such a line, and git am leaves it in the message."""
    for name, data in request_.patches.items():
        assert not re.search(rb"^>*From ", data.partition(b"\n\n")[2], re.M), name


def test_draft(difference):
    """What the interface and the patches say, and a line that has to go."""
    lines = draft_changes(difference).splitlines()
    assert lines[0] == DRAFT
    assert all(line.startswith(" - ") for line in lines[1:]) and len(lines) > 10
    assert any("function removed" in line and "find_uprobe_rcu" in line for line in lines)
    (patch,) = (PATCHES / "6.1/review").glob("*-uprobes-core-Add-return-probes.patch")
    wanted = f" - patch {int(patch.name[:4])} changed: uprobes/core: Add return probes"
    assert wanted in lines


# the tools that read it


@pytest.fixture
def sender(_own_settings, monkeypatch):
    """Make git know who sends the patches."""
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Some One")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "some@example.org")


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """Return where the second version of the made-up series is kept, once it was made."""
    return tmp_path_factory.mktemp("second") / "version"


@pytest.fixture
def small(second, fake, sender, tmp_path, capsys, monkeypatch):
    """Return an mbox of the made-up series in its second version, and its repository."""
    from generator.checks.patches import recipients

    people = (recipients.Recipient(who="A B <a@example.org>", role="maintainer", section="X"),)
    monkeypatch.setattr(recipients, "find_recipients", lambda patches, pristine: people)
    if second.is_dir():
        shutil.copytree(second, tmp_path, dirs_exist_ok=True)
    else:
        write_second(tmp_path, capsys)
        shutil.copytree(tmp_path, second)
    return tmp_path / "v2.mbox", tmp_path / "work/6.1/repo.git"


def write_second(tmp_path, capsys):
    """Render the series, change what it was before, and write the mails: a file, a directory."""
    from conftest import MINI

    options = ["--tree", str(MINI), "--workdir", str(tmp_path / "work")]
    old = tmp_path / "old"
    assert main(["render", *options, "-o", str(old)]) == 0
    for patch in (*old.glob("000[123]-*.patch"), old / "interface.txt"):
        patch.write_text(patch.read_text().replace("added_shape(", "older_shape("))
    box, changes = tmp_path / "v2.mbox", tmp_path / "changes.txt"
    command = ["mbox", *options, "-v", "2", "--since", str(old), "--changes", str(changes)]
    assert main([*command, "-o", str(box), "--mbox"]) == 1
    assert "is a draft" in capsys.readouterr().err and not box.exists()
    assert "added_shape" in changes.read_text()
    assert main([*command, "-o", str(box), "--mbox"]) == 1
    changes.write_text(changes.read_text().replace(f"{DRAFT}\n", ""))
    assert main([*command, "-o", str(box), "--mbox"]) == 0
    assert main([*command, "-o", str(tmp_path / "v2"), "--with-baseline"]) == 0


def run(*command, where, environment=(), data=b"", good=True):
    """Run a tool that reads mails; nothing of the user's, no terminal. Returns what it said."""
    identity = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Some One"), ("EMAIL", "some@example.org"))
    }
    done = subprocess.run(
        list(map(str, command)),
        cwd=where,
        input=data,
        capture_output=True,
        check=False,
        timeout=600,
        env=os.environ | identity | dict(environment),
        start_new_session=True,  # git send-email asks at /dev/tty, whatever its standard input is
    )
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert (done.returncode == 0) is good, said
    return said


def git_config(where):
    """Set what git wants to know of a person."""
    for key, value in (("user.name", "Some One"), ("user.email", "some@example.org")):
        run("git", "config", key, value, where=where)


@pytest.fixture
def folder(request_, tmp_path):
    """Return a directory with the mails of the committed series, and what is in it."""
    place = tmp_path / "v2"
    place.mkdir()
    made = make_mails(request_)
    for name, data in made.items():
        (place / name).write_bytes(data)
    return place, made


def test_names(folder):
    """The files are named as git format-patch names them."""
    _, made = folder
    assert list(made)[:2] == [
        "v2-0000-cover-letter.patch",
        "v2-0001-x86-Rename-trap_no-to-trap_nr-in-thread_struct.patch",
    ]
    assert len(made) == COUNT + 1


def test_from_at_the_start_of_a_line(request_, tmp_path, capsys):
    """It stays as it is: in the files, and in an mbox, for each of its readers."""
    name = next(name for name in request_.patches if name.startswith("0009-"))
    subject, empty, rest = request_.patches[name].partition(b"\n\n")
    line = b"From here on a probe is hit: 3 = 3, gr\xc3\xbc\xc3\x9fe."
    patches = dict(request_.patches) | {name: subject + empty + line + b"\n\n" + rest}
    made = make_mails(replace(request_, patches=patches))
    box = tmp_path / "box"
    box.write_bytes(make_mbox(made, INTERFACE))
    assert b"\n\n" + line + b"\n" in made[f"v2-{name}"] and b"\n>From" not in box.read_bytes()
    split = tmp_path / "split"
    split.mkdir()
    assert run("git", "mailsplit", f"-o{split}", box, where=tmp_path).strip() == str(COUNT + 1)
    run(
        *("git", "mailinfo", tmp_path / "msg", tmp_path / "patch"),
        where=tmp_path,
        data=sorted(split.iterdir())[9].read_bytes(),
    )
    assert (tmp_path / "msg").read_bytes().startswith(line + b"\n")
    assert rest.partition(b"\n---\n")[2].rstrip() in (tmp_path / "patch").read_bytes()
    import mailbox

    assert len(mailbox.mbox(box)) == COUNT + 1
    old = tmp_path / "old"
    old.mkdir()
    for path, data in patches.items():
        (old / path).write_bytes(data)
    assert main(["diff", str(old), str(box)]) == 0, capsys.readouterr().out


def test_files_of_others_are_not_sent(small, tmp_path, capsys):
    """A directory with other patches is refused; our own of before are replaced."""
    from conftest import MINI

    place = tmp_path / "v2"
    command = ["mbox", "--tree", str(MINI), "--workdir", str(tmp_path / "work"), "-o", str(place)]
    assert len(list(place.glob("v2-*.patch"))) == 4
    assert main(command) == 0
    assert sorted(path.name[:5] for path in place.glob("*.patch")) == [
        "0000-",
        "0001-",
        "0002-",
        "0003-",
    ]
    (place / "0004-strange.patch").write_text("From: x\n\n")
    assert main(command) == 1
    assert "0004-strange.patch" in capsys.readouterr().err
    assert main([*command[:-1], str(tmp_path / "no/folder")]) == 1
    assert main([*command[:-1], str(tmp_path / "changes.txt")]) == 1
    assert main([*command, "--mbox"]) == 1


def test_an_edited_mail_stays(small, tmp_path, capsys):
    """Who writes into his cover letter keeps it; what was not edited is replaced."""
    from conftest import MINI

    place = tmp_path / "v2"
    command = ["mbox", "--tree", str(MINI), "--workdir", str(tmp_path / "work"), "-o", str(place)]
    cover = place / "v2-0000-cover-letter.patch"
    written = cover.read_bytes()
    cover.write_bytes(written + b"Mine.\n")
    before = {path: path.read_bytes() for path in place.rglob("*.*")}
    assert main(command) == 1
    said = capsys.readouterr().err
    assert cover.name in said and "edited since" in said and "--output" in said
    assert {path: path.read_bytes() for path in place.rglob("*.*")} == before
    cover.write_bytes(written)
    assert main([*command, "--rfc"]) == 0
    assert main(command) == 0, "RFC is gone again"


def test_a_bad_result_is_no_good_end(small, tmp_path, capsys):
    """The mails are written, the cover letter says bad, and the status is 2."""
    from conftest import MINI
    from desk_results import make_results

    work = make_results(tmp_path / "bad")
    file = work / "6.1/results/checkpatch.json"
    data = json.loads(file.read_text())
    finding = {"patch": "0001-x", "file": "x.c", "line": 1, "text": "ERROR: trailing whitespace"}
    place = tmp_path / "mails"
    command = ["mbox", "--tree", str(MINI), "--workdir", str(work), "-o", str(place)]
    ours = read_manifest((tmp_path / "old/series").read_bytes())["tip"]
    for tip, status in ((ours, 2), ("", 0), ("0" * 40, 0)):
        file.write_text(json.dumps(data | {"findings": [finding], "tip": tip}))
        capsys.readouterr()
        assert main(command) == status
        assert ("checkpatch" in capsys.readouterr().err) is bool(status)
        cover = (place / "0000-cover-letter.patch").read_text()
        # what is of an older rendering, or does not say of which, is no result of this one
        assert bool(re.search("checkpatch +bad", cover)) is bool(status)


def test_the_tree_that_readers_have(fake, sender, tmp_path, monkeypatch, capsys):
    """base-commit is of the user's git, told when nobody else can have it; it applies there."""
    from conftest import MINI

    from generator.checks.patches import recipients

    monkeypatch.setattr(recipients, "find_recipients", lambda patches, pristine: ())
    tree = Path(shutil.copytree(MINI, tmp_path / "tree"))
    run("git", "init", "-q", ".", where=tree)
    git_config(tree)
    run("git", "add", "-A", where=tree)
    run("git", "commit", "-qm", "Linux", where=tree)
    commit = run("git", "rev-parse", "HEAD", where=tree).strip()
    place = tmp_path / "mails"
    command = ["mbox", "--tree", str(tree), "--workdir", str(tmp_path / "work")]
    command += ["-o", str(place), "--with-baseline"]
    assert main(command) == 0
    assert "readers do not have it" in capsys.readouterr().err
    run("git", "tag", "v6.1", where=tree)
    assert main(command) == 0
    assert "readers do not have it" not in capsys.readouterr().err
    cover = (place / "0000-cover-letter.patch").read_text()
    assert f"\nbase-commit: {commit}\n" in cover
    baseline = (place / "baseline/0001-baseline.patch").read_bytes()
    said = run("git", "patch-id", "--stable", where=tree, data=baseline)
    assert f"\nprerequisite-patch-id: {said.split()[0]}\n" in cover
    run("git", "am", "-q", place / "baseline/0001-baseline.patch", where=tree)
    files = sorted(place.glob("*.patch"))
    run("git", "am", "-q", "--empty=drop", *files, where=tree)
    repo = tmp_path / "work/6.1/repo.git"
    for path in run("git", "ls-tree", "-r", "--name-only", "review", where=repo).split():
        assert run("git", "show", f"review:{path}", where=repo) == (tree / path).read_text()
    # a tree with a change in a file that the series touches is not that commit
    with (tree / "kernel/shapes.c").open("a") as file:
        file.write("\n")
    run("git", "checkout", "-q", commit, "--", ".", where=tree)
    with (tree / "kernel/shapes.c").open("a") as file:
        file.write("/* mine */\n")
    assert main(command) == 0
    assert "base-commit" not in (place / "0000-cover-letter.patch").read_text()


def test_git_am(small, tmp_path):
    """It applies to the baseline and gives the tree of the series, mail by mail."""
    box, repo = small
    place = tmp_path / "am"
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]

    def git(*arguments):
        return subprocess.run(
            ["git", *identity, *arguments], cwd=place, check=True, capture_output=True, text=True
        ).stdout

    place.mkdir()
    git("clone", "-q", "-b", "baseline", str(repo), ".")
    # the cover letter has no patch
    found = [mail for _, mail in split_mbox(box.read_bytes(), where="x")][1:]
    subprocess.run(["git", *identity, "am", "-q"], cwd=place, input=b"\n".join(found), check=True)
    assert git("rev-parse", "HEAD^{tree}") == git("rev-parse", "origin/review^{tree}")


@pytest.mark.needs("git", "send-email", "--dump-aliases", says="")
def test_git_send_email(folder, tmp_path):
    """All mails go out, in one thread, to the people that they name, byte for byte."""
    place, made = folder
    sent = tmp_path / "sent"
    sent.mkdir()
    program = tmp_path / "sendmail"
    program.write_text(
        "#!/bin/sh\n"
        f'n=$(ls {sent} | grep -c mail)\nprintf "%s\\n" "$@" > {sent}/to-$n\n'
        f"exec cat > {sent}/mail-$(printf %02d $n)\n"
    )
    program.chmod(0o755)
    run("git", "init", "-q", ".", where=tmp_path)
    run(
        *("git", "-c", "sendemail.smtpServer=", "send-email", f"--sendmail-cmd={program}"),
        *("--confirm=never", "--from=x@example.org", *sorted(place.glob("*.patch"))),
        where=tmp_path,
    )
    found = [path.read_bytes() for path in sorted(sent.glob("mail-*"))]
    assert len(found) == COUNT + 1
    read = [email.message_from_bytes(data, policy=email.policy.default) for data in found]
    ids = [mail["Message-ID"] for mail in read]
    assert len(set(ids)) == COUNT + 1
    assert {mail["In-Reply-To"] for mail in read[1:]} == {ids[0]}
    assert read[0]["In-Reply-To"] is None
    for data, mail, name in zip(found, read, sorted(made), strict=True):
        text = made[name].partition(b"\n\n")[2]
        # the author goes in front, since somebody else sends it
        body = re.sub(rb"^From: [^\n]*\n\n", b"", data.partition(b"\n\n")[2])
        assert body.rstrip() == text.rstrip(), name
        assert "x86@example.org" in mail["To"] and "joerg@example.org" in mail["To"]
        assert "linux-kernel@example.org" in mail["Cc"]
    said = run(
        *("git", "send-email", "--dry-run", "--confirm=never", "--from=x@example.org"),
        *(f"--sendmail-cmd={program}", *sorted(place.glob("*.patch"))),
        where=tmp_path,
    )
    assert len(re.findall(r"^Dry-", said, re.M)) == COUNT + 1
    assert len(list(sent.glob("mail-*"))) == COUNT + 1


def b4(*arguments, where, home, data=b"", good=True):
    """Run b4 without network."""
    program = Path(sys.executable).parent / "b4"
    environment = {f"XDG_{kind}_HOME": str(home) for kind in ("DATA", "CACHE", "CONFIG")}
    return run(
        *(program, "--no-interactive", "--offline-mode", *arguments),
        where=where,
        environment=environment,
        data=data,
        good=good,
    )


needs_b4 = pytest.mark.needs(str(Path(sys.executable).parent / "b4"))


@needs_b4
@pytest.mark.sweep
def test_b4(small, tmp_path):
    """It finds a whole second version, makes a series for git am, and compares versions."""
    box, repo = small
    ident = mails(box.read_bytes())[0]["Message-ID"].strip("<>")
    clone = tmp_path / "clone"
    run("git", "clone", "-q", "-b", "baseline", repo, clone, where=tmp_path)
    git_config(clone)
    first = tmp_path / "first"
    command = ["mbox", "--tree", str(TESTS / "trees/mini"), "--workdir", str(tmp_path / "work")]
    assert main([*command, "--mbox", "-o", str(first)]) == 0
    old = mails(first.read_bytes())[0]["Message-ID"].strip("<>")
    made = []
    for file, name, version in ((first, old, ""), (box, ident, "v2")):
        out = tmp_path / f"b4{version}"
        said = b4("am", "-C", "-m", file, "-o", out, name, where=clone, home=tmp_path)
        assert version in said and "3/3" in said
        made += out.glob("*.mbx")
    assert len(made) == 2
    said = b4("diff", "-C", "-m", *made, where=clone, home=tmp_path)
    assert "3" in said
    # the branch that git am makes of it, with trailers of the answers, and enrolled
    run("git", "am", "-q", made[1], where=clone)
    texts = [
        re.sub("^Signed-off-by: .*\n+", "", text, flags=re.M)
        for text in (
            run("git", "log", "--format=%B", "-3", tip, where=clone)
            for tip in ("HEAD", "origin/review")
        )
    ]
    assert texts[0].split() == texts[1].split()
    answer = mails(box.read_bytes())[2]
    reply = (
        f"From nobody Mon Sep 17 00:00:00 2001\nFrom: Re Viewer <re@example.org>\n"
        f"Subject: Re: {answer['Subject']}\nDate: Wed, 29 Feb 2012 13:00:00 +0000\n"
        f"Message-ID: <answer@example.org>\nIn-Reply-To: {answer['Message-ID']}\n"
        f"References: {ident} {answer['Message-ID']}\n\n> x\n\n"
        "Reviewed-by: Re Viewer <re@example.org>\n"
    )
    thread = tmp_path / "thread"
    thread.write_bytes(box.read_bytes() + b"\n" + reply.encode())
    since = run("git", "rev-parse", "HEAD~3", where=clone).strip()
    b4(
        *("trailers", "-u", "-C", "-m", thread, "-F", ident, "--since-commit", since),
        where=clone,
        home=tmp_path,
    )
    log = run("git", "log", "--format=%s %(trailers:key=Reviewed-by)", "-3", where=clone)
    assert log.count("Re Viewer") == 1
    run("git", "checkout", "-qb", "mine", where=clone)
    b4("prep", "-e", since, where=clone, home=tmp_path)
    out = tmp_path / "prepared"
    b4("prep", "-p", out, where=clone, home=tmp_path)
    assert len([path for path in out.iterdir() if "cover" not in path.name]) == 3


@pytest.mark.kernel
def test_get_maintainer(folder, kernel_source):
    """The kernel's own script reads the files of a directory and names the maintainers."""
    place, _ = folder
    source = kernel_source("6.1")
    if source.kind == "git":
        pytest.skip("NOT TESTED: it wants a directory: $UPROBEKIT_TREE_6_1")
    said = run(
        *("perl", "scripts/get_maintainer.pl", "--norolestats", "--nogit", "--nogit-fallback"),
        *sorted(place.glob("v2-*.patch"))[1:],
        where=source.path,
    )
    assert "x86@kernel.org" in said and "linux-kernel@vger.kernel.org" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-v", "2"], "name the version before with --since"),
        (["--since", "HEAD"], "name the version before with --since"),
        (["-v", "0"], "0 is not in the range"),
        (["-v", "2", "--since", "no-such-side"], "is no revision"),
        (["--base", "9.9"], "there is no base"),
    ],
)
def test_wrong_input(arguments, words, fake, tmp_path, monkeypatch, capsys):
    """Status 1, and no mbox; it is said before git is asked who sends."""
    from conftest import MINI

    monkeypatch.chdir(tmp_path)
    base = [] if "--base" in arguments else ["--tree", str(MINI)]
    assert main(["mbox", *base, *arguments]) == 1
    assert words in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.glob("*.mbox")) and not list(tmp_path.glob("series-*"))


@pytest.mark.sweep
@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xff\xfe", DRAFT.encode() + b"\n - x\n"])
def test_changes_that_do_not_count(data, small, tmp_path, capsys):
    """An empty list, bytes, or the draft."""
    box, _ = small
    box.unlink()
    (tmp_path / "changes.txt").write_bytes(data)
    from conftest import MINI

    command = ["mbox", "--tree", str(MINI), "--workdir", str(tmp_path / "work"), "-v", "2"]
    command += ["--since", str(tmp_path / "old"), "--changes", str(tmp_path / "changes.txt")]
    capsys.readouterr()
    assert main([*command, "-o", str(box), "--mbox", "--json"]) == 1
    out, err = capsys.readouterr()
    assert "changes.txt" in err and not box.exists() and not out
