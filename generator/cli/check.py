# SPDX-License-Identifier: GPL-2.0-only
"""Checks and measurements by their names: one registry of each, and the commands that run them.

Checks run in a process each and end in one table. What measures takes its time and the machine, so
it runs here, one after the other, and says what it says alone.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial

from generator import tools
from generator.cli.options import Options
from generator.errors import UserError
from generator.plan import find_series
from generator.report.check import CheckRow, format_checks, worst, worst_status


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check.

    Attributes:
        words: its command.
        what: what it asks.
        built: it needs kernels that were built.
        asked: it takes minutes, so it runs when it is named.
        series: its command takes ``--series``.
        modelled: it holds a series against the model of uprobes, which not every series brings.
    """

    words: tuple[str, ...]
    what: str
    built: bool = False
    asked: bool = False
    series: bool = True
    modelled: bool = True


CHECKS = {
    "drift": Check(
        words=("render", "--check"),
        what="kernel_patches/ and interface.txt are what the model renders",
        modelled=False,
    ),
    "checkpatch": Check(
        words=("checkpatch",), what="the base's own checkpatch.pl --strict", modelled=False
    ),
    "review": Check(words=("review",), what="the points of the review, with evidence"),
    "states": Check(words=("states",), what="a task's states, with every guard and without each"),
    "schedules": Check(words=("schedules",), what="the core's C in every order of threads"),
    "verify": Check(words=("verify",), what="the tip, as libclang sees it", built=True),
    "patches": Check(
        words=("patches",),
        what="each patch: applied, mailed, compiled",
        built=True,
        modelled=False,
    ),
    "proof": Check(words=("proof",), what="instructions, unprobed and probed", asked=True),
    "verdicts": Check(words=("verdicts",), what="every opcode, ours and the base's", asked=True),
    "fuzz": Check(words=("fuzz",), what="the analysis, by libFuzzer", asked=True, series=False),
    "mutate": Check(words=("mutate",), what="small faults are noticed", asked=True),
}
"""By name; those that need no kernel are run when nobody names one.

Of these ``checkpatch`` and ``states`` take longest, each longer than the other three together.
"""

MEASURES = {
    "matrix": Check(words=("matrix",), what="each patch compiled, in every configuration"),
    "coverage": Check(words=("coverage",), what="lines that the self-tests execute", built=True),
    "corpus": Check(words=("corpus",), what="instructions in a guest", built=True),
    "soak": Check(words=("soak",), what="real programs under thousands of probes", built=True),
    "clients": Check(words=("clients",), what="perf, bpftrace, systemtap, ftrace", built=True),
    "mended": Check(words=("mended",), what="each prefix against the catalogue", built=True),
    "cost": Check(words=("cost",), what="instructions that a hit takes", built=True),
    "scaling": Check(words=("scaling",), what="hits on several processors", built=True),
    "census": Check(words=("census",), what="what programs of this machine begin with"),
}
"""By name; each is a command of its own, with options of its own."""


def check(options: Options, names: Sequence[str]) -> int:
    """Run checks, as many at a time as there are processors; return the exit status.

    Raises:
        UserError: there is no such check.
    """
    modelled = find_series(options.series).modelled
    offered = {name: one for name, one in CHECKS.items() if modelled or not one.modelled}
    plain = [name for name, one in offered.items() if not (one.built or one.asked)]
    chosen = list(dict.fromkeys(names)) or plain
    for name in chosen:
        if name not in offered:
            raise UserError(f"there is no check '{name}'", hint=f"they are: {', '.join(offered)}")
    screen = options.screen()
    # the longest one first: the others go beside it
    order = sorted(chosen, key=lambda name: name != "states")
    with ThreadPoolExecutor(options.jobs or os.cpu_count() or 1) as pool:
        found = {row.name: row for row in pool.map(partial(_run, options), order)}
    rows = [found[name] for name in chosen]
    screen.result({"checks": [asdict(row) for row in rows]})
    screen.say(format_checks(rows))
    return worst_status(rows)


def _run(options: Options, name: str) -> CheckRow:
    """Run a check; what it prints is kept where it is not good."""
    words = _words(options, CHECKS[name])
    started = time.monotonic()
    done = tools.run([sys.executable, "-m", "generator", *words, "--quiet"])
    return CheckRow(
        name=name,
        what=CHECKS[name].what,
        status=done.returncode if done.returncode >= 0 else 3,
        seconds=round(time.monotonic() - started, 1),
        command=shlex.join(["uprobekit", *words]),
        text=done.stderr.strip() if done.returncode else "",
    )


def _words(options: Options, one: Check) -> list[str]:
    """Return the command line of a check or a measurement, with the options that all have."""
    words = [*one.words, "--base", options.base]
    words += ["--series", options.series] if one.series else []
    words += ["--tree", str(options.tree)] if options.tree else []
    words += ["--rev", options.rev] if options.rev else []
    return words + (["--workdir", str(options.workdir)] if options.workdir else [])


def measure(options: Options, names: Sequence[str]) -> int:
    """Run measurements, one after the other, or list them; return the exit status.

    Raises:
        UserError: there is no such measurement, or JSON of several is asked for.
    """
    from generator.cli.app import main

    for name in names:
        if name not in MEASURES:
            known = ", ".join(MEASURES)
            raise UserError(f"there is no measurement '{name}'", hint=f"they are: {known}")
    chosen = list(dict.fromkeys(names))
    if options.as_json and len(chosen) != 1:
        raise UserError("--json is the result of one measurement", hint="name one")
    if not chosen:
        screen = options.screen()
        for name, one in MEASURES.items():
            needs = "; builds kernels, and boots them" if one.built else ""
            screen.say(f"{name:10}{one.what}{needs}")
        return 0
    more = ["--json"] * options.as_json + ["--quiet"] * options.quiet
    return worst([main([*_words(options, MEASURES[name]), *more]) for name in chosen])
