"""The memory cloud: services, deployed from their manifests, in one process on virtual time.

    cloud = MemoryCloud(seed=1, start=datetime(2026, 5, 20, tzinfo=UTC))
    cloud.deploy(billing.SERVICE, {"billing": consumer, "billing-relay": relay, "billing-close": close})
    cloud.publish(event)
    cloud.run()

The same seed, deployments and calls give the same run, to the microsecond and the message id. What a handler
needs of the cloud (`bus`, `clock`, `queue_port`, `stream`) is there before it is deployed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

from events.binding import to_entry
from events.envelope import CloudEvent
from local.memory.bus import MemoryBus
from local.memory.clock import VirtualClock
from local.memory.functions import Handler, MemoryFunction, Network, PerSandbox, Poller
from local.memory.latency import Latency
from local.memory.ports import QueuePort
from local.memory.queue import ACCOUNT, REGION, Disorder, MemoryQueue, in_time
from local.memory.stream import MemoryStream
from local.memory.wiring import name_of, poller_wiring, queue_wiring
from runtime.manifest import Consumer, Function, Relay, Schedule, Service
from runtime.topology import Group


class Hop(NamedTuple):
    """Something on its way: an event's id at the bus or a rule, an invocation's id at a function."""

    time: datetime
    where: str
    what: str
    id: str


class MemoryCloud:
    """`log` has the last `log_limit` hops; with the default of 0 it stays empty and costs nothing.

    `network` is what lies between functions and services, `disorder` what consumers' queues do to their messages.
    """

    def __init__(
        self,
        *,
        seed: int,
        start: datetime,
        latency: Latency | None = None,
        bus_name: str = "breakwater-memory",
        archive: bool = False,
        log_limit: int = 0,
        network: Callable[[VirtualClock], Network] | None = None,
        disorder: Disorder = in_time,
    ) -> None:
        self.clock = VirtualClock(start)
        self.random = Random(seed)  # noqa: S311 - a simulation's dice, which must fall the same way again
        self.latency = latency or Latency()
        self.log: deque[Hop] = deque(maxlen=log_limit)
        self._trace = self._record if log_limit else None
        self.bus = self._new_bus(bus_name, archive=archive)
        self.default_bus = self._new_bus("default", archive=False)
        self._network = network and network(self.clock)
        self._disorder = disorder
        self._services: list[Service] = []
        self._queues: dict[str, MemoryQueue] = {}
        self._functions: dict[str, MemoryFunction] = {}
        self._pollers: dict[str, Poller] = {}
        self._streams: dict[str, MemoryStream] = {}
        self._schedules: dict[str, Schedule] = {}

    def deploy(self, service: Service, handlers: Mapping[str, Handler | PerSandbox]) -> None:
        """Build what the manifest says, `handlers` by function name. APIs may go without: HTTP is not simulated.

        Raises ValueError naming the functions that have no handler, and InvalidPattern as PutRule would.
        """
        known = {function.name for function in service.functions}
        missing = known - {api.function.name for api in service.apis} - handlers.keys()
        unknown = handlers.keys() - known
        if missing or unknown:
            raise ValueError(f"{service.name}: no handler for {sorted(missing)}, no function for {sorted(unknown)}")
        self._services.append(service)
        for function in service.functions:
            if function.name in handlers:
                self._functions[function.name] = self._new_function(function, handlers[function.name])
        for consumer in service.consumers:
            self._connect(consumer)
        for relay in service.relays:
            self._attach(relay)
        self._schedules |= {schedule.function.name: schedule for schedule in service.schedules}

    def deploy_group(self, group: Group, handler: Handler | PerSandbox) -> None:
        """Services in one function, behind one queue. Each part is found by its manifest's name as before.

        Raises InvalidPattern as PutRule would.
        """
        function = self._new_function(group.function, handler)
        self._functions |= dict.fromkeys((group.name, *(part.name for part in group.functions)), function)
        queue = self._queue_of(group.consumer)
        for part in group.functions:
            self._queues |= {part.name: queue, _dlq(part.name): self._queues[_dlq(group.name)]}
        self._services.extend(group.services)
        self._connect(group.consumer)
        for relay in group.relays:
            self._attach(relay)
        self._schedules |= {schedule.function.name: schedule for schedule in group.schedules}

    def put_events(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """PutEvents: its answer, as AWS gives it. Raises BusRefused for a call that AWS would refuse whole."""
        return self.bus.put_events(entries)

    def publish(self, *events: CloudEvent) -> None:
        """Put the events on the bus, each in a call of its own. Raises ValueError for one that the bus refuses."""
        for event in events:
            answer = self.put_events([to_entry(event, self.bus.name)])
            if answer["FailedEntryCount"]:
                raise ValueError(f"{event.type} {event.id}: {answer['Entries'][0]}")

    def run(self, limit: int = 10_000_000) -> int:
        """Until nothing is left to do; the number of steps. Raises StillBusy after `limit` of them."""
        return self.clock.run_until_idle(limit)

    def queue(self, name: str) -> MemoryQueue:
        """A consumer's queue. Raises KeyError for an unknown name."""
        return self._queues[name]

    def dlq(self, name: str) -> MemoryQueue:
        """The DLQ of a consumer's queue."""
        return self._queues[_dlq(name)]

    def redrive(self, name: str) -> int:
        """Move what is in the DLQ back, as new messages: what StartMessageMoveTask does. The number moved."""
        messages = self.dlq(name).peek()
        self.dlq(name).purge()
        for message in messages:
            self.queue(name).send(message.body, message.attributes)
        return len(messages)

    def function(self, name: str) -> MemoryFunction:
        return self._functions[name]

    def invoke(self, name: str, event: dict[str, Any]) -> Any:
        """Call a function directly, as an HTTP API does. Raises InvocationFailed."""
        return self._functions[name].invoke(event)

    def run_schedule(self, name: str) -> Any:
        """Call a scheduled function now, as EventBridge Scheduler does. Raises InvocationFailed."""
        schedule = self._schedules[name]
        return self.invoke(
            schedule.function.name,
            {
                "version": "0",
                "id": f"{self.random.getrandbits(128):032x}",
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": ACCOUNT,
                "time": f"{self.clock.now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "region": REGION,
                "resources": [f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{schedule.function.name}"],
                "detail": "{}",
            },
        )

    def queue_port(self, consumer: Consumer) -> QueuePort:
        """The consumer's runtime.queue.Queue."""
        queue = self._queue_of(consumer)
        return QueuePort(queue, self._queues[_dlq(consumer.name)])

    def dead_letters(self, relay: Relay) -> QueuePort:
        """Where the relay puts events that can never be published: its runtime.queue.DeadLetters."""
        name = _dlq(relay.function.name)
        if name not in self._queues:
            self._queues[name] = MemoryQueue(name, clock=self.clock, random=self.random)
        return QueuePort(self._queues[name], self._queues[name])

    def stream(self, name: str) -> MemoryStream:
        """The stream that the relay function `name` reads; before it is deployed, changes wait in it."""
        if name not in self._streams:
            self._streams[name] = MemoryStream(name, clock=self.clock, random=self.random, latency=self.latency)
        return self._streams[name]

    def wiring(self) -> dict[str, Any]:
        """What is connected to what, and how, as plain data: to be held against the deployed templates."""
        return {
            "rules": {
                rule.name: {
                    "bus": which,
                    "pattern": dict(rule.pattern),
                    "queue": rule.target.name,
                    "dead_letter_queue": name_of(rule.dead_letter_queue),
                }
                for which, bus in self._buses().items()
                for rule in bus.rules
            },
            "queues": {queue.name: queue_wiring(queue) for queue in self._queues.values()},
            "pollers": {name: poller_wiring(poller) for name, poller in self._pollers.items()},
            "streams": {
                name: {
                    "batch_size": stream.batch_size,
                    "max_attempts": stream.max_attempts,
                    "bisect": stream.bisect,
                    "timeout": self._functions[name].timeout,
                }
                for name, stream in self._streams.items()
                if name in self._functions
            },
            "schedules": {name: schedule.expression for name, schedule in self._schedules.items()},
        }

    def _new_bus(self, name: str, *, archive: bool) -> MemoryBus:
        return MemoryBus(
            name,
            clock=self.clock,
            random=self.random,
            latency=self.latency.bus,
            archive=archive,
            trace=self._trace,
        )

    def _buses(self) -> Mapping[str, MemoryBus]:
        """By their names in a Subscription."""
        return {"own": self.bus, "default": self.default_bus}

    def _connect(self, consumer: Consumer) -> None:
        queue = self._queue_of(consumer)
        for subscription in consumer.subscriptions:
            self._buses()[subscription.bus].add_rule(
                f"{consumer.name}-{subscription.name}",
                subscription.pattern,
                queue,
                dead_letter_queue=self._queues[_dlq(consumer.name)],
            )
        self._pollers[consumer.name] = Poller(
            queue,
            self._functions[consumer.function.name],
            clock=self.clock,
            random=self.random,
            latency=self.latency,
            batch_size=consumer.batch_size,
            batching_window=consumer.batching_window,
            max_concurrency=consumer.max_concurrency,
        )

    def _attach(self, relay: Relay) -> None:
        name = relay.function.name
        self.stream(name).attach(self._functions[name], batch_size=relay.batch_size)

    def _queue_of(self, consumer: Consumer) -> MemoryQueue:
        if consumer.name not in self._queues:
            dead_letters = MemoryQueue(_dlq(consumer.name), clock=self.clock, random=self.random)
            self._queues[dead_letters.name] = dead_letters
            self._queues[consumer.name] = MemoryQueue(
                consumer.name,
                clock=self.clock,
                random=self.random,
                visibility_timeout=consumer.visibility_timeout,
                max_receive_count=consumer.max_receive_count,
                dead_letter_queue=dead_letters,
                disorder=self._disorder,
            )
        return self._queues[consumer.name]

    def _new_function(self, spec: Function, handler: Handler | PerSandbox) -> MemoryFunction:
        return MemoryFunction(
            spec.name,
            handler,
            clock=self.clock,
            random=self.random,
            timeout=spec.timeout,
            memory_mib=spec.memory_mib,
            trace=self._trace,
            network=self._network,
        )

    def _record(self, where: str, what: str, id: str) -> None:  # noqa: A002 - as in Hop
        self.log.append(Hop(self.clock.now(), where, what, id))


def _dlq(name: str) -> str:
    return f"{name}-dlq"
