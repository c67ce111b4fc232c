"""Values of JSON as values of Avro, and back, by an Avro schema that was derived from a model."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from contracts.avro.names import fitted
from events.envelope import format_time, parse_time

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_ZERO: Final = _EPOCH.date()
_LONGS: Final = range(-(2**63), 2**63)

Named = Mapping[str, Any]


class NotAvro(ValueError):
    """A value has no place in the Avro schema. `path` is where, such as `lines[].amount`."""

    def __init__(self, path: str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path or 'the payload'} {problem}")


class _Conversion(ABC):
    """`named` are the schema's records and enums by their names. All raise NotAvro for what does not fit."""

    def __init__(self, named: Mapping[str, Named]) -> None:
        self._named = named

    def value(self, schema: Any, value: Any, *, at: str = "") -> Any:
        if isinstance(schema, list):
            return self.value(self.branch(schema, value, at=at), value, at=at)
        schema = self._named.get(schema, schema) if isinstance(schema, str) else schema
        match schema:
            case {"type": "record"}:
                return self._record(schema, _checked(value, dict, at), at)
            case {"type": "enum"}:
                return self._enum(schema, _checked(value, str, at), at)
            case {"type": "array", "items": items}:
                return [self.value(items, item, at=f"{at}[]") for item in _checked(value, list, at)]
            case {"type": "map", "values": values}:
                return {key: self.value(values, v, at=f"{at}{{}}") for key, v in _checked(value, dict, at).items()}
            case scalar:
                return self._scalar(_meaning(scalar), value, at)

    def branch(self, union: Sequence[Any], value: Any, *, at: str = "") -> Any:
        """The union's first branch that the value fits."""
        problems = []
        for branch in union:
            try:
                self.value(branch, value, at=at)
            except NotAvro as problem:
                problems.append(problem)
            else:
                return branch
        raise problems[0] if len(problems) == 1 else max(problems, key=lambda problem: len(problem.path))

    @abstractmethod
    def _record(self, record: Named, value: Mapping[str, Any], at: str) -> dict[str, Any]: ...

    @abstractmethod
    def _enum(self, enum: Named, value: str, at: str) -> str: ...

    @abstractmethod
    def _scalar(self, meaning: str, value: Any, at: str) -> Any: ...


class ToAvro(_Conversion):
    """Decoded JSON as what fastavro writes: times as microseconds since 1970, dates as days since then."""

    def _record(self, record: Named, value: Mapping[str, Any], at: str) -> dict[str, Any]:
        return {field["name"]: self._field(field, value, at) for field in record["fields"]}

    def _field(self, field: Named, value: Mapping[str, Any], at: str) -> Any:
        key = next(_present(field, value), None)
        if key is not None:
            return self.value(field["type"], value[key], at=_below(at, key))
        if "default" not in field:
            raise NotAvro(_below(at, _key(field)), "is missing")
        return field["default"]

    def _enum(self, enum: Named, value: str, at: str) -> str:
        symbols = {wire: symbol for symbol, wire in _wire_values(enum).items()}
        symbol = symbols.get(value, enum.get("default"))
        if symbol is None:
            raise NotAvro(at, f"is none of {', '.join(symbols)}")
        return str(symbol)

    def _scalar(self, meaning: str, value: Any, at: str) -> Any:
        kind, convert = _TO_AVRO[meaning]
        return _attempted(convert, _checked(value, kind, at), at)


class ToJson(_Conversion):
    """What `ToAvro` gives, or fastavro reads (times as datetimes), as decoded JSON."""

    def _record(self, record: Named, value: Mapping[str, Any], at: str) -> dict[str, Any]:
        """A null by default is what was absent."""
        fields = {field["name"]: field for field in record["fields"]}
        if value.keys() != fields.keys():
            raise NotAvro(at, f"has other fields than {record['name']}")
        return {
            _key(field): self.value(field["type"], value[name], at=_below(at, name))
            for name, field in fields.items()
            if value[name] is not None or field.get("default", "none") is not None
        }

    def _enum(self, enum: Named, value: str, at: str) -> str:
        if value not in enum["symbols"]:
            raise NotAvro(at, f"is none of {', '.join(enum['symbols'])}")
        return _wire_values(enum)[value]

    def _scalar(self, meaning: str, value: Any, at: str) -> Any:
        kind, convert = _TO_JSON[meaning]
        return _attempted(convert, _checked(value, kind, at), at)


def _key(field: Named) -> str:
    return str(field.get("jsonName", field["name"]))


def _present(field: Named, value: Mapping[str, Any]) -> Iterator[str]:
    """The names, today's and former ones, by which the JSON object has the field."""
    if _key(field) in value:
        yield _key(field)
    if "aliases" in field:
        yield from (key for key in value if fitted(key) in field["aliases"])


def _wire_values(enum: Named) -> Mapping[str, str]:
    """By symbol, the value that JSON has for it."""
    return enum.get("jsonValues") or {symbol: symbol for symbol in enum["symbols"]}


def _below(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _meaning(scalar: Any) -> str:
    """What decides on the conversion of a primitive: its logical type, that it holds JSON, or its name."""
    if isinstance(scalar, str):
        return scalar
    return str(scalar.get("logicalType") or scalar.get("contentMediaType") or scalar["type"])


_Kind = type | tuple[type, ...]


def _checked(value: Any, kind: _Kind, at: str) -> Any:
    """JSON's true is no number, though Python's is."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, object)):
        raise NotAvro(at, f"has no {type(value).__name__} in Avro")
    return value


def _attempted(convert: Callable[[Any], Any], value: Any, at: str) -> Any:
    try:
        return convert(value)
    except (ValueError, OverflowError) as error:
        raise NotAvro(at, str(error)) from error


def _same(value: Any) -> Any:
    return value


def _long(value: float) -> int:
    """JSON has one kind of number: 5.0 is an integer."""
    if value != int(value) or int(value) not in _LONGS:
        raise ValueError("is no integer of 64 bits")
    return int(value)


def _micros(text: str) -> int:
    return (parse_time(text) - _EPOCH) // timedelta(microseconds=1)


def _moment(value: int | datetime) -> str:
    return format_time(value if isinstance(value, datetime) else _EPOCH + timedelta(microseconds=value))


def _days(text: str) -> int:
    return (date.fromisoformat(text) - _DAY_ZERO).days


def _date(value: int | date) -> str:
    return (value if isinstance(value, date) else _DAY_ZERO + timedelta(days=value)).isoformat()


_Scalars = dict[str, tuple[_Kind, Callable[[Any], Any]]]

_PLAIN: Final[_Scalars] = {
    "null": (type(None), _same),
    "boolean": (bool, _same),
    "long": ((int, float), _long),
    "double": ((int, float), float),
    "string": (str, _same),
}
_TO_AVRO: Final[_Scalars] = {
    **_PLAIN,
    "timestamp-micros": (str, _micros),
    "date": (str, _days),
    "uuid": (str, lambda text: str(UUID(text))),
    "application/json": (object, json.dumps),
}
_TO_JSON: Final[_Scalars] = {
    **_PLAIN,
    "timestamp-micros": ((int, datetime), _moment),
    "date": ((int, date), _date),
    "uuid": ((str, UUID), str),
    "application/json": (str, json.loads),
}
