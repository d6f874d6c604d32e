# SPDX-License-Identifier: GPL-2.0-only
"""Build and boot the tip with one small fault: do the self-tests notice it?

One source tree and one build directory, the variant ``mutant``, follow the faults; only what a
fault changes is compiled again. Takes faults of ``checks.mutation``; called by ``uprobekit mutate``
for those that nothing else has noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from generator.checks.mutation.fault import AnyFault
from generator.errors import CheckFailed
from generator.guest.boot import BootRequest, BootResult, boot_kernel
from generator.guest.ktap import Status
from generator.guest.outcome import Kind
from generator.kbuild.kernel import build_kernel
from generator.kbuild.request import BuildRequest
from generator.progress import Observer
from generator.tree.commits import commit_files

VARIANT = "mutant"

_REF = "refs/heads/mutant"

# seconds: the tip needs about seventy
_TIMEOUT = 400.0
_SILENCE = 45.0


@dataclass(frozen=True, kw_only=True)
class MutantRequest:
    """What the faults are put into.

    Attributes:
        build: how the tip is built.
        tip: its files.
        initramfs: the guest.
        reference: the boot of the tip as it is.
    """

    build: BuildRequest
    tip: Mapping[str, str]
    initramfs: Path
    reference: BootResult


def boot_mutant(request: MutantRequest, fault: AnyFault, observer: Observer | None = None) -> str:
    """Build and boot the tip with a fault.

    Returns:
        What has noticed it; "" when every test ends as on the tip.

    Raises:
        InfraError: the machine or QEMU fails, not the guest.
    """
    commit_files(
        request.build.repo,
        _REF,
        request.build.ref,
        fault.changed(request.tip),
    )
    try:
        built = build_kernel(replace(request.build, variant=VARIANT, ref=_REF), observer)
    except CheckFailed as error:
        return f"build: {' '.join(error.what.split())[:200]}"
    result = boot_kernel(
        BootRequest(
            base=request.build.base,
            variant=VARIANT,
            kernel=built.image,
            initramfs=request.initramfs,
            workdir=request.build.workdir,
            flavour=request.build.flavour,
            timeout=_TIMEOUT,
            silence=_SILENCE,
            stall=_SILENCE,
            first_failure=True,
        ),
        observer,
    )
    return find_difference(result, request.reference)


def find_difference(result: BootResult, reference: BootResult) -> str:
    """Return how a boot differs from that of the tip, "" when it does not."""
    if result.outcome.kind is not Kind.PASSED:
        return f"{result.outcome.kind}: {result.outcome.reason}"
    have = {test.name: test.status for test in result.ktap.tests}
    for test in reference.ktap.tests:
        if have.get(test.name, Status.FAIL) is not test.status:
            return f"{test.name} is {have.get(test.name, 'missing')}, {test.status} on the tip"
    return ""
