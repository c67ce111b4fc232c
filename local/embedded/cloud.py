"""An AWS-compatible endpoint with an identity to use there: clients, and plain HTTP for its APIs."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPException
from typing import Any, Final

import boto3
from botocore.config import Config

REGION: Final = "us-east-1"

_CONFIG: Final = Config(
    connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=20
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Cloud:
    """`access_key` must be an identity that may do everything. On ministack `test` is the account's root."""

    endpoint: str
    access_key: str = "test"
    secret_key: str = field(default="test", repr=False)
    session_token: str | None = field(default=None, repr=False)
    region: str = REGION
    _clients: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    #: botocore's sessions make one client at a time.
    _making: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @cached_property
    def _session(self) -> boto3.session.Session:
        return boto3.session.Session(
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            aws_session_token=self.session_token,
            region_name=self.region,
        )

    def client(self, service: str) -> Any:
        """The client for one AWS service at this endpoint; one for each service, safe to share among threads."""
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service,  # type: ignore[call-overload]
                    endpoint_url=self.endpoint,
                    config=_CONFIG,
                )
            return self._clients[service]

    def environment(self) -> dict[str, str]:
        """The variables by which any AWS tool finds this endpoint and identity."""
        names = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,  # what older tools read
        }
        return names | ({"AWS_SESSION_TOKEN": self.session_token} if self.session_token else {})

    def api_url(self, api_id: str) -> str:
        """Where an HTTP API answers: by path, since the emulators' own host names may not resolve."""
        return f"{self.endpoint}/_aws/execute-api/{api_id}/%24default"


def http(
    method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None, timeout: float = 30
) -> Answer:
    """One request; any status is an answer. Raises OSError when nobody answers."""
    request = urllib.request.Request(url, data=body, method=method, headers=dict(headers or {}))  # noqa: S310 - http
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 - http, an address of ours
            return Answer(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers), error.read())
    except HTTPException as error:  # it died in the middle of its answer
        raise ConnectionError(f"{url}: {error!r}") from error
