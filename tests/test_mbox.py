# SPDX-License-Identifier: GPL-2.0-only
"""A version of the series as an mbox: what git am, git send-email and b4 make of it."""

import email
import email.policy
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TESTS

from generator.cli import main
from generator.model.series import REVIEW
from generator.report.mbox import DRAFT, MboxRequest, change_id, draft_changes, make_mbox
from generator.report.whole import ReportRequest, read_statuses
from generator.tree.mail import read_series, split_mbox
from generator.verify.change.run import compare_sides
from generator.verify.change.sides import Side

PATCHES = TESTS.parent / "kernel_patches"
COUNT = len([*PATCHES.glob("6.1/review/0*.patch")]) - 1
"""The patches of the series that is there, without the cover letter."""


def side(base):
    """Return the committed patches of a base as a side."""
    return Side(name=base, patches=read_series(PATCHES / base / "review"), model=None)


@pytest.fixture(scope="module")
def difference():
    """Return what changed from one base to the other: it stands for two versions."""
    return compare_sides(side("6.12"), side("6.1"), workdir=Path("/nonexistent"))


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
        statuses=read_statuses(place, ""),
        base_commit="1234567890123456789012345678901234567890",
        baseline="abcdef",
        to=("Jörg Täst <joerg@example.org>", "x86@example.org"),
        cc=("linux-kernel@example.org",),
    )


def mails(data):
    """Return the mails of an mbox."""
    pieces = [mail for _, mail in split_mbox(data, where="x")]
    return [
        email.message_from_bytes(piece.partition(b"\n")[2], policy=email.policy.default)
        for piece in pieces
    ]


def test_cover_letter(request_):
    """Summary, changes, proof, range-diff, base and change-id, in this order."""
    text = mails(make_mbox(request_))[0].get_content()
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
            f"\nchange-id: {change_id(REVIEW)}\n",
        )
    ]
    assert places == sorted(places)
    assert "Review ledger" in text and "missing" in text


def test_thread(request_):
    """Versions in the subjects, everything in reply to the cover letter, to the right people."""
    found = mails(make_mbox(request_))
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
    first = replace(request_, version=1, diff=None, changes="", base_commit="")
    found = mails(make_mbox(first))
    text = found[0].get_content()
    assert found[0]["Subject"].startswith(f"[PATCH 00/{COUNT}]")
    assert "Changes since" not in text and "Range-diff" not in text
    assert "base-commit" not in text and change_id(REVIEW) in text
    ids = {mail["Message-ID"] for mail in mails(make_mbox(request_))}
    assert not ids & {mail["Message-ID"] for mail in found}


def test_the_same_bytes(request_):
    """Made twice, it is the same."""
    assert make_mbox(request_) == make_mbox(request_)


def test_nothing_is_lost(request_, tmp_path):
    """The patches in it are those that went in."""
    box = tmp_path / "box"
    box.write_bytes(make_mbox(request_))
    assert [m.files for m in read_series(box).mails] == [
        m.files for m in read_series(PATCHES / "6.1/review").mails
    ]


def test_lines_that_begin_a_mail(request_):
    """A line of a message that looks like the start of a mail is none."""
    changed = replace(request_, changes="From here on\n - ok\n")
    assert len(mails(make_mbox(changed))) == COUNT + 1


def test_draft(difference):
    """What the interface and the patches say, and a line that has to go."""
    lines = draft_changes(difference).splitlines()
    assert lines[0] == DRAFT
    assert all(line.startswith(" - ") for line in lines[1:]) and len(lines) > 10
    assert any("function removed" in line and "find_uprobe_rcu" in line for line in lines)
    assert any("patch 11 changed: uprobes/core: Add return probes" in line for line in lines)


# the tools that read it


@pytest.fixture
def small(fake, tmp_path, capsys, monkeypatch):
    """Return an mbox of the made-up series in its second version, and its repository."""
    from conftest import MINI

    from generator.verify.patches import recipients

    people = (recipients.Recipient(who="A B <a@example.org>", role="maintainer", section="X"),)
    monkeypatch.setattr(recipients, "find_recipients", lambda patches, pristine: people)
    options = ["--tree", str(MINI), "--workdir", str(tmp_path / "work")]
    old = tmp_path / "old"
    assert main(["render", *options, "-o", str(old)]) == 0
    for patch in old.glob("000[123]-*.patch"):
        patch.write_text(patch.read_text().replace("added_shape(", "older_shape("))
    box, changes = tmp_path / "v2.mbox", tmp_path / "changes.txt"
    command = ["mbox", *options, "-v", "2", "--since", str(old), "-o", str(box)]
    command += ["--changes", str(changes)]
    assert main(command) == 1
    assert "is a draft" in capsys.readouterr().err and not box.exists()
    assert "added_shape" in changes.read_text()
    assert main(command) == 1
    changes.write_text(changes.read_text().replace(f"{DRAFT}\n", ""))
    assert main(command) == 0
    return box, tmp_path / "work/6.1/repo.git"


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


def has_send_email():
    """Tell whether git can send mail."""
    done = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip(), "git-send-email").exists()


@pytest.mark.skipif(
    not has_send_email(), reason="NOT TESTED: apt-get install git-email libmailtools-perl"
)
def test_git_send_email(small, tmp_path):
    """A dry run takes all mails, to the people that they name."""
    box, repo = small
    done = subprocess.run(
        [
            *("git", "-c", "user.name=x", "-c", "user.email=x@example.org", "send-email"),
            *("--dry-run", "--confirm=never", "--from=x@example.org", "--no-validate", str(box)),
        ],
        cwd=repo,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Dry-OK") + done.stdout.count("Dry-Sent") >= 1
    assert "a@example.org" in done.stdout


@pytest.mark.sweep
@pytest.mark.skipif(
    shutil.which("b4", path=str(Path(sys.executable).parent)) is None,
    reason="NOT TESTED: pip install b4",
)
def test_b4(small, tmp_path):
    """It finds a whole second version, without network, and makes a series for git am."""
    box, repo = small
    ident = mails(box.read_bytes())[0]["Message-ID"].strip("<>")
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [
            *(str(Path(sys.executable).parent / "b4"), "--offline-mode", "am", "-C"),
            *("-m", str(box), "-o", str(tmp_path / "b4"), ident),
        ],
        cwd=repo,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "v2" in said and "3/3" in said
    assert len(list((tmp_path / "b4").glob("*.mbx"))) == 1


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
    """Status 1, and no mbox."""
    from conftest import MINI

    monkeypatch.chdir(tmp_path)
    base = [] if "--base" in arguments else ["--tree", str(MINI)]
    assert main(["mbox", *base, *arguments]) == 1
    assert words in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.glob("*.mbox"))


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
    assert main([*command, "-o", str(box), "--json"]) == 1
    out, err = capsys.readouterr()
    assert "changes.txt" in err and not box.exists() and not out
