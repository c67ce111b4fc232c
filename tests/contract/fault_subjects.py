"""What every adapter does to AWS: each subject is one use of an adapter, the requests that it makes, and its effect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import Any, NamedTuple

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.models import botocore_stubber
from moto.ses.models import ses_backends
from pydantic import BaseModel

from events.envelope import CloudEvent
from functions.billing.adapters.accounts import DynamoDbAccounts
from functions.billing.adapters.answers import answer_store
from functions.billing.adapters.dynamodb import DynamoDbInvoices, DynamoDbLedger, Table
from functions.billing.adapters.items import packed
from functions.billing.adapters.memory import MemoryAgenda
from functions.billing.adapters.sqs import SqsAgenda
from functions.billing.answers import Answers
from functions.billing.closing import PeriodClosing, begin
from functions.billing.due import SHARDS, UNSPREAD, Place, account_due, shard_due, shard_of
from functions.billing.metering import Metering
from functions.billing.ports import Agenda
from functions.billing.prices import PRICES
from functions.billing.process import Billing
from functions.ingestion.adapters.dynamodb import DynamoDbCheckpoints
from functions.ingestion.adapters.s3 import S3Files
from functions.ingestion.adapters.sqs import SqsIntake
from functions.ingestion.bulk import FileIngestion
from functions.ingestion.ports import FileRef
from functions.notification.adapters.dynamodb import DynamoDbContactBook
from functions.notification.adapters.secrets import MasterKey
from functions.notification.adapters.ses import SesMailer
from local.aws_faults import Faults
from runtime import aws
from runtime.claim_check import MemoryClaimChecks, S3ClaimChecks, checked_in, checked_out
from runtime.errors import BreakwaterError, TransientError
from runtime.idempotency import DynamoDbRecords, Once, dynamodb_store
from runtime.outcome import Outcome
from runtime.publisher import EventBridgeBus, Publisher
from runtime.queue import SqsQueue
from tests.unit.billing_builders import CUSTOMER, NOW, metered, order, settled_event, usage_event
from tests.unit.bulk_builders import csv, news_of, row
from tests.unit.event_builders import usage
from tests.unit.notification_builders import contact, email
from tests.unit.runtime_fakes import FakeClock, FakeContext

SENDER = "billing@breakwater.example"
PERIOD = "2026-05"
AFTER_THE_PERIOD = datetime(2026, 6, 3, 7, tzinfo=UTC)


@dataclass
class Aws:
    """moto's AWS: the adapters' clients, as a function has them, go through `faults`; `plain` ones do not."""

    faults: Faults
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))

    def __post_init__(self) -> None:
        aws.client.cache_clear()

    def client(self, service: str) -> Any:
        """The process's own client for a service. To be asked for once."""
        made = aws.client(service)
        made.meta.events.unregister("before-send", botocore_stubber)
        self.faults.install(made.meta.events)
        return made

    def plain(self, service: str) -> Any:
        return _plain(service)

    @cached_property
    def table(self) -> Table:
        return Table(self.client("dynamodb"), self.new_table("billing", "pk", "sk", index=("gsi1pk", "gsi1sk")))

    @property
    def plain_table(self) -> Table:
        return Table(self.plain("dynamodb"), "billing")

    def new_table(self, name: str, *keys: str, index: tuple[str, ...] = ()) -> str:
        self.plain("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in (*keys, *index)],
            KeySchema=_key_schema(*keys),
            **({"GlobalSecondaryIndexes": [_index(*index)]} if index else {}),
        )
        return name

    def new_queue(self, name: str) -> str:
        return str(self.plain("sqs").create_queue(QueueName=name)["QueueUrl"])

    def bodies(self, url: str) -> list[str]:
        """All messages that nobody has received yet; they are not received by this look either."""
        sqs, found = self.plain("sqs"), []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += messages
        for message in found:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        return [message["Body"] for message in found]


@cache
def _plain(service: str) -> Any:
    return boto3.client(service)


def _key_schema(*keys: str) -> Any:
    return [{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)]


def _index(*keys: str) -> Any:
    return {"IndexName": "by-customer", "KeySchema": _key_schema(*keys), "Projection": {"ProjectionType": "ALL"}}


class Doing(NamedTuple):
    """`do` raises TransientError when it must be done again. `effect` is what then is so, however often it was done.

    Each part of the effect is there or not; `times` counts what the outside world sees of it: messages, e-mails,
    handlers run.
    """

    do: Callable[[], object]
    effect: Callable[[], tuple[object, ...]]
    times: Callable[[], int] = lambda: 0


