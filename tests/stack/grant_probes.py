"""Every grant that the stacks give, with the probe that needs it.

A probe is sent to one function and makes it use the grant. Where only a failure makes it so, `also` names
another grant to take away, so that there is a failure.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from contracts.company import SERVICES
from events.catalog import (
    BillingInvoicePaid,
    IngestionPaymentSettled,
    IngestionUsageRecorded,
    initial,
)
from events.envelope import CloudEvent
from functions.ingestion.readers import MAX_LINE_BYTES
from functions.ingestion.records import COLUMNS
from local.embedded.client import Client
from local.embedded.cloud import Cloud
from local.embedded.stack import PREFIX, Stack
from runtime.breaker import THRESHOLD
from runtime.outbox import Change
from tests.stack.stack_builders import (
    LARGE,
    MOMENT,
    PERIOD,
    account_due,
    contact,
    copied,
    invoice_paid,
    large_usage,
    order,
    shard_due,
    soon,
    unspread_account,
    usage,
    whose_data_is_gone,
)


class Grant(NamedTuple):
    function: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.function}, {self.action}, {self.resource}"


class Probe(NamedTuple):
    grant: Grant
    send: Callable[[Probes, str], None]
    also: Grant | None = None


def deployed_grants(stack: Stack) -> frozenset[Grant]:
    """What the functions' roles may do."""
    return frozenset(
        Grant(function.name, action, _short(statement["Resource"]))
        for service in SERVICES
        for function in service.functions
        for document in _policies(stack, function.name).values()
        for statement in document["Statement"]
        for action in _listed(statement["Action"])
    )


@contextmanager
def without(stack: Stack, function: str, grants: Sequence[Grant]) -> Iterator[None]:
    """The deployed stack with these grants of one function taken away, until the block ends.

    Nothing is warm when it begins or after it: another probe may need the function.
    """
    iam = stack.cloud.client("iam")
    _chill(stack, function)
    role, before = _role(stack, function), _policies(stack, function)
    for name, document in before.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(_reduced(document, grants)))
    try:
        yield
    finally:
        for name, document in before.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
        _chill(stack, function)


def _chill(stack: Stack, function: str) -> None:
    """A new process remembers no dependency that was down."""
    configuration = stack.configuration(function)
    variables = {**configuration["Environment"]["Variables"], "CHILLED": str(milliseconds())}
    stack.cloud.client("lambda").update_function_configuration(
        FunctionName=configuration["FunctionName"], Environment={"Variables": variables}
    )


def _reduced(document: Mapping[str, Any], grants: Sequence[Grant]) -> dict[str, Any]:
    taken = {(grant.action, grant.resource) for grant in grants}
    statements = [
        {**s, "Action": [a for a in _listed(s["Action"]) if (a, _short(s["Resource"])) not in taken]}
        for s in document["Statement"]
    ]
    return {**document, "Statement": [statement for statement in statements if statement["Action"]]}


def _role(stack: Stack, function: str) -> str:
    return str(stack.configuration(function)["Role"].rpartition("/")[2])


def _policies(stack: Stack, function: str) -> dict[str, Any]:
    iam, role = stack.cloud.client("iam"), _role(stack, function)
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _short(resource: str) -> str:
    """`breakwater-embedded-billing` and its kind without what they all start with; Secrets Manager adds an end."""
    if "/stream/" in resource:
        return "stream"
    if ":s3:" in resource:
        return resource.partition("/")[2] or "payloads"
    last = resource.rpartition(":")[2].rpartition("/")[2]
    name = last.removeprefix(f"{PREFIX}-")
    return name.rpartition("-")[0] if ":secret:" in resource else name


def denied(grant: Grant, log: str) -> bool:
    """Whether a function's log says that it was not allowed to do this."""
    return f"not authorized to perform: {grant.action} " in log


def logged(stack: Stack, function: str, since: int) -> str:
    logs = stack.cloud.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=stack.log_groups[function], startTime=since)
    return "\n".join(event["message"] for page in pages for event in page["events"])


