"""Where large data lies: what holds for S3 (moto) and for its memory twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import boto3
import pytest
from moto import mock_aws

from events.envelope import CloudEvent, InvalidEvent
from runtime.claim_check import MAX_BYTES, ClaimChecks, MemoryClaimChecks, S3ClaimChecks, checked_in, checked_out
from runtime.errors import PayloadGone
from tests.unit.event_builders import members, usage

BUCKET = "payloads-of-tests"


@dataclass
class Subject:
    claims: ClaimChecks
    stored: Callable[[], list[str]]


def memory() -> Iterator[Subject]:
    claims = MemoryClaimChecks(BUCKET)
    yield Subject(claims, lambda: list(claims.objects))


def s3() -> Iterator[Subject]:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)

        def keys() -> list[str]:
            return [found["Key"] for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

        yield Subject(S3ClaimChecks(client, bucket=BUCKET), keys)


@pytest.fixture(params=[memory, s3], ids=["memory", "s3"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    yield from request.param()


@pytest.mark.parametrize(
    "event",
    [
        usage(subject="Grüße 🚢", data={"text": "\ufffe\uffff\u2028\x00\x7f", "nested": [1, 0.1, {"a": None}]}),
        CloudEvent.parse(members(data="a text", datacontenttype="text/plain", account="1")),
        CloudEvent.parse(members(data=[])),
        CloudEvent.parse(members(data=False)),
        CloudEvent.parse(members(data_base64="AP/+gA==", datacontenttype="image/png")),
    ],
    ids=["object", "text", "list", "false", "bytes"],
)
def test_an_event_comes_out_as_it_went_in(subject: Subject, event: CloudEvent) -> None:
    travelling = CloudEvent.parse(checked_in(event, subject.claims).to_json())

    assert (travelling.data, travelling.data_base64) == (None, None)
    assert travelling.identity == event.identity
    assert checked_out(travelling, subject.claims) == event


def test_checking_in_twice_is_one_object(subject: Subject) -> None:
    references = {checked_in(usage(), subject.claims).extensions["dataref"] for _ in range(2)}

    assert [f"s3://{BUCKET}/{key}" for key in subject.stored()] == list(references)


def test_two_contents_of_one_identity_are_two_objects(subject: Subject) -> None:
    for text in ("first", "second"):
        checked_in(usage(data={"note": text}), subject.claims)

    assert len(subject.stored()) == 2


def test_data_that_is_not_there_is_gone_for_good_and_the_error_says_what_to_do(subject: Subject) -> None:
    travelling = checked_in(usage(), MemoryClaimChecks(BUCKET))

    with pytest.raises(PayloadGone, match=r"is gone .* send the event again .* redrive"):
        checked_out(travelling, subject.claims)


def test_more_than_the_limit_is_not_read(subject: Subject) -> None:
    subject.claims.put("payloads/too-much", b"x" * (MAX_BYTES + 1), media_type="application/json")

    with pytest.raises(InvalidEvent, match="dataref: refers to 5000001 bytes"):
        subject.claims.get("payloads/too-much")
