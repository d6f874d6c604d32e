# SPDX-License-Identifier: GPL-2.0-only
"""Boot stage: a kernel image and an initramfs run under QEMU; what the guest said is classified."""
