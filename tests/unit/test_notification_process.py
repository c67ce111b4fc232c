from __future__ import annotations

from typing import NoReturn

import pytest

from events.catalog import payload_of
from events.envelope import InvalidEvent
from functions.notification.manifest import MESSAGES, SERVICE
from functions.notification.ports import ContactUnknown, Refused
from functions.notification.rendering import TEMPLATES
from runtime.errors import DependencyUnavailable
from tests.unit.event_builders import paid, usage
from tests.unit.notification_builders import (
    CUSTOMER,
    contact,
    contact_updated,
    service,
)

HOOK = "https://hooks.example.com/in"


def refuse(_: object) -> NoReturn:
    raise Refused("no such mailbox")


def be_away(_: object) -> NoReturn:
    raise DependencyUnavailable("away")


def test_one_e_mail_goes_out_when_the_customer_has_an_address() -> None:
    made = service(contact())

    (event,) = made.messages(paid()).events

    (mail,) = made.mailer.outbox
    payload = payload_of(event)
    assert mail.to == "ada@example.com"
    assert "USD 499.00" in mail.subject
    assert event.type == "notification.message.sent"
    assert (payload.channel, payload.customer_id, payload.provider_id) == ("email", CUSTOMER, "memory-1")
    assert (payload.template, payload.about_source, payload.about_id) == (paid().type, *paid().identity)
    assert payload.message_id == mail.message_id
    assert event.extensions["causationid"] == paid().id


def test_the_event_itself_goes_out_when_the_customer_has_a_webhook() -> None:
    made = service(contact(email=None, webhook_url=HOOK))

    (event,) = made.messages(paid()).events

    (sent,) = made.webhooks.outbox
    assert (sent.url, sent.body, sent.customer_id) == (HOOK, paid().to_json(), CUSTOMER)
    assert payload_of(event).channel == "webhook"
    assert made.mailer.outbox == []


def test_each_channel_gets_a_message_of_its_own_when_there_are_two() -> None:
    made = service(contact(webhook_url=HOOK))

    events = made.messages(paid()).events

    assert [payload_of(e).channel for e in events] == ["email", "webhook"]
    assert len({e.id for e in events}) == 2
    assert made.mailer.outbox[0].message_id != made.webhooks.outbox[0].message_id


def test_message_ids_and_events_are_the_same_when_it_is_done_again() -> None:
    first, second = service(contact()), service(contact())

    events = [made.messages(paid()).events for made in (first, second)]

    assert events[0] == events[1]
    assert first.mailer.outbox == second.mailer.outbox


def test_the_other_channel_is_served_when_one_fails_for_now() -> None:
    made = service(contact(webhook_url=HOOK))
    made.mailer.trouble = be_away

    with pytest.raises(DependencyUnavailable):
        made.messages(paid())

    assert len(made.webhooks.outbox) == 1


def test_no_second_e_mail_goes_out_when_the_webhook_is_tried_again() -> None:
    made = service(contact(webhook_url=HOOK))
    made.webhooks.trouble = be_away
    with pytest.raises(DependencyUnavailable):
        made.messages(paid())
    made.webhooks.trouble = lambda _: None

    events = made.messages(paid()).events

    assert len(made.mailer.outbox) == 1
    assert [payload_of(e).channel for e in events] == ["email", "webhook"]


def test_the_failure_is_an_event_when_a_channel_refuses_for_good() -> None:
    made = service(contact(webhook_url=HOOK))
    made.mailer.trouble = refuse

    news, other = made.messages(paid()).events

    assert (news.type, payload_of(news).reason) == ("notification.message.failed", "no such mailbox")
    assert other.type == "notification.message.sent"


def test_the_failure_is_an_event_when_the_contact_has_no_channel() -> None:
    made = service(contact(email=None))

    (event,) = made.messages(paid()).events

    assert event.type == "notification.message.failed"
    assert payload_of(event).channel == "none"


def test_it_is_tried_again_when_the_contact_is_not_known_yet() -> None:
    made = service()

    with pytest.raises(ContactUnknown) as caught:
        made.messages(paid())

    assert caught.value.code == "contact_unknown"
    assert CUSTOMER in str(caught.value)


@pytest.mark.parametrize("event", [usage(), paid(type="no.such.type"), paid(data={"amount": 1})])
def test_an_event_is_refused_when_there_is_nothing_to_tell(event) -> None:
    with pytest.raises(InvalidEvent):
        service(contact()).messages(event)


def test_every_subscribed_type_has_its_templates() -> None:
    subscribed = {type_ for s in MESSAGES.subscriptions for type_ in s.pattern["detail-type"]}

    assert {path.name for path in TEMPLATES.iterdir() if path.is_dir()} == subscribed
    assert set(SERVICE.emits) == {"notification.message.sent", "notification.message.failed"}


def test_a_contact_is_kept_when_it_is_news() -> None:
    made = service()

    outcome = made.contacts(contact_updated())

    assert outcome.duplicate is False
    assert made.book.find(CUSTOMER) == contact()


def test_a_contact_changes_nothing_when_it_comes_again() -> None:
    made = service()
    made.contacts(contact_updated())

    outcome = made.contacts(contact_updated())

    assert outcome.duplicate is True


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (contact_updated(time=None), "time"),
        (contact_updated(data={"email": "nobody"}), "data.email"),
        (paid(), "type"),
    ],
)
def test_a_contact_is_refused_when_it_is_at_fault(event, field: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        service().contacts(event)

    assert [p.field for p in caught.value.problems] == [field]
