"""What travels: some records of one type that were published together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Message:
    """`takers` are the consumers that it is for. `born`: when the first of its causes came in. `told`: its own time,
    when it was published.

    `visible` is when a poller could have it at the earliest; `deferrals` how often it was put back.
    """

    type: str
    count: int
    takers: Sequence[str]
    born: float
    told: float
    visible: float = 0.0
    deferrals: int = 0

    def split(self, count: int) -> tuple[Message, Message | None]:
        """So many records of it, and the rest of them."""
        if count >= self.count:
            return self, None
        return self._with(count), self._with(self.count - count)

    def at(self, visible: float) -> Message:
        return Message(self.type, self.count, self.takers, self.born, self.told, visible, self.deferrals)

    def deferred(self, taker: str) -> Message:
        """As it comes again, for the one that put it back. To others that it was for it is a duplicate."""
        return Message(self.type, self.count, (taker,), self.born, self.told, 0.0, self.deferrals + 1)

    def _with(self, count: int) -> Message:
        return Message(self.type, count, self.takers, self.born, self.told, self.visible, self.deferrals)
