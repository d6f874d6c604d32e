# SPDX-License-Identifier: GPL-2.0-only
"""Compile the rendered x86 code for user space, with the base's own instruction decoder.

The sources are put into the work area at run time: the decoder and the opcode map of the
unmodified tree, the tip's files, and the shim that stands in for the rest of the kernel. A header
that is asked for and is none of these is an empty file: what it would say is in ``shim/proof.h``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from generator import tools
from generator.checks.userspace import compile_c, missing_headers
from generator.errors import InfraError
from generator.paths import ensure_dir, locked, write_atomic

_SHIM = Path(__file__).resolve().parent / "shim"
_SHIM_HINT = "a function of the kernel that is new in it belongs into shim/proof.h"
_LIB = "arch/x86/lib"
_ASM = "arch/x86/include/asm"

# where each file of the unmodified tree goes
FROM_BASE = {
    f"{_LIB}/insn.c": "insn.c",
    f"{_LIB}/inat.c": "inat.c",
    f"{_LIB}/x86-opcode-map.txt": "x86-opcode-map.txt",
    "arch/x86/tools/gen-insn-attr-x86.awk": "gen-insn-attr-x86.awk",
    f"{_ASM}/insn.h": "include/asm/insn.h",
    f"{_ASM}/inat.h": "include/asm/inat.h",
    f"{_ASM}/inat_types.h": "include/asm/inat_types.h",
}
# later trees have more of the decoder
_LATER_FROM_BASE = {f"{_ASM}/emulate_prefix.h": "include/asm/emulate_prefix.h"}
FROM_TIP = {
    "arch/x86/kernel/uprobes.c": "uprobes.c",
    f"{_ASM}/uprobes.h": "include/asm/uprobes.h",
    "include/linux/uprobes.h": "include/linux/uprobes.h",
}
_PEER_FROM_BASE = {
    "arch/x86/kernel/uprobes.c": "base-uprobes.c",
    f"{_ASM}/uprobes.h": "include/asm/uprobes.h",
    "include/linux/uprobes.h": "include/linux/uprobes.h",
}
_FROM_SHIM = ("proof.h", "proof.c", "filter.c", "kernel.c", "classify.h", "native.c")
_PEER_FROM_SHIM = ("proof.h", "peer.h", "peer.c", "kernel.c", "classify.h")


_DECODER = ("insn.c", "inat.c")
_COMMON = ("uprobes.c", "kernel.c", *_DECODER)
_FLAGS = (
    *("-std=gnu11", "-g", "-fno-strict-aliasing", "-fno-strict-overflow", "-Wall", "-Werror"),
    *("-DCONFIG_X86_64", "-DCONFIG_UPROBES", "-Iinclude", "-Iempty", "-I.", "-include", "proof.h"),
)
# the table of an old decoder says const twice
_OLD = ("-DOLD_KERNEL", "-Wno-duplicate-decl-specifier")
# it reads numbers where they are, which x86 allows
_UNALIGNED = ("-fno-sanitize=alignment",)
_SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_PEER_FLAGS = (
    *_FLAGS,
    # without this one the base has no table for 32-bit code, and does not look whether there is one
    "-DCONFIG_IA32_EMULATION",
    *("-w", "-Wno-error", "-include", "peer.h", "-O2", "-shared", "-fPIC"),
    # it asks for much of the kernel in functions that its analysis does not call
    *("-fvisibility=hidden", "-ffunction-sections", "-Wl,--gc-sections"),
)


@dataclass(frozen=True, kw_only=True)
class ProofBuild:
    """What was compiled.

    Attributes:
        library: the C, for the proof.
        filter: the analysis with sanitizers.
        native: executes instructions on the processor at hand.
        digest: of the texts that were compiled; "" while nobody has looked at them.
    """

    library: Path
    filter: Path
    native: Path
    digest: str = ""


STAMP = "build.sha256"
"""The file beside them that says from which texts they were compiled."""


def proof_files(place: Path) -> ProofBuild:
    """Return where ``build_proof`` leaves what it compiles."""
    return ProofBuild(
        library=place / "libproof.so", filter=place / "filter", native=place / "native"
    )


def build_proof(
    load: Callable[[str], str],
    tip: Mapping[str, str],
    place: Path,
    *,
    compiler: str = "gcc",
    checked: bool = True,
) -> ProofBuild:
    """Compile, unless that has been done for the same sources.

    Args:
        load: returns the text of a file of the unmodified tree.
        tip: the text of the files that the series touches, after its last patch.
        place: a directory of our own.
        compiler: gcc or clang.
        checked: with sanitizers as well, which takes twice as long as the rest.

    Raises:
        UserError: the tree lacks a file.
        CheckFailed: the C does not compile.
        InfraError: awk or the compiler cannot be run.
    """
    files = _decoder(load)
    files |= {name: tip[path] for path, name in FROM_TIP.items()}
    files |= {name: (_SHIM / name).read_text() for name in _FROM_SHIM}
    files |= {f"empty/{name}": "" for name in missing_headers(files)}
    ensure_dir(place)
    made = proof_files(place)
    with locked(place / "build.lock"):
        stamp = place / STAMP
        digest = _digest(files, compiler)
        old, unaligned = (_OLD, _UNALIGNED) if _is_old(files) else ((), ())
        flags = (*_FLAGS, *old)
        if not (stamp.is_file() and stamp.read_text() == digest and made.native.is_file()):
            stamp.unlink(missing_ok=True)
            made.filter.unlink(missing_ok=True)
            for name, text in files.items():
                write_atomic(place / name, text.encode("utf-8", "surrogateescape"))
            _generate_table(place)
            shared = ("-O2", "-shared", "-fPIC", "-o", made.library.name)
            compile_c([compiler, *flags, *shared, "proof.c", *_COMMON], place, _SHIM_HINT)
            # static and at a fixed address: out of the way of the layout
            alone = ("-std=gnu11", "-O2", "-Wall", "-Werror", "-static", "-no-pie")
            compile_c([compiler, *alone, "-o", made.native.name, "native.c"], place, _SHIM_HINT)
            write_atomic(stamp, digest.encode())
        if checked and not made.filter.is_file():
            sanitized = ("-O1", *_SANITIZERS, *unaligned, "-o", f"{made.filter.name}.new")
            compile_c([compiler, *flags, *sanitized, "filter.c", *_COMMON], place, _SHIM_HINT)
            (place / f"{made.filter.name}.new").rename(made.filter)
    return replace(made, digest=digest)


def build_fuzzer(load: Callable[[str], str], tip: Mapping[str, str], place: Path) -> Path:
    """Compile the analysis as a program for libFuzzer, with clang; returns the program.

    Args:
        load: returns the text of a file of the unmodified tree.
        tip: the text of the files that the series touches, after its last patch.
        place: a directory of our own.

    Raises:
        UserError: the tree lacks a file.
        CheckFailed: the C does not compile.
        InfraError: clang or libFuzzer is missing.
    """
    build_proof(load, tip, place)
    write_atomic(place / "fuzz.c", (_SHIM / "fuzz.c").read_bytes())
    program = place / "fuzz"
    flags = ("-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all")
    old, unaligned = (_OLD, _UNALIGNED) if _is_old(_decoder(load)) else ((), ())
    command = ["clang", *_FLAGS, *old, *flags, *unaligned, "-o", program.name, "fuzz.c", *_COMMON]
    done = tools.run_bytes(command, cwd=place)
    if b"libclang_rt" in done.stderr:
        raise InfraError("libFuzzer is missing", hint="apt-get install libclang-rt-14-dev")
    if done.returncode:
        compile_c(command, place, _SHIM_HINT)
    return program


def build_peer(load: Callable[[str], str], place: Path, *, compiler: str = "gcc") -> Path:
    """Compile the unmodified base's own analysis, for the census; returns the library.

    Args:
        load: returns the text of a file of the unmodified tree.
        place: a directory of our own.
        compiler: gcc or clang.

    Raises:
        UserError: the tree lacks a file.
        CheckFailed: the C does not compile.
        InfraError: awk or the compiler cannot be run.
    """
    files = _decoder(load) | {name: load(path) for path, name in _PEER_FROM_BASE.items()}
    files |= {name: (_SHIM / name).read_text() for name in _PEER_FROM_SHIM}
    files |= {f"empty/{name}": "" for name in missing_headers(files)}
    ensure_dir(place)
    library = place / "libpeer.so"
    with locked(place / "build.lock"):
        stamp = place / "build.sha256"
        digest = _digest(files, f"{compiler} for both modes")
        if stamp.is_file() and stamp.read_text() == digest and library.is_file():
            return library
        stamp.unlink(missing_ok=True)
        for name, text in files.items():
            write_atomic(place / name, text.encode("utf-8", "surrogateescape"))
        _generate_table(place)
        sources = ("peer.c", "kernel.c", *_DECODER)
        compile_c([compiler, *_PEER_FLAGS, "-o", library.name, *sources], place, _SHIM_HINT)
        write_atomic(stamp, digest.encode())
    return library


def load_decoder(load: Callable[[str], str]) -> dict[str, str]:
    """Return the files of the base's decoder, by their paths; later trees have more of them."""
    files = {path: load(path) for path in FROM_BASE}
    if not _is_old(_renamed(files)):
        files |= {path: load(path) for path in _LATER_FROM_BASE}
    return files


