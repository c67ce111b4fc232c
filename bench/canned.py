"""AWS that costs nothing: every call is answered in this process, so that what is left is the functions' own work.

At the level `client` a call ends where botocore would begin. At the level `wire` botocore checks, serialises, signs
and parses as it always does, and only the network is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Final, Literal

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from bench.cloud import TABLES

Level = Literal["client", "wire"]
Answer = dict[str, Any]


class _Raw(BytesIO):
    """A body as urllib3 hands it over."""

    def stream(self, *_: Any, **__: Any) -> Any:
        while chunk := self.read():
            yield chunk


class CannedAws:
    """Takes every write, and finds the items that were put while `keeping`."""

    def __init__(self, level: Level) -> None:
        self._level = level
        self._items: dict[tuple[str, ...], Any] = {}
        self._keeps = False

    def attach(self, client: Any) -> None:
        """Answer this client's calls from now on."""
        if self._level == "client":
            client._make_api_call = self.answer  # noqa: SLF001 - where botocore's generated methods all end
        else:
            client.meta.events.register_first("before-send", self._on_the_wire)

    @contextmanager
    def keeping(self) -> Any:
        """What is put meanwhile can be read ever after."""
        self._keeps = True
        try:
            yield
        finally:
            self._keeps = False

    def _on_the_wire(self, *, request: Any, event_name: str, **_: Any) -> AWSResponse:
        params = json.loads(request.body or b"{}")
        body = json.dumps(self.answer(event_name.rpartition(".")[2], params)).encode()
        headers = HTTPHeaders()
        headers["content-type"] = "application/x-amz-json-1.0"
        headers["content-length"] = str(len(body))
        return AWSResponse(request.url, 200, headers, _Raw(body))

    def answer(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """What AWS would say, in the client's terms."""
        return _ANSWERS[operation](self, params)

    def _put(self, params: Mapping[str, Any]) -> Answer:
        if self._keeps:
            self._items[_place(params["TableName"], params["Item"])] = params["Item"]
        return {}

    def _get(self, params: Mapping[str, Any]) -> Answer:
        item = self._items.get(_place(params["TableName"], params["Key"]))
        return {} if item is None else {"Item": item}


def _place(table: str, item: Mapping[str, Any]) -> tuple[str, ...]:
    key, _ = TABLES[table]
    return (table, *(item[name]["S"] for name in key))


def _taken(_: CannedAws, __: Mapping[str, Any]) -> Answer:
    return {}


def _sent(_: CannedAws, params: Mapping[str, Any]) -> Answer:
    return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"} for _ in params["Entries"]]}


def _md5(entry: Mapping[str, Any]) -> str:
    return hashlib.md5(entry["MessageBody"].encode(), usedforsecurity=False).hexdigest()


_ANSWERS: Final[Mapping[str, Callable[[CannedAws, Mapping[str, Any]], Answer]]] = {
    "PutItem": CannedAws._put,  # noqa: SLF001 - of this module
    "GetItem": CannedAws._get,  # noqa: SLF001
    "UpdateItem": _taken,
    "BatchWriteItem": lambda _, __: {"UnprocessedItems": {}},
    "PutEvents": _sent,
    "SendEmail": lambda _, __: {"MessageId": "m"},
    "Query": lambda _, __: {"Items": []},
    "SendMessageBatch": lambda _, params: {
        "Successful": [
            {"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": _md5(entry)} for entry in params["Entries"]
        ]
    },
}
