"""Lambda: the table's stream to the bus."""

from __future__ import annotations

from functools import cache
from typing import Any

from functions.billing import wiring
from functions.billing.manifest import RELAY
from runtime.lambda_consumer import relay_from_env
from runtime.outbox import OutboxRelay


def handle(event: dict[str, Any], context: Any) -> None:
    _relay()(event, context)


@cache
def _relay() -> OutboxRelay:
    return relay_from_env(RELAY, wiring.ENVIRONMENT)
