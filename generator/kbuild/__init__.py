# SPDX-License-Identifier: GPL-2.0-only
"""Kernel builds: from git refs and the pristine source to objects and images, by kbuild."""
