"""The audit trail: a table of the stage that operators add to and nobody takes from.

    pk                    sk                              is
    operations            <time>#<operation>              an operation has begun
    operation#<id>        ~<time>#ended|resumed           what else is known of it as a whole
    operation#<id>        <letter>#<time>#<step>          one step of one letter; by `event`, in the index `by-event`
    original#<id>         <letter>#<time>#<n>             the letter as it was, compressed, in pieces that an item holds
    edited#<id>           <letter>#<time>#<n>             what was sent in its place
    parked                <place>#<letter>#<time>#<step>  what lies here, and what has left again

Every write has the condition that nothing is there yet. What stands for many letters is one transaction.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from events.envelope import derived_id, format_time, parse_time
from infra.config import OPERATIONS_EXPIRY, OPERATIONS_INDEX, OPERATIONS_TABLE, StageConfig
from ops.letters.asking import asking
from ops.letters.letter import Letter, Subject
from ops.letters.operations import Account, Entry, Operation, Step, Verb, Who, tally
from ops.letters.packing import packed

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

#: Days after which originals are forgotten, since customers are in them; who did what to which event stays. What is
#: parked is not forgotten.
ORIGINAL_DAYS: Final = 400
#: Of an item of DynamoDB's 400 KB, with room for its key.
_PIECE: Final = 350_000
#: Of a transaction's 100 items and 4 MB.
_ITEMS: Final = 50

Item = dict[str, Any]

_to_wire: Final = TypeSerializer().serialize
_from_wire: Final = TypeDeserializer().deserialize


def table_name(stage: StageConfig) -> str:
    return stage.resource_name(OPERATIONS_TABLE)


class Trail:
    """Every method raises CannotAsk."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def begin(self, operation: Operation) -> None:
        self._put([_begun(operation)])

    def resume(self, operation: Operation, who: Who, at: datetime) -> None:
        self._put([_of_operation(operation.id, "resumed", at, {"who": _who(who)})])

    def end(self, operation: Operation, at: datetime, *, outcome: str, note: str = "") -> None:
        counts = tally(self.entries(operation.id))
        self._put([_of_operation(operation.id, "ended", at, {"outcome": outcome, "note": note, "counts": counts})])

    def intend(self, operation: Operation, letters: Sequence[Letter], at: datetime, edited: Mapping[str, str]) -> None:
        """Before anything is sent: that it will be, the letters as they are, and what goes in their place."""
        is_kept = operation.verb is Verb.PARK
        expires = None if is_kept else int((at + timedelta(days=ORIGINAL_DAYS)).timestamp())
        items = [_entry(Entry.of(operation, letter, Step.INTENDED, at)) for letter in letters]
        items += chain.from_iterable(
            _pieces("original", operation, letter, json.dumps(packed(letter)), at, expires) for letter in letters
        )
        items += chain.from_iterable(
            _pieces("edited", operation, letter, edited[letter.id], at, expires)
            for letter in letters
            if letter.id in edited
        )
        self._put(items)

    def record(self, entries: Sequence[Entry]) -> None:
        self._put([_entry(entry) for entry in entries])

    def park(self, entries: Sequence[Entry]) -> None:
        """Parked, or out again: in one transaction with the entry that says so."""
        self._put([item for entry in entries for item in (_entry(entry), _in_lot(entry))])

    def parked(self) -> dict[str, Entry]:
        """What lies here now, by letter. A letter that comes back is another message, so each is parked but once."""
        entries = [_entry_of(item) for item in self._query("parked")]
        back = {entry.letter for entry in entries if entry.step is not Step.PARKED}
        return {entry.letter: entry for entry in entries if entry.letter not in back}

    def accounts(self, *, limit: int = 50) -> list[Account]:
        """The latest operations, the newest first."""
        found = self._query("operations", newest_first=True, limit=limit)
        return [self._account(_operation_of(item)) for item in found]

    def account(self, operation_id: str) -> Account | None:
        """Of an operation by its id, or by the beginning of it."""
        for item in self._query("operations", newest_first=True):
            if item["operation"].startswith(operation_id):
                return self._account(_operation_of(item))
        return None

    def entries(self, operation_id: str) -> list[Entry]:
        """Every step of every letter, letter by letter."""
        return [_entry_of(item) for item in self._query(f"operation#{operation_id}") if "letter" in item]

    def history(self, subject: Subject) -> list[Entry]:
        """What was done to letters of one event, the oldest first."""
        if subject.identity is None:
            return []
        found = self._query(_event_key(subject), index=OPERATIONS_INDEX)
        return [_entry_of(item) for item in found]

    def original(self, operation_id: str, letter_id: str, *, edited: bool = False) -> Any:
        """The letter as it was (ops.letters.packing), or the body that was sent in its place. None when forgotten."""
        kind = "edited" if edited else "original"
        pieces = list(self._query(f"{kind}#{operation_id}", starts=f"{letter_id}#"))
        if not pieces:
            return None
        first = pieces[0]["sk"].rpartition("#")[0]
        data = b"".join(bytes(p["data"].value) for p in pieces if p["sk"].rpartition("#")[0] == first)
        text = zlib.decompress(data).decode()
        return text if edited else json.loads(text)

    def _account(self, operation: Operation) -> Account:
        about = list(self._query(f"operation#{operation.id}", starts="~"))
        resumed = [item for item in about if item["sk"].endswith("#resumed")]
        if not about or about[-1] in resumed:
            counts = tally(self.entries(operation.id))
            return Account(operation=operation, resumed=len(resumed), counts=counts)
        end = about[-1]
        return Account(
            operation=operation,
            ended_at=parse_time(end["at"]),
            outcome=end["outcome"],
            note=end["note"],
            resumed=len(resumed),
            counts={step: int(count) for step, count in end["counts"].items()},
        )

    def _put(self, items: Sequence[Item]) -> None:
        for i in range(0, len(items), _ITEMS):
            puts = [self._put_of(item) for item in items[i : i + _ITEMS]]
            with asking(self._table):
                self._dynamodb.transact_write_items(TransactItems=puts)

    def _put_of(self, item: Item) -> Any:
        wire = {name: _to_wire(value) for name, value in item.items() if value is not None}
        return {"Put": {"TableName": self._table, "Item": wire, "ConditionExpression": "attribute_not_exists(pk)"}}

    def _query(
        self, partition: str, *, starts: str = "", index: str = "", newest_first: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        names = {"#pk": "event" if index else "pk"} | ({"#sk": "sk"} if starts else {})
        values = {":pk": {"S": partition}} | ({":sk": {"S": starts}} if starts else {})
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#pk = :pk" + (" AND begins_with(#sk, :sk)" if starts else ""),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not newest_first,
            **({"IndexName": index} if index else {"ConsistentRead": True}),
            **({"Limit": limit} if limit else {}),
        }
        with asking(self._table):
            for page in self._dynamodb.get_paginator("query").paginate(**request):
                yield from ({name: _from_wire(value) for name, value in item.items()} for item in page["Items"])
                if limit:
                    return


