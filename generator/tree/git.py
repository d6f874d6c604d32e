# SPDX-License-Identifier: GPL-2.0-only
"""The environment that git is called with.

A variable such as ``GIT_DIR``, set while git runs a hook or a rebase, would redirect every call to
another repository: all of them are dropped. Called by ``acquire`` and ``series``.
"""

from __future__ import annotations

import os


def git_environment(*, isolated: bool) -> dict[str, str]:
    """Return the environment for git.

    Args:
        isolated: ignore the configuration of the user and of the system as well. That is for our
            own repository; the user's may need it (``safe.directory``).
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"LC_ALL": "C", "TZ": "UTC", "GIT_TERMINAL_PROMPT": "0"}
    if isolated:
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    else:
        kept = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM")
        environment |= {name: os.environ[name] for name in kept if name in os.environ}
    return environment
