# SPDX-License-Identifier: GPL-2.0-only
"""Check one kernel image: what is booted, in which order, and what is said of it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from generator.checks.catalogue.boots import observe
from generator.checks.catalogue.judge import (
    Observed,
    Verdict,
    Word,
    broken_controls,
    is_late,
    judge_all,
    unexplained,
)
from generator.checks.catalogue.pack import (
    TESTS_FILE,
    find_modules,
    pack_modules,
    pack_tests,
    read_initrd,
)
from generator.checks.catalogue.programs import ALSO, pack_programs
from generator.errors import InfraError
from generator.guest.boot import BootRequest, BootResult, boot_kernel
from generator.guest.flavours import GUEST_DEADLINE, SLACK
from generator.guest.image import read_architecture, read_banner, read_version
from generator.kbuild.kernel import variant_lock
from generator.model.catalogue import Kind
from generator.paths import ensure_dir, write_atomic
from generator.progress import Observer

PLACE = "check-kernel"
"""Below the work area: the boots of each image."""

_MEGABYTES = 1024
_PARAMETERS = ("printk.devkmsg=on", "uprobekit.marks", ALSO)
"""The guest writes to the kernel's log which test begins, as often as it wants."""


_REALTIME = re.compile(r"\bPREEMPT[_ ]RT\b")
_SLEEPY = [6, 12]
_PACE = 3
"""Of a kernel with PREEMPT_RT, which waits for RCU tasks trace wherever a probe is taken away: that
sleeps for six tenths of a second where nothing else happens (kernel/rcu/tasks.h: rcu_tasks_wait_gp;
6.12), by the host's clock most of the time. An instruction takes eight nanoseconds, about as long
as QEMU takes for it."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """A kernel that is to be checked, and what it needs.

    Args:
        kernel: the image.
        version: its release.
        banner: all that it says of its version.
        arch: ``x86_64`` or ``i386``.
        initrd: the distribution's own; None: none.
        modules: where its modules are; None: none are loaded.
    """

    kernel: Path
    version: str
    banner: str
    arch: str
    initrd: Path | None = None
    modules: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A self-test that fails and belongs to no entry: of the kernel nothing is claimed by it."""

    test: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What is said of a kernel.

    Args:
        image: the file.
        version: the kernel's release.
        banner: all that it says of its version.
        arch: its architecture.
        accel: what ran it, ``kvm`` or ``tcg``.
        boots: how many it took.
        seconds: how long these took.
        tests: how many self-tests reported.
        verdicts: one for each entry of the catalogue, in its order.
        unexplained: tests that fail and belong to no entry.
        late: tests that did not end in time, twice: of those nothing is known.
        missing: tests that never ran, because the time for a boot was up.
    """

    image: str
    version: str
    banner: str
    arch: str
    accel: str
    boots: int
    seconds: float
    tests: int
    verdicts: tuple[Verdict, ...]
    unexplained: tuple[Failed, ...] = ()
    late: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def affected(self) -> tuple[Verdict, ...]:
        """The faults that the kernel has."""
        return tuple(
            verdict
            for verdict in self.verdicts
            if verdict.kind is Kind.FAULT and verdict.word is Word.AFFECTED
        )


def read_image(kernel: Path, initrd: Path | None, modules: Path | None) -> Image:
    """Look at an image and at what goes with it; nothing runs.

    Raises:
        UserError: something of it cannot be used.
    """
    version = read_version(kernel)
    if initrd:
        read_initrd(initrd)
    return Image(
        kernel=kernel,
        version=version,
        banner=read_banner(kernel),
        arch=read_architecture(kernel),
        initrd=initrd,
        modules=find_modules(modules, version) if modules else None,
    )


def pace_of(image: Image) -> int | None:
    """Return how fast a kernel runs that would sleep most of the time, see ``Machine.icount``."""
    release = [int(number) for number in re.findall(r"\d+", image.version)[:2]]
    return _PACE if release >= _SLEEPY and _REALTIME.search(image.banner) else None


@dataclass(kw_only=True)
class Boots:
    """The boots of one image, one after the other.

    Attributes:
        image: what is booted.
        place: where its files are.
        guest: all archives, but for a list of tests.
        area: the work area.
        observer: told about the boots.
        accel: see ``generator.guest.accel``.
        seconds: for one boot.
        pace: see ``pace_of``.
        results: of the boots so far.
    """

    image: Image
    place: Path
    guest: bytes
    area: Path
    observer: Observer
    accel: str
    seconds: int
    pace: int | None
    results: list[BootResult] = field(default_factory=list)

    def boot(self, names: tuple[str, ...], deadline: int) -> BootResult:
        """Boot with some tests, or all; see ``boots.Boot``."""
        initramfs = self.place / "initramfs.cpio"
        write_atomic(initramfs, self.guest + (pack_tests(names) if names else b""))
        words = [f"uprobekit.tests=@/{TESTS_FILE}"] if names else []
        words += [f"uprobekit.deadline={deadline}"] if deadline else []
        request = BootRequest(
            base=PLACE,
            variant=self.place.name,
            kernel=self.image.kernel,
            initramfs=initramfs,
            workdir=self.area,
            flavour=str(len(self.results) + 1),
            accel=self.accel,
            memory=_MEGABYTES,
            timeout=float(self.seconds),
            # twice as long until the first test begins: a busy machine boots slowly
            stall=3.0 * (deadline or GUEST_DEADLINE) + SLACK,
            parameters=(*_PARAMETERS, f"uprobekit.timeout={self.seconds}", *words),
            arch=self.image.arch,
            one_thread=True,
            icount=self.pace,
        )
        result = boot_kernel(request, self.observer)
        if self.pace is not None and not result.ktap.announced:
            # 6.1 hangs where it starts the other processor: by the host's clock it does not
            self.pace = None
            return self.boot(names, deadline)
        self.results.append(result)
        return result


def check_image(
    image: Image, guest: Path, area: Path, observer: Observer, *, accel: str = "auto", seconds: int
) -> Checked:
    """Boot an image as often as it takes and judge it.

    Args:
        image: what is booted.
        guest: the archive of our guest, for its architecture.
        area: the work area.
        observer: told about the boots.
        accel: see ``generator.guest.accel``.
        seconds: for one boot.

    Raises:
        InfraError: it could not be booted, or nothing can be said of it.
    """
    digest = hashlib.sha256(image.kernel.read_bytes()).hexdigest()[:12]
    before = read_initrd(image.initrd) if image.initrd else b""
    after = pack_programs(area, image.arch, observer)
    after += pack_modules(image.modules) if image.modules else b""
    boots = Boots(
        image=image,
        place=ensure_dir(area / PLACE / f"{image.version}-{digest}"),
        guest=before + guest.read_bytes() + after,
        area=area,
        observer=observer,
        accel=accel,
        seconds=seconds,
        pace=pace_of(image),
    )
    with variant_lock(boots.place, wait=2.0 * seconds, on_wait=observer):
        return _checked(image, observe(boots.boot), boots.results)


def _checked(image: Image, seen: Observed, results: list[BootResult]) -> Checked:
    verdicts = judge_all(seen)
    if (broken := broken_controls(seen)) and not seen.died:
        raise InfraError(broken, where=str(results[0].results))
    return Checked(
        image=str(image.kernel),
        version=image.version,
        banner=image.banner,
        arch=image.arch,
        accel=results[0].accel.accel,
        boots=len(results),
        seconds=round(sum(result.end.seconds for result in results), 1),
        tests=len(seen.tests),
        verdicts=verdicts,
        unexplained=tuple(
            Failed(test=test, lines=lines) for test, lines in unexplained(seen, verdicts).items()
        ),
        late=tuple(test.name for test in seen.tests.values() if is_late(test)),
        missing=seen.missing,
    )
