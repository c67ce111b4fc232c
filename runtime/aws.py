"""The one place where AWS clients are made and where AWS's errors become ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError
from botocore.session import Session

from runtime.errors import DependencyUnavailable, Throttled

#: Fail fast and let the queue retry: two quick attempts inside a call, no more layers. A call that hangs is over
#: after some 6 seconds, and so within any function's time.
_CONFIG: Final = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}, tcp_keepalive=True
)

_THROTTLES: Final = frozenset(
    (
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    )
)
#: Answers rather than failures: the adapter that asked understands them.
ANSWERS: Final = frozenset(("ConditionalCheckFailedException", "TransactionCanceledException"))

_made: list[Any] = []
_watchers: list[Callable[[Any], None]] = []


@cache
def client(service: str) -> Any:
    """The process's client for one AWS service, made at its first use."""
    made = _session().create_client(service, config=_CONFIG)
    made.meta.events.register("before-parse", _check_whole)
    _made.append(made)
    for watcher in _watchers:
        watcher(made)
    return made


@cache
def _session() -> Session:
    """botocore's, not boto3's: what boto3 has beside it (resources, transfers with threads) is nobody's here."""
    return Session()


class Later:
    """The process's client for a service, made when it is first asked for anything. Most records need few of them."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        return getattr(client(self._service), name)


def later(service: str) -> Any:
    """A client that costs nothing until it is used."""
    return Later(service)


def watch(watcher: Callable[[Any], None]) -> None:
    """Shows every client of the process to the watcher: those that are there now, and others when they are made."""
    _watchers.append(watcher)
    for made in _made:
        watcher(made)


def _check_whole(response_dict: Mapping[str, Any], operation_model: Any, **_: object) -> None:
    """botocore takes an answer that breaks off for a success that says nothing: of an item, that there is none.

    Raises IncompleteReadError. Streams count their bytes themselves, and HEAD tells a length without a body.
    """
    length = response_dict["headers"].get("content-length")
    if length is None or operation_model.has_streaming_output or operation_model.http["method"] == "HEAD":
        return
    if len(response_dict["body"]) != int(length):
        raise IncompleteReadError(actual_bytes=len(response_dict["body"]), expected_bytes=length)


@contextmanager
def aws_errors(dependency: str) -> Iterator[None]:
    """Turn AWS's errors into Throttled or DependencyUnavailable; conditional-write answers pass as they are."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and _code(error) in ANSWERS:
            raise
        raise translated(error, dependency) from error


def translated(error: BaseException | None, dependency: str) -> Throttled | DependencyUnavailable:
    """What an error of AWS's, or of something that wraps one, means to us."""
    throttled = isinstance(error, ClientError) and _code(error) in _THROTTLES
    return (Throttled if throttled else DependencyUnavailable)(f"{dependency}: {error}")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
