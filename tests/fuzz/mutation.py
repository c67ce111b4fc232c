"""A small change to the JSON in an input: what mutations of bytes would hardly ever hit upon."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any, Final

from events.catalog import CATALOG
from events.envelope import CloudEvent

#: In place of a value: JSON at its ends, and what only looks like JSON.
_VALUES: Final = (
    *("null", "true", "0", "-0", "-0.0", "-1", "1.5", "1e400", "1e308", "1e-400", "NaN", "-Infinity"),
    *("2147483648", "9007199254740992", "9" * 310, "9" * 5_000),
    *('""', '" "', '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\uffff"', '"\uffff"', '"\u202e"', '"\ufeff"'),
    *("{}", "[]", "[[[]]]", "[" * 60 + "]" * 60, "[" * 70 + "]" * 70, '{"a":1,"a":2}'),
    *('"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59.999999-23:59"', '"2016-12-31T23:59:60Z"'),
    *('"2026-05-20T14:30:00Z"', '"//[::1]"', '"aws.s3"', '"urn:breakwater:schema:x:v1"', '"AAA="', '"A==="'),
    *('"urn:breakwater:schema:customer.contact.updated:v9"', '"1"'),
    *('"' + "a" * length + '"' for length in (21, 129, 257, 1_025)),
)
#: In place of a name: each that means something somewhere, and some that may not be one.
_NAMES: Final = (
    *CloudEvent.model_fields,
    *sorted({name for model in CATALOG.values() for name in model.model_fields}),
    *("detail", "detail-type", "account", "region", "replay-name", "dataref", "traceparent", "correlationid"),
    "olderversions",
    *("", "\x00", "\ufffe", "Upper", "__proto__", "a" * 21),
)
_HERE: Final = "the changed value"


def mutated(data: bytes, dice: Random) -> bytes | None:
    """The input with one value of its JSON (in an HTTP message: of the body) replaced; None when it has none."""
    head, gap, body = data.rpartition(b"\n\n")
    try:
        value = [json.loads(body)]
        *_, (container, key) = places = list(_places(value))
    except (ValueError, RecursionError):
        return None
    container, key = dice.choice(places)
    if isinstance(container, dict) and dice.random() < 0.5:
        key = dice.choice(_NAMES)
    container[key] = _HERE
    text = json.dumps(value[0], ensure_ascii=False).replace(json.dumps(_HERE), dice.choice(_VALUES), 1)
    return head + gap + text.encode(errors="surrogatepass")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Everything that can be replaced, as a container and what it is under there."""
    pairs = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from _places(inner)
