"""Fields guessed from an example: a start, to be read and tightened by whoever knows the business."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from contracts.authoring.kinds import FieldSpec, checked, of_kind
from events.envelope import parse_time
from events.money import MINOR_UNIT_DIGITS

_EXACT: Final = 2**53 - 1
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,127}", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_URL: Final = re.compile(r"https?://[^\s/?#]+\S*")
_PERIOD: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_PRICES: Final = ("amount", "price", "fee", "cost")
_LONGEST_NAME: Final = 200
_LARGEST_QUANTITY: Final = 10**9
_SORTS: Final = {dict: "object", bool: "flag", int: "number", float: "number", str: "text"}


class BadExample(ValueError):
    """No fields can be made of the example; the message says why."""


@dataclass(slots=True)
class Inferred:
    """`parts` are the objects inside, by the name of their class, innermost first; `doubts` are for people to read."""

    fields: tuple[FieldSpec, ...] = ()
    parts: dict[str, tuple[FieldSpec, ...]] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


def data_in(example: Any, type_: str) -> Mapping[str, Any]:
    """The data of an example: a CloudEvent's, an EventBridge event's, or the object itself. Raises BadExample."""
    if not isinstance(example, dict):
        raise BadExample("the example must be a JSON object")
    data: Any = example
    claimed: Any = type_
    if "detail-type" in data and isinstance(data.get("detail"), dict):
        data, claimed = data["detail"], data["detail-type"]
    if "specversion" in data:
        data, claimed = data.get("data"), data.get("type")
    if claimed != type_:
        raise BadExample(f"the example is of type {claimed}, not {type_}")
    if not isinstance(data, dict):
        raise BadExample("the example's data must be a JSON object")
    return data


def inferred(data: Mapping[str, Any], class_name: str) -> Inferred:
    """Fields for what the data holds. Raises BadField for a name that no field may have, and BadExample."""
    result = Inferred()
    result.fields = _fields(data, class_name, result)
    return result


def _fields(data: Mapping[str, Any], class_name: str, result: Inferred) -> tuple[FieldSpec, ...]:
    return tuple(_field(name, value, class_name, result) for name, value in data.items())


def _field(name: str, value: Any, class_name: str, result: Inferred) -> FieldSpec:
    if isinstance(value, dict):
        return _object(name, [value], class_name, result)
    if isinstance(value, list):
        return replace(_items(name, value, class_name, result), many=True)
    if value is None:
        result.doubts.append(f"{name} is null in the example: taken for optional text")
        return of_kind(name, "text", optional=True)
    return of_kind(name, _kind(name, value))


def _object(name: str, values: list[dict[str, Any]], class_name: str, result: Inferred) -> FieldSpec:
    """A field that is one object, shown by one or more; what not all of them have is optional."""
    part = class_name + "".join(word.capitalize() for word in checked(name).split("_"))
    merged = {key: value for item in reversed(values) for key, value in item.items()}
    fields = _fields(merged, part, result)
    result.parts[part] = tuple(
        replace(spec, optional=spec.optional or any(spec.name not in item for item in values)) for spec in fields
    )
    return FieldSpec(name=name, annotation=part, imports=(("events.payload", "Open"),))


def _items(name: str, items: list[Any], class_name: str, result: Inferred) -> FieldSpec:
    """What a list holds."""
    if not items:
        result.doubts.append(f"{name} shows no item in the example: taken for a list of text")
        return of_kind(name, "text")
    sorts = {_SORTS.get(type(item), "") for item in items}
    if sorts == {"object"}:
        return _object(name, items, class_name, result)
    if len(sorts) > 1 or "" in sorts:
        raise BadExample(f"{name} is a list of lists, nulls or different things: no field can be made of it")
    kinds = {_kind(name, item) for item in items}
    return of_kind(name, kinds.pop() if len(kinds) == 1 else _widest(kinds))


def _widest(kinds: set[str]) -> str:
    """A kind that all items of a list have, which are of one sort."""
    if "number" in kinds:
        return "number"
    if "integer" in kinds:
        return "integer"
    return "total" if kinds <= {"quantity", "total", "money"} else "text"


def _kind(name: str, value: Any) -> str:
    match value:
        case bool():
            return "flag"
        case int():
            return _integer_kind(name, value)
        case float():
            return "number"
        case _:
            return next((kind for kind, fits in _TEXTS.items() if fits(name, value)), "text")


def _integer_kind(name: str, value: int) -> str:
    if abs(value) > _EXACT:
        raise BadExample(f"{name} is {value}: no JSON reader keeps that exact, send it as text")
    if value < 0:
        return "integer"
    if any(word in name for word in _PRICES):
        return "money"
    return "quantity" if value <= _LARGEST_QUANTITY else "total"


def _is_time(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True


#: The first that fits a text is its kind.
_TEXTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "moment": lambda _, text: _is_time(text),
    "period": lambda _, text: bool(_PERIOD.fullmatch(text)),
    "currency": lambda name, text: "currency" in name and text in MINOR_UNIT_DIGITS,
    "email": lambda _, text: bool(_EMAIL.fullmatch(text)),
    "url": lambda _, text: bool(_URL.fullmatch(text)),
    "identifier": lambda name, text: name.endswith(("_id", "id")) and bool(_IDENTIFIER.fullmatch(text)),
    "name": lambda name, text: "name" in name and len(text) <= _LONGEST_NAME and text.isprintable() and text != "",
}
