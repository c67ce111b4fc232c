"""What is measured: each function of ours by its own entry point, beside its plain peer, on full batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from bench import plain
from bench.traffic import Invocation, Traffic, folded
from functions.billing import api, handler, relay, usage
from functions.billing.manifest import API, PAYMENTS, RELAY, USAGE
from functions.ingestion import api as intake
from functions.ingestion import handler as ingestion
from functions.ingestion.adapters.sqs import MAX_ENTRIES
from functions.ingestion.manifest import API as INGESTION_API
from functions.ingestion.manifest import CONSUMER as INGESTION
from functions.notification import contacts
from functions.notification import handler as notification
from functions.notification.manifest import CONTACTS, MESSAGES
from ops.cost.flows import FORWARDED, KNOWN_CUSTOMERS, NEW_CUSTOMERS, by_tens
from runtime.manifest import Consumer, Function

Handler = Callable[[dict[str, Any], Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`batch(n)` makes the n-th invocation for both sides, with `events` in it.

    With `fails`, the work cannot be done: it ends in dead letters. So many events are `together` in each message of
    ours; the peer knows no batched mode, and gets each by itself.
    """

    function: Function
    work: str
    events: int
    ours: Handler
    plain: Handler
    batch: Callable[[int], Invocation]
    fails: bool = False
    together: int = 1

    def for_ours(self, invocation: Invocation) -> Invocation:
        return folded(invocation, self.together) if self.together > 1 else invocation


#: Events in a message, where several are together: what a client reports in one call.
TEN: Final = 10
_ELSEWHERE: Final = 1_000_000


def scenarios(now: datetime, queue_url: str) -> tuple[Scenario, ...]:
    traffic = Traffic(now)
    settle, meter = plain.consumer(plain.settle_payment), plain.consumer(plain.record_usage)
    forward, tell = plain.consumer(plain.forward_usage), plain.consumer(plain.send_receipt)
    keep = plain.consumer(plain.keep_contact)
    return (
        _of(INGESTION, FORWARDED, ingestion.consume, forward, traffic.reports),
        _together(_of(INGESTION, by_tens(FORWARDED), ingestion.consume, forward, traffic.reports)),
        _of(PAYMENTS, "a payment is applied", handler.consume, settle, traffic.payments),
        _of(PAYMENTS, "a payment of nothing", handler.consume, settle, traffic.payments_of_nothing, fails=True),
        _of(USAGE, KNOWN_CUSTOMERS, usage.consume, meter, traffic.usage),
        _together(_of(USAGE, by_tens(KNOWN_CUSTOMERS), usage.consume, meter, traffic.usage)),
        _of(USAGE, NEW_CUSTOMERS, usage.consume, meter, traffic.first_usage),
        _together(_of(USAGE, by_tens(NEW_CUSTOMERS), usage.consume, meter, traffic.first_usage)),
        _of(USAGE, "usage of last month", usage.consume, meter, traffic.late_usage),
        _of(MESSAGES, "an e-mail is sent", notification.consume, tell, traffic.receipts),
        _of(CONTACTS, "a contact is kept", contacts.consume, keep, traffic.contacts),
        Scenario(
            function=RELAY.function,
            work="an event is published",
            events=RELAY.batch_size,
            ours=relay.handle,
            plain=plain.relay(),
            batch=traffic.written,
        ),
        Scenario(
            function=API.function,
            work="POST /invoices",
            events=1,
            ours=api.handle,
            plain=plain.invoices_api(),
            batch=traffic.order,
        ),
        Scenario(
            function=API.function,
            work="GET /invoices/{invoice_id}",
            events=1,
            ours=api.handle,
            plain=plain.invoices_api(),
            batch=traffic.look,
        ),
        Scenario(
            function=INGESTION_API.function,
            work="POST /events",
            events=MAX_ENTRIES,
            ours=intake.handle,
            plain=plain.events_api(queue_url),
            batch=traffic.posted,
        ),
    )


def _together(scenario: Scenario) -> Scenario:
    """Ten in each message, and none that the scenario itself has."""
    return replace(scenario, together=TEN, batch=lambda n: scenario.batch(_ELSEWHERE + n))


def _of(
    spec: Consumer,
    work: str,
    ours: Handler,
    peer: Handler,
    batch: Callable[[int], Invocation],
    *,
    fails: bool = False,
) -> Scenario:
    return Scenario(
        function=spec.function,
        work=work,
        events=spec.batch_size,
        ours=ours,
        plain=peer,
        batch=batch,
        fails=fails,
    )
