"""The HTTP API on billing in memory, each answer held against the OpenAPI document."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from typing import Any

import jsonschema
import pytest

from functions.billing import api
from functions.billing.openapi import document
from local.memory.clock import VirtualClock
from local.memory.idempotency import MemoryIdempotency
from runtime.errors import DependencyUnavailable
from tests.unit.billing_builders import (
    CUSTOMER,
    NOW,
    World,
    answered,
    http_event,
    settled_event,
    usage_event,
)
from tests.unit.runtime_fakes import FakeContext

BODY = {
    "customer_id": CUSTOMER,
    "currency": "USD",
    "lines": [{"description": "Onboarding", "quantity": 2, "unit_amount": 24_950}],
}
DOCUMENT = document()


class Client:
    """Calls the API as API Gateway does and checks that the document foretold the answer."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.store = MemoryIdempotency(clock=VirtualClock(NOW))
        self.app = api.build(self.world.billing, self.store)

    def call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        response = self.app.resolve(http_event(method, path, **request), FakeContext())
        _check(method, path, response)
        return response

    def post(self, body: Any = BODY, key: str | None = "key-1", **headers: str) -> dict[str, Any]:
        keyed = {"idempotency-key": key} if key is not None else {}
        return self.call("POST", "/invoices", body=body, headers=keyed | headers)


def _check(method: str, path: str, response: dict[str, Any]) -> None:
    operation = _operation(method.lower(), path)
    if operation is None:
        return
    foretold = operation["responses"][str(response["statusCode"])]["content"]
    schema = foretold[response["headers"]["Content-Type"]]["schema"]
    jsonschema.validate(
        answered(response),
        {**schema, "components": DOCUMENT["components"]},
        cls=jsonschema.Draft202012Validator,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


def _operation(method: str, path: str) -> Any:
    for template, operations in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method in operations:
            return operations[method]
    return None


def fields(response: dict[str, Any]) -> list[str]:
    return [error["field"] for error in answered(response).get("errors", [])]


def test_an_invoice_is_issued_and_can_be_read_where_the_answer_says():
    client = Client()

    created = client.post({**BODY, "due_at": "2026-06-03T02:00:00+02:00"})
    read = client.call("GET", created["headers"]["Location"])

    assert created["statusCode"] == 201
    assert re.fullmatch(r"/invoices/inv_20260520_[0-9a-f]{20}", created["headers"]["Location"])
    assert answered(read) == answered(created)
    assert answered(created) == {
        "id": created["headers"]["Location"].removeprefix("/invoices/"),
        "customer_id": CUSTOMER,
        "state": "issued",
        "amount": 49_900,
        "currency": "USD",
        "lines": [{"description": "Onboarding", "quantity": 2, "amount": 49_900, "unit_amount": 24_950}],
        "created_at": "2026-05-20T14:30:00Z",
        "issued_at": "2026-05-20T14:30:00Z",
        "due_at": "2026-06-03T00:00:00Z",
    }


def test_one_invoice_is_issued_when_a_request_is_sent_twice():
    client = Client()

    first = client.post()
    client.world.clock.time += timedelta(minutes=5)
    second = client.post()

    assert (second["statusCode"], second["body"]) == (first["statusCode"], first["body"])
    assert second["headers"]["Location"] == first["headers"]["Location"]
    assert len(client.world.published) == 1


def test_the_first_answer_stands_when_the_invoice_changed_in_between():
    client = Client()
    first = client.post()
    client.call("POST", f"{first['headers']['Location']}/void")

    second = client.post()

    assert second["body"] == first["body"]


def test_one_invoice_is_issued_when_the_memory_of_answers_is_lost():
    client = Client()
    first = client.post()
    client.store.table.clear()

    second = client.post()

    assert second["body"] == first["body"]
    assert len(client.world.published) == 1


@pytest.mark.parametrize("forget", [False, True])
def test_a_key_is_refused_when_it_comes_with_another_body(forget):
    client = Client()
    client.post()
    if forget:
        client.store.table.clear()

    response = client.post({**BODY, "currency": "EUR"})

    assert response["statusCode"] == 422
    assert fields(response) == ["Idempotency-Key"]


def test_a_request_is_told_to_wait_when_its_twin_is_at_work():
    client = Client()
    answers = []

    class Reentrant:
        def __getattr__(self, name):
            return getattr(client.world.billing, name)

        def issue_invoice(self, order):
            answers.append(api.build(client.world.billing, client.store).resolve(self.request, FakeContext()))
            return client.world.billing.issue_invoice(order)

        request = http_event("POST", "/invoices", body=BODY, headers={"idempotency-key": "key-1"})

    outer = api.build(Reentrant(), client.store).resolve(Reentrant.request, FakeContext())

    assert outer["statusCode"] == 201
    assert answers[0]["statusCode"] == 409
    assert answers[0]["headers"]["Retry-After"] == "1"


@pytest.mark.parametrize("key", [None, "", "with space", "ü", "k" * 256])
def test_an_invoice_is_refused_when_its_key_is_missing_or_unfit(key):
    response = Client().post(key=key)

    assert response["statusCode"] == 400
    assert fields(response) == ["Idempotency-Key"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"customer_id": "not an id"}, "customer_id"),
        ({"currency": "usd"}, "currency"),
        ({"currency": "ABC"}, "currency"),
        ({"lines": []}, "lines"),
        ({"lines": [{"description": "x", "quantity": 0, "unit_amount": 1}]}, "lines.0.quantity"),
        ({"lines": [{"description": "x", "quantity": 1, "unit_amount": -1}]}, "lines.0.unit_amount"),
        ({"lines": [{"description": "x", "quantity": 1, "unit_amount": 1.5}]}, "lines.0.unit_amount"),
        ({"lines": [{"description": "x", "quantity": 1, "unit_amount": 1, "vat": 19}]}, "lines.0.vat"),
        ({"lines": [{"description": "x", "quantity": 1, "unit_amount": 1}] * 101}, "lines"),
        ({"due_at": "tomorrow"}, "due_at"),
        ({"due_at": "2026-06-03T00:00:00"}, "due_at"),
        ({"due_at": "9999-12-31T23:59:59-10:00"}, "due_at"),
        ({"due": "2026-06-03T00:00:00Z"}, "due"),
    ],
)
def test_an_invoice_is_refused_naming_the_field_that_does_not_fit(changes, named):
    client = Client()

    response = client.post({**BODY, **changes})

    assert response["statusCode"] == 422
    assert named in fields(response)
    assert client.world.published == []


