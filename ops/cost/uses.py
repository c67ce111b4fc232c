"""What a scope uses in a month: the quantities of a bill, each with its arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Final

from functions.billing.manifest import USAGE
from functions.ingestion.manifest import SERVICE as INGESTION
from functions.notification.manifest import SERVICE as NOTIFICATION
from ops.cost.bill import Use
from ops.cost.flows import FOREIGN, Work
from ops.cost.invocations import Invocations
from ops.cost.scope import SHARED, USAGE_PATH, Scope, service_of
from ops.cost.storage import archived, ledger, logs_kept, records_kept
from ops.cost.topology import context_values
from ops.cost.units import GB, K, M

_MS: Final = 1000
_MIB: Final = 1024
_CHUNK: Final = 65_536


def uses_of(scope: Scope) -> Iterator[Use]:
    for work, made in scope.invocations.items():
        yield from _function(scope, work, made)
        yield from _state(scope, work, made)
        yield from _effects(scope, work, made)
        if work.trigger == "queue":
            yield from _queue(scope, work, made)
        if work.trigger == "http":
            yield from _api(scope, work, made)
    yield from _bus(scope)
    yield from ledger(scope)
    yield from records_kept(scope)
    yield from _fixed(scope)


def _function(scope: Scope, work: Work, made: Invocations) -> Iterator[Use]:
    function, count, get = scope.function(work), made.per_second * scope.seconds, scope.assumptions
    service, name = service_of(work.function), f"{work.function} ({work.work})"
    what = f"{work.records:,.2f} records/s in {made.point.records:,.1f} an invocation"
    yield Use(service=service, resource=name, price="lambda.requests", quantity=count / M, why=what)
    starts = made.concurrency / get["environment_hours"] / 3600 * scope.seconds
    gb = function.memory_mib / _MIB
    yield Use(
        service=service,
        resource=name,
        price=f"lambda.duration.{function.architecture}",
        quantity=(count * made.billed_ms + starts * get["cold_start_ms"]) / _MS * gb,
        why=f"{count / M:,.1f} M invocations x {made.billed_ms} ms x {gb:g} GB, and {starts:,.0f} cold starts",
    )
    yield from _logs(scope, work, made)


def _logs(scope: Scope, work: Work, made: Invocations) -> Iterator[Use]:
    function, count, get = scope.function(work), made.per_second * scope.seconds, scope.assumptions
    written, lines = made.point.log_bytes, made.point.log_lines
    if scope.side == "plain":
        lines, written = made.point.records, made.point.records * get["plain_log_bytes"]
    if scope.batch_lines and work.function in USAGE_PATH:
        lines, written = _batch_line(scope, work, made)
    platform = get["platform_log_bytes"] if function.platform_lines else 0
    each = written + lines * get["log_event_bytes"] + platform
    use = Use(
        service=service_of(work.function),
        resource=f"{work.function} ({work.work})",
        price=f"logs.{function.log_class}",
        quantity=count * each / GB,
        why=f"{count / M:,.1f} M invocations x {each:,.0f} bytes: {lines:,.1f} lines, platform {platform:,.0f}",
    )
    yield use
    yield logs_kept(scope, use, function.log_days)


def _batch_line(scope: Scope, work: Work, made: Invocations) -> tuple[float, float]:
    """Lines and bytes: one for all records in place of one for each. What is written of each batch now, stays."""
    get, one, two = scope.assumptions, *(scope.measured(work).at(n) for n in (1, 2))
    line = get["batch_line_bytes"] + made.point.records * get["batch_line_record_bytes"]
    return (
        1 + max(0.0, 2 * one.log_lines - two.log_lines),
        line + max(0.0, 2 * one.log_bytes - two.log_bytes),
    )


def _state(scope: Scope, work: Work, made: Invocations) -> Iterator[Use]:
    units = made.point.units
    writes = units.get("table_writes", 0) + units.get("index_writes", 0)
    if not writes + units.get("reads", 0):
        return
    table = scope.table(service_of(work.function))
    if table.on_demand:
        yield from _on_demand(scope, work, made, {"writes": writes, "reads": units.get("reads", 0)})
        return
    capacity = made.per_second * writes / scope.assumptions["utilisation"]
    yield Use(
        service=service_of(work.function),
        resource=f"{work.function} ({work.work})",
        price="dynamodb.provisioned.writes",
        quantity=capacity * scope.assumptions["hours_per_month"],
        why=f"{capacity:,.0f} WCU, of which {scope.assumptions['utilisation']:.0%} are used",
    )


def _on_demand(scope: Scope, work: Work, made: Invocations, units: Mapping[str, float]) -> Iterator[Use]:
    prefix, count = (
        "dynamodb.ia" if scope.table(service_of(work.function)).rare else "dynamodb",
        made.per_second * scope.seconds,
    )
    for kind, each in units.items():
        yield Use(
            service=service_of(work.function),
            resource=f"{work.function} ({work.work})",
            price=f"{prefix}.{kind}",
            quantity=count * each / M,
            why=f"{count / M:,.1f} M invocations x {each:,.2f} units",
        )


def _effects(scope: Scope, work: Work, made: Invocations) -> Iterator[Use]:
    count, units = made.per_second * scope.seconds, made.point.units
    for price, kind, scale in (("ses.e_mails", "e_mails", K), ("sqs.requests", "queue_requests", M)):
        yield Use(
            service=service_of(work.function),
            resource=f"{work.function} ({work.work})",
            price=price,
            quantity=count * units.get(kind, 0) / scale,
            why=f"{count / M:,.1f} M invocations x {units.get(kind, 0):,.2f} {kind.replace('_', ' ')}",
        )


def _queue(scope: Scope, work: Work, made: Invocations) -> Iterator[Use]:
    """What the rule sends, one by one, and what Lambda's pollers ask. Ten messages at most are received at once."""
    get, count = scope.assumptions, made.per_second * scope.seconds
    from_api = sum(w.records for w in scope.flows.works if w.trigger == "http" and w.work == "POST /events")
    sent = work.records - (from_api if service_of(work.function) == INGESTION.name else 0)
    sent, messages = sent / scope.packing_in(work), made.point.records / scope.packing_in(work)
    asked = ceil(messages / get["receive_batch"])
    busy = min(made.pollers, made.per_second * (made.ms + get.latency("ReceiveMessage") * asked) / _MS)
    empty = (made.pollers - busy) * scope.seconds / get["poll_seconds"]
    chunk = ceil(min(messages, get["receive_batch"]) * made.point.message_bytes * scope.packing_in(work) / _CHUNK)
    for resource, quantity, why in (
        ("sent by the bus", sent * scope.seconds, f"{sent:,.2f} messages/s"),
        ("received and deleted", 2 * asked * chunk * count, f"{count / M:,.1f} M invocations x {asked} calls x 2"),
        ("received in vain", empty, f"{made.pollers - busy:,.1f} idle pollers, each {get['poll_seconds']:g} s"),
    ):
        yield Use(
            service=service_of(work.function),
            resource=f"{work.function} queue: {resource}",
            price="sqs.requests",
            quantity=quantity / M,
            why=why,
        )


