# SPDX-License-Identifier: GPL-2.0-only
"""Run one thing beside another: a guest boots while the next kernel is compiled.

Shared leaf: every stage may import it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Later(Generic[T]):
    """Calls ``work`` in a thread of its own; ``result()`` waits and returns or raises what it did.

    The thread does not keep the process alive: after an interrupt nobody waits for it.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result.append(self._work())
        except BaseException as error:
            self._error = error

    def result(self) -> T:
        """Wait for the end and return the result.

        Raises:
            BaseException: whatever ``work`` raised.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result[0]