def milliseconds() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Probes:
    """The calls that make functions use their grants."""

    stack: Stack
    client: Client

    def consume(self, function: str, *bodies: str, tries: int = 1) -> None:
        """Invoke a consumer directly, as its queue would. Nothing is on the queue, whatever comes of it."""
        records = [self._record(function, body, tries) for body in bodies]
        self._invoke(function, {"Records": records})

    def file(self, name: str, *lines: str, with_version: bool = False) -> None:
        """A file of these lines; the function hears of it from its own queue as well."""
        stored = self.client.put_file(name, "\n".join(lines).encode())
        version = {"version-id": stored.version} if with_version else {}
        told = {"key": f"incoming/{name}", "etag": stored.etag, **version}
        self.consume("ingestion-files", _news(self.stack, told))

    def relay(self, event: CloudEvent) -> None:
        change = Change(key="INVOICE#probe/INVOICE", new=(event.to_json(),))
        self._invoke("billing-relay", {"Records": [change.to_stream_record(1)]})

    def close(self) -> None:
        self._invoke("billing-close", {})

    def consume_cold(self, function: str, body: str, *, name: str, **variables: str) -> None:
        """As `consume`, in a copy of the function called `name`, so that nothing is remembered from before."""
        copied(self.stack, function, f"{function}-{name}", **variables)
        self._invoke(f"{function}-{name}", {"Records": [self._record(function, body, tries=1)]}, prefix="")

    def _invoke(self, function: str, payload: Mapping[str, Any], *, prefix: str = f"{PREFIX}-") -> None:
        self.stack.cloud.client("lambda").invoke(
            FunctionName=f"{prefix}{function}", Payload=json.dumps(payload).encode()
        )

    def _record(self, function: str, body: str, tries: int) -> dict[str, Any]:
        attributes = {"ApproximateReceiveCount": str(tries), "ApproximateFirstReceiveTimestamp": "1779287400000"}
        return {
            "messageId": "probe",
            "receiptHandle": "none",
            "body": body,
            "attributes": attributes,
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:{PREFIX}-{function}",
            "awsRegion": "us-east-1",
        }


@dataclass
class Trials:
    """What a function's log says of a probe. The same probe with the same grants taken away is sent once."""

    probes: Probes
    logs: dict[tuple[object, ...], str] = field(default_factory=dict)

    def granted(self, probe: Probe) -> str:
        """With nothing taken away but what makes it fail, once that was denied."""
        return self._log(probe, *filter(None, [probe.also]))

    def taken_away(self, probe: Probe) -> str:
        """Without its grant, once that was denied."""
        return self._log(probe, probe.grant, *filter(None, [probe.also]))

    def _log(self, probe: Probe, *taken: Grant) -> str:
        key = (probe.grant.function, probe.send, *taken)
        if key not in self.logs:
            self.logs[key] = self._sent(probe, taken)
        return self.logs[key]

    def _sent(self, probe: Probe, taken: Sequence[Grant]) -> str:
        """Of those taken away the first is waited for: a failure may stand before another."""
        stack, function = self.probes.stack, probe.grant.function
        # With nothing taken away nothing fails, and no process needs to forget a failure.
        with without(stack, function, taken) if taken else nullcontext():
            since = milliseconds()
            probe.send(self.probes, secrets.token_hex(4))

            def told() -> tuple[str] | None:
                log = logged(stack, function, since)
                return (log,) if all(denied(grant, log) for grant in taken[:1]) else None

            return soon(told, f"{function} says that it may not: {taken}")[0]


def _usage_to_ingestion(probes: Probes, unique: str) -> None:
    probes.consume("ingestion", usage(unique, f"cus-{unique}").to_json())


def _last_try_of_ingestion(probes: Probes, unique: str) -> None:
    probes.consume("ingestion", usage(unique, f"cus-{unique}").to_json(), tries=3)


def _news(stack: Stack, told: Mapping[str, str]) -> str:
    """What S3 says of an object on the default bus, as a rule puts it on a queue."""
    detail = {"bucket": {"name": stack.files_bucket}, "object": told}
    envelope = {"id": "s3-news", "source": "aws.s3", "detail-type": "Object Created", "time": "2026-05-20T14:30:00Z"}
    return json.dumps({**envelope, "detail": detail})


