# SPDX-License-Identifier: GPL-2.0-only
"""A guest in Bochs: the command, and the files that it starts from.

Bochs 2.7, as Debian has it, emulates what QEMU's TCG does not: shadow stacks of programs, and an
instruction that is stepped and watched at once. It takes some twenty times as long and has one
processor here. It knows no ``-kernel``: it starts from a disc with ISOLINUX, the kernel and the
initramfs, which ``write_bochs_files`` makes. ``generator.guest.vm`` runs it.

Options are those of bochsrc(5). The debugger that Debian's is built with waits for a command, and
gets "c" from a file.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from generator import tools
from generator.errors import InfraError
from generator.guest.qemu import Machine, kernel_parameters

PROGRAM = "bochs"
HINT = "apt-get install bochs bochs-term bochsbios vgabios isolinux syslinux-common xorriso"

MODELS = {True: "tigerlake", False: "corei7_haswell_4770"}
"""Bochs' processor: with shadow stacks, or without. 6.1 does not start on the first one."""

PARAMETERS = ("panic=0", "clearcpuid=ht,avx512f,pku")
"""A panic stops: Bochs would start again. Of one processor that says it has siblings, and of a
compacted XSAVE area whose size Bochs gives as that of the standard one, and of protection keys at
their place in that area, the kernel would warn."""

POWERED_OFF = 1
"""The exit status when the guest has switched the machine off: to Bochs that is a panic."""

_ISOLINUX = (
    (Path("/usr/lib/ISOLINUX/isolinux.bin"), "isolinux.bin"),
    (Path("/usr/lib/syslinux/modules/bios/ldlinux.c32"), "ldlinux.c32"),
)
_ROMS = (
    Path("/usr/share/bochs/BIOS-bochs-latest"),
    Path("/usr/share/bochs/VGABIOS-lgpl-latest"),
)
"""Of packages that bochs itself does not need: QEMU's SeaBIOS is as good to it."""

_INSTRUCTIONS = 100_000_000  # a second of the guest's time


def bochs_arguments(machine: Machine) -> tuple[str, ...]:
    """Return the command that runs ``machine``."""
    place = machine.console.parent
    return (PROGRAM, "-q", "-f", str(place / "bochsrc"), "-rc", str(place / "bochs.rc"))


def bochsrc(machine: Machine) -> str:
    """Return the configuration of ``machine``."""
    place = machine.console.parent
    model = MODELS[machine.shadow_stacks]
    return "".join(
        f"{line}\n"
        for line in (
            f"megs: {machine.memory}",
            f"romimage: file={_ROMS[0]}",
            f"vgaromimage: file={_ROMS[1]}",
            f"cpu: model={model}, count=1, ips={_INSTRUCTIONS}, reset_on_triple_fault=0",
            "clock: sync=none, time0=utc",
            "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
            f'ata0-master: type=cdrom, path="{place / "disc.iso"}", status=inserted',
            "boot: cdrom",
            f'com1: enabled=1, mode=file, dev="{machine.console}"',
            f'com2: enabled=1, mode=file, dev="{machine.results}"',
            "display_library: term",
            f"log: {place / 'bochs-devices.log'}",
            "panic: action=fatal",
            "error: action=ignore",
            "info: action=ignore",
        )
    )


def check_files() -> None:
    """Check that what the disc is made of is installed, and what makes it.

    Raises:
        InfraError: something is missing.
    """
    needed = (*_ROMS, *(path for path, _ in _ISOLINUX))
    missing = [str(path) for path in needed if not path.is_file()]
    if missing or not shutil.which("xorriso"):
        raise InfraError(f"there is no {(*missing, 'xorriso')[0]}", hint=HINT)


def write_bochs_files(machine: Machine) -> None:
    """Write the configuration and the disc of ``machine`` beside its console.

    Raises:
        InfraError: a tool is missing, or the disc cannot be made.
    """
    place = machine.console.parent
    (place / "bochsrc").write_text(bochsrc(machine))
    (place / "bochs.rc").write_text("c\n")
    check_files()
    with TemporaryDirectory(dir=place) as made:
        root = Path(made)
        for path, name in _ISOLINUX:
            shutil.copyfile(path, root / name)
        shutil.copyfile(machine.kernel, root / "vmlinuz")
        line = f"APPEND {kernel_parameters((*PARAMETERS, *machine.parameters))}"
        if machine.initramfs is not None:
            shutil.copyfile(machine.initramfs, root / "initrd")
            line = f"INITRD initrd\n{line}"
        (root / "isolinux.cfg").write_text(
            f"DEFAULT linux\nPROMPT 0\nLABEL linux\nKERNEL vmlinuz\n{line}\n"
        )
        done = tools.run(
            [
                *("xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", f"stdio:{place / 'disc.iso'}"),
                *("-b", "isolinux.bin", "-c", "boot.cat", "-no-emul-boot"),
                *("-boot-load-size", "4", "-boot-info-table", made),
            ]
        )
    if done.returncode:
        raise InfraError(f"xorriso: {done.stderr.strip()[-200:]}", where=str(place / "disc.iso"))
