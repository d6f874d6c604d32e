# SPDX-License-Identifier: GPL-2.0-only
"""Boot results as JSON files: ``<workdir>/<base>/results/<variant>-<flavour>.json``.

Schema, version 1; every field is always there, text has no control characters:

    format          1
    base, variant, flavour
    outcome         {kind, reason, excerpt: [line], complaints: [line], of_base: [line]}; kinds: see
                     ``generator.guest.outcome.Kind``
    end             {ending, status, seconds, events: [text], message, waited, times}
    accel           {accel, reason, remembered}
    ktap            {planned: number or null, done, empty, noise, problems: [text], tests: [test],
                     running}
      test          {number, name, status, reason, before, values: {key: text},
                     diagnostics: [line], subtests: [test]}
    console, results   paths of the logs
    command         [argument]
    tree            git's id of the rendered tree that the kernel was built from; "": not known
    asked           [option of ``uprobekit boot``], those that ask for such a kernel

What ``--tests`` chose is kept apart, as ``<variant>-<flavour>-some.json``: what compares and
reports reads boots with all self-tests.

The guest's KTAP itself stays beside them as it was printed. The comparison is in
``compare-<flavour>.json``:

    format          1
    base, flavour, passed, has_peer
    tip             the ``tree`` of the boot of the tip
    rows            [{name, expected, baseline, tip, peer, verdict, note}]
    problems        [text], empty when passed
    peer_fails      [name of a test]

and the same as a table in ``compare-<flavour>.txt``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from generator.errors import UserError
from generator.guest.boot import BootResult
from generator.guest.outcome import plain_complaint
from generator.jsonfile import as_object
from generator.paths import read_now, write_atomic
from generator.report.compare import Comparison

FORMAT = 1
"""Version of the schema; raised when a field changes its meaning or goes."""

UNPATCHED = ("baseline", "peer")
"""The kernels without the series."""


def result_path(workdir: Path, base: str, variant: str, flavour: str = "plain") -> Path:
    """Return where the result of a boot is kept."""
    return workdir / base / "results" / f"{variant}-{flavour}.json"


def dump_json(data: Mapping[str, object]) -> bytes:
    """Return ``data`` as the JSON text of a file, the same for the same data."""
    return (json.dumps(data, indent=1, sort_keys=True, default=str) + "\n").encode()


def boot_data(result: BootResult) -> dict[str, object]:
    """Return ``result`` as JSON types."""
    return {"format": FORMAT, **asdict(result)}


def write_boot(result: BootResult, workdir: Path, *, key: str = "") -> Path:
    """Keep ``result`` and its KTAP in the work area and return the JSON file's path.

    Args:
        result: of the boot.
        workdir: the work area.
        key: a hash of what the result depends on, for ``kept_boot``; "": not for it.

    Raises:
        InfraError: the files cannot be written.
    """
    path = result_path(workdir, result.base, result.variant, result.flavour)
    of_result = key_path(workdir, result.base, result.variant, result.flavour)
    of_result.unlink(missing_ok=True)
    write_atomic(path, dump_json(boot_data(result)))
    if result.results.is_file():
        write_atomic(path.with_suffix(".ktap"), result.results.read_bytes())
    if key:
        write_atomic(of_result, key.encode())
    return path


def write_again(result: BootResult, workdir: Path) -> None:
    """Write a kept result as it is told now; the time of the file stays that of the boot.

    Raises:
        InfraError: the file cannot be written.
    """
    path = result_path(workdir, result.base, result.variant, result.flavour)
    data = dump_json(boot_data(result))
    if read_now(path) == data:
        return
    before = path.stat()
    write_atomic(path, data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def key_path(workdir: Path, base: str, variant: str, flavour: str) -> Path:
    """Return where it is kept what the kept result of a boot depends on."""
    return result_path(workdir, base, variant, flavour).with_suffix(".key")


def kept_boot(
    workdir: Path, base: str, variant: str, flavour: str, *, key: str
) -> BootResult | None:
    """Return the kept result of a boot if it depends on what ``key`` is a hash of."""
    try:
        if read_now(key_path(workdir, base, variant, flavour)) != key.encode():
            return None
        return read_boot(result_path(workdir, base, variant, flavour))
    except (OSError, UserError):
        return None


def base_complaints(workdir: Path, base: str, flavours: tuple[str, ...]) -> tuple[str, ...]:
    """Return what kernels without the series have complained of while they started, if any did.

    Args:
        workdir: the work area.
        base: whose kernels.
        flavours: names of kept results; what one of them says counts.
    """
    found: set[str] = set()
    for variant in UNPATCHED:
        for flavour in flavours:
            with suppress(UserError):
                outcome = read_boot(result_path(workdir, base, variant, flavour)).outcome
                found.update(map(plain_complaint, outcome.of_base))
    return tuple(sorted(found))


def comparison_data(comparison: Comparison) -> dict[str, object]:
    """Return ``comparison`` as JSON types."""
    return {"format": FORMAT, "passed": comparison.passed, **asdict(comparison)}


def write_comparison(comparison: Comparison, workdir: Path) -> Path:
    """Keep ``comparison`` in the work area and return the file's path.

    Raises:
        InfraError: the file cannot be written.
    """
    path = result_path(workdir, comparison.base, "compare", comparison.flavour)
    write_atomic(path, dump_json(comparison_data(comparison)))
    return path


def table_path(workdir: Path, base: str, flavour: str) -> Path:
    """Return where the table of every test is kept, for people."""
    return result_path(workdir, base, "compare", flavour).with_suffix(".txt")


def read_boot(path: Path) -> BootResult:
    """Return the result kept in ``path``.

    Raises:
        UserError: the file is missing, damaged or of another version.
    """
    try:
        data = json.loads(read_now(path))
    except OSError as error:
        raise UserError(
            f"cannot read: {error.strerror}", where=str(path), hint="boot this variant first"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserError("this is no JSON", where=str(path), hint="boot it again") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(
            f"the format is not {FORMAT}", where=str(path), hint="boot this variant again"
        )
    try:
        return as_object({"asked": ["--base", data.get("base")], **data}, BootResult)
    except ValueError as error:
        raise UserError(
            f"a field is missing or wrong: {error}", where=str(path), hint="boot it again"
        ) from error


def read_whole(workdir: Path, base: str, variant: str, flavour: str = "plain") -> BootResult:
    """Return the kept result of a boot with all self-tests.

    Raises:
        UserError: it is missing, damaged or of another version, or is the result of something else.
    """
    path = result_path(workdir, base, variant, flavour)
    if not path.is_file() and result_path(workdir, base, variant, f"{flavour}-some").is_file():
        raise UserError(
            "there is no boot with all self-tests",
            where=str(path),
            hint=_again(base, variant, flavour),
        )
    result = read_boot(path)
    if result.chosen:
        raise UserError(
            f"only the self-tests '{result.chosen}' were run",
            where=str(path),
            hint=_again(base, variant, flavour),
        )
    found, wanted = (result.base, result.variant, result.flavour), (base, variant, flavour)
    if found != wanted:
        raise UserError(
            f"this is a boot of {_name(*found)}, not of {_name(*wanted)}",
            where=str(path),
            hint=_again(*wanted),
        )
    return result


def _name(base: str, variant: str, flavour: str) -> str:
    return f"{base}/{variant} ({flavour})"


def _again(base: str, variant: str, flavour: str) -> str:
    name, _, accel = flavour.partition("-")
    words = f"--flavour {name} " if name != "plain" else ""
    words += f"--accel {accel} " if accel else ""
    return f"run: uprobekit boot --base {base} {words}{variant}, without --tests"
