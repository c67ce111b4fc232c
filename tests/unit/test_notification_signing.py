from __future__ import annotations

import base64
from datetime import UTC, datetime

from functions.notification.signing import secret_for, signed_headers
from tests.unit.notification_builders import call

NOW = datetime(2026, 6, 1, 12, 0, 0, 999_999, tzinfo=UTC)


def test_a_secret_is_the_customer_s_own_and_of_the_recommended_length() -> None:
    secret = secret_for(b"master", "cus_1")

    assert secret == secret_for(b"master", "cus_1")
    assert secret != secret_for(b"master", "cus_2")
    assert secret != secret_for(b"other", "cus_1")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32


def test_the_timestamp_is_in_whole_seconds() -> None:
    headers = signed_headers(call(), master_key=b"master", now=NOW)

    assert headers["webhook-timestamp"] == "1780315200"
    assert headers["webhook-signature"].startswith("v1,")
