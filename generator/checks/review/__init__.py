# SPDX-License-Identifier: GPL-2.0-only
"""The points of the review, each checked on the rendered tip, with the evidence."""
