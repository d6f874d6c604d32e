# SPDX-License-Identifier: GPL-2.0-only
"""Kernel configuration: the fragments, and the proof that each line of them survived.

Reads the fragments in ``qemu/config`` and the ``.config`` that kconfig made from them. Kconfig
drops an option whose dependencies are missing without a word: the kernel then boots, and lacks the
thing that was to be tested.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.errors import CheckFailed, UserError
from generator.paths import data_dir

_SET = re.compile(r"^(CONFIG_\w+)=(.+)$")
_UNSET = re.compile(r"^# (CONFIG_\w+) is not set$")

MAKE_VARIABLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "gcov": (("GCOV_PROFILE_uprobes.o", "y"),),
    "races": (("KCSAN_SANITIZE", "n"), ("KCSAN_SANITIZE_uprobes.o", "y")),
}
"""What a flavour adds to make's command line, by flavour: here, that both objects called
``uprobes.o`` count what is executed, or that they alone have their accesses watched
(scripts/Makefile.lib: GCOV_PROFILE_obj.o, KCSAN_SANITIZE_obj.o; 6.1)."""


@dataclass(frozen=True, kw_only=True)
class LostOption:
    """An option that is not what the fragments ask for.

    Args:
        name: with ``CONFIG_``.
        wanted: ``y``, ``n``, a number or a quoted string.
        found: the same, ``n`` when absent.
        where: ``path:line`` of the fragment's line.
    """

    name: str
    wanted: str
    found: str
    where: str

    def __str__(self) -> str:
        return f"{self.name}={self.wanted} (is {self.found}; {self.where})"


def all_flavours() -> tuple[str, ...]:
    """Return the names of the kernel configurations: ``plain``, and those that have a fragment."""
    names = (path.stem for path in sorted((data_dir("qemu") / "config").glob("*.config")))
    return "plain", *(name for name in names if name[0].isalpha() and name != "base")


def find_fragments(base: str, *, flavour: str = "plain") -> tuple[Path, ...]:
    """Return the project's fragments for ``base``, in the order in which they are merged.

    ``base.config`` is for every base and ``<base>.config`` for one. A flavour other than ``plain``
    adds ``<flavour>.config`` and, where there is one, ``<base>-<flavour>.config``.

    Raises:
        UserError: there is no such flavour.
    """
    folder = data_dir("qemu") / "config"
    names = ["base", base]
    if flavour != "plain":
        if not (folder / f"{flavour}.config").is_file():
            raise UserError(
                f"there is no configuration '{flavour}'",
                where=str(folder),
                hint="use 'plain' or the name of a file there",
            )
        names += [flavour, f"{base}-{flavour}"]
    paths = (folder / f"{name}.config" for name in names)
    return tuple(path for path in paths if path.is_file())


def architecture(fragments: Iterable[Path]) -> str:
    """Return the kernel's ARCH: ``i386`` where ``fragments`` ask for a kernel that is not 64-bit.

    Raises:
        UserError: a fragment cannot be read.
    """
    wishes: dict[str, str] = {}
    for fragment in fragments:
        wishes |= parse_config(_read(fragment))
    return "i386" if wishes.get("CONFIG_64BIT") == "n" else "x86_64"


def hash_fragments(fragments: Iterable[Path]) -> str:
    """Return a hash over the content of ``fragments``, in order.

    Raises:
        UserError: a fragment cannot be read.
    """
    digest = hashlib.sha256()
    for fragment in fragments:
        digest.update(hashlib.sha256(_read(fragment).encode()).digest())
    return digest.hexdigest()


def check_survivors(config: Path, fragments: Iterable[Path]) -> None:
    """Prove that ``config`` has what ``fragments`` ask for; of several wishes the last one counts.

    Raises:
        CheckFailed: options were lost; the message names each with its fragment and line.
        UserError: a file cannot be read.
    """
    lost = find_lost(parse_config(_read(config)), fragments)
    if lost:
        names = "".join(f"\n  {option}" for option in lost)
        raise CheckFailed(
            f"kconfig dropped {len(lost)} wanted option(s):{names}",
            where=str(config),
            hint="look for their dependencies in the Kconfig files of this base",
        )


def find_lost(found: Mapping[str, str], fragments: Iterable[Path]) -> tuple[LostOption, ...]:
    """Return what ``fragments`` want and the options ``found`` do not give, sorted by name.

    Raises:
        UserError: a fragment cannot be read or has a line that is no option.
    """
    wishes: dict[str, LostOption] = {}
    for fragment in fragments:
        for number, line in enumerate(_read(fragment).splitlines(), start=1):
            where = f"{fragment.name}:{number}"
            for name, value in parse_config(line).items():
                is_now = found.get(name, "n")
                wishes[name] = LostOption(name=name, wanted=value, found=is_now, where=where)
            if line.strip() and not line.startswith("#") and not _SET.match(line):
                raise UserError(f"this is no kernel option: {line.strip()!r}", where=where)
    return tuple(wish for _, wish in sorted(wishes.items()) if wish.wanted != wish.found)


def parse_config(text: str) -> dict[str, str]:
    """Return the options in ``text``, which is a ``.config`` or a fragment; unset ones as ``n``."""
    options = {}
    for line in text.splitlines():
        if match := _SET.match(line.rstrip()):
            options[match[1]] = match[2]
        elif match := _UNSET.match(line.rstrip()):
            options[match[1]] = "n"
    return options


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        raise UserError(f"cannot read: {error.strerror}", where=str(path)) from error
