"""A type with a history: version 1 is retired, 2 is deprecated, 3 is the newest."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from events.envelope import CloudEvent
from events.payload import Payload
from events.upcasting import Cast
from events.versions import Deprecated, Lifecycle, Retired, dataschema
from tests.unit.event_builders import members

TYPE = "made.up"
DEPRECATED = Deprecated(since=date(2026, 1, 1), sunset=date(2027, 1, 1))
RETIRED = Retired(on=date(2026, 2, 3), sunset=date(2026, 2, 1))


def model(version: int, lifecycle: Lifecycle) -> type[Payload]:
    """One field, named after its version: `size_3` of version 3."""
    members = {
        "__annotations__": {f"size_{version}": int},
        "__module__": __name__,
        "type": TYPE,
        "version": version,
        "lifecycle": lifecycle,
    }
    return type(f"MadeUpV{version}", (Payload,), members)


def renamed(old: int, new: int) -> Cast:
    return lambda data: {(f"size_{new}" if name == f"size_{old}" else name): value for name, value in data.items()}


def history(*lives: Lifecycle) -> SimpleNamespace:
    """A catalog of one type; `lives` are its versions' lifecycles, from version 1 on."""
    models = [model(n, life) for n, life in enumerate(lives, start=1)]
    steps = range(1, len(models))
    return SimpleNamespace(
        catalog={(TYPE, made.version): made for made in models},
        newest={TYPE: models[-1]},
        upcasts={(TYPE, n): renamed(n, n + 1) for n in steps},
        downcasts={(TYPE, n): renamed(n + 1, n) for n in steps},
    )


def install(monkeypatch: pytest.MonkeyPatch, made: SimpleNamespace) -> None:
    """For this test, it is the project's own."""
    monkeypatch.setattr("events.catalog.CATALOG", made.catalog)
    monkeypatch.setattr("events.catalog.NEWEST", made.newest)
    monkeypatch.setattr("events.upcasting.UPCASTS", made.upcasts)
    monkeypatch.setattr("events.upcasting.DOWNCASTS", made.downcasts)


def made_up(version: int, **changes: Any) -> CloudEvent:
    base = {"type": TYPE, "dataschema": dataschema(TYPE, version), "data": {f"size_{version}": 5, "more": [1]}}
    return CloudEvent.parse(members(**(base | changes)))
