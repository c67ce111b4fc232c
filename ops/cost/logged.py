"""What is written to the logs: as was measured of each invocation, or by one line a batch, which nobody writes yet."""

from __future__ import annotations

from collections.abc import Iterator

from ops.cost.bill import Use
from ops.cost.flows import Work
from ops.cost.invocations import Run, Share
from ops.cost.scope import USAGE_PATH, Scope, service_of
from ops.cost.storage import logs_kept
from ops.cost.units import GB, M


def logged(scope: Scope, work: Work, made: Share) -> Iterator[Use]:
    function, count, get = scope.function(work), made.per_second * scope.seconds, scope.assumptions
    lines, written = _written(scope, work, made)
    each = written + lines * get["log_event_bytes"]
    use = Use(
        service=service_of(work.function),
        resource=f"{work.function} ({work.work})",
        price=f"logs.{function.log_class}",
        quantity=count * each / GB,
        why=f"{count / M:,.1f} M invocations x {each:,.0f} bytes: {lines:,.1f} lines",
    )
    yield use
    yield logs_kept(scope, use, function.log_days)


def _written(scope: Scope, work: Work, made: Share) -> tuple[float, float]:
    """Lines and bytes of an invocation."""
    if scope.batch_lines and work.function in USAGE_PATH:
        return _batch_line(scope, work, made)
    if scope.side == "plain":
        return made.point.records, made.point.records * scope.assumptions["plain_log_bytes"]
    return made.point.log_lines, made.point.log_bytes


def _batch_line(scope: Scope, work: Work, made: Share) -> tuple[float, float]:
    """One line for all records in place of one for each. What is written of each batch now, stays."""
    get, one, two = scope.assumptions, *(scope.measured(work).at(n) for n in (1, 2))
    line = get["batch_line_bytes"] + made.point.records * get["batch_line_record_bytes"]
    return (
        1 + max(0.0, 2 * one.log_lines - two.log_lines),
        line + max(0.0, 2 * one.log_bytes - two.log_bytes),
    )


def platform_lines(scope: Scope, run: Run) -> Iterator[Use]:
    """What Lambda itself writes of each invocation, unless the stage has it be quiet."""
    function, count = scope.topology.functions[run.function], run.per_second * scope.seconds
    if not function.platform_lines:
        return
    each = scope.assumptions["platform_log_bytes"]
    use = Use(
        service=scope.owner(run),
        resource=f"{run.name} Lambda's own lines",
        price=f"logs.{function.log_class}",
        quantity=count * each / GB,
        why=f"{count / M:,.1f} M invocations x {each:,.0f} bytes",
    )
    yield use
    yield logs_kept(scope, use, function.log_days)
