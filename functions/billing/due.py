"""What is due to be closed, as messages on a queue of billing's own: a shard of all accounts, or one account.

They are CloudEvents because the consumer reads those, and no events of the catalog: they never leave billing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from events.catalog import Identifier, Period
from events.envelope import CloudEvent, Problem, derived_id, format_time, problems_in
from functions.billing.manifest import ACCOUNT_DUE, SHARD_DUE, SOURCE
from runtime.errors import UnreadableMessage

#: A period's accounts are spread over so many partitions. One takes 1,000 writes a second; in the first minute of a
#: month every process that meters touches every customer's, and all of them together can some 10,000 a second.
SHARDS: Final = tuple("0123456789abcdef")
#: The one partition in which a period's accounts lay before they were spread (see docs/decisions/0029).
UNSPREAD: Final = ""


def shard_of(customer_id: str) -> str:
    """Always the same one: to change it is to lose sight of accounts."""
    return derived_id(customer_id)[0]


class Place(BaseModel):
    """One account's, among those of its shard: by period, then by customer."""

    model_config = ConfigDict(frozen=True)

    period: Period
    customer_id: Identifier


class ShardDue(BaseModel):
    """The accounts of a shard are to be looked through, from the oldest period on, or from behind the place `after`."""

    model_config = ConfigDict(frozen=True)
    type: ClassVar[str] = SHARD_DUE

    shard: Annotated[str, Field(pattern="^[0-9a-f]?$")]
    after: Place | None = None


class AccountDue(Place):
    """An account has usage that no close has seen."""

    type: ClassVar[str] = ACCOUNT_DUE


Due = ShardDue | AccountDue


def due_in(event: CloudEvent) -> Due:
    """Raises UnreadableMessage."""
    kind = _KINDS.get(event.type)
    if kind is None:
        raise UnreadableMessage([Problem("type", f"{event.type} is nothing that can be due")])
    try:
        return kind.model_validate(event.data)
    except ValidationError as error:
        raise UnreadableMessage(problems_in(error, under="data")) from error


def all_shards(now: datetime) -> Iterator[CloudEvent]:
    return (shard_due(shard, now=now) for shard in (*SHARDS, UNSPREAD))


def shard_due(shard: str, *, now: datetime, after: Place | None = None) -> CloudEvent:
    """Told twice on one day, it is the same."""
    place = () if after is None else (after.period, after.customer_id)
    return _event(ShardDue(shard=shard, after=after), f"{now:%Y-%m-%d}", shard, *place, now=now)


def account_due(place: Place, touched: int, *, now: datetime) -> CloudEvent:
    """Told again before it is touched again, it is the same."""
    due = AccountDue(period=place.period, customer_id=place.customer_id)
    return _event(due, due.period, due.customer_id, touched, now=now)


def _event(due: Due, *parts: str | int, now: datetime) -> CloudEvent:
    return CloudEvent.of(
        id=derived_id(due.type, *parts),
        source=SOURCE,
        type=due.type,
        time=format_time(now),
        datacontenttype="application/json",
        data=due.model_dump(exclude_none=True),
    )


_KINDS: Final[dict[str, type[Due]]] = {ShardDue.type: ShardDue, AccountDue.type: AccountDue}
