"""Who reads what of the catalog, and how it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mypy import nodes, patterns
from typer.testing import CliRunner

from contracts.company import SERVICES
from contracts.readers import Reading, UnreadableSource, cache, facts, hurt_by, inference, readings, templates
from contracts.readers.reading import ROOT, Built, Place
from contracts.readers.rules import matches
from contracts.readers.walk import CHILDREN
from events.catalog import CATALOG
from ops.__main__ import app
from tests.unit.readers_builders import handler, shop
from tests.unit.wiring_builders import service

ISSUED = "billing.invoice.issued"


@pytest.fixture(scope="module")
def ours() -> tuple[Reading, ...]:
    return readings()


def fields_read(found: tuple[Reading, ...], consumer: str, type_: str) -> set[str]:
    return {r.path for r in found if (r.consumer, r.type, r.how) == (consumer, type_, "reads")}


@pytest.mark.parametrize(
    ("consumer", "type_", "fields"),
    [
        ("billing", "ingestion.payment.settled", "amount currency invoice_id payment_id"),
        ("billing", "ingestion.payment.failed", "amount currency invoice_id payment_id reason"),
        ("billing", "ingestion.usage.recorded", ""),
        ("billing-usage", "ingestion.usage.recorded", "customer_id meter quantity used_at"),
        ("billing-usage", "ingestion.payment.settled", ""),
        (
            "notification-contacts",
            "customer.contact.updated",
            "channels channels.email channels.webhook_url customer_id name",
        ),
        ("notification", "billing.invoice.paid", "amount currency customer_id invoice_id paid_at payment_id"),
        ("ingestion", "partner.usage.reported", "customer_id meter quantity used_at"),
    ],
)
def test_our_consumers_read_these_fields_and_no_others(
    ours: tuple[Reading, ...], consumer: str, type_: str, fields: str
) -> None:
    assert fields_read(ours, consumer, type_) == set(fields.split())


def test_a_field_that_nobody_reads_is_not_said_to_be_read(ours: tuple[Reading, ...]) -> None:
    assert "lines[].meter" not in fields_read(ours, "notification", ISSUED)
    assert "lines[].amount" in fields_read(ours, "notification", ISSUED)


def test_a_customers_webhook_is_passed_the_whole_event(ours: tuple[Reading, ...]) -> None:
    whole = [r for r in ours if r.consumer == "notification" and r.how == "passes on whole" and r.type == ISSUED]

    (line,) = {(ROOT / r.place[0]).read_text().splitlines()[r.place[1] - 1].strip() for r in whole}
    assert line == "body=event.to_json(),"


def test_every_place_that_is_named_is_there(ours: tuple[Reading, ...]) -> None:
    for reading in ours:
        file, line = reading.place
        assert (ROOT / file).read_text().splitlines()[line - 1].strip()


def test_what_is_forwarded_is_read_by_the_one_who_forwards_it(ours: tuple[Reading, ...]) -> None:
    assert {r.consumer for r in ours if r.type == "customer.contact.updated"} == {"ingestion", "notification-contacts"}


# What services make


def test_a_payload_is_made_by_a_call_or_where_its_class_is_passed_along(tmp_path: Path) -> None:
    code = "def becomes(model: type[Payload]) -> Any:\n    return model.model_validate({})\n" + handler(
        "becomes(OrderLost)\nprint(OrderPlaced.type)\nreturn ParcelSent(parcel_id='1', total=1)"
    )

    built = facts((shop(tmp_path, {"case": code}),), tmp_path, cache=None).built

    assert {b.type for b in built if not b.named} == {"shop.order.lost", "shop.parcel.sent"}
    assert "shop.order.placed" in {b.type for b in built if b.named}


# Templates

PAGES = {
    "shown": ("{{ order.total }}", "total"),
    "subscript": ("{{ order['total'] }}", "total"),
    "filtered": ("{{ order.total | money(order.note) }}", "note total"),
    "tested": ("{% if order.note and order.total > 3 %}x{% endif %}", "note total"),
    "looped": ("{% for part in order.parts %}{{ part.sku }}{% endfor %}", "parts parts[].sku"),
    "looped_with_a_filter": ("{% for p in order.parts | sort %}{{ p.sku }}{% endfor %}", "parts parts[].sku"),
    "set": ("{% set parts = order.parts %}{{ parts[0].price }}", "parts parts[].price"),
    "with_": ("{% with o = order %}{{ o.total }}{% endwith %}", "total"),
    "chosen": ("{{ (order if order.note else order).total }}", "note total"),
    "whole": ("{{ order }}", "=payload"),
    "whole_by_a_filter": ("{{ order | tojson }}", "=payload"),
    "computed": ("{{ order[key] }}", "=payload"),
    "counted": ("{{ order.parts | length }}", "parts"),
    "set_in_a_block": ("{% block b %}{{ order.total }}{% endblock %}", "total"),
    "macro": ("{% macro m(x) %}{{ x }}{% endmacro %}{{ m(order.total) }}", "total"),
    "others": ("{{ contact.name }}", ""),
    "extended": ("{% extends 'layout.html.j2' %}{% block c %}{% endblock %}", "order_id"),
    "included": ("{% include 'layout.html.j2' %}", "order_id"),
}
RENDERING = """
from jinja2 import Environment
def page(order: OrderPlaced) -> str:
    return Environment().get_template("page").render({RENDERED})
