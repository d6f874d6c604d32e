# SPDX-License-Identifier: GPL-2.0-only
"""Where things are in the emulated address space."""

from __future__ import annotations

from dataclasses import dataclass

PAGE = 0x1000
REGION_SIZE = 0x4000

# data in reach of 16-bit addresses, of 32-bit ones, and of rip at the highest site
REGION_TINY = 0x4000
REGION_LOW = 0x20000000
REGION_HIGH = 0x55555D000000

# places in a region: operands, and the stack
OPERANDS = range(0x800, 0x2000)
STACK = range(0x2800, 0x3800)

SLOT_BYTES = 128
SLOTS = 32


@dataclass(frozen=True, kw_only=True)
class Site:
    """A probed address, and the region that the instruction there works on."""

    vaddr: int
    region: int


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The address space of a task.

    Attributes:
        sites: the probed addresses; one lies so that instructions cross a page.
        xol: the page with the slots.
        regions: the data.
    """

    sites: tuple[Site, ...]
    xol: int
    regions: tuple[int, ...]


# The slots are further from the sites than a displacement reaches, as in a real task.
LAYOUTS = {
    64: Layout(
        sites=(
            Site(vaddr=0x40001230, region=REGION_LOW),
            Site(vaddr=0x40001FFB, region=REGION_LOW),
            Site(vaddr=0x555555555678, region=REGION_HIGH),
        ),
        xol=0x7FFFFFFFE000,
        regions=(REGION_TINY, REGION_LOW, REGION_HIGH),
    ),
    32: Layout(
        sites=(
            Site(vaddr=0x08049012, region=REGION_LOW),
            Site(vaddr=0x08049FFD, region=REGION_LOW),
        ),
        xol=0xFFFFD000,
        regions=(REGION_TINY, REGION_LOW),
    ),
}
