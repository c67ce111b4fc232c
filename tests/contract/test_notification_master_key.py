"""The webhooks' master key in Secrets Manager (moto)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.notification.adapters.secrets import MasterKey
from runtime.errors import DependencyUnavailable
from tests.unit.runtime_fakes import FakeClock


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("secretsmanager")


def test_the_key_is_the_secret_s_text(client) -> None:
    arn = client.create_secret(Name="master", SecretString="shared é")["ARN"]

    assert MasterKey(client, arn, clock=FakeClock())() == "shared é".encode()


def test_the_key_is_the_secret_s_bytes_when_it_has_no_text(client) -> None:
    arn = client.create_secret(Name="master", SecretBinary=b"\x00\x01")["ARN"]

    assert MasterKey(client, arn, clock=FakeClock())() == b"\x00\x01"


def test_a_changed_key_is_seen_after_five_minutes_and_not_asked_for_before(client) -> None:
    clock = FakeClock()
    arn = client.create_secret(Name="master", SecretString="old")["ARN"]
    key = MasterKey(client, arn, clock=clock)
    key()
    client.put_secret_value(SecretId=arn, SecretString="new")

    clock.sleep(299)
    before = key()
    clock.sleep(1)

    assert (before, key()) == (b"old", b"new")


def test_a_missing_secret_is_a_transient_failure(client) -> None:
    with pytest.raises(DependencyUnavailable):
        MasterKey(client, "no-such-secret", clock=FakeClock())()
