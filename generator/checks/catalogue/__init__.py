# SPDX-License-Identifier: GPL-2.0-only
"""A kernel that somebody else has built, held against the catalogue of faults.

``boots`` runs the self-tests in it, as often as that takes, ``pack`` adds what it needs to the
guest, ``judge`` turns what was seen into a verdict for each entry, and starts nothing.
"""
