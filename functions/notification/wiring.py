"""Notification's composition root: the environment and AWS come in here, once, at the first use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from functions.notification.adapters.dynamodb import DynamoDbContactBook
from functions.notification.adapters.guard import ChannelGuard
from functions.notification.adapters.secrets import MasterKey
from functions.notification.adapters.ses import SesMailer
from functions.notification.adapters.traced import TracedMailer, TracedWebhooks
from functions.notification.adapters.webhook import HttpsWebhookSender
from functions.notification.domain import EMAIL, WEBHOOK
from functions.notification.manifest import CONTACTS, MESSAGES
from functions.notification.process import Contacts, Notification
from runtime.aws import later
from runtime.clock import Clock, SystemClock
from runtime.consumer import QueueConsumer
from runtime.idempotency import dynamodb_store
from runtime.lambda_consumer import ConsumerSettings, consumer_from_env
from runtime.lambda_tracing import tracer_from_env
from runtime.settings import CommaSeparated

ENVIRONMENT: Final[Mapping[str, str]] = os.environ  # noqa: TID251 - this is the composition root


class ContactSettings(ConsumerSettings):
    contacts_table: str


class MessageSettings(ContactSettings):
    idempotency_table: str
    sender_address: str
    webhook_secret_arn: str
    webhook_trusted_hosts: CommaSeparated = ()


class MessageConsumer:
    """The queue consumer with its channels' guard."""

    def __init__(self, consumer: QueueConsumer, guard: ChannelGuard) -> None:
        self._consumer = consumer
        self._guard = guard

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
        self._guard.register(context)
        return self._consumer(event, context)


@cache
def messages() -> MessageConsumer:
    """Raises ConfigurationError that names all that is missing."""
    settings = MessageSettings.from_env(ENVIRONMENT)
    clock, tracer = SystemClock(), tracer_from_env(ENVIRONMENT)
    guard = ChannelGuard(dynamodb_store(settings.idempotency_table), MESSAGES.name, (EMAIL, WEBHOOK))
    notification = Notification(
        book=DynamoDbContactBook(later("dynamodb"), settings.contacts_table),
        mailer=TracedMailer(SesMailer(later("sesv2"), sender=settings.sender_address), tracer),
        webhooks=TracedWebhooks(_webhooks(settings, clock), tracer),
        clock=clock,
        guard=guard,
    )
    return MessageConsumer(consumer_from_env(MESSAGES, notification.handle, ENVIRONMENT), guard)


def _webhooks(settings: MessageSettings, clock: Clock) -> HttpsWebhookSender:
    return HttpsWebhookSender(
        master_key=MasterKey(later("secretsmanager"), settings.webhook_secret_arn, clock=clock),
        clock=clock,
        trusted_hosts=settings.webhook_trusted_hosts,
    )


@cache
def contacts() -> QueueConsumer:
    """Raises ConfigurationError that names all that is missing."""
    settings = ContactSettings.from_env(ENVIRONMENT)
    book = DynamoDbContactBook(later("dynamodb"), settings.contacts_table)
    return consumer_from_env(CONTACTS, Contacts(book, SystemClock()).handle, ENVIRONMENT)
