"""How long the cloud's own parts take, in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Span:
    """Uniform between `low` and `high`; exactly `low` when they are equal, without drawing."""

    low: float
    high: float

    def draw(self, random: Random) -> float:
        return self.low if self.low == self.high else random.uniform(self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """`bus`: event accepted to queue; `poll`: message visible to function called; `stream`: write to relay called;
    `function`: how long an invocation keeps its slot, on top of what it sleeps; `retry`: pause before a stream batch
    is tried again."""

    bus: Span = Span(0.02, 0.02)
    poll: Span = Span(0.01, 0.01)
    stream: Span = Span(0.2, 0.2)
    function: Span = Span(0.01, 0.01)
    retry: Span = Span(1, 1)