def test_an_invoice_is_refused_when_its_amount_is_too_large_to_be_exact():
    line = {"description": "x", "quantity": 2**53 - 1, "unit_amount": 2}

    response = Client().post({**BODY, "lines": [line]})

    assert response["statusCode"] == 422
    assert "at most" in answered(response)["detail"]


def test_a_key_can_be_used_again_when_its_request_was_refused():
    client = Client()
    client.post({**BODY, "lines": [{"description": "x", "quantity": 2**53 - 1, "unit_amount": 2}]})

    assert client.post()["statusCode"] == 201


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [("{", "application/json", 400), (json.dumps(BODY), "text/plain", 415), ("[]", "application/json", 422)],
)
def test_an_invoice_is_refused_when_the_body_is_not_a_json_object(body, content_type, status):
    response = Client().post(body, **{"content-type": content_type})

    assert response["statusCode"] == status
    assert response["headers"]["Content-Type"] == "application/problem+json"


def test_a_body_is_understood_when_the_gateway_encodes_it():
    client = Client()
    request = http_event("POST", "/invoices", headers={"Idempotency-Key": "k"})
    request |= {"body": base64.b64encode(json.dumps(BODY).encode()).decode(), "isBase64Encoded": True}

    assert client.app.resolve(request, FakeContext())["statusCode"] == 201


@pytest.mark.parametrize("id_", ["inv_20260520_0000000000", "%23", "x" * 3000])
@pytest.mark.parametrize("action", ["", "/void"])
def test_there_is_no_invoice_when_nobody_issued_it(id_, action):
    response = Client().call("POST" if action else "GET", f"/invoices/{id_}{action}")

    assert response["statusCode"] == 404
    assert "there is no invoice" in answered(response)["detail"]


def test_an_invoice_is_void_when_it_is_voided_once_or_twice():
    client = Client()
    location = client.post()["headers"]["Location"]

    first, second = (client.call("POST", f"{location}/void") for _ in range(2))

    assert first["statusCode"] == second["statusCode"] == 200
    assert answered(first)["state"] == "void"
    assert answered(second) == answered(first)


