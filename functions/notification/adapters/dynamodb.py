"""The contact book on DynamoDB: one item for each customer, one conditional write for each update."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from functions.notification.domain import Contact
from runtime.aws import aws_errors

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

#: Contact.supersedes, as DynamoDB decides it: `updated_at` has a fixed width, so its order as text is that of time.
_SUPERSEDES: Final = "attribute_not_exists(customer_id) OR updated_at < :at OR (updated_at = :at AND event_id < :id)"
_OPTIONAL: Final = ("email", "webhook_url")


class DynamoDbContactBook:
    """Needs GetItem and PutItem on the table, whose key is `customer_id`."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def offer(self, contact: Contact) -> bool:
        item = _item(contact)
        try:
            with aws_errors("DynamoDB"):
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression=_SUPERSEDES,
                    ExpressionAttributeValues={":at": item["updated_at"], ":id": item["event_id"]},
                )
        except ClientError:  # all that aws_errors lets through: the condition did not hold
            return False
        return True

    def find(self, customer_id: str) -> Contact | None:
        with aws_errors("DynamoDB"):
            answer = self._client.get_item(
                TableName=self._table, Key={"customer_id": {"S": customer_id}}, ConsistentRead=True
            )
        return _contact(answer["Item"]) if "Item" in answer else None


def _item(contact: Contact) -> dict[str, Any]:
    attributes = {
        "customer_id": contact.customer_id,
        "name": contact.name,
        "email": contact.email,
        "webhook_url": contact.webhook_url,
        "updated_at": contact.updated_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "event_id": contact.event_id,
    }
    return {name: {"S": value} for name, value in attributes.items() if value is not None}


def _contact(item: dict[str, Any]) -> Contact:
    return Contact(
        customer_id=item["customer_id"]["S"],
        name=item["name"]["S"],
        updated_at=datetime.fromisoformat(item["updated_at"]["S"]),
        event_id=item["event_id"]["S"],
        **{name: item[name]["S"] for name in _OPTIONAL if name in item},
    )
