"""What is known of AWS beyond the templates: latencies, scaling and quotas, from `world.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import exp, log
from pathlib import Path
from random import Random
from typing import Final, Protocol

from pydantic import BaseModel, ConfigDict

#: Standard deviations of a normal distribution from its median to p99.
_Z99: Final = 2.3263


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Published(_Frozen):
    """A latency by two of its percentiles, in milliseconds."""

    p50: float
    p99: float
    source: str


class Value(_Frozen):
    value: float
    source: str


class Quota(_Frozen):
    value: float
    unit: str
    source: str


class World(_Frozen):
    date: str
    latencies_ms: Mapping[str, Published]
    values: Mapping[str, Value]
    quotas: Mapping[str, Quota]

    def __getitem__(self, name: str) -> float:
        return self.values[name].value

    def latency(self, name: str, random: Random) -> Latency:
        published = self.latencies_ms[name]
        return Latency.through(published.p50 / 1000, published.p99 / 1000, random)


class Delay(Protocol):
    def draw(self) -> float:
        """Seconds."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds, lognormal."""

    median: float
    sigma: float
    random: Random

    @classmethod
    def through(cls, p50: float, p99: float, random: Random) -> Latency:
        return cls(p50, log(p99 / p50) / _Z99, random)

    def draw(self) -> float:
        return self.median * exp(self.random.gauss(0.0, self.sigma))


@cache
def world() -> World:
    return World.model_validate_json(Path(__file__).with_name("world.json").read_text())
