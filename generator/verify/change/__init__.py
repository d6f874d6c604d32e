# SPDX-License-Identifier: GPL-2.0-only
"""What changed between two renderings: the interface, the patches, the tree."""
