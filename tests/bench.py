# SPDX-License-Identifier: GPL-2.0-only
"""Time rendering and the main job, as ratios against a plain kernel build in the same run.

Usage: python tests/bench.py [--base 6.1] [--workdir DIR] [--json FILE] [--quick]

Runs, one after the other and alone on the machine if the figures are to mean something:

    render      whole processes of ``uprobekit render`` on an unpacked source (median of several)
    short       processor time of what should start at once, and of a comparison (least of several)
    checks      processor time of each check that ``uprobekit check`` runs without a name
    plain       ``make bzImage`` of the unmodified base, same configuration, no ccache
    cold        ``uprobekit qemu-test`` in an empty work area, no ccache, unpacking included
    again       the same once more with nothing changed

and takes the peak memory of each stage, and of QEMU, from /proc. ``--quick`` leaves out plain, cold
and again. Processor time means something beside other work as well; seconds do not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from generator.cli.check import CHECKS

TARGETS = {"render_s": 1.0, "again_s": 30.0, "cold_ratio": 2.2, "memory_mb": 500.0}
_SEVERAL = 7
_SAMPLE = 0.2


@dataclass(frozen=True, kw_only=True)
class Run:
    """A process that has ended: seconds, and peak memory (MB) of its own tools by name."""

    seconds: float
    memory: dict[str, float]


def _children(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        # processes come and go while this looks
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _peaks(pid: int, memory: dict[str, float]) -> None:
    """Note VmHWM of ``pid`` and of what it has started, except compilers and make."""
    for process in _children(pid):
        try:
            rows = dict(
                line.split(":", 1)
                for line in Path(f"/proc/{process}/status").read_text().splitlines()
                if ":" in line
            )
        except OSError:
            continue
        name = rows["Name"].strip()
        if "VmHWM" in rows and name.startswith(("python", "uprobekit", "qemu", "git", "tar")):
            peak = int(rows["VmHWM"].split()[0]) / 1024
            memory[name] = max(memory.get(name, 0.0), round(peak, 1))


def run(command: list[str], *, env: dict[str, str], cwd: Path | None = None) -> Run:
    """Run ``command`` to its end; a failure ends the benchmark."""
    memory: dict[str, float] = {}
    begin = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, env=env, cwd=cwd, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
        while process.poll() is None:
            _peaks(process.pid, memory)
            time.sleep(_SAMPLE)
        seconds = time.monotonic() - begin
        if process.returncode:
            output.seek(0)
            sys.stderr.write(output.read().decode(errors="replace")[-3000:])
            raise SystemExit(f"failed: {' '.join(command)}")
    sys.stderr.write(f"{seconds:7.1f} s  {' '.join(command)}\n")
    return Run(seconds=seconds, memory=memory)


def _tool(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "generator", *arguments]


def bench_render(base: str, area: Path, env: dict[str, str]) -> Run:
    """Time whole processes of rendering, the source being unpacked already."""
    command = _tool("render", "--base", base, "--workdir", str(area), "-o", str(area / "patches"))
    run(command, env=env)
    begin = []
    for _ in range(_SEVERAL):
        start = time.monotonic()
        subprocess.run(command, env=env, check=True, capture_output=True)
        begin.append(time.monotonic() - start)
    return Run(seconds=statistics.median(begin), memory=run(command, env=env).memory)


def processor_time(command: list[str], *, env: dict[str, str], times: int) -> float:
    """Return the least processor time that a command and its children take; 1 is no failure."""
    taken = []
    for _ in range(times):
        begin = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, env=env, check=False, capture_output=True)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode > 1:
            raise SystemExit(f"failed: {' '.join(command)}\n{done.stderr.decode()[-3000:]}")
        taken.append(end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime)
    return min(taken)


def bench_short(base: str, env: dict[str, str]) -> dict[str, float]:
    """Take the processor time of short commands; explain compiles something the first time."""
    commands = {
        "--version": ("--version",),
        "--help": ("--help",),
        "explain": ("explain", "--base", base, "48 8b 05 10 00 00 00"),
        "diff": ("diff", "kernel_patches/6.1/review", "kernel_patches/6.12/review"),
    }
    return {
        name: round(processor_time(_tool(*words), env=env, times=_SEVERAL), 3)
        for name, words in commands.items()
    }


def bench_checks(base: str, env: dict[str, str]) -> dict[str, float]:
    """Take the processor time of the checks that need no kernel."""
    plain = {name: one for name, one in CHECKS.items() if not (one.built or one.asked)}
    return {
        name: round(processor_time(_tool(*one.words, "--base", base), env=env, times=1), 1)
        for name, one in plain.items()
    }


def bench_plain(base: str, area: Path, env: dict[str, str]) -> Run:
    """Time one plain build of the unmodified base with the project's configuration."""
    source = area / base / "pristine"
    build = area / "plain"
    build.mkdir()
    fragments = [
        str(path)
        for path in (Path("qemu/config/base.config"), Path(f"qemu/config/{base}.config"))
        if path.is_file()
    ]
    make = ["make", "-s", "-C", str(source), f"O={build}", f"-j{os.cpu_count()}"]
    subprocess.run([*make, "tinyconfig"], env=env, check=True, capture_output=True)
    merge = [str(source / "scripts/kconfig/merge_config.sh"), "-m", "-O", str(build)]
    merged = [*merge, str(build / ".config"), *(str(Path(f).resolve()) for f in fragments)]
    subprocess.run(merged, env=env, check=True, capture_output=True, cwd=source)
    subprocess.run([*make, "olddefconfig"], env=env, check=True, capture_output=True)
    return run([*make, "bzImage"], env=env)


