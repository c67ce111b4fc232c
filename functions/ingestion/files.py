"""Lambda: the queue of news of files."""

from __future__ import annotations

from typing import Any

from functions.ingestion import wiring


def consume(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return wiring.file_consumer()(event, context)
