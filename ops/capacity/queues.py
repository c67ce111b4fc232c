"""A queue and Lambda's pollers on it: how many there are, what each gets, and what comes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from simpy import Environment, Event

from ops.capacity.lambdas import Lambdas, Step
from ops.capacity.later import after
from ops.capacity.messages import Message
from ops.capacity.notes import Notes
from ops.capacity.world import Delay
from ops.cost.topology import QueueMapping

#: Seconds after which a message that can be had is late, beside its queue's window.
LATE: Final = 1.0
#: What a poller waits for when the account has no environment left for it.
_THROTTLED_SECONDS: Final = 1.0


@dataclass(kw_only=True)
class Poller:
    """What one of them holds. `wake` fires when it has something, or its batch is full."""

    wake: Event
    held: list[Message] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(message.count for message in self.held)


@dataclass(kw_only=True)
class Queue:
    """`handle` is played for each batch."""

    env: Environment
    mapping: QueueMapping
    lambdas: Lambdas
    notes: Notes
    pickup: Delay
    invoke: Delay
    part: int
    first: int
    growth: float
    handle: Callable[[str, list[Message]], Sequence[Step]]
    _backlog: deque[Message] = field(default_factory=deque)
    _open: deque[Poller] = field(default_factory=deque)
    _waiting: int = 0
    _pollers: int = 0

    def start(self) -> None:
        for _ in range(min(self.first, self.mapping.max_concurrency)):
            self._hire()
        self.env.process(self._scale())

    def send(self, message: Message, delay: float = 0.0) -> None:
        """It can be had after the queue's own latency, in parts."""
        rest: Message | None = message
        while rest is not None:
            piece, rest = rest.split(self.part)
            self._arrive_in(delay + self.pickup.draw(), piece)

    def send_back(self, messages: Sequence[Message], delay: float) -> None:
        """Together: of what is put back, each batch is spread over time, and not each of its messages."""
        seconds = delay + self.pickup.draw()
        arriving = [message.at(self.env.now + seconds) for message in messages]

        def arrive() -> None:
            for message in arriving:
                self._arrive(message)

        after(self.env, seconds, arrive)

    @property
    def waiting(self) -> int:
        return self._waiting

    def _arrive_in(self, seconds: float, message: Message) -> None:
        arriving = message.at(self.env.now + seconds)
        after(self.env, seconds, lambda: self._arrive(arriving))

    def _arrive(self, message: Message) -> None:
        rest: Message | None = message
        while rest is not None and self._open:
            poller = self._open.popleft()
            piece, rest = rest.split(self.mapping.batch_size - poller.count)
            poller.held.append(piece)
            if self._is_full(poller):
                poller.wake.succeed()
            else:
                self._open.append(poller)
                self._begin_window(poller)
        if rest is not None:
            self._backlog.append(rest)
            self._waiting += rest.count
            self.notes.backlog[self.mapping.function] = max(self.notes.backlog[self.mapping.function], self._waiting)

    def _is_full(self, poller: Poller) -> bool:
        return not self.mapping.window or poller.count >= self.mapping.batch_size

    def _begin_window(self, poller: Poller) -> None:
        if len(poller.held) > 1:
            return

        def close() -> None:
            if not poller.wake.triggered:
                self._open.remove(poller)
                poller.wake.succeed()

        after(self.env, self.mapping.window, close)

    def _hire(self) -> None:
        self._pollers += 1
        self.env.process(self._poll())

    def _scale(self) -> Generator[Any, Any, None]:
        """While there is a backlog, so many more a minute."""
        while True:
            yield self.env.timeout(60 / self.growth)
            if self._backlog and self._pollers < self.mapping.max_concurrency:
                self._hire()

    def _poll(self) -> Generator[Any, Any, None]:
        while True:
            batch = self._taken()
            if not batch:
                poller = Poller(wake=self.env.event())
                self._open.append(poller)
                yield poller.wake
                batch = poller.held
            else:
                yield self.env.timeout(self.invoke.draw())
            yield from self._invoke(batch)

    def _taken(self) -> list[Message]:
        """A batch from the backlog, oldest first. What came together is parted only where it is more than a batch."""
        taken: list[Message] = []
        room = self.mapping.batch_size
        while self._backlog and (not taken or self._backlog[0].count <= room):
            piece, rest = self._backlog.popleft().split(room)
            if rest is not None:
                self._backlog.appendleft(rest)
            taken.append(piece)
            room -= piece.count
            self._waiting -= piece.count
        return taken

    def _invoke(self, batch: list[Message]) -> Generator[Any, Any, None]:
        name = self.mapping.function
        while (warm := self.lambdas.take(name)) is None:
            yield self.env.timeout(_THROTTLED_SECONDS)
        self.notes.batch(name, sum(message.count for message in batch))
        oldest = min(message.visible for message in batch)
        age = self.env.now - oldest
        self.notes.ages[name] = max(self.notes.ages[name], age)
        if age > self.mapping.window + LATE or any(message.deferrals for message in batch):
            self.notes.late = self.env.now
        yield from self.lambdas.run(name, self.handle(name, batch), warm=warm)
