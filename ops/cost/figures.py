"""The committed files that a bill is reckoned from: measurements, assumptions, prices and mixes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ops.derived import ROOT

HERE: Final = Path(__file__).parent
MEASURED: Final = ROOT / "bench" / "measured.json"

What = Literal["usage", "payment settled", "payment failed", "invoice ordered", "contact updated", "invoice read"]
Side = Literal["ours", "plain"]

#: What is measured of a function that several services share, whichever they are.
GROUP: Final = "group"
HANDING_ON: Final = "messages are handed on"


class NoSuchFile(LookupError):
    """There is no file of that name; the message lists those that there are."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Point(_Frozen):
    """One invocation with so many records (bench.measure).

    Bytes of the bus and of the queue are of one event, all else of all.
    """

    records: float
    cpu_ms: float
    waits: Mapping[str, float]
    calls: Mapping[str, float]
    units: Mapping[str, float]
    log_lines: float
    log_bytes: float
    bus_bytes: float
    message_bytes: float
    answer_bytes: float
    stored_items: Mapping[str, float]
    stored_bytes: Mapping[str, float]

    @classmethod
    def nothing(cls, *, records: float, cpu_ms: float) -> Self:
        """It takes the processor's time, and does nothing."""
        zeros: dict[str, Any] = {
            name: {} if field.annotation is not float else 0.0 for name, field in cls.model_fields.items()
        }
        return cls.model_validate({**zeros, "records": records, "cpu_ms": cpu_ms})


class Measured(_Frozen):
    """One function's work. `metrics` are the custom metrics that it writes."""

    function: str
    work: str
    side: Side
    metrics: int
    points: tuple[Point, ...]

    def at(self, records: float) -> Point:
        """Between two sizes: in proportion. Beyond the largest: as from the last two; of one size alone: as it is."""
        if len(self.points) == 1:
            return self.points[0]
        low, high = next(
            ((a, b) for a, b in zip(self.points, self.points[1:], strict=False) if records <= b.records),
            self.points[-2:],
        )
        return between(low, high, (records - low.records) / (high.records - low.records))


class Price(_Frozen):
    """Dollars for a unit, by tiers: up to so many units a month (None: all the rest)."""

    unit: str
    tiers: tuple[tuple[float | None, float], ...]
    source: str
    seen: str

    def dollars(self, quantity: float) -> float:
        total, begun = 0.0, 0.0
        for end, price in self.tiers:
            until = quantity if end is None else min(quantity, end)
            total += max(0.0, until - begun) * price
            begun = until
        return total


class Prices(_Frozen):
    region: str
    currency: str
    date: str
    about: str
    prices: Mapping[str, Price]


class Assumption(_Frozen):
    value: float
    source: str


class Assumptions(_Frozen):
    date: str
    latency_ms: Mapping[str, Assumption]
    values: Mapping[str, Assumption]

    def __getitem__(self, name: str) -> float:
        return self.values[name].value

    def latency(self, operation: str) -> float:
        """Milliseconds."""
        return self.latency_ms[operation].value


class Requests(_Frozen):
    """`records_per_call` is how many a client sends in one HTTP request."""

    what: What
    share: float = Field(ge=0, le=1)
    by: Literal["http", "bus"]
    records_per_call: float = Field(default=1, ge=1)


class Mix(_Frozen):
    """What the requests are made of. A request is what a monolith would have been asked: one record, order or look."""

    name: str
    about: str
    customers: int = Field(gt=0)
    requests: tuple[Requests, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(sum(r.share for r in self.requests) - 1) > 1e-6:  # noqa: PLR2004 - rounding
            raise ValueError("the shares of a mix must come to 1")
        return self


@cache
def measured() -> Mapping[tuple[str, str, Side], Measured]:
    """By function, work and side."""
    results = [Measured.model_validate(result) for result in json.loads(MEASURED.read_text())["results"]]
    return {(result.function, result.work, result.side): result for result in results}


def measured_on() -> str:
    """When and on what machine."""
    machine = json.loads(MEASURED.read_text())["machine"]
    return f"{machine['date']} on {machine['cpu']}"


@cache
def assumptions() -> Assumptions:
    return Assumptions.model_validate_json((HERE / "assumptions.json").read_text())


def prices_in(region: str) -> Prices:
    """Raises NoSuchFile."""
    return Prices.model_validate_json(_named(HERE / "prices", region).read_text())


def mix_named(name: str) -> Mix:
    """One of ours by its name, or somebody's file. Raises NoSuchFile."""
    path = Path(name)
    return Mix.model_validate_json((path if path.suffix == ".json" else _named(HERE / "mixes", name)).read_text())


def _named(directory: Path, name: str) -> Path:
    path = directory / f"{name}.json"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in directory.glob("*.json")))
        raise NoSuchFile(f"there is no {path.relative_to(ROOT)}; known: {known}")
    return path


def between(low: Point, high: Point, part: float) -> Point:
    """`part` of the way from one to the other, in everything that was measured. Below nothing there is nothing."""
    pairs = ((name, getattr(low, name), getattr(high, name)) for name in Point.model_fields)
    return Point.model_validate({name: _blended(a, b, part) for name, a, b in pairs})


def _blended(low: Any, high: Any, part: float) -> Any:
    if isinstance(low, Mapping):
        return {name: _blended(low.get(name, 0), high.get(name, 0), part) for name in sorted({*low, *high})}
    return max(0.0, low + (high - low) * part)
