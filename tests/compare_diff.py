# SPDX-License-Identifier: GPL-2.0-only
"""Compare ``uprobekit diff`` with git range-diff, b4 diff and interdiff: lines and seconds.

Usage: python tests/compare_diff.py [--base 6.1] [--workdir DIR] [--rounds 3] [--only CHANGE]

Eight changes of the rendered series are made as a maintainer would make them, and both versions are
shown to the four programs. Prints a table for docs/results.md. Ends with 2 where ours pairs the
patches otherwise than git, says that different things are the same, or is longer than git although
nothing of the interface has changed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = "kernel/events/uprobes.c"
ARCH = "arch/x86/kernel/uprobes.c"
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (
        ("NAME", "Some One"),
        ("EMAIL", "some@example.org"),
        ("DATE", "1330516800 +0000"),
    )
}
NOT_HERE = "not here"

Texts = Callable[[str, str], str]
"""What becomes of a file, or of a message, whose path is "": path and text before."""


def run(
    *command: object,
    where: Path,
    data: bytes = b"",
    good: tuple[int, ...] = (0,),
    **environment: str,
) -> str:
    """Run a program with nothing of the user's; return what it prints on stdout."""
    words = [str(word) for word in command]
    homes = {f"XDG_{kind}_HOME": tempfile.gettempdir() for kind in ("DATA", "CACHE", "CONFIG")}
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat"}
    done = subprocess.run(
        words,
        cwd=where,
        input=data,
        capture_output=True,
        check=False,
        env=os.environ | IDENTITY | homes | settings | environment,
    )
    if done.returncode not in good:
        said = (done.stdout[-500:] + done.stderr[-500:]).decode(errors="replace")
        raise RuntimeError(f"{' '.join(words[:4])}: status {done.returncode}: {said}")
    return done.stdout.decode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Repository:
    """A clone in which the versions are made: baseline, and the commits on it, oldest first."""

    place: Path
    commits: tuple[str, ...]

    @classmethod
    def clone(cls, rendered: Path, place: Path) -> Repository:
        """Clone a rendered repository of the work area."""
        run("git", "clone", "-q", "-b", "baseline", rendered, place, where=place.parent)
        run("git", "branch", "-q", "review", "origin/review", where=place)
        listed = run("git", "rev-list", "--reverse", "baseline..review", where=place)
        return cls(place, tuple(listed.split()))

    def git(
        self, *command: object, data: bytes = b"", good: tuple[int, ...] = (0,), **environment: str
    ) -> str:
        """Run git in the clone."""
        return run("git", *command, where=self.place, data=data, good=good, **environment)

    def rewrite(self, texts: Texts) -> str:
        """Make all commits anew with other texts; return the last one."""
        tip = self.git("rev-parse", "baseline").strip()
        for commit in self.commits:
            self.git("read-tree", "--reset", "-u", commit)
            for name in self.git("ls-files").split():
                path = self.place / name
                old = path.read_text(errors="surrogateescape")
                new = texts(name, old)
                if new != old:
                    path.write_text(new, errors="surrogateescape")
            self.git("add", "--all")
            tree = self.git("write-tree").strip()
            message = texts("", self.git("log", "-1", "--format=%B", commit))
            data = message.encode("utf-8", "surrogateescape")
            author = self.git("log", "-1", "--format=%an%n%ae%n%ad", "--date=raw", commit).split(
                "\n"
            )
            keys = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE")
            made = dict(zip(keys, author, strict=False))
            tip = self.git("commit-tree", tree, "-p", tip, data=data, **made).strip()
        self.git("read-tree", "--reset", "-u", "baseline")
        return tip

    def pick(self, commits: Sequence[str]) -> str:
        """Put commits on the baseline; return the last one, "" where they do not apply."""
        self.git("checkout", "-q", "--detach", "baseline")
        self.git("cherry-pick", "--allow-empty", *commits, good=(0, 1))
        if (self.place / ".git/CHERRY_PICK_HEAD").exists():
            self.git("cherry-pick", "--abort")
            return ""
        return self.git("rev-parse", "HEAD").strip()


def swap(old: str, new: str, *, path: str | None = None) -> Texts:
    """Return what replaces a text, in one file or everywhere."""
    return lambda name, text: text.replace(old, new) if path in (None, name) else text


def _swap_parameters(name: str, text: str) -> str:
    old = "xol_map_area(struct mm_struct *mm, struct xol_area *area)"
    text = text.replace(old, "xol_map_area(struct xol_area *area, struct mm_struct *mm)")
    return text.replace("xol_map_area(mm, area)", "xol_map_area(area, mm)")


