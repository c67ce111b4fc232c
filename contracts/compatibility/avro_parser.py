"""From the JSON of an Avro schema to its types, strictly by the specification.

Source: Apache Avro 1.12 specification, "Schema Declaration", "Names", "Aliases" and "Logical Types".
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from contracts.compatibility.avro_types import (
    PROMOTIONS,
    Array,
    Enum,
    Field,
    Fixed,
    Logical,
    Map,
    Named,
    Primitive,
    Record,
    Type,
    Union,
    fits,
    told,
    unqualified,
)
from contracts.compatibility.verdict import Schema

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_FULL_NAME: Final = re.compile(rf"{_NAME.pattern}(?:\.{_NAME.pattern})*", re.ASCII)
_LOGICAL: Final[Mapping[str, tuple[str, ...]]] = {
    "decimal": ("bytes", "fixed"),
    "big-decimal": ("bytes",),
    "uuid": ("string", "fixed"),
    "date": ("int",),
    "time-millis": ("int",),
    "time-micros": ("long",),
    **{f"{local}timestamp-{unit}": ("long",) for local in ("", "local-") for unit in ("millis", "micros", "nanos")},
    "duration": ("fixed",),
}
_SIZES: Final = {"uuid": 16, "duration": 12}


class InvalidAvroSchema(ValueError):
    """It is not an Avro schema. `path` is where, from its root, such as `lines[].amount`."""

    def __init__(self, path: str, problem: str, *, schema: str = "the schema") -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{schema} is not valid Avro at {f'`{path}`' if path else 'its root'}: {problem}")


def parsed(schema: Schema, *, called: str = "the schema") -> Type:
    """The schema's root type. Raises InvalidAvroSchema, which speaks of it as `called`."""
    parser = _Parser()
    try:
        root = parser.type(schema, path="", namespace="")
        parser.check_defaults()
        parser.check_aliases()
    except InvalidAvroSchema as invalid:
        raise InvalidAvroSchema(invalid.path, invalid.problem, schema=called) from None
    return root


def below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


class _Parser:
    def __init__(self) -> None:
        self._named: dict[str, Fixed | Enum | Record] = {}
        self._defaults: list[tuple[str, Field]] = []

    def type(self, node: Schema, *, path: str, namespace: str) -> Type:
        match node:
            case str():
                return self._reference(node, path, namespace)
            case list():
                return self._union(node, path, namespace)
            case {"type": str() as kind}:
                return self._declared(kind, node, path, namespace)
            case {"type": _}:
                raise InvalidAvroSchema(path, "`type` must be a type's name; write another schema in its place")
            case dict():
                raise InvalidAvroSchema(path, "it has no `type`")
            case _:
                raise InvalidAvroSchema(path, f"a schema is a name, an object or a list, not {node!r}")

    def check_defaults(self) -> None:
        """At the end, since a default may be of a type that is still being read where it stands."""
        for path, field in self._defaults:
            if not fits(field.default[0], field.type):
                raise InvalidAvroSchema(path, f"its default {field.default[0]!r} is no value of {told(field.type)}")

    def check_aliases(self) -> None:
        for name, named in self._named.items():
            for alias in named.aliases:
                if alias in self._named and alias != name:
                    raise InvalidAvroSchema("", f"`{alias}` is an alias of `{name}` and the name of another type")

    def _reference(self, name: str, path: str, namespace: str) -> Type:
        if name in PROMOTIONS:
            return Primitive(name=name)
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        if full not in self._named:
            raise InvalidAvroSchema(path, f"`{name}` is no type that was defined before it is used")
        return self._named[full]

    def _union(self, nodes: list[Schema], path: str, namespace: str) -> Union:
        branches = tuple(self.type(node, path=path, namespace=namespace) for node in nodes)
        if any(isinstance(branch, Union) for branch in branches):
            raise InvalidAvroSchema(path, "a union may not immediately hold another")
        _refuse_twins(map(_kind, branches), path, "a union may hold {} only once")
        if not branches:
            raise InvalidAvroSchema(path, "a union needs a branch")
        return Union(branches=branches)

    def _declared(self, kind: str, node: Mapping[str, Any], path: str, namespace: str) -> Type:
        match kind:
            case "array":
                items = _attribute(node, "items", path)
                return Array(items=self.type(items, path=f"{path}[]", namespace=namespace))
            case "map":
                values = _attribute(node, "values", path)
                return Map(values=self.type(values, path=f"{path}{{}}", namespace=namespace))
            case "fixed" | "enum" | "record":
                return self._defined(kind, node, path, namespace)
            case _ if kind in PROMOTIONS:
                return Primitive(name=kind, logical=_logical(node, kind))
            case _:
                raise InvalidAvroSchema(path, f"`{kind}` is no type of Avro; a named type is written as its bare name")

    def _defined(self, kind: str, node: Mapping[str, Any], path: str, namespace: str) -> Fixed | Enum | Record:
        name = _full_name(node, path, namespace)
        if name in self._named:
            raise InvalidAvroSchema(path, f"`{name}` is defined twice")
        inside = name.rpartition(".")[0]
        aliases = tuple(
            alias if "." in alias or not inside else f"{inside}.{alias}" for alias in _strings(node, "aliases", path)
        )
        match kind:
            case "fixed":
                named = self._named[name] = Fixed(
                    name=name, aliases=aliases, size=_size(node, path), logical=_logical(node, kind)
                )
                return named
            case "enum":
                return self._enum(node, path, name=name, aliases=aliases)
            case _:
                record = self._named[name] = Record(name=name, aliases=aliases)
                self._read_fields(record, node, path, inside)
                return record

    def _enum(self, node: Mapping[str, Any], path: str, *, name: str, aliases: tuple[str, ...]) -> Enum:
        _attribute(node, "symbols", path)
        symbols, default = _strings(node, "symbols", path), node.get("default")
        for symbol in symbols:
            _check_name(symbol, path)
        _refuse_twins(symbols, path, "the symbol {} occurs twice")
        if default is not None and default not in symbols:
            raise InvalidAvroSchema(path, f"its default {default!r} is none of its symbols")
        enum = self._named[name] = Enum(name=name, aliases=aliases, symbols=symbols, default=default)
        return enum

    def _read_fields(self, record: Record, node: Mapping[str, Any], path: str, namespace: str) -> None:
        nodes = _attribute(node, "fields", path)
        if not isinstance(nodes, list):
            raise InvalidAvroSchema(path, "`fields` must be a list")
        for field_node in nodes:
            field = self._field(field_node, path, namespace)
            if field.name in record.fields:
                raise InvalidAvroSchema(path, f"the field `{field.name}` occurs twice")
            record.fields[field.name] = field
        names = (name for field in record.fields.values() for name in {field.name, *field.aliases})
        _refuse_twins(names, path, "{} is the name or an alias of two fields")

    def _field(self, node: Any, path: str, namespace: str) -> Field:
        if not isinstance(node, dict) or not isinstance(node.get("name"), str):
            raise InvalidAvroSchema(path, f"a field is an object with a `name`, not {node!r}")
        _check_name(node["name"], path)
        here = below(path, node["name"])
        field = Field(
            name=node["name"],
            type=self.type(_attribute(node, "type", here), path=here, namespace=namespace),
            aliases=_strings(node, "aliases", here),
            default=(node["default"],) if "default" in node else (),
        )
        if field.default:
            self._defaults.append((here, field))
        return field


