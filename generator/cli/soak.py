# SPDX-License-Identifier: GPL-2.0-only
"""The command ``soak``: real programs under probes, on the tip and on the unmodified base."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli import booting
from generator.cli.ahead import check_first
from generator.cli.building import compared, tip_variant
from generator.cli.options import Options, render_source
from generator.cli.soaking import show_guests
from generator.errors import CheckFailed, InfraError, UserError
from generator.paths import ensure_dir, write_atomic

if TYPE_CHECKING:
    from generator.checks.soak.generated import Generated
    from generator.checks.soak.judge import Soak
    from generator.checks.soak.pack import Load
    from generator.checks.soak.programs import Prepared, Program
    from generator.checks.soak.tasks import Task
    from generator.cli.output import Screen
    from generator.guest.boot import BootResult

EVERYDAY_COUNT, FULL_COUNT = 10, 200
"""How many generated programs there are."""

FULL = "soak-full"
"""What the full mode's result is kept as."""

_SET = 40
"""Generated programs of a boot in the full mode: what is lost when it is interrupted."""

_MEGABYTES = 2048
_SECONDS = {False: 3000, True: 7200}
_SILENCE = {False: 1000.0, True: 1200.0}
"""Of a boot, and without a result in it: everyday and full mode."""

_STALL = 300
"""Seconds after which a kernel says that a processor is stuck (RCU): arming takes minutes where
other work keeps a guest from running, and what the kernel says of it ends a guest that is well."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be run.

    Args:
        full: the full mode.
        programs: names, all of the mode when empty.
        count: generated programs; None: as many as the mode has.
        seed: the first one's.
        again: boot what is kept, too.
        scheduler, workers: see ``generator.checks.matrix.cluster.connect``.
        junit: file for JUnit XML.
        source: a C program, which alone is run, with a probe on each instruction.
        build: name of the way to compile it.
        side: the kernel that it runs on, ``ours`` or ``base``.
        reduce: file for what is left of ``source`` when it is reduced.
    """

    full: bool = False
    programs: tuple[str, ...] = ()
    count: int | None = None
    seed: int = 1
    again: bool = False
    scheduler: str = ""
    workers: int = 0
    junit: Path | None = None
    source: Path | None = None
    build: str = "gcc-O2-64"
    side: str = "ours"
    reduce: Path | None = None

    @property
    def whole(self) -> bool:
        """All of the mode is run, and not what was chosen: the result is the mode's."""
        return not self.programs and self.count is None and self.seed == 1

    def check(self) -> None:
        """See that it is either about one program of the user's or about the others.

        Raises:
            UserError: an option goes with the other kind.
        """
        about_one = {"build": "--build", "side": "--side", "reduce": "--reduce"}
        about_all = {"programs": "--program", "again": "--boot-again"}
        about_all |= {name: f"--{name}" for name in ("full", "count", "seed", "scheduler")}
        about_all |= {name: f"--{name}" for name in ("workers", "junit")}
        for name, option in (about_all if self.source else about_one).items():
            if getattr(self, name) != getattr(type(self), name):
                with_it = "goes with programs of the list, not" if self.source else "goes only"
                raise UserError(f"{option} {with_it} with --source")


def run_source(options: Options, wish: Wish, source: Path) -> None:
    """Run one C program on one kernel, with a probe on each of its instructions.

    Raises:
        CheckFailed: it differs there.
        InfraError: the guest did not run it.
        UserError: there is no such way to compile or no such kernel, it does not compile, or it
            does not end well and the same in two runs without probes.
    """
    from generator.checks.soak.generated import compile_own, find_build
    from generator.checks.soak.judge import as_run, check_side
    from generator.checks.soak.pack import load_generated
    from generator.guest.boot import boot_kernel

    screen = options.screen()
    check_side(wish.side)
    build = find_build(wish.build)
    if options.dry_run:
        screen.result({"source": str(source), "build": build.name, "side": wish.side})
        screen.say(f"{source}: {' '.join(build.command)}, on {wish.side}")
        return
    _check_kernels(options)
    place = ensure_dir(options.area / "soak" / "source")
    if wish.reduce:
        _reduce(options, wish, source, wish.reduce)
        return
    load = load_generated([compile_own(source, build, place)])
    task = next(
        task for task in _tasks(options, wish, {"source": load}, screen) if task.side == wish.side
    )
    run = as_run(load, boot_kernel(task.request))
    screen.result({"side": wish.side, "outcome": run.outcome, "hits": run.hits})
    said = "\n  ".join((f"{wish.side}: {run.outcome}, {run.hits} hits", *run.said))
    if run.outcome == "unstable":
        wanted = "without probes, arguments and input it has to end with 0 and write the same twice"
        raise UserError("\n  ".join((wanted, *run.said)), where=str(source))
    if run.outcome == "lost":
        raise InfraError(said, where=str(source))
    screen.say(said)
    if not run.passed:
        raise CheckFailed("not as without probes", where=str(source))


