# SPDX-License-Identifier: GPL-2.0-only
"""Checks and measurements by their names: one registry of each, and the commands that run them.

Checks run in a process each and end in one table; one that is named alone says all that it has to
say. What measures takes its time and the machine, so it runs here, one after the other. Kernels
that one needs are built first. ``make check-NAME`` and ``make measure-NAME`` are these commands,
after the Debian packages that the Makefile has for a name.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from functools import partial
from itertools import takewhile

from generator import tools
from generator.cli.options import Options
from generator.errors import UserError
from generator.plan import find_series
from generator.report.check import CheckRow, format_checks, worst, worst_status


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check, or a measurement.

    Attributes:
        words: its command.
        what: what it asks.
        builds: the kernels that it needs, as ``uprobekit build`` calls them.
        flavour: theirs.
        asked: it takes minutes, so it runs when it is named.
        series: its command takes ``--series``, and is not about one series anyway.
        modelled: it holds a series against the model of uprobes, which not every series brings.
    """

    words: tuple[str, ...]
    what: str
    builds: tuple[str, ...] = ()
    flavour: str = "plain"
    asked: bool = False
    series: bool = True
    modelled: bool = True


_TIP = ("tip",)
_BOTH = ("tip", "peer")

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
    "verify": Check(words=("verify",), what="the tip, as libclang sees it", builds=_TIP),
    "patches": Check(
        words=("patches",),
        what="each patch: applied, mailed, compiled",
        builds=_TIP,
        modelled=False,
    ),
    "proof": Check(words=("proof",), what="instructions, unprobed and probed", asked=True),
    "verdicts": Check(words=("verdicts",), what="every opcode, ours and the base's", asked=True),
    "fuzz": Check(words=("fuzz",), what="the analysis, by libFuzzer", asked=True, series=False),
    "mutate": Check(words=("mutate",), what="small faults are noticed", builds=_TIP, asked=True),
    "faults": Check(
        words=("mutate", "--by-hand", "tests/faults", "--count", "1000", "--boots", "1000"),
        what="the faults that people wrote, in a clone",
        builds=_TIP,
        asked=True,
    ),
}
"""By name; those that need no kernel are run when nobody names one.

Of these ``checkpatch`` and ``states`` take longest, each longer than the other three together.
"""

MEASURES = {
    "matrix": Check(words=("matrix",), what="each patch compiled, in every configuration"),
    "coverage": Check(
        words=("coverage",), what="lines that the self-tests execute", builds=_TIP, flavour="gcov"
    ),
    "corpus": Check(
        words=("corpus",), what="instructions in a guest", builds=_BOTH, modelled=False
    ),
    "soak": Check(words=("soak",), what="real programs under thousands of probes", builds=_BOTH),
    "clients": Check(
        words=("clients",),
        what="perf, bpftrace, systemtap, ftrace",
        builds=_BOTH,
        flavour="clients",
    ),
    "mended": Check(
        words=("mended", "--series", "fixes"),
        what="each prefix of the series fixes against the catalogue; builds each",
        series=False,
    ),
    "cost": Check(
        words=("cost",), what="instructions that a hit takes", builds=_BOTH, modelled=False
    ),
    "scaling": Check(words=("scaling",), what="hits on several processors", builds=_BOTH),
    "census": Check(words=("census",), what="what programs of this machine begin with"),
}
"""By name; each is a command of its own, with options of its own."""


def check(options: Options, words: Sequence[str]) -> int:
    """Run checks, as many at a time as there are processors; return the exit status.

    Args:
        options: of the command.
        words: names of checks, and options of the one that is named.

    Raises:
        UserError: there is no such check, or options of its own are given to several.
    """
    modelled = find_series(options.series).modelled
    offered = {name: one for name, one in CHECKS.items() if modelled or not one.modelled}
    plain = [name for name, one in offered.items() if not (one.builds or one.asked)]
    named, own = _split(words, offered, "check")
    chosen = named or plain
    # a series of the unmodified tree is compiled by the command that looks at it
    if modelled and (status := _build(options, [CHECKS[name] for name in chosen])):
        return status
    if len(named) == 1 and not options.as_json:
        return _alone(options, CHECKS[named[0]], own)
    screen = options.screen()
    # the longest one first: the others go beside it
    order = sorted(chosen, key=lambda name: name != "states")
    with ThreadPoolExecutor(options.jobs or os.cpu_count() or 1) as pool:
        found = {row.name: row for row in pool.map(partial(_run, options, own), order)}
    rows = [found[name] for name in chosen]
    screen.result({"checks": [asdict(row) for row in rows]})
    screen.say(format_checks(rows))
    return worst_status(rows)


