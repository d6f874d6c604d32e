# SPDX-License-Identifier: GPL-2.0-only
"""Patches as files and mails: read, applied, compared, sent, and brought back to the templates."""
