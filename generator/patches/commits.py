# SPDX-License-Identifier: GPL-2.0-only
"""Read commits that somebody has made on top of the rendered patches.

Each becomes a ``Change``: the prefix of the series that it stands on, and the files before and
after it. The baseline's commit is prefix 0. What a range says about the series as a whole, such as
another order of the patches, is no change of a file: it is said in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from generator.errors import UserError
from generator.patches.changes import (
    EXTRA,
    TAGS,
    Change,
    changed_trailers,
    changed_words,
    outside,
    own_files,
    subjects,
    without_trailers,
    words,
)
from generator.patches.order import Order, places_of
from generator.patches.reading import ChangedFile, Repository, merge, prefix_ref
from generator.plan import Plan

_FAR = 100
"""So many commits back a commit that belongs to no prefix is looked for one that does."""


class Commits:
    """A commit or a range, and what each commit of it is to the series."""

    def __init__(self, name: str, repo: Repository, ours: Repository, plan: Plan) -> None:
        self._name, self._repo, self._ours, self._plan = name, repo, ours, plan
        self._numbers = subjects(plan) | {ours.message("baseline")[0]: 0}
        named = [] if ".." in name else self._branch() or ["-1"]
        done = repo.run(
            *("rev-list", "--reverse", "--topo-order", *named, "--end-of-options", name, "--")
        )
        self._commits = done.stdout.decode().split()
        if done.returncode or not self._commits:
            raise UserError(
                f"'{name}' is neither a file nor a commit or range of commits"
                if done.returncode
                else f"there is no commit in '{name}'",
                hint="--repo names the repository that it is in",
            )
        self._titles = {commit: repo.message(commit)[0] for commit in self._commits}
        self._at: dict[str, int] = {}
        """The prefix that each commit leaves."""
        self._start: dict[int, str] = {}
        """Below which commit a patch that was split begins."""
        self._order: list[tuple[int, str]] = []
        """The patches that were read, each with its commit."""
        self._model = plan.series.module
        self._messages = f"templates/{Path(plan.series.message('')).parent}"

    def _branch(self) -> list[str]:
        """Return what limits a branch to the series and what was made on it; [] if it is none."""
        short = self._name.removeprefix("refs/heads/").removeprefix("refs/remotes/")
        exact = ("show-ref", "--verify", "--quiet")
        refs = [f"refs/{kind}/{short}" for kind in ("heads", "remotes")]
        if all(self._repo.run(*exact, ref).returncode for ref in refs):
            return []
        command = ("log", "--first-parent", f"-{_FAR}", "--format=%H %s", "--end-of-options")
        rows = [row.partition(" ") for row in self._repo.text(*command, self._name).split("\n")]
        own = [commit for commit, _, title in rows if self._number(title) is not None]
        below = self._repo.parent(own[-1]) if own else ""
        return [f"^{below}"] if below else []

    def changes(self) -> list[Change]:
        """Return what the commits change.

        Raises:
            UserError: one was made on something else.
        """
        return [change for commit in self._commits for change in self._change(commit)]

    def order(self) -> Order | None:
        """Return the order of the patches, where all of them are there in another one."""
        read = [(number, commit) for number, commit in self._order if number > 0]
        numbers = [number for number, _ in read]
        first = min(numbers, default=0)
        there = sorted(numbers) == [*range(first, first + len(read))]
        if numbers == sorted(numbers) or not there or self._start:
            return None
        paths = sorted({p for n in numbers for p in own_files(self._ours, self._plan, n)})
        # below the last one are those without what later commits of the range change in them
        return Order(
            said=tuple(self._disorder()),
            idents=tuple(self._plan.patches[number - 1].patch.ident for number in numbers),
            number=max(numbers),
            wanted=self._files(self._commits[-1], paths),
        )

    def by_hand(self, program: Path) -> list[str]:
        """Say what the commits do to the series as a whole.

        Args:
            program: the checkout whose model and templates would be changed.
        """
        titles = {number: subject for subject, number in self._numbers.items()}
        have = [number for number, _ in self._order if number > 0]
        found = list(self._disorder() if self.order() is None else ())
        whole = bool(self._order) and self._order[0][0] == 0
        least = 1 if whole else min(have, default=1)
        for number in range(least, max(have, default=0)):
            if number not in have:
                found += [
                    f"'{titles[number]}' is not there: take it out of {self._model}, "
                    "and what it brings out of the model (patch=) and the templates (has()):",
                    *self._places(number, program),
                ]
        for number in self._start:
            found += [
                f"'{titles[number]}' is split: the new part needs a patch in {self._model} "
                f"and a text in {self._messages}; patch= and has() say what it brings:",
                *self._places(number, program),
            ]
        return found

    def missing_end(self) -> str:
        """Say which patches a range from the baseline on does not reach; "" for none."""
        have = {number for number, _ in self._order}
        titles = {number: subject for subject, number in self._numbers.items()}
        left = range(max(have, default=0) + 1, len(self._plan.patches) + 1)
        if 0 not in have or not left:
            return ""
        return (
            f"'{self._name}' ends before '{titles[left[0]]}'"
            f"{f' and {len(left) - 1} more' if len(left) > 1 else ''}: "
            f"if that is not wanted any more, it has to be taken out of {self._model} by hand"
        )

    def _disorder(self) -> Iterator[str]:
        titles = {number: subject for subject, number in self._numbers.items()}
        for (first, _), (second, _) in pairwise(self._order):
            if second < first:
                yield (
                    f"'{titles[second]}' comes after '{titles[first]}': put the patches of "
                    f"{self._model} into that order"
                )

    def _places(self, number: int, program: Path) -> list[str]:
        """Return where the program says which patch something belongs to."""
        ident = self._plan.patches[number - 1].patch.ident
        return [f"  {place}" for place in places_of(program, self._plan.series, ident)]

    def _number(self, title: str) -> int | None:
        """Return which patch a commit is by its title; 0 is the baseline, None none of them."""
        return None if title.startswith(EXTRA) else self._numbers.get(TAGS.sub("", title))

    def _change(self, commit: str) -> list[Change]:
        title, body = self._repo.message(commit)
        rows = self._repo.changed_files(commit)
        number = self._number(title)
        if number is None:
            on = self._position(commit, rows)
            if on is None and not rows:
                # such as the cover letter of b4 prep
                return []
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
        self._order.append((number, commit))
        if self._is_rendered(number, title, body, rows):
            return []
        return [self._patch(commit, number, title, body, rows)]

    def _is_rendered(self, number: int, title: str, body: str, rows: Sequence[ChangedFile]) -> bool:
        """Tell whether a commit is what was rendered, without a look into its files.

        Git would fetch those of a clone without blobs, into the user's repository.
        """
        ref = prefix_ref(self._plan, number)
        subject, text = self._ours.message(ref)
        if number in self._start or TAGS.sub("", title) != subject:
            return False
        if changed_words(self._ours, self._plan, number, body) or words(body) != words(text):
            return False
        return rows == self._ours.changed_files(ref)

    def _patch(
        self, commit: str, number: int, title: str, body: str, rows: Sequence[ChangedFile]
    ) -> Change:
        """Return what became of a patch, or of the baseline, as a commit has it."""
        own = own_files(self._ours, self._plan, number)
        left = self._outside(commit, rows, own)
        paths = list(dict.fromkeys([*(row.path for row in rows), *own]))
        start = self._start.get(number, self._repo.parent(commit))
        left += changed_words(self._ours, self._plan, number, body)
        return Change(
            name=commit[:12],
            number=number,
            on=number - 1,
            files=self._files(commit, paths),
            before=self._repo.files(start, paths),
            subject=TAGS.sub("", title) if number else None,
            body=without_trailers(body) if number else None,
            outside=left,
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
                outside=changed_trailers(self._ours, prefix_ref(self._plan, number), rest),
            )
            found.append(message)
        return found

    def _strange(self, commit: str, title: str, rows: Sequence[ChangedFile]) -> list[Change]:
        """Return a commit of nothing but files that come and go, which can be made on anything.

        Raises:
            UserError: it changes files, and was made on something else.
        """
        left = self._outside(commit, rows)
        if not left or any(row.status == "M" for row in rows):
            raise UserError(
                f"the commit '{title}' was made on files that are those of no prefix of the series",
                where=commit[:12],
                hint="name what was made on the rendered patches; render --check tells whether "
                "they are the present ones",
            )
        return [Change(name=commit[:12], number=0, on=0, files={}, before={}, outside=left)]

    def _position(self, commit: str, rows: Sequence[ChangedFile]) -> int | None:
        """Return the prefix that a commit was made on: that of its parent, or of its files."""
        parent = self._repo.parent(commit)
        if parent in self._at:
            return self._at[parent]
        before = self._repo.files(parent, [row.path for row in rows])
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
        own = own_files(self._ours, self._plan, number)
        theirs = self._ours.changed_lines(*refs, list(own))
        parent = self._repo.parent(commit)
        mine = self._repo.changed_lines(parent, commit, [row.path for row in rows])
        both = (mine & theirs).total()
        return (both, mine.total(), theirs.total()) if both else ()

    def _is_later(self, commit: str, number: int) -> bool:
        """Tell whether a patch comes after a commit."""
        later = self._commits[self._commits.index(commit) + 1 :]
        return any(self._number(self._titles[each]) == number for each in later)

    def _files(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        texts = self._repo.files(commit, paths)
        return {path: text for path, text in texts.items() if text is not None}

    def _outside(
        self, commit: str, rows: Sequence[ChangedFile], own: Mapping[str, str] | None = None
    ) -> str:
        parent = self._repo.parent(commit)
        return outside(self._repo, parent, commit, rows, own or {}) if parent else ""


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
