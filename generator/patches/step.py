# SPDX-License-Identifier: GPL-2.0-only
"""One step of an import, in the process that ``importer`` starts for it.

    python -m generator.patches.step <handed >next

Both are pickles of classes of ``importer`` or ``order``. The process is started in a copy of the
program, so that what it renders is the model and the templates of that copy.
"""

from __future__ import annotations

import pickle
import sys

from generator.errors import UprobekitError
from generator.patches.importer import Handed
from generator.patches.order import Trial
from generator.workers import die_with_parent


def main() -> int:
    """Take the step that stdin says; return the exit status."""
    handed: Handed | Trial = pickle.load(sys.stdin.buffer)
    die_with_parent(handed.parent)
    try:
        made = handed.take()
    except UprobekitError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    sys.stdout.buffer.write(pickle.dumps(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
