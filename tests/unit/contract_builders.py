"""Contracts for tests of the gate: models that no catalog knows, their releases, and rules that fit on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from pydantic import create_model

from contracts.compatibility.verdict import Finding, Mode, Schema
from contracts.fields import fields_of
from contracts.gate import Judgement, judge
from contracts.json_schema import schema_of
from contracts.languages import Language
from contracts.releases import Release, due
from events.catalog import Payload
from events.versions import Active, Lifecycle

TYPE: Final = "shop.order.placed"
RELEASED: Final = date(2026, 11, 27)
_ACTIVE: Final = Active()
OPTIONAL_TEXT: Final = (str | None, None)


def a_model(
    *,
    type_: str = TYPE,
    version: int = 1,
    mode: Mode = Mode.FULL_TRANSITIVE,
    lifecycle: Lifecycle = _ACTIVE,
    **fields: Any,
) -> type[Payload]:
    """A field is its type where it is required, and (type, default) where it is not."""
    model = create_model("Placed", __base__=Payload, **fields)
    model.type, model.version = type_, version
    model.compatibility, model.lifecycle = mode, lifecycle
    return model


def toy_findings(*, writer: Schema, reader: Schema) -> list[Finding]:
    """A required field must be written, and a field that both know must be the same."""
    written, read = fields_of(writer), fields_of(reader)
    missing = [p for p, f in read.items() if f.required and not (p in written and written[p].required)]
    other = [p for p, f in read.items() if p in written and written[p].schema != f.schema]
    return [
        *(Finding(path=p, rule="REQUIRED_PROPERTY_ADDED", change=f"requires `{p}`") for p in missing),
        *(Finding(path=p, rule="TYPE_CHANGED", change=f"has another type for `{p}`") for p in other),
    ]


def toy(name: str = "json_schema", **changes: Any) -> Language:
    """A language whose proof finds a document exactly where its rules find a reason."""
    parts = {
        "schema_of": schema_of,
        "findings": toy_findings,
        "counterexample": lambda **pair: {} if toy_findings(**pair) else None,
    }
    return Language(name=name, **(parts | changes))


LANGUAGES: Final = (toy(), toy("avro"))


def releases_of(*models: type[Payload], languages: Sequence[Language] = LANGUAGES) -> list[Release]:
    """One after another, as if each had been released."""
    history: list[Release] = []
    for model in models:
        key = (model.type, model.version)
        history += due({key: model}, {key: history}, languages, on=RELEASED)
    return history


def judged(
    today: type[Payload],
    *before: type[Payload],
    languages: Sequence[Language] = LANGUAGES,
    readers: str = "",
) -> Judgement:
    """What the gate says of `today` after these releases, when `readers` read every field."""
    key = (today.type, today.version)
    released = {key: releases_of(*before, languages=languages)} if before else {}
    return judge({key: today}, released, languages=languages, hurt_by=lambda *_, **__: readers)
