"""E-mail through SES, API version 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from functions.notification.domain import Email
from functions.notification.ports import Refused
from runtime.aws import aws_errors
from runtime.errors import DependencyUnavailable

if TYPE_CHECKING:
    from types_boto3_sesv2 import SESV2Client
    from types_boto3_sesv2.type_defs import EmailContentTypeDef

#: What SES says of this one message. Its other errors are about the account or the moment: those can be mended.
_REFUSALS: Final = frozenset(("BadRequestException", "MessageRejected"))
#: SES rejects every message of a sender who is not verified, or of an account in the sandbox. That is ours to mend.
_OUR_FAULT: Final = "not verified"


class SesMailer:
    """Needs ses:SendEmail for the sender's identity."""

    def __init__(self, client: SESV2Client, *, sender: str) -> None:
        self._client = client
        self._sender = sender

    def send(self, email: Email) -> str:
        with aws_errors("SES"):
            try:
                answer = self._client.send_email(
                    FromEmailAddress=self._sender,
                    Destination={"ToAddresses": [email.to]},
                    Content=_content(email),
                    EmailTags=[{"Name": "message_id", "Value": email.message_id}],
                )
            except ClientError as error:
                raise _translated(error) from error
        return answer["MessageId"]


def _translated(error: ClientError) -> Exception:
    """Refused for what is wrong with the message; anything else is for aws_errors to judge."""
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code not in _REFUSALS:
        return error
    if _OUR_FAULT in message:
        return DependencyUnavailable(f"SES: {message}")
    return Refused(f"SES: {code}: {message}")


def _content(email: Email) -> EmailContentTypeDef:
    return {
        "Simple": {
            "Subject": {"Data": email.subject, "Charset": "UTF-8"},
            "Body": {
                "Text": {"Data": email.text, "Charset": "UTF-8"},
                "Html": {"Data": email.html, "Charset": "UTF-8"},
            },
        }
    }
