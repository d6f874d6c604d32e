# SPDX-License-Identifier: GPL-2.0-only
"""Prove the rendered series by tools that know nothing of the model."""
