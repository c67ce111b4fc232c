"""Lambda: the daily close of billing periods."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from functions.billing import wiring
from functions.billing.closing import PeriodClosing
from functions.billing.manifest import CLOSE
from runtime.clock import SystemClock
from runtime.errors import TransientError
from runtime.starting import at_start
from runtime.telemetry import logger


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - the schedule says nothing
    with wiring.tracer().running(CLOSE.function.name):
        return run(
            wiring.closing(),
            now=SystemClock().now(),
            remaining_time=lambda: context.get_remaining_time_in_millis() / 1_000,
        )


def run(closing: PeriodClosing, *, now: datetime, remaining_time: Callable[[], float]) -> dict[str, Any]:
    """Close what is due and say what came of it: `closed`, `invoices`, `failed`, `complete`.

    Raises TransientError after the run when accounts could not be closed, so that the invocation counts as failed.
    """
    report = closing.close_periods(now=now, remaining_time=remaining_time)
    for failure in report.failures:
        logger().error(
            "account_not_closed",
            extra={
                "period": failure.period,
                "customer_id": failure.customer_id,
                "error_class": type(failure.error).__name__,
                "error_message": str(failure.error),
            },
        )
    summary = {
        "closed": report.closed,
        "invoices": len(report.invoices),
        "failed": len(report.failures),
        "complete": report.complete,
    }
    logger().info("periods_closed", extra=summary)
    if report.failures:
        raise TransientError(f"{len(report.failures)} accounts could not be closed: {report.failures[0].error}")
    return summary


at_start(wiring.closing, "dynamodb", environ=wiring.ENVIRONMENT)
