# SPDX-License-Identifier: GPL-2.0-only
"""The command line: a thin skin over the stages."""

from generator.cli.app import main

__all__ = ["main"]
