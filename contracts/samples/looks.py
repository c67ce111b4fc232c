"""How the business's values look: by a field's name, its format, or failing both, its bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from unicodedata import normalize

from contracts.samples.fits import fits
from contracts.samples.patterns import matching
from contracts.shapes import Contract, Member, Model, Shape
from events.catalog import TYPES
from events.envelope import format_time

#: What a look may see: the generator, and the fields before it in the same object and those around it.
Look = Callable[[Random, Mapping[str, Any]], Any]

_BASE36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_YEAR: Final = datetime(2026, 1, 1, tzinfo=UTC)
#: As far as a number goes that has no bound of its own, and still looks like something.
_LARGE: Final = 10_000
#: As deep as objects go that may hold others without end.
_DEEPEST: Final = 4
_CURRENCIES: Final = ("USD", "USD", "USD", "EUR", "EUR", "GBP", "CHF", "JPY", "KWD")
_NAMES: Final = (
    "Ada Lovelace",
    "Zoë Müller",
    "José Ángel Ruiz",
    "Grace Hopper",
    "Łukasz Nowak",
    "Nordwind AG",
)
_METERS: Final = {"api_calls": "API calls", "storage_gb_hours": "Storage, GB-hours", "seats": "Seats"}
_REASONS: Final = (
    "the card was declined: insufficient funds",
    "the card has expired",
    "the bank did not answer in time",
    "the account is closed",
)
_REFUSALS: Final = (
    "550 5.1.1 the mailbox does not exist",
    "the endpoint answered 410: it is gone",
    "the address resolves to a private network",
)
_WORDS: Final = ("north", "harbour", "ledger", "signal", "copper", "meadow", "quarter", "window")


def _key(rng: Random, length: int) -> str:
    return "".join(rng.choices(_BASE36, k=length))


def _moment(rng: Random, _: Mapping[str, Any]) -> str:
    return format_time(_YEAR + timedelta(seconds=rng.randrange(320 * 86_400)))


def _invoice_id(rng: Random, _: Mapping[str, Any]) -> str:
    day = _YEAR + timedelta(days=rng.randrange(320))
    return f"inv_{day:%Y%m%d}_{rng.randrange(1, 1000):03}"


def _issued(so_far: Mapping[str, Any]) -> datetime:
    """The day that the invoice's id names, or one for want of it."""
    day = str(so_far.get("invoice_id", "")).removeprefix("inv_")[:8]
    return datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC) if day.isdecimal() else _YEAR + timedelta(days=140)


def _billed(so_far: Mapping[str, Any]) -> datetime:
    """A day in the month before the invoice was issued."""
    return _issued(so_far).replace(day=1) - timedelta(days=1)


def _due_at(_: Random, so_far: Mapping[str, Any]) -> str:
    return format_time(_issued(so_far) + timedelta(days=30))


def _paid_at(rng: Random, so_far: Mapping[str, Any]) -> str:
    return format_time(_issued(so_far) + timedelta(seconds=rng.randrange(30 * 86_400)))


def _email(rng: Random, so_far: Mapping[str, Any]) -> str:
    given, *_ = str(so_far.get("name", rng.choice(_NAMES))).split()
    ascii_only = "".join(c for c in normalize("NFKD", given.lower()) if c.isascii() and c.isalnum())
    return f"{ascii_only or 'billing'}@{rng.choice(_WORDS)}.example"


def _rejection(rng: Random, _: Mapping[str, Any]) -> str:
    return f"data.{rng.choice(('quantity', 'amount'))}: Input should be greater than or equal to 0"


def _line(rng: Random, so_far: Mapping[str, Any]) -> str:
    return f"{rng.choice(list(_METERS.values()))}, {_billed(so_far):%B %Y}"


def _meter(rng: Random, so_far: Mapping[str, Any]) -> str:
    """The one that the line describes, or any."""
    described = str(so_far.get("description", ""))
    named = (meter for meter, words in _METERS.items() if described.startswith(words))
    return next(named, None) or rng.choice(list(_METERS))


#: By a field's name, or by its type's and its own.
_BY_NAME: Final[Mapping[str, Look]] = {
    "customer_id": lambda rng, _: f"cus_{_key(rng, 6)}",
    "invoice_id": _invoice_id,
    "payment_id": lambda rng, _: f"pay_{_key(rng, 10)}",
    "message_id": lambda rng, _: f"{rng.getrandbits(128):032x}",
    "about_id": lambda rng, _: f"{rng.getrandbits(128):032x}",
    "about_source": lambda _, __: "billing-service",
    "amount": lambda rng, _: round(10 ** rng.uniform(2, 6)),
    "quantity": lambda rng, _: round(10 ** rng.uniform(0, 5)),
    "name": lambda rng, _: rng.choice(_NAMES),
    "email": _email,
    "webhook_url": lambda rng, _: f"https://hooks.{rng.choice(_WORDS)}.example/breakwater",
    "meter": _meter,
    "description": _line,
    "reason": lambda rng, _: rng.choice(_REASONS),
    "channel": lambda rng, _: rng.choice(("email", "webhook")),
    "template": lambda rng, _: rng.choice(sorted(t for t in TYPES if t.startswith("billing."))),
    "record": lambda rng, _: f'{{"specversion":"1.0","id":"{_key(rng, 8)}","source":"/partners/acme"}}',
    "record_type": lambda _, __: "partner.usage.reported",
    "record_source": lambda _, __: "/partners/acme",
    "record_id": lambda rng, _: _key(rng, 8),
    "field": lambda _, __: "data.quantity",
    "message": lambda _, __: "Input should be greater than or equal to 0",
    "provider_id": lambda rng, _: f"{rng.getrandbits(64):016x}-{rng.getrandbits(32):08x}-000000",
    "period": lambda _, so_far: f"{_billed(so_far):%Y-%m}",
    "due_at": _due_at,
    "paid_at": _paid_at,
    "notification.message.failed reason": lambda rng, _: rng.choice(_REFUSALS),
    "ingestion.record.rejected reason": _rejection,
}
_BY_FORMAT: Final[Mapping[str, Look]] = {
    "date-time": _moment,
    "iso-4217": lambda rng, _: rng.choice(_CURRENCIES),
}