def _rows(unique: str) -> Sequence[str]:
    """A good one, and a bad one."""
    return ",".join(COLUMNS), f"metering-partner,{unique},cus-{unique},api_calls,1,2026-05-20T14:30:00Z", "bad"


def _file(probes: Probes, unique: str) -> None:
    probes.file(f"{unique}.csv", *_rows(unique))


def _file_with_versions(probes: Probes, unique: str) -> None:
    probes.file(f"{unique}.csv", *_rows(unique), with_version=True)


def _file_with_a_large_record(probes: Probes, unique: str) -> None:
    """As long as a line may be: what it becomes is a little longer, and too long for the bus."""
    short = large_usage(unique, f"cus-{unique}", size=0).to_json()
    long = large_usage(unique, f"cus-{unique}", size=MAX_LINE_BYTES - len(short)).to_json()
    probes.file(f"{unique}.ndjson", long)


def _news_of_no_file(probes: Probes, unique: str) -> None:
    probes.consume("ingestion-files", _news(probes.stack, {"key": f"elsewhere/{unique}", "etag": "none"}))


def _usage_over_http(probes: Probes, unique: str) -> None:
    probes.client.post(usage(unique, f"cus-{unique}"))


def _recorded(unique: str) -> str:
    payload = IngestionUsageRecorded(customer_id=f"cus-{unique}", meter="seats", quantity=2, used_at=MOMENT)
    return initial(payload, id=unique, source="ingestion-service", time=MOMENT).to_json()


def _usage_to_billing(probes: Probes, unique: str) -> None:
    probes.consume("billing-usage", _recorded(unique))


def _payment_of_nothing(probes: Probes, unique: str) -> None:
    payload = IngestionPaymentSettled(payment_id="pay-1", invoice_id=f"inv-{unique}", amount=1, currency="USD")
    probes.consume("billing", initial(payload, id=unique, source="ingestion-service", time=MOMENT).to_json())


def _payment(probes: Probes, unique: str) -> None:
    invoice = probes.client.issue_invoice(order(f"cus-{unique}"), key=unique)
    payload = IngestionPaymentSettled(
        payment_id="pay-1", invoice_id=invoice["id"], amount=invoice["amount"], currency=invoice["currency"]
    )
    probes.consume("billing", initial(payload, id=unique, source="ingestion-service", time=MOMENT).to_json())


def _invoice_over_http(probes: Probes, unique: str) -> None:
    probes.client.try_invoice(order(f"cus-{unique}"), key=unique)


def _reads_over_http(probes: Probes, unique: str) -> None:
    for path in (f"invoices/{unique}", f"invoices?customer_id={unique}", f"customers/{unique}/usage?period={PERIOD}"):
        probes.client.try_billing(path)


def _account(probes: Probes, unique: str) -> None:
    """A customer with usage in a period that has ended is closed."""
    probes.consume("billing-usage", _recorded(unique))
    probes.consume("billing-accounts", account_due(f"cus-{unique}").to_json())


def _account_that_was_not_spread(probes: Probes, unique: str) -> None:
    unspread_account(probes.stack, f"cus-{unique}")
    _account(probes, unique)


def _shard(probes: Probes, unique: str) -> None:
    """A customer with usage in a period that has ended is found, whoever else is."""
    probes.consume("billing-usage", _recorded(unique))
    probes.consume("billing-accounts", shard_due(f"cus-{unique}").to_json())


def _close(probes: Probes, _: str) -> None:
    probes.close()


def _relay(probes: Probes, unique: str) -> None:
    """An event that no rule picks: nothing of it stays on a queue."""
    probes.relay(CloudEvent(id=unique, source="billing-service", type="billing.nothing.happened"))


def _receipt(probes: Probes, unique: str) -> None:
    probes.consume("notification-contacts", contact(f"cus-{unique}").to_json())
    probes.consume("notification", invoice_paid(unique, f"cus-{unique}").to_json())


def _webhook_of_a_cold_function(probes: Probes, unique: str) -> None:
    hook = "http://127.0.0.1:9/nobody-listens"
    probes.consume("notification-contacts", contact(f"cus-{unique}", email=None, webhook_url=hook).to_json())
    probes.consume_cold("notification", invoice_paid(unique, f"cus-{unique}").to_json(), name=unique)


