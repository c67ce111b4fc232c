"""Whom to ask: the options that every command which talks to AWS has, and the clients that follow from them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Final

import boto3
import typer
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from contracts.deployed import CannotAsk

_CONFIG: Final = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=32
)

Stage = Annotated[str, typer.Option(help="Whose deployment: embedded, dev, prod, …")]
EndpointUrl = Annotated[str | None, typer.Option(help="Ask this endpoint in place of AWS.")]
Profile = Annotated[str | None, typer.Option(help="The AWS profile to ask with.")]
Region = Annotated[str | None, typer.Option(help="The region that the stage is in.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document in place of lines.")]


@dataclass(frozen=True, kw_only=True)
class Aws:
    """Whom to ask. What is None is as the environment says, for every AWS tool."""

    endpoint_url: str | None = None
    profile: str | None = None
    region: str | None = None
    #: A session makes one client at a time.
    _making: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    @cached_property
    def _session(self) -> boto3.session.Session:
        """One for all clients: each would read botocore's tables of endpoints anew, for some 70 ms."""
        return boto3.session.Session(profile_name=self.profile, region_name=self.region)

    def client(self, service: str) -> Any:
        """A new client, safe to share among threads. Raises CannotAsk."""
        try:
            with self._making:
                return self._session.client(service, endpoint_url=self.endpoint_url, config=_CONFIG)  # type: ignore[call-overload]
        except (BotoCoreError, ValueError) as error:
            raise CannotAsk(f"AWS cannot be asked: {error}; see --profile, --region and --endpoint-url") from error
