"""Notification: its own contact book, a mail sender, and the master key that webhooks are signed under."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_secretsmanager, aws_ses
from constructs import Construct

from functions.notification.manifest import CONTACTS, MESSAGES, SERVICE, SOURCE
from infra.components.acknowledged import acknowledge
from infra.components.consumer import EventConsumer
from infra.components.contract import publish_contract
from infra.components.function import Environment, Host, ServiceFunction, removal_policy
from infra.components.table import Keys, StateTable, allow_once, idempotency_table
from infra.config import StageConfig
from infra.stacks.stack import StageStack, home


class NotificationStack(StageStack):
    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig, host: Host | None = None) -> None:
        super().__init__(scope, construct_id, stage=stage, description="Breakwater: notification")
        shared = home(self, SERVICE, host)
        publish_contract(self, SERVICE, stage=stage)
        book = _contact_book(self, stage)
        once = idempotency_table(self, "Idempotency", service=SERVICE.name, stage=stage)
        # Its id is its ARN, on AWS and on the emulator; what Ref gives differs.
        secret = _webhook_secret(self, stage)
        if stage.sender_identity:
            aws_ses.CfnEmailIdentity(self, "Sender", email_identity=stage.sender_address)

        contacts = EventConsumer(self, "Contacts", consumer=CONTACTS, home=shared, environment={"CONTACTS_TABLE": book})
        book.allow(contacts.function, "PutItem")

        environment = _message_environment(stage, book=book, once=once, secret=secret)
        messages = EventConsumer(self, "Notification", consumer=MESSAGES, home=shared, environment=environment)
        messages.function.allow_put_events(source=SOURCE)
        messages.function.allow("secretsmanager:GetSecretValue", on=secret.name)
        book.allow(messages.function, "GetItem")
        allow_once(messages.function, once)
        self._allow_mail(messages.function)

        self.dashboard(SERVICE, {})
        self.output("ContactsTableName", book.name)
        self.output("QueueUrl", messages.queue.queue_url)
        self.output("DeadLetterQueueUrl", messages.dead_letter_queue.queue_url)
        self.output("ContactsQueueUrl", contacts.queue.queue_url)
        self.output("ContactsDeadLetterQueueUrl", contacts.dead_letter_queue.queue_url)
        self.output("WebhookSecretArn", secret.name)

    def _allow_mail(self, function: ServiceFunction) -> None:
        """As the sender. SES asks about whichever identity is verified: the address, or its domain."""
        address = self.config.sender_address
        identities = [
            self.format_arn(service="ses", resource="identity", resource_name=identity)
            for identity in (address, address.partition("@")[2])
        ]
        for resource in identities if self.config.pin_sender else ["*"]:
            function.allow("ses:SendEmail", on=resource)


def _contact_book(scope: Construct, stage: StageConfig) -> StateTable:
    return StateTable(
        scope,
        "ContactBook",
        name="contacts",
        keys=Keys("customer_id"),
        ttl_attribute=None,
        stream=False,
        indexes=(),
        stage=stage,
    )


@dataclass(frozen=True, slots=True)
class Secret:
    """`name` is its ARN, whose end is AWS's to choose; it is found by its own name, too."""

    name: str
    known_name: str


def _webhook_secret(scope: Construct, stage: StageConfig) -> Secret:
    known_name = stage.resource_name("webhook-master-key")
    secret = aws_secretsmanager.CfnSecret(
        scope,
        "WebhookMasterKey",
        name=known_name,
        description="Each webhook endpoint's signing key is derived from it.",
        generate_secret_string=aws_secretsmanager.CfnSecret.GenerateSecretStringProperty(
            password_length=64, exclude_punctuation=True
        ),
    )
    secret.apply_removal_policy(removal_policy(stage))
    acknowledge(
        secret, "AwsSolutions-SMG4", "To rotate it changes every receiver's key: that is agreed with them, not timed."
    )
    return Secret(secret.attr_id, known_name)


def _message_environment(stage: StageConfig, *, book: StateTable, once: StateTable, secret: Secret) -> Environment:
    return {
        "CONTACTS_TABLE": book,
        "IDEMPOTENCY_TABLE": once,
        "SENDER_ADDRESS": stage.sender_address,
        "WEBHOOK_SECRET_ARN": secret,
        "WEBHOOK_TRUSTED_HOSTS": ",".join(stage.webhook_trusted_hosts),
    }
