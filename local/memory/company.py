"""The whole company in the memory cloud: the three services, composed as their `wiring` composes them for AWS.

company = Company(seed=1, start=datetime(2026, 5, 20, tzinfo=UTC))
company.post_events(event)
company.cloud.run()
company.mail

As on Lambda, each process of a function is composed anew: what it caches is its own, what it stores is everybody's.
All of them share one tracer, which by default tells nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from contracts.company import BATCHED, SERVICES
from events.binding import to_http
from events.envelope import BATCH_MEDIA_TYPE, CloudEvent
from functions.billing import api as billing_api
from functions.billing import close as billing_close
from functions.billing import manifest as billing
from functions.billing.adapters.memory import MemoryAccounts, MemoryAgenda, MemoryInvoices, MemoryLedger
from functions.billing.closing import PeriodClosing
from functions.billing.metering import Metering
from functions.billing.prices import PRICES
from functions.billing.process import Billing
from functions.ingestion import manifest as ingestion
from functions.ingestion.adapters.memory import MemoryCheckpoints, MemoryFiles, MemoryIntake
from functions.ingestion.api import events_api
from functions.ingestion.bulk import FileIngestion
from functions.ingestion.ports import FileRef
from functions.ingestion.process import Ingestion
from functions.notification import manifest as notification
from functions.notification.adapters.guard import ChannelGuard
from functions.notification.adapters.traced import TracedMailer, TracedWebhooks
from functions.notification.domain import EMAIL, WEBHOOK, Email, WebhookCall
from functions.notification.process import Contacts, Notification
from local.memory.cloud import MemoryCloud
from local.memory.functions import Handler, PerSandbox, Sandbox
from local.memory.http import request, serving
from local.memory.idempotency import MemoryIdempotency
from local.memory.meters import Meters
from local.memory.s3 import OBJECT_CREATED, SOURCE, object_created
from local.memory.stores import BillingStores, NotificationStores
from runtime.claim_check import MemoryClaimChecks
from runtime.consumer import OnUnreadable, QueueConsumer
from runtime.emf import Write
from runtime.group import API, GroupFunction
from runtime.idempotency import Once
from runtime.manifest import Consumer
from runtime.outbox import OutboxRelay
from runtime.outcome import Handle, Together
from runtime.publisher import Publisher
from runtime.topology import Group, Topology
from runtime.tracing import PASSIVE, Tracer

#: Every service as its manifest says.
SERVICES_APART: Final = Topology()


class Company:
    """Everything between an HTTP request, a file or a `put_events`, and a customer's mailbox. Options as MemoryCloud's.

    `files` is the bucket. A page of the ledger has `ledger_page` entries; one account keeps an invocation for
    `account_seconds`, and the page that it is at. Functions write what they measure to `metrics`; without it, they
    measure nothing.
    """

    def __init__(
        self,
        *,
        seed: int,
        start: datetime,
        metrics: Write | None = None,
        tracer: Tracer = PASSIVE,
        topology: Topology = SERVICES_APART,
        ledger_page: int = 1_000,
        account_seconds: float = billing.ACCOUNT_SECONDS,
        **options: Any,
    ) -> None:
        self._meters = Meters(metrics)
        self._tracer = tracer
        self._topology = topology
        self._account_seconds = account_seconds
        self.cloud = MemoryCloud(seed=seed, start=start, **options)
        invoices = MemoryInvoices(self.cloud.stream(billing.RELAY.function.name).put)
        ledger = MemoryLedger(page=ledger_page)
        self.billing = BillingStores(ledger=ledger, accounts=MemoryAccounts(invoices), invoices=invoices)
        self.notification = NotificationStores()
        self.claims = MemoryClaimChecks()
        self.files = MemoryFiles(f"{self.cloud.bus.name}-files")
        self.checkpoints = MemoryCheckpoints()
        self._deploy()
        self._unpublishable = self.cloud.dead_letters(billing.RELAY)

    @property
    def mail(self) -> list[Email]:
        """E-mails that were sent, oldest first."""
        return self.notification.mailer.outbox

    @property
    def webhooks(self) -> list[WebhookCall]:
        return self.notification.webhooks.outbox

    def post_events(self, *events: CloudEvent | Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """`POST /events`: one event in structured mode, several as a batch. Status and decoded answer."""
        if len(events) == 1 and isinstance(events[0], CloudEvent):
            headers, body = to_http(events[0])
            return self.call(ingestion.API.function.name, "POST", "/events", body.decode(), headers)
        members = [event.to_dict() if isinstance(event, CloudEvent) else dict(event) for event in events]
        headers = {"content-type": BATCH_MEDIA_TYPE}
        return self.call(ingestion.API.function.name, "POST", "/events", json.dumps(members), headers)

    def put_file(self, key: str, body: bytes) -> FileRef:
        """What a PutObject and S3's news of it do."""
        file = self.files.upload(key, body)
        self.tell_of(file, size=len(body))
        return file

    def tell_of(self, file: FileRef, *, size: int = 0) -> None:
        """S3's news of a file: it may come more than once."""
        self.cloud.default_bus.tell(SOURCE, OBJECT_CREATED, object_created(file, size=size))

    def bill(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """A call of billing's API. Underscores in header names stand for hyphens."""
        named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        text = None if body is None else json.dumps(body)
        named |= {} if text is None else {"content-type": "application/json"}
        return self.call(billing.API.function.name, method, path, text, named)

    def call(
        self, function: str, method: str, path: str, body: str | None, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """What API Gateway does for one request (payload format 2.0)."""
        event = request(method, path, body, headers) | {"stageVariables": {API: function}}
        result = self.cloud.invoke(function, event)
        return int(result["statusCode"]), json.loads(result["body"])

    def _deploy(self) -> None:
        functions = {
            ingestion.CONSUMER.function.name: self._ingestion,
            ingestion.API.function.name: self._ingestion_api,
            ingestion.FILES.function.name: self._ingestion_files,
            billing.PAYMENTS.function.name: self._payments,
            billing.USAGE.function.name: self._usage,
            billing.API.function.name: self._billing_api,
            billing.CLOSE.function.name: self._close,
            billing.ACCOUNTS.function.name: self._accounts,
            billing.RELAY.function.name: self._relay,
            notification.MESSAGES.function.name: self._messages,
            notification.CONTACTS.function.name: self._contacts,
        }
        for group in self._topology.groups:
            self.cloud.deploy_group(group, PerSandbox(_grouped(group, functions)))
        for service in SERVICES:
            if self._topology.group_of(service.name) is None:
                handlers = {f.name: PerSandbox(functions[f.name]) for f in service.functions}
                self.cloud.deploy(service, handlers)

    def _ingestion(self, sandbox: Sandbox) -> Handler:
        service = Ingestion(self.cloud.clock)
        return self._consumer(sandbox, ingestion.CONSUMER, service.handle, on_unreadable=service.on_unreadable)

    def _ingestion_api(self, sandbox: Sandbox) -> Handler:
        queue = sandbox.reach("intake", self.cloud.queue_port(ingestion.CONSUMER))
        intake = MemoryIntake(sandbox.reach("claims", self.claims), queue.send)
        return serving(events_api(intake=intake, clock=self.cloud.clock, tracer=self._tracer), self._tracer)

    def _ingestion_files(self, sandbox: Sandbox) -> Handler:
        service = FileIngestion(
            files=sandbox.reach("files", self.files),
            checkpoints=sandbox.reach("checkpoints", self.checkpoints),
            publish=self._publisher(sandbox).publish,
            clock=self.cloud.clock,
            seconds=ingestion.FILE_SECONDS,
        )
        return self._consumer(sandbox, ingestion.FILES, service.handle)

    def _payments(self, sandbox: Sandbox) -> Handler:
        return self._consumer(sandbox, billing.PAYMENTS, self._billing(sandbox).handle)

    def _usage(self, sandbox: Sandbox) -> Handler:
        metering = Metering(
            ledger=sandbox.reach("ledger", self.billing.ledger),
            accounts=sandbox.reach("accounts", self.billing.accounts),
            prices=PRICES,
            clock=self.cloud.clock,
        )
        return self._consumer(sandbox, billing.USAGE, Together(metering.record))

    def _billing_api(self, sandbox: Sandbox) -> Handler:
        answers = MemoryIdempotency(clock=self.cloud.clock, table=self.billing.answers)
        return serving(billing_api.build(self._billing(sandbox), sandbox.reach("answers", answers)), self._tracer)

    def _billing(self, sandbox: Sandbox) -> Billing:
        return Billing(
            ledger=sandbox.reach("ledger", self.billing.ledger),
            accounts=sandbox.reach("accounts", self.billing.accounts),
            invoices=sandbox.reach("invoices", self.billing.invoices),
            prices=PRICES,
            clock=self.cloud.clock,
        )

    def _close(self, sandbox: Sandbox) -> Handler:
        agenda = self._agenda(sandbox)

        def close(_: dict[str, Any], __: Any) -> dict[str, Any]:
            with self._tracer.running(billing.CLOSE.function.name):
                return billing_close.run(agenda, self.cloud.clock.now())

        return close

    def _agenda(self, sandbox: Sandbox) -> MemoryAgenda:
        return MemoryAgenda(sandbox.reach("agenda", self.cloud.queue_port(billing.ACCOUNTS)).send)

    def _accounts(self, sandbox: Sandbox) -> Handler:
        closing = PeriodClosing(
            ledger=sandbox.reach("ledger", self.billing.ledger),
            accounts=sandbox.reach("accounts", self.billing.accounts),
            agenda=self._agenda(sandbox),
            prices=PRICES,
            clock=self.cloud.clock,
            seconds=self._account_seconds,
        )
        return self._consumer(sandbox, billing.ACCOUNTS, closing.handle)

    def _relay(self, sandbox: Sandbox) -> Handler:
        return OutboxRelay(
            self._publisher(sandbox),
            sandbox.reach("queue", self._unpublishable),
            name=billing.RELAY.function.name,
            clock=self.cloud.clock,
            tracer=self._tracer,
            meter=self._meters.relay(billing.RELAY),
        )

    def _messages(self, sandbox: Sandbox) -> Handler:
        guard = ChannelGuard(self._records(sandbox), notification.MESSAGES.name, (EMAIL, WEBHOOK))
        service = Notification(
            book=sandbox.reach("book", self.notification.book),
            mailer=TracedMailer(sandbox.reach("mailer", self.notification.mailer), self._tracer),
            webhooks=TracedWebhooks(sandbox.reach("webhooks", self.notification.webhooks), self._tracer),
            clock=self.cloud.clock,
            guard=guard,
        )
        consumer = self._consumer(sandbox, notification.MESSAGES, service.handle)

        def guarded(event: dict[str, Any], context: Any) -> Any:
            guard.register(context)
            return consumer(event, context)

        return guarded

    def _contacts(self, sandbox: Sandbox) -> Handler:
        book = sandbox.reach("book", self.notification.book)
        return self._consumer(sandbox, notification.CONTACTS, Contacts(book, self.cloud.clock).handle)

    def _records(self, sandbox: Sandbox) -> MemoryIdempotency:
        return sandbox.reach("records", MemoryIdempotency(clock=self.cloud.clock, table=self.notification.records))

    def _publisher(self, sandbox: Sandbox) -> Publisher:
        return Publisher(
            sandbox.reach("bus", self.cloud.bus),
            self.cloud.bus.name,
            self.cloud.clock,
            claims=sandbox.reach("claims", self.claims),
            batched=BATCHED,
            jitter=self.cloud.random.uniform,
            tracer=self._tracer,
        )

    def _consumer(
        self,
        sandbox: Sandbox,
        spec: Consumer,
        handle: Handle | Together,
        *,
        on_unreadable: OnUnreadable | None = None,
    ) -> Handler:
        return QueueConsumer(
            spec,
            handle,
            publisher=self._publisher(sandbox),
            queue=sandbox.reach("queue", self.cloud.queue_port(spec)),
            clock=self.cloud.clock,
            claims=sandbox.reach("claims", self.claims),
            once=Once(self._records(sandbox), spec.name) if spec.dedup == "record" else None,
            on_unreadable=on_unreadable,
            meter=self._meters.consumer(spec),
            jitter=self.cloud.random.uniform,
            tracer=self._tracer,
        )


def _grouped(group: Group, functions: Mapping[str, Callable[[Sandbox], Handler]]) -> Callable[[Sandbox], Handler]:
    """One process of a group's function: each part is composed when it is called first."""
    return lambda sandbox: GroupFunction(group, lambda part: functions[part.name](sandbox))
