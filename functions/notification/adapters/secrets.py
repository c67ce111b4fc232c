"""The webhooks' master key, kept by Secrets Manager."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from runtime.aws import aws_errors
from runtime.clock import Clock
from runtime.errors import DependencyUnavailable

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

#: How long a warm function goes on with a key that was changed.
KEEP: Final = timedelta(minutes=5)


class MasterKey:
    """Call it for the key. Needs secretsmanager:GetSecretValue. Raises TransientError."""

    def __init__(self, client: SecretsManagerClient, arn: str, *, clock: Clock) -> None:
        self._client = client
        self._arn = arn
        self._clock = clock
        self._read: tuple[datetime, bytes] | None = None

    def __call__(self) -> bytes:
        now = self._clock.now()
        if self._read is None or now - self._read[0] >= KEEP:
            self._read = now, self._fetch()
        return self._read[1]

    def _fetch(self) -> bytes:
        with aws_errors("Secrets Manager"):
            answer = self._client.get_secret_value(SecretId=self._arn)
        key = answer.get("SecretString", "").encode() or answer.get("SecretBinary", b"")
        if not key:
            raise DependencyUnavailable("Secrets Manager: the webhooks' master key is empty")
        return key
