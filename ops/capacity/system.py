"""The deployed topology on a virtual clock: clients, APIs, the bus, queues, functions and the outbox's stream."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any, Final

from simpy import Environment

from contracts.company import BATCHED
from functions.billing.manifest import RELAY
from functions.ingestion.manifest import API as INGESTION_API
from functions.ingestion.manifest import CONSUMER as INTAKE
from ops.capacity.handlers import Handlers
from ops.capacity.lambdas import Lambdas, Step
from ops.capacity.later import after
from ops.capacity.messages import Message, together
from ops.capacity.notes import Notes
from ops.capacity.queues import Queue
from ops.capacity.scenario import Scenario
from ops.capacity.throttle import Throttle
from ops.capacity.world import World
from ops.cost.figures import Requests
from ops.cost.flows import EVENTS, FOLLOWS, FOREIGN, INTAKE_ROUTE, ROUTES
from ops.cost.scope import Scope
from ops.cost.topology import QueueMapping

#: Of virtual time, at most, until all that came in must be done: the queues keep messages for four days.
PATIENCE: Final = 4 * 86_400


@dataclass(kw_only=True)
class System:
    """One scenario, played once."""

    scope: Scope
    scenario: Scenario
    world: World
    seed: int
    env: Environment = field(default_factory=Environment)
    notes: Notes = field(default_factory=Notes)
    sent: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.topology = self.scope.topology
        self._routes = cache(self._routed)
        self._groups = {group.name: group for group in self.topology.groups}
        self.random = Random(self.seed)  # noqa: S311 - to be drawn again
        self.handlers = self._handlers()
        self.lambdas = self._lambdas()
        self.queues = {name: self._queue(name) for name in self.topology.queues}
        self._bus, self._stream, self._gateway = (
            self.world.latency(name, self.random) for name in ("bus", "stream", "gateway")
        )
        self._throttles = {
            name: Throttle(env=self.env, rate=api.rate, burst=api.burst) for name, api in self.topology.apis.items()
        }

    def play(self) -> Notes:
        """Until all that came in is done, or its patience is over."""
        for queue in self.queues.values():
            queue.start()
        for requests in self.scope.mix.requests:
            self.env.process(self._clients(requests))
        self.env.run(until=self.scenario.seconds)
        while self.open and self.env.now < PATIENCE:
            self.env.run(until=self.env.now + 1)
        return self.notes

    @property
    def open(self) -> int:
        """Records that are on their way to a consumer."""
        return self.sent.total() - self.notes.done.total()

    def _clients(self, requests: Requests) -> Generator[Any, Any, None]:
        """Poisson, second by second."""
        steady = self.scope.rate * requests.share / requests.records_per_call
        for second in range(int(self.scenario.seconds)):
            rate = steady * self.scenario.load(second)
            at = self.random.expovariate(rate) if rate else 1.0
            while at < 1.0:
                yield self.env.timeout(max(0.0, second + at - self.env.now))
                self._ask(requests)
                at += self.random.expovariate(rate)

    def _ask(self, requests: Requests) -> None:
        count = round(requests.records_per_call)
        if requests.what in ROUTES:
            function, route = ROUTES[requests.what]
            self.env.process(self._answer(function, route, 1, lambda born: self._follow(function, route, 1, born)))
        elif requests.by == "http":
            function, type_ = INGESTION_API.function.name, EVENTS[requests.what]
            self.env.process(self._answer(function, INTAKE_ROUTE, count, lambda born: self._queued(type_, count, born)))
        else:
            self.notes.accepted[requests.what] += count
            self._publish(EVENTS[requests.what], FOREIGN, count, self.env.now)

    def _answer(self, part: str, route: str, count: int, then: Callable[[float], None]) -> Generator[Any, Any, None]:
        """A call of an API. What is refused was not accepted: the client sends it again."""
        born, function = self.env.now, self.topology.deployed_as(part)
        self.notes.rates["API Gateway, account"].add(born, 1)
        down = self.handlers.is_down(part, count, born, work=route)
        warm = None if down or not self._throttles[part].admits() else self.lambdas.take(function)
        if warm is None:
            self.notes.refused[part] += count
            return

        def answered() -> None:
            self.handlers.note(part, self.handlers.point(part, count, work=route), self.env.now)
            self.notes.answers[f"{part} {route}"].add(self.env.now - born, 1)
            self.notes.accepted[route] += count
            then(born)

        yield self.env.timeout(self._gateway.draw())
        step = (self.handlers.seconds(part, count, work=route), answered)
        yield from self.lambdas.run(function, (step,), warm=warm)

    def _queued(self, type_: str, count: int, born: float) -> None:
        messages, each = together(count)
        message = Message(type_, messages, (INTAKE.name,), born, self.env.now, each=each)
        self._send(self.topology.deployed_as(INTAKE.name), message)

    def _handle(self, queue: str, batch: list[Message]) -> list[Step]:
        """A queue's batch: each part of the function its share, in the order in which they are called."""
        if queue not in self._groups:
            return [self._step(queue, batch)]
        shares: dict[str, list[Message]] = {}
        for message in batch:
            for part in message.takers:
                shares.setdefault(part, []).append(message)
        parts = [consumer.name for consumer in self._groups[queue].consumers if consumer.name in shares]
        (seconds, then), *others = (self._step(part, shares[part]) for part in parts)
        handed_on = self.handlers.handing_on(queue, sum(message.count for message in batch))
        return [(handed_on + seconds, then), *others]

    def _step(self, part: str, share: list[Message]) -> Step:
        records = sum(message.records for message in share)
        if self.handlers.is_down(part, records, self.env.now):
            seconds = self.handlers.failing_seconds(part, records, self.env.now)
            return seconds, lambda: self._defer(part, share)
        self.handlers.note(part, self.handlers.point(part, records), self.env.now)
        return self.handlers.seconds(part, records), lambda: self._done(part, share)

    def _defer(self, part: str, share: list[Message]) -> None:
        queue = self.queues[self.topology.deployed_as(part)]
        by_deferrals: defaultdict[int, list[Message]] = defaultdict(list)
        for message in share:
            self.notes.deferred[part] += message.records
            by_deferrals[message.deferrals].append(message.deferred(part))
        for deferrals, messages in by_deferrals.items():
            queue.send_back(messages, delay=self.handlers.backoff(deferrals))

    def _done(self, part: str, share: list[Message]) -> None:
        now = self.env.now
        for message in share:
            self.notes.done[part] += message.records
            self.notes.critical[part].add(now - message.told, message.records)
            self.notes.whole[f"{message.type} at {part}"].add(now - message.born, message.records)
            self._follow(part, message.type, message.records, message.born)

    def _follow(self, part: str, handled: str, count: int, born: float) -> None:
        followed = FOLLOWS.get((part, handled))
        if followed is None:
            return
        if not followed.relayed:
            self._publish(followed.type, followed.source, count, born)
            return
        relay = RELAY.function.name
        self.sent[relay] += count
        written, seconds = self.env.now, self._stream.draw() + self.handlers.seconds(relay, count)

        def relayed() -> None:
            self.notes.done[relay] += count
            self.notes.critical[relay].add(self.env.now - written, count)
            self.handlers.note(relay, self.handlers.point(relay, count), self.env.now)
            self._publish(followed.type, followed.source, count, born)

        after(self.env, seconds, relayed)

    def _publish(self, type_: str, source: str, count: int, born: float) -> None:
        """Records of one message share an entry, if their type is batched. Those of other messages would, too."""
        entries, each = together(count) if type_ in BATCHED else (count, 1)
        for queue, takers in self._routes(type_, source):
            self.notes.rates["EventBridge invocations"].add(self.env.now, entries)
            message = Message(type_, entries, takers, born, self.env.now, each=each)
            self._send(queue, message, delay=self._bus.draw())

    def _routed(self, type_: str, source: str) -> list[tuple[str, Sequence[str]]]:
        """The queues that an event comes to, and whom it is for there."""
        picked = [rule.function for rule in self.topology.rules if rule.picks(type_, source)]
        return [(queue, self.topology.takers(queue, type_, source)) for queue in picked]

    def _send(self, queue: str, message: Message, delay: float = 0.0) -> None:
        self.sent[queue] += message.records * len(message.takers)
        self.queues[queue].send(message, delay=delay)

    def _handlers(self) -> Handlers:
        works = {work.function: work for work in self.scope.flows.works if work.trigger != "http"}
        queues: Mapping[str, QueueMapping] = self.topology.queues
        return Handlers(
            timing=self.scope.timing,
            world=self.world,
            random=self.random,
            notes=self.notes,
            outage=self.scenario.outage,
            works=works,
            processes={
                part: queues[self.topology.deployed_as(part)].max_concurrency
                for part, work in works.items()
                if work.trigger == "queue"
            },
            cold=self.scenario.cold,
        )

    def _lambdas(self) -> Lambdas:
        """Warm as after hours at the steady rate, or not at all."""
        warm: Counter[str] = Counter()
        if not self.scenario.cold:
            warm.update({name: int(self.world["first_pollers"]) for name in self.topology.queues})
            for run in self.scope.runs:
                if run.trigger == "http":
                    warm[run.function] += 2 + round(3 * run.concurrency)
        return Lambdas(
            env=self.env,
            notes=self.notes,
            limit=int(self.world.quotas["Lambda concurrency"].value),
            cold_start=self.world.latency("cold start", self.random),
            warm=warm,
        )

    def _queue(self, name: str) -> Queue:
        return Queue(
            env=self.env,
            mapping=self.topology.queues[name],
            lambdas=self.lambdas,
            notes=self.notes,
            pickup=self.world.latency("queue", self.random),
            invoke=self.world.latency("invoke", self.random),
            part=int(self.scope.assumptions["part_of_a_call"]),
            first=int(self.world["first_pollers"]),
            growth=self.world["pollers_per_minute"],
            handle=self._handle,
        )
