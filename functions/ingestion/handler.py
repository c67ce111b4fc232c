"""Lambda: the ingestion queue."""

from __future__ import annotations

from typing import Any

from functions.ingestion import wiring
from runtime.starting import at_start


def consume(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return wiring.consumer()(event, context)


at_start(wiring.consumer, "events", environ=wiring.ENVIRONMENT)
