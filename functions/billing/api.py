"""Lambda: billing's HTTP API. What it promises is in openapi.json, which openapi.py builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from pydantic import BaseModel, TypeAdapter, ValidationError

from events.catalog import Identifier
from events.envelope import Problem, problems_in
from functions.billing import wiring
from functions.billing.answers import KEY_HEADER, Answers, key_reused
from functions.billing.documents import (
    InvoiceDocument,
    InvoicePage,
    InvoiceQuery,
    NewInvoice,
    RequestHeaders,
    UsageDocument,
    UsageQuery,
)
from functions.billing.ports import InvalidCursor
from functions.billing.process import Billing, KeyReused
from runtime.errors import BusinessRuleViolated
from runtime.http import HttpProblem, answer, api, json_body, serve
from runtime.starting import at_start

OPENAPI: Final = Path(__file__).with_name("openapi.json")

Query = TypeVar("Query", bound=BaseModel)
_IDENTIFIER: Final[TypeAdapter[str]] = TypeAdapter(Identifier)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return serve(_app(), event, context, tracer=wiring.tracer())


@cache
def _app() -> APIGatewayHttpResolver:
    return build(wiring.billing(), wiring.answers())


def build(billing: Billing, store: BasePersistenceLayer) -> APIGatewayHttpResolver:
    """The API on any billing. `store` remembers the answers to keys, and must be used for nothing else."""
    app = api(OPENAPI)
    routes = _Routes(app, billing, Answers(store))
    app.post("/invoices")(routes.issue)
    app.get("/invoices")(routes.page)
    app.get("/invoices/<invoice_id>")(routes.read)
    app.post("/invoices/<invoice_id>/void")(routes.void)
    app.get("/customers/<customer_id>/usage")(routes.usage)
    return app


class _Routes:
    """Each route translates, calls one method of billing, and translates back."""

    def __init__(self, app: APIGatewayHttpResolver, billing: Billing, answers: Answers) -> None:
        self._app = app
        self._billing = billing
        self._answers = answers

    def issue(self) -> Response[str]:
        key = _idempotency_key(self._app.current_event.headers)
        wanted = json_body(self._app, NewInvoice)
        made = self._answers.once(key, wanted, lambda: self._issue(key, wanted), self._app.lambda_context)
        document = InvoiceDocument.model_validate(made)
        return answer(HTTPStatus.CREATED, document, headers={"Location": f"/invoices/{document.id}"})

    def _issue(self, key: str, wanted: NewInvoice) -> dict[str, Any]:
        with _rules(HTTPStatus.UNPROCESSABLE_ENTITY):
            invoice = self._billing.issue_invoice(wanted.to_order(key))
        return InvoiceDocument.of(invoice).model_dump(mode="json", exclude_none=True)

    def page(self) -> Response[str]:
        asked = self._query(InvoiceQuery)
        try:
            page = self._billing.invoices_of(asked.customer_id, limit=asked.limit, cursor=asked.cursor)
        except InvalidCursor as error:
            problem = Problem("cursor", "is not a next_cursor of this listing")
            raise HttpProblem(HTTPStatus.BAD_REQUEST, problems=[problem]) from error
        return answer(HTTPStatus.OK, InvoicePage.of(page))

    def read(self, invoice_id: str) -> Response[str]:
        invoice = self._billing.invoice(_known_form(invoice_id, "invoice"))
        if invoice is None:
            raise _absent("invoice", invoice_id)
        return answer(HTTPStatus.OK, InvoiceDocument.of(invoice))

    def void(self, invoice_id: str) -> Response[str]:
        with _rules(HTTPStatus.CONFLICT):
            invoice = self._billing.void_invoice(_known_form(invoice_id, "invoice"))
        if invoice is None:
            raise _absent("invoice", invoice_id)
        return answer(HTTPStatus.OK, InvoiceDocument.of(invoice))

    def usage(self, customer_id: str) -> Response[str]:
        asked = self._query(UsageQuery)
        with _rules(HTTPStatus.CONFLICT):
            usage = self._billing.usage(_known_form(customer_id, "customer"), asked.period)
        return answer(HTTPStatus.OK, UsageDocument.of(usage))

    def _query(self, model: type[Query]) -> Query:
        try:
            return model.model_validate(self._app.current_event.query_string_parameters or {})
        except ValidationError as error:
            raise HttpProblem(HTTPStatus.BAD_REQUEST, problems=problems_in(error)) from error


def _idempotency_key(headers: Mapping[str, str]) -> str:
    values = [value for name, value in headers.items() if name.lower() == KEY_HEADER.lower()]
    try:
        return RequestHeaders.model_validate({KEY_HEADER: values[0]} if values else {}).idempotency_key
    except ValidationError as error:
        raise HttpProblem(
            HTTPStatus.BAD_REQUEST,
            detail=f"send an {KEY_HEADER} header: the same for each try at one invoice, another for each invoice",
            problems=problems_in(error),
        ) from error


def _known_form(id_: str, kind: str) -> str:
    """Ids that no service could have given are looked up nowhere."""
    try:
        return _IDENTIFIER.validate_python(id_)
    except ValidationError as error:
        raise _absent(kind, id_) from error


def _absent(kind: str, id_: str) -> HttpProblem:
    return HttpProblem(HTTPStatus.NOT_FOUND, detail=f"there is no {kind} {id_}")


@contextmanager
def _rules(status: HTTPStatus) -> Iterator[None]:
    """A request that is against a rule of the business is answered with `status` and the rule."""
    try:
        yield
    except KeyReused as error:
        raise key_reused() from error
    except BusinessRuleViolated as error:
        raise HttpProblem(status, detail=str(error)) from error


at_start(_app, "dynamodb", environ=wiring.ENVIRONMENT)
