"""Lambda: the queue of news of files."""

from __future__ import annotations

from typing import Any

from functions.ingestion import wiring
from runtime.starting import at_start


def consume(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return wiring.file_consumer()(event, context)


at_start(wiring.file_consumer, "s3", "dynamodb", "events", environ=wiring.ENVIRONMENT)
