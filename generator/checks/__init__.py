# SPDX-License-Identifier: GPL-2.0-only
"""Checks of the series, one folder each: what is asked, of what, and how it is judged."""
