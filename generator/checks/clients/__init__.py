# SPDX-License-Identifier: GPL-2.0-only
"""perf, bpftrace, SystemTap and ftrace's own tests, on guests with our kernel and the base's."""
