"""The kinds of field that a payload has: what people call them, and how the catalog says them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from events.catalog import Payload

_PAYLOAD: Final = "events.payload"
_MONEY: Final = "events.money"
_ANNOTATED: Final = (("typing", "Annotated"), ("pydantic", "Field"))
_EXACT: Final = "2**53 - 1"

_FIELD_NAME: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_FIELD: Final = re.compile(r"(?P<name>[^:]+):(?P<kind>[a-z]+)(?P<many>\[\])?(?P<optional>\?)?", re.ASCII)


class Kind(NamedTuple):
    """`annotation` is what the model says; `imports` are the (module, name) pairs that it needs."""

    annotation: str
    imports: tuple[tuple[str, str], ...]
    about: str


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "identifier": Kind("Identifier", ((_PAYLOAD, "Identifier"),), "an id: 1 to 128 letters, digits, and _.:-"),
        "name": Kind("Name", ((_PAYLOAD, "Name"),), "one line, 1 to 200 characters"),
        "text": Kind(
            "Annotated[str, Field(strict=True, min_length=1, max_length=1000)]",
            _ANNOTATED,
            "any text, 1 to 1000 characters",
        ),
        "money": Kind(
            "MinorUnits", ((_MONEY, "MinorUnits"),), "an amount in minor units: cents; has a currency beside"
        ),
        "currency": Kind("Currency", ((_MONEY, "Currency"),), "an ISO 4217 code"),
        "moment": Kind("Moment", ((_PAYLOAD, "Moment"),), "an RFC 3339 time with its zone"),
        "period": Kind("Period", ((_PAYLOAD, "Period"),), "a UTC calendar month: 2026-05"),
        "quantity": Kind("Quantity", ((_PAYLOAD, "Quantity"),), "a whole number, 0 to a thousand million"),
        "total": Kind("Total", ((_PAYLOAD, "Total"),), "what quantities add up to: 0 to 2**53 - 1"),
        "integer": Kind(
            f"Annotated[int, Field(strict=True, ge=-({_EXACT}), le={_EXACT})]",
            _ANNOTATED,
            "a whole number that may be negative",
        ),
        "number": Kind(
            "Annotated[float, Field(strict=True, allow_inf_nan=False)]",
            _ANNOTATED,
            "a number with a fraction; never for money",
        ),
        "flag": Kind("Annotated[bool, Field(strict=True)]", _ANNOTATED, "true or false"),
        "email": Kind("EmailAddress", ((_PAYLOAD, "EmailAddress"),), "an e-mail address"),
        "url": Kind("WebUrl", ((_PAYLOAD, "WebUrl"),), "an http or https URL"),
    }
)


class BadField(ValueError):
    """A field cannot be had as it is asked for; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One field to be. `annotation` is without what `many` and `optional` make of it."""

    name: str
    annotation: str
    imports: tuple[tuple[str, str], ...] = ()
    many: bool = False
    optional: bool = False

    @property
    def line(self) -> str:
        type_ = f"tuple[{self.annotation}, ...]" if self.many else self.annotation
        if not self.optional:
            return f"{self.name}: {type_}"
        return f"{self.name}: {type_} = ()" if self.many else f"{self.name}: {type_} | None = None"


def field_spec(text: str) -> FieldSpec:
    """`customer_id:identifier`, `note:text?` (optional), `tags:name[]` (a list). Raises BadField."""
    match = _FIELD.fullmatch(text)
    if match is None:
        raise BadField(
            f"{text!r} is no field: say name:kind, name:kind? or name:kind[], such as customer_id:identifier"
        )
    if match["kind"] not in KINDS:
        raise BadField(f"{match['kind']!r} is no kind of field: {', '.join(KINDS)}")
    return of_kind(match["name"], match["kind"], many=bool(match["many"]), optional=bool(match["optional"]))


def of_kind(name: str, kind: str, *, many: bool = False, optional: bool = False) -> FieldSpec:
    """Raises BadField for a name that no field may have."""
    annotation, imports, _ = KINDS[kind]
    return FieldSpec(name=checked(name), annotation=annotation, imports=imports, many=many, optional=optional)


def checked(name: str) -> str:
    """The name, if a field may have it. Raises BadField."""
    if not _FIELD_NAME.fullmatch(name) or keyword.iskeyword(name):
        raise BadField(f"{name!r} is no name of a field: small letters, digits and _, and no word of Python's")
    if hasattr(Payload, name) or name in Payload.__annotations__ or name.startswith("model_"):
        raise BadField(f"a field cannot be called {name!r}: payload models have that already")
    return name
