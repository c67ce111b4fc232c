"""What must hold when all trouble is over and everything has come to rest."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Final

from events.envelope import CloudEvent, derived_id
from functions.billing.domain import State
from functions.billing.prices import PRICES
from functions.ingestion.manifest import RESULTS
from functions.notification import manifest as notification
from local.memory.bus import BusRefused
from local.memory.clock import DeadlineExceeded
from local.memory.faults import Effect
from local.memory.functions import FunctionCrashed
from local.memory.queue import QueueRefused
from local.simulate import evidence
from local.simulate.book import Identity
from local.simulate.invariants.finding import Finding
from local.simulate.letters import is_hopeless, is_transient
from local.simulate.plan import Upload
from local.simulate.sites import CONSUMERS
from local.simulate.world import World
from runtime.errors import TransientError

_INGESTION: Final = "ingestion-service"
_EXPECTED_ERRORS: Final = (FunctionCrashed, DeadlineExceeded, TransientError)


# What is accepted has its effect.


def usage_is_counted_once(world: World) -> Iterator[Finding]:
    """The ledger's totals are those of the distinct usage that was accepted."""
    wanted = evidence.units(e for e in evidence.accepted(world, "partner.usage.reported") if evidence.is_billable(e))
    for account in wanted.keys() | evidence.accounts(world):
        totals = dict(world.company.billing.ledger.totals(*account))
        if totals != wanted.get(account, {}):
            yield Finding(f"ledger of {account}: {totals}", f"{wanted.get(account, {})}")


def unusable_usage_is_told_of(world: World) -> Iterator[Finding]:
    """A record that nobody can use is rejected on the bus, or a dead letter with the reason."""
    rejected = {(e["data"].get("record_source"), e["data"].get("record_id")) for e in world.archived("record.rejected")}
    dead = evidence.dead(world, "billing-usage")
    for event in evidence.accepted(world, "partner.usage.reported"):
        if not isinstance(event.data["quantity"], int):
            told = event.identity in rejected
        else:
            told = evidence.is_billable(event) or dead.get(evidence.ingested(event)) == "business_rule"
        if not told:
            yield Finding(f"nothing of {event.identity} {event.data}", "its rejection, or a dead letter")


def what_is_no_event_is_told_of(world: World) -> Iterator[Finding]:
    """A message that is no event is rejected by ingestion, and any other consumer's dead letter."""
    for noise in world.book.noise:
        if noise.queue == "ingestion":
            told = any(e["data"]["record"] == noise.body for e in world.archived("record.rejected"))
        else:
            told = any(
                m.body == noise.body and m.attributes["reason"] == "unreadable"
                for m in world.cloud.dlq(noise.queue).peek()
            )
        if not told:
            yield Finding(f"nothing of {noise.body!r} in {noise.queue}", "a rejection or a dead letter: unreadable")


def a_file_has_one_result(world: World) -> Iterator[Finding]:
    """It counts each line once, however often its work was begun."""
    for step in world.plan.steps:
        if isinstance(step, Upload):
            text = world.company.files.objects.get(f"{RESULTS}{step.name}.ndjson.json", b"{}")
            counts = {name: json.loads(text).get(name) for name in ("complete", "accepted", "rejected")}
            wanted = {"complete": True, "accepted": len(step.events), "rejected": 0}
            if counts != wanted:
                yield Finding(f"the result of {step.name}: {counts}", f"{wanted}")


def the_newest_contact_stands(world: World) -> Iterator[Finding]:
    newest: dict[str, CloudEvent] = {}
    for event in evidence.accepted(world, "customer.contact.updated"):
        known = newest.get(event.data["customer_id"])
        if known is None or (event.occurred_at, event.id) > (known.occurred_at, known.id):
            newest[event.data["customer_id"]] = event
    book = world.company.notification.book.contacts
    found = {customer: contact.event_id for customer, contact in book.items()}
    wanted = {customer: event.id for customer, event in newest.items()}
    if found != wanted:
        yield Finding(f"contacts {found}", f"{wanted}")


