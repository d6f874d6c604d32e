# SPDX-License-Identifier: GPL-2.0-only
"""The commands that check: checkpatch, the review, libclang, every prefix, the proof.

Stages that a command does not need are not imported.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli import commands
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed, UserError
from generator.paths import ensure_dir, write_atomic
from generator.plan import find_base, find_series, plan_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.checks.mutation.fault import AnyFault
    from generator.checks.proof.corpus import Corpus
    from generator.cli.output import Screen
    from generator.plan import Plan
    from generator.report.corpus import CorpusResult
    from generator.report.mutants import Ledger
    from generator.tree.acquire import Source
    from generator.tree.series import Rendered


def checkpatch(options: Options, *, sent: bool = False) -> None:
    """Run checkpatch on every patch, as rendered or as the maintainer sends it."""
    from generator.checks.checkpatch import check_patches
    from generator.patches.sent import need_maintainer, sign_patches
    from generator.tree.acquire import ensure_pristine

    screen = options.screen()
    source, rendered = render_source(options)
    pristine = ensure_pristine(source, options.area, find_base(options.base))
    patches = sign_patches(rendered.patches, need_maintainer(Path.cwd())) if sent else None
    result = check_patches(patches or rendered.patches, pristine, signed=sent)
    options.keep("checkpatch", asdict(result), source, rendered)
    screen.result(asdict(result))
    for finding in result.inherited:
        screen.note(f"{finding.file}:{finding.line}: a habit of this file: {finding.text}")
    if result.findings:
        rows = [f"{f.patch}: {f.file}:{f.line}: {f.text}" for f in result.findings]
        raise CheckFailed("checkpatch.pl --strict finds:\n  " + "\n  ".join(rows))
    left = "" if sent else "; nobody has signed them, which is checked with --sent"
    screen.say(f"checkpatch.pl --strict: {len(result.checked)} patches, nothing found{left}")


def proof(options: Options, *, cases: int, seed: int) -> None:
    """Prove the tip's x86 code in an emulator."""
    from generator.checks.proof.run import ProofRequest, prove_series
    from generator.checks.proof.summary import as_data, as_text

    screen = options.screen()
    started = time.monotonic()
    source, rendered = render_source(options)
    place = ensure_dir(options.area / options.base / "proof")
    result = prove_series(
        ProofRequest(
            load=source.load,
            tip=rendered.tip_files,
            place=place,
            cases=cases,
            seed=seed,
            jobs=options.jobs,
        )
    )
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
    if result.summary.failures:
        raise CheckFailed(
            f"{len(result.summary.failures)} instructions are not as they are without a probe",
            where=f"Linux {source.version}, seed {seed}",
            hint=f"all of them are in {report}",
        )
    screen.say(
        f"{options.base}/{options.series}: every instruction that was executed is as it is "
        f"without a probe; {result.checked_inputs} inputs analysed with sanitizers"
    )


def census(options: Options, *, places: list[Path], limit: int) -> None:
    """Count what programs begin with, and what a probe there costs."""
    from generator.checks.census.run import PLACES, as_data, as_text, find_files, take_census
    from generator.checks.proof.build import build_peer, build_proof

    screen = options.screen()
    started = time.monotonic()
    source, rendered = render_source(options)
    area = options.area / options.base
    made = build_proof(source.load, rendered.tip_files, ensure_dir(area / "proof"))
    peer = build_peer(source.load, ensure_dir(area / "peer"))
    files = find_files(places or PLACES, limit=limit)

    def progress(done: int, total: int) -> None:
        if done % 50 == 0:
            screen.note(f"{done} of {total} files, {time.monotonic() - started:.0f} s")

    result = take_census((made.library, peer), files, jobs=options.jobs, progress=progress)
    data = {"base": options.base, "source": source.version, **as_data(result)}
    options.keep("census", data, source, rendered)
    screen.result(data)
    screen.say(as_text(result))
    screen.note(f"{time.monotonic() - started:.1f} s")


def cost(options: Options) -> None:
    """Measure what a probe hit costs, on the tip and on the unmodified base."""
    from generator.checks.proof.build import build_peer, build_proof
    from generator.checks.proof.library import Classifier
    from generator.guest.boot import boot_kernel
    from generator.report.cost import as_data, as_text, compare_cost

    screen = options.screen()
    source, rendered = render_source(options)
    initramfs = commands.guest(options, screen, "tip", "peer")
    area = options.area / options.base
    made = build_proof(source.load, rendered.tip_files, ensure_dir(area / "proof"))
    peer = build_peer(source.load, ensure_dir(area / "peer"))
    reports = []
    for variant in ("tip", "peer"):
        request = replace(
            commands.boot_request(options, variant, initramfs),
            flavour="cost",
            accel="tcg",
            cpus=1,
            icount=True,
            parameters=("uprobekit.program=cost",),
        )
        reports.append(boot_kernel(request, screen).ktap)
    verdicts = {"ours": Classifier(made.library).verdict, "base": Classifier(peer).verdict}
    rows = compare_cost(reports[0], reports[1], verdicts)
    report = area / "results" / "cost.json"
    data = {"base": options.base, "source": source.version, **as_data(rows)}
    options.keep("cost", data, source, rendered)
    screen.result(data)
    screen.say(as_text(rows))
    dear = [row.name for row in rows if not row.good]
    if dear:
        raise CheckFailed(f"dearer than they may be: {', '.join(dear)}", where=str(report))


