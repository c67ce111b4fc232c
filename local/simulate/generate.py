"""From a seed to a plan.

Each seed draws first what it is about: a few kinds of inputs and of trouble, and how close together they come. So
seeds differ from each other more than if every plan had a bit of everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, ClassVar, Final, TypeVar

from events.envelope import format_time
from local.memory.faults import Call, Fault
from local.simulate.plan import (
    Close,
    Late,
    Noise,
    Order,
    Outage,
    Pay,
    Plan,
    Planned,
    Redrive,
    Replay,
    Send,
    SendBatch,
    Step,
    Upload,
    Void,
    Way,
)
from local.simulate.sites import CONSUMERS, SERVICES, SITES

T = TypeVar("T")
_DAY: Final = 86_400.0

#: In the middle of a month, just before its end, and in the hours between its end and its close.
_STARTS: Final = (
    datetime(2026, 5, 20, 14, tzinfo=UTC),
    datetime(2026, 5, 31, 23, 59, 40, tzinfo=UTC),
    datetime(2026, 6, 1, 5, 59, 50, tzinfo=UTC),
)
#: Seconds to the next step that lead to the borders of something: locks and visibility (30, 60, 180, 360), a message's
#: longest delay, the close, the retention of answers, a DLQ's and an archive's last days.
_JUMPS: Final = (30.0, 61.0, 181.0, 361.0, 900.0, 6 * 3600.0, _DAY / 2, _DAY - 60, _DAY + 60, 13 * _DAY)
_MAIL_AND_HOOK, _MAIL, _REFUSING, _STRANGER = "cus_both", "cus_mail", "cus_refusing", "cus_stranger"
CUSTOMERS: Final = (_MAIL_AND_HOOK, _MAIL, _REFUSING, _STRANGER)
#: An address that the mailer of the simulation refuses.
REFUSED: Final = "nobody@refused.example"


def plan_of(seed: int) -> Plan:
    """The same seed gives the same plan."""
    return _Author(seed).plan()


class _Author:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._dice = Random(seed)  # noqa: S311 - not for secrets
        self._start = self._dice.choice(_STARTS)
        self._now = 0.0
        self._number = 0
        self._pace = self._dice.choice((0.02, 0.5, 5.0))
        self._leap = self._dice.choice((0.0, 0.1, 0.3))
        self._sent: list[dict[str, Any]] = []
        self._orders: list[Order] = []

    def plan(self) -> Plan:
        steps = tuple(sorted(self._steps(), key=lambda step: step.at))
        trouble = self._dice.random() < 0.9  # noqa: PLR2004 - some plans have none
        return Plan(
            seed=self._seed,
            start=self._start,
            steps=steps,
            faults=tuple(self._faults()) if trouble else (),
            outages=tuple(self._outages()) if trouble else (),
            late=tuple(self._late()) if trouble else (),
            slowness=self._dice.choice((0.0, 0.0, 0.05, 0.2)),
        )

    def _steps(self) -> Iterator[Step]:
        chosen = self._some(self._INPUTS, at_least=2)
        yield from self._introductions()
        for _ in range(self._dice.randint(2, 9)):
            self._pass_time()
            yield from self._dice.choice(chosen)(self)
        for act in self._some(self._ACTS, at_least=0):
            yield from act(self)

    def _introductions(self) -> Iterator[Step]:
        """The CRM mostly knows customers before they have invoices."""
        for customer in (_MAIL_AND_HOOK, _MAIL, _REFUSING):
            if self._dice.random() < 0.7:  # noqa: PLR2004 - mostly
                yield Send(self._soon(), self._contact_event(customer), self._way())

    def _usage(self) -> Iterator[Step]:
        event = self._usage_event()
        yield Send(self._soon(), event, self._way(bare=True))
        self._sent.append(event)

    def _batch(self) -> Iterator[Step]:
        events = [self._usage_event() for _ in range(self._dice.randint(2, 6))]
        self._sent += events
        yield SendBatch(self._soon(), tuple(events))

    def _upload(self) -> Iterator[Step]:
        """Sometimes with events that were, or will be, sent in another way."""
        events = [self._usage_event() for _ in range(self._dice.randint(1, 14))]
        self._sent += events
        news = self._dice.choice((1, 1, 2))
        yield Upload(self._soon(), self._name("file"), (*events, *self._some(events, at_least=0)), news)

    def _again(self) -> Iterator[Step]:
        """A producer that does not know whether it was heard sends the same event again, some other time or way."""
        if self._sent:
            yield Send(self._soon(), self._dice.choice(self._sent), self._way())

    def _contact(self) -> Iterator[Step]:
        event = self._contact_event(self._dice.choice(CUSTOMERS[:3]))
        self._sent.append(event)
        yield Send(self._soon(), event, self._way())

    def _order(self) -> Iterator[Step]:
        order = Order(self._soon(), self._name("key"), self._dice.choice(CUSTOMERS), self._dice.randint(1, 9) * 100)
        self._orders.append(order)
        yield order
        for _ in range(self._dice.choice((0, 0, 1, 2))):
            within_a_day = self._dice.choice((0.0, 0.01, 2.0, 30.0, 3600.0, _DAY - 7200))
            yield order._replace(at=order.at + within_a_day)
        if self._dice.random() < 0.7:  # noqa: PLR2004 - mostly
            yield from self._pay()

    def _pay(self) -> Iterator[Step]:
        if not self._orders:
            return
        pay = Pay(
            self._soon(),
            self._dice.choice(self._orders).key,
            self._dice.choice(("pay_1", "pay_2")),
            self._name("p"),
            self._dice.choice(("settled", "failed")),
            self._dice.choice((0, 0, 0, 0, 1)),
            self._way(),
        )
        yield pay
        for _ in range(self._dice.choice((0, 0, 1, 2, 5))):
            # The provider tells the same payment again: as the same event, or as another.
            id_ = self._dice.choice((pay.id, self._name("p")))
            yield pay._replace(at=pay.at + self._dice.choice((0.0, 0.02, 40.0)), id=id_, way=self._way())

    def _broken(self) -> Iterator[Step]:
        event = self._usage_event()
        broken = self._dice.choice(("quantity", "meter", "used_at"))
        value = {"quantity": "many", "meter": "unheard_of", "used_at": "1999-01-01T00:00:00Z"}[broken]
        yield Send(self._soon(), event | {"data": event["data"] | {broken: value}}, "bus")

    def _noise(self) -> Iterator[Step]:
        body = self._dice.choice(("", "{", "[]", '{"specversion":"1.0"}', '{"detail-type":"x","detail":{}}')) or " "
        yield Noise(self._soon(), self._dice.choice(CONSUMERS), body)

    def _void(self) -> Iterator[Step]:
        if self._orders:
            yield Void(self._soon(), self._dice.choice(self._orders).key)

    def _close(self) -> Iterator[Step]:
        """Also beside another close."""
        at = self._after_the_month() if self._dice.random() < 0.7 else self._soon()  # noqa: PLR2004 - mostly
        for _ in range(self._dice.choice((1, 1, 2))):
            yield Close(at)

    def _redrive(self) -> Iterator[Step]:
        at = self._soon() + self._dice.choice((0.0, 60.0, _DAY, 13 * _DAY))
        for consumer in self._some(CONSUMERS, at_least=1):
            yield Redrive(at, consumer)

    def _replay(self) -> Iterator[Step]:
        at = self._soon() + self._dice.choice((0.0, 1.0, 20.0, 120.0, _DAY, 20 * _DAY))
        yield Replay(at, at + 10, self._dice.choice(("rebuild", "with-effects-1")))

    def _late_usage(self) -> Iterator[Step]:
        """For a month that was closed meanwhile."""
        at = self._after_the_month()
        event = self._usage_event()
        yield Close(at)
        yield Send(at + self._dice.choice((0.0, 0.3, 100.0)), event, self._way())
        yield Close(at + _DAY)

    def _usage_event(self) -> dict[str, Any]:
        """Of this month or the last."""
        meter, quantity = self._dice.choice((("seats", 2), ("seats", 1), ("api_calls", 40_000), ("seats", 5)))
        used_at = self._moment() - timedelta(seconds=self._dice.choice((0, 60, 3600)))
        data = {
            "customer_id": self._dice.choice(CUSTOMERS[:2]),
            "meter": meter,
            "quantity": quantity,
            "used_at": format_time(used_at),
        }
        return self._event("partner.usage.reported", "/partners/acme", data)

    def _contact_event(self, customer: str) -> dict[str, Any]:
        number = self._name("c")
        email = REFUSED if customer == _REFUSING else f"{number}@example.com"
        data = {"customer_id": customer, "name": "Ada", "email": email}
        data |= {"webhook_url": f"https://hooks.example.com/{number}"} if customer == _MAIL_AND_HOOK else {}
        told = self._moment() - timedelta(seconds=self._dice.choice((0, 0, 1, 3600)))
        return self._event("customer.contact.updated", "/crm", data) | {"time": format_time(told)}

    def _event(self, type_: str, source: str, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": self._name("e"),
            "source": source,
            "type": type_,
            "time": format_time(self._moment()),
            "data": data,
        }

    def _faults(self) -> Iterator[Planned]:
        kinds = self._some(tuple(Fault), at_least=1)
        sites = self._some(SITES, at_least=3)
        for _ in range(self._dice.choice((0, 2, 5, 12))):
            function, name = self._dice.choice(sites)
            yield Planned(Call(function, name, self._nth()), self._dice.choice(kinds))
        if self._dice.random() < 0.2:  # noqa: PLR2004 - now and then
            yield from self._relay_behind()

    def _relay_behind(self) -> Iterator[Planned]:
        """The relay hangs, changes of the same invoices gather in the stream, and the bus then takes some of them."""
        first = self._nth()
        yield Planned(Call("billing-relay", "bus.put", first), Fault.HANG_BEFORE)
        for nth in range(first + 1, first + 7):
            yield Planned(Call("billing-relay", "bus.put", nth), Fault.PARTIAL)

    def _outages(self) -> Iterator[Outage]:
        """Of a consumer's queue never as long as its backstop: SQS knows no reasons. Of the bus not as long, either:
        a stream asks it again every second."""
        for _ in range(self._dice.choice((0, 0, 1, 2))):
            service = self._dice.choice((*SERVICES, "bus", "bus", "bus"))
            fault = self._dice.choice((Fault.THROTTLED, Fault.UNAVAILABLE, Fault.LOST, Fault.PARTIAL))
            start = self._dice.uniform(0, self._now)
            seconds = self._dice.choice((5.0, 40.0, 300.0, 300.0 if service in ("queue", "bus") else 5400.0))
            yield Outage(service, fault, start, seconds)

    def _late(self) -> Iterator[Late]:
        for _ in range(self._dice.choice((0, 0, 2, 5))):
            copies = self._dice.choice(((0.0, 0.0), (0.0, 0.03), (0.0, 5.0), (0.0, 400.0), (0.0, _DAY), (7.0,)))
            yield Late(self._dice.choice(CONSUMERS), self._nth(), copies)

    def _nth(self) -> int:
        return 1 + int(self._dice.expovariate(0.7))

    def _pass_time(self) -> None:
        leaps = self._dice.random() < self._leap
        self._now += self._dice.choice(_JUMPS) if leaps else self._dice.uniform(0, 2 * self._pace)

    def _soon(self) -> float:
        return round(self._now + self._dice.choice((0.0, 0.0, 0.01, self._pace)), 3)

    def _moment(self) -> datetime:
        return self._start + timedelta(seconds=self._now)

    def _after_the_month(self) -> float:
        """When the close of the running month is due."""
        now = self._moment()
        due = datetime(now.year, now.month + 1, 1, 7, tzinfo=UTC) if now.day > 1 else now.replace(hour=7)
        return max((due - self._start).total_seconds(), self._now)

    def _way(self, *, bare: bool = False) -> Way:
        return self._dice.choice(("http", "bus", "bare") if bare else ("http", "bus"))

    def _name(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._number}"

    def _some(self, of: Sequence[T], *, at_least: int) -> list[T]:
        return self._dice.sample(of, self._dice.randint(at_least, max(at_least, len(of) // 2 + 1)))

    _INPUTS: ClassVar = (_usage, _batch, _upload, _again, _contact, _order, _pay, _broken, _noise)
    _ACTS: ClassVar = (_void, _close, _redrive, _replay, _late_usage)
