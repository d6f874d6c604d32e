# SPDX-License-Identifier: GPL-2.0-only
"""``proof``, ``explain`` and the like: what is executed of the tip without a kernel."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

from generator.cli.options import Options, render_source
from generator.errors import CheckFailed, UserError
from generator.paths import ensure_dir, write_atomic
from generator.plan import find_base, find_series, plan_series


def proof(options: Options, *, cases: int, seed: int) -> None:
    """Prove the tip's x86 code in an emulator."""
    from generator.checks.proof.run import ProofRequest, prove_series
    from generator.checks.proof.summary import as_data, as_text

    screen = options.screen()
    started = time.monotonic()
    source, rendered = render_source(options)
    place = ensure_dir(options.area / options.base / "proof")
    request = ProofRequest(
        load=source.load,
        tip=rendered.tip_files,
        place=place,
        cases=cases,
        seed=seed,
        jobs=options.jobs,
    )
    result = prove_series(request)
    data = {
        "base": options.base,
        "source": source.version,
        "seed": seed,
        "checked_inputs": result.checked_inputs,
        **as_data(result.summary),
    }
    report = place / "report.json"
    write_atomic(report, (json.dumps(data, indent=1) + "\n").encode())
    options.keep("proof", data, source, rendered)
    screen.result(data)
    screen.say(as_text(result.summary))
    screen.note(f"{time.monotonic() - started:.1f} s; the report is {report}")
    _check_failures(len(result.summary.failures), report, f"Linux {source.version}, seed {seed}")
    screen.say(
        f"{options.base}/{options.series}: every instruction that was executed is as it is "
        f"without a probe; {result.checked_inputs} inputs analysed with sanitizers"
    )


def _check_failures(failures: int, report: Path, where: str) -> None:
    if failures:
        raise CheckFailed(
            f"{failures} instructions are not as they are without a probe",
            where=where,
            hint=f"all of them are in {report}",
        )


def census(options: Options, *, places: list[Path], limit: int) -> None:
    """Count what programs begin with, and what a probe there costs."""
    from generator.checks.census.run import PLACES, as_data, as_text, find_files, take_census
    from generator.cli.building import build_analyses

    screen = options.screen()
    started = time.monotonic()
    source, rendered = render_source(options)
    libraries = build_analyses(options, source, rendered)
    files = find_files(places or PLACES, limit=limit)

    def progress(done: int, total: int) -> None:
        if done % 50 == 0:
            screen.note(f"{done} of {total} files, {time.monotonic() - started:.0f} s")

    result = take_census(libraries, files, jobs=options.jobs, progress=progress)
    data = {"base": options.base, "source": source.version, **as_data(result)}
    options.keep("census", data, source, rendered)
    screen.result(data)
    screen.say(as_text(result))
    screen.note(f"{time.monotonic() - started:.1f} s")


def verdicts(options: Options) -> None:
    """Ask our C and the base's own about every opcode."""
    from generator.checks.census.opcodes import BITS, judge_opcodes
    from generator.checks.proof.build import build_peer, build_proof
    from generator.model.opcodes import OPCODES

    screen = options.screen()
    source, rendered = render_source(options)
    area = options.area / options.base
    made = build_proof(source.load, rendered.tip_files, ensure_dir(area / "proof"))
    peer = build_peer(source.load, ensure_dir(area / "peer"))
    rows = judge_opcodes((made.library, peer), OPCODES)
    data: dict[str, object] = {"bits": BITS, "opcodes": [asdict(row) for row in rows]}
    options.keep("verdicts", data, source, rendered)
    screen.result(data)
    for row in rows:
        if row.ours != row.base:
            sides = [", ".join(dict.fromkeys(side)) for side in (row.ours, row.base)]
            place = f"{row.map} {row.opcode:02x}"
            screen.say(f"{place:24} {sides[0]:24} base: {sides[1]}")


