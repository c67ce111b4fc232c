"""The peer: the same work, done as the documentation of Powertools does it.

A BatchProcessor gives out record after record; an `@idempotent_function` with a DynamoDB record keeps each from being
done twice; the record's own function reads and writes what it needs, and sends its event. Templates and
payload models are Breakwater's own, so that only the plumbing differs.

Source: https://docs.aws.amazon.com/powertools/python/latest/utilities/batch/ and .../utilities/idempotency/
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.parser import parse
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from bench.cloud import BUS, SENDER
from events.catalog import (
    BillingInvoicePaid,
    CustomerContactUpdated,
    IngestionPaymentSettled,
    IngestionUsageRecorded,
    PartnerPaymentSettled,
    PartnerUsageReported,
)
from events.envelope import format_time
from functions.billing.documents import NewInvoice
from functions.notification.domain import Contact
from functions.notification.rendering import render
from runtime.aws import client
from runtime.clock import SystemClock

_QUEUE_BATCH: Final = 10

Handler = Callable[[dict[str, Any], Any], Any]
Event = dict[str, Any]


def metrics() -> Metrics:
    return Metrics(namespace="plain", service="plain")


def consumer(apply: Callable[[Event], Any], *, metrics: Metrics | None = None) -> Handler:
    """A function on a queue of events: `apply` is called once for each event's (source, id)."""
    config = IdempotencyConfig(event_key_jmespath="[source, id]", raise_on_no_idempotency_key=True)
    store = DynamoDBPersistenceLayer(table_name="plain-idempotency", boto3_client=client("dynamodb"))
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    logger = Logger(service="plain")

    def applied(*, event: Event) -> Any:
        return apply(event)

    once = idempotent_function(
        applied, data_keyword_argument="event", config=config, persistence_store=store, key_prefix=apply.__qualname__
    )

    def record_handler(record: Any) -> Any:
        event = record.json_body["detail"]
        done = once(event=event)
        about = {name: event[name] for name in ("id", "source", "type", "time")}
        logger.info("applied", extra={"message_id": record.message_id, "event": about})
        if metrics is not None:
            metrics.add_metric(name="Applied", unit=MetricUnit.Count, value=1)
            metrics.add_metric(name="CriticalTime", unit=MetricUnit.Milliseconds, value=_age(event))
        return done

    @logger.inject_lambda_context
    def handle(event: dict[str, Any], context: Any) -> Any:
        config.register_lambda_context(context)
        return process_partial_response(
            event=event, record_handler=record_handler, processor=processor, context=context
        )

    return handle if metrics is None else metrics.log_metrics(handle)


def _age(event: Event) -> int:
    """Milliseconds since it happened."""
    return round((SystemClock().now() - datetime.fromisoformat(event["time"])).total_seconds() * 1_000)


def check_usage(event: Event) -> None:
    """Nothing but the check."""
    parse(event=event["data"], model=PartnerUsageReported)


def forward_usage(event: Event) -> None:
    """Ingestion."""
    usage = parse(event=event["data"], model=PartnerUsageReported)
    _publish("ingestion.usage.recorded", usage.to_data(), cause=event)


def forward_payment(event: Event) -> None:
    """Ingestion."""
    payment = parse(event=event["data"], model=PartnerPaymentSettled)
    _publish("ingestion.payment.settled", payment.to_data(), cause=event)


def settle_payment(event: Event) -> None:
    """Billing's payments: read the invoice, check, write that it is paid, tell."""
    payment = parse(event=event["data"], model=IngestionPaymentSettled)
    key = {"id": payment.invoice_id}
    answer = client("dynamodb").get_item(TableName="plain-invoices", Key=_packed(key), ConsistentRead=True)
    invoice = _unpacked(answer["Item"])
    if (invoice["amount"], invoice["currency"]) != (payment.amount, payment.currency):
        raise ValueError("the payment is not what is owed")
    client("dynamodb").update_item(
        TableName="plain-invoices",
        Key=_packed(key),
        UpdateExpression="SET #state = :paid, payment_id = :payment, paid_at = :at",
        ConditionExpression="#state = :issued",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues=_packed(
            {":paid": "paid", ":issued": "issued", ":payment": payment.payment_id, ":at": event["time"]}
        ),
    )
    paid = payment.to_data() | {"customer_id": invoice["customer_id"], "paid_at": event["time"]}
    _publish("billing.invoice.paid", paid, cause=event)


def record_usage(event: Event) -> None:
    """Billing's usage: one entry in the ledger, and a mark on the account that the month's close goes by."""
    usage = parse(event=event["data"], model=IngestionUsageRecorded)
    entry = usage.to_data() | {"id": event["id"], "source": event["source"]}
    client("dynamodb").put_item(TableName="plain-usage", Item=_packed(entry))
    client("dynamodb").update_item(
        TableName="plain-accounts",
        Key=_packed({"period": f"{usage.used_at:%Y-%m}", "customer_id": usage.customer_id}),
        UpdateExpression="ADD touched :one",
        ExpressionAttributeValues=_packed({":one": 1}),
    )


