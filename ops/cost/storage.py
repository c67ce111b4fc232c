"""What lies there: the bus's archive, the logs, and the tables, which grow with the months."""

from __future__ import annotations

from collections.abc import Iterator

from functions.billing.manifest import USAGE
from ops.cost.bill import Use
from ops.cost.flows import Work
from ops.cost.invocations import Share
from ops.cost.scope import Scope, service_of
from ops.cost.topology import Table
from ops.cost.units import DAYS_PER_MONTH, GB, M
from runtime.idempotency import RETENTION_DAYS


def archived(scope: Scope, service: str, events: float, size: float) -> Iterator[Use]:
    """So many events a month, of so many bytes."""
    days = scope.topology.archive_days
    if days is None:
        return
    gb = events * size / GB
    months = scope.kept(days / DAYS_PER_MONTH)
    why = f"{events / M:,.1f} M events of {size:,.0f} bytes"
    yield Use(service=service, resource="archive", price="eventbridge.archiving", quantity=gb, why=why)
    yield Use(
        service=service,
        resource="archive",
        price="eventbridge.archive",
        quantity=gb * months,
        why=f"{why}, kept {days} days: {months:.2f} months' worth",
    )


def logs_kept(scope: Scope, written: Use, days: int) -> Use:
    """Compressed."""
    months, part = scope.kept(days / DAYS_PER_MONTH), scope.assumptions["log_compression"]
    return Use(
        service=written.service,
        resource=written.resource,
        price="logs.storage",
        quantity=written.quantity * part * months,
        why=f"{written.quantity:,.1f} GB x {part:g}, kept {days} days: {months:.2f} months' worth",
    )


def records_kept(scope: Scope) -> Iterator[Use]:
    for work, made in scope.shares.items():
        for table in made.point.stored_items:
            yield from _kept(scope, work, made, table)


def _kept(scope: Scope, work: Work, made: Share, stored: str) -> Iterator[Use]:
    """`stored` is the bench's name of the table: that of the manifest, without the service."""
    service = service_of(work.function)
    months = scope.kept(_months(scope, stored))
    items, size = made.point.stored_items[stored], made.point.stored_bytes.get(stored, 0)
    each = size + items * scope.assumptions["item_overhead_bytes"]
    gb = made.per_second * scope.seconds * each / GB
    why = f"{gb:,.1f} GB a month, {each / made.point.records:,.0f} bytes a record, {months:.2f} months' worth"
    table = _deployed(scope, service, stored)
    price = "dynamodb.ia.storage" if table.rare else "dynamodb.storage"
    yield Use(service=service, resource=f"table {table.name}", price=price, quantity=gb * months, why=why)
    if table.recovery:
        yield Use(
            service=service,
            resource=f"table {table.name}",
            price="dynamodb.recovery",
            quantity=gb * months,
            why=why,
        )


def _months(scope: Scope, stored: str) -> float | None:
    """How long a table's records are kept; None for ever."""
    if stored == "plain-idempotency":
        return scope.assumptions["plain_idempotency_hours"] / scope.assumptions["hours_per_month"]
    return RETENTION_DAYS / DAYS_PER_MONTH if stored == "idempotency" else None


def _deployed(scope: Scope, service: str, stored: str) -> Table:
    """The service's table that is called so; the peer's are like ours."""
    name = stored.removeprefix("plain-")
    tables = [table for table in scope.topology.tables if table.stack.lower() == service]
    named = [table for table in tables if table.name in (name, f"{name}-{service}")]
    return (named or tables)[0]


def ledger(scope: Scope) -> Iterator[Use]:
    """The close of a period reads each usage record once, a page after the other."""
    for work, made in scope.shares.items():
        if work.function == USAGE.name:
            size = sum(made.point.stored_bytes.values()) / made.point.records
            units = work.records * scope.seconds * size / 4096
            yield Use(
                service=service_of(work.function),
                resource="billing-close",
                price="dynamodb.reads",
                quantity=units / M,
                why=f"{size:,.0f} bytes of each usage record, 4 KB a unit",
            )
