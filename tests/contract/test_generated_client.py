"""The generated Python client on the real boto3."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import boto3
import pytest
from moto import mock_aws

from contracts.generate.python_package import python_package
from contracts.shapes import contracts
from events.binding import from_eventbridge
from events.catalog import payload_of

PATTERN = '{"detail-type": ["billing.invoice.paid"]}'


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    for path, text in python_package(list(contracts())).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.syspath_prepend(tmp_path / "src")
    yield importlib.import_module("breakwater_events")
    for name in [name for name in sys.modules if name.partition(".")[0] == "breakwater_events"]:
        del sys.modules[name]


@mock_aws
def test_events_go_over_a_bus_to_a_queue_and_are_read_by_our_own_code(package: ModuleType) -> None:
    events, queues = boto3.client("events"), boto3.client("sqs")
    queue = queues.create_queue(QueueName="q")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name="b")
    events.put_rule(Name="r", EventBusName="b", EventPattern=PATTERN)
    events.put_targets(Rule="r", EventBusName="b", Targets=[{"Id": "q", "Arn": arn}])
    data = package.BillingInvoicePaidV1(invoice_id="inv_1", customer_id="cus_1", amount=49900, currency="USD")
    sent = [
        package.Event(id=f"e-{n}", source="billing-service", time="2026-05-20T14:30:00Z", data=data) for n in range(12)
    ]

    refused = package.put_events(events, "b", sent)

    bodies = [m["Body"] for m in queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]]
    bodies += [m["Body"] for m in queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]]
    received = [from_eventbridge(json.loads(body)) for body in bodies]
    assert refused == []
    assert {event.id for event in received} == {event.id for event in sent}
    assert payload_of(received[0]).to_data() == data.to_dict()
    assert package.parse(bodies[0]) in sent
