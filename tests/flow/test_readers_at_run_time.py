"""The other way to know who reads what: run the whole company, and watch. All that is seen must have been inferred."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, get_args

import pytest

from contracts.company import routes
from contracts.readers import readings
from contracts.readers.reading import Reading
from events.catalog import CATALOG
from events.envelope import CloudEvent
from events.payload import Open
from local.memory.company import Company
from tests.unit.event_builders import members, usage

FUNCTIONS = Path(__file__).parents[2] / "functions"
START = datetime(2026, 5, 20, 14, tzinfo=UTC)
IN_JUNE = datetime(2026, 6, 2, 3, tzinfo=UTC)

CUSTOMER = {
    "customer_id": "cus_1",
    "name": "Ada",
    "email": "ada@example.com",
    "webhook_url": "https://example.com/hook",
}
#: What each service's consumers are sent by rules. What comes over HTTP has passed through the API's hands before.
TAKEN = {(route.service.name, route.type) for route in routes()}


class Seen(NamedTuple):
    """Code of `file` asked for the field at `path` of a payload; "" is all of it."""

    service: str
    type: str
    path: str
    file: str


def nested(model: type[Any], prefix: str = "") -> Iterator[tuple[type[Any], str]]:
    """The models in a model, with their paths."""
    for name, field in model.model_fields.items():
        held = [(field.annotation, name), *((inner, f"{name}[]") for inner in get_args(field.annotation))]
        for inner, path in held:
            if isinstance(inner, type) and issubclass(inner, Open):
                yield inner, f"{prefix}{path}"
                yield from nested(inner, f"{prefix}{path}.")


def asking(frame: FrameType) -> Path:
    """The file that asks: a template does so through Jinja."""
    while frame.f_back and "/jinja2/" in frame.f_code.co_filename:
        frame = frame.f_back
    return Path(frame.f_code.co_filename)


PATHS = {inner: (model.type, path) for model in CATALOG.values() for inner, path in nested(model)}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> set[Seen]:
    found: set[Seen] = set()

    def note(type_: str, path: str) -> None:
        file = asking(sys._getframe(2))
        if file.is_relative_to(FUNCTIONS):
            service = file.relative_to(FUNCTIONS).parts[0]
            if (service, type_) in TAKEN:
                found.add(Seen(service, type_, path, f"functions/{file.relative_to(FUNCTIONS).as_posix()}"))

    def asked_for(self: Any, name: str) -> Any:
        model = type(self)
        if name in model.model_fields:
            type_, above = PATHS.get(model) or (model.type, "")
            note(type_, f"{above}.{name}".removeprefix("."))
        elif name == "to_data":
            note(model.type, "")
        return object.__getattribute__(self, name)

    def asked_of_event(self: Any, name: str) -> Any:
        if name in ("to_json", "to_dict"):
            note(object.__getattribute__(self, "type"), "")
        return object.__getattribute__(self, name)

    monkeypatch.setattr(Open, "__getattribute__", asked_for, raising=False)
    monkeypatch.setattr(CloudEvent, "__getattribute__", asked_of_event, raising=False)
    return found


def run_everything() -> None:
    """Each type of event, from a partner to the customer; what a payload may leave out is there, and is not."""
    company = Company(seed=1, start=START)
    contact = members(id="c", type="customer.contact.updated", source="crm", time="2026-05-20T13:00:00Z", data=CUSTOMER)
    company.post_events(CloudEvent.parse(contact))
    company.cloud.run()
    used = {"customer_id": "cus_1", "meter": "seats", "quantity": 2, "used_at": "2026-05-20T13:00:00Z"}
    company.cloud.publish(usage(data=used), usage(id="bad", data=used | {"quantity": -1}))
    company.cloud.run()
    company.cloud.clock.advance((IN_JUNE - START).total_seconds())
    company.cloud.run_schedule("billing-close")
    company.cloud.run()
    (invoice,) = company.bill("GET", "/invoices?customer_id=cus_1")[1]["invoices"]
    paid = {"payment_id": "p", "invoice_id": invoice["id"], "amount": invoice["amount"], "currency": "USD"}
    for kind, data in (("failed", paid | {"reason": "declined"}), ("settled", paid)):
        company.cloud.publish(CloudEvent.parse(members(id=kind, type=f"partner.payment.{kind}", data=data)))
        company.cloud.run()


def is_inferred(seen: Seen, inferred: tuple[Reading, ...]) -> bool:
    wanted = "reads" if seen.path else "passes on whole"
    return any(
        (r.service, r.type, r.path, r.how) == (seen.service, seen.type, seen.path, wanted) and r.place[0] == seen.file
        for r in inferred
    )


def is_revalidated(reading: Reading) -> bool:
    """Pydantic reads there, where nobody can watch."""
    file, line = reading.place
    return "model_validate" in (FUNCTIONS.parent / file).read_text().splitlines()[line - 1]


def test_whatever_is_read_at_run_time_was_inferred_from_the_code(seen: set[Seen]) -> None:
    inferred = readings()

    run_everything()

    assert [s for s in sorted(seen) if not is_inferred(s, inferred)] == []


def test_whatever_was_inferred_is_read_at_run_time(seen: set[Seen]) -> None:
    taken = [r for r in readings() if (r.service, r.type) in TAKEN]
    inferred = [r for r in taken if r.how in ("reads", "passes on whole") and not is_revalidated(r)]

    run_everything()

    known = {(s.service, s.type, s.path) for s in seen}
    assert [r for r in inferred if (r.service, r.type, r.path) not in known] == []


def test_the_run_reads_of_every_type_that_a_service_takes(seen: set[Seen]) -> None:
    run_everything()

    assert {(s.service, s.type) for s in seen} == TAKEN
    assert any(s.path == "lines[].amount" for s in seen)
    assert {s.service for s in seen if s.file.endswith(".j2")} == {"notification"}