def explain(options: Options, *, code: str, mode: int, symbol: str, count: int) -> None:
    """Say what the tip's x86 code does about an instruction, or about those of a function."""
    from generator.checks.proof.code import read_code, read_function
    from generator.checks.proof.explain import as_text
    from generator.checks.proof.explain import explain as explain_code
    from generator.model.opcodes import OPCODES

    if mode not in (64, 32):
        raise UserError(f"there is no {mode}-bit mode", hint="--mode is 64 or 32")
    if count != 1 and not symbol:
        raise UserError("--count goes only with --symbol")
    if symbol:
        places = read_function(Path(code), symbol, count=count)
    else:
        places = [read_code(code, bits=mode)]
    screen = options.screen()
    library = _compiled_tip(options)
    found = {
        place.name: explain_code(library, OPCODES, place.code, bits=place.bits) for place in places
    }
    if not symbol:
        screen.result(asdict(found[""]))
    else:
        screen.result({"instructions": {name: asdict(each) for name, each in found.items()}})
    heads = (f"{name}:\n" if name else "" for name in found)
    given = b"" if symbol else places[0].code
    texts = (head + as_text(each, given) for head, each in zip(heads, found.values(), strict=True))
    screen.say("\n\n".join(texts))


def schedules(options: Options) -> None:
    """Execute the core in every order of a few threads."""
    from generator.checks.schedules.run import explore_schedules

    screen = options.screen()
    source, rendered = render_source(options)
    result = explore_schedules(
        rendered.tip_files, ensure_dir(options.area / options.base / "schedules")
    )
    data = {"base": options.base, "source": source.version, **asdict(result)}
    options.keep("schedules", data, source, rendered)
    screen.result(data)
    for one in result.explored:
        screen.say(f"{one.scenario:24} {one.orders:8} orders  good")
    if result.problem:
        raise CheckFailed(
            f"in one order of the threads: {result.problem}",
            where="\n".join((f"{options.base}/{options.series}, threads in turn:", *result.trace)),
        )


def _compiled_tip(options: Options) -> Path:
    """Return the tip's x86 code as a library; rendered and compiled where that was not done yet."""
    from generator.checks.proof.build import build_proof
    from generator.checks.proof.origin import describe_origin, find_made, keep_origin
    from generator.tree.acquire import find_source

    base, series = find_base(options.base), find_series(options.series)
    source = find_source(base, options.area, tree=options.tree, rev=options.rev)
    place = ensure_dir(options.area / options.base / "proof")
    origin = describe_origin(source, base.name, series.name)
    made = find_made(place, origin)
    if made is None:
        from generator.tree.series import prefix_tree

        # the C of the tip is enough: no commits, no mails, no checks of what nobody sees here
        tip = prefix_tree(plan_series(base, series), source).files
        made = build_proof(source.load, tip, place, checked=False)
        keep_origin(place, origin, made)
    return made.library


def fuzz(options: Options, *, seconds: int, seed: int) -> None:
    """Fuzz the analysis."""
    from generator.checks.proof.build import build_fuzzer
    from generator.checks.proof.cases import make_cases
    from generator.checks.proof.fuzz import fuzz_analysis
    from generator.model.opcodes import OPCODES

    screen = options.screen()
    source, rendered = render_source(options)
    area = options.area / options.base
    program = build_fuzzer(source.load, rendered.tip_files, ensure_dir(area / "proof"))
    result = fuzz_analysis(
        program,
        make_cases(OPCODES, wanted=_FUZZ_SEEDS, seed=seed),
        seconds=seconds,
        seed=seed,
        place=ensure_dir(area / "fuzz"),
    )
    screen.result({"base": options.base, "source": source.version, **asdict(result)})
    screen.say(
        f"{options.base}/{options.series}: {result.runs} inputs in {result.seconds} s, "
        f"{result.covered} edges of the code covered: a verdict for each"
    )


_FUZZ_SEEDS = 2000
