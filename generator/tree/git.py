# SPDX-License-Identifier: GPL-2.0-only
"""The one door to git's commands, and the environment that git is called with.

A variable such as ``GIT_DIR``, set while git runs a hook or a rebase, would redirect every call to
another repository: all of them are dropped.

GitPython reads our own repository (``tree.refs``). What is here it has no words for, or costs a
process for each object: streams of bytes on stdin (``fast-import``, ``apply``, ``update-index``),
an index of one's own, and a status that is an answer (``merge-file``, ``config --get``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

from generator import tools
from generator.errors import InfraError

# whatever git is told elsewhere: our repositories are bare, and C is text
_SETTINGS = (("safe.bareRepository", "all"), ("core.attributesFile", os.devnull))


def git_environment(*, isolated: bool) -> dict[str, str]:
    """Return the environment for git.

    Args:
        isolated: ignore the configuration of the user and of the system as well. That is for our
            own repository; the user's may need it (``safe.directory``).
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"LC_ALL": "C", "TZ": "UTC", "GIT_TERMINAL_PROMPT": "0"}
    if isolated:
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    else:
        kept = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM")
        environment |= {name: os.environ[name] for name in kept if name in os.environ}
    environment["GIT_CONFIG_COUNT"] = str(len(_SETTINGS))
    for number, (name, value) in enumerate(_SETTINGS):
        environment[f"GIT_CONFIG_KEY_{number}"] = name
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def split_batch(said: bytes, count: int) -> list[str | None]:
    """Return the texts that ``git cat-file --batch`` has printed, None for what is no file.

    Args:
        said: what it has printed.
        count: the names that it was given.
    """
    found: list[str | None] = []
    for _ in range(count):
        head, _, said = said.partition(b"\n")
        found.append(None)
        if there := re.fullmatch(rb"[0-9a-f]+ (\w+) (\d+)", head):
            size = int(there[2])
            if there[1] == b"blob":
                found[-1] = said[:size].decode("utf-8", "surrogateescape")
            said = said[size + 1 :]
    return found


def run_git(
    *arguments: str,
    repo: Path | None = None,
    isolated: bool,
    stdin: bytes = b"",
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> CompletedProcess[bytes]:
    """Run a command of git to its end; its status is the caller's to judge.

    Args:
        arguments: the command and its arguments.
        repo: the repository or worktree, as ``-C`` has it; None for the folder that it runs in.
        isolated: see ``git_environment``.
        stdin: what it reads.
        cwd: the folder that it runs in.
        environment: more variables.

    Raises:
        InfraError: there is no git.
    """
    place = ("-C", str(repo)) if repo else ()
    return tools.run_bytes(
        ["git", *place, *arguments],
        cwd=cwd,
        env=git_environment(isolated=isolated) | dict(environment or {}),
        stdin=stdin,
    )


def ask_git(
    *arguments: str,
    repo: Path | None = None,
    isolated: bool,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    hint: str = "",
) -> bytes:
    """Run a command of git that has to succeed, and return what it prints.

    Args:
        arguments: the command and its arguments.
        repo: see ``run_git``, as for what follows.
        isolated: see ``git_environment``.
        stdin: what it reads.
        environment: more variables.
        hint: what to do when it fails.

    Raises:
        InfraError: it fails, or there is no git.
    """
    done = run_git(*arguments, repo=repo, isolated=isolated, stdin=stdin, environment=environment)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise InfraError(f"git failed: {said}", where=" ".join(done.args), hint=hint)
    return done.stdout
