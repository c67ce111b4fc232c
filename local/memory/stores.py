"""What the services keep in the memory cloud."""

from __future__ import annotations

from dataclasses import dataclass, field

from functions.billing.adapters.memory import MemoryAccounts, MemoryInvoices, MemoryLedger
from functions.notification.adapters.memory import MemoryContactBook, MemoryMailer, MemoryWebhookSender
from local.memory.idempotency import Table


@dataclass(kw_only=True)
class BillingStores:
    """What billing keeps. `answers` are its API's."""

    ledger: MemoryLedger
    accounts: MemoryAccounts
    invoices: MemoryInvoices
    answers: Table = field(default_factory=dict)


@dataclass(kw_only=True)
class NotificationStores:
    """What notification keeps, and whom it calls. `records` are of what was sent."""

    book: MemoryContactBook = field(default_factory=MemoryContactBook)
    mailer: MemoryMailer = field(default_factory=MemoryMailer)
    webhooks: MemoryWebhookSender = field(default_factory=MemoryWebhookSender)
    records: Table = field(default_factory=dict)
