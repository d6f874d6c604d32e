# SPDX-License-Identifier: GPL-2.0-only
"""A kernel image that somebody else has built: is it one, of which version, for which processor?

Reads the header of a bzImage (Documentation/x86/boot.txt, 3.3; the same in 6.12): the signature,
the offset of the version text, and whether there is an entry for 64-bit code. Called by the command
line before such a kernel is booted.
"""

from __future__ import annotations

import stat
import struct
from pathlib import Path

from generator.errors import UserError
from generator.text import clean_text

_SIGNATURE = (0x202, b"HdrS")
_VERSION = 0x20E
"""Offset of the 16-bit offset of the version text, less _BEGIN."""
_BEGIN = 0x200
_LOAD_FLAGS = 0x236
"""Offset of the 16-bit ``xloadflags``, since version 2.12 of the protocol (Linux 3.8)."""
_KERNEL_64 = 1
_SIZES = struct.Struct("<BHI")
_SECTORS, _PARAGRAPHS = 0x1F1, 16
"""Offset of ``setup_sects``, ``root_flags``, ``syssize``: sectors of 512 bytes but for the first,
and paragraphs of what follows, rounded up."""
_SHORTEST = _LOAD_FLAGS + 2
_HEADER = 64 * 1024
"""The text stands in the code for real mode, which ends before this."""


def read_version(image: Path) -> str:
    """Return the release of a kernel image, such as ``3.3.8``.

    Raises:
        UserError: there is no such file, it cannot be read, or it is no bzImage.
    """
    return read_banner(image).split()[0]


def read_banner(image: Path) -> str:
    """Return all that a kernel image says of its version: release, who built it, and when.

    Raises:
        UserError: as ``read_version``.
    """
    head = _read_head(image)
    _check_size(image, head)
    start = _BEGIN + struct.unpack_from("<H", head, _VERSION)[0]
    text = head[start : start + 256].split(b"\0")[0].strip()
    if start == _BEGIN or not text:
        raise UserError("the kernel image does not say its version", where=str(image))
    return clean_text(text.decode("ascii", "replace"))


def read_architecture(image: Path) -> str:
    """Return the architecture of a kernel image: ``x86_64`` or ``i386``.

    Raises:
        UserError: as ``read_version``.
    """
    head = _read_head(image)
    flags = head[_LOAD_FLAGS : _LOAD_FLAGS + 2]
    return "x86_64" if int.from_bytes(flags, "little") & _KERNEL_64 else "i386"


def _check_size(image: Path, head: bytes) -> None:
    """Check that an image is as long as it says.

    Raises:
        UserError: it is cut off.
    """
    sectors, _, paragraphs = _SIZES.unpack_from(head, _SECTORS)
    whole, size = 512 * (sectors + 1) + _PARAGRAPHS * paragraphs, image.stat().st_size
    if paragraphs and size <= whole - _PARAGRAPHS:
        raise UserError(
            f"the kernel image is cut off: {size} bytes of {whole} are there",
            where=str(image),
            hint="copy or download it again",
        )


_OTHERS = (
    (0, b"\x7fELF", "an uncompressed kernel or a program", "name the vmlinuz or bzImage beside it"),
    (0, b"!<arch>\n", "a package", "unpack it (dpkg-deb -x FILE DIR) and name boot/vmlinuz-*"),
    (0, b"\xed\xab\xee\xdb", "a package", "unpack it (rpm2cpio FILE | cpio -id) and name vmlinuz"),
    (0, b"\x1f\x8b", "something compressed", "uncompress it (gunzip) and name what is in it"),
    (0, b"\xfd7zXZ", "something compressed", "uncompress it (unxz) and name what is in it"),
    (0, b"\x28\xb5\x2f\xfd", "something compressed", "uncompress it (unzstd), name what is in it"),
    (0x38, b"ARM\x64", "a kernel for arm64", "name one for x86, of 32 or 64 bits"),
    (0x38, b"RSC\x05", "a kernel for RISC-V", "name one for x86, of 32 or 64 bits"),
    (0, b"0707", "an initrd", "name the vmlinuz beside it, and this by --initrd"),
    (
        0,
        b"MZ",
        "a kernel for another architecture, or one in an EFI program",
        "of a unified kernel image take: objcopy -O binary --only-section=.linux FILE vmlinuz",
    ),
)
"""What other files have that people take for it, and where, what they are, and what to do."""


def _read_head(image: Path) -> bytes:
    """Return the beginning of a kernel image.

    Raises:
        UserError: it cannot be read, or it is none.
    """
    try:
        if stat.S_ISFIFO(image.stat().st_mode):
            raise UserError("this is a pipe", where=str(image), hint="name a file")
        with image.open("rb") as file:
            head = file.read(_HEADER)
    except OSError as error:
        raise UserError(f"cannot read: {error.strerror}", where=str(image)) from error
    offset, signature = _SIGNATURE
    if head[offset : offset + len(signature)] == signature and len(head) >= _VERSION + 2:
        return head
    if len(head) < _SHORTEST and head.startswith(b"MZ"):
        raise UserError(
            f"the kernel image is cut off: {len(head)} bytes are there",
            where=str(image),
            hint="copy or download it again",
        )
    for place, magic, what, hint in _OTHERS:
        if head.startswith(magic, place):
            raise UserError(
                f"this is no kernel image for x86 but {what}", where=str(image), hint=hint
            )
    raise UserError(
        "this is no kernel image for x86",
        where=str(image),
        hint="the build leaves one in arch/x86/boot/bzImage",
    )
