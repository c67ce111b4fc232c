"""What is known of who needs what: the words of this package."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NamedTuple

ROOT: Final = Path(__file__).parents[2]

How = Literal["reads", "passes on whole", "checks", "matches"]


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Reading:
    """One place where a consumer depends on a part of a payload.

    `path` is as in the gate's findings: `lines[].amount`, "" for the whole payload. `where` is `file:line`.
    `how`: the code `reads` the field; it `passes on whole` what is at the path, with all that is below; it
    `checks` the payload against its model, and so refuses one that does not fit, whatever it reads of it; or a
    rule `matches` on the field, and then `rule` is its name: `notification-invoices`.
    """

    service: str
    consumer: str
    type: str
    version: int
    path: str
    where: str
    how: How
    rule: str = ""


class Place(NamedTuple):
    """Where in a payload of one type and version a value comes from."""

    type: str
    version: int
    path: str

    def under(self, step: str) -> Place:
        """`step` is a field's name, `[]` for a list's elements, `{}` for a map's values."""
        dot = "." if self.path and step not in ("[]", "{}") else ""
        path = f"{self.path}{dot}{step}"
        return self._replace(path=path.removeprefix("[]"))  # the payload itself is no list: it was in one


class Use(NamedTuple):
    """One use of a place, in the code of one module-level `symbol`: `functions.billing.process.Billing`."""

    symbol: str
    where: str
    place: Place
    how: How


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Built:
    """A service's code makes a payload of this type, or (`named` only) speaks of its model without making one."""

    service: str
    type: str
    where: str
    named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the services' code says of the catalog."""

    readings: tuple[Reading, ...]
    built: tuple[Built, ...] = field(default=())
