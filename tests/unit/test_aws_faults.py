"""The fault layer's own promises; that it throws what it says is seen wherever it is used."""

from __future__ import annotations

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError

from local.aws_faults import ALL, PARTLY, RESET, SERVER_ERROR, THROTTLED, Faults, Request, at_random, first


def answered(request: AWSPreparedRequest) -> AWSResponse:
    return AWSResponse(request.url, 200, {}, None)


def asked(faults: Faults, operation: str = "PutItem") -> AWSResponse:
    request = AWSPreparedRequest("POST", "https://dynamodb", {}, b"{}", stream_output=False)
    return faults._answer(request, f"before-send.dynamodb.{operation}")


def test_a_schedule_is_the_same_each_time_it_is_played() -> None:
    request = Request("dynamodb", "PutItem", 1)

    one, other = (at_random(0.3, seed=7, faults=ALL) for _ in range(2))

    schedule = [one(request) for _ in range(200)]
    assert schedule == [other(request) for _ in range(200)]
    assert {*schedule} == {None, *ALL}


def test_requests_and_faults_are_counted_by_operation() -> None:
    faults = Faults(answered, first(RESET, operation="PutItem", requests=1))

    with pytest.raises(ConnectionClosedError):
        asked(faults)
    statuses = [asked(faults).status_code, asked(faults, "GetItem").status_code]

    assert statuses == [200, 200]
    assert faults.requests == {("dynamodb", "PutItem"): 2, ("dynamodb", "GetItem"): 1}
    assert faults.thrown == {("dynamodb", "PutItem", "reset"): 1}


def test_a_fault_of_batches_spares_all_other_requests() -> None:
    faults = Faults(answered, lambda _: PARTLY)

    assert asked(faults).status_code == 200
    assert not faults.thrown


@pytest.mark.parametrize(("service", "code"), [("s3", b"<Code>SlowDown</Code>"), ("sqs", b'"RequestThrottled"')])
def test_a_service_is_busy_in_its_own_words(service: str, code: bytes) -> None:
    request = AWSPreparedRequest("POST", "https://aws", {}, b"", stream_output=False)

    answer = THROTTLED.throw(Request(service, "Any", 1), request, answered)

    assert code in answer.content


def test_a_request_that_a_fault_stopped_is_not_executed() -> None:
    faults = Faults(answered, lambda _: SERVER_ERROR)

    assert asked(faults).status_code == 500