@dataclass(frozen=True)
class Subject:
    name: str
    module: str
    operations: tuple[str, ...]
    begin: Callable[[Aws], Doing]


SUBJECTS: list[Subject] = []


def subject(module: str, *operations: str) -> Callable[[Callable[[Aws], Doing]], Callable[[Aws], Doing]]:
    def listed(begin: Callable[[Aws], Doing]) -> Callable[[Aws], Doing]:
        SUBJECTS.append(Subject(begin.__name__, module, operations, begin))
        return begin

    return listed


# Billing

BILLING = "functions/billing/adapters/dynamodb.py"


def billing(table: Table, clock: FakeClock) -> Billing:
    return Billing(
        ledger=DynamoDbLedger(table, clock),
        accounts=DynamoDbAccounts(table),
        invoices=DynamoDbInvoices(table),
        prices=PRICES,
        clock=clock,
    )


def metering(table: Table, clock: FakeClock) -> Metering:
    accounts = DynamoDbAccounts(table)
    return Metering(ledger=DynamoDbLedger(table, clock), accounts=accounts, prices=PRICES, clock=clock)


def _billed(aws: Aws) -> tuple[object, ...]:
    """All of one customer's billing, in plain sight: usage; and what is written together, account and invoices."""
    table = aws.plain_table
    account = DynamoDbAccounts(table).find(PERIOD, CUSTOMER)
    invoices = DynamoDbInvoices(table)
    found = [invoices.find(invoice.id) for invoice in invoices.of_customer(CUSTOMER, limit=10).invoices]
    return (
        dict(DynamoDbLedger(table, aws.clock).totals(CUSTOMER, PERIOD)),
        (
            (account.touched > account.closed, dict(account.billed), account.invoices),
            [(stored.invoice, len(stored.outbox)) for stored in found if stored],
        ),
    )


@subject(BILLING, "dynamodb:BatchWriteItem", "dynamodb:UpdateItem")
def usage_is_recorded(aws: Aws) -> Doing:
    meter = metering(aws.table, aws.clock)
    events = [usage_event(f"u-{n}", customer_id=f"cus_{n % 2}") for n in range(26)]
    written = {*(f"ingestion-service#{event.id}" for event in events), "CUSTOMER#cus_0", "CUSTOMER#cus_1"}

    def record() -> None:
        for error in meter.record(events):
            if isinstance(error, Exception):
                raise error

    def there() -> tuple[object, ...]:
        items = aws.plain("dynamodb").scan(TableName="billing")["Items"]
        keys = {item["sk"]["S"] for item in items}
        return (keys <= written, *(key in keys for key in sorted(written)))

    return Doing(record, there)


@subject(BILLING, "dynamodb:Query", "dynamodb:GetItem")
def usage_is_read(aws: Aws) -> Doing:
    service = billing(aws.table, aws.clock)
    metered(metering(aws.plain_table, aws.clock), usage_event())
    seen: list[object] = []
    return Doing(lambda: seen.append(service.usage(CUSTOMER, PERIOD)), lambda: (seen[-1:],))


@subject(BILLING, "dynamodb:GetItem", "dynamodb:PutItem")
def an_invoice_is_issued(aws: Aws) -> Doing:
    service = billing(aws.table, aws.clock)
    return Doing(lambda: service.issue_invoice(order()), lambda: _billed(aws))


@subject(BILLING, "dynamodb:GetItem", "dynamodb:PutItem")
def an_invoice_is_paid(aws: Aws) -> Doing:
    service = billing(aws.table, aws.clock)
    paid = settled_event(billing(aws.plain_table, aws.clock).issue_invoice(order()))
    return Doing(lambda: service.handle(paid), lambda: _billed(aws))


@subject(BILLING, "dynamodb:Query")
def invoices_are_listed(aws: Aws) -> Doing:
    service = billing(aws.table, aws.clock)
    billing(aws.plain_table, aws.clock).issue_invoice(order())
    seen: list[object] = []
    return Doing(lambda: seen.append(service.invoices_of(CUSTOMER, limit=5)), lambda: (seen[-1:],))


def closing(aws: Aws, agenda: Agenda, *, seconds: float = 20) -> PeriodClosing:
    return PeriodClosing(
        ledger=DynamoDbLedger(aws.table, aws.clock),
        accounts=DynamoDbAccounts(aws.table),
        agenda=agenda,
        prices=PRICES,
        clock=FakeClock(AFTER_THE_PERIOD),
        seconds=seconds,
    )


