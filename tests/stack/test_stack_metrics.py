"""What the deployed functions measure, read back out of their logs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path

from local.embedded.assembly import STAGE
from local.embedded.client import Client
from local.embedded.hops import Watcher
from local.embedded.polling import DeadlinePassed, wait_until
from local.embedded.stack import Stack
from ops.metrics import Query, Window, source_of
from ops.target import Target
from runtime.clock import SystemClock
from runtime.metrics import AGE_AT_PICK_UP, BATCH_SIZE, CRITICAL_TIME, DEAD_LETTER, HANDLED, OUTBOX_LAG
from tests.stack.stack_builders import (
    dead_letters_of,
    invoice_paid,
    known_customer,
    order,
    payment,
    soon,
    usage,
)

PROJECT = Path(__file__).parents[2]


def total(stack: Stack, metric: str, function: str, event_type: str | None = None) -> float:
    """Of the last quarter of an hour: how many, or how many samples."""
    target = Target.named(STAGE)
    target.clients["logs"] = stack.cloud.client("logs")
    window = Window.whole(timedelta(minutes=15), until=SystemClock().now())
    how = "SampleCount" if metric in (CRITICAL_TIME, AGE_AT_PICK_UP, OUTBOX_LAG, BATCH_SIZE) else "Sum"
    query = Query(metric=metric, function=function, event_type=event_type, statistic=how)
    return source_of(target).series([query], window)[0].total


def measured(probe: Callable[[], bool], again: Callable[[], object], what: str) -> None:
    """Waits for it. The emulator may show the end of an invocation's log with the function's next: so there is one."""
    for _ in range(5):
        again()
        with suppress(DeadlinePassed):
            wait_until(probe, what=what, timeout=15)
            return
    soon(probe, what)


def test_each_function_measures_its_part_of_a_payment_s_way(
    stack: Stack, client: Client, watcher: Watcher, unique: str
) -> None:
    handled = {
        ("ingestion", "partner.payment.settled"),
        ("billing", "ingestion.payment.settled"),
        ("billing-relay", "billing.invoice.paid"),
        ("notification", "billing.invoice.paid"),
    }
    before = {each: total(stack, HANDLED, *each) for each in handled}
    customer = known_customer(client, watcher, f"cus-{unique}")
    keys = count()

    def pay() -> None:
        client.post(payment(client.issue_invoice(order(customer), key=f"{unique}-{next(keys)}")))

    measured(lambda: all(total(stack, HANDLED, *each) > before[each] for each in handled), pay, "each part is measured")
    for metric, function in ((OUTBOX_LAG, "billing-relay"), (CRITICAL_TIME, "notification"), (BATCH_SIZE, "billing")):
        assert total(stack, metric, function) > 0, metric


def test_a_dead_letter_is_measured(stack: Stack, client: Client, unique: str) -> None:
    before = total(stack, DEAD_LETTER, "notification")
    keys = count()

    def poison() -> None:
        event = invoice_paid(f"poison-{unique}-{next(keys)}", f"cus-{unique}")
        client.put(event.model_copy(update={"data": {"nonsense": True}}))

    measured(lambda: total(stack, DEAD_LETTER, "notification") > before, poison, "the dead letter is measured")
    assert dead_letters_of(client, "notification", f"poison-{unique}-0")


def test_the_operator_s_report_is_of_what_was_measured(
    stack: Stack, client: Client, clean_environ: dict[str, str], unique: str
) -> None:
    before = total(stack, HANDLED, "billing-usage")
    keys = count()

    def use() -> None:
        client.put(usage(f"usage-{unique}-{next(keys)}", f"cus-{unique}"))

    measured(lambda: total(stack, HANDLED, "billing-usage") > before, use, "usage is measured")

    result = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "ops", "metrics", "billing-usage", "--stage", STAGE, "--since", "15m", "--json"],
        cwd=PROJECT,
        env={**clean_environ, **stack.cloud.environment()},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode in (0, 1), result.stderr
    whole, usage_row, unknown = json.loads(result.stdout)["rows"]
    assert whole["counts"]["Handled"] == usage_row["counts"]["Handled"] > before
    assert unknown["counts"]["Handled"] == 0
