# SPDX-License-Identifier: GPL-2.0-only
"""Checks of the series, one folder each: what is run, on which kernels, and how it is judged."""
