"""Payloads to try things with: ones that look like the business, ones at every bound, and ones that are refused.

All three follow from a contract and a seed alone: the same arguments give the same samples, in every process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Any, Final, Literal

from contracts.company import source_of
from contracts.samples.edges import edges
from contracts.samples.faults import faults
from contracts.samples.looks import Looks
from contracts.samples.sample import Sample
from contracts.shapes import Contract
from events.envelope import CloudEvent, derived_id, format_time

__all__ = ["KINDS", "Kind", "Sample", "as_event", "samples"]

Kind = Literal["valid", "edge", "invalid"]
KINDS: Final[tuple[Kind, ...]] = ("valid", "edge", "invalid")

_TIME: Final = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)


def samples(contract: Contract, kind: Kind, *, seed: int = 0, count: int | None = None) -> Iterator[Sample]:
    """`count` samples of one kind. Without a count: one valid one, or all edges or faults of one payload.

    An edge or a fault changes one field of a payload that is valid and has every field; with a count beyond them all,
    it goes on with another payload.
    """
    rng = Random(f"{contract.urn}:{kind}:{seed}")  # noqa: S311 - samples, not secrets
    looks = Looks(contract, rng)
    if kind == "valid":
        return (Sample(data=looks.payload()) for _ in range(1 if count is None else count))
    make = edges if kind == "edge" else faults
    if count is None:
        return iter(make(looks))
    return islice(_endless(make, looks), count)


def _endless(make: Any, looks: Looks) -> Iterator[Sample]:
    while True:
        made: Iterable[Sample] = make(looks)
        yield from made


def as_event(contract: Contract, sample: Sample, *, seed: int, index: int) -> dict[str, Any]:
    """The sample as the data of a CloudEvent, whose id follows from the other arguments."""
    return CloudEvent(
        id=derived_id("sample", contract.urn, sample.why, seed, index),
        source=source_of(contract.model),
        type=contract.type,
        time=format_time(_TIME),
        datacontenttype="application/json",
        dataschema=contract.urn,
        data=sample.data,
    ).to_dict()
