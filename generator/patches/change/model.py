# SPDX-License-Identifier: GPL-2.0-only
"""What the model of any revision says beyond the C: reasons, states, points of the review.

A model is read in a process of its own, from a folder that holds ``generator``: the running
program's, or that of another revision. ``_DESCRIBE`` is what runs there; it asks for no more than
it finds, since an older model has less.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.errors import InfraError

_DESCRIBE = """
import json, sys
sys.path.insert(0, sys.argv[1])
found = {"reasons": {}, "transitions": {}, "points": {}}
try:
    from generator.model.opcodes import OPCODES
    for refusal in OPCODES.refusals:
        for opcode in refusal.opcodes:
            found["reasons"][f"{refusal.map} {opcode:02x}".strip()] = refusal.reason
    from generator.model.states import TRANSITIONS
    for t in TRANSITIONS:
        found["transitions"][f"{t.source} -> {t.target}"] = f"{t.cause}: {t.function}()"
    from generator.model.review import RULES
    from generator.model.series import SERIES
    series = next(s for s in SERIES if s.name == sys.argv[2])
    for rule in RULES:
        patches = [p.ident for p in series.patches if rule.ident in p.review]
        if patches:
            differs = f"; differs: {rule.deviation}" if rule.deviation else ""
            found["points"][rule.ident] = f"{rule.point}, by {', '.join(patches)}{differs}"
except (ImportError, AttributeError, StopIteration):
    pass
json.dump(found, sys.stdout)
"""


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What a model says.

    Attributes:
        reasons: why an opcode is refused, by ``0f 05``.
        transitions: cause and function, by ``source -> target``.
        points: the point, and which patches answer it, by ``R01``.
    """

    reasons: Mapping[str, str]
    transitions: Mapping[str, str]
    points: Mapping[str, str]


def read_model(root: Path, series: str) -> ModelFacts:
    """Read the model in ``root``; what it lacks is empty.

    Raises:
        InfraError: it cannot be imported.
    """
    command = [sys.executable, "-I", "-B", "-c", _DESCRIBE, str(root), series]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        data = json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise InfraError(f"the model cannot be read: {error}", where=str(root)) from error
    if data is None:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise InfraError(f"the model cannot be read: {last[0]}", where=str(root))
    return ModelFacts(**data)
