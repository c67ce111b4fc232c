"""Dead letters of five kinds, as the runtime, EventBridge and the relay leave them: the n-th is always the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from events.catalog import BillingInvoicePaid, IngestionPaymentSettled, PartnerUsageReported, initial
from events.envelope import CloudEvent, Problem, format_time
from local.embedded.stack import Stack
from runtime.errors import (
    BreakwaterError,
    BusinessRuleViolated,
    DependencyUnavailable,
    Unpublishable,
    UnreadableMessage,
)
from runtime.queue import reason

_BATCH: Final = 10
_WORKERS: Final = 4

Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`owner` is whose dead-letter queue it is; `message` makes the n-th body and its attributes."""

    name: str
    owner: str
    message: Callable[[int], tuple[str, Attributes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """`token` sets a run's events, customers and errors apart from all others': letters only, for digits are masked."""

    token: str
    moment: datetime

    @property
    def customer(self) -> str:
        return f"cus-{self.token}"

    def all(self) -> Sequence[Kind]:
        """The first is the one whose cause passes."""
        return (
            Kind(name="unavailable", owner="notification", message=self._unavailable),
            Kind(name="unreadable", owner="ingestion", message=self._unreadable),
            Kind(name="undelivered", owner="notification-contacts", message=self._undelivered),
            Kind(name="forbidden", owner="billing", message=self._forbidden),
            Kind(name="unpublishable", owner="billing-relay", message=self._unpublishable),
        )

    def invoice(self, n: int) -> str:
        return f"inv-{self.token}-{n:05d}"

    def _unavailable(self, n: int) -> tuple[str, Attributes]:
        event = self._paid(f"unavailable-{n}", self.invoice(n))
        return self._envelope(event), self._reason(
            DependencyUnavailable(f"SES of {self.token}: HTTP 503 for request 8f{n:030x}"), "notification", event
        )

    def _unreadable(self, n: int) -> tuple[str, Attributes]:
        payload = PartnerUsageReported(customer_id=self.customer, meter="seats", quantity=n, used_at=self.moment)
        event = initial(payload, id=f"{self.token}-unreadable-{n}", source="partner", time=self.moment)
        event = event.model_copy(update={"data": {**event.data, "quantity": "a lot"}})
        error = UnreadableMessage([Problem("data.quantity", f"must be a number, says {self.token}")])
        return self._envelope(event), self._reason(error, "ingestion", event)

    def _undelivered(self, n: int) -> tuple[str, Attributes]:
        event = self._paid(f"undelivered-{n}", self.invoice(n))
        return self._envelope(event), {
            "RULE_ARN": f"arn:aws:events:us-east-1:000000000000:rule/bus/{self.token}",
            "TARGET_ARN": "arn:aws:sqs:us-east-1:000000000000:breakwater-embedded-notification-contacts",
            "ERROR_CODE": "NO_PERMISSIONS",
            "ERROR_MESSAGE": f"not authorized to perform sqs:SendMessage, {self.token}",
            "RETRY_ATTEMPTS": "0",
        }

    def _forbidden(self, n: int) -> tuple[str, Attributes]:
        payload = IngestionPaymentSettled(
            payment_id=f"pay-{n}", invoice_id=self.invoice(n), amount=4_900, currency="USD"
        )
        event = initial(payload, id=f"{self.token}-forbidden-{n}", source="ingestion-service", time=self.moment)
        error = BusinessRuleViolated(f"invoice '{self.invoice(n)}' of {self.token} is void and takes no payment")
        return self._envelope(event), self._reason(error, "billing", event)

    def _unpublishable(self, n: int) -> tuple[str, Attributes]:
        event = self._paid(f"unpublishable-{n}", self.invoice(n))
        error = Unpublishable(f"{event.type} {event.id}: {1_048_576 + n} bytes are over the limit of {self.token}")
        return event.to_json(), self._reason(error, "billing-relay", event)

    def _paid(self, id_: str, invoice: str) -> CloudEvent:
        payload = BillingInvoicePaid(invoice_id=invoice, customer_id=self.customer, amount=49_900, currency="USD")
        return initial(payload, id=f"{self.token}-{id_}", source="billing-service", time=self.moment)

    def _envelope(self, event: CloudEvent) -> str:
        members: dict[str, Any] = {
            "version": "0",
            "id": f"envelope-{event.id}",
            "detail-type": event.type,
            "source": event.source,
            "account": "000000000000",
            "time": event.time,
            "region": "us-east-1",
            "resources": [],
            "detail": event.to_dict(),
        }
        return json.dumps(members)

    def _reason(self, error: BreakwaterError, owner: str, event: CloudEvent) -> Attributes:
        first_seen = format_time(self.moment)
        return reason(error, consumer=owner, attempts=3, first_seen=first_seen, failed_at=self.moment, event=event)


def bury(stack: Stack, kind: Kind, count: int) -> None:
    """Put `count` letters of the kind where they would be."""
    url, sqs = stack.dead_letter_url(kind.owner), stack.cloud.client("sqs")
    with ThreadPoolExecutor(_WORKERS) as pool:
        list(pool.map(lambda entries: sqs.send_message_batch(QueueUrl=url, Entries=entries), _batches(kind, count)))


def _batches(kind: Kind, count: int) -> Iterator[list[Any]]:
    for start in range(0, count, _BATCH):
        yield [_entry(n, *kind.message(n)) for n in range(start, min(start + _BATCH, count))]


def _entry(n: int, body: str, attributes: Attributes) -> dict[str, Any]:
    return {
        "Id": str(n),
        "MessageBody": body,
        "MessageAttributes": {k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()},
    }
