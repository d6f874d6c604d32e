# SPDX-License-Identifier: GPL-2.0-only
"""A store of our own for a partial clone, so that the user's one stays as it is.

In a clone without blobs git fetches what is read, and writes it into the clone. The store has the
clone's objects as an alternate and its remote as a promisor: what is missing goes into the store.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from generator.paths import cache_dir, ensure_dir, locked, write_atomic
from generator.tree.git import ask_git, run_git


def store_of(repo: Path) -> Path:
    """Return where the objects of a repository are read from: itself, or a store of our own.

    Raises:
        InfraError: git cannot make the store.
    """
    remote = _remote(repo)
    if not remote:
        return repo
    url = _git(repo, "config", "--get", f"remote.{remote}.url").strip()
    if url and "://" not in url and ":" not in url.partition("/")[0]:
        url = str((repo / url).resolve())
    common = (repo / _git(repo, "rev-parse", "--git-common-dir").strip()).resolve()
    name = hashlib.sha256(f"{common}\n{url}".encode()).hexdigest()[:16]
    store = ensure_dir(cache_dir("partial")) / f"{name}.git"
    with locked(store.with_suffix(".lock")):
        if not (store / "HEAD").is_file():
            _git(repo.parent, "init", "--quiet", "--bare", "--template=", str(store))
        for key, value in (
            ("core.repositoryformatversion", "1"),
            ("extensions.partialClone", "origin"),
            ("remote.origin.url", url),
            ("remote.origin.promisor", "true"),
            ("remote.origin.partialclonefilter", "blob:none"),
            ("gc.auto", "0"),
        ):
            _git(store, "config", key, value)
        write_atomic(store / "objects/info/alternates", f"{common / 'objects'}\n".encode())
        if (common / "shallow").is_file():
            write_atomic(store / "shallow", (common / "shallow").read_bytes())
    return store


def fetch_files(store: Path, commit: str, folders: tuple[str, ...], suffixes: str) -> None:
    """Fetch the files below ``folders`` that are missing, in one go; git would do so one by one.

    Args:
        store: what ``store_of`` has returned; nothing is done where it is no partial clone.
        commit: whose files are wanted.
        folders: relative to the top.
        suffixes: last letters of their names, such as ``ch``.

    Raises:
        InfraError: they cannot be fetched.
    """
    if not _remote(store):
        return
    endings = tuple(f".{letter}" for letter in suffixes)
    listed = _git(store, "ls-tree", "-r", "-z", commit, "--", *folders).split("\0")
    rows = [row.partition("\t") for row in listed if row]
    wanted = {head.split()[2] for head, _, path in rows if path.endswith(endings)}
    said = _git(store, "rev-list", "--objects", "--missing=print", "--no-walk", commit)
    missing = {line[1:] for line in said.splitlines() if line.startswith("?")} & wanted
    if missing:
        fetch = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "origin", "--no-tags")
        more = ("--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin")
        _git(store, *fetch, *more, stdin="".join(f"{each}\n" for each in sorted(missing)))


def _remote(repo: Path) -> str:
    """Return the remote that promises what a partial clone lacks, "" for a whole one."""
    pattern = r"^remote\..*\.promisor$"
    done = run_git("config", "--get-regexp", pattern, repo=repo, isolated=False)
    for line in done.stdout.decode(errors="replace").splitlines():
        key, _, value = line.partition(" ")
        if value.strip() in ("true", "1", "yes", "on"):
            return key.removeprefix("remote.").removesuffix(".promisor")
    return ""


def _git(repo: Path, *arguments: str, stdin: str = "") -> str:
    hint = "can the remote of the clone be reached?"
    said = ask_git(*arguments, repo=repo, isolated=False, stdin=stdin.encode(), hint=hint)
    return said.decode("utf-8", "surrogateescape")
