"""Lambda: usage from its queue, a batch at a time."""

from __future__ import annotations

from functools import cache
from typing import Any

from functions.billing import wiring
from functions.billing.manifest import USAGE
from runtime.consumer import QueueConsumer
from runtime.lambda_consumer import consumer_from_env
from runtime.outcome import Together
from runtime.starting import at_start


def consume(event: dict[str, Any], context: Any) -> Any:
    return _consumer()(event, context)


@cache
def _consumer() -> QueueConsumer:
    return consumer_from_env(USAGE, Together(wiring.metering().record), wiring.ENVIRONMENT)


at_start(_consumer, "dynamodb", environ=wiring.ENVIRONMENT)
