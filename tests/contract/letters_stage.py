"""A stage with dead letters on moto: every queue of the manifests, the trail's table, and what puts letters there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from events.binding import to_entry
from events.envelope import CloudEvent
from infra.config import OPERATIONS_INDEX
from ops.letters.desk import Desk
from ops.letters.places import places
from ops.letters.trail import table_name
from ops.target import Target
from runtime.errors import BreakwaterError, BusinessRuleViolated
from runtime.queue import SqsDeadLetters, reason
from tests.unit.event_builders import paid
from tests.unit.runtime_fakes import FakeClock

STAGE = "dev"
REGION = "us-east-1"
DIED = datetime(2026, 5, 31, 12, tzinfo=UTC)


_numbers = count(1)


def new_id() -> UUID:
    return UUID(int=next(_numbers) << 80)


@dataclass
class FakeLambda:
    """Takes every asynchronous call."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    status: int = 202

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert InvocationType == "Event"
        self.calls.append((FunctionName, Payload.decode()))
        return {"StatusCode": self.status}


class StageOfLetters:
    """Everything of the stage `dev` that dead letters have to do with, on moto. Enter mock_aws first."""

    def __init__(self) -> None:
        self.lambda_ = FakeLambda()
        self.clock = ticking()
        self.target = Target.named(STAGE)
        self.target.clients["lambda"] = self.lambda_
        for service in ("sqs", "dynamodb", "events", "s3", "sts"):
            self.target.client(service)
        self.sqs = boto3.client("sqs")
        self.places = {place.name: place for place in places(self.target)}
        for place in self.places.values():
            for name in filter(None, (place.queue, place.source)):
                self.sqs.create_queue(QueueName=name)
        boto3.client("events").create_event_bus(Name=self.target.bus_name)
        bucket = self.target.stage.payload_bucket(account=DEFAULT_ACCOUNT_ID, region=REGION)
        boto3.client("s3").create_bucket(Bucket=bucket)
        create_trail(table_name(self.target.stage))

    def desk(self, *, user: str = "ada@laptop", clock: Any = None, patience: float = 0.0, **settings: Any) -> Desk:
        """One operator. Clients take long to make, so all have the same ones, until a test gives one others."""
        target = Target(stage=self.target.stage, aws=self.target.aws, clients=dict(self.target.clients))
        return Desk(target=target, user=user, clock=clock or self.clock, new_id=new_id, patience=patience, **settings)

    def bury(
        self,
        event: CloudEvent,
        place: str = "notification-dlq",
        error: BreakwaterError | Exception | None = None,
        *,
        bare: bool = False,
        failed_at: datetime = DIED,
    ) -> str:
        """As the runtime does it; what the message's body is."""
        owner = self.places[place].owner
        attributes = reason(
            error or BusinessRuleViolated(f"invoice 'inv_{event.id}' is void"),
            consumer=owner,
            attempts=3,
            first_seen="2026-05-31T11:00:00Z",
            failed_at=failed_at,
            event=event,
        )
        body = event.to_json() if bare else envelope(event)
        SqsDeadLetters(self.sqs, dead_letter_url=self.url(self.places[place].queue)).dead_letter(body, attributes)
        return body

    def drop(self, place: str, body: str, **attributes: str) -> None:
        """As anybody may do it, with these message attributes."""
        self.sqs.send_message(
            QueueUrl=self.url(self.places[place].queue),
            MessageBody=body,
            MessageAttributes={n: {"DataType": "String", "StringValue": v} for n, v in attributes.items()},
        )

    def url(self, queue: str) -> str:
        return str(self.sqs.get_queue_url(QueueName=queue)["QueueUrl"])

    def dead(self, place: str) -> list[str]:
        """The bodies in a dead-letter queue, held or not."""
        return [message.body for message in messages(self.places[place].queue)]

    def delivered(self, consumer: str) -> list[str]:
        """The bodies in a consumer's queue."""
        return [message.body for message in messages(self.target.stage.resource_name(consumer))]

    def free(self, place: str) -> int:
        """How many letters anybody could receive right now."""
        return sum(message.visible_at == 0 or message.visible for message in messages(self.places[place].queue))

    def empty(self) -> None:
        """No message in any queue."""
        for place in self.places.values():
            for name in filter(None, (place.queue, place.source)):
                queue = sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[name]
                queue._messages.clear()
                queue.pending_messages.clear()

    def forget(self) -> None:
        """No operation was ever begun. To moto each transaction costs a copy of the whole trail."""
        name = table_name(self.target.stage)
        boto3.client("dynamodb").delete_table(TableName=name)
        create_trail(name)

    def let_leases_lapse(self) -> None:
        """As if their time had passed."""
        for place in self.places.values():
            for message in messages(place.queue):
                message.visible_at = 0


def create_trail(name: str) -> None:
    """As infra/components/operations.py has it."""
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    index = [("event", "HASH"), ("at", "RANGE")]
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n, _ in keys + index],
        KeySchema=[{"AttributeName": n, "KeyType": t} for n, t in keys],
        GlobalSecondaryIndexes=[
            {
                "IndexName": OPERATIONS_INDEX,
                "KeySchema": [{"AttributeName": n, "KeyType": t} for n, t in index],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


def messages(queue: str) -> list[Any]:
    return list(sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[queue]._messages)


def envelope(event: CloudEvent, **changes: Any) -> str:
    """As EventBridge puts it on a queue."""
    entry = to_entry(event, "bus")
    members = {
        "version": "0",
        "id": "5b7f1e9c-0000-4000-8000-000000000000",
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": DEFAULT_ACCOUNT_ID,
        "time": "2026-05-31T11:00:00Z",
        "region": REGION,
        "resources": [],
        "detail": event.to_dict(),
    }
    return json.dumps(members | changes)


def payments(number: int, start: int = 0) -> list[CloudEvent]:
    return [paid(id=f"evt-{n:04d}") for n in range(start, start + number)]


def ticking(start: datetime = datetime(2026, 6, 1, 12, tzinfo=UTC)) -> FakeClock:
    """A clock that never shows one time twice, as real ones do not."""
    return TickingClock(start)


@dataclass
class TickingClock(FakeClock):
    def now(self) -> datetime:
        self.time = self.time.replace(microsecond=self.time.microsecond + 1)
        return self.time


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Killer:
    """Kills before the call with the number `at`: what AWS has done by then is done. The dead make no more calls."""

    at: int
    calls: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """It was never that many calls."""
        return len(self.calls) <= self.at

    def __call__(self, model: Any, **_: object) -> None:
        self.calls.append(model.name)
        if len(self.calls) > self.at:
            raise Killed


@contextmanager
def killed(desk: Desk, *, at: int) -> Iterator[Killer]:
    """The desk's process is killed in the block, or the block ends before."""
    killer = Killer(at=at)
    clients = [desk.target.client(service) for service in ("sqs", "dynamodb", "events", "s3", "sts")]
    for client in clients:
        client.meta.events.register("before-call", killer)
    try:
        yield killer
    except Killed:
        return
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", killer)


def ids(bodies: list[str]) -> list[str]:
    """The events' ids, sorted."""
    return sorted(_inner(json.loads(body))["id"] for body in bodies)


def _inner(message: Mapping[str, Any]) -> Mapping[str, Any]:
    return message.get("detail", message)  # type: ignore[no-any-return]
