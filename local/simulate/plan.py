"""A schedule, as frozen data: what comes in and when, what operators do, and what goes wrong.

A plan with anything left out is a plan, too: so a failing one can be made small.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from local.memory.faults import Call, Fault

Way = Literal["http", "bus", "bare"]


class Send(NamedTuple):
    """A producer sends one event, until it is accepted. `bare`: as an EventBridge event of another system's."""

    at: float
    event: dict[str, Any]
    way: Way = "http"


class SendBatch(NamedTuple):
    """A producer posts several events at once, and again those that were not accepted."""

    at: float
    events: tuple[dict[str, Any], ...]


class Upload(NamedTuple):
    """A partner puts a file of events, one a line, into the bucket; S3 tells of it `news` times."""

    at: float
    name: str
    events: tuple[dict[str, Any], ...]
    news: int = 1


class Noise(NamedTuple):
    """Somebody puts a message into a consumer's queue that is no event of ours."""

    at: float
    queue: str
    body: str


class Order(NamedTuple):
    """A client asks for an invoice until it gets an answer. One with the same key is a retry of the same request."""

    at: float
    key: str
    customer: str
    amount: int


class Pay(NamedTuple):
    """A payment provider reports a payment of the invoice of an order, once that order has its answer."""

    at: float
    key: str
    payment: str
    id: str
    kind: Literal["settled", "failed"] = "settled"
    off: int = 0
    way: Way = "http"


class Void(NamedTuple):
    """A clerk voids the invoice of an order, once that order has its answer."""

    at: float
    key: str


class Close(NamedTuple):
    """The schedule calls the close of periods, and again twice when it fails."""

    at: float


class Redrive(NamedTuple):
    """An operator redrives a consumer's DLQ."""

    at: float
    consumer: str


class Replay(NamedTuple):
    """An operator replays the archive of the last `seconds`."""

    at: float
    seconds: float
    name: str


Step = Send | SendBatch | Upload | Noise | Order | Pay | Void | Close | Redrive | Replay


class Planned(NamedTuple):
    """The call meets the fault."""

    call: Call
    fault: Fault


class Outage(NamedTuple):
    """Every call of the service (`bus`, `ledger`, …) fails in this way for a while."""

    service: str
    fault: Fault
    start: float
    seconds: float


class Late(NamedTuple):
    """The `nth` message of a queue: how late each of its copies shows up."""

    queue: str
    nth: int
    copies: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`slowness` is the share of calls that take seconds. Times are seconds from `start`."""

    seed: int
    start: datetime
    steps: tuple[Step, ...]
    faults: tuple[Planned, ...] = ()
    outages: tuple[Outage, ...] = ()
    late: tuple[Late, ...] = ()
    slowness: float = 0.0

    def moment(self, seconds: float) -> datetime:
        return self.start + timedelta(seconds=seconds)
