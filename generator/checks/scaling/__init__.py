# SPDX-License-Identifier: GPL-2.0-only
"""What stands in the way of hits on several processors at once: counts for a hit, and rates.

``record`` has QEMU log the hits of two processors with their registers, ``count`` finds in that
what is executed with a lock, and which memory both of them write; ``rates`` puts side by side how
many hits there are in a second. The guest's side is ``qemu/guest/scale.c``.
"""