"""


def pages(root: Path, text: str) -> Path:
    folder = root / "functions" / "shop" / "templates" / "shop.order.placed"
    folder.mkdir(parents=True)
    (folder / "page.html.j2").write_text(text)
    (folder.parent / "layout.html.j2").write_text("{{ order.order_id }}")
    return folder


@pytest.mark.parametrize("name", PAGES)
def test_a_template_reads_fields_in_every_way_that_jinja_has(name: str, tmp_path: Path) -> None:
    text, reads = PAGES[name]
    given = {"order": frozenset({Place("shop.order.placed", 1, "")})}

    used = templates.uses(pages(tmp_path, text), given)

    told = {place.path if how == "reads" else f"={place.path or 'payload'}" for _, _, place, how in used}
    assert told == set(reads.split())


@pytest.mark.parametrize("rendered", ['{"order": order, "contact": 1}', "order=order, contact=1"])
def test_a_template_in_a_folder_named_by_a_type_gets_what_the_code_renders_it_with(
    rendered: str, tmp_path: Path
) -> None:
    body = "p = payload_of(event)\nassert isinstance(p, OrderPlaced)\nreturn page(p)"
    company = shop(tmp_path, {"case": RENDERING.replace("{RENDERED}", rendered) + handler(body)})
    pages(tmp_path, "\n{{ order.total }} {{ contact.name }}")

    found = facts((company,), tmp_path, cache=None).readings

    where = "functions/shop/templates/shop.order.placed/page.html.j2:2"
    assert {(r.type, r.path, r.where) for r in found if r.how != "checks"} == {("shop.order.placed", "total", where)}


# Rules


def test_a_rule_reads_the_payload_fields_that_its_pattern_names(tmp_path: Path) -> None:
    asked = f'{{"detail-type": ["{ISSUED}"],\n"detail": {{"source": ["x"],\n"data": {{"lines": {{"amount": [1]}}}}}}}}'
    post = service(tmp_path, "post", takes=asked)

    (reading,) = matches((post,), tmp_path, CATALOG)

    assert (reading.type, reading.path, reading.how, reading.rule) == (ISSUED, "lines[].amount", "matches", "post-news")
    file, line = reading.place
    assert '"amount": [1]' in (tmp_path / file).read_text().splitlines()[line - 1]


# Remembered


def test_what_was_inferred_is_not_inferred_again_until_the_code_changes(tmp_path: Path, monkeypatch) -> None:
    company = shop(tmp_path, {"case": handler("return event.data['total']")})
    asked: list[Path] = []
    infer = inference.facts
    monkeypatch.setattr(inference, "facts", lambda services, root: asked.append(root) or infer(services, root))

    first, again = (facts((company,), tmp_path, cache=tmp_path / "cache") for _ in range(2))
    (tmp_path / "functions" / "shop" / "more.py").write_text("")
    facts((company,), tmp_path, cache=tmp_path / "cache")

    assert first == again
    assert len(asked) == 2


def test_code_that_does_not_parse_is_said_with_its_place(tmp_path: Path) -> None:
    company = shop(tmp_path, {"case": "def handle(:"})

    with pytest.raises(UnreadableSource, match=r"case\.py:\d+: error: .*[Ss]yntax"):
        facts((company,), tmp_path, cache=None)


def test_facts_survive_the_cache_unchanged(tmp_path: Path) -> None:
    known = inference.Facts(readings=(reading("a"),), built=(Built(service="shop", type="t", where="f:1", named=True),))
    cache._save(tmp_path / "facts.json", known)

    assert cache._loaded((tmp_path / "facts.json").read_text()) == known


# Told


def reading(path: str, how: str = "reads", consumer: str = "post", line: int = 1, **changes: str) -> Reading:
    members = {"service": "s", "consumer": consumer, "type": "t", "version": 1, "path": path, "how": how}
    return Reading(**{**members, "where": f"functions/s/{consumer}.py:{line}", **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "found", "told"),
    [
        ("a", [reading("a", line=9), reading("a", line=10)], "read by post (functions/s/post.py:9)"),
        ("a", [reading("b")], ""),
        ("a", [reading("ab")], ""),
        ("lines", [reading("lines[].amount")], "read by post (functions/s/post.py:1)"),
        ("lines[].amount", [reading("lines")], ""),
        ("lines[].amount", [reading("lines", "passes on whole")], "passed on whole by post (functions/s/post.py:1)"),
        ("a", [reading("", "passes on whole")], "passed on whole by post (functions/s/post.py:1)"),
        ("a", [reading("", "checks")], "checked with the whole payload by post (functions/s/post.py:1)"),
        ("a", [reading("", "checks"), reading("a", line=2)], "read by post (functions/s/post.py:2)"),
        (
            "a",
            [reading("a"), reading("a", "matches", rule="post-news")],
            "read by post (functions/s/post.py:1), matched by rule post-news (functions/s/post.py:1)",
        ),
        (
            "a",
            [reading("a", consumer=c) for c in "edcba"],
            "read by a (functions/s/a.py:1), read by b (functions/s/b.py:1), read by c (functions/s/c.py:1) and 2 more",
        ),
        ("a", [reading("a", type="other")], ""),
        ("a", [], ""),
    ],
)
def test_who_is_hurt_is_told_in_a_few_words(path: str, found: list[Reading], told: str) -> None:
    assert hurt_by("t", 1, path, found) == told


def test_systems_that_are_not_ours_are_named_first() -> None:
    assert hurt_by("notification.message.sent", 1, "channel", []) == "taken by systems that are not ours"


def test_the_command_shows_a_table_and_gives_json(ours: tuple[Reading, ...]) -> None:
    shown = CliRunner().invoke(app, ["schemas", "readers", ISSUED])
    given = CliRunner().invoke(app, ["schemas", "readers", "--json"])

    heading, *rows = shown.output.splitlines()
    assert heading.split() == ["type", "field", "who", "how", "where"]
    assert any("lines[].amount" in row and "body.html.j2" in row for row in rows)
    assert tuple(Reading(**members) for members in json.loads(given.output)) == ours


def test_the_command_refuses_a_type_that_is_not_in_the_catalog() -> None:
    result = CliRunner().invoke(app, ["schemas", "readers", "billing.invoice"])

    assert result.exit_code == 2
    assert "known: billing.invoice.issued" in result.output


# The walk

#: Nodes with no code in them, or with types only.
LEAVES = {
    "NameExpr IntExpr StrExpr BytesExpr FloatExpr ComplexExpr EllipsisExpr TempNode SingletonPattern",
    "Import ImportFrom ImportAll ImportBase PassStmt BreakStmt ContinueStmt GlobalDecl NonlocalDecl TypeAliasStmt",
    "TypeVarExpr ParamSpecExpr TypeVarTupleExpr TypeVarLikeExpr TypeAliasExpr NamedTupleExpr TypedDictExpr",
    "EnumCallExpr PromoteExpr NewTypeExpr TypeFormExpr FakeExpression",
    "Statement Expression RefExpr Pattern",  # bases
}


def test_the_walk_knows_every_kind_of_node_that_mypy_has() -> None:
    kinds = {
        kind
        for module in (nodes, patterns)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, nodes.Statement | nodes.Expression | patterns.Pattern)
    }

    assert {kind.__name__ for kind in kinds - CHILDREN.keys()} == {name for line in LEAVES for name in line.split()}
    assert {service.name for service in SERVICES} == {"ingestion", "billing", "notification"}