def corpus(
    options: Options,
    *,
    variants: tuple[str, ...],
    modes: tuple[int, ...],
    cases: int,
    seed: int,
) -> None:
    """Execute the proof's instructions in guests, without a probe and with one."""
    from generator.report.corpus import as_data, as_text

    if set(modes) - _CORPUS_PROGRAMS.keys():
        raise UserError(f"there is no {modes[0]}-bit mode", hint="--mode is 64 or 32")
    screen = options.screen()
    source, rendered = render_source(options)
    initramfs = commands.guest(options, screen, *variants)
    made = _make_corpora(options, source, rendered, modes, cases=cases, seed=seed)
    results = [
        _run_corpus(options, each, bits, variants, initramfs, screen) for bits, each in made.items()
    ]
    options.keep("corpus", as_data(results), source, rendered)
    screen.result(as_data(results))
    for result in results:
        screen.say(as_text(result))
    problems = [problem for result in results for problem in result.problems]
    if problems:
        raise CheckFailed(
            f"{len(problems)} instructions are not probed as they must be; {problems[0]}",
            where=options.base,
        )


# for one boot
_CORPUS_SECONDS = 1200

_CORPUS_PROGRAMS = {64: "corpus", 32: "corpus-32"}


def _run_corpus(
    options: Options,
    made: Corpus,
    bits: int,
    variants: tuple[str, ...],
    guest: Path,
    screen: Screen,
) -> CorpusResult:
    """Boot each side with the corpus of a mode."""
    from generator.guest.boot import boot_kernel
    from generator.guest.cpio import pack_folder
    from generator.report.corpus import SIDES, read_results

    area = options.area / options.base / "corpus"
    folder = ensure_dir(area / "root")
    write_atomic(folder / "corpus", made.data)
    initramfs = area / "initramfs.cpio"
    write_atomic(initramfs, guest.read_bytes() + pack_folder(folder))
    reports = {}
    for side, variant in zip(SIDES, ("tip", "peer"), strict=True):
        if variant in variants:
            request = replace(
                commands.boot_request(options, variant, initramfs),
                flavour=f"corpus-{options.flavour}",
                # with several, QEMU 7.2 loses the flags where a locked operand is split and missing
                cpus=1,
                # its 32-bit one does not ignore bit 3 of VEX.vvvv in 32-bit code, and dies
                arch="x86_64",
                parameters=(
                    *(f"uprobekit.program={_CORPUS_PROGRAMS[bits]}", f"uprobekit.side={side}"),
                    f"uprobekit.timeout={_CORPUS_SECONDS}",
                ),
                timeout=_CORPUS_SECONDS + 60.0,
            )
            reports[side] = boot_kernel(request, screen).ktap
    return read_results(made, reports, bits=bits)


def _make_corpora(
    options: Options,
    source: Source,
    rendered: Rendered,
    modes: tuple[int, ...],
    *,
    cases: int,
    seed: int,
) -> dict[int, Corpus]:
    """Choose the instructions, by mode: those of the proof that the series accepts."""
    from generator.checks.proof.build import build_peer, build_proof
    from generator.checks.proof.cases import make_cases
    from generator.checks.proof.compare import find_reason
    from generator.checks.proof.corpus import make_corpus
    from generator.checks.proof.library import VERDICTS, Classifier, Library
    from generator.model.opcodes import OPCODES

    area = options.area / options.base
    made = build_proof(source.load, rendered.tip_files, ensure_dir(area / "proof"))
    peer = build_peer(source.load, ensure_dir(area / "peer"))
    ours, base = Classifier(made.library), Classifier(peer)
    library = Library(made.library)
    listed = make_cases(OPCODES, wanted=cases, seed=seed)

    def choose(bits: int) -> Corpus:
        accepts = (
            lambda code: ours.verdict(code, bits=bits) != VERDICTS[0],
            lambda code: base.verdict(code, bits=bits) != VERDICTS[0],
        )
        return make_corpus(
            listed,
            accepts,
            bits=bits,
            seed=seed,
            reason=lambda code: find_reason(library, code, bits=bits),
        )

    return {bits: choose(bits) for bits in modes}


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
    screen.say(
        "\n\n".join(h + as_text(each) for h, each in zip(heads, found.values(), strict=True))
    )


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


def opcodes() -> None:
    """Print the page about opcodes."""
    from generator.cli.output import Screen
    from generator.model.emulation import EMULATION
    from generator.model.opcodes import OPCODES
    from generator.render.opcode_page import opcode_page

    Screen().say(opcode_page(OPCODES, EMULATION))


