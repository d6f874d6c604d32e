# SPDX-License-Identifier: GPL-2.0-only
"""Put the baseline and the series as commits into the user's own repository, on a new branch.

One fast-import stream adds objects and one ref: no file, no index and no other branch is touched,
whatever state they are in.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import InfraError, UserError
from generator.model.identity import Identity
from generator.patches.sent import Person, sign_message
from generator.tree.commits import Commit
from generator.tree.git import run_git


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What was made: the branch, the commit it starts at, and the commits on it, oldest first."""

    branch: str
    start: str
    commits: tuple[str, ...]


def apply_series(
    commits: Sequence[Commit],
    repo: Path,
    *,
    start: str,
    branch: str,
    baseline: bool = True,
    author: Identity,
    signer: Person | None,
    replace: bool = False,
) -> Applied:
    """Make a branch of the baseline and the patches.

    Args:
        commits: the baseline, if there is one, and the patches, with the files that each changes.
        repo: the user's repository.
        start: the commit that the first of them goes on top of.
        baseline: the first of them is the baseline, which nobody signs.
        branch: the new branch.
        author: who stands in the commits where git knows nobody.
        signer: who git says the user is: author of the patches, and their Signed-off-by.
        replace: a branch of that name may be replaced, unless it is checked out.

    Raises:
        UserError: the branch is there already, or is none that git takes.
        InfraError: git fails; nothing is left but objects that nobody refers to.
    """
    ref = f"refs/heads/{branch}"
    check_branch(repo, branch, replace=replace)
    who = (
        _line(Identity(name=signer.name, email=signer.address, date=author.date), author)
        if signer
        else _line(author, author)
    )
    stream = bytearray()
    for mark, commit in enumerate(commits, 1):
        text = commit.message
        if signer and mark > int(baseline):
            text = sign_message(text, signer) + "\n"
        message = text.encode("utf-8", "surrogateescape")
        stream += f"commit {ref}\nmark :{mark}\nauthor {who}\ncommitter {who}\n".encode(
            "utf-8", "surrogateescape"
        )
        stream += f"data {len(message)}\n".encode() + message
        stream += f"\nfrom {start if mark == 1 else f':{mark - 1}'}\n".encode()
        for name in sorted(commit.files):
            data = commit.files[name].encode("utf-8", "surrogateescape")
            stream += f"M 100644 inline {name}\ndata {len(data)}\n".encode() + data + b"\n"
    stream += b"done\n"
    command = ["fast-import", "--quiet", "--done", *(["--force"] if replace else [])]
    done = _git(repo, *command, stdin=bytes(stream))
    if done.returncode:
        raise InfraError(
            f"git fast-import failed: {done.stderr.decode(errors='replace').strip()}",
            where=str(repo),
            hint="is the disk full, the repository read-only, or does one of its hooks refuse?",
        )
    made = _git(repo, "rev-list", "--reverse", f"{start}..{ref}").stdout.decode().split()
    return Applied(branch=branch, start=start, commits=tuple(made))


def _line(who: Identity, when: Identity) -> str:
    return f"{who.name} <{who.email}> {when.date}"


def check_branch(repo: Path, branch: str, *, replace: bool) -> None:
    """Check that a branch can be made: ``apply_series`` does, and who renders first asks before.

    Args:
        repo: the user's repository.
        branch: the new branch.
        replace: a branch of that name may be replaced, unless it is checked out.

    Raises:
        UserError: it cannot.
    """
    ref = f"refs/heads/{branch}"
    # --branch alone takes @{-1} for the branch before, and an old git takes HEAD
    said = [_git(repo, "check-ref-format", *name) for name in (("--branch", branch), (ref,))]
    if any(done.returncode for done in said) or branch in ("HEAD", "@"):
        raise UserError(
            f"git takes no branch with the name '{branch}'",
            where="--branch",
            hint="choose a name such as uprobes-v2; git check-ref-format --help has the rules",
        )
    _check_neighbours(repo, branch)
    if _git(repo, "show-ref", "--verify", "--quiet", ref).returncode:
        return
    if not replace:
        raise UserError(
            f"there is a branch '{branch}' already",
            where=str(repo),
            hint="choose another --branch, or replace it with --force",
        )
    out = _git(repo, "worktree", "list", "--porcelain").stdout.decode(errors="replace")
    busy = "checked out" if f"branch {ref}\n" in out else _unfinished(repo, branch, ref)
    if busy:
        raise UserError(
            f"the branch '{branch}' is {busy}, and would be replaced under your feet",
            where=str(repo),
            hint="choose another --branch",
        )


_UNFINISHED = {
    "rebase-merge/head-name": "being rebased",
    "rebase-merge/update-refs": "being rebased",
    "rebase-apply/head-name": "being rebased",
    "BISECT_START": "being bisected",
}
"""Where git keeps, per worktree, the branches that it goes back to; no command of it lists them.
``git branch --force`` refuses to move such a branch for the same reason."""


def _unfinished(repo: Path, branch: str, ref: str) -> str:
    """Return what git is about to do with a branch in a worktree; "" for nothing."""
    said = _git(repo, "rev-parse", "--git-common-dir").stdout.decode("utf-8", "surrogateescape")
    common = repo / said.removesuffix("\n")
    for place in (common, *common.glob("worktrees/*")):
        for name, busy in _UNFINISHED.items():
            path = place / name
            lines = path.read_bytes().decode(errors="replace").split() if path.is_file() else ()
            if ref in lines or branch in lines:
                return busy
    return ""


def _check_neighbours(repo: Path, branch: str) -> None:
    """Check that no branch is in the way: beside ``a`` there is none called ``a/b``.

    Raises:
        UserError: there is one.
    """
    parts = branch.split("/")
    above = ["refs/heads/" + "/".join(parts[:number]) for number in range(1, len(parts))]
    have = _git(repo, "for-each-ref", "--format=%(refname)", *above, f"refs/heads/{branch}/")
    names = have.stdout.decode("utf-8", "surrogateescape").splitlines()
    below = f"refs/heads/{branch}/"
    taken = [name for name in names if name in above or name.startswith(below)]
    if taken:
        other = taken[0].removeprefix("refs/heads/")
        raise UserError(
            f"git cannot have a branch '{branch}' beside '{other}'",
            where=str(repo),
            hint="choose another --branch, or rename the one that is there with git branch -m",
        )


def check_out(repo: Path, branch: str) -> None:
    """Switch the user's work tree to a branch, as he has asked for.

    Raises:
        UserError: git does not, because of what is changed there.
    """
    done = _git(repo, "checkout", "--quiet", branch, "--")
    if done.returncode:
        raise UserError(
            f"the branch '{branch}' is made, and git does not switch to it: "
            + done.stderr.decode(errors="replace").strip(),
            where=str(repo),
        )


def _git(repo: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return run_git(*arguments, repo=repo, isolated=False, stdin=stdin)
