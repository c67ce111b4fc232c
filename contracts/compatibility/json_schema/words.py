"""How findings are told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from jsonschema_rs import CanonicalSchema, canonical

from contracts.compatibility.verdict import Finding

_MOST_VALUES: Final = 12
_MOST_TEXT: Final = 80


def told(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"


def listed(values: Sequence[Any]) -> str:
    shown = ", ".join(map(told, values[:_MOST_VALUES]))
    return shown if len(values) <= _MOST_VALUES else f"{shown} and {len(values) - _MOST_VALUES} more"


def quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def unproven(path: str, rule: str, change: str) -> Finding:
    return Finding(path=path, rule=rule, change=change, certain=False)


def uncertain(found: Iterable[Finding]) -> list[Finding]:
    return [replace(finding, certain=False) for finding in found]


def last(path: str) -> str:
    """The property's name at the path's end; empty for an element, a map's value or the root."""
    return path.rsplit(".", 1)[-1] if path and path[-1] not in "]}" else ""


def described(one: CanonicalSchema) -> str:
    """The schema in a few words: "integer from 1", `"a", "b"`, "string"."""
    match view := one.view():
        case canonical.TrueView():
            return "anything"
        case canonical.FalseView():
            return "nothing"
        case canonical.MultiTypeView(types):
            return " or ".join(types)
        case canonical.ConstView(value):
            return told(value)
        case canonical.EnumView(values):
            return listed(values)
        case canonical.AnyOfView(branches):
            return " or ".join(dict.fromkeys(map(described, branches)))
        case canonical.NumberView() | canonical.IntegerView():
            return described_number(view)
        case _:
            return one.kind.value.replace("_", " ")


def described_number(view: canonical.NumberView | canonical.IntegerView) -> str:
    words = ["integer" if isinstance(view, canonical.IntegerView) else "number"]
    if view.minimum is not None:
        words.append(f"{'above' if getattr(view, 'exclusive_minimum', False) else 'from'} {view.minimum}")
    if view.maximum is not None:
        words.append(f"{'below' if getattr(view, 'exclusive_maximum', False) else 'to'} {view.maximum}")
    return " ".join(words)
