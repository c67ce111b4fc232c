from __future__ import annotations

import json
from typing import Any

import pytest
from cloudevents.core.bindings import http as sdk_http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent as SdkEvent

from events.envelope import CloudEvent
from functions.ingestion.adapters.memory import MemoryIntake
from functions.ingestion.api import MAX_BATCH, events_api
from runtime.claim_check import MemoryClaimChecks
from runtime.errors import DependencyUnavailable
from tests.unit.event_builders import known_events
from tests.unit.ingestion_builders import contact, http_request, members, payment, problem_fields, settled, usage
from tests.unit.runtime_fakes import FakeClock, FakeContext

BATCH = {"content-type": "application/cloudevents-batch+json; charset=utf-8"}


class Api:
    def __init__(self, intake: MemoryIntake | None = None) -> None:
        self.intake = intake or MemoryIntake(MemoryClaimChecks())
        self._app = events_api(intake=self.intake, clock=FakeClock())

    def __call__(self, *args: Any, **options: Any) -> tuple[int, dict[str, Any], dict[str, Any]]:
        answer = self._app.resolve(http_request(*args, **options), FakeContext())
        return answer["statusCode"], json.loads(answer["body"]), answer

    @property
    def queued(self) -> list[CloudEvent]:
        return [event for body in self.intake.bodies for event in known_events(body)]


@pytest.fixture
def api() -> Api:
    return Api()


def refusing(*ids: str) -> Api:
    """An API whose queue does not take messages with one of these events."""

    def deliver(body: str) -> None:
        if refused := {event.id for event in known_events(body)}.intersection(ids):
            raise DependencyUnavailable(", ".join(refused))
        intake.bodies.append(body)

    intake = MemoryIntake(MemoryClaimChecks(), deliver)
    return Api(intake)


def test_a_structured_event_is_queued_unchanged(api: Api) -> None:
    status, body, _ = api(usage().to_json())

    assert status == 202
    assert body == {
        "accepted": 1,
        "rejected": 0,
        "failed": 0,
        "results": [{"index": 0, "id": "e-1", "source": "/partners/acme", "status": "accepted", "problems": []}],
    }
    assert api.queued == [usage()]


def test_a_binary_event_is_queued_as_the_same_event(api: Api) -> None:
    headers = {"content-type": "application/json"} | {
        f"CE-{name}": str(value) for name, value in usage().to_dict().items() if name != "data"
    }

    status, _, _ = api(usage().data, headers)

    assert status == 202
    assert api.queued == [usage(datacontenttype="application/json")]


def test_a_contact_may_come_in_too(api: Api) -> None:
    status, _, _ = api(contact().to_json())

    assert status == 202
    assert api.queued == [contact()]


def test_a_body_is_decoded_when_the_gateway_sent_it_as_base64(api: Api) -> None:
    status, _, _ = api(contact().to_json(), encoded=True)

    assert status == 202
    assert api.queued == [contact()]


@pytest.mark.parametrize("to_http", [sdk_http.to_structured, sdk_http.to_binary])
def test_the_official_sdk_s_events_are_accepted(api: Api, to_http) -> None:
    attributes = {"id": "sdk-1", "source": "/sdk", "type": "partner.payment.settled", "specversion": "1.0"}
    message = to_http(SdkEvent(attributes=attributes, data=payment()), JSONFormat())

    status, body, _ = api(message.body, message.headers)

    assert (status, body["accepted"]) == (202, 1)
    assert api.queued[0].data == payment()


def test_97_are_queued_and_3_named_when_a_batch_of_100_has_3_bad_ones(api: Api) -> None:
    batch: list[Any] = [settled(id=f"e-{i}").to_dict() for i in range(100)]
    batch[7] = "no event at all"
    batch[42]["data"] = payment(currency="gold")
    batch[99]["specversion"] = "0.3"

    status, body, _ = api(batch, BATCH)

    assert (status, body["accepted"], body["rejected"]) == (202, 97, 3)
    assert len(api.queued) == 97
    assert [r["index"] for r in body["results"]] == list(range(100))
    bad = [r for r in body["results"] if r["status"] == "rejected"]
    assert [(r["index"], r.get("id"), {p["field"] for p in r["problems"]}) for r in bad] == [
        (7, None, {"event"}),
        (42, "e-42", {"data.currency"}),
        (99, "e-99", {"specversion"}),
    ]


