"""What the world outside of the functions knows and says."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from events.envelope import CloudEvent
from local.simulate.plan import Noise

Identity = tuple[str, str]


class Said(NamedTuple):
    """Something that happened outside of the functions, for the trace."""

    micros: int
    who: str
    what: str


@dataclass(kw_only=True)
class Book:
    """What the outside world knows: what it sent, and what it was promised."""

    #: Events that somebody has at least tried to send, and those that were accepted, by (source, id).
    sent: dict[Identity, CloudEvent] = field(default_factory=dict)
    accepted: dict[Identity, CloudEvent] = field(default_factory=dict)
    #: Answers to orders by their keys, in the order in which they came.
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    #: Accepted payments that are not of the amount of their invoice.
    wrong: set[Identity] = field(default_factory=set)
    noise: list[Noise] = field(default_factory=list)
    #: Answers that nobody should ever get.
    strange: list[str] = field(default_factory=list)