def payments_are_applied_or_told_of(world: World) -> Iterator[Finding]:
    """An accepted payment is on its invoice, or changes nothing there any more, or is a dead letter."""
    dead = evidence.dead(world, "billing")
    for event in evidence.accepted(world, "partner.payment.settled", "partner.payment.failed"):
        invoice = evidence.stored(world)[event.data["invoice_id"]].invoice
        id_ = evidence.ingested(event)
        applied = derived_id(_INGESTION, id_) in invoice.applied
        wrong = event.identity in world.book.wrong
        if applied and (wrong or dead.get(id_) == "business_rule"):
            yield Finding(f"{event.identity} applied to {invoice.id}, dead letter: {dead.get(id_)}", "one or the other")
        if not applied and id_ not in dead and not evidence.changes_nothing(event, invoice):
            yield Finding(f"{event.identity} not applied to {invoice.id}, {invoice.state}", "its effect or dead letter")
        if event.type.endswith("settled") and not wrong and invoice.state not in (State.PAID, State.VOID):
            yield Finding(f"{event.identity} accepted, invoice {invoice.state}", "paid or void")


def one_key_gives_one_invoice_and_one_answer(world: World) -> Iterator[Finding]:
    ordered = Counter(
        i.invoice.lines[0].description for i in evidence.stored(world).values() if i.invoice.period is None
    )
    keys = {key for key, answers in world.book.answers.items() if answers}
    if ordered.total() != len(keys):
        yield Finding(f"{ordered.total()} invoices for orders", f"{len(keys)}: one for each key of {sorted(keys)}")
    for key, answers in world.book.answers.items():
        if any(answer != answers[0] for answer in answers):
            yield Finding(f"answers to {key}: {answers}", "one")


# Money.


def each_unit_is_billed_once(world: World) -> Iterator[Finding]:
    """After the close of their periods, invoices charge for what the ledger has, and for each unit once."""
    for period, customer in ((p, c) for c, p in evidence.accounts(world)):
        account = world.company.billing.accounts.find(period, customer)
        totals = dict(world.company.billing.ledger.totals(customer, period))
        if account.touched != account.closed or dict(account.billed) != totals:
            yield Finding(f"{account}", f"closed, and billed for {totals}")
        charged = Counter[str]()
        for line in evidence.lines(world, customer, period):
            charged[str(line.meter)] += line.amount
        wanted = {meter: cost for meter, units in totals.items() if (cost := PRICES.price(meter).cost(units))}
        if +charged != Counter(wanted):
            yield Finding(f"{customer} charged {dict(charged)} for {period}", f"{wanted}")


def an_invoice_is_paid_once(world: World) -> Iterator[Finding]:
    """On the bus, too: whatever was published twice has the same id."""
    paid = defaultdict[str, set[str]](set)
    for event in world.archived("invoice.paid"):
        paid[event["data"]["invoice_id"]].add(event["id"])
    for invoice_id, ids in paid.items():
        if len(ids) > 1:
            yield Finding(f"{invoice_id} paid by {sorted(ids)}", "one event")


# Events.


def what_was_committed_is_published(world: World) -> Iterator[Finding]:
    """Each event of a committed decision is on the bus, each invoice's in the order of the decisions."""
    published = [evidence.identity(e) for e in world.archived("billing.invoice.")]
    first = {identity: published.index(identity) for identity in published}
    for invoice_id, events in evidence.committed(world).items():
        missing = [e.identity for e in events if e.identity not in first]
        if missing:
            yield Finding(f"of {invoice_id}: {missing} not published", "every committed event is")
        order = [first[e.identity] for e in events if e.identity in first]
        if any(earlier > later for earlier, later in pairwise(order)):
            yield Finding(f"{invoice_id}: first published {order}", "in the order of its decisions")


def one_id_is_one_event(world: World) -> Iterator[Finding]:
    """Published again, it says the same in each of its versions; only a rejected record's text tells how it came."""
    known: dict[tuple[Identity, str], tuple[str, Any]] = {}
    for event in world.archived():
        meaning = (event["type"], {name: value for name, value in event["data"].items() if name != "record"})
        key = (evidence.identity(event), event.get("dataschema", ""))
        if known.setdefault(key, meaning) != meaning:
            yield Finding(f"{key} is {meaning} and {known[key]}", "one meaning")


# Messages to customers.


