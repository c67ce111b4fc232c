from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from events.envelope import Problem
from runtime.errors import Conflict
from runtime.http import HttpProblem, answer, api, json_body, raw_body


class Order(BaseModel):
    quantity: int
    note: str | None = None


def request(method: str, path: str, body: str = "", *, content_type: str = "application/json", **more) -> dict:
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": {"content-type": content_type},
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        "body": body,
        "isBase64Encoded": False,
    } | more


@pytest.fixture
def call(tmp_path: Path):
    document = tmp_path / "openapi.json"
    document.write_text('{"openapi": "3.1.0"}')
    app = api(document)

    @app.post("/orders")
    def create() -> Response[str]:
        return answer(201, json_body(app, Order), headers={"Location": "/orders/1"})

    @app.post("/raw")
    def raw() -> Response[str]:
        return Response(200, "text/plain", raw_body(app).hex())

    @app.get("/fails/<how>")
    def fail(how: str) -> Response[str]:
        raise {
            "problem": HttpProblem(409, detail="in flight", problems=[Problem("x", "y")], headers={"Retry-After": "1"}),
            "later": Conflict("busy"),
            "bug": ZeroDivisionError("secret"),
        }[how]

    def go(*args, **kwargs) -> tuple[int, dict, str]:
        result = app.resolve(request(*args, **kwargs), {})
        return int(result["statusCode"]), result["headers"], result["body"]

    return go


def test_an_answer_leaves_absent_fields_out(call) -> None:
    status, headers, body = call("POST", "/orders", '{"quantity": 2}')

    assert (status, headers["Location"], body) == (201, "/orders/1", '{"quantity":2}')


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [("{}", "text/plain", 415), ("{", "application/json", 400), ("{}", "application/json; charset=utf-8", 422)],
)
def test_a_body_that_does_not_fit_is_answered_with_problem_details(
    call, body: str, content_type: str, status: int
) -> None:
    actual, headers, text = call("POST", "/orders", body, content_type=content_type)

    assert (actual, headers["Content-Type"]) == (status, "application/problem+json")
    assert json.loads(text)["status"] == status


def test_the_field_at_fault_is_named(call) -> None:
    _, _, body = call("POST", "/orders", '{"quantity": "many"}')

    assert [error["field"] for error in json.loads(body)["errors"]] == ["quantity"]


def test_a_base64_body_is_decoded(call) -> None:
    encoded = base64.b64encode(b"\xff\x00").decode()

    assert call("POST", "/raw", encoded, isBase64Encoded=True)[2] == "ff00"


def test_a_problem_raised_in_a_route_is_the_answer(call) -> None:
    status, headers, body = call("GET", "/fails/problem")

    assert (status, headers["Retry-After"]) == (409, "1")
    assert json.loads(body)["errors"] == [{"field": "x", "message": "y"}]


def test_a_transient_error_asks_to_come_back(call) -> None:
    status, headers, _ = call("GET", "/fails/later")

    assert (status, headers["Retry-After"]) == (503, "1")


def test_a_bug_is_answered_without_its_details(call) -> None:
    status, _, body = call("GET", "/fails/bug")

    assert status == 500
    assert "secret" not in body


def test_an_unknown_route_points_to_the_document(call) -> None:
    status, _, body = call("GET", "/nowhere")

    assert status == 404
    assert "/openapi.json" in json.loads(body)["detail"]


def test_the_document_is_served_as_committed(call) -> None:
    assert call("GET", "/openapi.json")[2] == '{"openapi": "3.1.0"}'