def _receipt_for_a_stranger(probes: Probes, unique: str) -> None:
    probes.consume("notification", invoice_paid(unique, f"cus-{unique}").to_json())


def _poison(function: str, payload: type[Any] = BillingInvoicePaid) -> Callable[[Probes, str], None]:
    def send(probes: Probes, unique: str) -> None:
        event = CloudEvent(id=unique, source="billing-service", type=payload.type, data={"amount": "a lot"})
        probes.consume(function, event.to_json())

    return send


def _contact(probes: Probes, unique: str) -> None:
    probes.consume("notification-contacts", contact(f"cus-{unique}").to_json())


def _often(send: Callable[[Probes, str], None]) -> Callable[[Probes, str], None]:
    """Once more than the circuit breaker takes: where each time fails, the last message is put off."""

    def again(probes: Probes, unique: str) -> None:
        for _ in range(THRESHOLD + 1):
            send(probes, unique)

    return again


def _large_usage_to_ingestion(probes: Probes, unique: str) -> None:
    probes.consume("ingestion", large_usage(unique, f"cus-{unique}").to_json())


def _large_usage_over_http(probes: Probes, unique: str) -> None:
    probes.client.post(large_usage(unique, f"cus-{unique}"))


def _relay_of_large_event(probes: Probes, unique: str) -> None:
    data = {"note": "x" * LARGE}
    probes.relay(CloudEvent(id=unique, source="billing-service", type="billing.nothing.happened", data=data))


def _receipt_for_a_narrow_bus(probes: Probes, unique: str) -> None:
    """What notification has to say is small, so the bus is made smaller."""
    probes.consume("notification-contacts", contact(f"cus-{unique}").to_json())
    receipt = invoice_paid(unique, f"cus-{unique}").to_json()
    probes.consume_cold("notification", receipt, name=unique, PUT_EVENTS_MAX_BYTES="300")


def _data_that_is_gone(function: str) -> Callable[[Probes, str], None]:
    def send(probes: Probes, unique: str) -> None:
        probes.consume(function, whose_data_is_gone(probes.stack, unique).to_json())

    return send


_INGESTION_EVENTS = Grant("ingestion", "events:PutEvents", PREFIX)
_PAYMENT_READ = Grant("billing", "dynamodb:GetItem", "billing")
_USAGE_WRITE = Grant("billing-usage", "dynamodb:BatchWriteItem", "billing")
_ACCOUNT_READ = Grant("billing-accounts", "dynamodb:GetItem", "billing")
_FILE_EVENTS = Grant("ingestion-files", "events:PutEvents", PREFIX)
_API_PUT = Grant("billing-api", "dynamodb:PutItem", "billing")
_SEND = Grant("notification", "ses:SendEmail", "*")
_ONCE = Grant("notification", "dynamodb:PutItem", "idempotency-notification")
_CONTACTS_PUT = Grant("notification-contacts", "dynamodb:PutItem", "contacts")

