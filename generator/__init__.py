# SPDX-License-Identifier: GPL-2.0-only
"""uprobekit: the arch_uprobe interfaces as a model, and the patch series made from it.

The stages, in the only direction they may depend on each other:

    model -> plan -> render -> tree -> verify -> build -> boot -> report -> cli

``errors`` and ``paths`` are shared leaves.
"""

__version__ = "0.1.0"
