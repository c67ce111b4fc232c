"""`memory`: whole flows in memory, a second of one processor, beside what others have for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

from bench import on_faststream, on_moto
from bench.cloud import moto_cloud
from bench.flows import PAYMENT_RECORDS, USAGE_RECORDS, CompanyAtWork
from bench.on_faststream import FastStreamAtWork
from bench.on_moto import MotoAtWork
from bench.rounds import Work, in_turns
from local.simulate.run import silence

#: The first is what the others are held against.
PAYMENTS, USAGE, FASTSTREAM, MOTO = (
    "memory cloud, payments",
    "memory cloud, usage",
    "FastStream's test broker, payments",
    "moto and plain consumers, payments",
)
#: Flows of one turn. moto takes a hundred times as long for one.
_FLOWS: Final[Mapping[str, int]] = {PAYMENTS: 500, USAGE: 1_000, FASTSTREAM: 500, MOTO: 10}
_RECORDS: Final[Mapping[str, int]] = {
    PAYMENTS: PAYMENT_RECORDS,
    USAGE: USAGE_RECORDS,
    FASTSTREAM: on_faststream.RECORDS,
    MOTO: on_moto.RECORDS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryResult:
    """One peer's. `speed` is its flows for each flow of the first peer's, in the same rounds."""

    peer: str
    records_per_flow: int
    flows_per_second: float
    records_per_second: float
    speed: float


class Payer(Protocol):
    """A peer that runs flows of payments."""

    def owe(self, flows: int) -> list[Any]: ...

    def pay(self, payments: list[Any]) -> None: ...


def measure_memory(*, rounds: int) -> Sequence[MemoryResult]:
    """Raises Unfinished. Log lines are off for all of them."""
    silence()
    logging.disable(logging.INFO)
    with moto_cloud():
        company = CompanyAtWork()
        times = in_turns(
            {
                PAYMENTS: _paying(company, PAYMENTS, rounds),
                USAGE: partial(company.use, _FLOWS[USAGE]),
                FASTSTREAM: _paying(FastStreamAtWork(), FASTSTREAM, rounds),
                MOTO: _paying(MotoAtWork(), MOTO, rounds),
            },
            rounds=rounds,
        )
    return [_result(peer, times.median(peer), times.ratio(PAYMENTS, peer)) for peer in _FLOWS]


def _paying(payer: Payer, peer: str, rounds: int) -> Work:
    """What is owed is written down beforehand, for all rounds and the one that is not counted."""
    debts = iter([payer.owe(_FLOWS[peer]) for _ in range(rounds + 1)])
    pay: Callable[[list[Any]], None] = payer.pay
    return lambda: pay(next(debts))


def _result(peer: str, seconds: float, ratio: float) -> MemoryResult:
    flows = _FLOWS[peer]
    return MemoryResult(
        peer=peer,
        records_per_flow=_RECORDS[peer],
        flows_per_second=flows / seconds,
        records_per_second=flows * _RECORDS[peer] / seconds,
        speed=ratio * flows / _FLOWS[PAYMENTS],
    )
