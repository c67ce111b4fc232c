"""What customers get, told as spans around the real thing or its twin."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from functions.notification.domain import EMAIL, WEBHOOK, Email, WebhookCall
from functions.notification.ports import Mailer, WebhookSender
from runtime.tracing import Tracer

_CHANNEL: Final = "breakwater.channel"
_MESSAGE: Final = "breakwater.message_id"


class TracedMailer:
    """A Mailer. Nothing is told of whom an e-mail goes to, or of what it says."""

    def __init__(self, mailer: Mailer, tracer: Tracer) -> None:
        self._mailer = mailer
        self._tracer = tracer

    def send(self, email: Email) -> str:
        with self._tracer.calling("send e-mail", {_CHANNEL: EMAIL, _MESSAGE: email.message_id}):
            return self._mailer.send(email)


class TracedWebhooks:
    """A WebhookSender. The receiver is told of the span in its headers; of the URL, only the host is told."""

    def __init__(self, webhooks: WebhookSender, tracer: Tracer) -> None:
        self._webhooks = webhooks
        self._tracer = tracer

    def send(self, call: WebhookCall) -> str | None:
        attributes = {
            _CHANNEL: WEBHOOK,
            _MESSAGE: call.message_id,
            "http.request.method": "POST",
            "server.address": _host(call.url),
        }
        with self._tracer.calling("POST", attributes) as span:
            return self._webhooks.send(replace(call, trace=span.carrier) if span.carrier else call)


def _host(url: str) -> str:
    """Empty for what is no URL: the sender refuses it."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
