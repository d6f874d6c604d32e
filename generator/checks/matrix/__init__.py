# SPDX-License-Identifier: GPL-2.0-only
"""Every prefix of the series in several configurations: the touched objects, compiled."""
