# SPDX-License-Identifier: GPL-2.0-only
"""What is in a work area: the source, the kernels, how their boots ended, and the comparison."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from generator.errors import UserError
from generator.jsonfile import read_json
from generator.report.results import read_whole, result_path
from generator.report.summary import BASELINE, is_as_it_must_be

_VERDICTS = {True: "holds", False: "does not hold", None: "not compared"}


@dataclass(frozen=True, kw_only=True)
class VariantStatus:
    """A variant: its image, or ``not built``; how its boot ended, or ``not booted``.

    The baseline's tests fail, which is "as announced".

    That is a boot with all self-tests.
    """

    kernel: str
    boot: str


@dataclass(frozen=True, kw_only=True)
class WorkStatus:
    """What a work area has of a base.

    Attributes:
        workdir: the work area.
        source: what the series was rendered on, or what to run.
        variants: by name.
        before_after: whether the comparison holds.
    """

    workdir: str
    source: str
    variants: dict[str, VariantStatus]
    before_after: str


def read_status(workdir: Path, base: str, flavour: str, variants: tuple[str, ...]) -> WorkStatus:
    """Look what is there; what is missing or damaged is said to be not there."""
    source = _read_json(workdir / base / "source.json")
    comparison = _read_json(result_path(workdir, base, "compare", flavour))
    passed = comparison.get("passed")
    return WorkStatus(
        workdir=str(workdir),
        source=str(source.get("identity", "none: run uprobekit render")),
        variants={name: _variant(workdir, base, name, flavour) for name in variants},
        before_after=_VERDICTS[passed if isinstance(passed, bool) else None],
    )


def _variant(workdir: Path, base: str, variant: str, flavour: str) -> VariantStatus:
    images = sorted((workdir / base).glob(f"{variant}/linux/*/arch/x86/boot/bzImage"))
    return VariantStatus(
        kernel=str(images[0]) if images else "not built",
        boot=_boot(workdir, base, variant, flavour),
    )


def _boot(workdir: Path, base: str, variant: str, flavour: str) -> str:
    """Return how the boot with all self-tests ended."""
    path = result_path(workdir, base, variant, flavour)
    try:
        boot = read_whole(workdir, base, variant, flavour)
        as_announced = variant == BASELINE and is_as_it_must_be(boot)
        return "as announced" if as_announced else str(boot.outcome.kind)
    except UserError as error:
        some = path.with_stem(f"{path.stem}-some")
        return f"not booted: {error.what}" if path.is_file() or some.is_file() else "not booted"


def _read_json(path: Path) -> dict[str, object]:
    data = read_json(path)
    return data if isinstance(data, dict) else {}
