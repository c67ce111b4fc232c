"""The speed table: of each scenario's results the lines that say most, ours beside a peer's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

Results = Sequence[Mapping[str, Any]]
_PLAIN: Final = "plain"
_DEPLOYED: Final = "deployed"
#: How `cpu` calls a function that has no business.
_ALONE: Final = "bench"
#: The consumer alone, what comes in masses, and the two that do most.
_LEADING: Final = ("checked, once, logged", "usage, known customers", "a payment is applied", "an e-mail is sent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """`ratio` is ours in multiples of the peer's. `leads`: it stands for the others like it, where there is no room."""

    what: str
    ours: str
    peer: str
    ratio: str
    leads: bool = True


def speeds(documents: Mapping[str, Mapping[str, Any]]) -> list[Speed]:
    """Of those scenarios that there are results of. `documents` by scenario, as `--json` prints them."""
    there = ((name, of) for name, of in _SPEEDS.items() if name in documents)
    return [speed for name, of in there for speed in of(documents[name]["results"])]


def _cpu(results: Results) -> Iterator[Speed]:
    for result in results:
        yield Speed(
            what=f"processor: {'the consumer alone' if result['function'] == _ALONE else result['work']}",
            ours=f"{result['ours_us']:.0f} µs a record",
            peer=f"plain consumer: {result['plain_us']:.0f} µs",
            ratio=f"{result['ratio']:.2f} x",
            leads=result["work"] in _LEADING,
        )


def _memory(results: Results) -> Iterator[Speed]:
    ours, peers = results[0], [r for r in results if not r["peer"].startswith("memory cloud")]
    for peer in peers:
        yield Speed(
            what="the same payments through all services, in memory",
            ours=f"{ours['records_per_second']:,.0f} records/s",
            peer=f"{peer['peer'].partition(',')[0]}: {peer['records_per_second']:,.0f} records/s",
            ratio=f"{1 / peer['speed']:.1f} x the flows",
        )


def _growth(results: Results) -> Iterator[Speed]:
    first, last = results[0], results[-1]
    yield Speed(
        what=f"memory cloud, from {first['records']:,} records to {last['records']:,}",
        ours=f"{last['records_per_second']:,.0f} records/s, {last['bytes_per_record']:,.0f} bytes each",
        peer=f"at first: {first['records_per_second']:,.0f} records/s, {first['bytes_per_record']:,.0f} bytes each",
        ratio=f"{last['records_per_second'] / first['records_per_second']:.2f} x",
    )


def _cold(results: Results) -> Iterator[Speed]:
    """The heaviest of ours, beside the plain consumer as it is deployed without bytecode, and with it."""
    starts = {result["function"]: result for result in results}
    ours = [start for name, start in starts.items() if name not in (_PLAIN, _DEPLOYED)]
    heaviest = max(ours, key=lambda start: start["ready_ms"])
    for peer, told in ((_DEPLOYED, "plain consumer as deployed"), (_PLAIN, "with bytecode")):
        if peer in starts:
            yield Speed(
                what=f"cold start until ready, {heaviest['function']}, the heaviest",
                ours=f"{heaviest['ready_ms']:.0f} ms",
                peer=f"{told}: {starts[peer]['ready_ms']:.0f} ms",
                ratio=f"{heaviest['ready_ratios'][peer]:.2f} x",
            )


def _embedded(results: Results) -> Iterator[Speed]:
    ours, plain = (next(r for r in results if r["side"] == side) for side in ("ours", _PLAIN))
    for what, name, unit in (("events", "events_per_second", "events/s"), ("p95 when paced", "p95_ms", "ms")):
        ratio = median(mine / other for mine, other in zip(ours[name], plain[name], strict=True))
        yield Speed(
            what=f"embedded stack, bus to table: {what}",
            ours=f"{median(ours[name]):,.0f} {unit}",
            peer=f"plain consumer: {median(plain[name]):,.0f} {unit}",
            ratio=f"{ratio:.2f} x",
        )


#: In the table's order.
_SPEEDS: Final[Mapping[str, Callable[[Results], Iterator[Speed]]]] = {
    "cold": _cold,
    "cpu": _cpu,
    "embedded": _embedded,
    "memory": _memory,
    "growth": _growth,
}
