"""The AWS that the benchmark runs on: moto, in this process, with the tables that the stacks deploy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from os import devnull, environ  # noqa: TID251 - the composition root: the functions read it
from pathlib import Path
from typing import Final

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


@contextmanager
def metered_cloud() -> Iterator[Meter]:
    """A new cloud, and a meter on this process's clients for it (runtime.aws). Once a process: wirings remember.

    What the functions print meanwhile, which is their metrics, is written and goes nowhere.
    """
    for name in [name for name in environ if name.startswith(("AWS_", "POWERTOOLS_"))]:
        del environ[name]
    environ.update(_ENVIRONMENT)
    with mock_aws(), Path(devnull).open("w") as nowhere, redirect_stdout(nowhere):
        meter = Meter(Tables(dynamodb_backends[DEFAULT_ACCOUNT_ID][_REGION]))
        _furnish()
        for service in ("dynamodb", "events", "s3", "sesv2", "sqs"):
            meter.watch(client(service))
        yield meter


def _furnish() -> None:
    for name, (key, index) in TABLES.items():
        _create_table(name, key, index)
    client("events").create_event_bus(Name=BUS)
    client("sesv2").create_email_identity(EmailIdentity=SENDER)
    for variable in ("QUEUE_URL", "DEAD_LETTER_QUEUE_URL"):
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
