# SPDX-License-Identifier: GPL-2.0-only
"""What a series is made of: its patches, who wrote them and when, and what it starts from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from generator.model.edits import Edit
from generator.model.identity import Identity
from generator.model.trailers import Trailer


class Start(StrEnum):
    """The state of a base's tree that the first patch of a series applies to."""

    BASELINE = "baseline"
    """The state of February 2012: what the series brings is taken out (``Base.baseline``)."""
    UNMODIFIED = "unmodified"
    """The tree as it is."""


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A patch of a series.

    Attributes:
        ident: identifier, used by ``patch=`` in the model and by ``has()`` in templates; no two
            series have the same.
        subject: first line of the commit message; may use the base's names.
        review: points of the review that the patch answers (``model.review``).
        unchanged: it changes no object code, names and the order of parameters left aside.
        changed: C files whose code it changes nevertheless: written in another way, to the same
            effect.
        gist: what it does, as the cover letter says behind "Patch 7"; without it, its subject.
        needs: a fact in ``Base.has`` without which a base does not have the patch.
        lacks: a fact with which it does not: that base never had the fault.
        edits: what it changes, on every base; ``Base.edits`` has what differs from base to base.
        mends: entries of the catalogue that a kernel is affected by before the patch and not after.
        trailers: ``Fixes`` and ``Cc`` that it has from the start (``model.trailers`` has others).
    """

    ident: str
    subject: str
    review: tuple[str, ...] = ()
    unchanged: bool = False
    changed: tuple[str, ...] = ()
    gist: str = ""
    needs: str = ""
    lacks: str = ""
    edits: tuple[Edit, ...] = ()
    mends: tuple[str, ...] = ()
    trailers: tuple[Trailer, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Series:
    """An ordered list of patches.

    Attributes:
        name: as in ``kernel_patches/<base>/<name>/``; its branch, its tags and what it is asked for
            with.
        title: subject of the cover letter.
        patches: in their order.
        author: of every commit.
        link: the mail that asked for it; "" where none did.
        start: what the first patch applies to.
        folder: where its templates are, below ``templates/``; "" is that folder itself.
        bases: names of the bases it is made for; none: all.
    """

    name: str
    title: str
    patches: tuple[Patch, ...]
    author: Identity
    link: str = ""
    start: Start = Start.BASELINE
    folder: str = ""
    bases: tuple[str, ...] = ()

    @property
    def modelled(self) -> bool:
        """It brings what the model describes: it starts from a tree without that."""
        return self.start is Start.BASELINE

    @property
    def module(self) -> str:
        """The file of the program that has the patches in their order."""
        return f"generator/model/series/{self.name}.py"

    def own(self, name: str) -> str:
        """Return what a file of the work area is called that every series has for itself."""
        return name if self.name == "review" else f"{self.name}-{name}"

    def message(self, ident: str) -> str:
        """Return the template of a commit message, of ``baseline`` or of ``cover``."""
        return f"{self.folder}/messages/{ident}.txt".removeprefix("/")
