"""From one version of a type's data to the next, and back: one pure function a step, all of them on this screen.

Data goes through them as plain JSON values, with all that its version does not know: nothing is dropped. Where such
a field has a name that the other version gives a meaning, it is kept aside under another: `channels_of_v1`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

Data = dict[str, Any]
Cast = Callable[[Data], Data]

_CONTACT: Final = "customer.contact.updated"
_ADDRESSES: Final[tuple[str, ...]] = ("email", "webhook_url")


def _contact_2(v1: Data) -> Data:
    """The addresses move into `channels`, beside what a downcast has left there."""
    addresses = {name: v1[name] for name in _ADDRESSES if name in v1}
    rest = {name: value for name, value in v1.items() if name not in _ADDRESSES}
    left = rest.get("channels", {})
    if not isinstance(left, dict) or not left.keys().isdisjoint(_ADDRESSES):
        rest, left = _aside(rest, ["channels"], "_of_v1"), {}
    return {**rest, "channels": {**left, **addresses}}


def _contact_1(v2: Data) -> Data:
    """The addresses move out; other channels stay where they are, unknown to readers of v1."""
    channels: Data = v2["channels"]
    addresses = {name: channels[name] for name in _ADDRESSES if name in channels}
    others = {name: value for name, value in channels.items() if name not in _ADDRESSES}
    rest = {name: value for name, value in v2.items() if name != "channels"}
    return {**_aside(rest, _ADDRESSES, "_of_v2"), **addresses, **({"channels": others} if others else {})}


#: (type, N) -> from data of version N to data of version N + 1. Every old version that is read has one.
UPCASTS: Final[Mapping[tuple[str, int], Cast]] = MappingProxyType({(_CONTACT, 1): _contact_2})

#: (type, N) -> from data of version N + 1 to data of version N, for producers that still owe it to somebody.
DOWNCASTS: Final[Mapping[tuple[str, int], Cast]] = MappingProxyType({(_CONTACT, 1): _contact_1})


def upcast(data: Data, type_: str, version: int, newest: int) -> Data:
    """Data that fits `version` as data of version `newest`."""
    for step in range(version, newest):
        data = UPCASTS[type_, step](data)
    return data


def downcast(data: Data, type_: str, newest: int, version: int) -> Data:
    """Data that fits version `newest` as data of `version`."""
    for step in reversed(range(version, newest)):
        data = DOWNCASTS[type_, step](data)
    return data


def _aside(data: Data, names: Sequence[str], suffix: str) -> Data:
    """The data with what it has under these names under others, which are free."""
    kept = {name: value for name, value in data.items() if name not in names}
    for name in names:
        if name in data:
            free = name + suffix
            while free in kept:
                free += suffix
            kept[free] = data[name]
    return kept
