"""Billing's accounts on DynamoDB, spread over shards (see items.py for their keys)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from functions.billing.adapters.dynamodb import Table, put_invoice, refusal
from functions.billing.adapters.items import (
    Item,
    account_key,
    account_of,
    key_in,
    packed,
    shard_pk,
    tally_item,
    together,
    unspread_key,
)
from functions.billing.domain import Decision
from functions.billing.due import Place
from functions.billing.ports import Account, AccountPage, Tally
from runtime.errors import InFlightElsewhere

#: So many are on the queue before the time is looked at.
ACCOUNTS_A_PAGE: Final = 1_000


class DynamoDbAccounts:
    def __init__(self, table: Table) -> None:
        self._table = table

    def touch(self, period: str, customer_id: str) -> None:
        self._table.update(
            {
                "TableName": self._table.name,
                "Key": account_key(period, customer_id),
                "UpdateExpression": "ADD touched :one",
                "ExpressionAttributeValues": packed({":one": 1}),
            }
        )

    def find(self, period: str, customer_id: str) -> Account:
        """The unspread part is read first: what a close moves in between is seen twice rather than never."""
        unspread = self._table.get(unspread_key(period, customer_id))
        item = self._table.get(account_key(period, customer_id))
        account = account_of(item) if item else Account(period=period, customer_id=customer_id)
        return together(account, account_of(unspread)) if unspread else account

    def unsettled(self, shard: str, periods: Sequence[str], *, after: Place | None = None) -> Iterator[AccountPage]:
        for period in periods:
            if after is None or period > after.period:
                yield from self._unsettled(shard, period, None)
            elif period == after.period:
                yield from self._unsettled(shard, period, after)

    def _unsettled(self, shard: str, period: str, after: Place | None) -> Iterator[AccountPage]:
        pages = self._table.pages(
            start=key_in(shard, period, after.customer_id) if after else None,
            KeyConditionExpression="pk = :pk",
            FilterExpression="attribute_not_exists(closed) OR touched > closed",
            ExpressionAttributeValues=packed({":pk": shard_pk(period, shard)}),
            Limit=ACCOUNTS_A_PAGE,
        )
        for items, last in pages:
            accounts = tuple(map(account_of, items))
            yield AccountPage(accounts=accounts, after=account_of(last).place if last else None)

    def keep(self, account: Account, tally: Tally) -> None:
        found, seen = _is("tally.upto", account.tally.after if account.tally else None)
        unclosed, closed = _is("closed", _closed_in_shard(account))
        try:
            self._table.update(
                {
                    "TableName": self._table.name,
                    "Key": account_key(account.period, account.customer_id),
                    "UpdateExpression": "SET tally = :tally",
                    "ConditionExpression": f"{unclosed} AND {found}",
                    "ExpressionAttributeValues": packed({":tally": tally_item(tally)}) | closed | seen,
                }
            )
        except ClientError as error:
            who = f"account {account.customer_id} of {account.period}"
            raise InFlightElsewhere(f"{who} is added up by another invocation, or closed") from error

    def close(self, account: Account, *, billed: Mapping[str, int], decision: Decision | None, now: datetime) -> None:
        writes: list[Any] = [
            {"Update": self._closing(account, billed=billed, invoices=account.invoices + (decision is not None))}
        ]
        if decision is not None:
            writes.append({"Put": put_invoice(self._table, decision, over=None, now=now)})
        if account.unspread is not None:
            writes.append({"Delete": self._moving(account, *account.unspread)})
        try:
            if len(writes) == 1:
                self._table.update(writes[0]["Update"])
            else:
                self._table.transact(writes)
        except ClientError as error:
            raise refusal(error, f"account {account.customer_id} of {account.period}") from error

    def _closing(self, account: Account, *, billed: Mapping[str, int], invoices: int) -> Any:
        """What is moved of it adds its touches to those that the item in the shard has meanwhile."""
        condition, seen = _is("closed", _closed_in_shard(account))
        change = "SET closed = :touched, billed = :billed, invoices = :invoices REMOVE tally"
        values = packed({":touched": account.touched, ":billed": dict(billed), ":invoices": invoices})
        if account.unspread is not None:
            change += " ADD touched :moved"
            values |= packed({":moved": account.unspread[0]})
        return {
            "TableName": self._table.name,
            "Key": account_key(account.period, account.customer_id),
            "UpdateExpression": change,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values | seen,
        }

    def _moving(self, account: Account, touched: int, closed: int) -> Any:
        """Only as it was read: what was touched or closed since is read again."""
        as_touched, touches = _is("touched", touched)
        as_closed, closes = _is("closed", closed)
        return {
            "TableName": self._table.name,
            "Key": unspread_key(account.period, account.customer_id),
            "ConditionExpression": f"{as_touched} AND {as_closed}",
            "ExpressionAttributeValues": touches | closes,
        }


def _is(name: str, value: str | int | None) -> tuple[str, Item]:
    """A condition, with its values: that an attribute is still as it was read. One that was not there counts as 0."""
    text = f":as_{name.replace('.', '_')}"
    return (f"{name} = {text}", packed({text: value})) if value else (f"attribute_not_exists({name})", {})


def _closed_in_shard(account: Account) -> int:
    return account.closed - (account.unspread[1] if account.unspread else 0)
