"""Lambda: paid invoices from the queue. The environment and AWS come in here, once, at the first use."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from functions.loyalty.manifest import CONSUMER
from functions.loyalty.process import Loyalty
from runtime.clock import SystemClock
from runtime.consumer import QueueConsumer
from runtime.lambda_consumer import consumer_from_env


def consume(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return _consumer()(event, context)


@cache
def _consumer() -> QueueConsumer:
    environ = os.environ  # noqa: TID251 - this is the composition root
    return consumer_from_env(CONSUMER, Loyalty(SystemClock()).handle, environ)
