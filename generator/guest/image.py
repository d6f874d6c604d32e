# SPDX-License-Identifier: GPL-2.0-only
"""A kernel image that somebody else has built: is it one, and of which version?

Reads the header of a bzImage (Documentation/x86/boot.txt, 3.3; the same in 6.12): the signature and
the offset of the version text. Called by the command line before such a kernel is booted.
"""

from __future__ import annotations

import struct
from pathlib import Path

from generator.errors import UserError

_SIGNATURE = (0x202, b"HdrS")
_VERSION = 0x20E
"""Offset of the 16-bit offset of the version text, less _BEGIN."""
_BEGIN = 0x200
_HEADER = 64 * 1024
"""The text stands in the code for real mode, which ends before this."""


def read_version(image: Path) -> str:
    """Return the release of a kernel image, such as ``3.3.8``.

    Raises:
        UserError: there is no such file, it cannot be read, or it is no bzImage.
    """
    try:
        with image.open("rb") as file:
            head = file.read(_HEADER)
    except OSError as error:
        raise UserError(f"cannot read: {error.strerror}", where=str(image)) from error
    offset, signature = _SIGNATURE
    if head[offset : offset + len(signature)] != signature or len(head) < _VERSION + 2:
        raise UserError(
            "this is no kernel image for x86",
            where=str(image),
            hint="the build leaves one in arch/x86/boot/bzImage",
        )
    start = _BEGIN + struct.unpack_from("<H", head, _VERSION)[0]
    words = head[start : start + 256].split(b"\0")[0].split()
    if start == _BEGIN or not words:
        raise UserError("the kernel image does not say its version", where=str(image))
    return words[0].decode("ascii", "replace")
