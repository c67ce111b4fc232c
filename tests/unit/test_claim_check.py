from __future__ import annotations

from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from events.envelope import InvalidEvent
from runtime.claim_check import MAX_BYTES, MemoryClaimChecks, S3ClaimChecks, checked_in, checked_out
from runtime.errors import BreakwaterError, DependencyUnavailable, Throttled, Unpublishable
from tests.unit.event_builders import members, usage


def travelling(ref: object, **changes: Any) -> Any:
    return usage(**changes).model_copy(update={"data": None, "extensions": {"dataref": ref}})


def test_an_event_without_data_needs_no_check() -> None:
    claims, event = MemoryClaimChecks(), usage().parse(members())

    assert checked_in(event, claims) is event
    assert claims.objects == {}


def test_data_over_the_limit_is_not_taken() -> None:
    claims = MemoryClaimChecks()

    with pytest.raises(Unpublishable, match=f"over the limit of {MAX_BYTES}"):
        checked_in(usage(data="x" * MAX_BYTES), claims)

    assert claims.objects == {}


def test_an_event_with_data_keeps_it_wherever_its_reference_leads() -> None:
    event = usage(dataref="https://elsewhere.example/data")

    assert checked_out(event, MemoryClaimChecks()) is event


@pytest.mark.parametrize(
    "ref",
    [
        "https://169.254.169.254/latest/meta-data",
        "s3://somebody-elses/payloads/" + "0" * 32 + "/" + "0" * 64 + ".json",
        "s3://memory/secrets/" + "0" * 32 + "/" + "0" * 64 + ".json",
        "s3://memory/payloads/../secrets.json",
        "s3://memory/payloads/" + "0" * 32 + "/" + "0" * 64 + ".json\n",
        "",
        7,
        True,
    ],
)
def test_a_reference_to_anywhere_else_is_not_followed(ref: object) -> None:
    with pytest.raises(InvalidEvent, match="dataref: refers to a place that is not ours") as caught:
        checked_out(travelling(ref), MemoryClaimChecks())

    assert [problem.field for problem in caught.value.problems] == ["dataref"]


def test_a_reference_to_another_event_s_data_is_not_followed() -> None:
    claims = MemoryClaimChecks()
    ref = checked_in(usage(id="theirs"), claims).extensions["dataref"]

    with pytest.raises(InvalidEvent, match="another event"):
        checked_out(travelling(ref, id="mine"), claims)


def test_data_that_was_changed_is_not_believed() -> None:
    claims = MemoryClaimChecks()
    event = checked_in(usage(), claims)
    claims.objects = dict.fromkeys(claims.objects, b'{"quantity": 9}')

    with pytest.raises(InvalidEvent, match="has changed"):
        checked_out(event, claims)


@pytest.mark.parametrize(
    ("code", "error"),
    [("SlowDown", Throttled), ("AccessDenied", DependencyUnavailable), ("NoSuchBucket", DependencyUnavailable)],
)
def test_s3_s_refusals_are_tried_again(code: str, error: type[BreakwaterError]) -> None:
    client = boto3.client("s3")
    event = checked_in(usage(), MemoryClaimChecks())

    with Stubber(client) as stub:
        for call in ("put_object", "get_object"):
            stub.add_client_error(call, code)
        claims = S3ClaimChecks(client, bucket="memory")
        with pytest.raises(error):
            checked_in(usage(), claims)
        with pytest.raises(error):
            checked_out(event, claims)


class Broken(BytesIO):
    def read(self, _: int | None = None) -> bytes:
        raise EndpointConnectionError(endpoint_url="s3")


def test_a_connection_that_breaks_while_reading_is_tried_again() -> None:
    client = boto3.client("s3")
    event = checked_in(usage(), MemoryClaimChecks())

    with Stubber(client) as stub:
        stub.add_response("get_object", {"Body": StreamingBody(Broken(), 9), "ContentLength": 9})
        with pytest.raises(DependencyUnavailable, match="S3"):
            checked_out(event, S3ClaimChecks(client, bucket="memory"))
