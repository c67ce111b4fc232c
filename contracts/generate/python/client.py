"""Sends events: to the ingestion API over HTTP, and to an EventBridge bus. A retry sends the same `id`."""

from __future__ import annotations

import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import Message
from typing import Any, Protocol

from .envelope import Event, Payload, Problem, to_json

_MAX_BATCH = 1000
_MAX_ENTRIES = 10
_TIME_BYTES = 14
_BASE_DELAY, _MAX_DELAY = 0.2, 20.0
_ACCEPTED, _THROTTLED, _SERVER_ERROR = 202, 429, 500
_MAY_PASS = ("ThrottlingException", "InternalFailure")

#: (method, URL, headers, body) -> headers to add, such as those of AWS Signature Version 4.
Authorize = Callable[[str, str, Mapping[str, str], bytes], Mapping[str, str]]
AnyEvent = Event[Payload]


class PublishError(Exception):
    """The API's problem details (RFC 9457): `status` is 0 when there was no answer.

    `retryable`: the same event may be accepted later.
    """

    def __init__(self, status: int, title: str, detail: str | None = None, errors: Sequence[Problem] = ()) -> None:
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        super().__init__(" ".join(str(part) for part in (status, title, detail) if part))

    @property
    def retryable(self) -> bool:
        return self.status in (0, _THROTTLED) or self.status >= _SERVER_ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class EventResult:
    """What became of one event of a batch: `accepted`, `rejected` (at fault), or `failed` (send it again)."""

    index: int
    status: str
    id: str | None = None
    source: str | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    body: Mapping[str, Any]
    retry_after: float = 0.0

    def error(self) -> PublishError:
        body = self.body
        return PublishError(self.status, str(body.get("title", "")), body.get("detail"), _problems(body.get("errors")))

    def results(self) -> list[EventResult] | None:
        """One for each event where the answer has them: also when none was accepted."""
        results = self.body.get("results")
        return [_result(each) for each in results] if isinstance(results, list) else None


class IngestionClient:
    """`url` is the API's, without `/events`. `attempts` are for what may pass: no answer, 429, 5xx, failed events."""

    def __init__(
        self,
        url: str,
        *,
        authorize: Authorize | None = None,
        attempts: int = 3,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is not an HTTP URL")
        self._url = f"{url.rstrip('/')}/events"
        self._authorize = authorize
        self._attempts = attempts
        self._timeout = timeout
        self._sleep = sleep

    def publish(self, event: AnyEvent) -> None:
        """Returns when the event is accepted: then it will not be lost. Raises PublishError otherwise."""
        body = event.to_json().encode()
        for attempt in range(1, self._attempts + 1):
            answer = self._post("application/cloudevents+json", body)
            if answer.status == _ACCEPTED:
                return
            error = answer.error()
            if not error.retryable or attempt == self._attempts:
                raise error
            self._sleep(_delay(attempt, answer.retry_after))

    def publish_batch(self, events: Sequence[AnyEvent]) -> list[EventResult]:
        """One result for each event, in their order: look at those that are rejected and failed.

        Raises PublishError when the API refuses a whole request; to send all of them again is safe.
        """
        results: list[EventResult] = []
        for start in range(0, len(events), _MAX_BATCH):
            batch = self._batch(events[start : start + _MAX_BATCH])
            results.extend(replace(result, index=result.index + start) for result in batch)
        return results

    def _batch(self, events: Sequence[AnyEvent]) -> list[EventResult]:
        known = [EventResult(index=i, status="failed", id=e.id, source=e.source) for i, e in enumerate(events)]
        for attempt in range(1, self._attempts + 1):
            sent = [result.index for result in known if result.status == "failed"]
            body = to_json([events[index].to_dict() for index in sent]).encode()
            answer = self._post("application/cloudevents-batch+json", body)
            results = answer.results()
            if results is None and (not answer.error().retryable or attempt == self._attempts):
                raise answer.error()
            for result in results or ():
                known[sent[result.index]] = replace(result, index=sent[result.index])
            if all(result.status != "failed" for result in known):
                break
            if attempt < self._attempts:
                self._sleep(_delay(attempt, answer.retry_after))
        return known

    def _post(self, media_type: str, body: bytes) -> _Answer:
        headers = {"content-type": media_type}
        if self._authorize is not None:
            headers |= self._authorize("POST", self._url, headers, body)
        request = urllib.request.Request(self._url, data=body, headers=headers, method="POST")  # noqa: S310 - see __init__
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:  # noqa: S310
                return _answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers, error.read())
        except OSError as error:
            return _Answer(status=0, body={"title": "no answer", "detail": str(error)})


