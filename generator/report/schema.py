# SPDX-License-Identifier: GPL-2.0-only
"""JSON Schema of what commands print with ``--json``, made from the types of their results.

They stand in ``docs/schema/``; a test compares. A field may be added at any time; ``format`` is
raised when one changes its meaning or goes. msgspec has schemas as well: in those a field with a
default need not be there, which is always printed here, and each docstring stands whole.
"""

from __future__ import annotations

import types
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from generator.checks.catalogue.mended import Prefix
from generator.checks.catalogue.run import Checked
from generator.checks.census.opcodes import OpcodeVerdict
from generator.checks.census.run import Side
from generator.checks.checkpatch import CheckpatchResult
from generator.checks.interface.ast import Check
from generator.checks.patches.apply import Applied
from generator.checks.patches.code import CodeResult
from generator.checks.patches.compiled import CompiledFile
from generator.checks.patches.mail import Finding
from generator.checks.patches.recipients import Recipient
from generator.checks.port.progress import Started
from generator.checks.port.survey import Survey
from generator.checks.proof.explain import Explanation
from generator.checks.proof.fuzz import FuzzResult
from generator.checks.proof.summary import Summary
from generator.checks.review.run import Point
from generator.checks.scaling.count import HitCounts
from generator.checks.scaling.rates import Rate
from generator.checks.schedules.run import Schedules
from generator.checks.soak.judge import Soak
from generator.checks.states.rows import StatesRows
from generator.guest.boot import BootResult
from generator.kbuild.kernel import BuildResult
from generator.patches.change.run import SeriesDiff
from generator.patches.drift import Drift
from generator.report.check import CheckRow
from generator.report.clients import Client
from generator.report.compare import Comparison
from generator.report.corpus import CorpusResult
from generator.report.cost import Cost, CostSummary
from generator.report.coverage import Coverage
from generator.report.matrix import Matrix
from generator.report.mutants import Score
from generator.report.results import FORMAT
from generator.report.status import WorkStatus
from generator.report.whole import Status

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a command prints: the fields of ``of``, if any, and further ones with their types."""

    what: str
    of: type | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


RESULTS = {
    "boot": Shape(what="kernels that were booted", more={"boots": tuple[BootResult, ...]}),
    "build": Shape(what="kernels that were built", more={"kernels": tuple[BuildResult, ...]}),
    "census": Shape(
        what="what programs begin with, ours and the base's verdicts",
        more={
            "base": str,
            "source": str,
            "files": int,
            "go_files": int,
            "unreadable": int,
            "sides": dict[str, Side],
        },
    ),
    "check": Shape(
        what="checks that were run, in one table", more={"checks": tuple[CheckRow, ...]}
    ),
    "checkpatch": Shape(what="what checkpatch.pl finds", of=CheckpatchResult),
    "check-kernel": Shape(
        what="which faults of the catalogue a kernel has",
        of=Checked,
        more={"affected": tuple[str, ...]},
    ),
    "clients": Shape(
        what="what the clients of uprobes count, on the tip and on the base",
        more={"versions": Mapping[str, str], "clients": tuple[Client, ...]},
    ),
    "compare": Shape(
        what="self-tests before and after; qemu-test prints it as well",
        of=Comparison,
        more={"passed": bool},
    ),
    "corpus": Shape(
        what="the corpus in a guest, without probes and with",
        more={"runs": tuple[CorpusResult, ...]},
    ),
    "cost": Shape(
        what="instructions a hit takes",
        more={"rows": tuple[Cost, ...], "kinds": tuple[CostSummary, ...]},
    ),
    "coverage": Shape(
        what="lines that the self-tests execute in the booted kernel",
        of=Coverage,
        more={"share": float},
    ),
    "diff": Shape(what="what changed between two renderings", of=SeriesDiff, more={"same": bool}),
    "drift": Shape(
        what="render --check: committed patches against the model",
        of=Drift,
        more={"clean": bool, "base_moved": bool},
    ),
    "explain": Shape(what="what a probe on one instruction does", of=Explanation),
    "fuzz": Shape(what="a run of the fuzzer", of=FuzzResult, more={"base": str, "source": str}),
    "matrix": Shape(what="every prefix in every configuration", of=Matrix),
    "mbox": Shape(
        what="a version of the series that was written",
        more={"mbox": str, "mails": int, "version": int},
    ),
    "faults": Shape(
        what="faults written by hand, and what notices them", of=Score, more={"share": float}
    ),
    "mended": Shape(
        what="what each patch of a series mends",
        more={"prefixes": tuple[Prefix, ...], "problems": tuple[str, ...]},
    ),
    "mutate": Shape(what="faults, and what notices them", of=Score, more={"share": float}),
    "patches": Shape(
        what="each patch in its place: applied, as a mail, its objects",
        more={
            "base": str,
            "applied": tuple[Applied, ...],
            "findings": tuple[Finding, ...],
            "code": tuple[CodeResult, ...],
            "compiled": tuple[CompiledFile, ...],
            "recipients": tuple[Recipient, ...],
        },
    ),
    "port": Shape(
        what="what of a base holds in another version, and what has to be done",
        of=Survey,
        more={"problems": int, "started": Started | None},
    ),
    "proof": Shape(
        what="instructions unprobed and probed, without a kernel",
        of=Summary,
        more={"base": str, "source": str, "seed": int, "checked_inputs": int},
    ),
    "verdicts": Shape(
        what="every opcode, ours and the base's",
        more={"bits": int, "opcodes": tuple[OpcodeVerdict, ...]},
    ),
    "report": Shape(
        what="how the sections of a report stand",
        more={"report": str, "sections": tuple[Status, ...]},
    ),
    "review": Shape(what="the points of the review", more={"points": tuple[Point, ...]}),
    "scaling": Shape(
        what="hits on several processors: what they share, and how many there are in a second",
        more={
            "counts": tuple[HitCounts, ...],
            "rates": tuple[Rate, ...],
            "problems": tuple[str, ...],
        },
    ),
    "schedules": Shape(
        what="the core's C in every order of a few threads",
        of=Schedules,
        more={"base": str, "source": str},
    ),
    "soak": Shape(what="programs under probes, on the tip and on the base", of=Soak),
    "states": Shape(what="the states of probed tasks, explored", of=StatesRows),
    "status": Shape(what="what is in the work area", of=WorkStatus),
    "verify": Shape(what="the tip against the model", more={"checks": tuple[Check, ...]}),
}
"""By command; ``drift`` is ``render --check``."""


def make_schema(name: str) -> dict[str, object]:
    """Return the schema of what a command prints; ``name`` is one of ``RESULTS``."""
    shape = RESULTS[name]
    known: dict[str, object] = {}
    hints = {**(_hints(shape.of) if shape.of else {}), **shape.more}
    properties: dict[str, object] = {"format": {"const": FORMAT}}
    properties |= {key: _schema(hint, known) for key, hint in hints.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"uprobekit {name} --json",
        "description": shape.what,
        "type": "object",
        "required": sorted(properties),
        "properties": properties,
        "$defs": {key: known[key] for key in sorted(known)},
    }


def _hints(kind: type) -> dict[str, Any]:
    """Return the fields of a dataclass with their types."""
    hints = get_type_hints(kind)
    return {member.name: hints[member.name] for member in fields(kind)}


def _schema(hint: Any, known: dict[str, object]) -> dict[str, object]:  # noqa: ANN401
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(argument, known) for argument in arguments]}
    if origin is tuple and arguments[-1:] != (Ellipsis,):
        items = [_schema(argument, known) for argument in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items)}
    if isinstance(origin, type) and issubclass(origin, Counter):
        return {"type": "object", "additionalProperties": {"type": "integer"}}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(arguments[1], known)}
    if isinstance(origin, type) and issubclass(origin, Sequence | AbstractSet):
        return {"type": "array", "items": _schema(arguments[0], known)}
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [value.value for value in hint]}
    if isinstance(hint, type) and issubclass(hint, Path):
        return {"type": "string"}
    if is_dataclass(hint) and isinstance(hint, type):
        return _reference(hint, known)
    raise TypeError(f"{hint} has no form in JSON")


def _reference(kind: type, known: dict[str, object]) -> dict[str, object]:
    if kind.__name__ not in known:
        known[kind.__name__] = {}
        hints = _hints(kind)
        known[kind.__name__] = {
            "type": "object",
            "description": (kind.__doc__ or "").strip().splitlines()[0],
            "required": sorted(hints),
            "properties": {key: _schema(hint, known) for key, hint in hints.items()},
        }
    return {"$ref": f"#/$defs/{kind.__name__}"}