def test_an_invoice_cannot_be_voided_when_it_is_paid():
    client = Client()
    invoice = client.world.issue()
    client.world.tell(settled_event(invoice))

    response = client.call("POST", f"/invoices/{invoice.id}/void")

    assert response["statusCode"] == 409
    assert "is paid: it cannot be voided" in answered(response)["detail"]


def test_a_customer_s_invoices_come_in_pages_newest_first():
    client = Client()
    issued = []
    for n in range(5):
        client.world.clock.time += timedelta(seconds=1)
        issued.append(client.world.issue(f"key-{n}").id)
    client.world.issue("other", customer_id="cus_other")

    pages, cursor = [], {}
    while True:
        query = {"customer_id": CUSTOMER, "limit": "2", **cursor}
        page = answered(client.call("GET", "/invoices", query=query))
        pages.append([invoice["id"] for invoice in page["invoices"]])
        if "next_cursor" not in page:
            break
        cursor = {"cursor": page["next_cursor"]}

    newest_first = issued[::-1]
    assert pages == [newest_first[:2], newest_first[2:4], newest_first[4:]]


def test_a_customer_without_invoices_has_an_empty_page():
    response = Client().call("GET", "/invoices", query={"customer_id": "cus_new"})

    assert answered(response) == {"invoices": []}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({}, "customer_id"),
        ({"customer_id": "a b"}, "customer_id"),
        ({"customer_id": CUSTOMER, "limit": "0"}, "limit"),
        ({"customer_id": CUSTOMER, "limit": "101"}, "limit"),
        ({"customer_id": CUSTOMER, "limit": "many"}, "limit"),
        ({"customer_id": CUSTOMER, "cursor": "nonsense"}, "cursor"),
        ({"customer_id": CUSTOMER, "cursor": "ü"}, "cursor"),
        ({"customer_id": CUSTOMER, "page": "2"}, "page"),
    ],
)
def test_a_listing_is_refused_naming_the_parameter_that_does_not_fit(query, named):
    response = Client().call("GET", "/invoices", query=query)

    assert response["statusCode"] == 400
    assert fields(response) == [named]


def test_usage_is_shown_by_meter_with_what_it_costs_and_what_is_billed():
    client = Client()
    client.world.tell(usage_event("u-1", quantity=2))
    client.world.close(NOW + timedelta(days=20))
    client.world.tell(usage_event("u-2", quantity=1))
    client.world.tell(usage_event("u-3", meter="api_calls", quantity=12_000))

    response = client.call("GET", f"/customers/{CUSTOMER}/usage", query={"period": "2026-05"})

    assert answered(response) == {
        "customer_id": CUSTOMER,
        "period": "2026-05",
        "currency": "USD",
        "amount": 4_580,
        "meters": [
            {"meter": "api_calls", "description": "API calls", "quantity": 12_000, "amount": 80, "billed_quantity": 0},
            {"meter": "seats", "description": "Seats", "quantity": 3, "amount": 4_500, "billed_quantity": 2},
        ],
    }


def test_usage_is_that_of_the_running_month_when_no_period_is_asked_for():
    response = Client().call("GET", f"/customers/{CUSTOMER}/usage")

    assert answered(response) == {
        "customer_id": CUSTOMER,
        "period": "2026-05",
        "currency": "USD",
        "amount": 0,
        "meters": [],
    }


@pytest.mark.parametrize("period", ["2026-13", "2026", "2026-05-01", ""])
def test_usage_is_refused_when_the_period_is_no_month(period):
    response = Client().call("GET", f"/customers/{CUSTOMER}/usage", query={"period": period})

    assert (response["statusCode"], fields(response)) == (400, ["period"])


def test_a_caller_is_told_to_try_again_when_the_store_is_away():
    client = Client()

    class Away:
        def invoice(self, id_):
            raise DependencyUnavailable("DynamoDB is away")

    client.app = api.build(Away(), client.store)

    response = client.call("GET", "/invoices/inv_1")

    assert (response["statusCode"], response["headers"]["Retry-After"]) == (503, "1")


def test_the_document_is_served_as_it_is_committed():
    response = Client().call("GET", "/openapi.json")

    assert answered(response) == DOCUMENT


def test_an_unknown_route_is_answered_with_problem_details():
    response = Client().call("DELETE", "/invoices")

    assert response["statusCode"] == 404
    assert response["headers"]["Content-Type"] == "application/problem+json"
