"""Operators redrive, and developers rename: neither makes anything happen twice."""

from __future__ import annotations

import json

import pytest

from local.embedded.client import Client, DeadLetter
from local.embedded.hops import Watcher
from local.embedded.stack import Stack
from tests.stack.stack_builders import copied, dead_letters_of, invoice_paid, known_customer, mails_to, soon


def redrive(stack: Stack, consumer: str, letter: DeadLetter) -> None:
    """Back into the queue, as a message-move task would do it: without that call, which the emulator lacks."""
    stack.cloud.client("sqs").send_message(QueueUrl=stack.queue_url(consumer), MessageBody=letter.body)


def as_sqs_batch(stack: Stack, consumer: str, body: str) -> bytes:
    """One message as Lambda would get it from the queue's event source mapping."""
    attributes = {"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1779287400000"}
    record = {
        "messageId": "message-1",
        "receiptHandle": "none",
        "body": body,
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{stack.cloud.region}:000000000000:breakwater-embedded-{consumer}",
        "awsRegion": stack.cloud.region,
    }
    return json.dumps({"Records": [record]}).encode()


def test_nothing_runs_twice_when_dead_letters_are_redriven_again_and_again(
    stack: Stack, client: Client, watcher: Watcher, unique: str
) -> None:
    customer, event_id = f"cus-{unique}", f"late-{unique}"
    client.put(invoice_paid(event_id, customer))
    (letter,) = soon(lambda: dead_letters_of(client, "notification", event_id), "the dead letter")
    known_customer(client, watcher, customer)

    redrive(stack, "notification", letter)
    soon(lambda: mails_to(stack, customer), "the receipt is sent")
    redrive(stack, "notification", letter)
    redrive(stack, "notification", letter)

    def outcomes() -> list[str]:
        return [hop.outcome for hop in watcher.hops if hop.event_id == event_id]

    soon(lambda: outcomes().count("duplicate") == 2, "the further redrives are recognised")
    assert outcomes() == ["retry", "retry", "dead_letter", "handled", "duplicate", "duplicate"]
    assert len(mails_to(stack, customer)) == 1


def test_nothing_runs_twice_when_the_function_has_been_renamed(
    stack: Stack, client: Client, watcher: Watcher, unique: str
) -> None:
    customer = known_customer(client, watcher, f"cus-{unique}")
    event = invoice_paid(f"again-{unique}", customer)
    client.put(event)
    soon(lambda: mails_to(stack, customer), "the receipt is sent")
    copied(stack, "notification", f"other-name-{unique}")

    answer = stack.cloud.client("lambda").invoke(
        FunctionName=f"other-name-{unique}", Payload=as_sqs_batch(stack, "notification", event.to_json())
    )

    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": []}
    assert len(mails_to(stack, customer)) == 1


@pytest.mark.parametrize("consumer", ["ingestion", "billing", "billing-usage", "notification", "notification-contacts"])
def test_queues_are_connected_to_their_functions_by_partial_batch_responses(stack: Stack, consumer: str) -> None:
    mappings = stack.cloud.client("lambda").list_event_source_mappings(FunctionName=stack.function_name(consumer))

    (mapping,) = mappings["EventSourceMappings"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
