# SPDX-License-Identifier: GPL-2.0-only
"""The commands that read what is rendered: checkpatch, the review, libclang, opcodes.

Stages that a command does not need are not imported.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from generator.cli.mutate import rendered_tip
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed
from generator.plan import find_base, find_series, plan_series


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


def opcodes() -> None:
    """Print the page about opcodes."""
    from generator.cli.output import Screen
    from generator.model.emulation import EMULATION
    from generator.model.opcodes import OPCODES
    from generator.render.opcode_page import opcode_page

    Screen().say(opcode_page(OPCODES, EMULATION))


def review(options: Options, *, markdown: bool) -> None:
    """Check the points of the review."""
    from generator.checks.review.run import check_review

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
    tree, build_dir = rendered_tip(options)
    prefixes = read_prefixes(plan, rendered.repo)
    checks = (
        *verify_interface(plan, tree, build_dir, tuple(rendered.tip_files)),
        *check_tables(plan.tip, rendered.tip_files),
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
