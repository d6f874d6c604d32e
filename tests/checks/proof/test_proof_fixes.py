# SPDX-License-Identifier: GPL-2.0-only
"""What the analysis of the series ``fixes`` says of instructions, beside the unmodified base's."""

import pytest

from generator.checks.proof.build import build_peer
from generator.checks.proof.library import INSN_BYTES, Classifier
from generator.plan import find_base, find_series, plan_series
from generator.tree.series import render_series

pytestmark = pytest.mark.kernel

STEPPED, SKIPPED, REFUSED = "stepped", "not stepped", "refused"

SAID = {
    # what it is: bytes, the base in 64-bit code, the series there, both in 32-bit code
    "nop": ("90", SKIPPED, SKIPPED, SKIPPED, SKIPPED),
    "nopl": ("0f 1f 44 00 00", STEPPED, SKIPPED, STEPPED, SKIPPED),
    "endbr64": ("f3 0f 1e fa", STEPPED, SKIPPED, STEPPED, SKIPPED),
    "a hint that may become something": ("f3 0f 1e c8", STEPPED, STEPPED, STEPPED, STEPPED),
    "xchg %r8, %rax; dec": ("49 90", SKIPPED, STEPPED, STEPPED, STEPPED),
    "ret": ("c3", STEPPED, SKIPPED, STEPPED, SKIPPED),
    "ret $8": ("c2 08 00", STEPPED, SKIPPED, STEPPED, SKIPPED),
    "ret of 16 bits": ("66 c3", STEPPED, REFUSED, STEPPED, REFUSED),
    "call *%rax of 16 bits": ("66 ff d0", STEPPED, REFUSED, STEPPED, REFUSED),
    "loop of 16 bits": ("66 e2 10", STEPPED, REFUSED, STEPPED, REFUSED),
    "jecxz": ("67 e3 05", STEPPED, STEPPED, STEPPED, STEPPED),
    "incw": ("66 ff c0", STEPPED, STEPPED, STEPPED, STEPPED),
    "leave": ("c9", STEPPED, SKIPPED, STEPPED, SKIPPED),
    "leave of 16 bits": ("66 c9", STEPPED, STEPPED, STEPPED, STEPPED),
    "push": ("55", SKIPPED, SKIPPED, SKIPPED, SKIPPED),
    "vzeroupper": ("c5 f8 77", SKIPPED, STEPPED, SKIPPED, STEPPED),
    "vcmpps": ("c5 f0 c2 c2 00", STEPPED, STEPPED, STEPPED, STEPPED),
    "mov": ("89 c8", STEPPED, SKIPPED, STEPPED, SKIPPED),
    "mov of 16 bits": ("66 89 c8", STEPPED, STEPPED, STEPPED, STEPPED),
    "mov of an immediate": ("b8 01 00 00 00", STEPPED, SKIPPED, STEPPED, SKIPPED),
    "movabs; dec": ("48 b8 01 00 00 00 00 00 00 00", STEPPED, STEPPED, STEPPED, STEPPED),
    "mov of an immediate, ModRM": ("c7 c0 01 00 00 00", STEPPED, SKIPPED, STEPPED, SKIPPED),
    "the same to memory": ("c7 00 01 00 00 00", STEPPED, STEPPED, STEPPED, STEPPED),
    "load": ("8b 44 8f 08", STEPPED, SKIPPED, STEPPED, SKIPPED),
    "load, fs": ("64 8b 07", STEPPED, STEPPED, STEPPED, STEPPED),
    "store": ("89 07", STEPPED, STEPPED, STEPPED, STEPPED),
    "lea": ("8d 04 8f", STEPPED, SKIPPED, STEPPED, SKIPPED),
    "lea of a register": ("8d c0", STEPPED, STEPPED, STEPPED, STEPPED),
    "movzx": ("0f b6 07", STEPPED, SKIPPED, STEPPED, SKIPPED),
    "movzx of a register": ("0f b6 c4", STEPPED, STEPPED, STEPPED, STEPPED),
    "cmove": ("0f 44 05 00 00 00 00", STEPPED, SKIPPED, STEPPED, SKIPPED),
    "cmove behind f3": ("f3 0f 44 05 00 00 00 00", STEPPED, REFUSED, STEPPED, REFUSED),
    "setb behind f3": ("f3 0f 92 c0", STEPPED, REFUSED, STEPPED, REFUSED),
    "punpckhqdq, 67 behind 66": ("66 67 0f 6d 35 02 be d7 ca", STEPPED, REFUSED, STEPPED, REFUSED),
    "punpckhqdq": ("67 66 0f 6d 35 02 be d7 ca", STEPPED, STEPPED, STEPPED, STEPPED),
    "cpuid": ("0f a2", STEPPED, STEPPED, STEPPED, STEPPED),
    "bswap": ("0f c8", STEPPED, STEPPED, STEPPED, STEPPED),
    "wrmsr": ("0f 30", STEPPED, REFUSED, STEPPED, REFUSED),
    "syscall": ("0f 05", STEPPED, REFUSED, STEPPED, REFUSED),
    "ljmp": ("ff 28", STEPPED, REFUSED, STEPPED, REFUSED),
}


@pytest.fixture(scope="module", params=["6.1", "6.12"])
def analyses(request, kernel_source, tmp_path_factory):
    """Return the analyses of the base and of the series."""
    source = kernel_source(request.param)
    plan = plan_series(find_base(request.param), find_series("fixes"))
    place = tmp_path_factory.mktemp("fixes")
    tip = render_series(plan, source, place).tip_files

    def load(path):
        return tip[path] if path in tip else source.load(path)

    made = (build_peer(source.load, place / "base"), build_peer(load, place / "fixes"))
    return tuple(Classifier(library) for library in made)


@pytest.mark.parametrize("what", SAID)
def test_what_is_stepped(analyses, what):
    """The series steps, skips and refuses what its patches say, and the rest as before."""
    text, *said = SAID[what]
    code = bytes.fromhex(text).ljust(INSN_BYTES, b"\0")
    assert [one.verdict(code, bits=bits) for bits in (64, 32) for one in analyses] == said
