"""JSON and prose as HTML in which names stand out."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

_TOKEN: Final = re.compile(r'(?P<name>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<mark>[{}\[\],:]+)')


def highlighted(text: str) -> Markup:
    """The same characters, names in `<b>`, punctuation in `<i>`."""
    parts, end = [], 0
    for match in _TOKEN.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(_marked(match))
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def prose(text: str) -> Markup:
    """What stands between backticks, in `<code>`."""
    pieces = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if index % 2 else escape(piece) for index, piece in enumerate(pieces)
    )


def _marked(match: re.Match[str]) -> Markup:
    tag = {"name": "b", "mark": "i"}.get(match.lastgroup or "")
    return Markup("<{0}>{1}</{0}>").format(Markup(tag), match[0]) if tag else escape(match[0])  # noqa: S704