def main() -> int:
    """Run the benchmark and print the figures beside the targets."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--base", default="6.1")
    parser.add_argument("--workdir", type=Path, help="an empty folder; default: a temporary one")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--quick", action="store_true", help="no kernel build")
    options = parser.parse_args()
    area = options.workdir or Path(tempfile.mkdtemp(prefix="uprobekit-bench-"))
    env = {**os.environ, "CCACHE_DISABLE": "1", "UPROBEKIT_WORKDIR": str(area / "cold")}
    try:
        figures = measure(options.base, area, env, quick=options.quick)
    finally:
        if options.workdir is None:
            shutil.rmtree(area, ignore_errors=True)
    report = {"base": options.base, "cores": os.cpu_count(), **figures, "targets": TARGETS}
    text = json.dumps(report, indent=1, sort_keys=True)
    sys.stdout.write(text + "\n")
    if options.json:
        options.json.write_text(text + "\n")
    return 0


def measure(base: str, area: Path, env: dict[str, str], *, quick: bool) -> dict[str, object]:
    """Take all figures."""
    rendered = bench_render(base, area, env)
    here = env | {"UPROBEKIT_WORKDIR": str(area)}
    figures: dict[str, object] = {
        "render_s": round(rendered.seconds, 2),
        "short_cpu_s": bench_short(base, here),
        "checks_cpu_s": bench_checks(base, here),
    }
    memory = dict(rendered.memory)
    if not quick:
        plain = bench_plain(base, area, env)
        test = _tool("qemu-test", "--base", base, "--workdir", str(area / "cold"))
        cold = run(test, env=env)
        again = run(test, env=env)
        for part in (cold.memory, again.memory):
            memory |= {name: max(peak, memory.get(name, 0.0)) for name, peak in part.items()}
        figures |= {
            "plain_s": round(plain.seconds, 1),
            "cold_s": round(cold.seconds, 1),
            "cold_ratio": round(cold.seconds / plain.seconds, 2),
            "again_s": round(again.seconds, 1),
        }
    return figures | {"memory_mb": memory}


if __name__ == "__main__":
    sys.exit(main())
