"""Files through the memory cloud: from the bucket to the customer's usage, whatever happens on the way."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest

from contracts.company import SERVICES
from functions.ingestion import bulk
from functions.ingestion.manifest import FILES
from local.memory.company import Company
from local.memory.functions import FunctionCrashed
from runtime.errors import TransientError
from runtime.topology import topology
from tests.unit.bulk_builders import csv, row, rows

START = datetime(2026, 5, 20, 14, tzinfo=UTC)


@pytest.fixture(params=["services", "monolith"])
def company(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Company:
    """One whose sections are short."""
    monkeypatch.setattr(bulk, "SECTION_LINES", 20)
    return Company(seed=1, start=START, topology=topology(request.param, SERVICES))


def usage_of(company: Company) -> dict[str, int]:
    _, seen = company.bill("GET", "/customers/cus_1/usage?period=2026-05")
    return {meter["meter"]: meter["quantity"] for meter in seen["meters"]}


def result(company: Company, name: str = "usage.csv") -> dict:
    return json.loads(company.files.objects[f"results/{name}.json"])


def test_a_file_becomes_usage_and_its_bad_lines_a_reject_file(company: Company) -> None:
    company.put_file("incoming/usage.csv", csv(*(row(n, "bad" if n == 30 else 2) for n in range(1, 51))))
    company.cloud.run()

    told = result(company)
    assert usage_of(company) == {"api_calls": 98}
    assert (told["accepted"], told["rejected"]) == (49, 1)
    assert [json.loads(company.files.objects[key])["line"] for key in told["reject_files"]] == [31]


def test_the_answers_to_a_file_are_no_files_to_be_read(company: Company) -> None:
    company.put_file("results/usage.csv", rows(3))
    company.cloud.run()

    assert company.cloud.function(FILES.name).invocations == 0


def test_usage_is_counted_once_when_it_comes_by_file_twice_and_over_http(company: Company) -> None:
    body = rows(3)
    file = company.put_file("incoming/usage.csv", body)
    company.tell_of(file)
    company.put_file("incoming/again.csv.gz", gzip.compress(body))
    data = {"customer_id": "cus_1", "meter": "api_calls", "quantity": 1, "used_at": "2026-05-20T14:30:00Z"}
    members = {"specversion": "1.0", "id": "u-2", "source": "metering", "type": "partner.usage.reported", "data": data}
    company.post_events(members)
    company.cloud.run()

    assert usage_of(company) == {"api_calls": 3}
    assert {key for key in company.files.objects if key.startswith("results/")} == {
        "results/usage.csv.json",
        "results/again.csv.gz.json",
    }


def test_a_file_takes_more_invocations_than_a_message_has_tries_when_the_bus_is_slow(company: Company) -> None:
    put = company.cloud.bus.put

    def slowly(entries):
        company.cloud.clock.sleep(60)
        return put(entries)

    company.cloud.bus.put = slowly
    company.put_file("incoming/usage.csv", rows(3_000))
    company.cloud.run()

    assert usage_of(company) == {"api_calls": 3_000}
    assert company.cloud.function(FILES.name).invocations > 2 * FILES.tries
    assert len(company.cloud.dlq(FILES.name)) == 0


@pytest.mark.parametrize("fatal", [1, 4, 7])
def test_totals_are_exact_when_the_function_is_killed_in_the_middle(company: Company, fatal: int) -> None:
    put, calls = company.cloud.bus.put, iter(range(1, 1000))

    def killed_once(entries):
        answer = put(entries)
        if entries[0]["Source"] == "ingestion-service" and next(calls) == fatal:
            raise FunctionCrashed
        return answer

    company.cloud.bus.put = killed_once
    company.put_file("incoming/usage.csv", rows(700))
    company.cloud.run()

    assert usage_of(company) == {"api_calls": 700}
    assert result(company)["accepted"] == 700


def test_a_file_that_is_gone_is_a_dead_letter_with_the_reason(company: Company) -> None:
    file = company.put_file("incoming/usage.csv", rows(3))
    company.files.delete(file)
    company.cloud.run()

    (dead,) = company.cloud.dlq(FILES.name).peek()
    assert (dead.attributes["reason"], dead.attributes["attempts"]) == ("file_gone", "1")


def test_a_redrive_goes_on_where_a_file_had_come_to(company: Company) -> None:
    put, calls = company.cloud.bus.put, iter(range(1000))

    def away_after_three(entries):
        if entries[0]["Source"] == "ingestion-service" and next(calls) >= 3:
            raise TransientError("the bus is away")
        return put(entries)

    company.cloud.bus.put = away_after_three
    company.put_file("incoming/usage.csv", rows(500))
    company.cloud.run()
    assert len(company.cloud.dlq(FILES.name)) == 1

    company.cloud.bus.put = put
    company.cloud.redrive(FILES.name)
    company.cloud.run()

    assert usage_of(company) == {"api_calls": 500}
    assert result(company)["accepted"] == 500
