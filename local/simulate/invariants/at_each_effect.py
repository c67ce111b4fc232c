"""What must hold at every effect of a call, the moment it happens. By the call's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from events.envelope import parse_time
from functions.billing import manifest as billing
from functions.ingestion import manifest as ingestion
from functions.notification import manifest as notification
from functions.notification.domain import EMAIL, WEBHOOK
from local.memory.faults import Effect
from local.simulate import evidence
from local.simulate.invariants.finding import Finding
from local.simulate.letters import TRANSIENT
from local.simulate.world import World
from runtime.consumer import WITH_EFFECTS
from runtime.errors import Deferred
from runtime.manifest import Consumer

_BILLING: Final = "billing-service"
_DEFERRED: Final = frozenset(kind.code for kind in Deferred.__subclasses__())
_SPECS: Final = {
    consumer.name: consumer
    for service in (ingestion.SERVICE, billing.SERVICE, notification.SERVICE)
    for consumer in service.consumers
}


def the_ledger_never_has_more_than_was_sent(world: World, effect: Effect) -> Iterator[Finding]:
    sent = evidence.units(
        e for e in world.book.sent.values() if e.type == "partner.usage.reported" and evidence.is_billable(e)
    )
    for account in {(usage.customer_id, usage.period) for usage in effect.arguments[0]}:
        totals = dict(world.company.billing.ledger.totals(*account))
        if Counter(totals) - Counter(sent.get(account, {})):
            yield Finding(f"ledger of {account}: {totals}", f"at most {sent.get(account)}")


def only_what_was_committed_is_published(world: World, effect: Effect) -> Iterator[Finding]:
    own = [entry for entry in effect.arguments[0] if entry["Source"] == _BILLING]
    committed = {e.to_json() for events in evidence.committed(world).values() for e in events} if own else set()
    for entry in own:
        if entry["Detail"] not in committed:
            yield Finding(f"{entry['DetailType']} {entry['Detail']}", "an event of a committed decision")


def what_is_done_is_not_done_again(world: World, effect: Effect) -> Iterator[Finding]:
    """At a send, the message's record is this invocation's lock, and never was completed."""
    message = effect.arguments[0].message_id
    for done in world.effects_of("records.update"):
        if message in done.arguments[0].response_data:
            yield Finding(
                f"{message} sent again, though recorded as sent at {evidence.time_of(world, done)}",
                "no send after that",
            )
    locks = [e for e in world.effects_of("records.put") if e.invocation == effect.invocation]
    key = locks[-1].arguments[0].idempotency_key if locks else ""
    holders = [e.invocation for e in world.effects_of("records.put") if e.arguments[0].idempotency_key == key]
    if not locks or holders[-1] != effect.invocation:
        yield Finding(f"{message} sent without the lock {key}", "the lock held by the sender")


def a_replay_sends_nothing(_: World, effect: Effect) -> Iterator[Finding]:
    """Unless the operator has asked for it, or the event came by itself in the same batch."""
    message = effect.arguments[0].message_id
    channel = {"mailer.send": EMAIL, "webhooks.send": WEBHOOK}[effect.call.name]
    bodies = evidence.received(effect.sandbox)
    about = [body for body in bodies if evidence.message_of(body.get("detail", body), channel) == message]
    if all("replay-name" in body and not body["replay-name"].startswith(WITH_EFFECTS) for body in about):
        yield Finding(f"{message} sent for {[body.get('replay-name') for body in about]}", "nothing for a replay")


def a_lock_ends_with_its_function(world: World, effect: Effect) -> Iterator[Finding]:
    tables = {"records": world.company.notification.records, "answers": world.company.billing.answers}
    item = tables[effect.call.name.partition(".")[0]][effect.arguments[0].idempotency_key]
    longest = effect.micros // 1000 + world.cloud.function(effect.call.function).timeout * 1000
    until = item.get("in_progress_expiration")
    if until is None or until > longest:
        yield Finding(f"a lock of {effect.call.function} until {until}", f"until {longest} at most, in ms")


def delays_are_within_the_backoff(_: World, effect: Effect) -> Iterator[Finding]:
    spec, seconds = _SPECS[effect.call.function], effect.arguments[-1]
    if not 0 <= seconds <= spec.backoff.cap:
        yield Finding(f"{effect.call} by {seconds} s", f"0 to {spec.backoff.cap} s")


def a_dead_letter_was_tried_as_often_as_it_should(world: World, effect: Effect) -> Iterator[Finding]:
    """A relay has none to put away here: what it is given can be published."""
    spec, told = _SPECS[effect.call.function], effect.arguments[1]
    attempts, reason = int(told["attempts"]), told["reason"]
    if reason == "unexpected":
        yield Finding(f"{told['error_class']}: {told['error_message']}", "an error that the code knows")
    if reason in _DEFERRED:
        yield from _impatience(spec, told)
    elif reason in TRANSIENT and attempts != spec.tries:
        yield Finding(f"{reason} after {attempts} tries", f"{spec.tries} tries")
    elif reason not in TRANSIENT and attempts > 1 and not evidence.had_trouble(world, effect.call.function):
        yield Finding(f"{reason} after {attempts} tries", "a dead letter at the first")


def _impatience(spec: Consumer, told: Mapping[str, str]) -> Iterator[Finding]:
    waited = parse_time(told["failed_at"]) - parse_time(told["first_seen"])
    if waited < timedelta(seconds=spec.patience):
        yield Finding(f"{told['reason']} after {waited}", f"patience for {spec.patience} s")


AtEach = Callable[[World, Effect], Iterator[Finding]]

AT_EACH: Final[Mapping[str, tuple[AtEach, ...]]] = {
    "ledger.record_all": (the_ledger_never_has_more_than_was_sent,),
    "bus.put": (only_what_was_committed_is_published,),
    "mailer.send": (what_is_done_is_not_done_again, a_replay_sends_nothing),
    "webhooks.send": (what_is_done_is_not_done_again, a_replay_sends_nothing),
    "records.put": (a_lock_ends_with_its_function,),
    "answers.put": (a_lock_ends_with_its_function,),
    "queue.delay": (delays_are_within_the_backoff,),
    "queue.defer": (delays_are_within_the_backoff,),
    "queue.dead_letter": (a_dead_letter_was_tried_as_often_as_it_should,),
}
