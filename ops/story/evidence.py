"""What a story is told from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from contracts.company import SERVICES
from contracts.lines import Line
from events.envelope import CloudEvent
from ops.letters.letter import Letter
from ops.logs.window import Window
from runtime.manifest import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An event in the outbox of an item: published or not, it stays there for a while. `relay` is who publishes it."""

    event: CloudEvent
    item: str
    table: str
    relay: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """Messages on one queue, as SQS counts them: approximately."""

    visible: int = 0
    in_flight: int = 0
    delayed: int = 0

    @property
    def total(self) -> int:
        return self.visible + self.in_flight + self.delayed

    def __str__(self) -> str:
        return f"{self.visible} wait, {self.in_flight} are being handled, {self.delayed} are put off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`letters` and `depths` are None where nobody could be asked; `gaps` say so in words.

    `depths` are by the consumer's name. `window` is the time whose lines were read; its end is now. `options` are the
    command line's that lead here, such as `--stage prod`.
    """

    window: Window
    lines: Sequence[Line] = ()
    letters: Sequence[Letter] | None = ()
    kept: Sequence[Kept] = ()
    depths: Mapping[str, Depth] | None = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
    options: str = ""
    services: tuple[Service, ...] = SERVICES

    @property
    def now(self) -> datetime:
        return self.window.end