def test_an_empty_batch_is_accepted(api: Api) -> None:
    status, body, _ = api([], BATCH)

    assert (status, body["accepted"], body["results"]) == (202, 0, [])


def test_a_batch_is_refused_as_a_whole_when_all_of_it_is_rejected(api: Api) -> None:
    status, body, answer = api([usage(data={}).to_dict(), {"id": "x"}], BATCH)

    assert status == 422
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert [(r["index"], r["id"], r["status"]) for r in body["results"]] == [
        (0, "e-1", "rejected"),
        (1, "x", "rejected"),
    ]


@pytest.mark.parametrize("body", ["{}", "[", b"\xff"])
def test_400_when_a_batch_is_no_array(api: Api, body: Any) -> None:
    status, problem, answer = api(body, BATCH, encoded=True)

    assert (status, problem["status"]) == (400, 400)
    assert problem_fields(answer) == ["batch"]


def test_413_when_a_batch_is_too_long(api: Api) -> None:
    status, _, _ = api([{}] * (MAX_BATCH + 1), BATCH)

    assert status == 413
    assert api.queued == []


@pytest.mark.parametrize(
    ("body", "field"),
    [("{nonsense", "event"), ("[]", "event"), (members(specversion="0.3"), "specversion"), (members(id=None), "id")],
)
def test_400_naming_the_field_when_it_is_no_cloudevent(api: Api, body: Any, field: str) -> None:
    status, problem, answer = api(body)

    assert status == 400
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert problem["detail"] == "not a CloudEvent 1.0"
    assert problem_fields(answer) == [field]


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (settled(data=payment(amount=1.5)), "data.amount"),
        (usage(type="billing.invoice.paid"), "type"),
        (usage(type="no.such.thing"), "type"),
        (usage(dataschema="urn:breakwater:schema:partner.usage.reported:v9"), "dataschema"),
        (contact(time=None), "time"),
    ],
)
def test_422_naming_the_field_when_the_event_does_not_fit(api: Api, event: CloudEvent, field: str) -> None:
    status, _, answer = api(event.to_json())

    assert status == 422
    assert problem_fields(answer) == [field]
    assert api.queued == []


def test_413_when_the_event_is_too_large(api: Api) -> None:
    status, problem, answer = api(usage(data={**usage().data, "note": "x" * 4_000_000}).to_json())

    assert (status, problem["detail"]) == (413, "the event is too large")
    assert problem_fields(answer) == ["event"]


@pytest.mark.parametrize("headers", [{"content-type": "text/plain"}, {"accept": "*/*"}])
def test_415_when_the_content_type_is_none_of_the_three_modes(api: Api, headers: dict[str, str]) -> None:
    status, problem, _ = api(usage().to_json(), headers)

    assert status == 415
    assert "application/cloudevents+json" in problem["detail"]


def test_503_with_retry_after_when_the_queue_does_not_take_the_event() -> None:
    status, problem, answer = refusing("e-1")(usage().to_json())

    assert (status, problem["title"]) == (503, "Service Unavailable")
    assert answer["headers"]["Retry-After"] == "1"


def test_only_what_the_queue_did_not_take_is_failed_in_a_batch() -> None:
    api = refusing("e-1")
    large = "x" * 40_000  # so that two share no message

    status, body, _ = api([usage(id=f"e-{i}", subject=large).to_dict() for i in range(3)], BATCH)

    assert (status, body["accepted"], body["failed"]) == (202, 2, 1)
    assert [r["status"] for r in body["results"]] == ["accepted", "failed", "accepted"]
    assert [e.id for e in api.queued] == ["e-0", "e-2"]


def test_the_right_one_is_failed_when_a_rejected_one_stands_before_it() -> None:
    status, body, answer = refusing("e-2")([{}, usage(id="e-2").to_dict()], BATCH)

    assert status == 503
    assert [r["status"] for r in body["results"]] == ["rejected", "failed"]
    assert answer["headers"]["Retry-After"] == "1"


def test_the_document_is_served(api: Api) -> None:
    status, body, _ = api("", {}, path="/openapi.json")

    assert status == 200
    assert body["openapi"].startswith("3.1")
