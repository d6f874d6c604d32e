# SPDX-License-Identifier: GPL-2.0-only
"""What the guest of ``check-kernel`` has beside the self-tests: hunted programs, instructions.

Both are tests of the guest's runner (``uprobekit.also``). The instructions are chosen without a
kernel's source: nobody knows which of them the kernel refuses, so each is tried.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from iced_x86 import CpuidFeature, EncodingKind, Mnemonic, OpCodeTableKind

from generator.checks.proof.cases import Case, make_cases
from generator.checks.proof.corpus import make_corpus
from generator.checks.proof.judge import LONGEST, decode, split_prefixes
from generator.guest.cpio import Entry, pack_data, pack_entries
from generator.guest.initramfs import build_guest, hunted_of
from generator.model.catalogue import plain_name
from generator.model.catalogue.programs import (
    INSTRUCTIONS,
    PROGRAMS,
    REFUSED_OPCODES,
    REFUSED_PREFIXES,
    SEED,
)
from generator.model.opcodes import OPCODES
from generator.progress import Observer

FILES = {"corpus": 64, "corpus-32": 32}
"""The programs that execute instructions, and which mode; each reads a file of its name."""

ALSO = f"uprobekit.also={','.join(('hunted', *FILES))}"


def pack_programs(area: Path, arch: str, observer: Observer) -> bytes:
    """Return archives of the hunted programs and of the instructions, for an architecture.

    Raises:
        UserError, CheckFailed, InfraError: as ``build_guest``.
    """
    root = build_guest(hunted_of(area, arch), observer).root
    return pack_entries(_hunted(root)) + b"".join(
        pack_data(name, _instructions(bits)) for name, bits in FILES.items()
    )


def _hunted(root: Path) -> Iterator[Entry]:
    folder = root / "hunted"
    chosen = [path for path in sorted(folder.iterdir()) if plain_name(path.name) in PROGRAMS]
    yield Entry(name=folder.name, mode=stat.S_IFDIR | 0o755)
    for path in (root / "bin" / "hunted", *chosen):
        name = path.relative_to(root).as_posix()
        yield Entry(name=name, mode=stat.S_IFREG | 0o755, data=path.read_bytes())


def _instructions(bits: int) -> bytes:
    """Return a file for the guest: what the base alone is asked, which is known to refuse none."""
    made = make_cases(OPCODES, wanted=INSTRUCTIONS, seed=SEED)
    cases = [case for case in made if not _is_left_out(case)]
    return make_corpus(cases, (lambda _: False, lambda _: True), bits=bits, seed=SEED).data


def _is_left_out(case: Case) -> bool:
    """Tell whether kernels refuse an instruction, as far as that is known, or QEMU is wrong."""
    prefixes = set(split_prefixes(case.code, bits=case.bits)[0])
    insn = decode(case.code.ljust(LONGEST, b"\0"), bits=case.bits, ip=0).insn
    if insn is None:
        return False
    kind = insn.op_code()
    # of opcodes of several bytes the kernel looks at the last of VEX, and at another table
    one_byte = kind.table == OpCodeTableKind.NORMAL or kind.encoding != EncodingKind.LEGACY
    return (
        (one_byte and kind.op_code & 0xFF in REFUSED_OPCODES)
        or bool(prefixes & REFUSED_PREFIXES)
        or (0x66 in prefixes and bool(insn.near_branch_target))
        or not _NEW.isdisjoint(insn.cpuid_features())
        or insn.mnemonic == Mnemonic.PAUSE
    )


_NEW = frozenset(
    getattr(CpuidFeature, name)
    for name in ("AVX_VNNI_INT8", "AVX_VNNI_INT16", "SHA512", "SM3", "SM4")
)
"""Those that the kernel's decoder does not know yet: error ENOEXEC. And of pause, QEMU loses the
trap of a step (helper_pause() leaves the translated code before it): no processor does so."""
