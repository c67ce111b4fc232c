"""What travels: some messages of one type that were sent together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from events.batches import MOST


@dataclass(slots=True)
class Message:
    """`count` of a queue's messages, with as many records in `each`. `takers` are the consumers that they are for.

    `born`: when the first of its causes came in. `told`: its own time, when it was published. `visible` is when a
    poller could have it at the earliest; `deferrals` how often it was put back.
    """

    type: str
    count: int
    takers: Sequence[str]
    born: float
    told: float
    visible: float = 0.0
    deferrals: int = 0
    each: int = 1

    @property
    def records(self) -> int:
        return self.count * self.each

    def split(self, count: int) -> tuple[Message, Message | None]:
        """So many of its messages, and the rest of them."""
        if count >= self.count:
            return self, None
        return replace(self, count=count), replace(self, count=self.count - count)

    def at(self, visible: float) -> Message:
        return replace(self, visible=visible)

    def deferred(self, taker: str) -> Message:
        """As it comes again, for the one that put it back. To others that it was for it is a duplicate."""
        return replace(self, takers=(taker,), visible=0.0, deferrals=self.deferrals + 1)


def together(records: int) -> tuple[int, int]:
    """Messages, and records in each, where as many as may share one (events.batches)."""
    messages = -(-records // MOST)
    return messages, -(-records // messages)
