# SPDX-License-Identifier: GPL-2.0-only
"""``mutate``: faults in the tip's C, and what notices them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli import building
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed
from generator.paths import ensure_dir
from generator.plan import find_base, find_series, plan_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.checks.mutation.fault import AnyFault
    from generator.checks.mutation.judge import Judged
    from generator.cli.output import Screen
    from generator.plan import Plan
    from generator.report.mutants import Ledger, Score, Verdict
    from generator.tree.acquire import Source
    from generator.tree.series import Rendered


def mutate(
    options: Options,
    *,
    count: int,
    seed: int,
    cases: int,
    boots: int,
    again: bool = False,
    by_hand: Path | None = None,
    turn: int = 0,
) -> None:
    """Put faults into the tip's C and count what notices them."""
    from generator.checks.mutation.judge import JudgeRequest, judge_faults
    from generator.checks.proof.cases import make_cases
    from generator.model.opcodes import OPCODES
    from generator.report.mutants import Ledger

    screen = options.screen()
    source, rendered = render_source(options)
    plan = plan_series(find_base(options.base), find_series(options.series))
    tree, build_dir = rendered_tip(options)
    faults, there = _choose_faults(
        options, plan, source, rendered, count=count, seed=seed, by_hand=by_hand, turn=turn
    )
    place = ensure_dir(options.area / options.base / "mutants")
    ledger = Ledger(place / "verdicts.json", rendered.tip_files)
    known = dict(ledger.verdicts)
    missed = {ident for ident, verdict in known.items() if again and verdict.survives}
    new = [fault for fault in faults if fault.ident not in known.keys() - missed]
    screen.note(f"{there} faults are there, {len(faults)} chosen, {len(new)} of them new")
    request = JudgeRequest(
        plan=plan,
        tree=tree,
        build_dir=build_dir,
        load=source.load,
        tip=rendered.tip_files,
        patches=rendered.patches,
        place=place,
        cases=make_cases(OPCODES, wanted=cases, seed=seed),
        seed=seed,
        jobs=options.jobs or os.cpu_count() or 1,
    )
    if new:
        judge_faults(request, new, partial(_keep, ledger, screen, known))
    survivors = [fault for fault in faults if ledger.verdicts[fault.ident].survives]
    if boots and survivors:
        _boot_mutants(options, source, rendered, ledger, survivors, boots, screen)
    score = _count(options, faults, ledger, rendered)
    data = asdict(score) | {"share": score.share}
    options.keep("faults" if by_hand else "mutate", data, source, rendered)
    _show(options, screen, data, score)


def _count(
    options: Options, faults: Sequence[AnyFault], ledger: Ledger, rendered: Rendered
) -> Score:
    """Count what has become of the faults, those that nothing notices for a reason among them."""
    from generator.checks.mutation.known import Known
    from generator.report.mutants import count_score

    known = Known(options.base, rendered.tip_files)
    return count_score(faults, ledger.verdicts, known.explain)


def _keep(ledger: Ledger, screen: Screen, known: Mapping[str, Verdict], judged: Judged) -> None:
    """Keep what has noticed a fault; a boot that it was shown to before stays."""
    from generator.report.mutants import Verdict, format_verdict

    before = known.get(judged.fault.ident, Verdict())
    verdict = Verdict(caught=judged.caught, same=judged.same, booted=before.booted)
    ledger.keep(judged.fault, verdict)
    screen.note(format_verdict(judged.fault, verdict))


def _show(options: Options, screen: Screen, data: dict[str, object], score: Score) -> None:
    """Show the score.

    Raises:
        CheckFailed: a fault is noticed that is said to survive, or is not noticed.
    """
    from generator.report.mutants import format_score

    screen.result(data)
    screen.say(format_score(score))
    if score.overtaken:
        raise CheckFailed(
            f"{len(score.overtaken)} faults are noticed that are said to survive",
            where="generator/model/unnoticed.py",
            hint="take them out there",
        )
    if score.open:
        raise CheckFailed(
            f"nothing notices {len(score.open)} faults", where=f"{options.base}/{options.series}"
        )


def _choose_faults(
    options: Options,
    plan: Plan,
    source: Source,
    rendered: Rendered,
    *,
    count: int,
    seed: int,
    by_hand: Path | None,
    turn: int,
) -> tuple[Sequence[AnyFault], int]:
    """Return the chosen faults, and how many there are.

    Args:
        options: those of the command.
        plan: the series for its base.
        source: the unmodified tree.
        rendered: the series that they are put into.
        count: how many at most.
        seed: chooses from those that can be made.
        by_hand: the directory of those written by hand; None: they are made.
        turn: which lot of those written by hand.
    """
    from generator.checks.mutation.choose import choose_faults, make_faults
    from generator.checks.mutation.hand import choose_in_turn, read_faults, render_fault

    tip = rendered.tip_files
    if by_hand:
        written = read_faults(by_hand)
        chosen = choose_in_turn(written, count=count, turn=turn)
        return [render_fault(fault, plan, source, tip) for fault in chosen], len(written)
    made = make_faults(plan, *rendered_tip(options), tip)
    return choose_faults(made, count=count, seed=seed), len(made)


def rendered_tip(options: Options) -> tuple[Path, Path]:
    """Return source and build directory of the tip."""
    build_dir = building.build_dir(options, "tip")
    return build_dir.parent, build_dir


def _boot_mutants(
    options: Options,
    source: Source,
    rendered: Rendered,
    ledger: Ledger,
    faults: list[AnyFault],
    most: int,
    screen: Screen,
) -> None:
    """Boot the tip as it is, and then with each fault that was not shown to such a boot yet."""
    from generator.checks.mutation.boot import MutantRequest, boot_mutant
    from generator.cli.booting import boot_request, guest
    from generator.cli.building import build_request
    from generator.guest.boot import boot_kernel, request_key
    from generator.report.mutants import BOOT, Verdict, format_verdict

    initramfs = guest(options, screen, "tip")
    wanted = boot_request(options, "tip", initramfs)
    key = request_key(wanted)
    waiting = [fault for fault in faults if ledger.verdicts[fault.ident].booted != key]
    if not waiting:
        return
    reference = boot_kernel(wanted, screen)
    if not reference.outcome.complete:
        raise CheckFailed(
            f"the tip does not pass: {reference.outcome.reason}", where=str(reference.console)
        )
    request = MutantRequest(
        build=build_request(options, "tip", source),
        tip=rendered.tip_files,
        initramfs=initramfs,
        reference=reference,
    )
    for fault in waiting[:most]:
        said = boot_mutant(request, fault, screen)
        read = ledger.verdicts[fault.ident].caught
        verdict = Verdict(caught={**read, BOOT: said} if said else read, booted=key)
        ledger.keep(fault, verdict)
        screen.note(format_verdict(fault, verdict))
