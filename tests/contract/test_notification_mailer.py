"""The mailer: what holds for SES (moto) and for its memory twin; and what SES's errors become."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from functions.notification.adapters.memory import MemoryMailer
from functions.notification.adapters.ses import SesMailer
from functions.notification.ports import Mailer, Refused
from runtime.errors import DependencyUnavailable, Throttled
from tests.unit.notification_builders import email

SENDER = "billing@breakwater.example"


@dataclass
class Subject:
    mailer: Mailer
    sent: Callable[[], list[tuple[str, str]]]


def memory() -> Iterator[Subject]:
    mailer = MemoryMailer()
    yield Subject(mailer, lambda: [(m.to, m.subject) for m in mailer.outbox])


def ses() -> Iterator[Subject]:
    with mock_aws():
        client = boto3.client("sesv2")
        client.create_email_identity(EmailIdentity=SENDER)

        def sent() -> list[tuple[str, str]]:
            messages = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
            return [(m.destinations["ToAddresses"][0], m.subject) for m in messages]

        yield Subject(SesMailer(client, sender=SENDER), sent)


@pytest.fixture(params=[memory, ses], ids=["memory", "ses"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    yield from request.param()


def test_an_e_mail_is_handed_over_with_an_id_of_the_service(subject: Subject) -> None:
    provider_id = subject.mailer.send(email(subject="Grüße"))

    assert provider_id
    assert subject.sent() == [("ada@example.com", "Grüße")]


def test_each_e_mail_has_an_id_of_its_own(subject: Subject) -> None:
    assert subject.mailer.send(email()) != subject.mailer.send(email())


class FailingSes:
    """Answers every call with this error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def send_email(self, **_: Any) -> None:
        raise self._error


def answer(code: str, message: str = "said SES") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "SendEmail")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (answer("MessageRejected", "Missing final '@domain'"), Refused),
        (answer("BadRequestException"), Refused),
        (answer("MessageRejected", "Email address is not verified. The following identities …"), DependencyUnavailable),
        (answer("MailFromDomainNotVerifiedException"), DependencyUnavailable),
        (answer("SendingPausedException"), DependencyUnavailable),
        (answer("AccountSuspendedException"), DependencyUnavailable),
        (answer("AccessDeniedException"), DependencyUnavailable),
        (answer("InternalFailure"), DependencyUnavailable),
        (answer("TooManyRequestsException"), Throttled),
        (answer("ThrottlingException"), Throttled),
        (ConnectTimeoutError(endpoint_url="https://ses"), DependencyUnavailable),
    ],
)
def test_an_error_of_ses_decides_whether_it_is_tried_again(error: Exception, expected: type[Exception]) -> None:
    mailer = SesMailer(FailingSes(error), sender=SENDER)  # type: ignore[arg-type]

    with pytest.raises(expected) as caught:
        mailer.send(email())

    assert caught.type is expected


def test_it_is_tried_again_when_our_own_sender_is_not_verified() -> None:
    with mock_aws():
        mailer = SesMailer(boto3.client("sesv2"), sender="nobody@breakwater.example")

        with pytest.raises(DependencyUnavailable):
            mailer.send(email())
