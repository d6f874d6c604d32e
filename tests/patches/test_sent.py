# SPDX-License-Identifier: GPL-2.0-only
"""Both series, on both bases, as they are sent: every mail goes through the tools that read it.

The series are rendered from a real source, whose own get_maintainer.pl is asked. What the tools
make of the mails is compared with what was rendered, byte for byte: the ids of git's trees.
"""

import email
import email.policy
import os
import re
import subprocess
import sys
from email.utils import getaddresses
from pathlib import Path

import pytest
from conftest import TESTS

from generator.checks.checkpatch import check_patches
from generator.cli import main
from generator.model.trailers import TRAILERS, Trailer, ordered
from generator.patches.mail import split_mbox
from generator.plan import find_series
from generator.tree.manifest import read_manifest

B4 = Path(sys.executable).parent / "b4"
WHO = {"NAME": "Jörg Täst", "EMAIL": "joerg@example.org"}
SERIES = [(base, series) for base in ("6.1", "6.12") for series in ("review", "fixes")]

pytestmark = pytest.mark.kernel


class Sent:
    """A version of a series: its mails, as files and as an mbox, and a clone that they are for."""

    def __init__(self, place, base, series, source):
        self.place, self.base, self.series = place, base, series
        self.tree = ["--tree", str(source.path)] if source.kind == "directory" else []
        self.work = place / "work"
        self.options = ["--base", base, "--series", series, "--workdir", str(self.work), "-q"]
        self.options += self.tree
        baseline = ["--with-baseline"] if series == "review" else []
        assert main(["mbox", *self.options, "-o", str(place / "v1"), *baseline]) == 0
        assert main(["mbox", *self.options, "-o", str(place / "v1.mbox"), "--mbox"]) == 0
        self.files = sorted((place / "v1").glob("*.patch"))
        self.box = place / "v1.mbox"
        name = "repo.git" if series == "review" else f"{series}-repo.git"
        self.repo = self.work / base / name
        manifest = TESTS.parent / "kernel_patches" / base / series / "series"
        self.names = re.findall(r"^\d{4}-.*", manifest.read_text(), re.M)
        self.ids = read_manifest(manifest.read_bytes())

    def mails(self):
        """Return the files as mails."""
        return [read(path.read_bytes()) for path in self.files]

    def run(self, *command, where=None, data=b"", **environment):
        """Run a tool without the user's settings and without a terminal."""
        identity = {f"GIT_{who}_{k}": v for who in ("AUTHOR", "COMMITTER") for k, v in WHO.items()}
        homes = {f"XDG_{kind}_HOME": str(self.place) for kind in ("DATA", "CACHE", "CONFIG")}
        done = subprocess.run(
            list(map(str, command)),
            cwd=where or self.place,
            input=data,
            capture_output=True,
            check=False,
            timeout=600,
            env=os.environ | identity | homes | {"HOME": str(self.place)} | environment,
            start_new_session=True,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said.decode(errors="replace")
        return done.stdout.decode(errors="replace")

    def clone(self, name):
        """Return a clone of what was rendered, at the unmodified files, with the baseline on it."""
        place = self.place / name
        self.run("git", "clone", "-q", "-b", "base", self.repo, place)
        for key, value in (("user.name", WHO["NAME"]), ("user.email", WHO["EMAIL"])):
            self.run("git", "config", key, value, where=place)
        for patch in sorted((self.place / "v1/baseline").glob("*.patch")):
            self.run("git", "am", "-q", patch, where=place)
        assert self.tree_of("HEAD", place) == self.ids["baseline"]
        return place

    def tree_of(self, name, place):
        """Return git's id of a tree: all bytes of all files."""
        return self.run("git", "rev-parse", f"{name}^{{tree}}", where=place).strip()

    def b4(self, *command, where):
        """Run b4 without network."""
        return self.run(B4, "--no-interactive", "--offline-mode", *command, where=where)


def read(data):
    """Return a mail."""
    return email.message_from_bytes(data, policy=email.policy.default)


def message(mail):
    """Return the commit message of a mail, as git am has it."""
    subject = re.sub(r"^\[[^\]]*\] ", "", " ".join(mail["Subject"].split()))
    body = re.split(r"^---$", mail.get_content(), maxsplit=1, flags=re.M)[0]
    return f"{subject}\n\n{body}".strip()


@pytest.fixture(params=SERIES, ids="-".join, scope="module")
def sent(request, tmp_path_factory):
    """Return a version of a series of a base."""
    base, series = request.param
    source = request.getfixturevalue("kernel_source")(base)
    if source.kind == "git":
        pytest.skip("NOT TESTED: get_maintainer.pl wants a directory: $UPROBEKIT_TREE_6_1")
    with pytest.MonkeyPatch.context() as patched:
        for key, value in WHO.items():
            patched.setenv(f"GIT_AUTHOR_{key}", value)
        return Sent(tmp_path_factory.mktemp("sent"), base, series, source)


def test_a_mail_for_each_patch(sent):
    """The files are named and numbered as git format-patch does; nothing is claimed to be run."""
    assert [path.name for path in sent.files] == ["0000-cover-letter.patch", *sent.names]
    count = len(sent.names)
    assert [mail["Subject"].split("]")[0] for mail in sent.mails()] == [
        f"[PATCH {number:02d}/{count}" for number in range(count + 1)
    ]
    assert len(split_mbox(sent.box.read_bytes(), where="x")) == count + 1
    cover = sent.mails()[0].get_content()
    # no result is in this work area
    assert "How it is proved" not in cover and f"{WHO['NAME']} ({count}):" in cover
    subjects = re.search(rf"^{WHO['NAME']} \(\d+\):\n((?:  .*\n)+)", cover, re.M)[1]
    assert [line.strip() for line in subjects.splitlines()] == [
        message(mail).split("\n")[0] for mail in sent.mails()[1:]
    ]


def test_to_whom(sent, kernel_source):
    """To and Cc are what the kernel's own script says of the very files."""
    said = sent.run(
        *("perl", "scripts/get_maintainer.pl", "--norolestats", "--nogit", "--nogit-fallback"),
        *("--no-roles", *sent.files[1:]),
        where=kernel_source(sent.base).path,
    )
    wanted = {address for _, address in getaddresses(said.splitlines())}
    assert len(wanted) > 5
    for mail in sent.mails():
        found = {a.addr_spec for name in ("To", "Cc") for a in mail[name].addresses}
        assert found == wanted


def test_git_am(sent):
    """The commits have the files that were rendered, to the byte, the messages and the author."""
    place = sent.clone("am")
    before = sent.run("git", "rev-parse", "HEAD", where=place).strip()
    sent.run("git", "am", "-q", "--empty=drop", *sent.files, where=place)
    assert sent.tree_of("HEAD", place) == sent.ids["tip"]
    form = ("--reverse", "--format=%an <%ae>%x01%B%x00", f"{before}..HEAD")
    log = sent.run("git", "log", *form, where=place).split("\0\n")[: len(sent.names)]
    for entry, mail in zip(log, sent.mails()[1:], strict=True):
        author, text = entry.split("\x01")
        assert author == "{NAME} <{EMAIL}>".format(**WHO)
        assert text.strip() == message(mail)
        assert text.count(f"Signed-off-by: {author}") == 1
    for number in range(1, len(sent.names) + 1):
        name = f"{before}..HEAD~{len(sent.names) - number}"
        assert sent.run("git", "rev-list", "--count", name, where=place).strip() == str(number)
        steps = f"HEAD~{len(sent.names) - number}"
        assert sent.tree_of(steps, place) == sent.tree_of(f"{sent.series}-{number:02d}", sent.repo)


@pytest.mark.needs("git", "send-email", "--dump-aliases", says="")
def test_git_send_email(sent):
    """As many mails as files, in one thread; what comes out is what went in, and applies.

    Their author sends them: nothing is put in front of the text.
    """
    out = sent.place / "out"
    out.mkdir()
    program = sent.place / "sendmail"
    program.write_text(
        f"#!/bin/sh\nn=$(printf %03d $(ls {out} | grep -c mail))\n"
        f'printf "%s\\n" "$@" > {out}/to-$n\n'
        f"exec cat > {out}/mail-$n\n"
    )
    program.chmod(0o755)
    sent.run("git", "init", "-q", sent.place / "desk")
    sent.run(
        *("git", "-c", "user.name=x", "send-email", f"--smtp-server={program}"),
        *("--confirm=never", "--from={NAME} <{EMAIL}>".format(**WHO), *sent.files),
        where=sent.place / "desk",
    )
    files = sorted(out.glob("mail-*"))
    assert len(files) == len(sent.files)
    found = [read(path.read_bytes()) for path in files]
    ids = [mail["Message-ID"] for mail in found]
    assert ids == [mail["Message-ID"] for mail in sent.mails()] and len(set(ids)) == len(ids)
    assert {mail["In-Reply-To"] for mail in found[1:]} == {ids[0]} and not found[0]["In-Reply-To"]
    for path, original in zip(files, sent.files, strict=True):
        body = path.read_bytes().partition(b"\n\n")[2]
        assert body.rstrip() == original.read_bytes().partition(b"\n\n")[2].rstrip()
        asked = (out / path.name.replace("mail", "to")).read_text()
        for header in ("To", "Cc"):
            for address in read(original.read_bytes())[header].addresses:
                assert address.addr_spec in asked
    place = sent.clone("received")
    sent.run("git", "am", "-q", "--empty=drop", *files, where=place)
    assert sent.tree_of("HEAD", place) == sent.ids["tip"]


@pytest.mark.needs(str(B4))
def test_b4(sent):
    """It takes the whole series, mail by mail, and compares it with another version."""
    place, count = sent.clone("b4"), len(sent.names)
    base = sent.run("git", "rev-parse", "HEAD", where=place).strip()
    ident = sent.mails()[0]["Message-ID"].strip("<>")
    sent.b4("am", "-C", "-m", sent.box, "-o", sent.place / "am1", ident, where=place)
    (made,) = (sent.place / "am1").glob("*.mbx")
    assert len(list((sent.place / "am1").glob("*.cover"))) == 1
    sent.run("git", "am", "-q", made, where=place)
    assert sent.tree_of("HEAD", place) == sent.ids["tip"]
    log = sent.run("git", "rev-list", "--count", f"{base}..HEAD", where=place)
    assert log.strip() == str(count)
    # a second version, in which one patch has another trailer
    changes = sent.place / "changes.txt"
    changes.write_text(" - Somebody has tested it.\n")
    folder = TESTS.parent / "kernel_patches" / sent.base / sent.series
    command = ["mbox", *sent.options, "-v", "2", "--since", str(folder), "--changes", str(changes)]
    with pytest.MonkeyPatch.context() as patched:
        for key, value in WHO.items():
            patched.setenv(f"GIT_AUTHOR_{key}", value)
        assert main([*command, "--mbox", "-o", str(sent.place / "v2.mbox")]) == 0
    box = sent.place / "v2.mbox"
    signed = b"\nSigned-off-by: "
    box.write_bytes(box.read_bytes().replace(signed, b"\nTested-by: A <a@b.org>" + signed, 1))
    second = read(box.read_bytes().partition(b"\n")[2])
    name = second["Message-ID"].strip("<>")
    sent.b4("am", "-C", "-m", box, "-o", sent.place / "am2", name, where=place)
    (other,) = (sent.place / "am2").glob("*.mbx")
    said = re.sub(r"\x1b\[\d*m", "", sent.b4("diff", "-C", "-m", made, other, where=place))
    signs = re.findall(r"^ *\d+: +\w+ ([=!]) +\d+: ", said, re.M)
    assert signs == ["!", *["="] * (count - 1)] and "Tested-by: A" in said
    # what reviewers have answered, and the branch as one of b4's own
    reply = read(sent.files[2].read_bytes())
    answer = (
        "From nobody Mon Sep 17 00:00:00 2001\nFrom: Re Viewer <re@example.org>\n"
        f"Subject: Re: {reply['Subject']}\nDate: Wed, 29 Feb 2012 13:00:00 +0000\n"
        f"Message-ID: <answer@example.org>\nIn-Reply-To: {reply['Message-ID']}\n"
        f"References: {ident} {reply['Message-ID']}\n\n> x\n\n"
        "Reviewed-by: Re Viewer <re@example.org>\n"
    )
    thread = sent.place / "thread"
    thread.write_bytes(sent.box.read_bytes() + b"\n" + answer.encode())
    first = sent.run("git", "rev-parse", f"HEAD~{count - 1}", where=place).strip()
    options = ("-u", "-C", "-m", thread, "-F", ident, "--since-commit", first)
    sent.b4("trailers", *options, where=place)
    log = sent.run(
        *("git", "log", "--reverse", "--format=%(trailers:key=Reviewed-by)%x00", f"{base}..HEAD"),
        where=place,
    )
    assert [number for number, text in enumerate(log.split("\0"), 1) if "Re Viewer" in text] == [2]
    assert sent.tree_of("HEAD", place) == sent.ids["tip"]
    sent.run("git", "checkout", "-qb", "mine", where=place)
    sent.b4("prep", "-e", base, where=place)
    sent.b4("prep", "-p", sent.place / "prepared", where=place)
    prepared = [p for p in (sent.place / "prepared").iterdir() if "cover" not in p.name]
    assert len(prepared) == count


GIVEN = ordered(
    Trailer(*line.split(": ", 1))
    for line in (
        "Cc: stable@vger.kernel.org # 6.1",
        "Acked-by: Ac Ker <ac@example.org>",
        "Reviewed-by: Re Viewer <re@example.org>",
        "Tested-by: Te Ster <te@example.org>",
        "Co-developed-by: Böb Ötherson <bob@example.org>",
        "Signed-off-by: Böb Ötherson <bob@example.org>",
        "Co-developed-by: Ann Other <ann@example.org>",
        "Signed-off-by: Ann Other <ann@example.org>",
        "Link: https://lore.kernel.org/r/y@example.org",
        "Suggested-by: Su Ggest <su@example.org>",
        "Reported-by: Re Porter <rp@example.org>",
        "Closes: https://lore.kernel.org/r/x@example.org",
        'Fixes: 2b1444983508 ("uprobes, mm, x86: Add the ability to install and remove '
        'uprobes breakpoints")',
    )
)
"""Trailers of every kind, two of them of who has developed it as well, the other way round."""


@pytest.mark.needs("perl")
@pytest.mark.needs(str(B4))
def test_trailers_of_every_kind(sent, kernel_source, monkeypatch, capsys):
    """The kernel's checkpatch.pl has nothing to say; b4 hands all on, and nobody loses his pair."""
    number = 2
    ident = find_series(sent.series).patches[number - 1].ident
    monkeypatch.setitem(TRAILERS, ident, GIVEN)
    for key, value in WHO.items():
        monkeypatch.setenv(f"GIT_AUTHOR_{key}", value)
    box, folder = sent.place / "given.mbox", sent.place / "given"
    assert main(["mbox", *sent.options, "-o", str(folder)]) == 0
    assert main(["mbox", *sent.options, "--mbox", "-o", str(box)]) == 0
    pristine = kernel_source(sent.base).path
    patch = {sent.names[number - 1]: (folder / sent.names[number - 1]).read_bytes()}
    assert not check_patches(patch, pristine).findings
    alone = re.sub(rb"^Signed-off-by: Ann .*\n", b"", *patch.values(), flags=re.M)
    assert check_patches({"0001-x.patch": alone}, pristine).findings, "it looks at pairs"
    cover = read((folder / "0000-cover-letter.patch").read_bytes())["Message-ID"].strip("<>")
    place = sent.clone("given-am")
    sent.b4("am", "-C", "-m", box, "-o", sent.place / "am3", cover, where=place)
    (made,) = (sent.place / "am3").glob("*.mbx")
    sent.run("git", "am", "-q", made, where=place)
    name = f"HEAD~{len(sent.names) - number}"
    log = sent.run("git", "log", "-1", "--format=%(trailers:only)", name, where=place).split("\n")
    for trailer in GIVEN:
        assert log.count(str(trailer)) == 1
        if trailer.key == "Co-developed-by":
            assert log[log.index(str(trailer)) + 1] == f"Signed-off-by: {trailer.value}"
    last = [line for line in log if line.startswith("Signed-off-by: ")][-1]
    assert last == "Signed-off-by: {NAME} <{EMAIL}>".format(**WHO), "who sends it"
    capsys.readouterr()
    monkeypatch.setattr("generator.patches.tags.write_tags", lambda *_: pytest.fail("written"))
    assert main(["trailers", "--series", sent.series, str(made)]) == 0
    assert "nothing new" in capsys.readouterr().out
