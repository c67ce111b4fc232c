"""Values as DynamoDB's low-level client wants and gives them: `{"S": …}`, `{"N": …}` and so on.

boto3 can do it, too. It loads threads, transfers and all resources for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

Attribute = dict[str, Any]


def packed(value: object) -> Attribute:
    """Raises TypeError for what an item of ours never holds: floats, bytes, sets."""
    for type_, pack in _PACKING:
        if isinstance(value, type_):
            return pack(value)
    raise TypeError(f"{type(value).__name__} is nothing that an item may hold")


#: In this order: a bool is an int.
_PACKING: Final[tuple[tuple[type | tuple[type, ...], Callable[[Any], Attribute]], ...]] = (
    (str, lambda value: {"S": value}),
    (bool, lambda value: {"BOOL": value}),
    ((int, Decimal), lambda value: {"N": str(value)}),
    (type(None), lambda _: {"NULL": True}),
    (Mapping, lambda value: {"M": {name: packed(member) for name, member in value.items()}}),
    ((list, tuple), lambda value: {"L": [packed(member) for member in value]}),
)


def unpacked(attribute: Mapping[str, Any]) -> Any:
    """Numbers come as Decimal. Raises KeyError for types that no item of ours has."""
    ((type_, value),) = attribute.items()
    return _UNPACKING[type_](value)


_UNPACKING: Final[Mapping[str, Callable[[Any], Any]]] = {
    "S": str,
    "BOOL": bool,
    "N": Decimal,
    "NULL": lambda _: None,
    "M": lambda members: {name: unpacked(member) for name, member in members.items()},
    "L": lambda members: [unpacked(member) for member in members],
}
