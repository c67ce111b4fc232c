"""What events are on the ingestion queue: each a message, or several in one as far as SQS's price is the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from events.batches import CHUNK, MOST, as_batch
from events.envelope import CloudEvent
from runtime.claim_check import ClaimChecks, checked_in
from runtime.errors import TransientError

#: What a message carries whole. SQS takes 1 MiB, but its dead letter needs some of that for the reason.
MAX_BODY: Final = 1_000_000
#: Bytes of a batch around its events.
_AROUND: Final = 2


class Message(NamedTuple):
    """`places` are those of its events, among those to be put; `size` is the body's in bytes."""

    places: tuple[int, ...]
    body: str
    size: int


def messages(events: Sequence[CloudEvent], claims: ClaimChecks) -> tuple[list[Message], dict[int, str]]:
    """The events in their order, and by place why some are in no message: their data cannot be checked in for now."""
    alone: list[Message] = []
    failures: dict[int, str] = {}
    for place, event in enumerate(events):
        try:
            body = _body(event, claims)
        except TransientError as error:
            failures[place] = str(error)
        else:
            alone.append(Message((place,), body, len(body.encode())))
    return [_as_one(group) for group in _groups(alone)], failures


def _body(event: CloudEvent, claims: ClaimChecks) -> str:
    """The CloudEvent in structured mode, with its data checked in when the queue could not carry it."""
    body = event.to_json()
    return body if len(body.encode()) <= MAX_BODY else checked_in(event, claims).to_json()


def _groups(alone: Iterable[Message]) -> list[list[Message]]:
    groups: list[list[Message]] = []
    total = 0
    for message in alone:
        if not groups or len(groups[-1]) == MOST or total + message.size > CHUNK:
            groups.append([])
            total = _AROUND
        groups[-1].append(message)
        total += message.size + 1
    return groups


def _as_one(group: Sequence[Message]) -> Message:
    if len(group) == 1:
        return group[0]
    body = as_batch(message.body for message in group)
    return Message(tuple(place for message in group for place in message.places), body, len(body.encode()))
