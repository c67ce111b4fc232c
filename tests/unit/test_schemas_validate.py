"""`validate`: events in every form of file, held against the catalog."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.authoring.reading import MAX_BYTES, documents
from ops.schemas.progress import Progress
from tests.unit.event_builders import SEED_TEXT, paid, usage
from tests.unit.schemas_cli import schemas, validated

PAID = "billing.invoice.paid"

FORMS: dict[str, Callable[[list[str]], str]] = {
    "ndjson": "\n".join,
    "ndjson with blank lines and CRLF": lambda texts: "\r\n\r\n".join(texts) + "\r\n",
    "array": lambda texts: f"[{','.join(texts)}]",
    "array over lines": lambda texts: json.dumps([json.loads(t) for t in texts], indent=2),
    "documents over lines": lambda texts: "\n".join(json.dumps(json.loads(t), indent=2) for t in texts),
    "with a byte order mark": lambda texts: "\ufeff" + "\n".join(texts),
}


@pytest.mark.parametrize("form", FORMS)
def test_events_are_found_in_every_form_of_file(form: str) -> None:
    texts = [paid().to_json(), usage().to_json(), usage(data={"quantity": '[{"}],\\'}).to_json()]

    result = validated(FORMS[form](texts).encode(), "--json")

    *problems, counts = map(json.loads, result.stdout.splitlines())
    assert counts == {"valid": 2, "invalid": 1, "types": {"billing.invoice.paid": 1, "partner.usage.reported": 1}}
    assert {problem["type"] for problem in problems} == {"partner.usage.reported"}
    assert "data.customer_id" in {problem["field"] for problem in problems}


def test_each_problem_is_told_with_its_file_line_and_field(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(f"{paid().to_json()}\n\n{paid(data=paid().data | {'amount': -1}).to_json()}\nnonsense\n")

    result = schemas("validate", file)

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{file}:3: data.amount: Input should be greater than or equal to 0",
        f"{file}:4: document: is not JSON: Expecting value: line 1 column 1 (char 0)",
        "1 valid (1 billing.invoice.paid), 2 invalid",
    ]


def envelope(detail: Any, **changes: Any) -> str:
    base = {
        "id": "e",
        "source": "billing-service",
        "detail-type": PAID,
        "detail": detail,
        "time": "2026-05-20T14:30:00Z",
    }
    return json.dumps(base | changes)


def entry(detail: Any) -> str:
    return json.dumps({"Source": "billing-service", "DetailType": PAID, "Detail": detail, "EventBusName": "b"})


@pytest.mark.parametrize(
    "text",
    [SEED_TEXT.replace("\n", ""), envelope(paid().to_dict()), envelope(paid().data), entry(SEED_TEXT), entry("{}")],
)
def test_events_are_judged_in_whatever_they_travel(text: str) -> None:
    fits = '"{}"' not in text

    result = validated(text)

    assert result.exit_code == (0 if fits else 1)
    assert fits or "data.invoice_id: Field required" in result.stdout


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("7", "document", "is no event: say with --type what its data is to be"),
        ("{}", "document", "is no event: say with --type what its data is to be"),
        ('{"a": 1, "a": 2}', "document", "is not JSON: the name 'a' stands more than once in one object"),
        (usage(type="made.up.type").to_json(), "type", "made.up.type v1 is unknown: it is not in the catalog"),
        (envelope(paid().to_dict(), source="other"), "source", "is 'billing-service' in the event, but 'other'"),
        (entry("nonsense"), "Detail", "must be JSON as text"),
        (entry("[]"), "Detail", "must be a JSON object, as text"),
        (entry(7), "Detail", "must be JSON as text"),
    ],
)
def test_what_is_no_event_of_the_catalog_is_said_to_be_none(text: str, field: str, message: str) -> None:
    problem = json.loads(validated(text, "--json").stdout.splitlines()[0])

    assert problem["field"] == field
    assert problem["message"].startswith(message)


def test_bare_data_is_of_the_type_and_version_that_are_given() -> None:
    contact = json.dumps({"customer_id": "cus_1", "name": "Ada", "email": "ada@example.com"})

    newest = validated(contact, "--type", "customer.contact.updated")
    first = validated(contact, "--type", "customer.contact.updated", "--version", 1)

    assert "stdin:1: data.channels: Field required" in newest.stdout
    assert first.exit_code == 0


def test_an_event_of_another_type_than_the_given_is_a_problem() -> None:
    result = validated(paid().to_json(), "--type", "partner.usage.reported")

    assert "stdin:1: type: is billing.invoice.paid, and was to be partner.usage.reported" in result.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [(["nowhere.json"], "nowhere.json: No such file"), (["-", "--type", "nope"], "not in the catalog")],
)
def test_wrong_use_of_validate_is_told_apart_from_what_is_invalid(args: list[str], message: str) -> None:
    result = schemas("validate", *args)

    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[{"a": 1}', "it ends too early"),
        ('[{"a": 1},]', "is not JSON"),
        ('{\n"a": [', "it ends too early"),
        ("[] x", ""),
    ],
)
def test_a_document_that_is_cut_or_joined_wrongly_is_a_problem(text: str, problem: str) -> None:
    result = validated(text)

    assert result.exit_code == 1
    assert problem in result.stdout


@settings(max_examples=50)
@given(
    values=st.lists(st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.lists(st.integers(), max_size=3))),
    indent=st.none() | st.just(1),
)
def test_an_array_is_cut_where_its_elements_end_whatever_is_in_them(values: list[Any], indent: int | None) -> None:
    text = json.dumps(values, indent=indent).encode()

    assert [json.loads(document.text) for document in documents(io.BytesIO(text))] == values


@pytest.mark.parametrize("form", ["%s\n%s\n", "[%s,%s]", "[\n%s\n,\n%s\n]"])
def test_a_document_that_is_too_long_is_skipped_as_it_streams_by(form: str) -> None:
    long = '{"a": "%s"}' % ("x" * MAX_BYTES)

    first, second = documents(io.BytesIO((form % (long, '{"b": 1}')).encode()))

    assert first.problem == f"is longer than {MAX_BYTES} bytes"
    assert len(first.text) == 0
    assert json.loads(second.text) == {"b": 1}


@pytest.mark.parametrize("escapes", [1, 2, 3, 4])
def test_a_backslash_where_a_piece_of_the_stream_ends_is_read_with_what_it_escapes(escapes: int) -> None:
    piece = 262_144
    padding = "x" * (piece - len('[{"a": "') - escapes)
    text = '[{"a": "' + padding + "\\" * escapes + ('"' if escapes % 2 else "") + '"}, {"b": 1}]'

    found = [json.loads(document.text) for document in documents(io.BytesIO(text.encode()))]

    assert found[1:] == [{"b": 1}]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_told_on_a_terminal_to_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("ops.schemas.progress.time.monotonic", lambda: now[0])
    terminal, file = Terminal(), io.StringIO()
    with Progress(terminal) as seen, Progress(file) as unseen:
        for now[0] in (1.9, 2.0, 2.1, 2.3):
            seen.tell(f"at {now[0]}")
            unseen.tell("never")

    assert terminal.getvalue().replace("\r\x1b[K", "|") == "|at 2.0|at 2.3|"
    assert file.getvalue() == ""
