# SPDX-License-Identifier: GPL-2.0-only
"""A configuration and its objects, made by kbuild, or by what kbuild has recorded."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

from generator.checks.matrix import recorded as replay
from generator.checks.matrix.chain import (
    Chain,
)
from generator.errors import CheckFailed
from generator.kbuild import config, runner, toolchain
from generator.kbuild.log import BuildLog
from generator.paths import ensure_dir, write_atomic
from generator.progress import Observer, Progress


class Maker:
    """Makes what a step needs in a build directory.

    Args:
        chain: the build directory.
        ref: the prefix, for the observer.
        tinyconfig_key: of what all fragments are merged into.
        observer: is told how far it is.
    """

    def __init__(self, chain: Chain, ref: str, *, tinyconfig_key: str, observer: Observer) -> None:
        self._chain = chain
        self._ref = ref
        self._tinyconfig_key = tinyconfig_key
        self._observer = observer
        self._started = time.monotonic()
        self._wrapper = toolchain.find_ccache(chain.ccache)

    @property
    def uses_ccache(self) -> bool:
        """Tell whether the compiler is called through ccache."""
        return self._wrapper == "ccache"

    @property
    def elapsed(self) -> float:
        """Return the seconds since the step has begun."""
        return time.monotonic() - self._started

    def compile(self, wanted: list[str], log: BuildLog, *, trusted: bool) -> bool:
        """Compile what make would: objects that see a change are gone by now.

        Args:
            wanted: the objects of the series.
            log: receives what is said.
            trusted: the step before has ended, so what kbuild has recorded is true.
        """
        chain = self._chain
        stale = [path for path in wanted if not (chain.build_dir / path).is_file()]
        if not stale:
            return True
        recorded = self._recorded(stale) if trusted else []
        if not recorded:
            return self.make(" ".join(wanted), log)
        return replay.compile_recorded(
            chain.build_dir,
            recorded,
            partial(self._take, log),
            wrapper=self._wrapper,
            jobs=_jobs(chain),
        )

    def _recorded(self, stale: list[str]) -> list[replay.Recorded]:
        """Return the commands for ``stale``; none where it is make that has to do it."""
        chain = self._chain
        found = (replay.read_recorded(chain.build_dir, path, sparse=chain.sparse) for path in stale)
        usable = [one for one in found if one and one.wrapped == (self.uses_ccache)]
        return usable if len(usable) == len(stale) else []

    def configure(self) -> None:
        """Make ``.config``."""
        start = self._tinyconfig()
        config_file = self._chain.build_dir / ".config"
        config_file.unlink(missing_ok=True)
        self._make_config(str(start), self._chain.configuration.fragments)
        config.check_survivors(config_file, self._chain.configuration.fragments)

    def _tinyconfig(self) -> Path:
        """Return what all fragments are merged into: one file for a compiler and architecture."""
        chain = self._chain
        kept = chain.directory.parent / "tinyconfig" / self._tinyconfig_key
        if not kept.is_file():
            config_file = chain.build_dir / ".config"
            config_file.unlink(missing_ok=True)
            self._make_config("tinyconfig", ())
            ensure_dir(kept.parent)
            write_atomic(kept, config_file.read_bytes())
        return kept

    def _make_config(self, start: str, fragments: tuple[Path, ...]) -> None:
        log = BuildLog(tree=self._chain.directory / "linux")
        if not self.make("config", log, kconfig=start, fragments=fragments):
            raise CheckFailed(
                "the configuration cannot be made: " + "; ".join(log.errors),
                where=str(self._chain.directory / "logs"),
            )

    def make(
        self,
        goal: str,
        log: BuildLog,
        *,
        kconfig: str = "tinyconfig",
        fragments: tuple[Path, ...] = (),
    ) -> bool:
        """Run make; what it says goes to ``log``. Tells whether it has succeeded."""
        chain = self._chain
        # kernel-doc has its own turn (see ``comments``)
        variables = {} if chain.whole else {"W": "1", "cmd_checkdoc": ":"}
        if chain.sparse:
            variables |= {"C": "1", "CHECK": str(replay.write_checker(chain.directory))}
        return runner.run_make(
            runner.MakeRequest(
                tree=chain.directory / "linux",
                build_dir=chain.build_dir,
                log_dir=chain.directory / "logs",
                toolchain=chain.toolchain,
                wrapper=self._wrapper,
                jobs=_jobs(chain),
                goal=goal,
                kconfig=kconfig,
                fragments=fragments,
                arch=config.architecture(chain.configuration.fragments),
                keep_going=not chain.whole,
                variables=tuple(variables.items()),
            ),
            partial(self._take, log),
        )

    def _take(self, log: BuildLog, line: str) -> None:
        if not log.feed(line):
            return
        self._observer.progress(
            Progress(
                stage="compile",
                subject=f"{self._chain.base}/{self._chain.name}/{self._ref}",
                elapsed=self.elapsed,
                done=log.objects,
                detail=log.latest,
            )
        )


def _jobs(chain: Chain) -> int:
    return chain.jobs or os.cpu_count() or 1