PROBES = (
    Probe(Grant("ingestion", "s3:PutObject", "payloads/*"), _large_usage_to_ingestion),
    Probe(Grant("ingestion-api", "s3:PutObject", "payloads/*"), _large_usage_over_http),
    Probe(Grant("ingestion-files", "s3:PutObject", "payloads/*"), _file_with_a_large_record),
    Probe(Grant("billing-relay", "s3:PutObject", "payloads/*"), _relay_of_large_event),
    Probe(Grant("notification", "s3:PutObject", "payloads/*"), _receipt_for_a_narrow_bus),
    *(
        Probe(Grant(consumer.name, "s3:GetObject", "payloads/*"), _data_that_is_gone(consumer.name))
        for service in SERVICES
        for consumer in service.consumers
    ),
    Probe(_INGESTION_EVENTS, _usage_to_ingestion),
    Probe(Grant("ingestion", "sqs:ChangeMessageVisibility", "ingestion"), _usage_to_ingestion, _INGESTION_EVENTS),
    Probe(Grant("ingestion", "sqs:SendMessage", "ingestion-dlq"), _last_try_of_ingestion, _INGESTION_EVENTS),
    Probe(Grant("ingestion-api", "sqs:SendMessage", "ingestion"), _usage_over_http),
    Probe(Grant("ingestion", "sqs:SendMessage", "ingestion"), _often(_usage_to_ingestion), _INGESTION_EVENTS),
    Probe(_PAYMENT_READ, _payment_of_nothing),
    Probe(Grant("billing", "dynamodb:PutItem", "billing"), _payment),
    Probe(Grant("billing", "sqs:ChangeMessageVisibility", "billing"), _payment_of_nothing, _PAYMENT_READ),
    Probe(_FILE_EVENTS, _file),
    Probe(Grant("ingestion-files", "s3:GetObject", "incoming/*"), _file),
    Probe(Grant("ingestion-files", "s3:GetObjectVersion", "incoming/*"), _file_with_versions),
    Probe(Grant("ingestion-files", "s3:PutObject", "rejects/*"), _file),
    Probe(Grant("ingestion-files", "s3:PutObject", "results/*"), _file),
    Probe(Grant("ingestion-files", "dynamodb:GetItem", "checkpoints"), _file),
    Probe(Grant("ingestion-files", "dynamodb:PutItem", "checkpoints"), _file),
    Probe(Grant("ingestion-files", "sqs:ChangeMessageVisibility", "ingestion-files"), _file, _FILE_EVENTS),
    Probe(Grant("ingestion-files", "sqs:SendMessage", "ingestion-files-dlq"), _news_of_no_file),
    Probe(Grant("ingestion-files", "sqs:SendMessage", "ingestion-files"), _often(_file), _FILE_EVENTS),
    Probe(Grant("billing", "sqs:SendMessage", "billing-dlq"), _payment_of_nothing),
    Probe(Grant("billing", "sqs:SendMessage", "billing"), _often(_payment_of_nothing), _PAYMENT_READ),
    Probe(_USAGE_WRITE, _usage_to_billing),
    Probe(Grant("billing-usage", "dynamodb:UpdateItem", "billing"), _usage_to_billing),
    Probe(Grant("billing-usage", "sqs:ChangeMessageVisibility", "billing-usage"), _usage_to_billing, _USAGE_WRITE),
    Probe(Grant("billing-usage", "sqs:SendMessage", "billing-usage-dlq"), _poison("billing-usage")),
    Probe(Grant("billing-usage", "sqs:SendMessage", "billing-usage"), _often(_usage_to_billing), _USAGE_WRITE),
    Probe(_API_PUT, _invoice_over_http),
    Probe(Grant("billing-api", "dynamodb:GetItem", "billing"), _reads_over_http),
    Probe(Grant("billing-api", "dynamodb:Query", "billing"), _reads_over_http),
    Probe(Grant("billing-api", "dynamodb:Query", "by-customer"), _reads_over_http),
    Probe(Grant("billing-api", "dynamodb:PutItem", "idempotency-billing"), _invoice_over_http),
    Probe(Grant("billing-api", "dynamodb:UpdateItem", "idempotency-billing"), _invoice_over_http),
    Probe(Grant("billing-api", "dynamodb:DeleteItem", "idempotency-billing"), _invoice_over_http, _API_PUT),
    Probe(_ACCOUNT_READ, _account),
    Probe(Grant("billing-accounts", "dynamodb:Query", "billing"), _account),
    Probe(Grant("billing-accounts", "dynamodb:PutItem", "billing"), _account),
    Probe(Grant("billing-accounts", "dynamodb:UpdateItem", "billing"), _account),
    Probe(Grant("billing-accounts", "dynamodb:DeleteItem", "billing"), _account_that_was_not_spread),
    Probe(Grant("billing-accounts", "sqs:ChangeMessageVisibility", "billing-accounts"), _account, _ACCOUNT_READ),
    Probe(Grant("billing-accounts", "sqs:SendMessage", "billing-accounts-dlq"), _poison("billing-accounts")),
    Probe(Grant("billing-accounts", "sqs:SendMessage", "billing-accounts"), _shard),
    Probe(Grant("billing-close", "sqs:SendMessage", "billing-accounts"), _close),
    Probe(Grant("billing-relay", "events:PutEvents", PREFIX), _relay),
    Probe(Grant("notification", "events:PutEvents", PREFIX), _receipt),
    Probe(Grant("notification", "dynamodb:GetItem", "contacts"), _receipt),
    Probe(_ONCE, _receipt),
    Probe(Grant("notification", "dynamodb:UpdateItem", "idempotency-notification"), _receipt),
    Probe(Grant("notification", "dynamodb:DeleteItem", "idempotency-notification"), _receipt, _SEND),
    Probe(_SEND, _receipt),
    Probe(Grant("notification", "secretsmanager:GetSecretValue", "webhook-master-key"), _webhook_of_a_cold_function),
    Probe(Grant("notification", "sqs:ChangeMessageVisibility", "notification"), _receipt_for_a_stranger),
    Probe(Grant("notification", "sqs:SendMessage", "notification-dlq"), _poison("notification")),
    Probe(Grant("notification", "sqs:SendMessage", "notification"), _often(_receipt_for_a_stranger), _ONCE),
    Probe(_CONTACTS_PUT, _contact),
    Probe(
        Grant("notification-contacts", "sqs:ChangeMessageVisibility", "notification-contacts"), _contact, _CONTACTS_PUT
    ),
    Probe(
        Grant("notification-contacts", "sqs:SendMessage", "notification-contacts-dlq"), _poison("notification-contacts")
    ),
    Probe(Grant("notification-contacts", "sqs:SendMessage", "notification-contacts"), _often(_contact), _CONTACTS_PUT),
)


