"""Mending a letter's event: the same event, told right; and letters in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from events.binding import from_sqs_body
from ops.letters.editing import DoesNotFit, changed, document, edited
from ops.letters.files import export, read
from ops.letters.packing import packed, unpacked
from ops.letters.places import places
from ops.target import Target
from ops.wrong_use import WrongUse
from runtime.claim_check import MemoryClaimChecks, checked_in
from tests.unit.event_builders import paid, usage
from tests.unit.letter_builders import a_letter, a_message, in_envelope, together_in_envelope

PLACES = places(Target.named("dev"))
BAD = paid(data={"invoice_id": "inv_1", "customer_id": "c", "amount": "a lot", "currency": "USD"})


def mended(letter: Any, *changes: str) -> Any:
    return edited(letter, changed(document(letter, MemoryClaimChecks()), changes))


def test_an_event_in_its_envelope_is_mended_there() -> None:
    letter = a_letter(BAD)

    result = mended(letter, "data.amount=4900")

    envelope = json.loads(result.body)
    assert envelope == {**json.loads(letter.body), "detail": {**BAD.to_dict(), "data": {**BAD.data, "amount": 4900}}}
    assert '-      "amount": "a lot",' in result.diff
    assert '+      "amount": 4900,' in result.diff


def test_a_letter_with_several_events_is_not_edited_but_redriven_first() -> None:
    letter = a_letter(body=together_in_envelope(paid(id="1"), paid(id="2")))

    with pytest.raises(WrongUse, match="holds 2 events: redrive it"):
        document(letter, MemoryClaimChecks())


def test_the_envelope_still_mirrors_a_type_that_is_mended() -> None:
    event = paid(type="billing.invoice.payed")

    result = mended(a_letter(event), "type=billing.invoice.paid")

    assert json.loads(result.body)["detail-type"] == "billing.invoice.paid"
    assert from_sqs_body(result.body).type == "billing.invoice.paid"


def test_a_bare_cloudevent_stays_bare() -> None:
    result = mended(a_letter(BAD, body=BAD.to_json()), "data.amount=1")

    assert json.loads(result.body)["data"]["amount"] == 1


def test_an_event_of_another_system_that_is_no_cloudevent_keeps_its_form() -> None:
    data = {"customer_id": "c", "meter": "m", "quantity": -1, "used_at": "2026-05-20T14:30:00Z"}
    body = in_envelope(usage(), detail=data, id="eb-1", time="2026-05-20T14:30:00Z")

    result = mended(a_letter(usage(), body=body, place="ingestion-dlq"), "data.quantity=5")

    assert json.loads(result.body) == {**json.loads(body), "detail": {**data, "quantity": 5}}


def test_an_event_that_cannot_be_read_can_be_given_what_it_lacks() -> None:
    members = paid().to_dict()
    members["time"] = "yesterday"
    letter = a_letter(body=json.dumps(members))

    result = mended(letter, "time=2026-05-20T14:30:00Z")

    assert from_sqs_body(result.body) == paid()


def test_data_that_lies_elsewhere_is_fetched_to_be_mended() -> None:
    claims = MemoryClaimChecks()
    letter = a_letter(body=in_envelope(checked_in(BAD, claims)))

    event = changed(document(letter, claims), ["data.amount=7"])

    assert from_sqs_body(edited(letter, event).body).data["amount"] == 7


@pytest.mark.parametrize("change", ["id=another", "source=another"])
def test_the_identity_stays(change: str) -> None:
    with pytest.raises(WrongUse, match="identity"):
        mended(a_letter(paid()), change)


def test_what_does_not_fit_the_catalog_is_refused_by_field() -> None:
    with pytest.raises(DoesNotFit, match=r"data\.amount"):
        mended(a_letter(BAD), "data.amount=much")


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(DoesNotFit, match="catalog"):
        mended(a_letter(paid()), "type=billing.invoice.lost")


def test_nothing_changed_is_told() -> None:
    with pytest.raises(WrongUse, match="nothing has changed"):
        mended(a_letter(paid()), "data.amount=49900")


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("data.lines[1].text=two words", {"lines": [{}, {"text": "two words"}]}),
        ("data.new.deep=true", {"lines": [{}, {}], "new": {"deep": True}}),
        ("data.lines=", {}),
        ('data.lines=["a=b"]', {"lines": ["a=b"]}),
    ],
)
def test_changes_are_paths_with_values(change: str, value: object) -> None:
    assert changed({"data": {"lines": [{}, {}]}}, [change])["data"] == value


@pytest.mark.parametrize("change", ["data.amount", "data.lines[9].text=x", "=1", "data.lines[0]text.x.y=1"])
def test_a_change_that_makes_no_sense_is_refused(change: str) -> None:
    with pytest.raises(WrongUse):
        changed({"data": {"lines": ["a"]}}, [change])


@pytest.mark.parametrize("body", ["not json", "[1]", '"text"'])
def test_what_is_no_json_object_cannot_be_edited(body: str) -> None:
    with pytest.raises(WrongUse):
        document(a_letter(body=body), MemoryClaimChecks())


def test_a_letter_survives_packing_whole() -> None:
    message = a_message("body \U0001f600 é", AWSTraceHeader="Root=1")
    attributes = {
        "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        "n": {"DataType": "Number", "StringValue": "1"},
    }
    letter = a_letter(**(message | {"MessageAttributes": attributes}))

    back = unpacked(json.loads(json.dumps(packed(letter))), PLACES)

    assert (back.body, back.attributes, back.system) == (letter.body, attributes, letter.system)
    assert back.fingerprint == letter.fingerprint


def test_an_export_is_complete_and_overwrites_nothing(tmp_path: Path) -> None:
    letters = [a_letter(paid(id=f"e-{n}")) for n in range(3)]

    assert export(letters, tmp_path / "letters.ndjson") == 3
    assert read(tmp_path / "letters.ndjson", PLACES) == letters
    assert [file.name for file in tmp_path.iterdir()] == ["letters.ndjson"]
    with pytest.raises(WrongUse, match="overwrites nothing"):
        export(letters, tmp_path / "letters.ndjson")


def test_a_line_that_is_no_letter_is_named(tmp_path: Path) -> None:
    file = tmp_path / "letters.ndjson"
    export([a_letter()], file)
    file.write_text(file.read_text() + "{}\n")

    with pytest.raises(WrongUse, match=r"letters\.ndjson:2: "):
        read(file, PLACES)
