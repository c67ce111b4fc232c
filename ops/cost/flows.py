"""What a mix of requests makes every function do: what comes in is routed by the rules, and so is what follows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Final, Literal, NamedTuple

from contracts.company import BATCHED
from events.batches import MOST
from functions.billing.manifest import API as BILLING_API
from functions.billing.manifest import PAYMENTS, RELAY, USAGE
from functions.billing.manifest import SOURCE as BILLING
from functions.ingestion.manifest import API as INGESTION_API
from functions.ingestion.manifest import CONSUMER as INTAKE
from functions.ingestion.manifest import SOURCE as INGESTION
from functions.notification.manifest import CONTACTS, MESSAGES
from functions.notification.manifest import SOURCE as NOTIFICATION
from ops.cost.figures import Mix, Requests, Side, What
from ops.cost.topology import Topology

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

#: What is measured of usage that has each its own message; the same by tens is another work (bench.scenarios).
FORWARDED: Final = "usage is forwarded"
KNOWN_CUSTOMERS: Final = "usage, known customers"
NEW_CUSTOMERS: Final = "usage, new customers"
#: (function, what it handles) -> the measured work that is nearest; by the function alone where all is alike.
_WORKS: Final[Mapping[str, str]] = {
    INTAKE.name: FORWARDED,
    PAYMENTS.name: "a payment is applied",
    USAGE.name: KNOWN_CUSTOMERS,
    MESSAGES.name: "an e-mail is sent",
    CONTACTS.name: "a contact is kept",
    RELAY.function.name: "an event is published",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """So many `records` a second of one measured work, by a manifest's function.

    `per_call` is how many a client sends at once, over HTTP; `per_message` how many are in a message of the queue, and
    `together` how many messages come to it at once, since their records came in together.
    """

    function: str
    work: str
    trigger: Trigger
    records: float
    per_call: float = 1.0
    per_message: float = 1.0
    together: float = 1.0


@dataclass(slots=True, kw_only=True)
class Flows:
    """Of one mix, a second. `published` are records on the bus by source, `entries` what they share; `foreign` is not
    our own source.

    `sent` are messages that the bus puts on a function's queue, `direct` those that come from an API. One message may
    be for several consumers: `handled` counts records by consumer and type, `taken` messages by consumer, and
    `calls` how often some of them come at once.
    """

    works: list[Work] = field(default_factory=list)
    handled: defaultdict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    published: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    entries: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    sent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    direct: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    taken: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    calls: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


#: Records in a message from which on it is more like one of ten than like one of one.
_SEVERAL: Final = 3
#: The source of what other systems put on the bus.
FOREIGN: Final = "foreign"


def by_tens(work: str) -> str:
    """What the same work is called where ten events share each message."""
    return f"{work}, by tens"


def flows_of(
    mix: Mix, topology: Topology, *, rate: float, side: Side = "ours", batched: bool = True, entry: float = 1.0
) -> Flows:
    """`rate` is requests a second. Where it is `batched`, the records of one call share a message, and so many of a
    batched type an `entry`.

    A plain consumer publishes for itself: its side has no relay.
    """
    router = _Router(topology=topology, outbox=side == "ours", batched=batched, entry=entry)
    for requests in mix.requests:
        router.request(requests, rate * requests.share)
    router.flows.works += _queue_works(router.flows)
    return router.flows


@dataclass(kw_only=True)
class _Router:
    topology: Topology
    outbox: bool
    batched: bool
    entry: float
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
        each = per_call / ceil(per_call / MOST) if self.batched else 1.0
        self.flows.direct[self.topology.deployed_as(INTAKE.name)] += per_second / each
        self._deliver(INTAKE.name, type_, per_second, per_second / each, together=per_call / each)

    def _publish(self, type_: str, source: str, per_second: float, together: float = 1.0) -> None:
        """A rule sends an event to a queue once, for however many of its function's consumers it is."""
        self.flows.published[source] += per_second
        each = self.entry if type_ in BATCHED else 1.0
        self.flows.entries[source] += per_second / each
        for rule in self.topology.rules:
            if rule.picks(type_, source):
                self.flows.sent[rule.function] += per_second / each
                for part in self.topology.takers(rule.function, type_, source):
                    self._deliver(part, type_, per_second, per_second / each, max(1.0, together / each))

    def _deliver(self, part: str, type_: str, per_second: float, messages: float, together: float) -> None:
        self.flows.handled[part, type_] += per_second
        self.flows.taken[part] += messages
        self.flows.calls[part] += messages / together
        self._follow(part, type_, per_second, together)

    def _follow(self, part: str, handled: str, per_second: float, together: float = 1.0) -> None:
        followed = FOLLOWS.get((part, handled))
        if followed is None:
            return
        if followed.relayed and self.outbox:
            self.flows.handled[RELAY.function.name, followed.type] += per_second
        self._publish(followed.type, followed.source, per_second, 1.0 if followed.relayed else together)


def _queue_works(flows: Flows) -> Iterable[Work]:
    """One work for each part that is fed by a queue or a stream."""
    totals: defaultdict[str, float] = defaultdict(float)
    for (part, _), per_second in flows.handled.items():
        totals[part] += per_second
    for part, per_second in totals.items():
        messages = flows.taken.get(part)
        per_message = per_second / messages if messages else 1.0
        shares = per_message >= _SEVERAL and part in (INTAKE.name, USAGE.name)
        yield Work(
            function=part,
            work=by_tens(_WORKS[part]) if shares else _WORKS[part],
            trigger="queue" if messages else "stream",
            records=per_second,
            per_message=per_message,
            together=messages / flows.calls[part] if messages else 1.0,
        )
