"""Lambda: the queue of contact updates."""

from __future__ import annotations

from typing import Any

from functions.notification import wiring
from runtime.starting import at_start


def consume(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return wiring.contacts()(event, context)


at_start(wiring.contacts, "dynamodb", environ=wiring.ENVIRONMENT)
