from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.envelope import CloudEvent, InvalidEvent
from functions.ingestion.domain import normalised
from functions.ingestion.records import COLUMNS, CsvRecords, NdjsonRecords, NoHeader, usage
from tests.unit import event_builders
from tests.unit.ingestion_builders import NOW

PLAIN = {
    "source": "/partners/acme",
    "id": "e-1",
    "customer_id": "cus_1",
    "meter": "api_calls",
    "quantity": 10,
    "used_at": "2026-05-20T14:30:00Z",
}


def csv() -> CsvRecords:
    return CsvRecords(COLUMNS)


def row(**changes: object) -> bytes:
    return ",".join(str(value) for value in (PLAIN | changes).values()).encode()


def fields(error: pytest.ExceptionInfo[InvalidEvent]) -> list[str]:
    return [problem.field for problem in error.value.problems]


def test_a_cloudevent_in_a_line_is_that_cloudevent() -> None:
    event = event_builders.usage()

    assert NdjsonRecords().event(event.to_json().encode()) == event


def test_plain_usage_is_the_same_report_in_json_and_in_csv() -> None:
    from_json = NdjsonRecords().event(json.dumps(PLAIN).encode())
    from_csv = csv().event(row())

    assert from_json == from_csv
    assert from_json is not None
    assert (from_json.identity, from_json.type) == (("/partners/acme", "e-1"), "partner.usage.reported")


def test_plain_usage_becomes_what_the_same_usage_over_http_becomes() -> None:
    over_http = CloudEvent.parse({**event_builders.usage().to_dict(), "time": PLAIN["used_at"]})

    assert normalised(usage(PLAIN), NOW) == normalised(over_http, NOW)


def test_what_else_a_json_record_holds_is_carried_along() -> None:
    event = NdjsonRecords().event(json.dumps(PLAIN | {"region": "eu"}).encode())

    assert event is not None
    assert event.data["region"] == "eu"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"{nonsense", "line"),
        (b"[1]", "line"),
        (b"\xff\xfe{}", "line"),
        (b'{"id": "e-1"}', "source"),
        (b'{"source": "s"}', "id"),
        (b'{"specversion": "0.3"}', "specversion"),
        (b"[" * 10_000, "line"),
        (b'{"quantity": NaN}', "line"),
        (b'{"source": "\\ud800", "id": "i"}', "line"),
        ("{}".encode("utf-16"), "line"),
    ],
)
def test_a_json_line_that_is_no_record_names_what_is_wrong(text: bytes, field: str) -> None:
    with pytest.raises(InvalidEvent) as error:
        NdjsonRecords().event(text)

    assert field in fields(error)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": "ten"}, "data.quantity"),
        ({"quantity": "1_0"}, "data.quantity"),
        ({"quantity": "1e3"}, "data.quantity"),
        ({"quantity": " 1"}, "data.quantity"),
        ({"quantity": "-1"}, "data.quantity"),
        ({"quantity": "9" * 5000}, "data.quantity"),
        ({"used_at": "yesterday"}, "data.used_at"),
        ({"customer_id": ""}, "data.customer_id"),
        ({"source": ""}, "source"),
        ({"id": ""}, "id"),
    ],
)
def test_a_csv_row_that_is_no_usage_names_the_column(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidEvent) as error:
        normalised(csv().event(row(**changes)), NOW)  # type: ignore[arg-type]

    assert fields(error) == [field]


def test_fields_may_be_quoted() -> None:
    event = csv().event(b'"/partners/acme","e ""1"", of 2",cus_1,"api_calls","10",2026-05-20T14:30:00Z')

    assert event is not None
    assert (event.id, event.data["quantity"]) == ('e "1", of 2', 10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"one,two", "has 2 fields, the header names 6"),
        (row() + b",more", "has 7 fields"),
        (b'"/partners/acme,e-1', "is not CSV"),
        (b'a"b,"c"d,,,,', "is not CSV"),
        (b"a,b\rc,,,,", "is not CSV"),
        (b"caf\xe9,,,,,", "is not UTF-8, from its byte 3 on"),
        (b'"' + b"x" * 200_000 + b'",,,,,', "is not CSV"),
    ],
)
def test_a_line_that_is_no_row_says_why(text: bytes, message: str) -> None:
    with pytest.raises(InvalidEvent, match=message):
        csv().event(text)


def test_the_header_says_the_order_of_the_columns() -> None:
    records = CsvRecords()

    assert records.event(b"id, source,quantity,used_at,meter,customer_id") is None
    assert records.event(b"e-1,/partners/acme,10,2026-05-20T14:30:00Z,api_calls,cus_1") == csv().event(row())


@pytest.mark.parametrize("header", [b"source,id", row(), b"source,id,id,meter,quantity,used_at", b"\xff", b'"'])
def test_nothing_can_be_read_when_the_header_does_not_name_the_columns(header: bytes) -> None:
    with pytest.raises(NoHeader):
        CsvRecords().event(header)


@given(st.binary(max_size=200))
def test_no_line_is_too_strange(text: bytes) -> None:
    for records in (NdjsonRecords(), CsvRecords(), csv()):
        try:
            event = records.event(text)
        except InvalidEvent:
            continue
        assert event is None or isinstance(event, CloudEvent)
