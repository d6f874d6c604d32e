# SPDX-License-Identifier: GPL-2.0-only
"""What one series changes against another: functions, parameters, members, macros, verdicts."""
