"""Counts what AWS clients do, at botocore's own hooks: calls, round trips, and the units that AWS bills for them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from moto.dynamodb.models import DynamoDBBackend

from bench.units import Item, chunks, index_write_units, item_size, message_size, read_units, write_units
from events.binding import entry_size


@dataclass(slots=True)
class Tally:
    """`calls` by operation (`dynamodb.PutItem`); `units` by kind (see UNITS). A retry is one more round trip.

    `bus_bytes` are those of all `bus_entries` together.
    """

    calls: Counter[str] = field(default_factory=Counter)
    round_trips: int = 0
    units: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    bus_entries: int = 0
    bus_bytes: int = 0


#: The kinds of units. `table_writes`, `index_writes` and `reads` are DynamoDB's, whose indexes follow a write once,
#: in a transaction, too.
UNITS: Final = ("table_writes", "index_writes", "reads", "queue_requests", "bus_events", "e_mails")

Units = Mapping[str, float]


class UnknownCost(Exception):
    """The meter has no rule for an operation: it would rather stop than count too little."""


class Place(NamedTuple):
    """Where an item lies, and how often its write counts."""

    table: str
    key: Item
    times: int = 1


class Contents(NamedTuple):
    """Of a table and its indexes, without the 100 bytes that AWS adds to each item's storage."""

    items: int
    bytes: int


class Tables:
    """Moto's tables, looked at from behind: no call is made for it."""

    def __init__(self, backend: DynamoDBBackend) -> None:
        self._backend = backend

    def item(self, place: Place) -> Item | None:
        found = self._backend.get_item(place.table, dict(place.key))
        return found.to_json()["Attributes"] if found else None

    def place(self, table: str, item: Item) -> Place:
        return Place(table, {name: item[name] for name in self._backend.get_table(table).table_key_attrs})

    def contents(self) -> dict[str, Contents]:
        return {name: self._contents(name) for name in self._backend.tables}

    def _contents(self, table: str) -> Contents:
        items = [item.to_json()["Attributes"] for item in self._backend.get_table(table).all_items()]
        indexed = [item for item in items for keys in self.indexes(table) if all(key in item for key in keys)]
        return Contents(len(items) + len(indexed), sum(map(item_size, items)) + sum(map(item_size, indexed)))

    def indexes(self, table: str) -> list[list[str]]:
        """Key attributes of each index. All of ours carry whole items."""
        indexes = self._backend.get_table(table).global_indexes
        return [[element["AttributeName"] for element in index.schema] for index in indexes]


class Meter:
    """Counts the calls of the clients that it watches, while somebody is counting."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._tally: Tally | None = None

    def stored(self) -> dict[str, Contents]:
        """Table -> what is in it."""
        return self._tables.contents()

    def watch(self, client: Any) -> None:
        events = client.meta.events
        events.register("provide-client-params", self._asked)
        events.register_first("before-send", self._sent)
        events.register("after-call", self._answered)

    @contextmanager
    def counting(self, tally: Tally) -> Iterator[None]:
        """What happens meanwhile is added to `tally`."""
        self._tally = tally
        try:
            yield
        finally:
            self._tally = None

    def _asked(self, *, params: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        places = _written(self._tables, model.name, params)
        context["bench"] = params, [(place, self._tables.item(place)) for place in places]

    def _sent(self, **_: Any) -> None:
        if self._tally is not None:
            self._tally.round_trips += 1

    def _answered(self, *, parsed: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        if self._tally is None:
            return
        service = model.service_model.service_id.hyphenize()
        self._tally.calls[f"{service}.{model.name}"] += 1
        params, before = context["bench"]
        if model.name == "PutEvents":
            self._tally.bus_entries += len(params["Entries"])
            self._tally.bus_bytes += sum(map(entry_size, params["Entries"]))
        units = self._write_units(before) if before else _units(model.name, params, parsed)
        for kind, count in units.items():
            self._tally.units[kind] += count

    def _write_units(self, writes: list[tuple[Place, Item | None]]) -> Units:
        """From what lies there now. A write that was refused has left what lay there."""
        units = Counter[str]()
        for place, before in writes:
            after = self._tables.item(place)
            units["table_writes"] += place.times * write_units(before, after)
            units["index_writes"] += sum(
                index_write_units(keys, before, after) for keys in self._tables.indexes(place.table)
            )
        return units


def _written(tables: Tables, operation: str, params: Any) -> list[Place]:
    """The places that a DynamoDB operation writes to; none for any other operation."""
    if operation == "PutItem":
        return [tables.place(params["TableName"], params["Item"])]
    if operation in ("UpdateItem", "DeleteItem"):
        return [Place(params["TableName"], params["Key"])]
    if operation == "BatchWriteItem":
        asked = [(table, write) for table, writes in params["RequestItems"].items() for write in writes]
        return [_batched(tables, table, write) for table, write in asked]
    if operation == "TransactWriteItems":
        return [_transacted(tables, action) for action in params["TransactItems"]]
    return []


def _batched(tables: Tables, table: str, write: Any) -> Place:
    if "PutRequest" in write:
        return tables.place(table, write["PutRequest"]["Item"])
    return Place(table, write["DeleteRequest"]["Key"])


def _transacted(tables: Tables, action: Any) -> Place:
    ((_, params),) = action.items()
    table = params["TableName"]
    key = params["Key"] if "Key" in params else tables.place(table, params["Item"]).key
    return Place(table, key, times=2)


def _units(operation: str, params: Any, answer: Any) -> Units:
    rule = _RULES.get(operation)
    if rule is None:
        raise UnknownCost(f"there is no rule for what {operation} costs")
    return rule(params, answer)


def _get_item(params: Any, answer: Any) -> Units:
    return {"reads": read_units(answer.get("Item"), consistent=params.get("ConsistentRead", False))}


def _one_request(params: Any, _: Any) -> Units:
    """SQS counts a call that carries no message as one request."""
    return {"queue_requests": 1 if "MessageBody" not in params else chunks(message_size(params))}


def _message_batch(params: Any, _: Any) -> Units:
    return {"queue_requests": chunks(sum(map(message_size, params["Entries"])))}


def _put_events(params: Any, _: Any) -> Units:
    return {"bus_events": sum(chunks(entry_size(entry)) for entry in params["Entries"])}


def _send_email(params: Any, _: Any) -> Units:
    """SES counts recipients."""
    return {"e_mails": sum(map(len, params["Destination"].values()))}


_RULES: Final[Mapping[str, Callable[[Any, Any], Units]]] = {
    "GetItem": _get_item,
    "SendMessage": _one_request,
    "ChangeMessageVisibility": _one_request,
    "SendMessageBatch": _message_batch,
    "PutEvents": _put_events,
    "SendEmail": _send_email,
}
