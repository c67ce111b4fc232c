"""What a mix of requests makes every function do: what comes in is routed by the rules, and so is what follows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from functions.billing.manifest import API as BILLING_API
from functions.billing.manifest import PAYMENTS, RELAY, USAGE
from functions.billing.manifest import SOURCE as BILLING
from functions.ingestion.manifest import API as INGESTION_API
from functions.ingestion.manifest import CONSUMER as INTAKE
from functions.ingestion.manifest import SOURCE as INGESTION
from functions.notification.manifest import CONTACTS, MESSAGES
from functions.notification.manifest import SOURCE as NOTIFICATION
from ops.cost.figures import Mix, Requests, Side, What
from ops.cost.topology import Rule, StreamMapping, Topology

Trigger = Literal["http", "queue", "stream"]


class Followed(NamedTuple):
    """What follows an event: another, from this source, by way of the outbox (`relayed`) or at once."""

    type: str
    source: str
    relayed: bool = False


#: (function, what it handles) -> what follows. Contacts come from a CRM, and nothing follows them.
FOLLOWS: Final[Mapping[tuple[str, str], Followed]] = {
    (INTAKE.name, "partner.usage.reported"): Followed("ingestion.usage.recorded", INGESTION),
    (INTAKE.name, "partner.payment.settled"): Followed("ingestion.payment.settled", INGESTION),
    (INTAKE.name, "partner.payment.failed"): Followed("ingestion.payment.failed", INGESTION),
    (PAYMENTS.name, "ingestion.payment.settled"): Followed("billing.invoice.paid", BILLING, relayed=True),
    (PAYMENTS.name, "ingestion.payment.failed"): Followed("billing.invoice.payment_failed", BILLING, relayed=True),
    (BILLING_API.function.name, "POST /invoices"): Followed("billing.invoice.issued", BILLING, relayed=True),
    (MESSAGES.name, "billing.invoice.issued"): Followed("notification.message.sent", NOTIFICATION),
    (MESSAGES.name, "billing.invoice.paid"): Followed("notification.message.sent", NOTIFICATION),
    (MESSAGES.name, "billing.invoice.payment_failed"): Followed("notification.message.sent", NOTIFICATION),
}

#: What is asked for -> the event that says it, where it is said by an event.
EVENTS: Final[Mapping[What, str]] = {
    "usage": "partner.usage.reported",
    "payment settled": "partner.payment.settled",
    "payment failed": "partner.payment.failed",
    "contact updated": "customer.contact.updated",
}
#: What is asked for -> the function and the route that answer, where it is no event.
ROUTES: Final[Mapping[What, tuple[str, str]]] = {
    "invoice ordered": (BILLING_API.function.name, "POST /invoices"),
    "invoice read": (BILLING_API.function.name, "GET /invoices/{invoice_id}"),
}
INTAKE_ROUTE: Final = "POST /events"

#: (function, what it handles) -> the measured work that is nearest; by the function alone where all is alike.
_WORKS: Final[Mapping[str, str]] = {
    INTAKE.name: "usage is forwarded",
    PAYMENTS.name: "a payment is applied",
    USAGE.name: "usage, known customers",
    MESSAGES.name: "an e-mail is sent",
    CONTACTS.name: "a contact is kept",
    RELAY.function.name: "an event is published",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """So many `records` a second of one measured work. `per_call` is how many a client sends at once, over HTTP."""

    function: str
    work: str
    trigger: Trigger
    records: float
    per_call: float = 1.0


@dataclass(slots=True, kw_only=True)
class Flows:
    """Of one mix, records a second. `published` are events on the bus by source; `foreign` is not our own source."""

    works: list[Work] = field(default_factory=list)
    handled: defaultdict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    published: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


#: The source of what other systems put on the bus.
FOREIGN: Final = "foreign"


def flows_of(mix: Mix, topology: Topology, *, rate: float, side: Side = "ours") -> Flows:
    """`rate` is requests a second. A plain consumer publishes for itself: its side has no relay."""
    router = _Router(topology=topology, outbox=side == "ours")
    for requests in mix.requests:
        router.request(requests, rate * requests.share)
    router.flows.works += _queue_works(router.flows.handled, topology)
    return router.flows


@dataclass(kw_only=True)
class _Router:
    topology: Topology
    outbox: bool
    flows: Flows = field(default_factory=Flows)

    def request(self, requests: Requests, per_second: float) -> None:
        if requests.what in ROUTES:
            self._answer(*ROUTES[requests.what], per_second)
        elif requests.by == "http":
            self._take_in(EVENTS[requests.what], per_second, requests.records_per_call)
        else:
            self._publish(EVENTS[requests.what], FOREIGN, per_second)

    def _answer(self, function: str, route: str, per_second: float) -> None:
        self.flows.works.append(Work(function=function, work=route, trigger="http", records=per_second))
        self._follow(function, route, per_second)

    def _take_in(self, type_: str, per_second: float, per_call: float) -> None:
        work = Work(
            function=INGESTION_API.function.name,
            work=INTAKE_ROUTE,
            trigger="http",
            records=per_second,
            per_call=per_call,
        )
        self.flows.works.append(work)
        self._deliver(INTAKE.name, type_, per_second)

    def _publish(self, type_: str, source: str, per_second: float) -> None:
        self.flows.published[source] += per_second
        for rule in self.topology.rules:
            if matches(rule, type_, source):
                self._deliver(rule.function, type_, per_second)

    def _deliver(self, function: str, type_: str, per_second: float) -> None:
        self.flows.handled[function, type_] += per_second
        self._follow(function, type_, per_second)

    def _follow(self, function: str, handled: str, per_second: float) -> None:
        followed = FOLLOWS.get((function, handled))
        if followed is None:
            return
        if followed.relayed and self.outbox:
            self.flows.handled[RELAY.function.name, followed.type] += per_second
        self._publish(followed.type, followed.source, per_second)


def matches(rule: Rule, type_: str, source: str) -> bool:
    return type_ in rule.types and (not rule.sources or source in rule.sources)


def _queue_works(handled: Mapping[tuple[str, str], float], topology: Topology) -> Iterable[Work]:
    """One work for each function that is fed by a queue or a stream."""
    totals: defaultdict[str, float] = defaultdict(float)
    for (function, _), per_second in handled.items():
        totals[function] += per_second
    streams: Sequence[StreamMapping] = topology.streams
    for function, per_second in totals.items():
        trigger: Trigger = "stream" if any(s.function == function for s in streams) else "queue"
        yield Work(function=function, work=_WORKS[function], trigger=trigger, records=per_second)
