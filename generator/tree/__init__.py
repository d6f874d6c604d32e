# SPDX-License-Identifier: GPL-2.0-only
"""The tree of a base: where its source comes from, the edits made to it, the commits."""

import os

# without git, importing GitPython fails; with this the first call says so
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
