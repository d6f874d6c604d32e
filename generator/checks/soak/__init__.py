# SPDX-License-Identifier: GPL-2.0-only
"""Real programs under thousands of probes, on the tip and on the unmodified base.

``programs`` and ``generated`` say what is run, ``sites`` where the probes are, ``pack`` makes the
guest's archive, ``tasks`` boots, ``judge`` compares. The guest's side is ``qemu/guest/soak.c``.
"""
