# SPDX-License-Identifier: GPL-2.0-only
"""Turn the model into C text and commit messages; knows nothing of git, trees or building."""
