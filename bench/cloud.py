"""The AWS that the benchmark runs on: moto, in this process, with the tables that the stacks deploy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from os import devnull, environ  # noqa: TID251 - the composition root: the functions read it
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar

from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from bench.meter import Meter, Tables
from runtime.aws import client

BUS: Final = "bus"
SENDER: Final = "billing@breakwater.example"

_REGION: Final = "us-east-1"

#: Table -> its key, and its index's. The names with `plain-` are the peer's.
TABLES: Final = {
    "billing": (("pk", "sk"), ("gsi1pk", "gsi1sk")),
    "contacts": (("customer_id",), ()),
    "idempotency": (("id",), ()),
    "plain-invoices": (("id",), ("customer_id", "created_at")),
    "plain-usage": (("customer_id", "id"), ()),
    "plain-accounts": (("period", "customer_id"), ()),
    "plain-contacts": (("customer_id",), ()),
    "plain-idempotency": (("id",), ()),
}

_ENVIRONMENT: Final = {
    "AWS_DEFAULT_REGION": _REGION,
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "STAGE": "bench",
    "EVENT_BUS_NAME": BUS,
    "CLAIM_BUCKET": "claims",
    "BILLING_TABLE": "billing",
    "CONTACTS_TABLE": "contacts",
    "IDEMPOTENCY_TABLE": "idempotency",
    "SENDER_ADDRESS": SENDER,
    "WEBHOOK_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:never-read",
}

#: What moto would have made or set.
_ALONE: Final = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/queue",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/dlq",
    "INGESTION_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/queue",
}


class Answering(Protocol):
    """Whoever stands in for AWS behind a client."""

    def attach(self, client: Any) -> None: ...


@contextmanager
def moto_cloud(environment: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """A new cloud for this process's clients (runtime.aws). Once a process: wirings remember."""
    _settle_environment({**_ENVIRONMENT, **environment})
    with mock_aws():
        _furnish()
        yield


M = TypeVar("M", bound=Meter)


@contextmanager
def metered_cloud(
    make: Callable[[Tables], M], environment: Mapping[str, str] = MappingProxyType({}), *, out: Any = None
) -> Iterator[M]:
    """The same, and a meter on the clients.

    What the functions print meanwhile, which is their metrics, is written to `out`, or goes nowhere.
    """
    with moto_cloud(environment), Path(devnull).open("w") as nowhere, redirect_stdout(out or nowhere):
        meter = make(Tables(dynamodb_backends[DEFAULT_ACCOUNT_ID][_REGION]))
        for service in ("dynamodb", "events", "s3", "sesv2", "sqs"):
            meter.watch(client(service))
        yield meter


def queue_url() -> str:
    """Of the queue that the ingestion API fills."""
    return environ["INGESTION_QUEUE_URL"]


def environment() -> dict[str, str]:
    """Of a function that runs in a process of its own."""
    return {**_ENVIRONMENT, **_ALONE, "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}


def canned_cloud(aws: Answering) -> None:
    """Have `aws` answer all calls of this process's clients, without moto, and log as on Lambda."""
    _settle_environment(_ENVIRONMENT | _ALONE)
    for service in ("dynamodb", "events", "s3", "secretsmanager", "sesv2", "sqs"):
        aws.attach(client(service))


def _settle_environment(wanted: Mapping[str, str]) -> None:
    for name in [name for name in environ if name.startswith(("AWS_", "POWERTOOLS_"))]:
        del environ[name]
    environ.update(wanted)


def _furnish() -> None:
    for name, (key, index) in TABLES.items():
        _create_table(name, key, index)
    client("events").create_event_bus(Name=BUS)
    client("sesv2").create_email_identity(EmailIdentity=SENDER)
    for variable in ("QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "INGESTION_QUEUE_URL"):
        environ[variable] = client("sqs").create_queue(QueueName=variable.lower())["QueueUrl"]


def _create_table(name: str, key: tuple[str, ...], index: tuple[str, ...]) -> None:
    by_customer = {"IndexName": "by-customer", "KeySchema": _schema(index), "Projection": {"ProjectionType": "ALL"}}
    client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in dict.fromkeys(key + index)],
        KeySchema=_schema(key),
        **({"GlobalSecondaryIndexes": [by_customer]} if index else {}),
    )


def _schema(names: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"AttributeName": n, "KeyType": t} for n, t in zip(names, ("HASH", "RANGE"), strict=False)]
