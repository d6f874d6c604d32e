# SPDX-License-Identifier: GPL-2.0-only
"""Read commits that somebody has made on top of the rendered patches.

Each becomes a ``Change``: the prefix of the series that it stands on, and the files before and
after it. The baseline's commit is prefix 0. What a range says about the series as a whole, such as
another order of the patches, is no change of a file: it is said in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from generator.errors import UserError
from generator.patches.changes import (
    TAGS,
    Change,
    new_trailers,
    own_files,
    subjects,
    without_trailers,
)
from generator.patches.reading import ChangedFile, Repository, merge, prefix_ref
from generator.plan import Plan

_EXTRA = ("fixup!", "squash!", "amend!")
_FAR = 100
"""So many commits back a commit that belongs to no prefix is looked for one that does."""


class Commits:
    """A commit or a range, and what each commit of it is to the series."""

    def __init__(self, name: str, repo: Repository, ours: Repository, plan: Plan) -> None:
        self._name, self._repo, self._ours, self._plan = name, repo, ours, plan
        one = [] if ".." in name else ["-1"]
        done = repo.run(
            *("rev-list", "--reverse", "--topo-order", *one, "--end-of-options", name, "--")
        )
        self._commits = done.stdout.decode().split()
        if done.returncode or not self._commits:
            raise UserError(
                f"'{name}' is neither a file nor a commit or range of commits"
                if done.returncode
                else f"there is no commit in '{name}'",
                hint="--repo names the repository that it is in",
            )
        self._numbers = subjects(plan) | {ours.message("baseline")[0]: 0}
        self._titles = {commit: repo.message(commit)[0] for commit in self._commits}
        self._at: dict[str, int] = {}
        """The prefix that each commit leaves."""
        self._start: dict[int, str] = {}
        """Below which commit a patch that was split begins."""
        self._order: list[int] = []

    def changes(self) -> list[Change]:
        """Return what the commits change.

        Raises:
            UserError: one was made on something else.
        """
        return [change for commit in self._commits for change in self._change(commit)]

    def by_hand(self) -> list[str]:
        """Say what the commits do to the series as a whole."""
        found = []
        titles = {number: subject for subject, number in self._numbers.items()}
        have = [number for number in self._order if number > 0]
        for first, second in pairwise(have):
            if second < first:
                found.append(
                    f"'{titles[second]}' comes after '{titles[first]}': put the patches of "
                    "generator/model/series.py into that order"
                )
        whole = bool(self._order) and self._order[0] == 0
        least = 1 if whole else min(have, default=1)
        for number in range(least, max(have, default=0)):
            if number not in have:
                found.append(
                    f"'{titles[number]}' is not there: take it out of generator/model/series.py, "
                    "and what it brings out of the model (patch=) and the templates (has())"
                )
        found += [
            f"'{titles[number]}' is split: the new part needs a patch in generator/model/series.py "
            "and a text in templates/messages; patch= and has() say what it brings"
            for number in self._start
        ]
        return found

    def _number(self, title: str) -> int | None:
        """Return which patch a commit is by its title; 0 is the baseline, None none of them."""
        return None if title.startswith(_EXTRA) else self._numbers.get(TAGS.sub("", title))

    def _change(self, commit: str) -> list[Change]:
        title, body = self._repo.message(commit)
        rows = self._repo.changed_files(commit)
        number = self._number(title)
        if number is None:
            on = self._position(commit, rows)
            if on is None:
                return self._strange(commit, title, rows)
            if title.startswith("amend!"):
                return self._amended(commit, on, title, body, rows)
            self._at[commit] = on
            share = self._share(commit, on + 1, rows)
            if share and self._is_later(commit, on + 1):
                if share[0] == share[1]:
                    self._start.setdefault(on + 1, self._repo.parent(commit))
                    return []
                share = ()
            if not share or 2 * share[0] <= share[2]:
                return [self._idea(commit, on, rows)]
            number = on + 1
        self._at[commit] = number
        self._order.append(number)
        return [self._patch(commit, number, title, body, rows)]

    def _patch(
        self, commit: str, number: int, title: str, body: str, rows: Sequence[ChangedFile]
    ) -> Change:
        """Return what became of a patch, or of the baseline, as a commit has it."""
        own = own_files(self._ours, self._plan, number)
        outside = self._outside(commit, [row for row in rows if row.path not in own])
        paths = list(dict.fromkeys([*(row.path for row in rows), *own]))
        start = self._start.get(number, self._repo.parent(commit))
        ref = prefix_ref(self._plan, number)
        if number:
            outside += new_trailers(self._ours, ref, body)
        elif _words(body) != _words(self._ours.message(ref)[1]):
            outside += f"--- a/message of the baseline\n+++ b/message of the baseline\n{body}"
        return Change(
            name=commit[:12],
            number=number,
            on=number - 1,
            files=self._files(commit, paths),
            before={path: self._repo.file(start, path) for path in paths},
            subject=TAGS.sub("", title) if number else None,
            body=without_trailers(body) if number else None,
            outside=outside,
        )

    def _idea(self, commit: str, on: int, rows: Sequence[ChangedFile]) -> Change:
        """Return what a commit changes that is no patch of the series."""
        paths = [row.path for row in rows if row.status == "M"]
        return Change(
            name=commit[:12],
            number=on,
            on=on,
            files=self._files(commit, paths),
            before={path: self._before(commit, path) for path in paths},
            outside=self._outside(commit, rows),
        )

    def _before(self, commit: str, path: str) -> str | None:
        """Return a file below a commit; of a merge of what was read, as both sides make it."""
        parents = self._repo.text("rev-parse", f"{commit}^@").split()
        files = [self._repo.file(parent, path) for parent in parents[:2]]
        if len(files) < 2 or parents[1] not in self._at or None in files:
            return files[0]
        fork = self._repo.text("merge-base", *parents[:2]).split()[:1]
        base = self._repo.file(fork[0], path) if fork else None
        merged = merge(files[0] or "", base, files[1] or "") if base is not None else None
        return files[0] if merged is None else merged

    def _amended(
        self, commit: str, on: int, title: str, body: str, rows: Sequence[ChangedFile]
    ) -> list[Change]:
        """Return what ``git commit --fixup=amend:`` makes: a change, and a patch's new message."""
        self._at[commit] = on
        number = self._numbers.get(TAGS.sub("", title), 0)
        found = [self._idea(commit, on, rows)] if rows else []
        subject, _, rest = body.lstrip("\n").partition("\n")
        if number and subject:
            message = Change(
                name=commit[:12],
                number=number,
                on=number,
                files={},
                before={},
                subject=subject,
                body=without_trailers(rest),
                outside=new_trailers(self._ours, prefix_ref(self._plan, number), rest),
            )
            found.append(message)
        return found

    def _strange(self, commit: str, title: str, rows: Sequence[ChangedFile]) -> list[Change]:
        """Return a commit of nothing but files that come and go, which can be made on anything.

        Raises:
            UserError: it changes files, and was made on something else.
        """
        outside = self._outside(commit, rows)
        if not outside or any(row.status == "M" for row in rows):
            raise UserError(
                f"the commit '{title}' was made on files that are those of no prefix of the series",
                where=commit[:12],
                hint="name what was made on the rendered patches; render --check tells whether "
                "they are the present ones",
            )
        return [Change(name=commit[:12], number=0, on=0, files={}, before={}, outside=outside)]

    def _position(self, commit: str, rows: Sequence[ChangedFile]) -> int | None:
        """Return the prefix that a commit was made on: that of its parent, or of its files."""
        parent = self._repo.parent(commit)
        if parent in self._at:
            return self._at[parent]
        before = {row.path: self._repo.file(parent, row.path) for row in rows}
        made_on = _made_on(self._ours, self._plan, before) if parent else None
        if made_on is not None:
            return made_on
        listed = self._repo.text("log", "--first-parent", f"-{_FAR}", "--format=%s", commit)
        numbers = (self._number(title) for title in listed.split("\n")[1:])
        return next((number for number in numbers if number is not None), None)

    def _share(self, commit: str, number: int, rows: Sequence[ChangedFile]) -> tuple[int, ...]:
        """Return what a commit has of a patch: common lines, all of its own, all of the patch's.

        Nothing where they have none in common.
        """
        if number > len(self._plan.patches):
            return ()
        refs = (prefix_ref(self._plan, number - 1), prefix_ref(self._plan, number))
        theirs = _lines(self._ours, *refs, own_files(self._ours, self._plan, number))
        parent = self._repo.parent(commit)
        mine = _lines(self._repo, parent, commit, [row.path for row in rows])
        both = (mine & theirs).total()
        return (both, mine.total(), theirs.total()) if both else ()

    def _is_later(self, commit: str, number: int) -> bool:
        """Tell whether a patch comes after a commit."""
        later = self._commits[self._commits.index(commit) + 1 :]
        return any(self._number(self._titles[each]) == number for each in later)

    def _files(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        texts = {path: self._repo.file(commit, path) for path in paths}
        return {path: text for path, text in texts.items() if text is not None}

    def _outside(self, commit: str, rows: Sequence[ChangedFile]) -> str:
        """Return, as a diff, those of the files that are added, removed, or have another mode."""
        paths = [row.path for row in rows if row.status != "M" or row.mode]
        parent = self._repo.parent(commit)
        if not paths or not parent:
            return ""
        return self._repo.text("diff-tree", "--no-renames", "-p", parent, commit, "--", *paths)


def _lines(
    repo: Repository, before: str, after: str, paths: Sequence[str]
) -> Counter[tuple[str, str]]:
    """Return the lines that go and come between two commits, with the file of each."""
    found: Counter[tuple[str, str]] = Counter()
    for path in paths:
        text = repo.text("diff", "--no-renames", "--unified=0", before, after, "--", path)
        body = text.partition("\n@@")[2].split("\n")[1:]
        found.update((path, row) for row in body if row[:1] in ("+", "-") and row[1:].strip())
    return found


def _words(message: str) -> list[str]:
    return without_trailers(message).split()


def _made_on(ours: Repository, plan: Plan, before: Mapping[str, str | None]) -> int | None:
    """Return the last prefix that has the files as they were before the change."""
    tip = prefix_ref(plan, len(plan.patches))
    ours_too = {path: text for path, text in before.items() if ours.file(tip, path) is not None}
    if not ours_too:
        return None
    for number in range(len(plan.patches), -1, -1):
        ref = prefix_ref(plan, number)
        if all(ours.file(ref, path) == text for path, text in ours_too.items()):
            return number
    return None