def _begun(operation: Operation) -> Item:
    at = format_time(operation.started_at)
    return {
        "pk": "operations",
        "sk": f"{_sortable(operation.started_at)}#{operation.id}",
        "operation": operation.id,
        "verb": operation.verb.value,
        "who": _who(operation.who),
        "why": operation.why,
        "started_at": at,
        "settings": json.dumps(operation.settings),
    }


def _operation_of(item: Item) -> Operation:
    return Operation(
        id=item["operation"],
        verb=Verb(item["verb"]),
        who=Who(**item["who"]),
        why=item["why"],
        started_at=parse_time(item["started_at"]),
        settings=json.loads(item["settings"]),
    )


def _of_operation(operation_id: str, what: str, at: datetime, more: Item) -> Item:
    return {"pk": f"operation#{operation_id}", "sk": f"~{_sortable(at)}#{what}", "at": format_time(at), **more}


def _entry(entry: Entry) -> Item:
    subject = entry.subject
    return {
        "pk": f"operation#{entry.operation}",
        "sk": f"{entry.letter}#{_sortable(entry.at)}#{entry.step.value}",
        "event": _event_key(subject) if subject.identity else None,
        "at": format_time(entry.at),
        "operation": entry.operation,
        "verb": entry.verb.value,
        "letter": entry.letter,
        "place": entry.place,
        "step": entry.step.value,
        "subject": {"source": subject.source, "id": subject.id, "type": subject.type},
        "fingerprint": entry.fingerprint,
        "who": _who(entry.who),
        "note": entry.note,
    }


def _in_lot(entry: Entry) -> Item:
    item = _entry(entry) | {
        "pk": "parked",
        "sk": f"{entry.place}#{entry.letter}#{_sortable(entry.at)}#{entry.step.value}",
    }
    return {name: value for name, value in item.items() if name != "event"}


def _entry_of(item: Item) -> Entry:
    return Entry(
        operation=item["operation"],
        verb=Verb(item["verb"]),
        letter=item["letter"],
        place=item["place"],
        step=Step(item["step"]),
        at=parse_time(item["at"]),
        subject=Subject(**item["subject"]),
        fingerprint=item["fingerprint"],
        who=Who(**item["who"]),
        note=item["note"],
    )


def _pieces(
    kind: str, operation: Operation, letter: Letter, text: str, at: datetime, expires: int | None
) -> Iterable[Item]:
    data = zlib.compress(text.encode())
    for n, start in enumerate(range(0, len(data), _PIECE)):
        yield {
            "pk": f"{kind}#{operation.id}",
            "sk": f"{letter.id}#{_sortable(at)}#{n:03d}",
            "data": data[start : start + _PIECE],
            OPERATIONS_EXPIRY: expires,
        }


def _event_key(subject: Subject) -> str:
    return derived_id(subject.source, subject.id)


def _who(who: Who) -> dict[str, str]:
    return {"identity": who.identity, "user": who.user}


def _sortable(at: datetime) -> str:
    """As long for every moment, so that texts sort as times do."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
