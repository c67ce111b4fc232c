"""Billing: one table; three consumers, one of them for a schedule, and an API that write to it; a relay that tells."""

from __future__ import annotations

from typing import Final

from constructs import Construct

from functions.billing.manifest import ACCOUNTS, API, CLOSE, PAYMENTS, RELAY, SERVICE, SOURCE, USAGE
from infra.components.api import ServiceApi
from infra.components.consumer import EventConsumer
from infra.components.contract import publish_contract
from infra.components.function import Host
from infra.components.relay import OutboxRelay
from infra.components.schedule import ScheduledFunction
from infra.components.table import Index, Keys, StateTable, allow_once, idempotency_table
from infra.config import StageConfig
from infra.stacks.stack import StageStack, home

_BY_CUSTOMER: Final = Index("by-customer", Keys("gsi1pk", "gsi1sk"))


class BillingStack(StageStack):
    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig, host: Host | None = None) -> None:
        super().__init__(scope, construct_id, stage=stage, description="Breakwater: billing")
        shared = home(self, SERVICE, host)
        publish_contract(self, SERVICE, stage=stage)
        table = _table(self, stage)
        once = idempotency_table(self, "Idempotency", service=SERVICE.name, stage=stage)
        environment = {"BILLING_TABLE": table}

        payments = EventConsumer(self, "Billing", consumer=PAYMENTS, home=shared, environment=environment)
        table.allow(payments.function, "GetItem", "PutItem")

        usage = EventConsumer(self, "BillingUsage", consumer=USAGE, home=shared, environment=environment)
        table.allow(usage.function, "BatchWriteItem", "UpdateItem")

        api = ServiceApi(
            self, "BillingApi", api=API, home=shared, environment={**environment, "IDEMPOTENCY_TABLE": once}
        )
        table.allow(api.function, "GetItem", "PutItem", "Query")
        table.allow(api.function, "Query", index=_BY_CUSTOMER.name)
        allow_once(api.function, once)

        accounts = EventConsumer(self, "BillingAccounts", consumer=ACCOUNTS, home=shared, environment=environment)
        table.allow(accounts.function, "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")

        agenda = {"QUEUE_URL": accounts.queue_url}
        close = ScheduledFunction(self, "BillingClose", schedule=CLOSE, home=shared, environment=agenda)
        close.function.allow("sqs:SendMessage", on=accounts.queue.queue_arn)

        relay = OutboxRelay(self, "BillingRelay", relay=RELAY, table=table, source=SOURCE, home=shared)

        self.dashboard(SERVICE, {API.function.name: api.resource.api_id})
        self.output("ApiEndpoint", api.endpoint)
        self.output("ApiId", api.resource.api_id)
        self.output("TableName", table.name)
        for name, consumer in {"": payments, "Usage": usage, "Accounts": accounts}.items():
            self.output(f"{name}QueueUrl", consumer.queue.queue_url)
            self.output(f"{name}DeadLetterQueueUrl", consumer.dead_letter_queue.queue_url)
        self.output("CloseFunctionName", close.function.resource.function_name)
        self.output("CloseDeadLetterQueueUrl", close.dead_letter_queue.queue_url)
        self.output("RelayDeadLetterQueueUrl", relay.failures.queue_url)


def _table(scope: Construct, stage: StageConfig) -> StateTable:
    return StateTable(
        scope,
        "State",
        name="billing",
        keys=Keys("pk", "sk"),
        ttl_attribute=None,
        stream=True,
        indexes=(_BY_CUSTOMER,),
        stage=stage,
    )
