# SPDX-License-Identifier: GPL-2.0-only
"""Guests: a kernel image and an initramfs under QEMU or Bochs, and what the guest has said."""
