"""Claim checks: data too large for the bus or a queue lies in a bucket, and its event travels with a reference to it.

    checked_in(event, claims)     the event with `dataref` in the place of its data
    checked_out(event, claims)    the event as it was before

The reference is CloudEvents' extension `dataref`: s3://<bucket>/payloads/<identity>/<sha256>.<json|bin>. It
follows from the event, so checking in again is the same object. It fits one event and one content: who is not
(source, id), or finds other bytes, gets nothing. References to anywhere else are never followed.

Source: CloudEvents extension "Dataref (Claim Check Pattern)".
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, Self, cast

from events.envelope import CloudEvent, InvalidEvent, Problem, derived_id, strict_json
from runtime.aws import aws_errors
from runtime.errors import OutOfRoom, PayloadGone, Unpublishable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

DATAREF: Final = "dataref"
#: What all keys start with, and all that functions may read and write.
PREFIX: Final = "payloads/"
#: Of one event's data, checked in or out: what the HTTP API takes, and room for what becomes of it.
MAX_BYTES: Final = 5_000_000
#: An invocation that has checked out as much as this checks out no more. Of hostile JSON, Python makes up to 80
#: times its bytes, and a function has 512 MiB.
ENOUGH_BYTES: Final = 1_000_000
#: How long the bucket keeps data: longer than its event can come back from the bus's archive, a queue and its DLQ.
RETENTION_DAYS: Final = 90

Kind = Literal["json", "bin"]

_MEDIA_TYPES: Final[Mapping[Kind, str]] = {"json": "application/json", "bin": "application/octet-stream"}
_CLAIM: Final = re.compile(
    rf"s3://(?P<bucket>[a-z0-9.-]+)/{PREFIX}(?P<identity>[0-9a-f]{{32}})/(?P<sha256>[0-9a-f]{{64}})\.(?P<kind>json|bin)"
)


class ClaimChecks(Protocol):
    """One bucket."""

    @property
    def bucket(self) -> str: ...

    def put(self, key: str, content: bytes, *, media_type: str) -> None:
        """Store the content. Raises TransientError."""

    def get(self, key: str) -> bytes:
        """The content. Raises PayloadGone, InvalidEvent for more than MAX_BYTES, and TransientError."""


class S3ClaimChecks:
    """The real one. Its function needs s3:ListBucket to read: without it, S3 says of what is gone that it is denied."""

    def __init__(self, client: S3Client, *, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def put(self, key: str, content: bytes, *, media_type: str) -> None:
        with aws_errors("S3"):
            self._client.put_object(Bucket=self.bucket, Key=key, Body=content, ContentType=media_type)

    def get(self, key: str) -> bytes:
        with aws_errors("S3"):
            try:
                answer = self._client.get_object(Bucket=self.bucket, Key=key)
            except self._client.exceptions.NoSuchKey as error:
                raise _gone(self.bucket, key) from error
            _refuse_size(answer["ContentLength"])
            return answer["Body"].read()


class MemoryClaimChecks:
    """Its twin. `objects` has what was put, by key."""

    def __init__(self, bucket: str = "memory") -> None:
        self.bucket = bucket
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, content: bytes, *, media_type: str) -> None:  # noqa: ARG002 - S3's business
        self.objects[key] = content

    def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise _gone(self.bucket, key)
        _refuse_size(len(self.objects[key]))
        return self.objects[key]


class Allowance:
    """The claim checks of one invocation: any first one, and then as long as there is room."""

    def __init__(self, claims: ClaimChecks) -> None:
        self.bucket = claims.bucket
        self._claims = claims
        self._taken = 0

    def put(self, key: str, content: bytes, *, media_type: str) -> None:
        self._claims.put(key, content, media_type=media_type)

    def get(self, key: str) -> bytes:
        """Raises OutOfRoom."""
        if self._taken >= ENOUGH_BYTES:
            raise OutOfRoom(f"the batch's other records brought {self._taken} bytes of data")
        content = self._claims.get(key)
        self._taken += len(content)
        return content


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What a reference says."""

    bucket: str
    identity: str
    sha256: str
    kind: Kind

    @classmethod
    def of(cls, event: CloudEvent, content: bytes, *, kind: Kind, bucket: str) -> Self:
        return cls(bucket=bucket, identity=derived_id(*event.identity), sha256=_digest(content), kind=kind)

    @classmethod
    def parse(cls, ref: object, *, event: CloudEvent, bucket: str) -> Self:
        """Raises InvalidEvent for a reference that is not into this bucket, or not this event's."""
        match = _CLAIM.fullmatch(str(ref))
        if match is None or match["bucket"] != bucket:
            raise _refused("refers to a place that is not ours, and is not followed: send the data itself")
        if match["identity"] != derived_id(*event.identity):
            raise _refused("refers to the data of another event")
        return cls(bucket=bucket, identity=match["identity"], sha256=match["sha256"], kind=cast("Kind", match["kind"]))

    @property
    def key(self) -> str:
        return f"{PREFIX}{self.identity}/{self.sha256}.{self.kind}"

    @property
    def ref(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def checked_in(event: CloudEvent, claims: ClaimChecks) -> CloudEvent:
    """The event with its data in the bucket and a reference in its place; one without data stays as it is.

    Raises Unpublishable for more than MAX_BYTES, and TransientError.
    """
    kind, content = _content(event)
    if not content:
        return event
    if len(content) > MAX_BYTES:
        raise Unpublishable(f"{event.type} {event.id}: {len(content)} bytes of data are over the limit of {MAX_BYTES}")
    claim = _Claim.of(event, content, kind=kind, bucket=claims.bucket)
    claims.put(claim.key, content, media_type=_MEDIA_TYPES[kind])
    extensions = {**event.extensions, DATAREF: claim.ref}
    return event.model_copy(update={"data": None, "data_base64": None, "extensions": extensions})


def is_checked_in(event: CloudEvent) -> bool:
    """Whether its data lies elsewhere, and only there."""
    return DATAREF in event.extensions and event.data is None and event.data_base64 is None


def checked_out(event: CloudEvent, claims: ClaimChecks) -> CloudEvent:
    """The event with its data back; one that has its data, or refers to none, stays as it is.

    Raises InvalidEvent for a reference that is not followed and for content that is not what it promises,
    PayloadGone, and TransientError.
    """
    if not is_checked_in(event):
        return event
    claim = _Claim.parse(event.extensions[DATAREF], event=event, bucket=claims.bucket)
    content = claims.get(claim.key)
    if _digest(content) != claim.sha256:
        raise _refused("refers to data that has changed since")
    extensions = {name: value for name, value in event.extensions.items() if name != DATAREF}
    return event.model_copy(update={**_data(claim.kind, content), "extensions": extensions})


def _content(event: CloudEvent) -> tuple[Kind, bytes]:
    if event.data_base64 is not None:
        return "bin", base64.b64decode(event.data_base64)
    if event.data is None:
        return "json", b""
    return "json", json.dumps(event.data, separators=(",", ":"), ensure_ascii=False).encode()


def _data(kind: Kind, content: bytes) -> dict[str, Any]:
    if kind == "bin":
        return {"data_base64": base64.b64encode(content).decode()}
    try:
        return {"data": strict_json(content)}
    except ValueError as error:
        raise _refused(f"refers to data that is not JSON: {error}") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _refuse_size(size: int) -> None:
    if size > MAX_BYTES:
        raise _refused(f"refers to {size} bytes, which is over the limit of {MAX_BYTES}")


def _refused(message: str) -> InvalidEvent:
    return InvalidEvent([Problem(DATAREF, message)])


def _gone(bucket: str, key: str) -> PayloadGone:
    return PayloadGone(
        f"s3://{bucket}/{key} is gone (the bucket keeps data for {RETENTION_DAYS} days): "
        "have the producer send the event again with its data, or put the object back and redrive"
    )
