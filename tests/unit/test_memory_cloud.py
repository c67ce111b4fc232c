from __future__ import annotations

import json
from datetime import timedelta

import pytest

from events.envelope import CloudEvent
from functions.billing.manifest import RELAY
from functions.billing.manifest import SERVICE as BILLING
from functions.ingestion.manifest import SERVICE as INGESTION
from functions.notification.manifest import SERVICE as NOTIFICATION
from local.memory.cloud import MemoryCloud
from local.memory.idempotency import MemoryIdempotency
from local.memory.latency import Latency, Span
from runtime.consumer import QueueConsumer
from runtime.errors import BusinessRuleViolated, DependencyUnavailable
from runtime.idempotency import Once
from runtime.manifest import Function, HttpApi, Relay, Schedule
from runtime.outbox import Change, OutboxRelay
from runtime.outcome import Outcome
from runtime.publisher import Publisher
from tests.unit.memory_builders import START, a_consumer, a_service, an_entry, bodies


def a_cloud(seed: int = 1, **settings) -> MemoryCloud:
    return MemoryCloud(seed=seed, start=START, **settings)


def an_event(type_: str = "order.placed", number: int = 1, **changes) -> CloudEvent:
    return CloudEvent(id=f"evt-{number}", source="shop", type=type_, time="2026-05-20T14:30:00Z", **changes)


def a_publisher(cloud):
    return Publisher(cloud.bus, cloud.bus.name, cloud.clock, jitter=cloud.random.uniform)


def deploy_consumer(cloud, consumer, handle, **settings):
    """A handler on the real runtime, deployed as a service of its own."""
    function = QueueConsumer(
        consumer,
        handle,
        publisher=a_publisher(cloud),
        queue=cloud.queue_port(consumer),
        clock=cloud.clock,
        jitter=cloud.random.uniform,
        **settings,
    )
    cloud.deploy(a_service(consumer), {consumer.name: function})


class Handler:
    def __init__(self, *, out=None, error=None):
        self.seen = []
        self._out = out
        self._error = error

    def __call__(self, event):
        self.seen.append(event)
        if self._error is not None:
            raise self._error
        if self._out is None:
            return Outcome()
        return Outcome((event.caused(self._out, source="shop", data={}, time=START),))


def test_an_event_goes_through_three_services():
    cloud = a_cloud()
    last = Handler()
    deploy_consumer(cloud, a_consumer("first", "a"), Handler(out="b"))
    deploy_consumer(cloud, a_consumer("second", "b"), Handler(out="c"))
    deploy_consumer(cloud, a_consumer("third", "c"), last)

    cloud.publish(an_event("a"))
    cloud.run()

    assert [(e.type, e.correlation_id) for e in last.seen] == [("c", "evt-1")]
    assert all(len(cloud.queue(name)) == len(cloud.dlq(name)) == 0 for name in ("first", "second", "third"))


def test_a_permanent_error_is_a_dead_letter_with_its_reason():
    cloud, handler = a_cloud(), Handler(error=BusinessRuleViolated("already paid"))
    deploy_consumer(cloud, a_consumer("billing", "order.placed"), handler)

    cloud.publish(an_event())
    cloud.run()

    (dead,) = cloud.dlq("billing").peek()
    assert len(handler.seen) == 1
    assert (dead.attributes["reason"], dead.attributes["event_id"]) == ("business_rule", "evt-1")


def test_a_transient_error_is_a_dead_letter_when_it_lasted_three_tries():
    cloud, handler = a_cloud(), Handler(error=DependencyUnavailable("down"))
    deploy_consumer(cloud, a_consumer("billing", "order.placed"), handler)

    cloud.publish(an_event())
    cloud.run()

    (dead,) = cloud.dlq("billing").peek()
    assert len(handler.seen) == 3
    assert (dead.attributes["reason"], dead.attributes["attempts"]) == ("dependency_unavailable", "3")
    assert cloud.clock.now() > START + timedelta(seconds=2)


def test_nothing_runs_twice_when_events_come_again():
    cloud, handler = a_cloud(), Handler()
    consumer = a_consumer("mail", "order.placed")
    once = Once(MemoryIdempotency(clock=cloud.clock), consumer.name)
    deploy_consumer(cloud, consumer, handler, once=once)

    cloud.publish(an_event(), an_event())
    cloud.run()
    cloud.publish(an_event())
    cloud.run()

    assert len(handler.seen) == 1


def test_a_redriven_message_is_handled_again():
    cloud, handler = a_cloud(), Handler(error=BusinessRuleViolated("not yet"))
    deploy_consumer(cloud, a_consumer("billing", "order.placed"), handler)
    cloud.publish(an_event())
    cloud.run()
    handler._error = None

    moved = cloud.redrive("billing")
    cloud.run()

    assert moved == 1
    assert [e.id for e in handler.seen] == ["evt-1", "evt-1"]
    assert len(cloud.dlq("billing")) == 0


