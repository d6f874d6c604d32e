# SPDX-License-Identifier: GPL-2.0-only
"""Build stage: from git refs and the pristine source to kernel images and a guest's initramfs."""
