"""What botocore knows of AWS, cut down to what functions call: each client reads all of its service's at its first use.

A service's model holds every operation with its documentation, and `endpoints.json` every service in every region:
of dynamodb's 3 MB some 60 KB are of use here. What is left out cannot be called: botocore says that the client has no
such method. A test holds OPERATIONS against the requests that the functions' adapters make.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

#: Service, by its name in botocore -> what functions ask of it.
OPERATIONS: Final[Mapping[str, frozenset[str]]] = {
    "dynamodb": frozenset(
        ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem")
    ),
    "events": frozenset(("PutEvents",)),
    "s3": frozenset(("GetObject", "PutObject")),
    "secretsmanager": frozenset(("GetSecretValue",)),
    "sesv2": frozenset(("SendEmail",)),
    "sqs": frozenset(("ChangeMessageVisibility", "SendMessage", "SendMessageBatch")),
}
#: What botocore asks by itself: in which region a bucket is, and where a table's endpoint is.
_OF_ITSELF: Final[Mapping[str, frozenset[str]]] = {
    "dynamodb": frozenset(("DescribeEndpoints",)),
    "s3": frozenset(("HeadBucket",)),
}
_MODEL: Final = "service-2.json"
#: What of a service is read when a client is made. Waiters and paginators nobody uses.
_KEPT: Final = (_MODEL, "service-2.sdk-extras.json", "endpoint-rule-set-1.json")
_ENDPOINTS: Final = "endpoints.json"


def cut_down(data: Path) -> None:
    """`data` is botocore's folder of that name. The files are plain JSON afterwards."""
    prefixes = set()
    for folder in [path for path in data.iterdir() if path.is_dir()]:
        if folder.name in OPERATIONS:
            asked = OPERATIONS[folder.name] | _OF_ITSELF.get(folder.name, frozenset())
            prefixes.add(_cut_service(folder, asked))
        else:
            shutil.rmtree(folder)
    endpoints = _read(data / _ENDPOINTS)
    for partition in endpoints["partitions"]:
        partition["services"] = {name: s for name, s in partition["services"].items() if name in prefixes}
    _write(data / _ENDPOINTS, endpoints)


def _cut_service(folder: Path, operations: frozenset[str]) -> str:
    """Its newest version stays. The prefix of its endpoints is given back."""
    *old, newest = sorted(folder.iterdir())
    for version in old:
        shutil.rmtree(version)
    kept = {name: _read(newest / name) for name in _KEPT if _is_there(newest / name)}
    kept[_MODEL] = model = model_of(kept[_MODEL], operations)
    for path in newest.iterdir():
        path.unlink()
    for name, content in kept.items():
        _write(newest / name, content)
    return str(model["metadata"]["endpointPrefix"])


def model_of(model: Mapping[str, Any], operations: frozenset[str]) -> dict[str, Any]:
    """The same model with these operations, and the shapes that they need. Raises KeyError for one that it has not."""
    chosen = {name: model["operations"][name] for name in sorted(operations)}
    shapes: dict[str, Any] = {}
    wanted = list(_shapes_in(list(chosen.values())))
    while wanted:
        name = wanted.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            wanted.extend(_shapes_in(shapes[name]))
    cut = {"operations": _undocumented(chosen), "shapes": _undocumented(dict(sorted(shapes.items())))}
    # Of the parameters that clients are made with, botocore reads the documentation, too: the rest stays as it is.
    return {name: cut.get(name, part) for name, part in model.items() if name not in ("documentation", "examples")}


def _shapes_in(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("shape"), str):
            yield part["shape"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _shapes_in(inner)


def _undocumented(part: Any) -> Any:
    """A text of that name documents; anything else is a shape's member that is called so."""
    if isinstance(part, dict):
        kept = {name: inner for name, inner in part.items() if name != "documentation" or not isinstance(inner, str)}
        return {name: _undocumented(inner) for name, inner in kept.items()}
    return [_undocumented(inner) for inner in part] if isinstance(part, list) else part


def _is_there(path: Path) -> bool:
    return path.exists() or _packed(path).exists()


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _read(path: Path) -> Any:
    return json.loads(path.read_bytes() if path.exists() else gzip.decompress(_packed(path).read_bytes()))


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")))
