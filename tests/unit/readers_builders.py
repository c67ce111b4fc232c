"""A small company in a folder of its own: what it reads is known by looking."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent

from runtime.manifest import Consumer, Function, Service, Subscription, event_types

ROOT = Path(__file__).parents[2]

CATALOG = """
from __future__ import annotations
from collections.abc import Mapping
from typing import Any, ClassVar
from pydantic import BaseModel
from events.envelope import CloudEvent

class Open(BaseModel): ...

class Payload(Open):
    type: ClassVar[str]
    version: ClassVar[int] = 1
    def to_data(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

class Part(Open):
    sku: str
    price: int

class _Order(Payload):
    order_id: str
    total: int
    note: str | None = None
    parts: tuple[Part, ...] = ()
    labels: Mapping[str, Part] = {}

    @property
    def summary(self) -> str:
        return f"{self.order_id}: {self._cents()}"

    def _cents(self) -> int:
        return self.total * 100

class OrderPlaced(_Order):
    type = "shop.order.placed"
    placed_by: str

class OrderLost(_Order):
    type = "shop.order.lost"
    reason: str

class ParcelSent(Payload):
    type = "shop.parcel.sent"
    parcel_id: str
    total: int

def payload_of(event: CloudEvent) -> Payload: ...
def caused_by(cause: CloudEvent, payload: Payload, *, source: str) -> CloudEvent:
    return cause.caused(payload.type, source=source, data=payload.to_data())
def label(payload: Payload) -> str:
    return payload.type
"""

CASE = """
from __future__ import annotations
import json
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
import stranger
from events.catalog import *
from events.catalog import _Order
from events.envelope import CloudEvent

def consume(event: dict[str, Any], context: Any) -> Any:
    return stranger.run(handle)

"""


def shop(root: Path, cases: Mapping[str, str]) -> Service:
    """A service with one consumer of orders for each case, in a module of its own; `handle` is its entry."""
    for package in ("events", "runtime", "functions", "functions/shop"):
        (root / package).mkdir(parents=True, exist_ok=True)
        (root / package / "__init__.py").touch()
    shutil.copy(ROOT / "events" / "envelope.py", root / "events")
    (root / "events" / "catalog.py").write_text(CATALOG)
    for name, code in cases.items():
        (root / "functions" / "shop" / f"{name}.py").write_text(CASE + dedent(code))
    return Service(name="shop", emits=(), consumers=tuple(_consumer(name) for name in cases))


def handler(body: str) -> str:
    return f"def handle(event: CloudEvent) -> Any:\n{indent(dedent(body).strip(), '    ')}\n"


def _consumer(name: str) -> Consumer:
    return Consumer(
        function=Function(name=name, handler=f"functions.shop.{name}.consume", timeout=3),
        subscriptions=(Subscription(name="orders", pattern=event_types("shop.order.placed", "shop.order.lost")),),
        dedup="state",
    )
