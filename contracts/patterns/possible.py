"""Whether any value that a schema allows can satisfy one alternative of a pattern's field.

Says yes where it cannot tell: a rule is only called impossible when it is. Semantics are event-ruler's.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from contracts.patterns.regular import can_match
from contracts.patterns.schemas import Found

#: EventBridge's numeric filters see numbers up to this.
_LARGEST: Final = 5_000_000_000

Test = Callable[[Any], bool]


class UnknownFilter(ValueError):
    """EventBridge has no such content filter."""


def possible(alternative: Any, found: Found) -> bool:
    """Whether a value of the schema can match. Raises UnknownFilter."""
    if not isinstance(alternative, Mapping):
        return _allows(found, alternative)
    operator, operand = next(iter(alternative.items()), ("", None))
    if operator not in _FILTERS or len(alternative) != 1:
        raise UnknownFilter(f"{operator or '{}'} is no content filter of EventBridge")
    if operator == "exists":
        return bool(operand) or not found.required
    values = _listed(found.schema)
    if values is not None:
        return any(_test(operator, operand)(value) for value in values)
    return _FILTERS[operator](operand, found)


def is_possible(alternative: Any, found: Iterable[Found]) -> bool:
    """Whether one of the schemas allows it. What EventBridge would not take is not possible."""
    try:
        return any(possible(alternative, schema) for schema in found)
    except UnknownFilter:
        return False


def _allows(found: Found, value: Any) -> bool:
    """Whether a plain value fits: rules match on nothing else."""
    schema = found.schema
    if not isinstance(schema, Mapping):
        return bool(schema)
    listed = _listed(schema)
    if listed is not None:
        return any(value == one and isinstance(value, bool) is isinstance(one, bool) for one in listed)
    if value is None or isinstance(value, bool):
        return _may_be(found, "null" if value is None else "boolean")
    if isinstance(value, str):
        return len(value) >= schema.get("minLength", 0) and _like(
            found, value.replace("\\", "\\\\").replace("*", "\\*")
        )
    is_whole = float(value).is_integer()
    return (is_whole or _may_be(found, "number")) and _numeric(("=", value), found, largest=math.inf)


def _listed(schema: Any) -> list[Any] | None:
    if not isinstance(schema, Mapping):
        return None
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _may_be(found: Found, *types: str) -> bool:
    if not isinstance(found.schema, Mapping) or "type" not in found.schema:
        return True
    declared = found.schema["type"]
    return any(type_ in types for type_ in ([declared] if isinstance(declared, str) else declared))


def _like(found: Found, wildcard: str, *, ignore_case: bool = False) -> bool:
    """Whether a text of the schema can have this form, in which `*` is any text."""
    if not _may_be(found, "string"):
        return False
    schema = found.schema if isinstance(found.schema, Mapping) else {}
    if len(wildcard.replace("*", "")) > schema.get("maxLength", math.inf):
        return False
    return "pattern" not in schema or can_match(schema["pattern"], wildcard, ignore_case=ignore_case)


def _affix(form: str) -> Callable[[Any, Found], bool]:
    def filter_(operand: Any, found: Found) -> bool:
        lowered = isinstance(operand, Mapping)
        text = next(iter(operand.values())) if lowered else operand
        return _like(found, form.format(text.replace("*", "\\*")), ignore_case=lowered)

    return filter_


def _numeric(operand: Any, found: Found, *, largest: float = _LARGEST) -> bool:
    if not _may_be(found, "integer", "number"):
        return False
    schema = found.schema if isinstance(found.schema, Mapping) else {}
    low = [(-largest, True), (schema.get("minimum", -math.inf), True)]
    high = [(largest, True), (schema.get("maximum", math.inf), True)]
    low.append((schema.get("exclusiveMinimum", -math.inf), False))
    high.append((schema.get("exclusiveMaximum", math.inf), False))
    for operator, number in zip(operand[::2], operand[1::2], strict=True):
        if operator in (">", ">=", "="):
            low.append((number, operator != ">"))
        if operator in ("<", "<=", "="):
            high.append((number, operator != "<"))
    bottom, top = max(low, key=lambda b: (b[0], not b[1])), min(high, key=lambda b: (b[0], b[1]))
    return _is_between(bottom, top, whole=not _may_be(found, "number"))


def _is_between(bottom: tuple[float, bool], top: tuple[float, bool], *, whole: bool) -> bool:
    (low, low_in), (high, high_in) = bottom, top
    if whole:
        first = math.floor(low) + 1 if not low_in and low == math.floor(low) else math.ceil(low)
        last = math.ceil(high) - 1 if not high_in and high == math.ceil(high) else math.floor(high)
        return first <= last
    return low < high or (low == high and low_in and high_in)


def _unless_listed(_: Any, __: Found) -> bool:
    """There is always another value, unless the schema lists them all."""
    return True


#: For a schema that does not list its values.
_FILTERS: Final[Mapping[str, Callable[[Any, Found], bool]]] = {
    "exactly": lambda operand, found: _allows(found, operand),
    "equals-ignore-case": lambda operand, found: _like(found, operand.replace("*", "\\*"), ignore_case=True),
    "prefix": _affix("{}*"),
    "suffix": _affix("*{}"),
    "wildcard": lambda operand, found: _like(found, operand),
    "anything-but": _unless_listed,
    "numeric": _numeric,
    "cidr": lambda _, found: _may_be(found, "string"),
    "exists": _unless_listed,
}


def _test(operator: str, operand: Any) -> Test:
    """For one value of a list."""
    match operator:
        case "anything-but":
            return _anything_but(operand)
        case "numeric":
            return lambda value: (
                _is_number(value) and _numeric(operand, Found({"minimum": value, "maximum": value}, None))
            )
        case "cidr":
            return lambda value: _in_network(value, operand)
        case "exactly":
            return lambda value: bool(value == operand)
        case _:
            return lambda value: (
                isinstance(value, str)
                and _FILTERS[operator](operand, Found({"type": "string", "pattern": f"^{re.escape(value)}$"}, None))
            )


def _anything_but(operand: Any) -> Test:
    if isinstance(operand, Mapping):
        operator, texts = next(iter(operand.items()))
        tests = [_test(operator, text) for text in (texts if isinstance(texts, list | tuple) else [texts])]
        return lambda value: not any(test(value) for test in tests)
    unwanted = operand if isinstance(operand, list | tuple) else [operand]
    return lambda value: value not in unwanted


def _in_network(value: object, network: str) -> bool:
    try:
        return ipaddress.ip_address(str(value)) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
