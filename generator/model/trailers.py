# SPDX-License-Identifier: GPL-2.0-only
"""The trailers of each patch: what others have said about it, and what it refers to.

``uprobekit trailers FILE`` writes ``TRAILERS`` again with what mails bring. Author and
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

GIVEN = tuple(key for key in ORDER if key != "Signed-off-by")
"""Those that the model may hold."""


@dataclass(frozen=True)
class Trailer:
    """A line such as ``Reviewed-by: Name <address>``: its key and its value."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}: {self.value}"


# begin: written by "uprobekit trailers"
TRAILERS: dict[str, tuple[Trailer, ...]] = {}
# end
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
        if key == "Signed-off-by":
            return "who sends a patch signs it: Signed-off-by is git's user.name and user.email"
        return f"'{key}' is no trailer of the kernel's; they are {', '.join(GIVEN)}"
    if key == "Fixes":
        return "" if _is_fixed(value) else 'Fixes is a commit and its subject: 0123456789ab ("x")'
    if key in ("Link", "Closes"):
        return "" if _is_url(value) else f"{key} is an address: https://..."
    if _is_person(value) or (key == "Cc" and _is_copied(value)):
        return ""
    return f"{key} is a person: Name <address>"


def ordered(trailers: Iterable[Trailer]) -> tuple[Trailer, ...]:
    """Return trailers in the kernel's order, each once."""
    return tuple(sorted(dict.fromkeys(trailers), key=lambda t: ORDER.index(t.key)))


def trailer_lines(ident: str, *, link: str = "", signer: str = "") -> tuple[str, ...]:
    """Return the trailers of a patch, one a line, in their order.

    Args:
        ident: identifier of the patch.
        link: the mail that asked for the series.
        signer: ``Name <address>`` of whoever sends it; "" where nobody does.
    """
    found = list(TRAILERS.get(ident, ()))
    found += [Trailer("Link", link)] if link else []
    found += [Trailer("Signed-off-by", signer)] if signer else []
    return tuple(str(trailer) for trailer in ordered(found))


def problems(known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield identifier and what is wrong of each entry that cannot be used.

    Args:
        known: the identifiers of all patches.
    """
    idents = frozenset(known)
    for ident, trailers in TRAILERS.items():
        if ident not in idents:
            yield ident, f"no patch is called '{ident}', which has trailers"
        for trailer in trailers:
            what = wrong(trailer)
            if what:
                yield ident, f"{trailer}: {what}"
