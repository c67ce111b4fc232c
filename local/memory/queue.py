"""SQS standard queues on virtual time."""

from __future__ import annotations

import hashlib
import heapq
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Final

from local.memory.clock import VirtualClock

#: Of a message: body plus attribute names, types and values. Source: SQS quotas.
MAX_BYTES: Final = 1_048_576
MAX_DELAY: Final = 900
MAX_VISIBILITY: Final = 43_200
MAX_ATTRIBUTES: Final = 10
_TOLERATED: Final = 256
#: Source: SendMessage's "Valid Characters". JSON can escape all of these, but for U+FFFE and U+FFFF it need not.
_UNACCEPTABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Asked for each message by its queue's name: by how many seconds each of its copies is late. `(0,)` is one, in time.
#: Standard queues may deliver late, in another order, and again although deleted.
Disorder = Callable[[str], Sequence[float]]

ACCOUNT: Final = "000000000000"
REGION: Final = "eu-central-1"


class QueueRefused(Exception):
    """SQS would answer the call with the error `code`."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"{code}: {message}")


class Message:
    """One message and what the queue knows about it. Times are microseconds since the Unix epoch."""

    __slots__ = (
        "attributes",
        "body",
        "copy",
        "deleted",
        "first_received",
        "id",
        "receipt",
        "receives",
        "sent",
        "size",
        "source_arn",
        "visible_at",
    )

    def __init__(self, *, id: str, body: str, attributes: Mapping[str, str], size: int, sent: int) -> None:  # noqa: A002
        self.id = id
        self.body = body
        self.attributes = attributes
        self.size = size
        self.sent = sent
        self.visible_at = sent
        self.receives = 0
        self.first_received = 0
        self.receipt = ""
        self.deleted = False
        self.copy = 0
        self.source_arn: str | None = None

    def to_record(self, queue_arn: str) -> dict[str, Any]:
        """As it stands among the `Records` of a Lambda event."""
        attributes = {
            "ApproximateReceiveCount": str(self.receives),
            "SentTimestamp": str(self.sent // 1000),
            "SenderId": ACCOUNT,
            "ApproximateFirstReceiveTimestamp": str(self.first_received // 1000),
        }
        if self.source_arn is not None:
            attributes["DeadLetterQueueSourceArn"] = self.source_arn
        return {
            "messageId": self.id,
            "receiptHandle": self.receipt,
            "body": self.body,
            "attributes": attributes,
            "messageAttributes": {
                name: {"stringValue": value, "stringListValues": [], "binaryListValues": [], "dataType": "String"}
                for name, value in self.attributes.items()
            },
            "md5OfBody": hashlib.md5(self.body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn,
            "awsRegion": REGION,
        }


def in_time(_: str) -> Sequence[float]:
    """No disorder."""
    return (0,)


class MemoryQueue:
    """One queue. With `max_receive_count` and `dead_letter_queue`, a message that was received that often moves there
    when it would be received once more."""

    def __init__(
        self,
        name: str,
        *,
        clock: VirtualClock,
        random: Random,
        visibility_timeout: float = 30,
        delay: float = 0,
        max_receive_count: int | None = None,
        dead_letter_queue: MemoryQueue | None = None,
        disorder: Disorder = in_time,
    ) -> None:
        self.name = name
        self.arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        self.visibility_timeout = visibility_timeout
        self.delay = delay
        self.max_receive_count = max_receive_count
        self.dead_letter_queue = dead_letter_queue
        self._disorder = disorder
        self._clock = clock
        self._random = random
        self._ready: deque[Message] = deque()
        self._hidden: list[tuple[int, int, Message]] = []
        self._received: dict[str, Message] = {}
        self._sequence = 0
        self._stale = 0
        self._listener: Callable[[], None] | None = None

    def on_arrival(self, listener: Callable[[], None]) -> None:
        """Call it whenever a message was added. One listener, as a queue feeds one function."""
        self._listener = listener

    def send(self, body: str, attributes: Mapping[str, str] | None = None, *, delay: float | None = None) -> str:
        """Put a message in; its id. Raises QueueRefused for what SQS does not take."""
        attributes = attributes or {}
        size = _size(body, attributes)
        _refuse_what_sqs_refuses(body, attributes, size)
        wait = self.delay if delay is None else _within(delay, MAX_DELAY, "DelaySeconds")
        id_ = _message_id(self._random)
        for copy, late in enumerate(self._disorder(self.name)):
            message = Message(id=id_, body=body, attributes=attributes, size=size, sent=self._clock.micros)
            message.copy = copy
            self._add(message, wait + late)
        return id_

    def receive(self, maximum: int = 10, *, max_bytes: int | None = None) -> list[Message]:
        """Up to `maximum` visible messages, hidden from now on for the visibility timeout."""
        self._reveal()
        batch: list[Message] = []
        size = 0
        while self._ready and len(batch) < maximum:
            message = self._ready[0]
            if max_bytes is not None and size + message.size > max_bytes:
                break
            self._ready.popleft()
            if not message.deleted and not self._redriven(message):
                size += message.size
                batch.append(self._handed_out(message))
        return batch

    def delete(self, receipt: str) -> None:
        """Forget the message. A receipt that is not its latest deletes nothing, as is SQS's right."""
        message = self._received.pop(receipt, None)
        if message is not None:
            message.deleted = True
            self._stale += 1
            if self._stale > len(self._hidden) // 2 + _TOLERATED:
                self._forget_stale()

    def change_visibility(self, receipt: str, seconds: float) -> None:
        """Show the message again `seconds` from now. Raises QueueRefused when it is not in flight."""
        _within(seconds, MAX_VISIBILITY, "VisibilityTimeout")
        self._reveal()
        message = self._received.get(receipt)
        if message is None:
            raise QueueRefused(
                "MessageNotInflight", f"no message of {self.name} is in flight under this receipt handle"
            )
        self._hide(message, seconds)

    def next_visible_at(self) -> int | None:
        """When a message can be received, in microseconds since the epoch; None when there is none at all."""
        self._reveal()
        if self._ready:
            return self._clock.micros
        return self._hidden[0][0] if self._hidden else None

    def peek(self) -> list[Message]:
        """All messages, visible ones first, without receiving them."""
        self._reveal()
        hidden = [m for at, _, m in sorted(self._hidden, key=lambda h: h[:2]) if not m.deleted and m.visible_at == at]
        return [m for m in self._ready if not m.deleted] + hidden

    def purge(self) -> None:
        """Delete every message."""
        self._ready.clear()
        self._hidden.clear()
        self._received.clear()

    def __len__(self) -> int:
        """Messages of every state: visible, delayed and in flight."""
        return len(self.peek())

    def _add(self, message: Message, wait: float) -> None:
        if wait > 0:
            self._hide(message, wait)
        else:
            self._ready.append(message)
        if self._listener is not None:
            self._listener()

    def _hide(self, message: Message, seconds: float) -> None:
        self._sequence += 1
        message.visible_at = self._clock.micros + round(seconds * 1_000_000)
        heapq.heappush(self._hidden, (message.visible_at, self._sequence, message))

    def _reveal(self) -> None:
        """Move what has become visible to the ready ones; skip what was deleted or hidden anew meanwhile."""
        now = self._clock.micros
        while self._hidden and (self._hidden[0][0] <= now or _is_stale(*self._hidden[0])):
            at, _, message = heapq.heappop(self._hidden)
            if not _is_stale(at, 0, message):
                self._received.pop(message.receipt, None)
                self._ready.append(message)

    def _forget_stale(self) -> None:
        """What was deleted must not wait, and take memory, for the end of its visibility timeout."""
        self._hidden = [entry for entry in self._hidden if not _is_stale(*entry)]
        heapq.heapify(self._hidden)
        self._stale = 0

    def _handed_out(self, message: Message) -> Message:
        message.receives += 1
        message.first_received = message.first_received or self._clock.micros
        message.receipt = f"{message.id}#{message.copy}#{message.receives}"
        self._received[message.receipt] = message
        self._hide(message, self.visibility_timeout)
        return message

    def _redriven(self, message: Message) -> bool:
        limit, target = self.max_receive_count, self.dead_letter_queue
        if limit is None or target is None or message.receives < limit:
            return False
        message.source_arn = self.arn
        message.first_received = 0
        target._add(message, 0)  # noqa: SLF001 - another queue, the same class
        return True


