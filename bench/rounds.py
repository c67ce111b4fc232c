"""Peers side by side: taken in turns, round by round, so that what else the machine does falls on all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Times:
    """CPU seconds of this process by peer, one for each round. The first is the one that others are held against."""

    by_peer: Mapping[str, Sequence[float]]

    def median(self, peer: str) -> float:
        return median(self.by_peer[peer])

    def ratio(self, peer: str, other: str) -> float:
        """The median of the rounds' own ratios: a round that was slow was slow for both."""
        pairs = zip(self.by_peer[peer], self.by_peer[other], strict=True)
        return median(mine / theirs for mine, theirs in pairs)


def in_turns(peers: Mapping[str, Work], *, rounds: int) -> Times:
    """Each peer's work once a round, after one time that is not counted.

    Processor time, not the clock's: what others do on the machine is not in it.
    """
    for work in peers.values():
        work()
    # What is there by now stays: no peer should pay for looking through the others' memory.
    gc.collect()
    gc.freeze()
    try:
        return _taken(peers, rounds)
    finally:
        gc.unfreeze()


def _taken(peers: Mapping[str, Work], rounds: int) -> Times:
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, work in peers.items():
            gc.collect()
            started = time.process_time()
            work()
            times[name].append(time.process_time() - started)
    return Times(times)
