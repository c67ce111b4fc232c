"""The queue in front of ingestion: what holds for SQS (moto) and for its memory twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import boto3
import pytest
from moto import mock_aws

from events.batches import CHUNK, MOST
from events.envelope import CloudEvent
from functions.ingestion.adapters.memory import MemoryIntake
from functions.ingestion.adapters.sqs import SqsIntake
from functions.ingestion.ports import Intake
from runtime.claim_check import ClaimChecks, MemoryClaimChecks, checked_out
from tests.unit.event_builders import known_events
from tests.unit.ingestion_builders import usage
from tests.unit.runtime_fakes import AwayClaims, FakeClock


@dataclass
class Subject:
    intake: Intake
    bodies: Callable[[], list[str]]


def memory(claims: ClaimChecks) -> Iterator[Subject]:
    intake = MemoryIntake(claims)
    yield Subject(intake, lambda: intake.bodies)


def sqs(claims: ClaimChecks) -> Iterator[Subject]:
    with mock_aws():
        client = boto3.client("sqs")
        url = client.create_queue(QueueName="ingestion")["QueueUrl"]

        def bodies() -> list[str]:
            found: list[str] = []
            while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                found.extend(m["Body"] for m in messages)
            return found

        yield Subject(SqsIntake(client, url=url, claims=claims, clock=FakeClock()), bodies)


@pytest.fixture
def claims() -> ClaimChecks:
    return MemoryClaimChecks()


@pytest.fixture(params=[memory, sqs], ids=["memory", "sqs"])
def subject(request: pytest.FixtureRequest, claims: ClaimChecks) -> Iterator[Subject]:
    yield from request.param(claims)


def test_the_events_of_one_request_are_one_message(subject: Subject) -> None:
    events = [usage(id=f"e-{i}") for i in range(25)]

    failures = subject.intake.put(events)

    (body,) = subject.bodies()
    assert failures == {}
    assert known_events(body) == events


def test_a_message_is_as_large_as_costs_no_more(subject: Subject) -> None:
    events = [usage(id=f"e-{i:03}") for i in range(400)]

    failures = subject.intake.put(events)

    bodies = subject.bodies()
    assert failures == {}
    assert all(len(body.encode()) <= CHUNK for body in bodies)
    assert sorted(len(known_events(body)) for body in bodies) == [MOST] * 4


def test_every_event_is_a_message_when_there_are_more_than_one_call_takes(subject: Subject) -> None:
    events = [usage(id=f"e-{i}", subject="x" * 40_000) for i in range(25)]

    failures = subject.intake.put(events)

    assert failures == {}
    assert sorted(CloudEvent.parse(b).id for b in subject.bodies()) == sorted(e.id for e in events)


def test_every_event_is_a_message_when_together_they_are_more_than_a_mebibyte(subject: Subject) -> None:
    events = [usage(id=f"e-{i}", data={"note": "é" * 200_000}) for i in range(5)]

    failures = subject.intake.put(events)

    assert failures == {}
    assert len(subject.bodies()) == 5


def test_the_event_comes_out_as_it_went_in(subject: Subject) -> None:
    event = usage(subject="Grüße 🚢", data={"text": "\ufffe\uffff\u2028\x00\x7f", "nested": [1, {"a": None}]})

    failures = subject.intake.put([event])

    assert failures == {}
    assert [CloudEvent.parse(b) for b in subject.bodies()] == [event]


def test_the_same_event_twice_is_put_twice(subject: Subject) -> None:
    failures = subject.intake.put([usage(), usage()])

    (body,) = subject.bodies()
    assert failures == {}
    assert known_events(body) == [usage(), usage()]


def test_nothing_happens_when_there_is_nothing_to_put(subject: Subject) -> None:
    assert subject.intake.put([]) == {}
    assert subject.bodies() == []


def test_the_data_of_an_event_that_the_queue_cannot_carry_is_checked_in(subject: Subject, claims: ClaimChecks) -> None:
    large, small = usage(id="large", data={"note": "é" * 600_000}), usage(id="small")

    failures = subject.intake.put([large, small])

    queued = {event.id: event for body in subject.bodies() for event in known_events(body)}
    assert failures == {}
    assert queued["small"] == small
    assert queued["large"].data is None
    assert checked_out(queued["large"], claims) == large


@pytest.mark.parametrize("claims", [AwayClaims()], ids=["away"])
def test_only_the_large_event_is_named_when_the_bucket_is_away(subject: Subject) -> None:
    failures = subject.intake.put([usage(id="large", data={"note": "x" * 1_100_000}), usage(id="small")])

    assert failures == {0: "S3: the bucket is away"}
    assert [CloudEvent.parse(b).id for b in subject.bodies()] == ["small"]