def _split(words: Sequence[str], known: Iterable[str], kind: str) -> tuple[list[str], list[str]]:
    """Return the names among the words of a command line, and the options that follow them.

    Raises:
        UserError: there is no such name, or the options are not those of one.
    """
    names = list(dict.fromkeys(takewhile(lambda word: not word.startswith("-"), words)))
    own = [word for word in words if word not in names] if len(names) != 1 else list(words[1:])
    for name in names:
        if name not in known:
            raise UserError(f"there is no {kind} '{name}'", hint=f"they are: {', '.join(known)}")
    if own and len(names) != 1:
        raise UserError(
            f"there is no option '{own[0]}' here",
            hint=f"an option of one {kind} stands after its name",
        )
    return names, own


def _build(options: Options, needed: Iterable[Check]) -> int:
    """Build the kernels that checks or measurements need; return the exit status.

    What that says is no result: it goes to stderr.
    """
    from generator.cli.app import main
    from generator.cli.building import variants_of

    wanted = dict.fromkeys((one.builds, one.flavour) for one in needed if one.builds)
    for builds, flavour in wanted:
        names = variants_of(options.series, builds)
        words = _words(options, ("build", *names, "--flavour", flavour))
        with redirect_stdout(sys.stderr):
            status = main([*words, *["--quiet"] * options.quiet])
        if status:
            return status
    return 0


def _alone(options: Options, one: Check, own: Sequence[str]) -> int:
    """Run a check or a measurement with all that it says; return the exit status."""
    from generator.cli.app import main

    more = ["--json"] * options.as_json + ["--quiet"] * options.quiet
    return main([*_words(options, one.words, series=one.series), *own, *more])


def _run(options: Options, own: Sequence[str], name: str) -> CheckRow:
    """Run a check; what it prints is kept where it is not good."""
    words = [*_words(options, CHECKS[name].words, series=CHECKS[name].series), *own]
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


def _words(options: Options, command: Sequence[str], *, series: bool = True) -> list[str]:
    """Return the command line of a command, with the options that all have."""
    words = [*command, "--base", options.base]
    words += ["--series", options.series] if series else []
    words += ["--tree", str(options.tree)] if options.tree else []
    words += ["--rev", options.rev] if options.rev else []
    return words + (["--workdir", str(options.workdir)] if options.workdir else [])


def measure(options: Options, words: Sequence[str]) -> int:
    """Run measurements, one after the other, or list them; return the exit status.

    Args:
        options: of the command.
        words: names of measurements, and options of the one that is named.

    Raises:
        UserError: there is no such measurement, options of its own are given to several, or JSON
            of several is asked for.
    """
    chosen, own = _split(words, MEASURES, "measurement")
    if options.as_json and len(chosen) != 1:
        raise UserError("--json is the result of one measurement", hint="name one")
    if not chosen:
        screen = options.screen()
        for name, one in MEASURES.items():
            needs = f"; builds {' and '.join(one.builds)}" if one.builds else ""
            screen.say(f"{name:10}{one.what}{needs}")
        return 0
    return worst([_built(options, MEASURES[name], own) for name in chosen])


def _built(options: Options, one: Check, own: Sequence[str]) -> int:
    """Build what a measurement needs, and run it; return the exit status."""
    # what is for the review's alone says so before anything is built
    builds = find_series(options.series).modelled or not one.modelled
    return (builds and _build(options, [one])) or _alone(options, one, own)
