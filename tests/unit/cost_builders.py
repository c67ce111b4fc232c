"""Small topologies and mixes for the bill."""

from __future__ import annotations

from dataclasses import replace

from contracts.company import SERVICES
from ops.cost.figures import Mix
from ops.cost.topology import Api, Function, QueueMapping, Rule, StreamMapping, Table, Topology
from runtime.topology import topology as grouped

FUNCTIONS = {
    "ingestion": "Ingestion",
    "ingestion-api": "Ingestion",
    "billing": "Billing",
    "billing-usage": "Billing",
    "billing-api": "Billing",
    "billing-relay": "Billing",
    "notification": "Notification",
    "notification-contacts": "Notification",
}
INVOICES = ("billing.invoice.issued", "billing.invoice.paid", "billing.invoice.payment_failed")


def topology() -> Topology:
    return Topology(
        functions={name: function(name, stack) for name, stack in FUNCTIONS.items()},
        queues={
            name: QueueMapping(function=name, batch_size=10, window=0, max_concurrency=10)
            for name in ("ingestion", "billing", "billing-usage", "notification", "notification-contacts")
        },
        streams=[StreamMapping(function="billing-relay", batch_size=100, parallel=1)],
        rules=[
            rule("ingestion", "partner.usage.reported", "partner.payment.settled", "partner.payment.failed"),
            rule("billing", "ingestion.payment.settled", "ingestion.payment.failed", source="ingestion-service"),
            rule("billing-usage", "ingestion.usage.recorded", source="ingestion-service"),
            rule("notification", *INVOICES, source="billing-service"),
            rule("notification-contacts", "customer.contact.updated"),
        ],
        apis={
            name: Api(function=name, access_log='{"id": "$context.requestId"}', rate=1000, burst=2000)
            for name in ("ingestion-api", "billing-api")
        },
        tables=[table("checkpoints", "Ingestion"), table("billing", "Billing"), table("contacts", "Notification")],
        archive_days=30,
        fixed={("Bus", "cloudwatch.alarms"): 2},
    )


def monolith() -> Topology:
    """The same in one function, with the memory that the largest part needs, and one queue."""
    apart, (group,) = topology(), grouped("monolith", SERVICES).groups
    (own, _) = group.consumer.subscriptions
    return replace(
        apart,
        functions={group.name: replace(function(group.name, group.stack), memory_mib=1769)},
        queues={group.name: QueueMapping(function=group.name, batch_size=10, window=0, max_concurrency=185)},
        rules=[Rule(function=group.name, patterns=tuple(own.pattern["$or"]))],
        groups=[group],
    )


def rule(name: str, *types: str, source: str | None = None) -> Rule:
    sources = {"source": [source]} if source else {}
    return Rule(function=name, patterns=({"detail-type": list(types), **sources},))


def function(name: str, stack: str) -> Function:
    return Function(
        name=name,
        stack=stack,
        memory_mib=512,
        timeout=30,
        architecture="arm64",
        log_class="standard",
        log_days=90,
        platform_lines=False,
    )


def table(name: str, stack: str) -> Table:
    return Table(name=name, stack=stack, on_demand=True, rare=False, recovery=True, expires=False)


def mix_of(what: str, by: str = "http", records_per_call: float = 1) -> Mix:
    requests = [{"what": what, "share": 1.0, "by": by, "records_per_call": records_per_call}]
    return Mix.model_validate({"name": what, "about": "nothing else", "customers": 1000, "requests": requests})
