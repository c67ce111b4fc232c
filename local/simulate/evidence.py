"""What the invariants look at, made out of what a world has seen."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from events.envelope import CloudEvent, derived_id, parse_time
from functions.billing.domain import Decision, Invoice, Line, State
from functions.billing.ports import Stored
from functions.billing.prices import PRICES
from local.memory.faults import Effect
from local.memory.functions import Sandbox
from local.simulate.book import Identity
from local.simulate.world import World

#: A customer's account in a period.
Account = tuple[str, str]

_METERS: Final = frozenset(price.meter for price in PRICES.prices)
_BECOMES: Final = {
    "partner.usage.reported": "ingestion.usage.recorded",
    "partner.payment.settled": "ingestion.payment.settled",
    "partner.payment.failed": "ingestion.payment.failed",
}


def accepted(world: World, *types: str) -> Iterator[CloudEvent]:
    """The distinct events of these types that somebody was promised the effect of."""
    return (event for event in world.book.accepted.values() if event.type in types)


def ingested(event: CloudEvent) -> str:
    """The id under which ingestion passes the event on."""
    return derived_id(event.source, event.id, _BECOMES[event.type], 0)


def identity(event: Mapping[str, Any]) -> Identity:
    return (event["source"], event["id"])


def message_of(event: Mapping[str, Any], channel: str) -> str:
    """The id of the message that the event causes on the channel."""
    return f"msg_{derived_id(str(event.get('source')), str(event.get('id')), channel)}"


def received(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    """The messages of the invocation under way, those that are JSON objects."""
    for record in sandbox.event["Records"]:
        with suppress(ValueError):
            body = json.loads(record["body"])
            if isinstance(body, dict):
                yield body


def is_billable(usage: CloudEvent) -> bool:
    """Whether it is of a meter with a price, and not older than what is still billed."""
    data = usage.data
    return isinstance(data["quantity"], int) and data["meter"] in _METERS and data["used_at"] > "2025"


def units(usage: Iterable[CloudEvent]) -> dict[Account, dict[str, int]]:
    """By account and meter."""
    found: dict[Account, Counter[str]] = defaultdict(Counter)
    for event in usage:
        used_at = parse_time(event.data["used_at"])
        found[event.data["customer_id"], f"{used_at:%Y-%m}"][event.data["meter"]] += event.data["quantity"]
    return {account: dict(meters) for account, meters in found.items()}


def accounts(world: World) -> set[Account]:
    """Those that have usage in the ledger."""
    return {(u.customer_id, u.period) for e in world.effects_of("ledger.record_all") for u in e.arguments[0]}


def committed(world: World) -> dict[str, list[CloudEvent]]:
    """By invoice: the events of the decisions that were stored, in their order."""
    events: dict[str, list[CloudEvent]] = defaultdict(list)
    for effect in world.effects_of("invoices.save", "accounts.close"):
        decision: Decision | None = effect.named["decision"] if "decision" in effect.named else effect.arguments[0]
        if decision is not None:
            events[decision.invoice.id] += decision.events
    return events


def stored(world: World) -> dict[str, Stored]:
    """Every invoice, by its id."""
    found = ((id_, world.company.billing.invoices.find(id_)) for id_ in committed(world))
    return {id_: invoice for id_, invoice in found if invoice is not None}


def lines(world: World, customer: str, period: str) -> Iterator[Line]:
    """Of all invoices for the usage of a customer's period."""
    for there in stored(world).values():
        if (there.invoice.customer_id, there.invoice.period) == (customer, period):
            yield from there.invoice.lines


def dead(world: World, consumer: str) -> dict[str, str]:
    """Reasons of a consumer's dead letters by the ids of their events."""
    attributes = (message.attributes for message in world.cloud.dlq(consumer).peek())
    return {told["event_id"]: told["reason"] for told in attributes if "event_id" in told}


def changes_nothing(payment: CloudEvent, invoice: Invoice) -> bool:
    """What is paid or void stays so, whatever is told of another try; a payment is applied once under any id."""
    if payment.type.endswith("failed"):
        return invoice.state in (State.PAID, State.VOID)
    return invoice.state is State.PAID and invoice.payment_id == payment.data["payment_id"]


def was_hit(world: World, send: Effect) -> bool:
    """Whether anything went wrong for the invocation from this call on."""
    if send.sandbox.dead and send.sandbox.invocation == send.invocation:
        return True
    own = [made for made in world.network.made if made.invocation == send.invocation]
    since = next(index for index, made in enumerate(own) if made.call == send.call)
    return any(made.fault for made in own[since:])


def had_trouble(world: World, function: str) -> bool:
    """Whether a failure of this function may have been none of the message's."""
    slow = world.plan.slowness > 0 or bool(world.cloud.function(function).errors)
    return slow or any(made.fault for made in world.network.made if made.call.function == function)


def time_of(world: World, effect: Effect) -> datetime:
    return world.clock.now() - timedelta(microseconds=world.clock.micros - effect.micros)