#: What Lambda does with a function's role, on the function's behalf. The emulator's Lambda asks nobody, so the
#: probe makes the call in the role: with an SQS client, on a queue.
CALLS_OF_LAMBDA: Mapping[str, Callable[[Any, str], object]] = {
    "sqs:ReceiveMessage": lambda sqs, url: sqs.receive_message(QueueUrl=url, VisibilityTimeout=0),
    "sqs:DeleteMessage": lambda sqs, url: sqs.delete_message(QueueUrl=url, ReceiptHandle="none"),
    "sqs:GetQueueAttributes": lambda sqs, url: sqs.get_queue_attributes(QueueUrl=url),
    "sqs:SendMessage": lambda sqs, url: sqs.send_message(QueueUrl=url, MessageBody="a batch that failed"),
}


def grants_for_lambda() -> Iterator[Grant]:
    """What Lambda must be able to do for the manifests' functions, as far as the emulator can judge it."""
    for service in SERVICES:
        for consumer in service.consumers:
            for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
                yield Grant(consumer.function.name, action, consumer.name)
        for failing in (*service.relays, *service.schedules):
            yield Grant(failing.function.name, "sqs:SendMessage", f"{failing.function.name}-dlq")


def grants_beyond_the_emulator() -> Iterator[Grant]:
    """What the emulator cannot judge.

    It holds logs and streams against other resources than AWS does, and S3's answer about an object that is gone
    does not depend on who asks.
    """
    for service in SERVICES:
        yield from (Grant(consumer.name, "s3:ListBucket", "payloads") for consumer in service.consumers)
        for function in service.functions:
            yield from (Grant(function.name, f"logs:{call}", "*") for call in ("CreateLogStream", "PutLogEvents"))
        for relay in service.relays:
            for call in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"):
                yield Grant(relay.function.name, f"dynamodb:{call}", "stream")


def lambda_may(stack: Stack, grant: Grant) -> bool:
    """Whether the call succeeds in the function's role, or fails for another reason than a missing grant."""
    role = stack.configuration(grant.function)["Role"]
    session = stack.cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="lambda")["Credentials"]
    in_role = Cloud(
        stack.cloud.endpoint,
        access_key=session["AccessKeyId"],
        secret_key=session["SecretAccessKey"],
        session_token=session["SessionToken"],
    )
    try:
        CALLS_OF_LAMBDA[grant.action](in_role.client("sqs"), stack.queue_url(grant.resource))
    except ClientError as error:
        return "AccessDenied" not in error.response["Error"]["Code"]
    return True
