"""Which consumers of a group a message is for, told by their subscriptions: the part of EventBridge's patterns that
manifests use.

A pattern's fields hold lists: of texts, and of `{"prefix": text}`. For anything else a rule can decide, but a group
could not decide again: that is refused when the group is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Pattern = Mapping[str, Any]


class UnroutablePattern(ValueError):
    """A subscription whose messages a group could not tell from its other consumers'."""


def check_routable(pattern: Pattern) -> None:
    """Raises UnroutablePattern."""
    for name, value in pattern.items():
        if isinstance(value, Mapping):
            check_routable(value)
        elif not isinstance(value, list) or not all(map(_is_known, value)):
            raise UnroutablePattern(f"{name}: {value!r} is neither texts nor prefixes: its service has to stand alone")


def matches(pattern: Pattern, event: Mapping[str, Any]) -> bool:
    """Whether an event is one that the pattern picks."""
    return all(_fits(value, event.get(name)) for name, value in pattern.items())


def _fits(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and matches(wanted, found)
    return any(_equals(choice, found) for choice in wanted)


def _equals(choice: Any, found: Any) -> bool:
    if isinstance(choice, Mapping):
        return isinstance(found, str) and found.startswith(choice["prefix"])
    return bool(choice == found)


def _is_known(choice: Any) -> bool:
    return isinstance(choice, str) or (isinstance(choice, Mapping) and set(choice) == {"prefix"})
