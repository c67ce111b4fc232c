from __future__ import annotations

import json
import re
from datetime import date
from html import unescape
from typing import ClassVar, NamedTuple

import pytest

from contracts.company import lifecycle_of
from contracts.page.fields import field_rows
from contracts.page.flow import OTHERS, flow
from contracts.page.highlight import highlighted, prose
from contracts.page.render import catalog_page
from contracts.page.view import TypeView, _version, types
from events.catalog import TYPES, BillingInvoiceIssued, BillingInvoicePaid, Payload


class Deprecated(NamedTuple):
    since: date
    sunset: date


class Old(Payload):
    """What was sent before."""

    type = "shipping.parcel.sent"
    lifecycle: ClassVar = Deprecated(since=date(2026, 11, 27), sunset=date(2027, 11, 27))

    parcel_id: str


def rows_of(properties: dict[str, object], **more: object) -> dict[str, tuple[str, str]]:
    return {row.path: (row.kind, row.bounds) for row in field_rows({"properties": properties, **more})}


@pytest.mark.parametrize(
    ("schema", "kind", "bounds"),
    [
        ({"type": "string", "minLength": 1, "maxLength": 9}, "text", "1 to 9 characters"),
        ({"type": "string", "format": "date-time"}, "date and time", ""),
        ({"type": "integer", "minimum": 0}, "whole number", "at least 0"),
        ({"type": "integer", "maximum": 1000}, "whole number", "at most 1,000"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "number", "more than 0, less than 1"),
        ({"enum": ["email", "webhook"]}, "one of email, webhook", ""),
        ({"const": "x"}, "always x", ""),
        ({"type": "array", "items": {"type": "boolean"}, "maxItems": 2}, "list of true or false", "at most 2 items"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "map to whole number", ""),
        ({"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]}, "text", "at most 3 characters"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "text or whole number", ""),
        ({}, "anything", ""),
    ],
)
def test_a_field_s_type_and_bounds_are_told_in_words(schema: dict[str, object], kind: str, bounds: str) -> None:
    assert rows_of({"field": schema}) == {"field": (kind, bounds)}


def test_fields_within_lists_and_maps_follow_under_their_paths() -> None:
    line = {"type": "object", "properties": {"amount": {"type": "integer"}}}
    properties = {
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        "by_day": {"additionalProperties": {"$ref": "#/$defs/Line"}},
        "data": {"$ref": "#/$defs/Line"},
    }

    rows = rows_of(properties, **{"$defs": {"Line": line}})

    assert list(rows) == ["lines", "lines[].amount", "by_day", "by_day{}.amount", "data", "data.amount"]
    assert rows["lines"][0] == "list of Line"


def test_a_model_that_holds_its_own_kind_is_told_once() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}

    rows = rows_of({"first": {"$ref": "#/$defs/Node"}}, **{"$defs": {"Node": node}})

    assert list(rows) == ["first", "first.next"]


def test_optional_fields_are_told_from_required_ones() -> None:
    required = {row.path for row in _version(BillingInvoiceIssued, {}).fields if row.required}

    assert required == {
        *("invoice_id", "customer_id", "amount", "currency"),
        *("lines[].description", "lines[].quantity", "lines[].amount"),
    }


def test_highlighting_changes_no_character() -> None:
    text = json.dumps({"a<b": 'say "hi": & </b>', "list": [1, True, None, {}]}, indent=2)

    marked = str(highlighted(text))

    assert "<b>&#34;a&lt;b&#34;</b>" in marked
    assert unescape(re.sub(r"</?[bi]>", "", marked)) == text


def test_what_stands_between_backticks_is_code_and_all_else_is_text() -> None:
    assert str(prose("the `id` of <an> event")) == "the <code>id</code> of &lt;an&gt; event"


def test_every_label_of_the_drawing_is_inside_it() -> None:
    for width in (336, 840):
        drawing = flow(types({}), key="x", width=width)

        assert {arrow.type for arrow in drawing.arrows} == TYPES
        for arrow in drawing.arrows:
            half = len(arrow.type) * 6.7 / 2
            assert half <= arrow.label_x <= drawing.width - half
            assert arrow.y < drawing.height


def test_arrows_lead_from_who_sends_to_who_takes_in() -> None:
    drawing = flow(types({}), key="x", width=840)
    lanes = {lane.x: lane.name for lane in drawing.lanes}
    told = {
        arrow.type: ([lanes[x] for x in arrow.dots], [(lanes[x], direction) for x, direction in arrow.heads])
        for arrow in drawing.arrows
    }

    assert told["customer.contact.updated"] == ([OTHERS, "ingestion"], [("notification", 1)])
    assert told["ingestion.record.rejected"] == (["ingestion"], [(OTHERS, -1)])
    assert told["billing.invoice.paid"] == (["billing"], [("notification", 1)])


def test_an_old_version_says_until_when_it_lives() -> None:
    version = _version(Old, {})

    assert lifecycle_of(Old) == version.lifecycle == "deprecated"
    assert version.dates == "since 2026-11-27, sunset 2027-11-27"
    assert lifecycle_of(BillingInvoicePaid) == "active"


def test_avro_schemas_are_shown_where_there_are_any() -> None:
    avro = {("billing.invoice.paid", 1): {"type": "record", "name": "BillingInvoicePaid"}}

    titles = {view.name: [panel.title for panel in view.versions[0].panels] for view in types(avro)}

    assert titles["billing.invoice.paid"] == ["Example", "Every field", "JSON Schema", "Avro"]
    assert titles["partner.usage.reported"] == ["Example", "JSON Schema"]


def test_an_event_type_is_found_by_its_fields_services_and_functions() -> None:
    (view,) = (view for view in types({}) if view.name == "ingestion.usage.recorded")

    assert isinstance(view, TypeView)
    for word in ("meter", "billing", "billing-usage", "usage was checked"):
        assert word in view.search_text


def test_the_page_is_the_same_at_every_call_and_refers_to_nothing_outside_itself() -> None:
    page = catalog_page({})

    assert page == catalog_page({})
    assert (
        re.findall(r"""(?:src|href|action|url)\s*[=(]\s*["']?(?!#|data:)[^"'\s>]+""", page.split("<script>")[0]) == []
    )
    assert "content=\"default-src 'none'" in page
