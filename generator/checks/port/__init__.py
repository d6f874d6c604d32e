# SPDX-License-Identifier: GPL-2.0-only
"""What of a base holds in a tree of another version."""
