# SPDX-License-Identifier: GPL-2.0-only
"""The command about the state machine: explore it, leave guards out, draw it."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from generator.cli.options import Options, render_source
from generator.errors import CheckFailed
from generator.plan import find_base, find_series, plan_series

if TYPE_CHECKING:
    from generator.checks.states.run import GuardResult, StatesResult
    from generator.cli.output import Screen
    from generator.model.bases import Base


def draw_states(options: Options) -> None:
    """Print the picture's source."""
    from generator.checks.states.draw import to_dot

    screen = options.screen()
    screen.result({"dot": to_dot()})
    screen.say(to_dot())


def show_guards(options: Options, names: tuple[str, ...]) -> None:
    """Leave the named guards out, and print what happens then."""
    from generator.checks.states.rows import make_guard_row
    from generator.checks.states.run import check_guards, find_guards

    screen = options.screen()
    base = find_base(options.base)
    results = check_guards(base, find_guards(base, names), screen.note)
    screen.result({"guards": [asdict(make_guard_row(base, result)) for result in results]})
    for result in results:
        _say_trace(screen, base, result)
    _judge([f"guard {r.guard.name}" for r in results if not r.noticed], options)


def check_states(options: Options, *, traces: bool, large: bool = False) -> None:
    """Explore every world, leave out every guard, and compare with the C."""
    from generator.checks.states import run
    from generator.checks.states.rows import make_rows

    screen = options.screen()
    started = time.monotonic()
    source, rendered = render_source(options)
    plan = plan_series(find_base(options.base), find_series(options.series))
    result = run.check_states(plan, rendered.tip_files, screen.note, large=large)
    data = asdict(make_rows(plan.base, result))
    options.keep("states", data, source, rendered)
    screen.result(data)
    _say(screen, plan.base, result, traces)
    screen.note(f"{time.monotonic() - started:.1f} s")
    _judge(list(result.problems), options)


def _judge(problems: list[str], options: Options) -> None:
    if problems:
        raise CheckFailed(
            "the state machine is not as it should be:\n  " + "\n  ".join(problems),
            where=f"{options.base}/{options.series}",
        )


def _say(screen: Screen, base: Base, result: StatesResult, traces: bool) -> None:
    from generator.checks.states.run import guard_mark

    for check in result.checks:
        state = f"{len(check.differences)} differences" if check.differences else "good"
        screen.say(f"{check.what:44} {check.checked:7}  {state}")
    for world in result.worlds:
        found = world.found
        state = f"BREAKS {found.broken}" if found.broken else "every property holds"
        screen.say(
            f"world {world.world.name:10} {found.states:7} states {found.moves:8} steps "
            f"{found.seconds:5.1f} s  {state}"
        )
    screen.say("")
    screen.say(f"{'without':18} {'in':28} {'breaks':10} steps")
    for guard in result.guards:
        said = guard.found.broken or "nothing"
        state = "" if guard.noticed else f"  NOT {guard.guard.breaks}"
        screen.say(
            f"{guard.guard.name:18} {guard_mark(base, guard.guard).function:28} {said:10} "
            f"{len(guard.found.trace):5}{state}"
        )
    for guard in result.guards:
        if traces or guard.guard.name == "set-again":
            _say_trace(screen, base, guard)


def _say_trace(screen: Screen, base: Base, result: GuardResult) -> None:
    from generator.checks.states.run import describe, guard_mark

    guard = result.guard
    mark = guard_mark(base, guard)
    point = f" ({guard.review})" if guard.review else ""
    instead = f"{guard.instead} in place of" if guard.instead else "without"
    screen.say(f"\n{guard.name}{point}: {instead} '{mark.text}' in {mark.function}():")
    for line in describe(base, result.found):
        screen.say(line)
