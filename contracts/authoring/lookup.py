"""Event types as people type them."""

from __future__ import annotations

from difflib import get_close_matches

from contracts.shapes import Contract, contract_of
from events.catalog import CATALOG, NEWEST, TYPES


class UnknownType(LookupError):
    """The catalog has no such type or version; the message says which are close."""


def found(type_: str, version: int | None = None) -> Contract:
    """The contract of that version, or of the newest. Raises UnknownType."""
    if type_ not in TYPES:
        raise UnknownType(f"{type_} is not in the catalog{_hint(type_)}")
    wanted = NEWEST[type_].version if version is None else version
    if (type_, wanted) not in CATALOG:
        raise UnknownType(f"{type_} has no version {version}; it has {', '.join(map(str, versions_of(type_)))}")
    return contract_of(CATALOG[type_, wanted])


def versions_of(type_: str) -> tuple[int, ...]:
    """Oldest first."""
    return tuple(sorted(version for t, version in CATALOG if t == type_))


def _hint(type_: str) -> str:
    inside = [known for known in sorted(TYPES) if type_ and type_ in known]
    close = get_close_matches(type_, sorted(TYPES), n=3, cutoff=0.6) or inside[:3]
    return f": did you mean {' or '.join(close)}?" if close else ": `python -m ops schemas explain` lists what is"
