"""What the README and the decisions promise of costs, held against the benchmark's own result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """`python -m bench calls --json`, in a process of its own: the functions remember their environment."""
    command = [sys.executable, "-m", "bench", "calls", "--json", "--batches", "1"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)  # noqa: S603


@pytest.fixture
def costs(document) -> dict[str, Any]:
    """By what was done."""
    return {result["work"]: result for result in document["results"]}


def writes(cost: dict[str, Any]) -> float:
    """Write requests to DynamoDB."""
    return sum(count for name, count in cost["calls"].items() if name.startswith("dynamodb.") and "Get" not in name)


def test_a_payment_is_applied_by_one_write_request(costs):
    ours = costs["a payment is applied"]["ours"]

    assert writes(ours) == 1
    assert ours["calls"] == {"dynamodb.GetItem": 1, "dynamodb.PutItem": 1}


def test_a_usage_record_costs_at_most_one_write_unit_and_a_twentieth_of_a_round_trip(costs):
    usage = costs["usage, known customers"]

    assert usage["batch"] == 100
    assert usage["ours"]["units"]["table_writes"] <= 1
    assert usage["ours"]["round_trips"] <= 0.05


@pytest.mark.parametrize("work", ["usage, new customers", "usage of last month"])
def test_a_customer_in_a_batch_costs_one_more_write_where_the_process_cannot_know_the_account(costs, work):
    ours = costs[work]["ours"]

    # 20 customers in 100 records.
    assert ours["calls"] == {"dynamodb.BatchWriteItem": 0.04, "dynamodb.UpdateItem": 0.2}
    assert ours["units"]["table_writes"] == 1.2


def test_events_that_are_sent_on_share_their_calls(costs):
    for work in ("usage is forwarded", "an event is published"):
        assert costs[work]["ours"]["calls"] == {"eventbridge.PutEvents": 0.1}


def test_a_dead_letter_costs_one_message(costs):
    assert costs["a payment of nothing"]["ours"]["calls"] == {"dynamodb.GetItem": 1, "sqs.SendMessage": 1}


def test_both_sides_send_the_same_mail_and_the_same_number_of_events(costs):
    mail = costs["an e-mail is sent"]

    assert mail["ours"]["units"]["e_mails"] == mail["plain"]["units"]["e_mails"] == 1
    assert mail["ours"]["units"]["bus_events"] == mail["plain"]["units"]["bus_events"] == 1


def test_a_result_says_on_what_it_was_measured(document):
    assert set(document["machine"]) == {"date", "python", "platform", "cpu", "cpus", "packages"}
