# SPDX-License-Identifier: GPL-2.0-only
"""The proof in the kernel: what the guests say that have executed the corpus."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from generator.checks.proof.corpus import Corpus, Placed
from generator.errors import CheckFailed
from generator.guest.ktap import KtapReport

SIDES = ("ours", "base")

_LINE = re.compile(r"^#\s+case (\d+) \([0-9a-f ]*\): (.*)$")


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A case that a kernel gets wrong: which side, the instruction, and what differs first."""

    side: str
    code: str
    text: str
    mnemonic: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Instructions that ours refuses and the base executes as if there were no probe.

    ``reason`` is why ours does, "" when nobody has one: then it is a failure.
    """

    reason: str
    cases: int
    mnemonics: tuple[str, ...]
    example: str


@dataclass(frozen=True, kw_only=True)
class CorpusResult:
    """What the guests have found.

    Attributes:
        bits: the mode, 64 or 32.
        cases: instructions in the corpus.
        executed: with and without a probe, by each side.
        faults: of these, those that raise an exception.
        refused: by each side; the others are not of the corpus of either.
        wrong: each case that a side gets wrong.
        refusals: what ours refuses and the base gets right, by the reason.
    """

    bits: int
    cases: int
    executed: dict[str, int]
    faults: dict[str, int]
    refused: dict[str, int]
    wrong: tuple[Wrong, ...]
    refusals: tuple[Refusal, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What fails: ours is wrong, or refuses for no reason what the base gets right."""
        wrong = [
            f"{case.code} {case.text}: {case.what}" for case in self.wrong if case.side == SIDES[0]
        ]
        needless = [
            f"refused without a reason, and right on the base: {', '.join(row.mnemonics)}"
            for row in self.refusals
            if not row.reason
        ]
        return (*wrong, *needless)


def read_results(
    corpus: Corpus, reports: Mapping[str, KtapReport], *, bits: int = 64
) -> CorpusResult:
    """Add up what the guests have printed.

    Args:
        corpus: what they were given.
        reports: by side.
        bits: the mode of the corpus.

    Raises:
        CheckFailed: a guest has not come to its end.
    """
    wrong: list[Wrong] = []
    sums: dict[str, Counter[str]] = {}
    for side, report in reports.items():
        if report.problems or not report.tests:
            what = report.problems[0] if report.problems else "there is no result"
            raise CheckFailed(what, where=side)
        sums[side] = Counter()
        found: dict[int, str] = {}
        for test in report.tests:
            for name in ("cases", "faults", "refused"):
                sums[side][name] += int(test.values.get(name, 0))
            for line in test.diagnostics:
                match = _LINE.match(line)
                if match:
                    found.setdefault(int(match[1]), match[2])
            if test.outcome not in ("pass", "wrong"):
                found.setdefault(-1, f"{test.name}: {test.outcome}")
        wrong += [_wrong(corpus, side, index, what) for index, what in sorted(found.items())]
    return CorpusResult(
        bits=bits,
        cases=len(corpus.cases),
        executed={side: count["cases"] for side, count in sums.items()},
        faults={side: count["faults"] for side, count in sums.items()},
        refused={side: count["refused"] + _announced(corpus, side) for side, count in sums.items()},
        wrong=tuple(wrong),
        refusals=_refusals(corpus, wrong) if SIDES[1] in reports else (),
    )


def _refusals(corpus: Corpus, wrong: Sequence[Wrong]) -> tuple[Refusal, ...]:
    """Group what only ours refuses by the reason, those that the base gets wrong left aside."""
    bad = {case.code for case in wrong if case.side == SIDES[1]}
    groups: dict[str, list[Placed]] = {}
    for case in corpus.cases:
        if case.refused == (True, False) and case.code.hex(" ") not in bad:
            groups.setdefault(case.reason, []).append(case)
    return tuple(
        Refusal(
            reason=reason,
            cases=len(cases),
            mnemonics=tuple(sorted({case.mnemonic for case in cases})),
            example=f"{cases[0].code.hex(' ')}  {cases[0].text}",
        )
        for reason, cases in sorted(groups.items())
    )


def _announced(corpus: Corpus, side: str) -> int:
    """Count the cases that a guest was told to leave out."""
    return sum(case.refused[SIDES.index(side)] for case in corpus.cases)


def _wrong(corpus: Corpus, side: str, index: int, what: str) -> Wrong:
    if not 0 <= index < len(corpus.cases):
        return Wrong(side=side, code="", text="", mnemonic="", what=what)
    case = corpus.cases[index]
    return Wrong(
        side=side, code=case.code.hex(" "), text=case.text, mnemonic=case.mnemonic, what=what
    )


def _counts(counter: Counter[str]) -> str:
    """Return the most frequent ones, and how many there are beyond them."""
    shown = ", ".join(f"{name} {count}" for name, count in counter.most_common(_SHOWN))
    return f"{shown} and {len(counter) - _SHOWN} more" if len(counter) > _SHOWN else shown


_SHOWN = 40


def as_data(results: Sequence[CorpusResult]) -> dict[str, object]:
    """Return the results of all modes for JSON."""
    return {"format": 1, "runs": [asdict(result) for result in results]}


def as_text(result: CorpusResult, *, most: int = 20) -> str:
    """Return the result for people; of the cases that are wrong the first ``most`` of each side."""
    lines = [
        f"{result.cases} instructions of {result.bits}-bit code, "
        "each executed without a probe and with one"
    ]
    for side in result.executed:
        wrong = [case for case in result.wrong if case.side == side]
        lines.append(
            f"{side:6} executed {result.executed[side]}, faults {result.faults[side]}, "
            f"refused {result.refused[side]}, wrong {len(wrong)}"
        )
        # what differs first: "ip: expected 0x1, saw 0x2"
        kinds = Counter(case.what.split(":")[0].split("+")[0] for case in wrong)
        names = Counter(case.mnemonic for case in wrong)
        if wrong:
            lines.append(f"  by what differs first: {_counts(kinds)}")
            lines.append(f"  by instruction: {_counts(names)}")
        lines += [f"  {case.code}  {case.text}: {case.what}" for case in wrong[:most]]
    if result.refusals:
        lines.append("refused by ours, and right on the base:")
        lines += [
            f"  {row.reason or 'WITHOUT A REASON'}: {row.cases} cases, {', '.join(row.mnemonics)}; "
            f"{row.example}"
            for row in result.refusals
        ]
    return "\n".join(lines)
