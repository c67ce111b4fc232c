"""Lambda: the queue of what customers are to be told."""

from __future__ import annotations

from typing import Any

from functions.notification import wiring
from runtime.starting import at_start


def consume(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return wiring.messages()(event, context)


at_start(wiring.messages, "dynamodb", "sesv2", "events", environ=wiring.ENVIRONMENT)
