"""Templates to texts: `templates/<event type>/{subject.txt,body.txt,body.html}.j2`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from events.money import format_money
from functions.notification.domain import Contact, Invoice

TEMPLATES: Final = Path(__file__).with_name("templates")
#: SMTP's line is 998 characters, but no inbox shows more than this.
_LONGEST_SUBJECT: Final = 200
#: Characters without a place in a message: controls, halves of characters, and those that turn text around,
#: with which a name can make the words after it read otherwise.
_UNWANTED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


class Content(NamedTuple):
    """A message's texts. `subject` is one line."""

    subject: str
    text: str
    html: str


def render(type_: str, invoice: Invoice, contact: Contact) -> Content:
    """What a customer reads about an event of this type.

    A template that lacks a value raises rather than leaving a gap.
    """
    values = {"invoice": invoice, "contact": contact}
    texts = (_template(f"{type_}/{part}.j2").render(values) for part in ("subject.txt", "body.txt", "body.html"))
    subject, text, html = (_UNWANTED.sub("", t) for t in texts)
    return Content(_one_line(subject), text, html)


def _one_line(text: str) -> str:
    """No line break of any kind survives, so that no value can add a header."""
    return " ".join(text.split())[:_LONGEST_SUBJECT]


def _day(moment: datetime) -> str:
    day = moment.astimezone(UTC)
    return f"{day.day} {day:%B %Y}"


@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    # Templates use none of Jinja's own, and each rendering would begin with a copy of them.
    environment.globals.clear()
    environment.filters |= {"money": format_money, "day": _day}
    return environment