def _drop_middle(repo: Repository) -> str:
    count = len(repo.commits)
    for number in sorted(range(1, count - 1), key=lambda n: abs(n - count // 2)):
        tip = repo.pick([*repo.commits[:number], *repo.commits[number + 1 :]])
        if tip:
            return tip
    raise RuntimeError("no patch in the middle can be dropped")


def _reorder(repo: Repository) -> str:
    count = len(repo.commits)
    for number in sorted(range(1, count - 1), key=lambda n: abs(n - count // 2)):
        commits = list(repo.commits)
        commits[number : number + 2] = commits[number + 1], commits[number]
        tip = repo.pick(commits)
        if tip:
            return tip
    raise RuntimeError("no two neighbours can change places")


def _reword(repo: Repository) -> str:
    middle = len(repo.commits) // 2
    old = repo.git("log", "-1", "--format=%B", repo.commits[middle])
    first, second, rest = old.split("\n\n", 2)
    new = f"{first}\n\n{' '.join(second.split()[:-1])} for another reason.\n\n{rest}"
    return repo.rewrite(lambda name, text: new if not name and text == old else text)


CHANGES: dict[str, Callable[[Repository], str]] = {
    "rename": lambda repo: repo.rewrite(swap("xol_map_area", "uprobe_map_area")),
    "parameter swap": lambda repo: repo.rewrite(_swap_parameters),
    "opcode verdict": lambda repo: repo.rewrite(
        swap("/* 5x */ X, X, X,", "/* 5x */ X, _, X,", path=ARCH)
    ),
    "one line": lambda repo: repo.rewrite(swap("failed to %s", "did not %s", path=CORE)),
    "drop last": lambda repo: repo.commits[-2],
    "drop middle": _drop_middle,
    "reorder": _reorder,
    "message": _reword,
}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a program says of a change: the text, and the seconds of a processor it takes."""

    text: str
    seconds: float

    @property
    def lines(self) -> int:
        """How long the text is."""
        return len(self.text.splitlines())


class Sides:
    """Both versions in the forms that the programs read."""

    def __init__(self, repo: Repository, tip: str, place: Path, *, b4: Path | None) -> None:
        self._repo, self._tip = repo, tip
        self._place = place
        place.mkdir()
        self._folders = []
        for name, end in (("before", "review"), ("after", tip)):
            folder = place / name
            repo.git("format-patch", "-q", "-o", folder, f"baseline..{end}")
            (place / f"{name}.diff").write_text(repo.git("diff", "baseline", end))
            self._folders.append(folder)
        self._b4 = b4
        # the version before is the same for all changes
        kept = sorted(place.parent.glob("change-*/b4-1/*.mbx"))[:1] if b4 else []
        self._boxes = [*(kept or [self._box(1, "review")]), self._box(2, tip)] if b4 else []

    def _box(self, number: int, end: str) -> Path:
        """Return what ``b4 am`` makes of a version that was sent."""
        options = ("--cover-letter", "--thread", f"-v{number}", "--stdout")
        sent = self._repo.git("format-patch", *options, f"baseline..{end}")
        box = self._place / f"sent-{number}"
        box.write_text(sent, errors="surrogateescape")
        found = re.search(r"^Message-I[dD]: <([^>]+)>", sent, re.M)
        out = self._place / f"b4-{number}"
        quiet = ("--no-interactive", "--offline-mode")
        run(
            *(self._b4, *quiet, "am", "-C", "-m", box, "-o", out, found[1] if found else ""),
            where=self._repo.place,
        )
        return next(out.glob("*.mbx"))

    def ours(self, *more: str) -> str:
        """Return what ``uprobekit diff`` says."""
        command = [sys.executable, "-m", "generator", "diff", *self._folders, *more]
        return run(*command, where=ROOT, good=(0, 1))

    def git(self) -> str:
        """Return what ``git range-diff`` says."""
        sides = ("baseline..review", f"baseline..{self._tip}")
        return self._repo.git("range-diff", "--no-color", *sides)

    def b4(self) -> str:
        """Return what ``b4 diff`` says."""
        quiet = ("--no-interactive", "--offline-mode")
        return run(self._b4, *quiet, "diff", "-C", "-m", *self._boxes, where=self._repo.place)

    def interdiff(self) -> str:
        """Return what ``interdiff`` says."""
        files = (self._place / "before.diff", self._place / "after.diff")
        return run("interdiff", *files, where=self._place, good=(0, 1))

    def contradicts(self, ours: str, git: str) -> str:
        """Return in what ours is otherwise than it may be; "" for nothing."""
        if not ours.strip():
            return "it says nothing at all"
        data = json.loads(self.ours("--json"))
        pairs = re.findall(r"^ *(\d+|-): +\S+ ([=!<>]) +(\d+|-): +\S+ (.*)$", git, re.M)
        wanted = {(int(a.strip("-") or 0), int(b.strip("-") or 0), s) for a, s, b, _ in pairs}
        found = {(pair["before"], pair["after"], pair["sign"]) for pair in data["patches"]}
        # what git leaves alone is a pair for us where both have one subject
        left = {(sign, subject) for _, sign, _, subject in pairs}
        both = {subject for sign, subject in left if sign == "<"} & {
            subject for sign, subject in left if sign == ">"
        }
        if found != wanted and not both:
            return f"pairs that git has otherwise: {sorted(found ^ wanted)}"
        if data["same"]:
            return "it says that nothing differs"
        if not data["interface"] and len(ours.splitlines()) > len(git.splitlines()):
            return "it is longer than range-diff, and the interface is the same"
        return ""


def timed(call: Callable[[], str], rounds: int) -> Seen:
    """Call several times; return the text and the least of the processor's seconds.

    Those are the same whatever else the machine does.
    """
    best, text = float("inf"), ""
    for _ in range(rounds):
        start = _spent()
        text = call()
        best = min(best, _spent() - start)
    return Seen(text=text, seconds=best)


def _spent() -> float:
    """Return the processor's seconds that the programs have taken so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def find_b4() -> Path | None:
    """Return b4, beside this Python or in the path."""
    beside = Path(sys.executable).parent / "b4"
    found = str(beside) if beside.exists() else shutil.which("b4")
    return Path(found) if found else None


PROGRAMS = ("uprobekit diff", "git range-diff", "b4 diff", "interdiff")


def compare(
    rendered: Path,
    place: Path,
    *,
    rounds: int,
    names: Sequence[str] = tuple(CHANGES),
    show: Callable[[str], None] = str,
) -> tuple[list[str], list[str]]:
    """Show every change to every program; return rows of the table, and what is wrong with ours.

    ``show`` is given each row as soon as it is known.
    """
    repo = Repository.clone(rendered, place / "repo")
    rows, wrong = [], []
    for number, name in enumerate(names):
        tip = CHANGES[name](repo)
        if repo.git("rev-parse", tip) == repo.git("rev-parse", "review"):
            wrong.append(f"{name}: nothing was changed: has the C changed?")
            continue
        sides = Sides(repo, tip, place / f"change-{number}", b4=find_b4())
        ours, git = timed(sides.ours, rounds), timed(sides.git, rounds)
        cells: list[Seen | None] = [ours, git]
        cells.append(timed(sides.b4, rounds) if find_b4() else None)
        cells.append(timed(sides.interdiff, rounds) if shutil.which("interdiff") else None)
        shown = [f"{c.lines}, {c.seconds:.1f} s" if c else NOT_HERE for c in cells]
        rows.append(f"| {name} | {' | '.join(shown)} |")
        show(rows[-1])
        said = sides.contradicts(ours.text, git.text)
        wrong += [f"{name}: {said}"] if said else []
    return rows, wrong


def _versions() -> str:
    found = [f"Python {platform.python_version()}"]
    found.append(run("git", "--version", where=ROOT).strip().replace("version ", ""))
    try:
        found.append(f"b4 {version('b4')}")
    except PackageNotFoundError:
        found.append(f"b4 {NOT_HERE}")
    if shutil.which("interdiff"):
        said = run("interdiff", "--version", where=ROOT)
        found.append(f"interdiff {(re.findall(r'[0-9.]+', said) or [''])[0]}")
    commit = run("git", "rev-parse", "--short=12", "HEAD", where=ROOT).strip()
    return f"{', '.join(found)}; uprobekit {commit}"


def main() -> int:
    """Print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="6.1")
    parser.add_argument("--workdir", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=tuple(CHANGES))
    parser.add_argument("--keep", type=Path, help="keep both versions in this folder")
    wanted = parser.parse_args()
    from generator.paths import default_workdir

    rendered = (wanted.workdir or default_workdir()).absolute() / wanted.base / "repo.git"
    if not rendered.is_dir():
        print(f"{rendered}: nothing is rendered; run: uprobekit render", file=sys.stderr)
        return 1
    print(f"{datetime.now(UTC):%d %B %Y}, base {wanted.base}; {_versions()}.")
    print("Lines, and seconds of a processor:\n")
    print(f"| change | {' | '.join(PROGRAMS)} |")
    print("|---" * (len(PROGRAMS) + 1) + "|", flush=True)
    names = wanted.only or tuple(CHANGES)
    with tempfile.TemporaryDirectory(prefix="uprobekit-compare-") as place:
        _, wrong = compare(
            rendered,
            Path(place),
            rounds=wanted.rounds,
            names=names,
            show=partial(print, flush=True),
        )
        if wanted.keep:
            shutil.copytree(place, wanted.keep)
    for row in wrong:
        print(f"compare_diff: {row}", file=sys.stderr)
    return 2 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
