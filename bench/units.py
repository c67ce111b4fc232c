"""What AWS counts for a call, from what was sent and what lay there: arithmetic, no calls.

DynamoDB, on demand: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
and, for the bytes of an item, .../developerguide/CapacityUnitCalculations.html, for indexes, .../GSI.html.
SQS: https://aws.amazon.com/sqs/pricing/. EventBridge: https://aws.amazon.com/eventbridge/pricing/.
Lambda's polling of queues and streams is not the functions' doing, and is not counted anywhere here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from math import ceil
from typing import Any, Final

from events.batches import CHUNK

#: Attribute values as the low-level client has them: `{"pk": {"S": "x"}}`.
Item = Mapping[str, Any]

_WRITE_BYTES: Final = 1_024
_READ_BYTES: Final = 4_096
#: Of a list or a map, and of each of its elements.
_NESTED_BYTES: Final = 3
_ELEMENT_BYTES: Final = 1


def item_size(item: Item) -> int:
    """Bytes: names and values. The 100 bytes that AWS adds to each item are for storage only."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    return _SIZES[kind](content)


def _number_size(number: str) -> int:
    """A byte, and one for each two significant digits."""
    return ceil(len(Decimal(number).normalize().as_tuple().digits) / 2) + 1


def _list_size(elements: Collection[Any]) -> int:
    return _NESTED_BYTES + sum(_ELEMENT_BYTES + _value_size(element) for element in elements)


def _map_size(members: Item) -> int:
    return _NESTED_BYTES + _ELEMENT_BYTES * len(members) + item_size(members)


_SIZES: Final[Mapping[str, Callable[[Any], int]]] = {
    "S": lambda text: len(text.encode()),
    "N": _number_size,
    "B": len,
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
    "L": _list_size,
    "M": _map_size,
}


def write_units(before: Item | None, after: Item | None) -> int:
    """Of one item's put, update or delete: one for each started KB of the larger of before and after, at least one.

    An update counts the whole item, and each write of a batch counts by itself. A write whose condition does not
    hold counts what lies there: `write_units(before, before)`. In a transaction all of it counts twice.
    """
    return max(1, ceil(max(item_size(before or {}), item_size(after or {})) / _WRITE_BYTES))


def index_write_units(keys: Collection[str], before: Item | None, after: Item | None) -> int:
    """Of an index with these key attributes that carries whole items. An item that lacks one of them is not in it.

    An entry whose key changes is deleted and put; one that does not change costs nothing.
    """
    old, new = (item if item and all(key in item for key in keys) else None for item in (before, after))
    if old == new:
        return 0
    if old and new and any(old[key] != new[key] for key in keys):
        return write_units(old, None) + write_units(None, new)
    return write_units(old, new)


def read_units(item: Item | None, *, consistent: bool) -> float:
    """Of one GetItem: one for each started 4 KB, at least one, and half of that when it need not be consistent."""
    return max(1, ceil(item_size(item or {}) / _READ_BYTES)) * (1 if consistent else 0.5)


def chunks(size: int) -> int:
    """Of so many bytes: what SQS counts as requests for one call, and EventBridge as events for one entry."""
    return max(1, ceil(size / CHUNK))


def message_size(message: Mapping[str, Any]) -> int:
    """Bytes of an SQS message: its body, and its attributes' names, types and values."""
    attributes = message.get("MessageAttributes", {}).items()
    return len(message["MessageBody"].encode()) + sum(
        len((name + value["DataType"] + value["StringValue"]).encode()) for name, value in attributes
    )
