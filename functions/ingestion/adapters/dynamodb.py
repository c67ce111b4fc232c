"""Checkpoints on DynamoDB: one item for each version of a file, one conditional write for each section."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from functions.ingestion.ports import FileRef, Progress
from runtime.aws import aws_errors
from runtime.clock import Clock
from runtime.errors import InFlightElsewhere

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

#: As long as the bucket keeps a file. Who starts from the beginning again does no harm, only work.
KEPT: Final = timedelta(days=90)

_NUMBERS: Final = ("part", "offset", "line", "accepted", "rejected", "reject_files")
_NEXT: Final = "attribute_not_exists(#part) OR #part = :before"


class DynamoDbCheckpoints:
    """Needs GetItem and PutItem on the table, whose key is `file` and whose items expire at `expires`."""

    def __init__(self, client: DynamoDBClient, table_name: str, clock: Clock) -> None:
        self._client = client
        self._table = table_name
        self._clock = clock

    def find(self, file: FileRef) -> Progress:
        with aws_errors("DynamoDB"):
            answer = self._client.get_item(TableName=self._table, Key={"file": _key(file)}, ConsistentRead=True)
        return _progress(answer["Item"]) if "Item" in answer else Progress()

    def save(self, file: FileRef, progress: Progress) -> None:
        expires = round((self._clock.now() + KEPT).timestamp())
        try:
            with aws_errors("DynamoDB"):
                self._client.put_item(
                    TableName=self._table,
                    Item={"file": _key(file), "expires": {"N": str(expires)}, **_attributes(progress)},
                    ConditionExpression=_NEXT,
                    ExpressionAttributeNames={"#part": "part"},
                    ExpressionAttributeValues={":before": {"N": str(progress.part - 1)}},
                )
        except ClientError as error:  # all that aws_errors lets through: the condition did not hold
            raise InFlightElsewhere(f"{file.key}: part {progress.part} was done by another invocation") from error


def _key(file: FileRef) -> Any:
    return {"S": f"{file.bucket}/{file.key} {file.revision}"}


def _attributes(progress: Progress) -> dict[str, Any]:
    numbers = {name: {"N": str(getattr(progress, name))} for name in _NUMBERS}
    return {**numbers, "columns": {"S": ",".join(progress.columns)}, "finished": {"BOOL": progress.finished}}


def _progress(item: Any) -> Progress:
    return Progress(
        **{name: int(item[name]["N"]) for name in _NUMBERS},
        columns=tuple(filter(None, item["columns"]["S"].split(","))),
        finished=item["finished"]["BOOL"],
    )
