"""How many messages wait where, by SQS's own (approximate) counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from contracts.deployed import CannotAsk
from ops.letters.places import places
from ops.target import Target

_COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """Messages of one queue: `waiting` to be picked up, `in_work` or held by somebody, `delayed` by a backoff."""

    waiting: int = 0
    in_work: int = 0
    delayed: int = 0

    @property
    def all(self) -> int:
        return self.waiting + self.in_work + self.delayed


@dataclass(frozen=True, slots=True, kw_only=True)
class Depths:
    """`queues`: consumer -> its queue's. `dead`: whoever has a DLQ -> that. `missing` are not deployed.

    Where services share a queue, it is under the name of their group, which `shared` gives for each who shares it.
    """

    queues: Mapping[str, Depth]
    dead: Mapping[str, Depth]
    missing: tuple[str, ...] = ()
    shared: Mapping[str, str] = field(default_factory=dict)

    def queue_of(self, name: str) -> Depth | None:
        """A consumer's; None for one that has none, or that could not be asked."""
        return self.queues.get(self.shared.get(name, name))

    def dead_of(self, name: str) -> Depth | None:
        """A consumer's, relay's or schedule's DLQ; None where there is none."""
        return self.dead.get(self.shared.get(name, name))

    @property
    def letters(self) -> int:
        return sum(depth.all for depth in self.dead.values())


class Gauge:
    """Asks for the depths. Queue addresses are asked for once."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._urls: dict[str, str] = {}

    def read(self) -> Depths:
        """All queues of the stage. Raises CannotAsk."""
        asked = [*self._queues()]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = dict(zip(asked, pool.map(lambda key: self._depth(key[2]), asked), strict=True))
        return Depths(
            queues={owner: depth for (kind, owner, _), depth in found.items() if kind == "queue" and depth},
            dead={owner: depth for (kind, owner, _), depth in found.items() if kind == "dead" and depth},
            missing=tuple(name for (_, _, name), depth in found.items() if depth is None),
            shared={member: place.owner for place in places(self._target) for member in place.members},
        )

    def _queues(self) -> Iterator[tuple[str, str, str]]:
        """Kind, owner, and the queue's name."""
        for place in places(self._target):
            yield "dead", place.owner, place.queue
            if place.source is not None:
                yield "queue", place.owner, place.source

    def _depth(self, queue: str) -> Depth | None:
        """None where there is no such queue."""
        sqs = self._target.client("sqs")
        try:
            if queue not in self._urls:
                self._urls[queue] = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
            answer = sqs.get_queue_attributes(QueueUrl=self._urls[queue], AttributeNames=list(_COUNTS))
        except (BotoCoreError, ClientError) as error:
            self._urls.pop(queue, None)
            if _is_missing(error):
                return None
            raise CannotAsk(f"the queue {queue} cannot be asked: {error}") from error
        waiting, in_work, delayed = (int(answer["Attributes"].get(name, 0)) for name in _COUNTS)
        return Depth(waiting=waiting, in_work=in_work, delayed=delayed)


def _is_missing(error: Exception) -> bool:
    details: Any = getattr(error, "response", {})
    return "NonExistentQueue" in str(details.get("Error", {}).get("Code", ""))
