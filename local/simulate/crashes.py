"""Crash points: one scenario in which every function makes every call that it can make, and each of them goes wrong.

The scenario has some faults of its own: nobody delays, defers or puts away a message as long as all goes well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any, Final

from local.memory.faults import Call, Fault
from local.simulate.plan import Close, Noise, Order, Outage, Pay, Plan, Planned, Send, SendBatch, Upload, Void
from local.simulate.run import run, silence
from local.simulate.sites import CONSUMERS

#: How a call can end its function, or leave it in doubt.
ENDS: Final = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.LOST, Fault.HANG_AFTER)
_LATER: Final = 13 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One call with one end. `met`: it was made, and so it ended."""

    call: Call
    fault: Fault
    met: bool
    violated: str | None


def calls() -> list[Call]:
    """Those of the scenario while there is trouble, in their order."""
    verdict = run(SCENARIO)
    return [made.call for made in verdict.made if made.micros < verdict.calm_since]


def play(call: Call, fault: Fault) -> Point:
    others = tuple(planned for planned in SCENARIO.faults if planned.call != call)
    verdict = run(replace(SCENARIO, faults=(*others, Planned(call, fault))))
    met = any((made.call, made.fault) == (call, fault) for made in verdict.made)
    return Point(call=call, fault=fault, met=met, violated=str(verdict.violated) if verdict.violated else None)


def play_all(workers: int) -> list[Point]:
    """Every call of the scenario with every end, on so many processes."""
    with get_context("spawn").Pool(workers, initializer=silence) as pool:
        return pool.starmap(play, [(call, fault) for call in calls() for fault in ENDS], chunksize=10)


def table(points: Iterable[Point]) -> Iterator[str]:
    """A line for each function's kind of call, and one for each point at which something did not hold."""
    kinds: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for point in points:
        kinds[point.call.function, point.call.name].append(point)
    yield f"{'function':<22} {'call':<20} {'points':>6}  {', '.join(ENDS)}"
    for (function, name), own in sorted(kinds.items()):
        failed = [point for point in own if point.violated]
        yield f"{function:<22} {name:<20} {len(own):>6}  {'all held' if not failed else f'{len(failed)} did not hold'}"
        yield from (f"  #{p.call.nth} {p.fault}: {p.violated}" for p in failed)


def _event(id_: str, type_: str, source: str, data: dict[str, Any], second: int) -> dict[str, Any]:
    time = f"2026-05-20T14:00:{second:02d}Z"
    return {"specversion": "1.0", "id": id_, "source": source, "type": type_, "time": time, "data": data}


def _usage(id_: str, quantity: int) -> dict[str, Any]:
    data = {"customer_id": "cus_1", "meter": "seats", "quantity": quantity, "used_at": "2026-05-20T13:00:00Z"}
    return _event(id_, "partner.usage.reported", "/partners/acme", data, 0)


def _contact(id_: str, second: int) -> dict[str, Any]:
    data = {"customer_id": "cus_1", "name": "Ada", "email": f"{id_}@example.com", "webhook_url": "https://example.com"}
    return _event(id_, "customer.contact.updated", "/crm", data, second)


def _in_a_row(function: str, name: str, nths: range, fault: Fault) -> tuple[Planned, ...]:
    """The publisher sends three times what fails for now: that is one try of a message."""
    return tuple(Planned(Call(function, name, nth), fault) for nth in nths)


SCENARIO: Final = Plan(
    seed=0,
    start=datetime(2026, 5, 20, 14, tzinfo=UTC),
    steps=(
        Send(0, _contact("c-1", 1)),
        Send(1, _contact("c-2", 2), "bus"),
        Send(2, _usage("u-1", 2)),
        Send(20, _usage("u-1", 2), "bus"),
        SendBatch(21, (_usage("u-2", 3), _usage("u-3", 4))),
        Upload(25, "usage", tuple(_usage(f"f-{n}", n) for n in range(1, 13))),
        Order(30, "key-1", "cus_1", 500),
        Order(31, "key-1", "cus_1", 500),
        Order(32, "key-2", "cus_stranger", 700),
        Pay(60, "key-1", "pay_1", "p-1", "failed"),
        Pay(90, "key-1", "pay_2", "p-2"),
        Pay(91, "key-1", "pay_2", "p-3", "settled", 0, "bus"),
        Void(100, "key-2"),
        *(Noise(120, consumer, "no event") for consumer in CONSUMERS),
        Send(300, _usage("u-4", 5), "bus"),
        Close(_LATER),
    ),
    # Three tries of the one message that there is.
    outages=(Outage("bus", Fault.UNAVAILABLE, 300, 60),),
    faults=(
        *_in_a_row("ingestion", "bus.put", range(2, 5), Fault.THROTTLED),
        Planned(Call("ingestion-files", "checkpoints.find", 1), Fault.THROTTLED),
        Planned(Call("ingestion-files", "checkpoints.find", 2), Fault.UNAVAILABLE),
        Planned(Call("billing", "invoices.find", 1), Fault.THROTTLED),
        Planned(Call("billing", "invoices.save", 1), Fault.UNAVAILABLE),
        Planned(Call("billing-api", "invoices.save", 1), Fault.UNAVAILABLE),
        Planned(Call("billing-usage", "ledger.record_all", 1), Fault.THROTTLED),
        Planned(Call("billing-usage", "ledger.record_all", 2), Fault.UNAVAILABLE),
        Planned(Call("billing-accounts", "accounts.close", 1), Fault.UNAVAILABLE),
        Planned(Call("notification-contacts", "book.offer", 1), Fault.THROTTLED),
        Planned(Call("notification-contacts", "book.offer", 2), Fault.UNAVAILABLE),
        Planned(Call("notification", "mailer.send", 1), Fault.THROTTLED),
        Planned(Call("notification", "webhooks.send", 2), Fault.UNAVAILABLE),
    ),
)
