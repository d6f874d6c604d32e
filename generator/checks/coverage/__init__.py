# SPDX-License-Identifier: GPL-2.0-only
"""Lines of the series that the self-tests execute in the kernel, by gcov."""
