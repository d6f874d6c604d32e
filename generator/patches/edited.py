# SPDX-License-Identifier: GPL-2.0-only
"""Read what somebody has edited, as the command line names it: commits, ranges, diffs, mails.

Mails are read by ``git mailinfo``, as ``git am`` reads them: quoted-printable, base64, several
parts, other charsets. Those of one file or directory are taken one upon the other.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator.errors import UserError
from generator.patches.changes import (
    EXTRA,
    TAGS,
    Change,
    changed_words,
    outside,
    own_files,
    subjects,
    without_trailers,
)
from generator.patches.commits import Commits
from generator.patches.mail import split_mbox
from generator.patches.order import Order
from generator.patches.reading import Repository, prefix_ref
from generator.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Read:
    """What was read.

    Attributes:
        changes: oldest first.
        orders: patches in another order.
        by_hand: what else is to be done to the series.
        notes: what may be a mistake.
    """

    changes: tuple[Change, ...]
    orders: tuple[Order, ...] = ()
    by_hand: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_changes(
    what: Sequence[str],
    *,
    repo: Path,
    rendered: Path,
    plan: Plan,
    program: Path,
    cover: bytes = b"",
) -> Read:
    """Read commits, ranges, diffs and edited patches.

    Args:
        what: names of commits or ranges in ``repo``, or of files or directories of patches.
        repo: the repository of the commits.
        rendered: our own repository, with the series as it is rendered.
        plan: the series.
        program: the checkout that it is rendered from.
        cover: the cover letter as it is rendered; b"": not known.

    Raises:
        UserError: one is neither, or was made on something else.
    """
    ours = Repository(rendered)
    found: list[Change] = []
    orders: list[Order | None] = []
    by_hand: list[str] = []
    notes: list[str] = []
    for name in what:
        path, theirs = Path(name), Repository(repo)
        if (path.is_file() or path.is_dir()) and not theirs.has(name):
            files = _Files(ours, plan)
            found += files.changes(path)
            notes += [files.cover_note(where) for where in files.other_covers(cover)]
        else:
            commits = Commits(name, theirs, ours, plan)
            found += commits.changes()
            orders.append(commits.order())
            by_hand += commits.by_hand(program)
            notes.append(commits.missing_end())
    return Read(
        changes=tuple(found),
        orders=tuple(order for order in orders if order),
        by_hand=tuple(by_hand),
        notes=tuple(note for note in notes if note),
    )


@dataclass(frozen=True, kw_only=True)
class _Patch:
    """A diff, with the message where it is a mail; ``number`` is what file or subject says."""

    name: str
    diff: bytes
    subject: str = ""
    body: str = ""
    number: int = 0


class _Files:
    """Reads the diffs and mails in files; ``_last`` is the prefix and the tree of the last one."""

    def __init__(self, ours: Repository, plan: Plan) -> None:
        self._ours, self._plan = ours, plan
        self._numbers = subjects(plan) | {ours.message("baseline")[0]: 0}
        self._last = (-1, "")
        self._covers: list[_Patch] = []

    def changes(self, path: Path) -> list[Change]:
        """Return what the patches of a file or directory change.

        Raises:
            UserError: there are none, or one applies to no prefix of the series.
        """
        below = sorted(each for each in path.glob("*.patch") if each.is_file())
        paths = below if path.is_dir() else [path]
        patches = [patch for each in paths for patch in self._patches(each)]
        if not patches:
            hint = self.cover_note("") if self._covers else ""
            raise UserError("there is no patch in it", where=str(path), hint=hint)
        if any(self._known(patch) == 0 for patch in patches):
            # git format-patch has counted it as the first
            patches = [replace(patch, number=max(patch.number - 1, 0)) for patch in patches]
        return [self._change(patch) for patch in patches]

    def other_covers(self, rendered: bytes) -> Iterator[str]:
        """Yield the names of cover letters that say something else than the rendered one."""
        wanted = _above_list(self._mail("", rendered).body) if rendered else ""
        for mail in self._covers:
            text = _above_list(mail.body)
            if wanted and text != wanted and "*** BLURB HERE ***" not in text:
                yield mail.name

    def cover_note(self, where: str) -> str:
        """Say where the text of the cover letter comes from."""
        template = f"templates/{self._plan.series.message('cover')}.j2"
        what = (
            f"{where} says something else than the cover letter; its"
            if where
            else "a cover letter's"
        )
        return f"{what} text is that of {template}, and is changed there"

    def _known(self, patch: _Patch) -> int | None:
        """Return which patch one is by its subject; 0 is the baseline, None none of them."""
        return self._numbers.get(patch.subject) if patch.subject else None

    def _patches(self, path: Path) -> Iterator[_Patch]:
        """Yield the patches of a file, without mails that have none, such as cover letters."""
        data = path.read_bytes()
        if data.partition(b"\n")[0].endswith(b"\r"):
            data = data.replace(b"\r\n", b"\n")
        if not _is_mail(data):
            if not re.search(rb"^(?:diff |--- )", data, re.M):
                return
            yield _Patch(name=str(path), diff=data)
            return
        mails = [(str(path), data)]
        if data.startswith(b"From "):
            mails = list(split_mbox(data, where=str(path)))
        named = re.match(r"(?:v\d+-)?(\d{4})-", path.name) if len(mails) == 1 else None
        for where, mail in mails:
            patch = self._mail(where if len(mails) > 1 else str(path), mail)
            if patch.subject == self._plan.series.title:
                self._covers.append(patch)
            if patch.diff.strip():
                number = int(named[1]) if named else _numbered(mail)
                yield _Patch(
                    name=patch.name,
                    diff=patch.diff,
                    subject=patch.subject,
                    body=patch.body,
                    number=number if number <= len(self._plan.patches) + 1 else 0,
                )

    def _mail(self, name: str, data: bytes) -> _Patch:
        """Take a mail apart.

        Raises:
            UserError: git cannot.
        """
        with tempfile.TemporaryDirectory() as place:
            body, diff = Path(place) / "message", Path(place) / "patch"
            command = ("mailinfo", "--no-scissors", str(body), str(diff))
            done = self._ours.run(*command, stdin=data)
            if done.returncode:
                said = done.stderr.decode(errors="replace").strip()
                raise UserError(f"git mailinfo cannot read the mail: {said}", where=name)
            said = done.stdout.decode("utf-8", "surrogateescape")
            subject = re.search(r"^Subject: (.*)$", said, re.M)
            return _Patch(
                name=name,
                diff=diff.read_bytes(),
                subject=TAGS.sub("", subject[1]) if subject and not _extra(subject[1]) else "",
                body=body.read_bytes().decode("utf-8", "surrogateescape"),
            )

    def _change(self, patch: _Patch) -> Change:
        """Return what a patch changes, where it applies.

        Raises:
            UserError: it applies to no prefix of the series.
        """
        known = self._known(patch)
        last, upon = self._last
        count = len(self._plan.patches)
        tries = [(on, prefix_ref(self._plan, on)) for on in range(count, -1, -1)]
        if known is not None:
            tries = [(known - 1, prefix_ref(self._plan, known - 1))]
        elif 0 < patch.number <= count:
            tries.insert(0, (patch.number - 1, prefix_ref(self._plan, patch.number - 1)))
        if upon and (known is None or last == known - 1):
            tries.insert(0, (last, upon))
        reason = ""
        for on, below in tries:
            tree, said = self._apply(below, patch.diff)
            if tree:
                number = known
                if number is None:
                    number = self._retitled(patch, on, below, tree) or on
                self._last = (number, tree)
                return self._applied(patch, below, tree, on, number)
            reason = reason or said
        raise UserError(
            f"the diff applies to no prefix of the series: {reason}",
            where=patch.name,
            hint="it has to be made on the patches as they are rendered now",
        )

    def _retitled(self, patch: _Patch, on: int, below: str, tree: str) -> int:
        """Return which patch one with another subject is; 0 where it is none of the series."""
        number = on + 1
        if number != patch.number or number > len(self._plan.patches):
            return 0
        own = own_files(self._ours, self._plan, number)
        refs = (prefix_ref(self._plan, on), prefix_ref(self._plan, number))
        theirs = self._ours.changed_lines(*refs, list(own))
        mine = self._ours.changed_lines(below, tree, list(own))
        return number if 2 * (mine & theirs).total() > theirs.total() else 0

    def _apply(self, below: str, diff: bytes) -> tuple[str, str]:
        """Return the tree that a diff makes, or "" and why it does not apply."""
        # the counts of a diff that was edited are wrong, and a signature is a line of it then
        bare = re.sub(rb"^-- \n(?:(?!diff |--- ).*\n?)*\Z", b"", diff, flags=re.M)
        # diff.noprefix: both sides have the same name
        plain = ("-p0",) if re.search(rb"^diff --git (\S+) \1$", diff, re.M) else ()
        reason = ""
        with tempfile.TemporaryDirectory() as place:
            index = Path(place) / "index"
            for more, data in (((), diff), (("--recount",), bare)):
                self._ours.run("read-tree", below, index=index)
                options = ("--cached", "--whitespace=nowarn", *plain, *more)
                done = self._ours.run("apply", *options, stdin=data, index=index)
                if not done.returncode:
                    return self._ours.run("write-tree", index=index).stdout.decode().strip(), ""
                reason = reason or done.stderr.decode(errors="replace").strip()
        return "", reason

    def _applied(self, patch: _Patch, below: str, tree: str, on: int, number: int) -> Change:
        """Return a patch of the series, or where ``on`` is its own number another diff."""
        is_patch = on != number
        own = own_files(self._ours, self._plan, number) if is_patch else {}
        rows = self._ours.changed_between(below, tree)
        paths = [*dict.fromkeys([*(row.path for row in rows), *own])]
        left = outside(self._ours, below, tree, rows, own)
        if is_patch:
            left += changed_words(self._ours, self._plan, number, patch.body)
        before = self._ours.files(below, paths)
        there = [path for path in paths if is_patch or before[path] is not None]
        texts = self._ours.files(tree, there)
        return Change(
            name=patch.name,
            number=number,
            on=on,
            files={path: text for path, text in texts.items() if text is not None},
            before=before,
            subject=patch.subject if is_patch and number else None,
            body=without_trailers(patch.body) if is_patch and number else None,
            outside=left,
        )


def _above_list(body: str) -> str:
    """Return the words of a cover letter above its list of patches, as git shortlog writes it."""
    return " ".join(
        re.split(r"^\S[^\n]* \(\d+\):\n {2}\S", body, maxsplit=1, flags=re.M)[0].split()
    )


def _numbered(mail: bytes) -> int:
    """Return the number in the brackets of a mail's subject; 0 where there is none."""
    head = mail.partition(b"\n\n")[0]
    found = re.search(rb"^Subject:\s[^\]\n]*?(\d+)/\d+\]", head, re.M | re.I)
    return int(found[1]) if found else 0


def _is_mail(data: bytes) -> bool:
    """Tell whether a text begins with the header of a mail."""
    text = data.partition(b"\n")[2] if data.startswith(b"From ") else data
    head = text.partition(b"\n\n")[0]
    return bool(
        re.fullmatch(rb"(?:[!-9;-~]+:(?: .*)?\n?(?:[ \t].*\n?)*)+", head)
        and re.search(rb"^(?:From|Subject):", head, re.M | re.I)
    )


def _extra(subject: str) -> bool:
    """Tell whether a commit is for another one, and not that one itself."""
    return re.sub(r"^(?:\[[^\]]*\]\s*)+", "", subject).startswith(EXTRA)