def review(options: Options, *, markdown: bool) -> None:
    """Check the points of the review."""
    from generator.checks.review import check_review

    screen = options.screen()
    source, rendered = render_source(options)
    plan = plan_series(find_base(options.base), find_series(options.series))
    points = check_review(plan, rendered.tip_files, rendered.patches)
    data: dict[str, object] = {"points": [asdict(point) for point in points]}
    options.keep("review", data, source, rendered)
    screen.result(data)
    if markdown:
        screen.say("| point | asked for | evidence | deviation |\n|---|---|---|---|")
    for point in points:
        rule, where = point.rule, point.evidence[0] if point.evidence else "-"
        tests = f" (runs: {', '.join(rule.tests)})" if rule.tests else ""
        if markdown:
            row = (rule.ident, rule.point, f"{where}{tests}", rule.deviation or "-")
            screen.say(f"| {' | '.join(row)} |")
            continue
        verdict = "NOT OK" if point.problems else "ok"
        screen.say(f"{rule.ident} {verdict:6} {rule.point}\n    {where}{tests}")
        if rule.deviation:
            screen.say(f"    differs: {rule.deviation}")
    bad = [f"{point.rule.ident}: {problem}" for point in points for problem in point.problems]
    if bad:
        raise CheckFailed("points of the review are not met:\n  " + "\n  ".join(bad))


def verify(options: Options) -> None:
    """Compare the tip with the model by libclang."""
    from generator.checks.interface.declarations import verify_interface
    from generator.checks.interface.headers import check_headers
    from generator.checks.interface.prefixes import verify_prefixes
    from generator.checks.interface.refs import read_prefixes
    from generator.checks.interface.tables import check_tables
    from generator.checks.patches.series import check_series
    from generator.checks.states.correspond import check_correspondence

    screen = options.screen()
    source, rendered = render_source(options)
    plan = plan_series(find_base(options.base), find_series(options.series))
    tree, build_dir = _tip(options)
    prefixes = read_prefixes(plan, rendered.repo)
    checks = (
        *verify_interface(plan, tree, build_dir, tuple(rendered.tip_files)),
        *check_tables(rendered.tip_files),
        *check_headers(plan, prefixes),
        *verify_prefixes(plan, tree, build_dir, prefixes),
        *check_correspondence(plan, rendered.tip_files),
        *check_series(rendered.repo, options.series, rendered.patches),
    )
    data: dict[str, object] = {"checks": [asdict(check) for check in checks]}
    options.keep("verify", data, source, rendered)
    screen.result(data)
    for check in checks:
        state = f"{len(check.differences)} differences" if check.differences else "good"
        screen.say(f"{check.what:50} {check.checked:4}  {state}")
    bad = [f"{d.place}: {d.what}" for check in checks for d in check.differences]
    if bad:
        raise CheckFailed("the tip is not what the model says:\n  " + "\n  ".join(bad))


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
    from generator.checks.mutation.judge import Judged, JudgeRequest, judge_faults
    from generator.checks.proof.cases import make_cases
    from generator.model.opcodes import OPCODES
    from generator.report.mutants import (
        Ledger,
        Verdict,
        count_score,
        format_score,
        format_verdict,
    )

    screen = options.screen()
    source, rendered = render_source(options)
    plan = plan_series(find_base(options.base), find_series(options.series))
    tree, build_dir = _tip(options)
    faults, there = _choose_faults(
        options, plan, source, rendered, count=count, seed=seed, by_hand=by_hand, turn=turn
    )
    place = ensure_dir(options.area / options.base / "mutants")
    ledger = Ledger(place / "verdicts.json", rendered.tip_files)
    known = dict(ledger.verdicts)
    new = [
        fault
        for fault in faults
        if fault.ident not in known or (again and known[fault.ident].survives)
    ]
    screen.note(f"{there} faults are there, {len(faults)} chosen, {len(new)} of them new")

    def keep(judged: Judged) -> None:
        before = known.get(judged.fault.ident, Verdict())
        verdict = Verdict(caught=judged.caught, same=judged.same, booted=before.booted)
        ledger.keep(judged.fault, verdict)
        screen.note(format_verdict(judged.fault, verdict))

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
        judge_faults(request, new, keep)
    survivors = [fault for fault in faults if ledger.verdicts[fault.ident].survives]
    if boots and survivors:
        _boot_mutants(options, source, rendered, ledger, survivors, boots, screen)
    score = count_score(faults, ledger.verdicts)
    data = asdict(score) | {"share": score.share}
    options.keep("faults" if by_hand else "mutate", data, source, rendered)
    screen.result(data)
    screen.say(format_score(score))
    if score.overtaken:
        raise CheckFailed(
            f"{len(score.overtaken)} faults are noticed that are said to survive",
            where="generator/checks/mutation/known.py",
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
    made = make_faults(plan, *_tip(options), tip)
    return choose_faults(made, count=count, seed=seed), len(made)


def _tip(options: Options) -> tuple[Path, Path]:
    """Return source and build directory of the tip."""
    build_dir = commands.build_dir(options, "tip")
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
    from generator.cli.commands import boot_request, build_request, guest
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
