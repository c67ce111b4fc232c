"""A peer of the memory cloud: moto in this process, with the plain Powertools consumers on its queues.

moto carries events from its EventBridge to its SQS; what Lambda's poller would do is done here. The consumers send
for themselves, so that there is no outbox and no relay.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import count, islice
from random import Random
from typing import Any, Final

from bench import plain
from bench.cloud import BUS
from bench.flows import ADDRESS, AMOUNT, CUSTOMER, NOW, Unfinished, payment
from events.binding import to_entry
from events.catalog import BillingInvoicePaid, IngestionPaymentSettled, PartnerPaymentSettled, initial
from events.envelope import CloudEvent, format_time
from local.memory.clock import VirtualClock
from local.memory.functions import MemoryFunction
from runtime.aws import client

RECORDS: Final = 3
#: Event type -> the function that its queue feeds.
_HOPS: Final = {
    PartnerPaymentSettled.type: plain.forward_payment,
    IngestionPaymentSettled.type: plain.settle_payment,
    BillingInvoicePaid.type: plain.send_receipt,
}


class MotoAtWork:
    """Needs bench.cloud's moto around it. Each call runs so many flows. Raises Unfinished."""

    def __init__(self) -> None:
        self._numbers = count()
        self._hops = [(_queue(type_), _function(type_)) for type_ in _HOPS]
        plain.keep_contact(_crm())

    def owe(self, flows: int) -> list[CloudEvent]:
        return [_owed(n) for n in islice(self._numbers, flows)]

    def pay(self, payments: list[CloudEvent]) -> None:
        for chunk in _tens(payments):
            client("events").put_events(Entries=[to_entry(event, BUS) for event in chunk])
        for url, function in self._hops:
            handled = sum(_handled(url, function))
            if handled != len(payments):
                raise Unfinished(f"{len(payments)} payments, but {function.name} had {handled} records")


def _handled(url: str, function: MemoryFunction) -> Iterator[int]:
    """As Lambda's poller does it, until the queue is empty: how many records were handled at a time."""
    while messages := client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        if (function.invoke({"Records": [_record(m) for m in messages]}) or {}).get("batchItemFailures"):
            raise Unfinished(f"{function.name} has left records in its queue")
        done = [{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in messages]
        client("sqs").delete_message_batch(QueueUrl=url, Entries=done)
        yield len(messages)


def _record(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:bench",
        "awsRegion": "us-east-1",
    }


def _queue(type_: str) -> str:
    """The URL of a new queue that gets the events of one type."""
    name = type_.replace(".", "-")
    url = client("sqs").create_queue(QueueName=name)["QueueUrl"]
    answer = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    client("events").put_rule(Name=name, EventBusName=BUS, EventPattern=json.dumps({"detail-type": [type_]}))
    targets = [{"Id": "queue", "Arn": answer["Attributes"]["QueueArn"]}]
    client("events").put_targets(Rule=name, EventBusName=BUS, Targets=targets)
    return str(url)


def _function(type_: str) -> MemoryFunction:
    ids = Random(0)  # noqa: S311 - of requests
    return MemoryFunction(type_, plain.consumer(_HOPS[type_]), clock=VirtualClock(NOW), random=ids, timeout=30)


def _crm() -> plain.Event:
    data = {"customer_id": CUSTOMER, "name": "Ada Lovelace", "channels": {"email": ADDRESS}}
    return {"id": "contact", "time": format_time(NOW), "data": data}


def _owed(n: int) -> CloudEvent:
    made = payment(n)
    plain.store_invoice({"id": made.invoice_id, "customer_id": CUSTOMER, "currency": "USD", "amount": AMOUNT} | _ISSUED)
    return initial(made, id=f"payment-{n}", source="/payments", time=NOW)


_ISSUED: Final = {"state": "issued", "created_at": format_time(NOW)}


def _tens(events: Iterable[CloudEvent]) -> Iterator[list[CloudEvent]]:
    rest = iter(events)
    while chunk := list(islice(rest, 10)):
        yield chunk
