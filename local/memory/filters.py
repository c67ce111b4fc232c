"""One field of an event pattern: its content filters, checked once and compiled to tests of a leaf value.

Semantics are event-ruler's (github.com/aws/event-ruler), the matcher inside EventBridge: strings, numbers,
booleans and null never equal each other, numbers compare by value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import Any, Final, NoReturn

from local.memory.wildcards import is_too_complex, wildcard_regex

#: Decides on one leaf value of an event: str, int, float, bool or None.
Test = Callable[[object], bool]

#: EventBridge's numeric filters know numbers up to this, with six digits after the point.
_LARGEST: Final = 5_000_000_000
_SCALE: Final = 6
_UPPER: Final = {"<": False, "<=": True}
_LOWER: Final = {">": False, ">=": True}


class InvalidPattern(ValueError):
    """PutRule would refuse the pattern. `path` names the field, dots between its steps."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path or 'pattern'}: {reason}")


@dataclass(frozen=True, slots=True)
class Field:
    """The alternatives of one field. `absent` is true when one of them is that the field is missing."""

    path: str
    strings: frozenset[str]
    tests: tuple[Test, ...]
    absent: bool

    @property
    def is_exact(self) -> bool:
        """Nothing but strings to be equal to."""
        return not self.tests and not self.absent

    def accepts(self, value: object) -> bool:
        if type(value) is str and value in self.strings:
            return True
        return any(test(value) for test in self.tests)


def compile_field(path: str, alternatives: Sequence[object]) -> Field:
    """Raises InvalidPattern for whatever EventBridge would not take."""
    if not alternatives:
        raise InvalidPattern(path, "empty arrays are not allowed")
    strings = frozenset(a for a in alternatives if isinstance(a, str))
    tests = [_exact_address(text) for text in strings if _address(text) is not None]
    absent = False
    for alternative in alternatives:
        if isinstance(alternative, Mapping):
            test = _filter(path, alternative)
            absent = absent or test is _is_absent
            tests.extend([] if test is _is_absent else [test])
        elif not isinstance(alternative, str):
            tests.append(_exact(path, alternative))
    return Field(path, strings, tuple(tests), absent)


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _exact(path: str, wanted: object) -> Test:
    if wanted is None or isinstance(wanted, bool):
        return lambda value: value is wanted
    if is_number(wanted):
        return lambda value: value == wanted and is_number(value)
    raise InvalidPattern(path, "a value to match must be a string, number, true, false, null or one content filter")


def _filter(path: str, filter_: Mapping[str, object]) -> Test:
    operator, operand = _only(path, filter_)
    compiler = _OPERATORS.get(operator)
    if compiler is None:
        raise InvalidPattern(path, f"unrecognized match type {operator}")
    return compiler(path, operand)


def _only(path: str, filter_: Mapping[str, object]) -> tuple[str, object]:
    if len(filter_) != 1:
        raise InvalidPattern(path, "exactly one key is allowed in a content filter")
    return next(iter(filter_.items()))


def _text(path: str, operator: str, operand: object) -> str:
    if not isinstance(operand, str):
        raise InvalidPattern(path, f"{operator} must be a string")
    return operand


def _is_absent(_: object) -> NoReturn:
    raise AssertionError("stands for exists: false, which has no value to test")


def _exists(path: str, operand: object) -> Test:
    if not isinstance(operand, bool):
        raise InvalidPattern(path, "exists must be either true or false")
    return (lambda _: True) if operand else _is_absent


def _exactly(path: str, operand: object) -> Test:
    wanted = _text(path, "exactly", operand)
    return lambda value: isinstance(value, str) and value == wanted


def _ignoring_case(path: str, operand: object) -> Test:
    wanted = _text(path, "equals-ignore-case", operand).lower()
    return lambda value: isinstance(value, str) and value.lower() == wanted


def _affix(operator: str) -> Callable[[str, object], Test]:
    has = str.startswith if operator == "prefix" else str.endswith

    def compiled(path: str, operand: object) -> Test:
        if isinstance(operand, Mapping):
            nested, text = _only(path, operand)
            if nested != "equals-ignore-case":
                raise InvalidPattern(path, f"unsupported {operator} pattern: {nested}")
            lowered = _text(path, nested, text).lower()
            return lambda value: isinstance(value, str) and has(value.lower(), lowered)
        wanted = _text(path, operator, operand)
        return lambda value: isinstance(value, str) and has(value, wanted)

    return compiled


def _wildcard(path: str, operand: object) -> Test:
    return _any_wildcard(path, [_text(path, "wildcard", operand)])


def _any_wildcard(path: str, wildcards: Sequence[str]) -> Test:
    try:
        matchers = [re.compile(wildcard_regex(wildcard), re.DOTALL).fullmatch for wildcard in wildcards]
    except ValueError as error:
        raise InvalidPattern(path, str(error)) from error
    if is_too_complex(wildcards):
        raise InvalidPattern(path, "rule is too complex: use fewer wildcard characters or fewer repeats after one")
    return lambda value: isinstance(value, str) and any(matches(value) for matches in matchers)


