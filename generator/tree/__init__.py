# SPDX-License-Identifier: GPL-2.0-only
"""The tree of a base: where its source comes from, the edits made to it, the commits."""
