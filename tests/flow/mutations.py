"""Planted bugs: each takes one promise out of the real code. The simulation has to find every one."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from itertools import count
from typing import Final

import pytest

from events.envelope import CloudEvent
from functions.billing.adapters.memory import MemoryAccounts, MemoryInvoices
from functions.billing.metering import Metering, _Touched
from functions.billing.ports import Tally
from functions.notification.adapters.guard import ChannelGuard
from functions.notification.domain import Contact
from functions.notification.manifest import MESSAGES
from local.memory.idempotency import MemoryIdempotency
from runtime.consumer import QueueConsumer
from runtime.errors import TransientError
from runtime.idempotency import Once
from runtime.manifest import Backoff
from runtime.outbox import Change, OutboxRelay, extended
from runtime.publisher import Publisher, _Failed
from runtime.settlement import Settlement

Patch = pytest.MonkeyPatch
Mutation = Callable[[Patch], None]


def dedup_on_the_message_id(patch: Patch) -> None:
    message = ContextVar("message", default="")
    attempt, run = QueueConsumer._attempt, Once.run

    def attempt_knowing_the_message(self, handle, delivery, context):
        message.set(delivery.message_id)
        attempt(self, handle, delivery, context)

    def run_for_the_message(self, handle, event):
        named = CloudEvent.parse(event.to_dict() | {"id": message.get()})
        return run(self, lambda _: handle(event), named)

    patch.setattr(QueueConsumer, "_attempt", attempt_knowing_the_message)
    patch.setattr(Once, "run", run_for_the_message)


def publish_before_commit(patch: Patch) -> None:
    save = MemoryInvoices.save

    def publish_and_save(self, decision, *, over, now):
        old = over.outbox if over else ()
        self._on_change(Change(key=decision.invoice.id, new=extended(old, decision.events, now), old=old))
        save(self, decision, over=over, now=now)

    patch.setattr(MemoryInvoices, "save", publish_and_save)


def mark_before_effect(patch: Patch) -> None:
    first = Once._first

    def mark_and_run(self, key, handle, event):
        if self._consumer.startswith(MESSAGES.name):
            self._store.finish(key, [], kept=self._kept)
        return first(self, key, handle, event)

    patch.setattr(Once, "_first", mark_and_run)


def failed_entries_are_ignored(patch: Patch) -> None:
    def attempt(self, chunk):
        try:
            self._bus.put([parcel.entry for parcel in chunk])
        except TransientError as error:
            return [_Failed(parcel, error) for parcel in chunk]
        return []

    patch.setattr(Publisher, "_attempt", attempt)


def all_failed_entries_are_sent_once_and_forgotten(patch: Patch) -> None:
    attempt = Publisher._attempt

    def attempt_and_forget(self, chunk):
        failed = attempt(self, chunk)
        return failed if len(failed) == len(chunk) else []

    patch.setattr(Publisher, "_attempt", attempt_and_forget)


def no_cap_on_the_backoff(patch: Patch) -> None:
    patch.setattr(Backoff, "ceiling", lambda self, tries: self.base << min(tries, 16))


def records_live_for_an_hour(patch: Patch) -> None:
    patch.setitem(Once.__init__.__kwdefaults__, "retention_days", 1 / 24)


def throttles_cost_tries(patch: Patch) -> None:
    patch.setattr(Settlement, "_is_patient", lambda *_: False)


def random_ids_for_caused_events(patch: Patch) -> None:
    numbers = count()
    patch.setattr("events.envelope.derived_id", lambda *_: uuid.uuid5(uuid.NAMESPACE_OID, str(next(numbers))).hex)


def no_condition_on_saving_an_invoice(patch: Patch) -> None:
    save = MemoryInvoices.save

    def save_whatever_is_there(self, decision, *, over, now):
        save(self, decision, over=self.find(decision.invoice.id), now=now)

    patch.setattr(MemoryInvoices, "save", save_whatever_is_there)


def the_close_forgets_what_is_billed(patch: Patch) -> None:
    close = MemoryAccounts.close

    def close_and_forget(self, account, *, billed, decision, now):
        close(self, account, billed={}, decision=decision, now=now)

    patch.setattr(MemoryAccounts, "close", close_and_forget)


def the_close_takes_for_seen_what_came_meanwhile(patch: Patch) -> None:
    close = MemoryAccounts.close

    def close_all(self, account, **how):
        now = self.find(account.period, account.customer_id)
        close(self, replace(account, touched=now.touched), **how)

    patch.setattr(MemoryAccounts, "close", close_all)


def a_tally_forgets_the_pages_before(patch: Patch) -> None:
    patch.setattr(Tally, "plus", lambda self, page: replace(self, units=page.units, after=page.after))


def the_outbox_is_lost_on_save(patch: Patch) -> None:
    def forget(outbox, events, now):
        return tuple(outbox) if outbox else extended(outbox, events, now)

    patch.setattr("functions.billing.adapters.memory.extended", forget)


def touch_before_the_ledger(patch: Patch) -> None:
    record = Metering.record

    def touch_and_record(self, events):
        now = self._clock.now()
        self._touch_all([usage for e in events if not isinstance(usage := self._read(e, now), Exception)], now)
        touch_all, self._touch_all = self._touch_all, lambda *_: {}
        try:
            return record(self, events)
        finally:
            self._touch_all = touch_all

    patch.setattr(Metering, "record", touch_and_record)


def touch_is_forgotten_for_a_repeat(patch: Patch) -> None:
    known = set()
    touch_all = Metering._touch_all

    def touch_the_new(self, usages, now):
        new = [usage for usage in usages if usage.identity not in known]
        known.update(usage.identity for usage in usages)
        return touch_all(self, new, now)

    patch.setattr(Metering, "_touch_all", touch_the_new)


def ended_periods_are_remembered_as_touched(patch: Patch) -> None:
    def remember(self, period, customer_id, now):
        self._period = period
        self._customers.add(customer_id)

    patch.setattr(_Touched, "remember", remember)
    patch.setattr(_Touched, "lately", lambda self, period, customer, now: customer in self._customers)


def the_lock_never_ends(patch: Patch) -> None:
    patch.setattr(Once, "register", lambda *_: None)
    patch.setattr(ChannelGuard, "register", lambda *_: None)


def the_lock_outlives_the_function(patch: Patch) -> None:
    save = MemoryIdempotency.save_inprogress

    def save_for_an_hour(self, data, remaining_time_in_millis=None):
        save(self, data, (remaining_time_in_millis or 0) + 3_600_000)

    patch.setattr(MemoryIdempotency, "save_inprogress", save_for_an_hour)


def permanent_errors_are_retried(patch: Patch) -> None:
    class Never(Exception):
        """No error is one."""

    patch.setattr("runtime.settlement.PermanentError", Never)


def transient_errors_are_dead_letters_at_once(patch: Patch) -> None:
    fate = Settlement._fate

    def fate_at_once(self, delivery):
        found = fate(self, delivery)
        return "dead_letter" if found == "retry" else found

    patch.setattr(Settlement, "_fate", fate_at_once)


def what_failed_beside_others_is_forgotten(patch: Patch) -> None:
    patch.setattr(Settlement, "_send_anew", lambda *_: None)


def every_message_is_acknowledged(patch: Patch) -> None:
    call = QueueConsumer.__call__

    def call_and_acknowledge(self, batch, context):
        return call(self, batch, context) | {"batchItemFailures": []}

    patch.setattr(QueueConsumer, "__call__", call_and_acknowledge)


def the_relay_acknowledges_what_failed(patch: Patch) -> None:
    patch.setattr(OutboxRelay, "_publish_next", _publish_next_and_forget(OutboxRelay._publish_next))


def _publish_next_and_forget(publish_next):
    def publish_and_forget(self, waiting):
        publish_next(self, waiting)
        return []

    return publish_and_forget


def the_relay_sends_an_item_s_events_together(patch: Patch) -> None:
    def publish_all(self, waiting):
        events = [event for queue in waiting.values() for event in queue]
        waiting.clear()
        return [e for e in self._publisher.publish(events).values() if isinstance(e, TransientError)]

    patch.setattr(OutboxRelay, "_publish_next", publish_all)


def replays_have_their_effects(patch: Patch) -> None:
    patch.setattr("runtime.consumer._without_effects", lambda _: "")


def the_last_contact_stands(patch: Patch) -> None:
    patch.setattr(Contact, "supersedes", lambda *_: True)


def an_order_s_id_is_new_each_time(patch: Patch) -> None:
    numbers = count()
    patch.setattr("functions.billing.process._ordered_id", lambda *_: f"inv_{next(numbers)}")


def a_bus_that_says_yes(patch: Patch) -> None:
    """The publisher takes a call that failed whole for one that was taken."""
    attempt = Publisher._attempt

    def attempt_and_believe(self, chunk):
        failed = attempt(self, chunk)
        return [] if len(failed) == len(chunk) else failed

    patch.setattr(Publisher, "_attempt", attempt_and_believe)


MUTATIONS: Final[tuple[Mutation, ...]] = (
    dedup_on_the_message_id,
    publish_before_commit,
    mark_before_effect,
    failed_entries_are_ignored,
    all_failed_entries_are_sent_once_and_forgotten,
    no_cap_on_the_backoff,
    records_live_for_an_hour,
    throttles_cost_tries,
    random_ids_for_caused_events,
    no_condition_on_saving_an_invoice,
    the_close_forgets_what_is_billed,
    the_close_takes_for_seen_what_came_meanwhile,
    a_tally_forgets_the_pages_before,
    the_outbox_is_lost_on_save,
    touch_before_the_ledger,
    touch_is_forgotten_for_a_repeat,
    ended_periods_are_remembered_as_touched,
    the_lock_never_ends,
    the_lock_outlives_the_function,
    permanent_errors_are_retried,
    transient_errors_are_dead_letters_at_once,
    what_failed_beside_others_is_forgotten,
    every_message_is_acknowledged,
    the_relay_acknowledges_what_failed,
    the_relay_sends_an_item_s_events_together,
    replays_have_their_effects,
    the_last_contact_stands,
    an_order_s_id_is_new_each_time,
    a_bus_that_says_yes,
)
