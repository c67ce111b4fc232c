"""The ways to break a neighbour, each made as a developer would make it: the check names it before anybody is hurt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flow.trees import Tree, copy_of_the_project

CATALOG = "events/catalog.py"
RULES = "functions/notification/manifest.py"

INVOICE = 'class _Invoice(Payload):\n    invoice_id: Identifier = Field(examples=["inv_20260520_001"])\n'
CUSTOMER = '    customer_id: Identifier = Field(examples=["cus_abc123"])\n'
PAYMENT = '    payment_id: Identifier | None = Field(default=None, examples=["pay_0001"])\n'
PAID_AT = "    paid_at: Moment | None = None\n"
REASON = "    reason: Reason\n"
SHORT_REASON = "    reason: Annotated[str, Field(strict=True, min_length=1, max_length=100)]\n"
METHOD = '    method: Literal["card", "sepa"] | None = None\n'
SOURCE = '"source": ["billing-service"],\n'
PAID_AT_MATCHED = '                "detail": {"data": {"paid_at": [{"exists": True}]}},\n'

OLD_READERS = "Hurts old readers: read by notification (functions/notification/"
OLD_DATA = (
    "old data: events in queues, dead letters, outboxes and the archive, and producers not yet upgraded (billing)"
)


@dataclass(frozen=True)
class Break:
    """An edit of one file, and what the line about it must say."""

    edits: tuple[tuple[str, str, str], ...]
    says: tuple[str, ...]
    released_first: tuple[str, str, str] | None = None


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return copy_of_the_project(tmp_path)


BREAKS = {
    "removed": Break(
        edits=((CATALOG, INVOICE + CUSTOMER, INVOICE),),
        says=(
            "billing.invoice.paid v1: data.customer_id: removes it (",
            OLD_READERS,
            "Instead: keep `customer_id` and fill it as before, or start a new version with",
            "`python -m ops schemas bump billing.invoice.paid`.",
        ),
    ),
    "renamed": Break(
        edits=((CATALOG, INVOICE + CUSTOMER, INVOICE + CUSTOMER.replace("customer_id", "account_id")),),
        says=(
            "billing.invoice.paid v1: data.customer_id: removes it; ",
            "it looks like a rename of `customer_id` to `account_id`",
            OLD_READERS,
            f"and {OLD_DATA}",
            "keep `customer_id`, add `account_id` as an optional field (`| None = None`) and fill both",
        ),
    ),
    "retyped": Break(
        edits=((CATALOG, f"{INVOICE}{CUSTOMER}    amount: MinorUnits\n", f"{INVOICE}{CUSTOMER}    amount: str\n"),),
        says=(
            "billing.invoice.paid v1: data.amount: changes its type from integer to string",
            OLD_READERS,
            f"and {OLD_DATA}",
            "keep `amount` as an integer and add an optional field of the new type beside it",
        ),
    ),
    "tightened": Break(
        edits=((CATALOG, REASON + PAYMENT, SHORT_REASON + PAYMENT),),
        says=(
            "billing.invoice.payment_failed v1: data.reason: lowers maxLength from 1000 to 100",
            f"Hurts {OLD_DATA}",
            "let `reason` take what it took",
        ),
    ),
    "newly required": Break(
        edits=((CATALOG, PAID_AT, PAID_AT + "    receipt_number: Identifier\n"),),
        says=(
            "billing.invoice.paid v1: data.receipt_number: adds it as a required field",
            f"Hurts {OLD_DATA}",
            "make `receipt_number` optional (`| None = None`)",
        ),
    ),
    "fewer values": Break(
        released_first=(CATALOG, PAID_AT, PAID_AT + METHOD),
        edits=((CATALOG, METHOD, METHOD.replace(', "sepa"', "")),),
        says=(
            'billing.invoice.paid v1: data.method: takes "sepa" out of its values',
            f"Hurts {OLD_DATA}",
            'keep "sepa" among the values',
        ),
    ),
    "a rule names what is gone": Break(
        edits=((RULES, SOURCE, SOURCE + PAID_AT_MATCHED), (CATALOG, PAID_AT, "")),
        says=("data.paid_at", "rule", "invoices"),
    ),
    "a template names what is gone": Break(
        edits=((CATALOG, PAID_AT, ""),),
        says=(
            "billing.invoice.paid v1: data.paid_at: removes it",
            "functions/notification/templates/billing.invoice.paid/",
        ),
    ),
}


@pytest.mark.parametrize("change", BREAKS.values(), ids=BREAKS.keys())
def test_a_change_that_breaks_a_neighbour_is_named_with_who_is_hurt_and_what_to_do(tree: Tree, change: Break) -> None:
    if change.released_first:
        tree.edit(CATALOG, "from typing import ", "from typing import Literal, ")
        tree.edit(*change.released_first)
        assert tree.schemas("write").returncode == 0
        assert tree.schemas("release").returncode == 0
    for edit in change.edits:
        tree.edit(*edit)

    answer = tree.schemas("check")

    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert [line for line in answer.stdout.splitlines() if all(part in line for part in change.says)], answer.stdout
