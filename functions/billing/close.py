"""Lambda: the daily close of billing periods begins."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from functions.billing import wiring
from functions.billing.closing import begin
from functions.billing.manifest import CLOSE
from functions.billing.ports import Agenda
from runtime.clock import SystemClock
from runtime.starting import at_start
from runtime.telemetry import logger


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - the schedule says nothing
    with wiring.tracer().running(CLOSE.function.name):
        return run(wiring.agenda(), SystemClock().now())


def run(agenda: Agenda, now: datetime) -> dict[str, Any]:
    """Begin the close, and say how many shards are to be looked through. Raises TransientError: the call has failed."""
    summary = {"shards": begin(agenda, now)}
    logger().info("close_begun", extra=summary)
    return summary


at_start(wiring.agenda, "sqs", environ=wiring.ENVIRONMENT)