class PutEventsClient(Protocol):
    """What is needed of an EventBridge client: `boto3.client("events")` has it."""

    def put_events(self, *, Entries: Any) -> Any: ...  # noqa: N803 - boto3's name


@dataclass(frozen=True, slots=True)
class Unpublished:
    """An event that the bus did not take, and why."""

    event: AnyEvent
    code: str
    message: str


def to_entry(event: AnyEvent, bus_name: str) -> dict[str, Any]:
    """The event as a PutEvents entry: whole in `Detail`, mirrored where rules look."""
    entry: dict[str, Any] = {
        "EventBusName": bus_name,
        "Source": event.source,
        "DetailType": event.type,
        "Detail": event.to_json(),
    }
    if event.time is not None:
        entry["Time"] = datetime.fromisoformat(event.time.upper())
    return entry


def put_events(
    client: PutEventsClient,
    bus_name: str,
    events: Sequence[AnyEvent],
    *,
    attempts: int = 3,
    max_bytes: int = 1_000_000,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Unpublished]:
    """Puts events on a bus, in as few calls as AWS allows; what the bus did not take is in the answer.

    Entries that may pass are sent again, with the same ids. A call stays under `max_bytes`: some regions have 256,000.
    Raises what the client raises: to put all of them again is safe. A bus that does not exist takes everything: name
    yours with care.
    """
    unpublished: list[Unpublished] = []
    for chunk in _chunks(events, bus_name, max_bytes, unpublished):
        open_ = chunk
        for attempt in range(1, attempts + 1):
            refused = _put(client, bus_name, open_)
            again = [one for one in refused if attempt < attempts and one.code in _MAY_PASS]
            unpublished += [one for one in refused if one not in again]
            open_ = [one.event for one in again]
            if not open_:
                break
            sleep(_delay(attempt, 0.0))
    return unpublished


def _put(client: PutEventsClient, bus_name: str, events: Sequence[AnyEvent]) -> list[Unpublished]:
    answer = client.put_events(Entries=[to_entry(event, bus_name) for event in events])
    return [
        Unpublished(event, entry["ErrorCode"], entry.get("ErrorMessage", ""))
        for event, entry in zip(events, answer["Entries"], strict=True)
        if entry.get("ErrorCode")
    ]


def _chunks(
    events: Sequence[AnyEvent], bus_name: str, max_bytes: int, unpublished: list[Unpublished]
) -> Iterator[list[AnyEvent]]:
    chunk: list[AnyEvent] = []
    held = 0
    for event in events:
        size = _size(to_entry(event, bus_name))
        if size >= max_bytes:
            unpublished.append(Unpublished(event, "TooLarge", f"{size} bytes are over the limit of {max_bytes}"))
            continue
        if chunk and (len(chunk) == _MAX_ENTRIES or held + size >= max_bytes):
            yield chunk
            chunk, held = [], 0
        chunk.append(event)
        held += size
    if chunk:
        yield chunk


def _size(entry: Mapping[str, Any]) -> int:
    """Bytes as AWS counts them."""
    texts = (entry["Source"], entry["DetailType"], entry["Detail"])
    return sum(len(text.encode()) for text in texts) + (_TIME_BYTES if "Time" in entry else 0)


def _delay(attempt: int, retry_after: float) -> float:
    """Exponential with full jitter, and not before the server asks for it."""
    return max(retry_after, random.uniform(0, min(_MAX_DELAY, _BASE_DELAY * 2**attempt)))  # noqa: S311 - no secret


def _answer(status: int, headers: Message, body: bytes) -> _Answer:
    retry_after = headers.get("retry-after") or ""
    decoded: Any = None
    try:
        decoded = json.loads(body)
    except ValueError:
        decoded = {}
    wait = float(retry_after) if retry_after.isdecimal() else 0.0
    return _Answer(status=status, body=decoded if isinstance(decoded, dict) else {}, retry_after=wait)


def _result(value: Mapping[str, Any]) -> EventResult:
    return EventResult(
        index=value["index"],
        status=value["status"],
        id=value.get("id"),
        source=value.get("source"),
        problems=_problems(value.get("problems")),
    )


def _problems(values: Sequence[Mapping[str, Any]] | None) -> tuple[Problem, ...]:
    return tuple(Problem(str(value.get("field")), str(value.get("message"))) for value in values or ())
