"""What the rules say of a change, in words that a newcomer can act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from events.versions import Direction, Mode

__all__ = ["Direction", "Finding", "Mode", "Schema"]

Schema = Any  # a JSON Schema or an Avro schema, decoded: an object, or a boolean, a name, a list


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason why documents of the writer's schema cannot all be read by the reader's.

    `path` is where, from the payload's root: `lines[].amount`, `labels{}` for a map's values, "" for the root.
    `rule` names the kind of change, in capitals: `REQUIRED_PROPERTY_ADDED`. `change` says what the reader's schema
    does to the writer's, in plain words: "requires `period`, which the writer may leave out". `certain` is False
    where the rules cannot prove that it fits, and so treat it as if it did not.
    """

    path: str
    rule: str
    change: str
    certain: bool = True
