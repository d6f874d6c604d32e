# SPDX-License-Identifier: GPL-2.0-only
"""The commands that prove the rendered C."""

from pathlib import Path
from typing import Annotated

import typer

from generator.cli.declare import ANY, OUTPUT, SOURCE, command
from generator.cli.options import Options


@command(
    *SOURCE,
    "jobs",
    *OUTPUT,
    jobs=Annotated[
        int, typer.Option("--jobs", "-j", min=0, help="Checks in parallel; 0: one per core.")
    ],
    series=ANY,
    passes_on=True,
)
def check(
    options: Options,
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="drift, checkpatch, review, states, schedules; what builds the tip: verify, "
            "patches; what takes minutes: proof, verdicts, fuzz, mutate, faults.",
            metavar="[NAME]...",
            show_default="the first five",
        ),
    ] = None,
) -> int:
    """Run checks and print one table; without a name, those that need no kernel build.

    What a check says is shown where it is not good. One that is named alone says all that it has
    to say, and takes options of its own, behind its name: each is a command, whose --help has
    them. Exit status: 2 if a check fails.

    Example: uprobekit check --base 6.12
    """
    from generator.cli.check import check as run_checks

    return run_checks(
        options,
        names or [],
    )


@command(*SOURCE, *OUTPUT)
def review(
    options: Options,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="A table for a mail.")] = False,
) -> None:
    """Check every point of the review on the tip: evidence, verdict, deviations.

    Example: uprobekit review --base 6.12 --markdown
    """
    from generator.cli import checks

    checks.review(
        options,
        markdown=markdown,
    )


@command(*SOURCE, *OUTPUT)
def states_(
    options: Options,
    *,
    dot: Annotated[bool, typer.Option("--dot", help="Print the picture for Graphviz.")] = False,
    guard: Annotated[
        list[str] | None,
        typer.Option(help="Leave this guard out and print what happens.", show_default=False),
    ] = None,
    traces: Annotated[bool, typer.Option("--traces", help="Print what every guard stops.")] = False,
    large: Annotated[
        bool, typer.Option("--large", help="Explore more threads and events at once: minutes.")
    ] = False,
) -> None:
    """Explore the states of a probed task, and show what each guard in the C is for.

    Example: uprobekit states --guard deny --guard killable
    """
    from generator.cli import states

    if dot:
        states.draw_states(options)
    elif guard:
        states.show_guards(options, tuple(guard))
    else:
        states.check_states(options, traces=traces, large=large)


@command(
    *SOURCE,
    "jobs",
    *OUTPUT,
    jobs=Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0: one per core.")],
)
def proof(
    options: Options,
    *,
    cases: Annotated[int, typer.Option(min=1, help="How many instructions are tried.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Chooses encodings and states.")] = 1,
) -> None:
    """Execute instructions unprobed and probed in an emulator, without a kernel, and compare.

    Example: uprobekit proof --base 6.12 --cases 200000
    """
    from generator.cli import proof

    proof.proof(
        options,
        cases=cases,
        seed=seed,
    )


@command(*SOURCE, "toolchain", *OUTPUT)
def verify(options: Options) -> None:
    """Compare the tip, as libclang sees it, with the model; needs a build of the tip.

    Example: uprobekit build tip && uprobekit verify
    """
    from generator.cli import checks

    checks.verify(options)


@command(*SOURCE, *OUTPUT)
def schedules(options: Options) -> None:
    """Execute the core's C with a few threads in every order, in user space; needs gcc.

    Example: uprobekit schedules --base 6.12
    """
    from generator.cli import proof

    proof.schedules(options)


@command(*SOURCE, *OUTPUT)
def verdicts(options: Options) -> None:
    """Ask our C and the base's own about every opcode; show where they differ.

    Example: uprobekit verdicts --base 6.12 --json
    """
    from generator.cli import proof

    proof.verdicts(options)


@command("base", "tree", "rev", *OUTPUT)
def fuzz(
    options: Options,
    *,
    seconds: Annotated[int, typer.Option(min=1, help="How long.")] = 60,
    seed: Annotated[int, typer.Option(min=1, help="Chooses the inputs.")] = 1,
) -> None:
    """Fuzz the analysis of instructions with libFuzzer, sanitizers on; needs clang.

    Example: uprobekit fuzz --seconds 600 --seed 7
    """
    from generator.cli import proof

    proof.fuzz(
        options,
        seconds=seconds,
        seed=seed,
    )


@command(
    *SOURCE,
    "jobs",
    *OUTPUT,
    jobs=Annotated[int, typer.Option("--jobs", "-j", min=0, help="Faults at a time; 0: cores.")],
)
def mutate(
    options: Options,
    *,
    count: Annotated[int, typer.Option(min=1, help="How many faults are made.")] = 150,
    seed: Annotated[int, typer.Option(help="Chooses faults, encodings and states.")] = 1,
    cases: Annotated[
        int, typer.Option(min=1, help="How many instructions the proof tries for each.")
    ] = 5000,
    boots: Annotated[
        int, typer.Option(min=0, help="How many of the survivors are booted in this run.")
    ] = 0,
    again: Annotated[
        bool, typer.Option("--again", help="Judge survivors once more: a level has changed.")
    ] = False,
    by_hand: Annotated[
        Path | None,
        typer.Option(help="A directory of faults that people wrote, as patches to templates."),
    ] = None,
    turn: Annotated[
        int, typer.Option(min=0, help="Of those that people wrote, the TURN-th COUNT of them.")
    ] = 0,
) -> None:
    """Put faults into the tip's C and count what notices them; needs a build of the tip.

    Small ones are made by a program, of what the C says; --by-hand takes those that people wrote.
    What only reads the C does not count: such a fault is booted with --boots.

    Example: uprobekit mutate --count 10 --cases 2000
    """
    from generator.cli import mutate

    mutate.mutate(
        options,
        count=count,
        seed=seed,
        cases=cases,
        boots=boots,
        again=again,
        by_hand=by_hand,
        turn=turn,
    )
