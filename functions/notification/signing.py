"""Standard Webhooks signatures (symmetric, `v1`), and each customer's secret.

Written out here because it is ten lines, and the official library would bring an HTTP client of its own
into every function's package. The tests verify with that library.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from functions.notification.domain import WebhookCall


def secret_for(master_key: bytes, customer_id: str) -> str:
    """The customer's secret, as it is handed out: `whsec_` and base64.

    Derived, so that none is stored; to change the master key is to change every customer's secret.
    """
    return f"whsec_{base64.b64encode(_customer_key(master_key, customer_id)).decode()}"


def signed_headers(call: WebhookCall, *, master_key: bytes, now: datetime) -> dict[str, str]:
    """The three headers that let the receiver check who sent the body, and when."""
    timestamp = int(now.timestamp())
    content = f"{call.message_id}.{timestamp}.{call.body}"
    signature = _hmac(_customer_key(master_key, call.customer_id), content)
    return {
        "webhook-id": call.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


def _customer_key(master_key: bytes, customer_id: str) -> bytes:
    return _hmac(master_key, customer_id)


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
