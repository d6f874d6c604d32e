# SPDX-License-Identifier: GPL-2.0-only
"""Pages for a browser: one file each, without network, in which nothing of a result is executed.

The templates, the style and the script are in ``pages/``. Text is escaped by the environment;
beyond that, the page allows no script but its own, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

import jinja2

from generator.text import clean_text

_PAGES = Path(__file__).resolve().parent / "pages"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["clean"] = _clean
    return environment


def _clean(text: object) -> str:
    """Return text without control characters, its lines and tabs excepted."""
    return "\n".join(clean_text(line) for line in str(text).split("\n"))


def render_page(template: str, **values: object) -> str:
    """Return a page.

    Args:
        template: its file in ``pages/``.
        values: what it shows; ``title`` is always needed.
    """
    style = (_PAGES / "page.css").read_text()
    script = (_PAGES / "page.js").read_text()
    return (
        _environment()
        .get_template(template)
        .render(style=style, script=script, script_hash=_hash(script), **values)
    )


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
