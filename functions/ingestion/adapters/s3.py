"""Files on S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from functions.ingestion.ports import FileGone, FileRef
from runtime.aws import aws_errors

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import GetObjectRequestTypeDef

_GONE: Final = frozenset(("NoSuchKey", "NoSuchVersion", "PreconditionFailed"))
_PAST_THE_END: Final = "InvalidRange"


class S3Files:
    """Needs GetObject and GetObjectVersion on what is read, PutObject on what is written.

    Each read is a request of its own: no connection stays open while events are published.
    """

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def read(self, file: FileRef, start: int, size: int) -> bytes:
        request: GetObjectRequestTypeDef = {
            "Bucket": file.bucket,
            "Key": file.key,
            "IfMatch": f'"{file.etag}"',
            "Range": f"bytes={start}-{start + size - 1}",
        }
        if file.version is not None:
            request["VersionId"] = file.version
        with aws_errors("S3"):
            try:
                answer = self._client.get_object(**request)
                body = answer["Body"].read()
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                if code == _PAST_THE_END:
                    return b""
                if code in _GONE:
                    raise FileGone(f"s3://{file.bucket}/{file.key} {file.revision}: {error}") from error
                raise
        # An emulator may not know ranges of versions, and send all of it.
        return body if answer.get("ContentRange") else body[start : start + size]

    def put(self, bucket: str, key: str, body: bytes) -> None:
        with aws_errors("S3"):
            self._client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
