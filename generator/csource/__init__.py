# SPDX-License-Identifier: GPL-2.0-only
"""C as the templates and a kernel have it: functions, statements, macros, by their tokens."""
