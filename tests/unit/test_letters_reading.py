"""What a message on a dead-letter queue says, whoever put it there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.letters.advice import advice
from ops.letters.letter import Origin
from ops.letters.outlets import CannotSend, destination, payload_of
from ops.letters.places import places, places_named
from ops.letters.reading import letter_of
from ops.letters.selection import Selection
from ops.target import Target
from ops.wrong_use import WrongUse
from runtime.errors import BreakwaterError
from tests.unit.event_builders import paid
from tests.unit.letter_builders import (
    DIED,
    SENT,
    a_letter,
    a_message,
    a_place,
    in_envelope,
    together_in_envelope,
)


def test_a_message_of_several_events_that_sqs_gave_up_says_how_many_and_of_which_type() -> None:
    body = together_in_envelope(paid(id="1"), paid(id="2"), paid(id="3"))
    letter = letter_of(a_message(body, DeadLetterQueueSourceArn="arn"), a_place())

    assert (letter.called, letter.subject.type, letter.subject.id) == ("3 events", "billing.invoice.paid", "")
    assert (letter.several, letter.event) == (3, None)


def test_each_consumer_relay_and_schedule_has_a_place() -> None:
    target = Target.named("dev")

    assert [(place.name, place.kind, place.source) for place in places(target)] == [
        ("ingestion-dlq", "consumer", "breakwater-dev-ingestion"),
        ("ingestion-files-dlq", "consumer", "breakwater-dev-ingestion-files"),
        ("billing-dlq", "consumer", "breakwater-dev-billing"),
        ("billing-usage-dlq", "consumer", "breakwater-dev-billing-usage"),
        ("billing-accounts-dlq", "consumer", "breakwater-dev-billing-accounts"),
        ("billing-relay-dlq", "relay", None),
        ("billing-close-dlq", "schedule", None),
        ("notification-dlq", "consumer", "breakwater-dev-notification"),
        ("notification-contacts-dlq", "consumer", "breakwater-dev-notification-contacts"),
    ]


@pytest.mark.parametrize("name", ["billing", "billing-dlq", "breakwater-dev-billing-dlq"])
def test_a_place_goes_by_its_owner_its_name_and_its_queue(name: str) -> None:
    assert [place.name for place in places_named(Target.named("dev"), [name])] == ["billing-dlq"]


def test_an_unknown_place_is_answered_with_the_known_ones() -> None:
    with pytest.raises(WrongUse, match=r"no dead-letter queue shipping; known: ingestion-dlq, "):
        places_named(Target.named("dev"), ["billing", "shipping"])


def test_the_runtimes_letter_says_why_and_which_event_and_when() -> None:
    letter = a_letter(paid())

    assert letter.origin is Origin.RUNTIME
    assert (letter.reason, letter.error, letter.error_class, letter.attempts) == (
        "business_rule",
        "invoice 'inv_1' is void",
        "BusinessRuleViolated",
        3,
    )
    assert letter.subject.identity == ("billing-service", "evt_01J2XYZ")
    assert (letter.failed_at, letter.sent_at) == (DIED, SENT)
    assert letter.event == paid()


def test_what_sqs_gave_up_has_the_event_out_of_its_body() -> None:
    message = a_message(in_envelope(paid()), DeadLetterQueueSourceArn="arn:aws:sqs:us-east-1:1:q")

    letter = letter_of(message, a_place())

    assert (letter.origin, letter.reason, letter.attempts) == (Origin.QUEUE, "gave_up", 100)
    assert letter.subject.id == "evt_01J2XYZ"
    assert letter.failed_at == SENT


def test_what_a_rule_could_not_deliver_has_eventbridges_words() -> None:
    attributes = {
        "RULE_ARN": "arn:rule",
        "TARGET_ARN": "arn:queue",
        "ERROR_CODE": "SDK_CLIENT_ERROR",
        "ERROR_MESSAGE": "Unable to connect",
        "RETRY_ATTEMPTS": "185",
        "EXHAUSTED_RETRY_CONDITION": "MaximumEventAgeInSeconds",
    }

    letter = letter_of(a_message(in_envelope(paid()), attributes), a_place())

    assert (letter.origin, letter.reason, letter.attempts) == (Origin.RULE, "rule_target", 186)
    assert letter.error == "SDK_CLIENT_ERROR Unable to connect (MaximumEventAgeInSeconds)"


def test_what_the_scheduler_could_not_call_is_to_be_called_with_the_same() -> None:
    message = a_message('{"at": "07:00"}', {"ERROR_CODE": "AccessDenied", "SCHEDULE_ARN": "arn:s"})

    letter = letter_of(message, a_place("billing-close-dlq"))

    assert (letter.origin, letter.reason) == (Origin.SCHEDULER, "not_called")
    assert destination(letter, bus="b") == "function breakwater-dev-billing-close"
    assert payload_of(letter) == '{"at": "07:00"}'


def test_a_call_that_failed_for_good_is_made_again_with_its_own_payload() -> None:
    record = {
        "timestamp": "2026-05-31T07:05:00.000Z",
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": {"at": "07:00"},
        "responsePayload": {"errorType": "TransientError", "errorMessage": "2 accounts could not be closed"},
    }

    letter = letter_of(a_message(json.dumps(record)), a_place("billing-close-dlq"))

    assert (letter.origin, letter.reason, letter.attempts) == (Origin.INVOCATION, "call_failed", 3)
    assert letter.error == "RetriesExhausted: 2 accounts could not be closed"
    assert letter.failed_at == datetime(2026, 5, 31, 7, 5, tzinfo=UTC)
    assert json.loads(payload_of(letter)) == {"at": "07:00"}


def test_a_record_that_the_stream_forgot_cannot_be_redriven_and_the_advice_says_what_then() -> None:
    record = {"requestContext": {"condition": "RecordAgeExceeded"}, "DDBStreamBatchInfo": {"batchSize": 4}}

    letter = letter_of(a_message(json.dumps(record)), a_place("billing-relay-dlq"))

    assert (letter.origin, letter.reason) == (Origin.STREAM, "stream_forgot")
    assert "outbox" in advice(letter)
    with pytest.raises(CannotSend):
        destination(letter, bus="b")


def test_the_relays_letter_goes_to_the_bus() -> None:
    letter = a_letter(body=paid().to_json(), place="billing-relay-dlq")

    assert destination(letter, bus="breakwater-dev") == "bus breakwater-dev"


def test_an_event_that_cannot_be_read_still_says_who_it_claims_to_be() -> None:
    body = json.dumps({"specversion": "1.0", "id": "e-1", "source": "shop", "type": "a.b", "time": "yesterday"})

    letter = letter_of(a_message(body, {"reason": "unreadable"}), a_place("ingestion-dlq"))

    assert letter.event is None
    assert (letter.subject.id, letter.subject.source, letter.subject.type) == ("e-1", "shop", "a.b")


@given(
    st.text(min_size=1), st.dictionaries(st.sampled_from(["reason", "failed_at", "attempts", "RULE_ARN"]), st.text())
)
def test_whatever_lies_there_is_a_letter(body: str, attributes: dict[str, str]) -> None:
    for name in ("notification-dlq", "billing-relay-dlq", "billing-close-dlq"):
        letter = letter_of(a_message(body, attributes), a_place(name))

        assert advice(letter)
        assert len(letter.fingerprint) == 8


def test_every_error_of_the_runtime_that_can_kill_a_message_has_advice_of_its_own() -> None:
    general = advice(a_letter(error=type("Odd", (BreakwaterError,), {"code": "odd"})()))
    codes = {error.code for error in _all(BreakwaterError) if error.__module__ == "runtime.errors"} - {
        *("error", "permanent", "deferred", "configuration", "out_of_time", "out_of_room", "unfinished")
    }

    plain = {
        code for code in codes if advice(a_letter(error=type("E", (BreakwaterError,), {"code": code})())) == general
    }

    assert plain == set()


def _all(error: type[BreakwaterError]) -> set[type[BreakwaterError]]:
    return {error, *(each for child in error.__subclasses__() for each in _all(child))}


def test_services_that_share_a_function_share_a_place_and_each_letter_still_goes_its_own_way() -> None:
    target = Target.named("dev")
    target = replace(target, stage=replace(target.stage, topology="monolith"))
    (place,) = places(target)
    failed = json.dumps({"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": {"a": 1}})

    def way(body: str, **attributes: str) -> str:
        return destination(letter_of(a_message(body, attributes), place), bus="b")

    assert way(in_envelope(paid()), reason="crashed", consumer="notification") == "queue breakwater-dev-monolith"
    assert way(paid().to_json(), reason="unpublishable", consumer="billing-relay") == "bus b"
    assert way(failed) == "function breakwater-dev-monolith"
    assert way('{"at": 1}', ERROR_CODE="AccessDenied") == "function breakwater-dev-monolith"
    assert places_named(target, ["billing"]) == (place,)


def test_in_a_shared_place_a_letter_is_its_owners_alone() -> None:
    target = Target.named("dev")
    (place,) = places(replace(target, stage=replace(target.stage, topology="monolith")))
    letter = letter_of(a_message(in_envelope(paid()), {"reason": "crashed", "consumer": "notification"}), place)

    assert letter.owner == "notification"
    assert Selection(places=("notification",)).matches(letter)
    assert Selection(places=("monolith-dlq",)).matches(letter)
    assert not Selection(places=("billing",)).matches(letter)
