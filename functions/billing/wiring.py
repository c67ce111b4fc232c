"""Billing's composition root: the environment and AWS come in here, once, at the first use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from functions.billing.adapters.accounts import DynamoDbAccounts
from functions.billing.adapters.dynamodb import DynamoDbInvoices, DynamoDbLedger, Table
from functions.billing.adapters.sqs import SqsAgenda
from functions.billing.closing import PeriodClosing
from functions.billing.manifest import ACCOUNT_SECONDS
from functions.billing.metering import Metering
from functions.billing.ports import Agenda
from functions.billing.prices import PRICES
from functions.billing.process import Billing
from runtime.aws import client, later
from runtime.clock import SystemClock
from runtime.lambda_tracing import tracer_from_env
from runtime.settings import Settings
from runtime.tracing import Tracer

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer

ENVIRONMENT: Final[Mapping[str, str]] = os.environ  # noqa: TID251 - this is the composition root


class BillingSettings(Settings):
    billing_table: str


class ApiSettings(BillingSettings):
    idempotency_table: str


class AgendaSettings(Settings):
    queue_url: str


@cache
def billing() -> Billing:
    """What the payments' consumer and the API run. Raises ConfigurationError."""
    table, clock = _table(), SystemClock()
    return Billing(
        ledger=DynamoDbLedger(table, clock),
        accounts=DynamoDbAccounts(table),
        invoices=DynamoDbInvoices(table),
        prices=PRICES,
        clock=clock,
    )


@cache
def metering() -> Metering:
    """What the usage's consumer runs. Raises ConfigurationError."""
    table, clock = _table(), SystemClock()
    return Metering(ledger=DynamoDbLedger(table, clock), accounts=DynamoDbAccounts(table), prices=PRICES, clock=clock)


@cache
def closing() -> PeriodClosing:
    """What the accounts' consumer runs. Raises ConfigurationError."""
    table, clock = _table(), SystemClock()
    return PeriodClosing(
        ledger=DynamoDbLedger(table, clock),
        accounts=DynamoDbAccounts(table),
        agenda=agenda(),
        prices=PRICES,
        clock=clock,
        seconds=ACCOUNT_SECONDS,
    )


@cache
def agenda() -> Agenda:
    """What the schedule writes on. Raises ConfigurationError."""
    return SqsAgenda(later("sqs"), url=AgendaSettings.from_env(ENVIRONMENT).queue_url)


@cache
def tracer() -> Tracer:
    """Raises ConfigurationError."""
    return tracer_from_env(ENVIRONMENT)


@cache
def answers() -> BasePersistenceLayer:
    """Where the API remembers its answers. Raises ConfigurationError that names all that the API needs."""
    from functions.billing.adapters.answers import answer_store  # noqa: PLC0415 - Powertools; consumers do without

    return answer_store(client("dynamodb"), ApiSettings.from_env(ENVIRONMENT).idempotency_table)


def _table() -> Table:
    return Table(later("dynamodb"), BillingSettings.from_env(ENVIRONMENT).billing_table)
