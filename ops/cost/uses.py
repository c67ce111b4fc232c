"""What a scope uses in a month: the quantities of a bill, each with its arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Final

from contracts.company import SERVICES
from events.batches import CHUNK
from functions.ingestion.manifest import CONSUMER as INTAKE
from functions.ingestion.manifest import SERVICE as INGESTION
from ops.cost.bill import Use
from ops.cost.flows import FOREIGN, Work
from ops.cost.invocations import Run, Share
from ops.cost.logged import logged, platform_lines
from ops.cost.reading import context_values
from ops.cost.scope import SHARED, Scope, service_of
from ops.cost.storage import archived, ledger, logs_kept, records_kept
from ops.cost.units import GB, K, M

_MS: Final = 1000
_MIB: Final = 1024


def uses_of(scope: Scope) -> Iterator[Use]:
    for run in scope.runs:
        yield from _function(scope, run)
        yield from platform_lines(scope, run)
        if run.trigger == "queue":
            yield from _queue(scope, run)
    for work, made in scope.shares.items():
        yield from logged(scope, work, made)
        yield from _state(scope, work, made)
        yield from _effects(scope, work, made)
        if work.trigger == "http":
            yield from _api(scope, work, made)
    yield from _bus(scope)
    yield from ledger(scope)
    yield from records_kept(scope)
    yield from _fixed(scope)


def _function(scope: Scope, run: Run) -> Iterator[Use]:
    function, count, get = scope.topology.functions[run.function], run.per_second * scope.seconds, scope.assumptions
    service, name = scope.owner(run), run.name
    yield Use(service=service, resource=name, price="lambda.requests", quantity=count / M, why=_batch(run))
    starts = run.concurrency / get["environment_hours"] / 3600 * scope.seconds
    gb = function.memory_mib / _MIB
    yield Use(
        service=service,
        resource=name,
        price=f"lambda.duration.{function.architecture}",
        quantity=(count * run.billed_ms + starts * get["cold_start_ms"]) / _MS * gb,
        why=f"{count / M:,.1f} M invocations x {run.billed_ms} ms x {gb:g} GB, and {starts:,.0f} cold starts",
    )


def _batch(run: Run) -> str:
    """What is in one."""
    if len(run.shares) == 1:
        return "; ".join(_in_each(work, share) for work, share in run.shares.items())
    parts = (f"{_in_each(work, s)} in {s.per_second / run.per_second:.1%} of them" for work, s in run.shares.items())
    return f"{run.messages:,.1f} messages an invocation: {'; '.join(parts)}"


def _in_each(work: Work, share: Share) -> str:
    return f"{work.function}, {work.records:,.2f} records/s, {share.point.records:,.1f} an invocation"


def _state(scope: Scope, work: Work, made: Share) -> Iterator[Use]:
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


def _on_demand(scope: Scope, work: Work, made: Share, units: Mapping[str, float]) -> Iterator[Use]:
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


def _effects(scope: Scope, work: Work, made: Share) -> Iterator[Use]:
    count, units = made.per_second * scope.seconds, made.point.units
    for price, kind, scale in (("ses.e_mails", "e_mails", K), ("sqs.requests", "queue_requests", M)):
        yield Use(
            service=service_of(work.function),
            resource=f"{work.function} ({work.work})",
            price=price,
            quantity=count * units.get(kind, 0) / scale,
            why=f"{count / M:,.1f} M invocations x {units.get(kind, 0):,.2f} {kind.replace('_', ' ')}",
        )


def _queue(scope: Scope, run: Run) -> Iterator[Use]:
    """What rules send, one by one, and what Lambda's pollers ask. Ten messages at most are received at once."""
    get, count = scope.assumptions, run.per_second * scope.seconds
    sent, asked = scope.flows.sent[run.function], ceil(run.messages / get["receive_batch"])
    busy = min(run.pollers, run.per_second * (run.ms + get.latency("ReceiveMessage") * asked) / _MS)
    empty = (run.pollers - busy) * scope.seconds / get["poll_seconds"]
    size = _message_bytes(run)
    chunk = ceil(min(run.messages, get["receive_batch"]) * size / CHUNK)
    for resource, quantity, why in (
        ("sent by the bus", sent * scope.seconds, f"{sent:,.2f} messages/s"),
        ("received and deleted", 2 * asked * chunk * count, f"{count / M:,.1f} M invocations x {asked} calls x 2"),
        ("received in vain", empty, f"{run.pollers - busy:,.1f} idle pollers, each {get['poll_seconds']:g} s"),
    ):
        yield Use(
            service=scope.owner(run),
            resource=f"{run.function} queue: {resource}",
            price="sqs.requests",
            quantity=quantity / M,
            why=why,
        )


def _message_bytes(run: Run) -> float:
    """On average of what is on the queue."""
    each = [(w.records / w.per_message, share.point.message_bytes * w.per_message) for w, share in run.shares.items()]
    return sum(count * size for count, size in each) / sum(count for count, _ in each)


def _api(scope: Scope, work: Work, made: Share) -> Iterator[Use]:
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
        yield logs_kept(scope, access, scope.function(work).log_days)


def _bus(scope: Scope) -> Iterator[Use]:
    """Whoever publishes pays: what other systems put on the bus is on this bill, as ingestion's."""
    for work, made in scope.shares.items():
        each = scope.entries(work, made)
        count = made.per_second * scope.seconds * each
        size = made.point.bus_bytes * made.point.units.get("bus_events", 0) / each if each else 0.0
        yield Use(
            service=service_of(work.function),
            resource=f"{work.function} publishes",
            price="eventbridge.events",
            quantity=count / M,
            why=f"{each:,.1f} entries of {size:,.0f} bytes an invocation",
        )
        yield from archived(scope, service_of(work.function), count, size)
    foreign = scope.flows.published[FOREIGN] * scope.seconds
    yield Use(
        service=INGESTION.name,
        resource="other systems publish",
        price="eventbridge.events",
        quantity=foreign / M,
        why=f"{scope.flows.published[FOREIGN]:,.2f} events/s",
    )
    yield from archived(scope, INGESTION.name, foreign, _foreign_bytes(scope))


def _foreign_bytes(scope: Scope) -> float:
    """Of an event from another system: as many as those have that ingestion takes in."""
    sizes = {
        work.function: share.point.message_bytes for work, share in scope.shares.items() if work.trigger == "queue"
    }
    return sizes.get(INTAKE.name, next(iter(sizes.values()), 0.0))


def _fixed(scope: Scope) -> Iterator[Use]:
    names = {service.name.capitalize(): service.name for service in SERVICES}
    names |= {group.stack: group.name for group in scope.topology.groups}
    for (stack, price), count in scope.topology.fixed.items():
        service = names.get(stack, SHARED)
        yield Use(service=service, resource=f"stack {stack}", price=price, quantity=count, why="in the template")
    for work in scope.shares:
        metrics = scope.measured(work).metrics
        yield Use(
            service=service_of(work.function),
            resource=f"{work.function} ({work.work})",
            price="cloudwatch.metrics",
            quantity=metrics,
            why="metrics in the log lines that were measured",
        )
