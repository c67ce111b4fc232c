"""The catalog as one HTML file that needs nothing but itself: styles and script inlined, no request to anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from contracts.page import view
from contracts.page.flow import flow
from contracts.page.highlight import highlighted, prose

_FOLDER: Final = Path(__file__).parent
_WIDTHS: Final = {"wide": 840, "narrow": 336}


def catalog_page(avro: view.Documents) -> str:
    """The whole page. `avro` are the Avro schemas to show, where there are any."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(highlighted=highlighted, prose=prose)
    return environment.get_template("page.html.j2").render(_context(avro))


def _context(avro: view.Documents) -> dict[str, Any]:
    types = view.types(avro)
    return {
        "types": types,
        "families": view.families(types),
        "services": view.services(),
        "flows": [flow(types, key=key, width=width) for key, width in _WIDTHS.items()],
        "style": _inlined("page.css"),
        "script": _inlined("page.js"),
    }


def _inlined(name: str) -> Markup:
    """Our own file, as it is."""
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704
