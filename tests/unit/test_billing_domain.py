"""What may happen to an invoice, move by move."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from events.catalog import payload_of
from functions.billing.domain import (
    MAX_EXACT,
    MAX_MARKS,
    MOVES,
    Action,
    Decision,
    Invoice,
    Line,
    State,
    fail,
    invoice_id,
    issue,
    settle,
    void,
)
from functions.billing.rating import Charge
from runtime.errors import BusinessRuleViolated
from tests.unit.billing_builders import NOW, draft_invoice, failed_event, invoice_in, issued, line, settled_event

NO_EFFECT = {("fail", State.PAID), ("fail", State.VOID), ("void", State.VOID)}
ALL = [(action, state) for action in ("issue", "settle", "fail", "void") for state in State]
REFUSED = [move for move in ALL if move not in MOVES and move not in NO_EFFECT]


def decide(action: Action, invoice: Invoice) -> Decision:
    settled, failed = settled_event(invoice), failed_event(invoice)
    return {
        "issue": lambda: issue(invoice, now=NOW),
        "settle": lambda: settle(invoice, payload_of(settled), cause=settled, now=NOW),
        "fail": lambda: fail(invoice, payload_of(failed), cause=failed, now=NOW),
        "void": lambda: void(invoice, now=NOW),
    }[action]()


@pytest.mark.parametrize(("move", "target"), MOVES.items())
def test_an_invoice_moves_on_when_the_move_is_in_the_table(move, target):
    action, state = move

    decision = decide(action, invoice_in(state))

    assert decision.invoice.state is target


@pytest.mark.parametrize(("action", "state"), REFUSED)
def test_an_invoice_stays_when_the_move_is_not_in_the_table(action, state):
    with pytest.raises(BusinessRuleViolated, match=f"is {state}: it cannot"):
        decide(action, invoice_in(state))


@pytest.mark.parametrize(("action", "state"), sorted(NO_EFFECT))
def test_nothing_changes_when_the_move_comes_too_late_to_matter(action, state):
    invoice = invoice_in(state)

    assert decide(action, invoice) == Decision(invoice=invoice)


def test_the_issued_event_says_what_is_owed_and_for_what():
    usage = Line.of(Charge(meter="seats", description="Seats", quantity=2, amount=3_000))

    decision = issued(lines=(line(), usage), period="2026-05", due_at=NOW + timedelta(days=14))

    (event,) = decision.events
    assert (event.type, event.source, event.subject) == (
        "billing.invoice.issued",
        "billing-service",
        decision.invoice.id,
    )
    assert event.data == {
        "invoice_id": decision.invoice.id,
        "customer_id": "cus_abc123",
        "amount": 52_900,
        "currency": "USD",
        "period": "2026-05",
        "due_at": "2026-06-03T14:30:00Z",
        "lines": [
            {"description": "Onboarding", "quantity": 1, "amount": 49_900},
            {"description": "Seats", "quantity": 2, "amount": 3_000, "meter": "seats"},
        ],
    }


def test_issuing_twice_derives_one_event_id():
    first, second = issued(), issue(draft_invoice(), now=NOW + timedelta(days=1))

    assert first.events[0].identity == second.events[0].identity


def test_the_paid_event_names_the_payment_and_its_cause():
    invoice = issued().invoice

    decision = decide("settle", invoice)

    (event,) = decision.events
    assert event.type == "billing.invoice.paid"
    assert event.extensions["causationid"] == "p-1"
    assert event.data == {
        "invoice_id": invoice.id,
        "customer_id": "cus_abc123",
        "amount": 49_900,
        "currency": "USD",
        "payment_id": "pay_1",
        "paid_at": "2026-05-20T14:30:00Z",
    }
    assert (decision.invoice.payment_id, decision.invoice.paid_at) == ("pay_1", NOW)


def test_the_failed_event_gives_the_reason_and_a_later_payment_clears_it():
    failed = decide("fail", issued().invoice)

    paid = decide("settle", failed.invoice)

    assert failed.events[0].type == "billing.invoice.payment_failed"
    assert failed.events[0].data["reason"] == failed.invoice.failure_reason == "card declined"
    assert (paid.invoice.state, paid.invoice.failure_reason) == (State.PAID, None)


@pytest.mark.parametrize("wrong", [{"amount": 49_899}, {"amount": 49_901}, {"currency": "EUR"}])
@pytest.mark.parametrize("builder", [settled_event, failed_event])
def test_a_payment_is_refused_when_it_is_over_other_money(builder, wrong):
    invoice = issued().invoice
    event = builder(invoice, **wrong)
    decision = settle if builder is settled_event else fail

    with pytest.raises(BusinessRuleViolated, match=r"but invoice inv_\S+ is USD 499\.00"):
        decision(invoice, payload_of(event), cause=event, now=NOW)


def test_an_event_changes_nothing_when_it_was_applied_before():
    invoice = issued().invoice
    first, second = failed_event(invoice), failed_event(invoice, "f-2")
    failed = fail(invoice, payload_of(first), cause=first, now=NOW).invoice

    again = fail(failed, payload_of(first), cause=first, now=NOW)
    other = fail(failed, payload_of(second), cause=second, now=NOW)

    assert again == Decision(invoice=failed, repeated=True)
    assert (other.repeated, len(other.events)) == (False, 1)


def test_an_event_changes_nothing_when_it_tells_of_the_payment_that_paid():
    paid = decide("settle", issued().invoice).invoice
    retold = settled_event(paid, "p-2")

    assert settle(paid, payload_of(retold), cause=retold, now=NOW) == Decision(invoice=paid, repeated=True)


def test_the_oldest_marks_go_when_there_are_too_many():
    applied = {f"m-{n}": f"2026-05-{1 + n // 100:02}T00:00:00Z" for n in reversed(range(MAX_MARKS))}
    invoice = replace(issued().invoice, applied=applied)

    marked = decide("settle", invoice).invoice

    assert len(marked.applied) == MAX_MARKS
    assert set(applied) - set(marked.applied) <= {f"m-{n}" for n in range(100)}


def test_an_invoice_id_follows_from_its_day_and_parts():
    assert invoice_id(NOW, "order", "k") == invoice_id(NOW + timedelta(hours=1), "order", "k")
    assert invoice_id(NOW, "order", "k") != invoice_id(NOW, "order", "l")
    assert invoice_id(NOW, "order", "k").startswith("inv_20260520_")
    assert len(invoice_id(NOW, "order", "k")) == len("inv_20260520_") + 20


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), "needs at least one line"),
        ((line(unit_amount=MAX_EXACT), line(unit_amount=1)), "at most"),
        ((line(quantity=MAX_EXACT + 1, unit_amount=0),), "at most"),
    ],
)
def test_an_invoice_is_refused_when_it_makes_no_sense(lines, reason):
    with pytest.raises(BusinessRuleViolated, match=reason):
        draft_invoice(lines=lines)