def _reduce(options: Options, wish: Wish, source: Path, target: Path) -> None:
    """Reduce a program; what asks whether it differs is this command, started anew."""
    from generator.checks.soak.generated import find_build
    from generator.checks.soak.reduce import reduce_source

    ask = [sys.executable, "-m", "generator", "soak", "--quiet", "--base", options.base]
    ask += ["--series", options.series, "--accel", options.accel, "--workdir", str(options.area)]
    ask += [word for name, value in _tree(options) for word in (name, str(value))]
    ask += ["--build", wish.build, "--side", wish.side, "--source", "{source}"]
    # 2: it differs; anything else is no answer
    differs = ["sh", "-c", '"$@" > said 2>&1; test $? = 2', "sh", *ask]
    place = Path(tempfile.mkdtemp(prefix="reduce-", dir=ensure_dir(options.area / "soak")))
    small = reduce_source(source, find_build(wish.build), differs, place)
    write_atomic(target, small.read_bytes())
    options.screen().say(f"{target}: {len(small.read_bytes())} bytes differ still")


def _tree(options: Options) -> list[tuple[str, object]]:
    pairs = (("--tree", options.tree), ("--rev", options.rev))
    return [(name, value) for name, value in pairs if value]


def run_soak(options: Options, wish: Wish) -> None:
    """Run programs without and with probes on both kernels, and compare what they write.

    Raises:
        CheckFailed: a program differs on the tip, or a place is refused there without a reason.
        InfraError: a program or tool is not installed, or a program is not the same in two runs.
    """
    from generator.checks.packages import package_versions
    from generator.checks.soak.judge import SIDES, Pair, as_data, as_text, judge
    from generator.checks.soak.programs import find_wanted
    from generator.report.soak import write_junit

    wish.check()
    check_first(options, {"--junit": wish.junit, "--reduce": wish.reduce})
    screen, began = options.screen(), time.monotonic()
    if wish.source:
        run_source(options, wish, wish.source)
        return
    programs = find_wanted(wish.programs, full=wish.full)
    if options.dry_run:
        _plan(options, programs, wish)
        return
    _check_kernels(options)
    source, rendered = render_source(options)
    loads = _loads(options, programs, wish, screen)
    results = _boot(options, wish, _tasks(options, wish, loads, screen), screen, began)
    pairs = [
        Pair(name=name, load=load, boots={side: results[name, side] for side in SIDES})
        for name, load in loads.items()
    ]
    soak = judge(
        pairs,
        full=wish.full,
        versions=package_versions([program.package for program in programs] + ["csmith", "gcc"]),
        seconds=time.monotonic() - began,
    )
    data = as_data(soak)
    if wish.whole:
        name = FULL if wish.full else "soak"
        options.keep(name, data, source, rendered, kernel=tip_variant(options))
    if wish.junit:
        write_junit(wish.junit, soak)
    screen.result(data)
    screen.say(as_text(soak))
    _check(options, soak)


def _check(options: Options, soak: Soak) -> None:
    if soak.problems:
        raise CheckFailed(
            "not as without probes:\n  " + "\n  ".join(soak.problems),
            where=f"{options.base}/{options.series}",
        )
    if soak.unstable:
        what = f"not the same in two runs without probes: {', '.join(soak.unstable)}"
        raise InfraError(what, where=options.base)


def _boot(
    options: Options, wish: Wish, tasks: list[Task], screen: Screen, began: float
) -> dict[tuple[str, str], BootResult]:
    """Boot what is not kept, and keep each result when it is there: what is done stays done."""
    from generator.checks.soak.tasks import run_tasks
    from generator.report.results import write_boot

    keys = {(task.load, task.side): _key(task) for task in tasks}
    kept = {} if wish.again else _kept(options, tasks, keys)
    if kept:
        screen.note(f"{len(kept)} of {len(tasks)} boots are kept; --boot-again boots them")
    waiting = [task for task in tasks if (task.load, task.side) not in kept]

    def tell(task: Task, result: BootResult) -> None:
        passed = sum(test.passed for test in result.ktap.tests)
        screen.note(
            f"{options.base}/{task.side}: {task.load}: {result.outcome.kind}, {passed} of "
            f"{len(result.ktap.tests)} pass, {result.end.seconds:.0f} s; "
            f"{time.monotonic() - began:.0f} s"
        )
        write_boot(result, options.area, key=keys[task.load, task.side])
        waiting.remove(task)

    with show_guests(screen, options.base, waiting, began):
        return run_tasks(
            tasks,
            tell,
            workdir=options.area,
            kept=kept,
            scheduler=wish.scheduler,
            workers=wish.workers,
        )


