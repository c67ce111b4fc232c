"""Faults at real AWS calls, thrown by plan where botocore hands a request to the network, and counted.

| fault         | the request is executed | what the SDK sees                                        |
|---------------|-------------------------|----------------------------------------------------------|
| THROTTLED     | no                      | the service's own throttling answer                      |
| SERVER_ERROR  | no                      | 500 with an error code                                   |
| NOT_AWS       | no                      | 503 with a page of HTML, as something in between sends it |
| UNREACHABLE   | no                      | no connection                                            |
| RESET         | no                      | the connection is closed before the request is read      |
| ANSWER_LOST   | yes                     | a read timeout                                           |
| CUT_OFF       | yes                     | half of an answer, that tells the length of a whole one  |
| PARTLY        | all but its last entry  | an answer that says so; batch operations alone           |

The SDK tries again as it is configured to: a plan sees every request, not every call.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final, cast

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

#: Executes a request and gives its answer: on moto, its stubber; else `botocore.httpsession.URLLib3Session().send`.
Send = Callable[[AWSPreparedRequest], AWSResponse]


@dataclass(frozen=True, slots=True)
class Request:
    """The `ordinal`-th request (from 1) of one operation. Services are named as in botocore's events: `eventbridge`."""

    service: str
    operation: str
    ordinal: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What becomes of a request. `applies` says to which operations it can happen."""

    name: str
    throw: Callable[[Request, AWSPreparedRequest, Send], AWSResponse]
    executes: bool
    applies: Callable[[str], bool] = lambda _: True

    def __str__(self) -> str:
        return self.name


#: The fault for a request, None for none.
Plan = Callable[[Request], Fault | None]


@dataclass
class Faults:
    """A client's network. `requests` and `thrown` count all that came by, by (service, operation)."""

    send: Send
    plan: Plan = lambda _: None
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    thrown: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def install(self, events: Any) -> None:
        """Be the network of the client whose `meta.events` this is. Nobody else may answer its requests."""
        events.register("before-send", self._answer)

    def _answer(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse:
        service, operation = event_name.split(".")[1:]
        self.requests[service, operation] += 1
        asked = Request(service, operation, self.requests[service, operation])
        fault = self.plan(asked)
        if fault is None or not fault.applies(operation):
            return self.send(request)
        self.thrown[service, operation, fault.name] += 1
        return fault.throw(asked, request, self.send)


def first(fault: Fault, *, operation: str, requests: int) -> Plan:
    """Throws `fault` at the first `requests` requests of one operation."""
    return lambda asked: fault if asked.operation == operation and asked.ordinal <= requests else None


def at_random(rate: float, *, seed: int, faults: Sequence[Fault]) -> Plan:
    """Throws one of `faults` at that share of all requests."""
    chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    return lambda _: chance.choice(faults) if chance.random() < rate else None


# What services say when they want to be left alone: error code and HTTP status. DynamoDB has two ways to say it.
_BUSY: Final[Mapping[str, tuple[str, int]]] = {
    "dynamodb": ("ProvisionedThroughputExceededException", 400),
    "eventbridge": ("ThrottlingException", 400),
    "s3": ("SlowDown", 503),
    "secrets-manager": ("ThrottlingException", 400),
    "sesv2": ("TooManyRequestsException", 429),
    "sqs": ("RequestThrottled", 400),
}


def _answered(url: str, status: int, headers: Mapping[str, str], body: str) -> AWSResponse:
    return AWSResponse(url, status, HTTPHeaders.from_dict(headers), _Body(body.encode()))


class _Body(BytesIO):
    """Read the way botocore reads a socket."""

    def stream(self, **_: object) -> Any:
        yield self.read()


def _error(request: Request, url: str, status: int, code: str) -> AWSResponse:
    if request.service == "s3":
        body = f"<Error><Code>{code}</Code><Message>planned</Message></Error>"
        return _answered(url, status, {"content-type": "application/xml"}, body)
    return _answered(url, status, {"x-amzn-errortype": code}, json.dumps({"__type": code, "message": "planned"}))


def _throttled(request: Request, prepared: AWSPreparedRequest, _: Send) -> AWSResponse:
    code, status = _BUSY[request.service]
    return _error(request, prepared.url, status, code)


def _server_error(request: Request, prepared: AWSPreparedRequest, _: Send) -> AWSResponse:
    return _error(request, prepared.url, 500, "InternalError" if request.service == "s3" else "InternalServerError")


def _not_aws(_: Request, prepared: AWSPreparedRequest, __: Send) -> AWSResponse:
    page = "<html><body><h1>503 Service Unavailable</h1></body></html>"
    return _answered(prepared.url, 503, {"content-type": "text/html"}, page)


def _unreachable(_: Request, prepared: AWSPreparedRequest, __: Send) -> AWSResponse:
    raise EndpointConnectionError(endpoint_url=prepared.url)


def _reset(_: Request, prepared: AWSPreparedRequest, __: Send) -> AWSResponse:
    raise ConnectionClosedError(endpoint_url=prepared.url)


def _answer_lost(_: Request, prepared: AWSPreparedRequest, send: Send) -> AWSResponse:
    send(prepared)
    raise ReadTimeoutError(endpoint_url=prepared.url)


def _cut_off(_: Request, prepared: AWSPreparedRequest, send: Send) -> AWSResponse:
    answer = send(prepared)
    headers = HTTPHeaders.from_dict({**answer.headers, "content-length": str(len(answer.content))})
    return AWSResponse(prepared.url, answer.status_code, headers, _Body(answer.content[: len(answer.content) // 2]))


THROTTLED: Final = Fault("throttled", _throttled, executes=False)
SERVER_ERROR: Final = Fault("server_error", _server_error, executes=False)
NOT_AWS: Final = Fault("not_aws", _not_aws, executes=False)
UNREACHABLE: Final = Fault("unreachable", _unreachable, executes=False)
RESET: Final = Fault("reset", _reset, executes=False)
ANSWER_LOST: Final = Fault("answer_lost", _answer_lost, executes=True)
CUT_OFF: Final = Fault("cut_off", _cut_off, executes=True)


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch operation: how its request loses the last entry, and how its answer tells that."""

    without_last: Callable[[dict[str, Any]], Any]
    told: Callable[[dict[str, Any], Any], None]


def _last_entry(request: dict[str, Any]) -> Any:
    return request["Entries"].pop()


def _event_failed(answer: dict[str, Any], _: Any) -> None:
    answer["FailedEntryCount"] = answer.get("FailedEntryCount", 0) + 1
    answer.setdefault("Entries", []).append({"ErrorCode": "InternalFailure", "ErrorMessage": "planned"})


def _message_failed(answer: dict[str, Any], entry: Any) -> None:
    failed = {"Id": entry["Id"], "Code": "InternalError", "Message": "planned", "SenderFault": False}
    answer.setdefault("Failed", []).append(failed)


def _last_write(request: dict[str, Any]) -> Any:
    table, writes = next(iter(request["RequestItems"].items()))
    return {table: [writes.pop()]}


def _write_unprocessed(answer: dict[str, Any], write: Any) -> None:
    answer["UnprocessedItems"] = write


_BATCHES: Final[Mapping[str, _Batch]] = {
    "PutEvents": _Batch(_last_entry, _event_failed),
    "SendMessageBatch": _Batch(_last_entry, _message_failed),
    "BatchWriteItem": _Batch(_last_write, _write_unprocessed),
}


def _partly(request: Request, prepared: AWSPreparedRequest, send: Send) -> AWSResponse:
    """A batch of one entry is not sent at all: AWS would refuse an empty one."""
    batch, asked = _BATCHES[request.operation], json.loads(cast("bytes", prepared.body))
    left_out = batch.without_last(asked)
    prepared.body = json.dumps(asked).encode()
    answer = json.loads(send(prepared).content) if _is_left(asked) else {}
    batch.told(answer, left_out)
    return _answered(prepared.url, 200, {"content-type": "application/x-amz-json-1.0"}, json.dumps(answer))


def _is_left(asked: Mapping[str, Any]) -> bool:
    return any(asked.get("Entries", ())) or any(asked.get("RequestItems", {}).values())


PARTLY: Final = Fault("partly", _partly, executes=True, applies=_BATCHES.__contains__)

ALL: Final = (THROTTLED, SERVER_ERROR, NOT_AWS, UNREACHABLE, RESET, ANSWER_LOST, CUT_OFF, PARTLY)
