"""Where things can go wrong: every kind of call that a function makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Every call that functions make. A test holds it against those that a run without faults makes.
CALLS: Final[Mapping[str, tuple[str, ...]]] = {
    "ingestion-api": ("intake.send",),
    "ingestion": ("bus.put",),
    "ingestion-files": ("files.read", "files.put", "checkpoints.find", "checkpoints.save", "bus.put"),
    "billing": ("invoices.find", "invoices.save"),
    "billing-usage": ("ledger.record_all", "accounts.touch"),
    "billing-api": ("answers.put", "answers.update", "answers.delete", "invoices.find", "invoices.save"),
    "billing-close": ("agenda.send",),
    "billing-accounts": (
        "accounts.unsettled",
        "agenda.send",
        "accounts.find",
        "ledger.pages",
        "accounts.keep",
        "accounts.close",
    ),
    "billing-relay": ("bus.put",),
    "notification": (
        "records.put",
        "records.update",
        "records.delete",
        "book.find",
        "mailer.send",
        "webhooks.send",
        "bus.put",
        "queue.delay",
        "queue.defer",
        "queue.dead_letter",
    ),
    "notification-contacts": ("book.offer",),
}
_SETTLING: Final = ("queue.delay", "queue.defer", "queue.dead_letter")
CONSUMERS: Final = (
    "ingestion",
    "ingestion-files",
    "billing",
    "billing-usage",
    "billing-accounts",
    "notification",
    "notification-contacts",
)
SITES: Final = tuple((function, name) for function, names in CALLS.items() for name in names) + tuple(
    (function, name) for function in CONSUMERS if function != "notification" for name in _SETTLING
)
SERVICES: Final = tuple(sorted({name.partition(".")[0] for _, name in SITES}))