class Looks:
    """Payloads of one contract, one after another from one generator."""

    def __init__(self, contract: Contract, rng: Random) -> None:
        self.contract = contract
        self._rng = rng
        self._depth = 0

    def payload(self, *, whole: bool = False) -> dict[str, Any]:
        """A valid payload. What is optional is there more often than not, or always in a `whole` one."""
        return self._object(self.contract.root, {}, whole=whole)

    def _object(self, model: Model, around: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
        made: dict[str, Any] = {}
        self._depth += 1
        for member in model.members:
            if member.required or self._is_there(whole=whole):
                made[member.name] = self._member(member, {**around, **made}, whole=whole)
        self._depth -= 1
        return _added_up(made)

    def _is_there(self, *, whole: bool) -> bool:
        """Of something optional. Objects that hold others like them have to end."""
        return self._depth < _DEEPEST and (whole or self._rng.random() < 0.7)  # noqa: PLR2004

    def _member(self, member: Member, so_far: Mapping[str, Any], *, whole: bool) -> Any:
        own = _BY_NAME.get(f"{self.contract.type} {member.name}")
        looks = (own, _BY_NAME.get(member.name), _BY_FORMAT.get(member.shape.keywords.get("format", "")))
        for look in filter(None, looks):
            value = look(self._rng, so_far)
            if fits(value, member.shape):
                return value
        return self._plain(member.name, member.shape, so_far, whole=whole)

    def _plain(self, name: str, shape: Shape, so_far: Mapping[str, Any], *, whole: bool) -> Any:
        match shape.kind:
            case "object":
                return self._object(self.contract.part(shape.name), so_far, whole=whole)
            case "list":
                return self._list(name, shape, so_far, whole=whole)
            case "map":
                names = self._rng.sample(_WORDS, 2)
                return {word: self._plain(word, shape.inner[0], so_far, whole=whole) for word in names}
            case "union":
                return self._plain(name, self._rng.choice(shape.inner), so_far, whole=whole)
            case "any":
                return {"note": self._rng.choice(_WORDS)}
            case _:
                return self._scalar(name, shape)

    def _list(self, name: str, shape: Shape, so_far: Mapping[str, Any], *, whole: bool) -> list[Any]:
        least, most = shape.keywords.get("minItems", 0), shape.keywords.get("maxItems", 3)
        if self._depth >= _DEEPEST:
            least = most = shape.keywords.get("minItems", 0)
        length = self._rng.randint(max(least, 1 if whole and most else 0), max(least, min(most, 3)))
        return [self._plain(name, shape.inner[0], so_far, whole=whole) for _ in range(length)]

    def _scalar(self, name: str, shape: Shape) -> Any:
        match shape.kind:
            case "flag":
                return self._rng.random() < 0.5  # noqa: PLR2004
            case "null":
                return None
            case "integer":
                return self._integer(shape)
            case "number":
                return self._integer(shape) + self._rng.choice((0, 0.25, 0.5)) * _has_room(shape)
            case _:
                return self._text(name, shape)

    def _integer(self, shape: Shape) -> int:
        least, most = bounds(shape)
        low = -_LARGE if least is None and most is not None and most < 0 else (least or 0)
        return self._rng.randint(low, min(low + _LARGE, low + _LARGE if most is None else most))

    def _text(self, name: str, shape: Shape) -> str:
        keywords = shape.keywords
        if values := [keywords["const"]] if "const" in keywords else keywords.get("enum"):
            return str(self._rng.choice(values))
        if keywords.get("format") == "date-time":
            return _moment(self._rng, {})
        key = f"{name.removesuffix('_id')[:3]}_{_key(self._rng, 8)}"
        words = key if name.endswith("_id") else " ".join(self._rng.sample(_WORDS, 3))
        padded = words.ljust(keywords.get("minLength", 0), "x")[: keywords.get("maxLength")]
        return padded if fits(padded, shape) else self._matching(shape)

    def _matching(self, shape: Shape) -> str:
        tries = (matching(shape.keywords["pattern"], self._rng) for _ in range(100))
        return next(text for text in tries if fits(text, shape))


def bounds(shape: Shape) -> tuple[int | None, int | None]:
    """The least and the most that a number may be; None where it has no bound."""
    low, high = shape.keywords.get("minimum"), shape.keywords.get("maximum")
    above, below = shape.keywords.get("exclusiveMinimum"), shape.keywords.get("exclusiveMaximum")
    return (low if above is None else above + 1, high if below is None else below - 1)


def _has_room(shape: Shape) -> bool:
    return bounds(shape) == (None, None)


def _added_up(made: dict[str, Any]) -> dict[str, Any]:
    """An invoice's amount is what its lines come to."""
    lines = made.get("lines")
    if lines and "amount" in made and all("amount" in line for line in lines):
        made["amount"] = sum(line["amount"] for line in lines)
    return made
