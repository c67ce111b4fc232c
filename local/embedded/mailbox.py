"""The e-mails that an emulator's SES took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from local.embedded.cloud import Cloud, http


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    to: tuple[str, ...]
    subject: str
    text: str
    html: str

    def mentions(self, word: str) -> bool:
        return word in self.subject or word in self.text


class UnreadableMailbox(Exception):
    """The endpoint shows no sent e-mails in a way that we know."""


def mailbox_url(cloud: Cloud) -> str:
    return f"{cloud.endpoint}/_ministack/ses/messages"


def mails(cloud: Cloud, *, to: str | None = None) -> list[Mail]:
    """Everything sent so far, or all that went to one address. Knows ministack's way and LocalStack's."""
    answer = http("GET", mailbox_url(cloud))
    if answer.status == HTTPStatus.OK:
        found = [_ministack(m) for account in answer.json()["messages"].values() for m in account]
    else:
        answer = http("GET", f"{cloud.endpoint}/_aws/ses")
        if answer.status != HTTPStatus.OK:
            raise UnreadableMailbox(f"{cloud.endpoint} does not show what its SES has sent")
        found = [_localstack(m) for m in answer.json()["messages"]]
    return [mail for mail in found if to is None or to in mail.to]


def _ministack(message: Mapping[str, Any]) -> Mail:
    return Mail(
        to=tuple(message["To"]),
        subject=message["Subject"],
        text=message["BodyText"] or "",
        html=message["BodyHtml"] or "",
    )


def _localstack(message: Mapping[str, Any]) -> Mail:
    body = message.get("Body") or {}
    return Mail(
        to=tuple(message["Destination"]["ToAddresses"]),
        subject=message.get("Subject") or "",
        text=body.get("text_part") or "",
        html=body.get("html_part") or "",
    )


def shown(mail: Mail) -> Iterator[str]:
    """The mail as lines for people."""
    yield f"To: {', '.join(mail.to)}"
    yield f"Subject: {mail.subject}"
    yield ""
    yield from mail.text.strip().splitlines()