def _is_stale(at: int, _: int, message: Message) -> bool:
    return message.deleted or message.visible_at != at


def _message_id(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _size(body: str, attributes: Mapping[str, str]) -> int:
    size = len(body) if body.isascii() else len(body.encode())
    return size + sum(len(name) + len("String") + len(value.encode()) for name, value in attributes.items())


def _refuse_what_sqs_refuses(body: str, attributes: Mapping[str, str], size: int) -> None:
    if not body:
        raise QueueRefused("MissingParameter", "the request must contain the parameter MessageBody")
    if size > MAX_BYTES:
        raise QueueRefused("InvalidParameterValue", f"one or more parameters are invalid: {size} bytes > {MAX_BYTES}")
    if not all(map(_is_acceptable, (body, *attributes.values()))):
        raise QueueRefused("InvalidMessageContents", "the message contains characters outside the allowed set")
    if len(attributes) > MAX_ATTRIBUTES:
        raise QueueRefused("InvalidParameterValue", f"{len(attributes)} message attributes, {MAX_ATTRIBUTES} allowed")
    if not all(attributes.values()):
        raise QueueRefused("InvalidParameterValue", "a message attribute must contain a non-empty value")


def _is_acceptable(text: str) -> bool:
    return text.isprintable() or _UNACCEPTABLE.search(text) is None


def _within(seconds: float, maximum: int, parameter: str) -> float:
    if not 0 <= seconds <= maximum:
        raise QueueRefused("InvalidParameterValue", f"{parameter} must be between 0 and {maximum}")
    return seconds
