"""The API's OpenAPI 3.1 document, built from the models in documents.py. openapi.json is the same, committed."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from functions.billing.answers import KEY_HEADER
from functions.billing.documents import (
    InvoiceDocument,
    InvoicePage,
    InvoiceQuery,
    NewInvoice,
    RequestHeaders,
    UsageDocument,
    UsageQuery,
)
from runtime.http import JSON_MEDIA_TYPE, MAX_JSON_BYTES, PROBLEM_MEDIA_TYPE, ProblemDetails

Json = dict[str, Any]

_REF: Final = "#/components/schemas/{model}"

_INVOICE: Final[Json] = {
    "id": "inv_20260520_9b1c04d2aa",
    "customer_id": "cus_abc123",
    "state": "issued",
    "amount": 49900,
    "currency": "USD",
    "lines": [{"description": "Onboarding", "quantity": 1, "amount": 49900, "unit_amount": 49900}],
    "created_at": "2026-05-20T14:30:00Z",
    "issued_at": "2026-05-20T14:30:00Z",
    "due_at": "2026-06-03T00:00:00Z",
}
_NEW_INVOICE: Final[Json] = {
    "customer_id": "cus_abc123",
    "currency": "USD",
    "lines": [{"description": "Onboarding", "quantity": 1, "unit_amount": 49900}],
    "due_at": "2026-06-03T00:00:00Z",
}
_USAGE: Final[Json] = {
    "customer_id": "cus_abc123",
    "period": "2026-05",
    "currency": "USD",
    "amount": 80,
    "meters": [
        {
            "meter": "api_calls",
            "description": "API calls",
            "quantity": 12000,
            "amount": 80,
            "billed_quantity": 0,
        }
    ],
}


def document() -> Json:
    """The whole document, the same at every call."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Breakwater billing",
            "version": "1.0.0",
            "description": "Invoices and metered usage. Amounts are integer minor units of an ISO 4217 currency.",
        },
        "paths": {
            "/invoices": {"post": _issue(), "get": _page()},
            "/invoices/{invoice_id}": {"get": _read()},
            "/invoices/{invoice_id}/void": {"post": _void()},
            "/customers/{customer_id}/usage": {"get": _usage()},
            "/openapi.json": {"get": _self()},
        },
        "components": {"schemas": _schemas()},
    }


def _issue() -> Json:
    key = RequestHeaders.model_json_schema()["properties"][KEY_HEADER]
    return _operation(
        "issueInvoice",
        "Issue an invoice",
        parameters=[
            _parameter(
                KEY_HEADER,
                "header",
                key,
                required=True,
                description="The same for each try at one invoice: it is issued once, and each try gets one answer.",
            )
        ],
        requestBody={"required": True, "content": _content(NewInvoice, _NEW_INVOICE)},
        responses={
            "201": _answer(
                "Issued",
                InvoiceDocument,
                _INVOICE,
                headers={"Location": {"description": "the invoice's path", "schema": {"type": "string"}}},
            ),
            **_problems(
                {
                    400: "The body is not JSON, or the Idempotency-Key is missing",
                    409: "A request with this key is at work",
                    413: f"The body is over {MAX_JSON_BYTES} bytes",
                    415: "The body is not declared as JSON",
                    422: "Fields do not fit, or the key was used with another body",
                }
            ),
        },
    )


def _page() -> Json:
    return _operation(
        "listInvoices",
        "A customer's invoices, newest first",
        parameters=_query(InvoiceQuery),
        responses={
            "200": _answer("A page", InvoicePage, {"invoices": [_INVOICE]}),
            **_problems({400: "A parameter is missing or does not fit"}),
        },
    )


def _read() -> Json:
    return _operation(
        "getInvoice",
        "An invoice",
        parameters=[_path("invoice_id")],
        responses={
            "200": _answer("The invoice", InvoiceDocument, _INVOICE),
            **_problems({404: "There is no such invoice"}),
        },
    )


def _void() -> Json:
    return _operation(
        "voidInvoice",
        "Void an invoice that is not paid",
        parameters=[_path("invoice_id")],
        responses={
            "200": _answer(
                "Void, now or before",
                InvoiceDocument,
                {**_INVOICE, "state": "void", "voided_at": "2026-05-21T08:00:00Z"},
            ),
            **_problems({404: "There is no such invoice", 409: "The invoice is paid"}),
        },
    )


def _usage() -> Json:
    return _operation(
        "getUsage",
        "A customer's usage in a period, with what it costs so far",
        parameters=[_path("customer_id"), *_query(UsageQuery)],
        responses={
            "200": _answer("The usage, by meter", UsageDocument, _USAGE),
            **_problems(
                {
                    400: "A parameter does not fit",
                    404: "There can be no such customer",
                    409: "A meter with usage has no price any more",
                }
            ),
        },
    )


def _self() -> Json:
    answer = {"description": "OpenAPI 3.1", "content": {JSON_MEDIA_TYPE: {"schema": {"type": "object"}}}}
    return {"operationId": "getOpenapi", "summary": "This document", "responses": {"200": answer}}


def _operation(id_: str, summary: str, *, responses: Json, **more: Any) -> Json:
    """Every operation may fail in the two ways that no caller is to blame for."""
    at_any_time = _problems({500: "Our mistake", 503: "Something is down for now: try again"})
    return {"operationId": id_, "summary": summary, **more, "responses": {**responses, **at_any_time}}


def _answer(description: str, model: type[BaseModel], example: Json, **more: Any) -> Json:
    return {"description": description, "content": _content(model, example), **more}


def _content(model: type[BaseModel], example: Json) -> Json:
    return {JSON_MEDIA_TYPE: {"schema": _ref(model), "example": example}}


def _problems(by_status: dict[int, str]) -> Json:
    content = {PROBLEM_MEDIA_TYPE: {"schema": _ref(ProblemDetails)}}
    return {str(status): {"description": text, "content": content} for status, text in by_status.items()}


def _path(name: str) -> Json:
    schema = UsageDocument.model_json_schema()["properties"]["customer_id"]
    return _parameter(name, "path", schema, required=True)


def _query(model: type[BaseModel]) -> list[Json]:
    schema = model.model_json_schema()
    required = schema.get("required", ())
    return [_parameter(name, "query", field, required=name in required) for name, field in schema["properties"].items()]


def _parameter(name: str, place: str, schema: Json, *, required: bool, description: str | None = None) -> Json:
    """A schema's own title and description belong to the parameter; null is an absent parameter."""
    kept = {key: value for key, value in schema.items() if key not in ("title", "description", "anyOf", "default")}
    given: Json = next((option for option in schema.get("anyOf", ()) if option != {"type": "null"}), {})
    default = {"default": schema["default"]} if schema.get("default") is not None else {}
    text = description or schema.get("description")
    return {
        "name": name,
        "in": place,
        "required": required,
        **({"description": text} if text else {}),
        "schema": {**kept, **{k: v for k, v in given.items() if k != "description"}, **default},
    }


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}


def _schemas() -> Json:
    asked = [(NewInvoice, "validation")]
    given = [(model, "serialization") for model in (InvoiceDocument, InvoicePage, UsageDocument, ProblemDetails)]
    _, schemas = models_json_schema([*asked, *given], ref_template=_REF)  # type: ignore[list-item]
    return dict(sorted(schemas["$defs"].items()))
