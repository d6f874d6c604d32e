# SPDX-License-Identifier: GPL-2.0-only
"""Execute the core's C in every order of a few threads, in user space.

What the self-tests meet by chance, and the emulator's single task never: two threads that want the
same slot, a wakeup, a task that is killed while it waits, a consumer that goes meanwhile. The
functions are those of the rendered tip; the kernel around them, and the scheduler that tries every
order, are in ``shim``.
"""
