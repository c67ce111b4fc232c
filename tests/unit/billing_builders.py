"""Billing's values and events for tests: valid, and different where the test says so."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from events.catalog import IngestionUsageRecorded
from events.envelope import CloudEvent
from functions.billing.adapters.memory import MemoryAgenda, MemoryBilling, memory_billing
from functions.billing.closing import begin
from functions.billing.domain import Decision, Invoice, Line, State, draft, issue
from functions.billing.manifest import ACCOUNT_DUE
from functions.billing.metering import Metering
from functions.billing.ports import UsageRecord
from functions.billing.prices import PRICES
from functions.billing.process import InvoiceOrder
from functions.billing.rating import PriceBook
from runtime.errors import BreakwaterError, Unfinished
from runtime.outbox import Change
from runtime.outcome import Outcome
from tests.unit.runtime_fakes import FakeClock

NOW = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)
CUSTOMER = "cus_abc123"


def event(type_: str, data: dict[str, Any], **changes: Any) -> CloudEvent:
    members = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "ingestion-service",
        "type": type_,
        "time": "2026-05-20T14:30:00Z",
        "data": data,
    }
    return CloudEvent.parse(members | changes)


def usage_event(id_: str = "u-1", **changes: Any) -> CloudEvent:
    data = {"customer_id": CUSTOMER, "meter": "seats", "quantity": 2, "used_at": "2026-05-20T14:00:00Z"}
    return event("ingestion.usage.recorded", data | changes, id=id_)


def settled_event(invoice: Invoice, id_: str = "p-1", **changes: Any) -> CloudEvent:
    return event("ingestion.payment.settled", _payment(invoice) | changes, id=id_)


def failed_event(invoice: Invoice, id_: str = "f-1", **changes: Any) -> CloudEvent:
    data = _payment(invoice) | {"reason": "card declined"} | changes
    return event("ingestion.payment.failed", data, id=id_)


def _payment(invoice: Invoice) -> dict[str, Any]:
    return {
        "payment_id": "pay_1",
        "invoice_id": invoice.id,
        "amount": invoice.amount,
        "currency": invoice.currency,
    }


def line(**changes: Any) -> Line:
    return Line.priced(**({"description": "Onboarding", "quantity": 1, "unit_amount": 49_900} | changes))


def draft_invoice(**changes: Any) -> Invoice:
    members = {
        "id": "inv_20260520_0123456789",
        "customer_id": CUSTOMER,
        "currency": "USD",
        "lines": (line(),),
        "now": NOW,
    }
    return draft(**(members | changes))


def issued(**changes: Any) -> Decision:
    built = draft_invoice(**changes)
    return issue(built, now=built.created_at)


def invoice_in(state: State) -> Invoice:
    """An invoice that got into `state` the shortest way (with nothing but the state to show for it)."""
    return draft_invoice() if state is State.DRAFT else _with_state(issued().invoice, state)


def _with_state(invoice: Invoice, state: State) -> Invoice:
    payment = {"payment_id": "pay_0"} if state is State.PAID else {}
    return replace(invoice, state=state, **payment)


def order(key: str = "key-1", **changes: Any) -> InvoiceOrder:
    members: dict[str, Any] = {"key": key, "customer_id": CUSTOMER, "currency": "USD", "lines": (line(),)}
    return InvoiceOrder(**(members | changes))


def usage_record(id_: str = "u-1", **changes: Any) -> UsageRecord:
    members: dict[str, Any] = {
        "customer_id": CUSTOMER,
        "period": "2026-05",
        "source": "ingestion-service",
        "id": id_,
        "meter": "seats",
        "quantity": 2,
        "used_at": NOW,
    }
    return UsageRecord(**(members | changes))


def metered(metering: Metering, event: CloudEvent) -> Outcome:
    """One event in a batch of its own. Raises what the batch says of it."""
    (result,) = metering.record([event])
    if isinstance(result, Exception):
        raise result
    return result


@dataclass
class Closed:
    """What a close came to: accounts that it closed, the invoices' ids, and what was raised for others."""

    accounts: int = 0
    invoices: tuple[str, ...] = ()
    errors: list[BreakwaterError] = field(default_factory=list)
    unfinished: int = 0


@dataclass
class World:
    """Billing in memory with a clock of its own; what the outbox would publish is in `published`."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    changes: list[Change] = field(default_factory=list)
    prices: PriceBook = PRICES
    page: int = 1_000
    seconds: float = 20

    def __post_init__(self) -> None:
        self.service: MemoryBilling = memory_billing(
            self.clock, self.changes.append, prices=self.prices, page=self.page, seconds=self.seconds
        )

    @property
    def billing(self):
        return self.service.billing

    @property
    def published(self) -> list[CloudEvent]:
        return [added for change in self.changes for added in change.added]

    def tell(self, event: CloudEvent) -> Outcome:
        """As the consumer of the event's type would."""
        if event.type == IngestionUsageRecorded.type:
            return metered(self.service.metering, event)
        return self.service.payments(event)

    def issue(self, key: str = "key-1", **changes: Any) -> Invoice:
        return self.billing.issue_invoice(order(key, **changes))

    def close(self, now: datetime) -> Closed:
        """What the schedule and the queue do, at `now`."""
        self.clock.time = now
        self.begin()
        return self.work_off()

    def begin(self) -> None:
        begin(MemoryAgenda(self.service.agenda.append), self.clock.now())

    def work_off(self) -> Closed:
        """What is due, message after message."""
        came_to, before = Closed(), len(self.published)
        while self.service.agenda:
            self._work_on(CloudEvent.parse(self.service.agenda.pop(0)), came_to)
        came_to.invoices = tuple(e.data["invoice_id"] for e in self.published[before:])
        return came_to

    def _work_on(self, due: CloudEvent, came_to: Closed) -> None:
        try:
            outcome = self.service.due(due)
        except Unfinished:
            came_to.unfinished += 1
            self.service.agenda.append(due.to_json())
        except BreakwaterError as error:
            came_to.errors.append(error)
        else:
            came_to.accounts += due.type == ACCOUNT_DUE and not outcome.duplicate


def http_event(
    method: str,
    path: str,
    *,
    body: Any = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What API Gateway's HTTP API hands a function (payload format 2.0)."""
    request: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "&".join(f"{k}={v}" for k, v in (query or {}).items()),
        "headers": {"content-type": "application/json", **(headers or {})},
        "requestContext": {
            "stage": "$default",
            "requestId": "r-1",
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1", "userAgent": "t", "protocol": "HTTP/1.1"},
        },
        "isBase64Encoded": False,
    }
    if query:
        request["queryStringParameters"] = query
    if body is not None:
        request["body"] = body if isinstance(body, str) else json.dumps(body)
    return request


def answered(response: dict[str, Any]) -> Any:
    return json.loads(response["body"])
