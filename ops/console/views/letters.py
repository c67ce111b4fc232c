"""Dead letters to look at: the groups, one group, one letter."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ops.console.console import console_of
from ops.console.views.which import Which, the_group, the_letter
from ops.letters.advice import advice
from ops.letters.grouping import grouped
from ops.letters.letter import Letter
from ops.letters.selection import Selection

_SHOWN: Final = 200


def letters(request: Request) -> Response:
    console = console_of(request)
    owner = request.query_params.get("owner", "")
    look = console.look(Selection(places=(owner,) if owner else ()))
    return console.page(
        "letters", "letters", groups=grouped(look.letters), owner=owner, elsewhere=sum(look.elsewhere.values())
    )


def group(request: Request) -> Response:
    console = console_of(request)
    which = Which.of(request.query_params)
    found = the_group(console, which)
    newest_first = sorted(found.letters, key=lambda letter: letter.failed_at, reverse=True)
    return console.page(
        "letters",
        "group",
        which=which,
        group=found.group,
        letters=newest_first[:_SHOWN],
        more=max(0, len(newest_first) - _SHOWN),
    )


def letter(request: Request) -> Response:
    console = console_of(request)
    which = Which.of(request.query_params)
    found = the_letter(console, which.id)
    return console.page(
        "letters",
        "letter",
        which=which,
        letter=found,
        advice=advice(found),
        history=console.desk.trail.history(found.subject),
        body=_readable(found),
    )


def _readable(letter: Letter) -> Any:
    """The body as JSON where it is any, and as it is otherwise."""
    try:
        return json.loads(letter.body)
    except (ValueError, RecursionError):
        return letter.body