def _kind(type_: Type) -> str:
    """What a union may hold once."""
    match type_:
        case Primitive(name=name) | Named(name=name):
            return f"`{name}`"
        case _:
            return told(type_)


def _attribute(node: Mapping[str, Any], name: str, path: str) -> Any:
    if name not in node:
        raise InvalidAvroSchema(path, f"it has no `{name}`")
    return node[name]


def _strings(node: Mapping[str, Any], name: str, path: str) -> tuple[str, ...]:
    values = node.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidAvroSchema(path, f"`{name}` must be a list of strings")
    return tuple(values)


def _size(node: Mapping[str, Any], path: str) -> int:
    size = _attribute(node, "size", path)
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise InvalidAvroSchema(path, f"`size` must be a number of bytes, not {size!r}")
    return size


def _full_name(node: Mapping[str, Any], path: str, namespace: str) -> str:
    name, own = _attribute(node, "name", path), node.get("namespace", namespace)
    if not isinstance(name, str) or not isinstance(own, str):
        raise InvalidAvroSchema(path, "`name` and `namespace` must be strings")
    full = name if "." in name or not own else f"{own}.{name}"
    if not _FULL_NAME.fullmatch(full):
        raise InvalidAvroSchema(path, f"{full!r} is no name: letters, digits and _, no digit first, dots between")
    if unqualified(full) in PROMOTIONS:
        raise InvalidAvroSchema(path, f"`{unqualified(full)}` is a primitive type's name")
    return full


def _check_name(name: str, path: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidAvroSchema(path, f"{name!r} is no name: letters, digits and _, no digit first")


def _refuse_twins(names: Iterable[str], path: str, problem: str) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise InvalidAvroSchema(path, problem.format(name))


def _logical(node: Mapping[str, Any], base: str) -> Logical | None:
    """An unknown or invalid logical type is none: the type is read as what it is."""
    name = node.get("logicalType")
    if not isinstance(name, str) or base not in _LOGICAL.get(name, ()):
        return None
    if name == "decimal":
        return _decimal(node, base)
    return Logical(name) if base != "fixed" or node.get("size") == _SIZES[name] else None


def _decimal(node: Mapping[str, Any], base: str) -> Logical | None:
    precision, scale = node.get("precision"), node.get("scale", 0)
    if not isinstance(precision, int) or not isinstance(scale, int) or not 0 <= scale <= precision > 0:
        return None
    most = _digits_of(node.get("size", 0)) if base == "fixed" else precision
    return Logical("decimal", (precision, scale)) if precision <= most else None


def _digits_of(size: int) -> int:
    """The most base-10 digits that a signed integer of `size` bytes is sure to hold."""
    return math.floor(math.log10(2) * (8 * size - 1)) if size else 0
