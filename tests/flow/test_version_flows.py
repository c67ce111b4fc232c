"""One contact in two versions, by every way in: the customer is known once and told once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest

from events.catalog import dataschema
from events.envelope import CloudEvent
from events.twins import in_versions
from functions.notification.domain import Contact
from local.memory.company import Company
from tests.unit.event_builders import paid

START = datetime(2026, 5, 20, 14, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[2] / "examples"
CONTACT = "customer.contact.updated"
NEW, OLD = in_versions(CloudEvent.parse((EXAMPLES / "contact-v2.json").read_text()))
FROM_AN_OLDER_CRM = CloudEvent.parse((EXAMPLES / "contact.json").read_text())
KNOWN = Contact(
    customer_id="cus_abc123",
    name="Ada Lovelace",
    email="ada@example.com",
    updated_at=datetime(2026, 5, 1, 8, tzinfo=UTC),
    event_id="contact-cus_abc123-1",
)

Send = Callable[[Company, CloudEvent], None]


@pytest.fixture
def company() -> Company:
    return Company(seed=1, start=START, archive=True)


def over_the_bus(company: Company, event: CloudEvent) -> None:
    company.cloud.publish(event)


def over_http(company: Company, event: CloudEvent) -> None:
    status, _ = company.post_events(event)
    assert status == 202


def in_a_file(company: Company, event: CloudEvent) -> None:
    company.put_file(f"incoming/{id(event)}.ndjson", event.to_json().encode())


EACH_WAY = pytest.mark.parametrize("send", [over_the_bus, over_http, in_a_file])


def archived(company: Company) -> list[CloudEvent]:
    return [CloudEvent.parse(e["detail"]) for e in company.cloud.bus.archive if e["detail-type"] == CONTACT]


def dead_letters(company: Company) -> list[str]:
    queues = ("ingestion", "ingestion-files", "notification", "notification-contacts")
    return [m.attributes["error_message"] for name in queues for m in company.cloud.dlq(name).peek()]


@EACH_WAY
@pytest.mark.parametrize(
    "events",
    [*permutations([NEW, OLD]), [NEW], [FROM_AN_OLDER_CRM], [OLD, NEW, FROM_AN_OLDER_CRM]],
    ids=["new, old", "old, new", "new alone", "old alone", "all and again"],
)
def test_a_contact_is_the_same_and_its_customer_is_told_once_whatever_versions_it_comes_in(
    company: Company, send: Send, events: list[CloudEvent]
) -> None:
    for event in events:
        send(company, event)
        company.cloud.run()
    company.cloud.publish(paid())
    company.cloud.run()

    assert company.notification.book.contacts == {"cus_abc123": KNOWN}
    assert [mail.to for mail in company.mail] == ["ada@example.com"]
    assert dead_letters(company) == []


@EACH_WAY
def test_each_version_is_on_the_bus_as_it_came(company: Company, send: Send) -> None:
    for event in (NEW, OLD, FROM_AN_OLDER_CRM):
        send(company, event)
    company.cloud.run()

    assert sorted(map(CloudEvent.to_json, archived(company))) == sorted(
        map(CloudEvent.to_json, (NEW, OLD, FROM_AN_OLDER_CRM))
    )


def test_a_version_of_tomorrow_is_let_pass_everywhere_and_its_older_one_is_applied(company: Company) -> None:
    tomorrow = NEW.model_copy(
        update={
            "dataschema": dataschema(CONTACT, 3),
            "data": {"whatever": "it says"},
            "extensions": {"olderversions": "1,2"},
        }
    )
    in_ingestion = company.cloud.queue("ingestion")

    for event in (tomorrow, NEW, OLD):
        in_ingestion.send(event.to_json())
        company.cloud.publish(event)
    company.cloud.run()

    assert company.notification.book.contacts == {"cus_abc123": KNOWN}
    assert "ingestion.record.rejected" not in {e["detail-type"] for e in company.cloud.bus.archive}
    assert dead_letters(company) == []


def test_a_version_of_tomorrow_that_comes_alone_is_told_of(company: Company) -> None:
    tomorrow = NEW.model_copy(update={"dataschema": dataschema(CONTACT, 3), "extensions": {}})

    status, answer = company.post_events(tomorrow)
    company.cloud.publish(tomorrow)
    company.cloud.run()

    assert (status, [error["field"] for error in answer["errors"]]) == (422, ["dataschema"])
    assert dead_letters(company) == [f"dataschema: {CONTACT} v3 is unknown: known: v1, v2"]


def test_the_api_says_what_it_does_not_know_even_when_an_older_version_travels_too(company: Company) -> None:
    """Its caller is there to be told; nothing is accepted, so nothing can be lost."""
    tomorrow = NEW.model_copy(update={"dataschema": dataschema(CONTACT, 3), "extensions": {"olderversions": "2"}})

    status, answer = company.post_events(tomorrow, NEW)
    company.cloud.run()

    assert (status, [result["status"] for result in answer["results"]]) == (202, ["rejected", "accepted"])
    assert company.notification.book.contacts == {"cus_abc123": KNOWN}


def test_what_only_the_new_version_knows_is_there_whichever_comes_first(company: Company) -> None:
    """A channel that even we don't know yet survives the way through version 1."""
    data = NEW.data | {"channels": {**NEW.data["channels"], "letter": {"city": "London"}}, "language": "en"}

    new, old = in_versions(NEW.model_copy(update={"data": data}))

    assert json.loads(old.to_json())["data"] == {
        "customer_id": "cus_abc123",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "channels": {"letter": {"city": "London"}},
        "language": "en",
    }
    for event in (old, new):
        company.cloud.publish(event)
    company.cloud.run()
    assert company.notification.book.contacts == {"cus_abc123": KNOWN}
