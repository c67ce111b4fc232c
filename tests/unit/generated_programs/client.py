# A program of another team: what it sends and is answered, as JSON.
from __future__ import annotations

import json
import sys
from typing import Any

from breakwater_events import (
    AnyData,
    BillingInvoicePaidV1,
    CustomerContactUpdatedV1,
    Event,
    IngestionClient,
    InvalidEvent,
    PartnerUsageReportedV1,
    PublishError,
    derived_id,
    parse,
    put_events,
    to_entry,
)


def usage(id_: str, quantity: int = 3) -> Event[PartnerUsageReportedV1]:
    data = PartnerUsageReportedV1(
        customer_id="cus_1", meter="api_calls", quantity=quantity, used_at="2026-05-20T14:30:00Z"
    )
    return Event(id=id_, source="/partners/acme", time="2026-05-20T14:30:00Z", data=data)


def paid(id_: str) -> Event[BillingInvoicePaidV1]:
    """Of a type that the API does not take in."""
    data = BillingInvoicePaidV1(invoice_id="inv_1", customer_id="cus_1", amount=1, currency="USD")
    return Event(id=id_, source="/partners/acme", data=data)


def described(event: Event[AnyData]) -> str:
    match event.data:
        case PartnerUsageReportedV1(meter=meter, quantity=quantity):
            return f"{meter}: {quantity}"
        case CustomerContactUpdatedV1(email=email):
            return str(email)
        case _:
            return event.id


class Bus:
    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def put_events(self, *, Entries: Any) -> Any:
        ids = [json.loads(entry["Detail"])["id"] for entry in Entries]
        self.calls.append(ids)
        codes = {"wrong": "MalformedDetail"} | ({"again": "ThrottlingException"} if len(self.calls) == 1 else {})
        return {"Entries": [{"ErrorCode": codes[id_]} if id_ in codes else {"EventId": "1"} for id_ in ids]}


def refused(client: IngestionClient, event: Event[Any]) -> dict[str, Any]:
    try:
        client.publish(event)
    except PublishError as error:
        return {"status": error.status, "fields": [e.field for e in error.errors], "retryable": error.retryable}
    return {}


def invalid(text: str) -> list[str]:
    try:
        parse(text)
    except InvalidEvent as error:
        return [problem.field for problem in error.problems]
    return []


def not_made() -> list[str]:
    try:
        usage("never", quantity=-1)
    except InvalidEvent as error:
        return [problem.field for problem in error.problems]
    return []


def main(url: str) -> None:
    slept: list[float] = []
    bus = Bus()
    client = IngestionClient(url, sleep=slept.append, authorize=lambda *request: {"x-signed": str(len(request[-1]))})
    client.publish(usage("u-1"))
    batch = client.publish_batch([usage("u-3"), paid("u-4"), usage("u-5")])
    closed = IngestionClient("http://127.0.0.1:9", sleep=slept.append)
    unpublished = put_events(bus, "b", [usage("ok"), usage("wrong"), usage("again")], sleep=slept.append)
    entry = to_entry(usage("u-7"), "b")
    told = {
        "rejected": refused(client, paid("u-2")),
        "batch": [(result.index, result.status, [p.field for p in result.problems]) for result in batch],
        "closed": refused(closed, usage("u-6")),
        "slept": slept,
        "derived": derived_id("Zoë \U0001d4b5\u2028\x7f", 7, 'a"b\\\n'),
        "unpublished": [(one.event.id, one.code) for one in unpublished],
        "calls": bus.calls,
        "too_large": [one.code for one in put_events(bus, "b", [usage("large")], max_bytes=100)],
        "entry": {**entry, "Time": entry["Time"].isoformat()},
        "described": described(parse(usage("u-8").to_json())),
        "invalid": invalid("{"),
        "not_made": not_made(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
