# SPDX-License-Identifier: GPL-2.0-only
"""Mutation testing: would the proof notice a small fault in the rendered C?

``fault`` has the word for it, ``syntax`` and ``tables`` make faults from libclang's tree and from
the opcode tables, ``choose`` takes some of them, ``judge`` shows each to the cheap levels of the
proof. Booting is left to ``generator.checks.mutation.boot``.
"""
