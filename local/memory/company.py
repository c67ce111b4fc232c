"""The whole company in the memory cloud: the three services, composed as their `wiring` composes them for AWS.

company = Company(seed=1, start=datetime(2026, 5, 20, tzinfo=UTC))
company.post_events(event)
company.cloud.run()
company.mail
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from events.binding import to_http
from events.envelope import BATCH_MEDIA_TYPE, CloudEvent
from functions.billing import api as billing_api
from functions.billing import close as billing_close
from functions.billing import manifest as billing
from functions.billing.adapters.memory import memory_billing
from functions.ingestion import manifest as ingestion
from functions.ingestion.adapters.memory import MemoryIntake
from functions.ingestion.api import events_api
from functions.ingestion.process import Ingestion
from functions.notification import manifest as notification
from functions.notification.adapters.guard import ChannelGuard
from functions.notification.adapters.memory import memory_notification
from functions.notification.domain import EMAIL, WEBHOOK, Email, WebhookCall
from local.memory.cloud import MemoryCloud
from local.memory.functions import Handler
from local.memory.idempotency import MemoryIdempotency, Table
from runtime.consumer import OnUnreadable, QueueConsumer
from runtime.idempotency import Once
from runtime.manifest import Consumer, Relay
from runtime.outbox import OutboxRelay
from runtime.outcome import Handle, Together
from runtime.publisher import Publisher


class Company:
    """Everything between an HTTP request or a `put_events`, and a customer's mailbox. Options as MemoryCloud's."""

    def __init__(self, *, seed: int, start: datetime, **options: Any) -> None:
        self.cloud = MemoryCloud(seed=seed, start=start, **options)
        self._publisher = Publisher(
            self.cloud.bus, self.cloud.bus.name, self.cloud.clock, jitter=self.cloud.random.uniform
        )
        self._deploy_ingestion()
        self._deploy_billing()
        self._deploy_notification()

    @property
    def mail(self) -> list[Email]:
        """E-mails that were sent, oldest first."""
        return self._notification.mailer.outbox

    @property
    def webhooks(self) -> list[WebhookCall]:
        return self._notification.webhooks.outbox

    def post_events(self, *events: CloudEvent | Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """`POST /events`: one event in structured mode, several as a batch. Status and decoded answer."""
        if len(events) == 1 and isinstance(events[0], CloudEvent):
            headers, body = to_http(events[0])
            return self.call(ingestion.API.function.name, "POST", "/events", body.decode(), headers)
        members = [event.to_dict() if isinstance(event, CloudEvent) else dict(event) for event in events]
        headers = {"content-type": BATCH_MEDIA_TYPE}
        return self.call(ingestion.API.function.name, "POST", "/events", json.dumps(members), headers)

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
        raw_path, _, query = path.partition("?")
        event = {
            "version": "2.0",
            "rawPath": raw_path,
            "rawQueryString": query,
            "queryStringParameters": dict(pair.split("=", 1) for pair in query.split("&") if pair),
            "headers": dict(headers),
            "requestContext": {"http": {"method": method, "path": raw_path}, "stage": "$default"},
            "body": body,
            "isBase64Encoded": False,
        }
        result = self.cloud.invoke(function, event)
        return int(result["statusCode"]), json.loads(result["body"])

    def _deploy_ingestion(self) -> None:
        service = Ingestion(self.cloud.clock)
        consumer = self._consumer(ingestion.CONSUMER, service.handle, on_unreadable=service.on_unreadable)
        intake = MemoryIntake(lambda body: _sent(self.cloud.queue(ingestion.CONSUMER.name).send(body)))
        api = events_api(intake=intake, clock=self.cloud.clock)
        self.cloud.deploy(
            ingestion.SERVICE,
            {ingestion.CONSUMER.function.name: consumer, ingestion.API.function.name: api.resolve},
        )

    def _deploy_billing(self) -> None:
        stream = self.cloud.stream(billing.RELAY.function.name)
        service = memory_billing(self.cloud.clock, stream.put)
        api = billing_api.build(service.billing, MemoryIdempotency(clock=self.cloud.clock))

        def close(_: dict[str, Any], context: Any) -> dict[str, Any]:
            return billing_close.run(
                service.closing,
                now=self.cloud.clock.now(),
                remaining_time=lambda: context.get_remaining_time_in_millis() / 1_000,
            )

        self.cloud.deploy(
            billing.SERVICE,
            {
                billing.PAYMENTS.function.name: self._consumer(billing.PAYMENTS, service.payments),
                billing.USAGE.function.name: self._consumer(billing.USAGE, service.usage),
                billing.API.function.name: api.resolve,
                billing.CLOSE.function.name: close,
                billing.RELAY.function.name: self._relay(billing.RELAY),
            },
        )

    def _deploy_notification(self) -> None:
        table: Table = {}
        store = MemoryIdempotency(clock=self.cloud.clock, table=table)
        guard = ChannelGuard(store, notification.MESSAGES.name, (EMAIL, WEBHOOK))
        service = self._notification = memory_notification(self.cloud.clock, guard=guard)
        messages = self._consumer(notification.MESSAGES, service.messages, records=table)
        contacts = self._consumer(notification.CONTACTS, service.contacts)

        def guarded(event: dict[str, Any], context: Any) -> Any:
            guard.register(context)
            return messages(event, context)

        self.cloud.deploy(
            notification.SERVICE,
            {notification.MESSAGES.function.name: guarded, notification.CONTACTS.function.name: contacts},
        )

    def _relay(self, spec: Relay) -> Handler:
        dead_letters = self.cloud.dead_letters(spec)
        return OutboxRelay(self._publisher, dead_letters, name=spec.function.name, clock=self.cloud.clock)

    def _consumer(
        self,
        spec: Consumer,
        handle: Handle | Together,
        *,
        records: Table | None = None,
        on_unreadable: OnUnreadable | None = None,
    ) -> Handler:
        once = None
        if spec.dedup == "record":
            once = Once(MemoryIdempotency(clock=self.cloud.clock, table=records), spec.name)
        return QueueConsumer(
            spec,
            handle,
            publisher=self._publisher,
            queue=self.cloud.queue_port(spec),
            clock=self.cloud.clock,
            once=once,
            on_unreadable=on_unreadable,
            jitter=self.cloud.random.uniform,
        )


def _sent(_: str) -> None:
    """The queue's message id is of no use to ingestion."""
