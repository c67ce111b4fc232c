"""Lambda: the table's stream to the bus."""

from __future__ import annotations

from functools import cache
from typing import Any

from functions.billing import wiring
from functions.billing.manifest import RELAY
from runtime.lambda_consumer import relay_from_env
from runtime.outbox import OutboxRelay
from runtime.starting import at_start


def handle(event: dict[str, Any], context: Any) -> None:
    _relay()(event, context)


@cache
def _relay() -> OutboxRelay:
    return relay_from_env(RELAY, wiring.ENVIRONMENT)


at_start(_relay, "events", environ=wiring.ENVIRONMENT)
