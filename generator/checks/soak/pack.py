# SPDX-License-Identifier: GPL-2.0-only
"""Pack what a boot runs: the programs with their files, the plan, and the places of the probes.

The archive is unpacked over the guest's own. ``/soak/plan`` and ``/soak/sites`` are read by
``qemu/guest/soak.c``; ``qemu/README.md`` describes them.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.checks.soak.generated import Generated
from generator.checks.soak.programs import (
    CHURN,
    ENTRIES,
    INSTRUCTIONS,
    RETURNS,
    Prepared,
)
from generator.checks.soak.sites import (
    FunctionSites,
    exported_ranges,
    function_sites,
    reached_instructions,
)
from generator.errors import InfraError
from generator.guest.cpio import Entry, folders_of, pack_entries, pack_file

_ACCOUNTS = {
    "etc/passwd": b"root:x:0:0:root:/tmp:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n",
    "etc/group": b"root:x:0:\nnogroup:x:65534:\n",
}

_INSTRUCTIONS, _ALL_INSTRUCTIONS = 400, 3000
"""How many of a file, and of all files, have a probe in the round that has them on instructions."""

_EVERYDAY_SHARE = 8
"""One return of so many has a probe in the everyday mode: they take ten times as long."""

_CHURN_MS = 10_000
"""How long a program is begun again while places are disarmed and armed."""

_SHELL = "/usr/bin/dash"
"""What Debian's /bin/sh is; system(3) and popen(3) start that."""

