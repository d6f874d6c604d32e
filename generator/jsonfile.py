# SPDX-License-Identifier: GPL-2.0-only
"""JSON that is kept: read whatever stands there, and made into the dataclass that it was.

Shared leaf: imports ``paths`` alone. msgspec is imported where something is made of the data.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from generator.paths import read_now

Kind = TypeVar("Kind")


def read_json(path: Path) -> Any:  # noqa: ANN401 - whoever reads it looks at each field
    """Return what a file of JSON says; None where there is none, or it is damaged.

    For what is kept to save time: a file that says nothing is made again.
    """
    try:
        return json.loads(read_now(path))
    except (OSError, ValueError, RecursionError):
        return None


def as_object(data: object, kind: type[Kind]) -> Kind:
    """Return what JSON says as an object of a dataclass, or of a type made of such.

    A field that the dataclass does not have is of a later version, and left out.

    Raises:
        ValueError: a field is missing, or is something else; the text names it.
    """
    import msgspec

    try:
        return msgspec.convert(data, kind, dec_hook=_special)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def _special(kind: type, value: object) -> object:
    """Return a value of a type that JSON has no word for."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError(f"{value!r} is no {kind.__name__}")