def _anything_but(path: str, operand: object) -> Test:
    if isinstance(operand, Mapping):
        unwanted = _nested_anything_but(path, *_only(path, operand))
        return lambda value: not unwanted(value)
    values = operand if isinstance(operand, list | tuple) else [operand]
    if values and all(isinstance(v, str) for v in values):
        texts = frozenset(values)
        return lambda value: not (isinstance(value, str) and value in texts)
    if values and all(is_number(v) for v in values):
        numbers = frozenset(values)
        for number in numbers:
            _scaled(path, number)
        return lambda value: not (is_number(value) and value in numbers)
    raise InvalidPattern(path, "anything-but takes one string or number, or a list of only strings or only numbers")


def _nested_anything_but(path: str, operator: str, operand: object) -> Test:
    if operator not in {"prefix", "suffix", "equals-ignore-case", "wildcard"}:
        raise InvalidPattern(path, f"unsupported anything-but pattern: {operator}")
    values = operand if isinstance(operand, list | tuple) else [operand]
    texts = [_text(path, f"anything-but {operator}", value) for value in values]
    if not texts:
        raise InvalidPattern(path, f"anything-but {operator} must not be an empty list")
    if operator == "wildcard":
        return _any_wildcard(path, texts)
    if operator == "equals-ignore-case":
        lowered = frozenset(text.lower() for text in texts)
        return lambda value: isinstance(value, str) and value.lower() in lowered
    if not all(texts):
        raise InvalidPattern(path, f"anything-but {operator} must not be empty")
    affixes = tuple(texts)
    has = str.startswith if operator == "prefix" else str.endswith
    return lambda value: isinstance(value, str) and has(value, affixes)


def _scaled(path: str, number: Any) -> int:
    scaled = _scaled_or_none(number)
    if scaled is None:
        raise InvalidPattern(path, f"numbers must be between -{_LARGEST} and {_LARGEST}, inclusive")
    return scaled


def _scaled_or_none(number: Any) -> int | None:
    """Six digits after the point count, as in EventBridge; None for what its numeric filters cannot see."""
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if not -_LARGEST <= number <= _LARGEST:
        return None
    if isinstance(number, int):
        return number * 10**_SCALE
    return int(Decimal(repr(number)).scaleb(_SCALE))


def _numeric(path: str, operand: object) -> Test:
    if not isinstance(operand, list | tuple) or len(operand) not in (2, 4):
        raise InvalidPattern(path, "numeric must be an array of one or two pairs of operator and number")
    operators, numbers = operand[::2], operand[1::2]
    for operator, number in zip(operators, numbers, strict=True):
        if not isinstance(operator, str) or operator not in {"=", *_UPPER, *_LOWER}:
            raise InvalidPattern(path, f"unrecognized numeric range operator: {operator}")
        if not is_number(number):
            raise InvalidPattern(path, f"value of {operator} must be numeric")
    return _range(path, operators, [_scaled(path, number) for number in numbers])


def _range(path: str, operators: Sequence[str], bounds: Sequence[int]) -> Test:
    if len(operators) == 1:
        return _one_sided(operators[0], bounds[0])
    if operators[0] not in _LOWER or operators[1] not in _UPPER:
        raise InvalidPattern(path, "a numeric range is > or >= a number, then < or <= a number")
    bottom, top = bounds
    if bottom >= top:
        raise InvalidPattern(path, "bottom must be less than top")
    above, below = _one_sided(operators[0], bottom), _one_sided(operators[1], top)
    return lambda value: above(value) and below(value)


def _one_sided(operator: str, bound: int) -> Test:
    compare = {"=": int.__eq__, "<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__}[operator]

    def test(value: object) -> bool:
        scaled = _scaled_or_none(value) if is_number(value) else None
        return scaled is not None and compare(scaled, bound)

    return test


def _address(text: object) -> tuple[int, int] | None:
    """(version, number) of an IP address literal."""
    if not isinstance(text, str) or "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.version, int(address)


def _exact_address(text: str) -> Test:
    """An address equals itself in any spelling."""
    wanted = _address(text)
    return lambda value: _address(value) == wanted


def _cidr(path: str, operand: object) -> Test:
    text = _text(path, "cidr", operand)
    try:
        if not re.fullmatch(r"[0-9A-Fa-f.:]+/[0-9]{1,3}", text):
            raise ValueError("one address, one '/' and the number of mask bits are required")  # noqa: TRY301
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise InvalidPattern(path, f"malformed CIDR: {error}") from error
    version, low, high = network.version, int(network.network_address), int(network.broadcast_address)

    def test(value: object) -> bool:
        address = _address(value)
        return address is not None and address[0] == version and low <= address[1] <= high

    return test


_OPERATORS: Final[Mapping[str, Callable[[str, object], Test]]] = {
    "exactly": _exactly,
    "prefix": _affix("prefix"),
    "suffix": _affix("suffix"),
    "equals-ignore-case": _ignoring_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
    "exists": _exists,
}
