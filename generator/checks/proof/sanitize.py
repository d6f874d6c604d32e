# SPDX-License-Identifier: GPL-2.0-only
"""Bad input: whatever the bytes are, the analysis ends in a verdict and touches nothing else.

The analysis is compiled once more with the address and undefined behaviour sanitizers, as a filter
(``shim/filter.c``).
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from pathlib import Path

from generator import tools
from generator.checks.proof.judge import LEGACY_PREFIXES
from generator.checks.proof.library import INSN_BYTES
from generator.errors import CheckFailed, InfraError

_VEX = bytes.fromhex("c4 c5 62 8f d5 0f")
_TIME_LIMIT = 600


def bad_inputs(*, number: int, seed: int) -> list[tuple[int, bytes]]:
    """Make mode and bytes: random, some behind many prefixes or an extended encoding's first."""
    rng = random.Random(f"bad input {seed}")
    prefixes = sorted(LEGACY_PREFIXES)
    found = []
    for _ in range(number):
        kind = rng.randrange(4)
        front = b""
        if kind == 1:
            front = bytes(rng.choices(prefixes, k=rng.randrange(1, 16)))
        elif kind == 2:
            front = bytes([rng.choice(_VEX)])
        code = (front + rng.randbytes(INSN_BYTES))[:INSN_BYTES]
        found.append((rng.choice((64, 32)), code))
    return found


def analyze_checked(program: Path, inputs: Sequence[tuple[int, bytes]]) -> list[int]:
    """Analyse ``INSN_BYTES`` bytes each, with sanitizers; returns what the analysis returns.

    Raises:
        CheckFailed: a sanitizer reports something; says for which input.
        InfraError: the program cannot be run.
    """
    records = b"".join(bytes([bits == 64]) + code for bits, code in inputs)
    try:
        done = tools.run_bytes([program], stdin=records, limit=_TIME_LIMIT)
    except InfraError as error:
        what = f"the analysis with sanitizers: {error.what}"
        raise InfraError(what, where=str(program)) from error
    answers = [value for (value,) in struct.iter_unpack("<i", done.stdout[: len(done.stdout) & -4])]
    if done.returncode or len(answers) != len(inputs):
        bits, code = inputs[min(len(answers), len(inputs) - 1)]
        report = done.stderr.decode(errors="replace").strip().splitlines()
        raise CheckFailed(
            f"a sanitizer reports: {report[0] if report else f'status {done.returncode}'}",
            where=f"{bits}-bit code {code.hex(' ')}",
        )
    return answers
