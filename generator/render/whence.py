# SPDX-License-Identifier: GPL-2.0-only
"""Which line of a template a word of rendered text comes from, for messages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.render.env import environment
from generator.render.places import place_of_word


def place_in_template(
    template: str, word: str, *, line: str = "", beside: tuple[str, ...] = ()
) -> str:
    """Return ``file:line`` of the first use of ``word`` in a template or in one it includes.

    Args:
        template: its name, without the suffix.
        word: an identifier.
        line: the line of the rendered text that has it: where a template has the same one, that.
        beside: the other templates that were inserted into the same file so far.
    """
    wanted = re.compile(rf"\b{re.escape(word)}\b")
    names = (template, *(other for other in beside if other != template))
    found = [
        (text.strip() != line, f"templates/{name}:{number}")
        for name, whole in (each for one in names for each in _included(f"{one}.j2"))
        for number, text in enumerate(whole.split("\n"), 1)
        if wanted.search(text)
    ]
    if found:
        return min(found, key=lambda each: each[0])[1]
    where = place_of_word(word)
    return where if ":" in where else f"templates/{template}.j2"


def _included(name: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of a template, and of those that it includes."""
    loader = environment().loader
    if loader is None or name not in loader.list_templates():
        return
    text = loader.get_source(environment(), name)[0]
    yield name, text
    for inner in re.findall(r"\{%-?\s*include\s+[\"']([^\"']+)", text):
        yield from _included(inner)