def customers_are_told(world: World) -> Iterator[Finding]:
    """Of each of billing's events, on each channel: a message and its news, or a dead letter."""
    news = {e["data"]["message_id"] for e in world.archived("notification.message.")}
    sent = {e.arguments[0].message_id for e in world.effects_of("mailer.send", "webhooks.send")}
    refused = {e["data"]["message_id"] for e in world.archived("notification.message.failed")}
    dead = evidence.dead(world, notification.MESSAGES.name)
    contacts = world.company.notification.book.contacts
    for event in {evidence.identity(e): e for e in world.archived("billing.invoice.")}.values():
        contact = contacts.get(event["data"]["customer_id"])
        for channel in contact.channels if contact else ():
            message = evidence.message_of(event, channel)
            if (message not in news or message not in sent | refused) and event["id"] not in dead:
                yield Finding(f"{message} ({channel}, {event['type']}) sent: {message in sent}", "sent, and its news")
        if contact is None and event["id"] not in dead:
            yield Finding(f"{event['type']} {event['id']} for somebody unknown: nothing", "a dead letter")


def nobody_is_told_twice(world: World) -> Iterator[Finding]:
    """One message for each (event, channel), but where the sender was hit after the send, and before its record.

    That is the window that no sender can close (see docs): the provider has it, and nobody wrote that down.
    """
    before: dict[str, Effect] = {}
    for effect in world.effects_of("mailer.send", "webhooks.send"):
        message = effect.arguments[0].message_id
        if message in before and not evidence.was_hit(world, before[message]):
            yield Finding(
                f"{message} sent again at {evidence.time_of(world, effect)}", "once: nothing hit the first sender"
            )
        before[message] = effect


# Rest.


def nothing_is_stuck(world: World) -> Iterator[Finding]:
    for name in CONSUMERS:
        if len(world.cloud.queue(name)):
            yield Finding(f"{len(world.cloud.queue(name))} messages in {name}", "none")
    stream = world.cloud.stream("billing-relay")
    if stream.pending or stream.discarded:
        yield Finding(f"{stream.pending} changes wait, {len(stream.discarded)} are lost", "none")


def every_dead_letter_has_a_reason(world: World) -> Iterator[Finding]:
    """One that no redrive can help."""
    for name, message in world.dead_letters():
        if "reason" not in message.attributes and "ERROR_CODE" not in message.attributes:
            yield Finding(f"in {name}-dlq, without a reason: {message.body[:200]}", "a reason")
        elif is_transient(message) and not is_hopeless(message, world.book):
            yield Finding(f"in {name}-dlq, for ever: {dict(message.attributes)}", "handled after a redrive")


def nobody_sees_an_unexpected_error(world: World) -> Iterator[Finding]:
    """Functions end by what the plan does to them, or in order to be tried again; callers get no other answers."""
    for name in (*CONSUMERS, "ingestion-api", "billing-api", "billing-close", "billing-relay"):
        for error in world.cloud.function(name).errors:
            if not isinstance(error, _EXPECTED_ERRORS):
                yield Finding(f"{name}: {error!r}", "none")
    for answer in world.book.strange:
        yield Finding(answer, "an answer that this request can have")


def no_service_is_asked_for_what_it_never_does(world: World) -> Iterator[Finding]:
    """A message may be in flight no more when its delay arrives; any other refusal is a call that was wrong."""
    for call, error in world.network.refused:
        refusal = error.__cause__
        if isinstance(refusal, QueueRefused | BusRefused) and refusal.code != "MessageNotInflight":
            yield Finding(f"{call}: {refusal}", "a call that the service can take")


InTheEnd = Callable[[World], Iterator[Finding]]

IN_THE_END: Final[tuple[InTheEnd, ...]] = (
    nobody_sees_an_unexpected_error,
    no_service_is_asked_for_what_it_never_does,
    nothing_is_stuck,
    every_dead_letter_has_a_reason,
    usage_is_counted_once,
    unusable_usage_is_told_of,
    what_is_no_event_is_told_of,
    a_file_has_one_result,
    the_newest_contact_stands,
    payments_are_applied_or_told_of,
    one_key_gives_one_invoice_and_one_answer,
    each_unit_is_billed_once,
    an_invoice_is_paid_once,
    what_was_committed_is_published,
    one_id_is_one_event,
    customers_are_told,
    nobody_is_told_twice,
)
