# SPDX-License-Identifier: GPL-2.0-only
"""The declarations of the rendered C against the model's, by libclang and pycparser."""
