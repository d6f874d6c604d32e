# SPDX-License-Identifier: GPL-2.0-only
"""The trailers of each patch: what others have said about it, and what it refers to.

``uprobekit trailers FILE`` writes ``TRAILERS`` again with what mails bring. Author and his
Signed-off-by are not here: they are those of whoever sends the patches (``patches.sent``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ORDER = (
    "Fixes",
    "Reported-by",
    "Closes",
    "Originally-by",
    "Suggested-by",
    "Link",
    "Co-developed-by",
    "Signed-off-by",
    "Tested-by",
    "Reviewed-by",
    "Acked-by",
    "Cc",
)
"""Trailers in the order of the kernel (maintainer-tip.rst), ``Link`` in front of who signs."""

DEVELOPED = "Co-developed-by"
SIGNED = "Signed-off-by"

GIVEN = tuple(key for key in ORDER if key != SIGNED)
"""Those that the model may hold, beside the ``SIGNED`` of each who is its ``DEVELOPED``."""


@dataclass(frozen=True)
class Trailer:
    """A line such as ``Reviewed-by: Name <address>``: its key and its value."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}: {self.value}"


# as they are written, one a line however long
# fmt: off
# begin: written by "uprobekit trailers"
TRAILERS: dict[str, tuple[Trailer, ...]] = {
    "refuse": (
        Trailer("Fixes", '2b1444983508 ("uprobes, mm, x86: Add the ability to install and remove uprobes breakpoints")'),
    ),
    "move": (
        Trailer("Fixes", '2b1444983508 ("uprobes, mm, x86: Add the ability to install and remove uprobes breakpoints")'),
    ),
    "compare": (
        Trailer("Fixes", '2b1444983508 ("uprobes, mm, x86: Add the ability to install and remove uprobes breakpoints")'),
    ),
}
# end
# fmt: on
"""The trailers of a patch, by its identifier."""


def _is_address(text: str) -> bool:
    """Whether a text is a mail address, without brackets."""
    local, _, domain = text.partition("@")
    return bool(local and domain) and "@" not in domain and not _has_any(text, "<>")


def _has_any(text: str, characters: str) -> bool:
    """Whether a text has one of some characters, or white space."""
    return any(c in characters or c.isspace() for c in text)


def _is_person(text: str) -> bool:
    """Whether a text is ``Name <address>``, perhaps with ``# a comment`` behind it."""
    name, _, rest = text.partition("<")
    address, closed, comment = rest.partition(">")
    if "@" in name or ">" in name or not closed or not _is_address(address):
        return False
    return not comment or comment.lstrip(" ").startswith("#")


def _is_copied(text: str) -> bool:
    """Whether a text is an address alone, perhaps with ``# a comment`` behind it."""
    address, mark, _ = text.partition("#")
    return _is_address(address.rstrip(" ") if mark else address)


def _is_fixed(text: str) -> bool:
    """Whether a text is a commit and its subject, as ``Fixes`` has them."""
    commit, _, subject = text.partition(" ")
    known = 12 <= len(commit) <= 40 and all(c in "0123456789abcdef" for c in commit)
    quoted = subject.startswith('("') and subject.endswith('")') and len(subject) > len('("")')
    return known and quoted


def _is_url(text: str) -> bool:
    """Whether a text is an address on the web."""
    scheme, _, rest = text.partition("://")
    return scheme in ("http", "https") and bool(rest) and not _has_any(rest, "")


def wrong(trailer: Trailer) -> str:
    """Return what is wrong with a trailer, "" when nothing is."""
    key, value = trailer.key, trailer.value
    if key not in GIVEN:
        if key == SIGNED:
            return "who sends a patch signs it: Signed-off-by is git's user.name and user.email"
        return f"'{key}' is no trailer of the kernel's; they are {', '.join(GIVEN)}"
    if key == "Fixes":
        return "" if _is_fixed(value) else 'Fixes is a commit and its subject: 0123456789ab ("x")'
    if key in ("Link", "Closes"):
        return "" if _is_url(value) else f"{key} is an address: https://..."
    if _is_person(value) or (key == "Cc" and _is_copied(value)):
        return ""
    return f"{key} is a person: Name <address>"


def wrong_among(trailers: Iterable[Trailer]) -> Iterator[tuple[Trailer, str]]:
    """Yield each trailer of a patch that cannot be used, and what is wrong with it.

    Who has developed a patch with its author signs it (submitting-patches.rst).
    """
    rows = tuple(trailers)
    for trailer in rows:
        other = {DEVELOPED: SIGNED, SIGNED: DEVELOPED}.get(trailer.key)
        paired = other is not None and Trailer(other, trailer.value) in rows
        what = "" if paired and trailer.key == SIGNED else wrong(trailer)
        if not what and trailer.key == DEVELOPED and not paired:
            what = f"there is no {SIGNED} of the same person, who has to sign it"
        if what:
            yield trailer, what


def ordered(trailers: Iterable[Trailer]) -> tuple[Trailer, ...]:
    """Return trailers in the kernel's order, each once.

    Behind each ``DEVELOPED`` is the ``SIGNED`` of the same person, as checkpatch.pl wants it.
    """
    rows = tuple(dict.fromkeys(trailers))
    people = [trailer.value for trailer in rows if trailer.key == DEVELOPED]

    def place(trailer: Trailer) -> tuple[int, int]:
        if trailer.key == SIGNED and trailer.value in people:
            return ORDER.index(DEVELOPED), 2 * people.index(trailer.value) + 1
        if trailer.key == DEVELOPED:
            return ORDER.index(DEVELOPED), 2 * people.index(trailer.value)
        return ORDER.index(trailer.key), 0

    return tuple(sorted(rows, key=place))


def trailer_lines(
    ident: str, *, own: Iterable[Trailer] = (), link: str = "", signer: str = ""
) -> tuple[str, ...]:
    """Return the trailers of a patch, one a line, in their order.

    Args:
        ident: identifier of the patch.
        own: those that it has from the start.
        link: the mail that asked for the series.
        signer: ``Name <address>`` of whoever sends it; "" where nobody does.
    """
    found = [*own, *TRAILERS.get(ident, ())]
    found += [Trailer("Link", link)] if link else []
    found += [Trailer(SIGNED, signer)] if signer else []
    return tuple(str(trailer) for trailer in ordered(found))


def problems(known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with each entry that cannot be used, behind a text that it has.

    Args:
        known: the identifiers of all patches.
    """
    idents = frozenset(known)
    for ident, trailers in TRAILERS.items():
        if ident not in idents:
            yield ident, f"no patch is called '{ident}', which has trailers"
        for trailer, what in wrong_among(trailers):
            yield trailer.value, f"{trailer}: {what}"