def _decoder(load: Callable[[str], str]) -> dict[str, str]:
    """Return the files of the base's decoder, by the names they get."""
    return _renamed(load_decoder(load))


def _renamed(files: Mapping[str, str]) -> dict[str, str]:
    names = FROM_BASE | _LATER_FROM_BASE
    return {names[path]: text for path, text in files.items()}


def _is_old(files: Mapping[str, str]) -> bool:
    """Tell whether the base has what the shim calls an old kernel: no insn_decode()."""
    header = files["include/asm/insn.h"]
    return "insn_init(" in header and "insn_decode(" not in header


def _digest(files: Mapping[str, str], compiler: str) -> str:
    """Return what tells these sources from others."""
    total = hashlib.sha256(" ".join([compiler, *_FLAGS, *_OLD, *_SANITIZERS, *_UNALIGNED]).encode())
    for name in sorted(files):
        text = files[name].encode("utf-8", "surrogateescape")
        total.update(f"{name} {len(text)}\n".encode() + text)
    return total.hexdigest()


def _generate_table(place: Path) -> None:
    """Have the base's own script make the decoder's table."""
    command = ["awk", "-f", "gen-insn-attr-x86.awk", "x86-opcode-map.txt"]
    done = tools.run_bytes(command, cwd=place)
    if done.returncode:
        raise InfraError(
            f"the decoder's table cannot be made: {done.stderr.decode().strip()}",
            where=str(place / "gen-insn-attr-x86.awk"),
        )
    write_atomic(place / "inat-tables.c", done.stdout)
