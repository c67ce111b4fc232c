"""What S3 tells EventBridge of a new object."""

from __future__ import annotations

from typing import Any, Final

from functions.ingestion.ports import FileRef

SOURCE: Final = "aws.s3"
OBJECT_CREATED: Final = "Object Created"


def object_created(file: FileRef, *, size: int) -> dict[str, Any]:
    """The event's detail. Source: "EventBridge event message structure" of S3's user guide."""
    return {
        "version": "0",
        "bucket": {"name": file.bucket},
        "object": {
            "key": file.key,
            "size": size,
            "etag": file.etag,
            "sequencer": "00617F08299329D189",
            **({"version-id": file.version} if file.version else {}),
        },
        "request-id": "N4N7GDK58NMKJ12R",
        "requester": "000000000000",
        "source-ip-address": "127.0.0.1",
        "reason": "PutObject",
    }
