"""The pages, from templates. What a page shows comes in as values; nothing is asked for here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from ops.console import wording
from ops.console.access import Access

FOLDER: Final = Path(__file__).parent


def page(name: str, *, status_code: int = 200, **values: object) -> HTMLResponse:
    """A page that stands by itself, for somebody who has no session."""
    return HTMLResponse(_environment().get_template(f"{name}.html.j2").render(values), status_code=status_code)


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Pages of one console: with its name, its menu, and the token for its forms."""

    access: Access
    stage: str
    where: str
    badges: Mapping[str, int] = field(default_factory=dict)

    def page(self, name: str, *, status_code: int = 200, **values: object) -> HTMLResponse:
        return HTMLResponse(self._rendered(f"{name}.html.j2", values), status_code=status_code)

    def fragment(self, name: str, **values: object) -> str:
        """A piece that a page shows already, anew."""
        return self._rendered(f"parts/{name}.html.j2", values)

    def _rendered(self, template: str, values: Mapping[str, object]) -> str:
        own = {
            "stage": self.stage,
            "where": self.where,
            "read_only": self.access.read_only,
            "form_token": self.access.form_token,
            "badges": self.badges,
        }
        return _environment().get_template(template).render({**own, **values})


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(wording.FILTERS)
    environment.globals.update(icon=_icon, outcome=_outcome, ending=_ending, state=_state)
    return environment


def _icon(name: str) -> Any:
    """A picture of the sheet in `parts/icons.svg`, which every page has; decoration, since words stand beside it."""
    return Markup('<svg class="icon" aria-hidden="true"><use href="#icon-{}"/></svg>').format(name)


#: What a line ended as -> its class, which gives it a colour, and its picture, which gives it a shape.
_LOOKS: Final[Mapping[str, tuple[str, str]]] = {
    "handled": ("ok", "ok"),
    "relayed": ("ok", "ok"),
    "accepted": ("ok", "ok"),
    "duplicate": ("idle", "idle"),
    "suppressed": ("idle", "idle"),
    "retry": ("warn", "warn"),
    "deferred": ("warn", "wait"),
    "dead_letter": ("bad", "bad"),
}


def _outcome(name: str) -> Any:
    look, picture = _LOOKS.get(name, ("idle", "idle"))
    return Markup('<span class="outcome {}">{}{}</span>').format(look, _icon(picture), wording.said(name))


def _ending(outcome: str) -> Any:
    """How an operation of the audit trail ended."""
    looks = {"done": ("ok", "ok", "done"), "stopped": ("warn", "warn", "stopped")}
    look, picture, words = looks.get(outcome, ("idle", "idle", "not ended"))
    return Markup('<span class="outcome {}">{}{}</span>').format(look, _icon(picture), words)


#: How an event stands with somebody -> its class and its picture.
_STANDINGS: Final[Mapping[str, tuple[str, str]]] = {
    "done": ("ok", "ok"),
    "under_way": ("idle", "wait"),
    "late": ("warn", "warn"),
    "stopped": ("bad", "bad"),
    "unclear": ("idle", "idle"),
}


def _state(state: str, standing: str) -> Any:
    look, picture = _STANDINGS[standing]
    return Markup('<span class="outcome {}">{}{}</span>').format(look, _icon(picture), wording.said(state))
