"""A token bucket, as API Gateway throttles a stage."""

from __future__ import annotations

from dataclasses import dataclass

from simpy import Environment


@dataclass(kw_only=True)
class Throttle:
    """`rate` tokens a second, `burst` of them at most."""

    env: Environment
    rate: float
    burst: float

    def __post_init__(self) -> None:
        self._tokens = self.burst
        self._filled = self.env.now

    def admits(self) -> bool:
        self._tokens = min(self.burst, self._tokens + (self.env.now - self._filled) * self.rate)
        self._filled = self.env.now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
