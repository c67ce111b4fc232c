"""A DynamoDB stream and Lambda's poller between it and the outbox relay."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from local.memory.clock import VirtualClock
from local.memory.functions import InvocationFailed, MemoryFunction
from local.memory.latency import Latency
from runtime.outbox import Change


@dataclass(frozen=True, slots=True)
class _Record:
    sequence: int
    change: Change


@dataclass(slots=True)
class _Batch:
    records: Sequence[_Record]
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """Changes that were tried as often as allowed and never got through."""

    changes: tuple[Change, ...]
    error: str


class _Shard:
    """Changes in the order of their writes, and the batches that a failure has cut from them."""

    def __init__(self) -> None:
        self.waiting: deque[_Record] = deque()
        self.batches: deque[_Batch] = deque()
        self.busy = False


class MemoryStream:
    """The stream of one table. Changes of one key stay in order; `discarded` is the on-failure destination.

    A failed batch is tried again and holds up its shard until it succeeds or was tried `max_attempts` times (None:
    for ever); with
    `bisect` each failure of several records halves the batch first, so that in the end only the bad record is lost.
    Nothing is lost before `attach`: changes wait.
    """

    def __init__(
        self, name: str, *, clock: VirtualClock, random: Random, latency: Latency | None = None, shards: int = 1
    ) -> None:
        self.name = name
        self.discarded: list[Discarded] = []
        self._clock = clock
        self._random = random
        self._latency = latency or Latency()
        self._shards = [_Shard() for _ in range(shards)]
        self._sequence = 0
        self._function: MemoryFunction | None = None
        self.batch_size = 100
        self.max_attempts: int | None = None
        self.bisect = True

    def attach(
        self, function: MemoryFunction, *, batch_size: int, max_attempts: int | None = None, bisect: bool = True
    ) -> None:
        """Deliver to this function from now on, what has waited included."""
        self._function = function
        self.batch_size = batch_size
        self.max_attempts = max_attempts
        self.bisect = bisect
        for shard in self._shards:
            self._wake(shard)

    def put(self, change: Change) -> None:
        """A write went through."""
        self._sequence += 1
        shard = self._shards[zlib.crc32(change.key.encode()) % len(self._shards)]
        shard.waiting.append(_Record(self._sequence, change))
        self._wake(shard)

    @property
    def pending(self) -> int:
        """Changes that have not been delivered."""
        return sum(len(s.waiting) + sum(len(batch.records) for batch in s.batches) for s in self._shards)

    def _wake(self, shard: _Shard) -> None:
        if self._function is not None and not shard.busy and (shard.waiting or shard.batches):
            shard.busy = True
            self._clock.call_later(self._latency.stream.draw(self._random), lambda: self._start(shard))

    def _start(self, shard: _Shard) -> None:
        self._clock.spawn(lambda: self._deliver(shard))

    def _deliver(self, shard: _Shard) -> None:
        if not shard.batches:
            taken = [shard.waiting.popleft() for _ in range(min(self.batch_size, len(shard.waiting)))]
            shard.batches.append(_Batch(taken))
        error = self._invoke(shard.batches[0])
        if error is None:
            shard.batches.popleft()
            self._clock.call_later(self._latency.function.draw(self._random), lambda: self._next(shard))
        else:
            self._failed(shard, error)
            self._clock.call_later(self._latency.retry.draw(self._random), lambda: self._next(shard))

    def _next(self, shard: _Shard) -> None:
        if shard.batches:
            self._start(shard)
        else:
            shard.busy = False
            self._wake(shard)

    def _invoke(self, batch: _Batch) -> str | None:
        """What went wrong."""
        if self._function is None:
            raise RuntimeError(f"stream {self.name} has no function")
        try:
            self._function.invoke({"Records": [r.change.to_stream_record(r.sequence) for r in batch.records]})
        except InvocationFailed as error:
            return str(error)
        return None

    def _failed(self, shard: _Shard, error: str) -> None:
        batch = shard.batches[0]
        if self.bisect and len(batch.records) > 1:
            # Splitting does not count as a try.
            shard.batches.popleft()
            middle = len(batch.records) // 2
            shard.batches.extendleft(
                [_Batch(batch.records[middle:], batch.tries), _Batch(batch.records[:middle], batch.tries)]
            )
            return
        batch.tries += 1
        if self.max_attempts is not None and batch.tries >= self.max_attempts:
            shard.batches.popleft()
            self.discarded.append(Discarded(changes=tuple(r.change for r in batch.records), error=error))