def test_outbox_events_are_relayed_to_the_bus():
    cloud, handler = a_cloud(), Handler()
    relay = Relay(function=Function(name="billing-relay", handler="x", timeout=10), event_types=("echo",))
    consumer = a_consumer("reader", "invoice.paid")
    deploy_consumer(cloud, consumer, handler)
    cloud.stream("billing-relay").put(Change(key="k", new=(an_event("invoice.paid").to_json(),)))

    billing = a_consumer("billing", "order.placed")
    cloud.deploy(
        a_service(billing, relays=(relay,)),
        {
            "billing": lambda *_: None,
            "billing-relay": OutboxRelay(
                a_publisher(cloud), cloud.dead_letters(RELAY), name="billing-relay", clock=cloud.clock
            ),
        },
    )
    cloud.run()

    assert [e.id for e in handler.seen] == ["evt-1"]


def test_a_schedule_runs_when_it_is_told_to():
    cloud, seen = a_cloud(), []
    close = Schedule(function=Function(name="close", handler="x", timeout=10), expression="rate(1 day)")
    cloud.deploy(
        a_service(a_consumer("billing", "a"), schedules=(close,)),
        {"billing": lambda *_: None, "close": lambda event, _: seen.append(event["time"])},
    )

    cloud.run_schedule("close")

    assert seen == ["2026-05-20T14:30:00Z"]


def test_an_api_function_can_be_called_directly():
    cloud = a_cloud()
    api = HttpApi(function=Function(name="api", handler="x", timeout=10), routes=("GET /x",))
    service = a_service(a_consumer("billing", "a"), apis=(api,))
    cloud.deploy(service, {"billing": lambda *_: None, "api": lambda event, _: {"statusCode": 200, "body": event["x"]}})

    assert cloud.invoke("api", {"x": "y"}) == {"statusCode": 200, "body": "y"}


def test_a_deployment_is_refused_when_a_handler_is_missing():
    with pytest.raises(ValueError, match=r"no handler for \['billing'\], no function for \['biling'\]"):
        a_cloud().deploy(a_service(a_consumer("billing", "a")), {"biling": lambda *_: None})


def test_a_publication_is_refused_when_the_bus_refuses_it():
    with pytest.raises(ValueError, match="NotAuthorizedForSource"):
        a_cloud().publish(CloudEvent(id="1", source="aws.ec2", type="a"))


def run_of(seed):
    cloud = a_cloud(
        seed,
        latency=Latency(bus=Span(0.001, 5), poll=Span(0.001, 5), function=Span(0.01, 3)),
        log_limit=10_000,
    )
    failures = iter([True, False, False] * 100)

    def handle(_):
        if next(failures):
            raise DependencyUnavailable("down")
        return Outcome()

    deploy_consumer(cloud, a_consumer("billing", "order.placed", batch_size=3), handle)
    cloud.publish(*(an_event(number=number) for number in range(50)))
    cloud.run()
    return list(cloud.log)


def test_two_runs_are_the_same_when_their_seeds_are():
    assert run_of(7) == run_of(7)


def test_two_runs_differ_when_their_seeds_do():
    assert run_of(7) != run_of(8)


def test_the_log_has_each_hop_when_it_is_asked_for():
    cloud = a_cloud(log_limit=100)
    cloud.deploy(a_service(a_consumer("billing", "order.placed")), {"billing": lambda *_: None})

    cloud.put_events([an_entry()])
    cloud.run()

    assert [(hop.where, hop.what) for hop in cloud.log] == [
        (f"bus {cloud.bus.name}", "order.placed"),
        ("rule billing-events", "to queue billing"),
        ("function billing", "1 records"),
    ]


def test_the_log_is_empty_when_nobody_asked_for_it():
    cloud = a_cloud()

    cloud.put_events([an_entry()])

    assert len(cloud.log) == 0


def test_the_whole_envelope_reaches_the_function():
    cloud, seen = a_cloud(), []
    cloud.deploy(a_service(a_consumer("billing", "order.placed")), {"billing": lambda e, _: seen.extend(bodies(e))})

    cloud.put_events([an_entry()])
    cloud.run()

    assert json.loads(seen[0])["detail"] == {"number": 1}


def test_the_wiring_says_what_the_manifests_say():
    cloud = a_cloud()
    for service in (INGESTION, BILLING, NOTIFICATION):
        cloud.deploy(service, {function.name: lambda *_: None for function in service.functions})

    wiring = cloud.wiring()

    consumers = [c for s in (INGESTION, BILLING, NOTIFICATION) for c in s.consumers]
    assert wiring["rules"]["notification-invoices"] == {
        "bus": "own",
        "pattern": dict(NOTIFICATION.consumers[0].subscriptions[0].pattern),
        "queue": "notification",
        "dead_letter_queue": "notification-dlq",
    }
    assert set(wiring["pollers"]) == {c.name for c in consumers}
    for consumer in consumers:
        assert wiring["queues"][consumer.name] == {
            "visibility_timeout": consumer.visibility_timeout,
            "max_receive_count": consumer.max_receive_count,
            "dead_letter_queue": f"{consumer.name}-dlq",
        }
    relay, close = BILLING.relays[0], BILLING.schedules[0]
    assert wiring["streams"] == {
        relay.function.name: {
            "batch_size": relay.batch_size,
            "max_attempts": None,
            "bisect": True,
            "timeout": relay.function.timeout,
        }
    }
    assert wiring["schedules"] == {close.function.name: close.expression}
