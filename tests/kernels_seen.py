# SPDX-License-Identifier: GPL-2.0-only
"""Kernels that were run, from their saved logs, and what ``check-kernel`` says of one."""

from dataclasses import replace

import guests
from conftest import TESTS

from generator.checks.catalogue.boots import observe
from generator.checks.catalogue.judge import judge_all
from generator.checks.catalogue.run import Checked, Failed
from generator.guest.outcome import is_complaint
from generator.text import read_lines, strip_printk

LOGS = TESTS / "logs" / "check"


def recorded(release):
    """Return what was seen of a kernel: its boots are gone through as when it was run.

    The logs of further boots have a plus in their names.
    """
    further = sorted(
        LOGS.glob(f"{release}+*.ktap"), key=lambda log: int(log.stem.rpartition("+")[2])
    )
    logs = iter((LOGS / f"{release}.ktap", *further))
    seen = observe(lambda *_: _boot_of(next(logs)))
    assert not list(logs), f"{release} has more logs than it takes boots"
    return seen


def _boot_of(log):
    console = log.with_suffix(".console")
    return replace(guests.boot(read_lines(log), console=read_lines(console)), console=console)


def keep(name, boots, place=LOGS):
    """Replace what is kept of a kernel: results, and of the console marks and complaints."""
    for old in (*place.glob(f"{name}.*"), *place.glob(f"{name}+*")):
        if old.stem.partition("+")[0] == name:
            old.unlink()
    for number, boot in enumerate(boots):
        stem = f"{name}+{number}" if number else name
        said = [line for line in read_lines(boot / "console.log") if _is_kept(line)]
        for suffix, lines in ((".ktap", read_lines(boot / "results.ktap")), (".console", said)):
            (place / f"{stem}{suffix}").write_text("".join(f"{line}\n" for line in lines))


def _is_kept(line):
    text = strip_printk(line).strip()
    return text.startswith("uprobekit: test ") or is_complaint(text)


def checked(name="7.2.13"):
    """Return what is said of a kernel that was run."""
    observed = recorded(name)
    return Checked(
        image="/boot/vmlinuz",
        version="6.1.0-57-cloud-amd64",
        banner="6.1.0-57-cloud-amd64 (x@y) #1 SMP",
        arch="x86_64",
        accel="tcg",
        boots=1,
        seconds=99.5,
        tests=len(observed.tests),
        verdicts=judge_all(observed),
        unexplained=(Failed(test="odd", lines=("saw 7",)),),
    )
