"""Lambda: what is due to be closed, from its queue."""

from __future__ import annotations

from functools import cache
from typing import Any

from functions.billing import wiring
from functions.billing.manifest import ACCOUNTS
from runtime.consumer import QueueConsumer
from runtime.lambda_consumer import consumer_from_env
from runtime.starting import at_start


def consume(event: dict[str, Any], context: Any) -> Any:
    return _consumer()(event, context)


@cache
def _consumer() -> QueueConsumer:
    return consumer_from_env(ACCOUNTS, wiring.closing().handle, wiring.ENVIRONMENT)


at_start(_consumer, "dynamodb", environ=wiring.ENVIRONMENT)
