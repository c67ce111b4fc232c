"""AWS's refusals as one error that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from contracts.deployed import CannotAsk

_MISSING: Final = ("QueueDoesNotExist", "NonExistentQueue", "ResourceNotFound")
_DENIED: Final = ("AccessDenied", "UnrecognizedClient", "InvalidClientToken", "ExpiredToken")


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Raises CannotAsk for whatever AWS says but an answer."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise CannotAsk(f"{what}: {error}{_hint(str(error))}") from error


def _hint(text: str) -> str:
    if any(word in text for word in _MISSING):
        return ". Is the stage deployed there? See --stage, --region and --endpoint-url"
    if any(word in text for word in _DENIED):
        return ". `python -m ops dlq policy` prints what an operator must be allowed"
    return ""
