# SPDX-License-Identifier: GPL-2.0-only
"""``python -m generator`` is ``uprobekit``."""

import sys

from generator.cli import main

if __name__ == "__main__":
    sys.exit(main())
