"""Each way in which services do not fit together, with the line at fault; and that ours do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from contracts.readers.reading import Built
from contracts.wiring import Problem, problems
from events.catalog import CATALOG, Payload
from events.money import MinorUnits
from runtime.manifest import Service
from tests.unit.wiring_builders import service, text_at


class Placed(Payload):
    type = "shop.order.placed"
    customer_id: str
    amount: MinorUnits
    colour: Literal["red", "green"] = "red"


class Reported(Payload):
    type = "partner.parcel.reported"
    produced_elsewhere = True
    weight: int


class Watched(Payload):
    type = "shop.order.watched"
    consumed_elsewhere: ClassVar[bool] = True


PLACED, REPORTED, WATCHED = Placed.type, Reported.type, Watched.type
SOURCES = {"shop": "shop-service", "post": "post-service"}


def made(*types: str, named: bool = False) -> list[Built]:
    return [Built(service="shop", type=type_, where="functions/shop/domain.py:7", named=named) for type_ in types]


def judged(root: Path, *services: Service, models: tuple[type[Payload], ...] = (Placed,), built=None) -> list[Problem]:
    catalog = {(model.type, model.version): model for model in models}
    emitted = [type_ for s in services if s.name == "shop" for type_ in s.emits]
    return problems(services, catalog=catalog, sources=SOURCES, built=built or made(*emitted), root=root)


def test_our_own_services_fit_together() -> None:
    assert problems() == []


def test_a_company_that_fits_together_has_no_problem(tmp_path: Path) -> None:
    shop = service(tmp_path, "shop", emits=(PLACED,))
    post = service(tmp_path, "post", takes=f'{{"source": ["shop-service"], **event_types("{PLACED}")}}')

    assert judged(tmp_path, shop, post) == []


@pytest.mark.parametrize(
    ("asked", "line", "message", "advice"),
    [
        ('"detail": {"data": {"total": [1]}}', '"total"', "asks about detail.data.total, a field that", "amount"),
        ('"detail": {"subjekt": ["x"]}', '"subjekt"', "asks about detail.subjekt", "subject"),
        ('"origin": ["x"]', '"origin"', "asks about origin", "source"),
        ('"detail": {"data": {"amount": [{"numeric": ["<", 0]}]}}', '"amount"', "numeric '<' 0", "minimum 0"),
        ('"detail": {"data": {"amount": ["1"]}}', '"1"', "asks for '1' as detail.data.amount", "type integer"),
        ('"detail": {"data": {"colour": ["red", "blue"]}}', '"blue"', "asks for 'blue'", "['red', 'green']"),
        ('"detail": {"data": {"colour": [{"prefix": "b"}]}}', '"colour"', "prefix 'b'", "['red', 'green']"),
        ('"detail": {"specversion": [{"exists": False}]}', '"specversion"', "exists false", "const 1.0"),
        (
            '"detail": {"data": {"customer_id": [{"like": "x"}]}}',
            '"customer_id"',
            "like is no content filter",
            "prefix",
        ),
        ('"detail": {"data": {"customer_id": "x"}}', '"customer_id"', "alternatives stand in a list", "prefix"),
        ('"detail": {"data": {"amount": [{"numeric": 3}]}}', '"amount"', "numeric cannot take that", "prefix"),
        ('"detail": {"data": {"customer_id": [{"prefix": 3}]}}', '"customer_id"', "prefix cannot take that", "prefix"),
        ('"detail": {"data": {"customer_id": {"first": ["x"]}}}', '"first"', "asks about detail.data.customer_id", ""),
        ('"detail": {"dataschema": ["urn:other"]}', '"urn:other"', "asks for 'urn:other'", "urn:breakwater:schema"),
        ('"source": ["shop"]', '"shop"', "no emitter of shop.order.placed is that", "name shop-service"),
        ('"detail": {"source": [{"prefix": "post"}]}', '"source"', "no emitter", "name shop-service"),
        (
            '"detail": {"data": {"$or": [{"amount": [1]},\n {"colour": ["blue"]}]}}',
            '"blue"',
            "asks for 'blue'",
            "['red', 'green']",
        ),
    ],
)
def test_a_rule_that_asks_for_what_cannot_be_is_named_with_its_line(
    tmp_path: Path, asked: str, line: str, message: str, advice: str
) -> None:
    shop = service(tmp_path, "shop", emits=(PLACED,))
    post = service(tmp_path, "post", takes=f'{{\n**event_types("{PLACED}"),\n{asked},\n}}')

    (problem,) = judged(tmp_path, shop, post)

    assert problem.file == "functions/post/manifest.py"
    assert line in text_at(tmp_path, problem.file, problem.line)
    assert problem.message.startswith("the rule post-news ")
    assert message in problem.message
    assert advice in problem.advice


@pytest.mark.parametrize(
    "asked",
    [
        '"detail": {"data": {"amount": [{"numeric": [">", 100]}]}}',
        '"detail": {"data": {"colour": [{"anything-but": "red"}]}}',
        '"detail": {"data": {"colour": [{"exists": False}]}}',
        '"detail": {"data": {"vat": [{"exists": False}]}}',
        '"detail": {"correlationid": [{"prefix": "c"}], "specversion": ["1.0"]}',
        '"account": ["123456789012"], "region": [{"wildcard": "eu-*"}]',
        '"detail": {"$or": [{"data": {"amount": [1]}}, {"subject": ["x"]}]}',
    ],
)
def test_a_rule_that_can_match_is_no_problem(tmp_path: Path, asked: str) -> None:
    shop = service(tmp_path, "shop", emits=(PLACED,))
    post = service(tmp_path, "post", takes=f'{{**event_types("{PLACED}"), {asked}}}')

    assert judged(tmp_path, shop, post) == []


@pytest.mark.parametrize(
    "asked",
    [
        f'"detail-type": ["{PLACED}", "{WATCHED}"], "detail": {{"type": ["{WATCHED}"], "data": {{"amount": [1]}}}}',
        f'"detail-type": ["{PLACED}"], "detail": {{"type": ["{WATCHED}"]}}',
        f'"detail-type": ["{PLACED}", "{REPORTED}"], "detail": {{"data": {{"amount": [1], "weight": [1]}}}}',
    ],
)
def test_a_rule_that_no_single_type_can_match_is_a_problem(tmp_path: Path, asked: str) -> None:
    shop = service(tmp_path, "shop", emits=(PLACED, WATCHED))
    post = service(tmp_path, "post", takes=f"{{{asked}}}")

    found = judged(tmp_path, shop, post, models=(Placed, Watched, Reported))

    message = next(p.message for p in found if p.file == "functions/post/manifest.py")
    assert message.startswith("the rule post-news asks")


def test_a_rule_that_looks_into_events_that_share_an_entry_is_a_problem(tmp_path: Path) -> None:
    shop = replace(service(tmp_path, "shop", emits=(PLACED,)), batched=(PLACED,))
    post = service(
        tmp_path, "post", takes=f'{{\n**event_types("{PLACED}"),\n"detail": {{"data": {{"amount": [1]}}}},\n}}'
    )

    (problem,) = judged(tmp_path, shop, post)

    assert '"amount"' in text_at(tmp_path, problem.file, problem.line)
    assert "events of shop.order.placed share entries" in problem.message


def test_only_what_a_service_emits_and_nobody_elsewhere_takes_may_share_entries(tmp_path: Path) -> None:
    shop = replace(service(tmp_path, "shop", emits=(PLACED, WATCHED)), batched=(WATCHED, "shop.order.sent"))
    post = service(tmp_path, "post", takes=f'event_types("{PLACED}")')

    found = judged(tmp_path, shop, post, models=(Placed, Watched))

    assert [(problem.message, problem.advice) for problem in found] == [
        ("shop batches shop.order.sent, which it does not emit", "add it to emits"),
        (
            "shop batches shop.order.watched, and systems that are not ours take one event for each entry",
            "take it out of batched",
        ),
    ]


def test_the_bare_data_of_a_system_that_is_not_ours_can_match_whatever_its_source(tmp_path: Path) -> None:
    shop = service(
        tmp_path, "shop", takes=f'{{**event_types("{REPORTED}"), "source": ["x"], "detail": {{"weight": [1]}}}}'
    )

    assert judged(tmp_path, shop, models=(Reported,)) == []


def test_an_event_type_that_the_catalog_lacks_is_named_in_a_rule_and_in_emits(tmp_path: Path) -> None:
    shop = service(tmp_path, "shop", emits=(PLACED, "shop.order.sent"))
    post = service(tmp_path, "post", takes=f'event_types("{PLACED}", "shop.order.sennt")')

    found = judged(tmp_path, shop, post)

    assert [(text_at(tmp_path, p.file, p.line), p.message) for p in found] == [
        (
            f'pattern=event_types("{PLACED}", "shop.order.sennt"),',
            "the rule post-news asks for 'shop.order.sennt' as detail-type, and the catalog has no such event type",
        ),
        ('"shop.order.sent",', "shop emits shop.order.sent, which is not in the catalog"),
    ]


def test_an_event_that_nobody_takes_is_a_problem_unless_others_take_it(tmp_path: Path) -> None:
    shop = service(tmp_path, "shop", emits=(PLACED, WATCHED))

    (problem,) = judged(tmp_path, shop, models=(Placed, Watched))

    assert text_at(tmp_path, problem.file, problem.line) == f'"{PLACED}",'
    assert problem.message == f"shop emits {PLACED}, which nobody takes"
    assert "consumed_elsewhere = True" in problem.advice


def test_an_event_that_nobody_sends_is_a_problem_unless_others_send_it(tmp_path: Path) -> None:
    post = service(tmp_path, "post", takes=f'event_types(\n"{REPORTED}",\n"{PLACED}")')

    (problem,) = judged(tmp_path, post, models=(Placed, Reported))

    assert f'"{PLACED}"' in text_at(tmp_path, problem.file, problem.line)
    assert problem.message == f"the rule post-news waits for {PLACED}, which nobody sends"
    assert "produced_elsewhere = True" in problem.advice


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Placed, f"nobody sends {PLACED}, and nobody takes it"),
        (Reported, f"{REPORTED} comes from elsewhere, and nobody takes it"),
        (Watched, f"{WATCHED} is for others, and nobody sends it"),
    ],
)
def test_a_model_without_a_use_is_named_where_it_is_defined(tmp_path: Path, model, message: str) -> None:
    (problem,) = judged(tmp_path, models=(model,))

    assert problem.file.endswith("test_wiring.py")
    assert Path(problem.file).read_text().splitlines()[problem.line - 1] == f"class {model.__name__}(Payload):"
    assert problem.message == message


def test_what_is_emitted_but_never_made_is_a_problem(tmp_path: Path) -> None:
    shop = service(tmp_path, "shop", emits=(PLACED,), takes=f'event_types("{PLACED}")')

    (problem,) = judged(tmp_path, shop, built=made(PLACED, named=True))

    assert text_at(tmp_path, problem.file, problem.line) == f'"{PLACED}",'
    assert problem.message == f"shop emits {PLACED}, but its code never makes one"


def test_what_comes_from_elsewhere_may_be_passed_on_as_it_is(tmp_path: Path) -> None:
    shop = service(tmp_path, "shop", emits=(REPORTED,), takes=f'event_types("{REPORTED}")')

    assert judged(tmp_path, shop, models=(Reported,), built=made(REPORTED, named=True)) == []


def test_what_is_made_but_not_emitted_is_a_problem_with_the_place_in_the_code(tmp_path: Path) -> None:
    shop = service(tmp_path, "shop", emits=(PLACED,), takes=f'event_types("{PLACED}")')

    found = judged(tmp_path, shop, models=(Placed, Watched), built=made(PLACED, WATCHED))

    (problem,) = (p for p in found if p.file == "functions/shop/manifest.py")
    assert text_at(tmp_path, problem.file, problem.line) == "emits=("
    assert problem.message == f"shop does not emit {WATCHED}, but makes one in functions/shop/domain.py:7"


def test_a_problem_is_one_line() -> None:
    problem = Problem(file="functions/shop/manifest.py", line=3, message="it is wrong", advice="make it right")

    assert str(problem) == "functions/shop/manifest.py:3: it is wrong: make it right"


def test_every_rule_and_type_of_the_company_is_judged() -> None:
    assert len(problems(services=(), built=[])) == len({type_ for type_, _ in CATALOG})
