# SPDX-License-Identifier: GPL-2.0-only
"""Report stage: results of boots kept as JSON, compared before and after, shown and exported."""
