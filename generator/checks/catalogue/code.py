# SPDX-License-Identifier: GPL-2.0-only
"""Instructions that a kernel executes otherwise with a probe, and the entries that they belong to.

The guest's ``corpus`` says of each what differs first; an entry names, as a regular expression,
the bytes and the difference that are its own. The first entry of the catalogue counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from generator.checks.proof.judge import LONGEST, decode, text
from generator.guest.ktap import KtapTest
from generator.model.catalogue import CATALOGUE, Entry
from generator.model.catalogue.programs import CORPUS

_LINE = re.compile(r"\bcase \d+ \(([0-9a-f ]+)\): (.*)$")
_UNTRIED = ("refused: ", "died without a probe: ")
_BITS = {"": 64, "m32-": 32}
_NAME = re.compile(rf"(m32-|){CORPUS}")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """An instruction that is not executed as without a probe.

    Args:
        code: its bytes, hexadecimal.
        what: what differs first.
        bits: of its mode.
    """

    code: str
    what: str
    bits: int

    @property
    def owner(self) -> Entry | None:
        """The entry that it belongs to."""
        said = f"{self.code}: {self.what}"
        mine = (entry for entry in CATALOGUE if entry.code and re.search(entry.code, said))
        return next(mine, None)

    def __str__(self) -> str:
        """Return it as evidence."""
        data = bytes.fromhex(self.code).ljust(LONGEST, b"\0")
        return f"{self.code}  {text(decode(data, bits=self.bits, ip=0))}: {self.what}"


def is_corpus(test: str) -> bool:
    """Tell whether a test is a stretch of the corpus."""
    return bool(_NAME.match(test))


def read_differences(test: KtapTest) -> tuple[Difference, ...]:
    """Return what a stretch of the corpus has found, each once."""
    match = _NAME.match(test.name)
    return tuple(dict.fromkeys(_read(test.diagnostics, _BITS[match[1]]))) if match else ()


def _read(lines: Iterable[str], bits: int) -> Iterator[Difference]:
    for line in lines:
        match = _LINE.search(line)
        if match and not match[2].startswith(_UNTRIED):
            yield Difference(code=match[1], what=match[2], bits=bits)
