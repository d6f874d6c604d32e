# SPDX-License-Identifier: GPL-2.0-only
"""Run the programs of ``qemu/hunted`` on two kernels and compare: the base, and ours.

Usage: python tests/run_hunted.py [--base 6.1] [--flavour plain] [--tests 'ldt-*'] [--workdir DIR]
       python tests/run_hunted.py --table [--workdir DIR]

Each program runs something without a probe and with one, and says what is wrong with it; its second
line names the ABIs that it is compiled for, and what it tries. What the unmodified base does right
and ours does not is a failure (status 2): skipped or lost is not right. So is a program that ours
does not report, and a complaint of our kernel in a program in which the base makes none. A kernel
that dies in one is booted again for the others. As many are booted at a time as there are
processors. Needs both kernels: ``make check-hunted`` builds them. ``--table`` prints the programs
with what the last runs of all bases have said, as ``docs/hunted.md`` has it.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from generator.checks.catalogue.boots import observe
from generator.checks.catalogue.judge import Observed
from generator.checks.catalogue.pack import TESTS_FILE, pack_tests
from generator.guest.boot import BootRequest, BootResult, boot_kernel
from generator.guest.initramfs import build_guest, guest_of, hunted_of
from generator.guest.ktap import Status
from generator.kbuild.request import IMAGE
from generator.model.catalogue.programs import HUNTED
from generator.paths import data_dir, default_workdir, ensure_dir, write_atomic
from generator.progress import SilentObserver

MODES = {"64": "", "32": "m32-"}
SECONDS, DEADLINE = 1500, 60
LOST = ("lost", "it did not say")
UNKNOWN = ("?", "")

_HEAD = re.compile(r"^// ([0-9 ]+): (\S.*)")


def heads() -> dict[Path, tuple[tuple[str, ...], str]]:
    """Return, for each program, the ABIs that it is for, and what it tries."""
    found = {}
    for source in sorted(sources().glob("*.c")):
        if source.name != "runner.c":
            head = _HEAD.match(source.read_text().splitlines()[1])
            if head is None:
                sys.exit(f"{source}: the second line does not say for which ABIs it is")
            found[source] = (tuple(head[1].split()), head[2])
    return found


def check_patterns(patterns: str) -> None:
    """End where a pattern is for no program; a program of both ABIs has one name."""
    names = [source.stem for source in heads()]
    for pattern in patterns.split(","):
        if not fnmatch.filter(names, pattern):
            sys.exit(f"--tests: no program of {sources()} is called '{pattern}'")


def sources() -> Path:
    """Return the folder of the programs."""
    return data_dir("qemu") / "hunted"


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """One of the kernels, and what it is booted with.

    Args:
        variant: ``peer``, ``tip``, or ``fixes``: the unmodified kernel with that series.
        options: of this program.
        guest: the archives of our guest and of the programs.
        area: where the files of the boots are.
    """

    variant: str
    options: argparse.Namespace
    guest: bytes
    area: Path

    def boot(self, names: tuple[str, ...], deadline: int) -> BootResult:
        """Boot with some programs, or all; see ``generator.checks.catalogue.boots.Boot``."""
        initramfs = self.area / f"{self.variant}.cpio"
        write_atomic(initramfs, self.guest + (pack_tests(names) if names else b""))
        patterns = ",".join(f"*{HUNTED}{word}" for word in self.options.tests.split(","))
        wanted = f"@/{TESTS_FILE}" if names else patterns
        built = self.options.workdir / self.options.base / self.variant / "linux"
        request = BootRequest(
            base=self.options.base,
            variant=self.variant,
            kernel=built / f"build-{self.options.flavour}-gcc" / IMAGE,
            initramfs=initramfs,
            workdir=self.options.workdir,
            flavour="hunted",
            accel="tcg",
            one_thread=True,  # several execute slots as they were before, now and then
            memory=1024,
            timeout=SECONDS + 60.0,
            stall=3.0 * DEADLINE,
            silence=3.0 * DEADLINE,
            parameters=(
                *("uprobekit.also=hunted", f"uprobekit.deadline={deadline or DEADLINE}"),
                *("printk.devkmsg=on", "uprobekit.marks", f"uprobekit.timeout={SECONDS}"),
                f"uprobekit.tests={wanted}",
            ),
        )
        return boot_kernel(request, SilentObserver())


def results(observed: Observed) -> dict[str, tuple[str, str]]:
    """Return word and reason of each program, by name."""
    found = {}
    for test in observed.tests.values():
        # what it said last stands before its result
        said = [line.lstrip("# ") for line in test.diagnostics if line.startswith("#   ")]
        skipped = test.status is Status.SKIP
        word = "skip" if skipped else "ok" if test.status is Status.PASS else "not ok"
        reason = test.reason if skipped else "; ".join(said) or test.values.get("reason", "")
        found[test.name.replace(HUNTED, "")] = (word, reason)
    died = {name.replace(HUNTED, ""): ("died", why) for name, why in observed.died.items()}
    lost = {name.replace(HUNTED, ""): ("lost", why) for name, why in observed.doubtful.items()}
    return found | lost | died


def worse_complaints(seen: Mapping[str, Observed]) -> list[str]:
    """Return what kernels with patches complain of in programs in which the base does not."""
    known = {row.test for row in seen["peer"].complaints} if "peer" in seen else set()
    return [
        f"{variant}: {row.test}: {row.text}"
        for variant, observed in seen.items()
        if variant != "peer"
        for row in observed.complaints
        if row.test not in known
    ]


def judge(seen: Mapping[str, Mapping[str, tuple[str, str]]]) -> list[str]:
    """Return the programs that are not as they must be, after the kernel and a colon.

    Args:
        seen: word and reason of each program, by name, of ``peer``, of ``tip`` and ``fixes``, the
            kernels with the patches of either series, or of some of them.
    """
    base = seen.get("peer", {})
    return [
        f"{variant}: {name}"
        for variant, ours in seen.items()
        if variant != "peer"
        for name in sorted({*base, *ours})
        if name not in ours or (base.get(name, LOST)[0] == "ok" and ours[name][0] != "ok")
    ]


def rows(seen: Mapping[str, Mapping[str, tuple[str, str]]]) -> Iterator[str]:
    """Yield a line for each program, and one for each kernel on which it is not right."""
    for name in sorted({name for found in seen.values() for name in found}):
        cells = {variant: found.get(name, LOST) for variant, found in seen.items()}
        yield f"{name:24}" + "".join(f"{kernel}: {word:8}" for kernel, (word, _) in cells.items())
        yield from (f"    {kernel}: {why}" for kernel, (word, why) in cells.items() if word != "ok")


def table(kept: Mapping[str, Mapping[str, Mapping[str, tuple[str, str]]]]) -> Iterator[str]:
    """Yield the lines of a table in Markdown: what each program tries, and what was seen.

    Args:
        kept: the results, by base and kernel.
    """
    columns = [(base, kernel) for base in sorted(kept, key=_number) for kernel in ("peer", "tip")]
    heading = "".join(f" {base} {'base' if k == 'peer' else 'ours'} |" for base, k in columns)
    yield f"| program | ABI | what it tries |{heading}"
    yield "|---" * (3 + len(columns)) + "|"
    for source, (modes, tries) in heads().items():
        names = {bits: f"{MODES[bits]}{source.stem}" for bits in modes}
        cells = []
        for base, kernel in columns:
            found = kept[base].get(kernel, {})
            words = {bits: found.get(name, UNKNOWN)[0] for bits, name in names.items()}
            same = len(set(words.values())) == 1
            cells.append(
                next(iter(words.values()))
                if same
                else ", ".join(f"{bits}: {word}" for bits, word in words.items())
            )
        yield f"| `{source.stem}` | {', '.join(modes)} | {tries} | {' | '.join(cells)} |"


def _number(base: str) -> list[int]:
    return [int(part) for part in base.split(".")]


def main() -> None:
    """Compile, boot, compare, print what was seen; or print the table of what is kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="6.1")
    parser.add_argument("--flavour", default="plain", help="whose kernels are booted")
    parser.add_argument(
        "--variants", default="peer,tip", help="which kernels; fixes: with that series"
    )
    parser.add_argument("--tests", default="*")
    parser.add_argument("--table", action="store_true", help="print what is kept, as Markdown")
    parser.add_argument(
        "--workdir", type=lambda path: Path(path).absolute(), default=default_workdir()
    )
    options = parser.parse_args()

    check_patterns(options.tests)
    area = ensure_dir(options.workdir / "hunted")
    if options.table:
        kept = {path.stem: json.loads(path.read_text()) for path in area.glob("*.json")}
        print("\n".join(table(kept)))
        return
    made = [build_guest(of(options.workdir, "x86_64")) for of in (guest_of, hunted_of)]
    guest = b"".join(built.initramfs.read_bytes() for built in made)

    variants = options.variants.split(",")
    kernels = [Kernel(variant=it, options=options, guest=guest, area=area) for it in variants]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        boots = pool.map(lambda kernel: observe(kernel.boot), kernels)
        observed = dict(zip(variants, boots, strict=True))
    for variant in variants:
        print(f"{variant}: {len(observed[variant].names)} programs")
        print(
            "".join(f"  {row.test}: {row.text}\n" for row in observed[variant].complaints), end=""
        )
    seen = {variant: results(found) for variant, found in observed.items()}
    print("\n".join(rows(seen)))
    if options.tests == "*" and {"peer", "tip"} <= seen.keys():
        write_atomic(area / f"{options.base}.json", json.dumps(seen, indent=1).encode())
    worse = judge(seen)
    if worse:
        print(f"right on the unmodified base, and not so here: {', '.join(worse)}")
    complains = worse_complaints(observed)
    if complains:
        print("kernels complain where the unmodified one does not:", *complains, sep="\n  ")
    if worse or complains:
        sys.exit(2)


if __name__ == "__main__":
    main()