def _closing(aws: Aws, **usage_changes: Any) -> Doing:
    close = closing(aws, MemoryAgenda(lambda _: None))
    metered(metering(aws.plain_table, aws.clock), usage_event(**usage_changes))
    due = account_due(Place(period=PERIOD, customer_id=CUSTOMER), 1, now=AFTER_THE_PERIOD)
    return Doing(lambda: close.handle(due), lambda: _billed(aws))


@subject(BILLING, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:TransactWriteItems")
def an_account_is_closed_with_an_invoice(aws: Aws) -> Doing:
    return _closing(aws)


@subject(BILLING, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem")
def an_account_is_closed_without_an_invoice(aws: Aws) -> Doing:
    return _closing(aws, quantity=0)


@subject(BILLING, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:TransactWriteItems")
def an_account_is_closed_that_was_not_spread_yet(aws: Aws) -> Doing:
    doing = _closing(aws)
    item = {"pk": f"PERIOD#{PERIOD}", "sk": f"CUSTOMER#{CUSTOMER}", "touched": 3}
    aws.plain("dynamodb").put_item(TableName="billing", Item=packed(item))
    return doing


@subject(BILLING, "dynamodb:Query")
def unsettled_accounts_are_found(aws: Aws) -> Doing:
    found: list[str] = []
    close = closing(aws, MemoryAgenda(found.append))
    metered(metering(aws.plain_table, aws.clock), usage_event())
    due = shard_due(shard_of(CUSTOMER), now=AFTER_THE_PERIOD)
    return Doing(lambda: close.handle(due), lambda: (frozenset(found),))


@subject("functions/billing/adapters/sqs.py", "sqs:SendMessageBatch")
def all_shards_are_due(aws: Aws) -> Doing:
    url = aws.new_queue("due")
    agenda = SqsAgenda(aws.client("sqs"), url=url)

    def there() -> tuple[object, ...]:
        shards = [str(json.loads(body)["data"]["shard"]) for body in aws.bodies(url)]
        return tuple(shard in shards for shard in (*SHARDS, UNSPREAD))

    return Doing(lambda: begin(agenda, AFTER_THE_PERIOD), there, lambda: len(aws.bodies(url)))


class Body(BaseModel):
    amount: int = 5


POWERTOOLS = "aws_lambda_powertools"
#: Makes the two usual calls of Powertools' layer itself.
RECORDS = "runtime/idempotency.py"
#: Milliseconds that a lock is held: it has run out by the next try.
_LOCK = 1


@subject(POWERTOOLS, "dynamodb:PutItem", "dynamodb:UpdateItem")
def a_request_is_answered_once(aws: Aws) -> Doing:
    store = answer_store(aws.client("dynamodb"), aws.new_table("answers", "id"))
    answers, made, seen = Answers(store), list[str](), set[str]()

    def make() -> dict[str, Any]:
        made.append("answer")
        return {"invoice": "inv_1"}

    def ask() -> None:
        seen.add(json.dumps(answers.once("key-1", Body(), make, FakeContext(remaining=_LOCK))))

    return Doing(ask, lambda: (frozenset(seen),), lambda: len(made))


# The runtime


def _store(aws: Aws, name: str) -> Any:
    aws.client("dynamodb")  # the store takes the process's own
    return dynamodb_store(aws.new_table(name, "id"))


@subject(RECORDS, "dynamodb:PutItem", "dynamodb:UpdateItem")
def an_effect_is_had_once(aws: Aws) -> Doing:
    once, ran = Once(_store(aws, "once"), "consumer"), list[str]()

    def handle(event: Any) -> Outcome:
        ran.append(event.id)
        return Outcome((event,))

    def run() -> None:
        once.register(FakeContext(remaining=_LOCK))
        once.run(handle, usage())

    return Doing(run, lambda: (frozenset(ran),), lambda: len(ran))


@subject(RECORDS, "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem")
def an_effect_that_failed_is_forgotten(aws: Aws) -> Doing:
    once, ran = Once(_store(aws, "once"), "consumer"), list[str]()

    def handle(event: Any) -> Outcome:
        ran.append(event.id)
        if len(ran) == 1:
            raise TransientError("the first time")
        return Outcome((event,))

    def run() -> None:
        once.register(FakeContext(remaining=_LOCK))
        once.run(handle, usage())

    return Doing(run, lambda: (frozenset(ran[1:]),), lambda: len(ran))


@subject(RECORDS, "dynamodb:GetItem")
def what_is_known_of_an_event_is_looked_up(aws: Aws) -> Doing:
    """As for an answer that does not tell what stood in the way."""
    once, seen = Once(_store(aws, "once"), "consumer"), set[str]()
    DynamoDbRecords(aws.plain("dynamodb"), "once").begin("key-1", remaining=None, kept=60)

    def look() -> None:
        record = once._find("key-1")
        seen.add(record.status if record else "nothing")

    return Doing(look, lambda: (frozenset(seen),))


def _each(bodies: list[str]) -> tuple[object, ...]:
    """Of two batches' events, which there are."""
    return tuple(any(f'"event-{n:02}"' in body for body in bodies) for n in range(12))


@subject("runtime/publisher.py", "eventbridge:PutEvents")
def events_are_published(aws: Aws) -> Doing:
    url, events = aws.new_queue("published"), aws.plain("events")
    events.create_event_bus(Name="bus")
    events.put_rule(Name="all", EventBusName="bus", EventPattern=json.dumps({"source": [{"prefix": ""}]}))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{DEFAULT_ACCOUNT_ID}:published"}
    events.put_targets(Rule="all", EventBusName="bus", Targets=[target])
    publisher = Publisher(EventBridgeBus(aws.client("events")), "bus", aws.clock, jitter=lambda _, most: most)

    def publish() -> None:
        for error in publisher.publish([usage(id=f"event-{n:02}") for n in range(12)]).values():
            raise error

    return Doing(publish, lambda: _each(aws.bodies(url)), lambda: len(aws.bodies(url)))


@subject("runtime/queue.py", "sqs:SendMessage")
def a_message_is_given_up(aws: Aws) -> Doing:
    dead = aws.new_queue("dead")
    queue = SqsQueue(aws.client("sqs"), url=aws.new_queue("queue"), dead_letter_url=dead)
    return Doing(
        lambda: queue.dead_letter("body", {"reason": "poison"}),
        lambda: (frozenset(aws.bodies(dead)),),
        lambda: len(aws.bodies(dead)),
    )


@subject("runtime/queue.py", "sqs:ChangeMessageVisibility")
def a_message_is_shown_again(aws: Aws) -> Doing:
    url, sqs = aws.new_queue("queue"), aws.plain("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="body")
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=900)["Messages"]
    queue = SqsQueue(aws.client("sqs"), url=url, dead_letter_url=aws.new_queue("dead"))
    return Doing(lambda: queue.delay(message["ReceiptHandle"], 0), lambda: (aws.bodies(url),))


@subject("runtime/queue.py", "sqs:SendMessage")
def a_message_is_deferred(aws: Aws) -> Doing:
    url = aws.new_queue("queue")
    queue = SqsQueue(aws.client("sqs"), url=url, dead_letter_url=aws.new_queue("dead"))
    return Doing(
        lambda: queue.defer("body", {"deferrals": "1"}, 0),
        lambda: (frozenset(aws.bodies(url)),),
        lambda: len(aws.bodies(url)),
    )


PAYLOADS = "payloads-of-tests"


@subject("runtime/claim_check.py", "s3:PutObject")
def data_is_checked_in(aws: Aws) -> Doing:
    plain = aws.plain("s3")
    plain.create_bucket(Bucket=PAYLOADS)
    claims = S3ClaimChecks(aws.client("s3"), bucket=PAYLOADS)

    def stored() -> tuple[object, ...]:
        found = plain.list_objects_v2(Bucket=PAYLOADS).get("Contents", [])
        return ([(one["Key"], one["Size"]) for one in found],)

    return Doing(lambda: checked_in(usage(), claims), stored)


@subject("runtime/claim_check.py", "s3:GetObject")
def data_is_checked_out(aws: Aws) -> Doing:
    plain, seen = aws.plain("s3"), list[object]()
    plain.create_bucket(Bucket=PAYLOADS)
    event = checked_in(usage(), S3ClaimChecks(plain, bucket=PAYLOADS))
    claims = S3ClaimChecks(aws.client("s3"), bucket=PAYLOADS)
    return Doing(lambda: seen.append(checked_out(event, claims)), lambda: (seen[-1:],))


# Ingestion


@subject("functions/ingestion/adapters/sqs.py", "sqs:SendMessageBatch")
def records_are_taken_in(aws: Aws) -> Doing:
    url = aws.new_queue("ingestion")
    intake = SqsIntake(aws.client("sqs"), url=url, claims=MemoryClaimChecks(), clock=aws.clock)

    def put() -> None:
        for why in intake.put([usage(id=f"event-{n:02}", subject="x" * 40_000) for n in range(12)]).values():
            raise TransientError(why)

    return Doing(put, lambda: _each(aws.bodies(url)), lambda: len(aws.bodies(url)))


def _file_ingested(aws: Aws, s3: Any, dynamodb: Any) -> Doing:
    plain, checkpoints = aws.plain("s3"), aws.new_table("checkpoints", "file")
    plain.create_bucket(Bucket="files")
    etag = plain.put_object(Bucket="files", Key="incoming/usage.csv", Body=csv(row(1), "bad"))["ETag"].strip('"')
    sent: set[str] = set()

    def publish(events: Sequence[CloudEvent]) -> Mapping[int, BreakwaterError]:
        sent.update(event.id for event in events)
        return {}

    ingestion = FileIngestion(
        files=S3Files(s3),
        checkpoints=DynamoDbCheckpoints(dynamodb, checkpoints, aws.clock),
        publish=publish,
        clock=aws.clock,
        seconds=240,
    )
    news = news_of(FileRef(bucket="files", key="incoming/usage.csv", etag=etag))

    def effect() -> tuple[object, ...]:
        keys = [found["Key"] for found in plain.list_objects_v2(Bucket="files")["Contents"]]
        answers = {key.partition("/")[0]: plain.get_object(Bucket="files", Key=key)["Body"].read() for key in keys}
        return (frozenset(sent), answers.get("rejects"), answers.get("results"))

    return Doing(lambda: ingestion.handle(news), effect)


@subject("functions/ingestion/adapters/s3.py", "s3:GetObject", "s3:PutObject")
def a_file_is_read_and_answered(aws: Aws) -> Doing:
    return _file_ingested(aws, aws.client("s3"), aws.plain("dynamodb"))


@subject("functions/ingestion/adapters/dynamodb.py", "dynamodb:GetItem", "dynamodb:PutItem")
def a_file_s_progress_is_kept(aws: Aws) -> Doing:
    return _file_ingested(aws, aws.plain("s3"), aws.client("dynamodb"))


# Notification

CONTACTS = "functions/notification/adapters/dynamodb.py"


@subject(CONTACTS, "dynamodb:PutItem")
def a_contact_is_kept(aws: Aws) -> Doing:
    book = DynamoDbContactBook(aws.client("dynamodb"), aws.new_table("contacts", "customer_id"))
    kept = DynamoDbContactBook(aws.plain("dynamodb"), "contacts")
    return Doing(lambda: book.offer(contact()), lambda: (kept.find(CUSTOMER),))


@subject(CONTACTS, "dynamodb:GetItem")
def a_contact_is_found(aws: Aws) -> Doing:
    book = DynamoDbContactBook(aws.client("dynamodb"), aws.new_table("contacts", "customer_id"))
    DynamoDbContactBook(aws.plain("dynamodb"), "contacts").offer(contact())
    seen: list[object] = []
    return Doing(lambda: seen.append(book.find(CUSTOMER)), lambda: (seen[-1:],))


@subject("functions/notification/adapters/ses.py", "sesv2:SendEmail")
def an_e_mail_is_sent(aws: Aws) -> Doing:
    aws.plain("sesv2").create_email_identity(EmailIdentity=SENDER)
    mailer = SesMailer(aws.client("sesv2"), sender=SENDER)

    def sent() -> list[str]:
        return [message.subject for message in ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages]

    return Doing(lambda: mailer.send(email()), lambda: (frozenset(sent()),), lambda: len(sent()))


@subject("functions/notification/adapters/secrets.py", "secrets-manager:GetSecretValue")
def the_master_key_is_read(aws: Aws) -> Doing:
    arn = aws.plain("secretsmanager").create_secret(Name="master", SecretString="shared")["ARN"]
    key, seen = MasterKey(aws.client("secretsmanager"), arn, clock=aws.clock), list[bytes]()

    def read() -> None:
        seen.append(key())
        aws.clock.sleep(timedelta(minutes=5).total_seconds())

    return Doing(read, lambda: (seen[-1:],))