_LINKED = ("lib", "lib32", "lib64", "libx32")
"""Folders that are links where /usr is merged (Debian's wiki, UsrMerge); a probe's path is real."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A program of a boot.

    Attributes:
        name: one word.
        command: in the guest.
        rounds: in which it runs.
        files: of which it has code, as paths in the guest.
        input: its standard input, a path in the guest; "" for none.
        deadline: seconds for a run.
        user: who runs it, 0 for root.
        churn: milliseconds in which it is run again while places are disarmed and armed; 0: as
            many as the guest has for it.
        source: what it was generated from; None for a real program.
    """

    name: str
    command: tuple[str, ...]
    rounds: tuple[str, ...]
    files: tuple[str, ...]
    input: str = ""
    deadline: int = 120
    user: int = 0
    churn: int = 0
    source: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a boot runs.

    Attributes:
        items: the programs.
        sites: file offsets, by round and path in the guest; of ``returns``, returns.
        files: all files, by the path in the guest.
        cpus: processors of the guest; each place is armed on each of them.
    """

    items: tuple[Item, ...]
    sites: Mapping[str, Mapping[str, tuple[int, ...]]]
    files: Mapping[str, Path]
    cpus: int = 1

    @property
    def rounds(self) -> tuple[str, ...]:
        """The rounds, in order."""
        return tuple(self.sites)


def load_programs(programs: Sequence[Prepared], *, full: bool = False) -> Load:
    """Return a load of real programs: probes on functions' entries, then on returns as well.

    Args:
        programs: what is run, all of them under the probes of all. No probe is where one of them
            puts a breakpoint of its own: the kernel would take that for the probe's
            (docs/limits.md).
        full: on all returns; then on every instruction of some functions, and in a last round all
            probes are disarmed and armed meanwhile.
    """
    code = {name: path for prepared in programs for name, path in prepared.code.items()}
    shares: dict[str, int] = {}
    for prepared in programs:
        program = prepared.program
        most = program.share if full else program.everyday or program.share
        shares |= {name: min(most, shares.get(name, most)) for name in prepared.code}
    found = {name: _thinned(function_sites(path), shares[name]) for name, path in code.items()}
    share = 1 if full else _EVERYDAY_SHARE
    sites = {
        ENTRIES: {name: file.entries for name, file in found.items() if file.entries},
        RETURNS: {name: file.returns[::share] for name, file in found.items() if file.returns},
    }
    if full:
        sites |= {INSTRUCTIONS: _instructions(code, found), CHURN: {}}
    breaks = frozenset(name for prepared in programs for name in prepared.program.breaks)
    sites = {kind: _without(code, rows, breaks) for kind, rows in sites.items()}
    files = {name: path for prepared in programs for name, path in prepared.files.items()}
    return Load(
        items=tuple(
            Item(
                name=prepared.program.name,
                command=prepared.command,
                rounds=tuple(sites),
                files=tuple(prepared.code),
                input=prepared.input,
                deadline=prepared.program.deadline,
                user=prepared.program.user,
                churn=_CHURN_MS if full else 0,
            )
            for prepared in programs
        ),
        sites=sites,
        files={**files, **code},
        cpus=max(p.program.cpus for p in programs) if full else 1,
    )


def _without(
    code: Mapping[str, Path], rows: Mapping[str, tuple[int, ...]], names: frozenset[str]
) -> dict[str, tuple[int, ...]]:
    """Return places by file, without those in some exported functions."""
    left: dict[str, tuple[int, ...]] = {}
    for name, places in rows.items():
        ranges = exported_ranges(code[name], names) if names else ()
        left[name] = tuple(p for p in places if not any(p in taken for taken in ranges))
    return {name: places for name, places in left.items() if places}


def _thinned(found: FunctionSites, share: int) -> FunctionSites:
    return FunctionSites(entries=found.entries[::share], returns=found.returns[::share])


def _instructions(
    code: Mapping[str, Path], found: Mapping[str, FunctionSites]
) -> dict[str, tuple[int, ...]]:
    """Return instructions of each file that are not armed already: an entry is one of them."""
    entries = {name: frozenset(file.entries) for name, file in found.items()}
    most = min(_INSTRUCTIONS, _ALL_INSTRUCTIONS // max(1, len(code)))
    rows = {
        name: tuple(
            place for place in reached_instructions(path, most) if place not in entries[name]
        )
        for name, path in code.items()
    }
    return {name: places for name, places in rows.items() if places}


def load_generated(programs: Sequence[Generated]) -> Load:
    """Return a load of generated programs: a probe on each of their own instructions."""
    places = {program.name: f"/soak/bin/{program.name}" for program in programs}
    return Load(
        items=tuple(
            Item(
                name=program.name,
                command=(places[program.name],),
                rounds=(INSTRUCTIONS,),
                files=(places[program.name],),
                deadline=300,
                source=program.source,
            )
            for program in programs
        ),
        sites={INSTRUCTIONS: {places[program.name]: program.sites for program in programs}},
        files={places[program.name]: program.program for program in programs},
    )


def pack_load(load: Load) -> bytes:
    """Return the archive of a load.

    Raises:
        InfraError: a file cannot be read.
    """
    try:
        entries = [pack_file(name.lstrip("/"), path) for name, path in load.files.items()]
    except OSError as error:
        raise InfraError(f"cannot read: {error.strerror}", where=str(error.filename)) from error
    texts = {
        **_ACCOUNTS,
        "soak/plan": format_plan(load).encode(),
        "soak/sites": format_sites(load).encode(),
    }
    entries += [
        Entry(name=name, mode=stat.S_IFREG | 0o644, data=data) for name, data in texts.items()
    ]
    links = {"bin/sh": _SHELL} if _SHELL in load.files else {}
    links |= {n: str(Path("/", n).readlink()) for n in _LINKED if Path("/", n).is_symlink()}
    entries += [
        Entry(name=name, mode=stat.S_IFLNK | 0o777, data=target.encode())
        for name, target in links.items()
    ]
    return pack_entries(iter([*folders_of(entry.name for entry in entries), *entries]))


def format_plan(load: Load) -> str:
    """Return the programs in the form that the guest reads."""
    lines: list[str] = []
    for item in load.items:
        lines += [f"program {item.name}", f"deadline {item.deadline}"]
        lines += [f"arg {word}" for word in item.command]
        lines += [f"input {item.input}"] if item.input else []
        lines += [f"user {item.user}"] if item.user else []
        lines += [f"churn {item.churn}"] if item.churn else []
        lines += [f"round {name}" for name in item.rounds]
    return "".join(f"{line}\n" for line in lines)


def format_sites(load: Load) -> str:
    """Return the places of the probes in the form that the guest reads."""
    lines: list[str] = []
    for name, files in load.sites.items():
        lines.append(f"round {name}")
        for path, offsets in files.items():
            lines.append(f"{'r' if name == RETURNS else 'p'} {path}")
            lines += [f"{offset:x}" for offset in offsets]
    return "".join(f"{line}\n" for line in lines)