def _loads(
    options: Options, programs: Sequence[Program], wish: Wish, screen: Screen
) -> dict[str, Load]:
    """Return the loads by name: in the full mode one for each program, or for some small ones."""
    from generator.checks.clients.pack import find_libraries
    from generator.checks.soak.generated import ALL, EVERYDAY, make_programs, reduced_programs
    from generator.checks.soak.pack import load_generated, load_programs
    from generator.checks.soak.programs import prepare_program

    loads: dict[str, Load] = {}
    built = ensure_dir(options.area / "soak" / "built")
    sets: dict[str, list[Prepared]] = {}
    for number, program in enumerate(programs, 1):
        screen.note(f"looking for the functions of {program.name}: {number} of {len(programs)}")
        name = program.boot or program.name if wish.full else "programs"
        sets.setdefault(name, []).append(prepare_program(program, find_libraries, built))
    for name, prepared in sets.items():
        loads[name] = load_programs(prepared, full=wish.full)
    count = _count(wish)
    if count:
        screen.note(f"generating {count} programs with csmith")
        made = make_programs(
            options.area / "soak" / "generated",
            wanted=count,
            first_seed=wish.seed,
            builds=ALL if wish.full else EVERYDAY,
            observer=screen,
        )
        made += reduced_programs(options.area / "soak" / "reduced")
        for number, some in enumerate(_parts(made, _SET)):
            name = f"generated-{number}" if wish.full else "generated"
            loads[name] = load_generated(some)
    return loads


def _count(wish: Wish) -> int:
    if wish.count is not None:
        return wish.count
    return FULL_COUNT if wish.full else EVERYDAY_COUNT


def _parts(made: Sequence[Generated], size: int) -> list[Sequence[Generated]]:
    return [made[start : start + size] for start in range(0, len(made), size)]


def _tasks(options: Options, wish: Wish, loads: dict[str, Load], screen: Screen) -> list[Task]:
    """Pack the loads, and return the boots: each load on both kernels."""
    from generator.checks.soak.pack import pack_load
    from generator.checks.soak.tasks import Task

    guest = booting.guest(options, screen).read_bytes()
    place = ensure_dir(options.area / options.base / "soak")
    seconds, silence = _SECONDS[wish.full], _SILENCE[wish.full]
    tasks = []
    for name, load in loads.items():
        archive = place / f"{name}.cpio"
        write_atomic(archive, guest + pack_load(load))
        for side, variant in compared(options).items():
            request = replace(
                booting.boot_request(options, variant, archive),
                flavour=f"soak-{name}",
                memory=_MEGABYTES,
                cpus=load.cpus,
                parameters=(
                    *("uprobekit.program=soak", f"uprobekit.timeout={seconds}"),
                    f"rcupdate.rcu_cpu_stall_timeout={_STALL}",
                ),
                timeout=seconds + 60.0,
                silence=silence,
                stall=silence,
            )
            tasks.append(Task(load=name, side=side, request=request))
    return tasks


def _check_kernels(options: Options) -> None:
    """See that the kernels of both sides are built, before minutes go by.

    Raises:
        UserError: one is not.
    """
    for variant in compared(options).values():
        booting.boot_request(options, variant, options.area)


def _key(task: Task) -> str:
    from generator.guest.boot import request_key

    return request_key(task.request)


def _kept(
    options: Options, tasks: Sequence[Task], keys: dict[tuple[str, str], str]
) -> dict[tuple[str, str], BootResult]:
    """Return the boots of these kernels with these loads that are kept."""
    from generator.report.results import kept_boot

    found = {}
    for task in tasks:
        request, key = task.request, keys[task.load, task.side]
        kept = kept_boot(options.area, options.base, request.variant, request.flavour, key=key)
        if kept and kept.outcome.complete:
            found[task.load, task.side] = kept
    return found


def _plan(options: Options, programs: Sequence[Program], wish: Wish) -> None:
    """Say what would be run."""
    screen = options.screen()
    names = [program.name for program in programs]
    screen.result({"programs": names, "generated": _count(wish)})
    for program in programs:
        screen.say(f"{program.name}: {program.kind} ({program.package})")
    screen.say(f"{_count(wish)} programs by csmith, from seed {wish.seed}")