def _api(scope: Scope, work: Work, made: Invocations) -> Iterator[Use]:
    api, count, get = scope.topology.apis[work.function], made.per_second * scope.seconds, scope.assumptions
    service, name = service_of(work.function), f"{work.function} ({work.work})"
    yield Use(
        service=service, resource=name, price="apigateway.requests", quantity=count / M, why=f"{made.per_second:,.2f}/s"
    )
    answer = made.point.answer_bytes + get["http_overhead_bytes"]
    yield Use(
        service=service,
        resource=name,
        price="transfer.out",
        quantity=count * answer / GB,
        why=f"{count / M:,.1f} M answers of {answer:,.0f} bytes",
    )
    if api.access_log:
        line = len(api.access_log) + context_values(api.access_log) * get["context_value_bytes"]
        line = line - context_values(api.access_log) * len("$context.requestId") + get["log_event_bytes"]
        access = Use(
            service=service,
            resource=f"{name} access log",
            price="logs.standard",
            quantity=count * line / GB,
            why=f"{count / M:,.1f} M lines of {line:,.0f} bytes",
        )
        yield access
        yield logs_kept(scope, access, scope.topology.functions[work.function].log_days)


def _bus(scope: Scope) -> Iterator[Use]:
    """Whoever publishes pays: what other systems put on the bus is on this bill, as ingestion's."""
    for work, made in scope.invocations.items():
        each = made.point.units.get("bus_events", 0) / scope.packing_out(work)
        count = made.per_second * scope.seconds * each
        yield Use(
            service=service_of(work.function),
            resource=f"{work.function} publishes",
            price="eventbridge.events",
            quantity=count / M,
            why=f"{each:,.1f} events of {made.point.bus_bytes:,.0f} bytes an invocation",
        )
        yield from archived(scope, service_of(work.function), count, made.point.bus_bytes * scope.packing_out(work))
    foreign = scope.flows.published[FOREIGN] * scope.seconds
    yield Use(
        service=INGESTION.name,
        resource="other systems publish",
        price="eventbridge.events",
        quantity=foreign / M,
        why=f"{scope.flows.published[FOREIGN]:,.2f} events/s",
    )
    yield from archived(scope, INGESTION.name, foreign, next(iter(scope.invocations.values())).point.message_bytes)


def _fixed(scope: Scope) -> Iterator[Use]:
    names = {NOTIFICATION.name, INGESTION.name, service_of(USAGE.name)}
    for (stack, price), count in scope.topology.fixed.items():
        service = stack.lower() if stack.lower() in names else SHARED
        yield Use(service=service, resource=f"stack {stack}", price=price, quantity=count, why="in the template")
    for work in scope.invocations:
        metrics = scope.measured(work).metrics
        yield Use(
            service=service_of(work.function),
            resource=f"{work.function} ({work.work})",
            price="cloudwatch.metrics",
            quantity=metrics,
            why="metrics in the log lines that were measured",
        )
