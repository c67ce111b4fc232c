"""What the rules say of a change, in words that a newcomer can act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

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


class Mode(StrEnum):
    """Which of the earlier releases must be readable by the new one, and the other way round.

    Source: the compatibility types of Confluent Schema Registry.
    """

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def is_transitive(self) -> bool:
        return self.endswith("_TRANSITIVE")

    @property
    def directions(self) -> tuple[Direction, ...]:
        match self.removesuffix("_TRANSITIVE"):
            case "NONE":
                return ()
            case "BACKWARD":
                return ("backward",)
            case "FORWARD":
                return ("forward",)
            case _:
                return ("backward", "forward")


#: `backward`: the new schema reads what the old one wrote. `forward`: the old one reads what the new one writes.
Direction = Literal["backward", "forward"]
