# SPDX-License-Identifier: GPL-2.0-only
"""Apply each patch with ``git am``, on the state that the patches before it leave.

Works in a clone of the rendered repository, which has every file that the series touches, in a
folder that is gone afterwards. What comes out must be the rendered state, to the byte, with the
message, the author and the date of the rendered commit.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from generator import tools
from generator.errors import InfraError
from generator.tree.git import git_environment

_WHO = ("-c", "user.name=uprobekit", "-c", "user.email=uprobekit@localhost")
_SHOWN = "%an <%ae>%n%ad%n%B"


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What ``git am`` made of a patch: its file, and why it is not as rendered; "" is good."""

    patch: str
    problem: str


def apply_patches(repo: Path, series: str, patches: Mapping[str, bytes]) -> tuple[Applied, ...]:
    """Apply every patch in its place.

    Args:
        repo: the rendered repository, with ``baseline`` and a tag for each prefix.
        series: its name.
        patches: name to content; the cover letter is left out.

    Raises:
        InfraError: git cannot be run, or the repository is not as it was rendered.
    """
    names = sorted(name for name in patches if not name.startswith("0000-"))
    with tempfile.TemporaryDirectory() as place:
        clone = Path(place, "clone")
        _must(Path(place), "clone", "--quiet", "--no-checkout", "--shared", str(repo), str(clone))
        _must(clone, "checkout", "--quiet", "--detach", "origin/baseline")
        return tuple(
            Applied(patch=name, problem=_apply(clone, f"{series}-{number:02d}", patches[name]))
            for number, name in enumerate(names, 1)
        )


def _apply(clone: Path, wanted: str, data: bytes) -> str:
    """Apply one patch; whatever becomes of it, the clone stands at ``wanted`` afterwards."""
    file = clone.parent / "mail.patch"
    file.write_bytes(data)
    done = _git(clone, *_WHO, "am", "--whitespace=error-all", "--quiet", str(file))
    if done.returncode:
        if (clone / ".git" / "rebase-apply").exists():
            _must(clone, *_WHO, "am", "--quit")
        problem = " ".join((done.stderr + done.stdout).split("hint:", 1)[0].split())
        problem = f"git am: {problem}"
    else:
        problem = _compare(clone, wanted)
    _must(clone, "checkout", "--quiet", "--force", "--detach", wanted)
    _must(clone, "clean", "--quiet", "--force", "-d")
    return problem


def _compare(clone: Path, wanted: str) -> str:
    have = _must(clone, "rev-parse", "HEAD^{tree}")
    if have != _must(clone, "rev-parse", f"{wanted}^{{tree}}"):
        files = _must(clone, "diff", "--name-only", wanted, "HEAD").split()
        return f"leaves another state than {wanted}: {', '.join(files)}"
    show = ("log", "-1", "--date=raw", f"--format={_SHOWN}")
    if _must(clone, *show) != _must(clone, *show, wanted):
        return f"has another message, author or date than {wanted}"
    return ""


def _must(where: Path, *arguments: str) -> str:
    done = _git(where, *arguments)
    if done.returncode:
        raise InfraError(
            f"git failed: {done.stderr.strip()}",
            where=" ".join(("git", *arguments)),
            hint="render the series again",
        )
    return done.stdout


def _git(where: Path, *arguments: str) -> CompletedProcess[str]:
    command = ["git", "-C", str(where), *arguments]
    return tools.run(command, env=git_environment(isolated=True))