def send_receipt(event: Event) -> dict[str, Any]:
    """Notification's e-mail."""
    invoice = parse(event=event["data"], model=BillingInvoicePaid)
    key = _packed({"customer_id": invoice.customer_id})
    answer = client("dynamodb").get_item(TableName="plain-contacts", Key=key, ConsistentRead=True)
    found = _unpacked(answer["Item"])
    contact = Contact(**found | {"updated_at": datetime.fromisoformat(found["updated_at"])})
    content = render(event["type"], invoice, contact)
    body = {"Text": {"Data": content.text}, "Html": {"Data": content.html}}
    sent = client("sesv2").send_email(
        FromEmailAddress=SENDER,
        Destination={"ToAddresses": [contact.email]},
        Content={"Simple": {"Subject": {"Data": content.subject}, "Body": body}},
    )
    message = {
        "message_id": sent["MessageId"],
        "customer_id": invoice.customer_id,
        "channel": "email",
        "template": event["type"],
        "about_id": event["id"],
        "about_source": event["source"],
    }
    _publish("notification.message.sent", message, cause=event)
    return message


def keep_contact(event: Event) -> None:
    """Notification's contact book: the newest stands."""
    contact = parse(event=event["data"], model=CustomerContactUpdated).to_data()
    addresses = contact.pop("channels")
    client("dynamodb").put_item(
        TableName="plain-contacts",
        Item=_packed(contact | addresses | {"updated_at": event["time"], "event_id": event["id"]}),
        ConditionExpression="attribute_not_exists(customer_id) OR updated_at < :at",
        ExpressionAttributeValues=_packed({":at": event["time"]}),
    )


def relay() -> Handler:
    """The table's stream to the bus, outbox and all."""
    processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)

    def record_handler(record: Any) -> None:
        for event in map(json.loads, record.dynamodb.new_image["outbox"]):
            _publish(event["type"], event["data"], cause=event)

    def handle(event: dict[str, Any], context: Any) -> Any:
        return process_partial_response(
            event=event, record_handler=record_handler, processor=processor, context=context
        )

    return handle


def invoices_api() -> Handler:
    """POST /invoices with an Idempotency-Key."""
    app = APIGatewayHttpResolver()
    config = IdempotencyConfig(
        event_key_jmespath="key", payload_validation_jmespath="body", raise_on_no_idempotency_key=True
    )
    store = DynamoDBPersistenceLayer(table_name="plain-idempotency", boto3_client=client("dynamodb"))

    @idempotent_function(data_keyword_argument="order", config=config, persistence_store=store)  # type: ignore[untyped-decorator]
    def issue(*, order: dict[str, Any]) -> dict[str, Any]:
        wanted = parse(event=order["body"], model=NewInvoice)
        issued = invoice(f"inv_{order['key']}", wanted)
        store_invoice(issued)
        _publish("billing.invoice.issued", issued, cause={"id": issued["id"]})
        return issued

    @app.post("/invoices")
    def post_invoice() -> Response[str]:
        request = app.current_event
        issued = issue(order={"key": request.headers["idempotency-key"], "body": request.json_body})
        return Response(HTTPStatus.CREATED, "application/json", json.dumps(issued))

    @app.get("/invoices/<id_>")
    def get_invoice(id_: str) -> Response[str]:
        answer = client("dynamodb").get_item(TableName="plain-invoices", Key=_packed({"id": id_}), ConsistentRead=True)
        return Response(HTTPStatus.OK, "application/json", json.dumps(_unpacked(answer["Item"]), default=str))

    def handle(event: dict[str, Any], context: Any) -> Any:
        config.register_lambda_context(context)
        return app.resolve(event, context)

    return handle


def events_api(queue_url: str) -> Handler:
    """POST /events with a batch: each event checked, and all of them queued, ten a call."""
    app = APIGatewayHttpResolver()

    @app.post("/events")
    def post_events() -> Response[str]:
        events = app.current_event.json_body
        for event in events:
            parse(event=event["data"], model=PartnerUsageReported)
        for start in range(0, len(events), _QUEUE_BATCH):
            chunk = events[start : start + _QUEUE_BATCH]
            entries = [{"Id": str(i), "MessageBody": json.dumps({"detail": event})} for i, event in enumerate(chunk)]
            client("sqs").send_message_batch(QueueUrl=queue_url, Entries=entries)
        return Response(HTTPStatus.ACCEPTED, "application/json", json.dumps({"accepted": len(events)}))

    def handle(event: dict[str, Any], context: Any) -> Any:
        return app.resolve(event, context)

    return handle


def invoice(id_: str, wanted: NewInvoice) -> dict[str, Any]:
    """The invoice as the peer stores it."""
    lines = [line.model_dump() for line in wanted.lines]
    return {
        "id": id_,
        "customer_id": wanted.customer_id,
        "currency": wanted.currency,
        "amount": sum(line["quantity"] * line["unit_amount"] for line in lines),
        "state": "issued",
        "lines": lines,
        "created_at": "2026-05-20T14:30:00Z",
    }


def store_invoice(made: dict[str, Any]) -> None:
    client("dynamodb").put_item(TableName="plain-invoices", Item=_packed(made))


def _publish(type_: str, data: dict[str, Any], *, cause: Event) -> None:
    event = {
        "specversion": "1.0",
        "id": f"{cause['id']}.{type_}",
        "source": "plain",
        "type": type_,
        "time": format_time(SystemClock().now()),
        "data": data,
    }
    entry = {"EventBusName": BUS, "Source": "plain", "DetailType": type_, "Detail": json.dumps(event, default=str)}
    client("events").put_events(Entries=[entry])


def _packed(members: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in members.items()}


def _unpacked(item: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}
