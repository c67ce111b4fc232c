"""A consumer as Lambda runs it: the real queue, bus and idempotency table, named by the environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runtime.aws import later
from runtime.claim_check import ClaimChecks, S3ClaimChecks
from runtime.clock import SystemClock
from runtime.consumer import OnUnreadable, QueueConsumer
from runtime.emf import Emf
from runtime.idempotency import Once, dynamodb_store
from runtime.lambda_tracing import tracer_from_env
from runtime.manifest import Consumer, Relay
from runtime.meter import ConsumerMeter, RelayMeter
from runtime.metrics import namespace
from runtime.outbox import OutboxRelay
from runtime.outcome import Handle, Together
from runtime.publisher import MAX_BYTES, EventBridgeBus, Publisher
from runtime.queue import SqsDeadLetters, SqsQueue
from runtime.settings import Settings


class ClaimSettings(Settings):
    claim_bucket: str


class BusSettings(ClaimSettings):
    event_bus_name: str
    put_events_max_bytes: int = MAX_BYTES


class RelaySettings(BusSettings):
    dead_letter_queue_url: str


class ConsumerSettings(RelaySettings):
    queue_url: str


class MeterSettings(Settings):
    stage: str


class OnceSettings(Settings):
    idempotency_table: str


def claims_from_env(environ: Mapping[str, str]) -> ClaimChecks:
    return S3ClaimChecks(later("s3"), bucket=ClaimSettings.from_env(environ).claim_bucket)


def publisher_from_env(environ: Mapping[str, str], *, batched: Sequence[str] = ()) -> Publisher:
    """`batched` are event types, as in the service's manifest. Raises ConfigurationError."""
    settings = BusSettings.from_env(environ)
    return Publisher(
        EventBridgeBus(later("events")),
        settings.event_bus_name,
        SystemClock(),
        claims=claims_from_env(environ),
        max_bytes=settings.put_events_max_bytes,
        batched=batched,
        tracer=tracer_from_env(environ),
    )


def relay_from_env(spec: Relay, environ: Mapping[str, str]) -> OutboxRelay:
    """Raises ConfigurationError that names every missing variable."""
    dead_letters = SqsDeadLetters(later("sqs"), dead_letter_url=RelaySettings.from_env(environ).dead_letter_queue_url)
    return OutboxRelay(
        publisher_from_env(environ),
        dead_letters,
        name=spec.function.name,
        clock=SystemClock(),
        tracer=tracer_from_env(environ),
        meter=RelayMeter(_emf(spec.function.name, spec.event_types, environ)),
    )


def consumer_from_env(
    spec: Consumer,
    handle: Handle | Together,
    environ: Mapping[str, str],
    *,
    on_unreadable: OnUnreadable | None = None,
    batched: Sequence[str] = (),
) -> QueueConsumer:
    """`batched` are event types, as in the service's manifest.

    Raises ConfigurationError that names every missing variable.
    """
    settings = ConsumerSettings.from_env(environ)
    queue = SqsQueue(later("sqs"), url=settings.queue_url, dead_letter_url=settings.dead_letter_queue_url)
    return QueueConsumer(
        spec,
        handle,
        publisher=publisher_from_env(environ, batched=batched),
        queue=queue,
        clock=SystemClock(),
        claims=claims_from_env(environ),
        once=_once(spec, environ),
        on_unreadable=on_unreadable,
        tracer=tracer_from_env(environ),
        meter=ConsumerMeter(_emf(spec.name, spec.event_types, environ), spec.slo),
    )


def _emf(function: str, event_types: Sequence[str], environ: Mapping[str, str]) -> Emf:
    return Emf(function, event_types, namespace=namespace(MeterSettings.from_env(environ).stage))


def _once(spec: Consumer, environ: Mapping[str, str]) -> Once | None:
    if spec.dedup == "state":
        return None
    return Once(dynamodb_store(OnceSettings.from_env(environ).idempotency_table), spec.name)
